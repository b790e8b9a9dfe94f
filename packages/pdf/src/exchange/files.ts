/** Instant JSON and XFDF as texts, written from a layer that is not a service's, and read for it. */
import { type Exchange, readInstantDocument, writeInstantDocument } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import { readXfdf, writeXfdf, type XfdfPages } from "@lectern/protocol/xfdf";
import type { ExchangeLayer } from "./layer.ts";

export type ExchangeFormat = "instant-1" | "instant-2" | "xfdf";
export type ExchangePages = XfdfPages;

/** What keeps the pictures of such a layer. */
export interface HeldPictures {
  has(blob: string): boolean;
  /** Throws ApiError for what is no base64, no picture, or too large. */
  addText(base64: string): Promise<{ readonly blob: string; readonly mediaType: string }>;
}

export interface WriteExchangeOptions {
  readonly format: ExchangeFormat;
  /** Pictures by their blobs. */
  readonly attachments: ReadonlyMap<string, { readonly base64: string; readonly mediaType: string }>;
}

export function writeExchange(layer: ExchangeLayer, pages: ExchangePages, { format, attachments }: WriteExchangeOptions): string {
  const { room, grants } = layer;
  const { records } = room.snapshot(grants);
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
  { format, text, pictures }: { readonly format: "instant" | "xfdf"; readonly text: string; readonly pictures: HeldPictures },
): Promise<{ readonly exchange: Exchange; readonly pictures: ReadonlyMap<string, KeptPicture> }> {
  const read =
    format === "xfdf" ? await readXfdf(text, pages, { lenient: false }) : readInstantDocument(parsed(text), pages, { lenient: false });
  if (!read.ok) {
    const first = read.failingPaths[0]!;
    throw new ApiError("unprocessable", `${first.path}: ${first.details}`, { failingPaths: read.failingPaths.slice(0, 100) });
  }
  const exchange = read.value;
  const names = new Set(layer.room.snapshot(layer.grants).records.flatMap((record) => (record.kind === "field" ? [record.data.name] : [])));
  const kept = await keptPictures(exchange, pictures);
  const lost = exchange.annotations.flatMap((annotation) => {
    const { attachment, data, path } = annotation;
    const picture = attachment === null ? undefined : kept.get(attachment);
    if (typeof picture === "string") return [{ annotation, path, reason: picture }];
    const blob = data.attachment?.blob;
    const isThere = picture !== undefined || blob === undefined || pictures.has(blob);
    return isThere ? [] : [{ annotation, path, reason: "its picture is not in this document" }];
  });
  const left = new Set(lost.map(({ annotation }) => annotation));
  // XFDF tells of whole forms; what the document has no field for is no mistake there.
  const strange = format === "xfdf" ? exchange.values.filter(({ name }) => !names.has(name)) : [];
  return {
    pictures: new Map([...kept].filter((entry): entry is [string, KeptPicture] => typeof entry[1] !== "string")),
    exchange: {
      ...exchange,
      annotations: exchange.annotations.filter((annotation) => !left.has(annotation)),
      values: exchange.values.filter((value) => !strange.includes(value)),
      skipped: [
        ...exchange.skipped,
        ...lost.map(({ path, reason }) => ({ path, reason })),
        ...strange.map(({ path, name }) => ({ path, reason: `there is no form field ${JSON.stringify(name)}` })),
      ],
    },
  };
}

interface KeptPicture {
  readonly sha256: string;
  readonly mediaType: string;
}

/** Those that annotations bring along, by their keys; the reason of one that is not kept. */
async function keptPictures({ annotations, attachments }: Exchange, pictures: HeldPictures): Promise<Map<string, KeptPicture | string>> {
  const kept = new Map<string, KeptPicture | string>();
  for (const key of new Set(annotations.flatMap(({ attachment }) => attachment ?? []))) {
    const given = attachments.get(key);
    if (given === undefined) continue;
    try {
      const { blob, mediaType } = await pictures.addText(given.base64);
      kept.set(key, { sha256: blob, mediaType });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      kept.set(key, error.message);
    }
  }
  return kept;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError("unprocessable", "$: is not JSON", { cause: error });
  }
}
