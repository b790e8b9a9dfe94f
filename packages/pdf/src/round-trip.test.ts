/** Records → a PDF file → records, for every kind of annotation, on pages with odd boxes and every rotation. */
import { createHash } from "node:crypto";
import { type Annotation, checkData, type RecordOf } from "@lectern/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PdfEngine } from "./engine.ts";
import { exportDocument, type RecordChange } from "./export.ts";
import { nodeCodec, openPdfiumNode } from "./host/node.ts";
import { type ImportOptions, importRecords } from "./import.ts";
import type { KeepPicture } from "./import-picture.ts";
import type { PdfImage } from "./appearance-stream.ts";
import { annotationRecord } from "./testing/annotation-record.ts";
import { DRAWN, layerRecords } from "./testing/drawn-records.ts";
import { rotatedPdf } from "./testing/index.ts";

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

function read(file: Uint8Array, options: Pick<ImportOptions, "keepPicture"> = {}): RecordOf<"annotation">[] {
  const document = engine.open(file);
  const { records } = importRecords(document, { revision: 1, sourceSha256: "00", sha256, ...options });
  const all = [...records].flatMap((page) => page.records.filter((record) => record.kind === "annotation"));
  document.close();
  return all;
}

const FLAGS = ["noPrint", "invisible", "hidden", "noZoom", "noRotate", "noView", "readOnly", "locked", "toggleNoView", "lockedContents"];
const STROKED: ReadonlySet<string> = new Set(["rectangle", "ellipse", "line", "polyline", "polygon"]);

/** All that changes: what goes without saying is said, or is not said any more. */
function asInFile(given: Annotation): object {
  const { flags, ...data } = given.type === "comment-marker" ? { text: { format: "plain", value: "" } as const, ...given } : given;
  const look: Record<string, unknown> = { ...data.appearance };
  const drop = (key: string): void => void delete look[key];
  if (look["opacity"] === 1) drop("opacity");
  if (look["blendMode"] === (data.type === "highlight" ? "multiply" : "normal")) drop("blendMode");
  if (STROKED.has(data.type)) look["strokeWidth"] ??= 1;
  if (isEmpty(look["strokeDash"])) drop("strokeDash");
  if (isEmpty(look["lineCaps"])) drop("lineCaps");
  if ((data.type === "text" || data.type === "link") && look["borderColor"] !== undefined) {
    look["borderStyle"] ??= "solid";
    look["borderWidth"] ??= 1;
  }
  if (look["overlayText"] !== undefined) look["color"] ??= "#ff0000";
  if (look["repeatOverlayText"] === false) drop("repeatOverlayText");
  if (data.type === "note" || data.type === "comment-marker") look["icon"] ??= "comment";
  if (data.type === "text") {
    look["font"] ??= "Helvetica";
    look["fontColor"] ??= "#000000";
    look["horizontalAlign"] ??= "left";
    if (isEmpty(look["fontStyle"])) drop("fontStyle");
    else if (Array.isArray(look["fontStyle"]))
      look["fontStyle"] = ["bold", "italic"].filter(
        (style) => given.type === "text" && given.appearance.fontStyle?.includes(style as "bold"),
      );
  }
  return {
    ...data,
    ...(flags === undefined ? {} : { flags: flags.toSorted((a, b) => FLAGS.indexOf(a) - FLAGS.indexOf(b)) }),
    appearance: look,
  };
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

describe("a PDF gives back", () => {
  const source = rotatedPdf();
  test.each(Object.entries(DRAWN).filter(([type]) => type !== "image"))("%s", (_type, annotation) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(annotation, fc.integer({ min: 0, max: 4 })), { minLength: 1, maxLength: 6 }), (annotations) => {
        const records = annotations.map(([data, page], index) => annotationRecord(`record-${index}`, { ...data, page: `1.${page}` }));
        for (const { data } of records) expect(checkData("annotation", data)).toMatchObject({ ok: true });
        const file = exportDocument(
          engine,
          source,
          records.map((current) => ({ base: null, current })),
          { annotations: true },
        );
        const found = read(file).toSorted((a, b) => (a.id < b.id ? -1 : 1));
        for (const { data } of found) expect(checkData("annotation", data)).toMatchObject({ ok: true });
        expect(
          found.map(({ id, createdAt, updatedAt, data }) => ({ id, createdAt, updatedAt, data: { ...data, pdfObjectId: 0, order: "" } })),
        ).toEqual(
          records.map(({ id, createdAt, updatedAt, data }) => ({
            id,
            createdAt,
            updatedAt,
            data: { ...asInFile(data), pdfObjectId: 0, order: "" },
          })),
        );
      }),
      { numRuns: 30, seed: 1 },
    );
  });
});

const hex = (bytes: Uint8Array): string => Buffer.from(sha256(bytes)).toString("hex");
/** Files of pictures as they were uploaded: one whose samples PDF holds, and a JPEG that it holds as it is. */
const FILES = new Map(
  ["\x89PNG\r\n\x1a\n of some kind", "\xff\xd8\xff and so on"].map((text) => {
    const bytes = new Uint8Array(Buffer.from(text, "latin1"));
    return [hex(bytes), bytes] as const;
  }),
);
const [PNG, JPEG] = [...FILES.keys()] as [string, string];
const imageOf = (blob: string): PdfImage => {
  const one = { width: 1, height: 1, components: 3, alpha: null } as const;
  return blob === PNG
    ? { ...one, filter: null, data: Uint8Array.of(0, 0, 255), file: FILES.get(PNG)! }
    : { ...one, filter: "DCTDecode", data: FILES.get(JPEG)! };
};

