import type { Op, RecordData, ServerMessage } from "@lectern/protocol";
import { ApiError, type ErrorCode, SYNC_LIMITS, viewKey } from "@lectern/protocol/plain";
import { describe, expect, it } from "vitest";
import type { SyncClient } from "./client.ts";
import { MemoryChangeLog } from "./memory-change-log.ts";
import { memoryQueue, type PushQueue } from "./push-queue.ts";
import { localSocket } from "./room-socket.ts";
import { baseOf, baseRecord, comment, grantsOf, marker, rectangle } from "./testing/fixtures.ts";
import { type TestClient, testClient } from "./testing/test-client.ts";
import { HeldLog, testRoom } from "./testing/test-room.ts";
import { settled } from "./testing/virtual-clock.ts";

const shown = ({ client }: { client: SyncClient }) => [...client.records.all()].map((record) => record.id).toSorted();
const note = ({ client }: { client: SyncClient }, id: string) =>
  (client.records.get(id)?.data as RecordData["annotation"] | undefined)?.note;
const SAVED = { state: "saved", pending: 0, onDevice: true, conflicts: 0 };

/** Frames that the client has sent on its last socket and that the room has not had yet are delivered one by one; answers are kept back. */
async function upOnly(test: TestClient): Promise<void> {
  await settled();
  while (test.sockets.at(-1)!.deliverUp()) await settled();
}

async function reconnected(test: TestClient, clock: { advance(ms: number): Promise<void> }): Promise<void> {
  for (let i = 0; i < 80 && test.client.state !== "online"; i++) {
    await clock.advance(500);
    await test.flush();
  }
}

/** The room does as it likes with what is said: for frames that a real room would not send. */
function scripted(frames: (string | object)[]) {
  let handlers: { message(text: string): void; closed(): void } | null = null;
  const sockets: { sent: { type: string }[]; closed: boolean }[] = [];
  return {
    sockets,
    say: async (...more: (string | object)[]) => {
      for (const frame of more) handlers!.message(typeof frame === "string" ? frame : JSON.stringify(frame));
      await settled();
    },
    hangUp: () => handlers!.closed(),
    connect: (events: { open(): void; message(text: string): void; closed(): void }) => {
      const socket = { sent: [] as { type: string }[], closed: false };
      sockets.push(socket);
      handlers = events;
      void Promise.resolve().then(() => {
        events.open();
        for (const frame of frames) events.message(typeof frame === "string" ? frame : JSON.stringify(frame));
      });
      return {
        send: (text: string) => void socket.sent.push(JSON.parse(text) as { type: string }),
        close: () => void (socket.closed = true),
      };
    },
  };
}

const grants = grantsOf("ann");
const welcome = (rest: object = {}): ServerMessage =>
  ({
    type: "welcome",
    mode: "reset",
    seq: 0,
    epoch: 0,
    lastN: 0,
    viewKey: viewKey(grants),
    grants,
    limits: SYNC_LIMITS,
    records: [],
    self: { id: "p1", userId: "ann", name: "ann", color: "#000000", presence: {} },
    ...rest,
  }) as ServerMessage;

