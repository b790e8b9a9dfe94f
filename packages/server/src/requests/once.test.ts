/** What a backend makes with an Idempotency-Key is made once, and its secrets are told again to whoever repeats the request, and to nobody else. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type MintedSession, type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
let other: string;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "lectern-once-"));
  api = await testServer({ dataDir, env: { LECTERN_ALLOW_PRIVATE_ADDRESSES: "true" } });
  await api.upload(pagesPdf(1), "document_id=doc");
  other = (await api.server.keys.create("default", { name: "other", scope: "all", mode: "test" })).key;
});
afterAll(async () => {
  await api.close();
  await rm(dataDir, { recursive: true, force: true });
});

type Reply = Readonly<Record<string, any>>;
const post = async (path: string, json: unknown, key: string, credential = api.apiKey): Promise<Reply> =>
  api.json(`/viewer${path}`, { json, credential, headers: { "idempotency-key": key } });
const deeds = async (action: string): Promise<number> =>
  (await api.json<{ data: unknown[] }>(`/viewer/audit?action=${action}`)).data.length;

interface Case {
  readonly path: string;
  readonly body: () => unknown;
  /** Makes something else. */
  readonly otherBody: () => unknown;
  readonly id: (reply: Reply) => string;
  readonly action: string;
}
const pem = (): string => generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }).toString();
const session = { allowed_documents: [{ document_id: "doc" }], user_id: "ann" };
const cases: readonly Case[] = [
  {
    path: "/sessions",
    body: () => session,
    otherBody: () => ({ ...session, user_id: "ben" }),
    id: ({ session_id }) => session_id,
    action: "session.minted",
  },
  {
    path: "/tokens",
    body: () => ({ name: "one" }),
    otherBody: () => ({ name: "two" }),
    id: ({ id }) => id,
    action: "token.created",
  },
  {
    path: "/webhooks",
    body: () => ({ url: "http://127.0.0.1:9/hook" }),
    otherBody: () => ({ url: "http://127.0.0.1:9/other" }),
    id: ({ data }) => data.id,
    action: "webhook.created",
  },
];

test.each(cases)("POST $path: the same request makes one thing, at whatever moment, and tells it again", async (each) => {
  const { path, body, otherBody, id, action } = each;
  const before = await deeds(action);
  const together = await Promise.all([1, 2, 3].map(async () => post(path, body(), "k")));
  const again = await post(path, body(), "k");
  for (const reply of together) expect(reply).toEqual(again);
  expect(await deeds(action)).toBe(before + 1);
  // Another body, key or caller is another request, and has other secrets.
  const others = [await post(path, otherBody(), "k"), await post(path, body(), "l"), await post(path, body(), "k", other)];
  expect(new Set([again, ...others].map(id)).size).toBe(4);
  const secrets = [again, ...others].map(({ jwt, access_token, secret }) => (jwt ?? access_token ?? secret) as string);
  expect(new Set(secrets).size).toBe(4);
  expect(await deeds(action)).toBe(before + 4);
  const long = await api.request(`/viewer${path}`, { json: body(), headers: { "idempotency-key": "x".repeat(256) } });
  expect(long.status).toBe(400);
});

test("a session that is told again opens the document, and is counted once; one that has expired is minted anew", async () => {
  const mint = async (): Promise<MintedSession> => (await post("/sessions", { ...session, expires_in: 60 }, "short")) as MintedSession;
  const opened = async (): Promise<number> =>
    (await api.json<{ totals: { sessions_opened: number } }>("/viewer/usage")).totals.sessions_opened;
  const [first, counted] = [await mint(), await opened()];
  for (const { jwt } of [first, await mint()]) {
    const response = await api.request("/viewer/open", {
      credential: null,
      body: JSON.stringify({ token: jwt }),
      headers: { "content-type": "text/plain" },
    });
    expect(response.status, await response.clone().text()).toBe(200);
  }
  expect(await opened()).toBe(counted + 1);
  api.advance(61_000);
  const later = await Promise.all([mint(), mint()]);
  expect(later[0]).toEqual(later[1]);
  expect(later[0].session_id).not.toBe(first.session_id);
  // What was taken back stays so.
  await api.json(`/viewer/sessions/${later[0].session_id}`, { method: "DELETE" });
  expect((await mint()).session_id).toBe(later[0].session_id);
});

