/** A file from a URL that somebody else chose: redirects are followed, each one checked; the answer is limited in bytes and time. */
import { ApiError } from "@lectern/protocol/plain";
import type { Outgoing, OutgoingAnswer } from "./request.ts";

export interface Download {
  /** Where it came from, after redirects. */
  readonly url: URL;
  readonly mediaType: string | null;
  /** Bytes as they come. Throws ApiError `too_large`, `unprocessable` when the answer breaks off. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface DownloadOptions {
  readonly maxBytes: number;
  /** Of everything, ms; default ten minutes. */
  readonly timeoutMs?: number;
  /** Default 5. */
  readonly redirects?: number;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 600_000;
const REDIRECTS = 5;
const ONWARD = [301, 302, 303, 307, 308];

/** Throws ApiError `invalid_parameters` for what may not be asked, `unprocessable` unless the answer is 200, `too_large`. */
export async function download(outgoing: Outgoing, from: string, options: DownloadOptions): Promise<Download> {
  const { maxBytes, timeoutMs = TIMEOUT_MS, redirects = REDIRECTS } = options;
  const limits = [AbortSignal.timeout(timeoutMs), ...(options.signal === undefined ? [] : [options.signal])];
  const signal = AbortSignal.any(limits);
  let url = outgoing.check(from);
  for (let hops = 0; ; hops++) {
    const answer = await outgoing.send(url.href, { method: "GET", headers: { "accept-encoding": "identity" }, timeoutMs, signal });
    const { status, headers, body } = answer;
    if (ONWARD.includes(status) && headers.location !== undefined) {
      body.destroy();
      if (hops === redirects) throw new ApiError("unprocessable", `The URL redirects more than ${redirects} times`);
      url = onward(outgoing, headers.location, url);
      continue;
    }
    const refusal = refusalOf(answer, maxBytes);
    if (refusal !== null) {
      body.destroy();
      throw refusal;
    }
    return { url, mediaType: headers["content-type"] ?? null, bytes: limited(answer, { maxBytes, signal: options.signal }) };
  }
}

function onward(outgoing: Outgoing, location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw new ApiError("unprocessable", "The URL redirects to what is not a URL");
  const to = outgoing.check(new URL(location, from).href);
  if (from.protocol === "https:" && to.protocol !== "https:") throw new ApiError("unprocessable", "The URL redirects from https to http");
  return to;
}

function refusalOf({ status, headers }: OutgoingAnswer, maxBytes: number): ApiError | null {
  if (status !== 200) return new ApiError("unprocessable", `The URL answers with status ${status}`);
  if ((headers["content-encoding"] ?? "identity").toLowerCase() !== "identity") {
    return new ApiError("unprocessable", "The URL answers with compressed bytes although none were asked for");
  }
  return Number(headers["content-length"] ?? 0) > maxBytes ? tooLarge(maxBytes) : null;
}

async function* limited(
  { body }: OutgoingAnswer,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted === true) throw error;
    throw new ApiError("unprocessable", "The answer of the URL broke off, or took too long", { cause: error });
  } finally {
    body.destroy();
  }
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError("too_large", `The file at the URL is larger than the limit of ${maxBytes} bytes`);
}
