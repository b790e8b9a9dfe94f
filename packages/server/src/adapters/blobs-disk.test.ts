import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { blobsSuite } from "../testing/blobs.suite.ts";
import { diskBlobs } from "./blobs-disk.ts";

const folder = await mkdtemp(join(tmpdir(), "lectern-blobs-"));
afterAll(() => rm(folder, { recursive: true }));

blobsSuite(
  () => diskBlobs(join(folder, "suite")),
  async () => (await readdir(join(folder, "suite", ".unfinished"))).length,
);

it("throws away at its start what a crash left behind, and keeps what was finished", async () => {
  const store = join(folder, "crashed");
  const before = await diskBlobs(store);
  const { sha256 } = await before.write("app", new Blob(["finished"]).stream());
  await mkdir(join(store, ".unfinished"), { recursive: true });
  await writeFile(join(store, ".unfinished", "half"), "half");
  const after = await diskBlobs(store);
  expect(await readdir(join(store, ".unfinished"))).toEqual([]);
  expect(await after.size("app", sha256)).toBe(8);
  expect(await readdir(store)).toEqual([".unfinished", "app"]);
  expect(await readdir(join(store, "app"))).toEqual([sha256.slice(0, 2)]);
});
