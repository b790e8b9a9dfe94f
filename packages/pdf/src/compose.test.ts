import type { OutlineItem } from "@lectern/protocol";
import { expect, test } from "vitest";
import { type ComposedPage, composeDocument, type Composition } from "./compose.ts";
import { ALL_PERMITTED } from "./encrypt.ts";
import type { PdfDocument, PdfEngine } from "./engine.ts";
import { nodeCodec, openPdfiumNode } from "./host/node.ts";
import { type PdfDictionary, pdfName, type PdfRef, pdfWriter } from "./pdf-writer.ts";
import { encryptedPdf, ENCRYPTED_PASSWORD, formPdf, pdfFile, restrictedPdf, sampleDocument } from "./testing/index.ts";

const engine: PdfEngine = await openPdfiumNode();

const numbered = (prefix: string, count: number): Uint8Array =>
  pdfFile({
    pages: Array.from({ length: count }, (_, index) => ({ size: [200, 100], content: `BT /F0 12 Tf 20 50 Td (${prefix} ${index}) Tj ET` })),
    outline: Array.from({ length: count }, (_, page) => ({ title: `${prefix} ${page}`, page })),
  });

const page = (index: number, more: Partial<ComposedPage> = {}): ComposedPage => ({
  id: `1.${index}`,
  file: 0,
  index,
  keepsAnnotations: true,
  rotation: 0,
  size: [200, 100],
  crop: null,
  label: "",
  ...more,
});

function compose(sources: readonly Uint8Array[], pages: readonly ComposedPage[], more: Partial<Composition> = {}): Uint8Array {
  const files = sources.map((source) => ({ source }));
  const composition = { files, pages, writeLabels: false, metadata: null, watermarks: [], encryption: null, ...more };
  return composeDocument(engine, composition, [], { annotations: true, codec: nodeCodec });
}

function reading<T>(bytes: Uint8Array, use: (document: PdfDocument) => T, password?: string): T {
  const document = engine.open(bytes, password === undefined ? {} : { password });
  try {
    return use(document);
  } finally {
    document.close();
  }
}

const texts = (bytes: Uint8Array): string[] =>
  reading(bytes, (document) =>
    Array.from({ length: document.pageCount }, (_, index) =>
      document
        .text(index)
        .runs.map(({ text }) => text)
        .join(" "),
    ),
  );

test("pages come in the order, number and turn that was asked, with blank ones and those of other files between them", () => {
  const source = numbered("own", 4);
  const out = compose(
    [source, numbered("other", 2)],
    [
      page(2, { rotation: 90 }),
      page(0),
      page(0, { id: "copy", keepsAnnotations: false, rotation: 180 }),
      page(0, { id: "blank", file: null, size: [300, 400] }),
      page(1, { id: "taken", file: 1, keepsAnnotations: false }),
    ],
  );
  expect(texts(out)).toEqual(["own 2", "own 0", "own 0", "", "other 1"]);
  reading(out, (document) => {
    expect([0, 1, 2, 3, 4].map((index) => document.page(index).rotation)).toEqual([90, 0, 180, 0, 0]);
    expect(document.page(3)).toMatchObject({ width: 300, height: 400 });
    // The outline stays, and leads where its pages are now; what led to a page that is gone leads nowhere.
    expect(document.outline().map(({ title, action }) => [title, action?.type === "goTo" ? action.page : null])).toEqual([
      ["own 0", "1"],
      ["own 1", null],
      ["own 2", "0"],
      ["own 3", null],
    ]);
  });
  expect(Buffer.from(out).includes("own 1) Tj")).toBe(false);
  expect(Buffer.compare(out, compose([source, numbered("other", 2)], [page(2, { rotation: 90 })]))).not.toBe(0);
});

test("the same plan gives the same bytes", () => {
  const make = (): Uint8Array => compose([numbered("own", 3)], [page(1), page(0)], { metadata: { title: "Reversed" } });
  expect(Buffer.compare(make(), make())).toBe(0);
});

test("crop boxes, labels and metadata are written", () => {
  const out = compose(
    [numbered("own", 3)],
    [page(0, { crop: [10, 20, 100, 50], label: "i" }), page(1, { label: "7" }), page(2, { label: "8" })],
    { writeLabels: true, metadata: { title: "Größe", author: "A. Writer" } },
  );
  reading(out, (document) => {
    expect(document.page(0).boxes.crop).toEqual([10, 30, 110, 80]);
    expect([0, 1, 2].map((index) => document.page(index).label)).toEqual(["i", "7", "8"]);
    expect(document.metadata).toMatchObject({ title: "Größe", author: "A. Writer" });
  });
});

