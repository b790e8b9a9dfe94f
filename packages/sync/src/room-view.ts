/**
 * What one class of viewers sees: sessions with the same `viewKey` get the same frames, encoded once. For each record touched,
 * visible before and after give patch, put, gone or nothing, so not even the id of a hidden record is ever sent.
 */
import { canSee, type Grants, type RecordHead, viewKey } from "@lectern/protocol/plain";
import { type Entry, recordJson } from "./layer-state.ts";

/** One record's part in a change, as the room keeps it for fan-out. */
export interface AppliedOp {
  readonly id: string;
  /** Heads of what viewers hold; null where there was or is nothing. */
  readonly before: RecordHead | null;
  readonly after: RecordHead | null;
  /** JSON of the op as it is told: of a record that the change made, or whose data only it changed, to who sees that; else the record is sent whole. */
  readonly told: string | null;
  /** The record after the change. */
  readonly entry: Entry;
  /** Viewers are told of a tombstone, too. */
  readonly derived: boolean;
}

export interface AppliedChange {
  readonly seq: number;
  readonly at: number;
  readonly by: string | null;
  readonly ops: readonly AppliedOp[];
}

/** Faults that a test may ask for, to see the simulation catch them. */
export interface ViewFaults {
  readonly unfiltered?: boolean;
  readonly withoutGone?: boolean;
  readonly leaking?: boolean;
  readonly presenceOfAll?: boolean;
}

export class RoomView {
  readonly key: string;
  readonly #grants: Grants;
  readonly #known = new Map<string, boolean>();
  readonly #faults: ViewFaults;

  constructor(grants: Grants, faults: ViewFaults = {}) {
    this.key = viewKey(grants);
    this.#grants = grants;
    this.#faults = faults;
  }

  sees(head: RecordHead): boolean {
    if (this.#faults.unfiltered === true) return true;
    const key = JSON.stringify([head.kind, head.createdBy, head.grp]);
    let known = this.#known.get(key);
    if (known === undefined) {
      if (this.#known.size > 10_000) this.#known.clear();
      known = canSee(this.#grants, head);
      this.#known.set(key, known);
    }
    return known;
  }

  /** Had it a record that was like this, when there was one? */
  had(before: RecordHead | null): boolean {
    return this.#faults.leaking === true || (before !== null && this.sees(before));
  }

  /** May it be told that somebody points at this record? */
  seesPointedAt(head: RecordHead | null): boolean {
    if (this.#faults.presenceOfAll === true) return true;
    // A record that is just being drawn is not known to the room; only who sees all may learn of it.
    return head === null ? this.seesAll : this.sees(head);
  }

  /** Does it see records that it knows nothing of but that somebody is making now? */
  get seesAll(): boolean {
    return (["annotation", "comment", "field"] as const).every((kind) => this.sees({ kind, createdBy: null, grp: null }));
  }

  /** JSON of the change as this class gets it; "" when there is nothing to tell. */
  encode(change: AppliedChange): string {
    const ops = change.ops.map((op) => this.#encodeOp(op)).filter((op) => op !== "");
    return ops.length === 0 ? "" : encodeChange(change, ops);
  }

  #encodeOp({ id, before, after, told, entry, derived }: AppliedOp): string {
    const saw = before !== null && this.sees(before);
    const sees = after !== null && this.sees(after);
    if (sees) return told !== null && (saw || before === null) ? told : encodePut(recordJson(id, entry, derived));
    return saw && this.#faults.withoutGone !== true ? encodeGone(id) : "";
  }
}

/** The head of what a change made is the change's. */
export function encodeCreated(id: string, { kind, grp, data }: Pick<Entry, "kind" | "grp" | "data">): string {
  return `["c",${JSON.stringify(id)},"${kind}",${data}${grp === null ? "" : `,${JSON.stringify(grp)}`}]`;
}

export function encodePut(json: string): string {
  return `["p",${json}]`;
}

export function encodeGone(id: string): string {
  return `["x",${JSON.stringify(id)}]`;
}

export function encodeChange({ seq, at, by }: { seq: number; at: number; by: string | null }, ops: readonly string[]): string {
  return `{"seq":${seq},"at":${at},"by":${JSON.stringify(by)},"ops":[${ops.join(",")}]}`;
}
