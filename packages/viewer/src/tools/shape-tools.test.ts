import type { Ink, Line, Polygon, Stamp } from "@lectern/protocol";
import { checkData } from "@lectern/protocol";
import { describe, expect, test } from "vitest";
import { boxTool } from "./box.ts";
import { cornersTool } from "./corners.ts";
import { eraserTool } from "./eraser.ts";
import { marksOf } from "./highlight.ts";
import { inkTool } from "./ink.ts";
import { lineTool } from "./line.ts";
import { imageOn } from "./place-image.ts";
import { createStampMemory, stampTool } from "./stamp.ts";
import { at, testDesk, testPage } from "./testing.ts";
import type { Tool } from "./tool.ts";

const made = (desk: ReturnType<typeof testDesk>) => [...desk.store.all.values()].map(({ data }) => data);
const drag = (tool: Tool, from: [number, number], to: [number, number], more: object = {}) => {
  tool.down(at(...from, more));
  tool.move(at(...to, more));
  tool.up(at(...to, more));
};

describe("lines and arrows", () => {
  test("go from where the drag began to where it ended, an arrow's head there", () => {
    const desk = testDesk();
    drag(lineTool(desk, "line"), [10, 10], [110, 60]);
    drag(lineTool(desk, "arrow"), [10, 200], [110, 200]);
    const [line, arrow] = made(desk) as [Line, Line];
    expect(line.geometry.points).toEqual([
      [10, 10],
      [110, 60],
    ]);
    expect(line.appearance.lineCaps).toBeUndefined();
    expect(arrow.appearance.lineCaps).toEqual({ end: "openArrow" });
    for (const one of [line, arrow]) expect(checkData("annotation", one).ok).toBe(true);
    expect(desk.shown.previews.size).toBe(0);
    expect(desk.log).toContain("tool select");
  });

  test("keep to steps of 45° with Shift, and a click makes none", () => {
    const desk = testDesk();
    drag(lineTool(desk, "line"), [100, 100], [200, 109], { shift: true });
    drag(lineTool(desk, "line"), [100, 100], [101, 101]);
    const [line, ...more] = made(desk) as [Line];
    expect(line.geometry.points[1]![1]).toBeCloseTo(100);
    expect(more).toEqual([]);
  });
});

describe("corners", () => {
  const press = (tool: Tool, x: number, y: number, clicks = 1) => {
    tool.down(at(x, y, { clicks }));
    tool.up(at(x, y, { clicks }));
  };

  test("a double click ends connected lines", () => {
    const desk = testDesk();
    const tool = cornersTool(desk, "polyline");
    press(tool, 10, 10);
    press(tool, 60, 10);
    expect(made(desk)).toEqual([]);
    expect(desk.shown.previews.size).toBe(1);
    press(tool, 60, 60);
    press(tool, 60, 60, 2);
    expect(made(desk)).toMatchObject([
      {
        type: "polyline",
        geometry: {
          points: [
            [10, 10],
            [60, 10],
            [60, 60],
          ],
        },
      },
    ]);
    expect(desk.store.steps).toBe(1);
  });

  test("a press on the first corner closes a polygon, Enter ends it, Escape forgets it", () => {
    const desk = testDesk();
    const tool = cornersTool(desk, "polygon");
    for (const [x, y] of [
      [10, 10],
      [90, 10],
      [90, 90],
      [12, 11],
    ] as const)
      press(tool, x, y);
    for (const [x, y] of [
      [210, 10],
      [290, 10],
    ] as const)
      press(tool, x, y);
    expect(tool.escape?.()).toBe(true);
    expect(tool.escape?.()).toBe(false);
    for (const [x, y] of [
      [210, 210],
      [290, 210],
      [290, 290],
    ] as const)
      press(tool, x, y);
    expect(tool.enter?.()).toBe(true);
    expect(tool.enter?.()).toBe(false);
    const polygons = made(desk) as Polygon[];
    expect(polygons.map(({ geometry }) => geometry.points.length)).toEqual([3, 3]);
    for (const one of polygons) expect(checkData("annotation", one).ok).toBe(true);
  });
});

