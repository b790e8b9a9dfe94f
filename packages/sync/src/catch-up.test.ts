import type { AnyRecord, Op, ServerMessage } from "@lectern/protocol";
import { canSee, type Grants } from "@lectern/protocol/plain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryChangeLog } from "./memory-change-log.ts";
import { RecordStore } from "./record-store.ts";
import { baseOf, baseRecord, comment, grantsOf, marker, rectangle } from "./testing/fixtures.ts";
import { testRoom } from "./testing/test-room.ts";

const id = fc.constantFrom("a", "b", "m", "m1", "base");
const grp = fc.constantFrom(null, "team", "other");
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.tuple(fc.constant("c" as const), fc.constantFrom("a", "b"), fc.constant("annotation" as const), fc.constant(rectangle()), grp),
  fc.tuple(fc.constant("c" as const), fc.constant("m"), fc.constant("annotation" as const), fc.constant(marker()), grp),
  fc.tuple(fc.constant("c" as const), fc.constant("m1"), fc.constant("comment" as const), fc.constant(comment("m")), grp),
  fc.tuple(fc.constant("u" as const), id, fc.constantFrom({ note: "x" }, { note: null }, { lock: true })),
  fc.tuple(fc.constant("u" as const), fc.constantFrom("0.0", "0.1"), fc.constantFrom({ rotation: 90 }, { label: "iv" })),
  fc.tuple(fc.constant("d" as const), fc.oneof(id, fc.constant("0.1"))),
  fc.tuple(fc.constant("r" as const), fc.oneof(id, fc.constant("0.1"))),
  fc.tuple(fc.constant("g" as const), id, grp),
);
const views: readonly Grants[] = [
  grantsOf("ann"),
  grantsOf("ann", ["annotations:view:group=team", "comments:view:all"]),
  grantsOf("ann", ["annotations:view:self", "comments:view:group=other"]),
  { ...grantsOf("ann"), permissions: [] },
];

type Told = Extract<ServerMessage, { type: "welcome" | "batch" }>;

function tell(store: RecordStore, frames: readonly Told[]): void {
  store.transaction("remote", null, () => {
    for (const frame of frames) {
      if (frame.type === "welcome" && frame.mode === "reset") store.replaceBase(frame.records!);
      else for (const change of frame.changes ?? []) store.confirm(change);
    }
  });
}

const newStore = () =>
  new RecordStore({
    derived: () => undefined,
    fail: (error) => {
      throw error;
    },
  });
const held = (store: RecordStore): AnyRecord[] => [...store.all()].toSorted((a, b) => (a.id < b.id ? -1 : 1));

describe("catching up", () => {
  it("live, in one delta, in two, from a restarted room or from nothing: every viewer ends with what it may see", async () => {
    const run = async (commands: readonly (readonly Op[])[], grants: Grants, [first, second]: readonly [number, number]) => {
      const log = new MemoryChangeLog();
      const options = { log, base: baseOf(2, [baseRecord("base")]) };
      const { room, join } = await testRoom(options);
      const cut = (part: number) => Math.floor(part * commands.length);
      const [from, middle] = [cut(Math.min(first, second)), cut(Math.max(first, second))];
      const play = async (start: number, end: number) => {
        // What the rules refuse changes nothing.
        for (const ops of commands.slice(start, end))
          await room.commit(ops, { grants: grantsOf("bob") }).catch((error: { code?: string }) => expect(error.code).toBeDefined());
      };
      await play(0, from);
      const live = await join({ grants });
      const [a, viewKey] = [room.seq, live.welcome.viewKey];
      await play(from, middle);
      const b = room.seq;
      const toMiddle = await join({ grants, since: a, epoch: 0, viewKey });
      await play(middle, commands.length);
      const restarted = await testRoom(options);
      const back = (since: number) => ({ grants, since, epoch: 0, viewKey });

      const truth = room.snapshot(grants).records.toSorted((x, y) => (x.id < y.id ? -1 : 1));
      for (const record of truth) expect(canSee(grants, record)).toBe(true);
      for (const frames of [
        live.frames,
        [live.welcome, (await join(back(a))).welcome],
        [live.welcome, (await restarted.join(back(a))).welcome],
        [live.welcome, toMiddle.welcome, (await join(back(b))).welcome],
        [live.welcome, toMiddle.welcome, (await restarted.join(back(b))).welcome],
        [(await join({ grants })).welcome],
        [(await restarted.join({ grants })).welcome],
      ]) {
        const store = newStore();
        tell(store, frames as Told[]);
        expect(held(store)).toEqual(truth);
      }
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(op, { minLength: 1, maxLength: 3 }), { maxLength: 16 }),
        fc.constantFrom(...views),
        fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
        run,
      ),
      { numRuns: 150 },
    );
  });
});
