import { sourceOrder } from "@lectern/protocol/plain";
import type { Page, RecordOf } from "@lectern/protocol";
import { expect, it } from "vitest";
import { derivedPage, pageList, shownSize } from "./page-list.ts";

const opened = {
  revision: 2,
  source: "a".repeat(64),
  pages: {
    count: 3,
    runs: [
      [2, 612, 792, 0],
      [1, 300, 400, 90],
    ],
    labels: { "0": "i" },
    partial: false,
  },
} as const;

function record(id: string, data: Partial<Page>): RecordOf<"page"> {
  const page: Page = { content: null, order: sourceOrder(0), rotation: 0, crop: null, size: [100, 200], label: null, ...data };
  return { id, kind: "page", seq: 1, createdBy: null, createdAt: 0, updatedBy: null, updatedAt: 0, grp: null, data: page };
}

it("derives pages nobody changed from the runs", () => {
  const pages = pageList(opened, []);
  expect(pages.map((page) => [page.id, page.index, page.width, page.sourceRotation, page.label])).toEqual([
    ["2.0", 0, 612, 0, "i"],
    ["2.1", 1, 612, 0, null],
    ["2.2", 2, 300, 90, null],
  ]);
});

it("shows a page on its side when the file and the layer together say so", () => {
  const [, , turned] = pageList(opened, []);
  expect(shownSize(turned!, 0)).toEqual({ width: 400, height: 300 });
  expect(shownSize(turned!, 90)).toEqual({ width: 300, height: 400 });
});

it("puts changed and new pages where their order says", () => {
  const moved = record("2.0", { content: { source: opened.source, sourceIndex: 0 }, order: `${sourceOrder(2)}V`, size: [612, 792] });
  const blank = record("blank-page", { order: `${sourceOrder(1)}V` });
  expect(pageList(opened, [moved, blank]).map((page) => page.id)).toEqual(["2.1", "blank-page", "2.2", "2.0"]);
});

it("leaves out deleted pages, and tells equal orders apart by id as the service does", () => {
  const gone = { ...record("2.1", {}), deleted: true };
  const order = `${sourceOrder(2)}V`;
  const [b, a] = [record("b", { order }), record("a", { order })];
  expect(pageList(opened, [gone, b, a]).map((page) => page.id)).toEqual(["2.0", "2.2", "a", "b"]);
});

it("shows the cropped part of a page alone, turned or not", () => {
  const crop = [10, 20, 60, 30] as [number, number, number, number];
  const [page] = pageList({ ...opened, pages: { ...opened.pages, runs: [] } }, [record("a", { crop })]);
  expect(shownSize(page!, 0)).toEqual({ width: 60, height: 30 });
  expect(shownSize(page!, 90)).toEqual({ width: 30, height: 60 });
});

it("says of a page that nobody changed what its record would say", () => {
  expect(derivedPage(opened, "2.2")).toEqual({
    content: { source: opened.source, sourceIndex: 2 },
    order: sourceOrder(2),
    rotation: 0,
    crop: null,
    size: [300, 400],
    label: null,
  });
  expect([derivedPage(opened, "2.3"), derivedPage(opened, "1.0"), derivedPage(opened, "other")]).toEqual([null, null, null]);
});
