/** Download: the document's file with a layer's changes written into it. */
import type { Readable } from "node:stream";
import type { ExportRecords } from "./changes-file.ts";
import type { DocumentDeps } from "./deps.ts";
import type { DocumentRow } from "./store.ts";

export interface ExportRequest {
  readonly document: DocumentRow;
  readonly changes: ExportRecords;
  /** Default true: with annotations. */
  readonly annotations?: boolean;
  /** Default false: annotations stay what they are, instead of becoming page content. */
  readonly flatten?: boolean;
  readonly signal?: AbortSignal;
}

export interface ExportedPdf {
  readonly bytes: Readable;
  readonly size: number;
  /** These are the bytes that were uploaded. */
  readonly original: boolean;
}

/** Without any change: the original bytes. The stream must be read to its end or destroyed. Throws what stands in the way, as ApiError. */
export declare function exportPdf(deps: DocumentDeps, request: ExportRequest): Promise<ExportedPdf>;

/** The file as it was uploaded. */
export declare function originalPdf(deps: DocumentDeps, document: DocumentRow, range?: readonly [number, number]): Promise<Readable>;
