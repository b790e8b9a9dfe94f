import type { AnyRecord, RecordData } from "@lectern/protocol";
import { textOf, wordsOf } from "@lectern/protocol/plain";
import { expect, test } from "vitest";
import { chosenIn, mentionAt, segmentsTyped, suggestions } from "./people.ts";
import { type CommentRecord, filtered, newMentions, threadsOf, unreadOf } from "./threads.ts";

let time = 0;
function record<K extends "annotation" | "comment">(kind: K, id: string, data: RecordData[K], by = "ana"): AnyRecord {
  time++;
  return { id, kind, seq: time, createdBy: by, createdAt: time, updatedBy: by, updatedAt: time, grp: null, data } as unknown as AnyRecord;
}
const marker = (id: string, page: string | null, top = 0): AnyRecord =>
  record("annotation", id, { type: "comment-marker", page, geometry: { bbox: [0, top, 24, 24] }, appearance: {} });
const says = (id: string, root: string, value: string, by = "ana", state?: "resolved" | "reopened"): AnyRecord =>
  record("comment", id, { root, text: { format: "plain", value }, ...(state === undefined ? {} : { state }) }, by);

test("threads are in reading order, those about the document first, those on deleted pages nowhere", () => {
  const records = [
    marker("low", "p1", 500),
    marker("high", "p1", 20),
    marker("second", "p2"),
    marker("whole", null),
    marker("lost", "gone"),
    marker("bare", "p1"),
    says("1", "second", "a"),
    says("2", "low", "b"),
    says("3", "high", "c"),
    says("4", "whole", "d"),
    says("5", "lost", "e"),
    says("6", "bare", "", "ana", "resolved"),
    says("7", "nowhere", "f"),
  ];
  expect(threadsOf(records, ["p1", "p2"]).map(({ root }) => root.id)).toEqual(["whole", "high", "low", "second"]);
});

test("the last word on it resolves a thread; filters ask for state, author and page", () => {
  const records = [
    marker("a", "p1"),
    marker("b", "p2"),
    says("1", "a", "x"),
    says("2", "a", "", "ben", "resolved"),
    says("3", "b", "y", "ben"),
    says("4", "b", "", "ben", "resolved"),
    says("5", "b", "", "cy", "reopened"),
  ];
  const threads = threadsOf(records, ["p1", "p2"]);
  expect(threads.map(({ isResolved }) => isResolved)).toEqual([true, false]);
  const ids = (filter: object): string[] =>
    filtered(threads, { state: "all", author: null, page: null, ...filter }).map(({ root }) => root.id);
  expect([ids({ state: "open" }), ids({ state: "resolved" }), ids({ author: "ana" }), ids({ page: "p2" })]).toEqual([
    ["b"],
    ["a"],
    ["a"],
    ["b"],
  ]);
});

test("unread is what others said since, until it is looked at", () => {
  const records = [marker("a", "p1"), says("1", "a", "x", "ana"), says("2", "a", "y", "ben"), says("3", "a", "z", "ben")];
  const [thread] = threadsOf(records, ["p1"]);
  const unread = (seen: number, read: [string, number][] = [], user: string | null = "ana"): string[] =>
    unreadOf(thread!, { user, seen, read: new Map(read) }).map(({ id }) => id);
  const [, , second, third] = records;
  expect(unread(0)).toEqual(["2", "3"]);
  expect(unread(second!.seq)).toEqual(["3"]);
  expect(unread(0, [["3", third!.seq]])).toEqual(["2"]);
  expect(unread(0, [], null)).toEqual([]);
});

test("a name is offered while it is typed, and becomes a mention when it was chosen", () => {
  const users = [
    { id: "ana", name: "Ana Silva" },
    { id: "an", name: "Ana" },
    { id: "ben", name: "Ben Silva" },
  ];
  expect(mentionAt("hi @an", 6)).toEqual({ start: 3, typed: "an" });
  expect(mentionAt("mail a@b", 8)).toBeNull();
  expect(suggestions(users, "si").map(({ id }) => id)).toEqual(["ana", "ben"]);
  const segments = segmentsTyped("@Ana Silva and @Ana, see @Ben", users.slice(0, 2));
  expect(segments).toEqual([
    { text: "@Ana Silva", user: "ana" },
    { text: " and ", user: null },
    { text: "@Ana", user: "an" },
    { text: ", see @Ben", user: null },
  ]);
  const text = textOf(segments);
  expect(wordsOf(text)).toBe("@Ana Silva and @Ana, see @Ben");
  expect(segmentsTyped(wordsOf(text), chosenIn(text))).toEqual(segments);
});

test("an edit mentions only whom the comment did not name before", () => {
  const make = (mentions: string[]): CommentRecord => ({
    ...(says("1", "a", "x") as unknown as CommentRecord),
    data: { root: "a", text: { format: "plain", value: "x" }, mentions },
  });
  expect(newMentions(undefined, make(["ben"]))).toEqual(["ben"]);
  expect(newMentions(make(["ben"]), make(["ben", "cy"]))).toEqual(["cy"]);
});
