import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blobsSuite } from "../testing/blobs.suite.ts";
import { type FakeS3, fakeS3 } from "../testing/fake-s3.ts";
import { parseS3Url, s3Blobs, type S3Blobs } from "./blobs-s3.ts";

let bucket: FakeS3;
let folder: string;
const errors: unknown[] = [];
const open = (more: { readonly cacheDir?: string; readonly maxCacheBytes?: number } = {}): Promise<S3Blobs> =>
  s3Blobs({ url: bucket.url, cacheDir: join(folder, "cache"), onError: (_what, error) => errors.push(error), ...more });
const bytes = (text: string): Readable => Readable.from([Buffer.from(text)]);

beforeAll(async () => {
  bucket = await fakeS3();
  folder = await mkdtemp(join(tmpdir(), "lectern-s3-"));
});

afterAll(async () => {
  await bucket.close();
  await rm(folder, { recursive: true });
  expect(errors).toEqual([]);
});

blobsSuite(
  () => open(),
  async () => (await readdir(join(folder, "cache", "unfinished"))).length,
);

describe("blobs in a bucket", () => {
  it("are there for another machine, which keeps a copy of what it reads", async () => {
    const [here, there] = [await open(), await open({ cacheDir: join(folder, "there") })];
    const { sha256 } = await here.write("app", bytes("shared"));
    expect(bucket.objects.get(`blobs/app/${sha256}`)?.toString()).toBe("shared");
    const paths = await Promise.all([there.localPath("app", sha256), there.localPath("app", sha256)]);
    expect(paths[0]).toBe(paths[1]);
    expect(bucket.requests.filter((request) => request === `GET blobs/app/${sha256}`)).toHaveLength(1);
    expect((await buffer((await there.read("app", sha256))!)).toString()).toBe("shared");
    await here.delete("app", sha256);
    expect(await there.read("app", sha256)).toBeNull();
  });

  it("are tried again while the store is not well, and said to be unavailable when it stays so", async () => {
    const blobs = await open();
    bucket.fail(2);
    const { sha256 } = await blobs.write("app", bytes("patient"));
    expect(bucket.objects.get(`blobs/app/${sha256}`)?.toString()).toBe("patient");
    bucket.fail(1000);
    await expect(blobs.write("app", bytes("never"))).rejects.toMatchObject({ code: "unavailable" });
    await expect(blobs.size("app", sha256)).rejects.toMatchObject({ code: "unavailable" });
    bucket.fail(0);
    expect(await blobs.size("app", sha256)).toBe(7);
  });

  it("whose bytes are not those of their name are not given to anybody", async () => {
    const blobs = await open({ cacheDir: join(folder, "elsewhere") });
    (bucket.objects as Map<string, Buffer>).set(`blobs/app/${"a".repeat(64)}`, Buffer.from("forged"));
    await expect(blobs.localPath("app", "a".repeat(64))).rejects.toMatchObject({ code: "unavailable" });
    expect(await readdir(join(folder, "elsewhere", "unfinished"))).toEqual([]);
  });

  it("leave the cache when it is full, the least used first, and never those just named", async () => {
    const cacheDir = join(folder, "small");
    const blobs = await open({ cacheDir, maxCacheBytes: 25 });
    const [first, second] = [await blobs.write("app", bytes("0123456789")), await blobs.write("app", bytes("abcdefghij"))];
    const old = new Date(Date.now() - 3_600_000);
    for (const { sha256 } of [first, second]) await utimes(join(cacheDir, `app.${sha256}`), old, old);
    await blobs.localPath("app", first.sha256);
    await blobs.write("app", bytes("ABCDEFGHIJ"));
    await expect.poll(async () => (await readdir(cacheDir)).includes(`app.${second.sha256}`)).toBe(false);
    expect(await readdir(cacheDir)).toContain(`app.${first.sha256}`);
    expect((await buffer((await blobs.read("app", second.sha256))!)).toString()).toBe("abcdefghij");
  });

  it("need a bucket that is there", async () => {
    await expect(
      s3Blobs({ url: bucket.url.replace("lectern-test", "other-bucket"), cacheDir: join(folder, "none"), onError: () => undefined }),
    ).rejects.toThrow("The bucket other-bucket cannot be used");
  });

  it("are named by a URL", () => {
    expect(parseS3Url("s3://bucket/a/b/?region=eu-central-1")).toMatchObject({
      bucket: "bucket",
      prefix: "a/b/",
      config: { region: "eu-central-1" },
    });
    expect(() => parseS3Url("s3://?endpoint=http://x")).toThrow("names no bucket");
    expect(() => parseS3Url("s3://bucket?endpoint=ftp://x")).toThrow("endpoint");
  });
});
