import type { AnyRecord, ServerMessage, Snapshot } from "@lectern/protocol";
import { pagesPdf } from "@lectern/pdf/testing";
import { WebSocket } from "ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";
import { hasChange, isAck, isBye, isReject, type TestSocket, testSocket } from "../testing/test-socket.ts";

let api: TestServer;
const opened: TestSocket[] = [];
beforeAll(async () => {
  api = await testServer({ env: { LECTERN_LIMIT_SOCKETS_PER_SESSION: "3" } });
});
afterAll(async () => {
  for (const each of opened) each.close();
  await api.close();
});

const socket = async (options?: Parameters<typeof testSocket>[1]): Promise<TestSocket> => {
  const made = await testSocket(api.url, options);
  opened.push(made);
  return made;
};
const fresh = async (): Promise<string> => (await api.upload(pagesPdf(2))).id;
const rectangle = (more: object = {}) => ({
  type: "rectangle",
  page: "1.0",
  geometry: { bbox: [10, 10, 50, 50] },
  appearance: { strokeColor: "#ff0000" },
  ...more,
});
const isPresence = (message: ServerMessage): message is Extract<ServerMessage, { type: "presence" }> => message.type === "presence";

describe("two people on one layer", () => {
  it("see each other's changes, and those made over HTTP", async () => {
    const document = await fresh();
    const [mia, ben] = await Promise.all(["mia", "ben"].map((user_id) => api.session(document, { user_id, creator_name: user_id })));
    const [a, b] = [await socket(), await socket({ path: "/api/sync" })];
    const welcome = await a.hello(mia!.jwt);
    expect(welcome).toMatchObject({ mode: "reset", seq: 0, lastN: 0, records: [], self: { name: "mia", userId: "mia" } });
    await b.hello(ben!.jwt);

    a.push(1, [["c", "rect-1", "annotation", rectangle()]]);
    expect((await a.until("the ack", isAck(1))).acks).toEqual([[1, 1]]);
    const { changes } = await b.until("the change", hasChange("rect-1"));
    expect(changes[0]).toMatchObject({ seq: 1, by: "mia", ops: [["c", "rect-1", "annotation", { type: "rectangle" }]] });

    b.push(1, [["u", "rect-1", { note: "seen" }]]);
    await a.until(
      "Ben's change",
      (message): message is Extract<ServerMessage, { type: "batch" }> => hasChange("rect-1")(message) && message.to === 2,
    );
    const { seq } = (
      await api.json<{ data: { seq: number } }>(`/viewer/documents/${document}/annotations`, {
        json: {
          id: "by-http",
          content: { type: "pspdfkit/note", pageIndex: 0, bbox: [0, 0, 10, 10], text: { format: "plain", value: "x" } },
        },
      })
    ).data;
    expect(seq).toBe(3);
    await Promise.all([a.until("the note", hasChange("by-http")), b.until("the note", hasChange("by-http"))]);
    expect(await api.json(`/viewer/documents/${document}/annotations/rect-1?minSeq=2`)).toMatchObject({
      createdBy: "mia",
      updatedBy: "ben",
      content: { note: "seen" },
    });

    a.send({ type: "presence", presence: { cursor: { page: "1.0", x: 5, y: 6 } } });
    await b.until(
      "Mia's cursor",
      (message): message is Extract<ServerMessage, { type: "presence" }> =>
        isPresence(message) && message.set.some(({ userId, presence }) => userId === "mia" && presence.cursor?.x === 5),
    );
    a.close();
    await b.until(
      "Mia leaving",
      (message): message is Extract<ServerMessage, { type: "presence" }> => isPresence(message) && message.gone.length > 0,
    );
  });

  it("come back to where they were", async () => {
    const document = await fresh();
    const { jwt } = await api.session(document, { user_id: "mia" });
    const first = await socket();
    const { viewKey, epoch } = await first.hello(jwt, { sid: "coming-back-1" });
    first.push(1, [["c", "one", "annotation", rectangle()]]);
    await first.until("the ack", isAck(1));
    first.close();
    await first.closed;
    await api.json(`/viewer/documents/${document}/annotations/one`, { method: "PATCH", json: { content: { note: "meanwhile" } } });
    const again = await socket();
    const welcome = await again.hello(jwt, { sid: "coming-back-1", since: 1, epoch, viewKey });
    expect(welcome).toMatchObject({ mode: "delta", seq: 2, lastN: 1, changes: [{ seq: 2 }] });
    again.push(1, [["c", "one", "annotation", rectangle()]]);
    expect((await again.until("the same ack", isAck(1))).acks).toEqual([[1, expect.any(Number)]]);
    expect((await api.json<{ seq: number }>(`/viewer/documents/${document}/records`)).seq).toBe(2);
  });
});

