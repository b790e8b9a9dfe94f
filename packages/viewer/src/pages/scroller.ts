/**
 * The scrolled column of pages. Only what is on screen or near it is in the DOM. It owns scale, rotation and position; what is on a page
 * (images, text, annotations) attaches itself to the views that come and go.
 */
import type { Rect, Rotation } from "@lectern/protocol";
import type { Pages, PageView, Unsubscribe } from "../parts.ts";
import { clampScale, fitScale, type Layout, layoutPages, PAGE_MARGIN } from "./layout.ts";
import { looksSame, type PageShape, shownSize } from "./page-list.ts";
import { PageElement } from "./page-view.ts";
import { spaceAt, spaceScrolled, type ScrollSpace } from "./scroll-space.ts";

export type Zoom = number | "auto" | "fit-width" | "fit-page";

/** What is seen now. */
export interface Viewing {
  /** First and last page that touch the window. */
  readonly first: number;
  readonly last: number;
  /** Nothing has moved for a moment. */
  readonly settled: boolean;
  /** Windows a second, when moving. */
  readonly speed: number;
}

export interface ScrollerOptions {
  readonly viewport: HTMLElement;
  readonly pages: readonly PageShape[];
  readonly zoom: Zoom;
  readonly rotation: Rotation;
  readonly pageLabel: (page: PageShape) => string;
  /** Must be kept in the DOM although it is far away, e.g. because text on it is selected. */
  readonly isPinned?: (pageId: string) => boolean;
}

const SETTLE_MS = 120;

export class Scroller implements Pages {
  readonly viewport: HTMLElement;
  readonly views = new Map<string, PageElement>();
  #pages: readonly PageShape[];
  #order: readonly string[];
  #index: ReadonlyMap<string, number>;
  #layout: Layout;
  #options: ScrollerOptions;
  #column: HTMLElement;
  #scale = 1;
  #zoom: Zoom;
  #rotation: Rotation;
  #space: ScrollSpace = { elementHeight: 0, top: 0, offset: 0 };
  #window = { width: 0, height: 0 };
  #columnWidth = 0;
  #currentIndex = 0;
  /** Was jumped to; counts as the current one until somebody scrolls. */
  #target: number | null = null;
  #viewing: Viewing = { first: 0, last: 0, settled: true, speed: 0 };
  #mounts = new Map<(view: PageView) => Unsubscribe, Map<string, Unsubscribe>>();
  #changed = new Set<(view: PageView) => void>();
  #watchers = new Set<(viewing: Viewing) => void>();
  #moved = new Set<() => void>();
  #settleTimer = 0;
  #lastScroll = 0;
  #resizes: ResizeObserver;
  #ending = new AbortController();

