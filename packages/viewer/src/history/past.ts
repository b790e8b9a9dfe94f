/**
 * The document as it was at a seq, over the document as it is: pages, annotations, filled values and threads of then, for reading only. The live
 * parts stay as they are below, so going back loses nothing. A chunk of its own.
 */
import { createDrawing } from "../annotations/drawing.ts";
import { createEvents } from "../events.ts";
import { openLayer } from "../layer.ts";
import type { ViewState } from "../options.ts";
import { PageImages } from "../pages/images.ts";
import { derivedPage, pageList } from "../pages/page-list.ts";
import { Scroller } from "../pages/scroller.ts";
import { createReading } from "../reading.ts";
import type { Paper } from "../source/source.ts";
import type { Shell } from "../ui/shell.tsx";
import type { State } from "../ui/state.ts";
import { adoptStyles } from "../ui/style.ts";
import css from "./past.css?inline";

export interface PastOptions {
  readonly paper: Paper;
  readonly shell: Shell;
  readonly state: State;
  /** Where the pages are now. */
  readonly view: ViewState;
}

export interface Past {
  readonly paper: Paper;
  readonly scroller: Scroller;
  /** Resolved when the first page can be seen, or cannot be. */
  readonly ready: Promise<void>;
  /** Covers what is shown now. */
  show(): void;
  close(): void;
}

export function openPast({ paper, shell, state, view }: PastOptions): Past {
  const { opened } = paper;
  adoptStyles(shell.root, css);
  const t = state.translate.value;
  const stage = shell.viewport.parentElement!;
  const cover = document.createElement("div");
  cover.className = "past";
  // It has a size already, and is seen when there is something to see.
  cover.style.visibility = "hidden";
  const viewport = document.createElement("div");
  viewport.className = "viewport";
  viewport.tabIndex = 0;
  viewport.role = "document";
  viewport.ariaLabel = t("past.label");
  cover.append(viewport);
  stage.append(cover);

  const { client } = openLayer(opened, (id) => derivedPage(opened, id));
  const pages = [...client.records.all()].filter((record) => record.kind === "page");
  const scroller = new Scroller({
    viewport,
    pages: pageList(opened, pages),
    zoom: view.zoom,
    rotation: view.rotation,
    pageLabel: (page) => t("page.label", { page: page.index + 1 }),
  });
  scroller.jumpToIndex(view.currentPageIndex);
  const images = new PageImages({
    scroller,
    load: (page, width, signal) => paper.image(page, width, signal),
    pixelRatio: () => devicePixelRatio,
    firstWidth: opened.firstWidth,
    failedLabel: t("page.failed"),
  });
  const drawing = createDrawing(scroller, client.records, (blob) => paper.pictureUrl(blob));
  const grants = () => opened.grants;
  const reading = createReading({ paper, scroller, client, root: shell.root, state, grants, readOnly: true });
  const stops = [() => reading.close(), () => drawing.destroy(), () => images.close(), () => scroller.close(), () => client.close()];
  let closed = false;
  import("../comments/comments.tsx").then(({ createComments }) => {
    if (closed) return;
    const comments = createComments({
      pages: scroller,
      client,
      events: createEvents(reportError),
      root: shell.root,
      grants,
      user: opened.user,
      readOnly: true,
      mentionableUsers: [],
      seen: () => Promise.resolve(Number.POSITIVE_INFINITY),
      onWish: () => () => {},
      onUnread() {},
      announce() {},
      t: (key, values) => state.translate.value(key, values),
    });
    stops.unshift(() => comments.close());
  }, reportError);

  return {
    paper,
    scroller,
    ready: images.first,
    show() {
      cover.style.visibility = "";
      setInert(stage, true);
    },
    close() {
      closed = true;
      const hadFocus = cover.contains(shell.root.activeElement);
      for (const stop of stops) stop();
      cover.remove();
      if (stage.querySelector(".past") !== null) return;
      setInert(stage, false);
      if (hadFocus) shell.viewport.focus({ preventScroll: true });
    },
  };
}

/** What lies below is neither read aloud nor reached by Tab. */
function setInert(stage: Element, inert: boolean): void {
  for (const child of stage.children) {
    if (child instanceof HTMLElement && !child.matches(".past, .past-bar")) child.inert = inert;
  }
}
