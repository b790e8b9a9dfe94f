/**
 * A file that was written anew gets the security of the one it was made from: the same key, passwords of reader and owner, and restrictions. Nobody
 * needs to know the owner's password for that, and who opens the file learns none.
 */
import type { PdfEngine, RangeReader } from "../engine.ts";
import { ObjectFile } from "../objects/file.ts";
import { linearFile } from "../objects/linear-file.ts";
import { isDict, isName, isRef, isStream, isString, type PdfDict, type PdfObject } from "../objects/values.ts";
import { handleOf } from "../pdfium/document.ts";
import { isEncrypted, saveDocument } from "../pdfium/save.ts";
import { objectCipher } from "./object-cipher.ts";

/**
 * `bytes`: plain, as `ObjectFile` reads them. `linear`: see `linearFile`. Null: the other file has no security. Throws PdfError like `open`, and
 * `unsupported_security`.
 */
export function keepSecurity(
  engine: PdfEngine,
  bytes: Uint8Array,
  like: { readonly source: Uint8Array | RangeReader; readonly password?: string },
  { linear = false }: { readonly linear?: boolean } = {},
): Uint8Array | null {
  const { source, password = "" } = like;
  const document = engine.open(source, { password });
  let saved: Uint8Array;
  try {
    const handle = handleOf(document);
    if (!handle.guard(() => isEncrypted(handle))) return null;
    saved = handle.guard(() => saveDocument(handle.module, handle.docPtr));
  } finally {
    document.close();
  }
  const other = new ObjectFile(saved);
  const cipher = objectCipher(other, password);
  if (cipher === null) return null;
  const security = whole(other, other.trailer.get("Encrypt") ?? null, 0) as PdfDict;
  const ids = other.array(other.trailer.get("ID"));
  const file = new ObjectFile(bytes);
  const own = file.array(file.trailer.get("ID"));
  // The key of older revisions hangs on the first of them.
  file.trailer.set("ID", [ids[0] ?? own[0] ?? null]);
  const last = own[1] ?? own[0];
  const plainMetadata = security.get("EncryptMetadata") === false;
  const id = isString(last) ? hex(last.value) : NO_ID;
  const seal = { security, seal: (number: number, object: PdfObject) => sealed(object, number) };
  const inOrder = linear ? linearFile(file, { id, trailer: file.trailer, seal }) : null;
  return inOrder ?? file.write(id, file.trailer, seal);

  function sealed(object: PdfObject, number: number): PdfObject {
    if (isString(object)) return { kind: "string", value: cipher!.string(number, object.value) };
    if (Array.isArray(object)) return object.map((item) => sealed(item, number));
    if (isDict(object)) {
      // A signature is read from the file as it stands.
      const isSignature = object.has("ByteRange") && object.has("Contents");
      return new Map([...object].map(([key, value]) => [key, isSignature && key === "Contents" ? value : sealed(value, number)]));
    }
    if (!isStream(object)) return object;
    const isOpen = plainMetadata && isName(object.dict.get("Type"), "Metadata");
    return {
      kind: "stream",
      dict: sealed(object.dict, number) as PdfDict,
      data: isOpen ? object.data : cipher!.stream(number, object.data),
    };
  }
}

const NO_ID = "0".repeat(32);

export function hex(bytes: string): string {
  return Array.from(bytes, (character) => character.charCodeAt(0).toString(16).padStart(2, "0"))
    .join("")
    .toUpperCase();
}

/** Without references: it goes into another file. */
function whole(file: ObjectFile, object: PdfObject, depth: number): PdfObject {
  const value = isRef(object) ? file.resolve(object) : object;
  if (depth > 8) return null;
  if (Array.isArray(value)) return value.map((item) => whole(file, item, depth + 1));
  if (isDict(value)) return new Map([...value].map(([key, item]) => [key, whole(file, item, depth + 1)]));
  return value;
}
