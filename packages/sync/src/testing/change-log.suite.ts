/** What every ChangeLog must do. Each adapter's test calls it with a way to make a fresh, empty layer's log. */
import type { AnyRecord, Op } from "@lectern/protocol";
import { afterEach, describe, expect, it } from "vitest";
import type { ChangeLog, LayerHead, PeerUpdate, PendingCommit, StoredRecord } from "../change-log.ts";
import { applyOp, overwritten } from "../change.ts";
import { comment, marker, rectangle } from "./fixtures.ts";

export interface ChangeLogFixture {
  readonly log: ChangeLog;
  /** The same layer once more, as another node or the process after a restart opens it; may be the same object when there is nothing to reopen. */
  readonly reopen?: () => Promise<ChangeLog>;
  /** A log that is not this layer's, in the same storage. */
  readonly other?: () => Promise<ChangeLog>;
  /** Drops changes up to and including this seq, as retention does. */
  readonly prune?: (floorSeq: number) => Promise<void>;
  readonly close?: () => Promise<void>;
}

/** Ops on records as a room would write them. */
class Writer {
  readonly records = new Map<string, StoredRecord>();

  commit(
    seq: number,
    { sid = "", n = 0, by = "ann", ops }: { sid?: string; n?: number; by?: string | null; ops: readonly Op[] },
  ): PendingCommit {
    const at = 1_000 + seq;
    const touched = new Map<string, StoredRecord>();
    const logged = ops.map((op) => {
      const before = this.records.get(op[1]) ?? null;
      const after = applyOp(before, op, { seq, at, by })!;
      this.records.set(after.id, after);
      touched.set(after.id, after);
      const { createdBy, grp, deleted, seq: wrote, data } = before ?? after;
      const old = op[0] === "u" ? overwritten(data as unknown as Record<string, unknown>, op[2]) : {};
      return { id: after.id, op, before: before === null ? null : { createdBy, grp, deleted, seq: wrote, data: old } };
    });
    return { change: { seq, sid, n, actor: by, at, ops: logged }, records: [...touched.values()], events: [] };
  }
}

function peer(sid: string, lastN: number, expected: number, rest: Partial<PeerUpdate> = {}): PeerUpdate {
  return { sid, userId: "ann", lastN, expected, rejects: [], ...rest };
}

const byId = (records: Iterable<AnyRecord>): AnyRecord[] => [...records].toSorted((a, b) => (a.id < b.id ? -1 : 1));

