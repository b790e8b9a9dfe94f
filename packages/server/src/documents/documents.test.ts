import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import sharp from "sharp";
import type { AnyRecord } from "@lectern/protocol";
import {
  ANNOTATED,
  annotatedPdf,
  brokenPdf,
  emptyFile,
  encryptedPdf,
  ENCRYPTED_PASSWORD,
  notAPdf,
  pagesPdf,
  rotatedPdf,
  truncatedPdf,
  xfaPdf,
} from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database, PagesRead, Renderer } from "../ports.ts";
import { type RenderPool, renderPool } from "../render/pool.ts";
import { handClock } from "../testing/hand-clock.ts";
import { hangWorkers } from "../testing/hang-workers.ts";
import { APPLICATION, movableClock, type TestDocuments, testDocuments } from "../testing/test-documents.ts";
import { collectBlobs, UNUSED_MS } from "./collect.ts";
import { SERVICE } from "../audit/audit.ts";
import { deleteDocument } from "./delete.ts";
import { listDocuments } from "./list.ts";
import { PREPARE_VERSION } from "./manifest.ts";
import { provePassword } from "./password.ts";
import { FIRST_WIDTH } from "./prepare.ts";
import { requireReady, waitForReady } from "./status.ts";
import type { DocumentListQuery } from "./finding/store.ts";
import { findDocument, findRevision, updateDocument } from "./store.ts";
import { imageCacheKey, pageImage, pageText, pageTextLines, renderedPage } from "./stream.ts";
import { documentSummary } from "./summary.ts";
import { uploadDocument } from "./upload.ts";

let renderer: RenderPool;
let place: TestDocuments;
const clock = movableClock();

beforeAll(async () => {
  renderer = renderPool({ workers: 1 });
  place = await testDocuments({ renderer, clock });
});
afterAll(async () => {
  await place.close();
  await renderer.close();
  expect(place.errors).toEqual([]);
});

const keyOf = (document: { readonly applicationId: string; readonly id: string }): { applicationId: string; documentId: string } => ({
  applicationId: document.applicationId,
  documentId: document.id,
});

async function count(database: Database, table: string, documentId: string): Promise<number> {
  const [row] = await database.query(`SELECT COUNT(*) AS n FROM ${table} WHERE document_id = ?`, [documentId]);
  return row!.n as number;
}

/** Of application and blob. */
async function storedBlobs(): Promise<string[]> {
  const found = await readdir(join(place.folder, "blobs", APPLICATION), { recursive: true });
  return found.map((path) => path.split("/").at(-1)!).filter((name) => name.length === 64);
}

