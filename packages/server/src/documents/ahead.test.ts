/** Neighbours of the page that somebody reads are drawn before he comes there. */
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ImageOptions, Renderer } from "../ports.ts";
import { type RenderPool, renderPool } from "../render/pool.ts";
import { APPLICATION, type TestDocuments, testDocuments } from "../testing/test-documents.ts";
import { pageImage } from "./stream.ts";

let pool: RenderPool;
let place: TestDocuments;
/** What was drawn on demand and ahead; the smaller encodings made in idle time aside. */
const drawn: { readonly page: number; readonly priority: ImageOptions["priority"] }[] = [];
beforeAll(async () => {
  pool = renderPool({ workers: 1 });
  const counting: Renderer = {
    ...pool,
    image(source, options) {
      if (options.priority !== "idle" && options.width === 320) drawn.push({ page: options.page, priority: options.priority });
      return pool.image(source, options);
    },
  };
  place = await testDocuments({ renderer: counting });
});
afterAll(async () => {
  await place.close();
  await pool.close();
});

test("the next two pages and the one before are drawn ahead, once, and are there when they are asked for", async () => {
  const { id: documentId, sourceSha256: blob } = await place.prepared(pagesPdf(9));
  const ask = (index: number) => pageImage(place.deps, { applicationId: APPLICATION, documentId, blob, index, width: 320 });
  // The first page is drawn when a document is prepared, whether or not somebody waits.
  await expect.poll(() => drawn, { timeout: 30_000 }).toEqual([{ page: 0, priority: "ahead" }]);
  drawn.length = 0;
  await ask(4);
  await expect.poll(() => drawn.length, { timeout: 30_000 }).toBe(4);
  expect(drawn[0]).toEqual({ page: 4, priority: "interactive" });
  expect(drawn.slice(1).toSorted((a, b) => a.page - b.page)).toEqual([3, 5, 6].map((page) => ({ page, priority: "ahead" })));
  const [next] = await Promise.all([ask(5), ask(3)]);
  expect(next.length).toBeGreaterThan(0);
  // Beside 5: 7 is new. Beside 3: 2.
  await expect.poll(() => drawn.length, { timeout: 30_000 }).toBe(6);
  expect(drawn.slice(4).toSorted((a, b) => a.page - b.page)).toEqual([2, 7].map((page) => ({ page, priority: "ahead" })));
  await ask(8);
  await expect.poll(() => drawn.filter(({ page }) => page === 8).length).toBe(1);
  // There is no page behind the last one.
  expect(drawn.every(({ page }) => page >= 0 && page <= 8)).toBe(true);
  expect(new Set(drawn.map(({ page }) => page)).size).toBe(drawn.length);
}, 60_000);
