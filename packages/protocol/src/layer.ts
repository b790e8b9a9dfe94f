/** Layers: named, independent sets of changes over one document. The default layer is named "". */
import * as z from "zod";
import { RecordId } from "./annotation/common.ts";
import { DocumentId, LayerName } from "./document.ts";
import { operation } from "./operation.ts";
import type { AnyRecord } from "./record.ts";
import type { Change } from "./sync.ts";

const params = z.object({ documentId: DocumentId });

/** All records of a layer that a viewer needs beside the derived pages. */
export interface Snapshot {
  readonly seq: number;
  readonly epoch: number;
  readonly records: readonly AnyRecord[];
  /**
   * Only with `?compact=true`, and then instead of `records`: in the same order, as the changes that wrote them last. Neighbours that one change made
   * share its head.
   */
  readonly changes?: readonly Change[];
  /** All runs and labels of the source's pages, as in `Opened`; only with `?pages=true`. */
  readonly pages?: SnapshotPages;
}

/** Of the revision that the records lie over: of an earlier state perhaps an earlier one. */
export interface SnapshotPages {
  readonly revision: number;
  /** Its blob. */
  readonly source: string;
  readonly runs: readonly (readonly [n: number, width: number, height: number, rotation: 0 | 90 | 180 | 270])[];
  readonly labels: Readonly<Record<string, string>>;
}

const seq = z.coerce.number().int().min(0);
const User = z.exactOptional(z.nullable(z.string().min(1).max(256)));

export const LAYER_CONFLICTS = [
  "changed_in_both",
  "deleted_here_changed_there",
  "changed_here_deleted_there",
  "nothing_to_hang_on",
] as const;
/** Why a merge left something as it was: seen from the layer that is merged, `there` is the other one. */
export type LayerConflict = (typeof LAYER_CONFLICTS)[number];

export const ChangeSummary = z.object({
  seq: z.int(),
  /** ISO 8601. */
  at: z.string(),
  by: z.nullable(z.string()),
  /** The session that made it; told to API keys only. */
  session: z.exactOptional(z.string()),
  /** What was before it is meant to have disappeared. */
  erased: z.exactOptional(z.literal(true)),
  /** The document was overwritten: from here on the layer stands on this revision of it. */
  revision: z.exactOptional(z.int()),
  ops: z.array(
    z.object({
      id: z.string(),
      /** As the caller saw it: a record that moved out of what he may see is deleted for him. */
      action: z.enum(["create", "update", "delete", "restore", "set-group"]),
      kind: z.string(),
      /** The page it lies on now. */
      page: z.exactOptional(z.string()),
      properties: z.exactOptional(z.array(z.string())),
    }),
  ),
});
export type ChangeSummary = z.infer<typeof ChangeSummary>;

