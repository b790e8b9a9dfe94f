/**
 * The HTTP surface: every operation of the registry is mounted the same way. A request is identified and limited before its body is read, then
 * parsed, authorised, handled and serialised. What goes wrong anywhere becomes a problem document with the request's id.
 */
import multipart from "@fastify/multipart";
import { type Api, api, type Operation } from "@lectern/protocol";
import { pathsOf } from "@lectern/protocol/openapi";
import { ApiError } from "@lectern/protocol/plain";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import {
  type Access,
  type Caller,
  type Context,
  type Handlers,
  isReply,
  reply as raw,
  type FormFile,
  type StreamBody,
} from "../handlers.ts";
import type { Metrics } from "../metrics.ts";
import type { Clock } from "../ports.ts";
import type { ServerSecret } from "../secret.ts";
import type { OriginPolicy } from "../sessions/origins.ts";
import { accessTo, checkSameOrigin, type Identified, type Identities, identify, single } from "./auth.ts";
import { BODY_LIMITS, type BodyLimits, readJson } from "./body.ts";
import { answerOnly, openToBrowsers, preflight, sameOriginOnly } from "./cors.ts";
import { problemBytes, problemReply, toApiError } from "./error.ts";
import { overriddenMethod, TUS_HEADERS } from "../uploads/tus.ts";
import { parseInput } from "./input.ts";
import { isForm, readJsonForm } from "./json-form.ts";
import type { Logger } from "./log.ts";
import { multipartBody } from "./multipart.ts";
import { mountNotOffered } from "./not-offered.ts";
import { paced } from "./pace.ts";
import type { RequestIds } from "./request-id.ts";
import { type RateLimiter, rateHeaders } from "../rate.ts";

export interface AppOptions {
  readonly handlers: Handlers;
  readonly identities: Identities;
  readonly origins: OriginPolicy;
  readonly secret: ServerSecret;
  /** Known once the port is bound. */
  readonly publicUrl: () => string;
  readonly requests: RateLimiter;
  readonly clock: Clock;
  readonly ids: RequestIds;
  readonly log: Logger;
  /** A request was answered. */
  readonly onAnswered?: Metrics["request"];
  readonly bodyLimits?: BodyLimits;
  /** Responses are checked against the registry: for tests, since it costs a third of the throughput. */
  readonly checkResponses?: boolean;
}

declare module "fastify" {
  interface FastifyRequest {
    identified: Identified | null;
    givenType: string | null;
    givenFiles: ReadonlyMap<string, FormFile> | null;
    startedAt: number;
    /** Pattern of an operation's route: fastify's own tells it with much else, made anew each time. */
    pattern: string | null;
  }
  interface FastifyContextConfig {
    operation?: Operation;
  }
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
/** Further addresses that existing clients use. */
const ALIASES: ReadonlyMap<Operation, readonly string[]> = new Map<Operation, readonly string[]>([
  [api.documents.upload, ["/viewer/document", "/api/document"]],
  [api.documents.cover, ["/documents/{documentId}/cover"]],
]);

/** Of every answer: a browser makes nothing of it but what it is. */
const GUARDS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { log, clock, ids, bodyLimits: limits = BODY_LIMITS } = options;
  const ofAddress: Counting = (request, reply) => limit(options.requests, `address ${request.ip}`, reply);
  const app = fastify({
    logger: false,
    genReqId: ({ headers }) => ids(headers),
    requestIdHeader: false,
    // Before the route is looked for; the address stays as it is.
    rewriteUrl: (request) => {
      request.method = overriddenMethod(request.method, request.url, request.headers["x-http-method-override"])!;
      return request.url!;
    },
    // A proxy on this machine tells the caller's address; nobody else is believed.
    trustProxy: "loopback",
    bodyLimit: Number.MAX_SAFE_INTEGER,
    // Bytes that stop coming, either way, end the connection; answers that wait for a document take up to a minute.
    connectionTimeout: 150_000,
    http: { headersTimeout: limits.headTimeout, connectionsCheckingInterval: Math.min(5000, limits.headTimeout / 4) },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2048 },
    // Before any hook: an address that cannot be read.
    frameworkErrors: (error, request, reply) => {
      reply.headers({ "x-request-id": request.id, ...GUARDS });
      let refused = toApiError(error);
      try {
        ofAddress(request, reply);
      } catch (limited) {
        refused = toApiError(limited);
      }
      sendProblem(refused, request, reply, log);
    },
    clientErrorHandler: (error, socket) => refuse(error, socket, options),
  });
  app.decorateRequest("identified", null);
  app.decorateRequest("givenType", null);
  app.decorateRequest("givenFiles", null);
  app.decorateRequest("startedAt", 0);
  app.decorateRequest("pattern", null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (request: FastifyRequest, payload: Readable) => readBody(request, payload, limits));

  app.addHook("onRequest", (request, reply, done) => {
    request.startedAt = clock.now();
    reply.header("x-request-id", request.id).headers(GUARDS);
    normaliseContentType(request);
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.pattern ?? request.routeOptions.url ?? "(none)";
    const ms = clock.now() - request.startedAt;
    options.onAnswered?.({ method: request.method, route, status: reply.statusCode, ms });
    if (log.isLevelEnabled("debug")) {
      log.debug({ requestId: request.id, method: request.method, route, status: reply.statusCode, ms }, "request");
    }
    done();
  });
  app.setErrorHandler((error, request, reply) => sendProblem(toApiError(error), request, reply, log));
  app.setNotFoundHandler((request, reply) => {
    ofAddress(request, reply);
    throw new ApiError("not_found", "There is no such route");
  });

  const mounted = new Map<string, Map<string, Operation>>();
  const streaming: ((scope: FastifyInstance) => void)[] = [];
  for (const [group, operations] of Object.entries(api)) {
    for (const [verb, operation] of Object.entries(operations) as [string, Operation][]) {
      const handler = (options.handlers[group as keyof Api] as Record<string, AnyHandler>)[verb]!;
      for (const path of [...pathsOf(operation), ...(ALIASES.get(operation) ?? [])]) {
        const url = path.replace(/\{(\w+)\}/g, ":$1");
        const methods = mounted.get(url) ?? new Map<string, Operation>();
        mounted.set(url, methods.set(operation.method, operation));
        if (operation.bodyKind === "stream") streaming.push((scope) => mount(scope, operation, url, handler, options));
        else mount(app, operation, url, handler, options);
      }
    }
  }
  // In a scope of their own: the reader of forms hangs hooks on each request that it might be asked for.
  await app.register(async (scope) => {
    await scope.register(multipart, {
      limits: { fieldNameSize: 100, fieldSize: 1_000_000, fields: 50, files: 50, parts: 100, fileSize: Infinity, headerPairs: 50 },
    });
    for (const mountIn of streaming) mountIn(scope);
  });
  mountNotOffered(app, ofAddress);
  for (const [url, methods] of mounted) mountOthers(app, url, methods, ofAddress);
  return app;
}

