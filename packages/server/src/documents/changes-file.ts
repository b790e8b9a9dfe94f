/** What a layer changed, on its way to a worker: a file, as it may be large. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Composition, FlattenScope, RecordChange, Watermark } from "@lectern/pdf";
import type { AnyRecord } from "@lectern/protocol";
import { withThreads } from "@lectern/pdf/record-changes";
import { ApiError, newId } from "@lectern/protocol/plain";
import type { StoredRecord } from "@lectern/sync/room";
import type { DocumentDeps } from "./deps.ts";
import { type DocumentRow, findRevision } from "./store.ts";
import { noSuchDocument } from "./status.ts";

/** What a layer changed: new and changed records as they are now, tombstones of deleted ones. Base records that nobody touched are left out. */
export interface ExportRecords {
  readonly records: readonly StoredRecord[];
  /** That the layer stands on; default: the document's. */
  readonly revision?: number;
}

/** The file's content. */
export interface ChangesFile {
  readonly changes: readonly RecordChange[];
  /** When the last of them was made, milliseconds since 1970. */
  readonly modifiedAt: number | null;
  /** Pages other than those of the file, as they are there: what is made of them. */
  readonly composition?: Omit<Composition, "files" | "encryption" | "watermarks"> & { readonly watermarks: readonly WatermarkToBurn[] };
  /** Files of the pictures that the records name, by blob; one that is missing is not shown. */
  readonly images?: Readonly<Record<string, string>>;
  /** Names that annotations of the source get, by object number. */
  readonly names?: Readonly<Record<number, string>>;
  /** What is flattened, when not everything is. */
  readonly flattenOnly?: FlattenScope;
}

/** As a worker is told of it: an image is a file for it to read. */
export interface WatermarkToBurn {
  readonly watermark: Omit<Watermark, "content"> & {
    readonly content: Watermark["content"] | { readonly kind: "file"; readonly path: string };
  };
  /** Null: all. */
  readonly pages: readonly number[] | null;
}

/** Records beside what the file had in their place. What was made and deleted again in the layer is nothing. */
export async function changesOf(
  deps: DocumentDeps,
  document: DocumentRow,
  { records, revision: n = document.revision }: ExportRecords,
): Promise<ChangesFile> {
  const revision = await findRevision(deps.database, { applicationId: document.applicationId, documentId: document.id }, n);
  if (revision === null) throw noSuchDocument();
  const base = (await deps.bases.load(document.applicationId, revision)).records;
  const changes: RecordChange[] = [];
  let modifiedAt: number | null = null;
  for (const record of records) {
    if (!isExported(record)) continue;
    const before = base.get(record.id);
    const change: RecordChange = { base: before?.kind === record.kind ? before : null, current: record.deleted ? null : record };
    if (change.base === null && change.current === null) continue;
    changes.push(change);
    modifiedAt = Math.max(modifiedAt ?? 0, record.updatedAt);
  }
  const images = await imagesOf(deps, document.applicationId, changes);
  return { changes: withThreads(changes, (id) => base.get(id)), modifiedAt, ...(images === null ? {} : { images }) };
}

async function imagesOf(
  { blobs }: Pick<DocumentDeps, "blobs">,
  applicationId: string,
  changes: readonly RecordChange[],
): Promise<Record<string, string> | null> {
  const named = new Set(
    changes.flatMap(({ current }) =>
      current?.kind === "annotation" &&
      (current.data.type === "image" || current.data.type === "raw") &&
      current.data.attachment !== undefined
        ? [current.data.attachment.blob]
        : [],
    ),
  );
  if (named.size === 0) return null;
  const images: Record<string, string> = {};
  for (const blob of named) {
    const path = await blobs.localPath(applicationId, blob).catch((error: unknown) => {
      // The rest of the document is worth more than one picture.
      if (error instanceof ApiError && error.code === "not_found") return null;
      throw error;
    });
    if (path !== null) images[blob] = path;
  }
  return images;
}

function isExported({ kind }: AnyRecord): boolean {
  return kind === "annotation" || kind === "comment" || kind === "field" || kind === "widget" || kind === "value" || kind === "bookmark";
}

/** The file is there while `use` runs. */
export async function withChangesFile<T>(
  deps: Pick<DocumentDeps, "tempDir" | "clock" | "random">,
  changes: ChangesFile,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = join(deps.tempDir, `${newId(deps.clock.now(), deps.random(10))}.json`);
  try {
    await writeFile(path, JSON.stringify(changes), { mode: 0o600 });
    return await use(path);
  } finally {
    await rm(path, { force: true });
  }
}
