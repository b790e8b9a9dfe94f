/** What was redacted, looked for by other programs in the bytes that are given out: every stream unpacked, every object listed. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { nodeCodec, openPdfiumNode } from "./host/node.ts";
import { latinBytes } from "./objects/file.ts";
import { type RedactionMark, redactFile } from "./redact.ts";

const engine = await openPdfiumNode();
const has = (program: string): boolean => spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
const folder = mkdtempSync(join(tmpdir(), "lectern-redact-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Left, top, width, height: the middle of the page. */
const MARKED: RedactionMark["rects"] = [[80, 80, 140, 40]];
const SECRET = /S\s*E\s*C\s*R\s*E\s*T/;

function redacted(source: Uint8Array): Uint8Array {
  const mark: RedactionMark = {
    rects: MARKED,
    fillColor: "#000000",
    outlineColor: null,
    overlayText: null,
    repeatOverlayText: false,
    color: "#ff0000",
  };
  return redactFile(engine, source, { pages: [{ index: 0, marks: [mark] }], codec: nodeCodec, id: "0".repeat(32) });
}

/** Objects 1 (catalog), 2 (page tree) and 3 (page) with these contents; others follow from 10. */
interface Source {
  readonly content: string;
  readonly resources?: string;
  /** Beside the plain one. */
  readonly fonts?: string;
  readonly page?: string;
  readonly catalog?: string;
  readonly objects?: Readonly<Record<number, string>>;
}

const FONT = "/F <</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";
const stream = (dict: string, data: string): string => `<<${dict}/Length ${data.length}>>\nstream\n${data}\nendstream`;

function pdf({ content, resources = "", fonts = "", page = "", catalog = "", objects = {} }: Source): Uint8Array {
  const all: Record<number, string> = {
    1: `<</Type/Catalog/Pages 2 0 R${catalog}>>`,
    2: "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    3: `<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<<${FONT}${fonts}>>${resources}>>${page}>>`,
    4: stream("", `${content}\nBT /F 12 Tf 20 20 Td (Stays here) Tj ET`),
    ...objects,
  };
  let text = "%PDF-1.7\n";
  const offsets = new Map<number, number>();
  for (const [number, body] of Object.entries(all)) {
    offsets.set(Number(number), text.length);
    text += `${number} 0 obj\n${body}\nendobj\n`;
  }
  const size = Math.max(...offsets.keys()) + 1;
  const rows = Array.from({ length: size }, (_, number) => {
    const offset = offsets.get(number);
    return offset === undefined ? "0000000000 65535 f \n" : `${String(offset).padStart(10, "0")} 00000 n \n`;
  });
  return latinBytes(`${text}xref\n0 ${size}\n${rows.join("")}trailer\n<</Size ${size}/Root 1 0 R>>\nstartxref\n${text.length}\n%%EOF\n`);
}

/** The object is replaced by a later revision at the end of the file. */
function updated(bytes: Uint8Array, number: number, body: string): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1");
  const before = /startxref\s+(\d+)\s+%%EOF\s*$/.exec(text)![1]!;
  const size = /\/Size (\d+)/.exec(text)![1]!;
  const added = `${number} 0 obj\n${body}\nendobj\n`;
  const table = `xref\n${number} 1\n${String(text.length).padStart(10, "0")} 00000 n \n`;
  return latinBytes(
    `${text}${added}${table}trailer\n<</Size ${size}/Root 1 0 R/Prev ${before}>>\nstartxref\n${text.length + added.length}\n%%EOF\n`,
  );
}

/** Its bytes, all streams that qpdf can unpack, what pdftotext reads, and what pdfimages finds. */
function everything(bytes: Uint8Array): { readonly all: string; readonly text: string; readonly images: readonly Buffer[] } {
  const path = join(folder, "file.pdf");
  writeFileSync(path, bytes);
  const run = (program: string, ...args: string[]): Buffer =>
    execFileSync(program, args, { maxBuffer: 50_000_000, stdio: ["ignore", "pipe", "ignore"] });
  const plain = run("qpdf", "--qdf", "--object-streams=disable", "--decode-level=all", path, "-").toString("latin1");
  const text = run("pdftotext", "-layout", path, "-").toString();
  run("pdfimages", path, join(folder, "image"));
  const names = readdirSync(folder).filter((name) => name.startsWith("image"));
  const images = names.map((name) => execFileSync("cat", [join(folder, name)]));
  for (const name of names) rmSync(join(folder, name));
  return { all: `${Buffer.from(bytes).toString("latin1")}\n${plain}\n${hexText(plain)}`, text, images };
}

/** What strings in hexadecimal digits say, one and two bytes a character. */
function hexText(plain: string): string {
  return Array.from(plain.matchAll(/<([0-9a-fA-F\s]{4,})>/g), ([, digits = ""]) => {
    const bytes = Buffer.from(digits.replace(/\s/g, ""), "hex").toString("latin1");
    return `${bytes} ${bytes.replaceAll("\0", "")}`;
  }).join("\n");
}

