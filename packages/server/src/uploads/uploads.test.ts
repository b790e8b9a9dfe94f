import { createHash, randomBytes } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type TestApi, testProcess, type TestServer, testServer } from "../testing/test-server.ts";
import { KEPT_MS, removeExpiredUploads } from "./uploads.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer({ env: { LECTERN_MAX_UPLOAD_BYTES: "1000000" } });
});
afterAll(() => api.close());

const PDF = Buffer.from(pagesPdf(3));
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const metadata = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString("base64")}`)
    .join(",");
const TUS = { "tus-resumable": "1.0.0" };

function begin(size: number, fields: Readonly<Record<string, string>> = {}, on: TestApi = api, prefix = "/viewer"): Promise<Response> {
  const headers = { ...TUS, "upload-length": String(size), "upload-metadata": metadata(fields) };
  return on.request(`${prefix}/uploads`, { method: "POST", headers });
}
async function begun(size: number, fields: Readonly<Record<string, string>> = {}, on: TestApi = api): Promise<string> {
  const response = await begin(size, fields, on);
  expect(response.status).toBe(201);
  return response.headers.get("location")!;
}
function send(
  at: string,
  offset: number,
  bytes: Uint8Array,
  more: Readonly<Record<string, string>> = {},
  on: TestApi = api,
): Promise<Response> {
  const headers = { ...TUS, "upload-offset": String(offset), "content-type": "application/offset+octet-stream", ...more };
  return on.request(at, { method: "PATCH", headers, body: Buffer.from(bytes) });
}
const head = (at: string, on: TestApi = api): Promise<Response> => on.request(at, { method: "HEAD", headers: TUS });
const offsetOf = async (at: string, on: TestApi = api): Promise<number> => Number((await head(at, on)).headers.get("upload-offset"));
async function codeOf(response: Response): Promise<[number, string]> {
  expect(response.headers.get("tus-resumable")).toBe("1.0.0");
  return [response.status, ((await response.json()) as { code: string }).code];
}
const files = (): Promise<string[]> => readdir(api.server.documents.uploadsDir);

describe("an upload in parts", () => {
  it("becomes a document with its last part, under both prefixes", async () => {
    for (const prefix of ["/viewer", "/api"]) {
      const response = await begin(PDF.length, { filename: "Vertrag ü.pdf", filetype: "application/pdf" }, api, prefix);
      expect(response.headers.get("upload-offset")).toBe("0");
      const { data } = (await response.json()) as { data: { id: string; document_id: string; finished: boolean } };
      expect(data.finished).toBe(false);
      const at = `${prefix}/uploads/${data.id}`;
      for (let offset = 0; offset < PDF.length; offset += 300) {
        const answer = await send(at, offset, PDF.subarray(offset, offset + 300));
        const now = Math.min(offset + 300, PDF.length);
        expect([answer.status, answer.headers.get("upload-offset")]).toEqual([204, String(now)]);
        const state = await head(at);
        expect([state.status, state.headers.get("upload-offset"), state.headers.get("upload-length")]).toEqual([
          200,
          String(now),
          String(PDF.length),
        ]);
        expect(state.headers.get("lectern-document-id")).toBe(now === PDF.length ? data.document_id : null);
      }
      const document = await api.json<{ data: object }>(`/viewer/documents/${data.document_id}`);
      expect(document.data).toMatchObject({ title: "Vertrag ü", sourcePdfSha256: sha256(PDF) });
      expect(await files()).not.toContain(data.id);
    }
  });

  it("may come whole with its beginning, named and titled", async () => {
    const headers = {
      ...TUS,
      "upload-length": String(PDF.length),
      "upload-metadata": metadata({ document_id: "whole", title: "All at once", sha256: sha256(PDF).toUpperCase() }),
      "content-type": "application/offset+octet-stream",
      "upload-checksum": `sha256 ${createHash("sha256").update(PDF).digest("base64")}`,
    };
    const response = await api.request("/viewer/uploads", { method: "POST", headers, body: PDF });
    expect([response.status, response.headers.get("upload-offset")]).toEqual([201, String(PDF.length)]);
    expect((await api.json<{ data: object }>("/viewer/documents/whole")).data).toMatchObject({ title: "All at once" });
    expect(await codeOf(await begin(10, { document_id: "whole" }))).toEqual([409, "exists"]);
  });

  it("takes a part only where it is, and no more than was announced", async () => {
    const at = await begun(PDF.length);
    expect(await codeOf(await send(at, 5, PDF))).toEqual([409, "conflict"]);
    expect((await send(at, 0, PDF.subarray(0, 100))).status).toBe(204);
    expect(await codeOf(await send(at, 0, PDF.subarray(0, 100)))).toEqual([409, "conflict"]);
    expect(await codeOf(await send(at, 100, PDF))).toEqual([413, "too_large"]);
    expect(await offsetOf(at)).toBe(100);
  });

  it("counts nothing of a part whose checksum is another one", async () => {
    const at = await begun(PDF.length);
    const wrong = { "upload-checksum": `sha1 ${createHash("sha1").update("other").digest("base64")}` };
    expect(await codeOf(await send(at, 0, PDF.subarray(0, 200), wrong))).toEqual([460, "checksum_mismatch"]);
    expect(await offsetOf(at)).toBe(0);
    expect((await send(at, 0, PDF)).status).toBe(204);
  });

  it("of other bytes than announced, or of no document, is refused with its last part, and gone", async () => {
    const at = await begun(PDF.length, { sha256: "0".repeat(64) });
    expect(await codeOf(await send(at, 0, PDF))).toEqual([422, "unprocessable"]);
    expect((await head(at)).status).toBe(404);
    const noise = randomBytes(5000);
    const other = await begun(noise.length, { filename: "x.bin" });
    expect(await codeOf(await send(other, 0, noise))).toEqual([422, "invalid_document"]);
    expect((await head(other)).status).toBe(404);
  });

  it("keeps what arrived before the connection broke", async () => {
    const at = await begun(PDF.length);
    const broken = slowly(api, at, 0, PDF.length);
    broken.write(PDF.subarray(0, 700));
    await until(async () => (await stat(join(api.server.documents.uploadsDir, at.split("/").at(-1)!))).size === 700);
    expect(await codeOf(await send(at, 0, PDF))).toEqual([423, "locked"]);
    expect(await codeOf(await api.request(at, { method: "DELETE", headers: TUS }))).toEqual([423, "locked"]);
    broken.destroy();
    await until(async () => (await offsetOf(at)) === 700);
    await until(async () => (await send(at, 700, PDF.subarray(700))).status === 204);
    expect((await head(at)).headers.get("lectern-document-id")).not.toBeNull();
  });

  it("may begin before its length is known", async () => {
    const headers = { ...TUS, "upload-defer-length": "1", "upload-metadata": metadata({ document_id: "deferred" }) };
    const created = await api.request("/viewer/uploads", { method: "POST", headers });
    expect(await created.json()).toMatchObject({ data: { length: null, finished: false } });
    const at = created.headers.get("location")!;
    expect((await send(at, 0, PDF.subarray(0, 500))).status).toBe(204);
    const state = await head(at);
    expect([state.headers.get("upload-defer-length"), state.headers.get("upload-length"), state.headers.get("upload-offset")]).toEqual([
      "1",
      null,
      "500",
    ]);
    for (const wrong of ["0", "499", "x"])
      expect(await codeOf(await send(at, 500, PDF.subarray(500), { "upload-length": wrong }))).toEqual([400, "invalid_parameters"]);
    expect(await codeOf(await send(at, 500, PDF.subarray(500), { "upload-length": "1000001" }))).toEqual([413, "too_large"]);
    expect((await send(at, 500, PDF.subarray(500, 900), { "upload-length": String(PDF.length) })).status).toBe(204);
    expect(await codeOf(await send(at, 900, PDF.subarray(900), { "upload-length": "5000" }))).toEqual([400, "invalid_parameters"]);
    expect((await send(at, 900, PDF.subarray(900))).headers.get("lectern-document-id")).toBe("deferred");
    expect((await api.json<{ data: object }>("/viewer/documents/deferred")).data).toMatchObject({ sourcePdfSha256: sha256(PDF) });
  });

  it("that begins without a length ends with an empty part that tells it, and never grows beyond the limit", async () => {
    const headers = { ...TUS, "upload-defer-length": "1" };
    const whole = (await api.request("/viewer/uploads", { method: "POST", headers })).headers.get("location")!;
    expect((await send(whole, 0, PDF)).status).toBe(204);
    expect((await head(whole)).headers.get("lectern-document-id")).toBeNull();
    const ended = await send(whole, PDF.length, new Uint8Array(0), { "upload-length": String(PDF.length) });
    expect([ended.status, ended.headers.has("lectern-document-id")]).toEqual([204, true]);
    const large = (await api.request("/viewer/uploads", { method: "POST", headers })).headers.get("location")!;
    expect(await codeOf(await send(large, 0, Buffer.alloc(1_000_001)))).toEqual([413, "too_large"]);
    expect(await codeOf(await api.request("/viewer/uploads", { method: "POST", headers: { ...TUS, "upload-defer-length": "2" } }))).toEqual(
      [400, "invalid_parameters"],
    );
  });

  it("takes parts and its end by POST from clients that can send nothing else, and only there", async () => {
    const post = (at: string, method: string, more: Readonly<Record<string, string>> = {}, body?: Buffer) =>
      api.request(at, {
        method: "POST",
        headers: { ...TUS, "x-http-method-override": method, ...more },
        ...(body === undefined ? {} : { body }),
      });
    const at = await begun(PDF.length);
    const part = { "upload-offset": "0", "content-type": "application/offset+octet-stream" };
    expect((await post(at, "PATCH", part, PDF.subarray(0, 100))).headers.get("upload-offset")).toBe("100");
    expect((await post(at, "delete")).status).toBe(204);
    expect((await head(at)).status).toBe(404);
    expect((await post(at, "GET")).status).toBe(405);
    const { id } = await api.upload(PDF);
    expect((await api.request(`/viewer/documents/${id}`, { method: "POST", headers: { "x-http-method-override": "DELETE" } })).status).toBe(
      405,
    );
    expect((await api.request(`/viewer/documents/${id}`)).status).toBe(200);
  });

  it("can be given up", async () => {
    const at = await begun(PDF.length);
    expect((await api.request(at, { method: "DELETE", headers: TUS })).status).toBe(204);
    expect((await head(at)).status).toBe(404);
    expect(await files()).not.toContain(at.split("/").at(-1));
  });

  it("that is malformed, too large or nobody's is refused", async () => {
    const cases: [Readonly<Record<string, string>>, number, string][] = [
      [{ "upload-length": "5" }, 412, "precondition_failed"],
      [{ ...TUS, "tus-resumable": "0.2.2", "upload-length": "5" }, 412, "precondition_failed"],
      [TUS, 400, "invalid_parameters"],
      [{ ...TUS, "upload-length": "-1" }, 400, "invalid_parameters"],
      [{ ...TUS, "upload-length": "0" }, 400, "invalid_parameters"],
      [{ ...TUS, "upload-length": "5", "upload-defer-length": "1" }, 400, "invalid_parameters"],
      [{ ...TUS, "upload-length": "1000001" }, 413, "too_large"],
      [{ ...TUS, "upload-length": "5", "upload-metadata": "filename ???" }, 400, "invalid_parameters"],
      [{ ...TUS, "upload-length": "5", "upload-metadata": "filename gA==" }, 400, "invalid_parameters"],
      [{ ...TUS, "upload-length": "5", "upload-metadata": metadata({ document_id: "a/b" }) }, 400, "invalid_parameters"],
    ];
    const before = (await files()).length;
    for (const [headers, status, code] of cases)
      expect(await codeOf(await api.request("/viewer/uploads", { method: "POST", headers })), JSON.stringify(headers)).toEqual([
        status,
        code,
      ]);
    expect((await files()).length).toBe(before);
    const at = await begun(10);
    expect(await codeOf(await send(at, 0, PDF.subarray(0, 5), { "content-type": "application/pdf" }))).toEqual([
      415,
      "unsupported_media_type",
    ]);
    expect(await codeOf(await send(at, 0, PDF.subarray(0, 5), { "upload-checksum": "crc32 AAAA" }))).toEqual([400, "invalid_parameters"]);
    expect(await codeOf(await send("/viewer/uploads/nobodys", 0, PDF))).toEqual([404, "not_found"]);
    expect((await api.request("/viewer/uploads/..%2f..%2fx", { method: "HEAD" })).status).toBe(404);
    const options = await api.request("/viewer/uploads", { method: "OPTIONS" });
    expect([options.status, options.headers.get("tus-version"), options.headers.get("tus-extension")]).toEqual([
      204,
      "1.0.0",
      "creation,creation-defer-length,creation-with-upload,checksum,expiration,termination",
    ]);
    expect((await api.request(at, { method: "HEAD", credential: null })).status).toBe(401);
  });

  it("that nobody goes on with is removed, with its file", async () => {
    const at = await begun(PDF.length);
    const { database, clock } = api.server.documents;
    await removeExpiredUploads(api.server.documents, new AbortController().signal);
    expect((await head(at)).status).toBe(200);
    const later = { ...clock, now: () => clock.now() + KEPT_MS + 1 };
    await removeExpiredUploads({ ...api.server.documents, clock: later }, new AbortController().signal);
    expect(await database.query("SELECT id FROM uploads")).toEqual([]);
    expect(await files()).toEqual([]);
    expect((await head(at)).status).toBe(404);
  });
});

it("an upload goes on after kill -9 from what was told, and becomes one document", { timeout: 120_000 }, async () => {
  const server = await testProcess();
  onTestFinished(() => server.close());
  const noise = randomBytes(40_000_000);
  const at = PDF.indexOf("xref\n");
  const stream = Buffer.from(`99 0 obj\n<< /Length ${noise.length} >>\nstream\n`);
  const large = Buffer.concat([PDF.subarray(0, at), stream, noise, Buffer.from("\nendstream\nendobj\n"), PDF.subarray(at)]);
  const upload = await begun(large.length, { document_id: "large", sha256: sha256(large) }, server);

  const first = slowly(server, upload, 0, large.length);
  first.write(large.subarray(0, 30_000_000));
  await until(async () => (await offsetOf(upload, server)) >= 16_000_000);
  const told = await offsetOf(upload, server);
  await server.crash();
  first.destroy();
  await server.start();

  const offset = await offsetOf(upload, server);
  expect(offset).toBeGreaterThanOrEqual(told);
  expect(offset).toBeLessThan(large.length);
  expect((await send(upload, offset, large.subarray(offset), {}, server)).status).toBe(204);
  expect(await offsetOf(upload, server)).toBe(large.length);
  const { data } = await server.json<{ data: { id: string; sourcePdfSha256: string }[] }>("/viewer/documents");
  expect(data.map(({ id, sourcePdfSha256 }) => [id, sourcePdfSha256])).toEqual([["large", sha256(large)]]);
  expect(await readdir(join(server.dataDir, "uploads"))).toEqual([]);
});

/** A part that is under way for as long as the test wants. */
function slowly(on: TestApi, at: string, offset: number, length: number) {
  const headers = {
    ...TUS,
    authorization: `Bearer ${on.apiKey}`,
    "upload-offset": String(offset),
    "content-type": "application/offset+octet-stream",
    "content-length": String(length),
  };
  const request = httpRequest(new URL(at, on.url), { method: "PATCH", headers });
  request.on("error", () => undefined);
  return request;
}

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 20));
}
