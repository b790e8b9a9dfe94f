import { createHash } from "node:crypto";
import type { Annotation, RecordOf } from "@lectern/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FileAnnotation, PdfEngine } from "./engine.ts";
import { exportDocument, type ExportOptions, type RecordChange } from "./export.ts";
import { openPdfiumNode } from "./host/node.ts";
import { importRecords } from "./import.ts";
import { annotationRecord } from "./testing/annotation-record.ts";
import { ANNOTATED, annotatedPdf, encryptedPdf, ENCRYPTED_PASSWORD, pagesPdf, rotatedPdf } from "./testing/index.ts";

type AnnotationRecord = RecordOf<"annotation">;

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function read(file: Uint8Array, password?: string): AnnotationRecord[] {
  const document = engine.open(file, password === undefined ? {} : { password });
  const { records } = importRecords(document, { revision: 1, sourceSha256: "00", sha256 });
  const all = [...records].flatMap((page) => page.records).filter((record) => record.kind === "annotation");
  document.close();
  return all.filter((found) => found.kind === "annotation");
}

function inFile(file: Uint8Array, page = 0): FileAnnotation[] {
  const document = engine.open(file);
  const found = document.annotations(page);
  document.close();
  return found;
}

function render(file: Uint8Array, options: { readonly page?: number; readonly annotations?: "none" | "all" } = {}) {
  const document = engine.open(file);
  const bitmap = document.render(options.page ?? 0, { width: 595, annotations: options.annotations ?? "all" });
  document.close();
  return {
    bitmap,
    at: (x: number, y: number): string =>
      `#${Buffer.from(bitmap.data.subarray((y * bitmap.width + x) * 4, (y * bitmap.width + x) * 4 + 3)).toString("hex")}`,
  };
}

const write = (source: Uint8Array, changes: Iterable<RecordChange>, options: Partial<ExportOptions> = {}): Uint8Array =>
  exportDocument(engine, source, changes, { annotations: true, ...options });

const created = (id: string, data: Annotation): RecordChange => ({ base: null, current: annotationRecord(id, data) });
const changed = (base: AnnotationRecord, patch: object): RecordChange => ({
  base,
  current: { ...base, updatedAt: 1_750_000_000_000, data: { ...base.data, ...patch } as Annotation },
});

const rectangle = (more: object = {}): Annotation => ({
  type: "rectangle",
  page: "1.0",
  geometry: { bbox: [100, 300, 80, 40] },
  appearance: { strokeColor: "#112233", strokeWidth: 4, fillColor: "#ff0000" },
  ...more,
});

describe("an export", () => {
  test("the same records give the same bytes, other records others", () => {
    const changes = [created("record-1", rectangle()), created("record-2", rectangle({ note: "x" }))];
    const file = write(pagesPdf(2), changes);
    expect(write(pagesPdf(2), changes)).toEqual(file);
    expect(write(pagesPdf(2), changes.toReversed())).toEqual(file);
    expect(write(pagesPdf(2), [created("record-1", rectangle())])).not.toEqual(file);
  });

  test("without a change the bytes are those of the source", () => {
    const source = annotatedPdf();
    expect(write(source, [])).toBe(source);
    const reader = {
      size: source.length,
      read: (offset: number, target: Uint8Array) => (target.set(source.subarray(offset, offset + target.length)), true),
    };
    expect(exportDocument(engine, reader, [], { annotations: true })).toEqual(source);
  });
});

