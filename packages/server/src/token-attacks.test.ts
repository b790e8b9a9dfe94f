/**
 * Forged, stolen and outlived credentials, generated and tried by every way that takes one: HTTP header, `open`, cover URL, hello and renewal on a
 * socket. Each must be refused with the right code and none may be a fault of ours or leave anything of itself in the log.
 */
import { createHmac, createPrivateKey, createPublicKey } from "node:crypto";
import type { Opened, PublicKey } from "@lectern/protocol";
import { pagesPdf } from "@lectern/pdf/testing";
import { exportJWK, importJWK, type JWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApplication } from "./applications/store.ts";
import { systemRandom } from "./ports.ts";
import { appSigner, type AppSigner, inSeconds } from "./testing/app-signer.ts";
import { type MintedSession, type TestApi, testApi, type TestServer, testServer } from "./testing/test-server.ts";
import { isBye, testSocket } from "./testing/test-socket.ts";

interface Attack {
  readonly name: string;
  readonly token: string;
  /** Default: invalid_token. */
  readonly code?: string;
}
/** What came of one way to use a token. */
interface Outcome {
  readonly way: string;
  readonly status: number;
  readonly code: string;
}

const DOCUMENT = "contract";
let api: TestServer;
let other: TestApi;
let minted: MintedSession;
let ourKid: string;
const signers = { RS256: appSigner("RS256"), ES256: appSigner("ES256"), EdDSA: appSigner("EdDSA") };
const registered: Record<string, PublicKey> = {};
const foreign = appSigner("ES256");
const removed = appSigner("ES256");
let foreignKey: PublicKey;
let removedKey: PublicKey;
/** Everything secret that was sent: none of it may be in the log. */
const sent = new Set<string>();

const register = async (at: TestApi, signer: AppSigner): Promise<PublicKey> =>
  (await at.json<{ data: PublicKey }>("/viewer/public_keys", { json: { name: "k", pem: signer.pem } })).data;
const claims = (more: object = {}): JWTPayload => ({
  document_id: DOCUMENT,
  permissions: ["read-document", "write"],
  exp: inSeconds(3600),
  ...more,
});

beforeAll(async () => {
  api = await testServer();
  const { database, clock } = api.server.documents;
  const { id } = await createApplication(database, "Other", { clock, random: systemRandom });
  other = testApi(api.url, (await api.server.keys.create(id, { name: "other", scope: "all", mode: "test" })).key);
  await api.upload(pagesPdf(1), `document_id=${DOCUMENT}`);
  await api.upload(pagesPdf(1), "document_id=second");
  await other.upload(pagesPdf(1), "document_id=theirs");
  for (const [algorithm, signer] of Object.entries(signers)) registered[algorithm] = await register(api, signer);
  foreignKey = await register(other, foreign);
  removedKey = await register(api, removed);
  await api.json(`/viewer/public_keys/${removedKey.id}`, { method: "DELETE" });
  minted = await api.session(DOCUMENT);
  ourKid = (headerOf(minted.jwt) as { kid: string }).kid;
}, 60_000);
afterAll(() => api.close());

const encode = (value: unknown): string => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const partsOf = (token: string): [string, string, string] => token.split(".") as [string, string, string];
const headerOf = (token: string): object => JSON.parse(Buffer.from(partsOf(token)[0], "base64url").toString()) as object;
const payloadOf = (token: string): JWTPayload => JSON.parse(Buffer.from(partsOf(token)[1], "base64url").toString()) as JWTPayload;
const withHeader = (token: string, header: object, signature = partsOf(token)[2]): string =>
  `${encode(header)}.${partsOf(token)[1]}.${signature}`;
const withSignature = (token: string, signature: Uint8Array | string): string =>
  `${partsOf(token).slice(0, 2).join(".")}.${typeof signature === "string" ? signature : Buffer.from(signature).toString("base64url")}`;
const signatureOf = (token: string): Buffer => Buffer.from(partsOf(token)[2], "base64url");

