/** The signatures of a file in the published shape. Called by the workers: files and certificates of strangers are read. */
import type { X509Certificate } from "node:crypto";
import type { SignatureField } from "@lectern/pdf";
import type { FileReader } from "@lectern/pdf/node";
import type { SignatureReport, SignatureReports } from "@lectern/protocol";
import { trustIn } from "./trust.ts";
import { readable, type SignedContent, type Verified, verifyBare, verifyCms } from "./verify.ts";

export interface SignaturesOfFile {
  readonly fields: readonly SignatureField[];
  /** The bytes as they were uploaded. */
  readonly file: FileReader;
  /** Certificates that the caller believes, DER. */
  readonly trusted: readonly Uint8Array[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function signatureReports({ fields, file, trusted, now }: SignaturesOfFile): SignatureReports {
  const believed = readable(trusted);
  const signatures = fields.map((field) => reportOf(field, file, { trusted: believed, now }));
  const statuses = signatures.map((one) => one.signatureValidationStatus);
  const status = (["error", "warning"] as const).find((bad) => statuses.includes(bad)) ?? "valid";
  return {
    checkedAt: new Date(now).toISOString(),
    // The last signature covers what stood there when it was made, earlier signatures included.
    documentModifiedSinceSignature: signatures.length > 0 && signatures.every((one) => one.documentModifiedSinceSignature),
    ...(signatures.length === 0 ? {} : { status }),
    signatures,
  };
}

const CMS = new Set(["adbe.pkcs7.detached", "adbe.pkcs7.sha1", "ETSI.CAdES.detached", "ETSI.RFC3161"]);

function reportOf(
  field: SignatureField,
  file: FileReader,
  { trusted, now }: { readonly trusted: readonly X509Certificate[]; readonly now: number },
): SignatureReport {
  const range = rangeOf(field.byteRange, file);
  const verified: Verified =
    range === null
      ? { integrity: "failed_to_retrieve_byterange", certificate: null, certificates: [], signingTime: null, timestamp: null }
      : verifiedIn(field, range);
  const { integrity, certificate, timestamp } = verified;
  const trust = certificate === null ? null : trustIn(certificate, { others: verified.certificates, trusted, now });
  const isModified = range === null || range.isFollowed;
  const at = timestamp ?? verified.signingTime ?? field.signedAt;
  const signer = certificate === null ? field.signer : (commonName(certificate.subject) ?? field.signer);
  const isGood = integrity === "ok" && trust?.isTrusted === true && !isModified;
  const isBad = integrity !== "ok" || trust?.status === "invalid";
  return {
    type: "pspdfkit/signature-info",
    signatureFormFQN: field.fieldName,
    documentIntegrityStatus: integrity,
    certificateChainValidationStatus: trust?.status ?? "failed_to_retrieve_signature_contents",
    signatureValidationStatus: isBad ? "error" : isGood ? "valid" : "warning",
    isTrusted: trust?.isTrusted ?? false,
    isSelfSigned: trust?.isSelfSigned ?? false,
    isExpired: trust?.isExpired ?? false,
    documentModifiedSinceSignature: isModified,
    ...(signer === null ? {} : { signerName: signer }),
    ...(at === null ? {} : { creationDate: new Date(at).toISOString() }),
    ...(field.reason === null ? {} : { signatureReason: field.reason }),
    ...(field.location === null ? {} : { signatureLocation: field.location }),
    ...(certificate === null ? {} : validityOf(certificate)),
    ...(certificate === null ? {} : { issuerName: commonName(certificate.issuer) ?? certificate.issuer }),
    ...(timestamp === null ? {} : { timestamp: new Date(timestamp).toISOString() }),
    ...(field.subFilter === "ETSI.CAdES.detached" ? { signatureType: "cades" as const } : {}),
    ...(field.subFilter?.startsWith("adbe.pkcs7.") === true ? { signatureType: "cms" as const } : {}),
  };
}

function verifiedIn({ subFilter, certificates }: SignatureField, { contents, content }: SignedRange): Verified {
  if (subFilter === "adbe.x509.rsa_sha1")
    return verifyBare(
      contents,
      content,
      certificates.map((bytes) => Buffer.from(bytes, "latin1")),
    );
  if (subFilter !== null && CMS.has(subFilter)) return verifyCms(contents, content, subFilter);
  return { integrity: "failed_unsupported_signature_type", certificate: null, certificates: [], signingTime: null, timestamp: null };
}

interface SignedRange {
  readonly content: SignedContent;
  /** The signature itself, which stands in the gap. */
  readonly contents: Uint8Array;
  /** More stands in the file after what was signed. */
  readonly isFollowed: boolean;
}

const MAX_CONTENTS = 4_000_000;
const CHUNK = 1_000_000;

/**
 * From the first byte of the file, with one gap that holds the signature in hexadecimal digits and nothing else: in any other gap something could be
 * shown that nobody signed. Null: it is not such a range.
 */
function rangeOf(numbers: readonly number[], file: FileReader): SignedRange | null {
  const [start, first, second, length] = numbers as [number, number, number, number];
  if (numbers.length !== 4 || !numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) return null;
  const end = second + length;
  if (start !== 0 || first === 0 || second <= first || second - first > MAX_CONTENTS || length === 0 || end > file.size) return null;
  const gap = readAt(file, first, second - first);
  const digits = /^<([0-9A-Fa-f\s]*)>$/.exec(gap.toString("latin1"))?.[1]?.replace(/\s/g, "");
  if (digits === undefined) return null;
  return {
    contents: Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, "hex"),
    content: {
      each(use) {
        for (const [from, to] of [
          [0, first],
          [second, end],
        ] as const)
          for (let at = from; at < to; at += CHUNK) use(readAt(file, at, Math.min(CHUNK, to - at)));
      },
    },
    isFollowed: hasMore(file, end),
  };
}

/** Line ends and spaces are nothing. */
function hasMore(file: FileReader, from: number): boolean {
  for (let at = from; at < file.size; at += CHUNK)
    if (/[^\s\0]/.test(readAt(file, at, Math.min(CHUNK, file.size - at)).toString("latin1"))) return true;
  return false;
}

function readAt(file: FileReader, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (!file.read(offset, bytes)) throw new Error("the file could not be read");
  return bytes;
}

/** Node writes a name as lines `CN=…`. */
function commonName(name: string): string | null {
  return /^CN=(.+)$/m.exec(name)?.[1] ?? null;
}

function validityOf({ validFrom, validTo }: X509Certificate): { readonly validFrom?: string; readonly validUntil?: string } {
  const [from, until] = [Date.parse(validFrom), Date.parse(validTo)];
  return {
    ...(Number.isNaN(from) ? {} : { validFrom: new Date(from).toISOString() }),
    ...(Number.isNaN(until) ? {} : { validUntil: new Date(until).toISOString() }),
  };
}
