/** What becomes of each push of a batch: the exactly-once rule of its queue, then the rules of a commit. Nothing is written here. */
import type { Reject } from "@lectern/protocol";
import type { ApiError, RecordKind, SyncLimits } from "@lectern/protocol/plain";
import type { LoggedChange, PeerRow, PeerUpdate, PendingCommit, StoredRecord } from "./change-log.ts";
import type { Stamp } from "./change.ts";
import type { LayerRules } from "./layer-rules.ts";
import type { LayerState } from "./layer-state.ts";
import type { RoomMember } from "./room-member.ts";
import type { AppliedChange } from "./room-view.ts";
import { type PushInput, type Refusal, Stage, type StagedChange } from "./stage.ts";

/** Faults that the simulation puts in on purpose, to see that it would notice them. Never set otherwise. */
export type RoomFault =
  | "no idempotency"
  | "ack before commit"
  | "no compare-and-swap"
  | "unfiltered fan-out"
  | "no gone"
  | "no gap check"
  | "partial requeue"
  | "queue of anybody"
  | "half a push"
  | "update after delete"
  | "log without before"
  | "restore of the erased"
  | "leaking catch-up"
  | "unfiltered presence";

/** A push that waits for its tick. */
export interface Waiting {
  /** "": nobody will repeat it. */
  readonly sid: string;
  readonly n: number;
  readonly input: PushInput;
  /** null for a call from this process, which waits for `settle`. */
  readonly member: RoomMember | null;
  readonly settle: ((outcome: Outcome | ApiError) => void) | null;
}

export type Outcome =
  | { readonly kind: "accepted"; readonly seq: number }
  /** Decided before: `reject` when it was refused then. */
  | { readonly kind: "repeated"; readonly seq: number; readonly reject: Reject | null }
  | { readonly kind: "refused"; readonly reject: Reject }
  /** A push is missing before it. `known`: its queue has pushed before. */
  | { readonly kind: "gap"; readonly known: boolean }
  /** Its sender was thrown out. */
  | { readonly kind: "dropped" };

export interface DecideContext {
  readonly state: LayerState;
  readonly limits: SyncLimits;
  /** The last erasing change; 0: none. */
  readonly erasedSeq: number;
  /** The layer's seq now. */
  readonly seq: number;
  /** Time of the last change, ms. */
  readonly lastAt: number;
  readonly peers: ReadonlyMap<string, PeerRow>;
  readonly eventsOf: ((change: LoggedChange, records: readonly StoredRecord[]) => PendingCommit["events"]) | undefined;
  readonly onError: ((error: unknown) => void) | undefined;
  readonly fault: RoomFault | undefined;
  readonly rules?: LayerRules | undefined;
}

/** Refused pushes that are remembered of one queue. A client has fewer undecided. */
const REJECTS_KEPT = 256;

/** Pushes that will be written together, decided as they come: on the layer, or on what a batch that is still being written makes of it. */
export class Batch {
  readonly pushes: Waiting[] = [];
  /** One for each push. */
  readonly outcomes: Outcome[] = [];
  readonly commits: PendingCommit[] = [];
  /** The commits once more, as the room needs them when they are durable. */
  readonly changes: { readonly staged: StagedChange; readonly applied: AppliedChange }[] = [];
  readonly peers = new Map<string, PeerUpdate>();
  /** The layer's seq before it. */
  readonly from: number;
  /** Ops of its pushes. */
  ops = 0;
  readonly #context: DecideContext;
  readonly #stage: Stage;
  readonly #blobs = new Set<string>();
  /** Null once it is written, and the layer is what it made of it. */
  #before: Batch | null;
  #at: number;
  #erasedSeq: number;

  constructor(context: DecideContext, before: Batch | null) {
    this.#context = context;
    this.#before = before;
    this.from = before?.to ?? context.seq;
    this.#at = before === null ? context.lastAt : before.#at;
    this.#erasedSeq = before === null ? context.erasedSeq : before.#erasedSeq;
    const erasedSeq = (): number => this.#erasedSeq;
    const { state, limits, rules, fault } = context;
    this.#stage = new Stage({ state, limits, rules, blobs: this.#blobs, erasedSeq, fault }, before === null ? null : before.#stage);
  }

  /** The layer's seq after it. */
  get to(): number {
    return this.from + this.commits.length;
  }