/** A good token of each kind of signer, to be forged. */
async function originals(): Promise<{ name: string; token: string; pem: string | null }[]> {
  const ofApps = Object.entries(signers).map(async ([name, signer]) => ({ name, token: await signer.sign(claims()), pem: signer.pem }));
  return [{ name: "ours", token: minted.jwt, pem: null }, ...(await Promise.all(ofApps))];
}

async function ourPublicJwk(): Promise<JWK> {
  const [row] = await api.server.documents.database.query<{ public_jwk: string }>("SELECT public_jwk FROM signing_keys");
  return JSON.parse(row!.public_jwk) as JWK;
}

/** With the server's own key: as if it had made a mistake. */
async function signedByUs(more: object): Promise<string> {
  const [row] = await api.server.documents.database.query<{ private_jwk: string }>("SELECT private_jwk FROM signing_keys");
  const key = await importJWK(JSON.parse(row!.private_jwk) as JWK, "EdDSA");
  return new SignJWT({ ...payloadOf(minted.jwt), ...more }).setProtectedHeader({ alg: "EdDSA", kid: ourKid }).sign(key);
}

async function unsigned(): Promise<Attack[]> {
  return (await originals()).flatMap(({ name, token }) =>
    ["none", "None", "NONE", "nOnE", "", "null"].flatMap((alg) =>
      [{ alg }, { ...headerOf(token), alg }].flatMap((header) =>
        ["", partsOf(token)[2]].map((signature) => ({ name: `${name}: alg ${alg}`, token: withHeader(token, header, signature) })),
      ),
    ),
  );
}

/** The public key, in every form in which it might be taken for a shared secret. */
async function confused(): Promise<Attack[]> {
  const found: Attack[] = [];
  for (const { name, token, pem } of await originals()) {
    const key = createPublicKey(pem === null ? { key: (await ourPublicJwk()) as never, format: "jwk" } : pem);
    const spki = key.export({ type: "spki", format: "pem" }).toString();
    const jwk = await exportJWK(key);
    const secrets = [
      spki,
      spki.trim(),
      key.export({ type: "spki", format: "der" }),
      JSON.stringify(jwk),
      Buffer.from(jwk.x ?? jwk.n!, "base64url"),
      "",
    ];
    for (const secret of secrets)
      for (const [alg, hash] of [
        ["HS256", "sha256"],
        ["HS384", "sha384"],
        ["HS512", "sha512"],
      ] as const) {
        const start = `${encode({ ...headerOf(token), alg })}.${partsOf(token)[1]}`;
        found.push({
          name: `${name}: ${alg} with the public key`,
          token: `${start}.${createHmac(hash, secret).update(start).digest("base64url")}`,
        });
      }
    for (const alg of ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "HS256", 7, null, {}])
      if (alg !== (headerOf(token) as { alg: string }).alg)
        found.push({ name: `${name} said to be ${JSON.stringify(alg)}`, token: withHeader(token, { ...headerOf(token), alg }) });
  }
  // The owner's private key, but not the algorithm that is registered: one for each key.
  const rsa = createPrivateKey(signers.RS256.privatePem);
  for (const alg of ["RS384", "RS512", "PS256", "PS512"])
    found.push({
      name: `RSA by ${alg}`,
      token: await new SignJWT(claims()).setProtectedHeader({ alg, kid: registered["RS256"]!.id }).sign(rsa),
    });
  return found;
}

