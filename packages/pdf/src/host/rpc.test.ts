import { createHash } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { PdfError } from "../engine.ts";
import type { RecordChange } from "../export.ts";
import { handleOf } from "../pdfium/document.ts";
import { annotatedPdf, notAPdf, pagesPdf } from "../testing/index.ts";
import { plainText } from "../text.ts";
import { openPdfiumNode } from "./node.ts";
import { connectPdfWorker, type RemotePdf, type RequestMessage, type WorkerPort } from "./rpc.ts";
import { type ServeOptions, servePdf } from "./serve.ts";

const remotes: RemotePdf[] = [];
afterEach(() => {
  for (const remote of remotes.splice(0)) remote.close();
});

interface Connection {
  readonly remote: RemotePdf;
  /** Methods that reached the worker. */
  readonly received: string[];
}

/** Both sides over a real message channel; the worker's side lives in this process. */
function connect(openEngine: ServeOptions["openEngine"] = () => openPdfiumNode()): Connection {
  const { port1, port2 } = new MessageChannel();
  const received: string[] = [];
  const readBlob: ServeOptions["readBlob"] = () => {
    throw new PdfError("failed", "blobs are read in browsers only");
  };
  port2.addEventListener("message", ({ data }) => received.push((data as RequestMessage).method));
  servePdf(port2, { openEngine, readBlob });
  port2.start();
  port1.start();
  const remote = connectPdfWorker(port1 as unknown as WorkerPort, { wasm: "unused" });
  remotes.push(remote);
  return { remote, received };
}

const bufferOf = (bytes: Uint8Array): ArrayBuffer => bytes.slice().buffer as ArrayBuffer;

test("a document is opened, read, drawn, imported, saved and closed from afar", async () => {
  const { remote } = connect();
  const document = await remote.open(bufferOf(annotatedPdf()));
  expect(document).toMatchObject({ pageCount: 1, encrypted: false, metadata: { title: "Annotated" } });
  expect(await document.page(0)).toMatchObject({ width: 595, height: 842 });
  expect(await document.outline()).toEqual([]);
  const image = await document.render(0, { width: 50 });
  expect([image.width, image.height, image.data.length]).toEqual([50, 71, 50 * 71 * 4]);
  expect(plainText(await document.text(0))).toContain("Annotated page");
  const { manifest, records, sourceSha256 } = await document.importRecords({ revision: 1 });
  expect(manifest.pages).toHaveLength(1);
  expect(records[0]!.records.map(({ id }) => id)).toContain("highlight-1");
  expect(sourceSha256).toMatch(/^[0-9a-f]{64}$/);
  expect((await document.save()).length).toBeGreaterThan(500);
  const base = records[0]!.records.find(({ id }) => id === "rectangle-1")!;
  const edited = await remote.open(
    bufferOf(await document.exportChanges([{ base, current: null } as RecordChange], { annotations: true })),
  );
  const left = (await edited.importRecords({ revision: 1 })).records[0]!.records.map(({ id }) => id);
  expect(left).toContain("highlight-1");
  expect(left).not.toContain("rectangle-1");
  await document.close();
  await expect(document.text(0)).rejects.toMatchObject({ code: "failed" });
  expect(remote.broken).toBe(false);
});

test("errors arrive with their code, and the worker goes on", async () => {
  const { remote } = connect();
  await expect(remote.open(bufferOf(notAPdf()))).rejects.toMatchObject({ name: "PdfError", code: "not_a_pdf" });
  const document = await remote.open(bufferOf(pagesPdf(1)));
  await expect(document.render(0, { width: 99_999 })).rejects.toMatchObject({ code: "too_large" });
  await expect(document.page(5)).rejects.toMatchObject({ code: "failed" });
  expect(await document.page(0)).toMatchObject({ width: 595 });
});

