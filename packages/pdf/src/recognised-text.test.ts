import { expect, test } from "vitest";
import { composeDocument } from "./compose.ts";
import type { PdfDocument, PdfEngine } from "./engine.ts";
import { nodeCodec, openPdfiumNode } from "./host/node.ts";
import type { RecognisedLine, RecognisedPage } from "./recognised-text.ts";
import { search, searchText } from "./search.ts";
import { pdfFile } from "./testing/index.ts";
import { plainText } from "./text.ts";

const engine: PdfEngine = await openPdfiumNode();

/** A picture of nothing in particular. */
const scan = (rotate: 0 | 90 | 180 | 270 = 0): Uint8Array =>
  pdfFile({ pages: [{ size: [300, 200], content: "0.5 g 20 20 100 50 re f", rotate }] });

function withText(source: Uint8Array, page: Omit<RecognisedPage, "index">): Uint8Array {
  return composeDocument(
    engine,
    {
      files: [{ source }],
      pages: [{ id: "1.0", file: 0, index: 0, keepsAnnotations: true, rotation: 0, size: [1, 1], crop: null, label: "" }],
      writeLabels: false,
      metadata: null,
      watermarks: [],
      recognised: [{ index: 0, ...page }],
      encryption: null,
    },
    [],
    { annotations: true, codec: nodeCodec },
  );
}

function reading<T>(bytes: Uint8Array, use: (document: PdfDocument) => T): T {
  const document = engine.open(bytes);
  try {
    return use(document);
  } finally {
    document.close();
  }
}

const line = (top: number, ...words: readonly (readonly [text: string, left: number, width: number])[]): RecognisedLine => ({
  top,
  height: 12,
  words: words.map(([text, left, width]) => ({ text, left, width })),
});
const found = (bytes: Uint8Array, words: string) => reading(bytes, (document) => search(searchText(document.text(0)), words));
const pixels = (bytes: Uint8Array): Uint8Array => reading(bytes, (document) => document.render(0, { width: 150 }).data);

test("recognised words are read and found where they were seen, and change nothing of what is shown", () => {
  const source = scan();
  const out = withText(source, {
    rotation: 0,
    lines: [line(30, ["Invoice", 40, 60], ["Größe", 108, 40]), line(50, ["第三章", 40, 36], ["fin", 90, 20])],
  });
  const text = reading(out, (document) => plainText(document.text(0)));
  expect(text.split("\n").map((each) => each.trim())).toEqual(["Invoice Größe", "第三章 fin"]);
  const [[left, top, width, height]] = found(out, "größe")[0]!.rects as unknown as [[number, number, number, number]];
  for (const [is, wanted] of [
    [left, 108],
    [top, 30],
    [width, 40],
    [height, 12],
  ] as const)
    expect(Math.abs(is - wanted)).toBeLessThan(1.5);
  expect(Buffer.compare(pixels(out), pixels(source))).toBe(0);
});

test.each([90, 180, 270] as const)("on a page that the file turns by %i they stand where the page shows them", (rotate) => {
  const source = scan(rotate);
  const out = withText(source, { rotation: 0, lines: [line(30, ["Upright", 40, 60])] });
  const [rect] = found(out, "upright")[0]!.rects;
  // Of the page before it is turned.
  const at = { 90: [30, 200 - 40 - 60], 180: [300 - 40 - 60, 200 - 30 - 12], 270: [300 - 30 - 12, 40] }[rotate];
  for (const axis of [0, 1] as const) expect(Math.abs(rect![axis] - at[axis]!)).toBeLessThan(4);
  const turned = withText(scan(), { rotation: rotate, lines: [line(30, ["Upright", 40, 60])] });
  expect(found(turned, "upright")[0]!.rects[0]![0]).toBeCloseTo(rect![0], 0);
});

test("words from right to left come out in the order in which they are read", () => {
  const out = withText(scan(), { rotation: 0, lines: [line(30, ["שלום", 120, 40], ["עולם", 70, 40])] });
  expect(reading(out, (document) => plainText(document.text(0))).trim()).toBe("שלום עולם");
  expect(found(out, "שלום")[0]!.rects[0]![0]).toBeGreaterThan(100);
});