/** Takes it from what the address may ask. Throws ApiError `rate_limited`. */
type Counting = (request: FastifyRequest, reply: FastifyReply) => void;
type AnyHandler = (input: unknown, context: Context) => Promise<unknown>;

function mount(app: FastifyInstance, operation: Operation, url: string, handler: AnyHandler, options: AppOptions): void {
  const check = options.checkResponses === true ? responseCheck(operation) : null;
  app.route({
    method: operation.method,
    url,
    config: { operation },
    onRequest: (request, reply) => {
      request.pattern = url;
      return begin(operation, request, reply, options);
    },
    handler: async (request, reply) => {
      const path = request.params as Record<string, string>;
      const input = parseInput(operation, path, request.query, request.body);
      const result = await handler(input, new RequestContext(operation, request, reply, input, options));
      check?.(result);
      return sendResult(operation, result, reply);
    },
  });
}

/** Pages of other origins may use it: with a session token or a grant. */
function isForBrowsers({ auth, mount }: Operation): boolean {
  return mount === "product" && auth !== "key" && auth !== "admin";
}

/** Who calls, is it allowed from there, and not too often? Before the body is read. */
async function begin(operation: Operation, request: FastifyRequest, reply: FastifyReply, options: AppOptions): Promise<void> {
  if (operation.path.startsWith("/uploads")) reply.headers(TUS_HEADERS);
  const params = request.params as Record<string, string>;
  const query = request.query as Record<string, unknown>;
  const queryToken = operation === api.documents.cover && typeof query["jwt"] === "string" ? query["jwt"] : null;
  const credentials = { method: request.method, headers: request.headers, queryToken, grant: params["grant"] ?? null };
  let identified: Identified;
  try {
    // Also for signing in: nobody else's page may sign somebody in as somebody.
    if (operation.mount === "admin" && request.headers.origin !== undefined) checkSameOrigin(request, options.publicUrl());
    identified = await identify(operation, credentials, options.identities, options.publicUrl());
  } catch (error) {
    if (isForBrowsers(operation)) openToBrowsers(reply);
    else sameOriginOnly(reply);
    limit(options.requests, `address ${request.ip}`, reply);
    throw error;
  }
  const { caller, session } = identified;
  if (isForBrowsers(operation) && caller?.kind !== "application") openToBrowsers(reply);
  else sameOriginOnly(reply);
  limit(options.requests, bucketOf(identified) ?? `address ${request.ip}`, reply);
  request.identified = identified;
  if (session !== null) {
    const origin = single(request.headers["origin"]);
    await options.origins.check(session, { origin, host: single(request.headers["host"]) });
    if (origin !== null && (await options.origins.allowed(session)).length > 0) answerOnly(origin, reply);
  }
}

