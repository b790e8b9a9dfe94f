import type { Snapshot } from "@lectern/protocol";
import { ApiError, SYNC_LIMITS } from "@lectern/protocol/plain";
import { describe, expect, it } from "vitest";
import type { StoredRecord } from "./change-log.ts";
import { MemoryChangeLog } from "./memory-change-log.ts";
import type { LayerHint, LayerHints } from "./room-options.ts";
import { snapshotRecords } from "./server-message.ts";
import { baseOf, baseRecord, comment, grantsOf, marker, rectangle } from "./testing/fixtures.ts";
import { HeldLog, testRoom } from "./testing/test-room.ts";
import { settled, VirtualClock } from "./testing/virtual-clock.ts";

const create = (id: string, grp?: string | null) => ["c", id, "annotation", rectangle(), grp] as const;

/** A bus between rooms; what it carries is held until a test lets it go. */
function testHints() {
  const listeners = new Set<(hint: LayerHint) => void>();
  const sent: LayerHint[] = [];
  const hints: LayerHints = {
    publish: (hint) => void sent.push(hint),
    subscribe: (_, listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const deliver = async () => {
    for (const hint of sent.splice(0)) for (const listener of listeners) listener(hint);
    await settled();
  };
  return { hints, sent, deliver };
}

describe("joining", () => {
  it("the first welcome holds everything live: base records and the layer's, but no page that nobody changed", async () => {
    const { room, join } = await testRoom({ base: baseOf(3, [baseRecord("b1"), baseRecord("b2")]) });
    const ann = await join();
    await ann.push(create("a"), ["d", "b1"], ["u", "0.1", { rotation: 90 }]);
    const bob = await join({ grants: grantsOf("bob") });
    expect(bob.welcome).toMatchObject({
      mode: "reset",
      seq: 1,
      epoch: 0,
      lastN: 0,
      viewKey: "all",
      self: { userId: "bob" },
      limits: SYNC_LIMITS,
    });
    expect(bob.welcome.records?.map((record) => record.id).toSorted()).toEqual(["0.1", "a", "b2"]);
    expect(bob.welcome.records).toEqual(room.snapshot(grantsOf("bob")).records);
    expect(JSON.parse(room.snapshotJson(grantsOf("bob")))).toEqual(room.snapshot(grantsOf("bob")));
  });

  it("a snapshot says the same in fewer bytes when its records come as the changes that wrote them last", async () => {
    const grouped = { ...baseRecord("b2"), grp: "team" };
    const { room, join, clock } = await testRoom({ base: baseOf(3, [baseRecord("b1"), grouped]) });
    const ann = await join();
    await ann.push(create("a"), create("b", "team"), create("c"));
    await clock.advance(1);
    await ann.push(create("d", "secret"), ["u", "0.1", { rotation: 90 }], ["d", "0.2"], ["u", "c", { note: "x" }]);
    const bob = await join({ grants: grantsOf("bob") });
    await bob.push(["u", "a", { note: "seen" }]);
    const told = (grants = grantsOf("ann")) => JSON.parse(room.snapshotJson(grants, { compact: true })) as Snapshot;
    expect(snapshotRecords(told())).toEqual(room.snapshot(grantsOf("ann")).records);
    expect(told().records).toEqual([]);
    expect(told().changes!.map(({ seq, by, ops }) => [seq, by, ops.map(([verb]) => verb).join("")])).toEqual([
      [3, "bob", "p"],
      [1, "ann", "c"],
      [2, "ann", "pcpp"],
      [0, null, "cc"],
    ]);
    const few = grantsOf("bob", ["annotations:view:group=team"]);
    expect(snapshotRecords(told(few))).toEqual(room.snapshot(few).records);
    expect(snapshotRecords(told(few)).map(({ id }) => id)).not.toContain("d");
    for (let i = 0; i < 5; i++) await ann.push(...Array.from({ length: 20 }, (_, n) => create(`more-${i}-${n}`)));
    const [plain, compact] = [false, true].map((form) => room.snapshotJson(grantsOf("ann"), { compact: form }).length);
    expect(compact! / plain!).toBeLessThan(0.6);
  });

  it("what the log has as text is sent as it was read, and not made again", async () => {
    const log = new HeldLog();
    const record: StoredRecord = { ...baseRecord("a"), seq: 1, deleted: false };
    const text = `{ "type": "rectangle",${JSON.stringify(record.data).slice(1)}`;
    log.load = () => Promise.resolve({ head: { seq: 1, epoch: 0, floorSeq: 0 }, records: [record], texts: [text] });
    const { room } = await testRoom({ log });
    expect(room.snapshotJson(grantsOf("ann"))).toContain(text);
  });

  it("a large layer is fetched by URL", async () => {
    const { room, join } = await testRoom({ inlineChars: 1_000 });
    for (let i = 0; i < 10; i++) await room.commit([create(`r${i}`)], { grants: grantsOf("ann") });
    const bob = await join({ snapshotUrl: (seq) => `/records?minSeq=${seq}` });
    expect(bob.welcome).toMatchObject({ mode: "reset", seq: 10, snapshotUrl: "/records?minSeq=10" });
    expect(bob.welcome).not.toHaveProperty("records");
  });

  it("who was away gets each record's last state once, from memory and, after a restart, from the log", async () => {
    const log = new MemoryChangeLog();
    const first = await testRoom({ log });
    const ann = await first.join();
    await ann.push(create("a"), create("b"));
    await ann.push(["u", "a", { note: "1" }]);
    await ann.push(["u", "a", { note: "2" }], ["d", "b"], create("c"), ["d", "c"]);
    const second = await testRoom({ log });
    for (const { join } of [first, second]) {
      const bob = await join({ since: 1, epoch: 0, viewKey: "all" });
      expect(bob.welcome.mode).toBe("delta");
      expect(bob.told()).toEqual(["p a", "x b"]);
      expect(bob.welcome.changes?.[0]).toMatchObject({
        seq: 3,
        by: "ann",
        ops: [
          ["p", { id: "a", seq: 3, data: { note: "2" } }],
          ["x", "b"],
        ],
      });
    }
  });

  it("who comes back to another view, epoch or a log that does not reach back starts anew", async () => {
    const log = new MemoryChangeLog();
    const { join } = await testRoom({ log });
    const ann = await join();
    for (let i = 0; i < 4; i++) await ann.push(create(`r${i}`));
    const back = { since: 2, epoch: 0, viewKey: "all" };
    expect((await join(back)).welcome.mode).toBe("delta");
    expect((await join({ ...back, viewKey: "none" })).welcome.mode).toBe("reset");
    expect((await join({ ...back, epoch: 7 })).welcome.mode).toBe("reset");
    expect((await join({ ...back, since: 99 })).welcome.mode).toBe("reset");
    log.prune(3);
    expect((await (await testRoom({ log })).join(back)).welcome.mode).toBe("reset");
  });

  it("a queue of another user is refused", async () => {
    const { join } = await testRoom();
    const ann = await join({ sid: "sid-of-ann" });
    await ann.push(create("a"));
    await expect(join({ sid: "sid-of-ann", grants: grantsOf("bob") })).rejects.toMatchObject({ code: "forbidden" });
  });

  it("a queue that connects again replaces its old connection, and hears of what that one sent", async () => {
    const log = new HeldLog();
    const { join } = await testRoom({ log });
    const old = await join({ sid: "sid-same" });
    log.hold = true;
    await old.push(create("a"));
    const now = await join({ sid: "sid-same" });
    expect(old.closed).toBe("conflict");
    expect(now.welcome.lastN).toBe(0);
    await log.release();
    expect(now.answers()).toEqual({ 1: 1 });
    expect(old.answers()).toEqual({});
  });
});

describe("committing", () => {
  it("nothing is told before it is durable", async () => {
    const log = new HeldLog();
    const { room, join } = await testRoom({ log });
    const [ann, bob] = [await join(), await join({ grants: grantsOf("bob") })];
    log.hold = true;
    await ann.push(create("a"));
    expect([ann.of("batch"), bob.of("batch"), room.seq]).toEqual([[], [], 0]);
    await log.release();
    expect(ann.answers()).toEqual({ 1: 1 });
    expect(bob.of("batch")).toMatchObject([{ from: 0, to: 1, changes: [{ seq: 1, by: "ann", ops: [["c", "a", "annotation", {}]] }] }]);
    expect(bob.of("batch")[0]).not.toHaveProperty("acks");
  });

  it("what comes while a batch is written goes into the next one together", async () => {
    const log = new HeldLog();
    const { join } = await testRoom({ log });
    const [ann, bob] = [await join(), await join()];
    log.hold = true;
    await ann.push(create("a0"));
    for (let i = 1; i < 6; i++) await (i % 2 === 0 ? ann : bob).push(create(`a${i}`));
    log.hold = false;
    await log.release();
    expect(log.batches).toEqual([1, 5]);
    expect(ann.of("batch").map(({ from, to, acks }) => [from, to, acks])).toEqual([
      [0, 1, [[1, 1]]],
      [
        1,
        6,
        [
          [2, 3],
          [3, 5],
        ],
      ],
    ]);
  });

  it("a push is applied whole or not at all, and a refused one is told why", async () => {
    const { room, join } = await testRoom();
    const ann = await join();
    await ann.push(create("a"), ["u", "nothing", { note: "x" }]);
    await ann.push(["c", "b", "annotation", { ...rectangle(), geometry: { bbox: [1, 2, "3", 4] } }]);
    expect(ann.answers()).toEqual({ 1: "not_found", 2: "invalid_parameters" });
    expect(ann.of("batch")[0]?.rejects).toMatchObject([{ n: 1, id: "nothing" }]);
    expect(ann.of("batch")[1]?.rejects?.[0]?.failingPaths).toEqual([{ path: "$.ops[0].geometry.bbox[2]", details: expect.any(String) }]);
    expect([room.seq, room.snapshot(grantsOf("ann")).records]).toEqual([0, []]);
  });

  it("a push that comes again is answered again, not applied again, also after a restart", async () => {
    const log = new MemoryChangeLog();
    const { join } = await testRoom({ log });
    const ann = await join({ sid: "sid-of-ann" });
    await ann.push(create("a"));
    await ann.push(["u", "nothing", {}]);
    await ann.push(["d", "a"]);
    await ann.send({ type: "push", n: 1, ops: [create("a")] });
    await ann.send({ type: "push", n: 2, ops: [["u", "nothing", {}]] });
    expect(ann.of("batch").slice(3)).toMatchObject([
      { from: 2, to: 2, acks: [[1, 2]] },
      { from: 2, to: 2, rejects: [{ n: 2, code: "not_found" }] },
    ]);

    const restarted = await testRoom({ log });
    const again = await restarted.join({ sid: "sid-of-ann" });
    expect(again.welcome).toMatchObject({ lastN: 3, rejects: [{ n: 2, code: "not_found", id: "nothing" }] });
    await again.send({ type: "push", n: 1, ops: [create("a")] });
    expect(again.answers()).toEqual({ 1: 2 });
    expect(restarted.room.seq).toBe(2);
  });

  it("a gap makes a known queue say hello again, and is the end of an unknown one", async () => {
    const { room, join } = await testRoom();
    const ann = await join();
    await ann.push(create("a"));
    await ann.send({ type: "push", n: 3, ops: [create("b")] });
    expect([ann.frames.at(-1), ann.closed]).toEqual([{ type: "reset", epoch: 0 }, null]);
    const bob = await join();
    await bob.send({ type: "push", n: 2, ops: [create("c")] });
    expect([bob.frames.at(-1), bob.closed]).toEqual([{ type: "bye", code: "unknown_peer" }, "unknown_peer"]);
    expect(room.seq).toBe(1);
  });

  it("what a connection sent before it was thrown out is dropped; before it merely ended, applied", async () => {
    const log = new HeldLog();
    const { room, join } = await testRoom({ log });
    const [ann, bob, cat] = [await join(), await join(), await join()];
    log.hold = true;
    await ann.push(create("a"));
    await bob.push(create("b"));
    await cat.push(create("c"));
    bob.member.leave();
    cat.member.bye("session_revoked");
    log.hold = false;
    await log.release();
    expect(
      room
        .snapshot(grantsOf("ann"))
        .records.map((record) => record.id)
        .toSorted(),
    ).toEqual(["a", "b"]);
    expect(bob.frames).toHaveLength(1);
    expect(cat.frames.at(-1)).toEqual({ type: "bye", code: "session_revoked" });
  });

  it("a call from this process is a push: it answers a seq, once for each key, or throws what was wrong", async () => {
    const { room } = await testRoom();
    const caller = { grants: grantsOf(null), userId: "zoe", sid: "rest:key:1" };
    expect(await room.commit([create("a")], caller)).toEqual({ seq: 1, repeated: false });
    expect(await room.commit([create("a")], caller)).toEqual({ seq: 1, repeated: true });
    expect(room.record("a", grantsOf("ann"))).toMatchObject({ createdBy: "zoe", updatedBy: "zoe" });
    const failure = await room.commit([create("a")], { ...caller, sid: "rest:key:2" }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ code: "exists" });
    // A refused call may be tried again under its key.
    expect(await room.commit([create("b")], { ...caller, sid: "rest:key:2" })).toEqual({ seq: 2, repeated: false });
    await expect(room.commit([create("c")], { ...caller, grants: grantsOf("ann") })).rejects.toMatchObject({ code: "forbidden" });
  });

  it("a log that fails closes the room, tells everyone to come back, and leaves no caller waiting", async () => {
    const log = new HeldLog();
    const errors: unknown[] = [];
    const { room, join } = await testRoom({ log, onClosed: (error) => errors.push(error) });
    const ann = await join();
    const failure = new Error("disk full");
    log.commitBatch = () => Promise.reject(failure);
    const call = room.commit([create("a")], { grants: grantsOf("ann") }).catch((error: unknown) => error);
    await settled();
    expect(await call).toMatchObject({ code: "unavailable", retryAfter: 1 });
    expect(ann.frames.at(-1)).toEqual({ type: "bye", code: "unavailable", retryAfter: 1 });
    expect(errors).toEqual([failure]);
    await expect(room.commit([create("a")], { grants: grantsOf("ann") })).rejects.toMatchObject({ code: "unavailable" });
    await expect(join()).rejects.toMatchObject({ code: "unavailable" });
  });

  it("close waits for the running commit, whose callers get their answer", async () => {
    const log = new HeldLog();
    const { room, join } = await testRoom({ log });
    const ann = await join();
    log.hold = true;
    const [running, waiting] = [
      room.commit([create("a")], { grants: grantsOf("ann") }),
      settled().then(() => room.commit([create("b")], { grants: grantsOf("ann") })),
    ];
    const refused = expect(waiting).rejects.toMatchObject({ code: "unavailable" });
    await settled();
    let done = false;
    const closing = room.close().then(() => (done = true));
    await settled();
    expect(done).toBe(false);
    await log.release();
    await closing;
    expect(await running).toEqual({ seq: 1, repeated: false });
    await refused;
    expect(ann.frames.at(-1)).toEqual({ type: "bye", code: "unavailable", retryAfter: 1 });
  });

  it("events are written in the transaction of their change", async () => {
    const log = new HeldLog();
    const seen: unknown[] = [];
    const commitBatch = log.commitBatch;
    log.commitBatch = (seq, commits, peers) => {
      seen.push(...commits.flatMap((commit) => commit.events));
      return commitBatch(seq, commits, peers);
    };
    const { room } = await testRoom({ log, eventsOf: (change, records) => [{ topic: "test", payload: [change.seq, records.length] }] });
    await room.commit([create("a"), create("b")], { grants: grantsOf("ann") });
    expect(seen).toEqual([{ topic: "test", payload: [1, 2] }]);
  });
});

describe("limits", () => {
  it("ops of a push, bytes of a record and records of a layer are counted", async () => {
    const { room, join } = await testRoom({
      base: baseOf(1, [baseRecord("b1"), baseRecord("b2")]),
      limits: { opsPerPush: 3, recordBytes: 600, recordsPerLayer: 4 },
    });
    const ann = await join();
    await ann.push(create("a"), create("b"), create("c"), create("d"));
    await ann.push(["c", "a", "annotation", { ...rectangle(), note: "ü".repeat(200) }]);
    await ann.push(create("a"), create("b"), create("c"));
    await ann.push(create("a"), create("b"));
    await ann.push(create("c"));
    await ann.push(["d", "b1"], create("c"));
    expect(ann.answers()).toEqual({ 1: "limit_exceeded", 2: "too_large", 3: "limit_exceeded", 4: 1, 5: "limit_exceeded", 6: 2 });
    // The server expands commands to as many ops as they need.
    const ops = ["a", "b", "c", "b2"].map((id) => ["d", id] as const);
    expect(await room.commit(ops, { grants: grantsOf("ann"), server: true })).toMatchObject({ seq: 3 });
  });

  it("who sends faster than allowed is told when to come back, and loses nothing", async () => {
    const { clock, join } = await testRoom({ limits: { opsPerSecond: 10, opsBurst: 3 } });
    const ann = await join({ sid: "sid-of-ann" });
    for (let i = 1; i <= 4; i++) await ann.push(create(`r${i}`));
    expect(ann.answers()).toEqual({ 1: 1, 2: 2, 3: 3 });
    expect([ann.frames.at(-1), ann.closed]).toEqual([{ type: "bye", code: "rate_limited", retryAfter: 1 }, "rate_limited"]);
    await clock.advance(1_000);
    const again = await join({ sid: "sid-of-ann" });
    expect(again.welcome.lastN).toBe(3);
    await again.push(create("r4"));
    expect(again.answers()).toEqual({ 4: 4 });
  });

  it("an allowance refills with time", async () => {
    const { clock, join } = await testRoom({ limits: { opsPerSecond: 10, opsBurst: 2 } });
    const ann = await join();
    for (let i = 0; i < 20; i++) {
      await ann.push(create(`r${i}`));
      await clock.advance(100);
    }
    expect(Object.keys(ann.answers())).toHaveLength(20);
  });

  it("more unanswered ops than allowed end the connection", async () => {
    const log = new HeldLog();
    const { join } = await testRoom({ log, limits: { unackedOps: 3, opsPerPush: 2 } });
    const ann = await join();
    log.hold = true;
    await ann.push(create("a"), create("b"));
    await ann.push(create("c"));
    expect(ann.closed).toBeUndefined();
    await ann.push(create("d"));
    expect(ann.closed).toBe("rate_limited");
  });
});

describe("what viewers are told", () => {
  const team = grantsOf(
    "tim",
    ["annotations:view:group=team", "annotations:edit:group=team", "annotations:delete:group=team", "comments:view:all"],
    "team",
  );

  it("a record that moves into and out of sight is put and gone; a hidden one leaves no trace", async () => {
    const { room, join } = await testRoom();
    const [ann, tim] = [await join(), await join({ grants: team })];
    await ann.push(create("hidden"), create("shown", "team"));
    await ann.push(["u", "hidden", { note: "1" }], ["u", "shown", { note: "1" }]);
    await ann.push(["g", "hidden", "team"], ["g", "shown", null]);
    await ann.push(["u", "shown", { note: "2" }]);
    await ann.push(["d", "shown"], ["d", "hidden"]);
    expect(tim.told()).toEqual(["c shown", "u shown", "p hidden", "x shown", "x hidden"]);
    expect(ann.told()).toEqual(["c hidden", "c shown", "u hidden", "u shown", "p hidden", "p shown", "u shown", "x shown", "x hidden"]);
    expect(tim.of("batch").map((batch) => [batch.from, batch.to])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
    ]);
    expect(room.record("hidden", team)).toMatchObject({ deleted: true });
    expect(room.record("shown", team)).toBeNull();
  });

  it("who was away is told the same: nothing of what was hidden before and is hidden now", async () => {
    const log = new MemoryChangeLog();
    const first = await testRoom({ log });
    const tim = await first.join({ grants: team });
    const ann = await first.join();
    await ann.push(create("hidden"), create("shown", "team"), create("moves", "team"), create("dies", "team"));
    await ann.push(["u", "hidden", { note: "1" }], ["u", "shown", { note: "1" }], ["g", "moves", null], ["d", "dies"], ["d", "hidden"]);
    await ann.push(["u", "moves", { note: "secret" }]);
    const back = { grants: team, since: 1, epoch: 0, viewKey: tim.welcome.viewKey };
    for (const { join } of [first, await testRoom({ log })]) {
      const again = await join(back);
      expect(again.told().toSorted()).toEqual(["p shown", "x dies", "x moves"]);
      expect(JSON.stringify(again.frames)).not.toContain("hidden");
    }
    expect((await first.join({ grants: team })).welcome.records?.map((record) => record.id)).toEqual(["shown"]);
  });

  it("the same class of viewers gets the same frame, with everyone's own acks", async () => {
    const { join } = await testRoom();
    const [ann, bob, tim] = [await join(), await join({ grants: grantsOf("bob") }), await join({ grants: team })];
    await ann.push(create("a"));
    const [batch] = ann.of("batch");
    expect(bob.of("batch")[0]).toEqual({ ...batch, acks: undefined });
    expect(tim.of("batch")).toEqual([{ type: "batch", from: 0, to: 1, changes: [] }]);
  });

  it("in a crowd, a change is told at once, and what comes in the milliseconds after it shares a frame", async () => {
    const { clock, join } = await testRoom();
    const crowd: Awaited<ReturnType<typeof join>>[] = [];
    for (let i = 0; i < 100; i++) crowd.push(await join());
    const told = () => crowd[2]!.of("batch").map(({ from, to }) => [from, to]);
    await crowd[0]!.push(create("a"));
    expect(told()).toEqual([[0, 1]]);
    await crowd[0]!.push(create("b"));
    await crowd[1]!.push(create("c"));
    expect(told()).toEqual([[0, 1]]);
    await clock.advance(10);
    expect(told()).toEqual([
      [0, 1],
      [1, 3],
    ]);
    expect(crowd[0]!.answers()).toEqual({ 1: 1, 2: 2 });
    await crowd[1]!.push(create("d"));
    expect(told().length).toBe(2);
    await clock.advance(10);
    await clock.advance(10);
    await crowd[1]!.push(create("e"));
    expect(told().at(-1)).toEqual([4, 5]);
  });

  it("a slow reader is sent nothing more at 1 MB and goes on from where it was; at 8 MB it is dropped", async () => {
    const { clock, join } = await testRoom();
    const [ann, bob] = [await join(), await join()];
    bob.buffered = 1_000_001;
    await ann.push(create("a"));
    await ann.push(create("b"));
    await clock.advance(500);
    expect(bob.of("batch")).toEqual([]);
    bob.buffered = 0;
    await clock.advance(100);
    expect(bob.of("batch").map(({ from, to, changes }) => [from, to, changes.length])).toEqual([[0, 2, 2]]);
    bob.buffered = 8_000_001;
    await ann.push(create("c"));
    expect(bob.closed).toBe("unavailable");
    expect(ann.closed).toBeUndefined();
  });

  it("a slow reader that fell too far behind says hello again", async () => {
    const { clock, room, join } = await testRoom();
    const bob = await join();
    bob.buffered = 1_000_001;
    for (let i = 0; i < 1_300; i++) await room.commit([create(`r${i}`)], { grants: grantsOf("ann") });
    bob.buffered = 0;
    await clock.advance(100);
    expect([bob.frames.at(-1), bob.closed]).toEqual([{ type: "reset", epoch: 0 }, null]);
  });

  it("a change larger than all that a room remembers is told like any other", async () => {
    const { room, join } = await testRoom();
    const ann = await join();
    const note = "x".repeat(100_000);
    const ops = Array.from({ length: 60 }, (_, i) => ["c", `big${i}`, "annotation", { ...rectangle(), note }] as const);
    await room.commit(ops, { grants: grantsOf("bob") });
    await room.commit([create("a")], { grants: grantsOf("bob") });
    expect(ann.told()).toHaveLength(61);
    const back = await join({ since: 0, epoch: 0, viewKey: "all" });
    expect([back.welcome.mode, back.told().length]).toEqual(["delta", 61]);
  });

  it("other rights on a running connection mean another hello; the same ones mean nothing", async () => {
    const { join } = await testRoom();
    const ann = await join();
    ann.member.reauthorise(grantsOf("ann"));
    expect(ann.closed).toBeUndefined();
    ann.member.reauthorise({ ...grantsOf("ann"), permissions: ["read"] });
    expect([ann.frames.at(-1), ann.closed]).toEqual([{ type: "reset", epoch: 0 }, null]);
  });

  it("an empty room says so", async () => {
    let empty = 0;
    const { room, join } = await testRoom({ onEmpty: () => void empty++ });
    const [ann, bob] = [await join(), await join()];
    ann.member.leave();
    ann.member.leave();
    expect([empty, room.memberCount]).toEqual([0, 1]);
    bob.member.leave();
    expect([empty, room.memberCount]).toEqual([1, 0]);
  });
});

