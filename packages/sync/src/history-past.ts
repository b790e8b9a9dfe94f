/**
 * The time machine: a layer as it was at an earlier seq. The log is run backwards from the layer as it is, so it works from any point that the log
 * still reaches, also in a layer that began as a copy of another one.
 */
import type { AnyRecord } from "@lectern/protocol";
import type { Grants } from "@lectern/protocol/plain";
import type { BaseRecords } from "./base-records.ts";
import type { LoggedChange, LoggedOp, StoredRecord } from "./change-log.ts";
import { invert } from "./change.ts";
import { LayerState, seenRecord } from "./layer-state.ts";
import { RoomView } from "./room-view.ts";
import { snapshotJson, type SnapshotOptions } from "./snapshot-json.ts";

/** What can be read of a layer at one seq: the room as it is now, or `pastLayer`. */
export interface LayerReader {
  readonly seq: number;
  readonly epoch: number;
  record(id: string, grants: Grants): StoredRecord | null;
  snapshot(
    grants: Grants,
    pages?: readonly string[],
  ): { readonly seq: number; readonly epoch: number; readonly records: readonly AnyRecord[] };
  snapshotJson(grants: Grants, options?: SnapshotOptions): string;
  changed(of?: { readonly page: string } | { readonly kind: "page" | "form" } | { readonly names: string }): readonly StoredRecord[];
  page(id: string): StoredRecord | null;
}

/** Who wrote a change, and when. */
export interface Writer {
  readonly at: number;
  readonly actor: string | null;
}

/** Changes whose writers `rewind` wants to know: those that wrote the records which `changes` overwrote. */
export function writersWanted(changes: readonly LoggedChange[]): number[] {
  const from = changes[0]?.seq ?? 0;
  const seqs = new Set(changes.flatMap(({ ops }) => ops.flatMap(({ before }) => (before === null ? [] : [before.seq]))));
  return [...seqs].filter((seq) => seq > 0 && seq < from);
}

/**
 * What the layer itself held before `changes`, tombstones included. `now`: what it holds after them; `changes`: all of them since, in order;
 * `writers`: of earlier changes, as far as the log knows them (an unknown one counts as the record's creation).
 */
export function rewind(
  now: Iterable<StoredRecord>,
  changes: readonly LoggedChange[],
  writers: ReadonlyMap<number, Writer> = new Map(),
): StoredRecord[] {
  const records = new Map([...now].map((record) => [record.id, record]));
  for (const { ops } of changes.toReversed()) {
    for (const logged of ops.toReversed()) {
      const record = records.get(logged.id);
      const before = record === undefined ? null : beforeOp(record, logged, writers);
      if (before === null) records.delete(logged.id);
      else records.set(logged.id, before);
    }
  }
  return [...records.values()];
}

/** null: the layer had nothing of its own there. */
function beforeOp(record: StoredRecord, { op, before }: LoggedOp, writers: ReadonlyMap<number, Writer>): StoredRecord | null {
  if (before === null || before.seq === 0) return null;
  const writer = writers.get(before.seq);
  const { createdBy, createdAt } = record;
  const data = record.data as unknown as Record<string, unknown>;
  const old = op[0] === "u" ? restored(data, invert(op[2], before.data), before.data) : data;
  return {
    ...record,
    seq: before.seq,
    updatedBy: writer === undefined ? createdBy : writer.actor,
    updatedAt: writer?.at ?? createdAt,
    grp: before.grp,
    deleted: before.deleted,
    data: old,
  } as unknown as StoredRecord;
}

/** Not `applyPatch`: a property that was not there goes, whether or not null is a value of it. */
function restored(
  data: Readonly<Record<string, unknown>>,
  inverse: Readonly<Record<string, unknown>>,
  old: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const kept = Object.entries(data).filter(([key]) => !Object.hasOwn(inverse, key));
  return Object.fromEntries([...kept, ...Object.entries(old).filter(([key]) => Object.hasOwn(inverse, key))]);
}

/** The layer as it was, over the same base. `records`: from `rewind`. */
export function pastLayer(
  base: BaseRecords,
  records: readonly StoredRecord[],
  { seq, epoch }: { readonly seq: number; readonly epoch: number },
): LayerReader {
  const state = new LayerState(base, records);
  const snapshot = (grants: Grants, pages?: readonly string[]): AnyRecord[] => {
    const view = new RoomView(grants);
    return Array.from(
      state.visible((head) => view.sees(head), pages === undefined ? undefined : new Set(pages)),
      seenRecord,
    );
  };
  return {
    seq,
    epoch,
    record(id, grants) {
      const record = state.read(id);
      return record !== null && new RoomView(grants).sees(record) ? record : null;
    },
    snapshot: (grants, pages) => ({ seq, epoch, records: snapshot(grants, pages) }),
    snapshotJson: (grants, options = {}) => snapshotJson({ seq, epoch, state, view: new RoomView(grants) }, options),
    changed: (of) => [...state.changed(of)],
    page(id) {
      const record = state.read(id);
      return record?.kind === "page" ? record : null;
    },
  };
}
