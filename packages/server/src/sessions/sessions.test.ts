import { ApiError } from "@lectern/protocol/plain";
import { createHmac } from "node:crypto";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Database, systemRandom } from "../ports.ts";
import { serverSecret } from "../secret.ts";
import { testDatabase } from "../testing/test-database.ts";
import { publicKeys } from "../public-keys/public-keys.ts";
import { appTokens } from "./app-token.ts";
import { imageGrants } from "./grants.ts";
import { passwordContext, type Session } from "./session.ts";
import { sessions } from "./sessions.ts";
import { sessionTokens } from "./token.ts";

const START = Date.UTC(2026, 0, 1);
const secret = serverSecret(new Uint8Array(32).fill(7));

let shared: Database;
beforeAll(async () => {
  shared = await testDatabase();
});
afterAll(() => shared.close());

async function setUp({ database = shared }: { database?: Database } = {}) {
  const clock = { time: START, now: () => clock.time, setTimeout: () => () => {} };
  const tokens = await sessionTokens({ database, clock, random: systemRandom, issuer: () => "http://lectern.test" });
  const counted: string[] = [];
  const made = sessions({
    database,
    clock,
    random: systemRandom,
    secret,
    tokens,
    appTokens: appTokens({ keys: publicKeys({ database, clock, random: systemRandom }), clock, publicUrl: () => "http://lectern.test" }),
    checkDocument: async ({ documentId, password }) => {
      if (password === "wrong") throw new ApiError("wrong_password");
      return documentId !== "missing";
    },
    countOpened: async (session) => void counted.push(session.id),
  });
  return { database, clock, tokens, sessions: made, counted };
}

const one = { allowed_documents: [{ document_id: "doc" }] };
const failing = (code: string) => expect.objectContaining({ name: "ApiError", code });

test("a minted token names its session, which holds the rights", async () => {
  const { sessions } = await setUp();
  const { jwt, session } = await sessions.mint("app", {
    user_id: "mia",
    creator_name: "Mia",
    allowed_origins: ["https://app.example.com/"],
    allowed_documents: [
      { document_id: "doc", document_permissions: ["read-document", "read", "download", "cover-image"], layer: "review", group: "team" },
    ],
  });
  const claims = JSON.parse(Buffer.from(jwt.split(".")[1]!, "base64url").toString()) as object;
  expect(claims).toEqual({ iss: "http://lectern.test", aud: "lectern", jti: session.id, iat: START / 1000, exp: START / 1000 + 3600 });
  expect(await sessions.authenticate(jwt)).toEqual({
    id: session.id,
    applicationId: "app",
    userId: "mia",
    creatorName: "Mia",
    allowedOrigins: ["https://app.example.com"],
    documents: [
      {
        documentId: "doc",
        layer: "review",
        permissions: ["read", "download", "cover"],
        collaboration: null,
        group: "team",
        sealedPassword: null,
      },
    ],
    createdAt: START,
    expiresAt: START + 3_600_000,
    revokedAt: null,
    publicKeyId: null,
  });
});

test.each([
  ["an unknown document", { allowed_documents: [{ document_id: "missing" }] }, "not_found", "$.allowed_documents[0].document_id"],
  [
    "self without a user",
    { allowed_documents: [{ document_id: "doc", collaboration_permissions: ["annotations:edit:self"] }] },
    "invalid_parameters",
    "$.allowed_documents[0].collaboration_permissions",
  ],
  ["more than a day and five minutes", { ...one, exp: START / 1000 + 86_400 + 301 }, "invalid_parameters", "$.exp"],
  ["an expiry in the past", { ...one, exp: START / 1000 }, "invalid_parameters", "$.exp"],
  ["two expiries", { ...one, exp: START / 1000 + 60, expires_in: 60 }, "invalid_parameters", "$.expires_in"],
  ["an origin with a path", { ...one, allowed_origins: ["https://app.example.com/x"] }, "invalid_parameters", "$.allowed_origins[0]"],
  ["an origin that is none", { ...one, allowed_origins: ["file:///x"] }, "invalid_parameters", "$.allowed_origins[0]"],
])("minting with %s is refused and names the place", async (_, request, code, path) => {
  const { sessions } = await setUp();
  await expect(sessions.mint("refused", request)).rejects.toThrow(
    expect.objectContaining({ code, failingPaths: [expect.objectContaining({ path })] }),
  );
  expect(await sessions.list("refused", { limit: 10, until: null, documentId: null })).toEqual([]);
});

test("a day and five minutes ahead is granted", async () => {
  const { sessions } = await setUp();
  expect((await sessions.mint("app", { ...one, exp: START / 1000 + 86_400 + 300 })).session.expiresAt).toBe(START + 86_700_000);
});