describe("drawing", () => {
  test("a rectangle is drawn where its record says, also on a turned page with an odd crop box", () => {
    const source = rotatedPdf();
    const data = rectangle({ geometry: { bbox: [0, 100, 60, 40] } });
    const file = write(
      source,
      [0, 1, 2, 3].map((page) => created(`record-${page}`, { ...data, page: `1.${page}` })),
    );
    // The page is 500 × 700 points; the middle of the rectangle as it is seen after the turn.
    const places = [
      [30, 120],
      [700 - 120, 30],
      [500 - 30, 700 - 120],
      [120, 500 - 30],
    ] as const;
    for (const [page, [x, y]] of places.entries()) {
      const scale = 595 / (page % 2 === 0 ? 500 : 700);
      expect(render(file, { page }).at(Math.round(x * scale), Math.round(y * scale))).toBe("#ff0000");
    }
  });

  test("a highlight lets the text below it through", () => {
    const source = pagesPdf(1);
    const file = write(source, [
      created("record-1", {
        type: "highlight",
        page: "1.0",
        geometry: { bbox: [60, 70, 480, 40], rects: [[60, 70, 480, 40]] },
        appearance: { color: "#ffee00" },
      }),
    ]);
    const [before, after] = [render(source).bitmap.data, render(file).bitmap.data];
    const dark = (data: Uint8Array): number => data.reduce((count, value, at) => (at % 4 === 0 && value < 60 ? count + 1 : count), 0);
    expect(dark(after)).toBe(dark(before));
    expect(render(file).at(530, 75)).toBe("#ffee00");
  });

  test("a reader finds the blend mode and the opacity at the top of the appearance", () => {
    const highlight: Annotation = {
      type: "highlight",
      page: "1.0",
      geometry: { bbox: [60, 70, 40, 40], rects: [[60, 70, 40, 40]] },
      appearance: { color: "#ffee00", opacity: 0.35 },
    };
    const file = write(pagesPdf(1), [created("record-1", highlight)]);
    expect(inFile(file)[0]).toMatchObject({ blendMode: "multiply", opacity: expect.closeTo(0.35, 6) as number });
    expect(latin1(file)).toMatch(/\/AP <<\/N \d+ 0 R>>/);
  });
});

