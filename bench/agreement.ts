/**
 * What pdf.js and native PDFium show of PDF files and what we show: which of the pages that both draw we draw, and how alike their text and their images
 * are. Files are those of the folder that LECTERN_TEST_CORPUS names (with the password `user` where one is asked for), or ours. Without native PDFium
 * the pages are those that pdf.js draws.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PageText, plainText } from "@lectern/pdf";
import { annotatedPdf, formPdf, layeredPdf, orderForm, pagesPdf, rotatedPdf, sampleDocument, taggedPdf } from "@lectern/pdf/testing";
import sharp from "sharp";
import type { RenderSource } from "../packages/server/src/ports.ts";
import { type RenderPool, renderPool } from "../packages/server/src/render/pool.ts";
import { figure, median, skipped } from "./figure.ts";
import { nativePdfium } from "./native.ts";
import { PEERS } from "./sync-sides.ts";

const PAGES = 3;
const WIDTH = 300;
/** Of a page: shares of what both have, below which they do not agree. */
const ALIKE = 0.8;
const PASSWORD = "user";
const LONGEST_MS = 60_000;

interface Drawn {
  readonly height: number;
  /** Row by row. */
  readonly grey: Uint8Array;
}

interface Shown extends Drawn {
  readonly text: string;
}

export async function benchAgreement(): Promise<void> {
  if (!existsSync(join(PEERS, "node_modules/pdfjs-dist")))
    spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: PEERS, stdio: "inherit" });
  const native = nativePdfium();
  if (native === null) skipped("pages as native PDFium draws them", "no Python wheel of PDFium, or no C compiler");
  const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
  const pool = renderPool({ workers: 1 });
  const [texts, images, natives]: [number[], number[], number[]] = [[], [], []];
  let [theirs, ours, done] = [0, 0, 0];
  try {
    const paths = await filesIn(folder);
    for (const path of paths) {
      const [others, drawn] = await Promise.all([shownByPdfjs(path), native === null ? null : drawnByPdfium(native, path)]);
      for (const [index, other] of (others ?? []).entries()) {
        const exact = drawn?.[index] ?? null;
        if (other === null || (native !== null && exact === null)) continue;
        theirs++;
        const own = await shownByUs(pool, path, index);
        const name = `${path.split("/").at(-1)!}, page ${index + 1}`;
        if (own === null) {
          console.log(`      not drawn: ${name}`);
          continue;
        }
        ours++;
        const [text, image] = [alikeTexts(own.text, other.text), alikeImages(own, other)];
        const isTold = isReadable(other.text);
        if (isTold) texts.push(text);
        images.push(image);
        const same = exact === null ? 1 : alikeImages(own, exact);
        if (exact !== null) natives.push(same);
        if ((isTold && text < ALIKE) || image < ALIKE || same < ALIKE)
          console.log(
            `      ${name}: text ${text.toFixed(2)}, image ${image.toFixed(2)}${exact === null ? "" : `, as PDFium's ${same.toFixed(2)}`}`,
          );
      }
      if (++done % 20 === 0) console.log(`      ${done} of ${paths.length} files`);
    }
  } finally {
    await pool.close();
    await rm(folder, { recursive: true });
  }
  const share = (count: number, all: number): number => (all === 0 ? 0 : (100 * count) / all);
  const alike = (values: readonly number[]): number => share(values.filter((value) => value >= ALIKE).length, values.length);
  const detail = (values: readonly number[]): string => `median ${median(values).toFixed(3)} of ${values.length} pages`;
  const who = native === null ? "pdf.js draws" : "PDFium and pdf.js draw";
  figure(`pages that ${who}, drawn by us`, share(ours, theirs), "%", { best: "most", must: 99.5 }, `${ours} of ${theirs}`);
  figure("of those, text as pdf.js reads it", alike(texts), "%", { best: "most", must: 95 }, detail(texts));
  figure("of those, image as pdf.js draws it", alike(images), "%", { best: "most", must: 95 }, detail(images));
  if (native !== null)
    figure("of those, image as native PDFium draws it", alike(natives), "%", { best: "most", must: 99 }, detail(natives));
}

/** Null when it cannot open the file. */
async function drawnByPdfium(program: string, path: string): Promise<readonly (Drawn | null)[] | null> {
  const run = (password: readonly string[]): Promise<Buffer | null> =>
    output(program, [path, "0", String(PAGES), "show", String(WIDTH), ...password]);
  const written = (await run([])) ?? (await run([PASSWORD]));
  if (written === null) return null;
  const pages: (Drawn | null)[] = [];
  for (let at = 0; at + 4 <= written.length;) {
    const height = written.readUInt32LE(at);
    at += 4;
    pages.push(height === 0 ? null : { height, grey: written.subarray(at, at + height * WIDTH) });
    at += height * WIDTH;
  }
  return pages;
}