/** A key of the attacker's, made to look like one of somebody else's. */
async function headers(): Promise<Attack[]> {
  const mine = appSigner("ES256");
  const jwk = await exportJWK(createPublicKey(mine.pem));
  const kids: unknown[] = [
    ourKid,
    registered["ES256"]!.id,
    foreignKey.id,
    removedKey.id,
    "",
    "../../../../dev/null",
    "/dev/null",
    "' OR '1'='1",
    "%00",
    "\u0000",
    "__proto__",
    "constructor",
    "x".repeat(5000),
    0,
    null,
    true,
    [registered["ES256"]!.id],
    { id: registered["ES256"]!.id },
  ];
  const bodies = [claims(), payloadOf(minted.jwt)];
  const attacks: Attack[] = [];
  for (const kid of kids)
    for (const body of bodies)
      attacks.push({ name: `kid ${JSON.stringify(kid).slice(0, 40)}`, token: await mine.sign(body, { kid: kid as string }) });
  const brought: Partial<JWTHeaderParameters>[] = [
    { jwk },
    { jku: "http://127.0.0.1:1/keys" },
    { x5u: "http://127.0.0.1:1/cert" },
    { x5c: ["MIIB"] },
    { kid: ourKid, jwk },
    { kid: registered["ES256"]!.id, jwk },
    { kid: registered["ES256"]!.id, jku: "file:///etc/passwd" },
  ];
  for (const header of brought)
    for (const signer of [mine, signers.ES256])
      attacks.push({ name: `header ${Object.keys(header).join(", ")}`, token: await signer.sign(claims(), header) });
  const good = await signers.ES256.sign(claims());
  for (const header of [{ crit: ["exp"] }, { crit: ["b64"], b64: false }, { zip: "DEF" }, { b64: true }])
    attacks.push({ name: `header ${JSON.stringify(header)}`, token: withHeader(good, { ...headerOf(good), ...header }) });
  return attacks;
}

async function signatures(): Promise<Attack[]> {
  const attacks: Attack[] = [];
  for (const { name, token } of await originals()) {
    const signature = signatureOf(token);
    const text = partsOf(token)[2];
    for (const length of [0, 1, 2, 8, text.length - 9, text.length - 4, text.length - 3])
      attacks.push({ name: `${name}: a signature of ${length} characters`, token: withSignature(token, text.slice(0, length)) });
    for (let n = 0; n < 16; n++) {
      const flipped = Buffer.from(signature);
      const at = Math.floor((n * signature.length) / 16);
      flipped[at] = flipped[at]! ^ (1 << (n % 8));
      attacks.push({ name: `${name}: bit ${at} of the signature`, token: withSignature(token, flipped) });
    }
    attacks.push({ name: `${name}: zeros`, token: withSignature(token, Buffer.alloc(signature.length)) });
    attacks.push({ name: `${name}: too long`, token: withSignature(token, Buffer.concat([signature, Buffer.alloc(1)])) });
    for (const [member, value] of Object.entries({
      document_id: "second",
      layer: "x",
      permissions: ["download"],
      user_id: "admin",
      exp: inSeconds(9e8),
      jti: "x",
      nbf: 0,
    }))
      attacks.push({
        name: `${name}: another ${member}`,
        token: `${partsOf(token)[0]}.${encode({ ...payloadOf(token), [member]: value })}.${text}`,
      });
  }
  const [one, two] = [await signers.ES256.sign(claims()), await signers.ES256.sign(claims({ user_id: "admin" }))];
  attacks.push({ name: "the signature of another token", token: withSignature(two, partsOf(one)[2]) });
  return attacks;
}

