/** Each setting that says what one input may be: what is at the limit is taken, what is beyond is refused with the code that is documented. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { inflatingCodec } from "@lectern/pdf/node";
import { pagesPdf, pdfFile } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requireSaneArchive } from "./convert/archive.ts";
import { type TestServer, testServer } from "./testing/test-server.ts";
import { zip } from "./testing/zip.ts";

let server: TestServer;
let id = "";
beforeAll(async () => {
  server = await testServer({
    env: {
      LECTERN_MAX_UPLOAD_BYTES: "100000",
      LECTERN_MAX_JSON_BYTES: "4000",
      LECTERN_MAX_JSON_DEPTH: "10",
      LECTERN_MAX_PAGES: "3",
      LECTERN_MAX_PIXELS: "1000000",
    },
  });
  ({ id } = await server.upload(pagesPdf(2)));
});
afterAll(() => server.close());

async function answer(path: string, options: Parameters<TestServer["request"]>[1]): Promise<[status: number, code: string | undefined]> {
  const response = await server.request(path, options);
  const { code } = (await response.json().catch(() => ({}))) as { readonly code?: string };
  return [response.status, code];
}

const form = (instructions: unknown, ...files: readonly [name: string, bytes: Uint8Array][]): FormData => {
  const body = new FormData();
  for (const [name, bytes] of files) body.append(name, new Blob([new Uint8Array(bytes)]), name);
  body.append("instructions", typeof instructions === "string" ? instructions : JSON.stringify(instructions));
  return body;
};

test("bytes of an upload", async () => {
  const upload = (bytes: number): ReturnType<typeof answer> =>
    answer("/viewer/documents", {
      body: Buffer.concat([pagesPdf(1), Buffer.alloc(bytes - pagesPdf(1).length, " ")]),
      headers: { "content-type": "application/pdf" },
    });
  expect(await upload(100_000)).toEqual([200, undefined]);
  expect(await upload(100_001)).toEqual([413, "too_large"]);
});

test("bytes of JSON, in a body and in the instructions of a form", async () => {
  const padded = (bytes: number): string => {
    const text = JSON.stringify({ title: "x", metadata: { padding: "" } });
    return text.replace('""', `"${"x".repeat(bytes - text.length)}"`);
  };
  const patch = (bytes: number): ReturnType<typeof answer> =>
    answer(`/viewer/documents/${id}`, { method: "PATCH", body: padded(bytes), headers: { "content-type": "application/json" } });
  expect((await patch(4000))[0]).not.toBe(413);
  expect(await patch(4001)).toEqual([413, "too_large"]);
  const parts = { parts: [{ page: "new" }] };
  const build = (bytes: number): ReturnType<typeof answer> => answer("/viewer/build", { body: form(JSON.stringify(parts).padEnd(bytes)) });
  expect(await build(4000)).toEqual([200, undefined]);
  expect(await build(4001)).toEqual([413, "too_large"]);
});

test("depth of JSON, wherever it comes", async () => {
  const nested = (depth: number): string => `{"operations":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  const json = { "content-type": "application/json" };
  for (const path of [`/viewer/documents/${id}/apply_operations`, `/viewer/documents/${id}/apply_instant_json`, "/viewer/build"]) {
    const send = (depth: number): ReturnType<typeof answer> => answer(path, { method: "POST", body: nested(depth), headers: json });
    // Beyond the limit it is not looked at; within it is told what is wrong with it.
    expect(await send(11), path).toEqual([400, "bad_request"]);
    expect((await send(10))[1], path).not.toBe("bad_request");
  }
  const inText = { operations: [{ type: "applyInstantJson", data: nested(11) }] };
  expect(await answer(`/viewer/documents/${id}/apply_operations`, { json: inText })).toEqual([400, "bad_request"]);
});

test("pages of a file, of a build, and of a document that gets more", async () => {
  expect(await server.upload(pagesPdf(3))).toMatchObject({ status: "ready" });
  expect(await server.upload(pagesPdf(4))).toMatchObject({
    status: "failed",
    errors: [{ reason: expect.stringContaining("3 pages") as unknown }],
  });
  const build = (pages: number): ReturnType<typeof answer> =>
    answer("/viewer/build", { body: form({ parts: [{ file: "a.pdf" }] }, ["a.pdf", pagesPdf(pages)]) });
  expect(await build(3)).toEqual([200, undefined]);
  expect(await build(4)).toEqual([413, "too_large"]);
  const add = (): ReturnType<typeof answer> =>
    answer(`/viewer/documents/${id}/apply_operations`, { json: { operations: [{ type: "duplicatePages", pageIndexes: [0] }] } });
  expect(await add()).toEqual([200, undefined]);
  const [status, code] = await add();
  expect([status, code]).toEqual([422, "limit_exceeded"]);
});

test("pixels of an image of a page", async () => {
  const { width, height } = (
    await server.json<{ data: { pages: { width: number; height: number }[] } }>(`/viewer/documents/${id}/document_info`)
  ).data.pages[0]!;
  const most = Math.floor(Math.sqrt(1_000_000 * (width / height)));
  const draw = async (pixels: number): Promise<[number, string | undefined]> => {
    const response = await server.request(`/viewer/documents/${id}/pages/0/image?width=${pixels}`);
    return response.ok ? [response.status, undefined] : [response.status, ((await response.json()) as { code: string }).code];
  };
  expect(await draw(most - 2)).toEqual([200, undefined]);
  expect(await draw(most + 2)).toEqual([413, "too_large"]);
});

test("a document whose first page is too long for an image of the usual width can be read", async () => {
  const long = await server.upload(pdfFile({ pages: [{ size: [30, 14_000], content: "BT /F0 10 Tf 5 100 Td (total) Tj ET" }] }));
  expect(long).toMatchObject({ status: "ready", pageCount: 1 });
  expect((await server.request(`/viewer/documents/${long.id}/pages/0/image?height=1000`)).status).toBe(200);
  const text = await server.json<{ textLines: { contents: string }[] }[]>(`/viewer/documents/${long.id}/pages/text`);
  expect(text[0]!.textLines[0]!.contents).toBe("total");
});

test("bytes that what is packed in an Office document or in a PDF becomes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lectern-limits-"));
  try {
    const path = join(folder, "a.docx");
    await writeFile(
      path,
      zip([
        { name: "one", content: Buffer.alloc(600_000) },
        { name: "two", content: Buffer.alloc(400_000) },
      ]),
    );
    await requireSaneArchive(path, 1_000_000);
    await expect(requireSaneArchive(path, 999_999)).rejects.toMatchObject({ code: "too_large" });
  } finally {
    await rm(folder, { recursive: true });
  }
  const packed = deflateSync(Buffer.alloc(1000));
  expect(inflatingCodec(1000).inflate(packed)).toHaveLength(1000);
  expect(() => inflatingCodec(999).inflate(packed)).toThrow(expect.objectContaining({ code: "ERR_BUFFER_TOO_LARGE" }));
});
