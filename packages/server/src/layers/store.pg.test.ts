/** The log of a layer on PostgreSQL, and that no sequence of commands tells it from the one on SQLite or in memory. */
import { type ChangeLog, MemoryChangeLog, type PendingCommit, type StoredRecord } from "@lectern/sync/room";
import { changeLogSuite, rectangle } from "@lectern/sync/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postgresDatabase } from "../adapters/database-postgres.ts";
import { loadMigrations } from "../migrations/migrate.ts";
import { type Database, systemClock, systemRandom } from "../ports.ts";
import { insertDocument, testDatabase } from "../testing/test-database.ts";
import { hasPostgres, type TestPostgres, testPostgres } from "../testing/test-postgres.ts";
import { layerLog, openLayer } from "./store.ts";

interface Step {
  /** How far before the head it believes the layer to be: more than 0 is a conflict. */
  readonly behind: number;
  readonly sid: string;
  /** Its peer is believed to be at another n than it is. */
  readonly wrongPeer: boolean;
  readonly records: readonly { readonly id: string; readonly deleted: boolean; readonly note: string }[];
  readonly at: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  behind: fc.constantFrom(0, 0, 0, 0, 1, 3),
  sid: fc.constantFrom("sid-aaaa", "sid-bbbb", ""),
  wrongPeer: fc.constantFrom(false, false, false, true),
  records: fc.array(fc.record({ id: fc.constantFrom("a", "b", "Ä", "Z"), deleted: fc.boolean(), note: fc.string({ unit: "grapheme" }) }), {
    maxLength: 3,
  }),
  at: fc.integer({ min: 0, max: 2 ** 50 }),
});

/** What can be seen of a log while it does the steps. */
async function observe(log: ChangeLog, steps: readonly Step[]): Promise<unknown[]> {
  const seen: unknown[] = [];
  let seq = 0;
  const lastN: Record<string, number> = {};
  for (const { behind, sid, wrongPeer, records, at } of steps) {
    const expected = Math.max(0, seq - behind);
    const n = sid === "" ? 0 : (lastN[sid] ?? 0) + 1;
    const commit: PendingCommit = {
      change: {
        seq: expected + 1,
        sid,
        n,
        actor: sid === "" ? null : "ann",
        at,
        ops: records.map(({ id, note }) => ({
          id,
          op: ["u", id, { note }],
          before: { createdBy: "ann", grp: null, deleted: false, seq: 1, data: { note: null } },
        })),
      },
      records: records.map(
        ({ id, deleted, note }) =>
          ({
            id,
            kind: "annotation",
            seq: expected + 1,
            createdBy: "ann",
            createdAt: 1,
            updatedBy: null,
            updatedAt: at,
            grp: null,
            deleted,
            data: { ...rectangle(), note },
          }) satisfies StoredRecord,
      ),
      events: [],
    };
    const peers = sid === "" ? [] : [{ sid, userId: "ann", lastN: n, rejects: [], expected: n - 1 + (wrongPeer ? 7 : 0) }];
    const result = await log.commitBatch(expected, [commit], peers);
    seen.push(result);
    if (result === "committed") {
      seq++;
      if (sid !== "") lastN[sid] = n;
    }
  }
  const { head, records } = await log.load();
  const byId = [...records].sort((a, b) => (a.id < b.id ? -1 : 1));
  return [
    ...seen,
    head,
    byId,
    await log.changesSince(0),
    await log.changesSince(Math.floor(seq / 2)),
    await log.peer("sid-aaaa"),
    await log.peer("sid-bbbb"),
  ];
}

describe.skipIf(!(await hasPostgres()))("layers on PostgreSQL", () => {
  let postgres: TestPostgres;
  let database: Database;
  let sqlite: Database;
  let documents = 0;
  beforeAll(async () => {
    [postgres, sqlite] = await Promise.all([testPostgres(), testDatabase()]);
    database = await postgresDatabase({ url: postgres.url });
    await database.migrate(await loadMigrations());
  });
  afterAll(async () => {
    await Promise.all([database.close(), sqlite.close()]);
    await postgres.drop();
  });

  async function newLayer(on: Database): Promise<string> {
    const documentId = `document${++documents}`;
    await insertDocument(on, "app", documentId);
    return (await openLayer(on, { applicationId: "app", documentId, name: "", revision: 1 }, { clock: systemClock, random: systemRandom }))
      .id;
  }

  changeLogSuite("PostgreSQL", async () => {
    const [id, another] = [await newLayer(database), await newLayer(database)];
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

  it("is one layer, however many open it at once for the first time", async () => {
    await insertDocument(database, "app", "at once");
    const wanted = { applicationId: "app", documentId: "at once", name: "review", revision: 1 };
    const all = await Promise.all(
      Array.from({ length: 8 }, () => openLayer(database, wanted, { clock: systemClock, random: systemRandom })),
    );
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
  });

  it("does what SQLite and memory do, for any sequence of commands", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const [memory, small, large] = await Promise.all([
          observe(new MemoryChangeLog(), steps),
          observe(layerLog(sqlite, await newLayer(sqlite), systemClock), steps),
          observe(layerLog(database, await newLayer(database), systemClock), steps),
        ]);
        expect(small).toEqual(memory);
        expect(large).toEqual(memory);
      }),
      { numRuns: 60 },
    );
  });
});
