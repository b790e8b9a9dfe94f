import type { Ink, Note, Rectangle, Text } from "@lectern/protocol";
import { checkData } from "@lectern/protocol";
import { describe, expect, test } from "vitest";
import { marksOf } from "./highlight.ts";
import { inkTool } from "./ink.ts";
import { mergeLineRects } from "./line-rects.ts";
import { noteTool } from "./note.ts";
import { boxTool, dragged } from "./box.ts";
import { at, READ_ONLY, testDesk, testPage } from "./testing.ts";
import { textTool } from "./text.ts";

const made = (desk: ReturnType<typeof testDesk>) => [...desk.store.all.values()].map(({ data }) => data);

describe("ink", () => {
  const stroke = (tool: ReturnType<typeof inkTool>, ...points: [number, number][]) => {
    tool.down(at(...points[0]!));
    for (const point of points.slice(1)) tool.move(at(...point));
    tool.up(at(...points.at(-1)!));
  };

  test("strokes become one annotation when the pen has rested", () => {
    const desk = testDesk();
    const tool = inkTool(desk);
    stroke(tool, [10, 10], [15, 10.01], [20, 10]);
    desk.pass(1000);
    stroke(tool, [10, 20], [20, 30]);
    desk.pass(1400);
    expect(made(desk)).toEqual([]);
    expect(desk.shown.previews.size).toBe(1);
    desk.pass(200);
    const [ink] = made(desk) as [Ink];
    expect(ink.geometry.lines).toEqual([
      [10, 10, 20, 10],
      [10, 20, 20, 30],
    ]);
    expect(ink.geometry.bbox).toEqual([9, 9, 12, 22]);
    expect(ink.creatorName).toBe("Ana");
    expect(checkData("annotation", ink).ok).toBe(true);
    expect(desk.shown.previews.size).toBe(0);
    expect(desk.store.steps).toBe(1);
  });

  test("the record gets the id that the preview had, so that nobody sees it twice", () => {
    const desk = testDesk();
    const tool = inkTool(desk);
    stroke(tool, [10, 10], [20, 20]);
    const [previewed] = desk.shown.previews.keys();
    tool.finish?.();
    expect([...desk.store.all.keys()]).toEqual([previewed]);
  });

  test("the end of the tool and another page commit at once", () => {
    const desk = testDesk();
    const tool = inkTool(desk);
    stroke(tool, [10, 10], [20, 20]);
    tool.down(at(1, 1, { page: testPage("1.1") }));
    expect(made(desk).map(({ page }) => page)).toEqual(["1.0"]);
    tool.up(at(5, 5, { page: testPage("1.1") }));
    tool.finish?.();
    expect(made(desk).map(({ page }) => page)).toEqual(["1.0", "1.1"]);
  });

  test("a cancelled stroke is gone, those before it stay", () => {
    const desk = testDesk();
    const tool = inkTool(desk);
    stroke(tool, [10, 10], [20, 20]);
    tool.down(at(100, 100));
    tool.move(at(200, 200));
    tool.cancel();
    desk.pass(1600);
    expect((made(desk) as Ink[]).map(({ geometry }) => geometry.lines)).toEqual([[[10, 10, 20, 20]]]);
  });

  test("a press without a move is a dot", () => {
    const desk = testDesk();
    const tool = inkTool(desk);
    stroke(tool, [10, 10]);
    tool.finish?.();
    expect((made(desk)[0] as Ink).geometry.lines).toEqual([[10, 10]]);
  });
});

describe("rectangle", () => {
  test("a drag draws it, selects it and goes back to selecting", () => {
    const desk = testDesk();
    const tool = boxTool(desk, "rectangle");
    tool.down(at(200, 200));
    tool.move(at(150, 120));
    expect(desk.shown.previews.size).toBe(1);
    tool.up(at(150, 120));
    const [rectangle] = made(desk) as [Rectangle];
    expect(rectangle.geometry.bbox).toEqual([150, 120, 50, 80]);
    expect(checkData("annotation", rectangle).ok).toBe(true);
    expect(desk.selection.ids).toEqual([...desk.store.all.keys()]);
    expect(desk.log).toEqual(["tool select"]);
  });

  test("too small a drag makes nothing", () => {
    const desk = testDesk();
    const tool = boxTool(desk, "rectangle");
    tool.down(at(200, 200));
    tool.up(at(203, 300));
    expect(made(desk)).toEqual([]);
    expect(desk.shown.previews.size).toBe(0);
  });

  test("a cancelled drag makes nothing", () => {
    const desk = testDesk();
    const tool = boxTool(desk, "rectangle");
    tool.down(at(200, 200));
    tool.move(at(300, 300));
    tool.cancel();
    tool.up(at(300, 300));
    expect(made(desk)).toEqual([]);
    expect(desk.shown.previews.size).toBe(0);
  });

  test("it stays on the page, and Shift makes it a square that does too", () => {
    expect(dragged(testPage(), [500, 100], [900, 200], false)).toEqual([500, 100, 100, 100]);
    expect(dragged(testPage(), [500, 100], [900, 150], true)).toEqual([500, 100, 100, 100]);
    expect(dragged(testPage(), [500, 100], [470, 90], true)).toEqual([470, 70, 30, 30]);
  });
});

