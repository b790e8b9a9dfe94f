/**
 * Pages to pixels and to text, in the engine as the workers use it, against poppler's tools when they are installed; how long it takes to prepare
 * a long document; and images from the cache against reading the bare file.
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

const PAGES = 100;
const WIDTH = 960;
const LONG = 1400;
const READS = 20_000;

const show = (what: string, ms: number, ratio?: string): void =>
  console.log(`${what.padEnd(34)} ${ms.toFixed(2).padStart(8)} ms${ratio === undefined ? "" : `   ${ratio}`}`);

/** Milliseconds a page of a tool, without its start; null when it is not installed. */
function tool(command: string, args: readonly string[], path: string): number | null {
  const run = (last: number): number | null => {
    const start = performance.now();
    const { error, status } = spawnSync(
      command,
      ["-f", "1", "-l", String(last), ...args, path, ...(command === "pdftotext" ? ["-"] : [])],
      { stdio: ["ignore", "ignore", "ignore"] },
    );
    return error === undefined && status === 0 ? performance.now() - start : null;
  };
  const [one, all] = [run(1), run(PAGES + 1)];
  return one === null || all === null ? null : (all - one) / PAGES;
}

/** The same of `mutool draw`, which takes its pages as a list. */
function mutool(path: string): number | null {
  const run = (pages: string): number | null => {
    const start = performance.now();
    const { error, status } = spawnSync("mutool", ["draw", "-q", "-w", String(WIDTH), "-o", "/dev/null", "-F", "pnm", path, pages], {
      stdio: "ignore",
    });
    return error === undefined && status === 0 ? performance.now() - start : null;
  };
  const [one, all] = [run("1"), run(`1-${PAGES + 1}`)];
  return one === null || all === null ? null : (all - one) / PAGES;
}

function compared(what: string, ms: number, peer: string, theirs: number | null): void {
  show(what, ms, theirs === null ? `${peer} is not installed` : `${peer} ${theirs.toFixed(2)} ms, ratio ${(ms / theirs).toFixed(2)}`);
}

export async function benchRender(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
  const pool = renderPool({ workers: 1 });
  try {
    const path = join(folder, "pages.pdf");
    await writeFile(path, pagesPdf(PAGES + 1));
    const engine = await openPdfiumNode();
    const document = engine.open(fileReader(path));
    const perPage = (work: (page: number) => unknown): number => {
      work(0);
      const start = performance.now();
      for (let page = 1; page <= PAGES; page++) work(page);
      return (performance.now() - start) / PAGES;
    };
    compared(
      `draw a page, ${WIDTH} wide`,
      perPage((page) => document.render(page, { width: WIDTH })),
      "pdftoppm",
      tool("pdftoppm", ["-scale-to-x", String(WIDTH), "-scale-to-y", "-1"], path),
    );
    compared(
      "the same",
      perPage((page) => document.render(page, { width: WIDTH })),
      "mutool draw",
      mutool(path),
    );
    compared(
      "text of a page, with positions",
      perPage((page) => document.text(page)),
      "pdftotext -bbox",
      tool("pdftotext", ["-bbox"], path),
    );
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