function bucketOf({ caller, session }: Identified): string | null {
  if (session !== null) return `session ${session.id}`;
  if (caller?.kind === "application") return `${caller.via} ${caller.id}`;
  return caller?.kind === "account" ? `account ${caller.accountId}` : null;
}

/** Throws ApiError `rate_limited`. */
function limit(requests: RateLimiter, key: string, reply: FastifyReply): void {
  const taken = requests.take(key);
  reply.headers(rateHeaders(requests, taken));
  if (!taken.allowed) throw new ApiError("rate_limited", undefined, { retryAfter: taken.reset });
}

/** We read bodies by what the operation takes, so fastify need not understand the type; a wrong one must not be its error either. */
function normaliseContentType(request: FastifyRequest): void {
  const given = request.headers["content-type"];
  const type = single(given);
  request.givenType = type;
  // Of these fastify reads no body, and an object that loses a property is slow to read from then on.
  if (given === undefined || request.method === "GET" || request.method === "HEAD") return;
  if (!(isForm(type) && request.routeOptions.config?.operation?.bodyKind === "stream")) delete request.headers["content-type"];
}

async function readBody(request: FastifyRequest, payload: Readable, limits: BodyLimits): Promise<unknown> {
  requirePlain(request);
  const operation = request.routeOptions.config?.operation;
  if (operation?.form === true && isForm(request.givenType)) {
    const { body, files } = await readJsonForm(payload, request.givenType, limits);
    request.givenFiles = files;
    return body;
  }
  switch (operation?.bodyKind) {
    case "stream":
      return payload;
    case "json":
    case "text":
      return readJson(payload, request.givenType, limits);
    case "none":
    case undefined:
      payload.resume();
      return undefined;
  }
}

/** Compressed bodies are not taken: a few bytes of them may be all there is of memory. */
function requirePlain({ headers }: FastifyRequest): void {
  if ((headers["content-encoding"] ?? "identity").trim().toLowerCase() !== "identity") {
    throw new ApiError("unsupported_media_type", "Send the body as it is, without Content-Encoding");
  }
}

const NO_FILES: ReadonlyMap<string, FormFile> = new Map();

