import type { Highlight, Ink, Note, Rect, Rectangle, Text } from "@lectern/protocol";
import { ANNOTATION_KINDS } from "@lectern/protocol";
import { layoutText } from "@lectern/pdf/appearance";
import { describe, expect, test } from "vitest";
import type { Editable } from "./kind.ts";
import { boundsOfAnnotation, cursorOf, isEditable, isShown, isUnlocked, KINDS, kindOf, topmostAt } from "./registry.ts";

const rectangle: Rectangle = {
  type: "rectangle",
  page: "1.0",
  geometry: { bbox: [100, 100, 80, 40] },
  appearance: { strokeColor: "#ff0000", strokeWidth: 2 },
};
const ink: Ink = {
  type: "ink",
  page: "1.0",
  geometry: {
    bbox: [9, 9, 32, 22],
    lines: [
      [10, 10, 40, 10],
      [20, 30],
    ],
  },
  appearance: { color: "#112233", width: 2 },
};
const highlight: Highlight = {
  type: "highlight",
  page: "1.0",
  geometry: {
    bbox: [10, 10, 100, 30],
    rects: [
      [10, 10, 100, 12],
      [10, 28, 40, 12],
    ],
  },
  appearance: { color: "#ffe066", blendMode: "multiply" },
};
const note: Note = {
  type: "note",
  page: "1.0",
  geometry: { bbox: [50, 60, 24, 24] },
  appearance: { color: "#ffd43b" },
  text: { format: "plain", value: "Hi" },
};
/** Its words have a box of 80 × 20, turned by a quarter. */
const text: Text = {
  type: "text",
  page: "1.0",
  geometry: { bbox: [130, 70, 20, 80], rotation: 90 },
  appearance: { fontSize: 12 },
  text: { format: "plain", value: "Words" },
};
const all: readonly Editable[] = [rectangle, ink, highlight, note, text];

describe("hit test", () => {
  test("a rectangle without a fill is hit on its edge only, with one also inside", () => {
    expect(KINDS.rectangle.hit(rectangle, [101, 120], 2)).toBe(true);
    expect(KINDS.rectangle.hit(rectangle, [97, 120], 4)).toBe(true);
    expect(KINDS.rectangle.hit(rectangle, [140, 120], 2)).toBe(false);
    expect(KINDS.rectangle.hit({ ...rectangle, appearance: { fillColor: "#ffffff" } }, [140, 120], 2)).toBe(true);
    expect(KINDS.rectangle.hit(rectangle, [90, 120], 2)).toBe(false);
  });

  test("ink is hit near a stroke or a dot, not anywhere in its box", () => {
    expect(KINDS.ink.hit(ink, [25, 12], 2)).toBe(true);
    expect(KINDS.ink.hit(ink, [20, 31], 1)).toBe(true);
    expect(KINDS.ink.hit(ink, [30, 20], 2)).toBe(false);
  });

  test("a highlight is hit on its lines, not on the white beside a short one", () => {
    expect(KINDS.highlight.hit(highlight, [100, 15], 0)).toBe(true);
    expect(KINDS.highlight.hit(highlight, [100, 34], 0)).toBe(false);
  });

  test("a turned text is hit where it is shown", () => {
    expect(KINDS.text.hit(text, [140, 75], 0)).toBe(true);
    expect(KINDS.text.hit(text, [175, 110], 0)).toBe(false);
  });

  test("the topmost wins, and what is not shown is never hit", () => {
    const record = (id: string, data: Editable) =>
      ({ id, kind: "annotation", seq: 1, createdBy: null, createdAt: 0, updatedBy: null, updatedAt: 0, grp: null, data }) as const;
    const filled: Rectangle = { ...rectangle, appearance: { fillColor: "#ffffff" } };
    const records = [record("a", filled), record("b", filled), record("c", { ...filled, flags: ["hidden"] })];
    expect(topmostAt(records, [140, 120], 0)?.id).toBe("b");
    expect(topmostAt(records, [10, 10], 0)).toBeNull();
  });
});

