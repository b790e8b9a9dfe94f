import type { ChangeSummary, DocumentSummary, Op, Opened, Snapshot } from "@lectern/protocol";
import { annotatedPdf, encryptedPdf, ENCRYPTED_PASSWORD, pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHash } from "node:crypto";
import { DEFAULT_APPLICATION } from "../applications/store.ts";
import { hasBlob } from "../documents/store.ts";
import { testReceiver } from "../testing/test-receiver.ts";
import { type RequestOptions, type TestServer, testServer } from "../testing/test-server.ts";
import { isAck, isReject, type TestSocket, testSocket } from "../testing/test-socket.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer({ env: { LECTERN_ALLOW_PRIVATE_ADDRESSES: "true" } });
});
afterAll(() => api.close());

const path = (id: string, rest: string): string => `/viewer/documents/${id}/${rest}`;
const square = (page: string, more: object = {}): object => ({
  type: "rectangle",
  page,
  geometry: { bbox: [10, 20, 60, 40] },
  appearance: { strokeColor: "#e02020", strokeWidth: 4 },
  note: "first",
  ...more,
});
const create = (id: string, page = "1.0"): Op => ["c", id, "annotation", square(page)] as Op;
const isReset = (message: { type: string }): message is { type: "reset"; epoch: number } => message.type === "reset";
const recordsOf = async (id: string, query = "", credential?: string): Promise<Snapshot["records"]> =>
  (await api.json<Snapshot>(path(id, `records${query}`), credential === undefined ? {} : { credential })).records;
const ids = (records: Snapshot["records"]): string[] => records.map((record) => record.id).toSorted();
const get = async (id: string): Promise<DocumentSummary> => (await api.json<{ data: DocumentSummary }>(`/viewer/documents/${id}`)).data;

async function overwrite(id: string, file: Uint8Array, query = "", options: RequestOptions = {}): Promise<DocumentSummary> {
  const headers = { "content-type": "application/pdf", ...options.headers };
  const address = `/viewer/documents?document_id=${id}&overwrite_existing_document=true&${query}`;
  return (await api.json<{ data: DocumentSummary }>(address, { body: file, ...options, headers })).data;
}

async function person(id: string, userId: string, more: object = {}) {
  const session = await api.session({ document_id: id, document_permissions: ["read", "write", "download"], ...more }, { user_id: userId });
  const socket = await testSocket(api.url);
  const welcome = await socket.hello(session.jwt, { sid: `sid-of-${userId}` });
  return { ...session, socket, welcome, push: pusher(socket) };
}

function pusher(socket: TestSocket, from = 0) {
  let n = from;
  return async (...ops: Op[]): Promise<number> => {
    const mine = ++n;
    socket.push(mine, ops);
    const answer = await Promise.race([
      socket.until("ack", isAck(mine)),
      socket.until("reject", isReject(mine)).then(({ rejects }) => Promise.reject(new Error(JSON.stringify(rejects)))),
    ]);
    return answer.acks!.find(([acked]) => acked === mine)![1];
  };
}

