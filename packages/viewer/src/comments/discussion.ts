/**
 * What the comment list, the cards and the pins share: threads as a signal, what may be done with them, and doing it. Knows no DOM. Reads the
 * records, writes through the sync client, tells events.
 */
import type { CommentMarker, Point } from "@lectern/protocol";
import { can, type Grants, reactionId, type RecordHead, type Segment, textOf } from "@lectern/protocol/plain";
import type { RecordsChanged, SyncClient } from "@lectern/sync/client";
import { batch, type ReadonlySignal, type Signal, computed, signal } from "@preact/signals";
import type { Events } from "../events.ts";
import type { Unsubscribe } from "../parts.ts";
import type { MentionableUser } from "../public-types.ts";
import { colorOf } from "./people.ts";
import {
  type AnnotationRecord,
  type CommentRecord,
  filtered,
  newMentions,
  type ReactionRecord,
  type Thread,
  type ThreadFilter,
  threadsOf,
  unreadOf,
} from "./threads.ts";

/** Points a side. */
export const MARKER_SIDE = 24;
const MARKER_COLOR = "#f2b400";

export interface DiscussionOptions {
  readonly client: SyncClient;
  readonly events: Events;
  readonly grants: () => Grants;
  readonly user: { readonly id: string | null; readonly name: string; readonly color: string };
  readonly readOnly: boolean;
  /** Page ids in order. */
  readonly pages: () => readonly string[];
  readonly mentionableUsers: readonly MentionableUser[];
  /** How far this person has looked; with a seq: now up to there. */
  readonly seen: (seq: number | null) => Promise<number>;
  readonly anonymous: string;
}

/** Where a thread that does not exist yet will hang. */
export type Place =
  | { readonly kind: "marker"; readonly page: string; readonly point: Point }
  | { readonly kind: "root"; readonly id: string }
  | { readonly kind: "document" };

export interface Person {
  readonly name: string;
  readonly color: string;
}

export interface Discussion {
  readonly threads: ReadonlySignal<readonly Thread[]>;
  readonly filter: Signal<ThreadFilter>;
  readonly shown: ReadonlySignal<readonly Thread[]>;
  /** Ids of comments that are unread. */
  readonly unread: ReadonlySignal<ReadonlySet<string>>;
  /** Rights may have changed. */
  readonly rights: ReadonlySignal<number>;
  readonly authors: ReadonlySignal<readonly { readonly id: string; readonly name: string }[]>;
  threadOf(rootId: string): Thread | null;
  reactions(commentId: string): readonly ReactionRecord[];
  person(record: CommentRecord | AnnotationRecord | ReactionRecord): Person;
  nameOf(user: string): string;
  /** Those who can be mentioned: the page's list, and whoever is here or has written. */
  mentionable(): readonly MentionableUser[];
  isMine(record: { readonly createdBy: string | null }): boolean;
  mayStart(place: Place): boolean;
  mayReply(thread: Thread): boolean;
  mayResolve(thread: Thread): boolean;
  mayEdit(comment: CommentRecord): boolean;
  mayDelete(comment: CommentRecord): boolean;
  mayReact(comment: CommentRecord): boolean;
  mayMove(root: AnnotationRecord): boolean;
  /** The id of the annotation that the new thread hangs on. */
  start(place: Place, words: readonly Segment[]): string;
  reply(rootId: string, words: readonly Segment[]): void;
  edit(comment: CommentRecord, words: readonly Segment[]): void;
  remove(comment: CommentRecord): void;
  setResolved(thread: Thread, resolved: boolean): void;
  toggleReaction(comment: CommentRecord, emoji: string): void;
  move(root: AnnotationRecord, point: Point): void;
  /** These were looked at, here and now. */
  read(comments: readonly CommentRecord[]): void;
  /** All were looked at; kept for the next time. */
  readAll(): void;
  destroy(): void;
}

