/**
 * Comments over HTTP: threads that hang on an annotation, or on the document. Every operation exists for the default layer and below
 * `…/layers/{layerName}`. The published operations create and list; editing, deleting, resolving, reacting and what is unread are additions.
 */
import * as z from "zod";
import { RecordId, RichText } from "./annotation/common.ts";
import { Content } from "./annotations.ts";
import { DocumentId } from "./document.ts";
import { operation } from "./operation.ts";
import { COMMENT_STATES } from "./review.ts";

const params = z.object({ documentId: DocumentId });
const thread = z.object({ documentId: DocumentId, annotationId: RecordId });
const one = z.object({ documentId: DocumentId, commentId: RecordId });
const User = z.exactOptional(z.nullable(z.string().max(256)));
const Group = z.exactOptional(z.nullable(z.string().max(256)));
const minSeq = z.exactOptional(z.coerce.number().int().min(0));
const Emoji = z.string().min(1).max(32);

export const StoredComment = z.object({
  id: z.string(),
  content: z.looseObject({
    type: z.literal("pspdfkit/comment"),
    v: z.literal(2),
    /** The annotation that the thread hangs on. */
    rootId: z.string(),
    pageIndex: z.int(),
    text: RichText,
    /** What it says of its thread: resolved, reopened, or a state of a review. */
    state: z.exactOptional(z.enum(COMMENT_STATES)),
    mentions: z.array(z.string()),
    reactions: z.array(z.object({ emoji: z.string(), users: z.array(z.nullable(z.string())) })),
  }),
  createdBy: z.nullable(z.string()),
  updatedBy: z.nullable(z.string()),
  group: z.nullable(z.string()),
  seq: z.int(),
});
const Listed = z.object({ data: z.object({ comments: z.array(StoredComment) }) });
const Made = z.object({ id: z.string() });
/** Each is checked by itself, so that the answer can name all that are wrong. */
const Given = z.array(z.unknown()).min(1).max(200);
const Threads = z.object({
  data: z.object({
    threads: z.array(
      z.object({
        rootId: z.string(),
        /** null: it is about the document as a whole. */
        pageIndex: z.nullable(z.int()),
        isResolved: z.boolean(),
        comments: z.array(StoredComment),
      }),
    ),
  }),
});
const State = z.object({ data: z.object({ rootId: z.string(), isResolved: z.boolean(), id: z.nullable(z.string()), seq: z.int() }) });
const Deleted = z.object({ data: z.object({ id: z.string(), seq: z.int() }) });
const Seen = z.object({
  data: z.object({
    /** Comments that were made or changed up to here have been looked at. */
    seq: z.int(),
    /** So far its user has looked at the layer's history. */
    history: z.int(),
    unread: z.int(),
    threads: z.array(z.object({ rootId: z.string(), unread: z.int() })),
  }),
});

const read = ["not_found", "preparing"] as const;
const written = ["not_found", "forbidden", "unprocessable", "limit_exceeded", "preparing", "gone"] as const;
const at = "/documents/{documentId}/annotations/{annotationId}";
const common = { auth: "either", layered: true } as const;

export const comments = {
  create: operation({
    ...common,
    method: "POST",
    path: "/documents/{documentId}/comments",
    idempotencyKey: true,
    summary: "Start a thread: its root and its first comments. Without `annotation` it is about the document",
    params,
    body: z.object({
      annotation: z.exactOptional(z.object({ content: Content, id: z.exactOptional(RecordId), user_id: User, group: Group })),
      comments: Given,
    }),
    response: z.object({ data: z.object({ annotation: Made, comments: z.array(Made), seq: z.int() }) }),
    errors: [...written, "exists"],
  }),
  listAll: operation({
    ...common,
    method: "GET",
    path: "/documents/{documentId}/comments",
    summary: "List all threads, in the order of the pages",
    params,
    query: z.object({
      minSeq,
      state: z.exactOptional(z.enum(["open", "resolved"])),
      /** Threads in which this user has written. */
      author: z.exactOptional(z.string().max(256)),
      pageIndex: z.exactOptional(z.coerce.number().int().min(0)),
    }),
    response: Threads,
    errors: read,
  }),
  append: operation({
    ...common,
    method: "POST",
    path: `${at}/comments`,
    idempotencyKey: true,
    summary: "Add comments to the thread of an annotation",
    params: thread,
    body: z.object({ comments: Given }),
    response: z.object({ data: z.object({ comments: z.array(Made), seq: z.int() }) }),
    errors: [...written, "exists"],
  }),
  list: operation({
    ...common,
    method: "GET",
    path: `${at}/comments`,
    summary: "List the comments of an annotation, oldest first",
    params: thread,
    query: z.object({ minSeq }),
    response: Listed,
    errors: [...read, "gone"],
  }),
  get: operation({
    ...common,
    method: "GET",
    path: "/documents/{documentId}/comments/{commentId}",
    summary: "Get a comment",
    params: one,
    query: z.object({ minSeq }),
    response: StoredComment,
    errors: [...read, "gone"],
  }),
  update: operation({
    ...common,
    method: "PATCH",
    path: "/documents/{documentId}/comments/{commentId}",
    summary: "Change a comment; null removes a property",
    params: one,
    body: z.object({ content: z.exactOptional(z.unknown()), user_id: User, group: Group }),
    response: z.object({ data: StoredComment }),
    errors: [...written, "precondition_failed"],
  }),
  delete: operation({
    ...common,
    method: "DELETE",
    path: "/documents/{documentId}/comments/{commentId}",
    summary: "Delete a comment; the last one takes its marker with it",
    params: one,
    response: Deleted,
    errors: [...written, "precondition_failed"],
  }),
  resolve: operation({
    ...common,
    method: "POST",
    path: `${at}/comments/resolve`,
    idempotencyKey: true,
    summary: "Resolve the thread of an annotation",
    params: thread,
    body: z.object({ user_id: User }),
    response: State,
    errors: written,
  }),
  reopen: operation({
    ...common,
    method: "POST",
    path: `${at}/comments/reopen`,
    idempotencyKey: true,
    summary: "Reopen the thread of an annotation",
    params: thread,
    body: z.object({ user_id: User }),
    response: State,
    errors: written,
  }),
  react: operation({
    ...common,
    method: "POST",
    path: "/documents/{documentId}/comments/{commentId}/reactions",
    summary: "React to a comment; once for each person and emoji",
    params: one,
    body: z.object({ emoji: Emoji, user_id: User }),
    response: z.object({ data: StoredComment }),
    errors: written,
  }),
  unreact: operation({
    ...common,
    method: "DELETE",
    path: "/documents/{documentId}/comments/{commentId}/reactions",
    summary: "Take a reaction back",
    params: one,
    body: z.object({ emoji: Emoji, user_id: User }),
    response: z.object({ data: StoredComment }),
    errors: written,
  }),
  unread: operation({
    ...common,
    auth: "token",
    method: "GET",
    path: "/documents/{documentId}/seen",
    summary: "What the session's user has looked at, and how many comments are unread",
    params,
    query: z.object({ minSeq }),
    response: Seen,
    errors: [...read, "invalid_parameters"],
  }),
  markSeen: operation({
    ...common,
    auth: "token",
    method: "POST",
    path: "/documents/{documentId}/seen",
    summary:
      "The session's user has looked at everything up to `seq`, default now, or at the history up to `history` alone. Never goes back",
    params,
    body: z.object({ seq: z.exactOptional(z.int().min(0)), history: z.exactOptional(z.int().min(0)) }),
    response: Seen,
    errors: [...read, "invalid_parameters"],
  }),
} as const;
