/** What a layer changed, on its way to a worker: a file, as it may be large. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RecordChange } from "@lectern/pdf";
import type { AnyRecord, RecordOf } from "@lectern/protocol";
import { newId } from "@lectern/protocol/plain";
import type { StoredRecord } from "@lectern/sync/room";
import type { DocumentDeps } from "./deps.ts";
import { type DocumentRow, findRevision } from "./store.ts";
import { noSuchDocument } from "./status.ts";

/** What a layer changed: new and changed records as they are now, tombstones of deleted ones. Base records that nobody touched are left out. */
export interface ExportRecords {
  readonly records: readonly StoredRecord[];
}

/** The file's content. */
export interface ChangesFile {
  readonly changes: readonly RecordChange[];
  /** When the last of them was made, milliseconds since 1970. */
  readonly modifiedAt: number | null;
}

/** Annotations beside what the file had in their place. What was made and deleted again in the layer is nothing. */
export async function changesOf(deps: DocumentDeps, document: DocumentRow, { records }: ExportRecords): Promise<ChangesFile> {
  const revision = await findRevision(deps.database, { applicationId: document.applicationId, documentId: document.id }, document.revision);
  if (revision === null) throw noSuchDocument();
  const base = (await deps.bases.load(document.applicationId, revision)).records;
  const changes: RecordChange[] = [];
  let modifiedAt: number | null = null;
  for (const record of records) {
    if (!isAnnotation(record)) continue;
    const before = base.get(record.id);
    const change: RecordChange = { base: before !== null && isAnnotation(before) ? before : null, current: record.deleted ? null : record };
    if (change.base === null && change.current === null) continue;
    changes.push(change);
    modifiedAt = Math.max(modifiedAt ?? 0, record.updatedAt);
  }
  return { changes, modifiedAt };
}

function isAnnotation<T extends AnyRecord>(record: T): record is T & RecordOf<"annotation"> {
  return record.kind === "annotation";
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
