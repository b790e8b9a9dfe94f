/** What records cannot say: shown by a picture, moved and deleted like the rest, and otherwise left as the file has it. */
import { createHash } from "node:crypto";
import type { Annotation, RecordOf } from "@lectern/protocol";
import { checkData } from "@lectern/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PdfImage } from "./appearance-stream.ts";
import type { Bitmap, FileAnnotation, PdfEngine } from "./engine.ts";
import { exportDocument, type ExportOptions, type RecordChange } from "./export.ts";
import { nodeCodec, openPdfiumNode } from "./host/node.ts";
import { importRecords } from "./import.ts";
import type { KeepPicture } from "./import-picture.ts";
import { type PdfDictionary, pdfName, pdfWriter } from "./pdf-writer.ts";
import { pngFile } from "./png.ts";

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** Each with an appearance whose left half is red and whose right half is nothing. */
function annotated(...annotations: readonly PdfDictionary[]): Uint8Array {
  const file = pdfWriter();
  const form = file.stream({ Type: pdfName("XObject"), Subtype: pdfName("Form"), BBox: [0, 0, 50, 20] }, "1 0 0 rg 0 0 25 20 re f");
  const [root, tree, page] = [file.reserve(), file.reserve(), file.reserve()];
  const list = annotations.map((annotation) =>
    file.add({ Type: pdfName("Annot"), Rect: [20, 30, 70, 50], F: 4, AP: { N: form }, ...annotation }),
  );
  file.set(root, { Type: pdfName("Catalog"), Pages: tree });
  file.set(tree, { Type: pdfName("Pages"), Kids: [page], Count: 1 });
  file.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [10, 10, 110, 110], Rotate: 90, Annots: list });
  return file.finish({ Root: root });
}

const marks = [
  { Subtype: pdfName("Caret"), NM: "caret-mark", Contents: "inserted", Private: { Answer: 42 } },
  { Subtype: pdfName("Stamp"), NM: "their-stamp", Name: pdfName("TheirOwn"), T: "Ada" },
  { Subtype: pdfName("Ink"), NM: "empty-ink", InkList: [] },
  { Subtype: pdfName("SomethingNew"), NM: "unknown-mark" },
  { Subtype: pdfName("Movie"), NM: "unseen-movie", AP: undefined },
  { Subtype: pdfName("Watermark"), NM: "of-the-page" },
] as const;

function read(file: Uint8Array): { readonly records: RecordOf<"annotation">[]; readonly pictures: Map<string, Bitmap> } {
  const document = engine.open(file);
  const pictures = new Map<string, Bitmap>();
  const keepPicture: KeepPicture = {
    codec: nodeCodec,
    drawn(picture) {
      const blob = Buffer.from(sha256(pngFile(picture, nodeCodec))).toString("hex");
      pictures.set(blob, picture);
      return { blob, mediaType: "image/png" };
    },
    file: () => null,
  };
  const records = [...importRecords(document, { revision: 1, sourceSha256: "00", sha256, keepPicture }).records].flatMap((page) =>
    page.records.filter((record) => record.kind === "annotation"),
  );
  document.close();
  return { records, pictures };
}

function inFile(file: Uint8Array): FileAnnotation[] {
  const document = engine.open(file);
  const found = document.annotations(0);
  document.close();
  return found;
}

const write = (source: Uint8Array, changes: readonly RecordChange[], options: Partial<ExportOptions> = {}): Uint8Array =>
  exportDocument(engine, source, changes, { annotations: true, ...options });
const changed = (base: RecordOf<"annotation">, patch: object): RecordChange => ({
  base,
  current: { ...base, updatedAt: 1_750_000_000_000, data: { ...base.data, ...patch } as Annotation },
});
const picture: PdfImage = {
  width: 1,
  height: 1,
  components: 3,
  filter: null,
  data: Uint8Array.of(0, 0, 255),
  alpha: null,
};

