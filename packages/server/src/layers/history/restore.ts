/**
 * Putting records back to what they were: the difference between now and then, written as a new change by whoever asks for it. What he may not
 * write stays and is reported; what he cannot see is neither touched nor named.
 */
import type { Op } from "@lectern/protocol";
import { can, FULL_GRANTS, type Grants, RECORD_KINDS, type RecordHead, type RecordKind } from "@lectern/protocol/plain";
import { diff, type LayerReader, type StoredRecord } from "@lectern/sync/room";

/** Queue of one restore: a repeat of the same request is the same one, and the log shows what the change is. */
export function restoreSid(seq: number, request: string): string {
  return `restore:${seq}:${request}`;
}

export interface RestorePlan {
  readonly ops: readonly Op[];
  readonly restored: readonly string[];
  readonly left: readonly { readonly id: string; readonly reason: "forbidden" | "gone" }[];
}

/** What others hang on comes first when it comes back, and last when it goes. */
const RANK = new Map<RecordKind, number>(
  ["page", "field", "annotation", "widget", "value", "comment", "reaction"].map((kind, index) => [kind as RecordKind, index]),
);
const rankOf = (kind: RecordKind): number => RANK.get(kind) ?? RECORD_KINDS.length;

type Step = { readonly record: StoredRecord; readonly ops: readonly Op[] };

/** `ids`: which records; those of which nothing is different are left as they are. */
export function planRestore(now: LayerReader, then: LayerReader, ids: Iterable<string>, grants: Grants): RestorePlan {
  const back: Step[] = [];
  const away: Step[] = [];
  const left: { id: string; reason: "forbidden" | "gone" }[] = [];
  const wanted = new Set(ids);
  for (const id of wanted) {
    const record = now.record(id, grants);
    if (record === null) continue;
    const old = then.record(id, FULL_GRANTS);
    const ops = old === null || old.deleted ? removal(record) : difference(record, old);
    if (ops.length === 0) continue;
    const after = old === null ? headOf(record) : headOf(old);
    if (!ops.every((op) => allowed(op, headOf(record), after, grants))) left.push({ id, reason: "forbidden" });
    else (ops[0]![0] === "d" ? away : back).push({ record, ops });
  }
  back.sort((a, b) => rankOf(a.record.kind) - rankOf(b.record.kind));
  away.sort((a, b) => rankOf(b.record.kind) - rankOf(a.record.kind));
  const steps = [...back, ...away, ...takenAlong(now, then, back, wanted, grants)];
  return { ops: steps.flatMap(({ ops }) => ops), restored: steps.map(({ record }) => record.id), left };
}

function removal({ id, deleted, seq }: StoredRecord): Op[] {
  return deleted ? [] : [["d", id, seq]];
}

function difference(record: StoredRecord, old: StoredRecord): Op[] {
  const { id, seq } = record;
  const patch = diff(record.data as unknown as Record<string, unknown>, old.data as unknown as Record<string, unknown>);
  const ops: Op[] = record.deleted ? [["r", id]] : [];
  // Once it has been brought back its seq is another one.
  if (Object.keys(patch).length > 0) ops.push(record.deleted ? ["u", id, patch] : ["u", id, patch, seq]);
  if (record.grp !== old.grp && record.kind !== "widget" && record.kind !== "value") ops.push(["g", id, old.grp]);
  return ops;
}

/** A record comes back with all that was deleted with it, also with what was not there then. */
function* takenAlong(
  now: LayerReader,
  then: LayerReader,
  back: readonly Step[],
  wanted: ReadonlySet<string>,
  grants: Grants,
): Generator<Step> {
  const seqs = new Set(back.filter(({ ops }) => ops[0]![0] === "r").map(({ record }) => record.seq));
  if (seqs.size === 0) return;
  const returning = new Set(back.map(({ record }) => record.id));
  const found: Step[] = [];
  for (const record of now.changed()) {
    if (!record.deleted || !seqs.has(record.seq) || !wanted.has(record.id)) continue;
    const old = then.record(record.id, FULL_GRANTS);
    if ((old === null || old.deleted) && hangsOn(now, record, returning, grants)) found.push({ record, ops: [["d", record.id]] });
  }
  yield* found.toSorted((a, b) => rankOf(b.record.kind) - rankOf(a.record.kind));
}

function hangsOn(now: LayerReader, record: StoredRecord, returning: ReadonlySet<string>, grants: Grants): boolean {
  const { root, comment, field } = record.data as { readonly root?: string; readonly comment?: string; readonly field?: string };
  const parent = root ?? comment ?? field;
  if (parent === undefined) return false;
  if (returning.has(parent)) return true;
  const above = now.record(parent, grants);
  return above !== null && above.deleted && above.seq === record.seq && hangsOn(now, above, returning, grants);
}

function allowed(op: Op, before: RecordHead, after: RecordHead, grants: Grants): boolean {
  switch (op[0]) {
    case "c":
      return can(grants, "create", null, after);
    case "u":
      return can(grants, before.kind === "value" ? "fill" : "edit", before, before);
    case "d":
      return can(grants, "delete", before, null);
    case "r":
      return can(grants, "restore", null, before);
    case "g":
      return can(grants, "set-group", before, after);
  }
}

function headOf({ kind, createdBy, grp }: StoredRecord): RecordHead {
  return { kind, createdBy, grp };
}
