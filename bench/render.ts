/**
 * Pages to pixels and to text, in the engine as the workers use it, against native tools when they are installed: time of the processor for each
 * page, without what starting takes. How long it takes to prepare a long document; and images from the cache against reading the bare file.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileReader, openPdfiumNode } from "@lectern/pdf/node";
import { pagesPdf } from "@lectern/pdf/testing";
import { systemClock } from "../packages/server/src/ports.ts";
import { pageCache } from "../packages/server/src/render/cache.ts";
import { renderPool } from "../packages/server/src/render/pool.ts";
import { cpuTime, figure, skipped } from "./figure.ts";
import { nativePdfium } from "./native.ts";
import { writtenPages } from "./pages.ts";

const PAGES = 100;
const WIDTH = 960;
const LONG = 1400;
const READS = 20_000;
const ROUNDS = 12;

const show = (what: string, ms: number, ratio?: string): void =>
  console.log(`${what.padEnd(54)} ${ms.toFixed(2).padStart(8)} ms${ratio === undefined ? "" : `   ${ratio}`}`);

interface Tool {
  readonly name: string;
  readonly command: string;
  /** For the pages from the first to this one. */
  readonly args: (path: string, last: number) => readonly string[];
}

const native = (command: string, ...how: readonly string[]): Tool => ({
  name: "native PDFium",
  command,
  args: (path, last) => [path, "0", String(last), ...how],
});
const PDFTOPPM: Tool = {
  name: "pdftoppm",
  command: "pdftoppm",
  args: (path, last) => ["-f", "1", "-l", String(last), "-scale-to-x", String(WIDTH), "-scale-to-y", "-1", path],
};
const MUTOOL: Tool = {
  name: "mutool draw",
  command: "mutool",
  args: (path, last) => ["draw", "-q", "-w", String(WIDTH), "-c", "rgb", "-o", "/dev/null", "-F", "pnm", path, `1-${last}`],
};
const PDFTOTEXT: Tool = {
  name: "pdftotext -bbox",
  command: "pdftotext",
  args: (path, last) => ["-f", "1", "-l", String(last), "-bbox", path, "-"],
};

/** Milliseconds of the processor a page; null when the tool is not installed. */
function pageTimeOf({ command, args }: Tool, path: string): number | null {
  const run = (last: number): number | null => {
    // The shell's own report is the only one that counts a child's time.
    const words = [command, ...args(path, last)].map((word) => `'${word.replace(/'/g, "'\\''")}'`).join(" ");
    const { error, status, stderr } = spawnSync("bash", ["-c", `TIMEFORMAT='%U %S'; { time ${words} >/dev/null 2>/dev/null; }`], {
      encoding: "utf8",
    });
    if (error !== undefined || status !== 0) return null;
    const [user = 0, system = 0] = stderr.trim().split(" ").map(Number);
    return (user + system) * 1000;
  };
  const [one, all] = [run(1), run(PAGES + 1)];
  return one === null || all === null ? null : (all - one) / PAGES;
}

/** In turn with the tools, the least of each: what else runs on the machine only adds. The first that is there is what we are held against. */
function compared(what: string, ours: () => number, tools: readonly Tool[], path: string): void {
  const mine: number[] = [];
  const theirs = tools.map((tool) => ({ tool, times: [] as (number | null)[] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { tool, times } of theirs) times.push(pageTimeOf(tool, path));
    mine.push(ours());
  }
  const own = Math.min(...mine);
  let isHeld = false;
  for (const { tool, times } of theirs) {
    const other = times.includes(null) ? null : Math.min(...(times as number[]));
    if (other === null) skipped(`${what} : ${tool.name}`, "it is not installed");
    else if (isHeld) show(`${what} : ${tool.name}`, other, `${(own / other).toFixed(2)} ×`);
    else
      figure(`${what} : ${tool.name}`, own / other, "×", { best: "least", must: 2 }, `${own.toFixed(2)} : ${other.toFixed(2)} ms a page`);
    isHeld ||= other !== null;
  }
}

export async function benchRender(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
  const pool = renderPool({ workers: 1 });
  try {
    const path = join(folder, "pages.pdf");
    await writeFile(path, writtenPages(PAGES + 1));
    const engine = await openPdfiumNode();
    const document = engine.open(fileReader(path));
    const perPage = (work: (page: number) => unknown) => (): number => {
      work(0);
      const start = cpuTime();
      for (let page = 1; page <= PAGES; page++) work(page);
      return (cpuTime() - start) / PAGES;
    };
    const program = nativePdfium() ?? "native-pdfium";
    // As a worker does it.
    const paper = new Uint8Array(32 * 1024 * 1024);
    const draw = perPage((page) => document.render(page, { width: WIDTH }, paper));
    compared(`draw a page, ${WIDTH} wide`, draw, [native(program, "draw", String(WIDTH)), PDFTOPPM, MUTOOL], path);
    const read = perPage((page) => document.text(page));
    compared("text of a page, with boxes", read, [native(program, "text"), PDFTOTEXT], path);
    engine.close();

    const long = join(folder, "long.pdf");
    const bytes = pagesPdf(LONG);
    await writeFile(long, bytes);
    const source = { path: long, sha256: createHash("sha256").update(bytes).digest("hex") };
    await pool.check();
    const start = performance.now();
    await pool.prepare(source, { revision: 1, target: join(folder, "base.ndjson") });
    const prepared = performance.now();
    const image = await pool.image(source, { page: 0, width: WIDTH, format: "webp", annotations: "others", encoding: "small" });
    show(`prepare ${LONG} pages`, prepared - start);
    show("page 1 drawn and encoded small", performance.now() - prepared, `${(image.length / 1000).toFixed(1)} kB`);
    const again = performance.now();
    for (let page = 1; page <= 20; page++) await pool.image(source, { page, width: WIDTH, format: "webp", annotations: "others" });
    show("a page through a worker, encoded", (performance.now() - again) / 20);

    const cache = pageCache({ folder: join(folder, "cache"), clock: systemClock, onError: (what, error) => console.error(what, error) });
    const key = { applicationId: "bench", blob: source.sha256, name: "0.webp" };
    const file = join(folder, "bare.webp");
    await writeFile(file, image);
    await cache.put(key, image);
    const reads = async (read: () => Promise<unknown>): Promise<number> => {
      const from = performance.now();
      for (let n = 0; n < READS; n++) await read();
      return (performance.now() - from) / READS;
    };
    const bare = await reads(() => readFile(file));
    const hot = await reads(() => cache.get(key, () => Promise.reject(new Error("must be cached"))));
    await cache.close();
    const cold = pageCache({
      folder: join(folder, "cache"),
      clock: systemClock,
      memoryBytes: 0,
      onError: (what, error) => console.error(what, error),
    });
    const disk = await reads(() => cold.peek(key));
    await cold.close();
    show("cached image, from memory", hot, `the bare file ${bare.toFixed(3)} ms, ratio ${(hot / bare).toFixed(2)}`);
    show("cached image, from disk", disk, `ratio ${(disk / bare).toFixed(2)}`);
  } finally {
    await pool.close();
    await rm(folder, { recursive: true });
  }
}
