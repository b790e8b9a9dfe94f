/**
 * Undo and redo of one's own changes. A step is taken back only as far as the record still is as the step left it: what a colleague has changed since
 * stays, and what a colleague has deleted stays deleted. Steps of pushes that are still pending are rebased like the pushes themselves.
 */
import type { AnyRecord, Op } from "@lectern/protocol";
import { deepEqual, diff } from "./change.ts";

type Properties = Map<string, { before: unknown; readonly after: unknown }>;

interface Step {
  readonly n: number;
  readonly id: string;
  /** What was done. */
  readonly what: "create" | "delete" | "restore" | "update" | "group";
  /** Of a deletion: the record as it was. */
  readonly saved?: AnyRecord;
  /** Of an update, by property; undefined: not there. Of a group: `grp` alone. */
  readonly properties: Properties;
}

/** What one action did: one press of the button takes it back. */
type Entry = Step[];

/** An op that takes a step back or does it again. */
export interface HistoryOp {
  readonly op: Op;
  readonly saved?: AnyRecord;
}

export interface HistoryContext {
  /** The record as shown. */
  readonly get: (id: string) => AnyRecord | undefined;
  /** The record as the server confirmed it. */
  readonly confirmed: (id: string) => AnyRecord | undefined;
  /** Has the server not decided this push yet? */
  readonly isPending: (n: number) => boolean;
}

const ENTRIES = 200;

export class History {
  readonly #context: HistoryContext;
  #undo: Entry[] = [];
  #redo: Entry[] = [];
  /** Steps made now belong here. */
  #open: Entry = [];

  constructor(context: HistoryContext) {
    this.#context = context;
  }

  /** There is nothing that others could have to do with. */
  get isEmpty(): boolean {
    return this.#undo.length + this.#redo.length + this.#open.length === 0;
  }

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  /** To be called with the op before it is applied. */
  record(n: number, op: Op): void {
    const [verb, id] = op;
    const record = this.#live(id);
    const properties: Properties = new Map();
    switch (verb) {
      case "c":
        this.#open.push({ n, id, what: "create", properties });
        return;
      case "r":
        this.#open.push({ n, id, what: "restore", properties });
        return;
      case "d":
        if (record !== undefined) this.#open.push({ n, id, what: "delete", saved: record, properties });
        return;
      case "g":
        if (record !== undefined)
          this.#open.push({ n, id, what: "group", properties: properties.set("grp", { before: record.grp, after: op[2] }) });
        return;
      case "u": {
        if (record === undefined) return;
        const data = record.data as unknown as Record<string, unknown>;
        for (const [key, value] of Object.entries(op[2])) properties.set(key, { before: data[key], after: value });
        this.#open.push({ n, id, what: "update", properties });
      }
    }
  }

  /** The action is over. `did`: a new one; or it took one back, or did it again. */
  close(did: "action" | "undo" | "redo"): void {
    const entry = this.#open;
    this.#open = [];
    if (entry.length === 0) return;
    if (did === "undo") this.#redo.push(entry);
    else this.#undo.push(entry);
    if (did === "action") this.#redo = [];
    this.#undo = this.#undo.slice(-ENTRIES);
  }

  /** Records that the server made for this person: one step, taken back by deleting them. */
  adopt(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#undo = [...this.#undo, ids.map((id): Step => ({ n: 0, id, what: "create", properties: new Map() }))].slice(-ENTRIES);
    this.#redo = [];
  }

  /** What was done was done on something else. */
  clear(): void {
    this.#undo = [];
    this.#redo = [];
  }

  /** The action did not happen. */
  abandon(): void {
    this.#open = [];
  }