/** Null when it does not end with 0 in time. */
function output(program: string, args: readonly string[]): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"], timeout: LONGEST_MS, killSignal: "SIGKILL" });
    const parts: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => parts.push(part));
    child.on("close", (code) => resolve(code === 0 ? Buffer.concat(parts) : null));
  });
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const corpus = process.env["LECTERN_TEST_CORPUS"];
  if (corpus !== undefined)
    return readdirSync(corpus)
      .filter((name) => name.toLowerCase().endsWith(".pdf"))
      .map((name) => join(corpus, name));
  const own = { annotatedPdf, formPdf, layeredPdf, orderForm, pages: () => pagesPdf(3), rotatedPdf, sampleDocument, taggedPdf };
  return Promise.all(
    Object.entries(own).map(async ([name, make]) => {
      const path = join(folder, `${name}.pdf`);
      await writeFile(path, make());
      return path;
    }),
  );
}

/** Null when it cannot open the file. */
async function shownByPdfjs(path: string): Promise<readonly (Shown | null)[] | null> {
  interface Written {
    readonly height: number;
    readonly grey: string;
    readonly text: string;
  }
  const run = (password: readonly string[]): Promise<Buffer | null> =>
    output(process.execPath, [join(PEERS, "pdfjs.mjs"), path, String(PAGES), String(WIDTH), ...password]);
  const written = (await run([])) ?? (await run([PASSWORD]));
  if (written === null) return null;
  // A library may have written to the output before.
  const { pages } = JSON.parse(written.toString().trim().split("\n").at(-1)!) as { readonly pages: readonly (Written | null)[] };
  return pages.map((page) => (page === null ? null : { ...page, grey: Buffer.from(page.grey, "base64") }));
}

async function shownByUs(pool: RenderPool, path: string, page: number): Promise<Shown | null> {
  const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  const shown = async (source: RenderSource): Promise<Shown> => {
    const image = await pool.image(source, { page, width: WIDTH, format: "png", annotations: "none" });
    const { data, info } = await sharp(image)
      .flatten({ background: "#ffffff" })
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    // As both others do it: the words of libraries for grey differ.
    const grey = new Uint8Array(info.width * info.height);
    for (let at = 0, from = 0; at < grey.length; at++, from += info.channels)
      grey[at] = (data[from]! * 77 + data[from + 1]! * 151 + data[from + 2]! * 28) >> 8;
    return { height: info.height, grey, text: plainText(JSON.parse(await pool.text(source, page)) as PageText) };
  };
  return shown({ path, sha256 })
    .catch(() => shown({ path, sha256, password: PASSWORD }))
    .catch(() => null);
}

/** Some files do not tell what their glyphs mean: what is made of that is nobody's fault. */
function isReadable(text: string): boolean {
  const letters = text.replace(/\s/g, "");
  return (letters.match(/[\p{C}\ufffd]/gu)?.length ?? 0) <= letters.length / 20;
}

/** Of pieces of four characters, without spaces, that either has: the share that both have. The order of the lines makes next to no difference. */
function alikeTexts(a: string, b: string): number {
  const pieces = (text: string): Map<string, number> => {
    const plain = text.normalize("NFKC").replace(/[\s\u00ad\u200b-\u200f\ufeff]|[-\u2010]\s*\n/g, "");
    const found = new Map<string, number>();
    for (let at = 0; at < plain.length; at++) {
      const piece = plain.slice(at, at + 4);
      found.set(piece, (found.get(piece) ?? 0) + 1);
    }
    return found;
  };
  return overlap(pieces(a), pieces(b));
}

/** The same of ink, square by square of eight pixels: what lies half a pixel elsewhere is still there. */
function alikeImages(a: Drawn, b: Drawn): number {
  const squares = ({ grey, height }: Drawn): Map<string, number> => {
    const found = new Map<string, number>();
    for (let y = 0; y < height; y++)
      for (let x = 0; x < WIDTH; x++) {
        const key = `${x >> 3} ${y >> 3}`;
        found.set(key, (found.get(key) ?? 0) + 255 - grey[y * WIDTH + x]!);
      }
    return found;
  };
  return overlap(squares(a), squares(b));
}

function overlap(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let [both, either] = [0, 0];
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    const [one, other] = [a.get(key) ?? 0, b.get(key) ?? 0];
    both += Math.min(one, other);
    either += Math.max(one, other);
  }
  return either === 0 ? 1 : both / either;
}
