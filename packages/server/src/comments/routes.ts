/**
 * Routes of comments. A request is written as one change, all of it or nothing; only when a backend names several writers it takes one change for
 * each. Permissions are asked in the room, as for everybody.
 */
import { fromInstantJson, type Op } from "@lectern/protocol";
import { ApiError, FULL_GRANTS, type FailingPath, newId, reactionId } from "@lectern/protocol/plain";
import type { CommitCaller } from "@lectern/sync/room";
import type { Handlers, Reply } from "../handlers.ts";
import {
  type AnnotationRoutesDeps,
  chosenId,
  etag,
  type Given,
  groupOf,
  idFrom,
  ifMatch,
  json,
  type RecordContext,
  sidsOf,
  unprocessable,
  writer,
} from "../layers/annotation-routes.ts";
import { layerFor, type ReadLayer } from "../layers/reading.ts";
import {
  commentRecord,
  commentsBelow,
  fromContent,
  isResolved,
  listThreads,
  storedComment,
  type StoredComment,
  threadRoot,
  unreadSince,
} from "./comments.ts";
import { keepSeen, seenOf } from "./store.ts";

/** A record to write, and where it stands in the request. */
interface Planned {
  readonly id: string;
  readonly path: string;
  readonly userId: string | null;
  readonly op: Op;
}

/** Side of a marker in points; one about the document has no place, but a size. */
const MARKER = 24;

