/** For tests of tools: a desk over records in memory, with a clock that is turned by hand, and synthetic pointers. */
import type { Annotation, AnyRecord, Patch, RecordOf, Rotation } from "@lectern/protocol";
import type { Grants } from "@lectern/protocol/plain";
import type { Previews } from "../annotations/drawing.ts";
import type { Editable } from "../annotations/kind.ts";
import { sortedByZ } from "../annotations/z-order.ts";
import { createEdits, type EditStore } from "./edits.ts";
import { createSelection } from "./selection.ts";
import { createStyleMemory } from "./style-memory.ts";
import type { Desk, ToolPage, ToolPointer } from "./tool.ts";

export class MemoryRecords implements EditStore {
  readonly all = new Map<string, RecordOf<"annotation">>();
  /** Steps of undo that were made. */
  steps = 0;

  readonly records = {
    get: (id: string) => this.all.get(id) as AnyRecord | undefined,
    byPage: (pageId: string) => [...this.all.values()].filter(({ data }) => data.page === pageId) as AnyRecord[],
  };

  create(_kind: "annotation", data: Annotation, options: { readonly id?: string } = {}): string {
    const id = options.id ?? `made-${this.all.size}`;
    this.put(id, data);
    this.steps++;
    return id;
  }

  put(id: string, data: Annotation, createdBy: string | null = "me"): void {
    this.all.set(id, { id, kind: "annotation", seq: 1, createdBy, createdAt: 0, updatedBy: null, updatedAt: 0, grp: null, data });
  }

  update(id: string, patch: Patch): void {
    const record = this.all.get(id)!;
    this.all.set(id, { ...record, data: { ...record.data, ...patch } as Annotation });
    this.steps++;
  }

  delete(id: string): void {
    this.all.delete(id);
    this.steps++;
  }

  transact<T>(run: () => T): T {
    const before = this.steps;
    const result = run();
    this.steps = Math.min(this.steps, before + 1);
    return result;
  }
}

export const FULL: Grants = { permissions: ["read", "write"], collaboration: null, userId: "me", defaultGroup: null };
export const READ_ONLY: Grants = { ...FULL, permissions: ["read"] };

export interface TestDesk extends Desk {
  readonly store: MemoryRecords;
  readonly shown: { previews: Previews };
  readonly log: string[];
  readonly drafts: Editable[];
  /** Lets so many milliseconds pass. */
  pass(ms: number): void;
}

export function testDesk(grants: Grants = FULL, rotation: Rotation = 0): TestDesk {
  const store = new MemoryRecords();
  const shown: { previews: Previews } = { previews: new Map() };
  const log: string[] = [];
  const drafts: Editable[] = [];
  const timers = new Set<{ at: number; run: () => void }>();
  let now = 0;
  let count = 0;
  return {
    store,
    shown,
    log,
    drafts,
    edits: createEdits({ store, grants: () => grants, userName: "Ana", readOnly: false }),
    selection: createSelection(),
    styles: createStyleMemory(null),
    record: (id) => store.records.get(id),
    stack: (pageId) => sortedByZ(store.records.byPage(pageId)),
    page: (pageId) => testPage(pageId, rotation),
    preview(previews) {
      shown.previews = previews;
    },
    open: (id) => log.push(`open ${id}`),
    draft: (annotation) => drafts.push(annotation),
    startThread: (wish) => void log.push(`thread ${JSON.stringify(wish)}`),
    setActive: (name) => log.push(`tool ${name}`),
    notice: (key) => log.push(`notice ${key}`),
    stamp: () => ({ stampType: "Approved", title: "" }),
    newId: () => `new-${count++}`,
    later(run, ms) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pass(ms) {
      now += ms;
      for (const timer of timers) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.run();
      }
    },
  };
}

export function testPage(pageId = "1.0", rotation: Rotation = 0): ToolPage {
  return { pageId, width: 600, height: 800, rotation, scale: 1 };
}

export function at(x: number, y: number, more: Partial<ToolPointer> = {}): ToolPointer {
  return { page: testPage(), point: [x, y], type: "mouse", shift: false, clicks: 1, handle: null, ...more };
}
