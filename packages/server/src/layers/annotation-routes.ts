/** Routes of annotations: who writes, what of the request is which annotation, and the published shapes of the answers. */
import { createHash } from "node:crypto";
import { ID_PATTERN, ApiError, base32, drawingOrder, newId, sourceOrder } from "@lectern/protocol/plain";
import { requireCreate } from "../attachments/routes.ts";
import { highlightedText } from "../documents/highlighted.ts";
import type { Access, ApplicationCaller, Context, Handlers, Reply, SessionCaller } from "../handlers.ts";
import { reply } from "../handlers.ts";
import { type Picture, picturesIn, storePictures } from "../interchange/pictures.ts";
import type { Clock, Random } from "../ports.ts";
import { requestSid } from "./caller.ts";
import type { RateLimiter } from "../rate.ts";
import { annotationLists } from "./annotation-lists.ts";
import {
  annotationRecord,
  type Failure,
  type Planned,
  plannedCreate,
  plannedPatch,
  plannedReplace,
  type Sids,
  storedAnnotation,
  type Update,
  writeAll,
  type Written,
} from "./annotations.ts";
import { layerFor, type ReadingDeps, type ReadLayer } from "./reading.ts";

export interface AnnotationRoutesDeps {
  readonly reading: ReadingDeps;
  readonly opsPerPush: number;
  /** Changes of a session; those of API keys are limited as requests. */
  readonly ops: RateLimiter;
  readonly clock: Clock;
  readonly random: Random;
}

export type RecordContext = Context<ApplicationCaller | SessionCaller, Access>;

/** One of many in a body; checked here, so that the others do not suffer. */
export interface Given {
  readonly id?: unknown;
  readonly content?: unknown;
  readonly user_id?: unknown;
  readonly group?: unknown;
}

