import { afterAll, beforeAll, expect, test } from "vitest";
import type { PdfEngine } from "../engine.ts";
import { exportDocument, type RecordChange } from "../export.ts";
import { openPdfiumNode } from "../host/node.ts";
import { annotatedPdf, encryptedPdf, pagesPdf } from "../testing/index.ts";
import { soundFile } from "./sound-file.ts";

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

const SPACE = 0x20;
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
const written = (source: Uint8Array): Uint8Array => exportDocument(engine, source, [added], { annotations: true });
const names = (file: Uint8Array): (string | null)[] => {
  const document = engine.open(file);
  const found = document.annotations(0).map(({ name }) => name);
  document.close();
  return found;
};

/** An offset of the table that leads into the middle of an object. */
const misled = (text: string): string =>
  text.replace(/(\d{10}) 00000 n \n(?=trailer)/, (_all, offset: string) => `${String(Number(offset) + 3).padStart(10, "0")} 00000 n \n`);

const OTHERS: Readonly<Record<string, (source: Uint8Array) => Uint8Array>> = {
  "something after its end": (source) => edited(source, (text) => `${text}and more`),
  "something before its beginning": (source) => edited(source, (text) => `mail\n${text}`),
  "a table that misleads": (source) => edited(source, misled),
  "later generations": (source) => edited(source, (text) => text.replace("\n3 0 obj", "\n3 1 obj").replaceAll("3 0 R", "3 1 R")),
  "an earlier table": (source) => edited(source, (text) => text.replace("/Size", "/Prev 0 /Size")),
  "no table where it says": (source) => edited(source, (text) => text.replace(/startxref\n\d+/, "startxref\n7")),
};

test("a file in the clear with one true table is taken as it stands", () => {
  const source = pagesPdf(3);
  expect(soundFile(source)?.size).toBeGreaterThan(3);
  const file = written(source);
  expect(written(source)).toEqual(file);
  const { start } = soundFile(source)!.table;
  const different = Array.from(source.subarray(0, start).keys()).filter((at) => file[at] !== source[at]);
  // The page that got an annotation stands at the end; where it was is nothing any more.
  expect(different.length).toBeGreaterThan(10);
  expect(different.every((at) => file[at] === SPACE)).toBe(true);
  expect(different.at(-1)! - different[0]!).toBeLessThan(400);
  expect(names(file)).toEqual(["rectangle-new"]);
  expect(soundFile(file)).not.toBeNull();
});

test.each(Object.entries(OTHERS))("a file with %s is written anew, with the same in it", (_what, other) => {
  const source = other(annotatedPdf());
  expect(soundFile(source)).toBeNull();
  expect(names(written(source))).toEqual(names(written(annotatedPdf())));
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