/** What a handler is told. Most is asked for by few handlers, and made when it is. */
class RequestContext implements Context {
  readonly caller: Caller | null;
  readonly access: Access | null;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #options: AppOptions;
  #body: StreamBody | null | undefined;
  #signal: AbortSignal | null = null;
  /** Stands without its object: handlers take what they need apart. */
  readonly header = (name: string): string | null => single(this.#request.headers[name]);

  constructor(operation: Operation, request: FastifyRequest, reply: FastifyReply, input: object, options: AppOptions) {
    const { caller, access } = request.identified!;
    this.caller = caller;
    this.access = access ?? accessOf(operation, request, input, options);
    this.#request = request;
    this.#reply = reply;
    this.#options = options;
    this.#body = operation.bodyKind === "stream" ? undefined : null;
  }

  get requestId(): string {
    return this.#request.id;
  }
  get address(): string {
    return this.#request.ip;
  }
  get origin(): string | null {
    return this.header("origin");
  }
  get body(): StreamBody | null {
    if (this.#body === undefined) this.#body = streamBody(this.#request, this.#options);
    return this.#body;
  }
  get files(): ReadonlyMap<string, FormFile> {
    return this.#request.givenFiles ?? NO_FILES;
  }
  get password(): string | null {
    return documentPassword(this.#request);
  }
  get signal(): AbortSignal {
    return (this.#signal ??= abortedOnHangUp(this.#reply));
  }
}

function accessOf(operation: Operation, request: FastifyRequest, input: object, options: AppOptions): Access | null {
  const { caller } = request.identified!;
  if (!("documentId" in operation.params.shape) || caller === null || caller.kind === "account") return null;
  const { documentId } = input as { documentId: string };
  const layerName = (request.params as Record<string, string>)["layerName"] ?? null;
  return accessTo(operation, caller, { documentId, layerName, password: documentPassword(request) }, options.secret);
}

function documentPassword({ headers }: FastifyRequest): string | null {
  const given = single(headers["pspdfkit-pdf-password"]) ?? single(headers["document-password"]);
  return given === null ? null : utf8(given);
}

/** Header values arrive as Latin-1; clients write UTF-8. */
function utf8(header: string): string {
  const text = Buffer.from(header, "latin1").toString("utf8");
  return text.includes("\uFFFD") ? header : text;
}

function streamBody(request: FastifyRequest, { clock, bodyLimits = BODY_LIMITS }: AppOptions): StreamBody {
  if (request.isMultipart()) return { kind: "multipart", parts: multipartBody(request, clock, bodyLimits) };
  if (/^multipart\//i.test(request.givenType ?? "")) throw new ApiError("bad_request", "A form is multipart/form-data with a boundary");
  const stream = request.body as Readable | undefined;
  // Whoever stops reading must not close the connection: the answer still has to go out.
  const bytes = stream === undefined ? nothing() : (stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>);
  return { kind: "raw", mediaType: request.givenType, bytes: paced(bytes, clock, bodyLimits.pace) };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function abortedOnHangUp(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  if (reply.raw.closed) controller.abort();
  else reply.raw.once("close", () => reply.raw.writableFinished || controller.abort());
  return controller.signal;
}

function sendResult(operation: Operation, result: unknown, reply: FastifyReply): FastifyReply {
  const { status, headers, body } = isReply(result) ? result : raw(JSON.stringify(result));
  if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
  reply
    .code(status ?? operation.status)
    .header("content-type", operation.responseType === "application/json" ? "application/json; charset=utf-8" : operation.responseType);
  const vary = reply.getHeader("vary");
  reply.headers(headers);
  if (vary !== undefined && headers["vary"] !== undefined) reply.header("vary", `${String(vary)}, ${headers["vary"]}`);
  return reply.send(body ?? "");
}

function responseCheck(operation: Operation): (result: unknown) => void {
  return (result) => {
    if (
      operation.responseType !== "application/json" ||
      (isReply(result) && (typeof result.body !== "string" || "content-type" in result.headers))
    )
      return;
    const body = isReply(result) ? (JSON.parse(result.body as string) as unknown) : result;
    const checked = operation.response.safeParse(body);
    if (!checked.success)
      throw new Error(`${operation.method} ${operation.path} answers what the registry does not say: ${checked.error.message}`);
  };
}

function sendProblem(error: ApiError, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  // Who hung up is told nothing, and is no fault of ours; nor is what is left out on purpose.
  if (error.status >= 500 && error.code !== "not_implemented" && !reply.raw.closed) {
    const where = { requestId: request.id, method: request.method, route: request.routeOptions.url ?? "(none)" };
    log.error({ ...where, err: error.cause ?? error }, "request failed");
  }
  const { status, headers, body } = problemReply(error, request.id);
  if (!request.raw.readableEnded) reply.raw.once("finish", () => discardRest(request.raw));
  void reply.code(status).headers(headers).send(body);
}

/** Of a body that was refused, so much is read away before the connection is cut. */
const MOST_DISCARDED = 100_000_000;

/** What is left of a refused body stands before the next request of its connection, which would wait for ever. */
function discardRest(body: Readable): void {
  let discarded = 0;
  body.on("data", (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > MOST_DISCARDED) body.destroy();
  });
  body.on("error", () => undefined).resume();
}

/** The methods that a path does not have, and preflights for those that browsers use from other origins. */
function mountOthers(app: FastifyInstance, url: string, methods: ReadonlyMap<string, Operation>, count: Counting): void {
  const allow = [...methods.keys(), ...(methods.has("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
  const others = METHODS.filter((method) => !app.hasRoute({ method, url }));
  if (others.length > 0) {
    app.route({
      method: others,
      url,
      onRequest: async (request, reply) => {
        count(request, reply);
        reply.header("allow", allow);
        throw new ApiError("method_not_allowed", `Allowed here: ${allow}`);
      },
      handler: () => {},
    });
  }
  const forBrowsers = [...methods.values()].filter(isForBrowsers);
  app.options(url, async (_request, reply) => {
    if (forBrowsers.length > 0)
      preflight(
        forBrowsers.map(({ method }) => method),
        reply,
      );
    if ([...methods.values()].some(({ path }) => path.startsWith("/uploads"))) reply.headers(TUS_HEADERS);
    return reply.code(204).header("allow", allow).send();
  });
}

/** What is not HTTP at all, or not in time, never reaches a route. */
function refuse(error: NodeJS.ErrnoException, socket: Socket, { ids, log, requests }: AppOptions): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const taken = requests.take(`address ${socket.remoteAddress ?? ""}`);
  const refused = taken.allowed
    ? (REFUSALS[error.code ?? ""] ?? new ApiError("bad_request", "This is not HTTP as the service understands it"))
    : new ApiError("rate_limited", undefined, { retryAfter: taken.reset });
  const requestId = ids();
  log.debug({ requestId, code: refused.code }, "not a request");
  socket.end(problemBytes(refused, requestId, rateHeaders(requests, taken)));
}

const REFUSALS: Readonly<Record<string, ApiError>> = {
  HPE_HEADER_OVERFLOW: new ApiError("too_large", "The headers are too long", { status: 431 }),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new ApiError("too_large", "The extensions of a chunk are too long"),
  ERR_HTTP_REQUEST_TIMEOUT: new ApiError("request_timeout", "The head of the request comes too slowly"),
};
