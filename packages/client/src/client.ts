/**
 * The typed backend client: one function per operation of the service, typed and routed by what `scripts/contract.ts` writes from the registry.
 * Uses fetch alone, so it runs in Node, Deno and on the edge. What fails is an `ApiError`; requests that fail for a passing reason are
 * repeated; a POST carries an `Idempotency-Key`, the same in each attempt.
 */
import { ApiError, errorFromProblem } from "@lectern/protocol/plain";
import { ROUTES } from "@lectern/protocol/routes";
import type { Operations } from "./operations.ts";
import { attempts, signalFor } from "./retry.ts";
import { prepareUpload, type Upload } from "./upload.ts";

/** Options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds for each attempt; 0: no end. */
  readonly timeout?: number;
  /** POST only: default a new one for each call. With a key of your own, a call may be repeated also after your process ended. */
  readonly idempotencyKey?: string;
}

interface Shape {
  readonly input: object;
  readonly output: unknown;
  readonly upload: boolean;
}
type Call<O extends Shape> = O["upload"] extends true
  ? (input: O["input"], upload: Upload, options?: CallOptions) => Promise<O["output"]>
  : {} extends O["input"]
    ? (input?: O["input"], options?: CallOptions) => Promise<O["output"]>
    : (input: O["input"], options?: CallOptions) => Promise<O["output"]>;

/** The service, group by group: `client.documents.list()`. JSON is parsed; other bodies come as the Response, to be streamed. */
export type LecternClient = {
  readonly [G in keyof Operations]: {
    readonly [V in keyof Operations[G]]: Operations[G][V] extends Shape ? Call<Operations[G][V]> : never;
  };
};

export interface ClientOptions {
  /** Origin of the service, e.g. `https://documents.example.com`. */
  readonly baseUrl: string;
  /** A backend's API key, or a session token. */
  readonly apiKey?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `include` sends the dashboard's cookie. */
  readonly credentials?: "omit" | "same-origin" | "include";
  readonly fetch?: typeof fetch;
  /** How often a request is repeated after a network error, a time-out, 408, 429 or 5xx (but 501). Default 3. */
  readonly retries?: number;
  /** Milliseconds for each attempt, until JSON is read or another body begins; 0: no end. Default 120,000; uploads: none unless the call names it. */
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT = 120_000;

type Route = (typeof ROUTES)[string];

export function createClient(options: ClientOptions): LecternClient {
  const client: Record<string, Record<string, unknown>> = {};
  for (const [name, route] of Object.entries(ROUTES)) {
    const [group, verb] = name.split(".") as [string, string];
    (client[group] ??= {})[verb] =
      route.body === "stream"
        ? (input: object, upload: Upload, call: CallOptions = {}) => request(options, route, input, upload, call)
        : (input: object = {}, call: CallOptions = {}) => request(options, route, input, null, call);
  }
  return client as unknown as LecternClient;
}

async function request(options: ClientOptions, route: Route, input: object, upload: Upload | null, call: CallOptions): Promise<unknown> {
  const { url, rest } = addressOf(options.baseUrl, route, input);
  const headers: Record<string, string> = {};
  for (const [name, value] of [...Object.entries(options.headers ?? {}), ...Object.entries(call.headers ?? {})])
    headers[name.toLowerCase()] = value;
  if (options.apiKey !== undefined) headers["authorization"] = `Bearer ${options.apiKey}`;
  if (route.method === "POST") headers["idempotency-key"] ??= call.idempotencyKey ?? crypto.randomUUID();
  const prepared = upload === null ? null : prepareUpload(upload);
  if (route.body === "json" || route.body === "text") headers["content-type"] = route.body === "text" ? "text/plain" : "application/json";
  const timeout = call.timeout ?? (upload === null ? (options.timeout ?? DEFAULT_TIMEOUT) : 0);
  const retries = prepared?.once === true ? 0 : (options.retries ?? 3);

  return attempts({ retries, signal: call.signal }, async () => {
    const limited = signalFor(call.signal, timeout);
    const init: RequestInit & { duplex?: "half" } = { method: route.method, headers, signal: limited.signal };
    if (options.credentials !== undefined) init.credentials = options.credentials;
    if (prepared !== null) {
      const { body, type, streamed } = prepared.open();
      init.body = body;
      if (streamed) init.duplex = "half";
      if (type !== null) init.headers = { ...headers, "content-type": type };
    } else if (route.body !== "none") {
      init.body = JSON.stringify(rest);
    }
    let streaming = false;
    try {
      const response = await (options.fetch ?? fetch)(url, init);
      if (!response.ok) throw await errorOf(response);
      streaming = route.response === "bytes";
      if (response.status === 204) return {};
      return streaming ? response : ((await response.json()) as unknown);
    } catch (error) {
      throw limited.explain(error);
    } finally {
      limited.clear(streaming);
    }
  });
}

async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const { code, message, failingPaths, requestId, status } = errorFromProblem(body, response.status);
  const after = retryAfterOf(response.headers.get("retry-after"));
  const id = requestId ?? response.headers.get("x-request-id");
  return new ApiError(code, message, {
    status,
    ...(failingPaths === undefined ? {} : { failingPaths }),
    ...(id === null ? {} : { requestId: id }),
    ...(after === null ? {} : { retryAfter: after }),
    ...(typeof body === "object" && body !== null ? { extra: body as Record<string, unknown> } : {}),
  });
}

/** Seconds: of a number, or of a date. */
function retryAfterOf(header: string | null): number | null {
  if (header === null) return null;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

function addressOf(baseUrl: string, route: Route, input: object): { url: string; rest: Record<string, unknown> } {
  const rest: Record<string, unknown> = { ...input };
  /** What goes into the address is a scalar by its schema. */
  const take = (key: string): string | number | boolean | null | undefined => {
    const value = rest[key] as string | number | boolean | null | undefined;
    delete rest[key];
    return value;
  };
  let path = route.path;
  if (route.layered) {
    const layer = take("layerName");
    if (layer !== undefined && layer !== "")
      path = path.replace("/documents/{documentId}", `/documents/{documentId}/layers/${encodeURIComponent(String(layer))}`);
  }
  path = path.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
    const value = take(key);
    if (value === undefined || value === null || value === "") throw new ApiError("invalid_parameters", `${key} is missing`);
    return encodeURIComponent(String(value));
  });
  const query = new URLSearchParams();
  for (const key of route.query) {
    const value = take(key);
    if (isMembers(value)) for (const [name, member] of Object.entries(value)) query.set(`${key}[${name}]`, String(member));
    else if (value !== undefined && value !== null) query.set(key, String(value));
  }
  const text = query.toString();
  return { url: `${baseUrl.replace(/\/+$/, "")}${path}${text === "" ? "" : `?${text}`}`, rest };
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
