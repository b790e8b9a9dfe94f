import type { Annotation, Ink, Note, Text } from "@lectern/protocol";
import { expect, test } from "vitest";
import {
  annotationBounds,
  drawAnnotation,
  type DrawCommand,
  layoutText,
  plainText,
  standardFont,
  type SvgElement,
  textWidth,
  toContentStream,
  toSvg,
} from "./index.ts";

const text = (value: string, more: Partial<Text["appearance"]> = {}, geometry: Partial<Text["geometry"]> = {}): Text => ({
  type: "text",
  page: "1.0",
  geometry: { bbox: [10, 20, 120, 60], ...geometry },
  appearance: { fontSize: 12, ...more },
  text: { format: "plain", value },
});
const ink = (lines: number[][], more: Partial<Ink["appearance"]> = {}): Ink => ({
  type: "ink",
  page: "1.0",
  geometry: { bbox: [0, 0, 1, 1], lines },
  appearance: { color: "#ff0000", width: 4, ...more },
});
const note = (icon?: Note["appearance"]["icon"]): Note => ({
  type: "note",
  page: "1.0",
  geometry: { bbox: [50, 50, 24, 24] },
  appearance: icon === undefined ? {} : { icon },
  text: { format: "plain", value: "" },
});
const flat = (commands: readonly DrawCommand[]): DrawCommand[] =>
  commands.flatMap((command) => (command.kind === "group" ? [command, ...flat(command.commands)] : [command]));
const words = (annotation: Annotation) => flat(drawAnnotation(annotation)).filter((command) => command.kind === "text");
const operators = (annotation: Annotation): string =>
  toContentStream(drawAnnotation(annotation), { matrix: [1, 0, 0, -1, 0, 800], bounds: annotationBounds(annotation) }).operators;

test("a highlight is one multiplied fill, so overlapping lines do not darken each other", () => {
  const data: Annotation = {
    type: "highlight",
    page: "1.0",
    geometry: {
      bbox: [10, 10, 100, 34],
      rects: [
        [10, 10, 100, 14],
        [10, 22, 60, 14],
      ],
    },
    appearance: { color: "#FFEE00", opacity: 0.5 },
  };
  expect(drawAnnotation(data)).toMatchObject([{ kind: "path", fill: "#ffee00", opacity: 0.5, blendMode: "multiply" }]);
  expect(annotationBounds(data)).toEqual([10, 10, 100, 26]);
  expect(toSvg(drawAnnotation(data))).toEqual([
    {
      tag: "path",
      attributes: { d: "M10 10L110 10L110 24L10 24ZM10 22L70 22L70 36L10 36Z", fill: "#ffee00", opacity: "0.5" },
      style: { "mix-blend-mode": "multiply" },
    },
  ]);
});

test("ink is smoothed through the middles of its segments and starts and ends where the pen did", () => {
  const [command] = drawAnnotation(ink([[0, 0, 10, 10, 20, 0]]));
  expect(command).toMatchObject({
    path: [
      ["M", 0, 0],
      ["Q", 10, 10, 20, 0],
    ],
    stroke: { cap: "round" },
  });
  expect(annotationBounds(ink([[0, 0, 10, 10, 20, 0]]))).toEqual([-2, -2, 24, 14]);
});

test("a tap of the pen is a dot", () => {
  expect(drawAnnotation(ink([[5, 5]]))).toMatchObject([{ kind: "path", fill: "#ff0000" }]);
  expect(drawAnnotation(ink([[5, 5, 5, 5]]))).toEqual(drawAnnotation(ink([[5, 5]])));
});

test("a rectangle's stroke lies inside its box", () => {
  const data: Annotation = {
    type: "rectangle",
    page: "1.0",
    geometry: { bbox: [10, 10, 100, 50] },
    appearance: { strokeColor: "#112233", strokeWidth: 4, fillColor: "#ffffff", opacity: 0.5 },
  };
  expect(drawAnnotation(data)).toMatchObject([
    { path: [["M", 12, 12], ["L", 108, 12], ["L", 108, 58], ["L", 12, 58], ["Z"]], stroke: { width: 4 } },
  ]);
});

