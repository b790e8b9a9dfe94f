import type { AnyRecord, Op, Opened, Snapshot } from "@lectern/protocol";
import { annotatedPdf, pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MintedSession, type TestServer, testServer } from "../testing/test-server.ts";
import { hasChange, isAck, isBye, testSocket } from "../testing/test-socket.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

const square = (left: number, note?: string): object => ({
  type: "rectangle",
  page: "1.0",
  geometry: { bbox: [left, 20, 60, 40] },
  appearance: { strokeColor: "#e02020", strokeWidth: 4 },
  ...(note === undefined ? {} : { note }),
});
const published = (left: number) => ({
  v: 1,
  type: "pspdfkit/shape/rectangle",
  pageIndex: 0,
  bbox: [left, 20, 60, 40],
  strokeColor: "#e02020",
  strokeWidth: 4,
});
const at = (document: string, layer: string, rest = ""): string => `/viewer/documents/${document}/layers/${layer}${rest}`;
const layersOf = async (document: string): Promise<string[]> =>
  (await api.json<{ data: string[] }>(`/viewer/documents/${document}/layers`)).data;
const make = (document: string, json: object) => api.request(`/viewer/documents/${document}/layers`, { json });
const code = async (response: Promise<Response>): Promise<string> => {
  const answer = await response;
  return answer.ok ? "ok" : ((await answer.json()) as { code: string }).code;
};
const records = (document: string, layer: string, credential?: string): Promise<Snapshot> =>
  api.json<Snapshot>(
    layer === "" ? `/viewer/documents/${document}/records` : at(document, layer, "/records"),
    credential === undefined ? {} : { credential },
  );
const ids = ({ records: all }: Snapshot): string[] => all.map(({ id }) => id).toSorted();

/** Writes to a layer as somebody. */
async function write(session: MintedSession, ops: readonly Op[], layer?: string): Promise<number> {
  const socket = await testSocket(api.url);
  await socket.hello(session.jwt, layer === undefined ? {} : { layer });
  socket.push(1, ops);
  const batch = await socket.until("the ack", isAck(1));
  socket.close();
  return batch.acks![0]![1];
}
const reviewer = (document: string, layer: string, more: object = {}): Promise<MintedSession> =>
  api.session({ document_id: document, layer, document_permissions: ["read", "write", "download"], ...more }, { user_id: layer });

describe("layers", () => {
  it("are made, listed and deleted; a name is taken once", async () => {
    const { id } = await api.upload(pagesPdf(1));
    expect(await (await make(id, { name: "mia" })).json()).toEqual({ data: { name: "mia", errors: [] } });
    expect(await code(make(id, { name: "mia" }))).toBe("exists");
    expect(await code(make(id, { name: "a*b" }))).toBe("invalid_parameters");
    expect(await code(make(id, { name: "x".repeat(257) }))).toBe("invalid_parameters");
    expect(await code(make(id, { name: "" }))).toBe("invalid_parameters");
    expect(await code(make(id, { name: "y", source_layer_name: "nobody" }))).toBe("not_found");
    expect(await code(make("nothing", { name: "y" }))).toBe("not_found");
    await make(id, { name: "x".repeat(256) });
    expect(await layersOf(id)).toEqual(["mia", "x".repeat(256)]);
    expect(await code(api.request(at(id, "mia"), { method: "DELETE" }))).toBe("ok");
    expect(await code(api.request(at(id, "mia"), { method: "DELETE" }))).toBe("not_found");
    expect(await layersOf(id)).toEqual(["x".repeat(256)]);
  });

  it("who has a layer open is told that it was deleted; one made anew under its name is another one", async () => {
    const { id } = await api.upload(pagesPdf(1));
    await make(id, { name: "mia" });
    const session = await reviewer(id, "mia");
    const socket = await testSocket(api.url);
    const welcome = await socket.hello(session.jwt);
    socket.push(1, [["c", "a", "annotation", square(10)]]);
    await socket.until("ack", isAck(1));
    await api.json(at(id, "mia"), { method: "DELETE" });
    expect(await socket.until("bye", isBye)).toMatchObject({ code: "gone" });
    await make(id, { name: "mia" });
    const again = await testSocket(api.url);
    const fresh = await again.hello(session.jwt, { since: 1, epoch: welcome.epoch, viewKey: welcome.viewKey });
    expect([fresh.mode, fresh.seq, fresh.records, fresh.epoch > welcome.epoch]).toEqual(["reset", 0, [], true]);
    again.close();
  });

  it("a copy has what its source has then, and nothing that comes later", async () => {
    const { id } = await api.upload(annotatedPdf());
    await make(id, { name: "mia" });
    const mia = await reviewer(id, "mia");
    await write(mia, [["c", "a", "annotation", square(10)]]);
    await make(id, { name: "copy", source_layer_name: "mia" });
    await write(mia, [
      ["c", "b", "annotation", square(80)],
      ["d", "a"],
    ]);
    const copied = await records(id, "copy");
    expect(copied.records.find((record) => record.id === "a")).toMatchObject({ createdBy: "mia", data: square(10) });
    expect(ids(copied)).not.toContain("b");
    await write(await reviewer(id, "copy"), [["u", "a", { note: "mine" }]]);
    expect(ids(await records(id, "mia"))).not.toContain("a");
    // Its history begins where it was made.
    expect(await code(api.request(at(id, "copy", "/records?at_seq=0")))).toBe("gone");
    expect((await api.json<Snapshot>(at(id, "copy", "/records?at_seq=1"))).records.find((record) => record.id === "a")?.data).toEqual(
      square(10),
    );
  });

  it("may begin with the annotations of an Instant JSON; what cannot be read is told", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const json = { format: "https://pspdfkit.com/instant-json/v1", annotations: [published(10), { type: "pspdfkit/nonsense" }] };
    const made = await (await make(id, { name: "mia", "instant.json": json, user_id: "mia" })).json();
    expect(made).toMatchObject({ data: { name: "mia", errors: [{ reason: expect.stringContaining("annotations[1]") as string }] } });
    expect((await records(id, "mia")).records).toMatchObject([{ kind: "annotation", createdBy: "mia", data: { type: "rectangle" } }]);
    expect(await code(make(id, { name: "tim", "instant.json": { formFieldValues: [{}] } }))).toBe("unprocessable");
    expect(await layersOf(id)).toEqual(["mia"]);
  });
});

