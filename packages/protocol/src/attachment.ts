/** Files embedded in the document. */
import * as z from "zod";
import { BlobId } from "./annotation/common.ts";

export const Attachment = z.object({
  blob: BlobId,
  name: z.string().max(1024),
  mediaType: z.exactOptional(z.string().max(128)),
  description: z.exactOptional(z.string().max(4096)),
  size: z.exactOptional(z.int().min(0)),
});
export type Attachment = z.infer<typeof Attachment>;
