/** Certificates and signed PDF files for tests, made of nothing but keys: every way of signing that is read, and ways to sign wrongly. */
import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { encode, TAG } from "../signatures/der.ts";

const { sequence, set, integer, octetString, bitString, utcTime } = TAG;
const UTF8_STRING = 0x0c;
const context = (number: number): number => 0xa0 + number;

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.from(encode(tag, Buffer.concat(parts)));
}
const number = (value: number): Buffer => der(integer, Buffer.from([value]));
const octets = (bytes: Uint8Array): Buffer => der(octetString, bytes);
const utc = (time: number): Buffer =>
  der(
    utcTime,
    Buffer.from(
      `${new Date(time)
        .toISOString()
        .replace(/[-:T]|\.\d+/g, "")
        .slice(2)}`,
    ),
  );

export function objectId(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split(".").map(Number) as [number, number, ...number[]];
  const base128 = (value: number): number[] => {
    const digits = [value & 127];
    for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left & 127) | 128);
    return digits;
  };
  return der(TAG.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

export type KeyKind = "ec" | "rsa" | "ed25519";

export interface Identity {
  readonly name: string;
  readonly key: KeyObject;
  readonly kind: KeyKind;
  /** DER. */
  readonly certificate: Buffer;
  readonly serial: number;
}

export interface IdentitySpec {
  readonly kind?: KeyKind;
  /** Default: it signs itself. */
  readonly issuer?: Identity;
  readonly isCa?: boolean;
  readonly from?: string;
  readonly until?: string;
}

let serials = 1;

const nameOf = (name: string): Buffer => der(sequence, der(set, der(sequence, objectId("2.5.4.3"), der(UTF8_STRING, Buffer.from(name)))));

export function identity(name: string, spec: IdentitySpec = {}): Identity {
  const { kind = "ec", isCa = false, from = "2020-01-01", until = "2049-12-31" } = spec;
  const { privateKey, publicKey } =
    kind === "ec"
      ? generateKeyPairSync("ec", { namedCurve: "prime256v1" })
      : kind === "rsa"
        ? generateKeyPairSync("rsa", { modulusLength: 2048 })
        : generateKeyPairSync("ed25519");
  const serial = serials++;
  const issuer = spec.issuer ?? { name, key: privateKey, kind };
  const keyUse = der(
    sequence,
    objectId("2.5.29.19"),
    Buffer.from([1, 1, 0xff]),
    octets(der(sequence, ...(isCa ? [Buffer.from([1, 1, 0xff])] : []))),
  );
  const tbs = der(
    sequence,
    der(context(0), number(2)),
    number(serial),
    algorithm(issuer.kind),
    nameOf(issuer.name),
    der(sequence, utc(Date.parse(from)), utc(Date.parse(until))),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    der(context(3), der(sequence, keyUse)),
  );
  const signature = sign(issuer.kind === "ed25519" ? null : "sha256", tbs, issuer.key);
  return {
    name,
    key: privateKey,
    kind,
    serial,
    certificate: der(sequence, tbs, algorithm(issuer.kind), der(bitString, Buffer.from([0]), signature)),
  };
}

export function pem({ certificate }: Identity): string {
  return `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}

const NULL = Buffer.from([5, 0]);

/** With SHA-256. */
function algorithm(kind: KeyKind, pss = false): Buffer {
  if (kind === "ec") return der(sequence, objectId("1.2.840.10045.4.3.2"));
  if (kind === "ed25519") return der(sequence, objectId("1.3.101.112"));
  if (!pss) return der(sequence, objectId("1.2.840.113549.1.1.11"), NULL);
  const sha256 = digestAlgorithm("sha256");
  const mask = der(sequence, objectId("1.2.840.113549.1.1.8"), sha256);
  return der(
    sequence,
    objectId("1.2.840.113549.1.1.10"),
    der(sequence, der(context(0), sha256), der(context(1), mask), der(context(2), number(32))),
  );
}

const DIGESTS = { sha1: "1.3.14.3.2.26", sha256: "2.16.840.1.101.3.4.2.1", sha512: "2.16.840.1.101.3.4.2.3" } as const;
const digestAlgorithm = (name: keyof typeof DIGESTS): Buffer => der(sequence, objectId(DIGESTS[name]), NULL);

export interface SigningSpec {
  readonly signer: Identity;
  readonly others?: readonly Identity[];
  readonly subFilter?: string;
  readonly digest?: keyof typeof DIGESTS;
  readonly pss?: boolean;
  readonly signedAttributes?: boolean;
  /** Of the claimed time. */
  readonly at?: number;
  /** By whom, and when. */
  readonly timestamp?: { readonly by: Identity; readonly at: number };
  /** Named within what is signed; default the signer's own. */
  readonly namedCertificate?: Identity;
  /** Left out of the signature. */
  readonly withoutCertificate?: boolean;
  /** BER with indefinite lengths, as streaming programs write it. */
  readonly indefinite?: boolean;
}

export function signedData(
  content: Buffer,
  spec: SigningSpec & { readonly encapsulated?: { readonly type: string; readonly bytes: Buffer } },
): Buffer {
  const {
    signer,
    others = [],
    digest = "sha256",
    pss = false,
    signedAttributes = true,
    at,
    timestamp,
    encapsulated,
    indefinite = false,
  } = spec;
  const type = encapsulated?.type ?? "1.2.840.113549.1.7.1";
  const attribute = (name: string, value: Buffer): Buffer => der(sequence, objectId(name), der(set, value));
  const named = spec.namedCertificate ?? signer;
  const certificateId = der(sequence, der(sequence, der(sequence, octets(createHash("sha256").update(named.certificate).digest()))));
  const attributes = Buffer.concat([
    attribute("1.2.840.113549.1.9.3", objectId(type)),
    ...(at === undefined ? [] : [attribute("1.2.840.113549.1.9.5", utc(at))]),
    attribute("1.2.840.113549.1.9.4", octets(createHash(digest).update(content).digest())),
    attribute("1.2.840.113549.1.9.16.2.47", certificateId),
  ]);
  const signedBytes = signedAttributes ? der(set, attributes) : content;
  const padding = pss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
  const signature = sign(signer.kind === "ed25519" ? null : "sha256", signedBytes, { key: signer.key, ...padding });
  const token = timestamp === undefined ? null : timestampToken(signature, timestamp);
  const issuerAndSerial = issuerOf(signer);
  const info = der(
    sequence,
    number(1),
    issuerAndSerial,
    digestAlgorithm(digest),
    ...(signedAttributes ? [der(context(0), attributes)] : []),
    algorithm(signer.kind, pss),
    octets(signature),
    ...(token === null ? [] : [der(context(1), attribute("1.2.840.113549.1.9.16.2.14", token))]),
  );
  const certificates = [...(spec.withoutCertificate === true ? [] : [signer]), ...others].map((one) => one.certificate);
  const wrap = (tag: number, ...parts: Buffer[]): Buffer =>
    indefinite ? Buffer.concat([Buffer.from([tag, 0x80]), ...parts, Buffer.from([0, 0])]) : der(tag, ...parts);
  return wrap(
    sequence,
    objectId("1.2.840.113549.1.7.2"),
    wrap(
      context(0),
      wrap(
        sequence,
        number(1),
        der(set, digestAlgorithm(digest)),
        wrap(sequence, objectId(type), ...(encapsulated === undefined ? [] : [wrap(context(0), octets(encapsulated.bytes))])),
        wrap(context(0), ...certificates),
        wrap(set, info),
      ),
    ),
  );
}

/** As it stands in the certificate. */
function issuerOf({ certificate, serial }: Identity): Buffer {
  // Version, serial number and algorithm come before the issuer.
  let at = headerOf(certificate, 0).start;
  at = headerOf(certificate, at).start;
  for (let skipped = 0; skipped < 3; skipped++) at = headerOf(certificate, at).end;
  return der(sequence, certificate.subarray(at, headerOf(certificate, at).end), number(serial));
}

function headerOf(bytes: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = bytes[at + 1]!;
  if (first < 128) return { start: at + 2, end: at + 2 + first };
  const start = at + 2 + (first & 127);
  return { start, end: start + bytes.readUIntBE(at + 2, first & 127) };
}

function timestampToken(of: Buffer, { by, at }: { readonly by: Identity; readonly at: number }): Buffer {
  const time = der(TAG.generalizedTime, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]|\.\d+/g, "")}`));
  const imprint = der(sequence, digestAlgorithm("sha256"), octets(createHash("sha256").update(of).digest()));
  const bytes = der(sequence, number(1), objectId("1.2.3.4"), imprint, number(7), time);
  return signedData(bytes, { signer: by, encapsulated: { type: "1.2.840.113549.1.9.16.1.4", bytes } });
}

