/** What PDFium does not tell of a file is read where it stands, without the file being written or held. */
import type { OutlineItem } from "@lectern/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PdfEngine, RangeReader } from "../engine.ts";
import { openPdfiumNode } from "../host/node.ts";
import { latin1Bytes, rawPdf, stream } from "../testing/hostile/raw-pdf.ts";
import { OUTLINED_KINDS, OUTLINED_PASSWORD, outlinedPdf } from "../testing/outlined.ts";
import { latin } from "./lexer.ts";
import { StoredFile } from "./stored-file.ts";
import { isDict, isStream } from "./values.ts";

let engine: PdfEngine;
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => engine.close());

function outlineOf(source: Uint8Array | RangeReader, password = OUTLINED_PASSWORD): OutlineItem[] {
  const document = engine.open(source, { password });
  try {
    return document.outline();
  } finally {
    document.close();
  }
}

const LOOKS = [
  { title: "Bold", isBold: true, children: [{ title: "Größe", isItalic: true, color: "#3366ff" }] },
  { title: "Two lines" },
  { title: "Both", isBold: true, isItalic: true, color: "#ff0000" },
];

/** Without what PDFium tells. */
function looks(items: readonly OutlineItem[]): object[] {
  return items.map(({ action: _action, isExpanded: _isExpanded, children, ...item }) => ({
    ...item,
    ...(children === undefined ? {} : { children: looks(children) }),
  }));
}

function counted(bytes: Uint8Array): RangeReader & { readonly total: () => number } {
  let total = 0;
  return {
    size: bytes.length,
    total: () => total,
    read(offset, target) {
      total += target.length;
      target.set(bytes.subarray(offset, offset + target.length));
      return true;
    },
  };
}

const replaced = (bytes: Uint8Array, from: string, to: string): Uint8Array => latin1Bytes(latin(bytes).replace(from, to));

describe("the looks of an outline", () => {
  test.each(OUTLINED_KINDS)("are read from a file with $name", ({ bytes }) => {
    expect(looks(outlineOf(bytes()))).toEqual(LOOKS);
  });

  test("are read by the owner's password, and with one that the file does not need", () => {
    for (const { bytes } of OUTLINED_KINDS) expect(looks(outlineOf(bytes(), "owner"))).toEqual(LOOKS);
  });

  test("are read from a large file by a few of its bytes", () => {
    const reader = counted(outlinedPdf({ padding: 20_000_000 }));
    expect(looks(outlineOf(reader))).toEqual(LOOKS);
    expect(reader.total()).toBeLessThan(1_000_000);
  });

  test("are read behind what stands before the file, and from one whose tables are of no use", () => {
    for (const { name, bytes } of OUTLINED_KINDS.slice(0, 2)) {
      const before = latin1Bytes(`junk\n${latin(bytes())}`);
      for (const file of [before, replaced(bytes(), "startxref", "startXref")])
        expect([name, looks(outlineOf(file))]).toEqual([name, LOOKS]);
    }
  });

  test("are those of the newest version", () => {
    const before = outlinedPdf();
    const text = latin(before);
    const [, start] = /startxref\s+(\d+)/.exec(text)!;
    const item = "8 0 obj\n<</Title (Both) /Parent 4 0 R /Prev 7 0 R /C [0 1 0]>>\nendobj\n";
    const table = `xref\n0 0\n8 1\n${String(text.length).padStart(10, "0")} 00000 n \n`;
    const after = `${text}${item}${table}trailer\n<</Size 9 /Root 1 0 R /Prev ${start}>>\nstartxref\n${text.length + item.length}\n%%EOF\n`;
    expect(looks(outlineOf(latin1Bytes(after))).at(-1)).toEqual({ title: "Both", color: "#00ff00" });
  });
});

describe("a hostile file is read to an end", () => {
  const reading = (bytes: Uint8Array): StoredFile => new StoredFile(counted(bytes), { unpack: () => null, decipher: () => null });
  const CATALOG = "<</Type /Catalog /Pages 2 0 R>>";

  test("whose tables lead to each other", () => {
    const table = (offsets: readonly number[], position: number): string =>
      `xref\n0 2\n0000000000 65535 f \n${String(offsets[0]).padStart(10, "0")} 00000 n \ntrailer\n<</Size 2 /Root 1 0 R /Prev ${position} /XRefStm ${position}>>\n`;
    const file = reading(latin1Bytes(rawPdf([CATALOG], { table })));
    expect(file.catalog.size).toBe(2);
    expect(file.get(7)).toBe(null);
  });

  test("whose streams are as long as themselves, packed in themselves, or longer than the file", () => {
    const inItself = "<</Type /ObjStm /N 1 /First 4 /Length 6 0 R>>\nstream\n5 0 1\nendstream";
    const file = reading(
      latin1Bytes(
        rawPdf([
          CATALOG,
          "<</Length 2 0 R>>\nstream\nx\nendstream",
          "<</Length 99999>>\nstream\nx\nendstream",
          stream("", "ok"),
          inItself,
          "6 0 R",
        ]),
      ),
    );
    expect([2, 3, 5, 6].map((number) => isStream(file.get(number)) && (file.get(number) as { data: Uint8Array }).data.length > 0)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(file.resolve({ kind: "ref", number: 6 })).toBe(null);
    expect(isStream(file.get(4))).toBe(true);
  });

  test("which is nested without end, or never ends", () => {
    const file = reading(latin1Bytes(rawPdf([CATALOG, "[".repeat(5000), `<</Length ${"1".repeat(5000)} /A (`])));
    expect(isDict(file.get(1))).toBe(true);
    expect(file.get(2)).toBe(null);
    expect([...file.dict({ kind: "ref", number: 3 }).keys()]).toEqual(["Length", "A"]);
    expect(reading(latin1Bytes("%PDF-1.7\nnothing")).catalog.size).toBe(0);
    expect(reading(new Uint8Array()).catalog.size).toBe(0);
  });

  test("which asks for the same large object over and over", () => {
    const file = reading(latin1Bytes(rawPdf([CATALOG, `[${"1 ".repeat(100_000)}]`])));
    let reads = 0;
    while (file.get(2) !== null && reads < 10_000) reads++;
    expect(reads).toBeGreaterThan(10);
    expect(reads).toBeLessThan(1000);
  });
});
