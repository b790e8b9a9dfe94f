import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApplication } from "../applications/store.ts";
import { systemRandom } from "../ports.ts";
import { appSigner, inSeconds } from "../testing/app-signer.ts";
import { type TestApi, testApi, type TestServer, testServer } from "../testing/test-server.ts";
import { testSocket } from "../testing/test-socket.ts";

let api: TestServer;
let document: string;
beforeAll(async () => {
  api = await testServer();
  document = (await api.upload(pagesPdf(1), "document_id=shared")).id;
}, 60_000);
afterAll(() => api.close());

interface Made {
  readonly id: string;
  readonly access_token: string;
  readonly exp: number;
  readonly data: { readonly scope: string; readonly documents: readonly string[] | null };
}
const make = (body: object) => api.json<Made>("/viewer/tokens", { json: body });
async function ask(credential: string, path: string, options: object = {}): Promise<{ status: number; code?: string; detail?: string }> {
  const response = await api.request(path, { credential, ...options });
  const body = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  return { status: response.status, ...(body.code === undefined ? {} : { code: body.code, detail: body.detail! }) };
}
async function otherApplication(): Promise<TestApi> {
  const { database, clock } = api.server.documents;
  const { id } = await createApplication(database, "Other", { clock, random: systemRandom });
  return testApi(api.url, (await api.server.keys.create(id, { name: "other", scope: "all", mode: "test" })).key);
}

describe("an access token", () => {
  it("works with documents for an hour, and is listed without its secret", async () => {
    const { id, access_token: token, exp, data } = await make({ name: "nightly export" });
    expect(token).toMatch(/^lct_access_[0-9a-z]{38}$/);
    expect(Math.abs(exp - inSeconds(3600))).toBeLessThan(5);
    expect(data).toMatchObject({ scope: "documents", documents: null, name: "nightly export" });
    expect(await ask(token, `/viewer/documents/${document}`)).toEqual({ status: 200 });
    expect(await ask(token, "/viewer/documents")).toEqual({ status: 200 });
    expect(await ask(token, "/viewer/sessions", { json: {} })).toMatchObject({
      status: 403,
      detail: expect.stringContaining("access token"),
    });
    const listed = await api.json("/viewer/tokens");
    expect(listed.data).toEqual([expect.objectContaining({ id, hint: `lct_access_…${token.slice(-4)}` })]);
    expect(JSON.stringify(listed)).not.toContain(token);
    const keys = await api.server.keys.list("default");
    expect(keys.map((key) => key.id)).not.toContain(id);
  });

  it("for some documents opens no other route and no other document", async () => {
    await api.upload(pagesPdf(1), "document_id=hidden");
    const { access_token: token } = await make({ documents: [document], scope: "all" });
    expect(await ask(token, `/viewer/documents/${document}/annotations`)).toEqual({ status: 200 });
    expect(await ask(token, "/viewer/documents/hidden/annotations")).toMatchObject({ status: 404, code: "not_found" });
    for (const path of ["/viewer/documents", "/viewer/sessions", "/viewer/usage", "/viewer/tokens"])
      expect(await ask(token, path), path).toMatchObject({ status: 403, code: "forbidden" });
    expect(await ask(token, "/viewer/sessions", { json: { allowed_documents: [{ document_id: "hidden" }] } })).toMatchObject({
      status: 403,
    });
  });

  it("for some documents takes no pages of another one", async () => {
    const { access_token: token } = await make({ documents: [document] });
    const take = (documentId: string) => ({
      json: { operations: [{ type: "importDocument", beforePageIndex: 0, importedDocument: { documentId } }] },
    });
    const path = `/viewer/documents/${document}/apply_operations`;
    expect(await ask(token, path, take("hidden"))).toMatchObject({ status: 404, code: "not_found" });
    expect(await ask(token, path, take(document))).toEqual({ status: 200 });
  });

  it("makes no further credentials, and is told from a session token", async () => {
    const { access_token: token } = await make({ scope: "all" });
    expect(await ask(token, "/viewer/tokens", { json: {} })).toMatchObject({ status: 403, code: "forbidden" });
    expect(await ask(token, "/viewer/public_keys", { json: { name: "x", pem: appSigner().pem } })).toMatchObject({ status: 403 });
    expect(await ask("", "/viewer/open", { json: { token }, credential: null })).toMatchObject({
      status: 401,
      code: "wrong_credential",
      detail: expect.stringContaining("access token"),
    });
    expect(await ask(`${token.slice(0, -1)}${token.endsWith("a") ? "b" : "a"}`, "/viewer/documents")).toMatchObject({
      status: 401,
      code: "invalid_key",
    });
  });

  it("ends by itself and by its id", async () => {
    const [short, long] = [await make({ expires_in: 60 }), await make({})];
    api.advance(61_000);
    expect(await ask(short.access_token, "/viewer/documents")).toMatchObject({ status: 401, code: "token_expired" });
    expect(await ask(long.access_token, "/viewer/documents")).toEqual({ status: 200 });
    const other = await otherApplication();
    expect((await other.request(`/viewer/tokens/${long.id}`, { method: "DELETE" })).status).toBe(404);
    await api.json(`/viewer/tokens/${long.id}`, { method: "DELETE" });
    expect(await ask(long.access_token, "/viewer/documents")).toMatchObject({ status: 401, code: "invalid_key" });
    const [key] = await api.server.keys.list("default");
    expect((await api.request(`/viewer/tokens/${key!.id}`, { method: "DELETE" })).status).toBe(404);
  });

  it.each<[string, object, number, string]>([
    ["more than a day", { expires_in: 86_400 + 301 }, 400, "$.expires_in"],
    ["a past", { exp: 1 }, 400, "$.exp"],
    ["an unknown document", { documents: ["shared", "nothing"] }, 404, "$.documents[1]"],
  ])("is not made for %s", async (_, body, status, path) => {
    const response = await api.request("/viewer/tokens", { json: body });
    expect([response.status, await response.json()]).toEqual([
      status,
      expect.objectContaining({ failingPaths: [expect.objectContaining({ path })] }),
    ]);
  });
});