describe("changing", () => {
  it("shows at once here, and with its author to others when it is saved", async () => {
    const room = await testRoom();
    const [ann, bob] = [await testClient(room, { seed: 1 }), await testClient(room, { seed: 2, grants: grantsOf("bob") })];
    expect([ann.client.state, bob.client.state, ann.client.seq]).toEqual(["online", "online", 0]);
    const id = ann.client.create("annotation", rectangle());
    expect(ann.client.records.get(id)).toMatchObject({ createdBy: "ann", seq: 0 });
    expect([shown(ann), shown(bob)]).toEqual([[id], []]);
    await ann.flush();
    await bob.flush();
    expect(bob.client.records.get(id)).toMatchObject({ createdBy: "ann", seq: 1, data: rectangle() });
    expect(ann.client.records.get(id)).toEqual(bob.client.records.get(id));
    expect(bob.changes).toEqual([{ ids: new Set([id]), origin: "remote", by: "ann" }]);
    expect(ann.changes).toEqual([{ ids: new Set([id]), origin: "local", by: "ann" }]);
    expect(ann.saves).toEqual([
      { ...SAVED, state: "saving", pending: 1, onDevice: false },
      { ...SAVED, state: "saving", pending: 1 },
      SAVED,
    ]);
  });

  it("two people who change different properties both keep their change; of the same one the later wins on both screens", async () => {
    const room = await testRoom({ base: baseOf(1, [baseRecord("a")]) });
    const [ann, bob] = [await testClient(room, { seed: 1 }), await testClient(room, { seed: 2, grants: grantsOf("bob") })];
    ann.client.update("a", { note: "ann", lock: true });
    bob.client.update("a", { note: "bob", geometry: { bbox: [0, 0, 5, 5] } });
    await ann.flush();
    await bob.flush();
    await ann.flush();
    expect(ann.client.records.get("a")).toEqual(bob.client.records.get("a"));
    expect(ann.client.records.get("a")?.data).toMatchObject({ note: "bob", lock: true, geometry: { bbox: [0, 0, 5, 5] } });
  });

  it("a transaction is one push, one event and one step of undo; when it throws, nothing has happened", async () => {
    const room = await testRoom();
    const ann = await testClient(room);
    const made = ann.client.transact(() => {
      const root = ann.client.create("annotation", marker());
      ann.client.create("comment", comment(root), { id: "c1" });
      ann.client.update("c1", { text: { format: "plain", value: ann.client.records.get(root)!.kind } });
      return root;
    });
    await ann.flush();
    expect([room.room.seq, ann.changes.length]).toEqual([1, 1]);
    expect(ann.client.records.get("c1")?.data).toMatchObject({ text: { value: "annotation" } });
    expect(() =>
      ann.client.transact(() => {
        ann.client.delete(made);
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect([shown(ann).length, ann.client.save.pending, ann.changes.length]).toEqual([2, 0, 1]);
    ann.client.create("annotation", rectangle());
    await ann.flush();
    expect(ann.client.save).toEqual(SAVED);
    ann.client.undo();
    ann.client.undo();
    expect(shown(ann)).toEqual([]);
  });

  it("more than fits into one push, by number or by size, goes in several, undone together", async () => {
    const room = await testRoom({ limits: { opsPerPush: 10 } });
    const ann = await testClient(room);
    ann.client.transact(() => {
      for (let i = 0; i < 25; i++) ann.client.create("annotation", rectangle());
    });
    expect(ann.client.save.pending).toBe(3);
    await ann.flush();
    expect([room.room.seq, shown(ann).length]).toEqual([3, 25]);
    ann.client.undo();
    await ann.flush();
    expect([ann.client.save, shown(ann)]).toEqual([SAVED, []]);
    ann.client.transact(() => {
      for (let i = 0; i < 9; i++) ann.client.create("annotation", { ...rectangle(), note: "x".repeat(90_000) });
    });
    expect(ann.client.save.pending).toBe(3);
    await ann.flush();
    expect(ann.client.save).toEqual(SAVED);
  });

  it("an id or a size that cannot be is refused on the spot", async () => {
    const ann = await testClient(await testRoom());
    expect(() => ann.client.create("annotation", rectangle(), { id: "no spaces" })).toThrow(ApiError);
    expect(() => ann.client.create("annotation", { ...rectangle(), note: "x".repeat(300_000) })).toThrow(ApiError);
    expect([shown(ann), ann.client.save]).toEqual([[], SAVED]);
  });

  it("what hangs on a deleted record goes at once, here too", async () => {
    const room = await testRoom();
    const ann = await testClient(room);
    const root = ann.client.create("annotation", marker());
    ann.client.create("comment", comment(root));
    await ann.flush();
    ann.client.delete(root);
    expect(shown(ann)).toEqual([]);
    await ann.flush();
    ann.client.undo();
    await ann.flush();
    expect(shown(ann)).toHaveLength(2);
    expect(ann.rejections).toEqual([]);
  });

  it("a refused push is taken back, with the reason, and what came after it stands", async () => {
    const room = await testRoom({ base: baseOf(1, [baseRecord("a")]) });
    const [ann, bob] = [await testClient(room, { seed: 1 }), await testClient(room, { seed: 2, grants: grantsOf("bob") })];
    bob.client.delete("a");
    await bob.flush();
    ann.client.update("a", { note: "too late" });
    const id = ann.client.create("annotation", rectangle());
    await ann.flush();
    expect(ann.rejections).toEqual([
      { code: "gone", id: "a", detail: undefined, failingPaths: undefined, ops: [["u", "a", { note: "too late" }]] },
    ]);
    expect([shown(ann), ann.client.save]).toEqual([[id], { ...SAVED, conflicts: 1 }]);
    ann.client.clearConflicts();
    expect(ann.client.save).toEqual(SAVED);
  });

  it("of what two people delete at once, everything is deleted, and nobody is told of a conflict", async () => {
    const room = await testRoom({
      base: baseOf(
        1,
        ["a", "b", "c"].map((id) => baseRecord(id)),
      ),
    });
    const [ann, bob] = [await testClient(room, { seed: 1 }), await testClient(room, { seed: 2, grants: grantsOf("bob") })];
    const remove = ({ client }: TestClient, ids: string[]) => client.transact(() => ids.forEach((id) => client.delete(id)));
    remove(bob, ["b"]);
    remove(ann, ["a", "b", "c"]);
    for (let i = 0; i < 3; i++) for (const each of [bob, ann]) await each.flush();
    expect([shown(ann), shown(bob), ann.rejections, ann.client.save]).toEqual([[], [], [], SAVED]);
    ann.client.undo();
    await ann.flush();
    expect(shown(ann)).toEqual(["a", "c"]);
  });

  it("flush waits for what was done until now, and tells when the client is closed before", async () => {
    const log = new HeldLog();
    const room = await testRoom({ log });
    const ann = await testClient(room);
    await ann.client.flush();
    ann.client.create("annotation", rectangle());
    log.hold = true;
    let done = false;
    const flushed = ann.client.flush().then(() => (done = true));
    await ann.flush();
    expect(done).toBe(false);
    await log.release();
    await ann.flush();
    await flushed;
    log.hold = true;
    ann.client.create("annotation", rectangle());
    const failed = expect(ann.client.flush()).rejects.toMatchObject({ code: "unavailable" });
    ann.client.close();
    await failed;
    expect((await ann.queue.load()).pushes).toHaveLength(1);
  });
});

describe("the connection", () => {
  it("may break at any moment: a lost push is sent again, a lost ack is made up for, nothing is done twice", async () => {
    const log = new MemoryChangeLog();
    const room = await testRoom({ log });
    const ann = await testClient(room);
    // The push never arrives.
    const first = ann.client.create("annotation", rectangle());
    await settled();
    ann.sockets.at(-1)!.cut(0);
    expect(ann.client.save).toEqual({ ...SAVED, state: "offline", pending: 1 });
    await reconnected(ann, room.clock);
    // The ack never arrives.
    const second = ann.client.create("annotation", rectangle());
    await upOnly(ann);
    ann.sockets.at(-1)!.cut(0);
    await reconnected(ann, room.clock);
    expect([shown(ann), ann.client.save, ann.client.seq]).toEqual([[first, second].toSorted(), SAVED, 2]);
    expect((await log.changesSince(0))!.changes.map((change) => change.n)).toEqual([1, 2]);
    expect(ann.states).toEqual(["online", "offline", "online", "offline", "online"]);
  });

  it("the answer of a refused push is made up for, too", async () => {
    const room = await testRoom();
    const ann = await testClient(room);
    ann.client.update("nothing", { note: "x" });
    await upOnly(ann);
    ann.sockets.at(-1)!.cut(0);
    await reconnected(ann, room.clock);
    expect(ann.rejections).toMatchObject([{ code: "not_found", id: "nothing", ops: [["u", "nothing", { note: "x" }]] }]);
    expect(ann.client.save).toEqual({ ...SAVED, conflicts: 1 });
  });

  it("what was done offline is sent in order, after hours and in another tab", async () => {
    const room = await testRoom({ base: baseOf(1, [baseRecord("a")]) });
    const queue = memoryQueue(() => "sid-of-this-browser");
    const ann = await testClient(room, { queue });
    ann.reachable = false;
    ann.sockets.at(-1)!.cut(0);
    for (let i = 1; i <= 30; i++) ann.client.update("a", { note: `${i}` });
    ann.client.create("annotation", rectangle(), { id: "b" });
    await room.clock.advance(3_600_000);
    expect([ann.client.state, ann.client.save]).toEqual(["offline", { ...SAVED, state: "offline", pending: 31 }]);
    ann.client.close();
    const again = await testClient(room, { queue, seed: 9 });
    expect([note(again, "a"), shown(again), again.client.save]).toEqual(["30", ["a", "b"], SAVED]);
    expect(room.room.seq).toBe(31);
    expect((await queue.load()).lastN).toBe(31);
  });

  it("is tried again with growing patience while it fails, and at once when the network is said to be back", async () => {
    const room = await testRoom();
    const ann = await testClient(room);
    ann.reachable = false;
    ann.sockets.at(-1)!.cut(0);
    await room.clock.advance(600_000);
    const tries = ann.sockets.length;
    expect(tries).toBeGreaterThan(15);
    expect(tries).toBeLessThan(120);
    ann.reachable = true;
    ann.client.hurry();
    await ann.flush();
    expect([ann.client.state, ann.sockets.length]).toEqual(["online", tries + 1]);
  });

  it("says when all records are here, or that they will not come", async () => {
    const records = [baseRecord("a"), baseRecord("b")];
    const room = await testRoom({ base: baseOf(1, records) });
    const initial = { seq: 0, epoch: 0, grants: grantsOf("ann"), records: records.slice(0, 1), complete: false };
    const ann = await testClient(room, { initial, reachable: false });
    let loaded = false;
    const waiting = ann.client.loaded().then(() => (loaded = true));
    await room.clock.advance(10_000);
    expect([loaded, shown(ann)]).toEqual([false, ["a"]]);
    ann.reachable = true;
    await reconnected(ann, room.clock);
    await waiting;
    expect(shown(ann)).toEqual(["a", "b"]);
    await ann.client.loaded();

    const ben = await testClient(room, { initial, reachable: false });
    const never = ben.client.loaded();
    ben.client.close();
    await expect(never).rejects.toMatchObject({ code: "unavailable" });
    await expect(ben.client.loaded()).rejects.toMatchObject({ code: "unavailable" });
  });

  it("a line that has gone quiet is noticed", async () => {
    const room = await testRoom();
    const ann = await testClient(room);
    for (let i = 0; i < 20; i++) {
      await room.clock.advance(2_000);
      await ann.flush();
    }
    expect(ann.sockets).toHaveLength(1);
    // Nothing is delivered any more.
    await room.clock.advance(11_000);
    expect([ann.client.state, ann.sockets.length > 1]).toEqual(["offline", true]);
    await reconnected(ann, room.clock);
    expect(ann.client.state).toBe("online");
  });

  it("a line that has gone quiet is noticed sooner when the network is said to have gone, and one that lives stays", async () => {
    const room = await testRoom();
    const ann = await testClient(room);
    ann.client.hurry();
    await ann.flush();
    await room.clock.advance(4_000);
    expect([ann.client.state, ann.sockets.length]).toEqual(["online", 1]);
    ann.client.hurry();
    await room.clock.advance(2_400);
    expect(ann.client.state).toBe("online");
    await room.clock.advance(200);
    expect(ann.client.state).toBe("offline");
  });

  it("a push that got lost on a line that lives is sent again", async () => {
    const room = await testRoom();
    const ann = await testClient(room);
    const id = ann.client.create("annotation", rectangle());
    await settled();
    ann.sockets.at(-1)!.dropUp((frame) => frame.includes('"push"'));
    for (let i = 0; i < 60; i++) {
      await room.clock.advance(1_000);
      await ann.flush();
    }
    expect([ann.client.save, room.room.record(id, grants)?.seq]).toEqual([SAVED, 1]);
  });

  it("sends no more unanswered ops than allowed, and no faster", async () => {
    const log = new HeldLog();
    const room = await testRoom({ log, limits: { unackedOps: 4, opsPerSecond: 10, opsBurst: 10 } });
    const ann = await testClient(room);
    log.hold = true;
    for (let i = 0; i < 40; i++) ann.client.create("annotation", rectangle());
    await upOnly(ann);
    log.hold = false;
    await log.release();
    expect(log.batches.reduce((sum, size) => sum + size, 0)).toBe(4);
    for (let i = 0; i < 100 && ann.client.save.pending > 0; i++) {
      await room.clock.advance(100);
      await ann.flush();
    }
    expect([ann.client.save, ann.sockets.length]).toEqual([SAVED, 1]);
  });

  it("comes back from a restarted server, and from one that has lost its memory of us, without applying anything twice", async () => {
    const log = new MemoryChangeLog();
    const rooms = await testRoom({ log });
    const ann = await testClient(rooms);
    const kept = ann.client.create("annotation", rectangle());
    await ann.flush();
    const restarted = await testRoom({ log, clock: rooms.clock });
    Object.assign(rooms, { room: restarted.room });
    ann.sockets.at(-1)!.crash();
    await reconnected(ann, rooms.clock);
    expect([shown(ann), ann.client.save]).toEqual([[kept], SAVED]);

    // A backup from before: neither the record nor the queue is known there.
    ann.sockets.at(-1)!.cut(0);
    ann.client.update(kept, { note: "offline" });
    Object.assign(rooms, { room: (await testRoom({ log: new MemoryChangeLog(), clock: rooms.clock })).room });
    const sid = (await ann.queue.load()).sid;
    await reconnected(ann, rooms.clock);
    await reconnected(ann, rooms.clock);
    expect(ann.rejections).toMatchObject([{ code: "unknown_peer", ops: [["u", kept, { note: "offline" }]] }]);
    expect([shown(ann), ann.client.save.conflicts, (await ann.queue.load()).sid === sid]).toEqual([[], 1, false]);
    const fresh = ann.client.create("annotation", rectangle());
    await ann.flush();
    expect([shown(ann), ann.client.save.pending]).toEqual([[fresh], 0]);
  });

  it("a queue that had lost its count does not lose an edit for it", async () => {
    const room = await testRoom();
    const stored = memoryQueue(() => "sid-of-this-browser");
    const ann = await testClient(room, { queue: stored });
    for (let i = 0; i < 3; i++) ann.client.create("annotation", rectangle());
    await ann.flush();
    ann.client.close();
    // The browser has brought back an old copy of its storage.
    const queue: PushQueue = { ...stored, load: () => Promise.resolve({ sid: "sid-of-this-browser", lastN: 1, pushes: [] }) };
    const log = room.log;
    const again = await testClient(room, {
      queue,
      seed: 4,
      getToken: () => new Promise((resolve) => void room.clock.setTimeout(() => resolve("token"), 1_000)),
    });
    const ids = [again.client.create("annotation", rectangle()), again.client.create("annotation", rectangle())];
    await room.clock.advance(1_000);
    await again.flush();
    expect([again.client.save, ids.every((id) => again.client.records.get(id)!.seq > 0)]).toEqual([SAVED, true]);
    expect((await log.changesSince(0))!.changes.map((change) => change.n)).toEqual([1, 2, 3, 4, 5]);
    again.client.undo();
    await again.flush();
    expect([again.client.save, shown(again).length]).toEqual([SAVED, 4]);
  });

  it("a queue that cannot be written still lets one work, and says so", async () => {
    const room = await testRoom();
    const failure = new Error("quota");
    const ann = await testClient(room, { queue: { ...memoryQueue(() => "sid-of-this-browser"), append: () => Promise.reject(failure) } });
    const id = ann.client.create("annotation", rectangle());
    await ann.flush();
    expect([room.room.record(id, grants)?.seq, ann.client.save.pending, ann.errors]).toEqual([1, 0, [failure]]);
  });

  it("what could not be written to the queue is sent after what was, under another name: its number is free for the next tab", async () => {
    const room = await testRoom();
    const stored = memoryQueue(() => "sid-of-this-browser");
    let isFull = false;
    const queue: PushQueue = { ...stored, append: (push) => (isFull ? Promise.reject(new Error("quota")) : stored.append(push)) };
    const ann = await testClient(room, { queue });
    const first = ann.client.create("annotation", rectangle());
    await upOnly(ann);
    isFull = true;
    const second = ann.client.create("annotation", rectangle());
    await settled();
    isFull = false;
    const third = ann.client.create("annotation", rectangle());
    await settled();
    // The first is under way; the others are in no queue of the device, and wait for it.
    expect([(await stored.load()).pushes.map(({ n }) => n), ann.client.save]).toEqual([
      [1],
      { ...SAVED, state: "saving", pending: 3, onDevice: false },
    ]);
    await ann.flush();
    expect([ann.client.save, ann.sockets.length]).toEqual([SAVED, 2]);
    ann.client.undo();
    await ann.flush();
    expect([shown(ann), ann.rejections]).toEqual([[first, second], []]);
    ann.client.close();

    // A tab that never came through, and one more after it.
    const offline = await testClient(room, { queue: stored, reachable: false, seed: 2 });
    const kept = offline.client.create("annotation", rectangle());
    await settled();
    offline.client.close();
    const last = await testClient(room, { queue: stored, seed: 3 });
    expect([shown(last), last.client.save, last.rejections]).toEqual([[first, second, kept].toSorted(), SAVED, []]);
    const { changes } = (await room.log.changesSince(0))!;
    const created = changes.map(({ sid, n, ops }) => [sid === "sid-of-this-browser", n, ops[0]!.id]);
    expect(created).toEqual([
      [true, 1, first],
      [false, 1, second],
      [false, 2, third],
      [false, 3, third],
      [true, 2, kept],
    ]);
  });

  it("starts from what was opened with, without being sent it again", async () => {
    const room = await testRoom({ base: baseOf(1, [baseRecord("a")]) });
    await room.room.commit([["c", "b", "annotation", rectangle()]], { grants: grantsOf("bob") });
    const { records, seq, epoch } = room.room.snapshot(grants);
    await room.room.commit([["d", "b"]], { grants: grantsOf("bob") });
    const changes: string[][] = [];
    const ann = await testClient(room, { initial: { seq, epoch, grants, records, complete: true } });
    ann.client.records.onChange(({ ids }) => changes.push([...ids]));
    expect([shown(ann), ann.client.seq, ann.changes.map(({ ids }) => [...ids])]).toEqual([["a"], 2, [["b"]]]);
    // When it was not all, the rest comes with the welcome.
    const part = await testClient(room, { seed: 3, initial: { seq, epoch, grants, records: [], complete: false } });
    expect([shown(part), part.client.seq]).toEqual([["a"], 2]);
  });

  it("tells when the layer stands on another base than what was opened, and only then", async () => {
    const room = await testRoom();
    const script = scripted([welcome()]);
    const initial = { seq: 0, epoch: 0, grants, records: [], complete: false };
    const ann = await testClient(room, { connect: script.connect, initial });
    const told: number[] = [];
    ann.client.on("replaced", ({ epoch }) => told.push(epoch));
    await script.say({ type: "reset", epoch: 0 });
    await room.clock.advance(1_000);
    await script.say(welcome());
    expect([ann.client.state, told]).toEqual(["online", []]);
    ann.client.delete(ann.client.create("annotation", rectangle()));
    expect(ann.client.canUndo).toBe(true);
    await script.say({ type: "reset", epoch: 1 });
    await room.clock.advance(1_000);
    await script.say(welcome({ epoch: 1, seq: 1 }));
    expect([ann.client.state, told]).toEqual(["online", [1]]);
    // What was done was done on other pages.
    expect(ann.client.canUndo).toBe(false);
  });

  it("a large layer is fetched, while changes go on; a failing fetch is tried again", async () => {
    const room = await testRoom({ inlineChars: 10, base: baseOf(1, [baseRecord("a"), baseRecord("b")]) });
    const asked: string[] = [];
    let answer: (what: unknown) => void = () => {};
    const test = { room: room.room, clock: room.clock };
    const script = scripted([]);
    const ann = await testClient(test, {
      connect: script.connect,
      fetchSnapshot: (url) => {
        asked.push(url);
        return new Promise((resolve, reject) => (answer = (what) => (what instanceof Error ? reject(what) : resolve(what as never))));
      },
    });
    const { records, ...large } = welcome({ seq: 5, snapshotUrl: "/records?minSeq=5" }) as Extract<ServerMessage, { type: "welcome" }>;
    expect(records).toEqual([]);
    await script.say(large);
    answer(new Error("network"));
    await settled();
    await room.clock.advance(1_000);
    expect([ann.client.state, script.sockets.length]).toEqual(["offline", 2]);
    await script.say(large, {
      type: "batch",
      from: 5,
      to: 7,
      changes: [
        { seq: 6, at: 1, by: "bob", ops: [["x", "a"]] },
        { seq: 7, at: 1, by: "bob", ops: [["x", "b"]] },
      ],
    });
    expect(ann.client.state).toBe("offline");
    const made = ["c", "c", "annotation", rectangle()] as const;
    answer({ seq: 6, epoch: 0, records: [], changes: [{ seq: 6, at: 5, by: "bob", ops: [made, ["p", baseRecord("b")]] }] });
    await settled();
    expect([ann.client.state, shown(ann), ann.client.seq, asked]).toEqual(["online", ["c"], 7, ["/records?minSeq=5", "/records?minSeq=5"]]);
    expect(ann.client.records.get("c")).toMatchObject({ seq: 6, createdBy: "bob", createdAt: 5, updatedAt: 5, grp: null });
  });
});

describe("what the server says", () => {
  it.each<[string, string | object]>([
    ["not JSON", "<html>"],
    ["an unknown type", { type: "shout" }],
    ["a batch before the welcome", { type: "batch", from: 0, to: 1, changes: [] }],
    ["a welcome without its fields", { type: "welcome", mode: "reset" }],
  ])("%s: hangs up and starts again, with patience", async (_, frame) => {
    const room = await testRoom();
    const script = scripted([frame]);
    const ann = await testClient(room, { connect: script.connect });
    await room.clock.advance(60_000);
    expect(script.sockets[0]?.closed).toBe(true);
    expect(script.sockets.length).toBeGreaterThan(2);
    expect(script.sockets.length).toBeLessThan(30);
    expect([ann.client.state, ann.errors]).toEqual(["offline", []]);
  });

  it("a gap between batches is not papered over", async () => {
    const room = await testRoom();
    const script = scripted([welcome()]);
    const ann = await testClient(room, { connect: script.connect });
    await script.say({ type: "batch", from: 3, to: 4, changes: [{ seq: 4, at: 1, by: null, ops: [["p", baseRecord("a")]] }] });
    expect([shown(ann), script.sockets[0]?.closed]).toEqual([[], true]);
    await room.clock.advance(1_000);
    expect(script.sockets.at(-1)?.sent[0]).toMatchObject({ type: "hello", since: 0, epoch: 0, viewKey: "all" });
  });

  it.each<[ErrorCode, "closed" | "online"]>([
    ["session_revoked", "closed"],
    ["forbidden", "closed"],
    ["gone", "closed"],
    ["unavailable", "online"],
    ["rate_limited", "online"],
    ["internal", "online"],
    ["token_expired", "online"],
  ])("bye %s: %s", async (code, state) => {
    const room = await testRoom();
    const script = scripted([welcome()]);
    const tokens: string[] = [];
    const ann = await testClient(room, { connect: script.connect, getToken: (why) => (tokens.push(why), Promise.resolve("token")) });
    const closed: ErrorCode[] = [];
    ann.client.on("closed", (reason) => closed.push(reason.code));
    ann.client.create("annotation", rectangle());
    await script.say({ type: "bye", code, retryAfter: 2 });
    await room.clock.advance(1_900);
    expect(script.sockets).toHaveLength(1);
    await room.clock.advance(2_000);
    expect([ann.client.state, closed]).toEqual([state, state === "closed" ? [code] : []]);
    expect(tokens).toEqual(state === "closed" ? ["connect"] : ["connect", code === "token_expired" ? "expired" : "connect"]);
    expect((await ann.queue.load()).pushes).toHaveLength(1);
  });

  it("no token to be had: for good when the app says so, else tried again", async () => {
    const room = await testRoom();
    const refused = await testClient(room, { getToken: () => Promise.reject(new ApiError("session_revoked")) });
    expect([refused.client.state, refused.sockets]).toEqual(["closed", []]);
    let tries = 0;
    const flaky = await testClient(room, {
      getToken: () => (++tries < 4 ? Promise.reject(new TypeError("network")) : Promise.resolve("token")),
    });
    await reconnected(flaky, room.clock);
    expect([flaky.client.state, tries]).toEqual(["online", 4]);
  });

  it("other rights come with another hello, at once; another view starts anew", async () => {
    const room = await testRoom({ base: baseOf(1, [baseRecord("a")]) });
    const ann = await testClient(room);
    const seen: unknown[] = [];
    ann.client.on("grants", ({ permissions }) => seen.push(permissions));
    ann.grants = { ...grants, permissions: ["read"] };
    ann.client.renew("new token");
    await ann.flush();
    expect([ann.client.state, seen, shown(ann)]).toEqual(["online", [["read"]], ["a"]]);
    ann.grants = grantsOf("ann", ["annotations:view:self"]);
    ann.sockets.at(-1)!.cut(0);
    await reconnected(ann, room.clock);
    expect([shown(ann), ann.client.grants]).toEqual([[], ann.grants]);
  });

  it("with another person's token nothing of what waits is sent: it stays for whose it is", async () => {
    const room = await testRoom();
    const ann = await testClient(room);
    const closed: ErrorCode[] = [];
    ann.client.on("closed", (reason) => closed.push(reason.code));
    ann.sockets.at(-1)!.cut(0);
    const id = ann.client.create("annotation", rectangle());
    ann.grants = grantsOf("bob");
    await reconnected(ann, room.clock);
    expect([closed, room.room.seq, (await ann.queue.load()).pushes.length]).toEqual([["forbidden"], 0, 1]);
    const again = await testClient(room, { queue: ann.queue, seed: 2 });
    expect([shown(again), again.client.records.get(id)?.createdBy, again.client.save]).toEqual([[id], "ann", SAVED]);
  });
});

describe("presence", () => {
  it("is merged, throttled, told to others and told again after a reconnect", async () => {
    const room = await testRoom();
    const [ann, bob] = [await testClient(room, { seed: 1 }), await testClient(room, { seed: 2, grants: grantsOf("bob") })];
    for (let i = 0; i < 100; i++) {
      ann.client.setPresence({ cursor: { page: "0.0", x: i, y: 0 } });
      if (i === 50) ann.client.setPresence({ tool: "ink" });
      await room.clock.advance(2);
    }
    expect(ann.sockets[0]!.waitingUp).toBeLessThanOrEqual(5);
    await room.clock.advance(100);
    await ann.flush();
    await room.clock.advance(100);
    await bob.flush();
    expect(bob.client.peers).toMatchObject([{ userId: "ann", presence: { cursor: { x: 99 }, tool: "ink" } }]);
    expect(bob.client.self).toMatchObject({ userId: "bob" });
    ann.sockets.at(-1)!.cut(0);
    await reconnected(ann, room.clock);
    await room.clock.advance(200);
    await ann.flush();
    await room.clock.advance(200);
    await bob.flush();
    expect(bob.client.peers).toMatchObject([{ presence: { cursor: { x: 99 } } }]);
    bob.sockets.at(-1)!.cut(0);
    expect(bob.client.peers).toEqual([]);
  });
});

describe("a document of one's own", () => {
  it("is a room of one in the same process", async () => {
    const { room, clock } = await testRoom();
    const ops: Op[] = [];
    const ann = await testClient({ room, clock }, { connect: localSocket(room, { grants: grantsOf(null), name: "", clock }) });
    const id = ann.client.create("annotation", rectangle());
    ann.client.update(id, { note: "kept" });
    await ann.client.flush();
    for (const change of (await room.changesSince(0))!) ops.push(...change.ops.map(({ op }) => op));
    expect([ann.client.state, ops.map(([verb]) => verb), room.snapshot(grantsOf(null)).records]).toEqual([
      "online",
      ["c", "u"],
      [ann.client.records.get(id)],
    ]);
    ann.client.close();
    await settled();
    expect(room.memberCount).toBe(0);
  });
});