describe("a source with annotations", () => {
  const base = (name: string): AnnotationRecord => read(annotatedPdf()).find(({ id }) => id === name)!;

  test("a changed one takes the place of what it was, and nothing else changes", () => {
    const before = inFile(annotatedPdf());
    const file = write(annotatedPdf(), [changed(base(ANNOTATED.rectangle), { geometry: { bbox: [10, 20, 30, 40] } })]);
    const after = inFile(file);
    expect(after.map(({ name, subtype }) => name ?? subtype)).toEqual(before.map(({ name, subtype }) => name ?? subtype));
    const place = before.findIndex(({ name }) => name === ANNOTATED.rectangle);
    expect(after[place]).toMatchObject({
      rect: [10, 20, 30, 40],
      color: "#194ccc",
      createdAt: Date.UTC(2024, 0, 2, 3, 4, 5),
      modifiedAt: 1_750_000_000_000,
    });
    const comparable = ({ objectNumber: _number, ...rest }: FileAnnotation): object => rest;
    expect(after.toSpliced(place, 1).map(comparable)).toEqual(before.toSpliced(place, 1).map(comparable));
    expect(latin1(file)).toContain("/Private<</Answer 42>>");
  });

  test("one without a name is found again, and has its record's id as name from then on", () => {
    const unnamed = read(annotatedPdf()).find(({ data }) => data.type === "highlight" && data.note === undefined)!;
    const file = write(annotatedPdf(), [changed(unnamed, { note: "now with words" })]);
    expect(inFile(file)).toHaveLength(inFile(annotatedPdf()).length);
    expect(read(file).find(({ id }) => id === unnamed.id)?.data).toMatchObject({ note: "now with words" });
  });

  test("a changed note keeps its popup and the replies to it", () => {
    const file = write(annotatedPdf(), [changed(base(ANNOTATED.note), { text: { format: "plain", value: "changed" } })]);
    const number = inFile(file).find(({ name }) => name === ANNOTATED.note)!.objectNumber;
    const text = latin1(file);
    expect(text).toMatch(new RegExp(`/IRT ${number} 0 R`));
    expect(text).toMatch(new RegExp(`/Parent ${number} 0 R[^>]*/Subtype/Popup`));
    expect(text).toMatch(/\/Popup \d+ 0 R/);
  });

  test("a deleted one is gone with its popup and replies, from the bytes too", () => {
    const file = write(annotatedPdf(), [
      { base: base(ANNOTATED.note), current: null },
      { base: base(ANNOTATED.highlight), current: null },
    ]);
    const names = inFile(file).map(({ name, subtype }) => name ?? subtype);
    expect(names).toEqual(["Link", "Highlight", ANNOTATED.ink, ANNOTATED.rectangle, ANNOTATED.text, "unknown-kind-1"]);
    for (const secret of ["Look here", "A reply", "text-note-1"]) expect(latin1(file)).not.toContain(secret);
  });

  test("without annotations the marks are gone, and links and unknown kinds stay", () => {
    const file = write(annotatedPdf(), [created("record-1", rectangle())], { annotations: false });
    expect(inFile(file).map(({ name, subtype }) => name ?? subtype)).toEqual(["Link", "unknown-kind-1"]);
  });

  test("a flattened file looks the same and has no marks any more", () => {
    const changes = [
      created("record-1", rectangle()),
      created("record-2", rectangle({ flags: ["hidden"], geometry: { bbox: [300, 300, 50, 50] } })),
    ];
    const file = write(annotatedPdf(), changes, { flatten: true });
    expect(inFile(file).map(({ name, subtype }) => name ?? subtype)).toEqual(["Link", "unknown-kind-1", "record-2"]);
    const { at } = render(file, { annotations: "none" });
    expect(at(140, 320)).toBe("#ff0000");
    expect(at(325, 325)).toBe("#ffffff");
    expect(at(360, 262)).not.toBe("#ffffff");
  });

  test("only what is named is flattened, by its name or its object number; windows and words about other marks stay", () => {
    const source = annotatedPdf();
    const before = inFile(source);
    const number = before.find(({ name }) => name === ANNOTATED.ink)!.objectNumber;
    const changes = [created("record-1", rectangle())];
    const file = write(source, changes, { flatten: true, flattenOnly: { annotations: ["record-1", number] } });
    expect(inFile(file).map(({ name, subtype }) => name ?? subtype)).toEqual(
      before.map(({ name, subtype }) => name ?? subtype).filter((name) => name !== ANNOTATED.ink),
    );
    expect(render(file, { annotations: "none" }).at(140, 320)).toBe("#ff0000");
    expect(read(file).map(({ id }) => id)).toEqual(
      read(source)
        .map(({ id }) => id)
        .filter((id) => id !== ANNOTATED.ink),
    );
    expect(write(source, changes, { flatten: true, flattenOnly: { annotations: ["record-1", number] } })).toEqual(file);
  });

  test("with a note its window and the words about it go; what is on other pages stays", () => {
    const note = write(annotatedPdf(), [], { flatten: true, flattenOnly: { annotations: [ANNOTATED.note] } });
    expect(inFile(note).some(({ subtype }) => subtype === "Popup" || subtype === "Text")).toBe(false);
    expect(inFile(note).map(({ name, subtype }) => name ?? subtype)).toContain(ANNOTATED.ink);
    const elsewhere = write(annotatedPdf(), [], { flatten: true, flattenOnly: { pages: [7] } });
    expect(inFile(elsewhere).length).toBe(inFile(annotatedPdf()).length);
  });

  test("what is grouped with another mark is drawn like any", () => {
    const marks = [
      created("record-1", rectangle({ bundle: "record-1" })),
      created("record-2", rectangle({ bundle: "record-1", geometry: { bbox: [300, 300, 50, 50] } })),
    ];
    const flat = write(pagesPdf(1), marks, { flatten: true });
    expect(inFile(flat)).toEqual([]);
    expect(render(flat, { annotations: "none" }).at(325, 325)).toBe("#ff0000");
    const head = write(pagesPdf(1), marks, { flatten: true, flattenOnly: { annotations: ["record-1"] } });
    expect(inFile(head).map(({ name, isReply }) => [name, isReply])).toEqual([["record-2", false]]);
  });
});

test("an encrypted file stays encrypted, with the annotations in it", () => {
  const change = created(
    "record-1",
    rectangle({ note: "between us", appearance: { strokeColor: "#112233", strokeWidth: 1, opacity: 0.37 } }),
  );
  const file = write(encryptedPdf(), [change], { password: ENCRYPTED_PASSWORD });
  expect(() => engine.open(file)).toThrow("password");
  expect(latin1(file)).not.toContain("between us");
  expect(write(encryptedPdf(), [change], { password: ENCRYPTED_PASSWORD })).toEqual(file);
  expect(read(file, ENCRYPTED_PASSWORD).map(({ data }) => data)).toMatchObject([
    { type: "rectangle", note: "between us", appearance: { opacity: 0.37 } },
  ]);
});

