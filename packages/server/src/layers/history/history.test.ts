import type { ChangeSummary, Op, Opened, Snapshot } from "@lectern/protocol";
import { annotatedPdf, pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forgetOldChanges } from "./forget.ts";
import { type MintedSession, type TestServer, testServer } from "../../testing/test-server.ts";
import { hasChange, isAck, isReject, type TestSocket, testSocket } from "../../testing/test-socket.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

interface Changes {
  readonly seq: number;
  readonly floor: number;
  readonly seen: number | null;
  readonly next: number | null;
  readonly data: readonly ChangeSummary[];
}
interface Restored {
  readonly seq: number;
  readonly changes: number;
  readonly restored: readonly string[];
  readonly left: readonly { readonly id: string; readonly reason: string }[];
}

const square = (left: number, note = "first"): object => ({
  type: "rectangle",
  page: "1.0",
  geometry: { bbox: [left, 20, 60, 40] },
  appearance: { strokeColor: "#e02020", strokeWidth: 4 },
  note,
});
const create = (id: string, grp?: string): Op => ["c", id, "annotation", square(10), grp];
const code = async (response: Promise<Response>): Promise<string> => {
  const answer = await response;
  return answer.ok ? "ok" : ((await answer.json()) as { code: string }).code;
};
const path = (id: string, rest: string): string => `/viewer/documents/${id}/${rest}`;
const changes = (id: string, query = "", credential?: string): Promise<Changes> =>
  api.json<Changes>(path(id, `changes${query}`), credential === undefined ? {} : { credential });
const recordsAt = async (id: string, seq: number, credential?: string) =>
  (await api.json<Snapshot>(path(id, `records?at_seq=${seq}`), credential === undefined ? {} : { credential })).records;
const restore = (id: string, json: object, credential?: string): Promise<Response> =>
  api.request(path(id, "restore"), { json, ...(credential === undefined ? {} : { credential }) });

async function person(
  id: string,
  userId: string,
  more: object = {},
): Promise<MintedSession & { readonly push: (...ops: Op[]) => Promise<number>; readonly socket: TestSocket }> {
  const session = await api.session({ document_id: id, document_permissions: ["read", "write", "download"], ...more }, { user_id: userId });
  const socket = await testSocket(api.url);
  await socket.hello(session.jwt);
  let n = 0;
  return {
    ...session,
    socket,
    async push(...ops) {
      const mine = ++n;
      socket.push(mine, ops);
      const answer = await Promise.race([
        socket.until("ack", isAck(mine)),
        socket.until("reject", isReject(mine)).then(({ rejects }) => Promise.reject(new Error(JSON.stringify(rejects)))),
      ]);
      return answer.acks!.find(([acked]) => acked === mine)![1];
    },
  };
}