test("a PDF gives back images with the files of their pictures, however often it is written and read, and whatever is done to them", () => {
  const drawn: string[] = [];
  const keepPicture: KeepPicture = {
    codec: nodeCodec,
    drawn({ data }) {
      drawn.push(hex(data));
      return { blob: hex(data), mediaType: "image/png" };
    },
    file: (bytes, blob) => (hex(bytes) === blob ? { blob, mediaType: blob === PNG ? "image/png" : "image/jpeg" } : null),
  };
  const write = (from: Uint8Array, changes: readonly RecordChange[]): Uint8Array =>
    exportDocument(engine, from, changes, { annotations: true, imageOf });
  const shown = (records: readonly RecordOf<"annotation">[], made: (data: Annotation) => object = (data) => data): object =>
    records
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ id, createdAt, data }) => ({ id, createdAt, data: { ...made(data), pdfObjectId: 0, order: "" } }));
  const image = fc.tuple(DRAWN.image, fc.integer({ min: 0, max: 4 }), fc.constantFrom(PNG, JPEG)).map(([data, page, blob]) => ({
    ...data,
    page: `1.${page}`,
    attachment: { ...data.attachment!, blob, mediaType: blob === PNG ? "image/png" : "image/jpeg" },
  }));
  fc.assert(
    fc.property(fc.array(image, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (images, shift) => {
      const records = images.map((data, index) => annotationRecord(`record-${index}`, data));
      const file = write(
        rotatedPdf(),
        records.map((current) => ({ base: null, current })),
      );
      const found = read(file, { keepPicture });
      expect(shown(found)).toEqual(shown(records, asInFile));
      for (const { data } of found) expect(checkData("annotation", data)).toMatchObject({ ok: true, value: data });
      // Moved, the looks stay; turned, they are drawn anew; both come back as they are then.
      const changed = found.map((record, index): RecordOf<"annotation"> => {
        if (record.data.type !== "image") throw new Error("no image");
        const [x, y, ...size] = record.data.geometry.bbox;
        const geometry =
          index % 2 === 0
            ? { ...record.data.geometry, bbox: [Math.round((x + shift) * 100) / 100, y, ...size] as typeof record.data.geometry.bbox }
            : { bbox: record.data.geometry.bbox };
        return { ...record, updatedAt: record.updatedAt + 1000, data: { ...record.data, geometry } };
      });
      const again = write(
        file,
        changed.map((current, index) => ({ base: found[index]!, current })),
      );
      expect(shown(read(again, { keepPicture }))).toEqual(shown(changed));
    }),
    { numRuns: 30, seed: 1 },
  );
  expect(drawn).toEqual([]);
});

test("an image that another program has drawn anew is a picture of what it looks like now", () => {
  const keepPicture: KeepPicture = {
    codec: nodeCodec,
    drawn: () => ({ blob: "d".repeat(64), mediaType: "image/png" }),
    file: (_bytes, blob) => ({ blob, mediaType: "image/png" }),
  };
  const data: Annotation = {
    type: "image",
    page: "1.0",
    geometry: { bbox: [10, 10, 50, 50] },
    appearance: {},
    attachment: { blob: PNG, mediaType: "image/png" },
  };
  const file = exportDocument(engine, rotatedPdf(), [{ base: null, current: annotationRecord("record-1", data) }], {
    annotations: true,
    imageOf,
  });
  expect(read(file, { keepPicture })[0]!.data.attachment!.blob).toBe(PNG);
  const other = new Uint8Array(Buffer.from(Buffer.from(file).toString("latin1").replace("/LecternShows", "/SomethingOwn"), "latin1"));
  expect(read(other, { keepPicture })[0]!.data.attachment!.blob).toBe("d".repeat(64));
});

test("threads on annotations of any kind come back with all that is said in them", () => {
  const source = rotatedPdf();
  fc.assert(
    fc.property(layerRecords, (given) => {
      const records = given.filter(({ kind }) => kind === "annotation" || kind === "comment");
      const file = exportDocument(
        engine,
        source,
        records.map((current) => ({ base: null, current })),
        { annotations: true },
      );
      const document = engine.open(file);
      const { records: pages } = importRecords(document, { revision: 1, sourceSha256: "00", sha256 });
      const found = [...pages].flatMap((page) => page.records.flatMap((one) => (one.kind === "comment" ? [one] : [])));
      document.close();
      const comments = records.flatMap((one) => (one.kind === "comment" ? [one] : []));
      const told = (all: readonly RecordOf<"comment">[]): object =>
        Object.fromEntries(all.map(({ id, createdAt, updatedAt, data }) => [id, { createdAt, updatedAt, ...data, pdfObjectId: 0 }]));
      expect(told(found)).toEqual(told(comments.map((one) => ({ ...one, createdAt: Math.floor(one.createdAt / 1000) * 1000 }))));
    }),
    { numRuns: 60, seed: 1 },
  );
});
