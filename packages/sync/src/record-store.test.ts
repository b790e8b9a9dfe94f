import type { AnyRecord, Change, Op } from "@lectern/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecordStore, type RecordsChanged } from "./record-store.ts";
import { derivedPage } from "./references.ts";
import { baseRecord, comment, derivedPageData, rectangle } from "./testing/fixtures.ts";

function store(records: readonly AnyRecord[] = []) {
  const errors: unknown[] = [];
  const made = new RecordStore({
    derived: (id) => (/^0\.[0-2]$/.test(id) ? derivedPage(id, derivedPageData(Number(id[2]))) : undefined),
    fail: (error) => errors.push(error),
  });
  made.transaction("remote", null, () => made.replaceBase(records));
  const seen: RecordsChanged[] = [];
  made.onChange((change) => seen.push(change));
  const pend = (n: number, ...ops: Op[]) =>
    made.transaction("local", "ann", () => ops.forEach((op) => made.addPending({ n, op, at: 1, by: "ann" })));
  return { store: made, seen, errors, pend };
}

const note = (record: AnyRecord | undefined) => (record?.data as { note?: string } | undefined)?.note;

describe("RecordStore", () => {
  it("shows pending ops on top of what is confirmed, and a colleague's change below them", () => {
    const { store: records, seen, pend } = store([baseRecord("a")]);
    pend(1, ["u", "a", { note: "mine" }], ["c", "b", "annotation", rectangle("0.1")]);
    records.transaction("remote", "bob", () =>
      records.confirm({ seq: 5, at: 9, by: "bob", ops: [["u", "a", { note: "his", lock: true }]] }),
    );
    expect(records.get("a")).toMatchObject({ updatedBy: "ann", data: { note: "mine", lock: true } });
    expect(records.confirmed("a")).toMatchObject({ seq: 5, updatedBy: "bob", updatedAt: 9, data: { note: "his" } });
    expect([records.isPending("a"), records.isPending("z")]).toEqual([true, false]);
    expect(seen).toEqual([
      { ids: new Set(["a", "b"]), origin: "local", by: "ann" },
      { ids: new Set(["a"]), origin: "remote", by: "bob" },
    ]);
  });

  it("tells once of everything a first load brought, and not of what came and went within it", () => {
    const { store: records, seen, pend } = store();
    pend(1, ["c", "mine", "annotation", rectangle()]);
    records.transaction("remote", null, () => {
      records.replaceBase([baseRecord("a"), baseRecord("b"), baseRecord("mine"), derivedPage("0.1", derivedPageData(1))]);
      records.confirm({
        seq: 5,
        at: 9,
        by: "bob",
        ops: [
          ["x", "b"],
          ["u", "a", { note: "his" }],
        ],
      });
    });
    expect(seen.slice(1)).toEqual([{ ids: new Set(["a", "mine"]), origin: "remote", by: null }]);
    expect(
      records
        .byPage("0.0")
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(["a", "mine"]);
    records.transaction("remote", null, () => {
      records.confirm({ seq: 6, at: 9, by: "bob", ops: [["x", "a"]] });
      records.replaceBase([baseRecord("a"), baseRecord("mine"), baseRecord("c")]);
    });
    expect(seen.at(-1)?.ids).toEqual(new Set(["a", "c"]));
  });

  it("a pending push that is confirmed as it was shown changes nothing on screen", () => {
    const { store: records, seen, pend } = store([baseRecord("a")]);
    pend(1, ["u", "a", { note: "mine" }]);
    records.transaction("local", "ann", () => {
      records.confirm({ seq: 5, at: 9, by: "ann", ops: [["u", "a", { note: "mine" }]] });
      records.dropPending(new Set([1]));
    });
    expect(seen).toHaveLength(1);
    expect([note(records.get("a")), records.get("a")?.seq, records.isPending("a")]).toEqual(["mine", 5, false]);
  });

  it("a pending push that is refused is taken back", () => {
    const { store: records, seen, pend } = store([baseRecord("a")]);
    pend(1, ["d", "a"]);
    pend(2, ["c", "b", "annotation", rectangle()]);
    expect([...records.all()].map((record) => record.id)).toEqual(["b"]);
    records.transaction("local", "ann", () => records.dropPending(new Set([1, 2])));
    expect([...records.all()].map((record) => record.id)).toEqual(["a"]);
    expect(seen.at(-1)?.ids).toEqual(new Set(["a", "b"]));
  });

  it("knows what is on a page, and what hangs on a record, pending or not", () => {
    const { store: records, pend } = store([baseRecord("a"), baseRecord("b")]);
    pend(1, ["u", "a", { page: "0.1" }], ["c", "c", "annotation", rectangle("0.1")], ["c", "c1", "comment", comment("c")]);
    const on = (page: string) =>
      records
        .byPage(page)
        .map((record) => record.id)
        .toSorted();
    expect([on("0.0"), on("0.1"), on("0.2"), records.children("c")]).toEqual([["b"], ["a", "c"], [], ["c1"]]);
    records.transaction("local", null, () => records.dropPending(new Set([1])));
    expect([on("0.0"), on("0.1"), records.children("c")]).toEqual([["a", "b"], [], []]);
  });

  it("pages that nobody has changed can be read and changed, but are not listed; deleted ones are marked", () => {
    const { store: records, pend } = store();
    expect(records.get("0.1")).toMatchObject({ kind: "page", seq: 0, data: { rotation: 0 } });
    pend(1, ["u", "0.1", { rotation: 90 }], ["d", "0.2"]);
    expect(records.get("0.1")).toMatchObject({ data: { rotation: 90 } });
    expect(records.get("0.2")).toMatchObject({ deleted: true });
    pend(2, ["r", "0.2"]);
    expect(records.get("0.2")).not.toHaveProperty("deleted");
    expect([...records.all()].map((record) => record.id).toSorted()).toEqual(["0.1", "0.2"]);
    records.transaction("local", null, () => records.dropPending(new Set([1, 2])));
    expect([...records.all()]).toEqual([]);
  });

  it("what cannot be shown is not: an update of what is gone, a second create", () => {
    const { store: records, pend } = store([baseRecord("a")]);
    pend(1, ["u", "gone", { note: "x" }], ["c", "a", "annotation", rectangle("0.2")], ["r", "gone"]);
    expect(records.get("gone")).toBeUndefined();
    expect(records.get("a")?.data).toEqual(rectangle("0.0"));
  });

  it("a listener that throws keeps nobody else from hearing", () => {
    const { store: records, seen, errors, pend } = store();
    const failure = new Error("listener");
    records.onChange(() => {
      throw failure;
    });
    let later = 0;
    const stop = records.onChange(() => void later++);
    pend(1, ["c", "a", "annotation", rectangle()]);
    stop();
    pend(2, ["d", "a"]);
    expect([seen.length, later, errors]).toEqual([2, 1, [failure, failure]]);
  });

  it("makes up the head of a created record from its change, as it is on the server", () => {
    const { store: records } = store();
    const change: Change = {
      seq: 7,
      at: 1_000,
      by: "bob",
      ops: [
        ["c", "a", "annotation", rectangle()],
        ["c", "b", "annotation", rectangle(), "team"],
      ],
    };
    records.transaction("remote", "bob", () => records.confirm(change));
    const head = { kind: "annotation", seq: 7, createdBy: "bob", createdAt: 1_000, updatedBy: "bob", updatedAt: 1_000, data: rectangle() };
    expect([records.get("a"), records.get("b")]).toEqual([
      { ...head, id: "a", grp: null },
      { ...head, id: "b", grp: "team" },
    ]);
  });

  it("rebased by any sequence of events, it shows what a replay from scratch would", () => {
    const id = fc.constantFrom("a", "b", "c", "0.0");
    const op: fc.Arbitrary<Op> = fc.oneof(
      fc.tuple(fc.constant("c" as const), id, fc.constant("annotation" as const), fc.constantFrom(rectangle("0.0"), rectangle("0.1"))),
      fc.tuple(fc.constant("u" as const), id, fc.constantFrom({ note: "x" }, { note: null }, { lock: true }, { page: "0.2" })),
      fc.tuple(fc.constant("d" as const), id),
      fc.tuple(fc.constant("r" as const), id),
      fc.tuple(fc.constant("g" as const), id, fc.constantFrom(null, "team")),
    );
    const event = fc.oneof(
      fc.record({ what: fc.constant("push" as const), ops: fc.array(op, { minLength: 1, maxLength: 3 }) }),
      fc.record({
        what: fc.constant("confirm" as const),
        op: fc.oneof(
          fc.tuple(fc.constant("x" as const), id),
          fc.tuple(fc.constant("u" as const), id, fc.constantFrom({ note: "y" }, { lock: null })),
          id.map((made) => ["p", baseRecord(made)] as const),
          fc.tuple(fc.constant("c" as const), id, fc.constant("annotation" as const), fc.constant(rectangle("0.1")), fc.constant("team")),
        ),
      }),
      fc.record({ what: fc.constant("drop" as const), n: fc.nat(6) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (events) => {
        const { store: records, pend } = store([baseRecord("a")]);
        const pushes = new Map<number, readonly Op[]>();
        for (const [i, happened] of events.entries()) {
          if (happened.what === "push") {
            pushes.set(i, happened.ops);
            pend(i, ...happened.ops);
          } else if (happened.what === "confirm") {
            records.transaction("remote", null, () => records.confirm({ seq: i, at: i, by: "bob", ops: [happened.op] }));
          } else {
            const n = [...pushes.keys()][happened.n] ?? -1;
            pushes.delete(n);
            records.transaction("local", null, () => records.dropPending(new Set([n])));
          }
        }
        const scratch = store(
          ["a", "b", "c", "0.0"].map((each) => records.confirmed(each)).filter((record) => record?.kind === "annotation") as AnyRecord[],
        );
        for (const [n, ops] of pushes) scratch.pend(n, ...ops);
        for (const each of ["a", "b", "c", "0.0"]) expect(records.get(each)).toEqual(scratch.store.get(each));
        for (const page of ["0.0", "0.1", "0.2"])
          expect(new Set(records.byPage(page).map((record) => record.id))).toEqual(
            new Set(scratch.store.byPage(page).map((record) => record.id)),
          );
      }),
    );
  });
});