describe("an upload", () => {
  it("becomes ready with pages, base records and the picture of page 1", async () => {
    const uploaded = await place.upload(pagesPdf(3), { fileName: "C:\\files\\Three pages.PDF" });
    expect(uploaded).toMatchObject({ status: "preparing", title: "Three pages", pageCount: null });
    const ready = await waitForReady(place.deps, keyOf(uploaded), { wait: 60 });
    expect(ready).toMatchObject({ status: "ready", pageCount: 3, passwordProtected: false, title: "Three pages" });
    const revision = await findRevision(place.deps.database, keyOf(ready), 1);
    const base = await place.deps.bases.load(APPLICATION, revision!);
    expect(base.manifest.runs).toEqual([[3, 0]]);
    expect(base.records.page("1.2")).toMatchObject({
      content: { source: ready.sourceSha256, sourceIndex: 2 },
      size: [595, 842],
      rotation: 0,
    });
    expect(base.records.page("1.3")).toBeNull();
    expect(base.records.page("2.0")).toBeNull();
    expect(
      place.deps.cache.has(imageCacheKey({ applicationId: APPLICATION, blob: ready.sourceSha256, index: 0, width: FIRST_WIDTH })),
    ).toBe(true);
    expect(documentSummary(ready)).toMatchObject({
      id: ready.id,
      document_id: ready.id,
      pageCount: 3,
      errors: [],
      sourcePdfSha256: ready.sourceSha256,
    });
  });

  it("takes its title from the file when neither a title nor a file name is given", async () => {
    expect((await place.prepared(pagesPdf(2))).title).toBe("2 pages");
    expect((await place.prepared(pagesPdf(2), { title: "Mine", fileName: "other.pdf" })).title).toBe("Mine");
  });

  it("finds the annotations of the file as base records on their page", async () => {
    const ready = await place.prepared(annotatedPdf());
    const base = await place.deps.bases.load(APPLICATION, (await findRevision(place.deps.database, keyOf(ready), 1))!);
    expect(base.records.get(ANNOTATED.highlight)).toMatchObject({
      kind: "annotation",
      seq: 0,
      createdBy: null,
      data: { type: "highlight", page: "1.0" },
    });
    expect(base.records.byPage("1.0").map((record: AnyRecord) => record.id)).toContain(ANNOTATED.ink);
    expect(base.records.size).toBeGreaterThanOrEqual(6);
  });

  it("refuses an id that is taken, and changes nothing", async () => {
    const first = await place.prepared(pagesPdf(1), { documentId: "taken", title: "First" });
    await expect(place.upload(pagesPdf(2), { documentId: "taken" })).rejects.toMatchObject({ code: "exists" });
    expect(await findDocument(place.deps.database, keyOf(first))).toEqual(first);
    // The same id in another application is another document.
    await expect(place.upload(pagesPdf(1), { documentId: "taken", applicationId: "application-2" })).resolves.toMatchObject({
      status: "preparing",
    });
    await expect(place.upload(pagesPdf(1), { documentId: "not an id" })).rejects.toMatchObject({ code: "invalid_parameters" });
  });

  it("refuses one of two uploads that race for an id, and keeps the other", async () => {
    const outcomes = await Promise.allSettled([
      place.upload(pagesPdf(1), { documentId: "raced" }),
      place.upload(pagesPdf(2), { documentId: "raced" }),
    ]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(outcomes.find((outcome) => outcome.status === "rejected")?.reason).toMatchObject({ code: "exists" });
    expect(await count(place.deps.database, "revisions", "raced")).toBe(1);
  });

  it.each([
    ["a PNG named .pdf", notAPdf(), "unsupported_media_type", "looks like a PNG image"],
    ["an empty file", emptyFile(), "invalid_document", "empty (0 bytes)"],
    ["a web page", new TextEncoder().encode("<!DOCTYPE html><title>Sign in</title>"), "unsupported_media_type", "looks like an HTML page"],
    ["noise", new Uint8Array(2000).map((_, i) => (i * 73) % 251), "invalid_document", "no %PDF header"],
  ])("refuses %s with a clear reason, and stores nothing", async (_name, bytes, code, message) => {
    const before = await storedBlobs();
    await expect(place.upload(bytes, { fileName: "contract.pdf", documentId: "refused" })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as unknown,
    });
    expect(await storedBlobs()).toEqual(before);
    expect(await findDocument(place.deps.database, { applicationId: APPLICATION, documentId: "refused" })).toBeNull();
    expect((await place.prepared(pagesPdf(1))).status).toBe("ready");
  });

  it("stops reading what is too large, and stores nothing", async () => {
    const small = await testDocuments({ renderer, maxUploadBytes: 5000, runJobs: false });
    let sent = 0;
    const endless = Readable.from(
      (function* () {
        yield Buffer.from("%PDF-1.7\n".padEnd(1024));
        for (;;) {
          sent += 1000;
          yield Buffer.alloc(1000);
        }
      })(),
    );
    await expect(uploadDocument(small.deps, { applicationId: APPLICATION, bytes: endless, documentId: "large" })).rejects.toMatchObject({
      code: "too_large",
    });
    expect(sent).toBeLessThan(100_000);
    expect(await findDocument(small.deps.database, { applicationId: APPLICATION, documentId: "large" })).toBeNull();
    await small.close();
  });

  it("keeps the bytes of a broken file and says why it failed", async () => {
    const failed = await place.prepared(brokenPdf(), { fileName: "broken.pdf" });
    expect(failed).toMatchObject({ status: "failed", statusReason: expect.stringMatching(/damaged|no pages/) as unknown, pageCount: null });
    expect(await place.deps.blobs.size(APPLICATION, failed.sourceSha256)).toBe(brokenPdf().length);
    expect(documentSummary(failed).errors).toEqual([{ reason: failed.statusReason }]);
    expect((await place.prepared(pagesPdf(1))).status).toBe("ready");
  });

  it("is ready with a form of XFA, and says that it is not shown as one", async () => {
    const ready = await place.prepared(xfaPdf());
    expect(ready.status).toBe("ready");
    expect(documentSummary(ready).errors).toEqual([{ reason: expect.stringMatching(/XFA/) as unknown }]);
    const base = await place.deps.bases.load(APPLICATION, (await findRevision(place.deps.database, keyOf(ready), 1))!);
    expect(base.manifest.hasXfa).toBe(true);
  });

  it("comes to an end with a cut file, one way or the other", async () => {
    expect(["ready", "failed"]).toContain((await place.prepared(truncatedPdf())).status);
    expect((await place.prepared(pagesPdf(1))).status).toBe("ready");
  });

  it("counts itself in the same transaction", async () => {
    const { id } = await place.upload(pagesPdf(1));
    const rows = await place.deps.database.query("SELECT amount FROM usage WHERE what = 'uploads' AND key = ?", [id]);
    expect(rows).toEqual([{ amount: pagesPdf(1).length }]);
  });
});

