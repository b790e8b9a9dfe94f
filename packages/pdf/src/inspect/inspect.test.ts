import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PdfEngine } from "../engine.ts";
import { nodeCodec, openPdfiumNode } from "../host/node.ts";
import { type PdfDictionary, pdfName, pdfWriter } from "../pdf-writer.ts";
import { encryptedPdf, ENCRYPTED_PASSWORD, LAYERED, layeredPdf, orderForm, pagesPdf } from "../testing/index.ts";
import { inspectFile, withContentGroups } from "./inspect.ts";

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

const COLORS: Readonly<Record<string, string>> = { "255,0,0": "red", "0,255,0": "green", "0,0,255": "blue", "0,0,0": "black" };

/** The squares that are seen, from left to right. */
function seen(bytes: Uint8Array): (string | null)[] {
  const document = engine.open(bytes);
  try {
    const { data } = document.render(0, { width: 40, annotations: "all" });
    return [5, 15, 25, 35].map((x) => COLORS[data.slice((5 * 40 + x) * 4, (5 * 40 + x) * 4 + 3).join()] ?? null);
  } finally {
    document.close();
  }
}

describe("optional content", () => {
  test("groups are listed as the file orders them, with its headings, and those that it does not list at the end", () => {
    expect(inspectFile(engine, layeredPdf()).contentGroups()).toEqual([
      { id: LAYERED.red, name: "Red", visible: true, radioGroup: null },
      {
        id: null,
        name: "Inks",
        groups: [
          { id: LAYERED.green, name: "Green", visible: false, radioGroup: 0 },
          { id: LAYERED.blue, name: "Blue", visible: false, radioGroup: 0 },
        ],
      },
      { id: LAYERED.black, name: "Schwärze", visible: true, radioGroup: null },
    ]);
  });

  test("just the named groups are drawn, content and annotations, whatever the file says", () => {
    const { red, green, blue, black } = LAYERED;
    const shown = (...ids: number[]): (string | null)[] => seen(withContentGroups(engine, layeredPdf(), { shown: ids }));
    expect(seen(layeredPdf())).toEqual(["red", null, "blue", "black"]);
    expect(shown()).toEqual([null, null, null, null]);
    expect(shown(green)).toEqual([null, "green", null, null]);
    expect(shown(red, blue)).toEqual(["red", null, "blue", null]);
    expect(shown(black, 999, -1)).toEqual([null, null, null, "black"]);
  });

  test("a file without groups has none, and is drawn as it is", () => {
    expect(inspectFile(engine, pagesPdf(1)).contentGroups()).toEqual([]);
    const document = engine.open(withContentGroups(engine, pagesPdf(1), { shown: [1] }));
    expect(document.pageCount).toBe(1);
    document.close();
  });

  test("an order that names itself, strangers and one group twice ends", () => {
    const writer = pdfWriter();
    const group = writer.add({ Type: pdfName("OCG"), Name: "Only" });
    const [root, tree, page, order] = [writer.reserve(), writer.reserve(), writer.reserve(), writer.reserve()];
    writer.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 9, 9] });
    writer.set(tree, { Type: pdfName("Pages"), Count: 1, Kids: [page] });
    writer.set(order, [group, order, [[[group]]], page, 7, [order, order]]);
    writer.set(root, { Type: pdfName("Catalog"), Pages: tree, OCProperties: { OCGs: [group, 3, page, page], D: { Order: order } } });
    const names = JSON.stringify(inspectFile(engine, writer.finish({ Root: root })).contentGroups());
    expect(names.match(/"Only"/g)).toHaveLength(1);
  });
});

describe("fonts", () => {
  test("each font that the file names is there once", () => {
    const fonts = inspectFile(engine, pagesPdf(2)).fonts();
    expect(fonts).toContainEqual({ name: "Helvetica-Bold", type: "Type1", embedded: false });
    expect(fonts.map(({ name }) => name)).toEqual([...new Set(fonts.map(({ name }) => name))].toSorted());
  });

  test("a composite font is one font, embedded when the one below it is; the mark of a subset is no part of the name", () => {
    const writer = pdfWriter();
    const [root, tree, page] = [writer.reserve(), writer.reserve(), writer.reserve()];
    const descriptor = writer.add({ Type: pdfName("FontDescriptor"), FontName: pdfName("ABCDEF+Noto"), FontFile2: writer.stream({}, "x") });
    const below = writer.add({
      Type: pdfName("Font"),
      Subtype: pdfName("CIDFontType2"),
      BaseFont: pdfName("ABCDEF+Noto"),
      FontDescriptor: descriptor,
    });
    const font = writer.add({
      Type: pdfName("Font"),
      Subtype: pdfName("Type0"),
      BaseFont: pdfName("ABCDEF+Noto"),
      DescendantFonts: [below],
    });
    writer.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 9, 9], Resources: { Font: { F: font } } });
    writer.set(tree, { Type: pdfName("Pages"), Count: 1, Kids: [page] });
    writer.set(root, { Type: pdfName("Catalog"), Pages: tree });
    expect(inspectFile(engine, writer.finish({ Root: root })).fonts()).toEqual([{ name: "Noto", type: "Type0", embedded: true }]);
  });

  test("an encrypted file is read with its password", () => {
    expect(inspectFile(engine, encryptedPdf(), ENCRYPTED_PASSWORD).fonts().length).toBeGreaterThan(0);
    expect(() => inspectFile(engine, encryptedPdf())).toThrow(expect.objectContaining({ code: "password_required" }));
  });
});

test("embedded files are those of the tree and those of the whole file, each once; what cannot be unpacked is left out", () => {
  const writer = pdfWriter();
  const [root, tree, page, names] = [writer.reserve(), writer.reserve(), writer.reserve(), writer.reserve()];
  const held = (content: string, more: PdfDictionary = {}) => ({ F: writer.stream({ Type: pdfName("EmbeddedFile"), ...more }, content) });
  const table = writer.add({
    F: "table.csv",
    UF: "tâble.csv",
    Desc: "Numbers",
    EF: held("1,2", { Subtype: pdfName("text/csv"), Params: { ModDate: "D:20240102030405Z" } }),
  });
  const broken = writer.add({ F: "broken", EF: held("x", { Filter: pdfName("JBIG2Decode") }) });
  const whole = writer.add({ F: "data.xml", EF: held("<a/>") });
  writer.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 9, 9] });
  writer.set(tree, { Type: pdfName("Pages"), Count: 1, Kids: [page] });
  writer.set(names, { Kids: [names, writer.add({ Names: ["a", table, "b", broken, "c", page] })] });
  writer.set(root, { Type: pdfName("Catalog"), Pages: tree, Names: { EmbeddedFiles: names }, AF: [table, whole] });
  const sha256 = (bytes: Uint8Array): string => `${bytes.length}`;
  expect(inspectFile(engine, writer.finish({ Root: root })).embeddedFiles({ codec: nodeCodec, sha256 })).toEqual([
    { sha256: "3", size: 3, name: "tâble.csv", mediaType: "text/csv", description: "Numbers", modifiedAt: Date.UTC(2024, 0, 2, 3, 4, 5) },
    { sha256: "4", size: 4, name: "data.xml", mediaType: null, description: null, modifiedAt: null },
  ]);
  expect(inspectFile(engine, pagesPdf(1)).embeddedFiles({ codec: nodeCodec, sha256 })).toEqual([]);
});

test("a field that nobody signed is no signature", () => {
  expect(inspectFile(engine, orderForm()).signatureFields()).toEqual([]);
});
