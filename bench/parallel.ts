/** Pages drawn by two worker processes against one: what the second core gives. Pages of two documents, as a document stays with its worker while that is free. */
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import { renderPool } from "../packages/server/src/render/pool.ts";
import { figure, median } from "./figure.ts";

const PAGES = 40;
const WIDTH = 1280;
const ROUNDS = 5;

export async function benchParallel(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
  const [one, two] = [renderPool({ workers: 1 }), renderPool({ workers: 2 })];
  try {
    const bytes = pagesPdf(PAGES);
    const path = join(folder, "pages.pdf");
    await writeFile(path, bytes);
    const source = { path, sha256: createHash("sha256").update(bytes).digest("hex") };
    const all = async (pool: typeof one): Promise<number> => {
      const start = performance.now();
      const image = (page: number) => pool.image(source, { page, width: WIDTH, format: "webp", annotations: "others" });
      await Promise.all(Array.from({ length: PAGES }, (_, page) => image(page)));
      return performance.now() - start;
    };
    for (const pool of [one, two]) await all(pool);
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) ratios.push((await all(one)) / (await all(two)));
    const detail = ratios.map((ratio) => ratio.toFixed(2)).join(", ");
    figure(`${PAGES} pages by two processes : by one`, median(ratios), "×", { best: "most", must: 1.6 }, detail);
  } finally {
    await Promise.all([one.close(), two.close()]);
    await rm(folder, { recursive: true });
  }
}
