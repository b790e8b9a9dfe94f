/**
 * The whole way from sources and records to a file: pages put together, annotations written, boxes, labels, watermarks and metadata, and last
 * the encryption. Everything but the last is deterministic: the same plan gives the same bytes.
 */
import type { OutlineItem, Rect } from "@lectern/protocol";
import { type Encryption, encryptFile } from "./encrypt.ts";
import type { PdfEngine, RangeReader } from "./engine.ts";
import { exportDocument, type ExportOptions, type RecordChange } from "./export.ts";
import type { Codec } from "./objects/filters.ts";
import { assemblePages, type FinishedPages, finishPages, plainBytes, type PlannedPage } from "./pages.ts";
import { addRecognisedText, type RecognisedPage } from "./recognised-text.ts";
import { keepSecurity } from "./security/keep-security.ts";
import { burnWatermarks, type Watermark } from "./watermark.ts";

export interface ComposedPage extends PlannedPage {
  /** Of the page record: changes name it. */
  readonly id: string;
  readonly crop: Rect | null;
  readonly label: string;
}

export interface Composition {
  /** File 0 is edited in place; the others give pages. */
  readonly files: readonly { readonly source: Uint8Array | RangeReader; readonly password?: string }[];
  readonly pages: readonly ComposedPage[];
  /** Default: those of file 0, as far as they fit. */
  readonly writeLabels: boolean;
  /** In place of that of file 0, with page ids; null or missing: as it is. */
  readonly outline?: readonly OutlineItem[] | null;
  readonly metadata: FinishedPages["metadata"];
  /** With the pages to burn them on; null: all. */
  readonly watermarks: readonly { readonly watermark: Watermark; readonly pages: readonly number[] | null }[];
  /** Text that was found in the images of pages. */
  readonly recognised?: readonly RecognisedPage[];
  readonly encryption: Encryption | null;
  /** Its passwords and restrictions are the outcome's; when it has none, `encryption` is. */
  readonly securityOf?: { readonly source: Uint8Array | RangeReader; readonly password?: string } | null;
}

/** Throws PdfError like `open`, and `failed`. */
export function composeDocument(
  engine: PdfEngine,
  composition: Composition,
  changes: Iterable<RecordChange>,
  options: Omit<ExportOptions, "password" | "pageIndexOf"> & { readonly codec: Codec },
): Uint8Array {
  const { files, pages, writeLabels, outline = null, metadata, watermarks, recognised = [], encryption, securityOf = null } = composition;
  const wanted = [...changes];
  const id = nameOfVersion([
    pages,
    outline,
    metadata,
    watermarks,
    recognised,
    wanted,
    files.map(({ source }) => (source instanceof Uint8Array ? source.length : source.size)),
  ]);
  const plain = files.map(({ source, password }) => plainBytes(engine, source, password));
  const assembled = assemblePages(plain, pages, id);
  const indexes = new Map(pages.map((page, index) => [page.id, index]));
  const { codec, ...rest } = options;
  const marked = exportDocument(engine, assembled, wanted, { ...rest, pageIndexOf: (page) => indexes.get(page) ?? null });
  const finished = finishPages(
    marked,
    {
      crops: pages.map(({ crop }) => crop),
      labels: writeLabels ? pages.map(({ label }) => label) : null,
      outline: outline === null ? null : outline.map((item) => byIndex(item, indexes)),
      metadata,
    },
    id,
  );
  const read = recognised.length === 0 ? finished : addRecognisedText(finished, recognised, { codec, id });
  const burned = watermarks.length === 0 ? read : burnWatermarks(read, watermarks, { codec, id, fontFor: options.fontFor });
  const kept = securityOf === null ? null : keepSecurity(engine, burned, securityOf);
  if (kept !== null) return kept;
  return encryption === null ? burned : encryptFile(engine, burned, encryption);
}

function byIndex(item: OutlineItem, indexes: ReadonlyMap<string, number>): OutlineItem {
  const { action, children } = item;
  return {
    ...item,
    ...(action?.type === "goTo" ? { action: { ...action, page: String(indexes.get(action.page) ?? -1) } } : {}),
    ...(children === undefined ? {} : { children: children.map((child) => byIndex(child, indexes)) }),
  };
}

/** 32 hexadecimal digits: no secret hangs on them, they only have to differ when the content does. */
export function nameOfVersion(content: unknown): string {
  const text = JSON.stringify(content);
  const lanes = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b];
  for (let at = 0; at < text.length; at++)
    for (let lane = 0; lane < 4; lane++) lanes[lane] = Math.imul(lanes[lane]! ^ (text.charCodeAt(at) + lane), 0x01000193) >>> 0;
  return lanes
    .map((lane) => lane.toString(16).padStart(8, "0"))
    .join("")
    .toUpperCase();
}