export function commentRoutes(deps: AnnotationRoutesDeps): Handlers["comments"] {
  const { clock, random } = deps;
  const { database } = deps.reading.documents;

  const read = async (context: RecordContext, minSeq: number | undefined): Promise<ReadLayer> => {
    const layer = await layerFor(deps.reading, context.access, context);
    if (minSeq !== undefined) await layer.room.reach(minSeq);
    return layer;
  };
  const forWriting = (context: RecordContext): Promise<ReadLayer> =>
    layerFor(deps.reading, context.access, { address: context.address, signal: context.signal, create: true });

  async function commit(context: RecordContext, layer: ReadLayer, ops: readonly Op[], more: Omit<CommitCaller, "grants">): Promise<number> {
    if (context.access.sessionId !== null) {
      const { allowed, reset } = deps.ops.take(`session ${context.access.sessionId}`, ops.length);
      if (!allowed) throw new ApiError("rate_limited", undefined, { retryAfter: reset });
    }
    return (await layer.room.commit(ops, { grants: layer.grants, session: layer.sessionId, ...more })).seq;
  }

  /** Writes what was planned; refusals name every comment that is wrong, in the published way. */
  async function writePlanned(
    context: RecordContext,
    layer: ReadLayer,
    planned: readonly Planned[],
    { body, describe }: { readonly body: unknown; readonly describe: Describe },
  ): Promise<number> {
    const sids = sidsOf(context, body);
    if (planned.length > deps.opsPerPush) throw describe(new ApiError("limit_exceeded", `at most ${deps.opsPerPush} in one request`), []);
    let seq = layer.room.seq;
    for (const [index, items] of byWriter(planned).entries()) {
      try {
        const repeatable = sids === null ? {} : { sid: sids(String(index)) };
        seq = await commit(
          context,
          layer,
          items.map(({ op }) => op),
          { userId: items[0]!.userId, ...repeatable },
        );
      } catch (error) {
        if (!(error instanceof ApiError) || error.status >= 500 || error.status === 429) throw error;
        throw describe(error, located(error, items, layer));
      }
    }
    return seq;
  }

  /** The comments of a body, each checked by itself; throws all that is wrong together. */
  function plan(
    context: RecordContext,
    rootId: string,
    {
      given,
      fresh,
      describe,
    }: { readonly given: readonly unknown[]; readonly fresh: (index: number) => string; readonly describe: Describe },
  ): Planned[] {
    const failures: FailingPath[] = [];
    const planned = given.flatMap((item, index): Planned[] => {
      const path = `$.comments[${index}]`;
      try {
        if (typeof item !== "object" || item === null) throw unprocessable(path, "is not an object");
        const one = item as Given;
        const content = fromContent(one.content, `${path}.content`);
        if (!content.ok) throw failed(content.failingPaths);
        const id = chosenId(one, path) ?? fresh(index);
        const group = groupOf(one, path);
        const data = { root: rootId, ...nameOf(context), ...content.data };
        return [
          {
            id,
            path,
            userId: writer(context, one, path),
            op: group === undefined ? ["c", id, "comment", data] : ["c", id, "comment", data, group],
          },
        ];
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "unprocessable") throw error;
        failures.push(...(error.failingPaths ?? [{ path, details: error.message }]));
        return [];
      }
    });
    if (failures.length > 0) throw describe(failed(failures), failures);
    return planned;
  }

  /** Comments of one request are of one moment: their ids keep them in order. */
  function freshIds(context: RecordContext, body: unknown): (index: number) => string {
    const sids = sidsOf(context, body);
    const now = clock.now();
    if (sids === null) return (index) => newId(now + index, random(10));
    const stem = idFrom(sids("ids")).slice(0, 22);
    return (index) => stem + index.toString(32).padStart(4, "0");
  }

  function shown(layer: ReadLayer, id: string): Reply {
    const stored = storedComment(layer, commentRecord(layer, id));
    if (stored === null) throw new ApiError("gone", "The thread has been deleted since");
    return json({ data: stored }, { etag: etag(stored.seq), "lectern-seq": String(layer.room.seq) });
  }

  const setState =
    (state: "resolved" | "reopened") =>
    async ({ annotationId, user_id }: { annotationId: string; user_id?: string | null }, context: RecordContext): Promise<Reply> => {
      const layer = await forWriting(context);
      threadRoot(layer, annotationId);
      const comments = commentsBelow(layer, annotationId);
      if (comments.length === 0) throw new ApiError("not_found", `There are no comments on the annotation ${annotationId}`);
      const userId = writer(context, { user_id }, "$");
      const wanted = state === "resolved";
      if (isResolved(comments) === wanted) {
        const { seq } = layer.room;
        return json({ data: { rootId: annotationId, isResolved: wanted, id: null, seq } }, { "lectern-seq": String(seq) });
      }
      const sids = sidsOf(context, [annotationId, state, user_id]);
      const id = sids === null ? newId(clock.now(), random(10)) : idFrom(sids("id"));
      const data = { root: annotationId, text: { format: "plain", value: "" }, ...nameOf(context), state };
      const seq = await commit(context, layer, [["c", id, "comment", data]], { userId, ...(sids === null ? {} : { sid: sids("state") }) });
      return json({ data: { rootId: annotationId, isResolved: wanted, id, seq } }, { "lectern-seq": String(seq) });
    };

  async function seenReply(layer: ReadLayer, userId: string): Promise<Reply> {
    const { seq, history } = await seenOf(database, layer.layer.id, userId);
    const threads = unreadSince(layer, userId, seq);
    const unread = threads.reduce((sum, thread) => sum + thread.unread, 0);
    return json(
      { data: { seq, history, unread, threads } },
      { "lectern-seq": String(layer.room.seq), "cache-control": "private, no-store" },
    );
  }

  return {
    async create(input, context) {
      const layer = await forWriting(context);
      const { annotation, comments: given } = input;
      const describe = describing(given.length, true);
      const fresh = freshIds(context, [annotation, given]);
      const path = "$.annotation";
      const root: NonNullable<typeof annotation> = annotation ?? { content: { type: "" } };
      const content =
        annotation === undefined
          ? { ok: true as const, value: DOCUMENT_MARKER }
          : fromInstantJson(annotation.content, layer.pages(), `${path}.content`);
      const wrong = content.ok ? [] : content.failingPaths;
      const id = root.id ?? fresh(0);
      const userId = annotation === undefined ? writer(context, (given[0] ?? {}) as Given, "$.comments[0]") : writer(context, root, path);
      let planned: Planned[] = [];
      try {
        planned = plan(context, id, { given, fresh: (index) => fresh(index + 1), describe });
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "unprocessable" || wrong.length === 0) throw error;
        throw describe(failed([...wrong, ...(error.failingPaths ?? [])]), [...wrong, ...(error.failingPaths ?? [])]);
      }
      if (!content.ok) throw describe(failed(wrong), wrong);
      const op: Op = root.group === undefined ? ["c", id, "annotation", content.value] : ["c", id, "annotation", content.value, root.group];
      const seq = await writePlanned(context, layer, [{ id, path, userId, op }, ...planned], { body: [annotation, given], describe });
      return json({ data: { annotation: { id }, comments: planned.map((one) => ({ id: one.id })), seq } }, { "lectern-seq": String(seq) });
    },

    async listAll({ minSeq, state, author, pageIndex }, context) {
      const layer = await read(context, minSeq);
      const threads = listThreads(layer).filter(
        (thread) =>
          (state === undefined || thread.isResolved === (state === "resolved")) &&
          (pageIndex === undefined || thread.pageIndex === pageIndex) &&
          (author === undefined || thread.comments.some(({ createdBy }) => createdBy === author)),
      );
      return json({ data: { threads } }, { "lectern-seq": String(layer.room.seq) });
    },

    async append(input, context) {
      const layer = await forWriting(context);
      const { annotationId, comments: given } = input;
      threadRoot(layer, annotationId);
      const describe = describing(given.length, false);
      const fresh = freshIds(context, [annotationId, given]);
      const planned = plan(context, annotationId, { given, fresh: (index) => fresh(index + 1), describe });
      const seq = await writePlanned(context, layer, planned, { body: [annotationId, given], describe });
      return json({ data: { comments: planned.map(({ id }) => ({ id })), seq } }, { "lectern-seq": String(seq) });
    },

    async list({ annotationId, minSeq }, context) {
      const layer = await read(context, minSeq);
      threadRoot(layer, annotationId);
      const comments = commentsBelow(layer, annotationId)
        .map((record) => storedComment(layer, record))
        .filter((comment): comment is StoredComment => comment !== null);
      return json({ data: { comments } }, { "lectern-seq": String(layer.room.seq) });
    },

    async get({ commentId, minSeq }, context) {
      const layer = await read(context, minSeq);
      const stored = storedComment(layer, commentRecord(layer, commentId));
      if (stored === null) throw new ApiError("not_found", `There is no comment ${commentId}`);
      return json(stored, { etag: etag(stored.seq), "lectern-seq": String(layer.room.seq) });
    },

    async update(input, context) {
      const layer = await forWriting(context);
      const record = commentRecord(layer, input.commentId);
      const content = input.content === undefined ? { ok: true as const, data: {} } : fromContent(input.content, "$.content", true);
      if (!content.ok) throw failed(content.failingPaths);
      const ifSeq = ifMatch(context);
      const ops: Op[] = [];
      if (Object.keys(content.data).length > 0 || (ifSeq !== undefined && ifSeq !== record.seq))
        ops.push(ifSeq === undefined ? ["u", record.id, content.data] : ["u", record.id, content.data, ifSeq]);
      if (input.group !== undefined && input.group !== record.grp) ops.push(["g", record.id, input.group]);
      const userId = writer(context, input, "$");
      if (ops.length > 0) await commit(context, layer, ops, { userId }).catch((error: unknown) => rethrow(error, "$.content"));
      return shown(layer, record.id);
    },

    async delete({ commentId }, context) {
      const layer = await forWriting(context);
      commentRecord(layer, commentId);
      const ifSeq = ifMatch(context);
      const op: Op = ifSeq === undefined ? ["d", commentId] : ["d", commentId, ifSeq];
      const seq = await commit(context, layer, [op], { userId: writer(context, {}, "$") });
      return json({ data: { id: commentId, seq } }, { "lectern-seq": String(seq) });
    },

    resolve: setState("resolved"),
    reopen: setState("reopened"),

    async react({ commentId, emoji, user_id }, context) {
      const layer = await forWriting(context);
      commentRecord(layer, commentId);
      const userId = writer(context, { user_id }, "$");
      const id = reactionId(commentId, userId, emoji);
      if (layer.room.record(id, FULL_GRANTS)?.deleted !== false)
        await commit(context, layer, [["c", id, "reaction", { comment: commentId, emoji }]], { userId });
      return shown(layer, commentId);
    },

    async unreact({ commentId, emoji, user_id }, context) {
      const layer = await forWriting(context);
      commentRecord(layer, commentId);
      const userId = writer(context, { user_id }, "$");
      const id = reactionId(commentId, userId, emoji);
      if (layer.room.record(id, layer.grants)?.deleted === false) await commit(context, layer, [["d", id]], { userId });
      return shown(layer, commentId);
    },

    async unread({ minSeq }, context) {
      const userId = personOf(context.caller.session.userId);
      return seenReply(await read(context, minSeq), userId);
    },

    async markSeen({ seq, history }, context) {
      const userId = personOf(context.caller.session.userId);
      const layer = await read(context, undefined);
      for (const [name, wanted = 0] of [
        ["seq", seq],
        ["history", history],
      ] as const) {
        if (wanted > layer.room.seq) await layer.room.reach(wanted).catch(() => undefined);
        if (wanted <= layer.room.seq) continue;
        throw new ApiError("invalid_parameters", `$.${name}: the layer is at ${layer.room.seq}`, {
          failingPaths: [{ path: `$.${name}`, details: `the layer is at ${layer.room.seq}` }],
        });
      }
      const all = seq ?? (history === undefined ? layer.room.seq : 0);
      await keepSeen(database, { layerId: layer.layer.id, userId, seq: all, history: history ?? 0 });
      return seenReply(layer, userId);
    },
  };
}