describe("the list of changes", () => {
  it("says who did what and when, from which session for a backend, and goes page by page both ways", async () => {
    const { id } = await api.upload(pagesPdf(2));
    const mia = await person(id, "mia");
    await mia.push(create("a"));
    await mia.push(["u", "a", { note: "second" }]);
    await mia.push(["d", "a"]);
    const all = await changes(id);
    expect(all).toMatchObject({ seq: 3, floor: 0, seen: null, next: null });
    expect(all.data).toMatchObject([
      { seq: 1, by: "mia", session: mia.session_id, ops: [{ id: "a", action: "create", kind: "annotation", page: "1.0" }] },
      { seq: 2, ops: [{ id: "a", action: "update", properties: ["note"] }] },
      { seq: 3, ops: [{ id: "a", action: "delete" }] },
    ]);
    expect((await changes(id, "", mia.jwt)).data[0]).not.toHaveProperty("session");
    const first = await changes(id, "?limit=2");
    expect([first.data.map(({ seq }) => seq), first.next]).toEqual([[1, 2], 2]);
    expect((await changes(id, `?since=${first.next}&limit=2`)).data.map(({ seq }) => seq)).toEqual([3]);
    const newest = await changes(id, "?until=3&limit=2");
    expect([newest.data.map(({ seq }) => seq), newest.next]).toEqual([[3, 2], 1]);
    expect((await changes(id, "?until=1")).data.map(({ seq }) => seq)).toEqual([1]);
    expect(await code(api.request(path(id, "changes?since=1&until=2")))).toBe("invalid_parameters");
    mia.socket.close();
  });

  it("tells nobody of what he may not see, not even an id", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const mia = await person(id, "mia");
    const claim = ["annotations:view:group=team", "annotations:edit:group=team"];
    const tim = await person(id, "tim", { collaboration_permissions: claim, group: "team" });
    await mia.push(create("hidden", "secret"));
    await mia.push(create("shared", "team"));
    await mia.push(["u", "hidden", { note: "x" }], ["u", "shared", { note: "y" }]);
    await mia.push(["g", "hidden", "team"]);
    await mia.push(["g", "shared", "secret"]);
    const seen = await changes(id, "", tim.jwt);
    expect(seen.data.map(({ seq, ops }) => [seq, ops.map((op) => [op.id, op.action])])).toEqual([
      [2, [["shared", "create"]]],
      [3, [["shared", "update"]]],
      [4, [["hidden", "create"]]],
      [5, [["shared", "delete"]]],
    ]);
    expect(JSON.stringify(await recordsAt(id, 3, tim.jwt))).not.toContain("hidden");
    expect((await recordsAt(id, 3)).map((record) => record.id).toSorted()).toEqual(["hidden", "shared"]);
    expect(await code(restore(id, { seq: 1, ids: ["shared"] }, tim.jwt))).toBe("not_found");
    for (const each of [mia, tim]) each.socket.close();
  });

  it("since a person's last look", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const mia = await person(id, "mia");
    const tim = await person(id, "tim", { document_permissions: ["read"] });
    await mia.push(create("a"));
    expect((await changes(id, "?since=seen", tim.jwt)).data).toHaveLength(1);
    await api.json(path(id, "seen"), { json: { seq: 1 }, credential: tim.jwt });
    await mia.push(create("b"));
    const unseen = await changes(id, "?since=seen", tim.jwt);
    expect([unseen.seen, unseen.data.map(({ seq }) => seq)]).toEqual([1, [2]]);
    expect((await changes(id, "?since=seen&user_id=tim")).data).toHaveLength(1);
    await api.json(path(id, "seen"), { json: { history: 2 }, credential: tim.jwt });
    expect(await changes(id, "?since=seen", tim.jwt)).toMatchObject({ seen: 2, data: [] });
    expect(await code(api.request(path(id, "changes?since=seen")))).toBe("invalid_parameters");
    for (const each of [mia, tim]) each.socket.close();
  });
});

describe("a layer as it was", () => {
  it("is read and exported at any seq", async () => {
    const { id } = await api.upload(annotatedPdf());
    const mia = await person(id, "mia");
    const states = [await recordsAt(id, 0)];
    const base = states[0]![0]!.id;
    for (const op of [create("a"), ["u", "a", { note: "second" }], ["d", base], ["d", "a"], ["r", "a"]] as Op[]) {
      await mia.push(op);
      states.push((await api.json<Snapshot>(path(id, "records"))).records);
    }
    for (const [seq, then] of states.entries()) {
      const found = await recordsAt(id, seq, mia.jwt);
      const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
      expect(found.toSorted(byId), `seq ${seq}`).toEqual(then.toSorted(byId));
    }
    const text = async (query: string) => Buffer.from(await (await api.request(path(id, `pdf${query}`))).arrayBuffer()).toString("latin1");
    expect((await text("?at_seq=1")).includes("(first)")).toBe(true);
    expect((await text("?at_seq=2")).includes("(second)")).toBe(true);
    expect((await text("?at_seq=4")).includes("(second)")).toBe(false);
    expect(Buffer.from(await text("?at_seq=0"), "latin1").equals(Buffer.from(annotatedPdf()))).toBe(true);
    expect((await api.request(path(id, "pdf?at_seq=2"))).headers.get("lectern-seq")).toBe("2");
    expect(await code(api.request(path(id, "records?at_seq=9")))).toBe("invalid_parameters");
    expect(await code(api.request(path(id, "pdf?at_seq=9")))).toBe("invalid_parameters");
    mia.socket.close();
  });
});