test("a translucent fill and its stroke are composited as one on paper, as SVG does it", () => {
  const data: Annotation = {
    type: "rectangle",
    page: "1.0",
    geometry: { bbox: [10, 10, 100, 50] },
    appearance: { strokeColor: "#112233", strokeWidth: 4, fillColor: "#ffffff", opacity: 0.5 },
  };
  const { operators: top, resources } = toContentStream(drawAnnotation(data), { matrix: [1, 0, 0, 1, 0, 0], bounds: [0, 0, 200, 200] });
  expect(top).toBe("1 0 0 1 0 0 cm\nq\n/G0 gs\n/X0 Do\nQ");
  expect(resources.graphicsStates).toEqual({ G0: { opacity: 0.5, blendMode: "normal" } });
  expect(resources.groups["X0"]?.operators).toContain("B\nQ");
});

test("a rectangle without colours draws nothing", () => {
  expect(drawAnnotation({ type: "rectangle", page: "1.0", geometry: { bbox: [0, 0, 10, 10] }, appearance: { strokeWidth: 3 } })).toEqual(
    [],
  );
});

test("every icon of a note draws something inside its box", () => {
  for (const icon of [
    undefined,
    "comment",
    "rightPointer",
    "rightArrow",
    "check",
    "circle",
    "cross",
    "insert",
    "newParagraph",
    "note",
    "paragraph",
    "help",
    "star",
    "key",
  ] as const) {
    const [group] = drawAnnotation(note(icon));
    expect(group).toMatchObject({ kind: "group", transform: [1, 0, 0, 1, 50, 50] });
    for (const command of flat([group!])) {
      if (command.kind !== "path") continue;
      for (const value of command.path.flatMap((segment) => segment.slice(1) as number[])) {
        expect(value).toBeGreaterThanOrEqual(1);
        expect(value).toBeLessThanOrEqual(23);
      }
    }
  }
});

test("widths are those of the standard fonts", () => {
  expect(textWidth("Helvetica", 1000, "Hello, Wörld")).toBe(722 + 556 + 222 + 222 + 556 + 278 + 278 + 944 + 556 + 333 + 222 + 556);
  expect(textWidth("Times-Bold", 10, "€")).toBe(5);
  expect(textWidth("Courier-Oblique", 10, "iW")).toBe(12);
  expect(standardFont("Arial", ["bold", "italic"])).toBe("Helvetica-BoldOblique");
  expect(standardFont("'Times New Roman'", ["italic"])).toBe("Times-Italic");
  expect(standardFont("sans-serif")).toBe("Helvetica");
  expect(standardFont("ui-monospace", ["bold"])).toBe("Courier-Bold");
});

test("words wrap at spaces, a long word breaks where it must, and lines given by the writer stay", () => {
  const { lines } = layoutText(text("One two three four five six\n\nseven"));
  expect(lines.map((line) => line.text)).toEqual(["One two three four", "five six", "", "seven"]);
  const broken = layoutText(text("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz")).lines;
  expect(broken.length).toBe(3);
  for (const line of broken) expect(line.width).toBeLessThanOrEqual(116);
  expect(broken.map((line) => line.text).join("")).toBe("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
});

test("a box too narrow for any letter still ends", () => {
  expect(layoutText(text("words"), 1).lines.map((line) => line.text)).toEqual(["w", "o", "r", "d", "s"]);
});

test("alignment moves the words, and text that is too tall starts at the top", () => {
  const [left, center, right] = (["left", "center", "right"] as const).map(
    (horizontalAlign) => words(text("abc", { horizontalAlign }))[0]!,
  );
  const width = textWidth("Helvetica", 12, "abc");
  expect(left).toMatchObject({ x: 12 });
  expect(center).toMatchObject({ x: 12 + (116 - width) / 2 });
  expect(right).toMatchObject({ x: 128 - width });
  const at = (value: string, verticalAlign: "top" | "center" | "bottom"): number =>
    (words(text(value, { verticalAlign }))[0] as { y: number }).y;
  expect(at("abc", "bottom") - at("abc", "top")).toBeCloseTo(60 - 14.4 - 4);
  expect(at("a\n".repeat(20), "bottom")).toBe(at("a\n".repeat(20), "top"));
});

test("a turned text is turned about the middle of its box and fills it", () => {
  const corners = (rotation: number): number[][] => {
    const [group] = drawAnnotation(text("abc", { backgroundColor: "#ffffff" }, { rotation }));
    if (group?.kind !== "group" || group.commands[0]?.kind !== "path") throw new Error("no box was drawn");
    const [a, b, c, d, e, f] = group.transform ?? [1, 0, 0, 1, 0, 0];
    return group.commands[0].path.filter((segment) => segment[0] !== "Z").map(([, x, y]) => [a * x + c * y + e, b * x + d * y + f]);
  };
  for (const rotation of [0, 90, 180, 270, 20, 110]) {
    const points = corners(rotation);
    const xs = points.map((point) => point[0]!);
    const ys = points.map((point) => point[1]!);
    expect([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)].map(Math.round)).toEqual([10, 20, 130, 80]);
  }
  expect(corners(90)[0]).toEqual([130, 20]);
  for (const [x, y] of corners(45)) {
    expect(x).toBeGreaterThanOrEqual(10 - 1e-9);
    expect(x).toBeLessThanOrEqual(130 + 1e-9);
    expect(y).toBeGreaterThanOrEqual(20 - 1e-9);
    expect(y).toBeLessThanOrEqual(80 + 1e-9);
  }
  expect(annotationBounds(text("abc", {}, { rotation: 90 }))).toEqual([10, 20, 120, 60]);
});