test("an outline takes the place of the file's, and leads to pages where they are now", () => {
  const outline: OutlineItem[] = [
    {
      title: "Größe",
      action: { type: "goTo", page: "1.2", left: 10, top: 20 },
      isExpanded: true,
      isBold: true,
      color: "#ff8000",
      children: [{ title: "below", action: { type: "goTo", page: "1.0" }, children: [{ title: "deep", isItalic: true }] }],
    },
    { title: "gone", action: { type: "goTo", page: "1.1" } },
    { title: "away", action: { type: "uri", uri: "https://example.org/" } },
  ];
  const out = compose([numbered("own", 3)], [page(2), page(0)], { outline });
  expect(reading(out, (document) => document.outline())).toEqual([
    {
      title: "Größe",
      action: { type: "goTo", page: "0", left: 10, top: 20 },
      isExpanded: true,
      isBold: true,
      color: "#ff8000",
      children: [{ title: "below", action: { type: "goTo", page: "1" }, isExpanded: false, children: [{ title: "deep", isItalic: true }] }],
    },
    { title: "gone" },
    { title: "away", action: { type: "uri", uri: "https://example.org/" } },
  ]);
  expect(Buffer.from(out).toString("latin1")).toMatch(/\/F 2 \/C \[1 0\.501961 0\]/);
  expect(reading(compose([numbered("own", 3)], [page(0)], { outline: [] }), (document) => document.outline())).toEqual([]);
});

test("fields stay with their page; the copy of a page has fields of its own, or leaves them to its records", () => {
  const source = formPdf();
  const names = (bytes: Uint8Array): string[] =>
    [
      ...Buffer.from(bytes)
        .toString("latin1")
        .matchAll(/\/T \(([^)]*)\)/g),
    ].map((match) => match[1]!);
  const before = names(compose([source], [page(0)]));
  const after = names(compose([source], [page(0), page(0, { id: "copy" })]));
  expect(before.length).toBeGreaterThan(0);
  expect(after.length).toBeGreaterThan(before.length);
  expect(new Set(after).size).toBe(after.length);
  const { buttons, others } = reading(source, (document) => {
    const fields = document.form().filter(({ widgets }) => widgets.length > 0);
    const isButton = ({ type }: (typeof fields)[number]): boolean => type === "button" || type === "signature";
    return { buttons: fields.filter(isButton).length, others: fields.filter((field) => !isButton(field)).length };
  });
  expect(others).toBeGreaterThan(0);
  const left = reading(compose([source], [page(0), page(0, { id: "copy", keepsAnnotations: false })]), (document) => document.form());
  expect(left.filter(({ widgets }) => widgets.some(({ pageIndex }) => pageIndex === 1)).length).toBe(buttons);
  expect(names(compose([source], [page(0, { file: null })]))).toEqual([]);
});

