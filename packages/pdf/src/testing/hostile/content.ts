/** Pages whose content wants too much: bombs, images, fonts, patterns, forms that draw themselves, endless operators. */
import { onePage, type Random, type RawObjects, seeded, stream, zlib, zlibBomb } from "./raw-pdf.ts";
import type { Texts } from "./structure.ts";

type File = readonly [name: string, text: () => string];

function listed(groups: Readonly<Record<string, readonly File[]>>): Texts {
  return Object.fromEntries(Object.entries(groups).flatMap(([group, files]) => files.map(([name, text]) => [`${group}: ${name}`, text])));
}

/** A page whose content is object 5. */
function withContent(object: string, more: RawObjects = []): string {
  return onePage({ objects: [object, ...more] }).replace("/Contents 4 0 R", "/Contents 5 0 R");
}

/** A page that draws the image that is object 5. */
function withImage(entries: string, content: string, more: RawObjects = []): string {
  return onePage({
    content: "q 300 0 0 300 0 0 cm /X Do Q",
    resources: "/XObject << /X 5 0 R >>",
    objects: [stream(`/Type /XObject /Subtype /Image ${entries}`, content), ...more],
  });
}

const GB = 1_000_000_000;

export function bombs(): Texts {
  const layers = (count: number): string => `/Filter [${"/FlateDecode ".repeat(count)}]`;
  const image = (entries: string, content: string): string =>
    withImage(`/Width 30000 /Height 30000 /BitsPerComponent 8 /ColorSpace /DeviceGray ${entries}`, content);
  const font = (key: string, content: string): string =>
    onePage({
      content: "BT /F 20 Tf 20 20 Td (abc) Tj ET",
      resources: "/Font << /F 5 0 R >>",
      objects: [
        "<< /Type /Font /Subtype /TrueType /BaseFont /Odd /FirstChar 0 /LastChar 255 /FontDescriptor 6 0 R /ToUnicode 7 0 R >>",
        `<< /Type /FontDescriptor /FontName /Odd /Flags 4 ${key === "ToUnicode" ? "" : `/${key} 7 0 R`} >>`,
        stream(layers(2), content),
      ],
    });
  const sizes: readonly (readonly [number, number])[] = [
    [GB / 10, 1],
    [GB, 1],
    [GB, 2],
    [4 * GB, 2],
    [4 * GB, 3],
    [1e12, 4],
    [1e15, 5],
  ];
  return listed({
    "bomb in content": sizes.map(
      ([size, times]) => [`${size} bytes in ${times} layers`, () => withContent(stream(layers(times), zlibBomb(size, times)))] as const,
    ),
    "bomb in an image": sizes.map(
      ([size, times]) => [`${size} bytes in ${times} layers`, () => image(layers(times), zlibBomb(size, times))] as const,
    ),
    "bomb in a font": ["FontFile2", "FontFile", "FontFile3", "ToUnicode"].map(
      (key) => [key, () => font(key, zlibBomb(2 * GB, 2))] as const,
    ),
    "bomb elsewhere": [
      [
        "colour profile",
        () =>
          withImage("/Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace [/ICCBased 6 0 R]", "x".repeat(243), [
            stream(`/N 3 ${layers(2)}`, zlibBomb(2 * GB, 2)),
          ]),
      ],
      [
        "palette",
        () =>
          withImage("/Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace [/Indexed /DeviceRGB 255 6 0 R]", "x".repeat(81), [
            stream(layers(2), zlibBomb(2 * GB, 2)),
          ]),
      ],
      ["metadata", () => onePage({ catalog: "/Metadata 5 0 R", objects: [stream(`/Type /Metadata ${layers(2)}`, zlibBomb(2 * GB, 2))] })],
      [
        "function",
        () =>
          onePage({
            content: "/S sh",
            resources: "/Shading << /S << /ShadingType 2 /ColorSpace /DeviceGray /Coords [0 0 300 300] /Function 5 0 R >> >>",
            objects: [stream(`/FunctionType 4 /Domain [0 1] /Range [0 1] ${layers(2)}`, zlibBomb(GB, 2))],
          }),
      ],
      [
        "mesh",
        () =>
          onePage({
            content: "/S sh",
            resources: "/Shading << /S 5 0 R >>",
            objects: [
              stream(
                `/ShadingType 4 /ColorSpace /DeviceGray /BitsPerCoordinate 8 /BitsPerComponent 8 /BitsPerFlag 8 /Decode [0 300 0 300 0 1] ${layers(1)}`,
                zlibBomb(GB / 10, 1),
              ),
            ],
          }),
      ],
      ["run lengths", () => withContent(stream("/Filter [/FlateDecode /RunLengthDecode]", zlibBomb(GB, 1)))],
      [
        "the same stream 10,000 times",
        () =>
          onePage({ objects: [stream(layers(1), zlibBomb(GB / 100, 1))] }).replace(
            "/Contents 4 0 R",
            `/Contents [${"5 0 R ".repeat(10_000)}]`,
          ),
      ],
      [
        "predictor",
        () =>
          withContent(
            stream(
              "/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 2147483647 /Colors 32 /BitsPerComponent 16 >>",
              zlibBomb(GB / 10, 1),
            ),
          ),
      ],
      ["a thousand filters", () => withContent(stream(layers(1000), zlib("0 0 9 9 re f")))],
      ["a filter that is itself", () => withContent(stream("/Filter 5 0 R", "0 0 9 9 re f"))],
    ],
  });
}

