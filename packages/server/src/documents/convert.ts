/** What was uploaded and is no PDF becomes one, which takes its place as the source of the document's revision. The uploaded bytes are kept. */
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "@lectern/protocol/plain";
import type { UploadedKind } from "../convert/kinds.ts";
import type { ConvertOptions } from "../ports.ts";
import type { DocumentDeps } from "./deps.ts";
import { keepBlob } from "./keep-blob.ts";
import { type DocumentRow, replaceSource } from "./store.ts";

/** A PDF that is stored. */
export interface ConvertedFile {
  readonly sha256: string;
  readonly size: number;
  readonly warnings: readonly string[];
  readonly now: number;
}

/** The document with its PDF (`replace`: how that is noted); null when it is gone. Throws ApiError as the converters do. */
export async function convertDocument(
  deps: DocumentDeps,
  document: DocumentRow,
  uploaded: UploadedKind & { readonly blob: string },
  signal: AbortSignal,
  replace: (source: ConvertedFile) => Promise<DocumentRow | null> = (source) => replaceSource(deps.database, document, source),
): Promise<DocumentRow | null> {
  const { applicationId } = document;
  const target = join(deps.tempDir, `${newId(deps.clock.now(), deps.random(10))}.pdf`);
  try {
    const path = await deps.blobs.localPath(applicationId, uploaded.blob);
    const warnings = await convertFile(deps, { path, ...uploaded }, target, signal);
    return await keepBlob(
      deps,
      applicationId,
      () => deps.blobs.write(applicationId, createReadStream(target), { maxBytes: deps.maxUploadBytes, signal }),
      (pdf) => replace({ ...pdf, warnings, now: deps.clock.now() }),
    );
  } finally {
    await rm(target, { force: true });
  }
}

/** Writes the PDF to `target`; gives warnings. */
export async function convertFile(
  deps: DocumentDeps,
  file: UploadedKind & { readonly path: string; readonly blob: string } & Pick<ConvertOptions, "sheet" | "beside">,
  target: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { path, blob, kind, mediaType, extension, sheet = null, beside = [] } = file;
  switch (kind) {
    case "pdf":
      throw new Error("a PDF is not converted");
    case "office":
      await deps.converter.convert({ path, extension }, { target, signal });
      return [];
    default:
      return (await deps.renderer.convert({ path, sha256: blob }, { kind, mediaType, target, sheet, beside, signal })).warnings;
  }
}

/** What conversion had to say, while the document is not ready yet. */
export function convertWarnings({ statusReason }: Pick<DocumentRow, "statusReason">): readonly string[] {
  return statusReason === null ? [] : statusReason.split("\n");
}