describe("one upload, one layer for each reviewer", () => {
  it("nobody sees another one's; each is exported on its own; all are merged into one", async () => {
    const { id } = await api.upload(annotatedPdf());
    const names = ["mia", "tim", "zoe"];
    const sessions = new Map<string, MintedSession>();
    for (const [index, name] of names.entries()) {
      await make(id, { name });
      sessions.set(name, await reviewer(id, name));
      await write(sessions.get(name)!, [["c", `of-${name}`, "annotation", square(10 + index * 70, `note of ${name}`)]]);
    }

    const images = new Set<string>();
    for (const name of names) {
      const { jwt } = sessions.get(name)!;
      const others = names.filter((other) => other !== name);
      const opened = (await (
        await api.request("/viewer/open", {
          credential: null,
          body: JSON.stringify({ token: jwt }),
          headers: { "content-type": "text/plain" },
        })
      ).json()) as Opened;
      const socket = await testSocket(api.url);
      const welcome = await socket.hello(jwt);
      socket.close();
      const pdf = Buffer.from(await (await api.request(at(id, name, "/pdf"), { credential: jwt })).arrayBuffer()).toString("latin1");
      const image = await api.request(at(id, name, "/pages/0/image?width=200"), { credential: jwt });
      images.add(image.headers.get("etag")!);
      const search = await (await api.request(at(id, name, "/search?q=note"), { credential: jwt })).text();
      const seen = [
        JSON.stringify(opened.records),
        JSON.stringify(welcome),
        JSON.stringify(await records(id, name, jwt)),
        await (await api.request(at(id, name, "/annotations"), { credential: jwt })).text(),
        await (await api.request(at(id, name, "/changes"), { credential: jwt })).text(),
      ];
      for (const text of seen)
        expect([text.includes(`of-${name}`), ...others.map((other) => text.includes(`of-${other}`))]).toEqual([true, false, false]);
      expect([pdf.includes(`note of ${name}`), ...others.map((other) => pdf.includes(`note of ${other}`))]).toEqual([true, false, false]);
      expect(search).not.toContain("note of");
      for (const other of others)
        for (const path of ["/records", "/pdf", "/annotations", "/changes", "/search?q=x", "/pages/0/image?width=200"])
          expect(await code(api.request(at(id, other, path), { credential: jwt })), `${name} ${other}${path}`).toBe("not_found");
      const stranger = await testSocket(api.url);
      stranger.send({ type: "hello", sid: "sid-of-a-stranger", token: jwt, layer: others[0], since: -1 });
      expect(await stranger.until("bye", isBye)).toMatchObject({ code: "not_found" });
      expect(await code(api.request(`/viewer/documents/${id}/records`, { credential: jwt }))).toBe("ok");
      expect(ids(await api.json<Snapshot>(`/viewer/documents/${id}/records`, { credential: jwt }))).toContain(`of-${name}`);
    }
    expect(images.size).toBe(3);

    const watcher = await testSocket(api.url);
    await watcher.hello((await api.session(id)).jwt);
    for (const name of names) {
      const merged = await api.json(at(id, name, "/merge"), { json: { into: "", user_id: "editor" } });
      expect(merged).toMatchObject({ changes: 1, merged: 1, conflicts: [] });
    }
    await watcher.until("the last merge", hasChange("of-zoe"));
    watcher.close();
    const all = await records(id, "");
    expect(all.records.filter((record) => record.id.startsWith("of-")).map(({ id: one, createdBy }) => [one, createdBy])).toEqual(
      names.map((name) => [`of-${name}`, "editor"]),
    );
    // The layers themselves stay as they were.
    expect(ids(await records(id, "mia"))).not.toContain("of-tim");
  }, 60_000);
});

