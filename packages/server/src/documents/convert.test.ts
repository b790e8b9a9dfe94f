import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PageText, plainText } from "@lectern/pdf";
import { pagesPdf } from "@lectern/pdf/testing";
import { renderPool, type RenderPool } from "../render/pool.ts";
import { APPLICATION, testDocuments, type TestDocuments } from "../testing/test-documents.ts";
import { docx, zip } from "../testing/zip.ts";
import { renderSource } from "./password.ts";
import { type DocumentRow, findDocument } from "./store.ts";

let place: TestDocuments;
let renderer: RenderPool;

beforeAll(async () => {
  renderer = renderPool({ workers: 1 });
  place = await testDocuments({ renderer });
});

afterAll(async () => {
  await place.close();
  await renderer.close();
});

const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const square = (width = 96, height = 48) => sharp({ create: { width, height, channels: 3, background: { r: 200, g: 30, b: 30 } } });

async function textOf(document: DocumentRow, page = 0): Promise<string> {
  const source = await renderSource(place.deps, document);
  return plainText(JSON.parse(await renderer.text(source, page)) as PageText).replace(/\s+/g, " ");
}

/** Width and height of a page as drawn, and the colour of its middle. */
async function middleOf(document: DocumentRow, page = 0): Promise<{ readonly ratio: number; readonly color: readonly number[] }> {
  const image = await renderer.image(await renderSource(place.deps, document), { page, width: 96, format: "png", annotations: "none" });
  const { data, info } = await sharp(image).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * 3;
  return { ratio: info.width / info.height, color: [...data.subarray(at, at + 3)] };
}

/** A BMP of 24 bits, rows from the bottom up. */
function bmp(width: number, height: number, color: readonly [number, number, number]): Uint8Array {
  const row = Math.ceil((width * 3) / 4) * 4;
  const bytes = Buffer.alloc(54 + row * height);
  bytes.write("BM");
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) Buffer.from(color.toReversed()).copy(bytes, 54 + y * row + x * 3);
  return bytes;
}

