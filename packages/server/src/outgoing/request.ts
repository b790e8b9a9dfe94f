/**
 * Requests to addresses that somebody else chose (webhooks, uploads from a URL). The name is resolved here and the connection goes to exactly what
 * was checked, so a name that answers differently the second time gains nothing. Redirects are answers like any other: whoever follows one asks
 * again, and is checked again. No proxy, no cookies, no credentials, no connection kept.
 */
import { lookup as systemLookup } from "node:dns/promises";
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import { ApiError } from "@lectern/protocol/plain";
import { isPublicAddress } from "./addresses.ts";
import { type AllowedPrivate, allowedPrivate } from "./allowed.ts";

export interface Outgoing {
  /** Throws ApiError `invalid_parameters` for a URL that is never asked: no http(s), credentials in it, an address that is not allowed. */
  check(url: string): URL;
  /** Resolves with the head of the answer. Throws ApiError `invalid_parameters` as above, `unprocessable` when nobody answers. */
  send(url: string, options: OutgoingRequest): Promise<OutgoingAnswer>;
}

export interface OutgoingRequest {
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Of everything, the reading of the answer's body included. */
  readonly timeoutMs: number;
  /** Until the connection stands: name, TCP and TLS; default 5000. */
  readonly connectMs?: number;
  readonly signal?: AbortSignal;
}

export interface OutgoingAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** To be read or destroyed. */
  readonly body: IncomingMessage;
}

export interface OutgoingOptions {
  /** Private, loopback and link-local addresses may be asked, too. */
  readonly allowPrivate: AllowedPrivate;
  /** All addresses of a name; default: the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;
}

const MOST_URL = 2048;
const CONNECT_MS = 5000;

export function outgoing({ allowPrivate, resolve = resolveAll }: OutgoingOptions): Outgoing {
  const allowed = allowedPrivate(allowPrivate);
  const mayAsk = (address: string): boolean => allowed.address(address) || isPublicAddress(address);

  function check(text: string): URL {
    if (text.length > MOST_URL || !URL.canParse(text)) throw refused("is not a URL");
    const url = new URL(text);
    if (url.protocol !== "http:" && url.protocol !== "https:") throw refused("must begin with http:// or https://");
    if (url.username !== "" || url.password !== "") throw refused("must not hold credentials");
    const host = hostOf(url);
    // The parser of URLs has turned 127.1, 0x7f000001 and 2130706433 into 127.0.0.1.
    if (isIP(host) !== 0 && !mayAsk(host)) throw refused("names an address that is not public");
    if (!allowed.host(host) && /(^|\.)localhost\.?$/i.test(host)) throw refused("names an address that is not public");
    return url;
  }

  const lookup: LookupFunction = (host, options, done) => {
    resolve(host).then(
      (found) => {
        const first = found[0];
        if (first === undefined) return done(new Error(`${host} has no address`), "");
        // One that is not public among others is a trick or a mistake.
        if (!allowed.host(host) && !found.every(({ address }) => mayAsk(address)))
          return done(refused("names an address that is not public"), "");
        if (options.all === true) return done(null, [...found]);
        done(null, first.address, first.family);
      },
      (error: unknown) => done(error as Error, ""),
    );
  };

  return {
    check,
    send(text, { method, headers = {}, body, timeoutMs, connectMs = CONNECT_MS, signal }) {
      const url = check(text);
      return new Promise((settle, reject) => {
        const limits = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])];
        const all = AbortSignal.any(limits);
        const bytes = body === undefined ? null : Buffer.from(body);
        const length = bytes === null ? {} : { "content-length": String(bytes.length) };
        const ask = url.protocol === "https:" ? httpsRequest : httpRequest;
        const request = ask(url, { method, headers: { ...headers, ...length }, agent: false, lookup, signal: all, maxHeaderSize: 16_384 });
        const connecting = setTimeout(() => request.destroy(Object.assign(new Error("no connection"), { code: "ETIMEDOUT" })), connectMs);
        const connected = url.protocol === "https:" ? "secureConnect" : "connect";
        request.once("socket", (socket) => socket.once(connected, () => clearTimeout(connecting)));
        request.once("close", () => clearTimeout(connecting));
        request.once("response", (answer) => {
          const stop = (): void => void answer.destroy(new Error("took too long"));
          all.addEventListener("abort", stop, { once: true });
          answer.once("close", () => all.removeEventListener("abort", stop));
          // Who destroys it has read enough.
          answer.on("error", () => undefined);
          settle({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer });
        });
        request.on("error", (error) => {
          if (error instanceof ApiError) reject(error);
          else reject(new ApiError("unprocessable", reasonOf(error, limits[0]!.aborted), { cause: error }));
        });
        request.end(bytes ?? undefined);
      });
    },
  };
}

function resolveAll(host: string): Promise<{ address: string; family: number }[]> {
  return systemLookup(host, { all: true, verbatim: true });
}

function hostOf({ hostname }: URL): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

function refused(details: string): ApiError {
  return new ApiError("invalid_parameters", `The URL ${details}`, { failingPaths: [{ path: "$.url", details }] });
}

function reasonOf(error: Error, timedOut: boolean): string {
  if (timedOut) return "There was no answer in time";
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "The name has no address";
  if (code === "ETIMEDOUT") return "The address could not be reached in time";
  if (code === "ECONNREFUSED") return "The connection was refused";
  return `The request failed (${code ?? error.message})`;
}