test("a watermark is part of the page as it is shown, turned pages too", () => {
  const dark = (bytes: Uint8Array, index: number): number[] =>
    reading(bytes, (document) => {
      const { data, width, height } = document.render(index, { width: 100, annotations: "all" });
      let [left, right, top, bottom] = [width, 0, height, 0];
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          if (data[(y * width + x) * 4]! < 128)
            [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      return [left / width, right / width, top / height, bottom / height].map((share) => Math.round(share * 10) / 10);
    });
  const content = { kind: "image", width: 1, height: 1, data: Buffer.from([0, 0, 0, 255]).toString("base64") } as const;
  const watermark = {
    width: { value: 50, unit: "%" },
    height: { value: 50, unit: "%" },
    left: { value: 0, unit: "pt" },
    top: { value: 0, unit: "pt" },
    rotation: 0,
    opacity: 1,
    content,
  } as const;
  const blank = pdfFile({
    pages: [
      { size: [200, 100], content: "" },
      { size: [200, 100], content: "", rotate: 90 },
    ],
  });
  const out = compose([blank], [page(0), page(1), page(0, { id: "plain", keepsAnnotations: false })], {
    watermarks: [{ watermark, pages: [0, 1] }],
  });
  expect(dark(out, 0)).toEqual([0, 0.5, 0, 0.5]);
  expect(dark(out, 1)).toEqual([0, 0.5, 0, 0.5]);
  expect(dark(out, 2)).toEqual([1, 0, 1, 0]);
});

test("a password and restrictions are asked of whoever opens the file", () => {
  const encryption = {
    userPassword: "open me",
    ownerPassword: "all mine",
    permissions: { ...ALL_PERMITTED, print: false, printHighQuality: false },
  };
  const out = compose([sampleDocument().slice()], [page(0)], { encryption });
  expect(() => engine.open(out)).toThrow("password");
  reading(out, (document) => expect(document.permissions).toMatchObject({ print: false, extract: true }), "open me");
  expect(Buffer.from(out).toString("latin1")).toMatch(/\/R 6/);
});

test("an encrypted file keeps both of its passwords and its restrictions when its pages change", () => {
  const pages = [page(0, { rotation: 90 }), page(0, { file: 1, keepsAnnotations: false }), page(0, { id: "blank", file: null })];
  const made = (source: Uint8Array, password?: string): Uint8Array =>
    composeDocument(
      engine,
      {
        files: [{ source, ...(password === undefined ? {} : { password }) }, { source: numbered("other", 1) }],
        pages,
        writeLabels: false,
        metadata: { title: "Kept shut" },
        watermarks: [],
        encryption: null,
        securityOf: { source, ...(password === undefined ? {} : { password }) },
      },
      [],
      { annotations: true, codec: nodeCodec },
    );
  const secret = made(encryptedPdf(), ENCRYPTED_PASSWORD);
  expect(() => engine.open(secret)).toThrow("password");
  expect(() => engine.open(secret, { password: "guess" })).toThrow("password");
  for (const password of [ENCRYPTED_PASSWORD, "owner"]) {
    reading(secret, (document) => expect(document.metadata.title).toBe("Kept shut"), password);
    reading(secret, (document) => expect(document.text(0).runs[0]?.text).toBe("A secret page"), password);
    reading(secret, (document) => expect(document.text(1).runs[0]?.text).toBe("other 0"), password);
  }
  const restricted = made(restrictedPdf());
  const before = reading(restrictedPdf(), (document) => document.permissions);
  expect(before).toMatchObject({ extract: false, modification: false, print: true, printHighQuality: false });
  reading(restricted, (document) => expect(document.permissions).toEqual(before));
  expect(texts(restricted)).toEqual(["A secret page", "other 0", ""]);
  reading(restricted, (document) => expect(document.permissions.modification).toBe(true), "owner");
});

/** A push button in green, a signature that was made in red, one that was not in blue. */
function signedForm(): Uint8Array {
  const writer = pdfWriter();
  const [root, tree, sheet] = [writer.reserve(), writer.reserve(), writer.reserve()];
  const looks = (color: string): PdfRef =>
    writer.stream(
      { Type: pdfName("XObject"), Subtype: pdfName("Form"), BBox: [0, 0, 10, 10], Matrix: [2, 0, 0, 2, 5, 5] },
      `${color} rg 0 0 10 10 re f`,
    );
  const value = writer.add({ Type: pdfName("Sig"), Filter: pdfName("Adobe.PPKLite"), ByteRange: [0, 10, 20, 10], Contents: "0000" });
  const widget = (at: number, color: string, entries: PdfDictionary): PdfRef =>
    writer.add({
      Type: pdfName("Annot"),
      Subtype: pdfName("Widget"),
      Rect: [at, 20, at + 40, 60],
      F: 4,
      AP: { N: looks(color) },
      ...entries,
    });
  const fields = [
    widget(20, "0 1 0", {
      FT: pdfName("Btn"),
      Ff: 1 << 16,
      T: "press",
      MK: { CA: "Press me" },
      A: { S: pdfName("URI"), URI: "https://example.org" },
    }),
    widget(80, "1 0 0", { FT: pdfName("Sig"), T: "signed", V: value }),
    widget(140, "0 0 1", { FT: pdfName("Sig"), T: "unsigned" }),
  ];
  writer.set(sheet, {
    Type: pdfName("Page"),
    Parent: tree,
    MediaBox: [0, 0, 200, 100],
    Annots: fields,
    Contents: writer.stream({}, "0 g 0 0 10 10 re f 1 0 0 1 7 7 cm"),
    Resources: {},
  });
  writer.set(tree, { Type: pdfName("Pages"), Kids: [sheet], Count: 1 });
  writer.set(root, { Type: pdfName("Catalog"), Pages: tree, AcroForm: { Fields: fields, SigFlags: 3 } });
  return writer.finish({ Root: root });
}

test("buttons and signature fields of other files come along looking as they did; a signature that was made is a picture then", () => {
  const looks = (bytes: Uint8Array, index: number): Uint8Array =>
    reading(bytes, (document) => document.render(index, { width: 200, annotations: "all" }).data.slice());
  const source = signedForm();
  const before = looks(source, 0);
  const at = (data: Uint8Array, x: number): number[] => [...data.subarray((60 * 200 + x) * 4, (60 * 200 + x) * 4 + 3)];
  expect([40, 100, 160].map((x) => at(before, x))).toEqual([
    [0, 255, 0],
    [255, 0, 0],
    [0, 0, 255],
  ]);
  for (const [sources, pages] of [
    [
      [numbered("own", 1), source],
      [page(0), page(0, { file: 1, keepsAnnotations: false })],
    ],
    [[source], [page(0), page(0, { id: "copy", keepsAnnotations: false })]],
  ] as const) {
    const out = compose(sources, pages);
    expect(looks(out, 1)).toEqual(before);
    const fields = reading(out, (document) => document.form()).filter(({ widgets }) => widgets.some(({ pageIndex }) => pageIndex === 1));
    expect(fields.map(({ name, type }) => [name.replace(/_2$/, ""), type])).toEqual([
      ["press", "button"],
      ["unsigned", "signature"],
    ]);
    const text = Buffer.from(out).toString("latin1");
    expect(text.split("/ByteRange").length - 1).toBe(sources.length === 1 ? 1 : 0);
    expect(text.split("https://example.org").length - 1).toBe(sources.length === 1 ? 2 : 1);
  }
});