describe("an API key", () => {
  const key = async (scope: "documents" | "read" | "upload" | "sessions") =>
    (await api.server.keys.create("default", { name: scope, scope, mode: "test" })).key;

  it.each<["documents" | "read" | "upload" | "sessions", Record<string, number>]>([
    ["documents", { list: 200, upload: 200, mint: 403, usage: 403, sessions: 403 }],
    ["read", { list: 200, upload: 403, mint: 403, usage: 200, sessions: 200 }],
    ["upload", { list: 403, upload: 200, mint: 403, usage: 403, sessions: 403 }],
    ["sessions", { list: 403, upload: 403, mint: 201, usage: 403, sessions: 200 }],
  ])("of the scope %s does that and no more", async (scope, expected) => {
    const credential = await key(scope);
    const upload = { body: pagesPdf(1), headers: { "content-type": "application/pdf" } };
    const status = async (path: string, options: object = {}) => (await ask(credential, path, options)).status;
    expect({
      list: await status("/viewer/documents"),
      upload: await status("/viewer/documents", upload),
      mint: await status("/viewer/sessions", { json: { allowed_documents: [{ document_id: document }] } }),
      usage: await status("/viewer/usage"),
      sessions: await status("/viewer/sessions"),
    }).toEqual(expected);
  });

  it("is taken in all the ways that clients write it", async () => {
    for (const authorization of [
      `Bearer ${api.apiKey}`,
      `Token token="${api.apiKey}"`,
      `Token token=${api.apiKey}`,
      `token token=${api.apiKey}`,
    ])
      expect(await ask("", "/viewer/documents", { credential: null, headers: { authorization } }), authorization).toEqual({ status: 200 });
  });
});

describe("POST /revoke", () => {
  interface Batch {
    readonly status: number;
    readonly result: string;
    readonly data: readonly string[];
    readonly failingPaths: readonly { readonly path: string; readonly details: string }[];
  }
  const revoke = (jwts: readonly string[]) => api.json<Batch>("/api/revoke", { json: { jwts } });

  it("ends session tokens, application tokens that were never used, expired ones, and access tokens; live sockets close", async () => {
    const signer = appSigner();
    await api.json("/viewer/public_keys", { json: { name: "app", pem: signer.pem } });
    const claims = { document_id: document, permissions: ["read-document"] };
    const [used, unused, old] = await Promise.all(
      [600, 601, -600].map((seconds) => signer.sign({ ...claims, exp: inSeconds(seconds + 61) })),
    );
    const later = await signer.sign({ ...claims, nbf: inSeconds(5_000), exp: inSeconds(9_000) });
    const { jwt } = await api.session(document);
    const { access_token: access } = await make({});
    const sockets = await Promise.all(
      [jwt, used!].map(async (token) => {
        const socket = await testSocket(api.url);
        await socket.hello(token);
        return socket;
      }),
    );
    const all = [jwt, used!, unused!, old!, later, access];
    expect(await revoke(all)).toMatchObject({ status: 200, result: "success", data: all, failingPaths: [] });
    for (const socket of sockets) expect((await socket.closed).reason).toBe("session_revoked");
    for (const token of [jwt, used!, unused!])
      expect(await ask("", "/viewer/open", { json: { token }, credential: null })).toMatchObject({ status: 401, code: "session_revoked" });
    expect(await ask(access, "/viewer/documents")).toMatchObject({ status: 401, code: "invalid_key" });
    expect(await revoke(all), "again").toMatchObject({ result: "success" });
    expect(await revoke([]), "none").toMatchObject({ result: "success", data: [] });
  });

  it("says which of them it cannot end, and ends the others", async () => {
    const other = await otherApplication();
    await other.upload(pagesPdf(1), "document_id=theirs");
    const theirs = (await other.session("theirs")).jwt;
    const { jwt } = await api.session(document);
    const foreign = await appSigner().sign({ document_id: document, permissions: ["read-document"], exp: inSeconds(600) });
    const answer = await revoke([theirs, jwt, foreign, "nonsense", api.apiKey]);
    expect(answer).toMatchObject({ status: 200, result: "partial_failure", data: [jwt] });
    expect(answer.failingPaths.map(({ path }) => path)).toEqual(["$.jwts[0]", "$.jwts[2]", "$.jwts[3]", "$.jwts[4]"]);
    expect((await other.request("/viewer/open", { json: { token: theirs }, credential: null })).status).toBe(200);
    const none = await api.request("/viewer/revoke", { json: { jwts: [theirs] } });
    expect([none.status, await none.json()]).toEqual([400, expect.objectContaining({ result: "failure", data: [] })]);
  });
});
