/** Download: the document's file with a layer's changes written into it, by a worker, into a file that goes when it has been sent. */
import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { ApiError, newId } from "@lectern/protocol/plain";
import type { Encryption, Finish } from "@lectern/pdf";
import type { ComposedPages } from "../operations/composition.ts";
import { changesOf, type ExportRecords, withChangesFile } from "./changes-file.ts";
import type { DocumentDeps } from "./deps.ts";
import { renderSource } from "./password.ts";
import { noticingQuarantine } from "./quarantine.ts";
import type { DocumentRow } from "./store.ts";

export interface ExportRequest {
  readonly document: DocumentRow;
  readonly changes: ExportRecords;
  /** Default true: with annotations. */
  readonly annotations?: boolean;
  /** Default true: with comments. */
  readonly comments?: boolean;
  /** Default false: annotations stay what they are, instead of becoming page content. */
  readonly flatten?: boolean;
  /** Pages as the layer has them now, when they are not those of the file; see operations/composition.ts. */
  readonly pages?: ComposedPages | null;
  readonly encryption?: Encryption | null;
  readonly finish?: Finish | null;
  readonly signal?: AbortSignal;
}

export interface ExportedPdf {
  /** Must be read to its end or destroyed. */
  readonly bytes: Readable;
  readonly size: number;
  /** These are the bytes that were uploaded. */
  readonly original: boolean;
}

/** Without any change: the original bytes. Throws ApiError `document_failed`, `unavailable`. */
export async function exportPdf(deps: DocumentDeps, request: ExportRequest): Promise<ExportedPdf> {
  const file = await exportFile(deps, request);
  if (file === null) return { bytes: await originalPdf(deps, request.document), size: request.document.byteSize, original: true };
  return { bytes: readOnce(deps, file), size: file.size, original: false };
}

/** A file in the folder of temporary ones. */
export interface ExportedFile {
  readonly path: string;
  readonly size: number;
}

/** Null: without any change it is the original. The file is the caller's: `readOnce`, or `removeExport`. Throws ApiError `document_failed`, `unavailable`. */
export async function exportFile(deps: DocumentDeps, request: ExportRequest): Promise<ExportedFile | null> {
  const {
    document,
    annotations = true,
    comments = true,
    flatten = false,
    pages = null,
    encryption = null,
    finish = null,
    signal,
  } = request;
  const changed = await changesOf(deps, document, request.changes);
  if (changed.changes.length === 0 && annotations && comments && !flatten && pages === null && encryption === null && finish === null)
    return null;
  const source = pages?.source ?? (await renderSource(deps, document));
  const file = {
    ...changed,
    ...(pages === null ? {} : { composition: pages.composition }),
  };
  const composed =
    pages === null
      ? {}
      : {
          others: pages.others,
          ...(encryption === null ? { encryption: pages.encryption, securityOf: pages.securityOf } : { encryption }),
        };
  const target = join(deps.tempDir, `${newId(deps.clock.now(), deps.random(10))}.pdf`);
  try {
    await withChangesFile(deps, file, (changes) =>
      noticingQuarantine(deps, document, () =>
        deps.renderer.export(source, {
          target,
          changes,
          annotations,
          comments,
          flatten,
          finish,
          ...composed,
          ...(signal === undefined ? {} : { signal }),
        }),
      ),
    );
    return { path: target, size: (await stat(target)).size };
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}

/** The file goes when it has been read, or is not wanted any more. `range`: first and last byte. */
export function readOnce(deps: Pick<DocumentDeps, "onError">, { path }: ExportedFile, range?: readonly [number, number]): Readable {
  const bytes = createReadStream(path, range === undefined ? {} : { start: range[0], end: range[1] });
  bytes.once("close", () => {
    removeExport({ path }).catch((error: unknown) => deps.onError("deleting an exported file", error));
  });
  return bytes;
}

export async function removeExport({ path }: Pick<ExportedFile, "path">): Promise<void> {
  await rm(path, { force: true });
}

/** The file as it was uploaded. `range`: first and last byte. Throws ApiError `range_not_satisfiable`. */
export async function originalPdf(
  deps: Pick<DocumentDeps, "blobs">,
  document: DocumentRow,
  range?: readonly [number, number],
): Promise<Readable> {
  const bytes = await deps.blobs.read(document.applicationId, document.sourceSha256, range);
  if (bytes === null) throw new ApiError("internal", "The document's file is missing in the blob store");
  return bytes;
}
