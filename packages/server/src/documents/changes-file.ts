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
  /** Files that are embedded, by blob. */
  readonly embedded?: Readonly<Record<string, string>>;
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
  const images = await pathsOf(deps, document.applicationId, changes.flatMap(picturesIn));
  const embedded = await pathsOf(deps, document.applicationId, changes.flatMap(filesIn));
  return {
    changes: withThreads(changes, (id) => base.get(id)),
    modifiedAt,
    ...(images === null ? {} : { images }),
    ...(embedded === null ? {} : { embedded }),
  };
}

function picturesIn({ current }: RecordChange): string[] {
  return current?.kind === "annotation" &&
    (current.data.type === "image" || current.data.type === "raw") &&
    current.data.attachment !== undefined
    ? [current.data.attachment.blob]
    : [];
}

function filesIn({ base, current }: RecordChange): string[] {
  if (current?.kind !== "attachment") return [];
  return base?.kind === "attachment" && base.data.blob === current.data.blob ? [] : [current.data.blob];
}

async function pathsOf(
  { blobs }: Pick<DocumentDeps, "blobs">,
  applicationId: string,
  named: readonly string[],
): Promise<Record<string, string> | null> {
  if (named.length === 0) return null;
  const paths: Record<string, string> = {};
  for (const blob of new Set(named)) {
    const path = await blobs.localPath(applicationId, blob).catch((error: unknown) => {
      // The rest of the document is worth more than one of them.
      if (error instanceof ApiError && error.code === "not_found") return null;
      throw error;
    });
    if (path !== null) paths[blob] = path;
  }
  return paths;
}

/** The other kinds are written by whoever puts the pages together. */
const EXPORTED: ReadonlySet<AnyRecord["kind"]> = new Set(["annotation", "comment", "field", "widget", "value", "bookmark", "attachment"]);

function isExported({ kind }: AnyRecord): boolean {
  return EXPORTED.has(kind);
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
