/** Uploads that can be resumed: the tus protocol 1.0 (tus.io), with the extensions creation, creation-defer-length,
 * creation-with-upload, checksum, expiration, termination. */
import * as z from "zod";
import { DocumentId } from "./document.ts";
import { operation } from "./operation.ts";

const params = z.object({ uploadId: z.string().regex(/^[0-9a-z]{1,64}$/) });

/** The state of an upload. Clients of tus read the headers `Upload-Offset`, `Upload-Length`, `Upload-Expires`, `Location`. */
export const UploadState = z.object({
  id: z.string(),
  /** Bytes that are stored for certain. */
  offset: z.int(),
  /** null: not known yet. */
  length: z.int().nullable(),
  /** Of the document that it becomes, or is when `finished`. */
  document_id: DocumentId,
  finished: z.boolean(),
  /** ISO 8601. Each part that arrives moves it. */
  expires_at: z.string(),
});

export const uploads = {
  create: operation({
    method: "POST",
    path: "/uploads",
    summary: "Begin an upload that can be resumed (tus 1.0)",
    bodyKind: "stream",
    status: 201,
    response: z.object({ data: UploadState }),
    errors: ["invalid_parameters", "precondition_failed", "too_large", "exists", "unsupported_media_type", "checksum_mismatch"],
  }),
  get: operation({
    method: "GET",
    path: "/uploads/{uploadId}",
    summary: "How far an upload is; tus clients ask with HEAD",
    params,
    response: z.object({ data: UploadState }),
    errors: ["not_found"],
  }),
  append: operation({
    method: "PATCH",
    path: "/uploads/{uploadId}",
    summary: "The next part of an upload; the last one makes the document",
    params,
    bodyKind: "stream",
    status: 204,
    errors: [
      "not_found",
      "invalid_parameters",
      "precondition_failed",
      "conflict",
      "locked",
      "too_large",
      "checksum_mismatch",
      "request_timeout",
      "unsupported_media_type",
      "exists",
      "unprocessable",
      "wrong_password",
    ],
  }),
  end: operation({
    method: "DELETE",
    path: "/uploads/{uploadId}",
    summary: "Give an upload up; what it has become stays",
    params,
    status: 204,
    errors: ["not_found", "locked", "precondition_failed"],
  }),
} as const;