describe("moving and resizing", () => {
  test("every kind writes a geometry that its schema accepts, whole", () => {
    for (const annotation of all) {
      const kind = kindOf(annotation);
      const geometries = [kind.moved(annotation, 3.33333, -2), kind.resized(annotation, [5, 5, 60.12345, 70], [1, 1])];
      for (const geometry of geometries) {
        expect(Object.keys(geometry).toSorted()).toEqual(Object.keys(annotation.geometry).toSorted());
        expect(ANNOTATION_KINDS[annotation.type].shape.geometry.safeParse(geometry).success).toBe(true);
      }
    }
  });

  test("a move carries all coordinates along and rounds them to two decimals", () => {
    expect(KINDS.ink.moved(ink, 1.006, 2.123)).toEqual({
      bbox: [10.01, 11.12, 32, 22],
      lines: [
        [11.01, 12.12, 41.01, 12.12],
        [21.01, 32.12],
      ],
    });
    expect(KINDS.highlight.moved(highlight, 1, 1).rects[1]).toEqual([11, 29, 40, 12]);
  });

  test("a resized ink fills its new box, with the width of its stroke unchanged", () => {
    const resized = KINDS.ink.resized(ink, [9, 9, 62, 22], [1, 0]);
    expect(resized.lines[0]).toEqual([10, 10, 70, 10]);
    expect(resized.bbox).toEqual([9, 9, 62, 22]);
  });

  test("moving a text with a callout moves the line too", () => {
    const callout: Text = {
      ...text,
      geometry: { bbox: [0, 0, 50, 50], callout: { start: [10, 10], knee: [20, 20], end: [30, 30], innerRectInset: [0, 0, 0, 0] } },
    };
    expect(KINDS.text.moved(callout, 5, 6).callout).toEqual({
      start: [15, 16],
      knee: [25, 26],
      end: [35, 36],
      innerRectInset: [0, 0, 0, 0],
    });
  });

  test("a text made narrower by its side grows downwards until its words fit, whatever its turn", () => {
    const long: Text = {
      type: "text",
      page: "1.0",
      geometry: { bbox: [100, 100, 200, 20] },
      appearance: { fontSize: 10 },
      text: { format: "plain", value: "One two three four five six seven eight" },
    };
    const [left, top, width, height] = KINDS.text.resized(long, [100, 100, 60, 20], [1, 0]).bbox;
    expect([left, top, width]).toEqual([100, 100, 60]);
    expect(height).toBe(layoutText(long, 60).height);
    const turned = KINDS.text.resized({ ...long, geometry: { bbox: [190, 10, 20, 200], rotation: 90 } }, [100, 100, 60, 20], [1, 0]).bbox;
    // Its words run down, so what is below them is on the left: the right edge stays.
    expect([turned[0] + turned[2], turned[1], turned[3]]).toEqual([140, 80, 60]);
    expect(turned[2]).toBe(height);
    expect(KINDS.text.resized(long, [100, 100, 60, 20], [1, 1]).bbox).toEqual([100, 100, 60, 20]);
  });

  test("a highlight is resized with all its lines", () => {
    const two = {
      ...highlight,
      geometry: {
        bbox: [10, 10, 100, 40],
        rects: [
          [10, 10, 100, 20],
          [10, 30, 50, 20],
        ],
      },
    } as typeof highlight;
    expect(KINDS.highlight.resized(two, [20, 10, 200, 40], [1, 0])).toEqual({
      bbox: [20, 10, 200, 40],
      rects: [
        [20, 10, 200, 20],
        [20, 30, 100, 20],
      ],
    });
  });

  test("notes have one size", () => {
    expect(KINDS.note.handles).toEqual([]);
  });
});

describe("looks", () => {
  test("what is set is read back, and the rest of the appearance stays", () => {
    for (const annotation of all) {
      const kind = kindOf(annotation);
      const appearance = kind.restyled(annotation, { color: "#123456", opacity: 0.5, width: 3, fill: "#abcdef", fontSize: 20 });
      const style = kind.style({ ...annotation, appearance } as Editable);
      expect(style.color).toBe("#123456");
      for (const name of kind.styles)
        expect(style[name]).toBe({ color: "#123456", opacity: 0.5, width: 3, fill: "#abcdef", fontSize: 20 }[name]);
      expect(ANNOTATION_KINDS[annotation.type].shape.appearance.safeParse(appearance).success).toBe(true);
    }
    expect(KINDS.highlight.restyled(highlight, { color: "#123456" }).blendMode).toBe("multiply");
  });

  test("a thicker pen needs a larger box and larger letters a higher one", () => {
    expect(KINDS.ink.refit({ ...ink, appearance: { ...ink.appearance, width: 6 } })?.bbox).toEqual([7, 7, 36, 26]);
    expect(KINDS.text.refit({ ...text, geometry: { bbox: [0, 0, 80, 20] }, appearance: { fontSize: 30 } })?.bbox).toEqual([
      0,
      0,
      80,
      layoutText({ ...text, appearance: { fontSize: 30 } }, 80).height,
    ]);
    expect(KINDS.rectangle.refit(rectangle)).toBeNull();
  });

  test("no fill and full opacity are said by absence", () => {
    const filled: Rectangle = { ...rectangle, appearance: { ...rectangle.appearance, fillColor: "#ffffff", opacity: 0.3 } };
    expect(KINDS.rectangle.restyled(filled, { fill: null, opacity: 1 })).toEqual(rectangle.appearance);
  });
});

test("what a file alone knows how to draw is taken by its picture, and what nobody sees is not", () => {
  const caret = { type: "raw", page: "1.0", subtype: "Caret", geometry: { bbox: [10, 20, 30, 40] as Rect }, appearance: {} } as const;
  const attachment = { blob: "a".repeat(64), mediaType: "image/png" };
  expect([KINDS.raw.hit({ ...caret, attachment }, [20, 30], 2), KINDS.raw.hit(caret, [20, 30], 2)]).toEqual([true, false]);
  expect(KINDS.raw.moved(caret, 5, -5)).toEqual({ bbox: [15, 15, 30, 40] });
});

test("kinds without an editor are told apart, and locked or hidden ones too", () => {
  expect(isEditable({ type: "link", page: "1.0", geometry: { bbox: [0, 0, 1, 1] }, appearance: {} })).toBe(false);
  expect(isShown({ ...note, flags: ["hidden"] })).toBe(false);
  expect(isUnlocked({ ...note, flags: ["locked"] })).toBe(false);
  expect(isUnlocked(note)).toBe(true);
});

test("bounds of a turned text are those of what is shown", () => {
  expect(boundsOfAnnotation(text)).toEqual([130, 70, 20, 80]);
});

test("the cursor of a handle follows the turn of its frame", () => {
  expect(cursorOf([1, 0], 0)).toBe("ew-resize");
  expect(cursorOf([1, 0], 90)).toBe("ns-resize");
  expect(cursorOf([1, 1], 0)).toBe("nwse-resize");
  expect(cursorOf([1, 1], 270)).toBe("nesw-resize");
});