export function images(seed: number): Texts {
  const huge = ["60000", "2147483647", "4294967295", "-1", "0", "1e9", "(9)", "null"];
  const codecs = [
    "DCTDecode",
    "JPXDecode",
    "JBIG2Decode",
    "CCITTFaxDecode",
    "LZWDecode",
    "ASCII85Decode",
    "RunLengthDecode",
    "ASCIIHexDecode",
  ];
  const gray = "/BitsPerComponent 8 /ColorSpace /DeviceGray";
  return listed({
    "image size": [
      ...huge.map((side) => [`${side} wide`, () => withImage(`/Width ${side} /Height 100 ${gray}`, "x".repeat(1000))] as const),
      ...huge.map((side) => [`${side} square`, () => withImage(`/Width ${side} /Height ${side} ${gray}`, "x".repeat(1000))] as const),
      [
        "60,000 square, 16 bits, 4 colours",
        () => withImage("/Width 60000 /Height 60000 /BitsPerComponent 16 /ColorSpace /DeviceCMYK", "x"),
      ],
      ["60,000 square, 1 bit, mask", () => withImage("/Width 60000 /Height 60000 /BitsPerComponent 1 /ImageMask true", "x")],
      [
        "60,000 square, compressed",
        () => withImage(`/Width 60000 /Height 60000 ${gray} /Filter /FlateDecode`, zlibBomb(60_000 * 60_000, 1)),
      ],
      ["60,000 square, scaled to nothing", () => withImage(`/Width 60000 /Height 60000 ${gray}`, "x").replace("300 0 0 300", "0 0 0 0")],
      ["bits of 99", () => withImage("/Width 9 /Height 9 /BitsPerComponent 99 /ColorSpace /DeviceRGB", "x".repeat(999))],
      [
        "drawn 20,000 times",
        () =>
          withImage(`/Width 1000 /Height 1000 ${gray} /Filter /FlateDecode`, zlibBomb(1_000_000, 1)).replace(
            "/X Do",
            "/X Do ".repeat(20_000),
          ),
      ],
    ],
    "image of noise": codecs.flatMap((codec) =>
      [1, 2, 3].map(
        (n): File =>
          [
            `${codec} ${n}`,
            () => withImage(`/Width 2000 /Height 2000 ${gray} /Filter /${codec}`, codecNoise(codec, seeded(seed, codec + n))),
          ] as const,
      ),
    ),
    "image that lies": [
      ["JPEG of 65,535 square", () => withImage(`/Width 65535 /Height 65535 ${gray} /Filter /DCTDecode`, jpegHead(65_535, 65_535))],
      ["JPEG of nothing", () => withImage(`/Width 9 /Height 9 ${gray} /Filter /DCTDecode`, jpegHead(0, 0))],
      ["JPEG 2000 of 4 billion square", () => withImage(`/Width 9 /Height 9 /Filter /JPXDecode`, jpxHead(0xffff_ffff, 0xffff_ffff, 1))],
      ["JPEG 2000 of 16,384 colours", () => withImage(`/Width 9 /Height 9 /Filter /JPXDecode`, jpxHead(1000, 1000, 16_384))],
      ["JPEG 2000 of a billion tiles", () => withImage(`/Width 9 /Height 9 /Filter /JPXDecode`, jpxHead(60_000, 60_000, 3, 1))],
      [
        "JBIG2 of 4 billion square",
        () =>
          withImage(
            `/Width 9 /Height 9 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode`,
            jbig2Page(0xffff_ffff, 0xffff_ffff),
          ),
      ],
      [
        "JBIG2 of 60,000 square",
        () =>
          withImage(
            `/Width 60000 /Height 60000 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode`,
            jbig2Page(60_000, 60_000),
          ),
      ],
      [
        "fax of 60,000 square",
        () =>
          withImage(
            "/Width 60000 /Height 60000 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 60000 /Rows 60000 >>",
            "\0".repeat(1000),
          ),
      ],
      [
        "fax of -1 columns",
        () =>
          withImage(
            "/Width 9 /Height 9 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /CCITTFaxDecode /DecodeParms << /K 0 /Columns -1 /Rows 2147483647 >>",
            "\0".repeat(1000),
          ),
      ],
      ["mask is the image", () => withImage(`/Width 9 /Height 9 ${gray} /SMask 5 0 R /Mask 5 0 R`, "x".repeat(81))],
      [
        "masks of each other",
        () =>
          withImage(`/Width 9 /Height 9 ${gray} /SMask 6 0 R`, "x".repeat(81), [
            stream(`/Subtype /Image /Width 9 /Height 9 ${gray} /SMask 5 0 R`, "x".repeat(81)),
          ]),
      ],
      ["alternate is the image", () => withImage(`/Width 9 /Height 9 ${gray} /Alternates [<< /Image 5 0 R >>]`, "x".repeat(81))],
      [
        "colour space is itself",
        () => withImage("/Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace 6 0 R", "x".repeat(81), ["[/Indexed 6 0 R 255 (abc)]"]),
      ],
      [
        "colour space of 1,000 colours",
        () =>
          withImage(
            `/Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace [/DeviceN [${"/A ".repeat(1000)}] /DeviceRGB << /FunctionType 2 /N 1 /Domain [0 1] >>]`,
            "x".repeat(999),
          ),
      ],
      [
        "palette of 2 billion",
        () => withImage("/Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace [/Indexed /DeviceRGB 2147483647 (abc)]", "x".repeat(81)),
      ],
      [
        "palettes 5,000 deep",
        () =>
          withImage(
            `/Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace ${"[/Indexed ".repeat(5000)}/DeviceRGB${" 1 (abcdef)]".repeat(5000)}`,
            "x".repeat(81),
          ),
      ],
    ],
  });
}

