/**
 * Annotations over HTTP: Instant JSON outside, records and `room.commit` inside. A batch is written in as few changes as it can be; what cannot be
 * written is reported by its place, the rest stands.
 */
import { difference } from "@lectern/pdf/exchange";
import { type Annotation, type AnyRecord, fromInstantJson, type Op, type PageNames, toInstantJson } from "@lectern/protocol";
import { ApiError, drawingOrder, type FailingPath } from "@lectern/protocol/plain";
import type { CommitCaller } from "@lectern/sync/room";
import type { ReadLayer } from "./reading.ts";

/** An annotation as HTTP shows it. */
export interface StoredAnnotation {
  readonly id: string;
  readonly annotation_id: string;
  readonly content: { readonly type: string; readonly [member: string]: unknown };
  readonly createdBy: string | null;
  readonly updatedBy: string | null;
  readonly group: string | null;
  readonly seq: number;
}

/** null: it has no published form, or its page is deleted. */
export function storedAnnotation(record: AnyRecord, pages: PageNames): StoredAnnotation | null {
  if (record.kind !== "annotation") return null;
  const content = toInstantJson(record, record.data, pages);
  if (content === null) return null;
  const { id, createdBy, updatedBy, grp, seq } = record;
  return { id, annotation_id: id, content, createdBy, updatedBy, group: grp, seq };
}

/** In page order, on a page from the bottom up. `pages`: only those. */
export function listAnnotations(
  { room, grants, pages }: ReadLayer,
  only?: readonly string[],
): { readonly seq: number; readonly annotations: readonly StoredAnnotation[] } {
  const names = pages();
  const { seq, records } = room.snapshot(grants, only);
  const found = records.flatMap((record) => {
    const stored = storedAnnotation(record, names);
    return stored === null || record.kind !== "annotation"
      ? []
      : [{ stored, page: stored.content["pageIndex"] as number, order: drawingOrder(record), seq: record.seq }];
  });
  found.sort(
    (a, b) =>
      a.page - b.page || (a.order < b.order ? -1 : a.order > b.order ? 1 : 0) || a.seq - b.seq || (a.stored.id < b.stored.id ? -1 : 1),
  );
  return { seq, annotations: found.map(({ stored }) => stored) };
}

/** The live annotation that the caller sees. Throws ApiError `not_found`, `gone`. */
export function annotationRecord({ room, grants }: ReadLayer, id: string): Extract<AnyRecord, { kind: "annotation" }> {
  const record = room.record(id, grants);
  if (record === null || record.kind !== "annotation") throw new ApiError("not_found", `There is no annotation ${id}`);
  if (record.deleted) throw new ApiError("gone", `The annotation ${id} has been deleted`);
  return record;
}

/** One annotation to write: what of the request it is, and the ops that write it. */
export interface Planned {
  readonly id: string;
  /** Where it stands in the request, `$` for a single one. */
  readonly path: string;
  readonly ops: readonly Op[];
  /** Who it is written as. */
  readonly userId: string | null;
}

export interface Failure {
  readonly path: string;
  readonly error: ApiError;
}

/** Throws ApiError `unprocessable` with the failing paths. */
export function plannedCreate(
  given: {
    readonly id: string;
    readonly content: unknown;
    readonly group: string | null | undefined;
    readonly path: string;
    readonly userId: string | null;
    /** Of several that are made together: the later lies over the earlier. */
    readonly order?: string | undefined;
  },
  pages: PageNames,
): Planned {
  const { id, path, userId, group, order } = given;
  const data = { ...read(given.content, pages, path), ...(order === undefined ? {} : { order }) };
  const op: Op = group === undefined ? ["c", id, "annotation", data] : ["c", id, "annotation", data, group];
  return { id, path, userId, ops: [op] };
}

export interface Update {
  readonly content: unknown;
  readonly group: string | null | undefined;
  readonly path: string;
  readonly userId: string | null;
  readonly ifSeq: number | undefined;
}

type AnnotationRecord = Extract<AnyRecord, { kind: "annotation" }>;

/** The whole content anew: what it does not name is removed. */
export function plannedReplace(record: AnnotationRecord, update: Update, pages: PageNames): Planned {
  const after = read(update.content, pages, update.path);
  checkType(record.data, after, update.path);
  const patch = difference(record.data, after);
  // The name of whoever made it goes on when it is not given anew.
  if (after.creatorName === undefined) delete patch["creatorName"];
  return planned(record, update, patch);
}

