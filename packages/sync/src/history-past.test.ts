import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pastLayer, rewind, writersWanted } from "./history-past.ts";
import { MemoryChangeLog } from "./memory-change-log.ts";
import { baseOf, baseRecord, comment, grantsOf, marker, rectangle } from "./testing/fixtures.ts";
import { testRoom } from "./testing/test-room.ts";

const base = () => baseOf(3, [baseRecord("b1"), baseRecord("b2")]);

async function asOf(log: MemoryChangeLog, seq: number) {
  const { head, records } = await log.load();
  const changes = (await log.changesSince(seq))!.changes;
  const all = (await log.changesSince(0))!.changes;
  const wanted = new Set(writersWanted(changes));
  const writers = new Map(all.filter((change) => wanted.has(change.seq)).map(({ seq: at, ...change }) => [at, change]));
  return pastLayer(base(), rewind(records, changes, writers), { seq, epoch: head.epoch });
}

describe("the state at an earlier seq", () => {
  it("is what a reader got then, for every seq of any history", async () => {
    const step = fc.record({
      who: fc.constantFrom("ann", "bob"),
      what: fc.constantFrom("create", "colour", "clear", "delete", "restore", "group", "turn", "comment"),
      at: fc.integer({ min: 0, max: 5 }),
      value: fc.constantFrom("#ff0000", "#00ff00"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const log = new MemoryChangeLog();
        const { room } = await testRoom({ log, base: base() });
        const seen = [JSON.stringify(sorted(room.snapshot(grantsOf("ann")).records))];
        for (const { who, what, at, value } of steps) {
          const id = at < 2 ? `b${at + 1}` : `r${at}`;
          const op = {
            create: ["c", id, "annotation", rectangle()] as const,
            colour: ["u", id, { appearance: { strokeColor: value, strokeWidth: at }, creatorName: value }] as const,
            clear: ["u", id, { creatorName: null }] as const,
            delete: ["d", id] as const,
            restore: ["r", id] as const,
            group: ["g", id, value] as const,
            turn: ["u", "0.1", { rotation: at % 2 === 0 ? 90 : 180, label: at % 2 === 0 ? null : value }] as const,
            comment: ["c", id, "annotation", marker()] as const,
          }[what];
          await room.commit([op], { grants: grantsOf(who) }).catch(() => null);
          if (room.seq === seen.length) seen.push(JSON.stringify(sorted(room.snapshot(grantsOf("ann")).records)));
        }
        for (const [seq, then] of seen.entries()) {
          expect(JSON.stringify(sorted((await asOf(log, seq)).snapshot(grantsOf("ann")).records)), `seq ${seq}`).toBe(then);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("has the threads that were deleted with their marker", async () => {
    const log = new MemoryChangeLog();
    const { room } = await testRoom({ log, base: base() });
    const caller = { grants: grantsOf("ann") };
    await room.commit(
      [
        ["c", "m", "annotation", marker()],
        ["c", "c1", "comment", comment("m")],
      ],
      caller,
    );
    const before = sorted(room.snapshot(grantsOf("ann")).records);
    await room.commit([["d", "m"]], caller);
    expect((await asOf(log, 1)).snapshot(grantsOf("ann")).records).toHaveLength(before.length);
    expect(sorted((await asOf(log, 1)).snapshot(grantsOf("ann")).records)).toEqual(before);
  });
});

function sorted(records: readonly { readonly id: string }[]) {
  return records.map((record) => canonical(record) as { id: string }).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function canonical(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, canonical(part)]),
  );
}
