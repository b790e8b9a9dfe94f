import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnyRecord, Bookmark, OutlineItem, RecordOf } from "@lectern/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { composeDocument } from "./compose.ts";
import type { PdfEngine } from "./engine.ts";
import { exportDocument, type RecordChange } from "./export.ts";
import { nodeCodec, openPdfiumNode } from "./host/node.ts";
import { importRecords } from "./import.ts";
import { finishPages } from "./pages.ts";
import { pagesPdf } from "./testing/index.ts";

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

const TREE: readonly OutlineItem[] = [
  { title: "One", action: { type: "goTo", page: "0" }, children: [{ title: "One a", action: { type: "goTo", page: "1", top: 100 } }] },
  { title: "Two", action: { type: "goTo", page: "2" } },
];

/** Three pages with an outline. */
const outlined = (): Uint8Array =>
  finishPages(
    exportDocument(engine, pagesPdf(3), [], { annotations: false }),
    { crops: [], labels: null, outline: TREE, metadata: { title: "Kept" } },
    "00",
  );

function read(file: Uint8Array): { readonly outline: readonly OutlineItem[]; readonly bookmarks: RecordOf<"bookmark">[] } {
  const document = engine.open(file);
  try {
    const { manifest, records } = importRecords(document, {
      revision: 1,
      sourceSha256: "00",
      sha256: (bytes) => createHash("sha256").update(bytes).digest(),
    });
    const all: AnyRecord[] = [...records].flatMap((page) => page.records);
    return { outline: manifest.outline, bookmarks: all.filter((record) => record.kind === "bookmark") };
  } finally {
    document.close();
  }
}

function bookmark(id: string, data: Bookmark): RecordOf<"bookmark"> {
  return { id, kind: "bookmark", seq: 1, createdBy: null, createdAt: 1, updatedBy: null, updatedAt: 1, grp: null, data };
}

const made = (id: string, data: Bookmark): RecordChange => ({ base: null, current: bookmark(id, data) });
const BOTH = [
  made("bookmark-2", { order: "b", action: { type: "goTo", page: "1.2" } }),
  made("bookmark-1", { name: "Größe", order: "a", action: { type: "goTo", page: "1.1", left: 10, top: 100, zoom: 2 } }),
];
const write = (file: Uint8Array, changes: readonly RecordChange[]): Uint8Array =>
  exportDocument(engine, file, changes, { annotations: true });

describe("bookmarks", () => {
  test("are the last items of the outline, and come back as they were, with their ids", () => {
    const file = write(outlined(), BOTH);
    const { outline, bookmarks } = read(file);
    expect(outline).toEqual(read(outlined()).outline);
    expect(bookmarks.map(({ id, data: { order: _order, ...data } }) => [id, data])).toEqual([
      ["bookmark-1", { name: "Größe", action: { type: "goTo", page: "1.1", left: 10, top: 100, zoom: 2 } }],
      ["bookmark-2", { action: { type: "goTo", page: "1.2" } }],
    ]);
    expect(write(outlined(), BOTH.toReversed())).toEqual(file);
    expect(read(write(pagesPdf(3), BOTH)).bookmarks.map(({ id }) => id)).toEqual(["bookmark-1", "bookmark-2"]);
  });

  test("are changed, moved, added and deleted in place", () => {
    const file = write(outlined(), BOTH);
    const [first, second] = read(file).bookmarks;
    const renamed = { ...second!, seq: 2, data: { ...second!.data, name: "Now with a name", order: "0" } };
    const after = read(
      write(file, [{ base: second!, current: renamed }, made("bookmark-3", { name: "New", action: { type: "goTo", page: "1.0" } })]),
    );
    expect(after.bookmarks.map(({ id, data }) => [id, data.name])).toEqual([
      ["bookmark-2", "Now with a name"],
      ["bookmark-1", "Größe"],
      ["bookmark-3", "New"],
    ]);
    expect(after.outline).toEqual(read(outlined()).outline);
    const none = write(file, [
      { base: first!, current: null },
      { base: second!, current: null },
    ]);
    expect(read(none)).toEqual({ outline: read(outlined()).outline, bookmarks: [] });
    expect(Buffer.from(none).toString("latin1")).not.toContain("LecternBookmarks");
  });

  test("stay when the outline is written anew, and lead where their pages are then", () => {
    const page = (id: string, index: number) => ({
      id,
      file: 0,
      index,
      keepsAnnotations: true,
      rotation: 0 as const,
      size: [1, 1] as const,
      crop: null,
      label: "",
    });
    const file = composeDocument(
      engine,
      {
        files: [{ source: write(outlined(), BOTH) }],
        pages: [page("1.2", 2), page("1.1", 1)],
        writeLabels: false,
        outline: [{ title: "Only", action: { type: "goTo", page: "1.1" } }],
        metadata: null,
        watermarks: [],
        encryption: null,
      },
      [made("bookmark-4", { name: "Gone", action: { type: "goTo", page: "1.0" } })],
      { annotations: true, codec: nodeCodec },
    );
    expect(read(file).outline.map(({ title }) => title)).toEqual(["Only"]);
    expect(read(file).bookmarks.map(({ id, data: { action } }) => [id, "page" in action && action.page])).toEqual([
      ["bookmark-1", "1.1"],
      ["bookmark-2", "1.0"],
    ]);
  });

  test("that another program has changed are items of the outline", () => {
    const file = write(outlined(), BOTH);
    const text = Buffer.from(file).toString("latin1");
    expect(text).toContain("(Page 3)");
    const changed = Buffer.from(text.replace("(Page 3)", "(Page X)"), "latin1");
    expect(read(changed).bookmarks).toEqual([]);
    expect(read(changed).outline.map(({ title }) => title)).toEqual(["One", "Two", "Größe", "Page X"]);
  });
});

const has = (command: string): boolean => spawnSync(command, ["--version"]).error === undefined;

describe.skipIf(!has("qpdf"))("another program", () => {
  test("reads the outline, its bookmarks and the metadata, and finds no fault in the file", () => {
    const folder = mkdtempSync(join(tmpdir(), "lectern-outline-"));
    try {
      const path = join(folder, "outline.pdf");
      writeFileSync(path, write(outlined(), BOTH));
      execFileSync("qpdf", ["--check", path]);
      interface Item {
        readonly title: string;
        readonly destpageposfrom1: number | null;
        readonly kids: readonly Item[];
      }
      const { outlines } = JSON.parse(execFileSync("qpdf", ["--json", "--json-key=outlines", path]).toString()) as { outlines: Item[] };
      const shape = (items: readonly Item[]): unknown[] =>
        items.map(({ title, destpageposfrom1, kids }) => [title, destpageposfrom1, ...(kids.length === 0 ? [] : [shape(kids)])]);
      expect(shape(outlines)).toEqual([
        ["One", 1, [["One a", 2]]],
        ["Two", 3],
        ["Größe", 2],
        ["Page 3", 3],
      ]);
      if (has("pdfinfo")) expect(execFileSync("pdfinfo", [path]).toString()).toMatch(/^Title:\s+Kept$/m);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
