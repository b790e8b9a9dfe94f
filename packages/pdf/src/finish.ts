/** What is done to a whole file after everything else: its signatures go, its objects are put in the order in which a reader asks for them. */
import { type PdfEngine, PdfError } from "./engine.ts";
import { ObjectFile } from "./objects/file.ts";
import { linearFile } from "./objects/linear-file.ts";
import { isDict, isString, type PdfDict, type PdfObject } from "./objects/values.ts";
import { plainBytes } from "./pages.ts";
import { hex, keepSecurity } from "./security/keep-security.ts";

export interface Finish {
  /** Digital signatures are taken out: their fields stay, to be signed again. */
  readonly removeSignatures: boolean;
  /** For reading while it arrives: see `linearFile`. */
  readonly linear: boolean;
}

/** Encryption stays; one of these passwords opens the file, when it needs one. Throws PdfError like `open`. */
export function finishFile(
  engine: PdfEngine,
  source: Uint8Array,
  { removeSignatures, linear }: Finish,
  passwords: readonly string[] = [],
): Uint8Array {
  const { bytes, password } = opened(engine, source, passwords);
  const file = new ObjectFile(bytes);
  if (removeSignatures) dropSignatures(file);
  const ids = file.array(file.trailer.get("ID")).filter(isString);
  const id = hex((ids[1] ?? ids[0] ?? { value: "\0".repeat(16) }).value);
  const whole = { id, trailer: file.trailer, seal: null };
  const plain = file.write(id);
  const sealed = keepSecurity(engine, plain, { source, ...(password === undefined ? {} : { password }) }, { linear });
  return sealed ?? (linear ? linearFile(file, whole) : null) ?? plain;
}

function opened(
  engine: PdfEngine,
  source: Uint8Array,
  [password, ...others]: readonly string[],
): { readonly bytes: Uint8Array; readonly password: string | undefined } {
  try {
    return { bytes: plainBytes(engine, source, password), password };
  } catch (error) {
    const isOther = error instanceof PdfError && (error.code === "wrong_password" || error.code === "password_required");
    if (!isOther || others.length === 0) throw error;
    return opened(engine, source, others);
  }
}

const MAX_DEPTH = 32;

function dropSignatures(file: ObjectFile): void {
  const { catalog } = file;
  // What they allow to be changed, and what proves them.
  for (const key of ["Perms", "DSS"]) catalog.delete(key);
  const form = file.dict(catalog.get("AcroForm"));
  form.delete("SigFlags");
  const seen = new Set<PdfDict>();
  const visit = (object: PdfObject, above: string | null, depth: number): void => {
    const field = file.resolve(object);
    if (depth > MAX_DEPTH || !isDict(field) || seen.has(field)) return;
    seen.add(field);
    const type = file.name(field.get("FT")) ?? above;
    // Their looks say that somebody has signed.
    if (type === "Sig") for (const key of ["V", "AP", "Lock"]) field.delete(key);
    for (const kid of file.array(field.get("Kids"))) visit(kid, type, depth + 1);
  };
  for (const object of file.array(form.get("Fields"))) visit(object, null, 0);
}
