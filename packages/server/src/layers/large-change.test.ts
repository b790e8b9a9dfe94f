import { MemoryChangeLog, memoryBaseRecords, SyncRoom } from "@lectern/sync/room";
import { FULL_GRANTS, SYNC_LIMITS } from "@lectern/protocol/plain";
import type { Op } from "@lectern/protocol";
import { comment, marker, testRoom } from "@lectern/sync/testing";
import { expect, it } from "vitest";
import { systemClock } from "../ports.ts";
import { commitLarge } from "./large-change.ts";

it("one change up to the limit, several beyond it; a repeat of the same request changes nothing", async () => {
  const room = new SyncRoom({
    layerId: "layer",
    log: new MemoryChangeLog(),
    base: memoryBaseRecords([], () => null),
    clock: systemClock,
    limits: SYNC_LIMITS,
  });
  await room.load();
  const one = Array.from(
    { length: 1001 },
    (_, i) => ["c", `b${i}`, "bookmark", { name: `${i}`, action: { type: "named", action: "print" } }] as const,
  );
  expect(await commitLarge(room, one, { grants: FULL_GRANTS, sid: "import" })).toEqual({ seq: 1, changes: 1, repeated: false });
  expect(await commitLarge(room, one, { grants: FULL_GRANTS, sid: "import" })).toEqual({ seq: 1, changes: 1, repeated: true });
  const deletions = one.map(([, id]) => ["d", id] as const);
  expect(await commitLarge(room, deletions, { grants: FULL_GRANTS, sid: "delete" }, 500)).toEqual({ seq: 4, changes: 3, repeated: false });
  expect(await commitLarge(room, deletions, { grants: FULL_GRANTS, sid: "delete" }, 500)).toEqual({ seq: 4, changes: 3, repeated: true });
  expect(await commitLarge(room, [], { grants: FULL_GRANTS })).toEqual({ seq: 4, changes: 0, repeated: false });
  await room.close();
});

it("counts what goes with a record that is deleted, also when it is repeated after that", async () => {
  const { room } = await testRoom();
  const roots = Array.from({ length: 10 }, (_, i) => `m${i}`);
  const making = roots.flatMap((root): Op[] => [
    ["c", root, "annotation", marker(), null],
    ...Array.from({ length: 4 }, (_, i): Op => ["c", `${root}-${i}`, "comment", comment(root), null]),
  ]);
  await room.commit(making, { grants: FULL_GRANTS, server: true });
  const deletions = roots.map((root): Op => ["d", root]);
  // Each takes five records: two fit into one change.
  expect(await commitLarge(room, deletions, { grants: FULL_GRANTS, sid: "delete" }, 12)).toEqual({ seq: 6, changes: 5, repeated: false });
  expect(await commitLarge(room, deletions, { grants: FULL_GRANTS, sid: "delete" }, 12)).toEqual({ seq: 6, changes: 5, repeated: true });
  const logged = (await room.changesSince(1))!;
  expect(logged.map(({ ops }) => ops.length)).toEqual([10, 10, 10, 10, 10]);
  expect(room.snapshot(FULL_GRANTS).records).toEqual([]);
  // One that is larger by itself is still one.
  const back = roots.map((root): Op => ["r", root]);
  expect(await commitLarge(room, back, { grants: FULL_GRANTS }, 3)).toMatchObject({ changes: 10 });
});
