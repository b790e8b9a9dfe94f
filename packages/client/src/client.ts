/**
 * The typed backend client: one function per operation of the service, derived from the same registry as the routes.
 * Uses fetch alone, so it runs in Node, Deno and on the edge. Requests that fail for a passing reason are repeated; a POST carries an
 * `Idempotency-Key`, so a repeat never does a thing twice where the service keeps keys.
 */
import type { Api, Input, Operation, Output } from "@lectern/protocol";
import { ApiError, errorFromProblem } from "@lectern/protocol/plain";
import { ROUTES } from "@lectern/protocol/routes";

type Routes = typeof ROUTES;

/** Options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A file to upload: bytes of any size, streamed where the platform can. */
export interface Upload {
  readonly body: BodyInit;
  /** Media type; the service looks at the bytes too. */
  readonly type?: string;
  /** Called with the bytes handed to the network so far; needs a `Blob` or a `Uint8Array`. */
  readonly onProgress?: (sent: number, total: number) => void;
}

/** JSON is parsed; other bodies come as the Response, to be streamed. */
type Result<O extends Operation> = O["responseType"] extends "application/json" ? Output<O> : Response;
type Arguments<O extends Operation> = O["bodyKind"] extends "stream"
  ? [input: Input<O>, upload: Upload, options?: CallOptions]
  : [input: Input<O>, options?: CallOptions];
type Call<O> = O extends Operation ? (...args: Arguments<O>) => Promise<Result<O>> : never;

/** The service, group by group: `client.documents.list({})`. */
export type LecternClient = { readonly [G in keyof Api]: { readonly [V in keyof Api[G]]: Call<Api[G][V]> } };

export interface ClientOptions {
  /** Origin of the service, e.g. `https://documents.example.com`. */
  readonly baseUrl: string;
  /** A backend's API key, or a session token. */
  readonly apiKey?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `include` sends the dashboard's cookie. */
  readonly credentials?: RequestCredentials;
  readonly fetch?: typeof fetch;
  /** How often a request is repeated after a network error, 408, 429, 502, 503 or 504. Default 3. */
  readonly retries?: number;
}

export function createClient(options: ClientOptions): LecternClient {
  const client: Record<string, Record<string, unknown>> = {};
  for (const [name, route] of Object.entries(ROUTES)) {
    const [group, verb] = name.split(".") as [string, string];
    (client[group] ??= {})[verb] =
      route.body === "stream"
        ? (input: object, upload: Upload, call?: CallOptions) => request(options, route, input, upload, call ?? {})
        : (input: object, call?: CallOptions) => request(options, route, input, null, call ?? {});
  }
  return client as unknown as LecternClient;
}

async function request(
  options: ClientOptions,
  route: Routes[string],
  input: object,
  upload: Upload | null,
  call: CallOptions,
): Promise<unknown> {
  const { url, rest } = addressOf(options.baseUrl, route, input);
  const headers: Record<string, string> = { ...options.headers, ...call.headers };
  if (options.apiKey !== undefined) headers["authorization"] = `Bearer ${options.apiKey}`;
  if (route.method === "POST") headers["idempotency-key"] ??= crypto.randomUUID();
  const init: RequestInit & { duplex?: "half" } = { method: route.method, headers };
  if (options.credentials !== undefined) init.credentials = options.credentials;
  if (call.signal !== undefined) init.signal = call.signal;
  let repeatable = true;
  if (upload !== null) {
    if (upload.type !== undefined) headers["content-type"] = upload.type;
    const { body, streamed } = bodyOf(upload);
    init.body = body;
    if (streamed) init.duplex = "half";
    repeatable = !streamed;
  } else if (route.body !== "none") {
    headers["content-type"] = route.body === "text" ? "text/plain" : "application/json";
    init.body = JSON.stringify(rest);
  }
  const response = await send(options, url, init, repeatable ? (options.retries ?? 3) : 0);
  if (!response.ok) throw errorFromProblem(await response.json().catch(() => null), response.status);
  return route.response === "json" ? response.json() : response;
}

function addressOf(baseUrl: string, route: Routes[string], input: object): { url: string; rest: Record<string, unknown> } {
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
    if (value === undefined || value === "") throw new ApiError("invalid_parameters", `${key} is missing`);
    return encodeURIComponent(String(value));
  });
  const query = new URLSearchParams();
  for (const key of route.query) {
    const value = take(key);
    if (value !== undefined && value !== null) query.set(key, String(value));
  }
  const text = query.toString();
  return { url: `${baseUrl.replace(/\/+$/, "")}${path}${text === "" ? "" : `?${text}`}`, rest };
}

/** The body to send; `streamed` bodies can be read only once, so such a request is not repeated. */
function bodyOf(upload: Upload): { body: BodyInit; streamed: boolean } {
  const { body, onProgress } = upload;
  if (onProgress === undefined) return { body, streamed: body instanceof ReadableStream };
  const blob = body instanceof Blob ? body : new Blob([body as BlobPart]);
  let sent = 0;
  const counted = blob.stream().pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        sent += chunk.byteLength;
        onProgress(sent, blob.size);
        controller.enqueue(chunk);
      },
    }),
  );
  return { body: counted, streamed: true };
}

const PASSING = new Set([408, 429, 502, 503, 504]);

async function send(options: ClientOptions, url: string, init: RequestInit, retries: number): Promise<Response> {
  const call = options.fetch ?? fetch;
  for (let attempt = 0; ; attempt++) {
    let response: Response | null = null;
    try {
      response = await call(url, init);
      if (attempt >= retries || !PASSING.has(response.status)) return response;
      await response.body?.cancel();
    } catch (error) {
      if (attempt >= retries || init.signal?.aborted === true) throw error;
    }
    await pause(delayBefore(attempt, response), init.signal ?? null);
  }
}

/** Milliseconds: what the service asks for, else doubling with jitter. */
function delayBefore(attempt: number, response: Response | null): number {
  const asked = Number(response?.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(asked) ? Math.min(asked, 30) * 1000 : Math.random() * 200 * 2 ** attempt;
}

function pause(ms: number, signal: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
}