describe("documents that are no PDF", () => {
  it.each([
    ["png", () => square().png().toBuffer()],
    ["jpeg", () => square().jpeg().toBuffer()],
    ["gif", () => square().gif().toBuffer()],
    ["webp", () => square().webp({ lossless: true }).toBuffer()],
    ["tiff", () => square().tiff().toBuffer()],
    ["avif", () => square().avif({ lossless: true }).toBuffer()],
    ["bmp", () => Promise.resolve(bmp(96, 48, [200, 30, 30]))],
    [
      "svg",
      () =>
        Promise.resolve(
          text('<svg xmlns="http://www.w3.org/2000/svg" width="96" height="48"><rect width="96" height="48" fill="rgb(200,30,30)"/></svg>'),
        ),
    ],
  ])("shows a %s image as a page of its shape and colours", async (name, make) => {
    const document = await place.prepared(await make(), { fileName: `Photo 1.${name}` });
    expect(document).toMatchObject({ status: "ready", statusReason: null, pageCount: 1, title: "Photo 1" });
    const { ratio, color } = await middleOf(document);
    expect(ratio).toBeCloseTo(2, 1);
    for (const [channel, value] of [200, 30, 30].entries()) expect(Math.abs(color[channel]! - value)).toBeLessThanOrEqual(4);
  });

  it("turns a photograph as its camera was held", async () => {
    const held = await square(120, 60).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const document = await place.prepared(held);
    expect((await middleOf(document)).ratio).toBeCloseTo(0.5, 1);
  });

  it("makes a page of each page of a TIFF, and leaves paper under what is transparent", async () => {
    const frame = (background: string) =>
      sharp({ create: { width: 40, height: 40, channels: 3, background } })
        .raw()
        .toBuffer();
    const pages = Buffer.concat(await Promise.all(["red", "lime", "blue"].map(frame)));
    const tiff = await sharp(pages, { raw: { width: 40, height: 120, channels: 3, pageHeight: 40 } as never })
      .tiff()
      .toBuffer();
    const document = await place.prepared(tiff);
    expect(document.pageCount).toBe((await sharp(tiff).metadata()).pages ?? 1);
    const clear = await sharp({ create: { width: 40, height: 40, channels: 4, background: { r: 0, g: 0, b: 255, alpha: 0.5 } } })
      .png()
      .toBuffer();
    const { color } = await middleOf(await place.prepared(clear));
    expect(color[0]).toBeGreaterThan(110);
    expect(color[2]).toBe(255);
  });

  it("never makes a page larger than A3 of an image whose resolution was not meant", async () => {
    const { color } = await middleOf(await place.prepared(await square(4000, 3000).withMetadata({ density: 72 }).jpeg().toBuffer()));
    expect(color[0]).toBeGreaterThan(190);
    const [row] = await place.deps.database.query<{ source_sha256: string }>(
      "SELECT source_sha256 FROM documents ORDER BY created_at DESC LIMIT 1",
    );
    const manifest = await renderer.probe({
      path: await place.deps.blobs.localPath(APPLICATION, row!.source_sha256),
      sha256: row!.source_sha256,
    });
    expect(manifest.pageCount).toBe(1);
  });

  it.each([
    ["plain text", "notes.txt", "Grüße an alle,\n\tund an Ζωή und Мария.", "Grüße an alle, und an Ζωή und Мария."],
    [
      "Markdown",
      "read.md",
      "# A title\n\nSome **bold** words.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n",
      "A title Some bold words.",
    ],
    [
      "an HTML page",
      "page.html",
      "<!doctype html><title>T</title><script>document.write('no')</script><style>p{color:red}</style><p>Seen &amp; <b>bold</b></p>",
      "Seen & bold",
    ],
    ["text without a name", null, "Just words", "Just words"],
  ])("shows %s as pages with its words", async (_what, fileName, content, words) => {
    const document = await place.prepared(text(content), { fileName });
    expect(document).toMatchObject({ status: "ready", pageCount: 1 });
    const found = await textOf(document);
    expect(found).toContain(words);
    expect(found).not.toContain("no');");
  });

  it("shows an e-mail with its sender, its words, its own images, and loads nothing", async () => {
    let asked = 0;
    const elsewhere = await listening(() => asked++);
    const image = (await square().png().toBuffer()).toString("base64");
    const email = [
      "From: Ann <ann@example.com>",
      "To: bob@example.com",
      "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
      "MIME-Version: 1.0",
      "Content-Type: multipart/related; boundary=b",
      "",
      "--b",
      "Content-Type: text/html; charset=utf-8",
      "",
      `<p>See <img src="cid:x1"> and <img src="${elsewhere.url}/x.png" alt="far away"></p><link rel=stylesheet href="${elsewhere.url}/x.css">`,
      "--b",
      "Content-Type: image/png",
      "Content-ID: <x1>",
      "Content-Transfer-Encoding: base64",
      "",
      image,
      "--b--",
      "",
    ].join("\r\n");
    const document = await place.prepared(text(email), { fileName: "mail.eml" });
    expect(document).toMatchObject({ status: "ready", title: "mail" });
    const found = await textOf(document);
    for (const words of ["Ann <ann@example.com>", "bob@example.com", "Grüße", "See", "[far away]"]) expect(found).toContain(words);
    expect(asked).toBe(0);
    await elsewhere.close();
  });

  it("says what is wrong with a file that cannot be converted, keeps its bytes, and goes on", async () => {
    const png = await square().png().toBuffer();
    const cut = await place.prepared(png.subarray(0, 60), { fileName: "cut.png" });
    expect(cut).toMatchObject({ status: "failed", statusReason: expect.stringContaining("damaged or cut off") as unknown });
    expect(await place.deps.blobs.size(APPLICATION, cut.sourceSha256)).toBe(60);
    const bomb = text(`<svg xmlns="http://www.w3.org/2000/svg" width="1000000" height="1000000"><rect width="9" height="9"/></svg>`);
    expect(await place.prepared(bomb)).toMatchObject({ status: "failed" });
    const deep = await place.prepared(text(`<!doctype html>${"<div>".repeat(20_000)}deep`));
    expect(deep.status).toBe("ready");
    expect((await place.prepared(pagesPdf(1))).status).toBe("ready");
  });

  it("refuses what is called a PDF and is none, archives and programs", async () => {
    const png = await square().png().toBuffer();
    await expect(place.upload(png, { fileName: "contract.pdf" })).rejects.toMatchObject({ code: "unsupported_media_type" });
    await expect(place.upload(text("words"), { mediaType: "application/pdf" })).rejects.toMatchObject({ code: "unsupported_media_type" });
    await expect(place.upload(zip([{ name: "a.txt", content: "a" }]))).rejects.toMatchObject({ code: "unsupported_media_type" });
    await expect(place.upload(text("MZ\0\0"))).rejects.toMatchObject({ code: "unsupported_media_type" });
    await expect(place.upload(text("ab\0\0c"))).rejects.toMatchObject({ code: "invalid_document" });
  });

  it("keeps the uploaded bytes beside the PDF that was made of them", async () => {
    const bytes = text("Kept as they came");
    const document = await place.prepared(bytes, { fileName: "kept.txt" });
    const uses = await place.deps.database.query<{ sha256: string }>("SELECT sha256 FROM blob_uses WHERE document_id = ?", [document.id]);
    const sizes = await Promise.all(uses.map(({ sha256 }) => place.deps.blobs.size(APPLICATION, sha256)));
    expect(sizes).toContain(bytes.length);
    expect(document.byteSize).toBe(await place.deps.blobs.size(APPLICATION, document.sourceSha256));
  });
});

