import { buffer } from "node:stream/consumers";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { AnyRecord, RecordOf } from "@lectern/protocol";
import { ANNOTATED, annotatedPdf, encryptedPdf, ENCRYPTED_PASSWORD, pagesPdf } from "@lectern/pdf/testing";
import type { StoredRecord } from "@lectern/sync/room";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RenderPool, renderPool } from "../render/pool.ts";
import { APPLICATION, type TestDocuments, testDocuments } from "../testing/test-documents.ts";
import { exportPdf } from "./export.ts";
import { searchDocument, type SearchPage } from "./search.ts";
import { type DocumentRow, findRevision } from "./store.ts";
import { renderedPage } from "./stream.ts";

let renderer: RenderPool;
let place: TestDocuments;

beforeAll(async () => {
  renderer = renderPool({ workers: 1 });
  place = await testDocuments({ renderer });
});
afterAll(async () => {
  expect(await readdir(place.deps.tempDir)).toEqual([]);
  await place.close();
  await renderer.close();
  expect(place.errors).toEqual([]);
});

const rectangle = (id: string, page = "1.0"): StoredRecord => ({
  id,
  kind: "annotation",
  seq: 3,
  createdBy: "ada",
  createdAt: 1_700_000_000_000,
  updatedBy: "ada",
  updatedAt: 1_700_000_100_000,
  grp: null,
  deleted: false,
  data: {
    type: "rectangle",
    page,
    geometry: { bbox: [100, 400, 200, 100] },
    appearance: { strokeColor: "#d02020", strokeWidth: 4, fillColor: "#20d020", opacity: 1 },
  },
});

async function baseOf(document: DocumentRow): Promise<AnyRecord[]> {
  const revision = await findRevision(place.deps.database, { applicationId: APPLICATION, documentId: document.id }, 1);
  return [...(await place.deps.bases.load(APPLICATION, revision!)).records.list()];
}

/** What a service that gets the exported file finds in it. */
async function foundIn(bytes: Uint8Array, password?: string): Promise<{ readonly document: DocumentRow; readonly records: AnyRecord[] }> {
  const document = await place.prepared(bytes, password === undefined ? {} : { password });
  expect(document.status).toBe("ready");
  return { document, records: await baseOf(document) };
}

describe("an export", () => {
  it("of an unchanged document is the file that was uploaded, byte for byte", async () => {
    const document = await place.prepared(annotatedPdf());
    for (const records of [[], [{ ...rectangle("made-and-deleted"), deleted: true }]]) {
      const exported = await exportPdf(place.deps, { document, changes: { records } });
      expect(exported).toMatchObject({ original: true, size: annotatedPdf().length });
      expect((await buffer(exported.bytes)).equals(annotatedPdf())).toBe(true);
    }
  });

  it("holds what was made, changed and deleted, and leaves the rest alone", async () => {
    const document = await place.prepared(annotatedPdf());
    const base = await baseOf(document);
    const ink = base.find((record) => record.id === ANNOTATED.ink)! as RecordOf<"annotation">;
    const note = base.find((record) => record.id === ANNOTATED.note)! as RecordOf<"annotation">;
    const records: StoredRecord[] = [
      rectangle("new-rectangle"),
      { ...ink, deleted: true, seq: 2 },
      { ...note, deleted: false, seq: 4, data: { ...note.data, note: "new words" } as typeof note.data },
    ];
    const exported = await exportPdf(place.deps, { document, changes: { records } });
    expect(exported.original).toBe(false);
    const bytes = await buffer(exported.bytes);
    expect(bytes.length).toBe(exported.size);
    const again = await exportPdf(place.deps, { document, changes: { records } });
    expect((await buffer(again.bytes)).equals(bytes)).toBe(true);
    const found = await foundIn(bytes);
    const ids = found.records.map((record) => record.id);
    expect(ids).toContain("new-rectangle");
    expect(ids).not.toContain(ANNOTATED.ink);
    expect(ids).toHaveLength(base.length);
  });

  it("without annotations has none of them; flattened they are part of the page", async () => {
    const document = await place.prepared(annotatedPdf());
    const bare = await foundIn(
      await buffer((await exportPdf(place.deps, { document, changes: { records: [rectangle("left-out")] }, annotations: false })).bytes),
    );
    // Links, and kinds that only the file knows, belong to its pages.
    expect(bare.records.flatMap((record) => (record.kind === "annotation" ? [record.data.type] : []))).toEqual(["link", "raw"]);
    const flat = await foundIn(
      await buffer((await exportPdf(place.deps, { document, changes: { records: [rectangle("flat")] }, flatten: true })).bytes),
    );
    expect(flat.records.filter((record) => record.kind === "annotation" && record.data.type === "rectangle")).toEqual([]);
  });

  it("of an encrypted document stays encrypted", async () => {
    const document = await place.prepared(encryptedPdf(), { password: ENCRYPTED_PASSWORD });
    const bytes = await buffer((await exportPdf(place.deps, { document, changes: { records: [rectangle("secret-rectangle")] } })).bytes);
    expect((await place.prepared(bytes)).status).toBe("locked");
    expect((await foundIn(bytes, ENCRYPTED_PASSWORD)).records.map((record) => record.id)).toEqual(["secret-rectangle"]);
  });

  it("that nobody reads to its end leaves no file behind", async () => {
    const document = await place.prepared(pagesPdf(5));
    const exported = await exportPdf(place.deps, { document, changes: { records: [rectangle("unread")] } });
    expect(await readdir(place.deps.tempDir)).toHaveLength(1);
    exported.bytes.destroy();
    await expect.poll(() => readdir(place.deps.tempDir)).toEqual([]);
    const gone = new AbortController();
    gone.abort();
    await expect(exportPdf(place.deps, { document, changes: { records: [rectangle("unwanted")] }, signal: gone.signal })).rejects.toThrow(
      "abort",
    );
  });
});

