import { expect, test } from "vitest";
import type { PdfDocument, PdfEngine } from "./engine.ts";
import { nodeCodec, openPdfiumNode } from "./host/node.ts";
import { latinBytes, ObjectFile } from "./objects/file.ts";
import { decodeStream } from "./objects/filters.ts";
import { isStream, nameOf, type PdfDict, type PdfObject } from "./objects/values.ts";
import { plainBytes } from "./pages.ts";
import { type RedactionMark, redactFile } from "./redact.ts";
import { search, searchText } from "./search.ts";
import { annotatedPdf, encryptedPdf, restrictedPdf, ENCRYPTED_PASSWORD, formPdf } from "./testing/index.ts";
import { imageObject } from "./watermark.ts";

const engine: PdfEngine = await openPdfiumNode();
const ID = "0123456789ABCDEF0123456789ABCDEF";

function mark(rects: RedactionMark["rects"], more: Partial<RedactionMark> = {}): RedactionMark {
  return { rects, fillColor: "#000000", outlineColor: null, overlayText: null, repeatOverlayText: false, color: "#ff0000", ...more };
}

interface Page {
  readonly content: string;
  readonly resources?: (file: ObjectFile) => PdfDict;
  readonly page?: readonly (readonly [string, PdfObject])[];
}

/** One page with Helvetica as /F, from raw operators. */
function onePage({ content, resources, page = [] }: Page): Uint8Array {
  const file = new ObjectFile(latinBytes("%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1>>\nstartxref\n9\n%%EOF\n"));
  const tree = file.add(null);
  const fonts = new Map([
    [
      "F",
      new Map<string, PdfObject>([
        ["Type", nameOf("Font")],
        ["Subtype", nameOf("Type1")],
        ["BaseFont", nameOf("Helvetica")],
        ["Encoding", nameOf("WinAnsiEncoding")],
      ]),
    ],
  ]);
  const kid = file.add(
    new Map<string, PdfObject>([
      ["Type", nameOf("Page")],
      ["Parent", tree],
      ["MediaBox", [0, 0, 300, 200]],
      ["Resources", new Map<string, PdfObject>([["Font", fonts], ...(resources?.(file) ?? [])])],
      ["Contents", file.add({ kind: "stream", dict: new Map(), data: latinBytes(content) })],
      ...page,
    ]),
  );
  file.set(
    tree.number,
    new Map<string, PdfObject>([
      ["Type", nameOf("Pages")],
      ["Count", 1],
      ["Kids", [kid]],
    ]),
  );
  const root = file.add(
    new Map<string, PdfObject>([
      ["Type", nameOf("Catalog")],
      ["Pages", tree],
    ]),
  );
  file.trailer.set("Root", root);
  return file.write(ID);
}

function redacted(bytes: Uint8Array, marks: readonly RedactionMark[], more: { readonly password?: string } = {}): Uint8Array {
  return redactFile(engine, bytes, { pages: [{ index: 0, marks }], codec: nodeCodec, id: ID, ...more });
}

function withDocument<T>(bytes: Uint8Array, use: (document: PdfDocument) => T, password?: string): T {
  const document = engine.open(bytes, password === undefined ? {} : { password });
  try {
    return use(document);
  } finally {
    document.close();
  }
}

const textOf = (bytes: Uint8Array): string =>
  withDocument(bytes, (document) =>
    document
      .text(0)
      .runs.map(({ text }) => text)
      .join(" "),
  );
const rectsOf = (bytes: Uint8Array, word: string): RedactionMark["rects"] =>
  withDocument(bytes, (document) => search(searchText(document.text(0)), word).flatMap(({ rects }) => rects));

/** Everything in the file that can be unpacked, as one text. */
function allBytes(bytes: Uint8Array): string {
  const file = new ObjectFile(plainBytes(engine, bytes));
  let text = Buffer.from(bytes).toString("latin1");
  for (let number = 1; number < 200; number++) {
    const object = file.get(number);
    if (isStream(object)) text += Buffer.from(decodeStream(file, object, nodeCodec) ?? []).toString("latin1");
  }
  return text;
}