describe("merging", () => {
  async function two(): Promise<{ id: string; base: readonly AnyRecord[]; a: MintedSession; b: MintedSession }> {
    const { id } = await api.upload(annotatedPdf());
    await make(id, { name: "a" });
    await make(id, { name: "b" });
    const base = (await records(id, "a")).records.filter(
      ({ kind, data }) => kind === "annotation" && (data as { type: string }).type !== "raw",
    );
    return { id, base, a: await reviewer(id, "a"), b: await reviewer(id, "b") };
  }
  interface Merged {
    readonly seq: number;
    readonly changes: number;
    readonly merged: number;
    readonly conflicts: readonly { readonly id: string; readonly reason: string; readonly properties?: readonly string[] }[];
  }
  const merge = (id: string, from: string, into: string, headers = {}) =>
    api.json<Merged>(at(id, from, "/merge"), { json: { into }, headers });

  it("takes over each property that only one has changed, and reports what both have", async () => {
    const { id, base, a, b } = await two();
    const [one, two_, three, four] = base.map((record) => record.id);
    await write(a, [
      ["u", one!, { note: "from a", custom: { a: 1 } }],
      ["d", two_!],
      ["d", three!],
      ["u", four!, { note: "edited" }],
    ]);
    await write(b, [
      ["u", one!, { note: "from b", creatorName: "B" }],
      ["u", three!, { note: "kept" }],
      ["d", four!],
    ]);
    const merged = await merge(id, "a", "b");
    expect(merged).toMatchObject({ seq: 2, changes: 1, merged: 2 });
    expect(merged.conflicts).toHaveLength(3);
    expect(merged.conflicts).toEqual(
      expect.arrayContaining([
        { id: one, kind: "annotation", reason: "changed_in_both", properties: ["note"] },
        { id: four, kind: "annotation", reason: "changed_here_deleted_there" },
        { id: three, kind: "annotation", reason: "deleted_here_changed_there" },
      ]),
    );
    const after = new Map((await records(id, "b")).records.map((record) => [record.id, record]));
    expect(after.get(one!)?.data).toMatchObject({ note: "from b", custom: { a: 1 }, creatorName: "B" });
    expect([after.has(two_!), after.has(three!), after.has(four!)]).toEqual([false, true, false]);
  });

  it("again, it writes what is new alone, and never over what was changed there since", async () => {
    const { id, a, b } = await two();
    await write(a, [
      ["c", "x", "annotation", square(1)],
      ["c", "y", "annotation", square(2)],
    ]);
    expect(await merge(id, "a", "b")).toMatchObject({ merged: 2, conflicts: [] });
    expect(await merge(id, "a", "b")).toMatchObject({ merged: 0, changes: 0, seq: 1, conflicts: [] });
    await write(b, [["u", "x", { note: "of b" }]]);
    await write(a, [
      ["u", "x", { note: "of a", custom: {} }],
      ["u", "y", { note: "of a" }],
    ]);
    expect(await merge(id, "a", "b")).toMatchObject({
      merged: 2,
      conflicts: [{ id: "x", reason: "changed_in_both", properties: ["note"] }],
    });
    const after = new Map((await records(id, "b")).records.map((record) => [record.id, record.data]));
    expect([after.get("x"), after.get("y")]).toMatchObject([{ note: "of b", custom: {} }, { note: "of a" }]);
  });

  it("a repeat under the same key is applied once", async () => {
    const { id, a } = await two();
    await write(a, [["c", "x", "annotation", square(1)]]);
    const headers = { "idempotency-key": "merge-1" };
    expect(await merge(id, "a", "b", headers)).toMatchObject({ seq: 1, merged: 1 });
    await write(a, [["c", "y", "annotation", square(2)]]);
    expect(await merge(id, "a", "b", headers)).toMatchObject({ seq: 1 });
    expect(ids(await records(id, "b"))).not.toContain("y");
  });

  it("brings threads with what they hang on, and reports what has nothing to hang on", async () => {
    const { id, a, b } = await two();
    const thread: Op[] = [
      ["c", "m", "annotation", { type: "comment-marker", page: "1.0", geometry: { bbox: [1, 1, 20, 20] }, appearance: {} }],
      ["c", "c1", "comment", { root: "m", text: { format: "plain", value: "hello" } }],
    ];
    await write(a, thread);
    expect(await merge(id, "a", "b")).toMatchObject({ merged: 2, conflicts: [] });
    await write(b, [["d", "m"]]);
    await write(a, [["c", "c2", "comment", { root: "m", text: { format: "plain", value: "more" } }]]);
    const { conflicts } = await merge(id, "a", "b");
    expect(conflicts).toMatchObject([
      { id: "m", reason: "changed_here_deleted_there" },
      { id: "c1", reason: "changed_here_deleted_there" },
      { id: "c2", reason: "nothing_to_hang_on" },
    ]);
  });

  it("is for those who may write there, and see here", async () => {
    const { id, a } = await two();
    await write(a, [
      ["c", "x", "annotation", square(1)],
      ["c", "y", "annotation", square(2), "secret"],
    ]);
    const both = (more: object) =>
      api.json<MintedSession>("/viewer/sessions", {
        json: {
          user_id: "mia",
          allowed_documents: [
            { document_id: id, layer: "a", collaboration_permissions: ["annotations:view:self"], document_permissions: ["read", "write"] },
            { document_id: id, layer: "b", ...more },
          ],
        },
      });
    const mergeAs = (session: MintedSession) => api.request(at(id, "a", "/merge"), { json: { into: "b" }, credential: session.jwt });
    expect(await code(mergeAs(a))).toBe("not_found");
    expect(await code(mergeAs(await both({ document_permissions: ["read"] })))).toBe("forbidden");
    // She sees nothing of what others made.
    expect(await (await mergeAs(await both({}))).json()).toMatchObject({ merged: 0, conflicts: [] });
    const limited = await api.json<MintedSession>("/viewer/sessions", {
      json: {
        user_id: "mia",
        allowed_documents: [
          { document_id: id, layer: "a" },
          { document_id: id, layer: "b", collaboration_permissions: ["annotations:view:all"] },
        ],
      },
    });
    expect(await code(mergeAs(limited))).toBe("forbidden");
    expect(await code(api.request(at(id, "a", "/merge"), { json: { into: "a" } }))).toBe("invalid_parameters");
    expect(await code(api.request(at(id, "a", "/merge"), { json: { into: "none" } }))).toBe("not_found");
    expect(ids(await records(id, "b"))).not.toContain("x");
  });

  it("while others write to the same records, nobody's acknowledged edit is lost", async () => {
    const { id, a } = await two();
    const count = 30;
    await write(
      a,
      Array.from({ length: count }, (_, i) => ["c", `r${i}`, "annotation", square(i)] as const),
    );
    await merge(id, "a", "b");
    const socket = await testSocket(api.url);
    await socket.hello((await reviewer(id, "b")).jwt);
    const editing = (async () => {
      for (let n = 1; n <= count; n++) {
        socket.push(n, [["u", `r${n - 1}`, { note: `live ${n}` }]]);
        await socket.until("ack", isAck(n));
      }
    })();
    for (let round = 0; round < 5; round++) {
      await write(
        a,
        Array.from({ length: count }, (_, i) => ["u", `r${i}`, { note: `a ${round}`, custom: { round } }] as const),
      );
      await merge(id, "a", "b");
    }
    await editing;
    socket.close();
    const after = (await records(id, "b")).records.filter((record) => /^r\d/.test(record.id));
    expect(after.map(({ data }) => (data as { custom: unknown }).custom)).toEqual(after.map(() => ({ round: 4 })));
    expect(after.map(({ id: one, data }) => `${one} ${(data as { note: string }).note}`).toSorted()).toEqual(
      Array.from({ length: count }, (_, i) => `r${i} live ${i + 1}`).toSorted(),
    );
  });
});