test("stamps of others become images, other kinds stay what they are, each with a picture of its appearance", () => {
  const { records, pictures } = read(annotated(...marks));
  expect(records.map(({ id, data }) => [id, data.type, data.type === "raw" && data.subtype])).toEqual([
    ["caret-mark", "raw", "Caret"],
    ["their-stamp", "image", false],
    ["empty-ink", "raw", "Ink"],
    ["unknown-mark", "raw", "SomethingNew"],
    ["unseen-movie", "raw", "Movie"],
  ]);
  for (const { data } of records) expect(checkData("annotation", data)).toMatchObject({ ok: true, value: data });
  expect(records[0]!.data).toMatchObject({ note: "inserted", geometry: { bbox: [10, 60, 50, 20] } });
  expect(records[4]!.data).not.toHaveProperty("attachment");
  // They look the same, so there is one picture.
  expect(pictures.size).toBe(1);
  const [[blob, { width, height, data }]] = [...pictures] as [[string, Bitmap]];
  expect(records[1]!.data.attachment).toEqual({ blob, mediaType: "image/png" });
  expect([width, height]).toEqual([139, 56]);
  const at = (x: number): number[] => [...data.subarray((28 * width + x) * 4, (28 * width + x) * 4 + 4)];
  expect([at(20), at(120)]).toEqual([
    [255, 0, 0, 255],
    [0, 0, 0, 0],
  ]);
});

test("without a place for pictures they are left to the images of pages", () => {
  const document = engine.open(annotated(...marks));
  expect([...importRecords(document, { revision: 1, sourceSha256: "00", sha256 }).records]).toEqual([]);
  document.close();
});

test("moved and resized they keep their appearance and everything that records do not know", () => {
  const source = annotated(...marks);
  const { records } = read(source);
  const file = write(source, [
    changed(records[0]!, { geometry: { bbox: [5, 5, 20, 20] }, note: "moved" }),
    changed(records[1]!, { geometry: { bbox: [30, 30, 60, 60] } }),
  ]);
  const found = inFile(file);
  expect(found.map(({ name, subtype, rect }) => [name, subtype, rect]).slice(0, 3)).toEqual([
    ["caret-mark", "Caret", [5, 5, 20, 20]],
    ["their-stamp", "Stamp", [30, 30, 60, 60]],
    ["empty-ink", "Ink", [10, 60, 50, 20]],
  ]);
  expect(found[0]!.contents).toBe("moved");
  expect(found[1]!.icon).toBe("TheirOwn");
  expect(latin1(file)).toMatch(/\/Private ?<<\/Answer 42>>/);
  expect(latin1(file).match(/\/Subtype ?\/Form/g)).toHaveLength(1);
  const again = read(file).records;
  expect(again.map(({ data }) => data.type)).toEqual(records.map(({ data }) => data.type));
});

test("deleted they are gone from the bytes, and flattened they are content", () => {
  const source = annotated(marks[0]!, marks[1]!);
  const [caret] = read(source).records;
  const file = write(source, [{ base: caret!, current: null }]);
  expect(inFile(file).map(({ name }) => name)).toEqual(["their-stamp"]);
  expect(latin1(file)).not.toMatch(/caret-mark|Answer 42/);

  const flat = write(source, [], { flatten: true });
  expect(inFile(flat)).toEqual([]);
  const draw = (bytes: Uint8Array, annotations: "none" | "all"): Uint8Array => {
    const document = engine.open(bytes);
    const { data } = document.render(0, { width: 100, annotations });
    document.close();
    return data;
  };
  expect(draw(flat, "none")).toEqual(draw(source, "all"));
});

test("with another picture a stamp has a new appearance, and a copy of what cannot be said is a stamp of its picture", () => {
  const source = annotated(marks[0]!, marks[1]!);
  const [caret, stamp] = read(source).records;
  const attachment = { blob: "b".repeat(64), mediaType: "image/png" };
  const { order: _order, pdfObjectId: _number, ...kept } = caret!.data;
  const copy = { ...caret!, id: "copied-caret", createdAt: 1_750_000_000_000, data: { ...kept, attachment } };
  const file = write(source, [changed(stamp!, { attachment }), { base: null, current: copy as RecordOf<"annotation"> }], {
    imageOf: () => picture,
  });
  expect(inFile(file).map(({ name, subtype }) => [name, subtype])).toEqual([
    ["caret-mark", "Caret"],
    ["their-stamp", "Stamp"],
    ["copied-caret", "Stamp"],
  ]);
  expect(latin1(file).match(/\/Subtype \/Image/g)).toHaveLength(1);
  // Without the picture there is nothing to write.
  const left: string[] = [];
  write(source, [{ base: null, current: copy as RecordOf<"annotation"> }], { onLeftOut: ({ id }) => left.push(id) });
  expect(left).toEqual(["copied-caret"]);
});