export function createDiscussion(options: DiscussionOptions): Discussion {
  const { client, events, grants, user, readOnly, pages, seen, anonymous } = options;
  const { records } = client;
  const threads = signal(threadsOf(records.all(), pages()));
  const reactions = signal(reactionsIn());
  const filter = signal<ThreadFilter>({ state: "open", author: null, page: null });
  const rights = signal(0);
  // Until it is known nothing is called unread.
  const seenSeq = signal(Number.POSITIVE_INFINITY);
  const readHere = signal<ReadonlyMap<string, number>>(new Map());
  const known = new Map<string, CommentRecord>();
  for (const record of records.all()) if (record.kind === "comment") known.set(record.id, record);

  const shown = computed(() => filtered(threads.value, filter.value));
  const unread = computed(() => {
    const state = { user: user.id, seen: seenSeq.value, read: readHere.value };
    return new Set(threads.value.flatMap((thread) => unreadOf(thread, state).map(({ id }) => id)));
  });
  const authors = computed(() => {
    const found = new Map<string, string>();
    for (const { comments } of threads.value)
      for (const one of comments) if (one.createdBy !== null) found.set(one.createdBy, person(one).name);
    return [...found].map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name));
  });

  function reactionsIn(): ReadonlyMap<string, readonly ReactionRecord[]> {
    const found = new Map<string, ReactionRecord[]>();
    for (const record of records.all()) {
      if (record.kind !== "reaction") continue;
      const list = found.get(record.data.comment);
      if (list === undefined) found.set(record.data.comment, [record]);
      else list.push(record);
    }
    return found;
  }

  function person(record: CommentRecord | AnnotationRecord | ReactionRecord): Person {
    const { createdBy } = record;
    const peer = client.peers.find((one) => one.userId !== null && one.userId === createdBy);
    const given = "creatorName" in record.data ? record.data.creatorName : undefined;
    const own = createdBy !== null && createdBy === user.id;
    const name = given || (own ? user.name : peer?.name) || (createdBy === null ? "" : nameOf(createdBy)) || anonymous;
    return { name, color: own ? user.color : (peer?.color ?? colorOf(createdBy ?? name)) };
  }

  function nameOf(id: string): string {
    if (id === user.id) return user.name || id;
    const listed = options.mentionableUsers.find((one) => one.id === id)?.name ?? client.peers.find((peer) => peer.userId === id)?.name;
    if (listed !== undefined) return listed;
    for (const comment of known.values()) if (comment.createdBy === id && comment.data.creatorName) return comment.data.creatorName;
    return id;
  }

  const ownHead = (kind: "annotation" | "comment"): RecordHead => ({ kind, createdBy: grants().userId, grp: grants().defaultGroup });
  const may = (...ask: Parameters<typeof can> extends [Grants, ...infer Rest] ? Rest : never): boolean =>
    !readOnly && can(grants(), ...ask);
  const mayReplyTo = (heads: readonly RecordHead[]): boolean => heads.some((head) => may("reply", head, null));

  function recordsChanged({ ids, origin, by }: RecordsChanged): void {
    const created: CommentRecord[] = [];
    const updated: CommentRecord[] = [];
    const deleted: string[] = [];
    const mentions: { comment: CommentRecord; users: readonly string[] }[] = [];
    let touched = false;
    let reacted = false;
    for (const id of ids) {
      const record = records.get(id);
      const before = known.get(id);
      if (record?.kind === "comment") {
        (before === undefined ? created : updated).push(record);
        const users = newMentions(before, record);
        if (users.length > 0) mentions.push({ comment: record, users });
        known.set(id, record);
        touched = true;
      } else if (known.delete(id)) {
        deleted.push(id);
        touched = true;
      }
      if (record === undefined || record.kind === "annotation" || record.kind === "page") touched = true;
      if (record === undefined || record.kind === "reaction") reacted = true;
    }
    batch(() => {
      if (touched) threads.value = threadsOf(records.all(), pages());
      if (reacted) reactions.value = reactionsIn();
    });
    const from = { origin, by };
    if (created.length > 0) events.emit("comments.create", { comments: created }, from);
    if (updated.length > 0) events.emit("comments.update", { comments: updated }, from);
    if (deleted.length > 0) events.emit("comments.delete", { ids: deleted }, from);
    for (const mention of mentions) events.emit("comments.mention", mention, from);
  }

  const named = user.name === "" ? {} : { creatorName: user.name };
  const say = (root: string, words: readonly Segment[]): string => client.create("comment", { root, text: textOf(words), ...named });
  const marker = (page: string | null, [x, y]: Point): CommentMarker => ({
    type: "comment-marker",
    page,
    geometry: { bbox: [x, y, MARKER_SIDE, MARKER_SIDE] },
    appearance: { icon: "comment", color: MARKER_COLOR },
    ...named,
  });

  const stops: Unsubscribe[] = [records.onChange(recordsChanged), client.on("grants", () => void rights.value++)];
  seen(null).then((seq) => (seenSeq.value = seq), reportError);

  return {
    threads,
    filter,
    shown,
    unread,
    rights,
    authors,
    person,
    nameOf,
    threadOf: (rootId) => threads.value.find(({ root }) => root.id === rootId) ?? null,
    reactions: (commentId) => reactions.value.get(commentId) ?? [],
    mentionable() {
      const found = new Map<string, MentionableUser>(options.mentionableUsers.map((one) => [one.id, one]));
      for (const { userId, name } of client.peers)
        if (userId !== null && name !== "" && !found.has(userId)) found.set(userId, { id: userId, name });
      for (const { id, name } of authors.value) if (!found.has(id)) found.set(id, { id, name });
      if (user.id !== null) found.delete(user.id);
      return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
    },
    isMine: ({ createdBy }) => createdBy !== null && createdBy === user.id,
    mayStart(place) {
      const root = place.kind === "root" ? records.get(place.id) : null;
      if (root === undefined) return false;
      if (root === null && !may("create", null, ownHead("annotation"))) return false;
      return may("create", null, ownHead("comment")) || mayReplyTo([root ?? ownHead("annotation")]);
    },
    mayReply: ({ root, comments }) => may("create", null, ownHead("comment")) || mayReplyTo([root, ...comments]),
    mayResolve: ({ root, comments }) => mayReplyTo([root, ...comments]),
    mayEdit: (comment) => may("edit", comment, comment),
    mayDelete: (comment) => may("delete", comment, null),
    mayReact: (comment) => may("reply", comment, null),
    mayMove: (root) => root.data.type === "comment-marker" && root.data.lock !== true && may("edit", root, root),
    start(place, words) {
      return client.transact(() => {
        const root =
          place.kind === "root"
            ? place.id
            : client.create("annotation", place.kind === "document" ? marker(null, [0, 0]) : marker(place.page, place.point));
        say(root, words);
        return root;
      });
    },
    reply: (rootId, words) => void say(rootId, words),
    edit: (comment, words) => client.update(comment.id, { text: textOf(words) }),
    remove: (comment) => client.delete(comment.id),
    setResolved({ root, isResolved }, resolved) {
      if (isResolved === resolved) return;
      const state = resolved ? "resolved" : "reopened";
      client.create("comment", { root: root.id, text: { format: "plain", value: "" }, state, ...named });
    },
    toggleReaction(comment, emoji) {
      const id = reactionId(comment.id, user.id, emoji);
      if (records.get(id) === undefined) client.create("reaction", { comment: comment.id, emoji }, { id });
      else client.delete(id);
    },
    move: (root, [x, y]) => client.update(root.id, { geometry: { bbox: [x, y, root.data.geometry.bbox[2], root.data.geometry.bbox[3]] } }),
    read(comments) {
      const news = comments.filter(({ id, seq }) => (readHere.value.get(id) ?? -1) < seq);
      if (news.length > 0) readHere.value = new Map([...readHere.value, ...news.map(({ id, seq }): [string, number] => [id, seq])]);
    },
    readAll() {
      const last = Math.max(0, ...threads.value.flatMap(({ comments }) => comments.map(({ seq }) => seq)));
      if (user.id === null || last <= seenSeq.value) return;
      seen(last).then((seq) => (seenSeq.value = seq), reportError);
    },
    destroy() {
      for (const stop of stops) stop();
    },
  };
}
