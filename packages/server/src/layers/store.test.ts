import { MemoryChangeLog, type PendingCommit, type StoredRecord } from "@lectern/sync/room";
import { changeLogSuite } from "@lectern/sync/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, systemClock, systemRandom } from "../ports.ts";
import { insertDocument, testDatabase } from "../testing/test-database.ts";
import { deleteLayer, deleteLayersOfDocument, findLayer, layerLog, listLayers, openLayer } from "./store.ts";

const sources = { clock: systemClock, random: systemRandom };
let database: Database;
let documents = 0;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

async function newLayer(name = ""): Promise<string> {
  const documentId = `document${++documents}`;
  await insertDocument(database, "app", documentId);
  return (await openLayer(database, { applicationId: "app", documentId, name, revision: 1 }, sources)).id;
}

function record(id: string, seq: number, more: Partial<StoredRecord> = {}): StoredRecord {
  const data = { type: "note", page: "1.0", order: "a0", text: { value: `${id} "at" ${seq} \u0000 \u{1F600}` } };
  const head = { seq, createdBy: "ann", createdAt: 10, updatedBy: null, updatedAt: 11, grp: null, deleted: false };
  return { id, kind: "annotation", ...head, data, ...more } as unknown as StoredRecord;
}

function commit(seq: number, records: readonly StoredRecord[], more: Partial<PendingCommit["change"]> = {}): PendingCommit {
  const ops = records.map(({ id, kind, data, deleted }) => {
    const before = { createdBy: "ann", grp: "g", deleted: false, seq: 1, data: { color: 1 } };
    return deleted ? { id, op: ["d", id] as const, before } : { id, op: ["c", id, kind, data, null] as const, before: null };
  });
  return { change: { seq, sid: "sid-one1", n: seq, actor: "ann", at: 1_000 + seq, ops, ...more }, records, events: [] };
}

const peer = (expected: number, lastN: number) => ({ sid: "sid-one1", userId: "ann", lastN, rejects: [], expected });

describe("layers", () => {
  it("are made when they are first opened, once", async () => {
    await insertDocument(database, "app", "opened");
    const wanted = { applicationId: "app", documentId: "opened", name: "review", revision: 3 };
    expect(await findLayer(database, wanted)).toBeNull();
    const all = await Promise.all(Array.from({ length: 8 }, () => openLayer(database, wanted, sources)));
    expect(new Set(all.map((layer) => layer.id)).size).toBe(1);
    expect(all[0]).toMatchObject({ ...wanted, head: { seq: 0, epoch: 0, floorSeq: 0 } });
    expect(await openLayer(database, { ...wanted, revision: 4 }, sources)).toEqual(all[0]);
  });

  it("are not made for a document that does not exist, or another application's", async () => {
    await insertDocument(database, "app", "mine");
    const attempt = (applicationId: string, documentId: string) =>
      openLayer(database, { applicationId, documentId, name: "", revision: 1 }, sources);
    await expect(attempt("app", "nowhere")).rejects.toMatchObject({ code: "not_found" });
    await expect(attempt("other", "mine")).rejects.toMatchObject({ code: "not_found" });
  });

  it("are listed by name, the default layer first", async () => {
    await insertDocument(database, "app", "listed");
    for (const name of ["b", "", "a"])
      await openLayer(database, { applicationId: "app", documentId: "listed", name, revision: 1 }, sources);
    expect((await listLayers(database, "app", "listed")).map((layer) => layer.name)).toEqual(["", "a", "b"]);
    expect(await listLayers(database, "other", "listed")).toEqual([]);
  });

  it("take all their rows with them when deleted", async () => {
    const kept = await newLayer();
    const gone = await newLayer();
    await layerLog(database, kept, systemClock).commitBatch(0, [commit(1, [record("r", 1)])], [peer(0, 1)]);
    await layerLog(database, gone, systemClock).commitBatch(0, [commit(1, [record("r", 1)])], [peer(0, 1)]);
    await deleteLayer(database, gone);
    const count =
      "SELECT (SELECT count(*) FROM records WHERE layer_id = ?) + (SELECT count(*) FROM changes WHERE layer_id = ?) + (SELECT count(*) FROM peers WHERE layer_id = ?) AS n";
    expect(await database.query(count, [gone, gone, gone])).toEqual([{ n: 0 }]);
    expect(await database.query(count, [kept, kept, kept])).toEqual([{ n: 3 }]);
    await database.transaction(deleteLayersOfDocument("app", `document${documents - 1}`));
    expect(await database.query(count, [kept, kept, kept])).toEqual([{ n: 0 }]);
    await expect(layerLog(database, kept, systemClock).load()).rejects.toMatchObject({ code: "gone" });
  });

  it("that were deleted answer gone, not a conflict to be tried again", async () => {
    const id = await newLayer();
    const log = layerLog(database, id, systemClock);
    await deleteLayer(database, id);
    await expect(log.commitBatch(0, [commit(1, [record("r", 1)])], [])).rejects.toMatchObject({ code: "gone" });
    await expect(log.changesSince(0)).rejects.toMatchObject({ code: "gone" });
  });
});

