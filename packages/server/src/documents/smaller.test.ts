/** Images that were drawn in haste are encoded smaller when nobody waits. */
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, afterEach, expect, test } from "vitest";
import type { ImageOptions, Renderer } from "../ports.ts";
import { renderPool } from "../render/pool.ts";
import { APPLICATION, type TestDocuments, testDocuments } from "../testing/test-documents.ts";
import type { DocumentRow } from "./store.ts";
import { imageCacheKey, pageImage, pageTile } from "./stream.ts";

const pool = renderPool({ workers: 1 });
let shelf: TestDocuments | null = null;
afterEach(async () => {
  await shelf?.close();
  shelf = null;
});
afterAll(() => pool.close());

/** Documents whose images are so many bytes, and a list of the images that were made. */
async function documents(sizes: { readonly fast: number; readonly small: number }, held: Promise<void> = Promise.resolve()) {
  const made: ImageOptions[] = [];
  const renderer: Renderer = {
    ...pool,
    async image(_source, options) {
      made.push(options);
      if (options.priority === "idle") await held;
      return new Uint8Array(options.encoding === "small" ? sizes.small : sizes.fast);
    },
  };
  shelf = await testDocuments({ renderer });
  const document = await shelf.prepared(pagesPdf(1));
  const idle = (): ImageOptions[] => made.filter(({ priority }) => priority === "idle");
  return { deps: shelf.deps, document, idle };
}

const requestOf = ({ id, sourceSha256 }: DocumentRow) => ({ applicationId: APPLICATION, documentId: id, blob: sourceSha256, index: 0 });

test("a smaller one takes the place of the quick one, made once for all who asked", async () => {
  const { deps, document, idle } = await documents({ fast: 900, small: 500 });
  const request = { ...requestOf(document), width: 640 };
  const answers = await Promise.all([pageImage(deps, request), pageImage(deps, request)]);
  expect(answers.map(({ length }) => length)).toEqual([900, 900]);
  const key = imageCacheKey(request);
  await expect.poll(async () => (await deps.cache.peek(key))?.length).toBe(500);
  expect((await pageImage(deps, request)).length).toBe(500);
  expect(idle()).toMatchObject([{ page: 0, width: 640, encoding: "small" }]);
});

test("tiles, too", async () => {
  const { deps, document, idle } = await documents({ fast: 900, small: 500 });
  const request = { ...requestOf(document), width: 5120, tile: [1, 2] as const };
  expect((await pageTile(deps, request)).length).toBe(900);
  await expect.poll(async () => (await pageTile(deps, request)).length).toBe(500);
  expect(idle()).toMatchObject([{ width: 5120, tile: [1, 2], encoding: "small" }]);
});

test("one that is no smaller is not kept", async () => {
  const { deps, document, idle } = await documents({ fast: 900, small: 901 });
  const request = { ...requestOf(document), width: 640 };
  await pageImage(deps, request);
  await expect.poll(() => idle().length).toBe(1);
  await Promise.resolve();
  expect((await pageImage(deps, request)).length).toBe(900);
});

test("what was dropped meanwhile does not come back", async () => {
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const { deps, document, idle } = await documents({ fast: 900, small: 500 }, held);
  const request = { ...requestOf(document), width: 640 };
  await pageImage(deps, request);
  const key = imageCacheKey(request);
  await expect.poll(() => idle().length).toBe(1);
  // Other images of the page are still being made.
  for (const width of [320, 1280]) await expect.poll(() => deps.cache.has(imageCacheKey({ ...request, width }))).toBe(true);
  await deps.cache.drop(key.applicationId, key.blob);
  goOn();
  await new Promise((resolve) => setImmediate(resolve));
  expect(await deps.cache.peek(key)).toBeNull();
});
