/** Files whose skeleton lies: page trees, cross-references, object streams, boxes, nesting, encryption, headers. */
import { crossReference, onePage, rawPdf, type RawObjects, seeded, stream, zlib, zlibBomb } from "./raw-pdf.ts";

/** Name → the file's text. */
export type Texts = Readonly<Record<string, () => string>>;

const CATALOG = "<< /Type /Catalog /Pages 2 0 R >>";
const PAGE = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] >>";

function tree(kids: string, count: number | string, more: RawObjects = []): string {
  return rawPdf([CATALOG, `<< /Type /Pages /Kids ${kids} /Count ${count} >>`, PAGE, ...more]);
}

function listed(texts: Record<string, readonly (readonly [name: string, text: () => string])[]>): Texts {
  return Object.fromEntries(Object.entries(texts).flatMap(([group, files]) => files.map(([name, text]) => [`${group}: ${name}`, text])));
}

export function pageTrees(): Texts {
  const counts = [
    -1,
    0,
    2,
    1000,
    100_001,
    1_000_000,
    2_147_483_647,
    "4294967296",
    "99999999999999999999",
    "1.5",
    "(many)",
    "null",
    "2 0 R",
  ];
  return listed({
    count: counts.map((count) => [`1 page that says ${count}`, () => tree("[3 0 R]", count)] as const),
    "a million": [
      ["nested lies", () => tree("[4 0 R]", 1_000_000, ["<< /Type /Pages /Parent 2 0 R /Kids [3 0 R] /Count 1000000 >>"])],
      ["the same page 50,000 times", () => tree(`[${"3 0 R ".repeat(50_000)}]`, 50_000)],
      ["the same page 120,000 times", () => tree(`[${"3 0 R ".repeat(120_000)}]`, 120_000)],
      ["empty kids", () => tree(`[${"null ".repeat(10_000)}]`, 10_000)],
      ["kids that do not exist", () => tree(`[${Array.from({ length: 5000 }, (_, n) => `${n + 100} 0 R`).join(" ")}]`, 5000)],
      ["ten levels of the same ten", () => doubling(10, 10)],
      ["thirty levels of the same two", () => doubling(30, 2)],
      ["2,000 levels", () => chain(2000)],
      ["50,000 levels", () => chain(50_000)],
    ],
    cycle: [
      ["to itself", () => tree("[2 0 R]", 1)],
      ["to itself, then a page", () => tree("[2 0 R 3 0 R]", 2)],
      ["to its parent", () => tree("[4 0 R 3 0 R]", 3, ["<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 1 >>"])],
      [
        "of two",
        () => tree("[4 0 R]", 2, ["<< /Type /Pages /Kids [5 0 R] /Count 2 >>", "<< /Type /Pages /Kids [4 0 R 3 0 R] /Count 2 >>"]),
      ],
      [
        "parents that lead to each other",
        () => tree("[4 0 R]", 1, ["<< /Type /Page /Parent 5 0 R >>", "<< /Parent 6 0 R >>", "<< /Parent 5 0 R >>"]),
      ],
      ["the page is its parent", () => tree("[4 0 R]", 1, ["<< /Type /Page /Parent 4 0 R >>"])],
      ["the catalog is the tree", () => rawPdf(["<< /Type /Catalog /Pages 1 0 R /Kids [1 0 R] /Count 3 >>"])],
      ["the page is the catalog", () => rawPdf(["<< /Type /Catalog /Pages 2 0 R /MediaBox [0 0 9 9] >>", "<< /Kids [1 0 R] /Count 1 >>"])],
      ["kids are an object that is itself", () => rawPdf([CATALOG, "<< /Type /Pages /Kids 3 0 R /Count 1 >>", "3 0 R"])],
    ],
    "no tree": [
      ["kids are a number", () => tree("7", 1)],
      ["kids are a stream", () => tree("4 0 R", 1, [stream("", "[3 0 R]")])],
      ["no root", () => rawPdf([null, null, PAGE])],
      ["root is the page", () => rawPdf([CATALOG, null, PAGE], { root: "3 0 R" })],
      ["root does not exist", () => rawPdf([CATALOG], { root: "77 0 R" })],
      ["root is itself", () => rawPdf(["1 0 R"])],
      ["nothing but the header", () => "%PDF-1.7\n"],
      ["nothing but header and end", () => "%PDF-1.7\n%%EOF"],
    ],
  });
}

