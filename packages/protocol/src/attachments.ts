/** Pictures that annotations show: bytes are uploaded first, then a record names them. Every operation exists for each layer, too. */
import * as z from "zod";
import { BlobId } from "./annotation/common.ts";
import { DocumentId } from "./document.ts";
import { operation } from "./operation.ts";

export const attachments = {
  create: operation({
    method: "POST",
    path: "/documents/{documentId}/attachments",
    summary: "Upload a picture for an image annotation: the body, or the part `file` of a form",
    auth: "either",
    layered: true,
    params: z.object({ documentId: DocumentId }),
    bodyKind: "stream",
    status: 201,
    /** `id` is what an annotation names as `imageAttachmentId`: the SHA-256 of the bytes. */
    response: z.object({ data: z.object({ id: BlobId, content_type: z.string(), size: z.int() }) }),
    errors: ["not_found", "forbidden", "bad_request", "invalid_document", "too_large", "unsupported_media_type", "unavailable"],
  }),
  get: operation({
    method: "GET",
    path: "/documents/{documentId}/attachments/{attachmentId}",
    summary: "The bytes of a picture that an annotation shows, or of an embedded file for those who may download",
    auth: "either",
    layered: true,
    params: z.object({ documentId: DocumentId, attachmentId: BlobId }),
    responseType: "application/octet-stream",
    errors: ["not_found"],
  }),
} as const;