describe("two nodes on one log", () => {
  const pair = async (pollMs = 0) => {
    const log = new MemoryChangeLog();
    const clock = new VirtualClock();
    const bus = testHints();
    const [left, right] = [
      await testRoom({ log, clock, hints: bus.hints, pollMs }),
      await testRoom({ log, clock, hints: bus.hints, pollMs }),
    ];
    return {
      ...bus,
      log,
      clock,
      left,
      right,
      ann: await left.join({ sid: "sid-left" }),
      bob: await right.join({ sid: "sid-right", grants: grantsOf("bob") }),
    };
  };

  it("a hint brings the other node's changes", async () => {
    const { ann, bob, deliver, sent } = await pair();
    await ann.push(create("a"));
    expect(bob.told()).toEqual([]);
    expect(sent).toEqual([{ layer: "layer", seq: 1 }]);
    await deliver();
    expect(bob.told()).toEqual(["c a"]);
  });

  it("without a hint the next push is a conflict, caught up with and checked again, whole and in order", async () => {
    const { ann, bob, right } = await pair();
    await ann.push(create("a"), create("b"));
    bob.member.receive({ type: "push", n: 1, ops: [["u", "a", { note: "mine" }]] });
    bob.member.receive({ type: "push", n: 2, ops: [create("b")] });
    bob.member.receive({ type: "push", n: 3, ops: [["d", "b"]] });
    await settled();
    expect(bob.answers()).toEqual({ 1: 2, 2: "exists", 3: 3 });
    expect(bob.of("batch").map(({ from, to }) => [from, to])).toEqual([
      [0, 1],
      [1, 3],
    ]);
    expect(right.room.record("a", grantsOf("x"))).toMatchObject({ seq: 2, createdBy: "ann", updatedBy: "bob", data: { note: "mine" } });
  });

  it("without hints a poll finds them within its time, while somebody is there", async () => {
    const { ann, bob, clock, left } = await pair(1_000);
    await ann.push(create("a"));
    await clock.advance(1_000);
    expect(bob.told()).toEqual(["c a"]);
    bob.member.leave();
    await ann.push(create("b"));
    await clock.advance(2_000);
    expect(left.room.seq).toBe(2);
  });

  it("a hint that comes while the layer is being read is not lost, and does no harm", async () => {
    const { ann, log, clock, hints, deliver } = await pair();
    await ann.push(create("a"));
    const slow = new HeldLog(log);
    let loaded = () => {};
    slow.load = async () => {
      const read = await log.load();
      await new Promise<void>((resolve) => (loaded = resolve));
      return read;
    };
    const opening = testRoom({ log: slow, clock, hints });
    await settled();
    await ann.push(["d", "a"]);
    await deliver();
    loaded();
    const third = await opening;
    await settled();
    expect(third.room.seq).toBe(2);
    const back = await third.join({ since: 1, epoch: 0, viewKey: "all" });
    expect(back.told()).toEqual(["x a"]);
  });

  it("what was decided on the other node is told with what became of it, not before", async () => {
    const { ann, left, right } = await pair();
    await ann.push(create("a"));
    expect(right.room.seq).toBe(0);
    const moved = await right.join({ sid: "sid-left" });
    expect(moved.welcome).toMatchObject({ lastN: 1, seq: 1, records: [{ id: "a" }] });

    const call = { grants: grantsOf(null), sid: "rest-1" };
    expect(await left.room.commit([create("b")], call)).toEqual({ seq: 2, repeated: false });
    expect(await right.room.commit([create("b")], call)).toEqual({ seq: 2, repeated: true });
    expect(right.room.record("b", call.grants)).toMatchObject({ seq: 2 });
  });

  it("a push that was decided on the other node is not decided again here", async () => {
    const { ann, left, right, log } = await pair();
    await ann.push(create("a"));
    await ann.push(["u", "nothing", {}]);
    const moved = await right.join({ sid: "sid-left" });
    expect(moved.welcome.lastN).toBe(2);
    await moved.push(create("b"));
    // The old connection's push arrives late, with the same number.
    await ann.send({ type: "push", n: 3, ops: [create("zombie")] });
    expect(ann.answers()).toEqual({ 1: 1, 2: "not_found", 3: 2 });
    expect((await log.load()).records.map((record) => record.id)).toEqual(["a", "b"]);
    expect(left.room.seq).toBe(2);
  });

  it("a push that was refused on the other node stays refused, though no seq moved", async () => {
    const { ann, right, log } = await pair();
    const moved = await right.join({ sid: "sid-left" });
    await moved.push(["u", "nothing", {}]);
    expect(moved.answers()).toEqual({ 1: "not_found" });
    await ann.send({ type: "push", n: 1, ops: [create("zombie")] });
    expect(ann.answers()).toEqual({ 1: "not_found" });
    expect((await log.load()).records).toEqual([]);
  });

  it("a push that was refused on the other node among accepted ones is not acknowledged here", async () => {
    const { ann, right, deliver } = await pair();
    await ann.push(create("a"));
    const moved = await right.join({ sid: "sid-left" });
    await moved.push(["u", "nothing", {}]);
    await moved.push(create("b"));
    // This node learns of the third push from the log, which does not tell of the second.
    await deliver();
    await ann.send({ type: "push", n: 2, ops: [["u", "nothing", {}]] });
    await ann.send({ type: "push", n: 3, ops: [create("b")] });
    expect(ann.answers()).toEqual({ 1: 1, 2: "not_found", 3: 2 });
    const back = await right.join({ sid: "sid-left" });
    expect(back.welcome).toMatchObject({ lastN: 3, rejects: [{ n: 2, code: "not_found" }] });
  });

  it("a client that is ahead of its new node waits for the node", async () => {
    const { ann, right } = await pair();
    await ann.push(create("a"));
    await ann.push(create("b"));
    const again = await right.join({ since: 2, epoch: 0, viewKey: "all" });
    expect(again.welcome).toMatchObject({ mode: "delta", seq: 2, changes: [] });
    const other = await pair();
    await other.ann.push(create("a"));
    await expect(other.right.room.reach(1)).resolves.toBeUndefined();
    expect(other.right.room.seq).toBe(1);
    await expect(other.right.room.reach(2)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("a replaced base sends everyone to a new room", async () => {
    const log = new MemoryChangeLog();
    const bus = testHints();
    const closed: unknown[] = [];
    const { room, join } = await testRoom({ log, hints: bus.hints, onClosed: (error) => closed.push(error) });
    const ann = await join();
    const replaced = new MemoryChangeLog({ seq: 1, epoch: 1 });
    log.changesSince = (since) => replaced.changesSince(since);
    bus.hints.publish({ layer: "layer", seq: 1 });
    await bus.deliver();
    expect([ann.frames.at(-1), ann.closed, closed.length]).toEqual([{ type: "reset", epoch: 1 }, null, 1]);
    await expect(room.commit([create("a")], { grants: grantsOf("ann") })).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("threads in a room", () => {
  it("deleting a root tells of its comments only to who saw them", async () => {
    const { join } = await testRoom();
    const ann = await join();
    const mute = await join({ grants: grantsOf("mia", ["annotations:view:all"]) });
    await ann.push(["c", "m", "annotation", marker()], ["c", "m1", "comment", comment("m")]);
    await ann.push(["d", "m"]);
    expect(ann.told()).toEqual(["c m", "c m1", "x m", "x m1"]);
    expect(mute.told()).toEqual(["c m", "x m"]);
  });
});