async function rights(): Promise<Attack[]> {
  const mine = appSigner("EdDSA");
  const revoked = {
    app: await signers.ES256.sign(claims({ user_id: "gone" })),
    own: await api.session(DOCUMENT),
    ended: await api.session(DOCUMENT),
  };
  await api.json("/viewer/revoke", { json: { jwts: [revoked.app, revoked.own.jwt] } });
  await api.json(`/viewer/sessions/${revoked.ended.session_id}`, { method: "DELETE" });
  const made = await api.json<{ access_token: string }>("/viewer/tokens", { json: {} });
  return [
    { name: "a key that nobody registered", token: await mine.sign(claims()) },
    { name: "a key of another application", token: await foreign.sign(claims()) },
    { name: "a key of another application, named", token: await foreign.sign(claims(), { kid: foreignKey.id }), code: "not_found" },
    { name: "a key of another application under our key's name", token: await foreign.sign(claims(), { kid: registered["ES256"]!.id }) },
    { name: "a key that was removed", token: await removed.sign(claims()) },
    { name: "a key that was removed, named", token: await removed.sign(claims(), { kid: removedKey.id }) },
    { name: "a document of another application", token: await signers.ES256.sign(claims({ document_id: "theirs" })) },
    {
      name: "a document of another application, with its key named",
      token: await signers.ES256.sign(claims({ document_id: "theirs" }), { kid: registered["ES256"]!.id }),
      code: "not_found",
    },
    { name: "no document", token: await signers.ES256.sign(claims({ document_id: undefined })) },
    { name: "documents as a list", token: await signers.ES256.sign(claims({ document_id: [DOCUMENT] })) },
    { name: "a path as document", token: await signers.ES256.sign(claims({ document_id: `../${DOCUMENT}` })) },
    { name: "another audience", token: await signers.ES256.sign(claims({ aud: "billing" })) },
    { name: "several other audiences", token: await signers.ES256.sign(claims({ aud: ["a", "b"] })) },
    { name: "another audience, by us", token: await signedByUs({ aud: "billing" }) },
    { name: "another issuer, by us", token: await signedByUs({ iss: "http://elsewhere.test" }) },
    { name: "no session, by us", token: await signedByUs({ jti: undefined }) },
    { name: "an unknown session, by us", token: await signedByUs({ jti: "01aaaaaaaaaaaaaaaaaaaaaaaa" }) },
    { name: "no expiry", token: await signers.ES256.sign(claims({ exp: undefined })) },
    { name: "an expiry that is no number", token: await signers.ES256.sign(claims({ exp: "tomorrow" as never })) },
    { name: "not yet", token: await signers.ES256.sign(claims({ nbf: inSeconds(600) })) },
    { name: "expired", token: await signers.ES256.sign(claims({ exp: inSeconds(-60) })), code: "token_expired" },
    { name: "expired long ago", token: await signers.RS256.sign(claims({ exp: 1 })), code: "token_expired" },
    { name: "expired, by us", token: await signedByUs({ exp: inSeconds(-60) }), code: "token_expired" },
    { name: "self without a user", token: await signers.ES256.sign(claims({ collaboration_permissions: ["annotations:edit:self"] })) },
    { name: "revoked", token: revoked.app, code: "session_revoked" },
    { name: "revoked, with its signature written in another way", token: malleated(revoked.app), code: "session_revoked" },
    { name: "revoked, by us", token: revoked.own.jwt, code: "session_revoked" },
    { name: "a session that was ended", token: revoked.ended.jwt, code: "session_revoked" },
    { name: "an API key", token: api.apiKey, code: "wrong_credential" },
    { name: "an access token", token: made.access_token, code: "wrong_credential" },
  ];
}

/** Of an ECDSA signature (r, s) also (r, n - s) verifies. */
function malleated(token: string): string {
  const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const signature = signatureOf(token);
  const s = BigInt(`0x${signature.subarray(32).toString("hex")}`);
  return withSignature(token, Buffer.concat([signature.subarray(0, 32), Buffer.from((n - s).toString(16).padStart(64, "0"), "hex")]));
}

async function malformed(): Promise<Attack[]> {
  const good = await signers.ES256.sign(claims());
  const [header, payload, signature] = partsOf(good);
  const texts = [
    `${header}.${payload}`,
    `.${payload}.${signature}`,
    `${header}..${signature}`,
    `..`,
    `${good}.${signature}`,
    `${good}.${signature}.${signature}`,
    `${encode("[]")}.${payload}.${signature}`,
    `${encode("null")}.${payload}.${signature}`,
    `${encode("{")}.${payload}.${signature}`,
    `${header}.${encode("[]")}.${signature}`,
    `${header}.${encode("nonsense")}.${signature}`,
    `${header}.${encode('"x"')}.${signature}`,
    `${header}.${encode(`{"document_id":"${DOCUMENT}","exp":1e999}`)}.${signature}`,
    `${encode(`${"[".repeat(3000)}`)}.${payload}.${signature}`,
    good.replaceAll(".", ":"),
    `Bearer ${good}`,
    `${good}=`,
    "null",
    "undefined",
    "true",
    `${header}.${good}.${signature}`,
  ];
  return texts.map((token, index) => ({ name: `malformed ${index}`, token }));
}