export function annotationRoutes(deps: AnnotationRoutesDeps): Handlers["annotations"] {
  const lists = annotationLists();
  const read = async (context: RecordContext, minSeq: number | undefined): Promise<ReadLayer> => {
    const layer = await layerFor(deps.reading, context.access, context);
    if (minSeq !== undefined) await layer.room.reach(minSeq);
    return layer;
  };
  const forWriting = (context: RecordContext): Promise<ReadLayer> =>
    layerFor(deps.reading, context.access, { address: context.address, signal: context.signal, create: true });
  const write = async ({ access }: RecordContext, layer: ReadLayer, planned: readonly Planned[], sids: Sids): Promise<Written> => {
    if (access.sessionId !== null) {
      const { allowed, reset } = deps.ops.take(`session ${access.sessionId}`, planned.length);
      if (!allowed) throw new ApiError("rate_limited", undefined, { retryAfter: reset });
    }
    return writeAll(layer, planned, { sids, opsPerPush: deps.opsPerPush });
  };

  const one = async (context: RecordContext, layer: ReadLayer, planned: Planned, sids: Sids): Promise<number> => {
    const { seq, failures } = await write(context, layer, [planned], sids);
    if (failures[0] !== undefined) throw failures[0].error;
    return seq;
  };
  const changed = (layer: ReadLayer, id: string): Reply => {
    const stored = layer.room.record(id, layer.grants);
    const shown = stored === null ? null : storedAnnotation(stored, layer.pages());
    if (shown === null) throw new ApiError("gone", "The annotation was changed, and deleted since");
    return json({ data: shown }, { etag: etag(shown.seq), "lectern-seq": String(layer.room.seq) });
  };

  /** The pictures that came along are stored; what names one by the name of its part names it by its SHA-256 from here on. */
  const withPictures = async <T>(context: RecordContext, layer: ReadLayer, given: T): Promise<T> => {
    if (context.files.size === 0) return given;
    requireCreate(layer.grants);
    const pictures = picturesIn(context.files);
    const named = new Set<string>();
    const renamed = renamePictures(given, pictures, named) as T;
    const strange = [...pictures.keys()].find((key) => !named.has(key));
    if (strange !== undefined) throw unprocessable(`$[${JSON.stringify(strange)}]`, "is not named by any annotation");
    const { applicationId, id: documentId } = layer.document;
    await storePictures(deps.reading.documents, { applicationId, documentId }, pictures.values());
    return renamed;
  };

  return {
    async list({ minSeq }, context) {
      return listed(await read(context, minSeq), null, context);
    },
    async listPage({ pageIndex, minSeq }, context) {
      const layer = await read(context, minSeq);
      const page = layer.pages().idAt(pageIndex);
      if (page === null) throw new ApiError("not_found", "There is no such page");
      return listed(layer, page, context);
    },
    async highlighted({ pageIndex, minSeq }, context) {
      const layer = await read(context, minSeq);
      const page = layer.pages().at(pageIndex);
      if (page === null) throw new ApiError("not_found", "There is no such page");
      return { data: [...(await highlightedText(deps.reading.documents, layer, page, context.signal))] };
    },
    async get({ annotationId, minSeq }, context) {
      const layer = await read(context, minSeq);
      const stored = storedAnnotation(annotationRecord(layer, annotationId), layer.pages());
      if (stored === null) throw new ApiError("not_found", `There is no annotation ${annotationId}`);
      return json(stored, { etag: etag(stored.seq), "lectern-seq": String(layer.room.seq) });
    },
    async create(given, context) {
      const layer = await forWriting(context);
      const input = await withPictures(context, layer, given);
      const pages = layer.pages();
      const sids = sidsOf(context, input);
      const idAt = (index: number): string => (sids === null ? newId(deps.clock.now(), deps.random(10)) : idFrom(sids(`id ${index}`)));
      if ("annotations" in input) {
        const { annotations } = input as { annotations: readonly unknown[] };
        const made = drawingOrder({ data: {}, createdAt: deps.clock.now() });
        return batch(layer, context, sids, annotations, (given, index, path) =>
          plannedCreate(
            {
              id: chosenId(given, path) ?? idAt(index),
              content: given.content,
              group: groupOf(given, path),
              path,
              userId: writer(context, given, path),
              order: annotations.length === 1 ? undefined : made + sourceOrder(index),
            },
            pages,
          ),
        );
      }
      const id = input.id ?? idAt(0);
      const planned = plannedCreate(
        { id, content: input.content, group: input.group, path: "$", userId: writer(context, input, "$") },
        pages,
      );
      const seq = await one(context, layer, planned, sids);
      return json({ data: { annotation_id: id, id, seq } }, { "lectern-seq": String(seq) });
    },
    async updateMany(input, context) {
      const layer = await forWriting(context);
      const { annotations } = await withPictures(context, layer, input);
      const pages = layer.pages();
      return batch(layer, context, sidsOf(context, annotations), annotations, (given, _index, path) => {
        const id = chosenId(given, path);
        if (id === undefined) throw unprocessable(`${path}.id`, "is missing");
        return plannedReplace(
          annotationRecord(layer, id),
          { content: given.content, group: groupOf(given, path), path, userId: writer(context, given, path), ifSeq: undefined },
          pages,
        );
      });
    },
    async update(input, context) {
      const layer = await forWriting(context);
      await one(context, layer, plannedReplace(annotationRecord(layer, input.annotationId), updateOf(input, context), layer.pages()), null);
      return changed(layer, input.annotationId);
    },
    async patch(input, context) {
      const layer = await forWriting(context);
      const update = { ...updateOf(input, context), content: input.content };
      await one(context, layer, plannedPatch(annotationRecord(layer, input.annotationId), update, layer.pages()), null);
      return changed(layer, input.annotationId);
    },
    async delete({ annotationId }, context) {
      const layer = await forWriting(context);
      const ifSeq = ifMatch(context);
      annotationRecord(layer, annotationId);
      const planned: Planned = {
        id: annotationId,
        path: "$",
        userId: writer(context, {}, "$"),
        ops: [ifSeq === undefined ? ["d", annotationId] : ["d", annotationId, ifSeq]],
      };
      const seq = await one(context, layer, planned, null);
      return json({ data: { id: annotationId, seq } }, { "lectern-seq": String(seq) });
    },
    async deleteMany({ annotationIds, user_id }, context) {
      const layer = await forWriting(context);
      const ids =
        annotationIds === "all"
          ? layer.room
              .snapshot(layer.grants)
              .records.filter(({ kind }) => kind === "annotation")
              .map(({ id }) => id)
          : [...new Set(annotationIds)];
      const userId = writer(context, { user_id }, "$");
      const { planned, failures } = plan(ids, "annotationIds", (id, path) => {
        annotationRecord(layer, id);
        return { id, path, userId, ops: [["d", id]] };
      });
      const written = await write(context, layer, planned, null);
      return batchReply(context, written, [...failures, ...written.failures], ({ id }) => ({ id }));
    },
  };

  function listed(layer: ReadLayer, page: string | null, context: RecordContext): Reply {
    const ndjson = (context.header("accept") ?? "").includes("application/x-ndjson");
    const { seq, body } = lists.bytes(layer, ndjson ? "ndjson" : "json", page);
    const headers = { "lectern-seq": String(seq), vary: "accept" };
    return reply(body, { headers: ndjson ? { ...headers, "content-type": "application/x-ndjson" } : headers });
  }

  async function batch(
    layer: ReadLayer,
    context: RecordContext,
    sids: Sids,
    given: readonly unknown[],
    make: (item: Given, index: number, path: string) => Planned,
  ): Promise<Reply> {
    const { planned, failures } = plan(given, "annotations", (item, path, index) => {
      if (typeof item !== "object" || item === null) throw unprocessable(path, "is not an object");
      return make(item as Given, index, path);
    });
    const written = await write(context, layer, planned, sids);
    const pages = layer.pages();
    return batchReply(context, written, [...failures, ...written.failures], ({ id, userId }) => {
      const record = layer.room.record(id, layer.grants);
      const stored = record === null ? null : storedAnnotation(record, pages);
      return { ...(stored ?? { id, annotation_id: id }), user_id: userId };
    });
  }
}