export const layers = {
  list: operation({
    method: "GET",
    path: "/documents/{documentId}/layers",
    summary: "Names of the layers of a document",
    params,
    response: z.object({ data: z.array(z.string()) }),
    errors: ["not_found"],
  }),
  create: operation({
    method: "POST",
    path: "/documents/{documentId}/layers",
    summary: "Make a layer: empty, with what another layer has, or with Instant JSON",
    params,
    form: true,
    body: z.object({
      name: LayerName.min(1),
      source_layer_name: z.exactOptional(LayerName),
      "instant.json": z.exactOptional(z.looseObject({})),
      user_id: User,
    }),
    response: z.object({ data: z.object({ name: z.string(), errors: z.array(z.object({ reason: z.string() })) }) }),
    errors: ["not_found", "exists", "invalid_parameters", "unprocessable", "preparing"],
  }),
  delete: operation({
    method: "DELETE",
    path: "/documents/{documentId}/layers/{layerName}",
    summary: "Delete a layer with everything in it; those who have it open are told",
    params: z.object({ documentId: DocumentId, layerName: LayerName }),
    response: z.object({ data: z.object({ name: z.string() }) }),
    errors: ["not_found"],
  }),
  purge: operation({
    method: "POST",
    path: "/documents/{documentId}/purge",
    summary: "Remove for good what erasing changes have left for backends: earlier history, and files of which no layer shows a page",
    params,
    response: z.object({
      /** SHA-256 of the files that are gone. */
      purged: z.array(z.string()),
      /** Files that stay, as these layers still show pages of them. */
      still_shown: z.array(z.object({ blob: z.string(), layers: z.array(z.string()) })),
    }),
    errors: ["not_found", "conflict"],
  }),
  merge: operation({
    method: "POST",
    path: "/documents/{documentId}/merge",
    idempotencyKey: true,
    summary: "Write a layer's changes into another one, and report what both have changed",
    auth: "either",
    layered: true,
    params,
    body: z.object({ into: LayerName, user_id: User }),
    response: z.object({
      /** Of the layer that was written to. */
      seq: z.int(),
      /** Changes that it took. */
      changes: z.int(),
      /** Records that were written. */
      merged: z.int(),
      conflicts: z.array(
        z.object({ id: z.string(), kind: z.string(), reason: z.enum(LAYER_CONFLICTS), properties: z.exactOptional(z.array(z.string())) }),
      ),
    }),
    errors: ["not_found", "forbidden", "conflict", "limit_exceeded", "preparing", "invalid_parameters"],
  }),
  restore: operation({
    method: "POST",
    path: "/documents/{documentId}/restore",
    idempotencyKey: true,
    summary: "Put records, or everything, back to what they were at a seq, as a new change",
    auth: "either",
    layered: true,
    params,
    body: z.object({
      seq: z.int().min(0),
      ids: z.exactOptional(z.array(RecordId).min(1).max(10_000)),
      /** Only if the layer (with `ids`: none of these records) has not changed since. The header `If-Match: "7"` says the same. */
      ifSeq: z.exactOptional(z.int().min(0)),
      user_id: User,
    }),
    response: z.object({
      seq: z.int(),
      changes: z.int(),
      restored: z.array(z.string()),
      /** What the caller may not put back. */
      left: z.array(z.object({ id: z.string(), reason: z.enum(["forbidden", "gone"]) })),
    }),
    errors: ["not_found", "forbidden", "gone", "conflict", "precondition_failed", "limit_exceeded", "preparing", "unprocessable"],
  }),
  records: operation({
    method: "GET",
    path: "/documents/{documentId}/records",
    summary: "All records of a layer that the caller may see, as it is or as it was at an earlier seq",
    auth: "either",
    layered: true,
    params,
    query: z.object({
      minSeq: z.exactOptional(seq),
      at_seq: z.exactOptional(seq),
      pages: z.exactOptional(z.stringbool()),
      /** `records` is empty, and `changes` says the same in fewer bytes. */
      compact: z.exactOptional(z.stringbool()),
    }),
    response: z.object({
      seq: z.int(),
      epoch: z.int(),
      records: z.array(z.custom<AnyRecord>()),
      changes: z.exactOptional(z.array(z.custom<Change>())),
      pages: z.exactOptional(z.custom<SnapshotPages>()),
    }),
    errors: ["not_found", "preparing", "document_failed", "password_required", "wrong_password", "gone", "invalid_parameters"],
  }),
  changes: operation({
    method: "GET",
    path: "/documents/{documentId}/changes",
    summary: "What was changed, by whom and when, as far as the caller may see it",
    auth: "either",
    layered: true,
    params,
    query: z.object({
      /** `seen`: since the person's last look. */
      since: z.exactOptional(z.union([z.literal("seen"), seq])),
      /** Newest first, from here down. */
      until: z.exactOptional(seq),
      limit: z.exactOptional(z.coerce.number().int().min(1).max(1000)),
      user_id: z.exactOptional(z.string().min(1).max(256)),
    }),
    response: z.object({
      /** The layer's. */
      seq: z.int(),
      /** The first state that can be read (`at_seq`). */
      floor: z.int(),
      /** Up to which change the person has seen the layer, 0: never; null: it is asked by nobody in particular. */
      seen: z.nullable(z.int()),
      /** `since` (or `until`) of the next page; null at the end. */
      next: z.nullable(z.int()),
      data: z.array(ChangeSummary),
    }),
    errors: ["not_found", "preparing", "gone", "invalid_parameters"],
  }),
} as const;
