/** Layers and their history as rows, the same on SQLite and PostgreSQL. */
import type { Op } from "@lectern/protocol";
import { SYNC_LIMITS } from "@lectern/protocol/plain";
import { memoryBaseRecords, SyncRoom } from "@lectern/sync/room";
import { grantsOf, rectangle } from "@lectern/sync/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postgresDatabase } from "../../adapters/database-postgres.ts";
import { loadMigrations } from "../../migrations/migrate.ts";
import { type Database, systemClock, systemRandom } from "../../ports.ts";
import { insertDocument, testDatabase } from "../../testing/test-database.ts";
import { hasPostgres, type TestPostgres, testPostgres } from "../../testing/test-postgres.ts";
import { createLayer, deleteLayer, findLayer, type Layer, layerLog, listLayers, momentOf, openLayer } from "../store.ts";
import { changesBetween, forgetChanges, forgetErased, layersWithOldChanges, writersOf } from "./store.ts";

const by = { clock: systemClock, random: systemRandom };

async function written(
  database: Database,
  layer: Layer,
  changes: readonly { readonly ops: readonly Op[]; readonly erases?: boolean }[],
): Promise<void> {
  const room = new SyncRoom({
    layerId: layer.id,
    log: layerLog(database, layer.id, systemClock),
    base: memoryBaseRecords([], (id) =>
      id === "1.0"
        ? { content: { source: "ab".repeat(32), sourceIndex: 0 }, order: "a", rotation: 0, crop: null, size: [100, 100], label: null }
        : null,
    ),
    clock: systemClock,
    limits: SYNC_LIMITS,
  });
  await room.load();
  for (const { ops, erases = false } of changes)
    await room.commit(ops, { grants: grantsOf("ann"), session: "session-1", server: true, erases });
  await room.close();
}

function suite(get: () => Database): void {
  const document = async (id: string) => {
    await insertDocument(get(), "app", id);
    return { applicationId: "app", documentId: id };
  };
  const square: Op = ["c", "a", "annotation", { ...rectangle("1.0"), note: "to be erased" }];

  it("a copy has the rows of its source, and begins where that was", async () => {
    const key = await document("copied");
    const source = await openLayer(get(), { ...key, name: "source", revision: 1 }, by);
    await written(get(), source, [{ ops: [square] }, { ops: [["u", "a", { note: "x" }]] }]);
    const copy = await createLayer(get(), { ...key, name: "copy", revision: 7 }, source, by);
    expect(copy).toMatchObject({ revision: 1, head: { seq: 2, floorSeq: 2, epoch: 0 } });
    const [mine, its] = await Promise.all([momentOf(get(), copy.id, 0), momentOf(get(), source.id, 0)]);
    expect([mine.records, mine.changes, its.changes.length]).toEqual([its.records, [], 2]);
    await expect(createLayer(get(), { ...key, name: "copy", revision: 1 }, null, by)).rejects.toMatchObject({ code: "exists" });
    await expect(createLayer(get(), { ...key, documentId: "none", name: "x", revision: 1 }, null, by)).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(createLayer(get(), { ...key, name: "y", revision: 1 }, { ...source, id: "none" }, by)).rejects.toMatchObject({
      code: "not_found",
    });
    expect((await listLayers(get(), "app", "copied")).map(({ name }) => name)).toEqual(["copy", "source"]);
  });

  it("one that is made anew under the name of a deleted one has another epoch", async () => {
    const key = await document("anew");
    for (const epoch of [0, 1, 2]) {
      const layer = await createLayer(get(), { ...key, name: "mia", revision: 1 }, null, by);
      expect(layer.head).toEqual({ seq: 0, epoch, floorSeq: 0 });
      await deleteLayer(get(), layer.id);
    }
    expect((await openLayer(get(), { ...key, name: "mia", revision: 1 }, by)).head.epoch).toBe(3);
  });

  it("changes are read from both ends, with their writers and sessions, and forgotten up to one of them", async () => {
    const key = await document("history");
    const layer = await openLayer(get(), { ...key, name: "", revision: 1 }, by);
    await written(get(), layer, [{ ops: [square] }, { ops: [["u", "a", { note: "x" }]] }, { ops: [["d", "a"]] }]);
    const range = { after: 0, upTo: 3, limit: 2 };
    expect((await changesBetween(get(), layer.id, { ...range, newestFirst: false })).map(({ seq, session }) => [seq, session])).toEqual([
      [1, "session-1"],
      [2, "session-1"],
    ]);
    expect((await changesBetween(get(), layer.id, { ...range, newestFirst: true })).map(({ seq }) => seq)).toEqual([3, 2]);
    expect([...(await writersOf(get(), layer.id, [1, 3, 9]))].map(([seq, { actor }]) => [seq, actor])).toEqual(
      expect.arrayContaining([
        [1, "ann"],
        [3, "ann"],
      ]),
    );
    expect((await layersWithOldChanges(get(), systemClock.now() + 1000, 1000)).find(({ layerId }) => layerId === layer.id)).toEqual({
      layerId: layer.id,
      seq: 3,
    });
    await get().transaction(forgetChanges(layer.id, 2));
    expect((await findLayer(get(), layer))?.head.floorSeq).toBe(2);
    expect((await momentOf(get(), layer.id, 0)).changes.map(({ seq }) => seq)).toEqual([3]);
  });

  it("what an erasing change has left is forgotten", async () => {
    const key = await document("erased");
    const layer = await openLayer(get(), { ...key, name: "", revision: 1 }, by);
    await written(get(), layer, [
      { ops: [square] },
      {
        ops: [
          ["d", "a"],
          ["u", "1.0", { content: null }],
        ],
        erases: true,
      },
    ]);
    expect((await findLayer(get(), layer))?.head).toEqual({ seq: 2, epoch: 0, floorSeq: 0, erasedSeq: 2 });
    expect([...(await forgetErased(get(), layer.id, 2))]).toEqual(["ab".repeat(32)]);
    const { head, records, changes } = await momentOf(get(), layer.id, 0);
    expect([head.floorSeq, changes.length, JSON.stringify([records, changes]).includes("to be erased")]).toEqual([2, 1, false]);
    expect(JSON.stringify(changes)).not.toContain("abab");
  });
}

describe("on SQLite", () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());
  suite(() => database);
});

describe.skipIf(!(await hasPostgres()))("on PostgreSQL", () => {
  let postgres: TestPostgres;
  let database: Database;
  beforeAll(async () => {
    postgres = await testPostgres();
    database = await postgresDatabase({ url: postgres.url });
    await database.migrate(await loadMigrations());
  });
  afterAll(async () => {
    await database.close();
    await postgres.drop();
  });
  suite(() => database);
});
