/** Redactions: marks made by what they find, and what removes for good what lies under marks. */
import * as z from "zod";
import { DocumentId, DocumentSummary } from "./document.ts";
import { operation } from "./operation.ts";

const where = {
  includeAnnotations: z.exactOptional(z.boolean()),
  start: z.exactOptional(z.int().min(0)),
  limit: z.exactOptional(z.nullable(z.int().min(0))),
};

export const PRESETS = [
  "credit-card-number",
  "date",
  "email-address",
  "international-phone-number",
  "ipv4",
  "ipv6",
  "mac-address",
  "north-american-phone-number",
  "social-security-number",
  "time",
  "url",
  "us-zip-code",
  "vin",
] as const;

export const CreateRedactions = z.discriminatedUnion("strategy", [
  z.object({
    strategy: z.literal("text"),
    strategyOptions: z.object({ text: z.string().min(1).max(1000), caseSensitive: z.exactOptional(z.boolean()), ...where }),
    user_id: z.exactOptional(z.nullable(z.string().min(1).max(256))),
    content: z.exactOptional(z.looseObject({})),
  }),
  z.object({
    strategy: z.literal("regex"),
    strategyOptions: z.object({ regex: z.string().min(1).max(1000), caseSensitive: z.exactOptional(z.boolean()), ...where }),
    user_id: z.exactOptional(z.nullable(z.string().min(1).max(256))),
    content: z.exactOptional(z.looseObject({})),
  }),
  z.object({
    strategy: z.literal("preset"),
    strategyOptions: z.object({ preset: z.enum(PRESETS), ...where }),
    user_id: z.exactOptional(z.nullable(z.string().min(1).max(256))),
    content: z.exactOptional(z.looseObject({})),
  }),
]);
export type CreateRedactions = z.infer<typeof CreateRedactions>;

const params = z.object({ documentId: DocumentId });
const errors = ["not_found", "forbidden", "preparing", "unprocessable", "document_failed", "limit_exceeded"] as const;

export const redactions = {
  create: operation({
    method: "POST",
    path: "/documents/{documentId}/redactions",
    idempotencyKey: true,
    summary: "Mark for redaction what a text, a pattern or a preset finds",
    auth: "either",
    layered: true,
    params,
    body: CreateRedactions,
    response: z.object({ data: z.object({ annotations: z.array(z.looseObject({})) }) }),
    errors,
  }),
  apply: operation({
    method: "POST",
    path: "/documents/{documentId}/redact",
    summary: "Remove for good what lies under the redaction marks",
    auth: "either",
    layered: true,
    params,
    body: z.nullable(z.object({})),
    /** The published shape has the properties beside each other; ours has them in `data`, as all answers do. */
    response: DocumentSummary.extend({
      data: z.looseObject({
        ...DocumentSummary.shape,
        seq: z.int(),
        /** How many marks were applied. */
        redactions: z.int(),
        /** Pages that had to become images, as their content could not be taken apart. */
        pagesAsImages: z.array(z.int()),
        /** Layers of the document that still show what was removed here. */
        layersStillShowing: z.array(z.string()),
      }),
    }),
    errors,
  }),
} as const;
