/** What operations and builds are given beside a document: marks as data, files by their address, Office documents, HTML. */
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { pdfFile } from "@lectern/pdf/testing";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { libreOfficeConverter } from "../adapters/converter-libreoffice.ts";
import { type TestServer, testServer } from "../testing/test-server.ts";
import { docx } from "../testing/zip.ts";

const hasOffice = (await libreOfficeConverter({ program: null, tempDir: "/tmp" }).version()) !== null;
const words = (...texts: string[]): Uint8Array =>
  pdfFile({ pages: texts.map((text) => ({ size: [300, 200], content: `BT /F0 20 Tf 20 100 Td (${text}) Tj ET` })) });
const xfdf = `<xfdf><annots><square page="1" rect="10,10,60,60" color="#FF0000" name="square-0001"/></annots></xfdf>`;
const instant = {
  format: "https://pspdfkit.com/instant-json/v1",
  annotations: [
    {
      v: 2,
      id: "mark-0001",
      type: "pspdfkit/markup/highlight",
      pageIndex: 0,
      bbox: [10, 10, 50, 20],
      rects: [[10, 10, 50, 20]],
      color: "#ffff00",
    },
  ],
};

let server: TestServer;
let site: Server;
let address: string;
beforeAll(async () => {
  server = await testServer({ env: { LECTERN_ALLOW_PRIVATE_ADDRESSES: "true" } });
  const files: Record<string, string | Uint8Array> = { "/two.pdf": words("far one", "far two"), "/marks.xfdf": xfdf };
  site = createServer((request, response) => {
    const file = files[request.url ?? ""];
    response.writeHead(file === undefined ? 404 : 200).end(file);
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  address = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
});
afterAll(async () => {
  site.close();
  await server.close();
});

const operate = (id: string, operations: readonly object[], route = "apply_operations"): Promise<Response> =>
  server.request(`/api/documents/${id}/${route}`, { json: { operations } });
async function shown(id: string): Promise<[id: string, pageIndex: number][]> {
  const path = `/api/documents/${id}/annotations`;
  const { data } = await server.json<{ data: { annotations: { id: string; content: { pageIndex: number } }[] } }>(path);
  return data.annotations.map((each): [string, number] => [each.id, each.content.pageIndex]).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
async function texts(id: string): Promise<string[]> {
  const pages = await server.json<{ textLines: { contents: string }[] }[]>(`/api/documents/${id}/pages/text`);
  return pages.map(({ textLines }) => textLines.map(({ contents }) => contents.trim()).join(" "));
}
async function built(instructions: object, files: Readonly<Record<string, Uint8Array>> = {}): Promise<Response> {
  const body = new FormData();
  for (const [name, bytes] of Object.entries(files)) body.append(name, new Blob([new Uint8Array(bytes)]), name);
  body.append("instructions", JSON.stringify(instructions));
  return server.request("/api/build", { body });
}
async function uploaded(response: Response): Promise<string> {
  expect(response.status).toBe(200);
  return (await server.upload(new Uint8Array(await response.arrayBuffer()))).id;
}
const pathOf = async (response: Response): Promise<[status: number, path: string | undefined]> => [
  response.status,
  ((await response.json()) as { failingPaths?: { path: string }[] }).failingPaths?.[0]?.path,
];

test("XFDF and Instant JSON are applied as data, as text and from an address, in turn with other operations", async () => {
  const { id } = await server.upload(words("one"));
  const response = await operate(id, [
    { type: "duplicatePages", pageIndexes: [0] },
    { type: "applyXfdf", data: xfdf },
    { type: "applyInstantJson", data: instant },
    { type: "applyInstantJson", data: JSON.stringify(instant) },
    { type: "applyXfdf", dataFilePath: `${address}/marks.xfdf` },
  ]);
  expect(response.status).toBe(200);
  expect(await shown(id)).toEqual([
    ["mark-0001", 0],
    ["square-0001", 1],
  ]);
  const pdf = await operate(
    id,
    [
      { type: "movePages", pageIndexes: [0], afterPageIndex: 1 },
      { type: "applyInstantJson", data: { ...instant, annotations: [{ ...instant.annotations[0], id: "only-there" }] } },
    ],
    "pdf_with_operations",
  );
  expect(await shown(await uploaded(pdf))).toEqual([
    ["mark-0001", 1],
    ["only-there", 0],
    ["square-0001", 0],
  ]);
  expect(await shown(id)).toHaveLength(2);
});

test("what is wrong with such data is told by its path, and nothing is read from the server's disk", async () => {
  const { id } = await server.upload(words("one"));
  for (const [operation, status, path] of [
    [{ type: "applyXfdf", data: xfdf }, 422, "/xfdf/annots/square[0]/@page"],
    [{ type: "applyInstantJson", data: { format: instant.format, annotations: [{}] } }, 422, "$.annotations[0].type"],
    [{ type: "applyXfdf", dataFilePath: "/etc/passwd" }, 422, "$.operations[0].dataFilePath"],
    [{ type: "applyXfdf", dataFilePath: `${address}/nothing` }, 422, "$.operations[0].dataFilePath"],
    [{ type: "applyXfdf" }, 422, "$.operations[0]"],
  ] as const)
    expect(await pathOf(await operate(id, [operation]))).toEqual([status, path]);
  expect(await shown(id)).toEqual([]);
});

test("a new page has the colour and size that were asked for", async () => {
  const { id } = await server.upload(words("one"));
  const operation = { type: "addPage", afterPageIndex: "last", backgroundColor: "#336699", pageWidth: 100, pageHeight: 50, rotateBy: 90 };
  expect((await operate(id, [operation])).status).toBe(200);
  const image = await server.request(`/api/documents/${id}/pages/1/image?width=50`);
  const { data, info } = await sharp(Buffer.from(await image.arrayBuffer()))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([50, 100]);
  expect([...data.subarray(0, 3)]).toEqual([0x33, 0x66, 0x99]);
  const copy = await uploaded(await server.request(`/api/documents/${id}/pdf`));
  expect(await texts(copy)).toEqual(["one", ""]);
});

test("parts of a build come by their address, when their bytes are those that were announced", async () => {
  const url = `${address}/two.pdf`;
  const sha256 = createHash("sha256").update(words("far one", "far two")).digest("hex");
  const id = await uploaded(
    await built({ parts: [{ file: { url, sha256 }, pages: { start: 1 } }, { file: "near" }] }, { near: words("near") }),
  );
  expect(await texts(id)).toEqual(["far two", "near"]);
  expect(await pathOf(await built({ parts: [{ file: { url, sha256: "0".repeat(64) } }] }))).toEqual([422, "$.parts[0].file"]);
  expect(await pathOf(await built({ parts: [{ file: { url: `${address}/nothing` } }] }))).toEqual([422, "$.parts[0].file"]);
  expect(await pathOf(await built({ parts: [{ file: { url: "file:///etc/passwd" } }] }))).toEqual([400, "$.parts[0].file"]);
});

test("addresses within the own network are refused where that is not allowed", async () => {
  const closed = await testServer();
  try {
    const response = await closed.request("/api/build", { json: { parts: [{ file: { url: `${address}/two.pdf` } }] } });
    expect([400, 422]).toContain(response.status);
    expect(await response.text()).not.toContain("far");
  } finally {
    await closed.close();
  }
});

test("HTML and Markdown are parts, and a download that nobody reads leaves no file behind", async () => {
  const parts = [{ html: "page.html" }, { file: "read.md" }];
  const files = { "page.html": Buffer.from("<p>From <b>HTML</b></p>"), "read.md": Buffer.from("# From Markdown") };
  const response = await built({ parts }, files);
  expect(Number(response.headers.get("content-length"))).toBeGreaterThan(1000);
  expect(await texts(await uploaded(response))).toEqual(["From HTML", "From Markdown"]);
});

test.skipIf(!hasOffice)("Office documents are parts", { timeout: 120_000 }, async () => {
  const response = await built(
    { parts: [{ file: "letter.docx" }, { file: "b" }] },
    { "letter.docx": docx(["Dear reader"]), b: words("behind") },
  );
  expect(await texts(await uploaded(response))).toEqual(["Dear reader", "behind"]);
});
