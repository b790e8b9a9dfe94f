/**
 * Draws the annotations of the pages on screen as SVG, one `<g data-id>` a record, in z-order. It is there before the first
 * paint. A change draws again what it names and nothing else. Nothing of a record becomes markup: numbers and colours are
 * checked by the appearance, words go through `textContent`.
 */
import { type DrawnAnnotation, drawAnnotation, isDrawn, type SvgElement, toSvg } from "@lectern/pdf/appearance";
import type { AnyRecord } from "@lectern/protocol";
import type { Records } from "@lectern/sync/client";
import type { Pages, PageView, Unsubscribe } from "../parts.ts";
import { compareZ, sortedByZ } from "./z-order.ts";

const NONE: Previews = new Map();
const SVG = "http://www.w3.org/2000/svg";

/** What is shown instead of what the records say: a geometry being dragged, looks being tried, or something that is not a record yet. */
export type Preview =
  | { readonly geometry?: DrawnAnnotation["geometry"]; readonly appearance?: DrawnAnnotation["appearance"] }
  | { readonly annotation: DrawnAnnotation };
export type Previews = ReadonlyMap<string, Preview>;

/** What this user does: drags and strokes, arrow keys, looks being tried, a note not written yet. They win over what others do. */
const OWN = ["me", "nudge", "style", "draft"] as const;
export type OwnSource = (typeof OWN)[number];

export interface Drawing {
  /** Replaces the previews of this source: an own one, or `peer:` and the id of somebody else's connection. */
  preview(source: OwnSource | `peer:${string}`, previews: Previews): void;
  /** Not drawn for now: its editor stands in its place. */
  hide(id: string | null): void;
  /** What is drawn on a page, lowest first; empty while the page is not on screen. */
  stack(pageId: string): readonly AnyRecord[];
  /** What is shown for this id, previews included. */
  shown(id: string): DrawnAnnotation | null;
  /** While its page is on screen. */
  elementOf(id: string): SVGGElement | null;
  /** Called for every record whose element is new or drawn again, at once for those that are there. */
  onDrawn(listener: (record: AnyRecord, element: SVGGElement) => void): Unsubscribe;
  destroy(): void;
}

interface Drawn {
  readonly element: SVGGElement;
  readonly page: PageDrawing;
  record: AnyRecord | null;
}

interface PageDrawing {
  readonly view: PageView;
  /** Lowest first; only records, not previews of new ones. */
  readonly order: AnyRecord[];
}

/** Where the picture with this blob is to be had; null: nowhere. */
export type PictureUrl = (blob: string) => string | null;

