/** Layers: named, independent sets of changes over one document. The default layer is named "". */
import * as z from "zod";
import { DocumentId } from "./document.ts";
import { operation } from "./operation.ts";
import type { AnyRecord } from "./record.ts";

const params = z.object({ documentId: DocumentId });

/** All records of a layer that a viewer needs beside the derived pages. */
export interface Snapshot {
  readonly seq: number;
  readonly epoch: number;
  readonly records: readonly AnyRecord[];
  /** All runs and labels of the source's pages, as in `Opened`; only with `?pages=true`. */
  readonly pages?: SnapshotPages;
}

export interface SnapshotPages {
  readonly runs: readonly (readonly [n: number, width: number, height: number, rotation: 0 | 90 | 180 | 270])[];
  readonly labels: Readonly<Record<string, string>>;
}

export const layers = {
  list: operation({
    method: "GET",
    path: "/documents/{documentId}/layers",
    summary: "Names of the layers of a document",
    params,
    response: z.object({ data: z.array(z.string()) }),
    errors: ["not_found"],
  }),
  records: operation({
    method: "GET",
    path: "/documents/{documentId}/records",
    summary: "All records of a layer that the caller may see, at one seq",
    auth: "either",
    layered: true,
    params,
    query: z.object({ minSeq: z.exactOptional(z.coerce.number().int().min(0)), pages: z.exactOptional(z.stringbool()) }),
    response: z.object({
      seq: z.int(),
      epoch: z.int(),
      records: z.array(z.custom<AnyRecord>()),
      pages: z.exactOptional(z.custom<SnapshotPages>()),
    }),
    errors: ["not_found", "preparing", "document_failed", "password_required", "wrong_password"],
  }),
  changes: operation({
    method: "GET",
    path: "/documents/{documentId}/changes",
    summary: "What was changed, by whom and when",
    layered: true,
    params,
    query: z.object({
      since: z.exactOptional(z.coerce.number().int().min(0)),
      limit: z.exactOptional(z.coerce.number().int().min(1).max(1000)),
    }),
    response: z.object({
      seq: z.int(),
      data: z.array(
        z.object({
          seq: z.int(),
          at: z.string(),
          by: z.nullable(z.string()),
          ops: z.array(
            z.object({
              id: z.string(),
              action: z.enum(["create", "update", "delete", "restore", "set-group"]),
              kind: z.exactOptional(z.string()),
              properties: z.exactOptional(z.array(z.string())),
            }),
          ),
        }),
      ),
    }),
    errors: ["not_found", "preparing", "gone"],
  }),
} as const;