async function outcomesOf(token: string): Promise<Outcome[]> {
  sent.add(token);
  const ask = async (way: string, path: string, options: object): Promise<Outcome> => {
    const response = await api.request(path, { credential: null, ...options });
    const { code = "none" } = (await response.json().catch(() => ({}))) as { code?: string };
    return { way, status: response.status, code };
  };
  const isHeader = /^[\x20-\x7e]*$/.test(token);
  const inHeader = (authorization: string, path: string, method = "GET") =>
    ask(`${method} ${path}`, path, { method, headers: { authorization } });
  const base = `/viewer/documents/${DOCUMENT}`;
  return Promise.all([
    ask("open", "/viewer/open", { body: JSON.stringify({ token }), headers: { "content-type": "text/plain" } }),
    ask("cover", `/documents/${DOCUMENT}/cover?width=64&jwt=${encodeURIComponent(token)}`, {}),
    ...(isHeader
      ? [inHeader(`Bearer ${token}`, `${base}/records`), inHeader(`Token token="${token}"`, `/api/documents/${DOCUMENT}/records`)]
      : []),
    ...(isHeader ? [inHeader(`Bearer ${token}`, `${base}/annotations/x`, "DELETE")] : []),
    overSocket(token),
  ]);
}

async function overSocket(token: string): Promise<Outcome> {
  const socket = await testSocket(api.url);
  socket.send({ type: "hello", sid: "attack-attack", token, since: -1 });
  const { code } = await socket.until("bye", isBye);
  await socket.closed;
  return { way: "socket", status: 401, code };
}

/** Codes that say no, by the kind of the way; all else is a hole or a fault. */
function isRefusal({ way, status, code }: Outcome, expected: string): boolean {
  if (status >= 500) return false;
  if (code === expected) return true;
  // What has not even the form of a token is told so where a key might stand as well.
  return way !== "open" && way !== "socket" && code === "unauthorized";
}

async function refuseAll(attacks: readonly Attack[]): Promise<void> {
  const holes: string[] = [];
  for (let at = 0; at < attacks.length; at += 16)
    await Promise.all(
      attacks.slice(at, at + 16).map(async ({ name, token, code = "invalid_token" }) => {
        for (const outcome of await outcomesOf(token))
          if (!isRefusal(outcome, code)) holes.push(`${name}, ${outcome.way}: ${outcome.status} ${outcome.code} instead of ${code}`);
      }),
    );
  expect(holes).toEqual([]);
}

describe("a token is refused by every way, with the right code,", () => {
  it("that is not signed", async () => refuseAll(await unsigned()), 60_000);
  it("that takes one algorithm for another", async () => refuseAll(await confused()), 60_000);
  it("that brings or names a key of the attacker's choice", async () => refuseAll(await headers()), 60_000);
  it("whose signature or claims were tampered with", async () => refuseAll(await signatures()), 60_000);
  it("that is not one", async () => refuseAll(await malformed()), 60_000);
  it("that is for somebody else, for another time, or has been revoked", async () => {
    const all = await rights();
    await refuseAll(all.filter(({ code }) => code !== "wrong_credential"));
    // Keys are right on routes for backends, so only what takes tokens refuses them.
    for (const { token } of all.filter(({ code }) => code === "wrong_credential"))
      for (const outcome of await Promise.all([outcomesOf(token).then(([open]) => open!), overSocket(token)]))
        expect(outcome).toMatchObject({ code: "wrong_credential" });
  }, 60_000);
});

