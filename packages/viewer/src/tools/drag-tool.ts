/** A tool by which one drag draws one annotation, seen while it is drawn and selected then, so that its looks can be changed at once. */
import type { Editable } from "../annotations/kind.ts";
import type { Desk, Tool, ToolName, ToolPointer } from "./tool.ts";

export interface DragToolOptions<A extends Editable> {
  readonly name: ToolName;
  readonly annotation: (from: ToolPointer, to: ToolPointer) => A;
  /** Less than this is no drag, and draws nothing. */
  readonly isEnough: (made: A, from: ToolPointer, to: ToolPointer) => boolean;
}

export function dragTool<A extends Editable>(desk: Desk, { name, annotation, isEnough }: DragToolOptions<A>): Tool {
  let start: ToolPointer | null = null;
  let id = "";

  function end(): void {
    start = null;
    desk.preview(new Map());
  }

  return {
    name,
    down(pointer) {
      if (!desk.edits.mayCreate) return false;
      start = pointer;
      id = desk.newId();
      return true;
    },
    move(pointer) {
      if (start !== null) desk.preview(new Map([[id, { annotation: annotation(start, pointer) }]]));
    },
    up(pointer) {
      if (start === null) return;
      const made = annotation(start, pointer);
      const enough = isEnough(made, start, pointer);
      if (enough) desk.edits.create([made], [id]);
      end();
      if (!enough) return;
      desk.setActive("select");
      desk.selection.set([id]);
    },
    cancel: end,
  };
}
