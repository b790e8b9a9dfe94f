/** Instant JSON and XFDF as texts, written from a layer that holds no pictures, and read for it. */
import { type Exchange, readInstantDocument, writeInstantDocument } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import { readXfdf, writeXfdf, type XfdfPages } from "@lectern/protocol/xfdf";
import type { ExchangeLayer } from "./layer.ts";

export type ExchangeFormat = "instant-1" | "instant-2" | "xfdf";
export type ExchangePages = XfdfPages;

export function writeExchange(layer: ExchangeLayer, pages: ExchangePages, format: ExchangeFormat): string {
  const { room, grants } = layer;
  const { records } = room.snapshot(grants);
  const attachments = new Map<string, never>();
  if (format === "xfdf") return writeXfdf(records, pages, { attachments });
  const deletedObjects = room
    .changed()
    .flatMap((record) =>
      record.deleted && record.kind === "annotation" && record.data.pdfObjectId !== undefined ? [record.data.pdfObjectId] : [],
    )
    .toSorted((a, b) => a - b);
  const version = format === "instant-1" ? 1 : 2;
  return JSON.stringify(writeInstantDocument(records, pages, { version, attachments, deletedObjects, pdfId: layer.base.source }));
}

/** What cannot be held is told as skipped. Throws ApiError `unprocessable` with all that is wrong. */
export async function readExchange(
  layer: ExchangeLayer,
  pages: ExchangePages,
  { format, text }: { readonly format: "instant" | "xfdf"; readonly text: string },
): Promise<Exchange> {
  const read =
    format === "xfdf" ? await readXfdf(text, pages, { lenient: false }) : readInstantDocument(parsed(text), pages, { lenient: false });
  if (!read.ok) {
    const first = read.failingPaths[0]!;
    throw new ApiError("unprocessable", `${first.path}: ${first.details}`, { failingPaths: read.failingPaths.slice(0, 100) });
  }
  const exchange = read.value;
  const names = new Set(layer.room.snapshot(layer.grants).records.flatMap((record) => (record.kind === "field" ? [record.data.name] : [])));
  const pictured = exchange.annotations.filter(({ attachment, data }) => attachment !== null || data.attachment !== undefined);
  // XFDF tells of whole forms; what the document has no field for is no mistake there.
  const strange = format === "xfdf" ? exchange.values.filter(({ name }) => !names.has(name)) : [];
  return {
    ...exchange,
    annotations: exchange.annotations.filter((annotation) => !pictured.includes(annotation)),
    values: exchange.values.filter((value) => !strange.includes(value)),
    skipped: [
      ...exchange.skipped,
      ...pictured.map(({ path }) => ({ path, reason: "a document that the page provides holds no pictures" })),
      ...strange.map(({ path, name }) => ({ path, reason: `there is no form field ${JSON.stringify(name)}` })),
    ],
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError("unprocessable", "$: is not JSON", { cause: error });
  }
}