test("a record that cannot be written is reported and left out", () => {
  const left: string[] = [];
  const unknown: Annotation = { type: "raw", subtype: "3D", page: "1.0", geometry: { bbox: [0, 0, 10, 10] }, appearance: {} };
  const file = write(
    pagesPdf(1),
    [created("record-1", unknown), created("record-2", rectangle({ page: "1.7" })), created("record-3", rectangle())],
    {
      onLeftOut: ({ id }) => left.push(id),
    },
  );
  expect(left).toEqual(["record-1", "record-2"]);
  expect(inFile(file).map(({ name }) => name)).toEqual(["record-3"]);
});

test("the modification date is the one that is given", () => {
  const file = write(pagesPdf(1), [created("record-1", rectangle())], { modifiedAt: Date.UTC(2030, 1, 2) });
  const document = engine.open(file);
  expect(document.metadata).toMatchObject({ dateModified: "2030-02-02T00:00:00.000Z", title: "1 pages" });
  document.close();
});

test("hostile words are words in the file", () => {
  const nasty = ") /AP<</N 9 0 R>> >> endobj (\\";
  const file = write(pagesPdf(1), [
    created("record-1", rectangle({ note: nasty, creatorName: nasty })),
    created("record-2", {
      type: "note",
      page: "1.0",
      geometry: { bbox: [5, 5, 20, 20] },
      appearance: {},
      text: { format: "plain", value: `/Name/NewParagraph ${nasty}` },
    }),
  ]);
  const marks = inFile(file).filter(({ subtype }) => subtype !== "Popup");
  expect(marks.map(({ contents, icon }) => [contents, icon])).toEqual([
    [nasty, null],
    [`/Name/NewParagraph ${nasty}`, "Comment"],
  ]);
});

describe("threads", () => {
  const comment = (id: string, root: string, more: object = {}): RecordOf<"comment"> => ({
    ...annotationRecord(id, rectangle()),
    kind: "comment",
    data: { root, text: { format: "plain", value: `says ${id}` }, creatorName: "Ada", ...more },
  });
  const commentsOf = (file: Uint8Array): RecordOf<"comment">[] => {
    const document = engine.open(file);
    const { records } = importRecords(document, { revision: 1, sourceSha256: "00", sha256 });
    const all = [...records].flatMap((page) => page.records);
    document.close();
    return all.filter((found) => found.kind === "comment");
  };
  const told = ({ id, createdAt, updatedAt, data: { pdfObjectId: _number, ...data } }: RecordOf<"comment">): object => ({
    id,
    createdAt,
    updatedAt,
    data,
  });

  test("comments come back as they were, with the states that resolve their thread", () => {
    const comments = [
      comment("comment-1", "record-1"),
      comment("comment-2", "record-1", { state: "resolved" }),
      comment("comment-3", "record-1", { state: "reopened" }),
    ];
    const file = write(pagesPdf(1), [created("record-1", rectangle()), ...comments.map((current) => ({ base: null, current }))]);
    expect(commentsOf(file).map(told)).toEqual(comments.map(told));
    expect(latin1(file)).toMatch(/\/State \(Completed\) \/StateModel \(Review\)/);
  });

  test("a new reply to an annotation of the file leaves that as it is, and a changed or deleted one takes the place of the old", () => {
    const source = annotatedPdf();
    const root = read(source).find(({ id }) => id === ANNOTATED.note)!;
    const [old] = commentsOf(source);
    const answered = write(source, [
      { base: root, current: root },
      { base: null, current: comment("comment-1", root.id) },
      { base: old!, current: { ...old!, data: { ...old!.data, text: { format: "plain", value: "another word" } } } },
    ]);
    expect(commentsOf(answered).map(({ data }) => data.text.value)).toEqual(["another word", "says comment-1"]);
    expect(latin1(answered)).not.toContain("A reply");
    expect(read(answered).find(({ id }) => id === root.id)).toEqual(root);

    const silenced = write(source, [
      { base: root, current: root },
      { base: old!, current: null },
    ]);
    expect(commentsOf(silenced)).toEqual([]);
    expect(latin1(silenced)).not.toContain("A reply");
  });
});
