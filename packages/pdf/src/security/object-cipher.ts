/**
 * The key of an encrypted file, and with it ciphers for objects that are appended to it and for those that it has
 * (ISO 32000-2, 7.6, standard security handler, revisions 2 to 6). Deterministic: what PDF calls a random vector follows from
 * the key and the content, so that the same content gives the same bytes.
 */
import { PdfError } from "../engine.ts";
import type { ObjectReader } from "../objects/reader.ts";
import { isString, type PdfDict } from "../objects/values.ts";
import { pdfBytes } from "../pdf-writer.ts";
import { sha256Hash } from "../sha256.ts";
import { decryptBlocks, decryptCbc, encryptBlocks, encryptCbc } from "./aes.ts";
import { md5, rc4, sha384, sha512 } from "./hashes.ts";

/** Ciphers of an encrypted file, by the number of the object that they belong to; bytes as code units below 256. */
export interface ObjectCipher {
  string(number: number, bytes: string): string;
  stream(number: number, bytes: Uint8Array): Uint8Array;
}

/** The other way, by number and generation. */
export interface ObjectDecipher {
  string(number: number, generation: number, bytes: string): string;
  stream(number: number, generation: number, bytes: Uint8Array): Uint8Array;
}

/** `file`: saved under its encryption. Null for one that has none. Throws PdfError `wrong_password`, `unsupported_security`. */
export function objectCipher(file: ObjectReader, password: string): ObjectCipher | null {
  const found = keyOf(file, password);
  if (found === null) return null;
  const { security, key } = found;
  const encrypt = (method: Method, object: number, plain: Uint8Array): Uint8Array => {
    if (method === "none") return plain;
    const own = method === "aes-256" ? key : objectKey(key, object, method === "aes-128");
    return method === "rc4" ? rc4(own, plain) : encryptCbc(own, vector(own, object, plain), plain);
  };
  return {
    string: (object, bytes) => latin1(encrypt(security.strings, object, pdfBytes([bytes]))),
    stream: (object, bytes) => encrypt(security.streams, object, bytes),
  };
}

/** Of a file as it stands. What was not encrypted as it should be comes out as nonsense, or as nothing. Otherwise as `objectCipher`. */
export function objectDecipher(file: ObjectReader, password: string): ObjectDecipher | null {
  const found = keyOf(file, password);
  if (found === null) return null;
  const { security, key } = found;
  const decrypt = (method: Method, object: readonly [number: number, generation: number], bytes: Uint8Array): Uint8Array => {
    if (method === "none") return bytes;
    const own = method === "aes-256" ? key : objectKey(key, object[0], method === "aes-128", object[1]);
    return method === "rc4" ? rc4(own, bytes) : decryptCbc(own, bytes);
  };
  return {
    string: (number, generation, bytes) => latin1(decrypt(security.strings, [number, generation], pdfBytes([bytes]))),
    stream: (number, generation, bytes) => decrypt(security.streams, [number, generation], bytes),
  };
}

function keyOf(file: ObjectReader, password: string): { readonly security: Security; readonly key: Uint8Array } | null {
  if (!file.trailer.has("Encrypt")) return null;
  const entries = file.dict(file.trailer.get("Encrypt"));
  if (entries.size === 0) throw unsupported();
  const security = readSecurity(file, entries);
  // Only files that are embedded are encrypted, and those are left as they are: no key is needed.
  if (security.strings === "none" && security.streams === "none") return { security, key: new Uint8Array() };
  const key = passwordBytes(password, security.revision)
    .map((bytes) => fileKey(security, bytes))
    .find((found) => found !== null);
  if (key === undefined) throw new PdfError("wrong_password", "the password does not open the saved file");
  return { security, key };
}

type Method = "none" | "rc4" | "aes-128" | "aes-256";

interface Security {
  readonly revision: number;
  readonly keyBytes: number;
  readonly strings: Method;
  readonly streams: Method;
  readonly owner: Uint8Array;
  readonly user: Uint8Array;
  readonly ownerKey: Uint8Array;
  readonly userKey: Uint8Array;
  readonly permissions: number;
  readonly fileId: Uint8Array;
  readonly withMetadata: boolean;
}

function readSecurity(file: ObjectReader, entries: PdfDict): Security {
  const bytes = (key: string): Uint8Array => {
    const value = file.resolve(entries.get(key));
    return pdfBytes([isString(value) ? value.value : ""]);
  };
  const version = file.number(entries.get("V"), 0);
  const filters = file.dict(entries.get("CF"));
  const method = (key: string): Method => {
    if (version < 4) return "rc4";
    const name = file.name(entries.get(key));
    if (name === null || name === "Identity") return "none";
    const filter = file.name(file.dict(filters.get(name)).get("CFM"));
    const known = filter === null ? undefined : METHODS[filter];
    if (known === undefined) throw unsupported();
    return known;
  };
  if (file.name(entries.get("Filter")) !== "Standard" || ![1, 2, 4, 5].includes(version)) throw unsupported();
  const [fileId] = file.array(file.trailer.get("ID")).map((id) => file.resolve(id));
  return {
    revision: file.number(entries.get("R"), 0),
    keyBytes: version === 5 ? 32 : version === 1 ? 5 : version === 4 ? 16 : file.number(entries.get("Length"), 40) / 8,
    strings: method("StrF"),
    streams: method("StmF"),
    owner: bytes("O"),
    user: bytes("U"),
    ownerKey: bytes("OE"),
    userKey: bytes("UE"),
    permissions: file.number(entries.get("P"), 0) | 0,
    fileId: pdfBytes([isString(fileId) ? fileId.value : ""]),
    withMetadata: file.resolve(entries.get("EncryptMetadata")) !== false,
  };
}

