import type { Op, RecordData } from "@lectern/protocol";
import type { ErrorCode, Grants } from "@lectern/protocol/plain";
import { describe, expect, it } from "vitest";
import { baseOf, baseRecord, comment, derivedPageData, grantsOf, marker, rectangle } from "./testing/fixtures.ts";
import { type TestRoom, testRoom } from "./testing/test-room.ts";

const ann = grantsOf("ann");
const rect = (id: string, page = "0.0"): Op => ["c", id, "annotation", rectangle(page), null];

/** The code with which these ops are refused; "ok" when they are not. */
async function outcome({ room }: TestRoom, ops: readonly Op[], grants: Grants = ann): Promise<ErrorCode | "ok"> {
  return room.commit(ops, { grants }).then(
    () => "ok",
    (error: { code: ErrorCode }) => error.code,
  );
}

async function prepared(ops: readonly Op[] = [], options: Parameters<typeof testRoom>[0] = {}): Promise<TestRoom> {
  const room = await testRoom(options);
  if (ops.length > 0) await room.room.commit(ops, { grants: ann });
  return room;
}

function live({ room }: TestRoom): string[] {
  return room
    .snapshot(ann)
    .records.map((record) => record.id)
    .toSorted();
}

describe("each op", () => {
  it("create: once for each id, whole and valid, stamped by the server", async () => {
    const room = await prepared([], { base: baseOf(1, [baseRecord("b")]) });
    expect(await outcome(room, [rect("a")])).toBe("ok");
    for (const id of ["a", "b"]) expect(await outcome(room, [rect(id)])).toBe("exists");
    expect(await outcome(room, [["c", "0.0", "page", { ...derivedPageData(0), content: null }]])).toBe("exists");
    expect(await outcome(room, [["d", "a"]])).toBe("ok");
    expect(await outcome(room, [rect("a")])).toBe("exists");
    expect(await outcome(room, [["c", "x", "annotation", { type: "hexagon" }]])).toBe("invalid_parameters");
    const forged = { ...rectangle(), createdBy: "bob", seq: 99 };
    await room.room.commit([["c", "f", "annotation", forged]], { grants: ann });
    expect(room.room.record("f", ann)).toEqual({
      id: "f",
      kind: "annotation",
      seq: 3,
      createdBy: "ann",
      createdAt: room.clock.now(),
      updatedBy: "ann",
      updatedAt: room.clock.now(),
      grp: null,
      deleted: false,
      data: rectangle(),
    });
  });

  it("update: merges by property, null removes, unknown and fixed properties are refused, and only what is patched is looked at", async () => {
    const room = await prepared([["c", "a", "annotation", { ...rectangle(), note: "old", custom: { k: 1 } }]]);
    await room.room.commit([["u", "a", { note: null, geometry: { bbox: [0, 0, 1, 1] } }]], { grants: grantsOf("bob") });
    expect(room.room.record("a", ann)).toMatchObject({ seq: 2, createdBy: "ann", updatedBy: "bob" });
    expect(room.room.record("a", ann)?.data).toEqual({ ...rectangle(), geometry: { bbox: [0, 0, 1, 1] }, custom: { k: 1 } });
    for (const patch of [{ hexagon: 1 }, { type: "ellipse" }, { geometry: null }, { createdBy: "bob" }])
      expect(await outcome(room, [["u", "a", patch]])).toBe("invalid_parameters");
    expect(await outcome(room, [["u", "a", { type: "rectangle" }]])).toBe("ok");
  });

  it("update and delete with ifSeq are refused when the record has changed since", async () => {
    const room = await prepared([rect("a")]);
    expect(await outcome(room, [["u", "a", { note: "1" }, 1]])).toBe("ok");
    expect(await outcome(room, [["u", "a", { note: "2" }, 1]])).toBe("precondition_failed");
    expect(await outcome(room, [["d", "a", 1]])).toBe("precondition_failed");
    expect(await outcome(room, [["d", "a", 2]])).toBe("ok");
  });

  it("delete wins: what comes after it is gone, until a restore", async () => {
    const room = await prepared([rect("a")]);
    expect(await outcome(room, [["r", "a"]])).toBe("exists");
    expect(await outcome(room, [["d", "a"]])).toBe("ok");
    for (const op of [
      ["u", "a", { note: "x" }],
      ["d", "a"],
      ["g", "a", "team"],
    ] as const)
      expect(await outcome(room, [op])).toBe("gone");
    expect(
      await outcome(room, [
        ["r", "a"],
        ["u", "a", { note: "back" }],
      ]),
    ).toBe("ok");
    expect(room.room.record("a", ann)).toMatchObject({ deleted: false, createdBy: "ann", data: { note: "back" } });
    for (const op of [
      ["u", "no", {}],
      ["d", "no"],
      ["r", "no"],
      ["g", "no", null],
    ] as const)
      expect(await outcome(room, [op])).toBe("not_found");
  });

  it("ops of one push see each other; the log keeps what each overwrote", async () => {
    const room = await prepared();
    await room.room.commit([rect("a"), ["u", "a", { note: "1" }], ["u", "a", { note: "2", lock: true }], ["d", "a"]], { grants: ann });
    const [change] = (await room.log.changesSince(0))!.changes;
    expect(change?.ops.map(({ op, before }) => [op[0], before])).toEqual([
      ["c", null],
      ["u", { createdBy: "ann", grp: null, deleted: false, seq: 1, data: {} }],
      ["u", { createdBy: "ann", grp: null, deleted: false, seq: 1, data: { note: "1" } }],
      ["d", { createdBy: "ann", grp: null, deleted: false, seq: 1, data: {} }],
    ]);
  });

  it("a base record is changed as if the layer had made it", async () => {
    const room = await prepared([], { base: baseOf(1, [baseRecord("b")]) });
    expect(await outcome(room, [["u", "b", { note: "x" }]])).toBe("ok");
    expect(room.room.record("b", ann)).toMatchObject({ seq: 1, createdBy: null, updatedBy: "ann", data: { ...rectangle(), note: "x" } });
    expect((await room.log.load()).records).toMatchObject([{ id: "b", data: { ...rectangle(), note: "x" } }]);
    expect(live(room)).toEqual(["b"]);
  });
});