/** Members to change; null removes one. */
export function plannedPatch(
  record: AnnotationRecord,
  update: Update & { readonly content: Readonly<Record<string, unknown>> | undefined },
  pages: PageNames,
): Planned {
  if (update.content === undefined) return planned(record, update, {});
  const current = toInstantJson(record, record.data, pages);
  if (current === null) throw new ApiError("unprocessable", "This kind of annotation cannot be changed");
  const content: Record<string, unknown> = { ...current };
  const given = update.content;
  // What follows from what is given does not outlive it.
  if ("pageIndex" in given && !("pageId" in given)) delete content["pageId"];
  if (["rects", "lines", "points", "startPoint", "endPoint"].some((member) => member in given) && !("bbox" in given))
    delete content["bbox"];
  for (const [member, value] of Object.entries(given)) {
    if (value === null) delete content[member];
    else content[member] = value;
  }
  const after = read(content, pages, update.path);
  checkType(record.data, after, update.path);
  // Against the record as the published form tells it: defaults that only that one spells out are no change.
  return planned(record, update, difference(read(current, pages, update.path), after));
}

function planned(record: AnyRecord, { path, userId, ifSeq, group }: Update, patch: Record<string, unknown>): Planned {
  const ops: Op[] = [];
  const regroup = group !== undefined && group !== record.grp;
  // With nothing to change the op still says which state it was made for.
  if (Object.keys(patch).length > 0 || (ifSeq !== undefined && ifSeq !== record.seq))
    ops.push(ifSeq === undefined ? ["u", record.id, patch] : ["u", record.id, patch, ifSeq]);
  if (regroup) ops.push(["g", record.id, group]);
  return { id: record.id, path, userId, ops };
}

function read(content: unknown, pages: PageNames, path: string): Annotation {
  const checked = fromInstantJson(content, pages, `${path}.content`);
  if (checked.ok) return checked.value;
  const first = checked.failingPaths[0]!;
  throw new ApiError("unprocessable", `${first.path}: ${first.details}`, { failingPaths: checked.failingPaths });
}

function checkType(before: Annotation, after: Annotation, path: string): void {
  if (after.type === before.type) return;
  const failure = { path: `${path}.content.type`, details: "the type of an annotation cannot be changed" };
  throw new ApiError("unprocessable", failure.details, { failingPaths: [failure] });
}

/** Makes a repeat of the same request harmless; null when it did not ask for that. */
export type Sids = ((part: string) => string) | null;

export interface Written {
  /** Of the last change. */
  readonly seq: number;
  readonly done: readonly Planned[];
  readonly failures: readonly Failure[];
}

/**
 * Writes what is planned, in order: as many as fit into one change together. When a change is refused its annotations are tried one by one, so that
 * one that cannot be written does not keep the others.
 */
export async function writeAll(
  { room, grants, sessionId }: ReadLayer,
  all: readonly Planned[],
  options: { readonly sids: Sids; readonly opsPerPush: number },
): Promise<Written> {
  const { sids, opsPerPush } = options;
  const done: Planned[] = [];
  const failures: Failure[] = [];
  let seq = room.seq;
  const commit = async (items: readonly Planned[], part: string): Promise<void> => {
    const ops = items.flatMap((item) => item.ops);
    if (ops.length > 0) {
      const caller: CommitCaller = { grants, session: sessionId, userId: items[0]!.userId, ...(sids === null ? {} : { sid: sids(part) }) };
      seq = Math.max(seq, (await room.commit(ops, caller)).seq);
    }
    done.push(...items);
  };
  for (const [index, items] of chunks(all, opsPerPush).entries()) {
    try {
      await commit(items, String(index));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (items.length === 1) {
        failures.push({ path: items[0]!.path, error: located(error, items[0]!) });
        continue;
      }
      for (const [place, item] of items.entries()) {
        try {
          await commit([item], `${index}.${place}`);
        } catch (alone) {
          if (!isRefusal(alone)) throw alone;
          failures.push({ path: item.path, error: located(alone, item) });
        }
      }
    }
  }
  return { seq, done, failures };
}

function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status < 500;
}

/** Neighbours of one writer, at most `most` ops together. */
function chunks(all: readonly Planned[], most: number): Planned[][] {
  const found: Planned[][] = [];
  let ops = 0;
  for (const item of all) {
    const last = found.at(-1);
    if (last === undefined || last[0]!.userId !== item.userId || ops + item.ops.length > most) {
      found.push([item]);
      ops = item.ops.length;
    } else {
      last.push(item);
      ops += item.ops.length;
    }
  }
  return found;
}

/** The room names ops and groups of a record; the caller knows neither. */
function located(error: ApiError, item: Planned): ApiError {
  const failingPaths = error.failingPaths?.map(({ path, details }): FailingPath => ({
    path: path.replace(/^\$\.ops\[\d+\]/, `${item.path}.content`).replace(/\.(geometry|appearance)\b(?=\.|\[|$)/, ""),
    details,
  }));
  return new ApiError(error.code, error.message, { ...(failingPaths === undefined ? {} : { failingPaths }), cause: error });
}