export function createDrawing(pages: Pages, records: Records, pictureUrl: PictureUrl = () => null): Drawing {
  const svg = (drawn: SvgElement): SVGElement => elementFrom(drawn, pictureUrl);
  const mounted = new Map<string, PageDrawing>();
  const drawn = new Map<string, Drawn>();
  const sources = new Map<string, Previews>(OWN.map((source) => [source, NONE]));
  const listeners = new Set<(record: AnyRecord, element: SVGGElement) => void>();
  let hidden: string | null = null;

  const previewOf = (id: string): Preview | undefined => {
    for (const previews of sources.values()) {
      const preview = previews.get(id);
      if (preview !== undefined) return preview;
    }
    return undefined;
  };

  function shown(id: string): DrawnAnnotation | null {
    const record = records.get(id);
    const preview = previewOf(id);
    if (record === undefined) return preview !== undefined && "annotation" in preview ? preview.annotation : null;
    if (record.kind !== "annotation" || !isDrawn(record.data) || isHidden(record.data.flags)) return null;
    // A pin stands for it; its drawing is for paper.
    if (record.data.type === "comment-marker") return null;
    if (preview === undefined || "annotation" in preview) return record.data;
    // Everything else may change while somebody drags: the record's own properties stay in force.
    return { ...record.data, ...preview } as DrawnAnnotation;
  }

  function draw(id: string): void {
    const annotation = id === hidden ? null : shown(id);
    const page = annotation?.page == null ? undefined : mounted.get(annotation.page);
    const before = drawn.get(id);
    if (before !== undefined && before.page !== page) erase(id, before);
    if (annotation === null || page === undefined) return;
    const record = records.get(id) ?? null;
    const entry = drawn.get(id) ?? { element: group(id), page, record: null };
    drawn.set(id, entry);
    entry.element.replaceChildren(...toSvg(drawAnnotation(annotation)).map(svg));
    place(entry, record);
    if (record !== null) for (const listener of listeners) listener(record, entry.element);
  }

  /** Puts the element where its order says, moving it only when that changed. */
  function place(entry: Drawn, record: AnyRecord | null): void {
    const { order, view } = entry.page;
    const old = entry.record;
    entry.record = record;
    if (record === null) {
      if (old !== null) order.splice(order.indexOf(old), 1);
      if (!entry.element.isConnected) view.drawing.append(entry.element);
      return;
    }
    if (old !== null) {
      const at = order.indexOf(old);
      if (compareZ(old, record) === 0) {
        order[at] = record;
        return;
      }
      order.splice(at, 1);
    }
    const at = indexAbove(order, record);
    const next = order[at];
    order.splice(at, 0, record);
    view.drawing.insertBefore(entry.element, next === undefined ? null : drawn.get(next.id)!.element);
  }

  function erase(id: string, { element, page, record }: Drawn): void {
    element.remove();
    drawn.delete(id);
    if (record !== null) page.order.splice(page.order.indexOf(record), 1);
  }

  function mount(view: PageView): Unsubscribe {
    const page: PageDrawing = { view, order: [] };
    mounted.set(view.pageId, page);
    const fragment = document.createDocumentFragment();
    for (const record of sortedByZ(records.byPage(view.pageId))) {
      const annotation = record.id === hidden ? null : shown(record.id);
      if (annotation === null) continue;
      const element = group(record.id);
      element.append(...toSvg(drawAnnotation(annotation)).map(svg));
      drawn.set(record.id, { element, page, record });
      page.order.push(record);
      fragment.append(element);
      for (const listener of listeners) listener(record, element);
    }
    view.drawing.append(fragment);
    for (const previews of sources.values()) for (const id of previews.keys()) draw(id);
    return () => {
      mounted.delete(view.pageId);
      for (const [id, entry] of drawn) if (entry.page === page) erase(id, entry);
    };
  }

  const unsubscribe = [
    records.onChange(({ ids }) => {
      for (const id of ids) draw(id);
    }),
    pages.attach(mount),
  ];

  return {
    shown,
    stack: (pageId) => mounted.get(pageId)?.order ?? [],
    preview(source, previews) {
      const before = sources.get(source) ?? NONE;
      if (previews.size === 0 && source.startsWith("peer:")) sources.delete(source);
      else sources.set(source, previews);
      for (const id of before.keys()) if (!previews.has(id)) draw(id);
      for (const [id, preview] of previews) if (before.get(id) !== preview) draw(id);
    },
    hide(id) {
      const before = hidden;
      hidden = id;
      if (before !== null && before !== id) draw(before);
      if (id !== null) {
        const entry = drawn.get(id);
        if (entry !== undefined) erase(id, entry);
      }
    },
    elementOf: (id) => drawn.get(id)?.element ?? null,
    onDrawn(listener) {
      listeners.add(listener);
      for (const { record, element } of drawn.values()) if (record !== null) listener(record, element);
      return () => listeners.delete(listener);
    },
    destroy() {
      for (const stop of unsubscribe) stop();
      for (const [id, entry] of drawn) erase(id, entry);
    },
  };
}

function isHidden(flags: readonly string[] | undefined): boolean {
  return flags !== undefined && (flags.includes("hidden") || flags.includes("noView"));
}

/** Where to insert so that the order stays sorted. */
function indexAbove(order: readonly AnyRecord[], record: AnyRecord): number {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareZ(order[middle]!, record) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function group(id: string): SVGGElement {
  const element = document.createElementNS(SVG, "g");
  element.setAttribute("data-id", id);
  return element;
}

/** Never by markup; `style` by its properties, since an attribute is stopped by a strict content security policy. */
export function elementFrom({ tag, attributes, style, text, blob, children }: SvgElement, pictureUrl: PictureUrl = () => null): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (style !== undefined) for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
  const url = blob === undefined ? null : pictureUrl(blob);
  if (url !== null) element.setAttribute("href", url);
  if (text !== undefined) element.textContent = text;
  if (children !== undefined) element.append(...children.map((child) => elementFrom(child, pictureUrl)));
  return element;
}
