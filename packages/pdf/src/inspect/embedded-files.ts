/** The files that a file holds (ISO 32000-2, 7.11.4): those of its name tree, those that belong to it as a whole, and those of annotations. */
import { dateMillis } from "../dates.ts";
import type { ObjectFile } from "../objects/file.ts";
import { type Codec, decodeStream } from "../objects/filters.ts";
import { isDict, isStream, isString, type PdfDict, type PdfObject, refTo, stringText } from "../objects/values.ts";

export interface FileInFile {
  /** Of the bytes, in hexadecimal. */
  readonly sha256: string;
  readonly size: number;
  readonly name: string;
  readonly mediaType: string | null;
  readonly description: string | null;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number | null;
}

/** With its bytes. */
export interface EmbeddedBytes extends Omit<FileInFile, "sha256" | "size"> {
  /** What our own export calls it. */
  readonly id: string | null;
  readonly bytes: Uint8Array;
}

export interface EmbeddedFilesOptions {
  readonly codec: Codec;
  /** Hexadecimal. */
  readonly sha256: (bytes: Uint8Array) => string;
}

/** In a specification: the id of the record. */
export const FILE_ID_KEY = "LecternId";
/** Where a specification has its bytes, best first. */
export const STREAMS = ["UF", "F", "DOS", "Unix", "Mac"] as const;
/** Of the name of a file, as records have it. */
export const MAX_FILE_NAME = 1024;
const MAX_DEPTH = 32;
const MOST = 1000;

export function embeddedFiles(file: ObjectFile, { codec, sha256 }: EmbeddedFilesOptions): FileInFile[] {
  return [...filesIn(file, { codec })].map(({ bytes, id: _id, ...rest }) => ({ sha256: sha256(bytes), size: bytes.length, ...rest }));
}

/** What cannot be unpacked is left out. */
export function* filesIn(
  file: ObjectFile,
  { codec, annotations = [] }: { readonly codec: Codec; readonly annotations?: readonly number[] },
): Generator<EmbeddedBytes> {
  for (const specification of fileSpecifications(file, annotations)) {
    const found = fileOf(file, specification, codec);
    if (found !== null) yield found;
  }
}

/** In the order of the tree, then those that belong to the file as a whole, then those of annotations, which are named by their objects. */
export function fileSpecifications(file: ObjectFile, annotations: readonly number[]): ReadonlySet<PdfDict> {
  const specifications = new Set<PdfDict>();
  const add = (object: PdfObject | undefined): void => {
    const dict = file.resolve(object);
    if (isDict(dict) && specifications.size < MOST) specifications.add(dict);
  };
  for (const [, object] of namedFiles(file)) add(object);
  for (const object of file.array(file.catalog.get("AF"))) add(object);
  for (const number of annotations) add(file.dict(refTo(number)).get("FS"));
  return specifications;
}

/** The entries of the name tree, in its order. Keys are bytes. */
export function namedFiles(file: ObjectFile): [key: string, specification: PdfObject][] {
  const entries: [string, PdfObject][] = [];
  const entered = new Set<PdfObject>();
  const visit = (object: PdfObject | undefined, depth: number): void => {
    const node = file.resolve(object);
    if (!isDict(node) || depth > MAX_DEPTH || entered.has(node)) return;
    entered.add(node);
    const names = file.array(node.get("Names"));
    for (let at = 1; at < names.length && entries.length < MOST; at += 2) {
      const key = file.resolve(names[at - 1]);
      entries.push([isString(key) ? key.value : "", names[at]!]);
    }
    for (const kid of file.array(node.get("Kids"))) visit(kid, depth + 1);
  };
  visit(file.dict(file.catalog.get("Names")).get("EmbeddedFiles"), 0);
  return entries;
}

/** Null: it holds no file, or one that cannot be unpacked. */
export function fileOf(file: ObjectFile, specification: PdfDict, codec: Codec): EmbeddedBytes | null {
  const held = file.dict(specification.get("EF"));
  const stream = STREAMS.map((key) => file.resolve(held.get(key))).find((object) => isStream(object));
  const bytes = isStream(stream) ? decodeStream(file, stream, codec) : null;
  if (!isStream(stream) || bytes === null) return null;
  const modified = file.resolve(file.dict(stream.dict.get("Params")).get("ModDate"));
  return {
    id: text(file, specification.get(FILE_ID_KEY)),
    bytes,
    name: text(file, specification.get("UF")) ?? text(file, specification.get("F")) ?? "",
    mediaType: file.name(stream.dict.get("Subtype")),
    description: text(file, specification.get("Desc")),
    modifiedAt: isString(modified) ? dateMillis(modified.value) : null,
  };
}

function text(file: ObjectFile, object: PdfObject | undefined): string | null {
  const value = file.resolve(object);
  return isString(value) ? stringText(value.value) : null;
}
