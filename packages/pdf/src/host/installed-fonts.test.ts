import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { PdfEngine } from "../engine.ts";
import type { FindFont, FontRequest, Script } from "../pdfium/system-fonts.ts";
import { pdfName, pdfRaw, pdfWriter } from "../pdf-writer.ts";
import { plainText } from "../text.ts";
import { pagesPdf } from "../testing/index.ts";
import { installedFonts } from "./installed-fonts.ts";
import { openPdfiumNode } from "./node.ts";

/** What a file calls its writing, how it encodes it, and two characters. */
const WRITINGS: readonly (readonly [script: Script, ordering: string, encoding: string, text: string])[] = [
  ["japanese", "Japan1", "UniJIS-UCS2-H", "日本"],
  ["simplifiedChinese", "GB1", "UniGB-UCS2-H", "中国"],
  ["traditionalChinese", "CNS1", "UniCNS-UCS2-H", "中國"],
  ["korean", "Korea1", "UniKS-UCS2-H", "한글"],
];

const request = (script: Script): FontRequest => ({ script, face: "Odd", weight: 400, italic: false, fixedPitch: false, serif: false });
const find = installedFonts();

/** A page whose only text is in a font that is not in the file. */
function withoutFont(ordering: string, encoding: string, text: string): Uint8Array {
  const writer = pdfWriter();
  const [root, tree] = [writer.reserve(), writer.reserve()];
  const common = { Type: pdfName("Font"), BaseFont: pdfName("Odd-W3") };
  const descriptor = writer.add({
    Type: pdfName("FontDescriptor"),
    FontName: pdfName("Odd-W3"),
    Flags: 4,
    FontBBox: [0, -200, 1000, 900],
    ItalicAngle: 0,
    StemV: 90,
  });
  const descendant = writer.add({
    ...common,
    Subtype: pdfName("CIDFontType0"),
    FontDescriptor: descriptor,
    CIDSystemInfo: { Registry: "Adobe", Ordering: ordering, Supplement: 2 },
  });
  const font = writer.add({ ...common, Subtype: pdfName("Type0"), Encoding: pdfName(encoding), DescendantFonts: [descendant] });
  const digits = Array.from(text, (character) => character.charCodeAt(0).toString(16).padStart(4, "0")).join("");
  const content = writer.stream({}, `BT /F 40 Tf 20 40 Td <${digits}> Tj ET`);
  const page = writer.add({
    Type: pdfName("Page"),
    Parent: tree,
    MediaBox: pdfRaw("[0 0 200 100]"),
    Contents: content,
    Resources: { Font: { F: font } },
  });
  writer.set(root, { Type: pdfName("Catalog"), Pages: tree });
  writer.set(tree, { Type: pdfName("Pages"), Kids: [page], Count: 1 });
  return writer.finish({ Root: root });
}

function ink(engine: PdfEngine, file: Uint8Array): number {
  const document = engine.open(file);
  const { data } = document.render(0, { width: 200 });
  document.close();
  return data.filter((value, at) => at % 4 === 0 && value < 128).length;
}

for (const [script, ordering, encoding, text] of WRITINGS) {
  test.skipIf(find(request(script)) === null)(`text of ${script} without its font is drawn in one that is installed`, async () => {
    const withFonts = await openPdfiumNode({ findFont: find });
    const without = await openPdfiumNode({ findFont: () => null });
    const file = withoutFont(ordering, encoding, text);
    expect(ink(without, file)).toBe(0);
    expect(ink(withFonts, file)).toBeGreaterThan(150);
    expect(plainText(withFonts.open(file).text(0))).toContain(text);
    withFonts.close();
    without.close();
  });
}

test("nothing is asked for Latin text, and a font that cannot be used leaves a blank", async () => {
  const asked: Script[] = [];
  const findFont: FindFont = ({ script }) => {
    asked.push(script);
    return { face: "Odd", size: 100, offset: null, read: () => new Uint8Array(100).fill(7) };
  };
  const engine = await openPdfiumNode({ findFont });
  expect(ink(engine, pagesPdf(1))).toBeGreaterThan(50);
  expect(asked).toEqual([]);
  expect(ink(engine, withoutFont("Japan1", "UniJIS-UCS2-H", "日本"))).toBe(0);
  expect(new Set(asked)).toEqual(new Set(["japanese"]));
  expect(engine.broken).toBe(false);
  engine.close();
});

test("files that are no fonts are passed over", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lectern-fonts-"));
  try {
    await writeFile(join(folder, "empty.ttf"), "");
    await writeFile(join(folder, "text.otf"), "no font at all, only some words that go on and on");
    await writeFile(join(folder, "cut.ttc"), "ttcf\0\x01\0\0\xff\xff\xff\xff");
    await writeFile(join(folder, "readme.txt"), "hello");
    expect(installedFonts([folder, join(folder, "missing")])(request("japanese"))).toBeNull();
  } finally {
    await rm(folder, { recursive: true });
  }
});