describe("a client that reads compact snapshots", () => {
  it("is sent to one, which another one is not", async () => {
    const document = await fresh();
    const { jwt } = await api.session(document, { user_id: "mia" });
    const writer = await socket();
    await writer.hello(jwt);
    const big = { ...rectangle(), note: "n".repeat(2_000) };
    writer.push(
      1,
      Array.from({ length: 90 }, (_, i) => ["c", `big-${i}`, "annotation", big] as const),
    );
    await writer.until("the ack", isAck(1));
    const welcomed = async (more: Readonly<Record<string, unknown>>) => (await (await socket()).hello(jwt, more)).snapshotUrl!;
    const [plain, compact] = [await welcomed({}), await welcomed({ caps: ["compact"] })];
    const [whole, short] = [await api.request(plain, { credential: jwt }), await api.request(compact, { credential: jwt })];
    expect(whole.headers.get("etag")).not.toBe(short.headers.get("etag"));
    const [all, told] = [(await whole.json()) as Snapshot, (await short.json()) as Snapshot];
    expect([all.records.length, all.changes, told.records, told.changes!.length]).toEqual([90, undefined, [], 1]);
    expect(told.changes![0]).toMatchObject({ seq: 1, by: "mia" });
    expect(told.changes![0]!.ops).toContainEqual(["c", "big-7", "annotation", big]);
  });
});

