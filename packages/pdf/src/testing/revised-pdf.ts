/** Files as other programs write them, made from one with a classic table: objects packed in streams, and revisions one after another. */
import { ObjectFile } from "../objects/file.ts";
import { soundFile } from "../objects/sound-file.ts";
import { isRef, isStream, nameOf, objectText, type PdfDict, type PdfObject } from "../objects/values.ts";
import { objectBytes } from "../objects/write-file.ts";
import { pdfBytes } from "../pdf-writer.ts";

const MEMBERS = 100;

/** Everything but streams in object streams, and the table as a stream (ISO 32000-2, 7.5.7 and 7.5.8). */
export function packedPdf(source: Uint8Array, deflate: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const file = new ObjectFile(source);
  const parts: Uint8Array[] = [pdfBytes(["%PDF-1.7\n%\xE2\xE3\xCF\xD3\n"])];
  let size = parts[0]!.length;
  const rows: (readonly [type: number, one: number, two: number])[] = [[0, 0, 65_535]];
  const write = (number: number, object: PdfObject): void => {
    const bytes = objectBytes(number, object);
    rows[number] = [1, size, 0];
    parts.push(bytes);
    size += bytes.length;
  };
  const packed: number[] = [];
  for (const number of file.table.offsets.keys()) {
    const object = file.get(number);
    if (isStream(object)) write(number, object);
    else packed.push(number);
  }
  let next = file.size;
  for (let at = 0; at < packed.length; at += MEMBERS) {
    const members = packed.slice(at, at + MEMBERS);
    let [head, body] = ["", ""];
    for (const [index, number] of members.entries()) {
      rows[number] = [2, next, index];
      head += `${number} ${body.length} `;
      body += `${objectText(file.get(number))} `;
    }
    const dict: PdfDict = new Map<string, PdfObject>([
      ["Type", nameOf("ObjStm")],
      ["N", members.length],
      ["First", head.length],
      ["Filter", nameOf("FlateDecode")],
    ]);
    write(next++, { kind: "stream", dict, data: deflate(pdfBytes([head + body])) });
  }
  const start = size;
  rows[next] = [1, start, 0];
  const table = new Uint8Array(rows.length * 7);
  for (let number = 0; number < rows.length; number++) {
    const [type, one, two] = rows[number] ?? [0, 0, 0];
    table.set([type, one >>> 24, one >>> 16, one >>> 8, one, two >>> 8, two], number * 7);
  }
  const dict: PdfDict = new Map<string, PdfObject>([
    ["Type", nameOf("XRef")],
    ["Size", rows.length],
    ["W", [1, 4, 2]],
    ["Filter", nameOf("FlateDecode")],
  ]);
  for (const key of ["Root", "Info", "ID"]) if (file.trailer.has(key)) dict.set(key, file.trailer.get(key)!);
  parts.push(objectBytes(next, { kind: "stream", dict, data: deflate(table) }), pdfBytes([`startxref\n${start}\n%%EOF\n`]));
  return pdfBytes(parts);
}

/** With this entry of the catalog set by one more revision: what was stays before it, with the catalog as it was. */
export function revisedPdf(source: Uint8Array, key: string, value: PdfObject): Uint8Array {
  const file = soundFile(source);
  if (file === null) throw new Error("the source is not sound");
  const root = file.trailer.get("Root");
  if (!isRef(root)) throw new Error("the source has no catalog");
  const object = objectBytes(root.number, new Map(file.catalog).set(key, value));
  const start = source.length + object.length;
  const entry = `${String(source.length).padStart(10, "0")} 00000 n \n`;
  const trailer = objectText(new Map(file.trailer).set("Prev", file.table.others[0]!));
  return pdfBytes([source, object, `xref\n${root.number} 1\n${entry}trailer\n${trailer}\nstartxref\n${start}\n%%EOF\n`]);
}
