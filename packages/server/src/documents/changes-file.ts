/** What a layer changed, on its way to a worker: a file, as it may be large. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "@lectern/protocol/plain";
import type { StoredRecord } from "@lectern/sync/room";
import type { DocumentDeps } from "./deps.ts";

/** What a layer changed: new and changed records as they are now, tombstones of deleted ones. Base records that nobody touched are left out. */
export interface ExportRecords {
  readonly records: readonly StoredRecord[];
}

/** The file is there while `use` runs. */
export async function withChangesFile<T>(deps: Pick<DocumentDeps, "tempDir" | "clock" | "random">, changes: ExportRecords, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(deps.tempDir, `${newId(deps.clock.now(), deps.random(10))}.json`);
  try {
    await writeFile(path, JSON.stringify(changes), { mode: 0o600 });
    return await use(path);
  } finally {
    await rm(path, { force: true });
  }
}
