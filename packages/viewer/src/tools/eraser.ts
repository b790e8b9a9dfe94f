/** Eraser: takes away the strokes of drawings that it is dragged over, and the drawing with its last one. One drag is one step of undo. */
import type { Ink } from "@lectern/protocol";
import type { Preview } from "../annotations/drawing.ts";
import { inkBox } from "../annotations/ink.ts";
import { isEditableRecord, KINDS } from "../annotations/registry.ts";
import { type Desk, type Tool, type ToolPointer, tolerance } from "./tool.ts";

/** CSS pixels beside the pointer. */
const REACH = 6;

export function eraserTool(desk: Desk): Tool {
  let isErasing = false;
  /** What is left of the drawings that were touched. */
  const left = new Map<string, Ink>();

  function erase(pointer: ToolPointer): void {
    const reach = tolerance(pointer) + REACH / pointer.page.scale;
    for (const record of desk.stack(pointer.page.pageId)) {
      if (!isEditableRecord(record) || record.data.type !== "ink" || !desk.edits.mayEdit(record.id)) continue;
      const ink = left.get(record.id) ?? record.data;
      const lines = ink.geometry.lines.filter(
        (line) => !KINDS.ink.hit({ ...ink, geometry: { ...ink.geometry, lines: [line] } }, pointer.point, reach),
      );
      if (lines.length === ink.geometry.lines.length) continue;
      left.set(record.id, withLines(record.data, lines));
    }
    desk.preview(new Map([...left].map(([id, { geometry }]): [string, Preview] => [id, { geometry }])));
  }

  function end(): void {
    isErasing = false;
    left.clear();
    desk.preview(new Map());
  }

  return {
    name: "eraser",
    down(pointer) {
      if (!desk.edits.mayCreate) return false;
      isErasing = true;
      erase(pointer);
      return true;
    },
    move(pointer) {
      if (isErasing) erase(pointer);
    },
    up(pointer) {
      if (!isErasing) return;
      erase(pointer);
      const geometries = new Map([...left].filter(([, { geometry }]) => geometry.lines.length > 0).map(([id, ink]) => [id, ink.geometry]));
      const gone = [...left.keys()].filter((id) => !geometries.has(id));
      if (left.size > 0) desk.edits.erase(geometries, gone);
      end();
    },
    cancel: end,
  };
}

/** Pressures belong to their strokes: with strokes gone they cannot be told apart by place any more. */
function withLines(ink: Ink, lines: Ink["geometry"]["lines"]): Ink {
  const { pressures: _, ...geometry } = ink.geometry;
  return { ...ink, geometry: { ...geometry, bbox: lines.length === 0 ? geometry.bbox : inkBox(lines, ink.appearance.width), lines } };
}
