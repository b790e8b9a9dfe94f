/**
 * One HTTP operation: what the server mounts, the client calls and OpenAPI lists. Parameters of the path, the query and the JSON body are
 * merged into one input object, so a handler and a call look alike.
 */
import * as z from "zod";
import type { ErrorCode } from "./error.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * Which credential opens it. `key`: an API key, or a dashboard sign-in that names the application; `token`: a session token; `either`: one of
 * those; `admin`: a dashboard sign-in; `grant`: an image grant in the path; `none`.
 */
export type Auth = "key" | "token" | "either" | "admin" | "grant" | "none";

/** How the body travels: parsed JSON, untouched bytes (streamed), none, or `text`: JSON in a text/plain body, which needs no preflight. */
export type BodyKind = "json" | "stream" | "text" | "none";

type Nothing = z.ZodObject<{}>;
const NOTHING: Nothing = z.object({});

interface Given {
  readonly method: Method;
  /** Below the prefixes; parameters in braces. */
  readonly path: `/${string}`;
  readonly summary: string;
  readonly auth?: Auth;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly bodyKind?: BodyKind;
  readonly body?: z.ZodType;
  /** JSON may also come as a form: JSON in parts of their own, and pictures beside it. */
  readonly form?: boolean;
  /** A request that is repeated with the same `Idempotency-Key` is done once. */
  readonly idempotencyKey?: boolean;
  /** Success status; default 200. */
  readonly status?: number;
  /** JSON of a success. */
  readonly response?: z.ZodType;
  /** Media type of a success; default JSON. */
  readonly responseType?: string;
  readonly errors?: readonly ErrorCode[];
  /** Where it is mounted: `product` = under /viewer and /api; `admin` = under /admin; `root` = at the origin. */
  readonly mount?: "product" | "admin" | "root";
  /** Also mounted below `…/layers/{layerName}`. */
  readonly layered?: boolean;
}

/** Any operation. */
export type Operation = Required<Given>;

type Or<G, K extends keyof Given, D extends Required<Given>[K]> = G extends { readonly [P in K]: infer V extends Required<Given>[K] }
  ? V
  : D;

/** An operation with the literal types of what was given and of the defaults. */
export interface OperationOf<G extends Given> extends Operation {
  readonly auth: Or<G, "auth", "key">;
  readonly params: Or<G, "params", Nothing>;
  readonly query: Or<G, "query", Nothing>;
  readonly bodyKind: Or<G, "bodyKind", G extends { readonly body: z.ZodType } ? "json" : "none">;
  readonly body: Or<G, "body", Nothing>;
  readonly response: Or<G, "response", Nothing>;
  readonly responseType: Or<G, "responseType", "application/json">;
  readonly mount: Or<G, "mount", "product">;
  readonly layered: Or<G, "layered", false>;
}

/** Fills in what most operations have in common. */
export function operation<const G extends Given>(given: G): OperationOf<G> {
  const complete: Operation = {
    auth: "key",
    status: 200,
    responseType: "application/json",
    errors: [],
    mount: "product",
    layered: false,
    form: false,
    idempotencyKey: false,
    bodyKind: given.body === undefined ? "none" : "json",
    params: NOTHING,
    query: NOTHING,
    body: NOTHING,
    response: NOTHING,
    ...given,
  };
  return complete as OperationOf<G>;
}

type In<T extends z.ZodType> = T extends Nothing ? (keyof T["shape"] extends never ? unknown : z.input<T>) : z.input<T>;
type Out<T extends z.ZodType> = T extends Nothing ? (keyof T["shape"] extends never ? unknown : z.output<T>) : z.output<T>;
type InLayer<O extends Operation> = O["layered"] extends true ? { layerName?: string } : unknown;

/** What a caller passes. */
export type Input<O extends Operation> = In<O["params"]> & In<O["query"]> & In<O["body"]> & InLayer<O>;
/** What a handler gets. */
export type Parsed<O extends Operation> = Out<O["params"]> & Out<O["query"]> & Out<O["body"]> & InLayer<O>;
export type Output<O extends Operation> = z.output<O["response"]>;
