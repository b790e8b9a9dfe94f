/** Routes of bookmarks: places that a reader marked, in an order of their own. The room checks who may. */
import { type Bookmark, bookmarkJson, type Op, readBookmark, type RecordOf, sortedBookmarks } from "@lectern/protocol";
import { ApiError, newId, orderBetween } from "@lectern/protocol/plain";
import type { Handlers } from "../handlers.ts";
import { orderAfter, patchOf } from "@lectern/pdf/exchange";
import { type AnnotationRoutesDeps, etag, idFrom, ifMatch, json, sidsOf, unprocessable } from "../layers/annotation-routes.ts";
import { type LayerContext, writerOf } from "../layers/caller.ts";
import { layerFor, type ReadLayer } from "../layers/reading.ts";

type BookmarkRecord = RecordOf<"bookmark">;

export function bookmarkRoutes(deps: AnnotationRoutesDeps): Handlers["bookmarks"] {
  const { clock, random } = deps;
  const forWriting = (context: LayerContext): Promise<ReadLayer> =>
    layerFor(deps.reading, context.access, { address: context.address, signal: context.signal, create: true });

  async function commit(
    context: LayerContext,
    layer: ReadLayer,
    ops: readonly Op[],
    { userId, sid }: { readonly userId: string | null | undefined; readonly sid?: string | undefined },
  ): Promise<number> {
    if (context.access.sessionId !== null) {
      const { allowed, reset } = deps.ops.take(`session ${context.access.sessionId}`, 1);
      if (!allowed) throw new ApiError("rate_limited", undefined, { retryAfter: reset });
    }
    const repeatable = sid === undefined ? {} : { sid };
    const caller = { grants: layer.grants, session: layer.sessionId, userId: writerOf(context, userId), ...repeatable };
    try {
      return (await layer.room.commit(ops, caller)).seq;
    } catch (error) {
      if (!(error instanceof ApiError) || error.failingPaths === undefined) throw error;
      const failingPaths = error.failingPaths.map(({ path, details }) => ({ path: path.replace(/^\$\.ops\[\d+\]/, "$.content"), details }));
      throw new ApiError(error.code, error.message, { failingPaths, cause: error });
    }
  }

  /** Writes a patch, or, with nothing to change, says which state it was made for all the same. */
  async function change(
    context: LayerContext,
    layer: ReadLayer,
    record: BookmarkRecord,
    { patch, userId }: { readonly patch: Record<string, unknown>; readonly userId: string | null | undefined },
  ) {
    const ifSeq = ifMatch(context);
    if (Object.keys(patch).length > 0 || (ifSeq !== undefined && ifSeq !== record.seq))
      await commit(context, layer, [ifSeq === undefined ? ["u", record.id, patch] : ["u", record.id, patch, ifSeq]], { userId });
    const after = stored(layer, liveBookmark(layer, record.id));
    if (after === null) throw new ApiError("gone", "The page that it leads to has been deleted since");
    return json({ data: after }, { etag: etag(after.seq), "lectern-seq": String(layer.room.seq) });
  }

  return {
    async list({ minSeq }, context) {
      const layer = await layerFor(deps.reading, context.access, context);
      if (minSeq !== undefined) await layer.room.reach(minSeq);
      const bookmarks = bookmarksOf(layer).flatMap((record) => stored(layer, record) ?? []);
      return json({ data: { bookmarks } }, { "lectern-seq": String(layer.room.seq) });
    },
    async create(input, context) {
      const layer = await forWriting(context);
      const sids = sidsOf(context, input);
      const id = input.id ?? (sids === null ? newId(clock.now(), random(10)) : idFrom(sids("id")));
      const data = { ...read(input.content, layer), order: orderAfter(bookmarksOf(layer)) };
      const seq = await commit(context, layer, [["c", id, "bookmark", data]], { userId: input.user_id, sid: sids?.("0") });
      return json({ data: { id, seq } }, { "lectern-seq": String(seq) });
    },
    async update({ bookmarkId, content, user_id: userId }, context) {
      const layer = await forWriting(context);
      const record = liveBookmark(layer, bookmarkId);
      const { order: _order, ...before } = record.data;
      return change(context, layer, record, { patch: patchOf(before, read(content, layer), []), userId });
    },
    async patch({ bookmarkId, content, before, user_id: userId }, context) {
      const layer = await forWriting(context);
      const record = liveBookmark(layer, bookmarkId);
      const { order: _order, ...data } = record.data;
      let patch: Record<string, unknown> = {};
      if (content !== undefined) {
        const current = bookmarkJson(record.id, data, layer.pages());
        if (current === null && content["action"] === undefined) throw new ApiError("gone", "The page that it leads to has been deleted");
        const whole = Object.fromEntries(Object.entries({ ...current, ...content }).filter(([, value]) => value !== null));
        patch = patchOf(data, read(whole, layer), []);
      }
      if (before !== undefined) patch["order"] = orderBefore(layer, record, before);
      return change(context, layer, record, { patch, userId });
    },
    async delete({ bookmarkId }, context) {
      const layer = await forWriting(context);
      const { id } = liveBookmark(layer, bookmarkId);
      const ifSeq = ifMatch(context);
      const seq = await commit(context, layer, [ifSeq === undefined ? ["d", id] : ["d", id, ifSeq]], { userId: undefined });
      return json({ data: { id, seq } }, { "lectern-seq": String(seq) });
    },
  };
}

function bookmarksOf({ room, grants }: ReadLayer): BookmarkRecord[] {
  return sortedBookmarks(room.snapshot(grants).records.flatMap((record) => (record.kind === "bookmark" ? [record] : [])));
}

/** Throws ApiError `not_found`, `gone`. */
function liveBookmark({ room, grants }: ReadLayer, id: string): BookmarkRecord {
  const record = room.record(id, grants);
  if (record === null || record.kind !== "bookmark") throw new ApiError("not_found", `There is no bookmark ${id}`);
  if (record.deleted) throw new ApiError("gone", `The bookmark ${id} has been deleted`);
  return record;
}

/** null: it leads to a page that has been deleted. */
function stored(layer: ReadLayer, { id, data, createdBy, updatedBy, seq }: BookmarkRecord) {
  const content = bookmarkJson(id, data, layer.pages());
  return content === null ? null : { id, content: content as { type: string }, createdBy, updatedBy, seq };
}

/** Throws ApiError `unprocessable`. */
function read(content: unknown, layer: ReadLayer): Bookmark {
  const bookmark = readBookmark(content, layer.pages(), "$.content");
  if (bookmark.ok) return bookmark.value;
  const first = bookmark.failingPaths[0]!;
  throw new ApiError("unprocessable", `${first.path}: ${first.details}`, { failingPaths: bookmark.failingPaths });
}

function orderBefore(layer: ReadLayer, moved: BookmarkRecord, before: string | null): string {
  const others = bookmarksOf(layer).filter(({ id }) => id !== moved.id);
  if (before === null) return orderAfter(others);
  const place = others.findIndex(({ id }) => id === before);
  if (place < 0) throw unprocessable("$.before", "there is no such bookmark");
  return orderBetween(others[place - 1]?.data.order ?? null, others[place]!.data.order ?? null);
}
