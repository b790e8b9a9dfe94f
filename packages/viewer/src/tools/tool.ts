/**
 * What a tool is: a state machine that takes pointer input and asks its desk for changes of records. No DOM here, so each is
 * tested with synthetic input. `pointer.ts` feeds the active one; `tools.ts` makes the desk.
 */
import type { AnyRecord, Point, Rotation } from "@lectern/protocol";
import type { Previews } from "../annotations/drawing.ts";
import type { Handle } from "../annotations/geometry.ts";
import type { Editable, EditableType } from "../annotations/kind.ts";
import type { ThreadWish } from "../parts.ts";
import type { Edits } from "./edits.ts";
import type { ChosenStamp } from "./stamp.ts";
import type { Selection } from "./selection.ts";
import type { StyleMemory } from "./style-memory.ts";

/** Kinds that a tool makes. */
export type MarkType = Extract<EditableType, "highlight" | "underline" | "strikeout" | "squiggly" | "redaction">;
export type MadeType =
  | MarkType
  | Extract<EditableType, "ink" | "note" | "rectangle" | "text" | "ellipse" | "line" | "polyline" | "polygon" | "stamp">;
export type ToolName = "select" | "comment" | "marker" | "eraser" | "arrow" | "cloud" | MadeType;

/** What is selected becomes a mark with this tool active. */
export function isMarkTool(name: string): name is MarkType {
  return name === "highlight" || name === "underline" || name === "strikeout" || name === "squiggly" || name === "redaction";
}

/** The page that a gesture began on; a `PageView` is one. */
export interface ToolPage {
  readonly pageId: string;
  /** Points, before rotation. */
  readonly width: number;
  readonly height: number;
  /** As shown. */
  readonly rotation: Rotation;
  /** CSS pixels a point. */
  readonly scale: number;
}

export interface ToolPointer {
  readonly page: ToolPage;
  /** On that page, in record coordinates; beyond its edges while the gesture goes on outside. */
  readonly point: Point;
  readonly type: "mouse" | "pen" | "touch";
  readonly shift: boolean;
  /** 2 for the second press of a double click. */
  readonly clicks: number;
  /** It began on text that can be selected. */
  readonly onText?: boolean;
  /** Of the selected annotation, when the gesture began on one. */
  readonly handle: Handle | null;
}

export interface Tool {
  readonly name: ToolName;
  /** Whether the tool wants the gesture; else the browser has it (scrolling, text selection). */
  down(pointer: ToolPointer): boolean;
  /** Every point of a gesture that it took, none left out. */
  move(pointer: ToolPointer): void;
  up(pointer: ToolPointer): void;
  /** The gesture is over and shall leave no trace. */
  cancel(): void;
  /** Down and up in one place of a gesture that it did not take; whether it has used it. */
  tap?(pointer: ToolPointer): boolean;
  /** Cursor at a point with no button pressed; null for the tool's own. */
  hover?(pointer: ToolPointer): string | null;
  /** Commits what is open: another tool takes over, or somebody undoes. */
  finish?(): void;
  /** Enter and Escape, while something is being made: whether the tool had a use for it. */
  enter?(): boolean;
  escape?(): boolean;
}

/** What tools work with. */
export interface Desk {
  readonly edits: Edits;
  readonly selection: Selection;
  readonly styles: StyleMemory;
  record(id: string): AnyRecord | undefined;
  /** What is drawn on a page, lowest first. */
  stack(pageId: string): readonly AnyRecord[];
  page(pageId: string): ToolPage | null;
  /** Shown here and to others while it lasts; an empty map ends it. */
  preview(previews: Previews): void;
  /** Opens what a double click opens: the card of a note, the editor of a text. */
  open(id: string): void;
  /** Writes a new text or note: an editor for an annotation that does not exist yet. A text becomes as wide as its words, up to `growTo` points. */
  draft(annotation: Editable, growTo?: number): void;
  /** Asks for a thread there. */
  startThread(wish: ThreadWish): void;
  setActive(name: ToolName): void;
  /** A short message for everybody: shown and announced. */
  notice(key: string): void;
  /** That the next click places. */
  stamp(): ChosenStamp;
  newId(): string;
  /** Runs later; the returned function calls it off. */
  later(run: () => void, ms: number): () => void;
}

/** CSS pixels that a pointer may move and still be a click. */
export const CLICK_SLOP = 4;

/** How far from its ink an annotation is still hit, in points. */
export function tolerance({ type, page }: ToolPointer): number {
  return (type === "touch" ? 12 : type === "pen" ? 6 : 4) / page.scale;
}