test("what the standard fonts lack is drawn as question marks on paper and as it is on screen", () => {
  const data = text("日本 ok (\\)");
  const stream = toContentStream(drawAnnotation(data), { matrix: [1, 0, 0, 1, 0, 0], bounds: [0, 0, 200, 200] });
  expect(stream.operators).toContain("(?? ok \\(\\\\\\)) Tj");
  const texts = (elements: readonly SvgElement[]): SvgElement[] =>
    elements.flatMap((element) => [element, ...texts(element.children ?? [])]).filter((element) => element.tag === "text");
  expect(texts(toSvg(drawAnnotation(data)))[0]).toMatchObject({ text: "日本 ok (\\)" });
});

test("markup of a rich text is never markup here", () => {
  expect(
    plainText({
      format: "xhtml",
      value: "<body><p>A <b>bold</b> &lt;word&gt; &#233;</p><p>next<br/>line</p><script>alert(1)</script></body>",
    }),
  ).toBe("A bold <word> é\nnext\nline");
  expect(plainText({ format: "xhtml", value: "<img src=x onerror=alert(1)" })).toBe("");
  expect(plainText({ format: "plain", value: "<b>\r\nx" })).toBe("<b>\nx");
});

test("hostile values reach neither an attribute nor an operator", () => {
  const hostile = {
    type: "rectangle",
    page: "1.0",
    geometry: { bbox: ["1) Tj", Number.NaN, Number.POSITIVE_INFINITY, 10] },
    appearance: {
      strokeColor: "url(//evil)",
      fillColor: '#fff" onload="x',
      strokeWidth: "9 w",
      strokeDash: ["1] 0 d", 3],
      opacity: "0 gs",
      blendMode: "Multiply /X",
    },
  } as unknown as Annotation;
  expect(drawAnnotation(hostile)).toEqual([]);
  const path = [
    {
      kind: "path",
      path: [
        ["M", "0 0 m", 1],
        ["L", Number.NaN, 2],
      ],
      fill: "javascript:1",
      stroke: { color: "expression(1)", width: "1 w" },
      opacity: "x",
      blendMode: "url(x)",
    },
  ] as unknown as DrawCommand[];
  expect(toSvg(path)).toEqual([
    {
      tag: "path",
      attributes: {
        d: "M0 1L0 2",
        fill: "none",
        stroke: "none",
        "stroke-width": "0",
        "stroke-linecap": "butt",
        "stroke-linejoin": "miter",
        "stroke-miterlimit": "10",
      },
    },
  ]);
  expect(toContentStream(path, { matrix: [1, 0, 0, 1, 0, 0], bounds: [0, 0, 1, 1] }).operators).toMatch(/^[0-9a-zA-Z. \n-]*$/);
  const shouting = text(") Tj ET Q 1 0 0 rg (", { font: "/Evil", fontColor: "red", borderColor: "#000000", borderWidth: -5 });
  expect(operators(shouting)).not.toMatch(/[^\\]\) Tj ET Q 1/);
});

test("kinds that are not drawn yet draw nothing", () => {
  expect(drawAnnotation({ type: "ellipse", page: "1.0", geometry: { bbox: [0, 0, 10, 10] }, appearance: {} })).toEqual([]);
});