const pixel = (bytes: Uint8Array, x: number, y: number): number[] =>
  withDocument(bytes, (document) => {
    const { data, width } = document.render(0, { width: 300, annotations: "all" });
    return [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)];
  });

test("a word goes glyph by glyph, and its neighbours stay where they were", () => {
  const source = onePage({ content: "BT /F 20 Tf 20 100 Td [(see Sec) -20 (ret now)] TJ 0 -20 Td (below) Tj ET" });
  const out = redacted(source, [mark(rectsOf(source, "Secret"))]);
  expect(textOf(out).replace(/\s+/g, " ")).toBe("see now below");
  expect(allBytes(out)).not.toMatch(/Sec|ret/);
  expect(rectsOf(out, "now")[0]![0]).toBeCloseTo(rectsOf(source, "now")[0]![0], 1);
  expect(pixel(out, 70, 95)).toEqual([0, 0, 0]);
});

test("text goes wherever it stands: turned, invisible, hidden by a clip, in a form within a form", () => {
  const form = (file: ObjectFile, content: string, inner: PdfDict): PdfObject =>
    file.add({
      kind: "stream",
      dict: new Map<string, PdfObject>([
        ["Type", nameOf("XObject")],
        ["Subtype", nameOf("Form")],
        ["BBox", [0, 0, 300, 200]],
        ["Matrix", [1, 0, 0, 1, 10, 0]],
        ["Resources", inner],
      ]),
      data: latinBytes(content),
    });
  const source = onePage({
    content:
      "BT /F 12 Tf 0 1 -1 0 50 40 Tm (Turned) Tj ET BT /F 12 Tf 3 Tr 60 50 Td (Unseen) Tj 0 Tr ET q 0 0 1 1 re W n BT /F 12 Tf 60 80 Td (Clipped) Tj ET Q /X Do BT /F 12 Tf 200 180 Td (Stays) Tj ET",
    resources: (file) => {
      const fonts = new Map([
        [
          "F",
          new Map<string, PdfObject>([
            ["Type", nameOf("Font")],
            ["Subtype", nameOf("Type1")],
            ["BaseFont", nameOf("Helvetica")],
          ]),
        ],
      ]);
      const within = form(file, "BT /F 12 Tf 60 110 Td (Formed) Tj ET", new Map([["Font", fonts]]));
      return new Map([["XObject", new Map([["X", form(file, "/Y Do", new Map([["XObject", new Map([["Y", within]])]]))]])]]);
    },
  });
  const out = redacted(source, [mark([[30, 60, 130, 110]])]);
  expect(allBytes(out)).not.toMatch(/Turned|Unseen|Clipped|Formed/);
  expect(textOf(out)).toBe("Stays");
});

test("an image loses the marked pixels, and the original goes with them", () => {
  const data = new Uint8Array(10 * 10 * 3).fill(200);
  const source = onePage({
    content: "q 100 0 0 100 50 50 cm /I Do Q",
    resources: (file) =>
      new Map([
        ["XObject", new Map([["I", file.add(imageObject({ width: 10, height: 10, data, space: "DeviceRGB", mask: null }, nodeCodec))]])],
      ]),
  });
  const out = redacted(source, [mark([[50, 50, 50, 100]], { fillColor: null })]);
  expect(pixel(out, 60, 100)).toEqual([0, 0, 0]);
  expect(pixel(out, 140, 100)).toEqual([200, 200, 200]);
  const file = new ObjectFile(plainBytes(engine, out));
  const images = Array.from({ length: 40 }, (_, number) => file.get(number))
    .filter((object) => isStream(object) && object.dict.has("Width"))
    .filter(isStream);
  expect(images).toHaveLength(1);
  expect([...decodeStream(file, images[0]!, nodeCodec)!.subarray(0, 15)]).toEqual(Array.from({ length: 15 }, () => 0));
});