describe("permissions", () => {
  const limited = (...collaboration: string[]) => grantsOf("bob", collaboration, "team");

  it("reading is not writing, and a right has a scope", async () => {
    const room = await prepared([rect("a"), ["c", "t", "annotation", rectangle(), "team"]]);
    expect(await outcome(room, [rect("x")], { ...ann, permissions: ["read"] })).toBe("forbidden");
    const editor = limited("annotations:view:all", "annotations:edit:group=team", "annotations:delete:self");
    expect(await outcome(room, [["u", "a", { note: "x" }]], editor)).toBe("forbidden");
    expect(await outcome(room, [["u", "t", { note: "x" }]], editor)).toBe("ok");
    expect(await outcome(room, [["d", "t"]], editor)).toBe("forbidden");
    expect(await outcome(room, [["c", "mine", "annotation", rectangle()]], editor)).toBe("ok");
    expect(room.room.record("mine", ann)?.grp).toBe("team");
    expect(await outcome(room, [["d", "mine"]], editor)).toBe("ok");
    expect(await outcome(room, [["r", "mine"]], editor)).toBe("ok");
    expect(await outcome(room, [["c", "p", "page", { ...derivedPageData(9), content: null }]], editor)).toBe("forbidden");
  });

  it("a hidden record is not found, whatever is tried, alive or dead", async () => {
    const room = await prepared([rect("hidden"), rect("dead"), ["d", "dead"]]);
    const blind = limited(
      "annotations:view:self",
      "annotations:edit:all",
      "annotations:delete:all",
      "annotations:set-group:all",
      "comments:view:all",
      "comments:edit:all",
    );
    for (const id of ["hidden", "dead"]) {
      for (const op of [
        ["u", id, {}],
        ["d", id],
        ["r", id],
        ["g", id, "team"],
        ["u", id, {}, 99],
      ] as const)
        expect(await outcome(room, [op], blind)).toBe("not_found");
    }
    expect(await outcome(room, [["c", "c1", "comment", comment("hidden")]], blind)).toBe("not_found");
  });

  it("a group is chosen with set-group only, and needs the right on both sides", async () => {
    const room = await prepared([["c", "t", "annotation", rectangle(), "team"]]);
    const member = limited("annotations:view:all", "annotations:edit:all");
    expect(await outcome(room, [["c", "x", "annotation", rectangle(), "other"]], member)).toBe("forbidden");
    expect(await outcome(room, [["c", "x", "annotation", rectangle(), null]], member)).toBe("forbidden");
    expect(await outcome(room, [["c", "x", "annotation", rectangle(), "team"]], member)).toBe("ok");
    expect(await outcome(room, [["g", "t", "other"]], member)).toBe("forbidden");
    const mover = limited("annotations:view:all", "annotations:set-group:group=team", "annotations:set-group:group=other");
    expect(await outcome(room, [["g", "t", "third"]], mover)).toBe("forbidden");
    expect(await outcome(room, [["g", "t", "other"]], mover)).toBe("ok");
  });

  it("replying is a right of its own; resolving is replying", async () => {
    const room = await prepared([
      ["c", "m", "annotation", marker()],
      ["c", "m1", "comment", comment("m")],
    ]);
    const replier = limited("annotations:view:all", "comments:view:all", "comments:reply:all");
    const editor = limited("annotations:view:all", "comments:view:all", "comments:edit:all");
    expect(await outcome(room, [["c", "m2", "comment", comment("m")]], replier)).toBe("ok");
    expect(await outcome(room, [["c", "m3", "comment", { ...comment("m"), state: "resolved" }]], editor)).toBe("forbidden");
    expect(await outcome(room, [["c", "m3", "comment", { ...comment("m"), state: "resolved" }]], replier)).toBe("ok");
    expect(await outcome(room, [["c", "m4", "comment", comment("m")]], editor)).toBe("ok");
    expect(await outcome(room, [["c", "m5", "comment", comment("m")]], limited("annotations:view:all", "comments:view:all"))).toBe(
      "forbidden",
    );
  });
});