test("a password proved at minting is kept sealed only", async () => {
  const { sessions, database } = await setUp();
  await expect(sessions.mint("app", { allowed_documents: [{ document_id: "doc", password: "wrong" }] })).rejects.toThrow(
    failing("wrong_password"),
  );
  const { session } = await sessions.mint("app", { allowed_documents: [{ document_id: "doc", password: "open sesame" }] });
  expect(JSON.stringify(await database.query("SELECT * FROM sessions"))).not.toContain("sesame");
  expect(secret.unseal(session.documents[0]!.sealedPassword!, passwordContext("app", "doc"))).toBe("open sesame");
  expect(secret.unseal(session.documents[0]!.sealedPassword!, passwordContext("app", "other"))).toBeNull();
});

test("a session ends at its expiry and at its revocation, once", async () => {
  const { sessions, clock } = await setUp();
  const ended: string[] = [];
  sessions.onRevoked((id) => ended.push(id));
  const first = await sessions.mint("app", { ...one, expires_in: 60 });
  const second = await sessions.mint("app", one);
  await sessions.authenticate(second.jwt);
  await expect(sessions.revoke("other app", second.session.id)).rejects.toThrow(failing("not_found"));
  const revoked = await sessions.revoke("app", second.session.id);
  clock.time += 10_000;
  expect((await sessions.revoke("app", second.session.id)).revokedAt).toBe(revoked.revokedAt);
  expect(ended).toEqual([second.session.id]);
  await expect(sessions.authenticate(second.jwt)).rejects.toThrow(failing("session_revoked"));
  await sessions.authenticate(first.jwt);
  clock.time += 60_000;
  await expect(sessions.authenticate(first.jwt)).rejects.toThrow(failing("token_expired"));
  await expect(sessions.live(first.session.id)).rejects.toThrow(failing("token_expired"));
});

test("a revocation on another node is noticed within five seconds", async () => {
  const { sessions: here, database, clock } = await setUp();
  const { sessions: there } = await setUp({ database });
  const { session, jwt } = await here.mint("app", one);
  await here.authenticate(jwt);
  await there.revoke("app", session.id);
  clock.time += 4000;
  await expect(here.authenticate(jwt)).rejects.toThrow(failing("session_revoked"));
});

test("sessions are listed newest first, in pages, for one application and one document", async () => {
  const { sessions, clock } = await setUp();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    clock.time += 1000;
    ids.unshift((await sessions.mint("listed", { allowed_documents: [{ document_id: i === 2 ? "a_b" : "aXb" }] })).session.id);
  }
  await sessions.mint("other", one);
  const first = await sessions.list("listed", { limit: 3, until: null, documentId: null });
  const rest = await sessions.list("listed", { limit: 3, until: first.at(-1)!, documentId: null });
  expect([...first, ...rest].map(({ id }) => id)).toEqual(ids);
  expect((await sessions.list("listed", { limit: 3, until: null, documentId: "a_b" })).map(({ id }) => id)).toEqual([ids[2]]);
});

test("opening counts a session", async () => {
  const { sessions, counted } = await setUp();
  const { session } = await sessions.mint("app", {});
  await sessions.opened(session);
  await sessions.opened(session);
  expect(counted).toEqual([session.id]);
});

test("tokens of an earlier start are still good, those of another server are not", async () => {
  const { sessions, database } = await setUp();
  const { jwt } = await sessions.mint("app", one);
  expect((await (await setUp({ database })).sessions.authenticate(jwt)).applicationId).toBe("app");
  const elsewhere = await testDatabase();
  onTestFinished(() => elsewhere.close());
  await expect((await setUp({ database: elsewhere })).sessions.authenticate(jwt)).rejects.toThrow(failing("invalid_token"));
});

interface Attacked {
  readonly jwt: string;
  readonly kid: string;
  readonly session: Session;
  readonly database: Database;
}
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const partsOf = (jwt: string): [string, string, string] => jwt.split(".") as [string, string, string];
const claimsFor = (session: Session) => ({
  iss: "http://lectern.test",
  aud: "lectern",
  jti: session.id,
  iat: START / 1000,
  exp: START / 1000 + 3600,
});

async function signedBy(header: object, { session }: Attacked, claims: object = {}): Promise<string> {
  const { privateKey } = await generateKeyPair("EdDSA");
  return new SignJWT({ ...claimsFor(session), ...claims }).setProtectedHeader({ alg: "EdDSA", ...header }).sign(privateKey);
}

/** With the server's own key: as if it had made a mistake. */
async function signedByUs({ database, kid, session }: Attacked, claims: object): Promise<string> {
  const [row] = await database.query<{ private_jwk: string }>("SELECT private_jwk FROM signing_keys");
  const key = await crypto.subtle.importKey("jwk", JSON.parse(row!.private_jwk) as JWK, "Ed25519", false, ["sign"]);
  return new SignJWT({ ...claimsFor(session), ...claims }).setProtectedHeader({ alg: "EdDSA", kid }).sign(key);
}