test("paths are cut at the mark, and what surrounds it without an edge in it stays whole", () => {
  const source = onePage({ content: "0.9 g 10 10 280 180 re f 0 G 4 w 20 100 m 280 100 l S 1 0 0 rg 140 90 m 190 90 l 165 140 l f" });
  const out = redacted(source, [mark([[120, 40, 80, 80]], { fillColor: null })]);
  const content = allBytes(out);
  expect(content).toContain("10 10 280 180 re");
  expect(content).not.toMatch(/165 140/);
  expect(pixel(out, 160, 85)).toEqual([230, 230, 230]);
  expect(pixel(out, 160, 100)).toEqual([230, 230, 230]);
  expect(pixel(out, 60, 100)).toEqual([0, 0, 0]);
  expect(pixel(out, 250, 100)).toEqual([0, 0, 0]);
});

test("words kept beside the content go too: replacement text, and annotations and values over it", () => {
  const source = onePage({ content: "/Span <</ActualText (Hidden twin)>> BDC BT /F 12 Tf 20 100 Td (Name) Tj ET EMC" });
  expect(allBytes(redacted(source, [mark([[15, 85, 60, 20]])]))).not.toContain("Hidden twin");
  const whole: RedactionMark = mark([[0, 0, 2000, 2000]]);
  for (const file of [annotatedPdf(), formPdf()]) {
    const out = redacted(file, [whole]);
    expect(withDocument(out, (document) => document.annotations(0))).toEqual([]);
    expect(textOf(out)).toBe("");
  }
});

test("boxes are where they were marked on a page that is cropped and turned", () => {
  const source = onePage({
    content: "BT /F 12 Tf 120 100 Td (Secret) Tj ET",
    page: [
      ["CropBox", [100, 50, 250, 150]],
      ["Rotate", 90],
    ],
  });
  const out = redacted(source, [mark(rectsOf(source, "Secret"))]);
  expect(textOf(out)).toBe("");
  expect(allBytes(out)).not.toContain("Secret");
});

test("text whose widths the file does not tell is never guessed at: the page becomes an image", () => {
  const font = new Map<string, PdfObject>([
    ["Type", nameOf("Font")],
    ["Subtype", nameOf("Type1")],
    ["BaseFont", nameOf("Mystery")],
  ]);
  const source = onePage({
    content: "BT /G 20 Tf 20 100 Td (Secret and more) Tj ET",
    resources: () => new Map([["Font", new Map([["G", font]])]]),
  });
  const pages: number[] = [];
  const out = redactFile(engine, source, {
    pages: [{ index: 0, marks: [mark([[20, 80, 60, 30]])] }],
    codec: nodeCodec,
    id: ID,
    onImage: (index) => pages.push(index),
  });
  expect(pages).toEqual([0]);
  expect(textOf(out)).toBe("");
  expect(pixel(out, 40, 95)).toEqual([0, 0, 0]);
});

test("the overlay's text is drawn, the same marks give the same bytes, and an encrypted file stays encrypted", () => {
  const source = onePage({ content: "BT /F 20 Tf 20 100 Td (Secret) Tj ET" });
  const marks = [mark([[10, 70, 200, 50]], { overlayText: "REMOVED" })];
  const out = redacted(source, marks);
  expect(textOf(out)).toBe("REMOVED");
  expect(Buffer.compare(out, redacted(source, marks))).toBe(0);
  const secret = redacted(encryptedPdf(), [mark([[0, 0, 2000, 2000]])], { password: ENCRYPTED_PASSWORD });
  expect(() => engine.open(secret)).toThrow("password");
  expect(withDocument(secret, (document) => document.text(0).runs, ENCRYPTED_PASSWORD)).toEqual([]);
  expect(withDocument(secret, (document) => document.text(0).runs, "owner")).toEqual([]);
  const restricted = redacted(restrictedPdf(), [mark([[0, 0, 2000, 2000]])]);
  expect(textOf(restricted)).toBe("");
  expect(withDocument(restricted, ({ permissions }) => permissions)).toEqual(
    withDocument(restrictedPdf(), ({ permissions }) => permissions),
  );
});
