/**
 * One HTTP operation: what the server mounts, the client calls and OpenAPI lists. Parameters of the path, the query and the JSON body are
 * merged into one input object, so a handler and a call look alike.
 */
import * as z from "zod";
import type { ErrorCode } from "./error.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * Which credential opens it. `key`: an API key; `token`: a session token; `either`; `account`: a dashboard sign-in or an API key
 * (routes under /viewer and /api) ; `admin`: a dashboard sign-in; `grant`: an image grant in the path; `none`.
 */
export type Auth = "key" | "token" | "either" | "admin" | "grant" | "none";

/** How the body travels: parsed JSON, untouched bytes (streamed), or none. `text`: JSON in a text/plain body, which needs no preflight. */
export type BodyKind = "json" | "stream" | "text" | "none";

export interface Operation<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> {
  readonly method: Method;
  /** Below the prefixes; parameters in braces. */
  readonly path: `/${string}`;
  readonly summary: string;
  readonly auth: Auth;
  readonly params: P;
  readonly query: Q;
  readonly bodyKind: BodyKind;
  readonly body: B;
  /** Success status. */
  readonly status: number;
  /** JSON of a success; `z.instanceof(Uint8Array)`-like bodies are told by `responseType`. */
  readonly response: R;
  readonly responseType: string;
  readonly errors: readonly ErrorCode[];
  /** Where it is mounted: `product` = under /viewer and /api; `admin` = under /admin; `root` = at the origin. */
  readonly mount: "product" | "admin" | "root";
  /** Also mounted below `…/layers/{layerName}`. */
  readonly layered: boolean;
}

const NOTHING = z.object({});

type Given<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType> = Pick<
  Operation,
  "method" | "path" | "summary"
> &
  Partial<Pick<Operation, "auth" | "bodyKind" | "status" | "responseType" | "errors" | "mount" | "layered">> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly response?: R;
  };

/** Fills in what most operations have in common. */
export function operation<
  P extends z.ZodObject = typeof NOTHING,
  Q extends z.ZodObject = typeof NOTHING,
  B extends z.ZodType = typeof NOTHING,
  R extends z.ZodType = typeof NOTHING,
>(given: Given<P, Q, B, R>): Operation<P, Q, B, R> {
  return {
    auth: "key",
    status: 200,
    responseType: "application/json",
    errors: [],
    mount: "product",
    layered: false,
    bodyKind: given.body === undefined ? "none" : "json",
    ...given,
    params: (given.params ?? NOTHING) as P,
    query: (given.query ?? NOTHING) as Q,
    body: (given.body ?? NOTHING) as B,
    response: (given.response ?? NOTHING) as R,
  };
}

type AnyOperation = Operation<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>;
/** What a caller passes. */
export type Input<O extends AnyOperation> = z.input<O["params"]> &
  z.input<O["query"]> &
  z.input<O["body"]> &
  (O["layered"] extends true ? { layerName?: string } : unknown);
/** What a handler gets. */
export type Parsed<O extends AnyOperation> = z.output<O["params"]> & z.output<O["query"]> & z.output<O["body"]>;
export type Output<O extends AnyOperation> = z.output<O["response"]>;
