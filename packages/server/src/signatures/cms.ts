/** Signed data of the Cryptographic Message Syntax (RFC 5652), as far as signatures in PDF files use it. Reads; `verify.ts` checks. */
import { definite, type Element, Malformed, octets, oid, readDer, sequence, smallInteger, TAG } from "./der.ts";

export const OID = {
  signedData: "1.2.840.113549.1.7.2",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingTime: "1.2.840.113549.1.9.5",
  signingCertificate: "1.2.840.113549.1.9.16.2.12",
  signingCertificateV2: "1.2.840.113549.1.9.16.2.47",
  timestampToken: "1.2.840.113549.1.9.16.2.14",
  timestampInfo: "1.2.840.113549.1.9.16.1.4",
  subjectKeyIdentifier: "2.5.29.14",
} as const;

export interface Algorithm {
  readonly oid: string;
  readonly parameters: Element | null;
}

export interface Signer {
  /** Issuer and serial number as they stand in the certificate, or its key identifier. */
  readonly certificate: { readonly issuer: Uint8Array; readonly serial: Uint8Array } | { readonly keyId: Uint8Array };
  readonly digest: Algorithm;
  readonly algorithm: Algorithm;
  readonly signature: Uint8Array;
  /** By type; null: the signature is over the content itself. */
  readonly signed: ReadonlyMap<string, Element> | null;
  /** What the signature is over, when there are signed attributes. */
  readonly signedBytes: Uint8Array | null;
  readonly unsigned: ReadonlyMap<string, Element>;
}

export interface SignedData {
  readonly contentType: string;
  /** Null: the content is elsewhere. */
  readonly content: Uint8Array | null;
  /** DER. */
  readonly certificates: readonly Uint8Array[];
  readonly signers: readonly Signer[];
}

const CONTEXT_0 = 0xa0;
const CONTEXT_1 = 0xa1;
const KEY_ID = 0x80;
const MOST_CERTIFICATES = 100;

/** Throws `Malformed`. */
export function readSignedData(bytes: Uint8Array): SignedData {
  const [type, wrapped] = sequence(readDer(bytes));
  if (oid(type) !== OID.signedData || wrapped?.tag !== CONTEXT_0) throw new Malformed("no signed data");
  const [, , encapsulated, ...rest] = sequence(wrapped.children[0]);
  const [contentType, content] = sequence(encapsulated);
  const certificates = rest.find(({ tag }) => tag === CONTEXT_0)?.children ?? [];
  const signers = rest.at(-1);
  if (signers?.tag !== TAG.set) throw new Malformed("no signers");
  return {
    contentType: oid(contentType),
    content: content?.children[0] === undefined ? null : octets(content.children[0]),
    certificates: certificates
      .filter(({ tag }) => tag === TAG.sequence)
      .slice(0, MOST_CERTIFICATES)
      .map((certificate) => certificate.bytes),
    signers: signers.children.map(readSigner),
  };
}

function readSigner(element: Element): Signer {
  const [, id, digest, ...rest] = sequence(element);
  const signed = rest[0]?.tag === CONTEXT_0 ? rest.shift()! : null;
  const [algorithm, signature, unsigned] = rest;
  if (signature?.tag !== TAG.octetString) throw new Malformed("no signature");
  return {
    certificate: signerId(id),
    digest: algorithmOf(digest),
    algorithm: algorithmOf(algorithm),
    signature: signature.content,
    signed: signed === null ? null : attributes(signed),
    // In the order in which they came, as other programs check it.
    signedBytes: signed === null ? null : definite(signed, TAG.set),
    unsigned: unsigned?.tag === CONTEXT_1 ? attributes(unsigned) : new Map(),
  };
}

function signerId(id: Element | undefined): Signer["certificate"] {
  if (id !== undefined && (id.tag === KEY_ID || id.tag === CONTEXT_0)) return { keyId: octets(id) };
  const [issuer, serial] = sequence(id);
  if (issuer === undefined || serial?.tag !== TAG.integer) throw new Malformed("no signer");
  return { issuer: issuer.bytes, serial: serial.content };
}

export function algorithmOf(element: Element | undefined): Algorithm {
  const [name, parameters] = sequence(element);
  return { oid: oid(name), parameters: parameters ?? null };
}

/** The first value of each; a type that comes twice is a trick. */
function attributes(set: Element): Map<string, Element> {
  const found = new Map<string, Element>();
  for (const attribute of set.children) {
    const [type, values] = sequence(attribute);
    const name = oid(type);
    const value = values?.children[0];
    if (found.has(name) || value === undefined) throw new Malformed("an attribute that is there twice, or empty");
    found.set(name, value);
  }
  return found;
}

/** By what a signer names it. */
export function isCertificateOf({ certificate }: Signer, der: Uint8Array): boolean {
  const [tbs] = sequence(readDer(der));
  const fields = sequence(tbs).filter(({ tag }) => tag !== CONTEXT_0);
  if ("keyId" in certificate) {
    const extensions = sequence(tbs).find(({ tag }) => tag === 0xa3)?.children[0]?.children ?? [];
    const own = extensions.map((extension) => sequence(extension)).find(([name]) => oid(name) === OID.subjectKeyIdentifier);
    const value = own?.at(-1);
    return value !== undefined && same(octets(readDer(value.content)), certificate.keyId);
  }
  const [serial, , issuer] = fields;
  return serial !== undefined && issuer !== undefined && same(serial.content, certificate.serial) && same(issuer.bytes, certificate.issuer);
}

/** Of a timestamp (RFC 3161): what it was made for, and when. */
export function readTimestampInfo(bytes: Uint8Array): { readonly digest: Algorithm; readonly imprint: Uint8Array; readonly time: Element } {
  const [version, , imprint, , time] = sequence(readDer(bytes));
  if (smallInteger(version) !== 1 || time === undefined) throw new Malformed("no timestamp");
  const [digest, hash] = sequence(imprint);
  if (hash?.tag !== TAG.octetString) throw new Malformed("no imprint");
  return { digest: algorithmOf(digest), imprint: hash.content, time };
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
