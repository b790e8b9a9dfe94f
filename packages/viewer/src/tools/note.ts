/** Note: a click places the icon and opens a card to write it. It exists when something has been written. */
import type { Note } from "@lectern/protocol";
import { clamp, round } from "../annotations/geometry.ts";
import { NOTE_SIZE } from "../annotations/note.ts";
import type { Desk, Tool, ToolPointer } from "./tool.ts";

export function noteTool(desk: Desk): Tool {
  function place({ page, point }: ToolPointer): void {
    const { color } = desk.styles.get("note");
    const left = clamp(point[0] - NOTE_SIZE / 2, 0, Math.max(0, page.width - NOTE_SIZE));
    const top = clamp(point[1] - NOTE_SIZE / 2, 0, Math.max(0, page.height - NOTE_SIZE));
    const note: Note = {
      type: "note",
      page: page.pageId,
      geometry: { bbox: [round(left), round(top), NOTE_SIZE, NOTE_SIZE] },
      appearance: { icon: "comment", ...(color === undefined ? {} : { color }) },
      text: { format: "plain", value: "" },
    };
    desk.setActive("select");
    desk.draft(note);
  }

  return {
    name: "note",
    // A finger that scrolls shall not leave a note behind: a tap places it.
    down: (pointer) => pointer.type !== "touch" && desk.edits.mayCreate,
    move() {},
    up: place,
    cancel() {},
    tap(pointer) {
      if (desk.edits.mayCreate) place(pointer);
      return true;
    },
  };
}