describe("other tools", () => {
  test("ellipses and clouds are drawn as boxes", () => {
    const desk = testDesk();
    drag(boxTool(desk, "ellipse"), [10, 10], [60, 40]);
    drag(boxTool(desk, "cloud"), [10, 110], [60, 140]);
    expect(made(desk)).toMatchObject([
      { type: "ellipse", geometry: { bbox: [10, 10, 50, 30] } },
      { type: "rectangle", appearance: { cloudIntensity: 2 } },
    ]);
    for (const one of made(desk)) expect(checkData("annotation", one).ok).toBe(true);
  });

  test("the free highlighter lets through what lies below, and its looks are its own", () => {
    const desk = testDesk();
    desk.styles.remember("ink", { color: "#ff0000" });
    const tool = inkTool(desk, "marker");
    drag(tool, [10, 10], [90, 10]);
    tool.finish?.();
    const [ink] = made(desk) as [Ink];
    expect(ink.appearance).toEqual({ color: "#ffe066", width: 14, blendMode: "multiply" });
  });

  test("the eraser takes strokes, and a drawing with its last one, as one step", () => {
    const desk = testDesk();
    const line = (y: number) => [10, y, 90, y];
    const ink = (id: string, ...lines: number[][]) =>
      desk.store.put(id, {
        type: "ink",
        page: "1.0",
        geometry: { bbox: [9, 9, 82, 82], lines },
        appearance: { color: "#000000", width: 2 },
      });
    ink("both", line(20), line(200));
    ink("one", line(40));
    ink("far", line(400));
    const tool = eraserTool(desk);
    drag(tool, [50, 20], [50, 40]);
    expect([...desk.store.all.keys()]).toEqual(["both", "far"]);
    expect((desk.store.all.get("both")!.data as Ink).geometry.lines).toEqual([line(200)]);
    expect(desk.store.steps).toBe(1);
    drag(tool, [300, 300], [310, 310]);
    expect(desk.store.steps).toBe(1);
  });

  test("a stamp stands upright for the reader and within the page", () => {
    const desk = testDesk();
    const tool = stampTool(desk);
    tool.down(at(5, 5));
    tool.up(at(5, 5, { page: testPage("1.0", 90) }));
    const [stamp] = made(desk) as [Stamp];
    expect(stamp).toMatchObject({ geometry: { bbox: [0, 0, 48, 160], rotation: 270 }, appearance: { stampType: "Approved" } });
    expect(checkData("annotation", stamp).ok).toBe(true);
  });

  test("the stamp that was chosen is remembered, nonsense is not", () => {
    const kept = new Map<string, string>();
    const store = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
    createStampMemory(store).set({ stampType: "Custom", title: "Seen" });
    expect(createStampMemory(store).get()).toEqual({ stampType: "Custom", title: "Seen" });
    for (const key of kept.keys()) kept.set(key, '{"stampType":"Worst","title":5}');
    expect(createStampMemory(store).get()).toEqual({ stampType: "Approved", title: "" });
  });

  test("a picture is placed whole in the middle of the page, in its own proportions", () => {
    const attachment = { blob: "a".repeat(64), mediaType: "image/png" };
    const image = imageOn(testPage(), { width: 4000, height: 1000 }, attachment);
    expect(image.geometry.bbox).toEqual([180, 370, 240, 60]);
    expect(imageOn(testPage("1.0", 90), { width: 40, height: 20 }, attachment).geometry).toEqual({
      bbox: [292.5, 385, 15, 30],
      rotation: 270,
    });
    expect(checkData("annotation", image).ok).toBe(true);
  });

  test("marks of all kinds are made of selected text", () => {
    const selection = { text: "x", pages: [{ pageId: "1.0", rects: [[10, 10, 50, 12]] as [number, number, number, number][] }] };
    for (const type of ["underline", "strikeout", "squiggly"] as const) {
      const [mark] = marksOf(type, selection, {});
      expect(mark).toMatchObject({ type, geometry: { rects: [[10, 10, 50, 12]] } });
      expect(checkData("annotation", mark!).ok).toBe(true);
    }
  });
});
