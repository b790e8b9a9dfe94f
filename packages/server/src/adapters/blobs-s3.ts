/**
 * BlobStore in a bucket of an S3-compatible store, as `<prefix><application>/<sha256>`. Bytes go to a file of this machine while they are hashed,
 * then to the bucket with their checksum; what is told as stored is stored there. The files are kept as a cache, as workers read files; least
 * recently used ones go when it is full.
 */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { ApiError } from "@lectern/protocol/plain";
import type { BlobStore } from "../ports.ts";
import { abortable, requireBlobName, writeHashed, writing } from "./blob-file.ts";

export interface S3BlobsOptions {
  /** `s3://[key:secret@]bucket[/prefix][?endpoint=http://…&region=…&path_style=true]`; without a key the usual AWS sources of credentials. */
  readonly url: string;
  /** Of files that come and go; processes may share it. */
  readonly cacheDir: string;
  /** Bytes of the cache; default 5 GB. */
  readonly maxCacheBytes?: number;
  readonly onError: (what: string, error: unknown) => void;
}

export interface S3Blobs extends BlobStore {
  close(): void;
}

const MAX_CACHE_BYTES = 5_000_000_000;
/** Somebody was told its path and may not have opened it yet. */
const IN_USE_MS = 10 * 60_000;
/** An upload is over after so long. */
const LEFT_BEHIND_MS = 24 * 3_600_000;
const ATTEMPTS = 4;

/** Throws an Error that says what is wrong when the bucket cannot be reached. */
export async function s3Blobs(options: S3BlobsOptions): Promise<S3Blobs> {
  const { bucket, prefix, config } = parseS3Url(options.url);
  const { maxCacheBytes = MAX_CACHE_BYTES, onError } = options;
  const client = new S3Client(config);
  const folder = resolve(options.cacheDir);
  await mkdir(join(folder, "unfinished"), { recursive: true, mode: 0o700 });
  for (const { path, usedAt } of await filesOf(join(folder, "unfinished")))
    if (usedAt < Date.now() - LEFT_BEHIND_MS) await rm(path, { force: true });
  await client.send(new HeadBucketCommand({ Bucket: bucket })).catch((error: unknown) => {
    throw new Error(`The bucket ${bucket} cannot be used: ${reasonOf(error)}`, { cause: error });
  });
  /** Downloads under way. */
  const fetching = new Map<string, Promise<string>>();
  let cached = (await filesOf(folder)).reduce((sum, { size }) => sum + size, 0);
  let shrinking: Promise<void> | null = null;

  const keyOf = (applicationId: string, sha256: string): string => {
    requireBlobName(applicationId, sha256);
    return `${prefix}${applicationId}/${sha256}`;
  };
  const cachePath = (applicationId: string, sha256: string): string => join(folder, `${applicationId}.${sha256}`);
  const unfinished = (): string => join(folder, "unfinished", randomUUID());

  async function keep(file: string, path: string, size: number): Promise<void> {
    const known = await sizeIfThere(path);
    await rename(file, path);
    cached += size - (known ?? 0);
    if (cached > maxCacheBytes) shrink();
  }

  function shrink(): void {
    shrinking ??= dropOldest(folder, maxCacheBytes)
      .then((left) => void (cached = left))
      .catch((error: unknown) => onError("clearing the cache of blobs", error))
      .finally(() => (shrinking = null));
  }

  async function download(applicationId: string, sha256: string): Promise<string> {
    const found = await get(keyOf(applicationId, sha256));
    if (found === null) throw new ApiError("not_found", "The file is not stored here");
    const [file, path] = [unfinished(), cachePath(applicationId, sha256)];
    const hash = createHash("sha256");
    let size = 0;
    try {
      await pipeline(
        found,
        async function* hashed(chunks: AsyncIterable<Uint8Array>) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            size += chunk.length;
            yield chunk;
          }
        },
        createWriteStream(file, { mode: 0o600 }),
      );
      if (hash.digest("hex") !== sha256) throw new Error(`the bucket has other bytes under ${applicationId}/${sha256}`);
      await keep(file, path, size);
      return path;
    } catch (error) {
      await rm(file, { force: true });
      throw error instanceof ApiError ? error : unavailable(error);
    }
  }

  async function get(key: string, range?: readonly [number, number]): Promise<Readable | null> {
    try {
      const bytes = range === undefined ? {} : { Range: `bytes=${range[0]}-${range[1]}` };
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...bytes }));
      return Body as Readable;
    } catch (error) {
      if (isMissing(error)) return null;
      if ((error as { name?: string }).name === "InvalidRange") throw new ApiError("range_not_satisfiable");
      throw unavailable(error);
    }
  }

  // To the bucket at once, so that nobody waits for that under a lock; once more only when it was deleted meanwhile.
  const receive: BlobStore["receive"] = async (applicationId, bytes, { maxBytes = Number.POSITIVE_INFINITY, signal } = {}) => {
    requireBlobName(applicationId, "0".repeat(64));
    const file = unfinished();
    try {
      const { hash, size } = await writeHashed(file, abortable(bytes, signal), maxBytes);
      const digest = hash.digest();
      const sha256 = digest.toString("hex");
      const object = { bucket, key: keyOf(applicationId, sha256), file, size, digest };
      await put(client, object, signal);
      return {
        sha256,
        size,
        async store() {
          if ((await sizeInBucket(client, bucket, object.key)) === null) await put(client, object, signal);
          await keep(file, cachePath(applicationId, sha256), size);
        },
        release: () => rm(file, { force: true }),
      };
    } catch (error) {
      if (bytes instanceof Readable) bytes.destroy();
      await rm(file, { force: true });
      throw error;
    }
  };

  return {
    receive,
    write: writing(receive),

    async read(applicationId, sha256, range) {
      const key = keyOf(applicationId, sha256);
      if (range !== undefined && range[1] < range[0]) throw new ApiError("range_not_satisfiable");
      const path = cachePath(applicationId, sha256);
      // The bucket decides whether it is there: another process may have deleted it.
      if ((await sizeIfThere(path)) !== null && (await sizeInBucket(client, bucket, key)) !== null) {
        const file = createReadStream(path, range === undefined ? {} : { start: range[0], end: range[1] });
        const isOpen = await new Promise<boolean>((told) => file.once("open", () => told(true)).once("error", () => told(false)));
        if (isOpen) return file;
      }
      return get(key, range);
    },

    async size(applicationId, sha256) {
      return sizeInBucket(client, bucket, keyOf(applicationId, sha256));
    },

    async localPath(applicationId, sha256) {
      const key = keyOf(applicationId, sha256);
      const path = cachePath(applicationId, sha256);
      if ((await sizeIfThere(path)) !== null && (await touched(path))) return path;
      const under = fetching.get(key) ?? download(applicationId, sha256).finally(() => fetching.delete(key));
      fetching.set(key, under);
      return under;
    },

    async delete(applicationId, sha256) {
      const key = keyOf(applicationId, sha256);
      await rm(cachePath(applicationId, sha256), { force: true });
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })).catch((error: unknown) => {
        throw unavailable(error);
      });
    },

    forget: (applicationId, sha256) => rm(cachePath(applicationId, sha256), { force: true }),

    close: () => client.destroy(),
  };
}