describe("the image of a page with its annotations", () => {
  it("shows what the layer changed", async () => {
    const document = await place.prepared(pagesPdf(2));
    const request = {
      applicationId: APPLICATION,
      documentId: document.id,
      blob: document.sourceSha256,
      index: 1,
      width: 595,
      format: "png" as const,
    };
    const colour = async (records: readonly StoredRecord[]): Promise<number[]> => {
      const { bytes } = await renderedPage(place.deps, { ...request, changes: { records } });
      return [...(await sharp(bytes).extract({ left: 200, top: 441, width: 1, height: 1 }).removeAlpha().raw().toBuffer())];
    };
    expect(await colour([rectangle("there", "1.1")])).toEqual([0x20, 0xd0, 0x20]);
    expect(await colour([])).not.toEqual([0x20, 0xd0, 0x20]);
    expect(await colour([rectangle("elsewhere", "1.0")])).not.toEqual([0x20, 0xd0, 0x20]);
    const [one, other] = [
      await renderedPage(place.deps, { ...request, changes: { records: [] } }),
      await renderedPage(place.deps, { ...request, changes: { records: [rectangle("there", "1.1")] } }),
    ];
    expect(one.etag).not.toBe(other.etag);
    expect((await readdir(join(place.folder, "cache", APPLICATION, document.sourceSha256))).length).toBeGreaterThanOrEqual(4);
  });
});

describe("a search", () => {
  const pages = (document: DocumentRow): SearchPage[] =>
    Array.from({ length: document.pageCount! }, (_, index) => ({
      pageIndex: index,
      pageId: `1.${index}`,
      blob: document.sourceSha256,
      sourceIndex: index,
    }));

  it("finds words on all pages, in order, with where they stand", async () => {
    const document = await place.prepared(pagesPdf(20));
    const request = { applicationId: APPLICATION, documentId: document.id, pages: pages(document), query: "FOX jumps over", limit: 100 };
    const { hits, complete, pagesSearched } = await searchDocument(place.deps, request);
    expect([complete, pagesSearched]).toEqual([true, 20]);
    expect(hits.map((hit) => hit.pageIndex)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    const {
      previewText,
      rangeInPreview: [start, length],
      rects,
      pageId,
    } = hits[7]!;
    expect([previewText.slice(start, start + length), pageId]).toEqual(["fox jumps over", "1.7"]);
    expect(rects).toHaveLength(1);
    expect(rects[0]![1]).toBeGreaterThan(120);
    const few = await searchDocument(place.deps, { ...request, limit: 3 });
    expect([few.hits.length, few.complete]).toEqual([3, false]);
    expect((await searchDocument(place.deps, { ...request, caseSensitive: true })).hits).toEqual([]);
    expect((await searchDocument(place.deps, { ...request, query: "page 1", wholeWord: true })).hits.map((hit) => hit.pageIndex)).toEqual([
      0, 0,
    ]);
  });

  it("ends when whoever asked has gone", async () => {
    const document = await place.prepared(pagesPdf(21));
    const abort = new AbortController();
    const searching = searchDocument(place.deps, {
      applicationId: APPLICATION,
      documentId: document.id,
      pages: pages(document),
      query: "fox",
      limit: 100,
      signal: abort.signal,
    });
    abort.abort();
    await expect(searching).rejects.toThrow("abort");
  });
});
