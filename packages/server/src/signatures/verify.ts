/** Is what was signed still what stands there, and by whom was it signed? Whom to believe is the business of `trust.ts`. */
import { createHash, createVerify, constants, type KeyObject, verify, X509Certificate } from "node:crypto";
import { isCertificateOf, OID, readSignedData, readTimestampInfo, same, type SignedData, type Signer } from "./cms.ts";
import { Malformed, oid, readDer, sequence, smallInteger, TAG, time } from "./der.ts";

/** What a signature is over, read as often as it is needed. */
export interface SignedContent {
  each(use: (chunk: Uint8Array) => void): void;
}

/** Words of the published API. */
export type Integrity =
  | "ok"
  | "tampered_document"
  | "failed_to_retrieve_signature_contents"
  | "failed_to_retrieve_byterange"
  | "failed_to_compute_digest"
  | "failed_to_retrieve_signing_certificate"
  | "failed_to_retrieve_public_key"
  | "failed_unsupported_signature_type"
  | "general_failure";

export interface Verified {
  readonly integrity: Integrity;
  /** Of the signer; null when it could not be found. */
  readonly certificate: X509Certificate | null;
  /** Others that came with the signature. */
  readonly certificates: readonly X509Certificate[];
  /** As the signer's program claims; milliseconds since 1970. */
  readonly signingTime: number | null;
  /** As a timestamp authority says: of a token that is right in itself; whom to believe is not asked. */
  readonly timestamp: number | null;
}

const failed = (integrity: Integrity, known: Partial<Verified> = {}): Verified => ({
  certificate: null,
  certificates: [],
  signingTime: null,
  timestamp: null,
  ...known,
  integrity,
});

/** A signature that stands in the file as signed data. `contents`: its bytes, which may be followed by anything. */
export function verifyCms(contents: Uint8Array, content: SignedContent, subFilter: string): Verified {
  try {
    const data = readSignedData(contents);
    const [signer] = data.signers;
    if (signer === undefined || data.signers.length > 1) return failed("failed_unsupported_signature_type");
    if (subFilter === "ETSI.RFC3161") return verifyTimestamp(data, signer, content);
    if (subFilter !== "adbe.pkcs7.sha1") return verifySigner(data, signer, content);
    // What is signed is the digest of the file, which stands in the signature.
    const outcome = verifySigner(data, signer, fixed(data.content ?? new Uint8Array()));
    const isFile = data.content !== null && same(data.content, hashed("sha1", content));
    return outcome.integrity === "ok" && !isFile ? { ...outcome, integrity: "tampered_document" } : outcome;
  } catch (error) {
    if (error instanceof Malformed) return failed("failed_to_retrieve_signature_contents");
    throw error;
  }
}

/** `adbe.x509.rsa_sha1`: the bare signature, with the certificate beside it. */
export function verifyBare(contents: Uint8Array, content: SignedContent, certificates: readonly Uint8Array[]): Verified {
  try {
    const [first, ...others] = readable(certificates);
    if (first === undefined) return failed("failed_to_retrieve_signing_certificate");
    const element = readDer(contents);
    if (element.tag !== TAG.octetString) return failed("failed_to_retrieve_signature_contents");
    const key = keyOf(first);
    const known = { certificate: first, certificates: others };
    if (key === null) return failed("failed_to_retrieve_public_key", known);
    const holds = isSignature({ hash: "sha1", key, signature: element.content, saltLength: null }, content);
    return failed(holds ? "ok" : "tampered_document", known);
  } catch (error) {
    if (error instanceof Malformed) return failed("failed_to_retrieve_signature_contents");
    throw error;
  }
}

function verifyTimestamp(data: SignedData, signer: Signer, content: SignedContent): Verified {
  if (data.contentType !== OID.timestampInfo || data.content === null) return failed("failed_unsupported_signature_type");
  const outcome = verifySigner(data, signer, fixed(data.content));
  const info = readTimestampInfo(data.content);
  const hash = HASHES[info.digest.oid];
  if (hash === undefined) return { ...outcome, integrity: "failed_to_compute_digest" };
  const at = time(info.time);
  const isFile = same(info.imprint, hashed(hash, content));
  return { ...outcome, timestamp: at, integrity: outcome.integrity === "ok" && !isFile ? "tampered_document" : outcome.integrity };
}

function verifySigner(data: SignedData, signer: Signer, content: SignedContent): Verified {
  const own = data.certificates.find((der) => isCertificateOf(signer, der));
  const certificate = own === undefined ? undefined : readable([own])[0];
  const certificates = readable(data.certificates.filter((der) => der !== own));
  const claimed = signer.signed?.get(OID.signingTime);
  const known = { certificates, signingTime: claimed === undefined ? null : time(claimed), timestamp: timestampOf(signer) };
  if (own === undefined || certificate === undefined || !namesCertificate(signer, own))
    return failed("failed_to_retrieve_signing_certificate", known);
  const key = keyOf(certificate);
  if (key === null) return failed("failed_to_retrieve_public_key", { ...known, certificate });
  return failed(integrityOf(data, signer, { key, content }), { ...known, certificate });
}