/** Each level has `width` times the same kid: a page tree of `width` to the power of `levels`. */
function doubling(levels: number, width: number): string {
  const nodes = Array.from(
    { length: levels },
    (_, level) => `<< /Type /Pages /Kids [${`${level + 3} 0 R `.repeat(width)}] /Count ${width ** (levels - level)} >>`,
  );
  return rawPdf([CATALOG, ...nodes, PAGE]);
}

function chain(levels: number): string {
  const nodes = Array.from(
    { length: levels },
    (_, level) => `<< /Type /Pages /Parent ${level + 1} 0 R /Kids [${level + 3} 0 R] /Count 1 >>`,
  );
  return rawPdf([CATALOG, ...nodes, PAGE]);
}

const SIDES = [
  "0",
  "-1",
  "1e30",
  "-99999999999999999999999999999999999999999",
  "2147483648",
  "14400",
  "1000001",
  "0.0000001",
  "NaN",
  "Infinity",
  "--5",
  "(a)",
  "null",
  "1 0 R",
  "[]",
  "3.4e38",
];

export function boxes(): Texts {
  const given =
    (mediaBox: string, page = ""): (() => string) =>
    () =>
      onePage({ mediaBox, page, content: "1 0 0 rg 0 0 100 100 re f BT ET" });
  return listed({
    "media box": [
      ...SIDES.map((side) => [`right is ${side}`, given(`[0 0 ${side} 100]`)] as const),
      ["all zeros", given("[0 0 0 0]")],
      ["upside down", given("[300 300 0 0]")],
      ["far away", given("[900000 900000 900100 900100]")],
      ["a million points", given("[-500000 -500000 500000 500000]")],
      ["a hair", given("[0 0 0.001 1000000]")],
      ["a line", given("[0 0 1000000 0.001]")],
      ["two numbers", given("[100 100]")],
      ["100,000 numbers", given(`[${"7 ".repeat(100_000)}]`)],
      ["itself", given("3 0 R")],
      ["a name", given("/A4")],
    ],
    "crop box": ["[0 0 0 0]", "[400 400 500 500]", "[-1e30 -1e30 1e30 1e30]", "[NaN NaN NaN NaN]", "[299.9999 299.9999 300 300]"].map(
      (box) => [box, given("[0 0 300 300]", `/CropBox ${box}`)] as const,
    ),
    "user unit": ["0", "-1", "1e30", "75000", "NaN"].map((unit) => [unit, given("[0 0 300 300]", `/UserUnit ${unit}`)] as const),
    rotate: ["45", "-90", "1e30", "99999999999999", "NaN", "(90)"].map(
      (turn) => [turn, given("[0 0 300 300]", `/Rotate ${turn}`)] as const,
    ),
  });
}

export function nesting(): Texts {
  const depths = [500, 5000, 200_000] as const;
  const around = (open: string, close: string, depth: number, middle = ""): string => open.repeat(depth) + middle + close.repeat(depth);
  const group = (make: (depth: number) => string): (readonly [string, () => string])[] =>
    depths.map((depth) => [`${depth} deep`, () => make(depth)] as const);
  return listed({
    arrays: group((depth) => onePage({ page: `/Odd ${around("[", "]", depth)}` })),
    dictionaries: group((depth) => onePage({ page: `/Odd ${around("<</A ", ">>", depth, "1")}` })),
    "strings in content": group((depth) => onePage({ content: `BT /F1 9 Tf ${around("(", ")", depth)} Tj ET` })),
    "arrays in content": group((depth) => onePage({ content: `${around("[", "]", depth)} 0 d 0 0 m 9 9 l S` })),
    "dictionaries in content": group((depth) => onePage({ content: `/P ${around("<</A ", ">>", depth, "1")} BDC EMC` })),
    "never closed": group((depth) => onePage({ page: `/Odd ${"[<</A ".repeat(depth)}` })),
    "saved states": group((depth) => onePage({ content: `${"q 1 0 0 1 1 1 cm ".repeat(depth)} 0 0 9 9 re f` })),
    "restored states": group((depth) => onePage({ content: `${"Q ".repeat(depth)} 0 0 9 9 re f` })),
    "marked content": group((depth) => onePage({ content: "/P BMC ".repeat(depth) })),
  });
}

