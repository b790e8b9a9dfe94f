/** Operations on the pages of a document, as they are published: applied to the document, or to a file that is downloaded. */
import * as z from "zod";
import type { Rotation } from "./annotation/common.ts";
import { DocumentId, DocumentSummary } from "./document.ts";
import { OcrLanguage } from "./ocr-language.ts";
import { operation } from "./operation.ts";

const PageIndex = z.union([z.int().min(-1_000_000).max(1_000_000), z.literal(["first", "last"])]);
export type PageIndex = z.infer<typeof PageIndex>;
const PageIndexes = z.union([z.array(PageIndex).max(20_000), z.literal("all")]);
const Turn = z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)]) satisfies z.ZodType<Rotation>;
const place = { afterPageIndex: z.exactOptional(PageIndex), beforePageIndex: z.exactOptional(PageIndex) };
const exchange = {
  /** The text of the exchange; Instant JSON also as it is. */
  data: z.exactOptional(z.union([z.string(), z.looseObject({})])),
  /** Or an address (http, https) that it is fetched from. */
  dataFilePath: z.exactOptional(z.string().max(8192)),
};
const side = z.number().positive().max(100_000);

export const PageOperation = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("addPage"),
    ...place,
    backgroundColor: z.exactOptional(z.string().regex(/^#[0-9a-fA-F]{6}$/)),
    /** Points; default A4. */
    pageWidth: z.exactOptional(side),
    pageHeight: z.exactOptional(side),
    rotateBy: z.exactOptional(Turn),
    insets: z.exactOptional(z.array(z.number()).length(4)),
  }),
  z.object({ type: z.literal("duplicatePages"), pageIndexes: PageIndexes, ...place }),
  z.object({ type: z.literal("rotatePages"), pageIndexes: PageIndexes, rotateBy: Turn }),
  z.object({ type: z.literal("keepPages"), pageIndexes: PageIndexes }),
  z.object({ type: z.literal("removePages"), pageIndexes: PageIndexes }),
  z.object({ type: z.literal("movePages"), pageIndexes: PageIndexes, ...place }),
  z.object({ type: z.literal("setPageLabel"), pageIndexes: PageIndexes, pageLabel: z.string().max(256) }),
  /** `[left, top, width, height]` of the page as it is shown; null: all of it. */
  z.object({ type: z.literal("cropPages"), pageIndexes: PageIndexes, cropBox: z.nullable(z.array(z.number()).length(4)) }),
  z.object({
    type: z.literal("importDocument"),
    ...place,
    importedDocument: z.object({
      documentId: z.string().min(1).max(128),
      layer: z.exactOptional(z.string().max(256)),
      pageIndexes: z.exactOptional(PageIndexes),
    }),
  }),
  z.object({
    type: z.literal("updateMetadata"),
    metadata: z.object({
      title: z.exactOptional(z.nullable(z.string().max(4096))),
      author: z.exactOptional(z.nullable(z.string().max(4096))),
      subject: z.exactOptional(z.nullable(z.string().max(4096))),
      keywords: z.exactOptional(z.nullable(z.string().max(4096))),
    }),
  }),
  z.object({
    type: z.literal("flattenAnnotations"),
    pageIndexes: z.exactOptional(PageIndexes),
    annotationIds: z.exactOptional(z.array(z.union([z.string(), z.int()])).max(10_000)),
  }),
  z.object({ type: z.literal("applyRedactions") }),
  z.object({ type: z.literal("applyXfdf"), ...exchange }),
  z.object({ type: z.literal("applyInstantJson"), ...exchange }),
  z.object({ type: z.literal("performOcr"), pageIndexes: z.exactOptional(PageIndexes), language: z.exactOptional(OcrLanguage) }),
]);
export type PageOperation = z.infer<typeof PageOperation>;

const params = z.object({ documentId: DocumentId });
const body = z.object({ operations: z.array(PageOperation).min(1).max(1000) });
const errors = [
  "not_found",
  "gone",
  "forbidden",
  "preparing",
  "unprocessable",
  "limit_exceeded",
  "not_implemented",
  "document_failed",
] as const;

export const pageOperations = {
  apply: operation({
    method: "POST",
    path: "/documents/{documentId}/apply_operations",
    idempotencyKey: true,
    summary: "Change the pages of a document",
    auth: "either",
    layered: true,
    params,
    body,
    response: z.object({ data: z.looseObject({ ...DocumentSummary.shape, seq: z.int() }) }),
    errors,
  }),
  importFile: operation({
    method: "POST",
    path: "/documents/{documentId}/pages",
    idempotencyKey: true,
    summary: "Add the pages of a file: a PDF, or what is converted to one",
    auth: "either",
    layered: true,
    params,
    query: z.object({
      /** Where the first of them will be; default: behind all others. */
      index: z.exactOptional(z.coerce.number().int().min(0).max(1_000_000)),
      file_name: z.exactOptional(z.string().max(1024)),
    }),
    bodyKind: "stream",
    response: z.object({ data: z.looseObject({ ...DocumentSummary.shape, seq: z.int(), pageIds: z.array(z.string()) }) }),
    errors: [...errors, "unsupported_media_type", "too_large", "password_required"],
  }),
  pdf: operation({
    method: "POST",
    path: "/documents/{documentId}/pdf_with_operations",
    summary: "Download the PDF with its pages changed; the document stays as it is",
    auth: "either",
    layered: true,
    params,
    body,
    responseType: "application/pdf",
    errors,
  }),
} as const;
