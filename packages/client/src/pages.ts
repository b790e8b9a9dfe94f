/** Pagination as async iteration. */
import type { CallOptions, LecternClient } from "./client.ts";
import type { DocumentSummary, Operations } from "./operations.ts";

interface Page<T> {
  readonly data: readonly T[];
  readonly next_cursor?: string | null;
}

type List = (input: never, options?: CallOptions) => Promise<Page<unknown>>;
type InputOf<L extends List> = NonNullable<Parameters<L>[0]>;
type EntryOf<L extends List> = Awaited<ReturnType<L>>["data"][number];

/** Every entry of a list, page by page as the loop goes on: `all(client.audit.list, { action: "document.deleted" })`. */
export async function* all<L extends List>(list: L, input: InputOf<L>, options?: CallOptions): AsyncGenerator<EntryOf<L>> {
  let cursor: string | null | undefined = null;
  do {
    const from: object = cursor === null ? input : { ...(input as object), cursor };
    const page: Page<unknown> = await list(from as never, options);
    yield* page.data as EntryOf<L>[];
    cursor = page.next_cursor;
  } while (cursor !== null && cursor !== undefined);
}

/** Every document. */
export function allDocuments(
  client: LecternClient,
  filter: Operations["documents"]["list"]["input"] = {},
  options?: CallOptions,
): AsyncGenerator<DocumentSummary> {
  return all(client.documents.list, filter, options);
}
