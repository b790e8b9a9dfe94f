import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { memoryBusHub } from "../adapters/bus-memory.ts";
import { systemClock } from "../ports.ts";
import { cacheOfNodes } from "./cache-of-nodes.ts";
import { type CacheKey, pageCache } from "./cache.ts";

test("what one node drops is dropped by all, with the bytes that they keep near", async () => {
  const hub = memoryBusHub();
  const forgotten: string[] = [];
  const node = async (name: string) => {
    const folder = await mkdtemp(join(tmpdir(), "lectern-cache-"));
    const onError = (_what: string, error: unknown): never => {
      throw error;
    };
    const cache = cacheOfNodes(pageCache({ folder, clock: systemClock, onError }), {
      blobs: {
        forget(applicationId, sha256) {
          forgotten.push(`${name} ${applicationId} ${sha256}`);
          return Promise.resolve();
        },
      },
      bus: hub.join(),
      onError,
    });
    onTestFinished(async () => {
      await cache.close();
      await rm(folder, { recursive: true });
    });
    return cache;
  };
  const [one, two] = [await node("one"), await node("two")];
  const key = (blob: string): CacheKey => ({ applicationId: "app", blob, name: "0--960.webp" });
  for (const cache of [one, two]) for (const blob of ["secret", "other"]) await cache.put(key(blob), new Uint8Array([1, 2, 3]));
  await one.drop("app", "secret");
  await expect.poll(() => Promise.all([one, two].map((cache) => cache.peek(key("secret"))))).toEqual([null, null]);
  for (const cache of [one, two]) expect(await cache.peek(key("other"))).toEqual(new Uint8Array([1, 2, 3]));
  expect(forgotten).toEqual(["two app secret"]);
});