describe("an encrypted file", () => {
  it("is locked until somebody gives its password, which is kept sealed", async () => {
    const locked = await place.prepared(encryptedPdf());
    expect(locked).toMatchObject({ status: "locked", passwordProtected: true, sealedPassword: null, pageCount: null });
    await expect(provePassword(place.deps, locked, null)).rejects.toMatchObject({ code: "password_required" });
    await expect(provePassword(place.deps, locked, "guess")).rejects.toMatchObject({ code: "wrong_password" });
    expect((await findDocument(place.deps.database, keyOf(locked)))!.status).toBe("locked");

    const opened = await provePassword(place.deps, locked, ENCRYPTED_PASSWORD);
    expect(opened.status).toBe("preparing");
    const ready = await waitForReady(place.deps, keyOf(locked), { wait: 60 });
    expect(ready).toMatchObject({ status: "ready", pageCount: 1, passwordProtected: true });
    expect(JSON.stringify(ready)).not.toContain(ENCRYPTED_PASSWORD);
    // Whoever comes next proves it anew.
    await expect(provePassword(place.deps, ready, null)).rejects.toMatchObject({ code: "password_required" });
    await expect(provePassword(place.deps, ready, "guess")).rejects.toMatchObject({ code: "wrong_password" });
    await expect(provePassword(place.deps, ready, ENCRYPTED_PASSWORD)).resolves.toMatchObject({ status: "ready" });
    // A file may have two passwords: its owner's opens it as well.
    await expect(provePassword(place.deps, ready, "owner")).resolves.toMatchObject({ status: "ready" });
    const [line] = await pageTextLines(place.deps, { ...keyOf(ready), blob: ready.sourceSha256, index: 0 });
    expect(line!.contents).toBe("A secret page");
  });

  it("is ready at once when it comes with its password", async () => {
    const ready = await place.prepared(encryptedPdf(), { password: ENCRYPTED_PASSWORD });
    expect(ready).toMatchObject({ status: "ready", passwordProtected: true });
  });

  it("is refused with a wrong password; nothing of it is kept", async () => {
    const fresh = await testDocuments({ renderer, runJobs: false });
    const refused = fresh.upload(encryptedPdf(), { password: "guess", documentId: "refused" });
    await expect(refused).rejects.toMatchObject({ code: "wrong_password" });
    expect(await findDocument(fresh.deps.database, { applicationId: APPLICATION, documentId: "refused" })).toBeNull();
    expect((await readdir(join(fresh.folder, "blobs", APPLICATION), { recursive: true })).filter((path) => path.length > 60)).toEqual([]);
    await fresh.close();
  });

  it("does not lose the bytes of another document when its twin is refused", async () => {
    const kept = await place.prepared(encryptedPdf(), { password: ENCRYPTED_PASSWORD });
    await expect(place.upload(encryptedPdf(), { password: "guess" })).rejects.toMatchObject({ code: "wrong_password" });
    expect(await place.deps.blobs.size(APPLICATION, kept.sourceSha256)).toBe(encryptedPdf().length);
  });

  it("may be given a password that it does not need", async () => {
    expect(await place.prepared(pagesPdf(1), { password: "anything" })).toMatchObject({
      status: "ready",
      passwordProtected: false,
      sealedPassword: null,
    });
  });
});

