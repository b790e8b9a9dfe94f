import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DocumentSummary } from "@lectern/protocol";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { pagesPdf } from "@lectern/pdf/testing";
import { testServer, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
const pdf = Buffer.from(pagesPdf(1));
const sha256 = createHash("sha256").update(pdf).digest("hex");

beforeAll(async () => {
  server = await testServer({ env: { LECTERN_ALLOW_PRIVATE_ADDRESSES: "true", LECTERN_MAX_UPLOAD_BYTES: "100000" } });
});
afterAll(() => server.close());

async function site(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const files = createServer(answer);
  await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    files.closeAllConnections();
    files.close();
  });
  return `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
}

async function problemOf(json: unknown, on = server): Promise<{ status: number; code: string; detail: string }> {
  const response = await on.request("/api/documents", { json });
  return { ...((await response.json()) as { code: string; detail: string }), status: response.status };
}

test("a document is fetched from a URL, and named by its last part", async () => {
  const url = await site((_request, response) => response.end(pdf));
  const { data } = await server.json<{ data: DocumentSummary }>("/api/documents", {
    json: { url: `${url}/files/Contract%207.pdf?x=1`, sha256: sha256.toUpperCase() },
  });
  expect(data).toMatchObject({ title: "Contract 7", sourcePdfSha256: sha256, status: "ready", pageCount: 1 });
  const named = await server.json<{ data: DocumentSummary }>("/viewer/documents", {
    json: {
      url,
      document_id: "from-url",
      title: "Mine",
      metadata: { a: 1 },
      storage: { backend: "built_in" },
      keep_current_annotations: false,
    },
  });
  expect(named.data).toMatchObject({ id: "from-url", title: "Mine", metadata: { a: 1 } });
});

test("a form may name a URL instead of holding a file, never both", async () => {
  const url = await site((_request, response) => response.end(pdf));
  const form = new FormData();
  form.set("url", url);
  form.set("document_id", "from-form");
  const { data } = await server.json<{ data: DocumentSummary }>("/api/documents", { body: form });
  expect(data).toMatchObject({ id: "from-form", sourcePdfSha256: sha256 });
  form.set("file", new Blob([pdf]), "a.pdf");
  form.set("document_id", "from-both");
  expect((await server.request("/api/documents", { body: form })).status).toBe(400);
  expect((await server.request("/api/documents/from-both")).status).toBe(404);
});

test("what cannot be taken from a URL is refused, and leaves nothing behind", async () => {
  const good = await site((_request, response) => response.end(pdf));
  const large = await site((_request, response) => response.end(Buffer.concat([pdf, Buffer.alloc(100_000)])));
  const program = await site((_request, response) => response.end("\x7fELF\x02\x01\x01"));
  const missing = await site((_request, response) => response.writeHead(404).end());
  const half = await site((_request, response) => {
    response.writeHead(200, { "content-length": String(pdf.length) });
    response.write(pdf.subarray(0, 1500), () => response.destroy());
  });
  const cases: readonly (readonly [json: unknown, status: number, code: string])[] = [
    [{ url: good, sha256: "0".repeat(64) }, 422, "unprocessable"],
    [{ url: good, sha256: "short" }, 400, "invalid_parameters"],
    [{ url: large }, 413, "too_large"],
    [{ url: program }, 415, "unsupported_media_type"],
    [{ url: missing }, 422, "unprocessable"],
    [{ url: half }, 422, "unprocessable"],
    [{ url: "http://127.0.0.1:1/" }, 422, "unprocessable"],
    [{ url: "ftp://127.0.0.1/" }, 400, "invalid_parameters"],
    [{ url: 7 }, 400, "invalid_parameters"],
    [{}, 400, "invalid_parameters"],
    [null, 400, "invalid_parameters"],
    [[], 400, "invalid_parameters"],
    [{ url: good, document_id: "a/b" }, 400, "invalid_parameters"],
    [{ url: good, storage: { backend: "s3" } }, 501, "not_implemented"],
    [{ url: good, attachment: true }, 400, "invalid_parameters"],
  ];
  const before = (await server.json<{ document_count: number }>("/api/documents")).document_count;
  for (const [json, status, code] of cases) expect([json, await problemOf(json)]).toMatchObject([json, { status, code }]);
  expect((await server.json<{ document_count: number }>("/api/documents")).document_count).toBe(before);
});

test("addresses inside are refused unless the operator allows them", async () => {
  const strict = await testServer();
  onTestFinished(() => strict.close());
  let asked = 0;
  const url = await site((_request, response) => {
    asked++;
    response.end(pdf);
  });
  for (const inside of [
    url,
    url.replace("127.0.0.1", "localhost"),
    url.replace("127.0.0.1", "2130706433"),
    "http://169.254.169.254/latest/meta-data/",
  ])
    expect([inside, await problemOf({ url: inside }, strict)]).toMatchObject([inside, { status: 400, code: "invalid_parameters" }]);
  expect(asked).toBe(0);
});
