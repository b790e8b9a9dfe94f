/**
 * The log run forward as plainly as the design says it, without a line of the code under test: what each op does to a record, what it may be done to,
 * and what the log says was there before. Slow on purpose; nothing but tests uses it.
 */
import type { AnyRecord, Page } from "@lectern/protocol";
import type { BaseRecords } from "../base-records.ts";
import type { LoggedChange, LoggedOp } from "../change-log.ts";

export interface NaiveState {
  readonly kind: string;
  readonly createdBy: string | null;
  readonly createdAt: number;
  readonly updatedBy: string | null;
  readonly updatedAt: number;
  readonly grp: string | null;
  readonly seq: number;
  readonly deleted: boolean;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Properties of which null is a value. */
const NULL_IS_A_VALUE: Readonly<Record<string, readonly string[]>> = {
  annotation: ["page"],
  page: ["content", "crop", "label"],
  value: ["value"],
};

export class NaiveLog {
  /** What the layer itself has written, tombstones included. */
  readonly records = new Map<string, NaiveState>();
  readonly #base: BaseRecords;

  constructor(base: BaseRecords) {
    this.#base = base;
  }

  /** null: there never was one. */
  read(id: string): NaiveState | null {
    const written = this.records.get(id);
    if (written !== undefined) return written;
    const based = this.#base.get(id);
    if (based !== null) return state(based);
    const page = this.#base.page(id);
    return page === null ? null : state(ofPage(id, page));
  }

  /** Returns what is wrong with the change, if anything is. */
  apply(change: LoggedChange): string | null {
    for (const logged of change.ops) {
      const before = this.read(logged.id);
      const wrong = misplaced(logged, before) ?? misremembered(logged, before);
      if (wrong !== null) return `${wrong}: ${logged.op[0]} of ${logged.id} in change ${change.seq}`;
      this.records.set(logged.id, after(logged, before, change));
    }
    return null;
  }
}

function state(record: AnyRecord): NaiveState {
  const { kind, createdBy, createdAt, updatedBy, updatedAt, grp, seq, data } = record;
  return { kind, createdBy, createdAt, updatedBy, updatedAt, grp, seq, deleted: false, data: data as unknown as NaiveState["data"] };
}

function ofPage(id: string, data: Page): AnyRecord {
  return { id, kind: "page", seq: 0, createdBy: null, createdAt: 0, updatedBy: null, updatedAt: 0, grp: null, data };
}

/** Delete wins, create is once, and only what was deleted is restored. */
function misplaced({ op }: LoggedOp, before: NaiveState | null): string | null {
  if (op[0] === "c") return before === null ? null : "what was there was made again";
  if (before === null) return "what is not there was changed";
  if (op[0] === "r") return before.deleted ? null : "what was there was restored";
  return before.deleted ? "what was deleted was changed" : null;
}

/** What the log says of before is what was before. */
function misremembered({ op, before: said }: LoggedOp, before: NaiveState | null): string | null {
  if (before === null || said === null) return before === said ? null : "the log is wrong about whether there was anything";
  const { createdBy, grp, deleted, seq } = before;
  const old: Record<string, unknown> = {};
  if (op[0] === "u") for (const key of Object.keys(op[2])) if (key in before.data) old[key] = before.data[key];
  return same(said, { createdBy, grp, deleted, seq, data: old }) ? null : "the log does not say what was before";
}

function after({ op }: LoggedOp, before: NaiveState | null, { seq, at, actor }: LoggedChange): NaiveState {
  if (op[0] === "c") {
    const [, , kind, data, grp] = op;
    const who = { createdBy: actor, createdAt: at, updatedBy: actor, updatedAt: at };
    return { kind, ...who, grp: grp ?? null, seq, deleted: false, data: data as unknown as NaiveState["data"] };
  }
  const touched = { ...before!, seq, updatedBy: actor, updatedAt: at };
  if (op[0] === "d") return { ...touched, deleted: true };
  if (op[0] === "r") return { ...touched, deleted: false };
  if (op[0] === "g") return { ...touched, grp: op[2] };
  // Whole properties: nothing of an old value stays in a new one.
  const data = { ...touched.data };
  for (const [key, value] of Object.entries(op[2])) {
    if (value === null && NULL_IS_A_VALUE[touched.kind]?.includes(key) !== true) delete data[key];
    else data[key] = value;
  }
  return { ...touched, data };
}

/** Equal as JSON, in whatever order. */
export function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}
