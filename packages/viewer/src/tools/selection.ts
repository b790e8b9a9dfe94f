/** Which annotations are selected. */
import type { Unsubscribe } from "../parts.ts";

export interface Selection {
  readonly ids: readonly string[];
  has(id: string): boolean;
  set(ids: readonly string[]): void;
  toggle(id: string): void;
  onChange(listener: (ids: readonly string[]) => void): Unsubscribe;
}

export function createSelection(): Selection {
  let ids: readonly string[] = [];
  const listeners = new Set<(ids: readonly string[]) => void>();
  function set(next: readonly string[]): void {
    const unique = [...new Set(next)];
    if (unique.length === ids.length && unique.every((id, i) => id === ids[i])) return;
    ids = unique;
    for (const listener of listeners) listener(ids);
  }
  return {
    get ids() {
      return ids;
    },
    has: (id) => ids.includes(id),
    set,
    toggle: (id) => set(ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id]),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