describe("overwriting a document", () => {
  it("gives it the new file as its next revision; who had it open starts anew, and what they wrote is history", async () => {
    const { id } = await api.upload(pagesPdf(3), "title=Contract");
    const mia = await person(id, "mia");
    await mia.push(create("a"));
    const done = await overwrite(id, pagesPdf(2));
    expect(done).toMatchObject({ id, title: "Contract", status: "ready", pageCount: 2, overwrite: { revision: 2, status: "done" } });
    await mia.socket.until("reset", isReset);

    const again = await testSocket(api.url);
    const welcome = await again.hello(mia.jwt, { sid: "sid-of-mia", since: mia.welcome.seq, epoch: mia.welcome.epoch });
    expect(welcome).toMatchObject({ mode: "reset", seq: 2, epoch: 1, lastN: 1, records: [] });
    const opened = await api.json<Opened>("/viewer/open", { json: { token: mia.jwt }, credential: null });
    expect(opened).toMatchObject({ revision: 2, epoch: 1, seq: 2, pages: { count: 2 } });

    const push = pusher(again, 1);
    await expect(push(create("late", "1.0"))).rejects.toThrow(/code/);
    await push(["c", "pad", "annotation", square("2.0")] as Op).catch(() => undefined);
    expect(ids(await recordsOf(id))).toEqual(["pad"]);
    expect(ids(await recordsOf(id, "?at_seq=1"))).toEqual(["a"]);
    expect(await recordsOf(id, "?at_seq=2")).toEqual([]);
    const first = Buffer.from(await (await api.request(path(id, "pdf?at_seq=1"))).arrayBuffer()).toString("latin1");
    expect([first.includes("(first)"), /\/Count 3/.test(first)]).toEqual([true, true]);
    const { data } = await api.json<{ data: ChangeSummary[] }>(path(id, "changes"));
    expect(data.map(({ seq, by, revision, ops }) => [seq, by, revision ?? null, ops.map((op) => op.id)])).toEqual([
      [1, "mia", null, ["a"]],
      [2, null, 2, []],
      [3, "mia", null, ["pad"]],
    ]);
    expect(await (await api.request(path(id, "restore"), { json: { seq: 1 } })).json()).toMatchObject({ code: "unprocessable" });
    for (const socket of [mia.socket, again]) socket.close();
  });

  it("leaves named layers on the revision that they stand on, to be read and written as before", async () => {
    const { id } = await api.upload(pagesPdf(3));
    await api.json(path(id, "layers"), { json: { name: "mia" } });
    const mia = await person(id, "mia", { layer: "mia" });
    await mia.push(create("a", "1.2"));
    await overwrite(id, pagesPdf(1));
    await mia.push(create("b", "1.2"));
    expect(mia.socket.messages.some(isReset)).toBe(false);
    const read = await api.json<{ data: { pages: unknown[] } }>(path(id, "layers/mia/document_info"));
    expect(read.data.pages).toHaveLength(3);
    expect((await api.request(path(id, "layers/mia/pages/2/image?width=100"))).status).toBe(200);
    const pdf = Buffer.from(await (await api.request(path(id, "layers/mia/pdf"))).arrayBuffer()).toString("latin1");
    expect(/\/Count 3/.test(pdf)).toBe(true);
    await api.json(path(id, "layers/mia"), { method: "DELETE" });
    await api.json(path(id, "layers"), { json: { name: "mia" } });
    expect((await api.json<{ data: { pages: unknown[] } }>(path(id, "layers/mia/document_info"))).data.pages).toHaveLength(1);
    mia.socket.close();
  });

  it("keeps the annotations of people, with their threads, on the pages of the same index, and tells what is left behind", async () => {
    const { id } = await api.upload(annotatedPdf());
    const mia = await person(id, "mia");
    const [base] = (await recordsOf(id)).filter(({ data }) => (data as { type?: string }).type === "ink");
    const said = { root: "m", text: { format: "plain", value: "one" } };
    await mia.push(
      ["c", "m", "annotation", { type: "comment-marker", page: "1.0", geometry: { bbox: [1, 1, 20, 20] }, appearance: {} }] as Op,
      ["c", "c1", "comment", said] as Op,
    );
    await mia.push(create("gone"));
    await mia.push(["d", "gone"]);
    await mia.push(["u", base!.id, { note: "changed in the layer" }]);
    await mia.push(["u", "1.0", { rotation: 90 }]);
    // The same annotations again, on a file of other bytes.
    const next = Buffer.concat([annotatedPdf(), Buffer.from("\n% again\n")]);
    const done = await overwrite(id, next, "keep_current_annotations=true");
    expect(done.overwrite).toMatchObject({
      status: "done",
      left: { count: 1, records: [{ id: "1.0", kind: "page", reason: "of_the_file" }] },
    });
    const kept = await recordsOf(id);
    const by = (wanted: string) => kept.find((record) => record.id === wanted);
    expect(by("m")).toMatchObject({ createdBy: "mia", seq: 6, data: { page: "2.0" } });
    expect(by("c1")).toMatchObject({ createdBy: "mia", data: { root: "m" } });
    expect(by(base!.id)).toMatchObject({ data: { page: "2.0", note: "changed in the layer" } });
    expect(by("gone")).toBeUndefined();
    expect(by("1.0")).toBeUndefined();

    const shorter = await overwrite(id, pagesPdf(1), "keep_current_annotations=true");
    expect(shorter.overwrite).toMatchObject({ revision: 3, left: { records: [{ id: base!.id, reason: "of_the_file" }] } });
    expect(ids(await recordsOf(id))).toEqual(["c1", "m"]);
    expect((await recordsOf(id, "?at_seq=5")).map(({ data }) => (data as { page?: string }).page)).toContain("1.0");
    expect((await recordsOf(id, "?at_seq=6")).map(({ data }) => (data as { page?: string }).page)).toContain("2.0");
    expect(ids(await recordsOf(id, "?at_seq=2"))).toContain("gone");
    mia.socket.close();
  });

  it("reports what lay on a page that the new file does not have, with what hung on it", async () => {
    const { id } = await api.upload(pagesPdf(2));
    const mia = await person(id, "mia");
    await mia.push(create("first", "1.0"), create("second", "1.1"));
    await mia.push(["c", "c1", "comment", { root: "second", text: { format: "plain", value: "?" } }] as Op);
    const { overwrite: done } = await overwrite(id, pagesPdf(1), "keep_current_annotations=true");
    expect(done?.left).toEqual({
      count: 2,
      records: [
        { id: "second", kind: "annotation", reason: "no_such_page" },
        { id: "c1", kind: "comment", reason: "nothing_to_hang_on" },
      ],
    });
    expect(await recordsOf(id)).toMatchObject([{ id: "first", data: { page: "2.0" } }]);
    expect((await get(id)).overwrite?.left?.count).toBe(2);
    mia.socket.close();
  });

  it("that fails leaves the document as it was, and says why", async () => {
    const { id } = await api.upload(pagesPdf(2));
    const mia = await person(id, "mia");
    await mia.push(create("a"));
    const file = Buffer.from("%PDF-1.7\nnothing that can be opened");
    const there = await testReceiver();
    await api.json("/viewer/webhooks", { json: { url: there.url, topics: ["document.failed"] } });
    await expect(overwrite(id, file)).rejects.toThrow(/422.*stays as it was/s);
    // Told to whoever listens, and nothing of it is kept.
    await expect.poll(() => there.of("document.failed").length).toBe(1);
    const { data } = there.of("document.failed")[0]!.json;
    expect(data).toMatchObject({ document_id: id, status: "ready", errors: [{ reason: expect.any(String) as string }] });
    await there.close();
    const { database } = api.server.documents;
    const kept = async (bytes: Uint8Array): Promise<boolean> =>
      hasBlob(database, DEFAULT_APPLICATION, createHash("sha256").update(bytes).digest("hex"));
    await expect.poll(() => kept(file)).toBe(false);
    await expect(overwrite(id, encryptedPdf())).rejects.toThrow(/422.*password/s);
    expect(await get(id)).toMatchObject({ status: "ready", pageCount: 2, overwrite: { revision: 3, status: "failed" } });
    await expect.poll(() => kept(encryptedPdf())).toBe(false);
    await mia.push(create("b"));
    expect(ids(await recordsOf(id))).toEqual(["a", "b"]);
    expect(mia.socket.messages.some(isReset)).toBe(false);
    expect(await overwrite(id, pagesPdf(1))).toMatchObject({ pageCount: 1, overwrite: { revision: 4, status: "done" } });
    mia.socket.close();
  });

  it("replaces one that could not be shown, too", async () => {
    const bad = (await api.upload(Buffer.from("%PDF-1.7\nnothing that can be opened"))).id;
    expect((await get(bad)).status).toBe("failed");
    expect(await overwrite(bad, pagesPdf(1))).toMatchObject({ status: "ready", pageCount: 1 });
    const { id } = await api.upload(encryptedPdf());
    expect((await get(id)).status).toBe("locked");
    expect(await overwrite(id, pagesPdf(1))).toMatchObject({ status: "ready", passwordProtected: false });
  });

  it("asks for the password of the revision that a layer stands on", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const headers = { "pspdfkit-pdf-password": ENCRYPTED_PASSWORD };
    await overwrite(id, encryptedPdf(), "", { headers });
    await api.json(path(id, "layers"), { json: { name: "old" }, headers });
    await overwrite(id, pagesPdf(1));
    expect((await api.request(path(id, "pdf"))).status).toBe(200);
    expect(await (await api.request(path(id, "layers/old/pdf"))).json()).toMatchObject({ code: "password_required" });
    expect((await api.request(path(id, "layers/old/pdf"), { headers })).status).toBe(200);
    expect((await api.request(path(id, "layers/old/pages/0/image?width=100"), { headers })).status).toBe(200);
  });

  it("takes the title and metadata that come with it, in a form behind the file and from a URL's JSON alike", async () => {
    const { id } = await api.upload(pagesPdf(2), "title=Old");
    const body = new FormData();
    body.set("file", new Blob([pagesPdf(1)], { type: "application/pdf" }), "new.pdf");
    for (const [name, value] of Object.entries({ document_id: id, overwrite_existing_document: "true", metadata: '{"v":2}' }))
      body.set(name, value);
    const { data } = await api.json<{ data: DocumentSummary }>("/api/documents", { body });
    expect(data).toMatchObject({ id, title: "Old", pageCount: 1, metadata: { v: 2 } });
    body.set("title", "New");
    body.set("overwrite_existing_document", "false");
    expect(await (await api.request("/api/documents", { body })).json()).toMatchObject({ code: "exists" });
    body.set("overwrite_existing_document", "perhaps");
    expect(await (await api.request("/api/documents", { body })).json()).toMatchObject({ code: "invalid_parameters" });
    expect(await overwrite("not-there-yet", pagesPdf(1))).toMatchObject({ id: "not-there-yet", status: "ready" });
    expect(await get("not-there-yet")).not.toHaveProperty("overwrite");
  });

  it("is told to webhooks and the audit, and goes with its document", async () => {
    const { id } = await api.upload(pagesPdf(1));
    await overwrite(id, pagesPdf(2));
    const audit = await api.json<{ data: { action: string; document_id: string | null }[] }>(`/viewer/audit?document_id=${id}`);
    expect(audit.data.map(({ action }) => action)).toContain("document.updated");
    const copy = await api.json<{ data: DocumentSummary }>("/viewer/copy_document", {
      json: { document_id: id, new_document_id: `${id}-copy` },
    });
    expect(copy.data).toMatchObject({ pageCount: 2 });
    expect(await overwrite(`${id}-copy`, pagesPdf(3))).toMatchObject({ pageCount: 3, overwrite: { revision: 3 } });
    await api.json(`/viewer/documents/${id}`, { method: "DELETE" });
    const left = await api.server.documents.database.query("SELECT n FROM overwrites WHERE document_id = ?", [id]);
    expect(left).toEqual([]);
  });
});