describe("waiting for a document", () => {
  it("ends with the time, and the document is still being prepared", async () => {
    const idle = await testDocuments({ renderer, runJobs: false });
    const { id } = await idle.upload(pagesPdf(1));
    expect((await waitForReady(idle.deps, { applicationId: APPLICATION, documentId: id }, { wait: 0.05 })).status).toBe("preparing");
    await idle.deps.jobs.start();
    expect((await waitForReady(idle.deps, { applicationId: APPLICATION, documentId: id }, { wait: 60 })).status).toBe("ready");
    await idle.close();
  });

  it("ends when the document is deleted meanwhile", async () => {
    const idle = await testDocuments({ renderer, runJobs: false });
    const { id } = await idle.upload(pagesPdf(1));
    const key = { applicationId: APPLICATION, documentId: id };
    const waiting = expect(waitForReady(idle.deps, key, { wait: 60 })).rejects.toMatchObject({ code: "not_found" });
    await deleteDocument(idle.deps, key, SERVICE);
    await waiting;
    await idle.close();
  });
});

describe("pages", () => {
  it("come as images and text, drawn once for all who ask", async () => {
    const ready = await place.prepared(pagesPdf(6));
    const request = { ...keyOf(ready), blob: ready.sourceSha256, index: 4 };
    const [one, other] = await Promise.all([
      pageImage(place.deps, { ...request, width: 320 }),
      pageImage(place.deps, { ...request, width: 320 }),
    ]);
    expect(one).toBe(other);
    const meta = await sharp(one).metadata();
    expect([meta.format, meta.width]).toEqual(["webp", 320]);
    expect((await pageText(place.deps, request)).runs[0]!.text).toBe("Page 5 of 6");
    expect((await pageTextLines(place.deps, request))[1]!.contents).toBe("The quick brown fox jumps over page 5.");
  });

  it("are not told of by another document, page or width", async () => {
    const [mine, other] = [await place.prepared(pagesPdf(2)), await place.prepared(rotatedPdf())];
    const request = { ...keyOf(mine), blob: mine.sourceSha256, index: 0, width: 320 };
    await pageImage(place.deps, { ...request, ...keyOf(other), blob: other.sourceSha256 });
    await expect(pageImage(place.deps, { ...request, blob: other.sourceSha256 })).rejects.toMatchObject({ code: "not_found" });
    await expect(pageImage(place.deps, { ...request, applicationId: "application-2" })).rejects.toMatchObject({ code: "not_found" });
    await expect(pageImage(place.deps, { ...request, index: 2 })).rejects.toMatchObject({ code: "not_found" });
    await expect(pageImage(place.deps, { ...request, width: 321 })).rejects.toMatchObject({ code: "not_found" });
  });

  it("are drawn again when the cached file was damaged", async () => {
    const tiny = await testDocuments({ renderer });
    const ready = await tiny.prepared(rotatedPdf());
    const request = { ...keyOf(ready), blob: ready.sourceSha256, index: 3, width: 160 };
    const drawn = await pageImage(tiny.deps, request);
    await tiny.abandon();
    const path = join(
      tiny.folder,
      "cache",
      APPLICATION,
      ready.sourceSha256,
      imageCacheKey({ applicationId: APPLICATION, blob: ready.sourceSha256, index: 3, width: 160 }).name,
    );
    await writeFile(path, "not an image");
    const again = await testDocuments({ renderer, folder: tiny.folder });
    expect(Buffer.from(await pageImage(again.deps, request))).toEqual(Buffer.from(drawn));
    await again.close();
  });

  it("show the file's own annotations in the API's image, whose tag tells pictures apart", async () => {
    const ready = await place.prepared(annotatedPdf());
    const request = { ...keyOf(ready), blob: ready.sourceSha256, index: 0, width: 600, format: "png" as const };
    const all = await renderedPage(place.deps, { ...request, changes: { records: [] } });
    const none = await renderedPage(place.deps, { ...request, changes: null });
    expect(all.etag).not.toBe(none.etag);
    expect(Buffer.from(all.bytes).equals(Buffer.from(none.bytes))).toBe(false);
    const turned = await renderedPage(place.deps, { ...request, changes: { records: [] }, rotation: 90 });
    expect((await sharp(turned.bytes).metadata()).height).toBe(424);
  });
});