describe("references", () => {
  it("whether a comment resolves cannot be changed later: that is a reply of its own", async () => {
    const room = await prepared([
      ["c", "m", "annotation", marker()],
      ["c", "m1", "comment", comment("m")],
    ]);
    expect(await outcome(room, [["u", "m1", { state: "resolved" }]])).toBe("invalid_parameters");
    const editor = grantsOf("bob", ["annotations:view:all", "comments:view:all", "comments:edit:all"]);
    expect(await outcome(room, [["c", "m2", "comment", { ...comment("m", ""), state: "resolved" }]], editor)).toBe("forbidden");
    expect(await outcome(room, [["c", "m2", "comment", { ...comment("m", ""), state: "resolved" }]])).toBe("ok");
    expect(await outcome(room, [["d", "m2"]])).toBe("ok");
    expect(await outcome(room, [["r", "m2"]], editor)).toBe("forbidden");
  });

  it("reacting is replying to that comment; a reaction is taken back by its person, or by whoever may delete it", async () => {
    const view = ["annotations:view:all", "comments:view:all"];
    const bob = grantsOf("bob", [...view, "comments:reply:group=team"]);
    const room = await prepared([
      ["c", "m", "annotation", marker()],
      ["c", "m1", "comment", comment("m"), "team"],
      ["c", "m2", "comment", comment("m")],
    ]);
    const react = (on: string, who: string): Op => ["c", `${on}:${who}:78`, "reaction", { comment: on, emoji: "x" }];
    expect(await outcome(room, [react("m2", "bob")], bob)).toBe("forbidden");
    expect(await outcome(room, [react("m1", "bob")], bob)).toBe("ok");
    expect(await outcome(room, [["d", "m1:bob:78"]], grantsOf("cy", [...view, "comments:reply:all"]))).toBe("forbidden");
    expect(await outcome(room, [["d", "m1:bob:78"]], bob)).toBe("ok");
    expect(await outcome(room, [["r", "m1:bob:78"]], bob)).toBe("ok");
    expect(await outcome(room, [react("m1", "bob")], bob)).toBe("exists");
    expect(await outcome(room, [["d", "m1:bob:78"]], bob)).toBe("ok");
    expect(await outcome(room, [react("m1", "bob")], bob)).toBe("ok");
    expect(live(room)).toContain("m1:bob:78");
    expect(await outcome(room, [["d", "m1:bob:78"]], grantsOf("cy", [...view, "comments:delete:all"]))).toBe("ok");
    expect(await outcome(room, [["r", "m1:bob:78"]], grantsOf("cy", [...view, "comments:reply:all"]))).toBe("forbidden");
  });

  it("one's own comment can be brought back with the right to reply alone, another's not", async () => {
    const view = ["annotations:view:all", "comments:view:all"];
    const bob = grantsOf("bob", [...view, "comments:reply:all", "comments:delete:all"]);
    const room = await prepared([
      ["c", "m", "annotation", marker()],
      ["c", "m1", "comment", comment("m")],
    ]);
    expect(await outcome(room, [["c", "m2", "comment", comment("m")]], bob)).toBe("ok");
    for (const [id, answer] of [
      ["m2", "ok"],
      ["m1", "forbidden"],
    ] as const) {
      expect(await outcome(room, [["d", id]], bob)).toBe("ok");
      expect(await outcome(room, [["r", id]], bob)).toBe(answer);
    }
  });

  it("an annotation stands on a live page of the document, or of the layer", async () => {
    const blank = { ...derivedPageData(9), content: null };
    const room = await prepared([
      ["c", "new-page", "page", blank],
      ["d", "0.2"],
    ]);
    expect(await outcome(room, [rect("a", "0.1"), rect("b", "new-page")])).toBe("ok");
    expect(await outcome(room, [rect("c", "0.9")])).toBe("not_found");
    expect(await outcome(room, [rect("c", "a")])).toBe("not_found");
    expect(await outcome(room, [rect("c", "0.2")])).toBe("gone");
    expect(await outcome(room, [["u", "a", { page: "0.2" }]])).toBe("gone");
    expect(await outcome(room, [["u", "a", { page: "new-page" }]])).toBe("ok");
  });

  it("a deleted page takes nothing with it, but what is on it cannot be changed until it is back", async () => {
    const room = await prepared([
      rect("a"),
      ["c", "m", "annotation", marker()],
      ["c", "m1", "comment", comment("m")],
      rect("dead"),
      ["d", "dead"],
      ["d", "0.0"],
    ]);
    expect(live(room)).toEqual(["0.0", "a", "m", "m1"]);
    // The page is told as deleted: everyone knows it without being told, and would else go on showing it.
    expect(room.room.snapshot(ann).records.find((record) => record.id === "0.0")).toMatchObject({ kind: "page", deleted: true });
    expect(room.room.page("0.0")).toMatchObject({ deleted: true });
    for (const op of [
      ["u", "a", { note: "x" }],
      ["d", "a"],
      ["r", "dead"],
      ["u", "m1", { text: comment("m").text }],
      ["c", "m2", "comment", comment("m")],
    ] as const) {
      expect(await outcome(room, [op as Op])).toBe("gone");
    }
    expect(
      await outcome(room, [
        ["r", "0.0"],
        ["u", "a", { note: "x" }],
      ]),
    ).toBe("ok");
  });

  it("content of pages comes from the server only", async () => {
    const content = { source: "cd".repeat(32), sourceIndex: 0 };
    const room = await prepared([], { hasBlobs: (names) => Promise.resolve(new Set(names.filter((name) => name === content.source))) });
    const page = { ...derivedPageData(5), content };
    expect(await outcome(room, [["c", "p", "page", page]])).toBe("forbidden");
    expect(await outcome(room, [["u", "0.0", { content }]])).toBe("forbidden");
    expect(await outcome(room, [["u", "0.0", { content: null }]])).toBe("forbidden");
    expect(await outcome(room, [["u", "0.0", { rotation: 90, order: "V" }]])).toBe("ok");
    await room.room.commit(
      [
        ["c", "p", "page", page],
        ["u", "0.0", { content }],
      ],
      { grants: ann, server: true },
    );
    expect(room.room.page("p")).toMatchObject({ data: { content } });
    await expect(
      room.room.commit([["u", "p", { content: { source: "ee".repeat(32), sourceIndex: 0 } }]], { grants: ann, server: true }),
    ).rejects.toMatchObject({ code: "not_found" });
  });

  it("a blob is named only when the document uses it", async () => {
    const known = "cd".repeat(32);
    const asked: string[] = [];
    const room = await prepared([], { hasBlobs: (names) => (asked.push(...names), Promise.resolve(new Set([known]))) });
    const image = (blob: string): RecordData["annotation"] => ({ ...rectangle(), attachment: { blob, mediaType: "image/png" } });
    expect(await outcome(room, [["c", "i", "annotation", image(known)]])).toBe("ok");
    expect(await outcome(room, [["c", "j", "annotation", image("ef".repeat(32))]])).toBe("not_found");
    expect(await outcome(room, [["u", "i", { attachment: { blob: "ab".repeat(32), mediaType: "image/png" } }]])).toBe("not_found");
    expect(asked).toEqual([known, "ef".repeat(32), "ab".repeat(32)]);
    expect(await outcome(await prepared(), [["c", "i", "annotation", image(known)]])).toBe("not_found");
  });

  it("an annotation that we only show can be moved, noted and deleted, not made nor made to look otherwise", async () => {
    const raw = {
      type: "raw",
      page: "0.0",
      subtype: "3D",
      geometry: { bbox: [0, 0, 9, 9] },
      appearance: {},
    } as unknown as RecordData["annotation"];
    const room = await prepared([], { base: baseOf(1, [baseRecord("raw", raw)]) });
    expect(await outcome(room, [["c", "x", "annotation", raw]])).toBe("forbidden");
    for (const patch of [
      { subtype: "Caret" },
      { attachment: { blob: "ab".repeat(32), mediaType: "image/png" } },
      { note: "x", page: null },
    ])
      expect(await outcome(room, [["u", "raw", patch]]), JSON.stringify(patch)).not.toBe("ok");
    expect(await outcome(room, [["u", "raw", { note: "x", geometry: { bbox: [5, 5, 9, 9] } }]])).toBe("ok");
    expect(await outcome(room, [["d", "raw"]])).toBe("ok");
  });

  it("ids that follow from what a record is are checked", async () => {
    const room = await prepared([
      ["c", "m", "annotation", marker()],
      ["c", "m1", "comment", comment("m")],
      ["c", "f", "field", { name: "f", type: "text" }],
    ]);
    expect(await outcome(room, [["c", "v", "value", { field: "f", value: "" }]])).toBe("invalid_parameters");
    expect(await outcome(room, [["c", "f:v", "value", { field: "f", value: "" }]])).toBe("ok");
    expect(await outcome(room, [["c", "title", "meta", {}]])).toBe("invalid_parameters");
    expect(await outcome(room, [["c", "m1:bob:1f44d", "reaction", { comment: "m1", emoji: "👍" }]])).toBe("invalid_parameters");
    expect(await outcome(room, [["c", "m1:ann:1f44d", "reaction", { comment: "m1", emoji: "👍" }]])).toBe("ok");
  });
});

