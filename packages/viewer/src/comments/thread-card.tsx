/** @jsxImportSource preact */
/** One thread: who said what and when, with what can be done about it. The same in the list and beside the page. */
import Check from "lucide/dist/esm/icons/check.mjs";
import Pencil from "lucide/dist/esm/icons/pencil.mjs";
import RotateCcw from "lucide/dist/esm/icons/rotate-ccw.mjs";
import Smile from "lucide/dist/esm/icons/face-slightly-smiling-plus.mjs";
import Trash from "lucide/dist/esm/icons/trash.mjs";
import X from "lucide/dist/esm/icons/x.mjs";
import { type CommentState, segmentsOf } from "@lectern/protocol/plain";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Icon, type IconNode } from "../ui/icon.tsx";
import type { Translate } from "../ui/locale.ts";
import { Avatar } from "./avatar.tsx";
import { Composer } from "./composer.tsx";
import type { Discussion } from "./discussion.ts";
import { type CommentRecord, isSilent, reactionsTo, type Thread } from "./threads.ts";

export const EMOJIS = ["👍", "❤️", "😄", "🎉", "👀", "✅"] as const;

export interface CardContext {
  readonly discussion: Discussion;
  /** What was typed and is not sent, by root. */
  readonly drafts: Map<string, string>;
  readonly pageNumber: (pageId: string) => number;
  readonly timeOf: (ms: number) => string;
  readonly t: Translate;
}

export interface ThreadCardProps {
  readonly context: CardContext;
  readonly thread: Thread;
  /** In the list a thread folds to its first words and the number of the others. */
  readonly folded: boolean;
  readonly focusReply: boolean;
  /** Shows it on the page. */
  readonly onShow?: (() => void) | undefined;
  readonly onClose?: (() => void) | undefined;
}

/** "Page 3", or that it is about the document. */
export function placeName(thread: Thread, { pageNumber, t }: CardContext): string {
  return thread.page === null ? t("comments.document") : t("page.label", { page: pageNumber(thread.page) });
}

export function ThreadCard({ context, thread, folded, focusReply, onShow, onClose }: ThreadCardProps): JSX.Element {
  const { discussion, drafts, t } = context;
  // Rights may change while it is open.
  void discussion.rights.value;
  const said = thread.comments.filter((comment) => !isSilent(comment));
  const first = said[0]!;
  const rootId = thread.root.id;
  const shown = folded ? [first] : thread.comments;
  const unread = thread.comments.filter(({ id }) => discussion.unread.value.has(id)).length;
  const mayReply = discussion.mayReply(thread);
  useEffect(() => {
    if (!folded) return () => discussion.read(thread.comments);
    return undefined;
  }, [folded, thread.comments.length]);
  return (
    <article
      class="lc-thread"
      data-resolved={thread.isResolved}
      data-unread={unread > 0}
      aria-label={t("comments.thread", { name: discussion.person(first).name, place: placeName(thread, context) })}
    >
      <header class="lc-top">
        {onShow === undefined ? (
          <span class="lc-place">{placeName(thread, context)}</span>
        ) : (
          <button class="lc-place lc-link" type="button" onClick={onShow}>
            {placeName(thread, context)}
          </button>
        )}
        {unread > 0 && <span class="lc-new">{t("comments.new", { count: unread })}</span>}
        {thread.isResolved && <span class="lc-chip">{t("comments.resolved")}</span>}
        <span class="lc-end">
          {discussion.mayResolve(thread) && (
            <Action
              node={thread.isResolved ? RotateCcw : Check}
              label={t(thread.isResolved ? "comments.reopen" : "comments.resolve")}
              onClick={() => discussion.setResolved(thread, !thread.isResolved)}
            />
          )}
          {onClose !== undefined && <Action node={X} label={t("comments.close")} onClick={onClose} />}
        </span>
      </header>
      <ol class="lc-comments">
        {shown.map((comment) => (
          <Comment key={comment.id} comment={comment} context={context} />
        ))}
      </ol>
      {folded && said.length > 1 && (
        <button class="lc-more lc-link" type="button" onClick={onShow}>
          {t(said.length === 2 ? "comments.one-reply" : "comments.replies", { count: said.length - 1 })}
        </button>
      )}
      {!folded && mayReply && (
        <Composer
          key={rootId}
          label={t("comments.reply")}
          sendLabel={t("comments.send")}
          draft={drafts.get(rootId) ?? ""}
          users={() => discussion.mentionable()}
          autoFocus={focusReply}
          t={t}
          onDraft={(text) => (text === "" ? drafts.delete(rootId) : drafts.set(rootId, text))}
          onSend={(words) => discussion.reply(rootId, words)}
          onCancel={onClose}
        />
      )}
    </article>
  );
}