describe("the list of documents", () => {
  const query: DocumentListQuery = { pageSize: 2, orderBy: "created_at", orderDirection: "desc", countRemaining: true };

  it("goes forth and back without losing or repeating one, also among equal titles", async () => {
    const shelf = await testDocuments({ renderer, runJobs: false });
    const titles = ["b", "a", "a", null, "c", "a", "B 100%"];
    const ids: string[] = [];
    for (const [index, title] of titles.entries()) ids.push((await shelf.upload(pagesPdf(1), { documentId: `d${index}`, title })).id);
    for (const orderBy of ["created_at", "title"] as const) {
      for (const orderDirection of ["asc", "desc"] as const) {
        const all = { ...query, orderBy, orderDirection };
        const whole = (await listDocuments(shelf.deps.database, APPLICATION, { ...all, pageSize: 100 })).documents.map((row) => row.id);
        expect(whole.toSorted()).toEqual(ids);
        let list = await listDocuments(shelf.deps.database, APPLICATION, all);
        expect(list.prevCursor).toBeNull();
        const forth = [list];
        while (list.nextCursor !== null)
          forth.push((list = await listDocuments(shelf.deps.database, APPLICATION, { ...all, cursor: list.nextCursor })));
        expect(forth.flatMap((page) => page.documents.map((row) => row.id))).toEqual(whole);
        expect(forth.map((page) => [page.count, page.prevCount, page.nextCount])).toEqual([
          [7, 0, 5],
          [7, 2, 3],
          [7, 4, 1],
          [7, 6, 0],
        ]);
        const back = [list];
        while (list.prevCursor !== null)
          back.unshift((list = await listDocuments(shelf.deps.database, APPLICATION, { ...all, cursor: list.prevCursor })));
        expect(back.flatMap((page) => page.documents.map((row) => row.id))).toEqual(whole);
      }
    }
    const found = async (title: string): Promise<number> =>
      (await listDocuments(shelf.deps.database, APPLICATION, { ...query, title, pageSize: 100 })).count;
    expect([await found("b"), await found("B"), await found("100%"), await found("%"), await found("_"), await found("")]).toEqual([
      2, 2, 1, 1, 0, 7,
    ]);
    expect((await listDocuments(shelf.deps.database, "application-2", query)).documents).toEqual([]);
    for (const cursor of ["nonsense", Buffer.from('{"by":"title","to":"next","key":1,"id":"x"}').toString("base64url")]) {
      await expect(listDocuments(shelf.deps.database, APPLICATION, { ...query, cursor })).rejects.toMatchObject({
        code: "invalid_parameters",
      });
    }
    await shelf.close();
  });

  it("shows a changed title and changed metadata", async () => {
    const { id, updatedAt } = await place.upload(pagesPdf(1), { metadata: { a: 1 } });
    clock.move(1000);
    const change = { title: "New", metadata: { b: "two", c: null }, now: clock.now() };
    const changed = await updateDocument(place.deps.database, { applicationId: APPLICATION, documentId: id }, change);
    expect(changed).toMatchObject({ title: "New", metadata: { b: "two", c: null } });
    expect(changed!.updatedAt).toBeGreaterThan(updatedAt);
    expect(await updateDocument(place.deps.database, { applicationId: "application-2", documentId: id }, change)).toBeNull();
  });
});