describe("people who write while their document is overwritten", () => {
  it("lose nothing that was acknowledged: it is on the new revision or in the history of the old one, and never on both bases at once", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const people = await Promise.all(["ann", "bob", "eve"].map((name) => person(id, name)));
    const acked: string[] = [];
    let ended = false;
    const writing = people.map(async ({ push }, who) => {
      for (let i = 0; !ended; i++) {
        const name = `p${who}-${i}`;
        try {
          await push(create(name));
        } catch {
          return; // the socket closed with the reset
        }
        acked.push(name);
      }
    });
    await expect.poll(() => acked.length).toBeGreaterThan(10);
    const done = await overwrite(id, pagesPdf(1), "keep_current_annotations=true");
    ended = true;
    await Promise.all(writing);
    expect(done.overwrite).toMatchObject({ status: "done", left: { count: 0 } });
    const now = await recordsOf(id);
    expect(ids(now)).toEqual(expect.arrayContaining(acked));
    // What was on its way may have been written, too, without the word of it arriving.
    expect(now.length - acked.length).toBeLessThanOrEqual(people.length);
    expect(new Set(now.map(({ data }) => (data as { page: string }).page))).toEqual(new Set(["2.0"]));
    const { data } = await api.json<{ data: ChangeSummary[] }>(path(id, "changes?limit=1000"));
    expect(data.map(({ seq }) => seq)).toEqual(data.map((_, index) => index + 1));
    expect(ids(await recordsOf(id, `?at_seq=${data.at(-2)!.seq}`))).toEqual(ids(now));
    for (const { socket } of people) socket.close();
  });

  it("of two files sent at once the later one stays", async () => {
    const { id } = await api.upload(pagesPdf(1));
    await Promise.allSettled([overwrite(id, pagesPdf(2)), overwrite(id, pagesPdf(3)), overwrite(id, pagesPdf(4))]);
    const found = await get(id);
    expect(found.overwrite).toMatchObject({ revision: 4, status: "done" });
    const opened = await api.json<{ data: { pages: unknown[] } }>(path(id, "document_info"));
    expect(opened.data.pages).toHaveLength(found.pageCount!);
  });
});
