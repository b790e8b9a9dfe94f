import { setImmediate as nextTurn } from "node:timers/promises";
import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../ports.ts";
import { type CacheKey, type PageCache, pageCache, type PageCacheOptions } from "./cache.ts";

let folder = "";
const caches: PageCache[] = [];
const errors: unknown[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lectern-cache-"));
});
afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.close()));
  await rm(folder, { recursive: true });
  expect(errors.splice(0)).toEqual([]);
});

function cache(options: Partial<PageCacheOptions> = {}): PageCache {
  const made = pageCache({ folder, clock: systemClock, onError: (_what, error) => errors.push(error), ...options });
  caches.push(made);
  return made;
}

const key = (name: string, blob = "blob"): CacheKey => ({ applicationId: "app", blob, name });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (from: Uint8Array | null): string | null => (from === null ? null : new TextDecoder().decode(from));
const never = (): Promise<Uint8Array> => Promise.reject(new Error("must not be made"));

describe("the page cache", () => {
  it("makes a thing once for all who ask at the same time", async () => {
    const one = cache();
    let made = 0;
    const make = async (): Promise<Uint8Array> => {
      made++;
      await new Promise((resolve) => setImmediate(resolve));
      return bytes("image");
    };
    const all = await Promise.all(Array.from({ length: 20 }, () => one.get(key("0"), make)));
    expect(made).toBe(1);
    expect(new Set(all.map(text))).toEqual(new Set(["image"]));
    expect(text(await one.get(key("0"), never))).toBe("image");
    expect(one.has(key("0"))).toBe(true);
  });

  it("finds after a restart what was made before", async () => {
    const before = cache();
    await before.get(key("0"), async () => bytes("kept"));
    await before.close();
    expect(text(await cache().get(key("0"), never))).toBe("kept");
  });

  it("tells an error to all who wait, and tries again for the next one", async () => {
    const one = cache();
    const fail = (): Promise<Uint8Array> => Promise.reject(new Error("no luck"));
    const both = await Promise.allSettled([one.get(key("0"), fail), one.get(key("0"), fail)]);
    expect(both.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
    expect(text(await one.get(key("0"), async () => bytes("luck")))).toBe("luck");
  });

  it("goes on for the others when one gives up, and stops when all have", async () => {
    const one = cache();
    const started: AbortSignal[] = [];
    let finish = (_image: Uint8Array): void => undefined;
    const make = (signal: AbortSignal): Promise<Uint8Array> =>
      new Promise((resolve, reject) => {
        started.push(signal);
        finish = resolve;
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    const [first, second] = [new AbortController(), new AbortController()];
    const left = expect(one.get(key("0"), make, first.signal)).rejects.toThrow("abort");
    const stayed = one.get(key("0"), make, second.signal);
    first.abort();
    await left;
    await expect.poll(() => started.length).toBe(1);
    expect(started[0]!.aborted).toBe(false);
    finish(bytes("done"));
    expect(text(await stayed)).toBe("done");

    const third = new AbortController();
    const alone = expect(one.get(key("1"), make, third.signal)).rejects.toThrow("abort");
    await expect.poll(() => started.length).toBe(2);
    third.abort();
    await alone;
    expect(started[1]!.aborted).toBe(true);
    expect(text(await one.get(key("1"), async () => bytes("again")))).toBe("again");
  });

  it.each([
    ["cut", (path: string) => truncate(path, 3)],
    [
      "altered",
      async (path: string) => {
        const file = await readFile(path);
        file[0]! ^= 1;
        await writeFile(path, file);
      },
    ],
    ["emptied", (path: string) => truncate(path, 0)],
    ["removed", (path: string) => rm(path)],
  ])("makes anew what was %s on disk", async (_what, damage) => {
    const before = cache();
    await before.get(key("0"), async () => bytes("a fine image"));
    await before.close();
    await damage(join(folder, "app", "blob", "0"));
    const after = cache();
    expect(await after.peek(key("0"))).toBeNull();
    expect(text(await after.get(key("0"), async () => bytes("made anew")))).toBe("made anew");
  });

  it("forgets what was used least recently when the disk budget is full", async () => {
    const one = cache({ maxBytes: 5000, memoryBytes: 0 });
    const image = new Uint8Array(1000 - 12);
    for (let n = 0; n < 5; n++) await one.put(key(String(n)), image);
    await one.peek(key("0"));
    await one.put(key("5"), image);
    await expect.poll(async () => (await readdir(join(folder, "app", "blob"))).toSorted()).toEqual(["0", "3", "4", "5"]);
    expect(await one.peek(key("1"))).toBeNull();
  });

  it("knows the order of use after a restart", async () => {
    const before = cache();
    const image = new Uint8Array(1000 - 12);
    for (const name of ["old", "new"]) await before.put(key(name), image);
    await before.close();
    await utimes(join(folder, "app", "blob", "old"), 1000, 1000);
    cache({ maxBytes: 1900 });
    await expect.poll(async () => readdir(join(folder, "app", "blob"))).toEqual(["new"]);
  });

  it("forgets everything of a blob, and nothing else", async () => {
    const one = cache();
    await one.put(key("0", "gone"), bytes("x"));
    await one.put(key("0", "kept"), bytes("y"));
    await one.drop("app", "gone");
    expect(await one.peek(key("0", "gone"))).toBeNull();
    expect(text(await one.peek(key("0", "kept")))).toBe("y");
    expect(await readdir(join(folder, "app"))).toEqual(["kept"]);
  });

  it("throws away what a crash left half written", async () => {
    const before = cache();
    await before.put(key("0"), bytes("x"));
    await before.close();
    await writeFile(join(folder, "app", "blob", "1.123.tmp"), "half");
    cache();
    await expect.poll(async () => readdir(join(folder, "app", "blob"))).toEqual(["0"]);
  });

  it("is dropped whole while others go on writing it", async () => {
    const one = cache();
    for (let round = 0; round < 30; round++) {
      let over = false;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let n = 0; !over; n++) {
          await one.put(key(`${writer}-${n % 5}`, "gone"), bytes("x"));
          await nextTurn();
        }
      });
      await expect.poll(() => one.has(key("0-0", "gone"))).toBe(true);
      await one.drop("app", "gone");
      over = true;
      await Promise.all(writers);
      await one.drop("app", "gone");
      expect(await readdir(join(folder, "app"))).toEqual([]);
    }
  });

  it("does not keep what was being made or written while it was dropped", async () => {
    const one = cache();
    let finish: (made: Uint8Array) => void = () => undefined;
    const making = one.get(key("0", "gone"), () => new Promise((resolve) => (finish = resolve)));
    await expect.poll(async () => (await one.peek(key("0", "gone"))) === null).toBe(true);
    const writing = one.put(key("1", "gone"), bytes("written"));
    await one.drop("app", "gone");
    await writing;
    finish(bytes("made"));
    expect(text(await making)).toBe("made");
    expect([await one.peek(key("0", "gone")), await one.peek(key("1", "gone"))]).toEqual([null, null]);
  });
});