  /**
   * Runs the last entry backwards: `apply` is given each op in turn and must apply it at once. Entries of which nothing can be taken back
   * any more are skipped.
   */
  run(direction: "undo" | "redo", apply: (op: HistoryOp) => void): void {
    for (let done = false; !done;) {
      const entry = (direction === "undo" ? this.#undo : this.#redo).pop();
      if (entry === undefined) return;
      // What is about to be deleted need not be put back to what it was first.
      const made = new Set(entry.filter((step) => step.what === "create" || step.what === "restore").map((step) => step.id));
      const gone = new Set(
        [...made].filter((id) => this.#live(id) === undefined && !entry.some((step) => step.id === id && step.what === "delete")),
      );
      for (const step of entry.toReversed()) {
        const needless = made.has(step.id) && (step.what === "update" || step.what === "group");
        const back = needless ? null : this.#inverse(step);
        if (back === null) continue;
        apply(back);
        done = true;
      }
      // What one left there and is not there any more was taken by others: an earlier deletion of one's own is no reason to bring it back.
      if (gone.size > 0) this.#filter((step) => !gone.has(step.id));
    }
  }

  /** A colleague changed these properties (`grp` among them), or the record as a whole went or came back. */
  remote(id: string, changed: Iterable<string> | "gone" | "back"): void {
    if (changed === "gone") return this.#filter((step) => step.id !== id);
    if (changed === "back") return this.#filter((step) => step.id !== id || step.what === "update" || step.what === "group");
    for (const property of changed) this.#settleProperty(id, property);
  }

  /** These pushes were refused: there is nothing to take back, and what was done on top of them was done on what was there before. */
  rejected(ns: ReadonlySet<number>): void {
    const steps = [...this.#steps()].toSorted((a, b) => b.n - a.n);
    for (const step of steps.filter(({ n }) => ns.has(n))) {
      for (const [property, { before }] of step.properties) {
        const next = steps.findLast((later) => later.n > step.n && later.id === step.id && later.properties.has(property));
        if (next !== undefined) next.properties.get(property)!.before = before;
      }
    }
    this.#filter((step) => !ns.has(step.n));
  }

  renumber(numbers: ReadonlyMap<number, number>): void {
    const renumbered = (entries: Entry[]) => entries.map((entry) => entry.map((step) => ({ ...step, n: numbers.get(step.n) ?? step.n })));
    this.#undo = renumbered(this.#undo);
    this.#redo = renumbered(this.#redo);
  }

  /** The decided steps' own values are no more, and below the first pending step there is another value now. */
  #settleProperty(id: string, property: string): void {
    const steps = [...this.#steps()].filter((step) => step.id === id && step.properties.has(property));
    const pending = steps.filter((step) => this.#context.isPending(step.n)).toSorted((a, b) => a.n - b.n);
    for (const step of steps) if (!pending.includes(step)) step.properties.delete(property);
    const record = this.#context.confirmed(id);
    const first = pending[0]?.properties.get(property);
    if (first !== undefined && record !== undefined) {
      first.before = pending[0]!.what === "group" ? record.grp : (record.data as unknown as Record<string, unknown>)[property];
    }
    this.#filter((step) => step.properties.size > 0 || (step.what !== "update" && step.what !== "group"));
  }

  #inverse({ id, what, saved, properties }: Step): HistoryOp | null {
    const record = this.#live(id);
    if (what === "delete") return record === undefined && saved !== undefined ? { op: ["r", id], saved } : null;
    if (record === undefined) return null;
    if (what === "create" || what === "restore") return { op: ["d", id] };
    if (what === "group") {
      const { before, after } = properties.get("grp")!;
      return record.grp === after ? { op: ["g", id, before as string | null] } : null;
    }
    const data = record.data as unknown as Record<string, unknown>;
    const mine = [...properties].filter(([key, { after }]) => deepEqual(data[key] ?? null, after ?? null));
    const patch = Object.fromEntries(mine.map(([key, { before }]) => [key, before ?? null]));
    return mine.length === 0 ? null : { op: ["u", id, patch] };
  }

  #live(id: string): AnyRecord | undefined {
    const record = this.#context.get(id);
    return record?.deleted === true ? undefined : record;
  }

  *#steps(): Generator<Step> {
    for (const stack of [this.#undo, this.#redo, [this.#open]]) for (const entry of stack) yield* entry;
  }

  #filter(keep: (step: Step) => boolean): void {
    const filtered = (entries: Entry[]) => entries.map((entry) => entry.filter(keep)).filter((entry) => entry.length > 0);
    this.#undo = filtered(this.#undo);
    this.#redo = filtered(this.#redo);
    this.#open = this.#open.filter(keep);
  }
}

/** Properties in which two states of a record differ, `grp` among them. */
export function changedProperties(before: AnyRecord, after: AnyRecord): string[] {
  const data = Object.keys(diff(before.data as unknown as Record<string, unknown>, after.data as unknown as Record<string, unknown>));
  return before.grp === after.grp ? data : [...data, "grp"];
}