export function changeLogSuite(name: string, make: () => Promise<ChangeLogFixture>): void {
  describe(`ChangeLog: ${name}`, () => {
    let close: (() => Promise<void>) | undefined;
    const open = async (): Promise<ChangeLogFixture & { reopened: () => Promise<ChangeLog> }> => {
      const fixture = await make();
      close = fixture.close;
      return { ...fixture, reopened: fixture.reopen ?? (() => Promise.resolve(fixture.log)) };
    };
    afterEach(async () => {
      await close?.();
      close = undefined;
    });

    const create = (id: string): Op => ["c", id, "annotation", rectangle(), null];

    it("a new layer is empty", async () => {
      const { log } = await open();
      const { head, records } = await log.load();
      expect(records).toEqual([]);
      expect(head.seq).toBe(0);
      expect(await log.changesSince(0)).toEqual({ head, changes: [] });
      expect(await log.peer("sid-nobody")).toBeNull();
    });

    it("what was committed is there, whole, for whoever opens the layer next", async () => {
      const { log, reopened } = await open();
      const writer = new Writer();
      const first = writer.commit(1, {
        sid: "sid-aaaa",
        n: 1,
        ops: [create("a"), ["c", "m", "annotation", marker(null), "team"], ["c", "m:1", "comment", comment("m", "ünï \u0000 😀"), "team"]],
      });
      const second = writer.commit(2, {
        sid: "sid-bbbb",
        n: 1,
        by: null,
        ops: [
          ["u", "a", { note: "x", appearance: {} }],
          ["d", "m:1"],
          ["g", "m", null],
        ],
      });
      expect(await log.commitBatch(0, [first, second], [peer("sid-aaaa", 1, 0), peer("sid-bbbb", 1, 0, { userId: null })])).toBe(
        "committed",
      );

      const again = await reopened();
      const { head, records } = await again.load();
      expect(head).toMatchObject({ seq: 2 });
      expect(byId(records)).toEqual(byId(writer.records.values()));
      const since = await again.changesSince(0);
      expect(since).toEqual({ head, changes: [first.change, second.change] });
      expect(await again.peer("sid-aaaa")).toEqual({ sid: "sid-aaaa", userId: "ann", lastN: 1, rejects: [] });
      expect(await again.peer("sid-bbbb")).toEqual({ sid: "sid-bbbb", userId: null, lastN: 1, rejects: [] });
    });

    it("seqs go on without a gap over many batches, and catch-up starts after any of them", async () => {
      const { log } = await open();
      const writer = new Writer();
      const changes = [];
      for (let batch = 0; batch < 10; batch++) {
        const first = batch * 3;
        const commits = [1, 2, 3].map((k) => writer.commit(first + k, { ops: [create(`r${first + k}`)] }));
        expect(await log.commitBatch(first, commits, [])).toBe("committed");
        changes.push(...commits.map((commit) => commit.change));
      }
      for (const since of [0, 1, 3, 17, 29, 30]) {
        const read = await log.changesSince(since);
        expect(read?.changes).toEqual(changes.slice(since));
        expect(read?.head.seq).toBe(30);
      }
    });

    it("a batch on an old seq is a conflict and writes nothing", async () => {
      const { log, reopened } = await open();
      const writer = new Writer();
      await log.commitBatch(0, [writer.commit(1, { ops: [create("a")] })], []);
      const late = new Writer().commit(1, { sid: "sid-late", n: 1, ops: [create("b")] });
      expect(await (await reopened()).commitBatch(0, [late], [peer("sid-late", 1, 0)])).toBe("conflict");
      const { head, records } = await log.load();
      expect([head.seq, records.map((record) => record.id)]).toEqual([1, ["a"]]);
      expect(await log.peer("sid-late")).toBeNull();
      expect((await log.changesSince(0))?.changes).toHaveLength(1);
    });

    it("of batches on the same seq at the same time exactly one is written", async () => {
      const { log, reopened } = await open();
      const logs = [log, await reopened(), log, await reopened()];
      const results = await Promise.all(
        logs.map((each, i) =>
          each.commitBatch(0, [new Writer().commit(1, { sid: `sid-000${i}`, n: 1, ops: [create(`r${i}`)] })], [peer(`sid-000${i}`, 1, 0)]),
        ),
      );
      expect(results.toSorted()).toEqual(["committed", "conflict", "conflict", "conflict"]);
      const { head, records } = await log.load();
      expect(head.seq).toBe(1);
      expect(records.map((record) => record.id)).toEqual([`r${results.indexOf("committed")}`]);
    });

    it("a peer that is not where it is expected is a conflict, though the seq is right", async () => {
      const { log } = await open();
      const rejects = [{ n: 1, code: "gone", id: "a" }] as const;
      expect(await log.commitBatch(0, [], [peer("sid-aaaa", 1, 0, { rejects })])).toBe("committed");
      const commit = new Writer().commit(1, { sid: "sid-aaaa", n: 1, ops: [create("a")] });
      expect(await log.commitBatch(0, [commit], [peer("sid-aaaa", 1, 0)])).toBe("conflict");
      expect((await log.load()).head.seq).toBe(0);
      expect(await log.peer("sid-aaaa")).toEqual({ sid: "sid-aaaa", userId: "ann", lastN: 1, rejects });
    });

    it("a peer can be moved alone, on the right seq only", async () => {
      const { log, reopened } = await open();
      await log.commitBatch(0, [new Writer().commit(1, { sid: "sid-aaaa", n: 1, ops: [create("a")] })], [peer("sid-aaaa", 1, 0)]);
      const rejects = [
        { n: 2, code: "invalid_parameters", id: "a", detail: "no", failingPaths: [{ path: "$.ops[0]", details: "bad" }] },
      ] as const;
      expect(await log.commitBatch(0, [], [peer("sid-aaaa", 2, 1, { rejects })])).toBe("conflict");
      expect(await log.commitBatch(1, [], [peer("sid-aaaa", 2, 1, { rejects })])).toBe("committed");
      expect(await (await reopened()).peer("sid-aaaa")).toEqual({ sid: "sid-aaaa", userId: "ann", lastN: 2, rejects });
      expect((await log.load()).head.seq).toBe(1);
    });

    it("a record written twice in one batch is as the last change left it", async () => {
      const { log } = await open();
      const writer = new Writer();
      const commits = [
        writer.commit(1, { ops: [create("a"), ["u", "a", { note: "1" }]] }),
        writer.commit(2, { ops: [["u", "a", { note: "2" }]] }),
        writer.commit(3, { ops: [["d", "a"]] }),
      ];
      await log.commitBatch(0, commits, []);
      expect((await log.load()).records).toEqual([{ ...writer.records.get("a"), seq: 3, deleted: true }]);
      expect((writer.records.get("a")!.data as { note?: string }).note).toBe("2");
    });

    it("a large batch is written whole", async () => {
      const { log } = await open();
      const writer = new Writer();
      const ops = Array.from({ length: 2_000 }, (_, i) => create(`r${i}`));
      expect(await log.commitBatch(0, [writer.commit(1, { ops })], [])).toBe("committed");
      expect((await log.load()).records).toHaveLength(2_000);
      expect((await log.changesSince(0))?.changes[0]?.ops).toHaveLength(2_000);
    });

    it("whoever takes its turn reads all that was written before, and nobody writes until it has", async (context) => {
      const { log, reopened } = await open();
      const second = await reopened();
      if (log.commitInTurn === undefined) return context.skip();
      const first = new Writer();
      await log.commitBatch(0, [first.commit(1, { sid: "sid-aaaa", n: 1, ops: [create("a")] })], [peer("sid-aaaa", 1, 0)]);
      let others: Promise<string> | undefined;
      const seen: unknown[] = [];
      const result = await log.commitInTurn(0, ["sid-aaaa", "sid-none"], ({ head, changes, peers }) => {
        seen.push(
          head.seq,
          changes?.map(({ seq }) => seq),
          peers,
        );
        // Would be first, if it did not have to wait.
        others = second.commitBatch(1, [new Writer().commit(2, { ops: [create("late")] })], []);
        return {
          commits: [first.commit(2, { sid: "sid-aaaa", n: 2, ops: [create("b")] })],
          peers: [peer("sid-aaaa", 2, 1), peer("sid-bbbb", 1, 0)],
        };
      });
      expect([result, await others]).toEqual(["committed", "conflict"]);
      expect(seen).toEqual([1, [1], [{ sid: "sid-aaaa", userId: "ann", lastN: 1, rejects: [] }]]);
      const { head, records } = await second.load();
      expect([head.seq, records.map(({ id }) => id).toSorted()]).toEqual([2, ["a", "b"]]);
      expect([(await second.peer("sid-aaaa"))?.lastN, (await second.peer("sid-bbbb"))?.lastN]).toEqual([2, 1]);
    });

    it("a turn in which nothing could be decided leaves nothing, and others go on", async (context) => {
      const { log, reopened } = await open();
      if (log.commitInTurn === undefined) return context.skip();
      await expect(log.commitInTurn(0, [], () => Promise.reject(new Error("changed my mind")))).rejects.toThrow("changed my mind");
      const turns = [log, await reopened(), log].map((each, i) =>
        each.commitInTurn!(0, [`sid-000${i}`], ({ head }) => ({
          commits: [new Writer().commit(head.seq + 1, { sid: `sid-000${i}`, n: 1, ops: [create(`r${i}`)] })],
          peers: [peer(`sid-000${i}`, 1, 0)],
        })),
      );
      expect(await Promise.all(turns)).toEqual(["committed", "committed", "committed"]);
      expect((await log.load()).records).toHaveLength(3);
    });

    it("another layer's log is not touched", async (context) => {
      const { log, other } = await open();
      if (other === undefined) return context.skip();
      const second = await other();
      await log.commitBatch(0, [new Writer().commit(1, { sid: "sid-aaaa", n: 1, ops: [create("a")] })], [peer("sid-aaaa", 1, 0)]);
      expect((await second.load()).records).toEqual([]);
      expect((await second.load()).head.seq).toBe(0);
      expect(await second.peer("sid-aaaa")).toBeNull();
    });

    it("below the floor there is no catch-up, only the state", async (context) => {
      const { log, prune } = await open();
      if (prune === undefined) return context.skip();
      const writer = new Writer();
      for (let seq = 1; seq <= 5; seq++) await log.commitBatch(seq - 1, [writer.commit(seq, { ops: [create(`r${seq}`)] })], []);
      await prune(3);
      expect(await log.changesSince(2)).toBeNull();
      const read = await log.changesSince(3);
      expect(read?.changes.map((change) => change.seq)).toEqual([4, 5]);
      expect(read?.head satisfies LayerHead | undefined).toMatchObject({ seq: 5, floorSeq: 3 });
      expect((await log.load()).records).toHaveLength(5);
    });
  });
}