const be16 = (value: number): string => String.fromCharCode((value >> 8) & 255, value & 255);
const be32 = (value: number): string => be16(value >>> 16) + be16(value & 0xffff);

/** Begins as the codec expects, and is noise after that. */
function codecNoise(codec: string, random: Random): string {
  const noise = random.bytes(4000);
  if (codec === "DCTDecode") return jpegHead(2000, 2000) + noise.replaceAll("\xff", "\xfe");
  if (codec === "JPXDecode") return jpxHead(2000, 2000, 1) + noise;
  if (codec === "JBIG2Decode") return jbig2Page(2000, 2000) + `\0\0\0\x01\x26\0\x01\0\0\x0f\xa0${noise}`;
  if (codec === "ASCII85Decode" || codec === "ASCIIHexDecode")
    return `${Array.from(noise, (c) => String.fromCharCode(33 + (c.charCodeAt(0) % 90))).join("")}~>`;
  return noise;
}

function jpegHead(width: number, height: number): string {
  const quantization = `\xff\xdb${be16(67)}\0${"\x01".repeat(64)}`;
  const huffman = [0, 0x10].map((table) => `\xff\xc4${be16(20)}${String.fromCharCode(table)}\x01${"\0".repeat(15)}\0`).join("");
  return `\xff\xd8${quantization}\xff\xc0${be16(11)}\x08${be16(height)}${be16(width)}\x01\x01\x11\0${huffman}\xff\xda${be16(8)}\x01\x01\0\0\x3f\0`;
}

