/** The looks that each tool used last, kept on this device. */
import { type EditableType, MARKER_COLORS, type Style, type StyleName } from "../annotations/kind.ts";
import { KINDS } from "../annotations/registry.ts";
import type { Unsubscribe } from "../parts.ts";

/** A kind, or the free highlighter, which makes drawings that look different. */
export type StyleKey = EditableType | "marker";

export interface StyleMemory {
  get(type: StyleKey): Style;
  remember(type: StyleKey, style: Style): void;
  onChange(listener: () => void): Unsubscribe;
}

/** A part of `localStorage`. */
export interface KeyValues {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const KEY = "lectern.styles";
const MARKER: Style = { color: MARKER_COLORS[0], width: 14, opacity: 1 };

/** `store` is null where the browser gives none. What cannot be read or kept is as if never set: looks are a convenience. */
export function createStyleMemory(store: KeyValues | null): StyleMemory {
  const styles = new Map<StyleKey, Style>();
  const listeners = new Set<() => void>();
  const kept = read(store);
  for (const type of Object.keys(KINDS) as EditableType[]) {
    const { defaults, styles: names } = KINDS[type];
    styles.set(type, { ...defaults, ...checked(kept[type], names) });
  }
  styles.set("marker", { ...MARKER, ...checked(kept["marker"], KINDS.ink.styles) });
  return {
    get: (type) => styles.get(type) ?? {},
    remember(type, style) {
      styles.set(type, { ...styles.get(type), ...checked(style, KINDS[type === "marker" ? "ink" : type].styles) });
      write(store, Object.fromEntries(styles));
      for (const listener of listeners) listener();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function read(store: KeyValues | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(store?.getItem(KEY) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Storage is forbidden here, or somebody else wrote nonsense: the defaults hold.
    return {};
  }
}

function write(store: KeyValues | null, styles: object): void {
  try {
    store?.setItem(KEY, JSON.stringify(styles));
  } catch {
    // Storage is full or forbidden: remembered until the page is closed.
    return;
  }
}

const COLOR = /^#[0-9a-fA-F]{6}$/;
const inRange = (low: number, high: number) => (value: unknown) => typeof value === "number" && value >= low && value <= high;
const CHECKS: Readonly<Record<StyleName, (value: unknown) => boolean>> = {
  color: (value) => typeof value === "string" && COLOR.test(value),
  fill: (value) => value === null || (typeof value === "string" && COLOR.test(value)),
  opacity: inRange(0.05, 1),
  width: inRange(0.1, 100),
  fontSize: inRange(1, 500),
};

/** Of an unknown value what is a look of these names. */
function checked(value: unknown, names: readonly StyleName[]): Style {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter(([name, given]) => names.includes(name as StyleName) && CHECKS[name as StyleName](given)),
  );
}
