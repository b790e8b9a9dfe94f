/** A consistent copy of the SQLite file while the service writes to it, and what a copy says of itself. */
import { DatabaseSync } from "@photostructure/sqlite";

export interface NamedBlob {
  readonly applicationId: string;
  readonly sha256: string;
  readonly size: number;
}

/** Everything that was acknowledged before this was called is in the copy, which stands at one moment. `target` must not exist. */
export function copySqlite(source: string, target: string): void {
  const database = new DatabaseSync(source, { timeout: 10_000 });
  try {
    database.prepare("VACUUM INTO ?").run(target);
  } finally {
    database.close();
  }
}

/** Blobs that documents of this file use. Throws when the file is damaged. */
export function blobsOfSqlite(path: string): NamedBlob[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const [check] = database.prepare("PRAGMA quick_check(1)").all() as { quick_check: string }[];
    if (check?.quick_check !== "ok") throw new Error(`${path} is damaged: ${check?.quick_check ?? "no answer"}`);
    const rows = database
      .prepare(
        "SELECT DISTINCT u.application_id, u.sha256, b.size FROM blob_uses u LEFT JOIN blobs b ON b.application_id = u.application_id AND b.sha256 = u.sha256",
      )
      .all() as { application_id: string; sha256: string; size: number | null }[];
    return rows.map(({ application_id, sha256, size }) => ({ applicationId: application_id, sha256, size: size ?? 0 }));
  } finally {
    database.close();
  }
}
