/**
 * Puts images on the pages in sight: soon a coarse one, the sharp one when scrolling rests, and the old one stays until the new one can be
 * drawn. What scrolls away is cancelled; what was shown is kept for a while, so that scrolling back shows it at once.
 */
import { nextWidth } from "./ladder.ts";
import { contentName, type PageShape } from "./page-list.ts";
import type { PageElement } from "./page-view.ts";
import type { Scroller } from "./scroller.ts";

/** An element that shows the page at this width, ready to be drawn. */
export type LoadImage = (page: PageShape, width: number, signal: AbortSignal) => Promise<HTMLElement>;

export interface PageImagesOptions {
  readonly scroller: Scroller;
  readonly load: LoadImage;
  /** Pixels a CSS pixel. */
  readonly pixelRatio: () => number;
  /** A width that the first page is known to have ready. */
  readonly firstWidth: number;
  /** Told instead of the page when it cannot be drawn after some tries; it is tried again all the same. */
  readonly failedLabel: string;
}

interface Kept {
  /** Of the page: it may show another by now. */
  readonly content: string;
  readonly width: number;
  readonly element: HTMLElement;
  /** Of the decoded image, about. */
  readonly bytes: number;
}

interface Loading {
  readonly width: number;
  readonly stop: AbortController;
}

const AT_ONCE = 4;
const FAST = 3;
const KEPT_BYTES = 96_000_000;
const RETRY_MS = 600;
const RETRIES_BEFORE_TELLING = 3;

export class PageImages {
  #options: PageImagesOptions;
  #shown = new Map<string, Kept>();
  #loading = new Map<string, Loading>();
  #failed = new Map<string, { readonly times: number; readonly until: number }>();
  /** Images of pages that have left, oldest first. */
  #kept = new Map<string, Kept>();
  #keptBytes = 0;
  #stops: (() => void)[] = [];
  #retryTimer = 0;
  #firstShown: (() => void) | null = null;
  /** Resolved when the first image is on a page, or cannot be. */
  readonly first: Promise<void>;

  constructor(options: PageImagesOptions) {
    this.#options = options;
    this.first = new Promise((resolve) => (this.#firstShown = resolve));
    const { scroller } = options;
    this.#stops.push(
      scroller.attach((view) => {
        this.#entered(scroller.views.get(view.pageId)!);
        return () => this.#left(view.pageId);
      }),
      scroller.onViewing(() => this.#pump()),
    );
  }

  close(): void {
    for (const stop of this.#stops) stop();
    for (const { stop } of this.#loading.values()) stop.abort();
    clearTimeout(this.#retryTimer);
    this.#kept.clear();
  }

  /** The images' addresses changed: whatever failed is tried again now. */
  retry(): void {
    this.#failed.clear();
    this.#pump();
  }

  #entered(view: PageElement): void {
    const kept = this.#kept.get(view.pageId);
    if (kept === undefined) return;
    this.#kept.delete(view.pageId);
    this.#keptBytes -= kept.bytes;
    if (kept.content === contentName(view.shape)) this.#put(view, kept);
  }

  #left(id: string): void {
    this.#loading.get(id)?.stop.abort();
    this.#loading.delete(id);
    const shown = this.#shown.get(id);
    this.#shown.delete(id);
    if (shown === undefined) return;
    this.#kept.set(id, shown);
    this.#keptBytes += shown.bytes;
    for (const [oldest, kept] of this.#kept) {
      if (this.#keptBytes <= KEPT_BYTES) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= kept.bytes;
    }
  }

  #put(view: PageElement, image: Kept): void {
    delete view.imageLayer.dataset.failed;
    view.imageLayer.replaceChildren(image.element);
    this.#shown.set(view.pageId, image);
  }

  /** Starts what is wanted most, stops what is wanted no more. */
  #pump(): void {
    const { scroller } = this.#options;
    const { first, last, settled, speed } = scroller.viewing;
    const fast = !settled && speed > FAST;
    const middle = (first + last) / 2;
    const wanted: { readonly view: PageElement; readonly width: number; readonly rank: number }[] = [];
    for (const view of scroller.views.values()) {
      const width = this.#wantedWidth(view, { visible: view.index >= first && view.index <= last, fast, settled });
      const loading = this.#loading.get(view.pageId);
      if (loading !== undefined && width !== loading.width) {
        // While scrolling, what has begun is still useful: it is what the page will show first.
        if (width === null || settled) this.#stop(view.pageId, loading);
        else continue;
      }
      if (width !== null)
        wanted.push({ view, width, rank: Math.abs(view.index - middle) + (view.index >= first && view.index <= last ? 0 : 1000) });
    }
    wanted.sort((a, b) => a.rank - b.rank);
    for (const { view, width } of wanted) {
      if (this.#loading.size >= AT_ONCE) break;
      if (!this.#loading.has(view.pageId)) this.#load(view, width);
    }
  }

  #wantedWidth(view: PageElement, seen: { readonly visible: boolean; readonly fast: boolean; readonly settled: boolean }): number | null {
    if (view.shape.content === null) return null;
    if ((this.#failed.get(view.pageId)?.until ?? 0) > Date.now()) return null;
    const shown = this.#shown.get(view.pageId)?.width ?? 0;
    const { firstWidth } = this.#options;
    if (this.#firstShown !== null) {
      // Nothing else is fetched before the first page can be seen.
      if (!seen.visible || shown > 0) return null;
      if (view.index === 0 && firstWidth >= view.imageWidth * 0.75) return firstWidth;
    }
    return nextWidth({ cssWidth: view.imageWidth, devicePixelRatio: this.#options.pixelRatio(), shown, ...seen });
  }

  #stop(id: string, loading: Loading): void {
    loading.stop.abort();
    this.#loading.delete(id);
  }

  #load(view: PageElement, width: number): void {
    const loading: Loading = { width, stop: new AbortController() };
    this.#loading.set(view.pageId, loading);
    this.#options.load(view.shape, width, loading.stop.signal).then(
      (element) => {
        if (this.#loading.get(view.pageId) !== loading) return;
        this.#loading.delete(view.pageId);
        this.#failed.delete(view.pageId);
        this.#put(view, { content: contentName(view.shape), width, element, bytes: (width * width * 4 * view.height) / view.width });
        this.#firstDone();
        this.#pump();
      },
      () => {
        if (this.#loading.get(view.pageId) !== loading) return;
        this.#loading.delete(view.pageId);
        this.#retryLater(view.pageId);
      },
    );
  }

  #firstDone(): void {
    this.#firstShown?.();
    this.#firstShown = null;
  }

  #retryLater(id: string): void {
    const times = (this.#failed.get(id)?.times ?? 0) + 1;
    const wait = Math.min(30_000, RETRY_MS * 2 ** (times - 1));
    this.#failed.set(id, { times, until: Date.now() + wait });
    if (times === RETRIES_BEFORE_TELLING) {
      this.#firstDone();
      const view = this.#options.scroller.views.get(id);
      if (view !== undefined) view.imageLayer.dataset.failed = this.#options.failedLabel;
    }
    clearTimeout(this.#retryTimer);
    this.#retryTimer = window.setTimeout(() => this.#pump(), wait + 10);
    this.#pump();
  }
}
