/**
 * How the parts of the viewer know each other. `load.ts` makes them and wires them; a part gets what it needs by these types,
 * takes input by methods and tells by events. No part imports `instance.ts` or `load.ts`.
 */
import type { Point, Rect, Rotation } from "@lectern/protocol";

export type Unsubscribe = () => void;

/** A page while it is on screen (or near it). Records speak points of the source page, unrotated; the view turns those into pixels. */
export interface PageView {
  readonly pageId: string;
  readonly index: number;
  /** The page's box; its children are the layers, in this order: image, text, annotations, overlay. */
  readonly element: HTMLElement;
  /** Draw here in record coordinates: its transform follows zoom and rotation. Below the overlay, above the text. */
  readonly drawing: SVGGElement;
  /** HTML on top (handles, editors, cursors of others), in CSS pixels of the page's box as shown. */
  readonly overlay: HTMLElement;
  /** Points, before rotation. */
  readonly width: number;
  readonly height: number;
  /** As shown: the file's, the record's and the viewer's rotation together. */
  readonly rotation: Rotation;
  /** CSS pixels a point. */
  readonly scale: number;
  toPage(clientX: number, clientY: number): Point;
  /** Box in CSS pixels of `element`, as shown. */
  toScreen(rect: Rect): { left: number; top: number; width: number; height: number };
}

export interface Pages {
  readonly views: ReadonlyMap<string, PageView>;
  at(clientX: number, clientY: number): PageView | null;
  /** Page ids in order. */
  readonly order: readonly string[];
  jumpTo(pageId: string, rect?: Rect): void;
  /** Called for each page that comes on screen (and at once for those that are), after a change of scale or rotation too; the returned function when it leaves. */
  attach(mount: (view: PageView) => Unsubscribe): Unsubscribe;
  /** A view's scale or rotation changed. */
  onChange(listener: (view: PageView) => void): Unsubscribe;
  /** Scrolling element, for pointer listeners. */
  readonly viewport: HTMLElement;
}

/** What of the page's text is selected, as rectangles per page in record coordinates. */
export interface TextSelection {
  readonly text: string;
  readonly pages: readonly { readonly pageId: string; readonly rects: readonly Rect[] }[];
}

export interface TextLayer {
  selection(): TextSelection | null;
  onSelection(listener: (selection: TextSelection | null) => void): Unsubscribe;
  clear(): void;
  /** Off while a drawing tool is active, so that drags do not select text. */
  setSelectable(selectable: boolean): void;
}

/** Somebody wants to say something: at a place of a page, or about an annotation. */
export type ThreadWish =
  | { readonly kind: "marker"; readonly page: string; readonly point: Point }
  | { readonly kind: "root"; readonly id: string };

/** A tool that the toolbar shows. */
export interface ToolInfo {
  readonly name: string;
  /** Key of its label in the catalogue. */
  readonly label: string;
  /** Its elements, in a box of 24 × 24. */
  readonly icon: readonly (readonly [tag: string, attributes: Readonly<Record<string, string>>])[];
  readonly shortcut?: string;
  /** Those of a group share one button; key of the group's name. */
  readonly group?: string;
}

/** The annotation part as the shell uses it; loaded as a chunk after the first paint, except for drawing. */
export interface Tools {
  readonly list: readonly ToolInfo[];
  readonly active: string;
  setActive(name: string): void;
  onActive(listener: (name: string) => void): Unsubscribe;
  /** A thread is asked for. */
  onThreadWish(listener: (wish: ThreadWish) => void): Unsubscribe;
  undo(): void;
  redo(): void;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  onHistory(listener: () => void): Unsubscribe;
  readonly selection: readonly string[];
  select(ids: readonly string[]): void;
  /** One redaction mark for each area, together one step of undo; their ids. */
  markForRedaction(areas: readonly { readonly pageId: string; readonly rects: readonly Rect[] }[]): readonly string[];
  mayDelete(id: string): boolean;
  onSelection(listener: (ids: readonly string[]) => void): Unsubscribe;
  destroy(): void;
}
