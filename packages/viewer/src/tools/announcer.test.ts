import type { AnyRecord, Note } from "@lectern/protocol";
import { expect, test } from "vitest";
import { createAnnouncer } from "./announcer.ts";

function setUp() {
  const records = new Map<string, AnyRecord>();
  const said: string[] = [];
  let run = (): void => {};
  const announcer = createAnnouncer({
    record: (id) => records.get(id),
    known: ["old"],
    nameOf: (userId) => userId,
    pageNumber: () => 2,
    announce: (text) => said.push(text),
    later: (next) => {
      run = next;
      return () => {};
    },
    t: (key, values = {}) => `${key} ${Object.values(values).join(" ")}`,
  });
  const note: Note = {
    type: "note",
    page: "1.1",
    geometry: { bbox: [0, 0, 24, 24] },
    appearance: {},
    text: { format: "plain", value: "" },
  };
  const put = (id: string) =>
    records.set(id, {
      id,
      kind: "annotation",
      seq: 1,
      createdBy: null,
      createdAt: 0,
      updatedBy: null,
      updatedAt: 0,
      grp: null,
      data: note,
    });
  return { announcer, put, said, moment: () => run() };
}

test("a colleague's note is told once, with kind and page", () => {
  const { announcer, put, said, moment } = setUp();
  put("a");
  announcer.recordsChanged({ ids: new Set(["a"]), origin: "remote", by: "Bob" });
  moment();
  expect(said).toEqual(["tools.announce.created Bob tools.kind.note  2"]);
});

test("many changes in a moment are one sentence", () => {
  const { announcer, put, said, moment } = setUp();
  put("a");
  announcer.recordsChanged({ ids: new Set(["a"]), origin: "remote", by: "Bob" });
  announcer.recordsChanged({ ids: new Set(["a"]), origin: "remote", by: "Bob" });
  announcer.recordsChanged({ ids: new Set(["old"]), origin: "remote", by: "Bob" });
  moment();
  expect(said).toEqual(["tools.announce.several Bob 3"]);
});

test("my own changes and the arrival of the layer are not told", () => {
  const { announcer, put, said, moment } = setUp();
  put("a");
  announcer.recordsChanged({ ids: new Set(["a"]), origin: "local", by: "me" });
  announcer.recordsChanged({ ids: new Set(["a"]), origin: "remote", by: null });
  moment();
  expect(said).toEqual([]);
});
