/**
 * Annotations within reach of the keyboard and of screen readers: each page's drawing is a group with one stop of Tab; arrow keys
 * go from one annotation to the next in reading order, Enter or Space selects.
 */
import { plainText } from "@lectern/pdf/appearance";
import type { AnyRecord } from "@lectern/protocol";
import type { Drawing } from "../annotations/drawing.ts";
import { boundsOfAnnotation, isEditable, kindOf } from "../annotations/registry.ts";
import type { Pages, PageView, Unsubscribe } from "../parts.ts";
import type { Translate } from "../ui/locale.ts";

export interface ReachOptions {
  readonly pages: Pages;
  readonly drawing: Drawing;
  readonly authorOf: (record: AnyRecord) => string;
  readonly t: Translate;
  /** The one with the focus, when it is to be seen; null when none has it. */
  readonly onFocus: (id: string | null) => void;
}

export interface Reach {
  /** Gives it the focus, without scrolling. */
  focus(id: string): void;
  /** The id of the annotation that an event came from. */
  idOf(event: Event): string | null;
  /** Moves the focus along the page; false at its ends. */
  step(from: string, by: 1 | -1): boolean;
  /** Records have gone: a page whose stop of Tab was one of them gets another. */
  repair(): void;
  destroy(): void;
}

export function createReach({ pages, drawing, authorOf, t, onFocus }: ReachOptions): Reach {
  /** The stop of Tab on each page. */
  const stops = new Map<string, string>();

  function makeStop(pageId: string, id: string): void {
    const before = stops.get(pageId);
    if (before !== undefined && before !== id) drawing.elementOf(before)?.setAttribute("tabindex", "-1");
    stops.set(pageId, id);
    drawing.elementOf(id)?.setAttribute("tabindex", "0");
  }

  function describe(record: AnyRecord, element: SVGGElement): void {
    if (record.kind !== "annotation" || record.data.page === null || !isEditable(record.data)) return;
    const page = record.data.page;
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", nameOf(record));
    const stop = stops.get(page);
    if (stop === undefined || stop === record.id || drawing.elementOf(stop) === null) {
      stops.set(page, record.id);
      element.setAttribute("tabindex", "0");
    } else element.setAttribute("tabindex", "-1");
  }

  /** "Highlight by Ana, page 2", and the words that it has. */
  function nameOf(record: AnyRecord): string {
    if (record.kind !== "annotation" || !isEditable(record.data)) return "";
    const { data } = record;
    const index = data.page === null ? -1 : pages.order.indexOf(data.page);
    const author = authorOf(record);
    const values = { kind: t(kindOf(data).label), name: author, page: index + 1 };
    const name = author === "" ? t("tools.name.page", values) : t("tools.name.author", values);
    const words = "text" in data ? plainText(data.text).trim() : (data.note ?? "");
    return words === "" ? name : `${name}: ${words.slice(0, 200)}`;
  }

  function inOrder(pageId: string): string[] {
    return drawing
      .stack(pageId)
      .flatMap((record) =>
        record.kind === "annotation" && isEditable(record.data) ? [{ id: record.id, box: boundsOfAnnotation(record.data) }] : [],
      )
      .toSorted((a, b) => a.box[1] - b.box[1] || a.box[0] - b.box[0])
      .map(({ id }) => id);
  }

  function idOf(event: Event): string | null {
    const target = event.composedPath()[0];
    return target instanceof Element ? (target.closest<SVGGElement>("g[data-id]")?.dataset.id ?? null) : null;
  }

  function mount(view: PageView): Unsubscribe {
    const { drawing: group } = view;
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", t("tools.name.group", { page: view.index + 1 }));
    const focused = (event: FocusEvent): void => {
      const id = idOf(event);
      if (id === null) return;
      makeStop(view.pageId, id);
      onFocus((event.target as Element).matches(":focus-visible") ? id : null);
    };
    const blurred = (): void => onFocus(null);
    // Heard on the page: an SVG element that listens for the focus becomes a stop of Tab itself.
    view.element.addEventListener("focusin", focused);
    view.element.addEventListener("focusout", blurred);
    return () => {
      view.element.removeEventListener("focusin", focused);
      view.element.removeEventListener("focusout", blurred);
    };
  }

  const unsubscribe = [pages.attach(mount), drawing.onDrawn(describe)];

  return {
    focus: (id) => drawing.elementOf(id)?.focus({ preventScroll: true }),
    idOf,
    step(from, by) {
      const page = drawing.shown(from)?.page;
      if (page == null) return false;
      const ids = inOrder(page);
      const next = ids[ids.indexOf(from) + by];
      if (next === undefined) return false;
      drawing.elementOf(next)?.focus();
      return true;
    },
    repair() {
      for (const [page, id] of stops) {
        if (!pages.views.has(page) || drawing.elementOf(id) !== null) continue;
        const [next] = inOrder(page);
        if (next === undefined) stops.delete(page);
        else makeStop(page, next);
      }
    },
    destroy() {
      for (const stop of unsubscribe) stop();
    },
  };
}
