/** Pagination as async iteration. */
import type { DocumentSummary, Input, Api } from "@lectern/protocol";
import type { CallOptions, LecternClient } from "./client.ts";

/** Every document, page by page as the loop goes on. */
export async function* allDocuments(
  client: LecternClient,
  filter: Input<Api["documents"]["list"]> = {},
  options?: CallOptions,
): AsyncGenerator<DocumentSummary> {
  let cursor: string | undefined;
  do {
    const page = await client.documents.list({ ...filter, ...(cursor === undefined ? {} : { cursor }) }, options);
    yield* page.data;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}
