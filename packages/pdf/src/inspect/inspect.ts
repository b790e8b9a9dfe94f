/** What a file says of itself beside its pages. It takes a save of the whole, as `form` of a document does: ask seldom, and keep the answer. */
import type { PdfEngine, RangeReader } from "../engine.ts";
import { ObjectFile } from "../objects/file.ts";
import { plainBytes } from "../pages.ts";
import { type ContentGroupEntry, contentGroups, showContentGroups } from "./content-groups.ts";
import { embeddedFiles, type EmbeddedFilesOptions, type FileInFile } from "./embedded-files.ts";
import { type FileFont, fileFonts } from "./fonts.ts";
import { type SignatureField, signatureFields } from "./signature-fields.ts";

export interface FileInspection {
  fonts(): FileFont[];
  contentGroups(): ContentGroupEntry[];
  embeddedFiles(options: EmbeddedFilesOptions): FileInFile[];
  signatureFields(): SignatureField[];
}

/** Throws PdfError like `open`. */
export function inspectFile(engine: PdfEngine, source: Uint8Array | RangeReader, password?: string): FileInspection {
  const file = new ObjectFile(plainBytes(engine, source, password));
  return {
    fonts: () => fileFonts(file),
    contentGroups: () => contentGroups(file),
    embeddedFiles: (options) => embeddedFiles(file, options),
    signatureFields: () => signatureFields(file),
  };
}

/** The file, without encryption, with just these groups of its optional content visible. Throws PdfError like `open`. */
export function withContentGroups(
  engine: PdfEngine,
  source: Uint8Array | RangeReader,
  { shown, password }: { readonly shown: readonly number[]; readonly password?: string },
): Uint8Array {
  return showContentGroups(plainBytes(engine, source, password), shown);
}