const DOCUMENT_MARKER = {
  type: "comment-marker",
  page: null,
  geometry: { bbox: [0, 0, MARKER, MARKER] },
  appearance: {},
} as const;

/** What a person has seen belongs to that person. */
function personOf(userId: string | null): string {
  if (userId !== null) return userId;
  throw new ApiError("invalid_parameters", "This session has no user_id, so nothing can be kept for its user");
}

/** As it is shown to others, when the session says so. */
function nameOf({ access }: RecordContext): { readonly creatorName?: string } {
  return access.name === null ? {} : { creatorName: access.name.slice(0, 256) };
}

/** Neighbours of one writer. */
function byWriter(planned: readonly Planned[]): Planned[][] {
  const found: Planned[][] = [];
  for (const item of planned) {
    const last = found.at(-1);
    if (last?.[0]!.userId === item.userId) last.push(item);
    else found.push([item]);
  }
  return found;
}

function failed(failingPaths: readonly FailingPath[]): ApiError {
  const first = failingPaths[0]!;
  return new ApiError("unprocessable", `${first.path}: ${first.details}`, { failingPaths });
}

type Describe = (error: ApiError, failures: readonly FailingPath[]) => ApiError;

/** The published form of a refusal: one entry for each comment, empty for those that are right. */
function describing(count: number, withRoot: boolean): Describe {
  return (error, failures) => {
    const entry = (path: string): object => {
      const own = failures.filter((failure) => failure.path === path || failure.path.startsWith(`${path}.`));
      return own.length === 0 ? {} : { error: error.code, details: own[0]!.details, failingPaths: own };
    };
    return new ApiError(error.code, error.message, {
      ...(failures.length === 0 ? {} : { failingPaths: failures }),
      extra: {
        details: error.message,
        error: error.code,
        ...(withRoot ? { annotation: entry("$.annotation") } : {}),
        comments: Array.from({ length: count }, (_, index) => entry(`$.comments[${index}]`)),
      },
      cause: error,
    });
  };
}

/** The room names ops; the caller knows their places in the request. */
function located(error: ApiError, items: readonly Planned[], { room }: ReadLayer): FailingPath[] {
  if (error.failingPaths !== undefined) {
    return error.failingPaths.map(({ path, details }) => ({
      path: path.replace(/^\$\.ops\[(\d+)\]/, (_, index: string) => `${items[Number(index)]!.path}.content`),
      details,
    }));
  }
  if (error.code !== "exists") return items.map(({ path }) => ({ path, details: error.message }));
  return items.flatMap(({ id, path }) =>
    room.record(id, FULL_GRANTS) === null ? [] : [{ path: `${path}.id`, details: "exists already" }],
  );
}

function rethrow(error: unknown, path: string): never {
  if (!(error instanceof ApiError) || error.failingPaths === undefined) throw error;
  const failingPaths = error.failingPaths.map((failure) => ({ ...failure, path: failure.path.replace(/^\$\.ops\[\d+\]/, path) }));
  throw new ApiError(error.code, error.message, { failingPaths, cause: error });
}
