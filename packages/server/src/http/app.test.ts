import { Agent, request } from "node:http";
import { connect } from "node:net";
import { operations as listed, pathsOf } from "@lectern/protocol/openapi";
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testSocket } from "../testing/test-socket.ts";
import { type RequestOptions, TEST_KEY, type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
let document: string;
beforeAll(async () => {
  api = await testServer();
  document = (await api.upload(pagesPdf(1))).id;
});
afterAll(() => api.close());

async function problem(path: string, options: RequestOptions = {}) {
  const response = await api.request(path, options);
  expect(response.headers.get("content-type"), `${response.status}`).toMatch(/^application\/problem\+json/);
  const body = (await response.json()) as Record<string, unknown>;
  expect(body).toMatchObject({
    status: response.status,
    title: expect.any(String) as string,
    detail: body["message"],
    requestId: response.headers.get("x-request-id"),
  });
  return { ...body, headers: response.headers } as Record<string, unknown> & { status: number; code: string; headers: Headers };
}

/** Bytes as they are, for what `fetch` would not send. */
async function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(api.url);
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on("data", (data) => (answer += data.toString()));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

/** One request over the agent's connection. */
function over(agent: Agent, path: string, body?: Buffer): Promise<{ readonly status: number; readonly port: number | undefined }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${TEST_KEY}`, ...(body === undefined ? {} : { "content-type": "application/pdf" }) };
    const sent = request(`${api.url}${path}`, { agent, headers, method: body === undefined ? "GET" : "POST" }, (response) => {
      const port = response.socket.localPort;
      response.on("end", () => resolve({ status: response.statusCode!, port })).resume();
    });
    sent.on("error", reject).end(body);
  });
}

describe("a body that is refused before its end", () => {
  it("leaves its connection to the next request", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const refused = await over(agent, "/viewer/documents", Buffer.alloc(3_000_000));
    expect(refused.status).toBe(422);
    const next = await over(agent, `/viewer/documents/${document}`);
    expect(next).toEqual({ status: 200, port: refused.port });
    agent.destroy();
  });
});

describe("the surface", () => {
  it("has every operation at all its addresses, with and without a slash at the end", async () => {
    for (const [name, operation] of listed()) {
      for (const path of pathsOf(operation)) {
        const url = path
          .replace("{file}", "640.webp")
          .replace("{blob}", "0".repeat(64))
          .replace("{variant}", "_")
          .replace(/\{\w*[iI]ndex\}/g, "0")
          .replace(/\{\w+\}/g, "x");
        for (const slash of ["", "/"]) {
          const response = await api.request(`${url}${slash}`, { method: operation.method, credential: null });
          expect([200, 400, 401, 404], `${name} ${operation.method} ${url}${slash}`).toContain(response.status);
          const text = await response.text();
          expect(text, `${name} ${url}`).not.toContain("There is no such route");
        }
      }
    }
  });

  it.each([
    ["/nothing", 404],
    ["/viewer", 404],
    ["/viewer/nothing/at/all", 404],
    ["/viewer/documents/a/b/c/d/e/f", 404],
    ["/viewer/documents/%ff", 400],
    ["/viewer/documents/%zz", 400],
    ["/viewer/documents/..%2f..%2fetc%2fpasswd", 404],
    ["/dashboard/%2e%2e/%2e%2e/package.json", 404],
    ["/viewer/documents/a%00b", 404],
    ["/viewer/documents/%F0%9F%92%A9", 404],
    ["/viewer/documents/con", 404],
  ])("answers %s with a problem and %i", async (path, status) => {
    expect(await problem(path)).toMatchObject({ status });
  });

  it("answers a path that is too long with a problem", async () => {
    expect(await problem(`/viewer/documents/${"x".repeat(3000)}`)).toMatchObject({ status: 400 });
  });

  it("names the methods that a path has when another one is used", async () => {
    const refused = await problem("/viewer/documents", { method: "PUT" });
    expect(refused).toMatchObject({ status: 405, code: "method_not_allowed" });
    expect(refused.headers.get("allow")).toBe("POST, GET, DELETE, HEAD, OPTIONS");
  });

  it("answers HEAD like GET, without a body", async () => {
    const head = await api.request(`/viewer/documents/${document}`, { method: "HEAD" });
    const get = await api.request(`/viewer/documents/${document}`);
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([
      200,
      String(Buffer.byteLength(await get.text())),
      "",
    ]);
  });

  it("takes the request's id when it is one, and makes one otherwise", async () => {
    const idOf = async (given: string) => (await api.request("/livez", { headers: { "x-request-id": given } })).headers.get("x-request-id");
    expect(await idOf("my-request.1")).toBe("my-request.1");
    for (const odd of ["a b", "x".repeat(200), '"><script>']) expect(await idOf(odd)).toMatch(/^[0-9a-z]{26}$/);
  });

  it("accepts GET and DELETE that say JSON and have no body", async () => {
    const headers = { "content-type": "application/json" };
    expect((await api.request(`/viewer/documents/${document}`, { headers })).status).toBe(200);
    expect((await api.request("/viewer/sessions/nobody", { method: "DELETE", headers })).status).toBe(404);
  });

  it("answers what is not HTTP with a problem, and hangs up", async () => {
    expect(await raw("NOT HTTP\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json.*"code":"bad_request"/s);
    expect(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${"x".repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it("tells of its state", async () => {
    for (const path of ["/livez", "/readyz", "/healthcheck"]) expect(await api.json(path, { credential: null })).toEqual({ status: "ok" });
  });

  it("describes itself", async () => {
    const description = await api.json<{ openapi: string; paths: object }>("/openapi.json", { credential: null });
    expect(description.openapi).toBe("3.1.0");
    expect(Object.keys(description.paths)).toContain("/viewer/documents/{documentId}/annotations");
  });
});

describe("bodies", () => {
  const post = (body: string | Uint8Array, headers: Readonly<Record<string, string>> = { "content-type": "application/json" }) =>
    problem("/viewer/sessions", { body, headers });

  it.each<[string, string | Uint8Array, string]>([
    ["not JSON", "{", "bad_request"],
    ["a word", "hello", "bad_request"],
    ["not UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), "bad_request"],
    ["nested very deep", "[".repeat(100_000), "bad_request"],
    ["a prototype", '{"__proto__":{"user_id":"x"}}', "bad_request"],
    ["an array", "[]", "invalid_parameters"],
    ["null", "null", "invalid_parameters"],
    ["a number", "1e999", "invalid_parameters"],
    ["wrong types", '{"user_id":7,"allowed_documents":{}}', "invalid_parameters"],
    ["an empty list", '{"allowed_documents":[]}', "invalid_parameters"],
    ["an unknown permission", `{"allowed_documents":[{"document_id":"a","permissions":["all"]}]}`, "invalid_parameters"],
    [
      "a permission outside the grammar",
      `{"allowed_documents":[{"document_id":"a","collaboration_permissions":["annotations:fill:all"]}]}`,
      "invalid_parameters",
    ],
    ["an expiry beyond all time", '{"exp":9007199254740991}', "invalid_parameters"],
  ])("with %s are refused", async (_, body, code) => {
    expect(await post(body)).toMatchObject({ status: 400, code });
  });

  it("name each place that is wrong", async () => {
    const refused = await post('{"user_id":7,"allowed_documents":[{"document_id":"a/b"}]}');
    expect(refused["failingPaths"]).toEqual([
      { path: "$.allowed_documents[0].document_id", details: expect.any(String) as string },
      { path: "$.user_id", details: expect.any(String) as string },
    ]);
  });

  it("of another type are refused, too large ones before they have come", async () => {
    expect(await post("<a/>", { "content-type": "application/xml" })).toMatchObject({ status: 415, code: "unsupported_media_type" });
    expect(await post(new Uint8Array(33_000_000))).toMatchObject({ status: 413, code: "too_large" });
  });

  it("of uploads may not be larger than the limit", async () => {
    const small = await testServer({ env: { LECTERN_MAX_UPLOAD_BYTES: "5000" } });
    try {
      const refused = await small.request("/viewer/documents", { body: pagesPdf(20) });
      expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([413, "too_large"]);
      expect(await small.json("/viewer/documents")).toMatchObject({ document_count: 0 });
    } finally {
      await small.close();
    }
  });
});

describe("queries", () => {
  it.each([
    "page_size=0",
    "page_size=x",
    "page_size=1&page_size=2",
    "order_by=size",
    "cursor=abc",
    "count_remaining=maybe",
    "title[]=a&page_size=-1",
  ])("like ?%s are refused", async (query) => {
    expect(await problem(`/viewer/documents?${query}`)).toMatchObject({ status: 400, code: "invalid_parameters" });
  });
});

describe("credentials", () => {
  const code = async (path: string, options: RequestOptions) => (await problem(path, options)).code;
  const withHeader = (authorization: string): RequestOptions => ({ credential: null, headers: { authorization } });

  it.each([
    `Bearer ${TEST_KEY}`,
    `bearer ${TEST_KEY}`,
    `Token token="${TEST_KEY}"`,
    `Token token=${TEST_KEY}`,
    `Token ${TEST_KEY}`,
    `token token = "${TEST_KEY}", nonce="1"`,
  ])("are taken as %s", async (header) => {
    expect((await api.request("/api/documents", withHeader(header))).status).toBe(200);
  });

  it.each([
    ["", "unauthorized"],
    ["Basic dXNlcjpwYXNz", "unauthorized"],
    ["Bearer", "unauthorized"],
    ["Bearer x", "unauthorized"],
    ["Bearer lct_live_nobody", "invalid_key"],
    [`Bearer ${TEST_KEY}x`, "invalid_key"],
    ["Bearer lct_test_'OR/**/1=1--", "invalid_key"],
    ["Bearer a.b.c", "wrong_credential"],
    [`Bearer ${TEST_KEY} more words`, "unauthorized"],
  ])("like %j are refused with %s", async (header, expected) => {
    const refused = await problem("/viewer/documents", header === "" ? { credential: null } : withHeader(header));
    expect(refused).toMatchObject({ status: 401, code: expected });
    expect(refused.headers.get("www-authenticate")).toContain("Bearer");
  });

  it("of the wrong kind are told which kind they are", async () => {
    const { jwt } = await api.session(document);
    expect(await problem("/viewer/documents", { credential: jwt })).toMatchObject({
      code: "wrong_credential",
      detail: expect.stringContaining("session token") as string,
    });
    expect(await problem("/viewer/open", { credential: null, body: JSON.stringify({ token: TEST_KEY }) })).toMatchObject({
      code: "wrong_credential",
      detail: expect.stringContaining("API key") as string,
    });
    expect(await problem("/admin/applications")).toMatchObject({ code: "wrong_credential" });
    expect(await code(`/viewer/documents/${document}/annotations`, { credential: "a.b.c" })).toBe("invalid_token");
  });

  it("with a narrow scope do only that", async () => {
    const made = async (scope: "read" | "upload") => (await api.server.keys.create("default", { name: scope, scope, mode: "test" })).key;
    const [read, upload] = [await made("read"), await made("upload")];
    expect((await api.request(`/viewer/documents/${document}/annotations`, { credential: read })).status).toBe(200);
    expect((await api.request(`/viewer/documents/${document}/pdf`, { credential: read })).status).toBe(200);
    for (const [path, options] of [
      ["/viewer/documents", { body: pagesPdf(1) }],
      ["/viewer/sessions", { json: {} }],
      [`/viewer/documents/${document}`, { method: "DELETE" }],
      [`/viewer/documents/${document}/annotations`, { method: "DELETE", json: { annotationIds: "all" } }],
    ] as const) {
      expect(await code(path, { ...options, credential: read }), path).toBe("forbidden");
    }
    expect((await api.request("/viewer/documents", { body: pagesPdf(1), credential: upload })).status).toBe(200);
    expect(await code("/viewer/documents", { credential: upload })).toBe("forbidden");
    expect(await code("/viewer/sessions", { json: {}, credential: upload })).toBe("forbidden");
  });

  it("that were revoked open nothing", async () => {
    const { apiKey, key } = await api.server.keys.create("default", { name: "short", scope: "all", mode: "live" });
    expect((await api.request("/viewer/documents", { credential: key })).status).toBe(200);
    await api.server.keys.revoke("default", apiKey.id);
    expect(await code("/viewer/documents", { credential: key })).toBe("invalid_key");
  });
});

describe("browsers of other origins", () => {
  const page = "https://app.example.com";
  const asked = (path: string, options: RequestOptions = {}) =>
    api.request(path, { ...options, headers: { origin: page, ...options.headers } });

  it("may use tokens, and may not read what a key gets", async () => {
    const { jwt } = await api.session(document);
    const path = `/viewer/documents/${document}/annotations`;
    const preflight = await asked(path, {
      method: "OPTIONS",
      credential: null,
      headers: { "access-control-request-method": "POST", "access-control-request-headers": "authorization,idempotency-key" },
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
    expect(preflight.headers.get("access-control-allow-methods")).toContain("POST");
    expect(preflight.headers.get("access-control-allow-headers")).toContain("idempotency-key");
    const withToken = await asked(path, { credential: jwt });
    expect([
      withToken.status,
      withToken.headers.get("access-control-allow-origin"),
      withToken.headers.get("cross-origin-resource-policy"),
    ]).toEqual([200, "*", "cross-origin"]);
    expect(withToken.headers.has("access-control-allow-credentials")).toBe(false);
    const withKey = await asked(path);
    expect([
      withKey.status,
      withKey.headers.get("access-control-allow-origin"),
      withKey.headers.get("cross-origin-resource-policy"),
    ]).toEqual([200, null, "same-origin"]);
    const keyOnly = await asked("/viewer/documents", { method: "OPTIONS", credential: null });
    expect(keyOnly.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("can read why a token is refused", async () => {
    const refused = await asked(`/viewer/documents/${document}/annotations`, { credential: "a.b.c" });
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([401, "*"]);
  });

  it("are bound to the session's list of origins, else to the application's", async () => {
    const path = `/viewer/documents/${document}/annotations`;
    const listed = await api.session(document, { allowed_origins: [page] });
    const allowed = await asked(path, { credential: listed.jwt });
    expect([allowed.status, allowed.headers.get("access-control-allow-origin"), allowed.headers.get("vary")]).toEqual([
      200,
      page,
      "origin, accept",
    ]);
    for (const origin of ["https://evil.example", "null", `${page}.evil.example`, "http://app.example.com"]) {
      const refused = await api.request(path, { credential: listed.jwt, headers: { origin } });
      expect([refused.status, ((await refused.json()) as { code: string }).code], origin).toEqual([403, "origin_not_allowed"]);
      const opened = await api.request("/viewer/open", {
        credential: null,
        body: JSON.stringify({ token: listed.jwt }),
        headers: { origin },
      });
      expect(opened.status, origin).toBe(403);
    }
    expect((await api.request(path, { credential: listed.jwt })).status).toBe(200);
    expect((await api.request(path, { credential: listed.jwt, headers: { origin: api.url } })).status).toBe(200);
  });
});

describe("too many requests", () => {
  it("are refused for a while, each key and address by itself", async () => {
    const strict = await testServer({ env: { LECTERN_LIMIT_REQUESTS_PER_SECOND: "1" } });
    try {
      const first = await strict.request("/viewer/documents");
      expect([first.status, first.headers.get("ratelimit-limit"), first.headers.get("ratelimit-remaining")]).toEqual([200, "10", "9"]);
      expect(first.headers.get("ratelimit-policy")).toBe('"requests";q=10;w=10');
      expect(first.headers.get("ratelimit")).toMatch(/^"requests";r=9;t=\d+$/);
      const answers = await Promise.all(Array.from({ length: 15 }, () => strict.request("/viewer/documents")));
      const refused = answers.find(({ status }) => status === 429)!;
      expect(await refused.json()).toMatchObject({ code: "rate_limited" });
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      const { key } = await strict.server.keys.create("default", { name: "other", scope: "all", mode: "test" });
      expect((await strict.request("/viewer/documents", { credential: key })).status).toBe(200);
      const guesses = await Promise.all(
        Array.from({ length: 15 }, (_, i) => strict.request("/viewer/documents", { credential: `lct_test_guess${i}` })),
      );
      expect(guesses.map(({ status }) => status)).toContain(429);
      strict.advance(20_000);
      expect((await strict.request("/viewer/documents")).status).toBe(200);
    } finally {
      await strict.close();
    }
  });
});

describe("the dashboard's sign-in", () => {
  const own = () => ({ origin: api.url });
  const admin = (path: string, options: RequestOptions & { cookie?: string } = {}) =>
    api.request(`/admin${path}`, {
      credential: null,
      ...options,
      headers: { ...own(), ...(options.cookie === undefined ? {} : { cookie: options.cookie }), ...options.headers },
    });
  const cookieOf = (response: Response): string => response.headers.get("set-cookie")!.split(";")[0]!;
  const person = { email: "ann@example.com", name: "Ann", password: "correct horse battery" };
  let cookie: string;

  it("is claimed by the printed link only, once", async () => {
    expect(await (await admin("/me")).json()).toEqual({ account: null, needsSetup: true });
    expect((await admin("/sign-in", { json: { email: person.email, password: person.password } })).status).toBe(401);
    expect((await admin("/link", { json: { token: "guess", ...person } })).status).toBe(401);
    const token = await api.server.accounts.createLink();
    expect((await admin("/link", { json: { token } })).status).toBe(400);
    const used = await admin("/link", { json: { token, ...person } });
    expect(await used.json()).toMatchObject({ account: { email: person.email, name: "Ann" } });
    expect(used.headers.get("set-cookie")).toMatch(/^lectern_account=[\w-]{20,}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    cookie = cookieOf(used);
    expect((await admin("/link", { json: { token, ...person } })).status).toBe(401);
    expect(await (await admin("/me", { cookie })).json()).toMatchObject({ account: { email: person.email }, needsSetup: false });
  });

  it("opens applications and keys; a key is shown once", async () => {
    const app = (await (await admin("/applications", { cookie, json: { name: "Second" } })).json()) as { data: { id: string } };
    const origins = await admin(`/applications/${app.data.id}`, {
      cookie,
      method: "PATCH",
      json: { allowed_origins: ["https://a.example/"] },
    });
    expect(await origins.json()).toMatchObject({ data: { name: "Second", allowed_origins: ["https://a.example"] } });
    expect((await admin(`/applications/${app.data.id}`, { cookie, method: "PATCH", json: { allowed_origins: ["nowhere"] } })).status).toBe(
      400,
    );
    const made = (await (await admin(`/applications/${app.data.id}/keys`, { cookie, json: { name: "k", scope: "read" } })).json()) as {
      data: { id: string };
      key: string;
    };
    expect((await api.request("/viewer/documents", { credential: made.key })).status).toBe(200);
    const listed = await (await admin(`/applications/${app.data.id}/keys`, { cookie })).text();
    expect(listed).toContain(made.data.id);
    expect(listed).not.toContain(made.key);
    expect((await admin(`/applications/${app.data.id}/keys/${made.data.id}`, { cookie, method: "DELETE" })).status).toBe(200);
    expect((await api.request("/viewer/documents", { credential: made.key })).status).toBe(401);
    expect((await admin("/applications/nobody/keys", { cookie })).status).toBe(404);
  });

  it("opens the product's routes for the application that is named", async () => {
    const inApp = (application: string, options: RequestOptions = {}) =>
      api.request("/viewer/documents", {
        credential: null,
        ...options,
        headers: { ...own(), cookie, "lectern-application": application, ...options.headers },
      });
    expect(await (await inApp("default")).json()).toMatchObject({ document_count: expect.any(Number) as number });
    expect((await inApp("nobody")).status).toBe(404);
    expect((await inApp("default", { body: pagesPdf(1), method: "POST" })).status).toBe(200);
    expect((await api.request("/viewer/documents", { credential: null, headers: { cookie } })).status).toBe(401);
    expect((await inApp("default", { headers: { cookie: "lectern_account=guess" } })).status).toBe(401);
  });

  it("is of no use to other people's pages", async () => {
    const evil = { origin: "https://evil.example" };
    for (const [path, options] of [
      ["/admin/sign-out", { method: "POST" }],
      ["/admin/applications", { json: { name: "x" } }],
      ["/admin/sign-in", { json: { email: person.email, password: person.password } }],
      ["/viewer/documents", { body: pagesPdf(1), headers: { "lectern-application": "default" } }],
    ] as const) {
      const response = await api.request(path, {
        ...options,
        credential: null,
        headers: { ...(options as RequestOptions).headers, cookie, ...evil },
      });
      expect([response.status, ((await response.json()) as { code: string }).code], path).toEqual([403, "origin_not_allowed"]);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    }
    expect((await api.request("/admin/sign-out", { method: "POST", credential: null, headers: { cookie } })).status).toBe(403);
    expect((await admin("/me", { cookie })).headers.get("access-control-allow-origin")).toBeNull();
  });

  it("is slowed down for who guesses", async () => {
    const guess = () => admin("/sign-in", { json: { email: person.email, password: "wrong password" } });
    const answers: number[] = [];
    for (let i = 0; i < 12; i++) answers.push((await guess()).status);
    expect(new Set(answers)).toEqual(new Set([401, 429]));
    expect((await guess()).headers.get("retry-after")).not.toBeNull();
    api.advance(3_600_000);
    expect((await admin("/sign-in", { json: { email: person.email, password: person.password } })).status).toBe(200);
  });

  it("ends", async () => {
    const out = await admin("/sign-out", { cookie, method: "POST" });
    expect(out.headers.get("set-cookie")).toMatch(/^lectern_account=; .*Max-Age=0/);
    expect((await admin("/applications", { cookie })).status).toBe(401);
  });
});

describe("the log", () => {
  /** Each secret in every place of a WebSocket frame, right and wrong; the last one ends the socket. */
  async function framesWith(secrets: readonly string[], token: string): Promise<void> {
    for (const secret of secrets) {
      const socket = await testSocket(api.url);
      await socket.hello(token, { password: "marker-password" });
      socket.push(1, [["c", "marked", "annotation", { type: "note", page: "1.0", geometry: { bbox: [0, 0, 9, 9] }, note: secret }]]);
      socket.push(1, [["d", secret]]);
      socket.send({ type: secret, token: secret });
      await socket.closed;
      const stranger = await testSocket(api.url);
      stranger.send({ type: "hello", sid: "s", token: secret, since: -1, password: secret });
      await stranger.closed.catch(() => undefined);
      const babbler = await testSocket(api.url);
      babbler.send(`{"${secret}`);
      await babbler.closed;
    }
  }

  it("holds no secret, however it was sent", async () => {
    const { jwt } = await api.session(document, { user_id: "marker-user" });
    const { key } = await api.server.keys.create("default", { name: "logged", scope: "all", mode: "live" });
    const link = await api.server.accounts.createLink();
    const opened = await api.json<{ images: { page: string } }>("/viewer/open", {
      credential: null,
      body: JSON.stringify({ token: jwt, password: "marker-password" }),
    });
    const grant = /\/i\/([^/]+)\//.exec(opened.images.page)![1]!;
    const tries: [string, RequestOptions][] = [
      ["/viewer/documents", { credential: key }],
      [`/viewer/documents/${document}/annotations`, { credential: jwt }],
      [`/documents/${document}/cover?jwt=${jwt}`, { credential: null }],
      [`/viewer/i/${grant}/${"0".repeat(64)}/0/_/960.webp`, { credential: null }],
      [`/nothing/${key}?token=${jwt}`, {}],
      ["/admin/link", { credential: null, json: { token: link, email: "not an address" } }],
      ["/admin/sign-in", { credential: null, json: { email: "x@example.com", password: "marker-password" } }],
      ["/viewer/documents", { credential: null, headers: { cookie: "lectern_account=marker-cookie", "lectern-application": "default" } }],
      [`/viewer/documents/${document}`, { headers: { "document-password": "marker-password" } }],
      [`/viewer/%zz${key}`, {}],
      ["/viewer/sessions", { body: `{"user_id": "${key}`, headers: { "content-type": "application/json" } }],
    ];
    for (const [path, options] of tries) await (await api.request(path, options)).text();
    const { secret: hookSecret } = await api.json<{ secret: string }>("/viewer/webhooks", { json: { url: "https://example.com/hook" } });
    await framesWith([key, jwt, grant, hookSecret, "marker-password", "marker-text"], jwt);
    const log = api.logs.join("");
    expect(log).toContain("/viewer/i/:grant/:blob");
    for (const secret of [hookSecret, hookSecret.replace("whsec_", ""), "marker-text"]) expect(log).not.toContain(secret);
    for (const secret of [key, jwt, jwt.split(".")[2]!, grant, grant.split(".")[1]!, link, "marker-password", "marker-cookie", TEST_KEY])
      expect(log).not.toContain(secret);
  });

  it("shows nothing of a fault to the caller, and all of it to the operator", async () => {
    const broken = await testServer();
    try {
      const database = broken.server.documents.database as { query: unknown };
      database.query = () => Promise.reject(new Error("SQLITE_MARKER at /secret/path"));
      const response = await broken.request("/viewer/documents/x");
      const text = await response.text();
      expect([response.status, (JSON.parse(text) as { code: string }).code]).toEqual([500, "internal"]);
      expect(text).not.toMatch(/MARKER|secret|\.ts/);
      expect(broken.logs.join("")).toContain("SQLITE_MARKER");
    } finally {
      await broken.close();
    }
  });
});
