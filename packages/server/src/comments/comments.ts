/** Comments as HTTP shows them, read from a room for one caller: what he may not see is not there. */
import { type AnyRecord, type Comment, CommentText, type Patch, type RecordOf } from "@lectern/protocol";
import { ApiError, type CommentState, type FailingPath, isThreadResolved, mentionsOf } from "@lectern/protocol/plain";
import type { ReadLayer } from "../layers/reading.ts";

type CommentRecord = RecordOf<"comment">;
type AnnotationRecord = RecordOf<"annotation">;

export interface StoredComment {
  readonly id: string;
  readonly content: {
    readonly type: "pspdfkit/comment";
    readonly v: 2;
    readonly id: string;
    readonly rootId: string;
    readonly pageIndex: number;
    readonly pageId: string;
    readonly text: Comment["text"];
    readonly createdAt: string;
    readonly updatedAt: string;
    readonly creatorName?: string;
    readonly customData?: Record<string, unknown>;
    readonly pdfObjectId?: number;
    readonly state?: CommentState;
    readonly mentions: string[];
    readonly reactions: { readonly emoji: string; readonly users: (string | null)[] }[];
  };
  readonly createdBy: string | null;
  readonly updatedBy: string | null;
  readonly group: string | null;
  readonly seq: number;
}

export interface Thread {
  readonly rootId: string;
  /** null: about the document as a whole. */
  readonly pageIndex: number | null;
  readonly isResolved: boolean;
  /** Oldest first. */
  readonly comments: StoredComment[];
}

export function byTime(a: AnyRecord, b: AnyRecord): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The annotation that a thread hangs on. Throws ApiError `not_found`, `gone`. */
export function threadRoot({ room, grants, pages }: ReadLayer, id: string): AnnotationRecord {
  const root = room.record(id, grants);
  if (root === null || root.kind !== "annotation") throw new ApiError("not_found", `There is no annotation ${id}`);
  if (root.deleted) throw new ApiError("gone", `The annotation ${id} has been deleted`);
  if (root.data.page !== null && pages().indexOf(root.data.page) === null) throw new ApiError("gone", "Its page has been deleted");
  return root;
}

/** The live comment. Throws ApiError `not_found`, `gone`. */
export function commentRecord(layer: ReadLayer, id: string): CommentRecord {
  const record = layer.room.record(id, layer.grants);
  if (record === null || record.kind !== "comment") throw new ApiError("not_found", `There is no comment ${id}`);
  if (record.deleted) throw new ApiError("gone", `The comment ${id} has been deleted`);
  return record;
}

/** Oldest first. */
export function commentsBelow({ room, grants }: ReadLayer, rootId: string): CommentRecord[] {
  return room
    .below(rootId, grants)
    .filter((record): record is Extract<typeof record, CommentRecord> => record.kind === "comment")
    .toSorted(byTime);
}

/** The last one that says something about it counts. */
export function isResolved(comments: readonly CommentRecord[]): boolean {
  return isThreadResolved(comments.map(({ data }) => data.state));
}

/** null: its root is hidden from the caller, or on a deleted page. A hidden root hides the thread's place, so the thread is not told either. */
export function storedComment(layer: ReadLayer, record: CommentRecord): StoredComment | null {
  const page = placeOf(layer, record.data.root);
  if (page === null) return null;
  const { id, data, createdAt, updatedAt, createdBy, updatedBy, grp, seq } = record;
  return {
    id,
    content: {
      type: "pspdfkit/comment",
      v: 2,
      id,
      rootId: data.root,
      pageIndex: page.pageIndex ?? 0,
      pageId: page.pageId,
      text: data.text,
      createdAt: new Date(createdAt).toISOString(),
      updatedAt: new Date(updatedAt).toISOString(),
      ...(data.creatorName === undefined ? {} : { creatorName: data.creatorName }),
      ...(data.custom === undefined ? {} : { customData: data.custom }),
      ...(data.pdfObjectId === undefined ? {} : { pdfObjectId: data.pdfObjectId }),
      ...(data.state === undefined ? {} : { state: data.state }),
      mentions: [...mentionsOf(data)],
      reactions: reactionsTo(layer, id),
    },
    createdBy,
    updatedBy,
    group: grp,
    seq,
  };
}

