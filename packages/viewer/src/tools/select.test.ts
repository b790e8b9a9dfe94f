import type { Highlight, Note, Rectangle, Text } from "@lectern/protocol";
import { describe, expect, test } from "vitest";
import { selectTool } from "./select.ts";
import { at, READ_ONLY, testDesk, testPage } from "./testing.ts";

const rectangle = (x: number, y: number): Rectangle => ({
  type: "rectangle",
  page: "1.0",
  geometry: { bbox: [x, y, 100, 50] },
  appearance: { strokeColor: "#ff0000", strokeWidth: 2 },
});
const highlight: Highlight = {
  type: "highlight",
  page: "1.0",
  geometry: { bbox: [10, 400, 100, 12], rects: [[10, 400, 100, 12]] },
  appearance: { color: "#ffe066" },
};
const note: Note = {
  type: "note",
  page: "1.0",
  geometry: { bbox: [300, 300, 24, 24] },
  appearance: {},
  text: { format: "plain", value: "" },
};
const text: Text = {
  type: "text",
  page: "1.0",
  geometry: { bbox: [300, 500, 80, 20] },
  appearance: { fontSize: 12 },
  text: { format: "plain", value: "Words" },
};

function desk(grants?: typeof READ_ONLY) {
  const made = testDesk(grants);
  made.store.put("a", rectangle(100, 100));
  made.store.put("b", rectangle(300, 100));
  made.store.put("h", highlight);
  made.store.put("n", note);
  made.store.put("t", text);
  return made;
}
const boxOf = (made: ReturnType<typeof desk>, id: string) => made.store.all.get(id)?.data.geometry.bbox;

describe("clicks", () => {
  test("a click selects, Shift adds and takes away", () => {
    const made = desk();
    const tool = selectTool(made);
    expect(tool.down(at(100, 120))).toBe(true);
    tool.up(at(100, 120));
    expect(made.selection.ids).toEqual(["a"]);
    tool.down(at(300, 120, { shift: true }));
    tool.up(at(300, 120, { shift: true }));
    expect(made.selection.ids).toEqual(["a", "b"]);
    tool.down(at(100, 120, { shift: true }));
    tool.up(at(100, 120, { shift: true }));
    expect(made.selection.ids).toEqual(["b"]);
    expect(made.store.steps).toBe(0);
  });

  test("empty paper is left to the browser, and a tap on it selects nothing", () => {
    const made = desk();
    made.selection.set(["a"]);
    const tool = selectTool(made);
    expect(tool.down(at(500, 700))).toBe(false);
    tool.tap?.(at(500, 700));
    expect(made.selection.ids).toEqual([]);
  });

  test("a press on a highlight is left to text selection, a tap selects it", () => {
    const made = desk();
    const tool = selectTool(made);
    expect(tool.down(at(50, 405))).toBe(false);
    tool.tap?.(at(50, 405));
    expect(made.selection.ids).toEqual(["h"]);
  });

  test("a note opens with one click, a text with two", () => {
    const made = desk();
    const tool = selectTool(made);
    for (const [x, y, clicks] of [
      [310, 310, 1],
      [320, 510, 1],
      [320, 510, 2],
    ] as const) {
      tool.down(at(x, y, { clicks }));
      tool.up(at(x, y, { clicks }));
    }
    expect(made.log).toEqual(["open n", "open t"]);
  });

  test("a finger scrolls over what is not selected and drags what is", () => {
    const made = desk();
    const tool = selectTool(made);
    expect(tool.down(at(100, 120, { type: "touch" }))).toBe(false);
    tool.tap?.(at(100, 120, { type: "touch" }));
    expect(made.selection.ids).toEqual(["a"]);
    expect(tool.down(at(150, 120, { type: "touch" }))).toBe(true);
  });
});

