import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createHash, createHmac } from "node:crypto";
import { all, allDocuments, ApiError, type ClientOptions, createClient, verifyWebhook } from "./index.ts";

const servers: (() => void)[] = [];
afterEach(() => servers.splice(0).forEach((close) => close()));

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A service that answers what the test says, and what it was asked. */
async function service(
  answer: (seen: Seen, count: number) => { status?: number; headers?: Record<string, string>; body: unknown },
  more: Partial<ClientOptions> = {},
) {
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
  const client = createClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, apiKey: "lct_test_x", ...more });
  return { client, seen };
}

test("input goes where the operation says: path, layer, query and body", async () => {
  const { client, seen } = await service(() => ({ body: { data: {} } }));
  await client.annotations.patch({ documentId: "a b", annotationId: "n1", layerName: "ana/1", content: { note: "x" } });
  expect(seen[0]).toMatchObject({ method: "PATCH", url: "/viewer/documents/a%20b/layers/ana%2F1/annotations/n1" });
  expect(JSON.parse(seen[0]!.body)).toEqual({ content: { note: "x" } });
  await client.documents.list({ page_size: 2, title: "x&y" });
  expect(seen[1]!.url).toBe("/viewer/documents?page_size=2&title=x%26y");
  await client.documents.list({ metadata: { "case no": "7&8", state: "open" } });
  expect(decodeURIComponent(seen[2]!.url)).toBe("/viewer/documents?metadata[case+no]=7&8&metadata[state]=open");
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

test("a request is repeated after a dropped connection, and reported as unavailable when it stays away", async () => {
  let calls = 0;
  const dropping = await service(() => ({ body: { data: [], next_cursor: null } }), {
    fetch: (input, init) => (++calls < 3 ? Promise.reject(new TypeError("reset")) : fetch(input, init)),
  });
  await dropping.client.documents.list();
  expect(calls).toBe(3);
  const gone = createClient({ baseUrl: "http://127.0.0.1:9", retries: 0 });
  await expect(gone.documents.list()).rejects.toMatchObject({ name: "ApiError", code: "unavailable", status: 503 });
});

test("every error says status, code and request id, also when the answer is not the service's", async () => {
  const { client, seen } = await service(() => ({ status: 502, headers: { "x-request-id": "proxy-1" }, body: "bad gateway" }), {
    retries: 1,
  });
  const error = (await client.documents.list().catch((e: unknown) => e)) as ApiError;
  expect(error).toMatchObject({ status: 502, requestId: "proxy-1" });
  expect(error.detail).toBe(error.message);
  expect(seen.length).toBe(2);
});

test("what is not offered, and a pause longer than a minute, are not repeated", async () => {
  const absent = await service(() => ({ status: 501, body: { code: "not_implemented" } }));
  await expect(absent.client.documents.list()).rejects.toMatchObject({ code: "not_implemented", status: 501 });
  expect(absent.seen.length).toBe(1);
  const until = new Date(Date.now() + 3_600_000).toUTCString();
  const busy = await service(() => ({ status: 429, headers: { "retry-after": until }, body: { code: "rate_limited" } }));
  const error = (await busy.client.documents.list().catch((e: unknown) => e)) as ApiError;
  expect(error.code).toBe("rate_limited");
  expect(error.retryAfter).toBeGreaterThan(3_000);
  expect(busy.seen.length).toBe(1);
});

test("an attempt that takes too long ends with request_timeout", async () => {
  const hanging = createServer(() => undefined);
  await new Promise<void>((resolve) => hanging.listen(0, "127.0.0.1", resolve));
  servers.push(
    () => hanging.closeAllConnections(),
    () => hanging.close(),
  );
  const client = createClient({ baseUrl: `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`, timeout: 50, retries: 0 });
  await expect(client.documents.list()).rejects.toMatchObject({ code: "request_timeout", status: 408 });
});

test("a POST carries the idempotency key of its call", async () => {
  const { client, seen } = await service(() => ({ status: 201, body: {} }));
  await client.sessions.create({}, { idempotencyKey: "order-7" });
  await client.sessions.create({});
  expect(seen[0]!.headers["idempotency-key"]).toBe("order-7");
  expect(seen[1]!.headers["idempotency-key"]).toMatch(/^[0-9a-f-]{36}$/);
});

test("a file is uploaded from bytes, a Blob, a form, a generator or a stream, and whole when it is sent again", async () => {
  const bytes = new Uint8Array(100_000).map((_, index) => index % 64);
  async function* parts() {
    for (let at = 0; at < bytes.length; at += 30_000) yield bytes.subarray(at, at + 30_000);
  }
  const ways = {
    bytes,
    blob: new Blob([bytes]),
    generator: parts(),
    opened: () => parts(),
    stream: new Blob([bytes]).stream() as ReadableStream<Uint8Array>,
  };
  for (const [way, body] of Object.entries(ways)) {
    const sent: (number | undefined)[] = [];
    const { client, seen } = await service((_, count) =>
      count === 1 && way !== "generator" && way !== "stream"
        ? { status: 503, headers: { "retry-after": "0" }, body: {} }
        : { body: { data: { id: "d" } } },
    );
    await client.documents.upload({}, { body, type: "application/pdf", onProgress: (count) => sent.push(count) });
    expect(createHash("sha256").update(seen.at(-1)!.body).digest("hex"), way).toBe(
      createHash("sha256").update(Buffer.from(bytes).toString()).digest("hex"),
    );
    expect(sent.at(-1), way).toBe(100_000);
    expect(seen.at(-1)!.headers["content-type"]).toBe("application/pdf");
  }
  const form = new FormData();
  form.set("title", "Lease");
  const { client, seen } = await service(() => ({ body: { data: { id: "d" } } }));
  await client.documents.upload({}, { body: form, onProgress: () => undefined });
  expect(seen[0]!.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
  expect(seen[0]!.body).toContain("Lease");
});

test("a stream that was read once is not sent again", async () => {
  const { client, seen } = await service(() => ({ status: 503, headers: { "retry-after": "0" }, body: {} }));
  const body = new Blob(["x"]).stream() as ReadableStream<Uint8Array>;
  await expect(client.documents.upload({}, { body })).rejects.toMatchObject({ status: 503 });
  expect(seen.length).toBe(1);
});

test("any list with a cursor is followed to its end", async () => {
  const { client, seen } = await service((_, count) => ({
    body: { data: [{ id: String(count) }], next_cursor: count < 3 ? "next" : null },
  }));
  const ids: string[] = [];
  for await (const entry of all(client.audit.list, { action: "session.created" })) ids.push(entry.id);
  expect(ids).toEqual(["1", "2", "3"]);
  expect(seen.map(({ url }) => url.includes("action=session.created"))).toEqual([true, true, true]);
});

describe("verifying a webhook", () => {
  const secret = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;
  const other = `whsec_${Buffer.from("another secret of thirty-two byte").toString("base64")}`;
  const body = '{"type":"document.ready","timestamp":"2026-01-01T00:00:00.000Z","data":{"title":"Ünïcode"}}';
  const now = 1_767_225_600_000;
  const sign = (text: string, by: string, at = now / 1000) => {
    const key = Buffer.from(by.slice(6), "base64");
    return `v1,${createHmac("sha256", key).update(`m1.${at}.${text}`).digest("base64")}`;
  };
  const headers = (signature: string, at = now / 1000) => ({
    "Webhook-Id": "m1",
    "webhook-timestamp": String(at),
    "webhook-signature": signature,
  });

  test("answers the message when one of several signatures fits, from text, bytes and Headers", async () => {
    const both = `v1,bm90IGl0 v2,x ${sign(body, other)} ${sign(body, secret)}`;
    expect(await verifyWebhook(body, headers(both), secret, { now })).toMatchObject({
      id: "m1",
      type: "document.ready",
      data: { title: "Ünïcode" },
    });
    const bytes = new TextEncoder().encode(body);
    expect((await verifyWebhook(bytes, new Headers(headers(sign(body, secret))), [other, secret], { now })).id).toBe("m1");
  });

  test("refuses another body, another secret, an old or a future time, and missing headers", async () => {
    const good = sign(body, secret);
    const refused = { code: "unauthorized", status: 401 };
    await expect(verifyWebhook(`${body} `, headers(good), secret, { now })).rejects.toMatchObject(refused);
    await expect(verifyWebhook(body, headers(good), other, { now })).rejects.toMatchObject(refused);
    for (const off of [301, -301]) {
      const at = now / 1000 + off;
      await expect(verifyWebhook(body, headers(sign(body, secret, at), at), secret, { now })).rejects.toMatchObject(refused);
    }
    expect((await verifyWebhook(body, headers(sign(body, secret, now / 1000 - 299), now / 1000 - 299), secret, { now })).id).toBe("m1");
    await expect(verifyWebhook(body, { "webhook-id": "m1" }, secret, { now })).rejects.toMatchObject(refused);
    await expect(verifyWebhook(body, headers("v1,%%%"), secret, { now })).rejects.toMatchObject(refused);
    await expect(verifyWebhook(body, headers(good), "whsec_", { now })).rejects.toMatchObject({ code: "invalid_parameters" });
  });
});
