/** ASN.1 as signatures have it: DER, and of BER the indefinite lengths and strings in pieces (ITU-T X.690). Throws `Malformed` for anything else. */

export class Malformed extends Error {}

export interface Element {
  /** Identifier octet: class, whether it is constructed, number below 31. */
  readonly tag: number;
  /** What stands between the header and the end. */
  readonly content: Uint8Array;
  /** Of a constructed element. */
  readonly children: readonly Element[];
  /** All of it, as it stands there. */
  readonly bytes: Uint8Array;
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const CONSTRUCTED = 0x20;
const MAX_DEPTH = 64;
const MAX_ELEMENTS = 100_000;

/** The element at the start; what follows it is not looked at, as the space that is kept for a signature is seldom filled. */
export function readDer(bytes: Uint8Array): Element {
  const left = { elements: MAX_ELEMENTS };
  const { element } = read(bytes, 0, bytes.length, 0, left);
  return element;
}

function read(
  bytes: Uint8Array,
  start: number,
  limit: number,
  depth: number,
  left: { elements: number },
): { readonly element: Element; readonly end: number } {
  if (depth > MAX_DEPTH || left.elements-- <= 0) throw new Malformed("too deep or too much");
  if (start + 2 > limit) throw new Malformed("cut off");
  const tag = bytes[start]!;
  if ((tag & 0x1f) === 0x1f) throw new Malformed("a tag of several octets");
  const { length, at } = readLength(bytes, start + 1, limit);
  const isConstructed = (tag & CONSTRUCTED) !== 0;
  if (length !== null) {
    const end = at + length;
    if (end > limit) throw new Malformed("longer than what it stands in");
    const children: Element[] = [];
    for (let next = at; isConstructed && next < end;) {
      const child = read(bytes, next, end, depth + 1, left);
      children.push(child.element);
      next = child.end;
    }
    return { element: { tag, content: bytes.subarray(at, end), children, bytes: bytes.subarray(start, end) }, end };
  }
  if (!isConstructed) throw new Malformed("a primitive without length");
  const children: Element[] = [];
  let next = at;
  for (;;) {
    if (next + 2 > limit) throw new Malformed("without end");
    if (bytes[next] === 0 && bytes[next + 1] === 0) break;
    const child = read(bytes, next, limit, depth + 1, left);
    children.push(child.element);
    next = child.end;
  }
  return { element: { tag, content: bytes.subarray(at, next), children, bytes: bytes.subarray(start, next + 2) }, end: next + 2 };
}

/** Null: indefinite. */
function readLength(bytes: Uint8Array, start: number, limit: number): { readonly length: number | null; readonly at: number } {
  const first = bytes[start]!;
  if (first < 0x80) return { length: first, at: start + 1 };
  if (first === 0x80) return { length: null, at: start + 1 };
  const count = first & 0x7f;
  if (count > 5 || start + 1 + count > limit) throw new Malformed("a length that cannot be");
  let length = 0;
  for (let i = 1; i <= count; i++) length = length * 256 + bytes[start + i]!;
  return { length, at: start + 1 + count };
}

/** The children of a SEQUENCE. */
export function sequence(element: Element | undefined): readonly Element[] {
  if (element?.tag !== TAG.sequence) throw new Malformed("no sequence");
  return element.children;
}

export function oid(element: Element | undefined): string {
  if (element?.tag !== TAG.oid || element.content.length === 0) throw new Malformed("no object identifier");
  const arcs: number[] = [];
  let value = 0;
  for (const octet of element.content) {
    value = value * 128 + (octet & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER) throw new Malformed("an object identifier that is too long");
    if (octet >= 0x80) continue;
    arcs.push(value);
    value = 0;
  }
  const first = Math.min(2, Math.floor(arcs[0]! / 40));
  return [first, arcs[0]! - first * 40, ...arcs.slice(1)].join(".");
}

/** Of an OCTET STRING, or of another tag that stands in its place; pieces are put together. */
export function octets(element: Element): Uint8Array {
  if ((element.tag & CONSTRUCTED) === 0) return element.content;
  return Buffer.concat(element.children.map(octets));
}

export function smallInteger(element: Element | undefined): number {
  if (element?.tag !== TAG.integer || element.content.length === 0 || element.content.length > 4) throw new Malformed("no small integer");
  return element.content.reduce((value, octet) => value * 256 + octet, 0);
}

/** Milliseconds since 1970, of a UTCTime or a GeneralizedTime. */
export function time(element: Element | undefined): number {
  const text = Buffer.from(element?.content ?? new Uint8Array()).toString("latin1");
  const short = element?.tag === TAG.utcTime;
  if (!short && element?.tag !== TAG.generalizedTime) throw new Malformed("no time");
  const match = (short ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?()Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(\.\d{1,9})?Z$/).exec(text);
  if (match === null) throw new Malformed("no time");
  const [, given, month, day, hour, minute, second = "0", fraction = ""] = match;
  const year = short ? Number(given) + (Number(given) < 50 ? 2000 : 1900) : Number(given);
  return (
    Date.UTC(year, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) + Math.floor(Number(`0${fraction}`) * 1000)
  );
}

/** The same element with definite lengths throughout, under another tag: what a signature over implicitly tagged attributes is made over. */
export function definite(element: Element, tag = element.tag): Uint8Array {
  const content = (element.tag & CONSTRUCTED) === 0 ? element.content : Buffer.concat(element.children.map((child) => definite(child)));
  return encode(tag, content);
}

export function encode(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  const size: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) size.unshift(rest & 255);
  const head = length < 128 ? [tag, length] : [tag, 0x80 | size.length, ...size];
  return Buffer.concat([Uint8Array.from(head), content]);
}