describe("drags", () => {
  test("a drag shows the move and writes it once, as one step of undo", () => {
    const made = desk();
    made.selection.set(["a", "b"]);
    const tool = selectTool(made);
    tool.down(at(100, 120));
    tool.move(at(110, 125));
    tool.move(at(120, 130));
    expect(made.shown.previews.get("b")).toEqual({ geometry: { bbox: [320, 110, 100, 50] } });
    expect(made.store.steps).toBe(0);
    tool.up(at(120, 130));
    expect(boxOf(made, "a")).toEqual([120, 110, 100, 50]);
    expect(boxOf(made, "b")).toEqual([320, 110, 100, 50]);
    expect(made.store.steps).toBe(1);
    expect(made.shown.previews.size).toBe(0);
  });

  test("a hand that trembles does not move anything", () => {
    const made = desk();
    const tool = selectTool(made);
    tool.down(at(100, 120));
    tool.move(at(102, 121));
    tool.up(at(102, 121));
    expect(made.store.steps).toBe(0);
  });

  test("a handle resizes, Shift keeps the aspect", () => {
    const made = desk();
    made.selection.set(["a"]);
    const tool = selectTool(made);
    tool.down(at(200, 150, { handle: [1, 1] }));
    tool.move(at(250, 150));
    tool.up(at(250, 150));
    expect(boxOf(made, "a")).toEqual([100, 100, 150, 50]);
    tool.down(at(250, 150, { handle: [1, 1] }));
    tool.move(at(400, 150, { shift: true }));
    tool.up(at(400, 150));
    expect(boxOf(made, "a")).toEqual([100, 100, 300, 100]);
  });

  test("a cancelled drag leaves no trace", () => {
    const made = desk();
    const tool = selectTool(made);
    tool.down(at(100, 120));
    tool.move(at(150, 150));
    tool.cancel();
    tool.up(at(150, 150));
    expect(boxOf(made, "a")).toEqual([100, 100, 100, 50]);
    expect(made.shown.previews.size).toBe(0);
  });

  test("what others change of it meanwhile stays", () => {
    const made = desk();
    const tool = selectTool(made);
    tool.down(at(100, 120));
    tool.move(at(150, 120));
    made.store.update("a", { appearance: { strokeColor: "#0000ff", strokeWidth: 8 }, geometry: { bbox: [0, 0, 10, 10] } });
    tool.recordsChanged();
    tool.move(at(160, 120));
    tool.up(at(160, 120));
    expect(made.store.all.get("a")?.data).toMatchObject({
      geometry: { bbox: [160, 100, 100, 50] },
      appearance: { strokeColor: "#0000ff" },
    });
  });

  test("a remote delete ends the drag with a notice", () => {
    const made = desk();
    const tool = selectTool(made);
    tool.down(at(100, 120));
    tool.move(at(150, 150));
    made.store.all.delete("a");
    tool.recordsChanged();
    expect(made.shown.previews.size).toBe(0);
    expect(made.log).toEqual(["notice tools.notice.deletedWhileDragging"]);
    tool.up(at(160, 160));
    expect(made.store.all.has("a")).toBe(false);
  });

  test("on a page shown sideways the drag follows the pointer all the same", () => {
    const made = testDesk(undefined, 90);
    made.store.put("a", rectangle(100, 100));
    const tool = selectTool(made);
    const page = testPage("1.0", 90);
    tool.down(at(100, 120, { page }));
    tool.move(at(100, 160, { page }));
    tool.up(at(100, 160, { page }));
    expect(made.store.all.get("a")?.data.geometry.bbox).toEqual([100, 140, 100, 50]);
  });
});

test("a session that may only read selects and opens, but drags nothing", () => {
  const made = desk(READ_ONLY);
  const tool = selectTool(made);
  expect(tool.down(at(100, 120))).toBe(false);
  tool.tap?.(at(310, 310));
  expect(made.selection.ids).toEqual(["n"]);
  expect(made.log).toEqual(["open n"]);
  expect(tool.hover?.(at(100, 120))).toBe("pointer");
});

test("a locked annotation is selected but not moved", () => {
  const made = desk();
  made.store.put("a", { ...rectangle(100, 100), lock: true });
  expect(selectTool(made).down(at(100, 120))).toBe(false);
});