export function crossReferences(): Texts {
  const sound: RawObjects = [CATALOG, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", PAGE];
  const starts = ["0", "-1", "99999999999", "18446744073709551616", "abc", "", "1e9", "7\n7\n7", "(7)", "0x10"];
  const table = (rows: string, trailer = ""): string => `${rows}trailer\n<< /Size 4 /Root 1 0 R ${trailer} >>\n`;
  return listed({
    startxref: [
      ...starts.map(
        (startxref) => [startxref === "" ? "missing" : startxref.replaceAll("\n", " "), () => rawPdf(sound, { startxref })] as const,
      ),
      ["a million of them", () => rawPdf(sound, { tail: "startxref\n0\n%%EOF\n".repeat(100_000) })],
    ],
    "previous table": [
      ["is itself", () => rawPdf(sound, { table: (offsets, at) => table(crossReference(offsets), `/Prev ${at}`) })],
      ["is the header", () => rawPdf(sound, { table: (offsets) => table(crossReference(offsets), "/Prev 0") })],
      ["is negative", () => rawPdf(sound, { table: (offsets) => table(crossReference(offsets), "/Prev -9") })],
      ["is beyond the end", () => rawPdf(sound, { table: (offsets) => table(crossReference(offsets), "/Prev 2147483647") })],
      ["two that name each other", () => twoTables(sound)],
      ["stream is the table itself", () => rawPdf(sound, { table: (offsets, at) => table(crossReference(offsets), `/XRefStm ${at}`) })],
      ["10,000 tables", () => manyTables(sound, 10_000)],
    ],
    table: [
      ["a billion objects", () => rawPdf(sound, { table: () => table("xref\n0 1000000000\n0000000000 65535 f \n") })],
      ["from the last number on", () => rawPdf(sound, { table: () => table("xref\n4294967295 4\n0000000000 65535 f \n") })],
      ["negative", () => rawPdf(sound, { table: () => table("xref\n-5 4\n0000000000 65535 f \n") })],
      ["all objects at the same place", () => rawPdf(sound, { table: (offsets) => table(crossReference(offsets.map(() => offsets[0]!))) })],
      ["all objects at 0", () => rawPdf(sound, { table: () => table(`xref\n0 4\n${"0000000000 00000 n \n".repeat(4)}`) })],
      ["size is huge", () => rawPdf(sound, { trailer: "/Size 2147483647" })],
      ["size is negative", () => rawPdf(sound, { trailer: "/Size -7" })],
      ["garbage rows", () => rawPdf(sound, { table: () => table(`xref\n0 4\n${"xyzzyxyzzy 00abc n \n".repeat(4)}`) })],
      ["no trailer", () => rawPdf(sound, { table: () => "" })],
      ["trailer is an array", () => rawPdf(sound, { table: (offsets) => `${crossReference(offsets)}trailer\n[1 2 3]\n` })],
    ],
    "table as a stream": [
      ["wide fields", () => streamTable("/W [4 99999999 4]", zlib("\0".repeat(500)))],
      ["negative fields", () => streamTable("/W [-1 -2 -3]", zlib("\0".repeat(500)))],
      ["no fields", () => streamTable("/W [0 0 0]", zlib("\0".repeat(500)))],
      ["a billion rows", () => streamTable("/W [1 4 2] /Index [0 1000000000]", zlib("\0".repeat(500)))],
      ["a billion rows in fact", () => streamTable("/W [1 1 1] /Index [0 300000000]", zlibBomb(900_000_000, 1))],
      ["of objects in each other", () => streamTable("/W [1 2 1]", zlib("\x02\0\x03\0".repeat(4)))],
      ["previous is itself", () => streamTable("/W [1 4 2] /Prev 9", zlib("\0".repeat(70)))],
      [
        "predictor of a billion columns",
        () => streamTable("/W [1 4 2] /DecodeParms << /Predictor 12 /Columns 1000000000 >>", zlib("\0".repeat(70))),
      ],
      [
        "predictor of -1 columns",
        () =>
          streamTable("/W [1 4 2] /DecodeParms << /Predictor 12 /Columns -1 /Colors 99999 /BitsPerComponent 77 >>", zlib("\0".repeat(70))),
      ],
    ],
    "object number": [
      ["4 billion", () => "%PDF-1.7\n4294967295 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 4294967295 0 R >>\n%%EOF"],
      ["negative", () => "%PDF-1.7\n-1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root -1 0 R >>\n%%EOF"],
      ["zero", () => "%PDF-1.7\n0 0 obj\n<< /Type /Catalog /Pages 0 0 R >>\nendobj\ntrailer\n<< /Root 0 0 R >>\n%%EOF"],
      [
        "a hundred thousand times the same",
        () => `%PDF-1.7\n${"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n".repeat(100_000)}trailer\n<< /Root 1 0 R >>\n%%EOF`,
      ],
    ],
  });
}

function twoTables(objects: RawObjects): string {
  const trailer = (previous: number): string => `trailer\n<< /Size 4 /Root 1 0 R /Prev ${String(previous).padStart(9, "0")} >>\n`;
  return rawPdf(objects, {
    table: (offsets, at) => {
      const one = crossReference(offsets);
      const second = at + one.length + trailer(0).length;
      return `${one}${trailer(second)}${one}${trailer(at)}`;
    },
  });
}

function manyTables(objects: RawObjects, count: number): string {
  const link = (next: number): string =>
    `xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 4 /Root 1 0 R /Prev ${String(next).padStart(9, "0")} >>\n`;
  const size = link(0).length;
  return rawPdf(objects, {
    table: (offsets, at) =>
      `${Array.from({ length: count }, (_, n) => link(at + (n + 1) * size)).join("")}${crossReference(offsets)}trailer\n<< /Size 4 /Root 1 0 R >>\n`,
  });
}

function streamTable(entries: string, content: string): string {
  const table = stream(`/Type /XRef /Size 4 /Root 1 0 R /Filter /FlateDecode ${entries}`, content);
  return `%PDF-1.7\n9 0 obj\n${table}\nendobj\n1 0 obj\n${CATALOG}\nendobj\n2 0 obj\n<< /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n${PAGE}\nendobj\nstartxref\n9\n%%EOF`;
}

export function objectStreams(): Texts {
  const around = (entries: string, content: string): string =>
    rawPdf([CATALOG, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", PAGE, stream(`/Type /ObjStm ${entries}`, content)], {
      table: (offsets, at) => {
        const row = (type: number, a: number, b: number): string => String.fromCharCode(type, a >> 16, (a >> 8) & 255, a & 255, b);
        const rows = [
          row(0, 0, 0),
          ...offsets.map((offset) => row(1, offset, 0)),
          row(1, at, 0),
          ...[0, 1, 2].map((n) => row(2, 4, n)),
        ].join("");
        return `5 0 obj\n${stream("/Type /XRef /Size 9 /Root 6 0 R /W [1 3 1]", rows)}\nendobj\n`;
      },
    });
  const inside = `6 0 7 40 8 80 ${CATALOG.padEnd(40)}${"<< /Kids [3 0 R] /Count 1 >>".padEnd(40)}${PAGE}`;
  return listed({
    "object stream": [
      ["sound", () => around("/N 3 /First 14", inside)],
      ["a billion objects", () => around("/N 1000000000 /First 14", inside)],
      ["negative", () => around("/N -3 /First -14", inside)],
      ["begins beyond its end", () => around("/N 3 /First 2147483647", inside)],
      ["extends itself", () => around("/N 3 /First 14 /Extends 4 0 R", inside)],
      ["holds itself", () => around("/N 3 /First 14", `4 0 7 40 8 80 ${"<< /A 4 0 R >>".padEnd(80)}`)],
      ["offsets beyond the end", () => around("/N 3 /First 50", `6 99999999 7 88888888 8 ${"7".repeat(30)} `)],
      ["a gigabyte of zeros", () => around("/N 3 /First 14 /Filter /FlateDecode", zlibBomb(1_000_000_000, 1))],
      ["four gigabytes in two layers", () => around("/N 3 /First 14 /Filter [/FlateDecode /FlateDecode]", zlibBomb(4_000_000_000, 2))],
      ["a hundred filters", () => around(`/N 3 /First 14 /Filter [${"/FlateDecode ".repeat(100)}]`, zlib(inside))],
      ["length is itself", () => around("/N 3 /First 14 /Length 4 0 R", inside)],
      [
        "20,000 numbers without objects",
        () => around("/N 20000 /First 200000", Array.from({ length: 20_000 }, (_, n) => `${n + 10} 0`).join(" ")),
      ],
    ],
  });
}

export function encryption(seed: number): Texts {
  const id = "/ID [<00> <00>]";
  const file =
    (dictionary: string, more = id): (() => string) =>
    () =>
      onePage({ content: "BT ET", objects: [`<< ${dictionary} >>`], options: { trailer: `/Encrypt 5 0 R ${more}` } });
  const keys = (count: number): string => {
    const random = seeded(seed, `keys ${count}`);
    const hex = (): string => Array.from({ length: count }, () => random.below(256).toString(16).padStart(2, "0")).join("");
    return `/O <${hex()}> /U <${hex()}> /OE <${hex()}> /UE <${hex()}> /Perms <${hex()}>`;
  };
  const versions = [-1, 0, 1, 2, 3, 4, 5, 6, 99, 2_147_483_647];
  return listed({
    encryption: [
      ...versions.map((v) => [`version ${v}`, file(`/Filter /Standard /V ${v} /R ${v} /P -4 ${keys(32)}`)] as const),
      ...[-128, 0, 1, 7, 40, 99_999, 2_147_483_647].map(
        (bits) => [`keys of ${bits} bits`, file(`/Filter /Standard /V 2 /R 3 /Length ${bits} /P -4 ${keys(32)}`)] as const,
      ),
      ["empty", file("")],
      ["keys of no bytes", file("/Filter /Standard /V 5 /R 6 /P -4 /O () /U () /OE () /UE () /Perms ()")],
      ["keys of 100,000 bytes", file(`/Filter /Standard /V 5 /R 6 /P -4 ${keys(20_000)}`)],
      [
        "filters that name each other",
        file(`/Filter /Standard /V 4 /R 4 /P -4 /CF << /A << /CFM /B >> /B << /CFM /A >> >> /StmF /A /StrF /B ${keys(32)}`),
      ],
      ["filters that are itself", file(`/Filter /Standard /V 4 /R 4 /P -4 /CF 5 0 R /StmF /CF /StrF /CF ${keys(32)}`)],
      ["an unknown handler", file(`/Filter /Nobody.Knows /V 4 ${keys(32)}`)],
      ["no identifier", file(`/Filter /Standard /V 2 /R 3 /Length 128 /P -4 ${keys(32)}`, "")],
      ["identifier of numbers", file(`/Filter /Standard /V 2 /R 3 /Length 128 /P -4 ${keys(32)}`, "/ID [1 2]")],
      ["is the catalog", () => onePage({ options: { trailer: `/Encrypt 1 0 R ${id}` } })],
      ["is itself", () => onePage({ objects: ["5 0 R"], options: { trailer: `/Encrypt 5 0 R ${id}` } })],
      ["does not exist", () => onePage({ options: { trailer: `/Encrypt 99 0 R ${id}` } })],
      ["rights as text", file(`/Filter /Standard /V 2 /R 3 /P (all) ${keys(32)}`)],
    ],
  });
}

export function headers(): Texts {
  const sound = onePage({ content: "0 0 9 9 re f" });
  return listed({
    header: [
      ["a version of 1,000 digits", () => sound.replace("%PDF-1.7", `%PDF-${"9".repeat(1000)}`)],
      ["no version", () => sound.replace("%PDF-1.7", "%PDF-")],
      ["a hundred headers", () => "%PDF-1.7\n".repeat(100) + sound],
      ["behind a kilobyte of noise", () => "\0\xff".repeat(500) + sound],
      ["carriage returns only", () => sound.replaceAll("\n", "\r")],
      ["zeros instead of spaces", () => sound.replaceAll(" ", "\0")],
      ["a megabyte of zeros behind it", () => sound + "\0".repeat(1_000_000)],
      ["a megabyte of comments behind it", () => sound + "%\n".repeat(500_000)],
      ["one comment of a megabyte", () => sound.replace("\n", `\n%${"x".repeat(1_000_000)}\n`)],
      ["two files in one", () => sound + sound],
      ["as UTF-16", () => `%PDF-1.7\n${Array.from(sound, (c) => `\0${c}`).join("")}`],
    ],
    length: ["-1", "0", "2147483647", "4 0 R", "99999999999999999999", "(9)", "99 0 R"].map(
      (length) => [length, () => sound.replace(/\/Length \d+/, `/Length ${length}`)] as const,
    ),
  });
}
