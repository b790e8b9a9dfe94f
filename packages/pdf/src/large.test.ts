/** Very large files: what is read and remembered of them is counted, never how long it takes. */
import { createHash } from "node:crypto";
import type { AnyRecord } from "@lectern/protocol";
import { afterEach, expect, test } from "vitest";
import type { RangeReader } from "./engine.ts";
import { exportDocument, type RecordChange } from "./export.ts";
import { openPdfiumNode } from "./host/node.ts";
import { importRecords } from "./import.ts";
import type { PdfiumEngine } from "./pdfium/engine.ts";
import { type PdfDictionary, pdfName } from "./pdf-writer.ts";
import { plainText } from "./text.ts";
import { pdfContent, pdfFile } from "./testing/index.ts";

const SIZE = [200, 100] as const;
const PAGES = 10_000;
const MARKS = 5000;

const engines: PdfiumEngine[] = [];
afterEach(() => {
  for (const engine of engines.splice(0)) engine.close();
});

async function openEngine(): Promise<PdfiumEngine> {
  const engine = (await openPdfiumNode()) as PdfiumEngine;
  engines.push(engine);
  return engine;
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

/** Counts the bytes that are asked for. */
function counted(bytes: Uint8Array): RangeReader & { readonly read: RangeReader["read"]; bytesRead: number } {
  return {
    size: bytes.length,
    bytesRead: 0,
    read(offset, target) {
      this.bytesRead += target.length;
      target.set(bytes.subarray(offset, offset + target.length));
      return true;
    },
  };
}

function textPage(text: string): { readonly size: typeof SIZE; readonly content: string } {
  const content = pdfContent(...SIZE);
  content.text(10, 40, text, { size: 12 });
  return { size: SIZE, content: content.operators() };
}

const square = (index: number): PdfDictionary => ({
  Type: pdfName("Annot"),
  Subtype: pdfName("Square"),
  Rect: [index % 190, index % 90, (index % 190) + 8, (index % 90) + 8],
  NM: `square-of-many-${index}`,
  C: [1, 0, 0],
  Contents: `Square ${index}`,
});

/** A busy machine takes long for them. */
const timeout = 300_000;

test("a file of ten thousand pages opens, tells its pages and shows the first and the last", { timeout }, async () => {
  const engine = await openEngine();
  const bytes = pdfFile({ pages: Array.from({ length: PAGES }, (_, index) => textPage(`Page ${index + 1}`)) });
  const reader = counted(bytes);
  const document = engine.open(reader);
  expect(document.pageCount).toBe(PAGES);
  expect(plainText(document.text(0))).toBe("Page 1");
  expect(document.render(0, { width: 200 }).height).toBe(100);
  // The table at its end and the list of all pages are a good part of a file whose pages are this small.
  expect(reader.bytesRead).toBeLessThan(bytes.length / 2);
  expect(plainText(document.text(PAGES - 1))).toBe(`Page ${PAGES}`);
  expect(document.render(PAGES - 1, { width: 200 }).height).toBe(100);
  const { manifest, records } = importRecords(document, { revision: 1, sourceSha256: "00", sha256 });
  expect(manifest.pages).toHaveLength(PAGES);
  expect([...records].flatMap((page) => page.records)).toEqual([]);
  expect(reader.bytesRead).toBeLessThan(bytes.length * 1.5);
  expect(engine.wasm.bytes.length).toBeLessThan(128 * 1024 * 1024);
});

test("five thousand annotations on a page are listed, left out of its image, changed and flattened", { timeout }, async () => {
  const engine = await openEngine();
  const annotations = Object.fromEntries(Array.from({ length: MARKS }, (_, index) => [`square-${index}`, square(index)]));
  const bytes = pdfFile({ pages: [{ ...textPage("Crowded"), annotations }] });
  const reader = counted(bytes);
  const document = engine.open(reader);
  const { records } = importRecords(document, { revision: 1, sourceSha256: "00", sha256 });
  const found = [...records].flatMap((page) => page.records);
  expect(found).toHaveLength(MARKS);
  expect(new Set(found.map(({ id }) => id)).size).toBe(MARKS);
  const bare = document.render(0, { width: 200 });
  expect(Buffer.compare(document.render(0, { width: 200, annotations: "others" }).data, bare.data)).toBe(0);
  expect(reader.bytesRead).toBeLessThan(bytes.length * 1.5);

  const changes = found.map((base, index): RecordChange => {
    const current = { ...base, updatedAt: 1_750_000_000_000, data: { ...base.data, note: `Changed ${index}` } } as AnyRecord;
    return { base, current: index === 0 ? null : current };
  });
  const changed = engine.open(exportDocument(engine, bytes, changes, { annotations: true }));
  const contents = changed.annotations(0).map((annotation) => annotation.contents);
  expect(contents).toHaveLength(MARKS - 1);
  expect(contents.every((text) => text.startsWith("Changed "))).toBe(true);
  changed.close();
  const flat = engine.open(exportDocument(engine, bytes, [], { annotations: true, flatten: true }));
  expect(flat.annotations(0)).toEqual([]);
  expect(Buffer.compare(flat.render(0, { width: 200 }).data, bare.data)).not.toBe(0);
  expect(engine.wasm.bytes.length).toBeLessThan(256 * 1024 * 1024);
});