describe("a session", () => {
  it("with read only cannot write, and hears the others", async () => {
    const document = await fresh();
    const { jwt } = await api.session({ document_id: document, document_permissions: ["read"] }, { user_id: "eve" });
    const reader = await socket();
    await reader.hello(jwt);
    reader.push(1, [["c", "mine", "annotation", rectangle()]]);
    expect((await reader.until("the refusal", isReject(1))).rejects).toMatchObject([{ n: 1, code: "forbidden", id: "mine" }]);
    await api.json(`/viewer/documents/${document}/annotations`, {
      json: { id: "theirs", content: { type: "pspdfkit/note", pageIndex: 0, bbox: [0, 0, 10, 10], text: { format: "plain", value: "x" } } },
    });
    await reader.until("the note", hasChange("theirs"));
    reader.push(2, [["d", "theirs"]]);
    await reader.until("the refusal", isReject(2));
    expect((await api.json<{ records: AnyRecord[] }>(`/viewer/documents/${document}/records`)).records.map(({ id }) => id)).toEqual([
      "theirs",
    ]);
  });

  it("for one document or layer opens no other", async () => {
    const [document, other] = [await fresh(), await fresh()];
    const { jwt } = await api.session({ document_id: document, layer: "mine" });
    for (const wanted of [{ document: other }, { document, layer: "theirs" }, { document, layer: "" }, { document: "nobody" }]) {
      const each = await socket();
      each.send({ type: "hello", sid: "no-other-layer", token: jwt, since: -1, ...wanted });
      expect(await each.until("bye", isBye), JSON.stringify(wanted)).toMatchObject({ code: "not_found" });
    }
    const mine = await socket();
    mine.send({ type: "hello", sid: "my-own-layer", token: jwt, since: -1, document, layer: "mine" });
    await mine.until("welcome", (message): message is Extract<ServerMessage, { type: "welcome" }> => message.type === "welcome");
    const covers = await api.session({ document_id: document, document_permissions: ["cover-image"] });
    const cover = await socket();
    cover.send({ type: "hello", sid: "covers-only-1", token: covers.jwt, since: -1 });
    expect(await cover.until("bye", isBye)).toMatchObject({ code: "forbidden" });
  });

  it("that is revoked or expires ends its sockets", async () => {
    const document = await fresh();
    const [revoked, expiring, going] = await Promise.all([
      api.session(document),
      api.session(document, { expires_in: 600 }),
      api.session(document, { expires_in: 7200 }),
    ]);
    const [a, b, c] = [await socket(), await socket(), await socket()];
    await Promise.all([a.hello(revoked.jwt), b.hello(expiring.jwt), c.hello(going.jwt)]);
    await api.json(`/viewer/sessions/${revoked.session_id}`, { method: "DELETE" });
    expect(await a.until("bye", isBye)).toMatchObject({ code: "session_revoked" });
    expect((await a.closed).code).toBe(1008);
    api.advance(620_000);
    expect(await b.until("bye", isBye)).toMatchObject({ code: "token_expired" });
    c.send({ type: "ping" });
    await c.until("pong", (message): message is Extract<ServerMessage, { type: "pong" }> => message.type === "pong");
    for (const { jwt } of [revoked, expiring]) {
      const late = await socket();
      late.send({ type: "hello", sid: "too-late-now", token: jwt, since: -1 });
      expect(await late.until("bye", isBye)).toMatchObject({ code: jwt === revoked.jwt ? "session_revoked" : "token_expired" });
    }
  });

  it("is renewed on the open socket by a fresh token, of the same document", async () => {
    const [document, other] = [await fresh(), await fresh()];
    const [old, next, foreign] = await Promise.all([
      api.session(document, { expires_in: 600, user_id: "mia" }),
      api.session(document, { expires_in: 7200, user_id: "mia" }),
      api.session(other),
    ]);
    const mine = await socket();
    await mine.hello(old.jwt);
    mine.send({ type: "auth", token: next.jwt });
    // Asked later, and looked up in the same way: when it is answered the token has been taken.
    for (let i = 0; i < 2; i++) await api.json(`/viewer/documents/${document}/records`, { credential: next.jwt });
    await api.json(`/viewer/sessions/${old.session_id}`, { method: "DELETE" });
    mine.push(1, [["c", "after", "annotation", rectangle()]]);
    await mine.until("the ack", isAck(1));
    mine.send({ type: "auth", token: foreign.jwt });
    expect(await mine.until("bye", isBye)).toMatchObject({ code: "not_found" });
  });

  it("has so many connections and no more, told by name; one that closes makes room", async () => {
    const { jwt } = await api.session(await fresh());
    const many = await Promise.all([1, 2, 3].map(() => socket()));
    for (const each of many) await each.hello(jwt);
    const refused = await socket();
    refused.send({ type: "hello", sid: "one-too-many", token: jwt, since: -1 });
    expect(await refused.until("bye", isBye)).toEqual({ type: "bye", code: "too_many_sockets", retryAfter: 30 });
    expect(await refused.closed).toEqual({ code: 1008, reason: "too_many_sockets" });
    many[0]!.close();
    await many[0]!.closed;
    await expect
      .poll(async () => {
        const again = await socket();
        again.send({ type: "hello", sid: "another-one", token: jwt, since: -1 });
        return await again.until("an answer", (message): message is ServerMessage => message.type === "welcome" || message.type === "bye");
      })
      .toMatchObject({ type: "welcome" });
    expect((await (await socket()).hello((await api.session(await fresh())).jwt)).type).toBe("welcome");
  });

  it("is bound to its origins", async () => {
    const document = await fresh();
    const { jwt } = await api.session(document, { allowed_origins: ["https://app.example.com"] });
    for (const [origin, allowed] of [
      ["https://evil.example", false],
      ["https://app.example.com", true],
      [undefined, true],
    ] as const) {
      const each = await socket(origin === undefined ? {} : { origin });
      if (allowed) await each.hello(jwt);
      else {
        each.send({ type: "hello", sid: "from-elsewhere", token: jwt, since: -1 });
        expect(await each.until("bye", isBye)).toMatchObject({ code: "origin_not_allowed" });
      }
    }
  });
});