test("a cancelled request that waits is never sent, and one under way is refused at once", async () => {
  const { remote, received } = connect();
  const document = await remote.open(bufferOf(pagesPdf(3)));
  const [first, second] = [new AbortController(), new AbortController()];
  const running = document.render(0, { width: 400, signal: first.signal });
  const waiting = document.render(1, { width: 400, signal: second.signal });
  const last = document.text(2);
  const reason = new Error("scrolled on");
  first.abort(reason);
  second.abort(reason);
  await expect(running).rejects.toBe(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(plainText(await last)).toContain("Page 3 of 3");
  expect(received).toEqual(["init", "open", "render", "text"]);
  await expect(document.text(0, { signal: second.signal })).rejects.toBe(reason);
});

test("an engine that cannot be started refuses what was asked, with the reason", async () => {
  const { remote } = connect(() => Promise.reject(new PdfError("failed", "the engine could not be loaded: 404")));
  await expect(remote.open(bufferOf(pagesPdf(1)))).rejects.toMatchObject({
    code: "failed",
    message: "the engine could not be loaded: 404",
  });
  expect(remote.broken).toBe(true);
});

test("after a trap everything is refused", async () => {
  const engine = await openPdfiumNode();
  const { remote } = connect(() => Promise.resolve(engine));
  const document = await remote.open(bufferOf(pagesPdf(1)));
  const { guard, module } = handleOf(engine.open(pagesPdf(1)));
  expect(() => guard(() => module.fn.FPDF_GetPageCount(0x7fff_fff0))).toThrow(PdfError);
  const [drawn, read] = [document.render(0, { width: 10 }), document.text(0)];
  await expect(drawn).rejects.toMatchObject({ code: "failed" });
  await expect(read).rejects.toMatchObject({ code: "failed" });
  expect(remote.broken).toBe(true);
});

test("closing refuses what is under way", async () => {
  const { remote } = connect();
  const document = await remote.open(bufferOf(pagesPdf(1)));
  const text = document.text(0);
  remote.close();
  await expect(text).rejects.toMatchObject({ code: "failed" });
  await expect(document.page(0)).rejects.toMatchObject({ code: "failed" });
});

test("marks that no record says come with pictures of them, and pictures go into the file and come back", async () => {
  const { remote } = connect();
  const form = "4 0 obj <</Type/XObject/Subtype/Form/BBox[0 0 50 20]/Length 29>> stream\n1 0 0 rg 0 0 50 20 re f      \nendstream endobj";
  const stamp = "5 0 obj <</Type/Annot/Subtype/Stamp/NM(their-stamp)/Name/TheirOwn/Rect[20 20 70 40]/F 4/AP<</N 4 0 R>>>> endobj";
  const page = "3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Annots[5 0 R]>> endobj";
  const tree = "1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj 2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj";
  const file = `%PDF-1.7\n${tree}\n${page}\n${form}\n${stamp}\ntrailer <</Root 1 0 R>>\n`;
  const document = await remote.open(bufferOf(new TextEncoder().encode(file)));
  const { records, pictures } = await document.importRecords({ revision: 1 });
  const [their] = records[0]!.records;
  expect(pictures.map(({ mediaType }) => mediaType)).toEqual(["image/png"]);
  const { blob, bytes } = pictures[0]!;
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(blob);
  expect(their).toMatchObject({ id: "their-stamp", data: { type: "image", attachment: { blob, mediaType: "image/png" } } });

  const data = {
    type: "image",
    page: "1.0",
    geometry: { bbox: [10, 10, 30, 30] },
    appearance: {},
    attachment: { blob, mediaType: "image/png" },
  };
  const own = { ...their!, id: "own-image", seq: 1, data } as RecordChange["current"];
  const image = { width: 1, height: 1, components: 3, filter: null, data: Uint8Array.of(0, 0, 255), alpha: null, file: bytes } as const;
  const changes = [{ base: null, current: own } as RecordChange];
  const without = await remote.open(bufferOf(await document.exportChanges(changes, { annotations: true })));
  expect((await without.importRecords({ revision: 1 })).records[0]!.records.map(({ id }) => id)).toEqual(["their-stamp"]);
  const images = new Map([[blob, image]]);
  const back = await remote.open(bufferOf(await document.exportChanges(changes, { annotations: true, images })));
  const again = await back.importRecords({ revision: 1 });
  expect(again.records[0]!.records.find(({ id }) => id === "own-image")?.data).toMatchObject({ type: "image", attachment: { blob } });
  // The file that was put in, and the picture of the stamp, which is the same one.
  expect(again.pictures.map((picture) => picture.blob)).toEqual([blob]);
});
