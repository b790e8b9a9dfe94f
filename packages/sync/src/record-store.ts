import type { AnyRecord } from "@lectern/protocol";

/** What became different on screen. */
export interface RecordsChanged {
  readonly ids: ReadonlySet<string>;
  /** `local`: made here, by this client (undo and roll back too). */
  readonly origin: "local" | "remote";
  /** User id of who did it, when it was one person and is known. */
  readonly by: string | null;
}

/** The records as this client shows them: what the server confirmed, with what is pending on top. */
export interface Records {
  get(id: string): AnyRecord | undefined;
  /** Annotations and widgets on that page. */
  byPage(page: string): readonly AnyRecord[];
  all(): IterableIterator<AnyRecord>;
  /** Has it changes that the server has not decided yet? */
  isPending(id: string): boolean;
  onChange(listener: (change: RecordsChanged) => void): () => void;
}
