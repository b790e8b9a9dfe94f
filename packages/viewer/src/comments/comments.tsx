/** @jsxImportSource preact */
/**
 * The discussion as the viewer uses it: pins on the pages, the card of the thread that is open, the list for the sidebar. A chunk of its own, fetched
 * after the first paint. What hangs where is `discussion.ts`.
 */
import { signal } from "@preact/signals";
import { type FunctionComponent, render } from "preact";
import type { Pages, ThreadWish, Unsubscribe } from "../parts.ts";
import { createFloats } from "../tools/floats.tsx";
import { DAY_AND_TIME, dateTimes } from "../ui/dates.ts";
import type { Translate } from "../ui/locale.ts";
import { adoptStyles } from "../ui/style.ts";
import css from "./comments.css?inline";
import { Composer } from "./composer.tsx";
import { createDiscussion, type Discussion, type DiscussionOptions, MARKER_SIDE, type Place } from "./discussion.ts";
import { createPins } from "./pins.ts";
import { type CardContext, ThreadCard } from "./thread-card.tsx";
import { ThreadList } from "./thread-list.tsx";

export interface CommentsOptions extends Omit<DiscussionOptions, "pages" | "anonymous"> {
  readonly pages: Pages;
  readonly root: ShadowRoot;
  /** What the tools ask for: a thread here, or on that. */
  readonly onWish: (listener: (wish: ThreadWish) => void) => Unsubscribe;
  readonly onUnread: (count: number) => void;
  readonly announce: (text: string) => void;
  readonly t: Translate;
}

export interface Comments {
  readonly discussion: Discussion;
  readonly Panel: FunctionComponent;
  close(): void;
}

/** CSS pixels of the pages' window below which the card lies at its foot. */
const NARROW = 560;

