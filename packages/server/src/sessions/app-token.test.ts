/** Tokens that applications sign with keys of their own, over HTTP and WebSocket. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Opened, PublicKey, JwtAlgorithm } from "@lectern/protocol";
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApplication } from "../applications/store.ts";
import { systemRandom } from "../ports.ts";
import { appSigner, type AppSigner, inSeconds } from "../testing/app-signer.ts";
import { type TestApi, testApi, type TestServer, testServer } from "../testing/test-server.ts";
import { isAck, testSocket } from "../testing/test-socket.ts";

const READ = ["read-document"];
let api: TestServer;
let signer: AppSigner;
let key: PublicKey;
let document: string;

beforeAll(async () => {
  api = await testServer();
  document = (await api.upload(pagesPdf(2), "document_id=contract")).id;
  signer = appSigner();
  key = await register(api, signer.pem);
}, 60_000);
afterAll(() => api.close());

async function register(at: TestApi, pem: string, more: object = {}): Promise<PublicKey> {
  return (await at.json<{ data: PublicKey }>("/viewer/public_keys", { json: { name: "backend", pem, ...more } })).data;
}
const open = (token: string) => api.request("/viewer/open", { json: { token }, credential: null });
const opened = (token: string) => api.json<Opened>("/viewer/open", { json: { token }, credential: null });
/** Another application of the same server, with a key of its own. */
async function otherApplication(): Promise<TestApi> {
  const { database, clock } = api.server.documents;
  const { id } = await createApplication(database, "Other", { clock, random: systemRandom });
  const made = await api.server.keys.create(id, { name: "other", scope: "all", mode: "test" });
  return testApi(api.url, made.key);
}
async function refusal(token: string): Promise<{ status: number; code: string; detail: string }> {
  const response = await open(token);
  const { code, detail } = (await response.json()) as { code: string; detail: string };
  return { status: response.status, code, detail };
}