describe("deleting a document", () => {
  it("takes everything with it, its bytes at once", async () => {
    const ready = await place.prepared(pagesPdf(11));
    const twin = await place.prepared(pagesPdf(12));
    const key = keyOf(ready);
    await place.deps.database.transaction([
      {
        sql: "INSERT INTO layers (id, application_id, document_id, name, revision, seq, floor_seq, epoch, created_at) VALUES ('layer-x', ?, ?, '', 1, 1, 0, 0, 0)",
        params: [APPLICATION, ready.id],
      },
      { sql: "INSERT INTO changes (layer_id, seq, sid, n, actor, at, ops) VALUES ('layer-x', 1, 's', 1, NULL, 0, '[]')" },
    ]);
    const { baseBlob } = (await findRevision(place.deps.database, key, 1))!;
    await deleteDocument(place.deps, key, SERVICE);
    expect(place.deleted.at(-1)).toEqual({ ...key, layerIds: ["layer-x"] });
    for (const table of ["revisions", "layers", "blob_uses"]) expect(await count(place.deps.database, table, ready.id)).toBe(0);
    expect(await place.deps.database.query("SELECT seq FROM changes WHERE layer_id = 'layer-x'")).toEqual([]);
    await expect(pageImage(place.deps, { ...key, blob: ready.sourceSha256, index: 0, width: 960 })).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(deleteDocument(place.deps, key, SERVICE)).rejects.toMatchObject({ code: "not_found" });

    const left = await storedBlobs();
    expect(left).not.toContain(ready.sourceSha256);
    expect(left).not.toContain(baseBlob);
    expect(left).toContain(twin.sourceSha256);
    expect(await readdir(join(place.folder, "cache", APPLICATION))).not.toContain(ready.sourceSha256);
    expect((await pageImage(place.deps, { ...keyOf(twin), blob: twin.sourceSha256, index: 0, width: 160 })).length).toBeGreaterThan(50);
  });

  it("leaves the bytes that another document uses, or begins to use meanwhile", async () => {
    const [one, two] = [await place.prepared(pagesPdf(13)), await place.prepared(pagesPdf(13))];
    await deleteDocument(place.deps, keyOf(one), SERVICE);
    clock.move(UNUSED_MS * 2);
    const signal = new AbortController().signal;
    const [, three] = await Promise.all([collectBlobs(place.deps, signal), place.upload(pagesPdf(13))]);
    await deleteDocument(place.deps, keyOf(two), SERVICE);
    await collectBlobs(place.deps, signal);
    expect((await waitForReady(place.deps, keyOf(three), { wait: 60 })).status).toBe("ready");
    expect(await storedBlobs()).toContain(three.sourceSha256);
  });
});

it("an image that an older version of reading files left in the cache is not shown", async () => {
  const { id, sourceSha256: blob } = await place.prepared(pagesPdf(1));
  const request = { applicationId: APPLICATION, documentId: id, blob, index: 0, width: 320 };
  const shown = await pageImage(place.deps, request);
  expect(await place.deps.cache.peek(imageCacheKey(request))).toEqual(shown);
  // As they were named before a version stood in the name, and as another version names them.
  const names = ["0-_-320.webp", `0-p${PREPARE_VERSION - 1}_-320.webp`, "0-all-0-w320.png", `0-p${PREPARE_VERSION - 1}all-0-w320.png`];
  for (const name of names) await place.deps.cache.put({ applicationId: APPLICATION, blob, name }, Buffer.from("of before"));
  expect(Buffer.from(await pageImage(place.deps, request))).toEqual(Buffer.from(shown));
  const rendered = await renderedPage(place.deps, { ...request, format: "png", changes: { records: [] } });
  expect(Buffer.from(rendered.bytes).subarray(1, 4).toString()).toBe("PNG");
});

