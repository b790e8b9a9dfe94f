/** Rules that a layer's content has beyond its schemas: injected, so that the room knows nothing of what they are about. Pure. */
import type { AnyRecord, Op } from "@lectern/protocol";
import type { ErrorCode } from "@lectern/protocol/plain";
import type { StoredRecord } from "./change-log.ts";

/** The layer as the change leaves it. */
export interface RulesLayer {
  read(id: string): StoredRecord | null;
  /** All that ever were, tombstones included. */
  ofKind(kind: "field"): Iterable<StoredRecord>;
  children(id: string): readonly StoredRecord[];
}

export interface LayerRules {
  /** Asked of each record that a client creates or updates, as it would be; null when it may be so. */
  check(
    after: AnyRecord,
    layer: RulesLayer,
  ): { readonly code: ErrorCode; readonly detail: string; /** The property that is wrong. */ readonly property: string } | null;
  /** What follows from a change of these records: creates and updates that the server writes into it, whatever the rights of whoever made it. */
  derive(touched: readonly StoredRecord[], layer: RulesLayer): readonly Op[];
}
