/** What becomes of each push of a batch: the exactly-once rule of its queue, then the rules of a commit. Nothing is written here. */
import type { Reject } from "@lectern/protocol";
import type { ApiError, SyncLimits } from "@lectern/protocol/plain";
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
  | "partial requeue";

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

export interface DecidedBatch {
  /** One for each push. */
  readonly outcomes: readonly Outcome[];
  readonly commits: readonly PendingCommit[];
  /** The commits once more, as the room needs them when they are durable. */
  readonly changes: readonly { readonly staged: StagedChange; readonly applied: AppliedChange }[];
  readonly peers: ReadonlyMap<string, PeerUpdate>;
}

export interface DecideContext {
  readonly state: LayerState;
  readonly limits: SyncLimits;
  readonly blobs: ReadonlySet<string>;
  /** The last erasing change; 0: none. */
  readonly erasedSeq: number;
  /** The layer's seq now. */
  readonly seq: number;
  /** Time of the batch, ms. */
  readonly at: number;
  readonly peers: ReadonlyMap<string, PeerRow>;
  readonly eventsOf: ((change: LoggedChange, records: readonly StoredRecord[]) => PendingCommit["events"]) | undefined;
  readonly onError: ((error: unknown) => void) | undefined;
  readonly fault: RoomFault | undefined;
  readonly rules?: LayerRules | undefined;
}

/** Refused pushes that are remembered of one queue. A client has fewer undecided. */
const REJECTS_KEPT = 256;

export function decideBatch(batch: readonly Waiting[], context: DecideContext): DecidedBatch {
  const stage = new Stage(context);
  const outcomes: Outcome[] = [];
  const commits: PendingCommit[] = [];
  const changes: { staged: StagedChange; applied: AppliedChange }[] = [];
  const peers = new Map<string, PeerUpdate>();
  for (const { sid, n, input, member, settle } of batch) {
    if (member?.barred === true) {
      outcomes.push({ kind: "dropped" });
      continue;
    }
    const row = peers.get(sid) ?? context.peers.get(sid);
    const known = sid === "" ? null : outOfTurn(row, { n, input, context });
    if (known !== null) {
      outcomes.push(known);
      continue;
    }
    const stamp: Stamp = { seq: context.seq + commits.length + 1, at: context.at, by: input.actor };
    const result = stagePush(stage, input, { stamp, context });
    const rejects = (row?.rejects ?? []).filter((reject) => reject.n > n - REJECTS_KEPT);
    const update = { sid, userId: input.grants.userId, lastN: n, expected: peers.get(sid)?.expected ?? row?.lastN ?? 0 };
    if ("refusal" in result) {
      const reject: Reject = { n, ...result.refusal } satisfies Refusal & { n: number };
      outcomes.push({ kind: "refused", reject });
      // A caller is told and may try again; a queue goes on, and must not meet this push again.
      if (sid !== "" && settle === null) peers.set(sid, { ...update, rejects: [...rejects, reject] });
      continue;
    }
    if (sid !== "") peers.set(sid, { ...update, rejects });
    const { session = null, erases = false } = input;
    const ops = result.change.logged;
    const change: LoggedChange = {
      seq: stamp.seq,
      sid,
      n,
      actor: input.actor,
      at: stamp.at,
      ...(session === null ? {} : { session }),
      ops,
    };
    const records = [...result.change.records.values()];
    const json = { ops: `[${result.change.loggedJson.join(",")}]`, data: [...result.change.entries.values()].map(({ data }) => data) };
    commits.push({ change, records, json, events: context.eventsOf?.(change, records) ?? [], ...(erases ? { erases } : {}) });
    changes.push({ staged: result.change, applied: { ...stamp, ops: result.change.applied } });
    outcomes.push({ kind: "accepted", seq: stamp.seq });
  }
  return { outcomes, commits, changes, peers };
}

/** Exactly once, in order: what to answer when this push is not the next one of its queue; null when it is. */
function outOfTurn(
  row: PeerRow | undefined,
  { n, input, context: { seq, fault } }: { readonly n: number; readonly input: PushInput; readonly context: DecideContext },
): Outcome | null {
  if (row !== undefined && row.userId !== input.grants.userId) {
    return { kind: "refused", reject: { n, code: "forbidden", id: null, detail: "this queue of changes belongs to another user" } };
  }
  const lastN = row?.lastN ?? 0;
  if (n <= lastN && fault !== "no idempotency") {
    return { kind: "repeated", seq, reject: row?.rejects.find((reject) => reject.n === n) ?? null };
  }
  return n > lastN + 1 && fault !== "no gap check" ? { kind: "gap", known: row !== undefined } : null;
}

function stagePush(
  stage: Stage,
  input: PushInput,
  { stamp, context }: { readonly stamp: Stamp; readonly context: DecideContext },
): ReturnType<Stage["push"]> {
  try {
    return stage.push(input, stamp);
  } catch (error) {
    // One push that we cannot digest must not take the room with it, again and again.
    context.onError?.(error);
    return { refusal: { code: "internal", id: null } };
  }
}