describe("a good token", () => {
  it("opens its own document and layer, and no other, by no way", async () => {
    const tokens = [
      await signers.EdDSA.sign(claims({ layer: "review" })),
      (await api.session({ document_id: DOCUMENT, layer: "review" })).jwt,
    ];
    for (const token of tokens) {
      const status = async (path: string) => (await api.request(path, { credential: token })).status;
      expect(await status(`/viewer/documents/${DOCUMENT}/layers/review/records`)).toBe(200);
      const elsewhere = [
        `${DOCUMENT}/layers/other/records`,
        "second/records",
        "theirs/records",
        "second/layers/review/records",
        "nothing/records",
      ];
      for (const path of elsewhere) expect(await status(`/viewer/documents/${path}`), path).toBe(404);
      const open = await api.request("/viewer/open", { credential: null, json: { token, document: "second" } });
      expect([open.status, ((await open.json()) as { code: string }).code]).toEqual([404, "not_found"]);
      for (const wanted of [{ document: "second" }, { document: DOCUMENT, layer: "other" }, { document: "theirs" }]) {
        const socket = await testSocket(api.url);
        socket.send({ type: "hello", sid: "attack-attack", token, since: -1, ...wanted });
        expect(await socket.until("bye", isBye), JSON.stringify(wanted)).toMatchObject({ code: "not_found" });
      }
      for (const path of ["/viewer/documents", "/viewer/sessions", "/viewer/tokens", "/viewer/public_keys", "/viewer/usage"])
        expect(await status(path), path).toBe(401);
    }
  });

  it("is not replaced on an open socket by one that is forged or for another document", async () => {
    const renewals = [
      await foreign.sign(claims(), { kid: registered["ES256"]!.id }),
      await signers.ES256.sign(claims({ document_id: "second" })),
      withSignature(minted.jwt, Buffer.alloc(64)),
    ];
    for (const token of renewals) {
      const socket = await testSocket(api.url);
      await socket.hello(minted.jwt);
      socket.send({ type: "auth", token });
      expect(["invalid_token", "not_found"]).toContain((await socket.until("bye", isBye)).code);
    }
  });
});

describe("an image grant", () => {
  it("is good for its own document, layer and pages while its session lives, and is not moved to another", async () => {
    const open = (token: string, document?: string) =>
      api.json<Opened>("/viewer/open", { credential: null, json: { token, ...(document === undefined ? {} : { document }) } });
    const session = await api.session(DOCUMENT);
    const both = await api.json<MintedSession>("/viewer/sessions", {
      json: { allowed_documents: [{ document_id: DOCUMENT }, { document_id: "second" }] },
    });
    const [mine, first, second] = [await open(session.jwt), await open(both.jwt, DOCUMENT), await open(both.jwt, "second")];
    const grantOf = ({ images }: Opened): string => images.page.split("/")[3]!;
    const status = async (grant: string, source: string, index = 0) =>
      (await api.request(`/viewer/i/${grant}/${source}/${index}/_/320.webp`, { credential: null })).status;
    const grant = grantOf(mine);
    sent.add(grant);
    expect(await status(grant, mine.source)).toBe(200);
    expect(await status(grant, mine.source, 1)).toBe(404);
    expect(await status(grant, "0".repeat(64))).toBe(404);
    const [id, mac] = grant.split(".") as [string, string];
    const [otherId, otherMac] = grantOf(second).split(".") as [string, string];
    for (const forged of [
      `${otherId}.${mac}`,
      `${id}.${otherMac}`,
      `${id}.`,
      id,
      `${id}.${mac.slice(0, -1)}`,
      `${id}.${"A".repeat(43)}`,
      `.${mac}`,
      "..",
      session.jwt,
    ])
      expect(await status(forged, mine.source), forged.slice(0, 30)).toBe(404);
    expect(grantOf(first)).not.toBe(grantOf(second));
    await api.json(`/viewer/sessions/${session.session_id}`, { method: "DELETE" });
    expect(await status(grant, mine.source)).toBe(401);
    expect(await status(grant, "0".repeat(64))).toBe(401);
  });
});

describe("the log", () => {
  it("holds nothing of the credentials that were tried, and no fault", () => {
    const log = api.logs.join("");
    expect(sent.size).toBeGreaterThan(400);
    const told = [...sent].flatMap((secret) => secret.split(/[.=: ]/)).filter((part) => part.length > 20 && log.includes(part));
    expect(told).toEqual([]);
    for (const secret of [api.apiKey, other.apiKey, ...Object.values(signers).map(({ privatePem }) => privatePem.split("\n")[1]!)])
      expect(log).not.toContain(secret);
    expect(api.logs.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
    expect(api.logs.length).toBeGreaterThan(sent.size);
  });
});
