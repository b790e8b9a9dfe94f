/** The signatures of a file as its form names them (ISO 32000-2, 12.8): where they lie and what they say of themselves. Nothing is verified here. */
import { dateMillis } from "../dates.ts";
import type { ObjectFile } from "../objects/file.ts";
import { isDict, isString, type PdfDict, type PdfObject, stringText } from "../objects/values.ts";

export interface SignatureField {
  /** Fully qualified name of the form field. */
  readonly fieldName: string;
  /** How the signature is encoded: `adbe.pkcs7.detached`, `ETSI.CAdES.detached`, … */
  readonly subFilter: string | null;
  /** Numbers as they stand there: pairs of offset and length. */
  readonly byteRange: readonly number[];
  readonly signer: string | null;
  readonly reason: string | null;
  readonly location: string | null;
  /** Milliseconds since 1970, as the signer's program claims. */
  readonly signedAt: number | null;
  /** Certificates that stand in the dictionary (`adbe.x509.rsa_sha1`), DER, byte for character. */
  readonly certificates: readonly string[];
}

const MAX_DEPTH = 32;
const MOST = 500;

/** Signature fields that are signed, in the order of the form. Several fields that show one signature are one. */
export function signatureFields(file: ObjectFile): SignatureField[] {
  const found: SignatureField[] = [];
  const seen = new Set<PdfObject>();
  const visit = (object: PdfObject, above: { readonly name: string; readonly type: string | null }, depth: number): void => {
    const field = file.resolve(object);
    if (depth > MAX_DEPTH || found.length >= MOST || !isDict(field) || seen.has(field)) return;
    seen.add(field);
    const part = text(file, field.get("T"));
    const name = part === null ? above.name : above.name === "" ? part : `${above.name}.${part}`;
    const type = file.name(field.get("FT")) ?? above.type;
    const value = file.resolve(field.get("V"));
    if (type === "Sig" && isDict(value) && !seen.has(value)) {
      seen.add(value);
      found.push(signatureOf(file, name, value));
    }
    for (const kid of file.array(field.get("Kids"))) visit(kid, { name, type }, depth + 1);
  };
  for (const object of file.array(file.dict(file.catalog.get("AcroForm")).get("Fields"))) visit(object, { name: "", type: null }, 0);
  return found;
}

function signatureOf(file: ObjectFile, fieldName: string, value: PdfDict): SignatureField {
  const date = file.resolve(value.get("M"));
  const certificates = file.resolve(value.get("Cert"));
  return {
    fieldName,
    subFilter: file.name(value.get("SubFilter")),
    byteRange: file.array(value.get("ByteRange")).map((item) => file.number(item, Number.NaN)),
    signer: text(file, value.get("Name")),
    reason: text(file, value.get("Reason")),
    location: text(file, value.get("Location")),
    signedAt: isString(date) ? dateMillis(date.value) : null,
    certificates: (Array.isArray(certificates) ? certificates.map((item) => file.resolve(item)) : [certificates])
      .filter(isString)
      .map(({ value: bytes }) => bytes),
  };
}

function text(file: ObjectFile, object: PdfObject | undefined): string | null {
  const value = file.resolve(object);
  return isString(value) ? stringText(value.value) : null;
}
