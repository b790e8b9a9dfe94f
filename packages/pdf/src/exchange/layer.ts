/** What an exchange with a file needs of a layer: the service's rooms are one, and the room of a document that a page provides. */
import type { AnyRecord, PageNames } from "@lectern/protocol";
import type { Grants } from "@lectern/protocol/plain";

export type StoredRecord = AnyRecord & { readonly deleted: boolean };

export interface ExchangeLayer {
  /** As they are now. */
  pages(): PageNames;
  /** Of the reader. */
  readonly grants: Grants;
  /** SHA-256 of the file below. */
  readonly base: { readonly source: string };
  readonly room: {
    readonly erasedSeq: number;
    snapshot(grants: Grants): { readonly records: readonly AnyRecord[] };
    record(id: string, grants: Grants): StoredRecord | null;
    below(id: string, grants: Grants): readonly StoredRecord[];
    changed(): readonly StoredRecord[];
  };
}
