/**
 * Bytes with a strong tag: conditions (If-Match, If-None-Match), single ranges (206, 416) and If-Range, as RFC 9110 has them. Several ranges at
 * once are answered with all of it, which the RFC allows.
 */
import type { Readable } from "node:stream";
import { ApiError } from "@lectern/protocol/plain";
import { type Context, type Reply, reply } from "../handlers.ts";
import { problemReply } from "./error.ts";

export interface Bytes {
  /** Without quotes. The same tag means the same bytes. */
  readonly etag: string;
  readonly size: number;
  readonly headers: Readonly<Record<string, string>>;
  /** First and last byte, inclusive; none: all of it. */
  read(range?: readonly [number, number]): Promise<Readable | Uint8Array>;
}

type Asking = Pick<Context, "header" | "requestId">;

/** Throws ApiError `precondition_failed`; a range that is not there is answered with 416 and the size. */
export async function bytesReply({ header, requestId }: Asking, bytes: Bytes): Promise<Reply> {
  const { size } = bytes;
  const etag = `"${bytes.etag}"`;
  const headers = { ...bytes.headers, etag, "accept-ranges": "bytes" };
  const ifMatch = header("if-match");
  if (ifMatch !== null && !lists(ifMatch, etag)) {
    throw new ApiError("precondition_failed", "The file is another one than the caller knows");
  }
  if (lists((header("if-none-match") ?? "").replace(/W\//g, ""), etag)) return reply(null, { status: 304, headers });
  const ifRange = header("if-range");
  const range = ifRange === null || ifRange.trim() === etag ? rangeOf(header("range"), size) : "all";
  if (range === "all") return reply(await bytes.read(), { headers: { ...headers, "content-length": String(size) } });
  if (range === "none") {
    const refused = problemReply(new ApiError("range_not_satisfiable", `The file has ${size} bytes`), requestId);
    return reply(refused.body, { status: refused.status, headers: { ...refused.headers, "content-range": `bytes */${size}` } });
  }
  const [first, last] = range;
  return reply(await bytes.read(range), {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${first}-${last}/${size}`, "content-length": String(last - first + 1) },
  });
}

function lists(header: string, etag: string): boolean {
  return header.split(",").some((part) => part.trim() === "*" || part.trim() === etag);
}

/** `all`: the header asks for nothing that is understood. `none`: for what is not there. */
function rangeOf(header: string | null, size: number): readonly [number, number] | "all" | "none" {
  const [, from, to] = /^bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})$/i.exec(header?.trim() ?? "") ?? ["", "", ""];
  if (from === "" && to === "") return "all";
  if (from === "") return Number(to) === 0 || size === 0 ? "none" : [Math.max(0, size - Number(to)), size - 1];
  if (to !== "" && Number(to) < Number(from)) return "all";
  return Number(from) >= size ? "none" : [Number(from), to === "" ? size - 1 : Math.min(Number(to), size - 1)];
}
