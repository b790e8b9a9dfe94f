/** Comment: a click says where, and opens a card to write the first comment. The marker comes into being with it. */
import { clamp, round } from "../annotations/geometry.ts";
import type { Desk, Tool, ToolPointer } from "../tools/tool.ts";

/** Points a side, as in `discussion.ts`, which is fetched later. */
const SIDE = 24;

export function commentTool(desk: Desk): Tool {
  function place({ page, point }: ToolPointer): void {
    const left = clamp(point[0] - SIDE / 2, 0, Math.max(0, page.width - SIDE));
    const top = clamp(point[1] - SIDE / 2, 0, Math.max(0, page.height - SIDE));
    desk.setActive("select");
    desk.startThread({ kind: "marker", page: page.pageId, point: [round(left), round(top)] });
  }

  return {
    name: "comment",
    // A finger that scrolls shall not leave a comment behind: a tap places it.
    down: (pointer) => pointer.type !== "touch",
    move() {},
    up: place,
    cancel() {},
    tap(pointer) {
      place(pointer);
      return true;
    },
  };
}
