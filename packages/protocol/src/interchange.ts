/** What people put on a document, as one file in a published format: read, applied, downloaded with, copied with. */
import * as z from "zod";
import { DocumentId } from "./document.ts";
import { operation } from "./operation.ts";

const params = z.object({ documentId: DocumentId });
const minSeq = z.exactOptional(z.coerce.number().int().min(0));
const applied = ["not_found", "forbidden", "unprocessable", "limit_exceeded", "too_large", "unsupported_media_type", "preparing"] as const;

export const Applied = z.object({
  data: z.object({
    seq: z.int(),
    created: z.int(),
    updated: z.int(),
    deleted: z.int(),
    /** What could not become a record. */
    skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
  }),
});
export type Applied = z.infer<typeof Applied>;

export const interchange = {
  json: operation({
    method: "GET",
    path: "/documents/{documentId}/document.json",
    summary: "Everything people put on the document, as Instant JSON",
    auth: "either",
    layered: true,
    params,
    query: z.object({
      annotation_version: z.exactOptional(z.coerce.number().pipe(z.union([z.literal(1), z.literal(2)]))),
      minSeq,
    }),
    response: z.looseObject({ format: z.string() }),
    errors: ["not_found", "preparing", "too_large"],
  }),
  applyJson: operation({
    method: "POST",
    path: "/documents/{documentId}/apply_instant_json",
    idempotencyKey: true,
    summary: "Apply Instant JSON: what it names by id is replaced, the rest is created; all of it or nothing",
    auth: "either",
    layered: true,
    params,
    bodyKind: "stream",
    response: Applied,
    errors: applied,
  }),
  pdfWithJson: operation({
    method: "POST",
    path: "/documents/{documentId}/pdf_with_instant_json",
    summary: "The document as a PDF as it would be with this Instant JSON; nothing is stored",
    auth: "either",
    layered: true,
    params,
    bodyKind: "stream",
    responseType: "application/pdf",
    errors: applied,
  }),
  xfdf: operation({
    method: "GET",
    path: "/documents/{documentId}/document.xfdf",
    summary: "Annotations, replies and values of form fields, as XFDF",
    auth: "either",
    layered: true,
    params,
    query: z.object({ minSeq }),
    responseType: "application/vnd.adobe.xfdf",
    errors: ["not_found", "preparing", "too_large"],
  }),
  applyXfdf: operation({
    method: "POST",
    path: "/documents/{documentId}/apply_xfdf",
    idempotencyKey: true,
    summary: "Apply XFDF: what it names is replaced, the rest is created; all of it or nothing",
    auth: "either",
    layered: true,
    params,
    bodyKind: "stream",
    response: Applied,
    errors: applied,
  }),
  copyWithJson: operation({
    method: "POST",
    path: "/documents/{documentId}/copy_with_instant_json",
    idempotencyKey: true,
    summary: "A new document with this one's layers, and Instant JSON applied to one of them",
    layered: true,
    params,
    bodyKind: "stream",
    response: z.looseObject({ documentId: z.string(), document_id: z.string() }),
    errors: [...applied, "conflict"],
  }),
} as const;
