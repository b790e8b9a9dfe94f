/** The first frame to a connection: what it missed, or everything. */
import type { Peer, Reject } from "@lectern/protocol";
import type { Grants, RecordHead, SyncLimits } from "@lectern/protocol/plain";
import type { LayerHead } from "./change-log.ts";
import { visibleRecord } from "./change.ts";
import { type Entry, type LayerState, recordJson } from "./layer-state.ts";
import { encodeChange, encodeGone, encodePut, type RoomView } from "./room-view.ts";

/** The live head of each record touched since a client left, as it was then; null when it was not there. */
export type Touched = ReadonlyMap<string, RecordHead | null>;

export interface WelcomeOptions {
  readonly head: LayerHead;
  readonly state: LayerState;
  readonly view: RoomView;
  readonly grants: Grants;
  readonly peer: Omit<Peer, "presence">;
  readonly limits: SyncLimits;
  readonly lastN: number;
  readonly rejects: readonly Reject[];
  /** null: the client starts anew. */
  readonly touched: Touched | null;
  readonly snapshotUrl: ((seq: number) => string) | undefined;
  readonly inlineChars: number;
}

export function welcomeFrame(options: WelcomeOptions): string {
  const { head, view, grants, peer, limits, lastN, rejects, touched } = options;
  const changes = touched === null ? null : missed(options, touched);
  // What somebody else has done meanwhile may be a change of very many records: the whole layer is then fetched like a first time.
  const chars = changes?.reduce((sum, change) => sum + change.length, 0) ?? 0;
  const mode = changes === null || (chars > options.inlineChars && options.snapshotUrl !== undefined) ? "reset" : "delta";
  const rest = mode === "delta" ? `"changes":[${changes!.join(",")}]` : everything(options);
  const fields = JSON.stringify({
    type: "welcome",
    mode,
    seq: head.seq,
    epoch: head.epoch,
    lastN,
    ...(rejects.length === 0 ? {} : { rejects }),
    viewKey: view.key,
    grants,
    self: { ...peer, presence: {} } satisfies Peer,
    limits,
  });
  return `${fields.slice(0, -1)},${rest}}`;
}

function everything({ head, state, view, snapshotUrl, inlineChars }: WelcomeOptions): string {
  const records: (readonly [id: string, entry: Entry])[] = [];
  let chars = 0;
  for (const seen of state.visible((record) => view.sees(record))) {
    records.push(seen);
    chars += seen[1].data.length;
    if (chars > inlineChars && snapshotUrl !== undefined) return `"snapshotUrl":${JSON.stringify(snapshotUrl(head.seq))}`;
  }
  return `"records":[${records.map(([id, entry]) => recordJson(id, entry, true)).join(",")}]`;
}

/** One put or gone for each record, however often it changed, under the change that wrote it last. */
function missed({ head, state, view }: WelcomeOptions, touched: Touched): string[] {
  const changes = new Map<string, { seq: number; at: number; by: string | null; ops: string[] }>();
  for (const [id, before] of touched) {
    const record = state.read(id);
    if (record === null) continue;
    const seen = view.sees(record);
    const derived = state.isDerived(id);
    const gone = record.deleted && !derived;
    if ((!seen || gone) && !view.had(before)) continue;
    // Of a record that is hidden now nothing is told but that it is gone.
    const { seq, at, by } = seen ? { seq: record.seq, at: record.updatedAt, by: record.updatedBy } : { seq: head.seq, at: 0, by: null };
    const op = seen && !gone ? encodePut(JSON.stringify(visibleRecord(record, derived))) : encodeGone(id);
    const key = `${seq} ${String(seen)}`;
    const change = changes.get(key);
    if (change === undefined) changes.set(key, { seq, at, by, ops: [op] });
    else change.ops.push(op);
  }
  return [...changes.values()].toSorted((a, b) => a.seq - b.seq).map((change) => encodeChange(change, change.ops));
}
