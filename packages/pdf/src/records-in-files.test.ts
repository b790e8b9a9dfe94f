/** What records say and PDF has words for: threads and states, groups, order, scales, rich text, actions. Both ways. */
import { createHash } from "node:crypto";
import type { Annotation, AnyRecord, RecordOf } from "@lectern/protocol";
import { COMMENT_STATES, sourceOrder } from "@lectern/protocol/plain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FileAnnotation, PdfEngine } from "./engine.ts";
import { exportDocument, type ExportOptions, type RecordChange } from "./export.ts";
import { nodeCodec, openPdfiumNode } from "./host/node.ts";
import { importRecords } from "./import.ts";
import { type PdfDictionary, pdfName } from "./pdf-writer.ts";
import { annotationRecord } from "./testing/annotation-record.ts";
import { pagesPdf, pdfFile } from "./testing/index.ts";

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function read(file: Uint8Array): AnyRecord[] {
  const document = engine.open(file);
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
  const records = [...importRecords(document, { revision: 1, sourceSha256: "00", sha256 }).records].flatMap((page) => page.records);
  document.close();
  return records;
}
const marks = (file: Uint8Array): RecordOf<"annotation">[] => read(file).filter((record) => record.kind === "annotation");
const comments = (file: Uint8Array): RecordOf<"comment">[] => read(file).filter((record) => record.kind === "comment");

function inFile(file: Uint8Array): FileAnnotation[] {
  const document = engine.open(file);
  const found = document.annotations(0);
  document.close();
  return found;
}

const write = (source: Uint8Array, changes: Iterable<RecordChange>, options: Partial<ExportOptions> = {}): Uint8Array =>
  exportDocument(engine, source, changes, { annotations: true, ...options });
const created = (id: string, data: Annotation): RecordChange => ({ base: null, current: annotationRecord(id, data) });
const changed = (base: RecordOf<"annotation">, patch: object): RecordChange => ({
  base,
  current: { ...base, updatedAt: 1_750_000_000_000, data: { ...base.data, ...patch } as Annotation },
});
const said = (id: string, root: string, more: object = {}): RecordChange => ({
  base: null,
  current: {
    ...annotationRecord(id, rectangle()),
    kind: "comment",
    data: { root, text: { format: "plain", value: `says ${id}` }, creatorName: "Ada", ...more },
  },
});
const rectangle = (more: object = {}): Annotation => ({
  type: "rectangle",
  page: "1.0",
  geometry: { bbox: [100, 300, 80, 40] },
  appearance: { strokeColor: "#112233", strokeWidth: 4 },
  ...more,
});
const mark = (subtype: string, more: PdfDictionary = {}): PdfDictionary => ({
  Subtype: pdfName(subtype),
  Rect: [100, 100, 200, 200],
  F: 4,
  ...more,
});
const annotated = (annotations: Parameters<typeof pdfFile>[0]["pages"][number]["annotations"]): Uint8Array =>
  pdfFile({ pages: [{ content: "", ...(annotations === undefined ? {} : { annotations }) }] });

describe("threads", () => {
  test("every state of both models of review is written under its name and read again", () => {
    const file = write(pagesPdf(1), [
      created("record-1", rectangle()),
      ...COMMENT_STATES.map((state, index) => said(`state-${index}xx`, "record-1", { state })),
    ]);
    expect(comments(file).map(({ data }) => data.state)).toEqual([...COMMENT_STATES]);
    const models = [...latin1(file).matchAll(/\/State \((\w+)\) \/StateModel \((\w+)\)/g)].map(([, state, model]) => `${model}/${state}`);
    expect(models).toEqual([
      "Review/Completed",
      "Review/None",
      "Review/Accepted",
      "Review/Rejected",
      "Review/Cancelled",
      "Marked/Marked",
      "Marked/Unmarked",
    ]);
  });

  test("one on the document hangs on a mark of the first page that draws nothing, and is on the document again", () => {
    const marker: Annotation = { type: "comment-marker", page: null, geometry: { bbox: [0, 0, 24, 24] }, appearance: {} };
    const file = write(pagesPdf(2), [created("marker-1", marker), said("comment-1", "marker-1")]);
    expect(marks(file).map(({ id, data }) => [id, data.type, data.page])).toEqual([["marker-1", "comment-marker", null]]);
    expect(comments(file).map(({ data }) => [data.root, data.text.value])).toEqual([["marker-1", "says comment-1"]]);
    const [root, reply] = inFile(file);
    expect([root!.flags & 2, root!.rect.slice(2), root!.hasAppearance]).toEqual([0, [0, 0], true]);
    expect([reply!.isReply, reply!.hangsOn]).toEqual([true, root!.objectNumber]);
    const draw = (source: Uint8Array, annotations: "none" | "all"): Uint8Array => {
      const document = engine.open(source);
      const { data } = document.render(0, { width: 200, annotations });
      document.close();
      return data;
    };
    expect(draw(file, "all")).toEqual(draw(file, "none"));
  });

  test("without comments neither replies nor their markers are there, those of the source included, and marks stay", () => {
    const source = write(pagesPdf(1), [
      created("record-1", rectangle()),
      said("comment-1", "record-1"),
      created("marker-1", { type: "comment-marker", page: "1.0", geometry: { bbox: [5, 5, 20, 20] }, appearance: {} }),
      said("comment-2", "marker-1"),
    ]);
    const file = write(source, [created("record-2", rectangle()), said("comment-3", "record-2")], { comments: false });
    expect(inFile(file).map(({ name }) => name)).toEqual(["record-1", "record-2"]);
    expect(latin1(file)).not.toContain("says comment");
    expect(write(source, [], { comments: false })).not.toEqual(source);
  });

  test("replies keep their mark-up while it says the same as their words", () => {
    const text = { format: "xhtml", value: "<p>A <b>bold</b> word</p>" };
    const file = write(pagesPdf(1), [created("record-1", rectangle()), said("comment-1", "record-1", { text })]);
    expect(comments(file)[0]!.data.text).toEqual(text);
    expect(inFile(file)[1]!.contents).toBe("A bold word");
  });
});

