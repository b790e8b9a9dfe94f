/**
 * Changes a file that PDFium has saved: its objects stay where they are, new ones follow, and one cross-reference table ends it.
 * What is replaced or taken away is gone from the bytes too. The same calls give the same bytes.
 */
import { type PdfDictionary, pdfBytes, type PdfObjects, pdfRaw, type PdfRef, pdfRef, pdfSyntax, type PdfValue } from "./pdf-writer.ts";
import { entriesOf, type SavedFile, unexpected } from "./saved-file.ts";

/** Ciphers of an encrypted file, by the number of the object that they belong to; bytes as code units below 256. */
export interface ObjectCipher {
  string(number: number, bytes: string): string;
  stream(number: number, bytes: Uint8Array): Uint8Array;
}

export interface FileId {
  /** 32 hexadecimal digits that name this version of the file. */
  readonly version: string;
  /** The source has no identifier: the permanent one is the same. */
  readonly isFirst: boolean;
}

export interface FileUpdate extends PdfObjects {
  readonly file: SavedFile;
  /** In place of the object with this number: its entries as they are written there, but for those that are given; undefined removes one. */
  change(number: number, entries: PdfDictionary): void;
  /** What stands under this number from now on, a dictionary; null when there is none. */
  current(number: number): ReadonlyMap<string, string> | null;
  free(number: number): void;
  finish(id: FileId): Uint8Array;
}

export function updateFile(file: SavedFile, cipher: ObjectCipher | null = null): FileUpdate {
  const objects = new Map<number, readonly (string | Uint8Array)[]>();
  const changed = new Map<number, ReadonlyMap<string, string>>();
  const freed = new Set<number>();
  let next = file.size;

  const syntax = (number: number, value: PdfValue): string =>
    pdfSyntax(value, cipher === null ? undefined : (bytes) => cipher.string(number, bytes));
  const current = (number: number): ReadonlyMap<string, string> | null => {
    const known = changed.get(number);
    if (known !== undefined) return known;
    const written = objects.get(number);
    return written === undefined ? file.dictionary(number) : entriesOf(String(written[0]));
  };
  const set = (ref: PdfRef, value: PdfValue): void => void objects.set(ref.number, [syntax(ref.number, value)]);
  const reserve = () => pdfRef(next++);

  return {
    file,
    reserve,
    current,
    set,
    add(value) {
      const ref = reserve();
      set(ref, value);
      return ref;
    },
    stream(dictionary, content, ref = reserve()) {
      const plain = typeof content === "string" ? pdfBytes([content]) : content;
      const bytes = cipher === null ? plain : cipher.stream(ref.number, plain);
      objects.set(ref.number, [`${syntax(ref.number, { ...dictionary, Length: bytes.length })}\nstream\n`, bytes, "\nendstream"]);
      return ref;
    },
    change(number, entries) {
      const before = current(number);
      if (before === null) throw unexpected(`object ${number}`);
      const after = new Map(before);
      for (const [key, value] of Object.entries(entries)) {
        if (value === undefined) after.delete(key);
        else after.set(key, syntax(number, value));
      }
      changed.set(number, after);
      objects.set(number, [`<<${[...after].map(([key, value]) => `/${key} ${value}`).join(" ")}>>`]);
    },
    free: (number) => void freed.add(number),
    finish(id) {
      for (const number of freed) objects.delete(number);
      const parts: (string | Uint8Array)[] = ["\n"];
      let at = file.startxref + 1;
      const offsets = new Map([...file.extents].map(([number, [offset]]) => [number, offset]));
      for (const number of freed) offsets.delete(number);
      for (const [number, object] of [...objects].toSorted(([a], [b]) => a - b)) {
        offsets.set(number, at);
        for (const part of [`${number} 0 obj\n`, ...object, "\nendobj\n"]) {
          parts.push(part);
          at += part.length;
        }
      }
      parts.push(table(offsets, next), `trailer\n${trailer(file, next, id)}\nstartxref\n${at}\n%%EOF\n`);
      const added = pdfBytes(parts);
      const bytes = new Uint8Array(file.startxref + added.length);
      bytes.set(file.bytes.subarray(0, file.startxref));
      bytes.set(added, file.startxref);
      for (const number of [...objects.keys(), ...freed]) {
        const extent = file.extents.get(number);
        if (extent !== undefined) bytes.fill(SPACE, ...extent);
      }
      return bytes;
    },
  };
}

const SPACE = 0x20;

function table(offsets: ReadonlyMap<number, number>, size: number): string {
  let lines = `xref\n0 ${size}\n0000000000 65535 f\r\n`;
  for (let number = 1; number < size; number++) {
    const offset = offsets.get(number);
    lines += offset === undefined ? "0000000000 65535 f\r\n" : `${String(offset).padStart(10, "0")} 00000 n\r\n`;
  }
  return lines;
}

/** The permanent identifier of a file stays: an encrypted one's is part of its key. */
function trailer(file: SavedFile, size: number, id: FileId): string {
  const kept = ["Root", "Info", "Encrypt"].flatMap((key) => {
    const value = file.trailer.get(key);
    return value === undefined ? [] : [[key, pdfRaw(value)] as const];
  });
  const permanent = id.isFirst ? null : /^\[\s*(<[0-9A-Fa-f]*>|\((?:\\[\s\S]|[^\\)])*\))/.exec(file.trailer.get("ID") ?? "");
  return pdfSyntax({
    Size: size,
    ...Object.fromEntries(kept),
    ID: [pdfRaw(permanent?.[1] ?? `<${id.version}>`), pdfRaw(`<${id.version}>`)],
  });
}