const CONTENTS_BYTES = 8192;
const RANGE = "[0000000000 0000000000 0000000000 0000000000]";

/** An unsigned file of one page with an empty form. */
export function unsignedPdf(): Buffer {
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
    "<< /Fields [] /SigFlags 3 >>",
  ];
  return append(Buffer.from("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "latin1"), new Map(objects.map((text, index) => [index + 1, text])));
}

/** The file with one more revision that holds a signature, under the name `field`. */
export function signPdf(file: Buffer, spec: SigningSpec & { readonly field?: string; readonly more?: string }): Buffer {
  const { field = "signature", subFilter = "adbe.pkcs7.detached", more = "" } = spec;
  const text = file.toString("latin1");
  const earlier = Array.from(text.matchAll(/(\d+) 0 obj << \/FT \/Sig/g), ([, found]) => `${found} 0 R`);
  const next = Math.max(...Array.from(text.matchAll(/^(\d+) 0 obj/gm), ([, found]) => Number(found))) + 1;
  const unsigned = append(
    file,
    new Map([
      [4, `<< /Fields [${[...earlier, `${next} 0 R`].join(" ")}] /SigFlags 3 >>`],
      [next, `<< /FT /Sig /T (${field}) /V ${next + 1} 0 R >>`],
      [
        next + 1,
        `<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /${subFilter} ${more} /ByteRange ${RANGE} /Contents <${"0".repeat(CONTENTS_BYTES * 2)}> >>`,
      ],
    ]),
  );
  const gap = unsigned.lastIndexOf(`<${"0".repeat(64)}`);
  const end = gap + CONTENTS_BYTES * 2 + 2;
  const range = [0, gap, end, unsigned.length - end].map((value) => String(value).padStart(10, "0")).join(" ");
  unsigned.write(`[${range}]`, unsigned.lastIndexOf(RANGE), "latin1");
  const content = Buffer.concat([unsigned.subarray(0, gap), unsigned.subarray(end)]);
  unsigned.write(contentsOf(content, { ...spec, subFilter }).toString("hex"), gap + 1, "latin1");
  return unsigned;
}

function contentsOf(content: Buffer, spec: SigningSpec & { readonly subFilter: string }): Buffer {
  switch (spec.subFilter) {
    case "adbe.x509.rsa_sha1":
      return octets(sign("sha1", content, spec.signer.key));
    case "adbe.pkcs7.sha1": {
      const bytes = createHash("sha1").update(content).digest();
      return signedData(bytes, { ...spec, encapsulated: { type: "1.2.840.113549.1.7.1", bytes } });
    }
    case "ETSI.RFC3161":
      return timestampToken(content, { by: spec.signer, at: spec.at ?? 0 });
    default:
      return signedData(content, spec);
  }
}

/** One more revision (ISO 32000-2, 7.5.6). */
export function append(file: Buffer, objects: ReadonlyMap<number, string>): Buffer {
  const text = file.toString("latin1");
  const previous = /startxref\s+(\d+)\s+%%EOF\s*$/.exec(text)?.[1];
  const numbers = Array.from(text.matchAll(/^(\d+) 0 obj/gm), ([, found]) => Number(found));
  const size = Math.max(0, ...numbers, ...objects.keys()) + 1;
  let added = "";
  let table = "xref\n0 1\n0000000000 65535 f \n";
  for (const [object, body] of objects) {
    table += `${object} 1\n${String(file.length + added.length).padStart(10, "0")} 00000 n \n`;
    added += `${object} 0 obj ${body}\nendobj\n`;
  }
  const start = file.length + added.length;
  const prev = previous === undefined ? "" : ` /Prev ${previous}`;
  return Buffer.concat([
    file,
    Buffer.from(`${added}${table}trailer\n<< /Size ${size} /Root 1 0 R${prev} >>\nstartxref\n${start}\n%%EOF\n`, "latin1"),
  ]);
}