test("a text's mark-up is read when it says what the words say, and is left when it does not", () => {
  const RC = '<?xml version="1.0"?><body xmlns="http://www.w3.org/1999/xhtml" xml:lang="en"><p>Some <i>words</i></p></body>';
  const source = annotated({
    same: mark("Text", { NM: "same-words", Contents: "Some words", RC }),
    other: mark("Text", { NM: "other-words", Contents: "Newer words", RC }),
  });
  expect(marks(source).map(({ data }) => "text" in data && data.text)).toEqual([
    { format: "xhtml", value: RC },
    { format: "plain", value: "Newer words" },
  ]);
  const [note] = marks(source);
  const file = write(source, [changed(note!, { appearance: { icon: "star" } })]);
  expect(marks(file)[0]!.data).toMatchObject({ text: { format: "xhtml", value: RC } });
});

describe("groups", () => {
  const source = (): Uint8Array =>
    annotated({
      caret: mark("StrikeOut", { NM: "struck-out" }),
      other: (ref) => mark("Highlight", { NM: "grouped-1", IRT: ref("caret"), RT: pdfName("Group") }),
      third: mark("Square", { NM: "by-itself" }),
    });
  const bundles = (file: Uint8Array): unknown => marks(file).map(({ id, data }) => [id, data.bundle]);

  test("what the file groups is bundled with the first of it, and stays a group when one of it changes", () => {
    expect(bundles(source())).toEqual([
      ["struck-out", "struck-out"],
      ["grouped-1", "struck-out"],
      ["by-itself", undefined],
    ]);
    const file = write(source(), [changed(marks(source())[1]!, { note: "changed" })]);
    expect(inFile(file).map(({ replyType, isReply }) => isReply && replyType)).toEqual([false, "group", false]);
    expect(bundles(file)).toEqual(bundles(source()));
  });

  test("a new bundle is a group for readers, and one that was left is none any more", () => {
    const [first, second, third] = marks(source());
    const file = write(source(), [
      changed(second!, { bundle: undefined }),
      changed(third!, { bundle: "new-bundle" }),
      created("record-1", rectangle({ bundle: "new-bundle" })),
    ]);
    const found = inFile(file);
    expect(found.map(({ isReply }) => isReply)).toEqual([false, false, false, true]);
    expect(found[3]!.hangsOn).toBe(found[2]!.objectNumber);
    expect(bundles(file)).toEqual([
      [first!.id, undefined],
      [second!.id, undefined],
      [third!.id, "new-bundle"],
      ["record-1", "new-bundle"],
    ]);
  });

  test("when the first of it is deleted the others stay, and nothing of it is in the bytes", () => {
    const file = write(source(), [{ base: marks(source())[0]!, current: null }]);
    expect(bundles(file)).toEqual([
      ["grouped-1", undefined],
      ["by-itself", undefined],
    ]);
    expect(latin1(file)).not.toContain("struck-out");
  });
});

describe("order", () => {
  const source = (): Uint8Array =>
    annotated({ a: mark("Square", { NM: "square-a" }), b: mark("Square", { NM: "square-b" }), c: mark("Square", { NM: "square-c" }) });
  const names = (file: Uint8Array): unknown => inFile(file).map(({ name }) => name);

  test("records have the order of the file, and what was brought to the front or between comes there", () => {
    expect(marks(source()).map(({ data }) => data.order)).toEqual([0, 1, 2].map(sourceOrder));
    const [a] = marks(source());
    const file = write(source(), [
      changed(a!, { order: sourceOrder(7) }),
      created("record-1", rectangle({ order: `${sourceOrder(1)}V` })),
      created("record-2", rectangle()),
    ]);
    expect(names(file)).toEqual(["square-b", "record-1", "square-c", "square-a", "record-2"]);
  });
});

