/** Bookmarks over HTTP, in the published shapes. Every operation exists for the default layer and below `…/layers/{layerName}`. */
import * as z from "zod";
import { RecordId } from "./annotation/common.ts";
import { DocumentId } from "./document.ts";
import { operation } from "./operation.ts";

const params = z.object({ documentId: DocumentId });
const one = z.object({ documentId: DocumentId, bookmarkId: RecordId });
const User = z.exactOptional(z.nullable(z.string().min(1).max(256)));
/** Checked by `readBookmark`. */
const Content = z.looseObject({ action: z.looseObject({ type: z.string() }) });

export const StoredBookmark = z.object({
  id: z.string(),
  content: z.looseObject({ type: z.string() }),
  createdBy: z.nullable(z.string()),
  updatedBy: z.nullable(z.string()),
  seq: z.int(),
});
const Changed = z.object({ data: StoredBookmark });
const written = ["not_found", "forbidden", "unprocessable", "limit_exceeded", "preparing", "gone"] as const;

export const bookmarks = {
  list: operation({
    method: "GET",
    path: "/documents/{documentId}/bookmarks",
    summary: "List the bookmarks in their order",
    auth: "either",
    layered: true,
    params,
    query: z.object({ minSeq: z.exactOptional(z.coerce.number().int().min(0)) }),
    response: z.object({ data: z.object({ bookmarks: z.array(StoredBookmark) }) }),
    errors: ["not_found", "preparing"],
  }),
  create: operation({
    method: "POST",
    path: "/documents/{documentId}/bookmarks",
    idempotencyKey: true,
    summary: "Create a bookmark behind the others",
    auth: "either",
    layered: true,
    params,
    body: z.object({ id: z.exactOptional(RecordId), content: Content, user_id: User }),
    response: z.object({ data: z.object({ id: z.string(), seq: z.int() }) }),
    errors: [...written, "exists"],
  }),
  update: operation({
    method: "PUT",
    path: "/documents/{documentId}/bookmarks/{bookmarkId}",
    summary: "Replace a bookmark",
    auth: "either",
    layered: true,
    params: one,
    body: z.object({ content: Content, user_id: User }),
    response: Changed,
    errors: [...written, "precondition_failed"],
  }),
  patch: operation({
    method: "PATCH",
    path: "/documents/{documentId}/bookmarks/{bookmarkId}",
    summary: "Change a bookmark's name or where it leads; null removes the name. `before` moves it before another one, null to the end",
    auth: "either",
    layered: true,
    params: one,
    body: z.object({
      content: z.exactOptional(z.looseObject({})),
      before: z.exactOptional(z.nullable(RecordId)),
      user_id: User,
    }),
    response: Changed,
    errors: [...written, "precondition_failed"],
  }),
  delete: operation({
    method: "DELETE",
    path: "/documents/{documentId}/bookmarks/{bookmarkId}",
    summary: "Delete a bookmark",
    auth: "either",
    layered: true,
    params: one,
    response: z.object({ data: z.object({ id: z.string(), seq: z.int() }) }),
    errors: [...written, "precondition_failed"],
  }),
} as const;