const METHODS: Readonly<Record<string, Method>> = { None: "none", V2: "rc4", AESV2: "aes-128", AESV3: "aes-256" };

/** As it may have been written when the file was made. */
function passwordBytes(password: string, revision: number): Uint8Array[] {
  const utf8 = pdfBytes([unescape(encodeURIComponent(password))]).subarray(0, 127);
  // oxlint-disable-next-line no-control-regex
  const isLatin1 = /^[\x00-\xff]*$/.test(password);
  return revision >= 5 || !isLatin1 ? [utf8] : [pdfBytes([password]), utf8];
}

function unescape(encoded: string): string {
  return encoded.replace(/%([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function fileKey(security: Security, password: Uint8Array): Uint8Array | null {
  if (security.revision >= 5) return longKey(security, password);
  const asUser = shortKey(security, password);
  if (opens(security, asUser)) return asUser;
  const asOwner = shortKey(security, userPassword(security, password));
  return opens(security, asOwner) ? asOwner : null;
}

const PADDING = Uint8Array.from([
  0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08, 0x2e, 0x2e, 0x00, 0xb6, 0xd0, 0x68, 0x3e,
  0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a,
]);

/** Algorithm 2. */
function shortKey({ revision, keyBytes, owner, permissions, fileId, withMetadata }: Security, password: Uint8Array): Uint8Array {
  const flags = Uint8Array.from([0, 8, 16, 24], (shift) => permissions >>> shift);
  const end = revision >= 4 && !withMetadata ? Uint8Array.of(255, 255, 255, 255) : new Uint8Array();
  let hash = md5(concat(padded(password), owner.subarray(0, 32), flags, fileId, end));
  if (revision >= 3) for (let i = 0; i < 50; i++) hash = md5(hash.subarray(0, keyBytes));
  return hash.slice(0, keyBytes);
}

/** Algorithms 4 and 5. */
function opens({ revision, user, fileId }: Security, key: Uint8Array): boolean {
  if (revision === 2) return same(rc4(key, PADDING), user.subarray(0, 32));
  let hash = md5(concat(PADDING, fileId));
  for (let i = 0; i < 20; i++)
    hash = rc4(
      key.map((byte) => byte ^ i),
      hash,
    );
  return same(hash, user.subarray(0, 16));
}

/** Algorithm 7: what the owner's password says of the user's. */
function userPassword({ revision, keyBytes, owner }: Security, password: Uint8Array): Uint8Array {
  let hash = md5(padded(password));
  if (revision >= 3) for (let i = 0; i < 50; i++) hash = md5(hash);
  const key = hash.subarray(0, keyBytes);
  let found = owner.subarray(0, 32);
  for (let i = revision >= 3 ? 19 : 0; i >= 0; i--)
    found = rc4(
      key.map((byte) => byte ^ i),
      found,
    );
  return found;
}

/** Algorithm 2.A. */
function longKey({ revision, owner, user, ownerKey, userKey }: Security, password: Uint8Array): Uint8Array | null {
  const hash = (salt: Uint8Array, ofUser: Uint8Array): Uint8Array => longHash(revision, password, salt, ofUser);
  const [none, whole, zero] = [new Uint8Array(), user.subarray(0, 48), new Uint8Array(16)];
  if (same(hash(user.subarray(32, 40), none), user.subarray(0, 32)))
    return decryptBlocks(hash(user.subarray(40, 48), none), zero, userKey.subarray(0, 32));
  if (same(hash(owner.subarray(32, 40), whole), owner.subarray(0, 32)))
    return decryptBlocks(hash(owner.subarray(40, 48), whole), zero, ownerKey.subarray(0, 32));
  return null;
}

/** Algorithm 2.B. */
function longHash(revision: number, password: Uint8Array, salt: Uint8Array, ofUser: Uint8Array): Uint8Array {
  let key = sha256(concat(password, salt, ofUser));
  if (revision === 5) return key;
  for (let round = 0; ; round++) {
    const once = concat(password, key, ofUser);
    const many = new Uint8Array(once.length * 64);
    for (let i = 0; i < 64; i++) many.set(once, i * once.length);
    const mixed = encryptBlocks(key.slice(0, 16), key.slice(16, 32), many);
    const kind = mixed.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) % 3;
    key = kind === 0 ? sha256(mixed) : kind === 1 ? sha384(mixed) : sha512(mixed);
    if (round >= 63 && mixed.at(-1)! <= round - 31) return key.slice(0, 32);
  }
}

/** Algorithm 1. */
function objectKey(key: Uint8Array, object: number, isAes: boolean, generation = 0): Uint8Array {
  const place = Uint8Array.of(object, object >> 8, object >> 16, generation, generation >> 8);
  const salt = isAes ? Uint8Array.of(0x73, 0x41, 0x6c, 0x54) : new Uint8Array();
  return md5(concat(key, place, salt)).slice(0, Math.min(16, key.length + 5));
}

function vector(key: Uint8Array, object: number, plain: Uint8Array): Uint8Array {
  return sha256(concat(key, Uint8Array.of(object, object >> 8, object >> 16), plain)).slice(0, 16);
}

function sha256(bytes: Uint8Array): Uint8Array {
  const hash = sha256Hash();
  hash.update(bytes);
  return hash.digest();
}

function padded(password: Uint8Array): Uint8Array {
  return concat(password, PADDING).slice(0, 32);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function unsupported(): PdfError {
  return new PdfError("unsupported_security", "the file is encrypted in a way that is not supported");
}