test("scales of measurements are written for readers, and read from files of others", () => {
  const measurement = { scale: { unitFrom: "in", unitTo: "ft", from: 1, to: 20 }, precision: "threeDp" };
  const line: Annotation = {
    type: "line",
    page: "1.0",
    geometry: {
      bbox: [100, 100, 72, 0],
      points: [
        [100, 100],
        [172, 100],
      ],
    },
    appearance: { strokeColor: "#ff0000", strokeWidth: 1 },
    measurement: measurement as NonNullable<Extract<Annotation, { type: "line" }>["measurement"]>,
  };
  const file = write(pagesPdf(1), [created("record-1", line)]);
  expect(latin1(file)).toMatch(/\/Measure <<\/Type \/Measure \/Subtype \/RL \/R \(1 in = 20 ft\)/);
  expect(latin1(file)).toContain("/IT /LineDimension");
  expect(inFile(file)[0]!.measurement).toEqual(measurement);

  const format = (U: string, C: number, D: number): PdfDictionary => ({ U, C, D });
  const theirs = annotated({
    ratio: mark("Square", { Measure: { R: "2 cm = 3.5 km", X: [format("km", 1, 1)], D: [format("km", 1, 1)], A: [] } }),
    factor: mark("Square", { Measure: { R: "to scale", X: [format("mm", 0.25, 100)], D: [format("mm", 1, 10)], A: [] } }),
    none: mark("Square", { Measure: { Subtype: pdfName("GEO") } }),
  });
  expect(marks(theirs).map(({ data }) => "measurement" in data && data.measurement)).toEqual([
    { scale: { unitFrom: "cm", unitTo: "km", from: 2, to: 3.5 }, precision: "whole" },
    { scale: { unitFrom: "pt", unitTo: "mm", from: 1, to: 0.25 }, precision: "oneDp" },
    false,
  ]);
});

test("actions of links come back as they were, and those of others are read", () => {
  const actions: NonNullable<Annotation["action"]>[] = [
    { type: "goTo", page: "1.1", left: 10, top: 20, zoom: 2 },
    { type: "uri", uri: "https://example.org/?a=b c" },
    { type: "named", action: "NextPage" },
    { type: "javascript", script: "app.alert(1)" },
    { type: "hide", hide: true, fields: ["a", "b"] },
    { type: "resetForm", include: true, fields: ["a"] },
    { type: "resetForm", include: false, fields: ["b"] },
    { type: "submitForm", uri: "https://example.org/take", flags: [], fields: ["a"] },
    { type: "goToRemote", relativePath: "other.pdf" },
    { type: "launch", filePath: "notes.txt" },
  ];
  const file = write(
    pagesPdf(2),
    actions.map((action, index) =>
      created(`link-${index}xxx`, { type: "link", page: "1.0", geometry: { bbox: [10, 10 + index * 20, 50, 15] }, appearance: {}, action }),
    ),
  );
  expect(marks(file).map(({ data }) => data.action)).toEqual(actions);
});

test("files in the file keep the ids of their records, unless something else has them or they can be none", () => {
  const bytesOf = (blob: string): Uint8Array => Buffer.from(`bytes of ${blob}`);
  const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  const files = { codec: nodeCodec, sha256, bytesOf };
  const added = (id: string): RecordChange => ({
    base: null,
    current: { ...annotationRecord(id, rectangle()), kind: "attachment", data: { blob: id, name: `${id}.txt`, size: 1 } },
  });
  const write = (source: Uint8Array, changes: RecordChange[]): Uint8Array =>
    exportDocument(engine, source, changes, { annotations: true, files });
  const ids = (file: Uint8Array): string[] => {
    const document = engine.open(file);
    const keepFile = { codec: nodeCodec, maxBytes: 1000, keep: sha256 };
    const sha = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
    const { records } = importRecords(document, { revision: 1, sourceSha256: sha256(file), sha256: sha, keepFile });
    const found = [...records].flatMap((page) => page.records).filter(({ kind }) => kind === "attachment");
    document.close();
    return found.map(({ id }) => id);
  };
  const file = write(pagesPdf(1), [added("file-aaaa"), added("file-bbbb")]);
  expect(ids(file)).toEqual(["file-aaaa", "file-bbbb"]);
  expect(ids(write(file, [added("file-cccc")]))).toEqual(["file-aaaa", "file-bbbb", "file-cccc"]);
  const changed = (to: string): string[] => ids(Buffer.from(latin1(file).replace("(file-bbbb)", `(${to})`), "latin1"));
  for (const odd of ["file-aaaa", "1.0/aaaaa", "outline  "]) {
    const [first, second] = changed(odd);
    expect([first, second]).toEqual(["file-aaaa", expect.stringMatching(/^[a-z0-9]{26}$/)]);
  }
  const marked = write(write(pagesPdf(1), [created("file-aaaa", rectangle())]), [added("file-aaaa")]);
  expect(ids(marked)).not.toContain("file-aaaa");
});
