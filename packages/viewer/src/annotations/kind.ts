/** What the tools need to know of a kind of annotation. One file per kind says it; `registry.ts` finds it. */
import type { Annotation, Point, Rect } from "@lectern/protocol";
import type { Frame, Handle } from "./geometry.ts";

/** The looks that the mini-toolbar offers, in one vocabulary for all kinds. `fill: null` is no fill. */
export interface Style {
  readonly color?: string;
  readonly opacity?: number;
  /** Points. */
  readonly width?: number;
  readonly fill?: string | null;
  /** Points. */
  readonly fontSize?: number;
}
export type StyleName = keyof Style;

/** The kinds that can be changed here: a link belongs to its page. */
export type EditableType = Exclude<Annotation["type"], "link" | "comment-marker">;
export type Editable = Extract<Annotation, { type: EditableType }>;
export type OfType<T extends EditableType> = Extract<Annotation, { type: T }>;

export interface AnnotationKind<A extends Editable = Editable> {
  readonly type: A["type"];
  /** Key of its name in the catalogue. */
  readonly label: string;
  /** What lies on text leaves the first drag to the selection of text: it is moved once it is selected. */
  readonly dragged: "at-once" | "when-selected";
  /** Directions in its own frame; empty: it cannot be resized. */
  readonly handles: readonly Handle[];
  /** A side is never dragged shorter than this, in points. */
  readonly minimum: number;
  /** Has words that a double click or Enter edits, and where. */
  readonly editor: "none" | "card" | "page";
  readonly styles: readonly StyleName[];
  readonly defaults: Style;
  /** Colours offered for it. */
  readonly palette: readonly string[];
  frame(annotation: A): Frame;
  /** `tolerance` in points: how far from the ink a pointer still means it. */
  hit(annotation: A, point: Point, tolerance: number): boolean;
  /** Its whole geometry after a move. */
  moved(annotation: A, dx: number, dy: number): A["geometry"];
  /** Its whole geometry when its frame's rectangle becomes `to` by this handle. */
  resized(annotation: A, to: Rect, handle: Handle): A["geometry"];
  /** Its whole geometry when its looks ask for another one; null when they do not. */
  refit(annotation: A): A["geometry"] | null;
  style(annotation: A): Style;
  /** Its whole appearance with these looks changed. */
  restyled(annotation: A, style: Style): A["appearance"];
}

/** Sets a property, or removes it. */
export function withOptional<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | null | undefined): T {
  const { [key]: _, ...rest } = target;
  return (value === null || value === undefined ? rest : { ...rest, [key]: value }) as T;
}

/** Reads well on white paper. */
export const INK_COLORS = ["#1f2328", "#e5484d", "#f08c00", "#2f9e44", "#1971c2", "#7048e8"] as const;
/** Pale enough that black text stays readable below. */
export const MARKER_COLORS = ["#ffe066", "#b2f2bb", "#a5d8ff", "#ffc9de", "#ffd8a8", "#d0bfff"] as const;
