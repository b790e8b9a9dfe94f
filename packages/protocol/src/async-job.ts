/** Work that is answered before it is done, and how it goes. */
import * as z from "zod";
import { DocumentId } from "./document.ts";
import { operation } from "./operation.ts";

export const AsyncJobState = z.enum(["not_started", "in_progress", "completed", "failed", "cancelled"]);
export type AsyncJobState = z.infer<typeof AsyncJobState>;

const AsyncJobStatus = z.object({
  status: AsyncJobState,
  /** Of prerendering: `images` in all, how many are `done`, how many of those `failed`. */
  details: z.exactOptional(z.looseObject({})),
});

export const jobs = {
  prerender: operation({
    method: "POST",
    path: "/documents/{documentId}/prerender",
    summary: "Draw pages before somebody asks for them",
    params: z.object({ documentId: DocumentId }),
    body: z.nullable(
      z.object({
        /** Pixels a point. */
        scales: z.exactOptional(
          z
            .array(z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(6), z.literal(8), z.literal(12), z.literal(16)]))
            .min(1)
            .max(7),
        ),
        /** First and last page; the document may end before. */
        start_page: z.exactOptional(z.int().min(0)),
        end_page: z.exactOptional(z.int().min(0)),
      }),
    ),
    status: 202,
    response: z.object({ data: z.object({ jobId: z.string() }) }),
    errors: ["preparing", "document_failed", "password_required", "wrong_password", "unprocessable", "limit_exceeded"],
  }),
  get: operation({
    method: "GET",
    path: "/async/jobs/{jobId}",
    summary: "How a job goes",
    params: z.object({ jobId: z.string().max(128) }),
    response: z.object({ data: AsyncJobStatus }),
    errors: ["not_found"],
  }),
} as const;