const EVENTS = {
  resolved: "comments.did-resolve",
  reopened: "comments.did-reopen",
  accepted: "comments.did-accept",
  rejected: "comments.did-reject",
  cancelled: "comments.did-cancel",
  marked: "comments.did-mark",
  unmarked: "comments.did-unmark",
} as const satisfies Record<CommentState, string>;

function Comment({ comment, context }: { readonly comment: CommentRecord; readonly context: CardContext }): JSX.Element {
  const { discussion, timeOf, t } = context;
  const editing = useSignal(false);
  const picking = useSignal(false);
  const { name, color } = discussion.person(comment);
  const time = timeOf(comment.createdAt);
  if (isSilent(comment)) {
    return (
      <li class="lc-event lc-muted">
        {t(EVENTS[comment.data.state ?? "reopened"], { name })} · {time}
      </li>
    );
  }
  const reactions = reactionsTo(discussion.reactions(comment.id));
  const mayReact = discussion.mayReact(comment);
  const isEdited = comment.updatedAt > comment.createdAt;
  return (
    <li class="lc-comment" data-unread={discussion.unread.value.has(comment.id)}>
      <Avatar name={name} color={color} />
      <div class="lc-said">
        <div class="lc-who">
          <strong>{name}</strong>
          <time class="lc-muted" dateTime={comment.createdAt > 0 ? new Date(comment.createdAt).toISOString() : undefined}>
            {time}
            {isEdited && ` · ${t("comments.edited")}`}
          </time>
          <span class="lc-actions">
            {mayReact && (
              <Action node={Smile} label={t("comments.react")} expanded={picking.value} onClick={() => (picking.value = !picking.value)} />
            )}
            {discussion.mayEdit(comment) && <Action node={Pencil} label={t("comments.edit")} onClick={() => (editing.value = true)} />}
            {discussion.mayDelete(comment) && (
              <Action node={Trash} label={t("comments.delete")} danger onClick={() => discussion.remove(comment)} />
            )}
          </span>
        </div>
        {editing.value ? (
          <Composer
            label={t("comments.edit")}
            sendLabel={t("comments.save")}
            text={comment.data.text}
            users={() => discussion.mentionable()}
            autoFocus
            t={t}
            onSend={(words) => {
              discussion.edit(comment, words);
              editing.value = false;
            }}
            onCancel={() => (editing.value = false)}
          />
        ) : (
          <p class="lc-words">
            {segmentsOf(comment.data.text).map(({ text, user }, index) =>
              user === null ? (
                text
              ) : (
                <span key={index} class="lc-mention">
                  {text}
                </span>
              ),
            )}
          </p>
        )}
        {picking.value && (
          <div class="lc-picker" role="group" aria-label={t("comments.react")}>
            {EMOJIS.map((emoji) => (
              <button
                key={emoji}
                class="lc-emoji"
                type="button"
                aria-label={t("comments.react-with", { emoji })}
                onClick={() => {
                  discussion.toggleReaction(comment, emoji);
                  picking.value = false;
                }}
              >
                {emoji}
              </button>
            ))}
          </div>
        )}
        {reactions.length > 0 && (
          <div class="lc-reactions">
            {reactions.map(({ emoji, from }) => {
              const names = from.map((one) => discussion.person(one).name).join(", ");
              return (
                <button
                  key={emoji}
                  class="lc-reaction"
                  type="button"
                  disabled={!mayReact}
                  title={names}
                  aria-label={t("comments.reaction", { emoji, names, count: from.length })}
                  aria-pressed={from.some((one) => discussion.isMine(one))}
                  onClick={() => discussion.toggleReaction(comment, emoji)}
                >
                  {emoji} <span>{from.length}</span>
                </button>
              );
            })}
          </div>
        )}
      </div>
    </li>
  );
}

interface ActionProps {
  readonly node: IconNode;
  readonly label: string;
  readonly onClick: () => void;
  readonly danger?: boolean;
  readonly expanded?: boolean;
}

function Action({ node, label, onClick, danger = false, expanded }: ActionProps): JSX.Element {
  return (
    <button
      class={`button narrow lc-action${danger ? " lc-danger" : ""}`}
      type="button"
      title={label}
      aria-label={label}
      aria-expanded={expanded}
      onClick={onClick}
    >
      <Icon node={node} />
    </button>
  );
}