function placeOf(
  { room, grants, pages }: ReadLayer,
  rootId: string,
): { readonly pageIndex: number | null; readonly pageId: string } | null {
  const root = room.record(rootId, grants);
  if (root === null || root.kind !== "annotation" || root.deleted) return null;
  const { page } = root.data;
  if (page === null) return { pageIndex: null, pageId: pages().idAt(0) ?? "" };
  const pageIndex = pages().indexOf(page);
  return pageIndex === null ? null : { pageIndex, pageId: page };
}

function reactionsTo({ room, grants }: ReadLayer, commentId: string): StoredComment["content"]["reactions"] {
  const users = new Map<string, (string | null)[]>();
  for (const record of room.below(commentId, grants).toSorted(byTime)) {
    if (record.kind !== "reaction") continue;
    const { emoji } = record.data;
    users.set(emoji, [...(users.get(emoji) ?? []), record.createdBy]);
  }
  return [...users].map(([emoji, who]) => ({ emoji, users: who }));
}

/** Threads in the order of the pages; those about the document first. */
export function listThreads(layer: ReadLayer): Thread[] {
  const byRoot = new Map<string, CommentRecord[]>();
  for (const record of layer.room.snapshot(layer.grants).records) {
    if (record.kind === "comment") byRoot.set(record.data.root, [...(byRoot.get(record.data.root) ?? []), record]);
  }
  const threads = [...byRoot].flatMap(([rootId, records]): Thread[] => {
    const place = placeOf(layer, rootId);
    if (place === null) return [];
    const comments = records.toSorted(byTime);
    const shown = comments.map((record) => storedComment(layer, record)).filter((comment) => comment !== null);
    return [{ rootId, pageIndex: place.pageIndex, isResolved: isResolved(comments), comments: shown }];
  });
  return threads.sort(
    (a, b) =>
      (a.pageIndex ?? -1) - (b.pageIndex ?? -1) ||
      compare(a.comments[0]!.content.createdAt, b.comments[0]!.content.createdAt) ||
      compare(a.rootId, b.rootId),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Comments that somebody else made or changed since `seq`, by thread. */
export function unreadSince(layer: ReadLayer, userId: string, seq: number): { readonly rootId: string; readonly unread: number }[] {
  const unread = new Map<string, number>();
  for (const record of layer.room.snapshot(layer.grants).records) {
    if (record.kind !== "comment" || record.seq <= seq || record.updatedBy === userId) continue;
    // That a thread was resolved is no comment to read.
    if (record.data.state !== undefined && record.data.text.value.trim() === "") continue;
    const { root } = record.data;
    if (placeOf(layer, root) !== null) unread.set(root, (unread.get(root) ?? 0) + 1);
  }
  return [...unread].map(([rootId, count]) => ({ rootId, unread: count }));
}

const MEMBERS = new Set(["text", "creatorName", "customData", "mentions"]);

/** What a comment's published content says of its record; `partial`: only what is named, and null removes. */
export function fromContent(
  content: unknown,
  path: string,
  partial = false,
): { readonly ok: true; readonly data: Patch } | { readonly ok: false; readonly failingPaths: readonly FailingPath[] } {
  if (typeof content !== "object" || content === null || Array.isArray(content))
    return { ok: false, failingPaths: [{ path, details: "is not an object" }] };
  const given = content as Readonly<Record<string, unknown>>;
  const data: Record<string, unknown> = {};
  if (!partial || given["text"] !== undefined) {
    const text = CommentText.safeParse(given["text"]);
    if (!text.success)
      return { ok: false, failingPaths: [{ path: `${path}.text`, details: given["text"] == null ? "is missing" : "is not a text" }] };
    if (text.data.value.trim() === "") return { ok: false, failingPaths: [{ path: `${path}.text`, details: "is empty" }] };
    data["text"] = text.data;
  }
  for (const [member, value] of Object.entries(given)) {
    if (member === "text" || !MEMBERS.has(member) || value === undefined) continue;
    if (value === null && !partial) continue;
    data[member === "customData" ? "custom" : member] = value;
  }
  return { ok: true, data };
}