/** Of one annotation, or of `annotations`. */
function renamePictures(given: unknown, pictures: ReadonlyMap<string, Picture>, named: Set<string>): unknown {
  if (typeof given !== "object" || given === null) return given;
  const { annotations, content } = given as { readonly annotations?: unknown; readonly content?: unknown };
  if (Array.isArray(annotations)) return { ...given, annotations: annotations.map((one) => renamePictures(one, pictures, named)) };
  const key = (content as { readonly imageAttachmentId?: unknown } | null | undefined)?.imageAttachmentId;
  const picture = typeof key === "string" ? pictures.get(key) : undefined;
  if (picture === undefined) return given;
  named.add(key as string);
  return { ...given, content: { contentType: picture.mediaType, ...(content as object), imageAttachmentId: picture.sha256 } };
}

/** What can be planned, and what is wrong with the rest. */
export function plan<T>(
  items: readonly T[],
  name: string,
  make: (item: T, path: string, index: number) => Planned,
): { readonly planned: Planned[]; readonly failures: Failure[] } {
  const planned: Planned[] = [];
  const failures: Failure[] = [];
  for (const [index, item] of items.entries()) {
    const path = `$.${name}[${index}]`;
    try {
      planned.push(make(item, path, index));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failures.push({ path, error });
    }
  }
  return { planned, failures };
}

function updateOf(
  input: { readonly content?: unknown; readonly user_id?: string | null; readonly group?: string | null },
  context: RecordContext,
): Update {
  return { content: input.content, group: input.group, path: "$", userId: writer(context, input, "$"), ifSeq: ifMatch(context) };
}

/** As whom it is written. A key may say so; a session is somebody already. */
export function writer({ caller }: RecordContext, given: Given, path: string): string | null {
  const { user_id: userId } = given;
  if (userId !== undefined && userId !== null && (typeof userId !== "string" || userId === "" || userId.length > 256))
    throw unprocessable(`${path}.user_id`, "is not the id of a user");
  if (caller.kind === "application") return userId ?? null;
  if (userId !== undefined && userId !== caller.session.userId) {
    throw new ApiError("forbidden", "user_id must be left out, or be the session's own", {
      failingPaths: [{ path: `${path}.user_id`, details: "is not the session's user" }],
    });
  }
  return caller.session.userId;
}

export function groupOf({ group }: Given, path: string): string | null | undefined {
  if (group === undefined || group === null || (typeof group === "string" && group.length <= 256)) return group;
  throw unprocessable(`${path}.group`, "is not the name of a group");
}

export function chosenId({ id }: Given, path: string): string | undefined {
  if (id === undefined || (typeof id === "string" && ID_PATTERN.test(id))) return id;
  throw unprocessable(`${path}.id`, "must be 1 to 128 letters, digits or _.:@~-");
}

/** The seq that the caller has seen; undefined when it does not matter. */
export function ifMatch(context: Pick<RecordContext, "header">): number | undefined {
  const header = context.header("if-match");
  if (header === null || header.trim() === "*") return undefined;
  const match = /^(?:W\/)?"(\d{1,15})"$/.exec(header.trim());
  // A tag that we never gave matches nothing.
  if (match === null) throw new ApiError("precondition_failed");
  return Number(match[1]);
}

/** One request under one key is applied once; the same key with another body is another request. */
export function sidsOf(context: RecordContext, body: unknown): Sids {
  const sid = requestSid(context, body);
  return sid === null ? null : (part) => `${sid}:${part}`;
}

export function idFrom(text: string): string {
  return base32(createHash("sha256").update(text).digest()).slice(0, 26);
}

export function batchReply(
  context: RecordContext,
  { seq, done }: Written,
  failures: readonly Failure[],
  show: (planned: Planned) => object,
): Reply {
  const failingPaths = failures.flatMap(({ path, error }) => error.failingPaths ?? [{ path, details: error.message }]);
  const failing_paths = failures.flatMap(({ path, error }) =>
    (error.failingPaths ?? [{ path, details: error.message }]).map((failure) => ({ ...failure, error: error.code })),
  );
  const first = failures[0];
  if (done.length === 0 && first !== undefined) {
    throw new ApiError(first.error.code, first.error.message, {
      failingPaths,
      extra: { details: first.error.message, result: "failure", data: [], failing_paths },
    });
  }
  const result = first === undefined ? "success" : "partial_failure";
  const details = first === undefined ? "all done" : `${failures.length} of ${failures.length + done.length} could not be written`;
  const ids = { requestId: context.requestId, request_id: context.requestId };
  return json(
    { details, status: 200, result, data: done.map(show), failingPaths, failing_paths, ...ids, seq },
    { "lectern-seq": String(seq) },
  );
}

export function json(body: object, headers: Readonly<Record<string, string>>): Reply {
  return reply(JSON.stringify(body), { headers });
}

export function etag(seq: number): string {
  return `"${seq}"`;
}

export function unprocessable(path: string, details: string): ApiError {
  return new ApiError("unprocessable", `${path}: ${details}`, { failingPaths: [{ path, details }] });
}
