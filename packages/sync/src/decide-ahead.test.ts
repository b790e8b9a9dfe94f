/** What comes while a batch is being written is decided at once, on what that batch will have made of the layer, and is written next. */
import type { Op } from "@lectern/protocol";
import type { ApiError } from "@lectern/protocol/plain";
import { expect, it } from "vitest";
import { MemoryChangeLog } from "./memory-change-log.ts";
import { comment, grantsOf, marker, rectangle } from "./testing/fixtures.ts";
import { HeldLog, testRoom } from "./testing/test-room.ts";
import { settled } from "./testing/virtual-clock.ts";

const ann = { grants: grantsOf("ann") };
const create = (id: string): Op => ["c", id, "annotation", rectangle()];
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: unknown) => (error as ApiError).code,
  );

async function held() {
  const log = new HeldLog();
  const made = await testRoom({ log });
  log.hold = true;
  return { ...made, log };
}

it("it builds on what is being written, and nobody sees either before it is durable", async () => {
  const { room, join, log } = await held();
  const [first, second] = [await join(), await join()];
  await first.push(["c", "m", "annotation", marker()]);
  await second.push(["c", "c1", "comment", comment("m")], ["u", "m", { note: "x" }]);
  await second.push(["d", "m"]);
  expect([log.batches, room.seq, room.record("m", ann.grants), room.snapshot(ann.grants).records]).toEqual([[1], 0, null, []]);
  expect((await join()).welcome).toMatchObject({ seq: 0, records: [] });
  await log.release();
  expect([log.batches, room.seq, first.answers(), second.answers()]).toEqual([[1, 2], 1, { 1: 1 }, {}]);
  expect(room.below("m", ann.grants)).toEqual([]);
  await log.release();
  expect([room.seq, second.answers()]).toEqual([3, { 1: 2, 2: 3 }]);
  expect(second.told()).toEqual(["c m", "c c1", "u m", "x m", "x c1"]);
  expect(room.snapshot(ann.grants).records).toEqual([]);
});

it("a push that comes again while it is written is answered when it is written, and applied once", async () => {
  const { room, join, log } = await held();
  const peer = await join({ sid: "sid-of-ann" });
  await peer.push(create("a"));
  const again = await join({ sid: "sid-of-ann" });
  expect(again.welcome.lastN).toBe(0);
  await again.send({ type: "push", n: 1, ops: [create("a")] });
  await again.send({ type: "push", n: 2, ops: [create("b")] });
  expect(again.of("batch")).toEqual([]);
  await log.release();
  await log.release();
  expect(again.of("batch").flatMap(({ acks }) => acks)).toEqual([
    [1, 1],
    [1, 1],
    [2, 2],
  ]);
  expect((await log.changesSince(0))!.changes.map(({ sid, n }) => [sid, n])).toEqual([
    ["sid-of-ann", 1],
    ["sid-of-ann", 2],
  ]);
  expect(room.seq).toBe(2);
});

it("when another node was first, all of it is decided anew, in order", async () => {
  const memory = new MemoryChangeLog();
  const log = new HeldLog(memory);
  const { room, join } = await testRoom({ log });
  const other = await testRoom({ log: memory });
  const peer = await join();
  log.hold = true;
  await peer.push(create("a"));
  await peer.push(["u", "a", { note: "1" }]);
  await peer.push(create("taken"));
  await other.room.commit([create("taken")], ann);
  log.hold = false;
  await log.release();
  expect(peer.answers()).toEqual({ 1: 2, 2: 3, 3: "exists" });
  expect((await memory.changesSince(0))!.changes.map(({ seq, n }) => [seq, n])).toEqual([
    [1, 0],
    [2, 1],
    [3, 2],
  ]);
  expect(room.record("a", ann.grants)).toMatchObject({ seq: 3, data: { note: "1" } });
});

it("when the log fails, or the room is closed, nothing of it is written and its callers are told", async () => {
  for (const end of ["fail", "close"] as const) {
    const memory = new MemoryChangeLog();
    const log = new HeldLog(memory);
    const { room } = await testRoom({ log });
    log.hold = true;
    const [first, second] = [codeOf(room.commit([create("a")], ann)), Promise.resolve()];
    await settled();
    const later = codeOf(room.commit([["u", "a", { note: "x" }]], ann));
    await settled();
    if (end === "fail") memory.commitBatch = () => Promise.reject(new Error("disk full"));
    const closed = end === "close" ? room.close() : second;
    await log.release();
    await closed;
    expect([end, await first, await later, log.batches]).toEqual([end, end === "fail" ? "unavailable" : "none", "unavailable", [1]]);
  }
});

it("limits count what is being written", async () => {
  const log = new HeldLog();
  const { join } = await testRoom({ log, limits: { recordsPerLayer: 2 } });
  const peer = await join();
  log.hold = true;
  await peer.push(create("a"));
  await peer.push(create("b"));
  await peer.push(create("c"));
  await peer.push(["d", "a"]);
  await peer.push(create("c"));
  log.hold = false;
  await log.release();
  expect(peer.answers()).toEqual({ 1: 1, 2: 2, 3: "limit_exceeded", 4: 3, 5: 4 });
});
