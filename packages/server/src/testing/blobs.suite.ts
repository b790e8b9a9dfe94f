/** What every adapter of `BlobStore` must do. `open` is called once; `leftovers` tells how many unfinished uploads lie around. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { PassThrough, type Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { beforeAll, describe, expect, it } from "vitest";
import type { BlobStore } from "../ports.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function* pieces(...bytes: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of bytes) {
    await Promise.resolve();
    yield piece;
  }
}

export function blobsSuite(open: () => Promise<BlobStore>, leftovers: () => Promise<number>): void {
  describe("blob store", () => {
    let blobs: BlobStore;
    beforeAll(async () => {
      blobs = await open();
    });
    const textOf = async (stream: Readable | null): Promise<string | null> => (stream === null ? null : (await buffer(stream)).toString());

    it("gives back what was written, whole or in part, under its hash", async () => {
      const stored = await blobs.write("app", pieces(bytesOf("hello "), bytesOf("blob")));
      expect(stored).toEqual({ sha256: hashOf(bytesOf("hello blob")), size: 10 });
      expect(await textOf(await blobs.read("app", stored.sha256))).toBe("hello blob");
      expect(await textOf(await blobs.read("app", stored.sha256, [6, 9]))).toBe("blob");
      expect(await textOf(await blobs.read("app", stored.sha256, [0, 0]))).toBe("h");
      await expect(blobs.read("app", stored.sha256, [5, 4])).rejects.toMatchObject({ code: "range_not_satisfiable" });
      expect(await blobs.size("app", stored.sha256)).toBe(10);
      expect(await readFile(await blobs.localPath("app", stored.sha256), "utf8")).toBe("hello blob");
    });

    it("stores nothing at all as a blob, too, and large ones by streaming", async () => {
      expect(await blobs.write("app", pieces())).toEqual({ sha256: hashOf(new Uint8Array()), size: 0 });
      const large = new Uint8Array(3_000_017).map((_, i) => (i * 31) % 251);
      const parts = Array.from({ length: 46 }, (_, i) => large.subarray(i * 65_536, (i + 1) * 65_536));
      const stored = await blobs.write("app", pieces(...parts));
      expect(stored).toEqual({ sha256: hashOf(large), size: large.length });
      expect(hashOf(await buffer((await blobs.read("app", stored.sha256))!))).toBe(stored.sha256);
    });

    it("keeps the same bytes once, also when they arrive at the same time", async () => {
      const same = await Promise.all(Array.from({ length: 8 }, () => blobs.write("app", pieces(bytesOf("tw"), bytesOf("ins")))));
      expect(new Set(same.map((blob) => blob.sha256)).size).toBe(1);
      await blobs.delete("app", same[0]!.sha256);
      expect(await blobs.size("app", same[0]!.sha256)).toBeNull();
      expect(await leftovers()).toBe(0);
    });

    it("stores what it has received although the same bytes are deleted meanwhile, and keeps nothing that is not stored", async () => {
      const received = await blobs.receive("app", pieces(bytesOf("received")));
      await blobs.write("app", pieces(bytesOf("received")));
      await blobs.delete("app", received.sha256);
      await received.store();
      await received.release();
      expect(await textOf(await blobs.read("app", received.sha256))).toBe("received");
      expect(await readFile(await blobs.localPath("app", received.sha256), "utf8")).toBe("received");
      const refused = await blobs.receive("app", pieces(bytesOf("refused")));
      await refused.release();
      expect(await leftovers()).toBe(0);
    });

    it("knows nothing of another application's blobs", async () => {
      const { sha256 } = await blobs.write("app1", pieces(bytesOf("mine")));
      expect(await blobs.read("app2", sha256)).toBeNull();
      expect(await blobs.size("app2", sha256)).toBeNull();
      await expect(blobs.localPath("app2", sha256)).rejects.toMatchObject({ code: "not_found" });
      await blobs.delete("app2", sha256);
      expect(await blobs.size("app1", sha256)).toBe(4);
    });

    it("deletes, and deletes again", async () => {
      const { sha256 } = await blobs.write("app", pieces(bytesOf("short-lived")));
      await blobs.delete("app", sha256);
      await blobs.delete("app", sha256);
      expect(await blobs.read("app", sha256)).toBeNull();
    });

    it("stops at the limit and leaves nothing behind", async () => {
      const text = bytesOf("0123456789");
      await expect(blobs.write("app", pieces(text, text), { maxBytes: 19 })).rejects.toMatchObject({ code: "too_large" });
      expect(await leftovers()).toBe(0);
      await expect(blobs.write("app", pieces(text, text), { maxBytes: 20 })).resolves.toMatchObject({ size: 20 });
    });

    it("leaves nothing behind when the source breaks", async () => {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield* pieces(bytesOf("half"));
        throw new Error("the line went dead");
      }
      await expect(blobs.write("app", broken())).rejects.toThrow("the line went dead");
      expect(await blobs.size("app", hashOf(bytesOf("half")))).toBeNull();
      expect(await leftovers()).toBe(0);
    });

    it("ends when it is aborted while the source is silent, and closes the source", async () => {
      const silent = new PassThrough();
      silent.write("half");
      const abort = new AbortController();
      const writing = blobs.write("app", silent, { signal: abort.signal });
      abort.abort(new Error("hung up"));
      await expect(writing).rejects.toThrow("hung up");
      expect(silent.destroyed).toBe(true);
      expect(await leftovers()).toBe(0);
      await expect(blobs.write("app", pieces(bytesOf("late")), { signal: abort.signal })).rejects.toThrow("hung up");
    });

    it.each(["../x", "a/b", "", ".", "..", ".unfinished", "a\0b", "a".repeat(129)])("refuses %j as an application", async (id) => {
      await expect(blobs.write(id, pieces(bytesOf("x")))).rejects.toMatchObject({ code: "bad_request" });
      await expect(blobs.read(id, "0".repeat(64))).rejects.toMatchObject({ code: "bad_request" });
      await expect(blobs.delete(id, "0".repeat(64))).rejects.toMatchObject({ code: "bad_request" });
    });

    it.each(["", "..", "../../x", "A".repeat(64), "0".repeat(63), `${"0".repeat(64)}/..`])("refuses %j as a hash", async (sha256) => {
      await expect(blobs.size("app", sha256)).rejects.toMatchObject({ code: "bad_request" });
      await expect(blobs.localPath("app", sha256)).rejects.toMatchObject({ code: "bad_request" });
    });
  });
}
