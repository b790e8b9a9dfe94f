/**
 * What a change does to a record: pure, and the same on every node and in every client, so that a log replayed anywhere gives the same state.
 * A patch replaces top-level properties of `data`; `null` removes one, except where null is a value (NULLABLE).
 */
import type { AnyRecord, Op, Patch } from "@lectern/protocol";
import { NULLABLE, type RecordKind } from "@lectern/protocol/plain";
import type { StoredRecord } from "./change-log.ts";

type Data = Readonly<Record<string, unknown>>;

/** Equal as JSON: an absent property and one that is undefined are the same. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => deepEqual(item, b[i]));
  }
  const left = a as Data;
  const right = b as Data;
  return (
    Object.keys(left).every((key) => deepEqual(left[key], Object.hasOwn(right, key) ? right[key] : undefined)) &&
    Object.keys(right).every((key) => right[key] === undefined || Object.hasOwn(left, key))
  );
}

function removes(kind: RecordKind, key: string, value: unknown): boolean {
  return value === undefined || (value === null && NULLABLE[kind]?.includes(key) !== true);
}

export function applyPatch(kind: RecordKind, data: Data, patch: Patch): Record<string, unknown> {
  const result = { ...data };
  for (const [key, value] of Object.entries(patch)) {
    if (removes(kind, key, value)) delete result[key];
    else Object.defineProperty(result, key, { value, enumerable: true, writable: true, configurable: true });
  }
  return result;
}

/** The smallest patch that makes `after` of `before`. */
export function diff(before: Data, after: Data): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  const set = (key: string, value: unknown) =>
    Object.defineProperty(patch, key, { value, enumerable: true, writable: true, configurable: true });
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key) && before[key] !== undefined) set(key, null);
  for (const [key, value] of Object.entries(after)) {
    if (value !== undefined && !deepEqual(Object.hasOwn(before, key) ? before[key] : undefined, value)) set(key, value);
  }
  return patch;
}

/** What `patch` is about to overwrite in `before`: the properties that exist. */
export function overwritten(before: Data, patch: Patch): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(patch).flatMap((key) => (Object.hasOwn(before, key) && before[key] !== undefined ? [[key, before[key]]] : [])),
  );
}

/** The patch that takes `patch` back, given what it overwrote. */
export function invert(patch: Patch, old: Data): Record<string, unknown> {
  return Object.fromEntries(Object.keys(patch).map((key) => [key, Object.hasOwn(old, key) ? old[key] : null]));
}

/** One patch that does what both do, in this order. */
export function compose(first: Patch, second: Patch): Record<string, unknown> {
  return { ...first, ...second };
}

/** Who, when, and as which change. */
export interface Stamp {
  readonly seq: number;
  readonly at: number;
  readonly by: string | null;
}

/** A record as the change that made it leaves it. */
export function createdRecord(
  [, id, kind, data, grp]: readonly ["c", id: string, kind: RecordKind, data: object, grp?: string | null | undefined],
  { seq, at, by }: Stamp,
): AnyRecord {
  return { id, kind, seq, createdBy: by, createdAt: at, updatedBy: by, updatedAt: at, grp: grp ?? null, data } as AnyRecord;
}

/** Property by property, as is what else is made for each change: `shapes.test.ts` says why. */
export function storedRecord(
  { id, kind, seq, createdBy, createdAt, updatedBy, updatedAt, grp, data }: AnyRecord,
  deleted: boolean,
): StoredRecord {
  return { id, kind, seq, createdBy, createdAt, updatedBy, updatedAt, grp, data, deleted } as StoredRecord;
}

/** The record after the op; null when an op other than a create finds nothing. The op has been checked before. */
export function applyOp(record: StoredRecord | null, op: Op, stamp: Stamp): StoredRecord | null {
  if (op[0] === "c") return storedRecord(createdRecord(op, stamp), false);
  if (record === null) return null;
  const { id, kind, createdBy, createdAt } = record;
  let { grp, data, deleted }: { grp: string | null; data: object; deleted: boolean } = record;
  switch (op[0]) {
    case "u":
      data = applyPatch(kind, data as Data, op[2]);
      break;
    case "d":
      deleted = true;
      break;
    case "r":
      deleted = false;
      break;
    case "g":
      grp = op[2];
  }
  const { seq, at, by } = stamp;
  return storedRecord({ id, kind, seq, createdBy, createdAt, updatedBy: by, updatedAt: at, grp, data } as AnyRecord, deleted);
}

/** The record as viewers get it. `marked`: with the mark of a tombstone, if it is one. */
export function visibleRecord(
  { id, kind, seq, createdBy, createdAt, updatedBy, updatedAt, grp, deleted, data }: StoredRecord,
  marked = false,
): AnyRecord {
  return { id, kind, seq, createdBy, createdAt, updatedBy, updatedAt, grp, ...(marked && deleted ? { deleted } : {}), data } as AnyRecord;
}