const text = (words: string): string => `BT /F 20 Tf 90 95 Td (${words}) Tj ET`;
const utf16 = (words: string): string => Array.from(words, (letter) => letter.charCodeAt(0).toString(16).padStart(4, "0")).join("");
/** Codes of so many hexadecimal digits are Latin-1. */
const toUnicode = (digits: 2 | 4): string => {
  const [low, high] = ["0".repeat(digits), "FF".padStart(digits, "0")];
  return stream(
    "",
    `/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def 1 begincodespacerange <${low}> <${"F".repeat(digits)}> endcodespacerange 1 beginbfrange <${low}> <${high}> <0000> endbfrange endcmap end end`,
  );
};
const composite = (encoding: string): Record<number, string> => ({
  10: `<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/${encoding}/DescendantFonts[11 0 R]/ToUnicode 12 0 R>>`,
  11: "<</Type/Font/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 600/FontDescriptor 13 0 R>>",
  12: toUnicode(4),
  13: "<</Type/FontDescriptor/FontName/X/Flags 4/FontBBox[0 -200 1000 800]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>",
});
const secretBytes = (length: number): string => "SECRET".repeat(Math.ceil(length / 6)).slice(0, length);
const image = (more: string, data: string): string => stream(`/Type/XObject/Subtype/Image/Width 12/Height 12${more}`, data);
const GRAY = "/ColorSpace/DeviceGray/BitsPerComponent 8";
const form = (content: string, more = ""): string =>
  stream(`/Type/XObject/Subtype/Form/BBox[0 0 300 200]/Resources<</Font<<${FONT}>>>>${more}`, content);