describe("Office documents", () => {
  it("are refused with what is missing where LibreOffice is not installed, and nothing is stored", async () => {
    const bare = await testDocuments({ renderer, libreOffice: "/nowhere/soffice" });
    await expect(bare.upload(docx(["Hello"]), { fileName: "hello.docx", documentId: "office" })).rejects.toMatchObject({
      code: "unsupported_media_type",
      message: expect.stringContaining("LibreOffice is not installed") as unknown,
    });
    expect(await findDocument(bare.deps.database, { applicationId: APPLICATION, documentId: "office" })).toBeNull();
    await bare.close();
  });

  const installed = ["/usr/bin/soffice", "/usr/bin/libreoffice"].some((path) => existsSync(path));

  it.skipIf(!installed)("become pages with their words, without macros, links and network", { timeout: 120_000 }, async () => {
    let asked = 0;
    const elsewhere = await listening(() => asked++);
    const relations = `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId9" TargetMode="External" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="${elsewhere.url}/pixel.png"/></Relationships>`;
    const picture = `<w:p><w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml" style="width:50pt;height:50pt"><v:imagedata r:id="rId9"/></v:shape></w:pict></w:r></w:p>`;
    const file = docx(["Hello from Word"], [{ name: "word/_rels/document.xml.rels", content: relations }], picture);
    const ready = await place.prepared(file, { fileName: "Letter.docx" });
    expect(ready).toMatchObject({ status: "ready", title: "Letter", pageCount: 1 });
    expect(await textOf(ready)).toContain("Hello from Word");
    expect(asked).toBe(0);
    await elsewhere.close();

    const rtf = await place.prepared(text("{\\rtf1\\ansi Hello from {\\b RTF}}"), { fileName: "x.rtf" });
    expect(await textOf(rtf)).toContain("Hello from RTF");
  });

  it.skipIf(!installed)("that would unpack to more than any machine holds are refused before anybody unpacks them", async () => {
    const bomb = docx(["x"], [{ name: "word/media/image1.png", content: "x", claims: 4_000_000_000 }]);
    const failed = await place.prepared(bomb, { fileName: "bomb.docx" });
    expect(failed).toMatchObject({ status: "failed", statusReason: expect.stringContaining("too large") as unknown });
    const zeros = docx(["x"], [{ name: "word/media/zeros.bin", content: new Uint8Array(40_000_000) }]);
    expect(await place.prepared(zeros, { fileName: "zeros.docx" })).toMatchObject({
      status: "failed",
      statusReason: expect.stringContaining("too large") as unknown,
    });
  });
});

async function listening(onRequest: () => void): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server: Server = createServer((_request, response) => {
    onRequest();
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