describe("cascades", () => {
  const thread: Op[] = [
    ["c", "m", "annotation", marker()],
    ["c", "m1", "comment", comment("m")],
    ["c", "m2", "comment", comment("m")],
    ["c", "m1:ann:78", "reaction", { comment: "m1", emoji: "x" }],
  ];
  const field: Op[] = [
    ["c", "f", "field", { name: "f", type: "text" }, "team"],
    ["c", "f:v", "value", { field: "f", value: "v" }],
    ["c", "w", "widget", { field: "f", page: "0.0", geometry: { bbox: [0, 0, 9, 9] }, appearance: {} }],
  ];

  it("a root takes its comments and their reactions with it, and brings them back", async () => {
    const room = await prepared([...thread, rect("other")]);
    await room.room.commit([["d", "m"]], { grants: ann });
    expect(live(room)).toEqual(["other"]);
    const last = (await room.log.changesSince(1))!.changes;
    expect(last.map((change) => change.ops.map(({ op }) => `${op[0]} ${op[1]}`).toSorted())).toEqual([
      ["d m", "d m1", "d m1:ann:78", "d m2"],
    ]);
    expect(await outcome(room, [["c", "m3", "comment", comment("m")]])).toBe("gone");
    await room.room.commit([["r", "m"]], { grants: ann });
    expect(live(room)).toEqual(["m", "m1", "m1:ann:78", "m2", "other"]);
  });

  it("the right to delete the root is enough for what hangs on it", async () => {
    const room = await prepared(thread);
    expect(await outcome(room, [["d", "m"]], grantsOf("bob", ["annotations:view:all", "annotations:delete:all"]))).toBe("ok");
    expect(live(room)).toEqual([]);
  });

  it("what an erasing change took stays deleted for sessions, also when they ask in the same tick", async () => {
    const room = await prepared([rect("a"), rect("b")]);
    const erasing = room.room.commit([["d", "a"]], { grants: ann, server: true, erases: true });
    expect(await outcome(room, [["r", "a"]])).toBe("gone");
    await erasing;
    expect(await outcome(room, [["r", "a"]])).toBe("gone");
    expect([await outcome(room, [["d", "b"]]), await outcome(room, [["r", "b"]])]).toEqual(["ok", "ok"]);
    await room.room.commit([["r", "a"]], { grants: ann, server: true });
    expect(live(room)).toEqual(["a", "b"]);
  });

  it("what was deleted before its root stays deleted when the root comes back", async () => {
    const room = await prepared(thread);
    await room.room.commit([["d", "m2"]], { grants: ann });
    await room.room.commit([["d", "m"]], { grants: ann });
    await room.room.commit([["r", "m"]], { grants: ann });
    expect(live(room)).toEqual(["m", "m1", "m1:ann:78"]);
  });

  it("the last comment takes its marker with it, and brings it back; a mark-up stays", async () => {
    const room = await prepared([...thread, rect("a"), ["c", "a1", "comment", comment("a")]]);
    await room.room.commit([["d", "m1"]], { grants: ann });
    expect(live(room)).toContain("m");
    await room.room.commit(
      [
        ["d", "m2"],
        ["d", "a1"],
      ],
      { grants: ann },
    );
    expect(live(room)).toEqual(["a"]);
    await room.room.commit([["r", "m2"]], { grants: ann });
    expect(live(room)).toEqual(["a", "m", "m2"]);
  });

  it("the last words of a thread take along that it was resolved, on a mark-up too, and bring it back", async () => {
    const silent = (root: string): RecordData["comment"] => ({ ...comment(root, ""), state: "resolved" });
    for (const root of [["c", "m", "annotation", marker()], rect("m")] as const) {
      const room = await prepared([root, ["c", "m1", "comment", comment("m")], ["c", "ms", "comment", silent("m")]]);
      await room.room.commit([["d", "m1"]], { grants: ann });
      expect(live(room)).toEqual((root[3] as { type: string }).type === "rectangle" ? ["m"] : []);
      await room.room.commit([["r", "m1"]], { grants: ann });
      expect(live(room)).toEqual(["m", "m1", "ms"]);
      await room.room.commit([["d", "ms"]], { grants: ann });
      expect(live(room)).toEqual(["m", "m1"]);
    }
  });

  it("what one op of a push took along, a later one may name", async () => {
    const room = await prepared(thread.slice(0, 2));
    expect(
      await outcome(room, [
        ["d", "m1"],
        ["d", "m"],
      ]),
    ).toBe("ok");
    expect(
      await outcome(room, [
        ["r", "m1"],
        ["r", "m"],
      ]),
    ).toBe("ok");
    expect(live(room)).toEqual(["m", "m1"]);
    expect(
      await outcome(room, [
        ["d", "m1"],
        ["d", "m1"],
      ]),
    ).toBe("gone");
  });

  it("a comment comes back without its root only when its sender may restore that, too", async () => {
    const room = await prepared(thread);
    await room.room.commit([["d", "m"]], { grants: ann });
    const writer = grantsOf("ann", ["annotations:view:all", "comments:view:all", "comments:edit:self"]);
    expect(await outcome(room, [["r", "m1"]], writer)).toBe("gone");
    expect(await outcome(room, [["r", "m1"]])).toBe("ok");
    expect(live(room)).toEqual(["m", "m1", "m1:ann:78", "m2"]);
  });

  it("a field's widgets and value go and come with it, and have its group", async () => {
    const room = await prepared(field);
    const groups = () => ["f", "f:v", "w"].map((id) => room.room.record(id, ann)?.grp);
    expect(groups()).toEqual(["team", "team", "team"]);
    await room.room.commit([["g", "f", "other"]], { grants: ann });
    expect(groups()).toEqual(["other", "other", "other"]);
    expect(await outcome(room, [["g", "w", "team"]])).toBe("invalid_parameters");
    await room.room.commit([["d", "f"]], { grants: ann });
    expect(live(room)).toEqual([]);
    await room.room.commit([["r", "f"]], { grants: ann });
    expect(live(room)).toEqual(["f", "f:v", "w"]);
  });

  it("filling does not need the right to edit", async () => {
    const room = await prepared(field);
    const filler = grantsOf("bob", ["form-fields:view:all", "form-fields:fill:group=team"]);
    expect(await outcome(room, [["u", "f:v", { value: "x" }]], filler)).toBe("ok");
    expect(await outcome(room, [["u", "f", { label: "x" }]], filler)).toBe("forbidden");
    expect(await outcome(room, [["u", "f:v", { value: "y" }]], grantsOf("bob", ["form-fields:view:all", "form-fields:edit:all"]))).toBe(
      "forbidden",
    );
  });

  it("base records cascade like the layer's own", async () => {
    const base = [baseRecord("m", marker()), { ...baseRecord("m1"), kind: "comment", data: comment("m") } as ReturnType<typeof baseRecord>];
    const room = await prepared([["c", "m2", "comment", comment("m")]], { base: baseOf(1, base) });
    await room.room.commit([["d", "m"]], { grants: ann });
    expect(live(room)).toEqual([]);
    await room.room.commit([["r", "m"]], { grants: ann });
    expect(live(room)).toEqual(["m", "m1", "m2"]);
  });
});
