import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { allDocuments, ApiError, createClient } from "./index.ts";

const servers: (() => void)[] = [];
afterEach(() => servers.splice(0).forEach((close) => close()));

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A service that answers what the test says, and what it was asked. */
async function service(answer: (seen: Seen, count: number) => { status?: number; headers?: Record<string, string>; body: unknown }) {
  const seen: Seen[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const one = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body };
      seen.push(one);
      const { status = 200, headers = {}, body: reply } = answer(one, seen.length);
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(reply));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(() => server.close());
  const client = createClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, apiKey: "lct_test_x" });
  return { client, seen };
}

test("input goes where the operation says: path, layer, query and body", async () => {
  const { client, seen } = await service(() => ({ body: { data: {} } }));
  await client.annotations.patch({ documentId: "a b", annotationId: "n1", layerName: "ana/1", content: { note: "x" } });
  expect(seen[0]).toMatchObject({ method: "PATCH", url: "/viewer/documents/a%20b/layers/ana%2F1/annotations/n1" });
  expect(JSON.parse(seen[0]!.body)).toEqual({ content: { note: "x" } });
  await client.documents.list({ page_size: 2, title: "x&y" });
  expect(seen[1]!.url).toBe("/viewer/documents?page_size=2&title=x%26y");
  expect(seen[1]!.headers.authorization).toBe("Bearer lct_test_x");
});

test("a problem document becomes an ApiError with its code, failing paths and request id", async () => {
  const { client } = await service(() => ({
    status: 422,
    body: { code: "unprocessable", detail: "no", requestId: "r1", failingPaths: [{ path: "$.content", details: "bad" }] },
  }));
  const error = await client.documents.get({ documentId: "x" }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({
    code: "unprocessable",
    message: "no",
    requestId: "r1",
    failingPaths: [{ path: "$.content", details: "bad" }],
  });
});

test("passing failures are repeated with the same idempotency key; others are not", async () => {
  const { client, seen } = await service((_, count) =>
    count < 3 ? { status: 503, headers: { "retry-after": "0" }, body: {} } : { status: 201, body: { jwt: "t" } },
  );
  expect(await client.sessions.create({})).toEqual({ jwt: "t" });
  expect(new Set(seen.map((one) => one.headers["idempotency-key"])).size).toBe(1);
  expect(seen.length).toBe(3);
  const refusing = await service(() => ({ status: 404, body: { code: "not_found" } }));
  await expect(refusing.client.documents.get({ documentId: "x" })).rejects.toMatchObject({ code: "not_found" });
  expect(refusing.seen.length).toBe(1);
});

test("an upload is streamed and tells how far it is", async () => {
  const { client, seen } = await service(() => ({ body: { data: { id: "d1" } } }));
  const progress: number[] = [];
  const bytes = new Uint8Array(200_000).fill(65);
  const result = await client.documents.upload(
    { title: "T" },
    { body: bytes, type: "application/pdf", onProgress: (sent) => progress.push(sent) },
  );
  expect(result).toEqual({ data: { id: "d1" } });
  expect(seen[0]).toMatchObject({ url: "/viewer/documents?title=T", headers: { "content-type": "application/pdf" } });
  expect(seen[0]!.body.length).toBe(200_000);
  expect(progress.at(-1)).toBe(200_000);
});

test("lists are followed from page to page", async () => {
  const { client } = await service((seen) =>
    seen.url.includes("cursor=c2")
      ? { body: { data: [{ id: "3" }], next_cursor: null } }
      : { body: { data: [{ id: "1" }, { id: "2" }], next_cursor: "c2" } },
  );
  const ids: string[] = [];
  for await (const document of allDocuments(client)) ids.push(document.id);
  expect(ids).toEqual(["1", "2", "3"]);
});

test("an aborted call ends at once", async () => {
  const { client } = await service(() => ({ status: 503, headers: { "retry-after": "30" }, body: {} }));
  const controller = new AbortController();
  const call = client.documents.list({}, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
});
