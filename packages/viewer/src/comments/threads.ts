/** Threads out of records: what is said on which annotation, in what order, and what of it a filter lets through. Pure. */
import type { AnyRecord, RecordOf } from "@lectern/protocol";
import { isThreadResolved, mentionsOf } from "@lectern/protocol/plain";

export type CommentRecord = RecordOf<"comment">;
export type AnnotationRecord = RecordOf<"annotation">;
export type ReactionRecord = RecordOf<"reaction">;

export interface Thread {
  readonly root: AnnotationRecord;
  /** null: it is about the document. */
  readonly page: string | null;
  /** Oldest first; those that only resolve or reopen are among them. */
  readonly comments: readonly CommentRecord[];
  readonly isResolved: boolean;
}

export interface ThreadFilter {
  readonly state: "open" | "resolved" | "all";
  /** User id of somebody who has written in it; null: anybody. */
  readonly author: string | null;
  /** null: any page. */
  readonly page: string | null;
}

/** Resolves or reopens its thread without a word. */
export function isSilent({ data }: CommentRecord): boolean {
  return data.state !== undefined && data.text.value.trim() === "";
}

function byTime(a: AnyRecord, b: AnyRecord): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** In reading order: about the document first, then page by page from top to bottom. Threads on deleted pages are left out. */
export function threadsOf(records: Iterable<AnyRecord>, pages: readonly string[]): readonly Thread[] {
  const annotations = new Map<string, AnnotationRecord>();
  const said = new Map<string, CommentRecord[]>();
  for (const record of records) {
    if (record.kind === "annotation") annotations.set(record.id, record);
    if (record.kind !== "comment") continue;
    const list = said.get(record.data.root);
    if (list === undefined) said.set(record.data.root, [record]);
    else list.push(record);
  }
  const indexes = new Map(pages.map((id, index) => [id, index]));
  const place = ({ page }: Thread): number => (page === null ? -1 : indexes.get(page)!);
  const threads = [...said].flatMap(([rootId, comments]): Thread[] => {
    const root = annotations.get(rootId);
    if (root === undefined || comments.every(isSilent)) return [];
    const { page } = root.data;
    if (page !== null && !indexes.has(page)) return [];
    comments.sort(byTime);
    return [{ root, page, comments, isResolved: isThreadResolved(comments.map(({ data }) => data.state)) }];
  });
  const top = ({ root }: Thread): number => root.data.geometry.bbox[1];
  return threads.sort((a, b) => place(a) - place(b) || top(a) - top(b) || byTime(a.root, b.root));
}

export function filtered(threads: readonly Thread[], { state, author, page }: ThreadFilter): readonly Thread[] {
  return threads.filter(
    (thread) =>
      (state === "all" || thread.isResolved === (state === "resolved")) &&
      (page === null || thread.page === page) &&
      (author === null || thread.comments.some(({ createdBy }) => createdBy === author)),
  );
}

/** What was said or changed by somebody else after `seen`, and not looked at since. */
export function unreadOf(
  thread: Thread,
  { user, seen, read }: { readonly user: string | null; readonly seen: number; readonly read: ReadonlyMap<string, number> },
): readonly CommentRecord[] {
  if (user === null) return [];
  return thread.comments.filter((comment) => {
    const { id, seq, updatedBy } = comment;
    return updatedBy !== user && seq > seen && seq > (read.get(id) ?? -1) && !isSilent(comment);
  });
}

/** Emojis of a comment in the order in which they came, with who gave them. */
export function reactionsTo(
  reactions: readonly ReactionRecord[],
): readonly { readonly emoji: string; readonly from: readonly ReactionRecord[] }[] {
  const found = new Map<string, ReactionRecord[]>();
  for (const reaction of reactions.toSorted(byTime)) {
    const { emoji } = reaction.data;
    found.set(emoji, [...(found.get(emoji) ?? []), reaction]);
  }
  return [...found].map(([emoji, from]) => ({ emoji, from }));
}

/** Users whom the comment names and did not name before. */
export function newMentions(before: CommentRecord | undefined, after: CommentRecord): readonly string[] {
  const known = new Set(before === undefined ? [] : mentionsOf(before.data));
  return mentionsOf(after.data).filter((user) => !known.has(user));
}
