/** A document that the page itself provides. */
import { ApiError } from "@lectern/protocol/plain";
import type { DocumentSource } from "./source.ts";

export function openProvided(_options: object): Promise<DocumentSource> {
  return Promise.reject(new ApiError("not_implemented", "document: local documents come with the local engine"));
}
