/**
 * Objects made for each change have one shape (hidden class) each, whatever is written. An object that gets a property more after a spread has a
 * shape of its own in V8 11: every access to it is looked up, which took a quarter of the room's thread, and the shape is kept as long as it is.
 */
import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
import type { Op } from "@lectern/protocol";
import { expect, it } from "vitest";
import type { PeerUpdate, PendingCommit } from "./change-log.ts";
import { MemoryChangeLog } from "./memory-change-log.ts";
import { grantsOf, rectangle } from "./testing/fixtures.ts";
import { testRoom } from "./testing/test-room.ts";

setFlagsFromString("--allow-natives-syntax");
const haveSameShape = runInThisContext("(a, b) => %HaveSameMap(a, b)") as (a: object, b: object) => boolean;

function shapesOf(objects: readonly object[]): number {
  const found: object[] = [];
  for (const object of objects) if (!found.some((other) => haveSameShape(other, object))) found.push(object);
  return found.length;
}

it("what is written of one change after the other has the same shapes", async () => {
  const commits: PendingCommit[] = [];
  const peers: PeerUpdate[] = [];
  const log = new MemoryChangeLog();
  const commitBatch = log.commitBatch.bind(log);
  log.commitBatch = (expectedSeq, batch, updates) => {
    commits.push(...batch);
    peers.push(...updates);
    return commitBatch(expectedSeq, batch, updates);
  };
  const { join } = await testRoom({ log });
  const peer = await join({ grants: grantsOf("ann") });
  const every = (i: number): Op[] => [
    ["c", `r${i}`, "annotation", rectangle()],
    ["u", `r${i}`, { note: "x" }],
    ["g", `r${i}`, "group"],
    ["d", `r${i}`],
    ["r", `r${i}`],
  ];
  for (let i = 0; i < 80; i++) for (const op of every(i)) await peer.push(op);
  expect([commits.length, peers.length]).toEqual([400, 400]);
  // The first ones are made before their properties are known to hold what they hold.
  const later = commits.slice(100);
  expect(shapesOf(later)).toBe(1);
  expect(shapesOf(later.map(({ change }) => change))).toBe(1);
  expect(shapesOf(peers.slice(100))).toBe(1);
  expect(shapesOf(later.map(({ records }) => records[0]!))).toBe(1);
});