  /** Of a record that ever was, as the batch leaves it. */
  kind(id: string): RecordKind | null {
    return this.#stage.kind(id);
  }

  /** The batch before it is written and has become the layer's state. */
  beforeIsWritten(): void {
    this.#before = null;
    this.#stage.earlierIsWritten();
  }

  /** `blobs`: those that the pushes name and the document uses. */
  decide(pushes: readonly Waiting[], { blobs, now }: { readonly blobs: ReadonlySet<string>; readonly now: number }): void {
    for (const blob of blobs) this.#blobs.add(blob);
    this.#at = Math.max(now, this.#at);
    for (const push of pushes) {
      this.pushes.push(push);
      this.ops += push.input.ops.length;
      this.outcomes.push(this.#decide(push));
    }
  }

  #peer(sid: string): PeerRow | undefined {
    return this.peers.get(sid) ?? this.#before?.peers.get(sid) ?? this.#context.peers.get(sid);
  }

  #decide({ sid, n, input, member, settle }: Waiting): Outcome {
    if (member?.barred === true) return { kind: "dropped" };
    const row = this.#peer(sid);
    const known = sid === "" ? null : outOfTurn(row, { n, input, seq: this.to, fault: this.#context.fault });
    if (known !== null) return known;
    const stamp: Stamp = { seq: this.to + 1, at: this.#at, by: input.actor };
    const result = this.#stagePush(input, stamp);
    const rejects = (row?.rejects ?? []).filter((reject) => reject.n > n - REJECTS_KEPT);
    const expected = this.peers.get(sid)?.expected ?? row?.lastN ?? 0;
    const update = (refused: readonly Reject[]): PeerUpdate => ({ sid, userId: input.grants.userId, lastN: n, rejects: refused, expected });
    if ("refusal" in result) {
      const reject: Reject = { n, ...result.refusal } satisfies Refusal & { n: number };
      // A caller is told and may try again; a queue goes on, and must not meet this push again.
      if (sid !== "" && settle === null) this.peers.set(sid, update([...rejects, reject]));
      return { kind: "refused", reject };
    }
    if (sid !== "") this.peers.set(sid, update(rejects));
    this.#accept(result.change, { sid, n, input, stamp });
    return { kind: "accepted", seq: stamp.seq };
  }

  #accept(
    staged: StagedChange,
    { sid, n, input, stamp }: { readonly sid: string; readonly n: number; readonly input: PushInput; readonly stamp: Stamp },
  ): void {
    const { session = null, erases = false, actor } = input;
    const { seq, at, by } = stamp;
    const change: LoggedChange = { seq, sid, n, actor, at, ops: staged.logged, ...(session === null ? {} : { session }) };
    const records = [...staged.records.values()];
    const json = { ops: `[${staged.loggedJson.join(",")}]`, data: [...staged.entries.values()].map(({ data }) => data) };
    const events = this.#context.eventsOf?.(change, records) ?? [];
    this.commits.push({ change, records, json, events, ...(erases ? { erases } : {}) });
    this.changes.push({ staged, applied: { seq, at, by, ops: staged.applied } });
    if (erases) this.#erasedSeq = seq;
  }

  #stagePush(input: PushInput, stamp: Stamp): ReturnType<Stage["push"]> {
    try {
      return this.#stage.push(input, stamp);
    } catch (error) {
      // One push that we cannot digest must not take the room with it, again and again.
      this.#context.onError?.(error);
      return { refusal: { code: "internal", id: null } };
    }
  }
}

/** Exactly once, in order: what to answer when this push is not the next one of its queue; null when it is. */
function outOfTurn(
  row: PeerRow | undefined,
  { n, input, seq, fault }: { readonly n: number; readonly input: PushInput; readonly seq: number; readonly fault: RoomFault | undefined },
): Outcome | null {
  if (row !== undefined && row.userId !== input.grants.userId && fault !== "queue of anybody") {
    return { kind: "refused", reject: { n, code: "forbidden", id: null, detail: "this queue of changes belongs to another user" } };
  }
  const lastN = row?.lastN ?? 0;
  if (n <= lastN && fault !== "no idempotency") {
    return { kind: "repeated", seq, reject: row?.rejects.find((reject) => reject.n === n) ?? null };
  }
  return n > lastN + 1 && fault !== "no gap check" ? { kind: "gap", known: row !== undefined } : null;
}
