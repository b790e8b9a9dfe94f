/** Ink, and with a wide pale pen the free highlighter: strokes are shown at once and become one annotation when the pen has rested or the tool ends. */
import type { Ink } from "@lectern/protocol";
import { inkBox } from "../annotations/ink.ts";
import { simplify } from "./simplify.ts";
import type { Desk, Tool, ToolPointer } from "./tool.ts";

/** Milliseconds after which the strokes so far become a record. */
const REST = 1500;
/** Points of the page that a stored stroke may be off the drawn one. */
const TOLERANCE = 0.25;
/** Points of one record's strokes together, far below what a record may hold. */
const MOST_POINTS = 8000;

interface Sheet {
  readonly id: string;
  readonly pageId: string;
  readonly lines: number[][];
  /** The stroke being drawn. */
  stroke: number[] | null;
}

export function inkTool(desk: Desk, name: "ink" | "marker" = "ink"): Tool {
  let sheet: Sheet | null = null;
  let stopResting = (): void => {};

  function annotation({ pageId, lines, stroke }: Sheet): Ink {
    const { color = "#000000", width = 2, opacity = 1 } = desk.styles.get(name);
    const all = stroke === null ? lines : [...lines, stroke];
    return {
      type: "ink",
      page: pageId,
      geometry: { bbox: inkBox(all, width), lines: all },
      appearance: { color, width, ...(opacity === 1 ? {} : { opacity }), ...(name === "marker" ? { blendMode: "multiply" } : {}) },
    };
  }

  function show(): void {
    desk.preview(
      sheet === null || (sheet.lines.length === 0 && sheet.stroke === null)
        ? new Map()
        : new Map([[sheet.id, { annotation: annotation(sheet) }]]),
    );
  }

  function commit(): void {
    stopResting();
    const ended = sheet;
    sheet = null;
    if (ended !== null && ended.lines.length > 0) desk.edits.create([annotation({ ...ended, stroke: null })], [ended.id]);
    // After the record is there, so that nothing flickers.
    show();
  }

  function add({ point: [x, y] }: ToolPointer): void {
    const stroke = sheet?.stroke;
    if (stroke == null) return;
    if (stroke.at(-2) !== x || stroke.at(-1) !== y) stroke.push(x, y);
  }

  return {
    name,

    down(pointer) {
      if (!desk.edits.mayCreate) return false;
      stopResting();
      if (sheet !== null && sheet.pageId !== pointer.page.pageId) commit();
      sheet ??= { id: desk.newId(), pageId: pointer.page.pageId, lines: [], stroke: null };
      sheet.stroke = [];
      add(pointer);
      show();
      return true;
    },

    move(pointer) {
      add(pointer);
      show();
    },

    up(pointer) {
      if (sheet === null) return;
      add(pointer);
      if (sheet.stroke !== null) sheet.lines.push(simplify(sheet.stroke, TOLERANCE));
      sheet.stroke = null;
      show();
      if (sheet.lines.reduce((sum, line) => sum + line.length / 2, 0) > MOST_POINTS) commit();
      else stopResting = desk.later(commit, REST);
    },

    cancel() {
      if (sheet === null) return;
      sheet.stroke = null;
      show();
      if (sheet.lines.length === 0) sheet = null;
      else stopResting = desk.later(commit, REST);
    },

    finish: commit,
    hover: () => null,
  };
}