const SOURCES: Readonly<Record<string, Source>> = {
  "plain text": { content: text("SECRET") },
  "text letter by letter": { content: "BT /F 20 Tf 90 95 Td [(S) 10 (EC) 20 (RE) (T)] TJ ET" },
  "a composite font": { content: `BT /C 20 Tf 90 95 Td <${utf16("SECRET")}> Tj ET`, fonts: "/C 10 0 R", objects: composite("Identity-H") },
  "vertical writing": { content: `BT /C 6 Tf 150 118 Td <${utf16("SECRET")}> Tj ET`, fonts: "/C 10 0 R", objects: composite("Identity-V") },
  "a font whose glyphs are drawings": {
    content: "BT /T 1 Tf 90 95 Td (SECRET) Tj ET",
    fonts: "/T 10 0 R",
    objects: {
      10: `<</Type/Font/Subtype/Type3/FontBBox[0 0 10 10]/FontMatrix[1 0 0 1 0 0]/FirstChar 67/LastChar 84/Widths[${"12 ".repeat(18)}]/CharProcs<</a 11 0 R>>/Encoding<</Type/Encoding/Differences[67 ${"/a ".repeat(18)}]>>/ToUnicode 12 0 R>>`,
      11: stream("", "12 0 0 0 10 10 d1 0 0 8 8 re f"),
      12: toUnicode(2),
    },
  },
  "a form in a form": {
    content: "/X Do",
    resources: "/XObject<</X 10 0 R>>",
    objects: {
      10: stream("/Type/XObject/Subtype/Form/BBox[0 0 300 200]/Resources<</XObject<</Y 11 0 R>>>>", "/Y Do"),
      11: form(text("SECRET")),
    },
  },
  "an inline image": { content: `q 120 0 0 30 90 85 cm BI /W 6 /H 1 /BPC 8 /CS /G ID ${secretBytes(6)}\nEI Q` },
  "an image and its soft mask": {
    content: "q 120 0 0 30 90 85 cm /I Do Q",
    resources: "/XObject<</I 10 0 R>>",
    objects: { 10: image(`${GRAY}/SMask 11 0 R`, secretBytes(144)), 11: image(GRAY, secretBytes(144)) },
  },
  "an image with a stencil as mask": {
    content: "q 120 0 0 30 90 85 cm /I Do Q",
    resources: "/XObject<</I 10 0 R>>",
    objects: { 10: image(`${GRAY}/Mask 11 0 R`, secretBytes(144)), 11: image("/ImageMask true/BitsPerComponent 1", secretBytes(24)) },
  },
  "a stencil": {
    content: "q 120 0 0 30 90 85 cm /I Do Q",
    resources: "/XObject<</I 10 0 R>>",
    objects: { 10: image("/ImageMask true/BitsPerComponent 1", secretBytes(24)) },
  },
  "an image that is covered in part": {
    content: "q 280 0 0 180 10 10 cm /I Do Q",
    resources: "/XObject<</I 10 0 R>>",
    objects: {
      10: image(`${GRAY}/Alternates[<</Image 11 0 R>>]`, `${"A".repeat(60)}${secretBytes(24)}${"A".repeat(60)}`),
      11: image(GRAY, secretBytes(144)),
    },
  },
  "a soft mask of the graphics state": {
    content: "q /G gs 0 g 80 80 140 40 re f Q",
    resources: "/ExtGState<</G <</SMask<</Type/Mask/S/Luminosity/G 10 0 R>>>>>>",
    objects: { 10: form(text("SECRET"), "/Group<</S/Transparency/CS/DeviceGray>>") },
  },
  "a pattern": {
    content: "q /Pattern cs /P scn 80 80 140 40 re f Q",
    resources: "/Pattern<</P 10 0 R>>",
    objects: {
      10: stream(
        `/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 150 50]/XStep 150/YStep 50/Resources<</Font<<${FONT}>>>>`,
        "BT /F 20 Tf 0 10 Td (SECRET) Tj ET",
      ),
    },
  },
  "what optional content hides": {
    content: `/OC /L BDC ${text("SECRET")} EMC`,
    resources: "/Properties<</L 10 0 R>>",
    catalog: "/OCProperties<</OCGs[10 0 R]/D<</OFF[10 0 R]/Order[10 0 R]>>>>",
    objects: { 10: "<</Type/OCG/Name(Layer)>>" },
  },
  "text that stands for other text, and the structure": {
    content: `/Span /A BDC ${text("x")} EMC /P <</MCID 0>> BDC ${text("y")} EMC`,
    resources: "/Properties<</A <</ActualText(SECRET)>>>>",
    page: "/StructParents 0",
    catalog: "/MarkInfo<</Marked true>>/StructTreeRoot 10 0 R",
    objects: {
      10: "<</Type/StructTreeRoot/K 11 0 R/ParentTree<</Nums[0[12 0 R]]>>>>",
      11: "<</Type/StructElem/S/Sect/P 10 0 R/T(SECRET part)/K[12 0 R]>>",
      12: "<</Type/StructElem/S/P/P 11 0 R/Pg 3 0 R/K 0/ActualText(SECRET)/Alt(SECRET)/E(SECRET)>>",
    },
  },
  "annotations with their replies and looks, and form values": {
    content: "",
    page: "/Annots[10 0 R 11 0 R 12 0 R 14 0 R]",
    catalog: "/AcroForm<</Fields[12 0 R]/DA(/F 0 Tf)/DR<</Font<<>>>>>>",
    objects: {
      10: "<</Type/Annot/Subtype/FreeText/Rect[90 85 200 115]/Contents(SECRET)/DA(/F 12 Tf)/AP<</N 13 0 R>>>>",
      11: "<</Type/Annot/Subtype/Text/Rect[0 0 20 20]/IRT 10 0 R/Contents(SECRET too)>>",
      12: "<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(SECRET)/DV(SECRET)/Rect[90 85 200 115]/AP<</N 13 0 R>>>>",
      13: form(text("SECRET")),
      14: "<</Type/Annot/Subtype/Popup/Parent 10 0 R/Rect[0 0 50 50]/Contents(SECRET)>>",
    },
  },
  "thumbnails and what programs keep of the page": {
    content: text("SECRET"),
    page: "/Thumb 10 0 R/PieceInfo<</X<</Private(SECRET)>>>>/Metadata 11 0 R",
    objects: { 10: image(GRAY, secretBytes(144)), 11: stream("/Type/Metadata/Subtype/XML", "<x>SECRET</x>") },
  },
  "objects that nothing names": { content: text("SECRET"), objects: { 10: stream("", text("SECRET")), 11: "(SECRET)" } },
};
describe.skipIf(!has("qpdf") || !has("pdftotext") || !has("pdfimages"))("after redaction other programs find nothing of", () => {
  test.each(Object.entries(SOURCES))("%s", (_name, given) => {
    const source = pdf(given);
    const { all, text: read, images } = everything(redacted(source));
    expect(all).not.toMatch(SECRET);
    expect(read).not.toMatch(SECRET);
    for (const each of images) expect(each.toString("latin1")).not.toMatch(SECRET);
    expect(read).toContain("Stays here");
    // And it was there before.
    const before = everything(source);
    expect(`${before.all}${before.text}`).toMatch(SECRET);
  });

  test("earlier revisions of the file", () => {
    const first = pdf({ content: text("SECRET") });
    const source = updated(first, 4, stream("", `${text("Public")}\nBT /F 12 Tf 20 20 Td (Stays here) Tj ET`));
    expect(Buffer.from(source).toString("latin1")).toMatch(SECRET);
    const { all, text: read } = everything(redacted(source));
    expect(all).not.toMatch(SECRET);
    expect(read).toContain("Stays here");
  });

  test("but what is not marked: files in it keep their bytes", () => {
    const source = pdf({
      content: text("gone"),
      catalog: "/Names<</EmbeddedFiles<</Names[(a.txt) 10 0 R]>>>>",
      objects: { 10: "<</Type/Filespec/F(a.txt)/UF(a.txt)/EF<</F 11 0 R>>>>", 11: stream("/Type/EmbeddedFile", "SECRET of its own") },
    });
    const path = join(folder, "attached.pdf");
    writeFileSync(path, redacted(source));
    expect(execFileSync("qpdf", ["--show-attachment=a.txt", path]).toString()).toBe("SECRET of its own");
    expect(statSync(path).size).toBeGreaterThan(0);
  });
});
