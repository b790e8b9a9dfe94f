import { afterAll, beforeAll, expect, test } from "vitest";
import type { PdfEngine } from "../engine.ts";
import { exportDocument, type RecordChange } from "../export.ts";
import { nodeCodec, openPdfiumNode } from "../host/node.ts";
import { linearFile } from "./linear-file.ts";
import { ObjectFile } from "./file.ts";
import { annotatedPdf, encryptedPdf, formPdf, packedPdf, pagesPdf, revisedPdf, sampleDocument, taggedPdf } from "../testing/index.ts";
import { soundFile } from "./sound-file.ts";

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const edited = (bytes: Uint8Array, edit: (text: string) => string): Uint8Array => Buffer.from(edit(latin1(bytes)), "latin1");

const added: RecordChange = {
  base: null,
  current: {
    id: "rectangle-new",
    kind: "annotation",
    seq: 1,
    createdBy: null,
    createdAt: 1_700_000_000_000,
    updatedBy: null,
    updatedAt: 1_700_000_000_000,
    grp: null,
    data: { type: "rectangle", page: "1.0", geometry: { bbox: [100, 300, 80, 40] }, appearance: { strokeColor: "#112233" } },
  },
};
const written = (source: Uint8Array): Uint8Array => exportDocument(engine, source, [added], { annotations: true, codec: nodeCodec });
const names = (file: Uint8Array): (string | null)[] => {
  const document = engine.open(file);
  const found = document.annotations(0).map(({ name }) => name);
  document.close();
  return found;
};

/** What a reader finds in it beside. */
const said = (file: Uint8Array): unknown => {
  const document = engine.open(file);
  const texts = Array.from({ length: document.pageCount }, (_, index) => document.text(index));
  const found = { texts, outline: document.outline(), fields: document.hasForm };
  document.close();
  return found;
};

/** An offset of the table that leads into the middle of an object. */
const misled = (text: string): string =>
  text.replace(/(\d{10}) 00000 n \n(?=trailer)/, (_all, offset: string) => `${String(Number(offset) + 3).padStart(10, "0")} 00000 n \n`);

const packed = (source: Uint8Array): Uint8Array => packedPdf(source, nodeCodec.deflate);
const revised = (source: Uint8Array): Uint8Array => revisedPdf(source, "Words", { kind: "string", value: "older words" });
const linear = (source: Uint8Array): Uint8Array => {
  const file = new ObjectFile(source);
  return linearFile(file, { id: "0".repeat(32), trailer: file.trailer, seal: null })!;
};

/** Nothing of these is made up by anybody: the engine takes them as they are, too. */
const TAKEN: Readonly<Record<string, (source: Uint8Array) => Uint8Array>> = {
  "something after its end": (source) => edited(source, (text) => `${text}and more`),
  "something before its beginning": (source) => edited(source, (text) => `mail\n${text}`),
  "an earlier revision": revised,
  "two earlier revisions": (source) => revisedPdf(revised(source), "Words", { kind: "string", value: "newest words" }),
  "packed objects": packed,
  "an order for reading while it arrives": linear,
};

const OTHERS: Readonly<Record<string, (source: Uint8Array) => Uint8Array>> = {
  "a table that misleads": (source) => edited(source, misled),
  "later generations": (source) => edited(source, (text) => text.replace("\n3 0 obj", "\n3 1 obj").replaceAll("3 0 R", "3 1 R")),
  "an earlier table that is not there": (source) => edited(source, (text) => text.replace("/Size", "/Prev 0 /Size")),
  "tables that lead to each other": (source) =>
    edited(source, (text) => text.replace("/Size", `/Prev ${/startxref\n(\d+)/.exec(text)![1]!} /Size`)),
  "no table where it says": (source) => edited(source, (text) => text.replace(/startxref\n\d+/, "startxref\n7")),
  "an object whose end is missing": (source) =>
    edited(source, (text) => text.replace(/endobj\s*(?=4 0 obj)/, (end) => " ".repeat(end.length))),
};

test("a file in the clear with one true table is taken as it stands", () => {
  const source = pagesPdf(3);
  expect(soundFile(source)?.size).toBeGreaterThan(3);
  const file = written(source);
  expect(written(source)).toEqual(file);
  // All but the page that got an annotation, which stands at the end.
  const kept = soundFile(source)!.table.offsets.size - 1;
  const objects = (text: string): string[] => [...text.matchAll(/^\d+ 0 obj\n[\s\S]*?endobj/gm)].map(([object]) => object);
  expect(objects(latin1(file)).slice(0, kept)).toEqual(objects(latin1(source)).filter((object) => objects(latin1(file)).includes(object)));
  expect(objects(latin1(file)).length).toBeGreaterThan(kept + 1);
  expect(names(file)).toEqual(["rectangle-new"]);
  expect(soundFile(file)).not.toBeNull();
});

test.each(Object.entries(TAKEN))("a file with %s is taken as it stands, and becomes one with one table", (_what, make) => {
  for (const from of [annotatedPdf, formPdf, taggedPdf, sampleDocument]) {
    const source = make(from());
    expect(soundFile(source, nodeCodec)).not.toBeNull();
    const file = written(source);
    expect(written(source)).toEqual(file);
    expect(new ObjectFile(file).table.others).toHaveLength(1);
    expect(names(file)).toEqual(names(written(from())));
    expect(said(file)).toEqual(said(written(from())));
    expect(latin1(file)).not.toMatch(/\/ObjStm|\/XRef|\/Linearized|and more|mail\n/);
  }
});

test("what an earlier revision said is out of the bytes", () => {
  const source = revisedPdf(revised(annotatedPdf()), "Words", { kind: "string", value: "newest words" });
  expect(latin1(source)).toContain("older words");
  expect(latin1(written(source))).not.toContain("older words");
  expect(latin1(written(source))).toContain("newest words");
});

test("without a codec packed objects are the engine's business", () => {
  const source = packed(annotatedPdf());
  expect(soundFile(source)).toBeNull();
  const file = exportDocument(engine, source, [added], { annotations: true });
  expect(names(file)).toEqual(names(written(source)));
});

test.each(Object.entries(OTHERS))("a file with %s is written anew, with the same in it", (_what, other) => {
  const source = other(annotatedPdf());
  expect(soundFile(source, nodeCodec)).toBeNull();
  expect(names(written(source))).toEqual(names(written(annotatedPdf())));
});

test("a file whose packed objects are not those of its table is not taken as it stands", () => {
  const renumbered = (bytes: Uint8Array): Uint8Array => edited(bytes, (text) => text.replace(/^1 0 /, "7 0 "));
  expect(soundFile(packed(annotatedPdf()), nodeCodec)).not.toBeNull();
  expect(
    soundFile(
      packedPdf(annotatedPdf(), (bytes) => nodeCodec.deflate(renumbered(bytes))),
      nodeCodec,
    ),
  ).toBeNull();
});

test("of an encrypted file nothing is taken as it stands", () => {
  expect(soundFile(encryptedPdf())).toBeNull();
});

test("a file from which something goes is written anew", () => {
  const source = annotatedPdf();
  const document = engine.open(source);
  const name = document.annotations(0).find(({ subtype }) => subtype === "Square")!.name!;
  document.close();
  const base = { ...added.current!, id: name } as typeof added.base;
  const file = exportDocument(engine, source, [{ base, current: null }], { annotations: true });
  expect(names(source)).toContain(name);
  expect(names(file)).not.toContain(name);
  expect(latin1(source)).toContain(name);
  expect(latin1(file)).not.toContain(name);
});