  constructor(options: ScrollerOptions) {
    this.#options = options;
    this.viewport = options.viewport;
    this.#zoom = options.zoom;
    this.#rotation = options.rotation;
    this.#pages = options.pages;
    this.#order = options.pages.map((page) => page.id);
    this.#index = new Map(this.#order.map((id, index) => [id, index]));
    this.#layout = this.#measure();
    this.#column = document.createElement("div");
    this.#column.className = "column";
    this.viewport.replaceChildren(this.#column);
    this.#readWindow();
    this.#scale = this.#scaleOf(this.#zoom);
    this.#place(0, null);
    this.viewport.addEventListener("scroll", () => this.#scrolled(), { passive: true, signal: this.#ending.signal });
    this.#resizes = new ResizeObserver(() => this.#resized());
    this.#resizes.observe(this.viewport);
  }

  get order(): readonly string[] {
    return this.#order;
  }
  get pages(): readonly PageShape[] {
    return this.#pages;
  }
  get scale(): number {
    return this.#scale;
  }
  get zoom(): Zoom {
    return this.#zoom;
  }
  get rotation(): Rotation {
    return this.#rotation;
  }
  get currentIndex(): number {
    return this.#currentIndex;
  }
  get viewing(): Viewing {
    return this.#viewing;
  }

  at(clientX: number, clientY: number): PageElement | null {
    for (const view of this.views.values()) {
      const box = view.element.getBoundingClientRect();
      if (clientX >= box.left && clientX < box.right && clientY >= box.top && clientY < box.bottom) return view;
    }
    return null;
  }

  attach(mount: (view: PageView) => Unsubscribe): Unsubscribe {
    const mounted = new Map<string, Unsubscribe>();
    this.#mounts.set(mount, mounted);
    for (const view of this.views.values()) mounted.set(view.pageId, mount(view));
    return () => {
      this.#mounts.delete(mount);
      for (const unmount of mounted.values()) unmount();
    };
  }

  onChange(listener: (view: PageView) => void): Unsubscribe {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  /** Called when what is seen changes; at once too. */
  onViewing(listener: (viewing: Viewing) => void): Unsubscribe {
    this.#watchers.add(listener);
    listener(this.#viewing);
    return () => this.#watchers.delete(listener);
  }

  /** The current page, the scale, the zoom mode or the rotation is another one. */
  onMove(listener: () => void): Unsubscribe {
    this.#moved.add(listener);
    return () => this.#moved.delete(listener);
  }

  jumpTo(pageId: string, rect?: Rect): void {
    const index = this.#index.get(pageId);
    if (index === undefined) return;
    const top = this.#layout.top(index, this.#scale);
    if (rect === undefined) this.#place(index === 0 ? 0 : top - PAGE_MARGIN / 2, index);
    else this.#reveal(index, top, rect);
  }

  jumpToIndex(index: number): void {
    const id = this.#order[Math.min(this.#order.length - 1, Math.max(0, index))];
    if (id !== undefined) this.jumpTo(id);
  }

  /** Puts a point of a page into the middle of the window. */
  centre(pageId: string, [x, y]: readonly [x: number, y: number]): void {
    const index = this.#index.get(pageId);
    if (index === undefined) return;
    const view = this.views.get(pageId) ?? this.#probe(index);
    const { left, top } = view.toScreen([x, y, 0, 0]);
    this.#place(Math.max(0, this.#layout.top(index, this.#scale) + top - this.#window.height / 2), null);
    this.viewport.scrollLeft = (this.#columnWidth - view.shownWidth) / 2 + left - this.#window.width / 2;
  }

  /** The page's own part, a third from the top; stays where it is when that can be seen already. */
  #reveal(index: number, pageTop: number, rect: Rect): void {
    const view = this.views.get(this.#order[index]!) ?? this.#probe(index);
    const box = view.toScreen(rect);
    const top = pageTop + box.top;
    const { height, width } = this.#window;
    const seen = top >= this.#space.top + 8 && top + box.height <= this.#space.top + height - 8;
    if (!seen) this.#place(Math.max(0, top - Math.max(16, (height - box.height) / 3)), index);
    const left = (this.#columnWidth - view.shownWidth) / 2 + box.left;
    const { scrollLeft } = this.viewport;
    if (left < scrollLeft || left + box.width > scrollLeft + width) this.viewport.scrollLeft = left - (width - box.width) / 2;
  }

  /** A view that is not shown, for its geometry. */
  #probe(index: number): PageElement {
    const view = new PageElement(this.#pages[index]!, "");
    view.resize(this.#scale, this.#rotation);
    return view;
  }

  scrollBy(pixels: number): void {
    this.viewport.scrollTop += pixels;
  }

  /** Keeps the point of the document under `anchor` (client coordinates; default: the middle of the window) where it is. */
  setZoom(zoom: Zoom, anchor?: { readonly x: number; readonly y: number }): void {
    this.#zoom = zoom;
    this.#rescale(this.#scaleOf(zoom), anchor);
  }

  setRotation(rotation: Rotation): void {
    const index = this.#currentIndex;
    this.#rotation = rotation;
    this.#layout = this.#measure();
    this.#scale = this.#scaleOf(this.#zoom);
    this.#resizeViews();
    this.#place(index === 0 ? 0 : this.#layout.top(index, this.#scale) - PAGE_MARGIN / 2, index);
    this.#tell();
  }

  /** Other pages, or in another order: the page in sight stays in sight. */
  setPages(pages: readonly PageShape[]): void {
    const current = this.#order[this.#currentIndex];
    this.#pages = pages;
    this.#order = pages.map((page) => page.id);
    this.#index = new Map(this.#order.map((id, index) => [id, index]));
    this.#layout = this.#measure();
    for (const [id, view] of this.views) {
      const page = pages[this.#index.get(id) ?? -1];
      // What is on a page that others only moved stays as it is: somebody may be writing there.
      if (page !== undefined && looksSame(view.shape, page)) view.move(page, this.#options.pageLabel(page));
      else this.#unmount(id);
    }
    this.#sortViews();
    const index = (current === undefined ? undefined : this.#index.get(current)) ?? Math.min(this.#currentIndex, pages.length - 1);
    this.#place(index <= 0 ? 0 : this.#layout.top(index, this.#scale) - PAGE_MARGIN / 2, null);
    this.#tell();
  }

  /** Screen readers and Tab follow the order in the DOM. What is in order already is not touched, as moving it would take its focus. */
  #sortViews(): void {
    let next: Element | null = null;
    for (const { element } of [...this.views.values()].toSorted((a, b) => b.index - a.index)) {
      if (element.nextElementSibling !== next) this.#column.insertBefore(element, next);
      next = element;
    }
  }

  close(): void {
    this.#ending.abort();
    this.#resizes.disconnect();
    clearTimeout(this.#settleTimer);
    for (const id of this.views.keys()) this.#unmount(id);
    this.#mounts.clear();
    this.#changed.clear();
    this.#watchers.clear();
    this.#moved.clear();
  }

  #measure(): Layout {
    return layoutPages(this.#pages.map((page) => shownSize(page, this.#rotation)));
  }

  #readWindow(): void {
    this.#window = { width: this.viewport.clientWidth, height: this.viewport.clientHeight };
  }

  #scaleOf(zoom: Zoom): number {
    if (typeof zoom === "number") return clampScale(zoom);
    const page = this.#pages[this.#currentIndex];
    return page === undefined ? 1 : fitScale(zoom, shownSize(page, this.#rotation), this.#window);
  }

  #resized(): void {
    const { width, height } = this.#window;
    this.#readWindow();
    if (width === this.#window.width && height === this.#window.height) return;
    this.#rescale(this.#scaleOf(this.#zoom), undefined, height);
  }

  #rescale(scale: number, anchor?: { readonly x: number; readonly y: number }, heightBefore = this.#window.height): void {
    const edge = this.viewport.getBoundingClientRect();
    const ax = anchor === undefined ? this.#window.width / 2 : anchor.x - edge.left;
    // A resize keeps the upper edge, a zoom the middle.
    const ay = anchor !== undefined ? anchor.y - edge.top : heightBefore === this.#window.height ? this.#window.height / 2 : 0;
    const y = this.#space.top + ay;
    const index = this.#layout.at(y, this.#scale);
    const into = (y - this.#layout.top(index, this.#scale)) / this.#scale;
    const fromMiddle = (this.viewport.scrollLeft + ax - this.#columnWidth / 2) / this.#scale;
    this.#scale = scale;
    this.#resizeViews();
    this.#place(this.#layout.top(index, scale) + into * scale - ay, this.#target);
    this.viewport.scrollLeft = this.#columnWidth / 2 + fromMiddle * scale - ax;
    this.#tell();
  }

  #resizeViews(): void {
    for (const view of this.views.values()) view.resize(this.#scale, this.#rotation);
    for (const view of this.views.values()) for (const listener of this.#changed) listener(view);
  }

  /** Puts the window at a position of the document. */
  #place(top: number, target: number | null): void {
    const first = this.#columnWidth === 0;
    const side = this.#window.width < 600 ? 8 : PAGE_MARGIN;
    this.#columnWidth = Math.max(this.#window.width, Math.ceil(this.#layout.maxWidth * this.#scale) + 2 * side);
    this.#space = spaceAt(top, this.#layout.height(this.#scale), this.#window.height);
    this.#target = target;
    this.#column.style.width = `${this.#columnWidth}px`;
    this.#column.style.height = `${this.#space.elementHeight}px`;
    this.viewport.scrollTop = this.#space.top - this.#space.offset;
    if (first) this.viewport.scrollLeft = (this.#columnWidth - this.#window.width) / 2;
    this.#show();
    this.#settleSoon();
  }

  #scrolled(): void {
    const { scrollTop } = this.viewport;
    const moved = scrollTop - (this.#space.top - this.#space.offset);
    // Our own placing, rounded to the browser's pixels.
    if (Math.abs(moved) < 1) return;
    this.#target = null;
    const before = this.#space;
    this.#space = spaceScrolled(before, scrollTop, this.#layout.height(this.#scale), this.#window.height);
    if (Math.abs(this.#space.top - this.#space.offset - scrollTop) >= 1) this.viewport.scrollTop = this.#space.top - this.#space.offset;
    const now = performance.now();
    const windows = Math.abs(this.#space.top - before.top) / this.#window.height;
    this.#show(false, (windows * 1000) / Math.max(8, Math.min(200, now - this.#lastScroll)));
    this.#lastScroll = now;
    this.#settleSoon();
  }

  #settleSoon(): void {
    clearTimeout(this.#settleTimer);
    this.#settleTimer = window.setTimeout(() => this.#show(true), SETTLE_MS);
  }

  /** Puts into the DOM what is seen and its neighbours, takes out the rest. */
  #show(settled = false, speed = 0): void {
    if (this.#layout.count === 0) return;
    const { top } = this.#space;
    const { height } = this.#window;
    const [first, last] = this.#layout.range(top, top + height, this.#scale);
    const near = Math.max(400, height * 0.75);
    const [from, to] = this.#layout.range(top - near, top + height + near, this.#scale);
    for (const [id, view] of this.views) {
      if ((view.index < from || view.index > to) && this.#options.isPinned?.(id) !== true) this.#unmount(id);
    }
    for (let index = from; index <= to; index++) if (!this.views.has(this.#order[index]!)) this.#mount(index);
    for (const view of this.views.values()) {
      const left = Math.round((this.#columnWidth - view.shownWidth) / 2);
      const y = Math.round(this.#layout.top(view.index, this.#scale) - this.#space.offset);
      view.element.style.translate = `${left}px ${y}px`;
    }
    this.#viewing = { first, last, settled, speed };
    for (const watcher of this.#watchers) watcher(this.#viewing);
    const current = this.#target ?? this.#mostSeen(first, last);
    if (current !== this.#currentIndex) {
      this.#currentIndex = current;
      this.#tell();
    }
  }

  #mostSeen(first: number, last: number): number {
    let best = first;
    let most = 0;
    for (let index = first; index <= last; index++) {
      const top = Math.max(this.#space.top, this.#layout.top(index, this.#scale));
      const bottom = Math.min(this.#space.top + this.#window.height, this.#layout.top(index + 1, this.#scale));
      if (bottom - top > most + 1) [best, most] = [index, bottom - top];
    }
    return best;
  }

  #mount(index: number): void {
    const page = this.#pages[index]!;
    const view = new PageElement(page, this.#options.pageLabel(page));
    view.resize(this.#scale, this.#rotation);
    // Screen readers and Tab follow the order in the DOM.
    const next = [...this.views.values()].filter((other) => other.index > index).sort((a, b) => a.index - b.index)[0];
    this.#column.insertBefore(view.element, next?.element ?? null);
    this.views.set(page.id, view);
    for (const [mount, mounted] of this.#mounts) mounted.set(page.id, mount(view));
  }

  #unmount(id: string): void {
    for (const mounted of this.#mounts.values()) {
      mounted.get(id)?.();
      mounted.delete(id);
    }
    this.views.get(id)?.element.remove();
    this.views.delete(id);
  }

  #tell(): void {
    for (const listener of this.#moved) listener();
  }
}
