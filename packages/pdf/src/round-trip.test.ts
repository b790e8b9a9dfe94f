/** Records → a PDF file → records, for every kind of annotation, on pages with odd boxes and every rotation. */
import { createHash } from "node:crypto";
import { type Annotation, checkData, type RecordOf } from "@lectern/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PdfEngine } from "./engine.ts";
import { exportDocument } from "./export.ts";
import { openPdfiumNode } from "./host/node.ts";
import { importRecords } from "./import.ts";
import { annotationRecord } from "./testing/annotation-record.ts";
import { DRAWN, layerRecords } from "./testing/drawn-records.ts";
import { rotatedPdf } from "./testing/index.ts";

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

function read(file: Uint8Array): RecordOf<"annotation">[] {
  const document = engine.open(file);
  const { records } = importRecords(document, { revision: 1, sourceSha256: "00", sha256 });
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