describe("a token that an application signs itself", () => {
  it.each<JwtAlgorithm>(["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"])("opens a document with %s", async (algorithm) => {
    const own = appSigner(algorithm);
    const { data } = await api.json<{ data: PublicKey }>("/api/public_keys", { json: { name: algorithm, pem: own.pem, algorithm } });
    expect(data.algorithm).toBe(algorithm);
    const token = await own.sign({ document_id: document, permissions: READ, exp: inSeconds(60) });
    expect(await opened(token)).toMatchObject({
      documentId: document,
      grants: { permissions: ["read"], collaboration: null, userId: null },
    });
  });

  it("needs no more than a document, permissions and an expiry, and may live for years", async () => {
    const exp = inSeconds(10 * 365 * 86_400);
    const token = await signer.sign({ document_id: document, permissions: [...READ, "write", "download"], exp }, { typ: "JWT" });
    expect(await opened(token)).toMatchObject({ exp, grants: { permissions: ["read", "write", "download"] }, user: { id: null } });
    const named = await signer.sign({ document_id: document, permissions: READ, exp: inSeconds(60) }, { kid: key.id });
    expect((await open(named)).status).toBe(200);
    const aware = await signer.sign(
      { document_id: document, permissions: READ, exp: inSeconds(60), aud: "lectern", iss: "me", jti: "1" },
      { kid: "mine" },
    );
    expect((await open(aware)).status).toBe(200);
  });

  it("says who somebody is, in which layer and group, and what they may do there; the layer comes into being", async () => {
    const token = await signer.sign({
      document_id: document,
      layer: "review of mia",
      permissions: [...READ, "write"],
      collaboration_permissions: ["annotations:view:all", "annotations:edit:self"],
      user_id: "mia",
      creator_name: "Mia",
      default_group: "legal",
      jti: null as never,
      exp: inSeconds(60),
    });
    const { grants, user, layer } = await opened(token);
    expect({ grants, user, layer }).toMatchObject({
      layer: "review of mia",
      user: { id: "mia", name: "Mia" },
      grants: { userId: "mia", defaultGroup: "legal", collaboration: ["annotations:view:all", "annotations:edit:self"] },
    });
    const socket = await testSocket(api.url);
    await socket.hello(token);
    const shape = { type: "rectangle", page: "1.0", geometry: { bbox: [1, 1, 9, 9] }, appearance: { strokeColor: "#ff0000" } } as const;
    socket.push(1, [["c", "mine", "annotation", shape]]);
    await socket.until("an ack", isAck(1));
    socket.close();
    const stored = await api.json(`/viewer/documents/${document}/layers/review%20of%20mia/annotations/mine`);
    expect(stored).toMatchObject({ createdBy: "mia", group: "legal" });
  });

  it("is good over HTTP and for covers at the bare origin, each within its permissions", async () => {
    const reader = await signer.sign({ document_id: document, permissions: READ, exp: inSeconds(60) });
    const cover = await signer.sign({ document_id: document, permissions: ["cover-image"], exp: inSeconds(60) });
    const status = async (path: string, credential: string | null) => (await api.request(path, { credential })).status;
    expect(await status(`/viewer/documents/${document}/annotations`, reader)).toBe(200);
    expect(await status(`/viewer/documents/${document}/pdf`, reader)).toBe(403);
    expect(await status(`/documents/${document}/cover?width=64&jwt=${cover}`, null)).toBe(200);
    expect(await status(`/viewer/documents/${document}/annotations`, cover)).toBe(403);
    expect(await status(`/viewer/documents/${document}/annotations?jwt=${reader}`, null)).toBe(401);
    expect((await open(cover)).status).toBe(403);
  });

  it("is made as the documentation says", async () => {
    const page = await readFile(new URL("../../../../docs/sessions.md", import.meta.url), "utf8");
    const snippet = /```js\n(.*?)```/s.exec(page)![1]!.replace('"sample"', JSON.stringify(document));
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", snippet], {
      env: { PRIVATE_KEY_PEM: signer.privatePem },
    });
    expect(await opened(stdout.trim())).toMatchObject({ documentId: document, user: { id: "mia", name: "Mia Malone" } });
  });

  it("is one session and one count of usage, however often and by whatever way it is used", async () => {
    type Usage = { totals: { sessions_opened: number } };
    const count = async () => (await api.json<Usage>("/viewer/usage")).totals.sessions_opened;
    const before = await count();
    const token = await signer.sign({ document_id: document, permissions: READ, user_id: "counted", exp: inSeconds(60) });
    for (let n = 0; n < 3; n++) await opened(token);
    const socket = await testSocket(api.url);
    await socket.hello(token);
    socket.close();
    expect(await count()).toBe(before + 1);
    const { data } = await api.json<{ data: { user_id: string; documents: string[] }[] }>("/viewer/sessions?limit=1000");
    expect(data.filter(({ user_id: user }) => user === "counted")).toMatchObject([{ documents: [document] }]);
  });

  it("belongs to the application whose key signed it, also where another one has a document of the same id", async () => {
    const other = await otherApplication();
    await other.upload(pagesPdf(5), `document_id=${document}`);
    const theirs = appSigner("EdDSA");
    await register(other, theirs.pem);
    const claims = { document_id: document, permissions: READ, exp: inSeconds(60) };
    const [mine, their] = [await opened(await signer.sign(claims)), await opened(await theirs.sign(claims))];
    expect([mine.pages.count, their.pages.count]).toEqual([2, 5]);
    await other.upload(pagesPdf(1), "document_id=only-theirs");
    expect(await refusal(await signer.sign({ ...claims, document_id: "only-theirs" }))).toMatchObject({
      status: 401,
      code: "invalid_token",
    });
    expect(await refusal(await signer.sign({ ...claims, document_id: "only-theirs" }, { kid: key.id }))).toMatchObject({
      status: 404,
      code: "not_found",
    });
  });

  it.each<[string, object, RegExp]>([
    ["`self` without a user", { collaboration_permissions: ["annotations:edit:self"] }, /self.*needs a user_id/],
    ["a permission of no meaning", { permissions: ["fly"] }, /permissions\.0/],
    ["no permissions", { permissions: undefined }, /permissions/],
    ["a grant that is none", { collaboration_permissions: ["annotations:fly:all"] }, /collaboration_permissions\.0/],
    ["a user that is a number", { user_id: 7 }, /user_id/],
    ["a layer with a star", { layer: "a*" }, /layer/],
    ["another audience", { aud: "billing" }, /audience/],
    ["no expiry", { exp: undefined }, /exp/],
    ["a beginning that is not yet", { nbf: inSeconds(600) }, /not valid yet/],
  ])("is refused with the reason for %s", async (_, claims, reason) => {
    const token = await signer.sign({ document_id: document, permissions: READ, exp: inSeconds(900), ...claims });
    expect(await refusal(token)).toEqual({ status: 401, code: "invalid_token", detail: expect.stringMatching(reason) });
  });

  it("ends with its expiry, and may be limited by its key", async () => {
    const token = await signer.sign({ document_id: document, permissions: READ, exp: inSeconds(-60) });
    expect(await refusal(token)).toMatchObject({ status: 401, code: "token_expired" });
    const strict = appSigner();
    await register(api, strict.pem, { max_ttl: 3600 });
    const lasting = (seconds: number, more = {}) =>
      strict.sign({ document_id: document, permissions: READ, exp: inSeconds(seconds), ...more });
    expect((await open(await lasting(3600))).status).toBe(200);
    expect(await refusal(await lasting(7200))).toMatchObject({ code: "invalid_token", detail: expect.stringContaining("3600 seconds") });
    expect(await refusal(await lasting(1800, { iat: inSeconds(-7200) }))).toMatchObject({ code: "invalid_token" });
  });

  it("ends when its key is removed, with live sockets and image grants", async () => {
    const passing = appSigner();
    const { id } = await register(api, passing.pem);
    const token = await passing.sign({ document_id: document, permissions: READ, exp: inSeconds(600) });
    const { images, source } = await opened(token);
    const image = images.page.replace("{blob}", source).replace("{index}", "0").replace("{width}", "320");
    expect((await api.request(image, { credential: null })).status).toBe(200);
    const socket = await testSocket(api.url);
    await socket.hello(token);
    await api.json(`/viewer/public_keys/${id}`, { method: "DELETE" });
    expect((await socket.closed).reason).toBe("session_revoked");
    expect(await refusal(token)).toMatchObject({ status: 401, code: "session_revoked" });
    expect((await api.request(image, { credential: null })).status).toBe(401);
    const later = await passing.sign({ document_id: document, permissions: READ, exp: inSeconds(601) }, { kid: id });
    expect(await refusal(later)).toMatchObject({ status: 401, code: "invalid_token", detail: expect.stringContaining("removed") });
    expect((await api.request(`/viewer/public_keys/${id}`, { method: "DELETE" })).status).toBe(404);
    // Its owner may come back with it, but what was signed before has ended.
    await register(api, passing.pem);
    expect((await open(await passing.sign({ document_id: document, permissions: READ, exp: inSeconds(602) }))).status).toBe(200);
  });
});

