/**
 * Text over the images: transparent, in its place, selectable, readable for screen readers. With a mouse the selection follows the nearest
 * character, so it does not jump in gaps and margins; fingers, double clicks and the keyboard have the browser's own. Where the file has a
 * structure, screen readers get that, and the text is for eyes and selections.
 */
import type { PageText, TextRun } from "@lectern/pdf";
import type { Rect } from "@lectern/protocol";
import type { PageView, TextLayer, TextSelection, Unsubscribe } from "../parts.ts";
import type { PageShape } from "./page-list.ts";
import { contentName } from "./page-list.ts";
import type { PageElement } from "./page-view.ts";
import type { Scroller } from "./scroller.ts";
import { structureLayer } from "./structure-layer.ts";
import { type Caret, caretAt, extentOf, originOf, partsBetween, rectOf, textOf } from "./text-geometry.ts";
import { spokenPage } from "./text-structure.ts";

export interface TextLayerOptions {
  readonly scroller: Scroller;
  readonly root: ShadowRoot;
  readonly load: (page: PageShape, signal: AbortSignal) => Promise<PageText>;
  readonly onError: (error: unknown) => void;
  /** The file lets its text be copied. */
  readonly canCopy: boolean;
}

interface PageRuns {
  readonly runs: readonly TextRun[];
  /** One a run. */
  readonly nodes: readonly Text[];
}

/** Pages whose text is kept, also when they are off screen. */
const KEPT = 40;
/** Text may wait until scrolling rests; it is not seen. */
const AT_ONCE = 2;