changeLogSuite("SQL", async () => {
  const [id, another] = [await newLayer(), await newLayer()];
  const open = (layerId: string) => Promise.resolve(layerLog(database, layerId, systemClock));
  return {
    log: await open(id),
    reopen: () => open(id),
    other: () => open(another),
    async prune(floorSeq) {
      await database.transaction([
        { sql: "UPDATE layers SET floor_seq = ? WHERE id = ?", params: [floorSeq, id] },
        { sql: "DELETE FROM changes WHERE layer_id = ? AND seq <= ?", params: [id, floorSeq] },
      ]);
    },
  };
});

describe("the log of a layer", () => {
  it("does what the log in memory does", async () => {
    const logs = [new MemoryChangeLog(), layerLog(database, await newLayer(), systemClock)];
    const [memory, stored] = await Promise.all(
      logs.map(async (log) => {
        const seen: unknown[] = [];
        seen.push(
          await log.commitBatch(0, [commit(1, [record("a", 1), record("b", 1, { grp: "g" })]), commit(2, [record("a", 2)])], [peer(0, 2)]),
        );
        seen.push(await log.commitBatch(1, [commit(2, [record("c", 2)])], [peer(2, 3)]));
        seen.push(await log.commitBatch(2, [commit(3, [record("c", 3)])], [peer(1, 3)]));
        seen.push(await log.commitBatch(2, [commit(3, [record("c", 3)])], [peer(0, 3)]));
        seen.push(await log.commitBatch(2, [commit(3, [record("b", 3, { deleted: true })], { sid: "", n: 0, actor: null })], []));
        const rejects = [{ n: 3, code: "forbidden" as const, id: "a", failingPaths: [{ path: "$", details: "no" }] }];
        seen.push(await log.commitBatch(3, [], [{ ...peer(2, 3), rejects }]));
        seen.push(await log.peer("sid-one1"), await log.peer("sid-two2"));
        for (const since of [0, 1, 2, 3, 99]) seen.push(await log.changesSince(since));
        const { head, records } = await log.load();
        seen.push(
          head,
          records.toSorted((x, y) => (x.id < y.id ? -1 : 1)),
        );
        return seen;
      }),
    );
    expect(stored).toEqual(memory);
    expect(stored!.slice(0, 6)).toEqual(["committed", "conflict", "conflict", "conflict", "committed", "committed"]);
  });

  it("gives the records by id, whichever was written last", async () => {
    const log = layerLog(database, await newLayer(), systemClock);
    await log.commitBatch(0, [commit(1, [record("b", 1), record("c", 1), record("a", 1)]), commit(2, [record("b", 2)])], [peer(0, 2)]);
    expect((await log.load()).records.map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });

  it("writes nothing of a batch that lost the race", async () => {
    const id = await newLayer();
    const log = layerLog(database, id, systemClock);
    const results = await Promise.all(
      Array.from({ length: 6 }, (_, i) => log.commitBatch(0, [commit(1, [record(`r${i}`, 1)])], [{ ...peer(0, 1), sid: `sid-0000${i}` }])),
    );
    expect(results.filter((result) => result === "committed")).toHaveLength(1);
    const [counts] = await database.query(
      "SELECT count(*) AS records, (SELECT count(*) FROM peers WHERE layer_id = ?) AS peers FROM records WHERE layer_id = ?",
      [id, id],
    );
    expect(counts).toEqual({ records: 1, peers: 1 });
    expect((await log.load()).head.seq).toBe(1);
  });

  it("refuses a batch with a gap in its seqs", async () => {
    const log = layerLog(database, await newLayer(), systemClock);
    await expect(log.commitBatch(0, [commit(1, []), commit(3, [])], [])).rejects.toThrow("does not follow");
    expect((await log.load()).head.seq).toBe(0);
  });

  it("answers null below the floor of catch-up", async () => {
    const id = await newLayer();
    const log = layerLog(database, id, systemClock);
    await log.commitBatch(
      0,
      [1, 2, 3].map((seq) => commit(seq, [record("a", seq)])),
      [],
    );
    await database.transaction([{ sql: "UPDATE layers SET floor_seq = 2 WHERE id = ?", params: [id] }]);
    expect(await log.changesSince(1)).toBeNull();
    expect((await log.changesSince(2))?.changes.map((change) => change.seq)).toEqual([3]);
  });

  it("writes events with the change, and the page of each record", async () => {
    const id = await newLayer();
    const outline = { ...record("o", 1), kind: "outline", data: { tree: [] } } as unknown as StoredRecord;
    const events = [
      { topic: "annotation.created", payload: { id: "a" } },
      { topic: "usage", payload: null },
    ];
    await layerLog(database, id, systemClock).commitBatch(0, [{ ...commit(1, [record("a", 1), outline]), events }], []);
    const written = await database.query("SELECT id, application_id, topic, payload FROM outbox WHERE id >= ? AND id < ? ORDER BY id", [
      id,
      `${id}~`,
    ]);
    expect(written).toEqual([
      { id: `${id}-1-0`, application_id: "app", topic: "annotation.created", payload: '{"id":"a"}' },
      { id: `${id}-1-1`, application_id: "app", topic: "usage", payload: "null" },
    ]);
    const pages = await database.query("SELECT id, page_id FROM records WHERE layer_id = ? ORDER BY id", [id]);
    expect(pages).toEqual([
      { id: "a", page_id: "1.0" },
      { id: "o", page_id: null },
    ]);
  });
});