describe("public keys", () => {
  it.each<[string, () => string, RegExp]>([
    ["a private key", () => signer.privatePem, /private key/],
    ["a small RSA key", () => SMALL_RSA, /1024 bits/],
    ["a certificate", () => "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----", /certificate/],
    ["a damaged key", () => "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", /damaged/],
    ["a secret", () => "my secret", /PEM/],
  ])("are refused when they are %s, which is not repeated", async (_, pem, reason) => {
    const response = await api.request("/viewer/public_keys", { json: { name: "x", pem: pem() } });
    const text = await response.text();
    expect([response.status, JSON.parse(text)]).toEqual([
      400,
      expect.objectContaining({ failingPaths: [{ path: "$.pem", details: expect.stringMatching(reason) }] }),
    ]);
    expect(text).not.toContain(pem().split("\n")[1] ?? pem());
  });

  it("belong to one application, have one fitting algorithm and are listed without those that were removed", async () => {
    const other = await otherApplication();
    const again = await other.request("/viewer/public_keys", { json: { name: "x", pem: signer.pem } });
    expect([again.status, await again.json()]).toEqual([409, expect.objectContaining({ code: "exists" })]);
    const wrong = await api.request("/viewer/public_keys", { json: { name: "x", pem: appSigner().pem, algorithm: "RS256" } });
    expect([wrong.status, await wrong.json()]).toEqual([400, expect.objectContaining({ detail: expect.stringContaining("ES256") })]);
    const mine = await register(other, appSigner("RS256").pem);
    expect(mine).toMatchObject({ algorithm: "RS256", max_ttl: null, fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const list = () => other.json<{ data: PublicKey[] }>("/viewer/public_keys");
    expect((await list()).data).toEqual([mine]);
    expect((await api.request(`/viewer/public_keys/${mine.id}`, { method: "DELETE" })).status).toBe(404);
    await other.json(`/viewer/public_keys/${mine.id}`, { method: "DELETE" });
    expect((await list()).data).toEqual([]);
    const { data: trail } = await other.json<{ data: { action: string; target: string | null }[] }>("/viewer/audit");
    expect(trail.filter(({ target }) => target === mine.id).map(({ action }) => action)).toEqual([
      "public_key.removed",
      "public_key.created",
    ]);
  });

  it("come from the configuration, too, and go with it", async () => {
    const [first, second] = [appSigner(), appSigner("RS512")];
    const { publicKeys } = api.server;
    const listed = async () =>
      (await publicKeys.list("default")).filter(({ id }) => id.startsWith("configured-")).map(({ algorithm }) => algorithm);
    const token = await first.sign({ document_id: document, permissions: READ, exp: inSeconds(600) });
    for (let start = 0; start < 2; start++)
      await publicKeys.configure({ pem: first.pem.replaceAll("\n", String.raw`\n`), algorithm: null }, "default");
    expect(await listed()).toEqual(["ES256"]);
    expect((await open(token)).status).toBe(200);
    const [row] = (await publicKeys.list("default")).filter(({ id }) => id.startsWith("configured-"));
    expect((await api.request(`/viewer/public_keys/${row!.id}`, { method: "DELETE" })).status).toBe(409);
    await publicKeys.configure({ pem: second.pem, algorithm: "RS512" }, "default");
    expect(await listed()).toEqual(["RS512"]);
    await publicKeys.configure(null, "default");
    expect(await listed()).toEqual([]);
    api.advance(5_000);
    expect(await refusal(token)).toMatchObject({ status: 401 });
  });
});

const SMALL_RSA = `-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCe9cTF0RnSmlVPc1NX2EaEzcr6
IvXO0/bQjEQD0JvcEGCV6n7Aw8h6yv9zlwhsHjxjM3QdrD3flkgCo4wZfSWsTFKv
xtAaLjVnWH2fTffHzHfGM8XvZiuVgKaEWthjKwumRyz9wlcO0rFvd9ED4wuG0Swj
BdyET4a2cGhhft1ViQIDAQAB
-----END PUBLIC KEY-----`;