test("an access token that is told again works, and its text stands nowhere", async () => {
  const { access_token: token } = await post("/tokens", { scope: "all" }, "works");
  expect((await post("/tokens", { scope: "all" }, "works"))["access_token"]).toBe(token);
  expect((await api.request("/viewer/documents", { credential: token })).status).toBe(200);
  const { access_token: without } = await api.json("/viewer/tokens", { json: { scope: "all" } });
  expect(without).not.toBe(token);
  for (const file of await readdir(dataDir, { recursive: true, withFileTypes: true }))
    if (file.isFile()) expect((await readFile(join(file.parentPath, file.name))).includes(token), file.name).toBe(false);
});

test("a public key is registered once, and one that was removed is registered anew", async () => {
  const key = { name: "mine", pem: pem() };
  const [one, two] = await Promise.all([post("/public_keys", key, "p"), post("/public_keys", key, "p")]);
  expect(one).toEqual(two);
  // Whoever says it without the key, or under another one, is told that it is there.
  expect((await api.request("/viewer/public_keys", { json: key })).status).toBe(409);
  await api.json(`/viewer/public_keys/${one["data"].id}`, { method: "DELETE" });
  const again = await post("/public_keys", key, "p");
  expect(again["data"].id).not.toBe(one["data"].id);
  expect(await post("/public_keys", key, "p")).toEqual(again);
});

test("the secret of a webhook is replaced once, and a webhook that was deleted is made anew", async () => {
  const make = async (): Promise<Reply> => post("/webhooks", { url: "http://127.0.0.1:9/rotated" }, "w");
  const made = await make();
  const rotate = async (): Promise<Reply> => post(`/webhooks/${made["data"].id}/rotate_secret`, {}, "r");
  const [one, two] = await Promise.all([rotate(), rotate()]);
  expect(one).toEqual(two);
  expect(one["secret"]).not.toBe(made["secret"]);
  expect(await deeds("webhook.secret_rotated")).toBe(1);
  await api.json(`/viewer/webhooks/${made["data"].id}`, { method: "DELETE" });
  const again = await Promise.all([make(), make()]);
  expect(again[0]).toEqual(again[1]);
  expect(again[0]["data"].id).not.toBe(made["data"].id);
});

test("a document that is built, or fetched from a URL, is made once though its bytes may differ", async () => {
  let served = 0;
  const site = createServer((_request, response) => void response.end(pagesPdf(++served)));
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void site.close());
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/a.pdf`;
  const idsOf = async (json: unknown, key: string): Promise<string[]> =>
    Promise.all([1, 2, 3].map(async () => (await post("/documents?wait=0", json, key))["data"].id as string));
  const count = async (): Promise<number> => (await api.json<{ document_count: number }>("/viewer/documents")).document_count;
  const before = await count();
  const fetched = await idsOf({ url }, "u");
  expect(new Set(fetched).size).toBe(1);
  const asked = served;
  expect((await post("/documents?wait=0", { url }, "u"))["data"].id).toBe(fetched[0]);
  expect(served).toBe(asked);
  const built = await idsOf({ instructions: { parts: [{ page: "new" }] } }, "u");
  const named = await idsOf({ instructions: { parts: [{ page: "new" }] }, document_id: "named" }, "u");
  expect([new Set([...fetched, ...built]).size, new Set(named)]).toEqual([2, new Set(["named"])]);
  expect(await count()).toBe(before + 3);
  expect((await api.request("/viewer/documents", { json: { url, document_id: "named" } })).status).toBe(409);
});

test("an API key that the dashboard makes is made once", async () => {
  const token = await api.server.accounts.createLink();
  let cookie = "";
  const admin = async (path: string, json: unknown): Promise<Reply> => {
    const response = await api.request(`/admin${path}`, {
      json,
      credential: null,
      headers: { origin: api.url, cookie, "idempotency-key": "a" },
    });
    expect(response.status, await response.clone().text()).toBeLessThan(300);
    cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
    return (await response.json()) as Reply;
  };
  await admin("/link", { token, email: "ann@example.com", name: "Ann", password: "correct horse battery" });
  const make = async (name: string): Promise<Reply> => admin("/applications/default/keys", { name });
  const [one, two, three] = await Promise.all([make("same"), make("same"), make("else")]);
  expect([one, one === three]).toEqual([two, false]);
  expect(one["key"]).not.toBe(three["key"]);
  expect((await api.request("/viewer/documents", { credential: one["key"] })).status).toBe(200);
});