export function createTextLayer(options: TextLayerOptions): TextLayer & { destroy(): void } {
  const { scroller, root, load, onError, canCopy } = options;
  const { viewport } = scroller;
  const ending = new AbortController();
  const kept = new Map<string, PageText>();
  const shown = new Map<string, PageRuns>();
  const loading = new Map<string, AbortController>();
  const listeners = new Set<(selection: TextSelection | null) => void>();
  const measure = widthMeasure();
  let current: TextSelection | null = null;
  let drag: { readonly view: PageElement; readonly caret: Caret } | null = null;
  /** The press was not taken by a tool. */
  let pressed = false;

  function build(view: PageElement, text: PageText): void {
    const nodes: Text[] = [];
    const spoken = spokenPage(text);
    const spans = text.runs.map((run) => {
      const node = document.createTextNode(run.text);
      nodes.push(node);
      const span = spanOf(run, node, measure);
      // Said by the structure instead.
      if (spoken !== null) span.ariaHidden = "true";
      return span;
    });
    view.textLayer.lang = text.language ?? "";
    view.textLayer.replaceChildren(...spans, ...(spoken === null ? [] : [structureLayer(spoken)]));
    shown.set(view.pageId, { runs: text.runs, nodes });
  }

  function want(): void {
    const { first, last, settled } = scroller.viewing;
    for (const [id, stop] of loading) if (!scroller.views.has(id)) stop.abort();
    if (!settled) return;
    for (const view of scroller.views.values()) {
      if (loading.size >= AT_ONCE) return;
      if (view.index < first || view.index > last || shown.has(view.pageId) || loading.has(view.pageId) || view.shape.content === null)
        continue;
      const text = kept.get(contentName(view.shape));
      if (text === undefined) fetchText(view);
      else build(view, text);
    }
  }

  function fetchText({ pageId, shape }: PageElement): void {
    const stop = new AbortController();
    loading.set(pageId, stop);
    load(shape, stop.signal)
      .then((text) => {
        kept.set(contentName(shape), text);
        if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
        const view = scroller.views.get(pageId);
        if (view !== undefined && !shown.has(pageId) && contentName(view.shape) === contentName(shape)) build(view, text);
      })
      .catch((error: unknown) => {
        // Asked for again when the page is next at rest.
        if (!stop.signal.aborted) onError(error);
      })
      .finally(() => {
        loading.delete(pageId);
        if (!ending.signal.aborted && !stop.signal.aborted && shown.has(pageId)) want();
      });
  }

  /** The selection as carets of pages, first page first. */
  function readSelection(): TextSelection | null {
    const range = selectedRange(root);
    if (range === null || range.collapsed) return null;
    const pages: { pageId: string; rects: Rect[] }[] = [];
    const texts: string[] = [];
    const views = [...scroller.views.values()].sort((a, b) => a.index - b.index);
    for (const view of views) {
      const text = shown.get(view.pageId);
      if (text === undefined || !range.intersectsNode(view.textLayer)) continue;
      const parts = partsBetween(text.runs, caretOf(range, "start", text), caretOf(range, "end", text));
      if (parts.length === 0) continue;
      pages.push({ pageId: view.pageId, rects: parts.map(({ run, start, end }) => rectOf(run, start, end)) });
      texts.push(textOf(parts));
    }
    return pages.length === 0 ? null : { text: texts.join("\n"), pages };
  }

  function selectionChanged(): void {
    const next = readSelection();
    if (next === null && current === null) return;
    current = next;
    for (const listener of listeners) listener(current);
  }

  /** The nearest place in the text of the page under the pointer, or of the nearest page. */
  function placeAt(clientX: number, clientY: number): { readonly view: PageElement; readonly caret: Caret } | null {
    const view = scroller.at(clientX, clientY) ?? nearestView(clientY);
    const text = view === null ? undefined : shown.get(view.pageId);
    const caret = view === null || text === undefined ? null : caretAt(text.runs, view.toPage(clientX, clientY));
    return view === null || caret === null ? null : { view, caret };
  }

  function nearestView(clientY: number): PageElement | null {
    let nearest: PageElement | null = null;
    let least = Infinity;
    for (const view of scroller.views.values()) {
      const box = view.element.getBoundingClientRect();
      const distance = Math.max(box.top - clientY, clientY - box.bottom, 0);
      if (distance < least) [nearest, least] = [view, distance];
    }
    return nearest;
  }

  function extend(clientX: number, clientY: number): void {
    const to = placeAt(clientX, clientY);
    if (drag === null || to === null) return;
    const from = shown.get(drag.view.pageId)?.nodes[drag.caret.run];
    const end = shown.get(to.view.pageId)?.nodes[to.caret.run];
    if (from?.isConnected === true && end !== undefined)
      document.getSelection()?.setBaseAndExtent(from, drag.caret.offset, end, to.caret.offset);
  }

  function listen<K extends keyof HTMLElementEventMap>(target: EventTarget, type: K, run: (event: HTMLElementEventMap[K]) => void): void {
    target.addEventListener(type, run as (event: Event) => void, { signal: ending.signal });
  }

  listen(viewport, "pointerdown", (event) => {
    pressed = event.pointerType === "mouse" && event.button === 0 && !viewport.classList.contains("no-text");
  });
  listen(viewport, "mousedown", (event) => {
    if (!pressed || event.detail > 1 || isControl(event)) return;
    pressed = false;
    const place = scroller.at(event.clientX, event.clientY) === null ? null : placeAt(event.clientX, event.clientY);
    event.preventDefault();
    viewport.focus({ preventScroll: true });
    if (
      event.shiftKey &&
      drag === null &&
      place !== null &&
      extendFromAnchor(root, shown.get(place.view.pageId)?.nodes[place.caret.run], place.caret)
    )
      return;
    document.getSelection()?.removeAllRanges();
    drag = place;
  });
  const window = viewport.ownerDocument.defaultView!;
  const scrolling = edgeScroll(viewport, extend);
  listen(window, "mousemove", (event) => {
    if (drag === null) return;
    extend(event.clientX, event.clientY);
    scrolling.at(event.clientX, event.clientY);
  });
  listen(window, "mouseup", () => {
    drag = null;
    scrolling.stop();
  });
  document.addEventListener("selectionchange", selectionChanged, { signal: ending.signal });
  listen(root, "copy", (event) => {
    const selection = readSelection();
    if (selection === null || event.clipboardData === null) return;
    event.preventDefault();
    if (canCopy) event.clipboardData.setData("text/plain", selection.text);
  });

  const stops = [
    scroller.attach((view: PageView): Unsubscribe => {
      const text = kept.get(view.pageId);
      if (text !== undefined && scroller.viewing.settled) build(scroller.views.get(view.pageId)!, text);
      return () => shown.delete(view.pageId);
    }),
    scroller.onViewing(want),
  ];

  return {
    selection: () => current,
    onSelection(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    clear() {
      if (current !== null) document.getSelection()?.removeAllRanges();
    },
    setSelectable(selectable) {
      viewport.classList.toggle("no-text", !selectable);
      if (!selectable && current !== null) document.getSelection()?.removeAllRanges();
    },
    destroy() {
      ending.abort();
      scrolling.stop();
      for (const stop of stops) stop();
      for (const stop of loading.values()) stop.abort();
    },
  };
}

/** A span in the run's place: as long as the glyphs are, whatever font the browser has. */
function spanOf(run: TextRun, node: Text, measure: (text: string, size: number) => number): HTMLElement {
  const span = document.createElement("span");
  const { start, end, thickness } = extentOf(run);
  const [x, y] = originOf(run);
  const natural = measure(run.text, run.fontSize);
  const stretch = natural > 0 ? (end - start) / natural : 1;
  span.style.fontSize = `${run.fontSize}px`;
  span.style.lineHeight = `${thickness}px`;
  span.style.transform = `translate(${x}px,${y}px)${run.angle === 0 ? "" : ` rotate(${run.angle}deg)`} scaleX(${stretch})`;
  span.append(node);
  return span;
}

function widthMeasure(): (text: string, size: number) => number {
  const context = document.createElement("canvas").getContext("2d");
  if (context === null) return () => 0;
  // Widths grow with the size: one font for all measures.
  context.font = "100px sans-serif";
  return (text, size) => (context.measureText(text).width * size) / 100;
}

/** The selected range inside of the shadow root; browsers differ in how they tell it. */
function selectedRange(root: ShadowRoot): Range | null {
  const selection = document.getSelection();
  if (selection === null || selection.rangeCount === 0) return null;
  const range = document.createRange();
  const composed = (selection as { getComposedRanges?: (options: { shadowRoots: ShadowRoot[] }) => StaticRange[] }).getComposedRanges?.({
    shadowRoots: [root],
  })[0];
  const own = (root as { getSelection?: () => Selection | null }).getSelection?.() ?? selection;
  const found: AbstractRange | null = composed ?? (own.rangeCount > 0 ? own.getRangeAt(0) : null);
  if (found === null || !root.contains(found.startContainer) || !root.contains(found.endContainer)) return null;
  range.setStart(found.startContainer, found.startOffset);
  range.setEnd(found.endContainer, found.endOffset);
  return range;
}

/** An end of the range as a place in the text of this page. */
function caretOf(range: Range, side: "start" | "end", { nodes, runs }: PageRuns): Caret {
  const container = side === "start" ? range.startContainer : range.endContainer;
  const offset = side === "start" ? range.startOffset : range.endOffset;
  const exact = nodes.indexOf(container as Text);
  if (exact >= 0) return { run: exact, offset };
  if (side === "start") {
    const first = nodes.findIndex((node) => range.comparePoint(node, node.length) >= 0);
    return { run: Math.max(0, first), offset: 0 };
  }
  const last = nodes.findLastIndex((node) => range.comparePoint(node, 0) <= 0);
  return { run: last, offset: runs[last]?.text.length ?? 0 };
}

function extendFromAnchor(root: ShadowRoot, node: Text | undefined, caret: Caret): boolean {
  const selection = document.getSelection();
  const anchor = (root as { getSelection?: () => Selection | null }).getSelection?.() ?? selection;
  if (selection === null || anchor?.anchorNode == null || node === undefined || anchor.isCollapsed || !root.contains(anchor.anchorNode))
    return false;
  selection.setBaseAndExtent(anchor.anchorNode, anchor.anchorOffset, node, caret.offset);
  return true;
}

/** What is pressed for itself, not for the text under it. */
function isControl(event: Event): boolean {
  return event
    .composedPath()
    .some((target) => target instanceof HTMLElement && target.matches("a, button, input, textarea, select, [contenteditable]"));
}

/** Scrolls while a drag is held beyond an edge. */
function edgeScroll(viewport: HTMLElement, moved: (x: number, y: number) => void): { at(x: number, y: number): void; stop(): void } {
  let frame = 0;
  let pointer = { x: 0, y: 0 };
  const step = (): void => {
    const { top, bottom } = viewport.getBoundingClientRect();
    const beyond = pointer.y < top ? pointer.y - top : pointer.y > bottom ? pointer.y - bottom : 0;
    frame = 0;
    if (beyond === 0) return;
    viewport.scrollTop += Math.sign(beyond) * Math.min(30, 4 + Math.abs(beyond) / 4);
    moved(pointer.x, pointer.y);
    frame = requestAnimationFrame(step);
  };
  return {
    at(x, y) {
      pointer = { x, y };
      if (frame === 0) frame = requestAnimationFrame(step);
    },
    stop() {
      cancelAnimationFrame(frame);
      frame = 0;
    },
  };
}
