import type { RecordData } from "@lectern/protocol";
import { describe, expect, it } from "vitest";
import { History } from "./history.ts";
import { baseOf, baseRecord, comment, grantsOf, marker, rectangle } from "./testing/fixtures.ts";
import { type TestClient, testClient } from "./testing/test-client.ts";
import { testRoom } from "./testing/test-room.ts";

async function two() {
  const room = await testRoom({ base: baseOf(2, [baseRecord("a", { ...rectangle(), note: "old" })]) });
  const pages = (id: string) => baseOf(2).page(id);
  const [ann, bob] = [
    await testClient(room, { seed: 1, page: pages }),
    await testClient(room, { seed: 2, grants: grantsOf("bob"), page: pages }),
  ];
  const both = async () => {
    for (let i = 0; i < 2; i++) for (const test of [ann, bob]) await test.flush();
  };
  return { room, ann: ann.client, bob: bob.client, tests: { ann, bob }, both };
}

const data = (client: TestClient["client"], id = "a") => client.records.get(id)?.data as RecordData["annotation"] | undefined;

describe("undo and redo", () => {
  it("leave what a colleague brought back", async () => {
    const { ann, bob, both } = await two();
    ann.create("annotation", rectangle(), { id: "b" });
    ann.delete("b");
    await both();
    bob.restore("b");
    await both();
    while (ann.canUndo) ann.undo();
    await both();
    expect([ann.records.get("b")?.id, bob.records.get("b")?.id]).toEqual(["b", "b"]);
  });

  it("do not bring back what was brought back already, and is not to be seen any more", () => {
    const { id, ...rest } = baseRecord("a");
    const shown = new Map([[id, { id, ...rest }]]);
    const history = new History({ get: (wanted) => shown.get(wanted), confirmed: () => undefined, isPending: () => false });
    history.record(1, ["d", "a"]);
    history.close("action");
    shown.delete("a");
    // Accepted, and hidden from this person before it was shown again.
    history.record(2, ["r", "a"]);
    history.close("action");
    const done: unknown[] = [];
    history.run("undo", ({ op }) => done.push(op));
    expect([done, history.canUndo]).toEqual([[], false]);
  });

  it("take back and do again what was done: update, create, delete, group, page", async () => {
    const { ann, both } = await two();
    ann.update("a", { note: "new", lock: true });
    ann.create("annotation", rectangle(), { id: "b" });
    ann.delete("a");
    ann.setGroup("b", "team");
    ann.update("0.1", { rotation: 90 });
    ann.delete("0.0");
    await both();
    const rotation = () => (ann.records.get("0.1")!.data as { rotation: number }).rotation;
    const state = () => [data(ann)?.note, data(ann)?.lock, ann.records.get("b")?.grp, rotation(), ann.records.get("0.0")?.deleted];
    const end = [undefined, undefined, "team", 90, true];
    expect(state()).toEqual(end);
    for (let i = 0; i < 6; i++) {
      expect(ann.canUndo).toBe(true);
      ann.undo();
      if (i % 2 === 0) await both();
    }
    expect([state(), ann.canUndo]).toEqual([["old", undefined, undefined, 0, undefined], false]);
    for (let i = 0; i < 6; i++) ann.redo();
    await both();
    expect([state(), ann.canRedo, ann.save.conflicts]).toEqual([end, false, 0]);
  });

  it("a new action ends what could be done again", async () => {
    const { ann } = await two();
    const seen: unknown[] = [];
    ann.on("history", (history) => seen.push(history));
    ann.update("a", { note: "1" });
    ann.undo();
    ann.update("a", { note: "2" });
    ann.redo();
    expect([data(ann)?.note, seen]).toEqual([
      "2",
      [
        { canUndo: true, canRedo: false },
        { canUndo: false, canRedo: true },
        { canUndo: true, canRedo: false },
      ],
    ]);
  });

  it("never take back a colleague's change of the same property, and do take back the others", async () => {
    const { ann, bob, both } = await two();
    ann.update("a", { note: "ann", lock: true });
    await both();
    bob.update("a", { note: "bob" });
    await both();
    ann.undo();
    await both();
    expect([data(ann)?.note, data(ann)?.lock]).toEqual(["bob", undefined]);
    ann.redo();
    await both();
    expect([data(bob)?.note, data(bob)?.lock]).toEqual(["bob", true]);
  });

  it("not even one that looks the same as one's own", async () => {
    const { ann, bob, both } = await two();
    ann.update("a", { note: "same" });
    await both();
    bob.update("a", { note: "other" });
    bob.update("a", { note: "same" });
    await both();
    expect(ann.canUndo).toBe(false);
    ann.undo();
    await both();
    expect(data(bob)?.note).toBe("same");
  });

  it("a colleague's change below one's own pending one is what undo goes back to", async () => {
    const { ann, bob, both, tests } = await two();
    bob.update("a", { note: "bob" });
    await tests.bob.flush();
    // Ann has not heard of it, and hers is decided after it.
    ann.update("a", { note: "ann" });
    await both();
    expect(data(bob)?.note).toBe("ann");
    ann.undo();
    await both();
    expect([data(ann)?.note, data(bob)?.note]).toEqual(["bob", "bob"]);
  });

  it("never bring back what a colleague deleted", async () => {
    const { ann, bob, both } = await two();
    ann.update("a", { note: "ann" });
    ann.create("annotation", rectangle(), { id: "b" });
    ann.undo();
    ann.redo();
    await both();
    bob.delete("a");
    bob.delete("b");
    await both();
    expect([ann.canUndo, ann.canRedo]).toEqual([false, false]);
    ann.undo();
    ann.redo();
    await both();
    expect([...bob.records.all(), ...ann.records.all()]).toEqual([]);
  });

  it("one's own deletion is undone, unless a colleague was first", async () => {
    const { ann, bob, both, tests } = await two();
    bob.delete("a");
    await tests.bob.flush();
    ann.delete("a");
    await both();
    expect([ann.canUndo, tests.ann.rejections]).toEqual([false, []]);
    ann.undo();
    await both();
    expect(ann.records.get("a")).toBeUndefined();
  });

  it("what was refused cannot be undone, and what was built on it goes back to what is true", async () => {
    const { ann, both } = await two();
    ann.update("a", { note: "fine" });
    ann.update("a", { note: "bad", nonsense: 1 });
    ann.update("a", { note: "last" });
    await both();
    expect(data(ann)?.note).toBe("last");
    ann.undo();
    await both();
    expect(data(ann)?.note).toBe("fine");
    ann.undo();
    await both();
    expect([data(ann)?.note, ann.canUndo]).toEqual(["old", false]);
  });

  it("an action of many ops is taken back whole", async () => {
    const { ann, bob, both } = await two();
    ann.transact(() => {
      ann.create("annotation", marker(), { id: "m" });
      ann.create("comment", comment("m"), { id: "m1" });
      ann.update("m", { note: "n" });
      ann.update("a", { note: "1" });
      ann.update("a", { note: "2" });
      ann.delete("a");
    });
    await both();
    ann.undo();
    await both();
    expect([...bob.records.all()].map((record) => record.id)).toEqual(["a"]);
    expect(data(bob)?.note).toBe("old");
    ann.redo();
    await both();
    expect([...bob.records.all()].map((record) => record.id).toSorted()).toEqual(["m", "m1"]);
    expect(ann.save.conflicts).toBe(0);
  });

  it("steps of which nothing is left are skipped, not spent", async () => {
    const { ann, bob, both } = await two();
    ann.create("annotation", rectangle(), { id: "b" });
    ann.update("a", { note: "mine" });
    await both();
    bob.update("a", { note: "his" });
    await both();
    ann.undo();
    await both();
    expect([data(bob)?.note, bob.records.get("b")]).toEqual(["his", undefined]);
  });

  it("a colleague's change while one was away counts like any other", async () => {
    const { room, ann, bob, both, tests } = await two();
    ann.update("a", { note: "ann", lock: true });
    await both();
    tests.ann.sockets.at(-1)!.cut(0);
    bob.update("a", { note: "bob" });
    await tests.bob.flush();
    for (let i = 0; i < 20 && ann.state !== "online"; i++) {
      await room.clock.advance(500);
      await tests.ann.flush();
    }
    ann.undo();
    await both();
    expect([data(bob)?.note, data(bob)?.lock]).toEqual(["bob", undefined]);
  });
});