function integrityOf(
  data: SignedData,
  signer: Signer,
  { key, content }: { readonly key: KeyObject; readonly content: SignedContent },
): Integrity {
  const digest = HASHES[signer.digest.oid];
  const how = methodOf(signer, digest);
  if (digest === undefined || how === null) return "failed_to_compute_digest";
  const signature = { ...how, key, signature: signer.signature };
  if (signer.signed === null || signer.signedBytes === null) return isSignature(signature, content) ? "ok" : "tampered_document";
  const stated = signer.signed.get(OID.messageDigest);
  const type = signer.signed.get(OID.contentType);
  if (stated?.tag !== TAG.octetString || oid(type) !== data.contentType) return "failed_to_retrieve_signature_contents";
  const isSame = same(stated.content, hashed(digest, content));
  return isSame && isSignature(signature, fixed(signer.signedBytes)) ? "ok" : "tampered_document";
}

/** The certificate may be named within what is signed, so that nobody puts another one of the same key in its place (RFC 5035). */
function namesCertificate({ signed }: Signer, der: Uint8Array): boolean {
  for (const [type, standard] of [
    [OID.signingCertificateV2, "sha256"],
    [OID.signingCertificate, "sha1"],
  ] as const) {
    const value = signed?.get(type);
    if (value === undefined) continue;
    const [first, second] = sequence(sequence(sequence(value)[0])[0]);
    const given = first?.tag === TAG.sequence ? HASHES[oid(first.children[0])] : standard;
    const hash = first?.tag === TAG.octetString ? first : second;
    if (given === undefined || hash?.tag !== TAG.octetString) return false;
    return same(hash.content, createHash(given).update(der).digest());
  }
  return true;
}

/** Null: none, or one that does not hold. */
function timestampOf({ unsigned, signature }: Signer): number | null {
  const token = unsigned.get(OID.timestampToken);
  if (token === undefined) return null;
  const { integrity, timestamp } = verifyCms(token.bytes, fixed(signature), "ETSI.RFC3161");
  return integrity === "ok" ? timestamp : null;
}

const HASHES: Readonly<Record<string, string>> = {
  "1.2.840.113549.2.5": "md5",
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.4": "sha224",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
  "2.16.840.1.101.3.4.2.8": "sha3-256",
  "2.16.840.1.101.3.4.2.9": "sha3-384",
  "2.16.840.1.101.3.4.2.10": "sha3-512",
};

/** Of algorithms that say theirs; null: the one of the message. */
const ALGORITHMS: Readonly<Record<string, string | null>> = {
  "1.2.840.113549.1.1.1": null,
  "1.2.840.113549.1.1.4": "md5",
  "1.2.840.113549.1.1.5": "sha1",
  "1.2.840.113549.1.1.14": "sha224",
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.2.1": null,
  "1.2.840.10045.4.1": "sha1",
  "1.2.840.10045.4.3.1": "sha224",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.2.840.10040.4.1": null,
  "1.2.840.10040.4.3": "sha1",
  "2.16.840.1.101.3.4.3.2": "sha256",
};
const PSS = "1.2.840.113549.1.1.10";
const ED25519 = "1.3.101.112";
const ED448 = "1.3.101.113";

interface SignatureToCheck {
  /** Null: the algorithm has its own. */
  readonly hash: string | null;
  readonly key: KeyObject;
  readonly signature: Uint8Array;
  /** Of RSASSA-PSS; null: another algorithm. */
  readonly saltLength: number | null;
}

function methodOf({ algorithm }: Signer, digest: string | undefined): Pick<SignatureToCheck, "hash" | "saltLength"> | null {
  if (algorithm.oid === ED25519 || algorithm.oid === ED448) return { hash: null, saltLength: null };
  if (algorithm.oid === PSS) {
    const parameters = algorithm.parameters?.children ?? [];
    const hash = parameters.find(({ tag }) => tag === 0xa0)?.children[0];
    const salt = parameters.find(({ tag }) => tag === 0xa2)?.children[0];
    const name = hash === undefined ? "sha1" : HASHES[oid(hash.children[0])];
    return name === undefined ? null : { hash: name, saltLength: salt === undefined ? 20 : smallInteger(salt) };
  }
  const own = ALGORITHMS[algorithm.oid];
  const hash = own === null ? digest : own;
  return hash === undefined ? null : { hash, saltLength: null };
}

function isSignature({ hash, key, signature, saltLength }: SignatureToCheck, content: SignedContent): boolean {
  const padding =
    key.asymmetricKeyType !== "rsa" && key.asymmetricKeyType !== "rsa-pss"
      ? {}
      : saltLength === null
        ? { padding: constants.RSA_PKCS1_PADDING }
        : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  try {
    if (hash === null) return verify(null, whole(content), key, signature);
    const check = createVerify(hash);
    content.each((chunk) => void check.update(chunk));
    return check.verify({ key, dsaEncoding: "der", ...padding }, signature);
  } catch (error) {
    // A key that is not of this algorithm, or numbers that are none.
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

function hashed(name: string, content: SignedContent): Uint8Array {
  const hash = createHash(name);
  content.each((chunk) => void hash.update(chunk));
  return hash.digest();
}

function whole(content: SignedContent): Uint8Array {
  const parts: Uint8Array[] = [];
  content.each((chunk) => void parts.push(chunk.slice()));
  return Buffer.concat(parts);
}

function fixed(bytes: Uint8Array): SignedContent {
  return { each: (use) => use(bytes) };
}

/** Those that are certificates. */
export function readable(certificates: readonly Uint8Array[]): X509Certificate[] {
  return certificates.flatMap((der) => {
    try {
      return new X509Certificate(der);
    } catch {
      return [];
    }
  });
}

function keyOf(certificate: X509Certificate): KeyObject | null {
  try {
    return certificate.publicKey;
  } catch {
    return null;
  }
}
