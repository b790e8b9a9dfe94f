/** Files of a folder over HTTP: the SDK, the dashboard. Small and few, so they are kept in memory for as long as they do not change on disk. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { extname, join, resolve, sep } from "node:path";

export interface ServedFile {
  readonly bytes: Buffer;
  /** Strong, quoted; another one for each encoding. */
  readonly etag: string;
  readonly mediaType: string;
  readonly encoding: "br" | "gzip" | null;
  /** Its name holds a hash of its content. */
  readonly immutable: boolean;
}

export interface FileFolder {
  /** null: there is no such file. `accept`: the request's Accept-Encoding. */
  read(path: string, accept: string): Promise<ServedFile | null>;
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
  ".ttf": "font/ttf",
  ".txt": "text/plain; charset=utf-8",
  ".map": "application/json; charset=utf-8",
};
const HASHED = /-[\w-]{8,}\.\w+$/;
const ENCODINGS = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;

export function fileFolder(folder: string): FileFolder {
  const root = resolve(folder);
  const cache = new Map<string, { readonly stamp: string; readonly bytes: Buffer; readonly hash: string }>();

  async function load(path: string): Promise<{ readonly bytes: Buffer; readonly hash: string } | null> {
    const info = await stat(path).catch(missing);
    if (info === null || !info.isFile()) return null;
    const stamp = `${info.mtimeMs} ${info.size}`;
    const known = cache.get(path);
    if (known?.stamp === stamp) return known;
    const bytes = await readFile(path).catch(missing);
    if (bytes === null) return null;
    const entry = { stamp, bytes, hash: createHash("sha256").update(bytes).digest("base64url").slice(0, 22) };
    cache.set(path, entry);
    return entry;
  }

  return {
    async read(path, accept) {
      if (/[\0\\]/.test(path) || path.split("/").some((part) => part.startsWith("."))) return null;
      const full = join(root, path);
      if (!full.startsWith(root + sep)) return null;
      const mediaType = MEDIA_TYPES[extname(full)];
      if (mediaType === undefined) return null;
      const immutable = HASHED.test(full);
      for (const [encoding, suffix] of ENCODINGS) {
        if (!new RegExp(`\\b${encoding}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`).test(accept)) continue;
        const packed = await load(full + suffix);
        if (packed !== null) return { bytes: packed.bytes, etag: `"${packed.hash}"`, mediaType, encoding, immutable };
      }
      const file = await load(full);
      return file === null ? null : { bytes: file.bytes, etag: `"${file.hash}"`, mediaType, encoding: null, immutable };
    },
  };
}

function missing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT" || error.code === "ENOTDIR" || error.code === "ENAMETOOLONG") return null;
  throw error;
}
