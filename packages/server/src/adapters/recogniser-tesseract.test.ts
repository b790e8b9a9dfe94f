import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { linesOf, tesseractRecogniser } from "./recogniser-tesseract.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lectern-tesseract-"));
});
afterAll(() => rm(folder, { recursive: true }));

const installed = await tesseractRecogniser({ program: null, tempDir: tmpdir() }).languages();

/** What Tesseract 5 wrote of a page with two lines, and of a speck beside them. */
const RECORDED = `level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext
1\t1\t0\t0\t0\t0\t0\t0\t1250\t833\t-1\t
2\t1\t1\t0\t0\t0\t88\t103\t612\t160\t-1\t
3\t1\t1\t1\t0\t0\t88\t103\t612\t160\t-1\t
4\t1\t1\t1\t1\t0\t88\t103\t612\t62\t-1\t
5\t1\t1\t1\t1\t1\t88\t103\t300\t52\t96.5\tInvoice
5\t1\t1\t1\t1\t2\t410\t104\t290\t61\t95.2\tno. 7
4\t1\t1\t1\t2\t0\t90\t201\t250\t62\t-1\t
5\t1\t1\t1\t2\t1\t90\t201\t250\t62\t91.0\tGröße:
2\t1\t2\t0\t0\t0\t5\t5\t4\t4\t-1\t
3\t1\t2\t1\t0\t0\t5\t5\t4\t4\t-1\t
4\t1\t2\t1\t1\t0\t5\t5\t4\t4\t-1\t
5\t1\t2\t1\t1\t1\t5\t5\t4\t4\t95.0\t 
`;

test("the table that is written becomes lines of words, without what holds none", () => {
  expect(linesOf(RECORDED)).toEqual([
    {
      top: 103,
      height: 62,
      words: [
        { text: "Invoice", left: 88, width: 300 },
        { text: "no. 7", left: 410, width: 290 },
      ],
    },
    { top: 201, height: 62, words: [{ text: "Größe:", left: 90, width: 250 }] },
  ]);
  expect(linesOf("")).toEqual([]);
});

test("without the program it is said what is missing", async () => {
  const missing = tesseractRecogniser({ program: "/nowhere/tesseract", tempDir: folder });
  expect(await missing.version()).toBeNull();
  expect(await missing.languages()).toEqual([]);
  await expect(missing.require(["eng"])).rejects.toMatchObject({
    code: "not_implemented",
    message: expect.stringContaining("LECTERN_TESSERACT"),
  });
});

test("a language without its data is named, with what installs it, and a program that never ends is ended", async () => {
  const program = join(folder, "tesseract");
  const script = `#!/bin/sh
if [ "$1" = --list-langs ]; then echo 'List of available languages in "x" (3):'; echo eng; echo osd; echo chi_sim; exit; fi
sleep 600 & wait
`;
  await writeFile(program, script, { mode: 0o755 });
  const found = tesseractRecogniser({ program, tempDir: folder, limitMs: 50 });
  expect(await found.languages()).toEqual(["eng", "chi_sim"]);
  await found.require(["eng"]);
  await expect(found.require(["eng", "chi_tra", "deu"])).rejects.toMatchObject({
    code: "unprocessable",
    message: expect.stringMatching(/chi_tra, deu: it knows eng, chi_sim\b.*tesseract-ocr-chi-tra tesseract-ocr-deu/),
  });
  await expect(found.recognise(Buffer.from("x"), { languages: ["eng"], dpi: 300 })).rejects.toMatchObject({ code: "document_failed" });
  expect(await readdir(folder)).toEqual(["tesseract"]);
});

test.skipIf(!installed.includes("eng"))("what an image says is read where it stands", async () => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="300"><rect width="900" height="300" fill="white"/>
<text x="100" y="120" font-family="DejaVu Sans, sans-serif" font-size="48">Seventeen elephants</text></svg>`;
  const image = await sharp(Buffer.from(svg)).png().toBuffer();
  const recogniser = tesseractRecogniser({ program: null, tempDir: folder });
  const [line] = await recogniser.recognise(image, { languages: ["eng"], dpi: 300 });
  expect(line!.words.map(({ text }) => text)).toEqual(["Seventeen", "elephants"]);
  expect(Math.abs(line!.words[0]!.left - 100)).toBeLessThan(12);
  expect(line!.top).toBeGreaterThan(60);
  expect(line!.top + line!.height).toBeLessThan(150);
});