describe("progress", () => {
  it("says that a file is converted as long as it is", async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const held: Renderer = {
      ...renderer,
      async convert(source, options) {
        await gate;
        return renderer.convert(source, options);
      },
    };
    const shelf = await testDocuments({ renderer: held });
    const document = await shelf.upload(new TextEncoder().encode("Words"), { fileName: "words.txt" });
    const key = keyOf(document);
    await expect.poll(() => shelf.deps.readiness.progress(key), { timeout: 60_000 }).toEqual({ stage: "converting", pages: null });
    const row = (await findDocument(shelf.deps.database, key))!;
    expect(documentSummary(row, null, shelf.deps.readiness.progress(key))).toMatchObject({
      status: "preparing",
      preparation: { stage: "converting" },
    });
    go();
    expect((await waitForReady(shelf.deps, key, { wait: 60 })).status).toBe("ready");
    await shelf.close();
  }, 120_000);

  it("is told while a document is prepared, and forgotten when it is", async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const told: PagesRead[] = [];
    const held: Renderer = {
      ...renderer,
      async prepare(source, options) {
        const summary = await renderer.prepare(source, {
          ...options,
          onProgress(pages) {
            told.push(pages);
            options.onProgress?.(pages);
          },
        });
        await gate;
        return summary;
      },
    };
    const shelf = await testDocuments({ renderer: held });
    const document = await shelf.upload(pagesPdf(120));
    const key = keyOf(document);
    await expect
      .poll(() => shelf.deps.readiness.progress(key), { timeout: 60_000 })
      .toEqual({
        stage: "reading",
        pages: { done: 120, total: 120 },
      });
    expect(told.length).toBeGreaterThan(10);
    expect(told[0]).toEqual({ done: 0, total: 120 });
    expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).toSorted((a, b) => a - b));
    const row = (await findDocument(shelf.deps.database, key))!;
    const half = { stage: "reading", pages: { done: 60, total: 120 } } as const;
    const shown = { progress: 0.5, preparation: { stage: "reading", pagesRead: 60, pageCount: 120 } };
    expect(documentSummary(row, null, half)).toMatchObject({ status: "preparing", ...shown });
    expect(() => requireReady(row, half)).toThrow(expect.objectContaining({ code: "preparing", extra: shown }));
    go();
    const ready = await waitForReady(shelf.deps, key, { wait: 60 });
    expect(ready.status).toBe("ready");
    expect(shelf.deps.readiness.progress(key)).toBe(null);
    expect(documentSummary(ready, null, half)).not.toHaveProperty("progress");
    await shelf.close();
  }, 120_000);
});

describe("a file that stops workers", () => {
  it("is not tried any more after the third, and its document says why", async () => {
    const time = handClock();
    // Stopped processes stand for those that never end: they seem to be at work.
    const fragile = renderPool({ workers: 1, clock: time, cpuTime: () => null });
    const shelf = await testDocuments({ renderer: fragile });
    const [bad, good] = [await shelf.prepared(pagesPdf(3)), await shelf.prepared(pagesPdf(2))];
    // What is drawn ahead must not be caught instead.
    for (const { sourceSha256 } of [bad, good]) {
      for (const width of [320, 1280])
        await expect
          .poll(() => shelf.deps.cache.has(imageCacheKey({ applicationId: APPLICATION, blob: sourceSha256, index: 0, width })), {
            timeout: 60_000,
          })
          .toBe(true);
    }
    const request = { ...keyOf(bad), blob: bad.sourceSha256, index: 2, width: 2560 };
    for (const [hangs, status] of [
      [2, "ready"],
      [1, "failed"],
    ] as const) {
      const failing = expect(pageImage(shelf.deps, request)).rejects.toMatchObject({ code: "document_failed" });
      await hangWorkers(fragile, time, hangs);
      await failing;
      expect((await findDocument(shelf.deps.database, keyOf(bad)))!.status).toBe(status);
    }
    const failed = await findDocument(shelf.deps.database, keyOf(bad));
    expect(failed!.statusReason).toContain("3 worker processes");
    expect(await shelf.deps.blobs.size(APPLICATION, bad.sourceSha256)).toBe(bad.byteSize);
    expect((await pageImage(shelf.deps, { ...keyOf(good), blob: good.sourceSha256, index: 1, width: 160 })).length).toBeGreaterThan(50);
    await shelf.close();
    await fragile.close();
  }, 120_000);
});

describe("a crash", () => {
  it("between an upload's answer and its preparation is made up for at the next start", async () => {
    const before = await testDocuments({ renderer, runJobs: false });
    const { id } = await before.upload(pagesPdf(4));
    // A process took the job and died with it.
    await before.deps.database.claimJobs({ worker: "dead", now: Date.now() + 1, leaseUntil: Date.now() + 3_600_000, limit: 1 });
    await before.abandon();
    await rm(join(before.folder, "temp"), { recursive: true });
    const after = await testDocuments({ renderer, folder: before.folder });
    const ready = await waitForReady(after.deps, { applicationId: APPLICATION, documentId: id }, { wait: 60 });
    expect(ready).toMatchObject({ status: "ready", pageCount: 4 });
    await after.close();
  });
});