describe("the pages of a layer as it was", () => {
  it("are opened by a grant that says when, also when another file has come since", async () => {
    const { id, sourcePdfSha256: source } = await api.upload(pagesPdf(2));
    const mia = await person(id, "mia");
    const { images } = (await (
      await api.request("/viewer/open", {
        credential: null,
        body: JSON.stringify({ token: mia.jwt }),
        headers: { "content-type": "text/plain" },
      })
    ).json()) as Opened;
    await mia.push(["d", "1.1"]);
    const second = (template: string, query = ""): Promise<Response> =>
      api.request(`${template.replace("{blob}", source).replace("{index}", "1").replace("{width}", "160")}${query}`, { credential: null });
    for (const template of [images.page, images.text]) {
      expect(await code(second(template))).toBe("not_found");
      expect(await code(second(template, "?at_seq=0"))).toBe("ok");
      expect(await code(second(template, "?at_seq=1"))).toBe("not_found");
      expect(await code(second(template, "?at_seq=9"))).toBe("invalid_parameters");
    }
    await api.upload(annotatedPdf(), `?document_id=${id}&overwrite_existing_document=true`);
    expect(await code(second(images.page, "?at_seq=0"))).toBe("ok");
    const then = await api.json<Snapshot>(path(id, "records?at_seq=0&pages=true"), { credential: mia.jwt });
    expect(then.pages).toMatchObject({ revision: 1, source, runs: [[2, 595, 842, 0]] });
    mia.socket.close();
  });
});

describe("restoring", () => {
  it("puts everything back as one new change that everybody is told of", async () => {
    const { id } = await api.upload(annotatedPdf());
    const mia = await person(id, "mia");
    const [base] = await recordsAt(id, 0);
    await mia.push(create("a"), create("b"));
    const before = await recordsAt(id, 1);
    await mia.push(["u", "a", { note: "other" }], ["d", "b"], ["d", base!.id]);
    await mia.push(create("c"));
    await mia.push(["u", "1.0", { rotation: 90 }]);
    const answer = (await (await restore(id, { seq: 1, user_id: "boss" })).json()) as Restored;
    expect([answer.seq, answer.changes, answer.left, answer.restored.toSorted()]).toEqual([
      5,
      1,
      [],
      ["1.0", "a", "b", "c", base!.id].toSorted(),
    ]);
    await mia.socket.until("b comes back", hasChange("b"));
    const data = (list: Snapshot["records"]) =>
      list
        .filter(({ kind }) => kind !== "page")
        .map((record) => JSON.stringify([record.id, record.createdBy, record.data]))
        .toSorted();
    expect(data((await api.json<Snapshot>(path(id, "records"))).records)).toEqual(data(before));
    expect((await changes(id, "?since=4")).data).toMatchObject([{ seq: 5, by: "boss" }]);
    expect(((await (await restore(id, { seq: 1 })).json()) as Restored).restored).toEqual([]);
    mia.socket.close();
  });

  it("puts single records back, threads with what hung on them then", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const mia = await person(id, "mia");
    const said = (text: string) => ({ root: "m", text: { format: "plain", value: text } });
    await mia.push(
      ["c", "m", "annotation", { type: "comment-marker", page: "1.0", geometry: { bbox: [1, 1, 20, 20] }, appearance: {} }],
      ["c", "c1", "comment", said("one")],
    );
    await mia.push(["c", "c2", "comment", said("two")], create("a"));
    await mia.push(["d", "m"], ["d", "a"]);
    const answer = (await (await restore(id, { seq: 1, ids: ["m", "c1", "c2"] })).json()) as Restored;
    expect(answer.changes).toBe(1);
    expect((await api.json<Snapshot>(path(id, "records"))).records.map((record) => record.id).toSorted()).toEqual(["c1", "m"]);
    expect(await code(restore(id, { seq: 1, ids: ["nothing"] }))).toBe("not_found");
    expect(await code(restore(id, { seq: 99 }))).toBe("invalid_parameters");
    mia.socket.close();
  });

  it("writes what the caller may write, and reports the rest", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const mia = await person(id, "mia");
    const tim = await person(id, "tim", {
      collaboration_permissions: ["annotations:view:all", "annotations:edit:self", "annotations:delete:self"],
    });
    await mia.push(create("hers"));
    await tim.push(create("his"));
    await mia.push(["u", "hers", { note: "changed" }]);
    await tim.push(["u", "his", { note: "changed" }]);
    const answer = (await (await restore(id, { seq: 2 }, tim.jwt)).json()) as Restored;
    expect(answer).toMatchObject({ restored: ["his"], left: [{ id: "hers", reason: "forbidden" }] });
    const reader = await api.session({ document_id: id, document_permissions: ["read"] });
    expect(await code(restore(id, { seq: 2 }, reader.jwt))).toBe("forbidden");
    const after = (await api.json<Snapshot>(path(id, "records"))).records;
    expect(after.map((record) => (record.data as { note: string }).note).toSorted()).toEqual(["changed", "first"]);
    for (const each of [mia, tim]) each.socket.close();
  });

  it("is refused when it is not what the caller has seen, in the body as in a header", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const mia = await person(id, "mia");
    await mia.push(create("a"));
    await mia.push(create("b"));
    await mia.push(["u", "a", { note: "second" }]);
    expect(await code(restore(id, { seq: 1, ifSeq: 2 }))).toBe("precondition_failed");
    const byHeader = (json: object, seq: number, more: Record<string, string> = {}): Promise<Response> =>
      api.request(path(id, "restore"), { json, headers: { "if-match": `"${seq}"`, ...more } });
    expect(await code(byHeader({ seq: 1 }, 2))).toBe("precondition_failed");
    expect(await code(restore(id, { seq: 1, ids: ["a"], ifSeq: 2 }))).toBe("precondition_failed");
    expect((await api.json<Snapshot>(path(id, "records"))).seq).toBe(3);
    // Nobody has touched this one, whatever else has happened.
    expect(await (await restore(id, { seq: 1, ids: ["b"], ifSeq: 2 })).json()).toMatchObject({ seq: 4, restored: ["b"] });
    const again = { "idempotency-key": "as seen" };
    expect(await (await byHeader({ seq: 1 }, 4, again)).json()).toMatchObject({ seq: 5, restored: ["a"] });
    // A repeat of what was done is no refusal.
    expect((await byHeader({ seq: 1 }, 4, again)).status).toBe(200);
    expect((await api.json<Snapshot>(path(id, "records"))).seq).toBe(5);
    mia.socket.close();
  });

  it("a repeat under the same key is applied once", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const mia = await person(id, "mia");
    await mia.push(create("a"));
    await mia.push(["u", "a", { note: "second" }]);
    const headers = { "idempotency-key": "again" };
    const once = await api.json<Restored>(path(id, "restore"), { json: { seq: 1 }, headers });
    await mia.push(["u", "a", { note: "third" }]);
    const twice = await api.json<Restored>(path(id, "restore"), { json: { seq: 1 }, headers });
    expect([once.seq, twice.seq]).toEqual([3, 4]);
    expect((await api.json<Snapshot>(path(id, "records"))).records).toMatchObject([{ data: { note: "third" } }]);
    mia.socket.close();
  });
});

