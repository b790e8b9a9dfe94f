/** @jsxImportSource preact */
/** All threads beside the pages: for whoever cannot see or point at the page it is the same discussion. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Composer } from "./composer.tsx";
import { type CardContext, ThreadCard } from "./thread-card.tsx";
import type { ThreadFilter } from "./threads.ts";

export interface ThreadListProps {
  readonly context: CardContext;
  /** In the order of the document. */
  readonly pages: () => readonly string[];
  /** Shows it on its page. */
  readonly onShow: (rootId: string) => void;
}

const STATES = ["open", "resolved", "all"] as const;
/** After so long everything that the list shows has been looked at. Milliseconds. */
const LOOKED_MS = 2500;

export function ThreadList({ context, pages, onShow }: ThreadListProps): JSX.Element {
  const { discussion, t } = context;
  const { filter, shown, threads, authors, rights } = discussion;
  void rights.value;
  const open = useSignal<string | null>(null);
  const set = (more: Partial<ThreadFilter>): void => void (filter.value = { ...filter.value, ...more });
  const count = threads.value.length;
  useEffect(() => {
    const timer = setTimeout(() => discussion.readAll(), LOOKED_MS);
    return () => clearTimeout(timer);
  }, [count]);
  const commented = [...new Set(threads.value.flatMap(({ page }) => (page === null ? [] : [page])))];
  const numbers = commented.map((id) => ({ id, index: pages().indexOf(id) })).sort((a, b) => a.index - b.index);
  return (
    <section class="lc-panel" aria-label={t("sidebar.comments")}>
      <div class="lc-filters">
        <div class="lc-states" role="group" aria-label={t("comments.filter-state")}>
          {STATES.map((state) => (
            <button key={state} class="lc-state" type="button" aria-pressed={filter.value.state === state} onClick={() => set({ state })}>
              {t(`comments.state.${state}`)}
            </button>
          ))}
        </div>
        <div class="lc-selects">
          <select
            aria-label={t("comments.filter-author")}
            value={filter.value.author ?? ""}
            onChange={(event) => set({ author: event.currentTarget.value || null })}
          >
            <option value="">{t("comments.everybody")}</option>
            {authors.value.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
          <select
            aria-label={t("comments.filter-page")}
            value={filter.value.page ?? ""}
            onChange={(event) => set({ page: event.currentTarget.value || null })}
          >
            <option value="">{t("comments.all-pages")}</option>
            {numbers.map(({ id, index }) => (
              <option key={id} value={id}>
                {t("page.label", { page: index + 1 })}
              </option>
            ))}
          </select>
        </div>
      </div>
      <div class="lc-list" role={shown.value.length === 0 ? undefined : "list"}>
        {shown.value.length === 0 && <p class="empty">{t(count === 0 ? "comments.none" : "comments.none-here")}</p>}
        {shown.value.map((thread) => {
          const { id } = thread.root;
          const isOpen = open.value === id;
          return (
            <div key={id} role="listitem" class="lc-item" data-open={isOpen}>
              <ThreadCard
                context={context}
                thread={thread}
                folded={!isOpen}
                focusReply={false}
                onShow={() => {
                  open.value = id;
                  if (thread.page !== null) onShow(id);
                }}
                onClose={isOpen ? () => (open.value = null) : undefined}
              />
            </div>
          );
        })}
      </div>
      {discussion.mayStart({ kind: "document" }) && (
        <div class="lc-about">
          <Composer
            label={t("comments.about-document")}
            sendLabel={t("comments.send")}
            users={() => discussion.mentionable()}
            autoFocus={false}
            t={t}
            onSend={(words) => void (open.value = discussion.start({ kind: "document" }, words))}
          />
        </div>
      )}
    </section>
  );
}
