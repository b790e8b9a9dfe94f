/** Pictures of what records cannot say: a worker writes them beside the records, and they become blobs of the document before any record names them. */
import { createReadStream } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ApiError } from "@lectern/protocol/plain";
import { useBlob } from "../operations/own-blob.ts";
import type { PrepareSummary, RenderSource } from "../ports.ts";
import { picturePath } from "../render/messages.ts";
import type { DocumentDeps } from "./deps.ts";
import type { DocumentKey } from "./store.ts";

/** As `Renderer.prepare`. The caller removes the target. */
export async function prepareWithPictures(
  deps: DocumentDeps,
  key: DocumentKey,
  source: RenderSource,
  { revision, target, signal }: { readonly revision: number; readonly target: string; readonly signal: AbortSignal },
): Promise<PrepareSummary> {
  try {
    const summary = await deps.renderer.prepare(source, { revision, target, pictures: true, signal });
    for (const picture of summary.pictures) await keep(deps, key, picturePath(target, picture), signal);
    return summary;
  } finally {
    const [folder, start] = [dirname(target), `${basename(target)}.`];
    for (const name of await readdir(folder)) if (name.startsWith(start)) await rm(join(folder, name), { force: true });
  }
}

async function keep(deps: DocumentDeps, key: DocumentKey, path: string, signal: AbortSignal): Promise<void> {
  const blob = await deps.blobs.write(key.applicationId, createReadStream(path), { signal });
  await deps.locks.hold(key.applicationId, blob.sha256, async () => {
    // The collector may have taken it between the end of the writing and our lock, when the same bytes lay there unused.
    if ((await deps.blobs.size(key.applicationId, blob.sha256)) === null) throw new ApiError("unavailable", undefined, { retryAfter: 1 });
    await useBlob(deps, key, { ...blob, mediaType: "image/png" });
  });
}