describe("note and text", () => {
  test("a click opens the card of a note around the pointer, within the page", () => {
    const desk = testDesk();
    const tool = noteTool(desk);
    expect(tool.down(at(599, 400))).toBe(true);
    tool.up(at(599, 400));
    expect((desk.drafts[0] as Note).geometry.bbox).toEqual([576, 388, 24, 24]);
    expect(made(desk)).toEqual([]);
    expect(desk.log).toEqual(["tool select"]);
  });

  test("a finger places a note with a tap, not with the start of a scroll", () => {
    const desk = testDesk();
    const tool = noteTool(desk);
    expect(tool.down(at(100, 100, { type: "touch" }))).toBe(false);
    tool.tap?.(at(100, 100, { type: "touch" }));
    expect(desk.drafts).toHaveLength(1);
  });

  test("a click starts a line of text at the pointer, a drag a box", () => {
    const desk = testDesk();
    const tool = textTool(desk);
    tool.down(at(100, 100));
    tool.up(at(101, 100));
    tool.down(at(100, 100));
    tool.up(at(300, 200));
    const [line, box] = desk.drafts as [Text, Text];
    expect(line.geometry.bbox[0]).toBe(100);
    expect(line.geometry.bbox[1] + line.geometry.bbox[3] / 2).toBeCloseTo(100, 1);
    expect(box.geometry.bbox).toEqual([100, 100, 200, 100]);
  });

  test("on a page shown sideways the text stands upright for the writer", () => {
    const desk = testDesk(undefined, 90);
    const tool = textTool(desk);
    const page = testPage("1.0", 90);
    tool.down(at(100, 100, { page }));
    tool.up(at(150, 300, { page }));
    const { bbox, rotation } = (desk.drafts[0] as Text).geometry;
    expect(rotation).toBe(270);
    // What was dragged, which the words fill from the lower left of the record's own directions.
    expect(bbox).toEqual([100, 100, 50, 200]);
    tool.down(at(100, 300, { page }));
    tool.up(at(100, 300, { page }));
    const [left, top, width, height] = (desk.drafts[1] as Text).geometry.bbox;
    expect([left + width / 2, top + height, height]).toEqual([100, 300, 24]);
  });
});

describe("highlight", () => {
  test("words of a line are merged, lines are not, and each page gets its own highlight", () => {
    const [first, second] = marksOf(
      "highlight",
      {
        text: "",
        pages: [
          {
            pageId: "1.0",
            rects: [
              [10, 10, 20, 12],
              [33, 10.5, 40, 12],
              [10, 24, 60, 12],
            ],
          },
          { pageId: "1.1", rects: [[0, 0, 5, 5]] },
        ],
      },
      { color: "#b2f2bb" },
    );
    expect(first!.geometry.rects).toEqual([
      [10, 10, 63, 12.5],
      [10, 24, 60, 12],
    ]);
    expect(first!.geometry.bbox).toEqual([10, 10, 63, 26]);
    expect(second!.page).toBe("1.1");
    expect(checkData("annotation", first).ok).toBe(true);
  });

  test("columns stay apart and lines that run down the page are merged along it", () => {
    expect(
      mergeLineRects([
        [10, 10, 100, 12],
        [200, 10, 100, 12],
      ]),
    ).toHaveLength(2);
    expect(
      mergeLineRects([
        [10, 10, 12, 100],
        [10, 113, 12, 80],
        [26, 10, 12, 100],
      ]),
    ).toEqual([
      [10, 10, 12, 183],
      [26, 10, 12, 100],
    ]);
  });

  test("a run that comes last closes the gap between two others", () => {
    expect(
      mergeLineRects([
        [0, 0, 20, 10],
        [60, 0, 20, 10],
        [22, 0, 36, 10],
      ]),
    ).toEqual([[0, 0, 80, 10]]);
  });
});

test("without the right to write no tool takes a gesture", () => {
  const desk = testDesk(READ_ONLY);
  for (const tool of [inkTool(desk), boxTool(desk, "rectangle"), noteTool(desk), textTool(desk)])
    expect(tool.down(at(100, 100))).toBe(false);
});