test.each<[string, (target: Attacked) => string | Promise<string>]>([
  ["alg none", ({ jwt }) => `${encode({ alg: "none" })}.${partsOf(jwt)[1]}.`],
  ["alg none with our kid", ({ jwt, kid }) => `${encode({ alg: "none", kid })}.${partsOf(jwt)[1]}.`],
  ["alg None", ({ jwt, kid }) => `${encode({ alg: "None", kid })}.${partsOf(jwt)[1]}.`],
  [
    "our public key as an HMAC secret",
    async ({ jwt, kid, database }) => {
      const [row] = await database.query<{ public_jwk: string }>("SELECT public_jwk FROM signing_keys");
      const start = `${encode({ alg: "HS256", kid })}.${partsOf(jwt)[1]}`;
      return `${start}.${createHmac("sha256", Buffer.from((JSON.parse(row!.public_jwk) as { x: string }).x, "base64url"))
        .update(start)
        .digest("base64url")}`;
    },
  ],
  [
    "tampered claims",
    ({ jwt }) =>
      `${partsOf(jwt)[0]}.${encode({ aud: "lectern", exp: 9_999_999_999, iss: "http://lectern.test", jti: "x" })}.${partsOf(jwt)[2]}`,
  ],
  ["a signature cut off", ({ jwt }) => jwt.slice(0, -10)],
  ["no signature", ({ jwt }) => `${partsOf(jwt)[0]}.${partsOf(jwt)[1]}.`],
  ["an unknown kid", (target) => signedBy({ kid: "nobody" }, target)],
  ["no kid", (target) => signedBy({}, target)],
  ["a foreign key under our kid", (target) => signedBy({ kid: target.kid }, target)],
  [
    "a key in the header",
    async (target) => {
      const { privateKey, publicKey } = await generateKeyPair("EdDSA");
      const jwk = await exportJWK(publicKey);
      return new SignJWT(claimsFor(target.session)).setProtectedHeader({ alg: "EdDSA", kid: target.kid, jwk }).sign(privateKey);
    },
  ],
  ["a URL of keys in the header", (target) => signedBy({ kid: target.kid, jku: "http://127.0.0.1:1/keys" }, target)],
  ["a certificate's URL in the header", (target) => signedBy({ kid: target.kid, x5u: "http://127.0.0.1:1/cert" }, target)],
  ["another issuer", (target) => signedByUs(target, { iss: "http://other.test" })],
  ["another audience", (target) => signedByUs(target, { aud: "somebody" })],
  ["a session that does not exist", (target) => signedByUs(target, { jti: "01aaaaaaaaaaaaaaaaaaaaaaaa" })],
  ["no session", (target) => signedByUs(target, { jti: undefined })],
  ["no expiry", (target) => signedByUs(target, { exp: undefined })],
  ["not a token", () => "a.b.c"],
  ["nothing", () => ""],
])("a token with %s is refused", async (_, forge) => {
  const { sessions, database } = await setUp();
  const { jwt, session } = await sessions.mint("app", one);
  const { kid } = JSON.parse(Buffer.from(partsOf(jwt)[0], "base64url").toString()) as { kid: string };
  const forged = await forge({ jwt, kid, session, database });
  await expect(sessions.authenticate(forged)).rejects.toThrow(failing("invalid_token"));
});

test("an expired token is told so, even when its session lives on", async () => {
  const { sessions, database } = await setUp();
  const { jwt, session } = await sessions.mint("app", one);
  const { kid } = JSON.parse(Buffer.from(partsOf(jwt)[0], "base64url").toString()) as { kid: string };
  const old = await signedByUs({ jwt, kid, session, database }, { exp: START / 1000 - 60 });
  await expect(sessions.authenticate(old)).rejects.toThrow(failing("token_expired"));
});

test("a grant opens its own document and layer, and dies with its session", async () => {
  const { sessions, clock } = await setUp();
  const grants = imageGrants({ secret, sessions });
  const { session } = await sessions.mint("app", {
    allowed_documents: [{ document_id: "a" }, { document_id: "b", layer: "x" }, { document_id: "c", permissions: ["write"] }],
  });
  const other = (await sessions.mint("app", one)).session;
  const [a, b, c] = session.documents;
  for (let i = 0; i < 2; i++) expect((await grants.verify(grants.make(session, b!))).document).toEqual(b);
  const grant = grants.make(session, a!);
  const forged = [
    grant.replace(session.id, other.id),
    grant.slice(0, -1),
    `${grant.slice(0, -2)}AA`,
    grants.make(session, c!),
    "",
    ".",
    session.id,
    `${session.id}.`,
    `nobody.${grant.split(".")[1]}`,
    grants.make(session, { ...a!, documentId: "z" }),
    grants.make(session, { ...a!, layer: "other" }),
  ];
  for (const wrong of forged) await expect(grants.verify(wrong), wrong).rejects.toThrow(failing("not_found"));
  await sessions.revoke("app", session.id);
  await expect(grants.verify(grant)).rejects.toThrow(failing("session_revoked"));
  clock.time += 7_200_000;
  await expect(grants.verify(grants.make(other, other.documents[0]!))).rejects.toThrow(failing("token_expired"));
});
