import type { Op } from "@lectern/protocol";
import type { ApiError } from "@lectern/protocol/plain";
import { describe, expect, it } from "vitest";
import { MemoryChangeLog } from "./memory-change-log.ts";
import { RECORDS_PER_CHANGE } from "./stage.ts";
import { comment, grantsOf, marker, rectangle } from "./testing/fixtures.ts";
import { testRoom } from "./testing/test-room.ts";

const ann = { grants: grantsOf("ann") };
const create = (id: string): Op => ["c", id, "annotation", rectangle()];

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "none",
    (error: unknown) => (error as ApiError).code,
  );
}

describe("changes that the server expands", () => {
  it("a change of the server has one seq, however many ops it has; one of a client has 200", async () => {
    const { room, log } = await testRoom();
    const ids = Array.from({ length: 20_000 }, (_, i) => `r${i}`);
    expect(await codeOf(room.commit(ids.slice(0, 201).map(create), ann))).toBe("limit_exceeded");
    expect(await room.commit(ids.map(create), { ...ann, server: true })).toEqual({ seq: 1, repeated: false });
    expect(
      await room.commit(
        ids.map((id) => ["d", id] as const),
        { ...ann, server: true },
      ),
    ).toEqual({ seq: 2, repeated: false });
    expect((await log.changesSince(0))!.changes.map(({ ops }) => ops.length)).toEqual([20_000, 20_000]);
  });

  it("more records than one change may write are refused as a whole", async () => {
    const { room } = await testRoom();
    const ops = Array.from({ length: RECORDS_PER_CHANGE + 1 }, (_, i) => create(`r${i}`));
    expect(await codeOf(room.commit(ops, { ...ann, server: true }))).toBe("limit_exceeded");
    expect([room.seq, room.snapshot(ann.grants).records]).toEqual([0, []]);
  });

  it("permissions count for a change of the server, too", async () => {
    const { room } = await testRoom();
    await room.commit([create("a")], ann);
    const bob = grantsOf("bob", ["annotations:view:all", "annotations:edit:self"]);
    expect(await codeOf(room.commit([["u", "a", { note: "x" }]], { grants: bob, server: true }))).toBe("forbidden");
  });

  it("a change that would not fit into a frame makes those who are there, and those who come back, read the layer anew", async () => {
    const { room, join } = await testRoom();
    const here = await join({ snapshotUrl: (seq) => `/records?minSeq=${seq}` });
    const note = "x".repeat(90_000);
    const ops = Array.from({ length: 100 }, (_, i) => ["c", `big${i}`, "annotation", { ...rectangle(), note }] as const);
    await room.commit(ops, { ...ann, server: true });
    expect([here.frames.at(-1), here.closed]).toEqual([{ type: "reset", epoch: 0 }, null]);
    const back = await join({ since: 0, epoch: 0, viewKey: "all", snapshotUrl: (seq) => `/records?minSeq=${seq}` });
    expect(back.welcome).toMatchObject({ mode: "reset", seq: 1, snapshotUrl: "/records?minSeq=1" });
  });
});

describe("an erasing change", () => {
  it("is noted with its change; what was deleted with it or before can be restored by the server alone", async () => {
    const log = new MemoryChangeLog();
    const { room } = await testRoom({ log });
    await room.commit([create("a"), create("b"), ["c", "m", "annotation", marker()], ["c", "c1", "comment", comment("m")]], ann);
    await room.commit([["d", "a"]], ann);
    await room.commit([["d", "b"]], { ...ann, server: true, erases: true });
    await room.commit([["d", "m"]], ann);
    expect([room.erasedSeq, (await log.load()).head.erasedSeq]).toEqual([3, 3]);
    expect(await codeOf(room.commit([["r", "a"]], ann))).toBe("gone");
    expect(await codeOf(room.commit([["r", "b"]], ann))).toBe("gone");
    expect(await codeOf(room.commit([["r", "m"]], ann))).toBe("none");
    expect(await codeOf(room.commit([["r", "a"]], { ...ann, server: true }))).toBe("none");
  });

  it("is made by the server only", async () => {
    const { room } = await testRoom();
    await room.commit([create("a")], { ...ann, erases: true });
    expect(room.erasedSeq).toBe(0);
  });
});
