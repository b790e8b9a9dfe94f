import { MemoryChangeLog, memoryBaseRecords, SyncRoom } from "@lectern/sync/room";
import { FULL_GRANTS, SYNC_LIMITS } from "@lectern/protocol/plain";
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