function jpxHead(width: number, height: number, colours: number, tile = width): string {
  const size = `\xff\x51${be16(38 + 3 * colours)}\0\0${be32(width)}${be32(height)}${be32(0)}${be32(0)}${be32(tile)}${be32(tile)}${be32(0)}${be32(0)}${be16(colours)}${"\x07\x01\x01".repeat(colours)}`;
  return `\xff\x4f${size}\xff\x52${be16(12)}\0\0\0\x01\0\x05\x04\x04\0\0\xff\x5c${be16(4)}\0\x40\xff\x90${be16(10)}\0\0\0\0\0\0\0\x01\xff\x93`;
}

function jbig2Page(width: number, height: number): string {
  return `\0\0\0\0\x30\0\x01${be32(19)}${be32(width)}${be32(height)}${be32(0)}${be32(0)}\0\0\0`;
}

export function fonts(seed: number): Texts {
  const text = "BT /F 20 Tf 20 150 Td (The quick brown fox) Tj <00010002FFFF> Tj ET";
  const page = (...objects: RawObjects): string => onePage({ content: text, resources: "/Font << /F 5 0 R >>", objects });
  const embedded = (key: string, subtype: string, content: string): string =>
    page(
      `<< /Type /Font /Subtype /${subtype} /BaseFont /Odd /FirstChar 0 /LastChar 255 /Widths [${"500 ".repeat(256)}] /FontDescriptor 6 0 R >>`,
      `<< /Type /FontDescriptor /FontName /Odd /Flags 4 /FontBBox [0 0 1000 1000] /Ascent 800 /Descent -200 /${key} 7 0 R >>`,
      stream(`/Length1 ${content.length} ${key === "FontFile3" ? "/Subtype /Type1C" : ""}`, content),
    );
  const composite = (entries: string, ...more: RawObjects): string =>
    page(
      "<< /Type /Font /Subtype /Type0 /BaseFont /Odd /Encoding /Identity-H /DescendantFonts [6 0 R] >>",
      `<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Odd /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> ${entries} >>`,
      ...more,
    );
  const type3 = (procedure: string, more = ""): string =>
    page(
      `<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /CharProcs << /T 6 0 R >> /Encoding << /Differences [0 ${"/T ".repeat(256)}] >> /FirstChar 0 /LastChar 255 /Widths [${"500 ".repeat(256)}] /Resources << /Font << /F 5 0 R >> /XObject << /X 7 0 R >> >> ${more} >>`,
      stream("", procedure),
      stream("/Type /XObject /Subtype /Form /BBox [0 0 1000 1000] /Resources << /Font << /F 5 0 R >> >>", "BT /F 20 Tf (abc) Tj ET"),
    );
  const map = (body: string): string =>
    page("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>", stream("/Type /CMap", `begincmap\n${body}\nendcmap`));
  return listed({
    "font tables": ["head", "maxp", "loca", "glyf", "cmap", "hmtx", "hhea", "post", "name", "OS/2", "GSUB", "fpgm", "CFF "].flatMap(
      (table) => [[`${table} of noise`, () => embedded("FontFile2", "TrueType", trueType(seeded(seed, table), table))] as const],
    ),
    "font program": [
      ["two billion tables", () => embedded("FontFile2", "TrueType", `\0\x01\0\0\xff\xff${"\xff".repeat(2000)}`)],
      [
        "tables at the end of the world",
        () => embedded("FontFile2", "TrueType", `\0\x01\0\0\0\x09\0\0\0\0\0\0${"head\0\0\0\0\xff\xff\xff\xf0\xff\xff\xff\xf0".repeat(9)}`),
      ],
      ["empty", () => embedded("FontFile2", "TrueType", "")],
      ["noise", () => embedded("FontFile2", "TrueType", seeded(seed, "noise").bytes(5000))],
      ["a collection in itself", () => embedded("FontFile2", "TrueType", `ttcf\0\x01\0\0\xff\xff\xff\xff${"\0\0\0\0".repeat(500)}`)],
      ["Type 1 of noise", () => embedded("FontFile", "Type1", `%!PS-AdobeFont-1.0: Odd\n${seeded(seed, "type1").bytes(5000)}`)],
      [
        "Type 1 that never ends",
        () => embedded("FontFile", "Type1", `%!PS-AdobeFont-1.0: Odd\n/Subrs 2147483647 array\n${"dup 0 99999999 RD ".repeat(3000)}`),
      ],
      ["Type 1 of nested braces", () => embedded("FontFile", "Type1", `%!PS-AdobeFont-1.0: Odd\n/Private ${"{[".repeat(100_000)}`)],
      ["CFF of noise", () => embedded("FontFile3", "Type1", `\x01\0\x04\x01${seeded(seed, "cff").bytes(5000)}`)],
      ["CFF with an index of 65,535", () => embedded("FontFile3", "Type1", `\x01\0\x04\x04\xff\xff\x04${"\xff".repeat(3000)}`)],
      [
        "CFF that calls itself",
        () =>
          embedded(
            "FontFile3",
            "Type1",
            `\x01\0\x04\x01\0\x01\x01\x01\x04Odd\0\x01\x01\x01\x03\x1d\0\0\0\0\0\0\x01\x01\x01\x03\x20\x0a${"\x20\x0a".repeat(500)}`,
          ),
      ],
    ],
    "font dictionary": [
      ["is itself", () => page("<< /Type /Font /Subtype /Type0 /BaseFont /Odd /DescendantFonts [5 0 R] /Encoding /Identity-H >>")],
      ["no descendants", () => page("<< /Type /Font /Subtype /Type0 /BaseFont /Odd /DescendantFonts [] /Encoding /Identity-H >>")],
      ["widths of two billion codes", () => composite("/DW 99999999 /W [0 2147483647 500]")],
      ["widths of 200,000 numbers", () => composite(`/W [0 [${"500 ".repeat(200_000)}]]`)],
      ["nested widths", () => composite(`/W ${"[0 ".repeat(10_000)}`)],
      ["vertical metrics of noise", () => composite("/DW2 [1e30 -1e30] /W2 [0 2147483647 NaN 1 2]")],
      ["a map from code to glyph of a gigabyte", () => composite("/CIDToGIDMap 7 0 R", stream("/Filter /FlateDecode", zlibBomb(GB, 1)))],
      [
        "encoding is itself",
        () =>
          page(
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding 6 0 R >>",
            "<< /BaseEncoding 6 0 R /Differences [6 0 R 6 0 R] >>",
          ),
      ],
      [
        "differences of 300,000 names",
        () => page(`<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [-5 ${"/A ".repeat(300_000)}] >> >>`),
      ],
      [
        "negative codes",
        () => page("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /FirstChar -99999 /LastChar 2147483647 /Widths [1 2 3] >>"),
      ],
      ["a name of a megabyte", () => page(`<< /Type /Font /Subtype /Type1 /BaseFont /${"A".repeat(1_000_000)} >>`)],
    ],
    "character map": [
      ["range of everything", () => map("1 beginbfrange\n<0000> <FFFFFFFF> <0000>\nendbfrange")],
      ["range backwards", () => map("1 beginbfrange\n<FFFF> <0000> <0000>\nendbfrange")],
      ["100,000 ranges", () => map(`100000 beginbfrange\n${"<0000> <FFFF> <0041>\n".repeat(100_000)}endbfrange`)],
      ["a character of a megabyte", () => map(`1 beginbfchar\n<54> <${"0041".repeat(250_000)}>\nendbfchar`)],
      [
        "uses itself",
        () =>
          page(
            "<< /Type /Font /Subtype /Type0 /BaseFont /Odd /Encoding 7 0 R /DescendantFonts [6 0 R] >>",
            "<< /Subtype /CIDFontType2 /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) >> >>",
            stream("/Type /CMap /UseCMap 7 0 R", "/Odd usecmap begincmap 1 begincidrange <0000> <FFFFFFFF> 0 endcidrange endcmap"),
          ),
      ],
      ["lone halves of characters", () => map("1 beginbfchar\n<54> <D800>\nendbfchar")],
    ],
    "Type 3": [
      ["draws itself", () => type3("500 0 d0 BT /F 1000 Tf (T) Tj ET")],
      ["draws itself three times", () => type3("500 0 d0 BT /F 1000 Tf (TTT) Tj ET")],
      ["draws itself by way of a form", () => type3("500 0 d0 /X Do /X Do")],
      ["matrix of zeros", () => type3("500 0 d0 0 0 500 500 re f").replace("0.001 0 0 0.001", "0 0 0 0")],
      ["matrix of giants", () => type3("500 0 d0 0 0 500 500 re f").replace("0.001 0 0 0.001", "1e30 1e30 1e30 1e30")],
      ["glyphs of a million rectangles", () => type3(`500 0 d0 ${"0 0 500 500 re f ".repeat(50_000)}`)],
    ],
  });
}