describe("what is no conversation", () => {
  it.each<[string, string | Buffer, string]>([
    ["text that is no JSON", "hello", "bad_request"],
    ["an unknown message", '{"type":"dance"}', "bad_request"],
    ["bytes", Buffer.from([1, 2, 3]), "bad_request"],
    ["a push before hello", '{"type":"push","n":1,"ops":[]}', "bad_request"],
    ["a token that is none", '{"type":"hello","sid":"12345678","token":"x","since":-1}', "invalid_token"],
    ["a forged token", '{"type":"hello","sid":"12345678","token":"eyJhbGciOiJub25lIn0.e30.","since":-1}', "invalid_token"],
    [
      "an API key",
      '{"type":"hello","sid":"12345678","token":"lct_test_0123456789abcdefghijklmnopqrstuvwxyz","since":-1}',
      "wrong_credential",
    ],
    ["deep nesting", `${"[".repeat(100_000)}`, "bad_request"],
  ])("like %s is answered with bye and closed", async (_, message, code) => {
    const each = await socket();
    each.send(message);
    expect(await each.until("bye", isBye)).toMatchObject({ code });
    await each.closed;
  });

  it("like a frame that is too large is cut off", async () => {
    const each = await socket();
    each.send("x".repeat(1_000_001));
    expect((await each.closed).code).toBe(1009);
  });

  it("like a flood of messages is ended, while others go on", async () => {
    const document = await fresh();
    const { jwt } = await api.session(document);
    const [flood, calm] = [await socket(), await socket()];
    await Promise.all([flood.hello(jwt), calm.hello(jwt)]);
    for (let i = 0; i < 1200; i++) flood.send('{"type":"ping"}');
    expect(await flood.until("bye", isBye)).toMatchObject({ code: "rate_limited", retryAfter: 10 });
    calm.push(1, [["c", "calm", "annotation", rectangle()]]);
    await calm.until("the ack", isAck(1));
  });

  it.each([
    ["/viewer/other", "lectern.sync.2", 404],
    ["/viewer/sync", "other", 400],
    ["/viewer/sync", undefined, 400],
  ])("at %s with the subprotocol %s is refused with %i", async (path, protocol, status) => {
    const ws = new WebSocket(`${api.url.replace("http", "ws")}${path}`, protocol === undefined ? [] : [protocol]);
    const refused = await new Promise<number | undefined>((resolve) => {
      ws.on("unexpected-response", (_request, response) => resolve(response.statusCode));
      ws.on("error", () => undefined);
    });
    expect(refused).toBe(status);
    ws.terminate();
  });
});

it("hears that its document was deleted", async () => {
  const document = await fresh();
  const { jwt } = await api.session(document);
  const each = await socket();
  await each.hello(jwt);
  await api.json(`/viewer/documents/${document}`, { method: "DELETE" });
  expect(await each.until("bye", isBye)).toMatchObject({ code: "gone" });
});

it("says bye to everybody when the service ends, with a time to come back", async () => {
  const other = await testServer();
  const { id } = await other.upload(pagesPdf(1));
  const [joined, silent] = [await testSocket(other.url), await testSocket(other.url)];
  await joined.hello((await other.session(id)).jwt);
  await other.close();
  for (const each of [joined, silent]) expect(await each.until("bye", isBye)).toMatchObject({ code: "unavailable", retryAfter: 1 });
  expect((await joined.closed).code).toBe(1012);
});
