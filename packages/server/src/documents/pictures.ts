/**
 * Pictures of what records cannot say, and the files in a file: a worker writes them beside the records, and they become blobs of the document before
 * any record names them.
 */
import { createReadStream } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { PagesRead, PrepareSummary, RenderSource, StoredBlob } from "../ports.ts";
import { embeddedPath, picturePath } from "../render/messages.ts";
import type { DocumentDeps } from "./deps.ts";
import { keepBlob } from "./keep-blob.ts";
import type { DocumentKey } from "./store.ts";

/** As `Renderer.prepare`. The caller removes the target. */
export async function prepareWithPictures(
  deps: DocumentDeps,
  key: DocumentKey,
  source: RenderSource,
  {
    revision,
    target,
    files = false,
    onProgress,
    signal,
  }: {
    readonly revision: number;
    readonly target: string;
    readonly files?: boolean;
    readonly onProgress?: ((pages: PagesRead) => void) | undefined;
    readonly signal: AbortSignal;
  },
): Promise<PrepareSummary> {
  try {
    const summary = await deps.renderer.prepare(source, { revision, target, pictures: true, files, onProgress, signal });
    for (const { sha256, mediaType } of summary.pictures) await keep(deps, key, { path: picturePath(target, sha256), mediaType }, signal);
    for (const file of summary.files) await keep(deps, key, { path: embeddedPath(target, file), mediaType: BYTES }, signal);
    return summary;
  } finally {
    const [folder, start] = [dirname(target), `${basename(target)}.`];
    for (const name of await readdir(folder)) if (name.startsWith(start)) await rm(join(folder, name), { force: true });
  }
}

/** Whatever the file says of it. */
const BYTES = "application/octet-stream";

async function keep(
  deps: DocumentDeps,
  key: DocumentKey,
  { path, mediaType }: { readonly path: string; readonly mediaType: string },
  signal: AbortSignal,
): Promise<void> {
  const write = (): Promise<StoredBlob> => deps.blobs.write(key.applicationId, createReadStream(path), { signal });
  await keepBlob(deps, key.applicationId, write, (blob) => deps.uses.add(key, { ...blob, mediaType }));
}
