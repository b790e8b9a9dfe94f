import { ApiError } from "@lectern/protocol/plain";
import { memoryBaseRecords } from "@lectern/sync/room";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryBus } from "../adapters/bus-memory.ts";
import type { DocumentBase } from "../documents/base.ts";
import { findDocument } from "../documents/store.ts";
import { type Database, systemRandom } from "../ports.ts";
import { insertDocument, testDatabase } from "../testing/test-database.ts";
import { rooms } from "./rooms.ts";

let database: Database;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

const FULL = { permissions: ["read", "write"], collaboration: null, userId: "mia", defaultGroup: null } as const;
const limits = { frameBytes: 1e6, recordBytes: 1e5, recordsPerLayer: 1000, opsPerPush: 200, unackedOps: 256, opsPerSecond: 0, opsBurst: 0 };
const page = {
  content: { source: "0".repeat(64), sourceIndex: 0 },
  order: "00000V",
  rotation: 0,
  crop: null,
  size: [600, 800],
  label: null,
} as const;
const note = { type: "note", page: "1.0", geometry: { bbox: [0, 0, 9, 9] }, appearance: {}, text: { format: "plain", value: "x" } };

/** Rooms over the real database, with a clock that only goes when it is told to. */
async function setUp(documentId: string) {
  await insertDocument(database, "app", documentId);
  await database.transaction([
    {
      sql: "INSERT INTO revisions (application_id, document_id, n, source_blob, base_blob, created_at) VALUES ('app', ?, 1, ?, ?, 0)",
      params: [documentId, "0".repeat(64), "1".repeat(64)],
    },
  ]);
  const document = (await findDocument(database, { applicationId: "app", documentId }))!;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  const clock = {
    time: 0,
    now: () => clock.time,
    setTimeout(run: () => void, ms: number) {
      const timer = { at: clock.time + ms, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    go(ms: number) {
      clock.time += ms;
      for (const timer of timers) if (timer.at <= clock.time && timers.delete(timer)) timer.run();
    },
  };
  const loads: string[] = [];
  const base = {
    revision: 1,
    source: "0".repeat(64),
    manifest: { pageCount: 1, runs: [], shapes: [], labels: {} },
    records: memoryBaseRecords([], (id) => (id === "1.0" ? { ...page, size: [600, 800] } : null)),
  };
  const errors: unknown[] = [];
  const all = rooms({
    database,
    clock,
    limits,
    random: systemRandom,
    bus: memoryBus(),
    onError: (_what, error) => errors.push(error),
    bases: { load: async () => (loads.push(documentId), base as unknown as DocumentBase) },
  });
  return { all, document, clock, loads, errors };
}

test("all who come at once get one room", async () => {
  const { all, document, loads } = await setUp("at-once");
  const opened = await Promise.all(Array.from({ length: 10 }, () => all.open(document, "", { create: false })));
  expect(new Set(opened.map(({ room }) => room)).size).toBe(1);
  expect([loads.length, all.size]).toEqual([1, 1]);
  expect((await all.peek({ applicationId: "app", documentId: "at-once" }, ""))?.room).toBe(opened[0]!.room);
  expect(all.peek({ applicationId: "app", documentId: "at-once" }, "other")).toBeNull();
  await all.close();
});

test("a layer that nobody has used comes into being only when it may", async () => {
  const { all, document } = await setUp("named");
  await expect(all.open(document, "review", { create: false })).rejects.toThrow(expect.objectContaining({ code: "not_found" }));
  await expect.poll(() => all.size).toBe(0);
  expect((await all.open(document, "review", { create: true })).layer.name).toBe("review");
  await all.close();
});

test("a room that nobody uses is dropped after a minute, and comes back with all that was written", async () => {
  const { all, document, clock, loads } = await setUp("idle");
  const { room } = await all.open(document, "", { create: false });
  await room.commit([["c", "one", "annotation", note]], { grants: FULL });
  clock.go(50_000);
  const member = await room.join({
    connection: { send: () => undefined, bufferedBytes: () => 0, close: () => undefined },
    grants: FULL,
    name: "Mia",
    sid: "somebody-1",
    since: -1,
  });
  for (let i = 0; i < 6; i++) {
    clock.go(15_000);
    await Promise.resolve();
  }
  expect((await all.open(document, "", { create: false })).room).toBe(room);
  member!.leave();
  await expect.poll(() => (clock.go(15_000), all.size)).toBe(0);
  await expect(room.commit([["d", "one"]], { grants: FULL })).rejects.toThrow(expect.objectContaining({ code: "unavailable" }));
  const again = await all.open(document, "", { create: false });
  expect(again.room).not.toBe(room);
  expect(again.room.record("one", FULL)).toMatchObject({ id: "one", createdBy: "mia" });
  expect(loads).toHaveLength(2);
  await all.close();
});

test("the rooms of a deleted document close with a reason, those of others stay", async () => {
  const [{ all, document }, other] = [await setUp("gone"), await setUp("stays")];
  const said: unknown[] = [];
  const { room } = await all.open(document, "", { create: false });
  await room.join({
    connection: { send: () => undefined, bufferedBytes: () => 0, close: (reason) => void said.push(reason) },
    grants: FULL,
    name: "Mia",
    sid: "somebody-2",
    since: -1,
  });
  await all.open(other.document, "", { create: false });
  all.documentDeleted({ applicationId: "app", documentId: "gone" });
  await expect.poll(() => said).toEqual(["gone"]);
  expect(all.size).toBe(1);
  await all.close();
});

test("a room whose layer was deleted under it closes, and nobody is alarmed", async () => {
  const { all, document, errors } = await setUp("under");
  const { room, layer } = await all.open(document, "", { create: false });
  await database.transaction([{ sql: "DELETE FROM layers WHERE id = ?", params: [layer.id] }]);
  await expect(room.commit([["c", "one", "annotation", note]], { grants: FULL })).rejects.toBeInstanceOf(ApiError);
  await expect.poll(() => all.size).toBe(0);
  expect(errors).toEqual([]);
});

test("a document that is not ready has no room, and neither has a service that ends", async () => {
  const { all, document } = await setUp("unready");
  await expect(all.open({ ...document, status: "preparing" }, "", { create: false })).rejects.toThrow(
    expect.objectContaining({ code: "preparing" }),
  );
  await expect(all.open({ ...document, status: "locked" }, "", { create: false })).rejects.toThrow(
    expect.objectContaining({ code: "password_required" }),
  );
  await all.close();
  await expect(all.open(document, "", { create: false })).rejects.toThrow(expect.objectContaining({ code: "unavailable" }));
});
