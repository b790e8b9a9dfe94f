/**
 * Merging: what a layer has changed over the base is written into another layer of the same revision, property by property, by whoever asks for it.
 * Where both have changed the same thing nothing is written; it is reported, for people to decide.
 */
import type { LayerConflict, Op } from "@lectern/protocol";
import { FULL_GRANTS, type Grants, type RecordKind } from "@lectern/protocol/plain";
import { type BaseRecords, deepEqual, diff, type LoggedChange, type StoredRecord, type SyncRoom } from "@lectern/sync/room";

export interface MergeConflict {
  readonly id: string;
  readonly kind: RecordKind;
  readonly reason: LayerConflict;
  /** Those that both have changed. `group`: the permission group. */
  readonly properties?: readonly string[];
}

export interface MergePlan {
  readonly ops: readonly Op[];
  /** Records that `ops` write. */
  readonly merged: number;
  readonly conflicts: readonly MergeConflict[];
}

export interface MergeInput {
  readonly base: BaseRecords;
  readonly from: SyncRoom;
  /** What the caller may see of the layer that is merged. */
  readonly fromGrants: Grants;
  readonly into: SyncRoom;
  /** Properties of each record that others wrote in the other layer, as far back as its log reaches. */
  readonly written: ReadonlyMap<string, ReadonlySet<string>>;
  /** The log reaches back to the base: what is not in `written` was not written by others. */
  readonly isComplete: boolean;
}

type Data = Readonly<Record<string, unknown>>;

const ORDER: readonly RecordKind[] = ["page", "field", "annotation", "widget", "value", "comment", "reaction"];
/** Property by which each kind hangs on another record. */
const HANGS_ON: Readonly<Partial<Record<RecordKind, readonly string[]>>> = {
  annotation: ["page"],
  widget: ["page", "field"],
  value: ["field"],
  comment: ["root"],
  reaction: ["comment"],
};

/** Queue of the changes by which a layer is merged: what came from it before is not taken for somebody else's work. */
export function mergeSid(fromLayerId: string, request: string): string {
  return `merge:${fromLayerId}:${request}`;
}

/** Adds which properties of which records these changes wrote, but for those by which `fromLayerId` was merged. */
export function noteWritten(written: Map<string, Set<string>>, changes: readonly LoggedChange[], fromLayerId: string): void {
  for (const { sid, ops } of changes) {
    if (sid.startsWith(mergeSid(fromLayerId, ""))) continue;
    for (const { id, op } of ops) {
      const properties = op[0] === "u" ? Object.keys(op[2]) : op[0] === "g" ? ["group"] : [];
      if (properties.length === 0) continue;
      const known = written.get(id) ?? new Set();
      for (const property of properties) known.add(property);
      written.set(id, known);
    }
  }
}

export function planMerge(input: MergeInput): MergePlan {
  const { from, fromGrants } = input;
  const rank = (kind: RecordKind): number => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);
  const changed = from.changed().filter(({ id }) => from.record(id, fromGrants) !== null);
  const writes = changed.filter(({ deleted }) => !deleted).toSorted((a, b) => rank(a.kind) - rank(b.kind));
  const deletions = changed.filter(({ deleted }) => deleted).toSorted((a, b) => rank(b.kind) - rank(a.kind));
  const ops: Op[] = [];
  const conflicts: MergeConflict[] = [];
  const created = new Set<string>();
  let merged = 0;
  for (const record of [...writes, ...deletions]) {
    const result = record.deleted ? deletion(record, input) : write(record, input, created);
    if (result.ops.length > 0) merged++;
    if (result.ops[0]?.[0] === "c") created.add(record.id);
    for (const op of result.ops) ops.push(op);
    if (result.conflict !== null) conflicts.push(result.conflict);
  }
  return { ops, merged, conflicts };
}

interface Result {
  readonly ops: readonly Op[];
  readonly conflict: MergeConflict | null;
}

const NOTHING: Result = { ops: [], conflict: null };

function deletion(record: StoredRecord, { base, into, written, isComplete }: MergeInput): Result {
  const { id, kind } = record;
  const there = into.record(id, FULL_GRANTS) ?? null;
  if (there === null || there.deleted) return NOTHING;
  const original = originalOf(base, id);
  const logged = written.has(id);
  const touched = original === null ? logged : !sameAs(there, original) && (logged || !isComplete);
  if (touched) return { ops: [], conflict: { id, kind, reason: "deleted_here_changed_there" } };
  return { ops: [["d", id, there.seq]], conflict: null };
}

function write(record: StoredRecord, { base, into, written, isComplete }: MergeInput, created: ReadonlySet<string>): Result {
  const { id, kind, grp } = record;
  const data = dataOf(record);
  const original = originalOf(base, id);
  const there = into.record(id, FULL_GRANTS);
  if (there === null) {
    if (!canHang(record, into, created)) return { ops: [], conflict: { id, kind, reason: "nothing_to_hang_on" } };
    return { ops: [kind === "widget" || kind === "value" ? ["c", id, kind, data] : ["c", id, kind, data, grp]], conflict: null };
  }
  const mine = original === null ? diff(dataOf(there), data) : diff(original.data, data);
  const differs = Object.entries(mine).filter(([key, value]) => !deepEqual(dataOf(there)[key] ?? null, value));
  const regroup = grp !== there.grp && grp !== (original?.grp ?? null) && kind !== "widget" && kind !== "value";
  if (there.deleted) {
    const changed = original === null || Object.keys(mine).length > 0 || regroup;
    return changed ? { ops: [], conflict: { id, kind, reason: "changed_here_deleted_there" } } : NOTHING;
  }
  const logged = (key: string): boolean => written.get(id)?.has(key) === true;
  const changedThere = (key: string): boolean => {
    if (original === null) return logged(key);
    return !deepEqual(original.data[key] ?? null, dataOf(there)[key] ?? null) && (logged(key) || !isComplete);
  };
  const patch = Object.fromEntries(differs.filter(([key]) => !changedThere(key)));
  const both = differs.map(([key]) => key).filter(changedThere);
  const groupThere = original === null ? logged("group") : there.grp !== original.grp && (logged("group") || !isComplete);
  const ops: Op[] = Object.keys(patch).length === 0 ? [] : [["u", id, patch, there.seq]];
  if (regroup && groupThere) both.push("group");
  else if (regroup) ops.push(["g", id, grp]);
  return { ops, conflict: both.length === 0 ? null : { id, kind, reason: "changed_in_both", properties: both } };
}

/** Everything that the record names is alive in the other layer, or comes with it. */
function canHang(record: StoredRecord, into: SyncRoom, created: ReadonlySet<string>): boolean {
  return (HANGS_ON[record.kind] ?? []).every((property) => {
    const named = dataOf(record)[property];
    if (typeof named !== "string" || created.has(named)) return true;
    const found = into.record(named, FULL_GRANTS);
    return found !== null && !found.deleted;
  });
}

function originalOf(base: BaseRecords, id: string): { readonly data: Data; readonly grp: string | null } | null {
  const record = base.get(id);
  if (record !== null) return { data: record.data as unknown as Data, grp: record.grp };
  const page = base.page(id);
  return page === null ? null : { data: page as unknown as Data, grp: null };
}

function sameAs(record: StoredRecord, original: { readonly data: Data; readonly grp: string | null }): boolean {
  return record.grp === original.grp && Object.keys(diff(original.data, dataOf(record))).length === 0;
}

function dataOf(record: StoredRecord): Data {
  return record.data as unknown as Data;
}
