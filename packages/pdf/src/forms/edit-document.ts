/** A source file with changes of its form in it, ready for whatever else export does to it. */
import type { PdfEngine, RangeReader } from "../engine.ts";
import { PdfError } from "../engine.ts";
import { handleOf } from "../pdfium/document.ts";
import { hasForm, type Lock, lockDocument, permissionBits, plainFile } from "../pdfium/form.ts";
import { sha256Hash } from "../sha256.ts";
import { type FormChange, writeForm, type WriteFormOptions } from "./write-form.ts";

export interface EditFormOptions {
  readonly password?: string;
  /** Fields become part of their pages: their looks are completed, and the form is taken away. */
  readonly flatten: boolean;
  readonly pageIndexOf: WriteFormOptions["pageIndexOf"];
  readonly fontFor?: WriteFormOptions["fontFor"];
  readonly onLeftOut?: WriteFormOptions["onLeftOut"];
}

export interface EditedForm {
  /** Not encrypted. */
  readonly bytes: Uint8Array;
  /** To be put back on what comes of it; null: the source was not encrypted. */
  readonly lock: Lock | null;
}

/** Null when there is nothing to do: no changes, or a file without a form that is to be flattened. */
export function editForm(
  engine: PdfEngine,
  source: Uint8Array | RangeReader,
  changes: readonly FormChange[],
  { password, flatten, ...rest }: EditFormOptions,
): EditedForm | null {
  if (changes.length === 0 && !flatten) return null;
  const document = engine.open(source, password === undefined ? {} : { password });
  try {
    const handle = handleOf(document);
    if (changes.length === 0 && !handle.guard(() => hasForm(handle.module, handle.docPtr))) return null;
    const { bytes, pages } = handle.guard(() => plainFile(handle));
    const isLocked = handle.guard(() => handle.module.fn.EPDF_IsEncrypted(handle.docPtr) !== 0);
    const lock = isLocked
      ? {
          password: password ?? "",
          ownerPassword: ownerPassword(source, password ?? ""),
          permissions: handle.guard(() => permissionBits(handle)),
        }
      : null;
    return { bytes: writeForm(bytes, changes, { pages, flatten, ...rest }), lock };
  } finally {
    document.close();
  }
}

/** Puts the lock on the document that is about to be saved. */
export function relock(document: Parameters<typeof handleOf>[0], lock: Lock): void {
  const handle = handleOf(document);
  if (!handle.guard(() => lockDocument(handle, lock))) throw new PdfError("failed", "the file could not be encrypted again");
}

/** Nobody knows the true one here. This one only they could find who have the source and its password, thus everything already. */
function ownerPassword(source: Uint8Array | RangeReader, password: string): string {
  const hash = sha256Hash();
  const take = Math.min(1 << 20, source instanceof Uint8Array ? source.length : source.size);
  const head = new Uint8Array(take);
  if (source instanceof Uint8Array) head.set(source.subarray(0, take));
  else if (!source.read(0, head)) throw new PdfError("failed", "the source could not be read");
  hash.update(head);
  hash.update(Uint8Array.from(password, (char) => char.charCodeAt(0) & 255));
  return [...hash.digest()].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
