/** A file that the service made becomes a blob of the document: stored, fsynced, and used by it before any record names it. */
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "@lectern/protocol/plain";
import type { DocumentDeps } from "../documents/deps.ts";
import { keepBlob } from "../documents/keep-blob.ts";
import type { DocumentKey } from "../documents/store.ts";

/** `make` writes the file. */
export async function ownBlob<T>(
  deps: DocumentDeps,
  key: DocumentKey,
  make: (target: string) => Promise<T>,
): Promise<{ readonly sha256: string; readonly made: T }> {
  return withTarget(deps, async (target) => {
    const made = await make(target);
    return keepBlob(
      deps,
      key.applicationId,
      () => deps.blobs.write(key.applicationId, createReadStream(target)),
      async (blob) => {
        await deps.uses.add(key, { ...blob, mediaType: "application/pdf" });
        return { sha256: blob.sha256, made };
      },
    );
  });
}

/** A path for a file that is gone when `use` is done. */
export async function withTarget<T>(
  deps: Pick<DocumentDeps, "tempDir" | "clock" | "random">,
  use: (target: string) => Promise<T>,
): Promise<T> {
  const target = join(deps.tempDir, `${newId(deps.clock.now(), deps.random(10))}.pdf`);
  try {
    return await use(target);
  } finally {
    await rm(target, { force: true });
  }
}