interface NewObject {
  readonly bucket: string;
  readonly key: string;
  readonly file: string;
  readonly size: number;
  /** SHA-256. */
  readonly digest: Uint8Array;
}

/** The store refuses bytes that are not those of the checksum. */
async function put(client: S3Client, { bucket, key, file, size, digest }: NewObject, signal: AbortSignal | undefined): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      const object = {
        Bucket: bucket,
        Key: key,
        Body: createReadStream(file),
        ContentLength: size,
        ChecksumSHA256: Buffer.from(digest).toString("base64"),
      };
      await client.send(new PutObjectCommand(object), signal === undefined ? {} : { abortSignal: signal });
      return;
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      // A stream cannot be sent twice, so the client does not try again by itself.
      if (attempt >= ATTEMPTS || !isPassing(error)) throw unavailable(error);
    }
  }
}

async function sizeInBucket(client: S3Client, bucket: string, key: string): Promise<number | null> {
  try {
    const { ContentLength } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return ContentLength ?? 0;
  } catch (error) {
    if (isMissing(error)) return null;
    throw unavailable(error);
  }
}

interface S3Place {
  readonly bucket: string;
  readonly prefix: string;
  readonly config: S3ClientConfig;
}

/** Throws an Error that says what is expected and never repeats a secret. */
export function parseS3Url(text: string): S3Place {
  const url = new URL(text);
  const bucket = url.hostname;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw new Error("the URL names no bucket: s3://bucket?endpoint=https://…");
  const endpoint = url.searchParams.get("endpoint");
  if (endpoint !== null && !/^https?:\/\//.test(endpoint)) throw new Error("`endpoint` must be an http or https URL");
  const path = url.pathname.replace(/^\/+|\/+$/g, "");
  const [accessKeyId, secretAccessKey] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  return {
    bucket,
    prefix: path === "" ? "" : `${path}/`,
    config: {
      region: url.searchParams.get("region") ?? "us-east-1",
      ...(endpoint === null ? {} : { endpoint, forcePathStyle: url.searchParams.get("path_style") !== "false" }),
      ...(accessKeyId === "" ? {} : { credentials: { accessKeyId, secretAccessKey } }),
      // Not every compatible store knows the newer checksums; ours is sent with each object.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      maxAttempts: ATTEMPTS,
    },
  };
}

function isMissing(error: unknown): boolean {
  const { name, $metadata } = error as { readonly name?: string; readonly $metadata?: { readonly httpStatusCode?: number } };
  return name === "NoSuchKey" || name === "NotFound" || $metadata?.httpStatusCode === 404;
}

/** Worth another try: the store was not reached or was not well. */
function isPassing(error: unknown): boolean {
  const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status === undefined || status >= 500 || status === 429 || status === 408;
}

function unavailable(error: unknown): ApiError {
  return new ApiError("unavailable", "The store of files cannot be reached", { cause: error, retryAfter: 2 });
}

function reasonOf(error: unknown): string {
  const { name, message } = error as Error;
  return message === "" || message === "UnknownError" ? name : message;
}

async function filesOf(folder: string): Promise<{ readonly path: string; readonly size: number; readonly usedAt: number }[]> {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(folder, entry.name);
    const info = await stat(path).catch(nullIfMissing);
    if (info !== null) found.push({ path, size: info.size, usedAt: info.mtimeMs });
  }
  return found;
}

/** Bytes that are left. */
async function dropOldest(folder: string, maxBytes: number): Promise<number> {
  const files = (await filesOf(folder)).toSorted((a, b) => a.usedAt - b.usedAt);
  let left = files.reduce((sum, { size }) => sum + size, 0);
  const idle = Date.now() - IN_USE_MS;
  for (const { path, size, usedAt } of files) {
    if (left <= maxBytes * 0.9 || usedAt > idle) break;
    await rm(path, { force: true });
    left -= size;
  }
  return left;
}

/** False when it has just gone. */
async function touched(path: string): Promise<boolean> {
  const now = new Date();
  return utimes(path, now, now).then(
    () => true,
    (error: NodeJS.ErrnoException) => nullIfMissing(error) !== null,
  );
}

async function sizeIfThere(path: string): Promise<number | null> {
  return (await stat(path).catch(nullIfMissing))?.size ?? null;
}

function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