describe("a configured time after which history is forgotten", () => {
  it("ends what can be read of the past, and leaves the layer as it is", async () => {
    const kept = await testServer({ env: { LECTERN_KEEP_CHANGES_DAYS: "30" } });
    try {
      const { id } = await kept.upload(pagesPdf(1));
      const body = { content: { v: 1, type: "pspdfkit/shape/rectangle", pageIndex: 0, bbox: [1, 2, 30, 40] } };
      await kept.json(path(id, "annotations"), { json: body });
      await kept.json(path(id, "annotations"), { json: body });
      kept.advance(31 * 24 * 3_600_000);
      await kept.json(path(id, "annotations"), { json: body });
      const { database, clock } = kept.server.documents;
      await forgetOldChanges({ database, clock }, 30 * 24 * 3_600_000, new AbortController().signal);
      expect(await code(kept.request(path(id, "records?at_seq=1")))).toBe("gone");
      expect(await code(kept.request(path(id, "changes?since=1")))).toBe("gone");
      expect(await kept.json<Changes>(path(id, "changes"))).toMatchObject({ seq: 3, floor: 2, data: [{ seq: 3 }] });
      expect((await kept.json<Snapshot>(path(id, "records?at_seq=2"))).records).toHaveLength(2);
      expect((await kept.json<Snapshot>(path(id, "records"))).records).toHaveLength(3);
      expect(await forgetOldChanges({ database, clock }, null, new AbortController().signal)).toBeUndefined();
    } finally {
      await kept.close();
    }
  });
});
