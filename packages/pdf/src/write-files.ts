/**
 * Files in the file (ISO 32000-2, 7.11.4), as the records of a layer have them: removed, renamed, replaced and added. A removed one is out of the bytes,
 * whatever named it; a mark on a page that held it stays, and holds nothing.
 */
import type { Attachment, RecordOf } from "@lectern/protocol";
import { FILE_ID_KEY, fileOf, fileSpecifications, MAX_FILE_NAME, namedFiles, STREAMS } from "./inspect/embedded-files.ts";
import type { ObjectFile } from "./objects/file.ts";
import type { Codec } from "./objects/filters.ts";
import {
  dictOf,
  isDict,
  isName,
  isRef,
  isStream,
  nameOf,
  type PdfDict,
  type PdfObject,
  type PdfRefValue,
  textString,
} from "./objects/values.ts";

export interface FileChange {
  readonly base: RecordOf<"attachment"> | null;
  readonly current: RecordOf<"attachment"> | null;
}

export interface FileBytes {
  readonly codec: Codec;
  /** Hexadecimal. */
  readonly sha256: (bytes: Uint8Array) => string;
  /** Null: it is not there; the record is left out then. */
  readonly bytesOf: (blob: string) => Uint8Array | null;
}

/** The whole file has to be written anew afterwards: what was removed is still in its bytes. */
export function writeFiles(file: ObjectFile, changes: readonly FileChange[], { codec, sha256, bytesOf }: FileBytes): void {
  const { holders, annotations } = dictionariesOf(file);
  const found = [...fileSpecifications(file, annotations)].flatMap((specification) => {
    const held = fileOf(file, specification, codec);
    return held === null ? [] : [{ specification, name: held.name, blob: () => sha256(held.bytes) }];
  });
  const edit = (dict: PdfDict): PdfDict => {
    const number = holders.get(dict);
    if (number !== undefined) file.edit(number);
    return dict;
  };
  const gone = new Set<PdfDict>();
  const added: [key: string, specification: PdfRefValue][] = [];
  for (const { base, current } of changes) {
    const at =
      base === null
        ? -1
        : found.findIndex(({ name, blob }) => name.slice(0, MAX_FILE_NAME) === base.data.name && blob() === base.data.blob);
    const [own] = at < 0 ? [] : found.splice(at, 1);
    if (current === null) {
      if (own === undefined) continue;
      gone.add(own.specification);
      for (const key of ["EF", "RF"]) edit(own.specification).delete(key);
      continue;
    }
    const isNew = own === undefined || base?.data.blob !== current.data.blob;
    const bytes = isNew ? bytesOf(current.data.blob) : null;
    if (isNew && bytes === null) continue;
    const specification = own === undefined ? new Map<string, PdfObject>([["Type", nameOf("Filespec")]]) : edit(own.specification);
    describe(specification, current);
    if (bytes !== null) {
      const stream = file.add(embedded(bytes, current.data, codec));
      specification.set("EF", dictOf({ F: stream, UF: stream }));
    } else setType(file, specification, current.data.mediaType);
    if (own === undefined) added.push([textString(current.data.name).value, file.add(specification)]);
  }
  if (gone.size === 0 && added.length === 0) return;
  const isGone = (object: PdfObject): boolean => {
    const dict = file.resolve(object);
    return isDict(dict) && gone.has(dict);
  };
  writeTree(file, [...namedFiles(file).filter(([, object]) => !isGone(object)), ...added]);
  const whole = file.array(file.catalog.get("AF"));
  if (whole.some(isGone))
    file.editCatalog().set(
      "AF",
      whole.filter((object) => !isGone(object)),
    );
}

/** Which object each dictionary stands in, and the annotations that hold a file. */
function dictionariesOf(file: ObjectFile): { readonly holders: ReadonlyMap<PdfDict, number>; readonly annotations: readonly number[] } {
  const holders = new Map<PdfDict, number>();
  const annotations: number[] = [];
  for (let number = 1; number < file.size; number++) {
    const object = file.get(number);
    if (isDict(object) && isName(object.get("Subtype"), "FileAttachment")) annotations.push(number);
    const stack: PdfObject[] = [isStream(object) ? object.dict : object];
    for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
      if (isDict(value)) holders.set(value, number);
      if (isDict(value) || Array.isArray(value)) stack.push(...value.values());
    }
  }
  return { holders, annotations };
}

function describe(specification: PdfDict, { id, data: { name, description } }: RecordOf<"attachment">): void {
  specification.set(FILE_ID_KEY, textString(id));
  specification.set("F", textString(name));
  specification.set("UF", textString(name));
  if (description === undefined) specification.delete("Desc");
  else specification.set("Desc", textString(description));
}

function setType(file: ObjectFile, specification: PdfDict, mediaType: string | undefined): void {
  const held = file.dict(specification.get("EF"));
  for (const stream of STREAMS.map((key) => held.get(key))) {
    if (!isRef(stream) || file.name(file.dict(stream).get("Subtype")) === (mediaType ?? null)) continue;
    if (mediaType === undefined) file.edit(stream.number).delete("Subtype");
    else file.edit(stream.number).set("Subtype", nameOf(mediaType));
  }
}

function embedded(bytes: Uint8Array, { mediaType }: Attachment, codec: Codec): PdfObject {
  const data = codec.deflate(bytes);
  const dict = dictOf({
    Type: nameOf("EmbeddedFile"),
    Subtype: mediaType === undefined ? undefined : nameOf(mediaType),
    Params: dictOf({ Size: bytes.length }),
    Filter: nameOf("FlateDecode"),
    Length: data.length,
  });
  return { kind: "stream", dict, data };
}

/** One node with all entries; keys that are there twice are told apart. */
function writeTree(file: ObjectFile, entries: readonly (readonly [key: string, specification: PdfObject])[]): void {
  const catalog = file.editCatalog();
  const known = catalog.get("Names");
  const names = isRef(known) ? file.edit(known.number) : file.dict(known);
  if (!isRef(known)) catalog.set("Names", names);
  if (entries.length === 0) {
    names.delete("EmbeddedFiles");
    return;
  }
  const keys = new Map<string, PdfObject>();
  for (const [key, object] of entries) {
    let own = key;
    for (let n = 2; keys.has(own); n++) own = `${key}${textString(` ${n}`).value}`;
    keys.set(own, object);
  }
  const sorted = [...keys].toSorted(([a], [b]) => (a < b ? -1 : 1));
  names.set("EmbeddedFiles", dictOf({ Names: sorted.flatMap(([value, object]): PdfObject[] => [{ kind: "string", value }, object]) }));
}