export function createComments(options: CommentsOptions): Comments {
  const { pages, root, t, announce } = options;
  adoptStyles(root, css);
  const discussion = createDiscussion({ ...options, pages: () => pages.order, anonymous: t("people.anonymous") });
  const floats = createFloats(pages);
  const opened = signal<{ readonly place: Place; readonly rootId: string | null; readonly focus: boolean } | null>(null);
  const times = dateTimes(t, DAY_AND_TIME);
  const context: CardContext = {
    discussion,
    drafts: new Map(),
    pageNumber: (pageId) => pages.order.indexOf(pageId) + 1,
    timeOf: (ms) => (ms > 0 ? times(ms) : ""),
    t,
  };
  const pins = createPins({
    pages,
    discussion,
    t,
    active: () => opened.value?.rootId ?? null,
    onOpen: (rootId, focus) => toggle(rootId, focus),
  });
  const float = floats.add({ className: "lc-float", placement: "right-start", distance: 14, beside: anchor });
  const sheet = document.createElement("div");
  sheet.className = "lc-sheet";
  const draftPin = document.createElement("span");
  draftPin.className = "lc-pin lc-draft";

  function anchor(): DOMRect | null {
    const now = opened.value;
    if (now === null || now.place.kind === "document") return null;
    if (now.place.kind === "marker" && now.rootId === null) return draftPin.isConnected ? draftPin.getBoundingClientRect() : null;
    const pin = now.rootId === null ? null : pins.elementOf(now.rootId);
    if (pin !== null) return pin.getBoundingClientRect();
    const record = now.rootId === null ? undefined : options.client.records.get(now.rootId);
    const view = record?.kind === "annotation" && record.data.page !== null ? pages.views.get(record.data.page) : undefined;
    if (record?.kind !== "annotation" || view === undefined) return null;
    const page = view.element.getBoundingClientRect();
    const { left, top, width, height } = view.toScreen(record.data.geometry.bbox);
    return new DOMRect(page.left + left, page.top + top, width, height);
  }

  function toggle(rootId: string, focus: boolean): void {
    const isOpen = opened.value?.rootId === rootId;
    const field = isOpen && focus ? (float.element.querySelector("textarea") ?? sheet.querySelector("textarea")) : null;
    if (field !== null) field.focus();
    else if (isOpen) close(focus);
    else open({ kind: "root", id: rootId }, rootId, focus);
  }

  function open(place: Place, rootId: string | null, focus: boolean): void {
    opened.value = { place, rootId, focus };
    if (place.kind === "marker") showDraft(place);
    else draftPin.remove();
    const content = <Card />;
    if (pages.viewport.clientWidth < NARROW) {
      floats.layer.append(sheet);
      render(content, sheet);
    } else float.show(content);
  }

  function close(giveBackFocus: boolean): void {
    const now = opened.value;
    if (now === null) return;
    opened.value = null;
    draftPin.remove();
    float.hide();
    render(null, sheet);
    sheet.remove();
    if (!giveBackFocus) return;
    const pin = now.rootId === null ? null : pins.elementOf(now.rootId);
    (pin ?? pages.viewport).focus({ preventScroll: true });
  }

  function showDraft(place: Extract<Place, { kind: "marker" }>): void {
    const view = pages.views.get(place.page);
    if (view === undefined) return;
    const box = view.toScreen([...place.point, MARKER_SIDE, MARKER_SIDE]);
    draftPin.style.left = `${box.left + box.width / 2}px`;
    draftPin.style.top = `${box.top + box.height / 2}px`;
    view.overlay.append(draftPin);
  }

  function Card() {
    const now = opened.value;
    if (now === null) return null;
    const thread = now.rootId === null ? null : discussion.threadOf(now.rootId);
    const leave = (): void => close(true);
    const key = now.rootId ?? JSON.stringify(now.place);
    return (
      <div class="lc-card" role="dialog" aria-label={t(thread === null ? "comments.new-thread" : "comments.label")} key={key}>
        {thread !== null ? (
          <ThreadCard context={context} thread={thread} folded={false} focusReply={now.focus} onClose={leave} />
        ) : (
          <Composer
            label={t("comments.start")}
            sendLabel={t("comments.send")}
            draft={context.drafts.get(key) ?? ""}
            users={() => discussion.mentionable()}
            autoFocus
            t={t}
            onDraft={(text) => (text === "" ? context.drafts.delete(key) : context.drafts.set(key, text))}
            onSend={(words) => {
              const rootId = discussion.start(now.place, words);
              draftPin.remove();
              opened.value = { place: { kind: "root", id: rootId }, rootId, focus: true };
            }}
            onCancel={leave}
          />
        )}
      </div>
    );
  }

  const ending = new AbortController();
  // A press elsewhere closes what holds no words that would be lost.
  const isTyping = (): boolean => {
    const now = opened.value;
    return now !== null && (context.drafts.get(now.rootId ?? JSON.stringify(now.place)) ?? "").trim() !== "";
  };
  pages.viewport.addEventListener("pointerdown", () => !isTyping() && close(false), { signal: ending.signal });
  root.addEventListener(
    "keydown",
    (event) => {
      if ((event as KeyboardEvent).key !== "Escape" || event.defaultPrevented || opened.value === null) return;
      event.preventDefault();
      event.stopPropagation();
      close(true);
    },
    { signal: ending.signal },
  );

  const stops: Unsubscribe[] = [
    discussion.unread.subscribe((unread) => options.onUnread(unread.size)),
    discussion.threads.subscribe(() => {
      const now = opened.peek();
      // Its thread, or what it would hang on, has gone.
      if (now?.rootId != null && options.client.records.get(now.rootId) === undefined) close(false);
      floats.place();
    }),
    options.onWish((wish) => {
      if (wish.kind === "marker") open({ kind: "marker", page: wish.page, point: wish.point }, null, true);
      else open({ kind: "root", id: wish.id }, wish.id, true);
    }),
    listenForNews(),
  ];

  /** Told once for each comment that somebody else makes while one is here. */
  function listenForNews(): Unsubscribe {
    const known = new Set(discussion.threads.peek().flatMap(({ comments }) => comments.map(({ id }) => id)));
    return discussion.threads.subscribe((threads) => {
      for (const { comments } of threads) {
        for (const comment of comments) {
          if (known.has(comment.id)) continue;
          known.add(comment.id);
          if (!discussion.isMine(comment)) announce(t("comments.announce", { name: discussion.person(comment).name }));
        }
      }
    });
  }

  return {
    discussion,
    Panel: () => (
      <ThreadList
        context={context}
        pages={() => pages.order}
        onShow={(rootId) => {
          const record = options.client.records.get(rootId);
          if (record?.kind === "annotation" && record.data.page !== null) pages.jumpTo(record.data.page, record.data.geometry.bbox);
        }}
      />
    ),
    close() {
      close(false);
      ending.abort();
      for (const stop of stops) stop();
      pins.destroy();
      float.destroy();
      floats.destroy();
      discussion.destroy();
    },
  };
}