/** A font of twelve tables of which one is noise and the others are too short. */
function trueType(random: Random, broken: string): string {
  const tables = [
    "OS/2",
    "cmap",
    "cvt ",
    "fpgm",
    "glyf",
    "head",
    "hhea",
    "hmtx",
    "loca",
    "maxp",
    "name",
    "post",
    "GSUB",
    "CFF ",
  ].toSorted();
  let at = 12 + tables.length * 16;
  let directory = `\0\x01\0\0${be16(tables.length)}\0\x80\0\x03\0\x40`;
  let content = "";
  for (const table of tables) {
    const body = table === broken ? random.bytes(600) : `\0\x01\0\0${"\0\x10".repeat(60)}`;
    directory += table + be32(0) + be32(at) + be32(body.length);
    content += body;
    at += body.length;
  }
  return directory + content;
}

export function drawing(): Texts {
  const form = (entries: string, content: string, more: RawObjects = []): string =>
    onePage({
      content: "/X Do",
      resources: "/XObject << /X 5 0 R >>",
      objects: [stream(`/Type /XObject /Subtype /Form /BBox [0 0 300 300] ${entries}`, content), ...more],
    });
  const pattern = (entries: string, content: string): string =>
    onePage({
      content: "/Pattern cs /P scn 0 0 300 300 re f",
      resources: "/Pattern << /P 5 0 R >>",
      objects: [stream(`/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 10 10] ${entries}`, content)],
    });
  const shading = (entries: string, ...more: RawObjects): string =>
    onePage({ content: "/S sh", resources: `/Shading << /S << /ColorSpace /DeviceRGB ${entries} >> >>`, objects: more });
  const state = (entries: string, ...more: RawObjects): string =>
    onePage({ content: "/G gs 0 0 300 300 re f", resources: `/ExtGState << /G << ${entries} >> >>`, objects: more });
  const operators = (text: string, count: number): string =>
    onePage({ content: text.repeat(count), resources: "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>" });
  const twice = (levels: number): string =>
    form(
      "/Resources << /XObject << /X 6 0 R >> >>",
      "/X Do /X Do",
      Array.from({ length: levels }, (_, n) =>
        stream(
          `/Subtype /Form /BBox [0 0 300 300] /Resources << /XObject << /X ${n + 7} 0 R >> >>`,
          n === levels - 1 ? "0 0 9 9 re f" : "/X Do /X Do",
        ),
      ),
    );
  const sh2 = "/ShadingType 2 /Coords [0 0 300 300] /Extend [true true] /Function";
  return listed({
    form: [
      ["draws itself", () => form("/Resources << /XObject << /X 5 0 R >> >>", "/X Do /X Do")],
      [
        "draws the other",
        () =>
          form("/Resources << /XObject << /X 6 0 R >> >>", "/X Do", [
            stream("/Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>", "/X Do /X Do"),
          ]),
      ],
      ["doubles 12 times", () => twice(12)],
      ["doubles 30 times", () => twice(30)],
      ["a group of itself", () => form("/Group << /S /Transparency /CS 5 0 R >> /Resources 5 0 R", "/X Do")],
      ["box of giants", () => form("/Matrix [1e30 0 0 1e30 0 0] /BBox [-1e30 -1e30 1e30 1e30]", "0 0 9 9 re f")],
      [
        "a thousand transparent groups",
        () =>
          form("/Group << /S /Transparency /I true >>", "0 0 300 300 re f").replace("stream\n/X Do", `stream\n${"/X Do ".repeat(1000)}`),
      ],
    ],
    pattern: [
      ["of itself", () => pattern("/XStep 10 /YStep 10 /Resources << /Pattern << /P 5 0 R >> >>", "/Pattern cs /P scn 0 0 9 9 re f")],
      ["steps of nothing", () => pattern("/XStep 0 /YStep 0", "0 0 9 9 re f")],
      ["tiny steps", () => pattern("/XStep 0.0001 /YStep 0.0001", "0 0 9 9 re f")],
      ["negative steps", () => pattern("/XStep -0.5 /YStep -0.5", "0 0 9 9 re f")],
      ["giant steps", () => pattern("/XStep 1e30 /YStep 1e30", "0 0 9 9 re f")],
      ["giant box", () => pattern("/XStep 1 /YStep 1 /BBox [0 0 1000000 1000000]", "0 0 9 9 re f")],
      ["tiny matrix", () => pattern("/XStep 1 /YStep 1 /Matrix [0.00001 0 0 0.00001 0 0]", "0 0 9 9 re f")],
    ],
    shading: [
      [
        "function is itself",
        () => shading(`${sh2} 5 0 R`, "<< /FunctionType 3 /Domain [0 1] /Functions [5 0 R 5 0 R] /Bounds [0.5] /Encode [0 1 0 1] >>"),
      ],
      [
        "functions 5,000 deep",
        () => shading(`${sh2} ${"<< /FunctionType 3 /Domain [0 1] /Bounds [] /Encode [0 1] /Functions [".repeat(5000)}`),
      ],
      [
        "a sampled function of 32 dimensions",
        () =>
          shading(
            `${sh2} 5 0 R`,
            stream(
              `/FunctionType 0 /Domain [${"0 1 ".repeat(32)}] /Range [0 1 0 1 0 1] /Size [${"255 ".repeat(32)}] /BitsPerSample 32`,
              "x",
            ),
          ),
      ],
      [
        "a calculator of nested braces",
        () => shading(`${sh2} 5 0 R`, stream("/FunctionType 4 /Domain [0 1] /Range [0 1 0 1 0 1]", "{".repeat(100_000))),
      ],
      [
        "a calculator of a million steps",
        () =>
          shading(`${sh2} 5 0 R`, stream("/FunctionType 4 /Domain [0 1] /Range [0 1 0 1 0 1]", `{ ${"dup mul ".repeat(300_000)} 0 0 }`)),
      ],
      [
        "a calculator that rolls",
        () =>
          shading(
            `${sh2} 5 0 R`,
            stream(
              "/FunctionType 4 /Domain [0 1] /Range [0 1 0 1 0 1]",
              "{ 1 2 3 2147483647 -2147483647 roll 99999999 copy 99999999 index 0 div }",
            ),
          ),
      ],
      [
        "radii of giants",
        () => shading("/ShadingType 3 /Coords [0 0 1e30 300 300 -1e30] /Function << /FunctionType 2 /N 1e30 /Domain [0 1] >>"),
      ],
      [
        "numbers that are none",
        () => shading("/ShadingType 2 /Coords [NaN NaN NaN NaN] /Function << /FunctionType 2 /N -1e30 /Domain [1 0] >>"),
      ],
      ["kinds that there are not", () => shading("/ShadingType 99 /Coords [0 0 1 1]")],
    ],
    state: [
      [
        "mask is itself",
        () =>
          state(
            "/SMask << /S /Luminosity /G 5 0 R >>",
            stream(
              "/Subtype /Form /BBox [0 0 300 300] /Group << /S /Transparency /CS /DeviceRGB >> /Resources << /ExtGState << /G << /SMask << /S /Luminosity /G 5 0 R >> >> >> >>",
              "/G gs 0 0 300 300 re f",
            ),
          ),
      ],
      ["transfer function is itself", () => state("/TR 5 0 R /BG 5 0 R /UCR 5 0 R", "[5 0 R 5 0 R 5 0 R 5 0 R]")],
      ["line of a million points", () => state("/LW 1000000 /D [[0.0000001 0.0000001] 0]").replace("re f", "re S")],
      ["blend modes by the thousand", () => state(`/BM [${"/Odd ".repeat(10_000)}]`)],
    ],
    operators: [
      ["200,000 rectangles", () => operators("0 0 300 300 re f ", 200_000)],
      [
        "a second page of 200,000 rectangles",
        () =>
          onePage({ content: "0 0 300 300 re f ".repeat(200_000), objects: ["<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] >>"] })
            .replace("[3 0 R]", "[5 0 R 3 0 R]")
            .replace("/Count 1", "/Count 2"),
      ],
      ["200,000 curves in one path", () => onePage({ content: `0 0 m ${"300 300 0 300 300 0 c ".repeat(200_000)} f*` })],
      ["200,000 strokes with dashes", () => onePage({ content: `[0.01 0.01] 0 d 0.01 w 0 0 m ${"300 300 l 0 0 l ".repeat(1000)} S` })],
      ["50,000 clips in each other", () => operators("0 0 300 300 re W n ", 50_000)],
      ["clips of text", () => operators("BT /F 200 Tf 7 Tr (clip) Tj ET ", 5000)],
      ["100,000 texts", () => operators("BT /F 9 Tf 10 10 Td (some text here) Tj ET ", 100_000)],
      ["text of a billion points", () => operators("BT /F 1000000000 Tf (text) Tj ET ", 10)],
      ["text of nothing", () => operators("BT /F 0 Tf (text) Tj 0 0 0 0 0 0 Tm (text) Tj ET ", 10)],
      [
        "text of a megabyte",
        () =>
          onePage({
            content: `BT /F 9 Tf (${"a".repeat(1_000_000)}) Tj ET`,
            resources: "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>",
          }),
      ],
      ["numbers of 100,000 digits", () => operators(`${"9".repeat(100_000)} 0 0 9 re f ${"0.".padEnd(100_000, "1")} w `, 3)],
      ["operands without end", () => onePage({ content: `${"1 ".repeat(500_000)} re f` })],
      ["unknown operators", () => operators("xyzzy ", 200_000)],
      ["matrix of giants", () => onePage({ content: `${"1e10 0 0 1e10 0 0 cm ".repeat(100)}0 0 9 9 re f` })],
      ["matrix of nothing", () => onePage({ content: "0 0 0 0 0 0 cm 0 0 300 300 re f 0 0 m 9 9 l S" })],
      ["an inline image of 60,000 square", () => onePage({ content: "BI /W 60000 /H 60000 /BPC 8 /CS /RGB ID xxxxxxxxxxx EI" })],
      ["an inline image without end", () => onePage({ content: `BI /W 10 /H 10 /BPC 8 /CS /G ID ${"x".repeat(100_000)}` })],
      ["10,000 inline images", () => operators("q 300 0 0 300 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q ", 10_000)],
      ["points that are none", () => onePage({ content: "NaN NaN m Infinity -Infinity l 1e400 1e400 l S 2147483648 w 0 0 m 300 300 l S" })],
    ],
  });
}
