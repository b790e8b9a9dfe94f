import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import type { PdfEngine } from "../engine.ts";
import { pdfName, pdfWriter } from "../pdf-writer.ts";
import { pagesPdf } from "../testing/index.ts";
import { openPdfium } from "./engine.ts";
import { withFastText } from "./fast-text.ts";

const installed = new Uint8Array(await readFile(createRequire(import.meta.url).resolve("@embedpdf/pdfium/pdfium.wasm")));

/** The same module with `row + top` instead of `top + row` beside the place: it does the same and is not the build that is known. */
function anotherBuild(): Uint8Array {
  const module = Buffer.from(installed);
  const place = module.indexOf(Buffer.from([0x20, 27, 0x21, 14, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x20, 26, 0x0e, 2, 0, 1, 2]));
  const sum = module.lastIndexOf(Buffer.from([0x20, 33, 0x20, 29, 0x6a]), place);
  expect(place - sum).toBeGreaterThan(0);
  expect(place - sum).toBeLessThan(200);
  module.set([0x20, 29, 0x20, 33], sum);
  return new Uint8Array(module);
}

/** Letters of many sizes, turned, squeezed, coloured, half transparent, over colours and each other, and beyond every edge. */
function letters(): Uint8Array {
  const writer = pdfWriter();
  const [root, tree, page] = [writer.reserve(), writer.reserve(), writer.reserve()];
  const font = (name: string): ReturnType<typeof writer.add> =>
    writer.add({ Type: pdfName("Font"), Subtype: pdfName("Type1"), BaseFont: pdfName(name), Encoding: pdfName("WinAnsiEncoding") });
  const lines: string[] = ["1 0.9 0.3 rg 0 100 200 60 re f", "0 0.2 0.5 rg 60 0 80 200 re f"];
  for (let i = 0; i < 90; i++) {
    const angle = i % 5 === 0 ? i * 0.11 : 0;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)].map((value) => value.toFixed(4));
    const place = `${((i * 37.31) % 230) - 25} ${((i * 23.77) % 230) - 15}`;
    const color = i % 3 === 0 ? "0 g" : `${(i % 4) / 4} ${(i % 7) / 7} ${(i % 9) / 9} rg`;
    const squeezed = `${60 + (i % 6) * 20} Tz`;
    lines.push(
      `/${["Opaque", "Half", "Faint"][i % 3]} gs ${color} BT /F${i % 3} ${4 + (i % 17) * 3.3} Tf ${squeezed}`,
      `${cos} ${sin} -${sin} ${cos} ${place} Tm (Wjgfi.,%A ${i}) Tj ET`,
    );
  }
  writer.set(page, {
    Type: pdfName("Page"),
    Parent: tree,
    MediaBox: [0, 0, 200, 200],
    Resources: {
      Font: { F0: font("Times-Italic"), F1: font("Helvetica"), F2: font("Courier-Bold") },
      ExtGState: { Opaque: { ca: 1 }, Half: { ca: 0.5 }, Faint: { ca: 0.13, BM: pdfName("Normal") } },
    },
    Contents: writer.stream({}, lines.join("\n")),
  });
  writer.set(tree, { Type: pdfName("Pages"), Count: 1, Kids: [page] });
  writer.set(root, { Type: pdfName("Catalog"), Pages: tree });
  return writer.finish({ Root: root });
}

function pixels(engine: PdfEngine): readonly Uint8Array[] {
  const drawn = engine.open(letters());
  const long = engine.open(pagesPdf(1));
  return [
    drawn.render(0, { width: 200 }),
    drawn.render(0, { width: 731 }),
    drawn.render(0, { width: 333, rotation: 90 }),
    // A tile, with letters across each of its edges.
    drawn.render(0, { width: 900, rect: [211, 307, 101, 67] }),
    long.render(0, { width: 613 }),
    long.render(0, { width: 1280, rect: [150, 280, 333, 17] }),
    // Of most letters only some rows have a place to go to: what would be written beyond it is somebody else's.
    ...Array.from({ length: 40 }, (_, y) => drawn.render(0, { width: 900, rect: [0, y * 23, 900, 1] })),
  ].map(({ data }) => data);
}

test("letters are blended to the bit as PDFium's own loop does it", async () => {
  const fast = withFastText(installed);
  expect(fast.length).toBeGreaterThan(installed.length);
  expect(WebAssembly.validate(fast as BufferSource)).toBe(true);
  const own = anotherBuild();
  expect(withFastText(own)).toBe(own);
  const [ours, theirs] = [await openPdfium({ wasm: installed }), await openPdfium({ wasm: own })];
  const [seen, expected] = [pixels(ours), pixels(theirs)];
  for (const [i, data] of seen.entries()) {
    expect(new Set(data).size, "something is drawn").toBeGreaterThan(20);
    expect(Buffer.compare(data, expected[i]!), `drawing ${i}`).toBe(0);
  }
  ours.close();
  theirs.close();
});

test("bytes that are no such module are left as they are", () => {
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  for (const bytes of [empty, new Uint8Array(0), installed.subarray(0, 40_000)]) expect(withFastText(bytes)).toBe(bytes);
});
