/**
 * What stands between HTTP and the features: who calls (`Caller`), what of a document they may do (`Access`), and the type of all handlers.
 * A feature's `routes.ts` implements its part of `Handlers`; a missing handler, or one with a wrong shape, does not compile.
 */
import type { Readable } from "node:stream";
import type { Api, Operation, Output, Parsed } from "@lectern/protocol";
import type { Grants } from "@lectern/protocol/plain";
import type { Session } from "./sessions/session.ts";

export type KeyScope = "all" | "documents" | "read" | "upload" | "sessions";

/** A backend with an API key, or somebody signed in to the dashboard who acts for an application. */
export interface ApplicationCaller {
  readonly kind: "application";
  readonly applicationId: string;
  readonly via: "key" | "access token" | "dashboard";
  /** Of the key or the account. */
  readonly id: string;
  readonly scope: KeyScope;
  /** An access token may be for these only; null: all of the application. */
  readonly documents: readonly string[] | null;
}

export interface SessionCaller {
  readonly kind: "session";
  readonly applicationId: string;
  readonly session: Session;
}

/** Somebody signed in to the dashboard. */
export interface AccountCaller {
  readonly kind: "account";
  readonly accountId: string;
  /** The cookie's value, for signing out. */
  readonly secret: string;
}

export type Caller = ApplicationCaller | SessionCaller | AccountCaller;

type CallerOf<O extends Operation> = {
  key: ApplicationCaller;
  token: SessionCaller;
  either: ApplicationCaller | SessionCaller;
  admin: AccountCaller;
  grant: null;
  none: null;
}[O["auth"]];

/** What a caller may do with one document and layer: settled before the handler runs. */
export interface Access {
  readonly applicationId: string;
  readonly documentId: string;
  readonly layerName: string;
  readonly grants: Grants;
  /** Name shown to others for a session's user. */
  readonly name: string | null;
  /** null with an API key. */
  readonly sessionId: string | null;
  /** Of the document: from the session's row, or the request's header. */
  readonly password: string | null;
}

type AccessOf<O extends Operation> = O["auth"] extends "grant" ? Access : Parsed<O> extends { documentId: string } ? Access : null;

/** A file in a multipart body. Its bytes must be read before the next part comes. */
export interface FilePart {
  readonly kind: "file";
  readonly name: string;
  readonly filename: string | null;
  readonly mediaType: string | null;
  readonly bytes: AsyncIterable<Uint8Array>;
}
export interface FieldPart {
  readonly kind: "field";
  readonly name: string;
  readonly value: string;
}

/** A part of a form beside JSON, held in memory. */
export interface FormFile {
  readonly bytes: Uint8Array;
  readonly mediaType: string | null;
}

/** A body that is not held in memory. */
export type StreamBody =
  | { readonly kind: "raw"; readonly mediaType: string | null; readonly bytes: AsyncIterable<Uint8Array> }
  | { readonly kind: "multipart"; readonly parts: AsyncIterable<FilePart | FieldPart> };

export interface Context<C = Caller | null, A = Access | null> {
  readonly caller: C;
  readonly access: A;
  readonly requestId: string;
  /** IP address of the caller. */
  readonly address: string;
  /** The page that a browser calls from. */
  readonly origin: string | null;
  /** null unless the operation takes a stream. */
  readonly body: StreamBody | null;
  /** By their names: what came beside the JSON of a form. */
  readonly files: ReadonlyMap<string, FormFile>;
  /** Aborted when the caller hangs up. */
  readonly signal: AbortSignal;
  readonly header: (name: string) => string | null;
  /** Of the document, as the header says it. */
  readonly password: string | null;
}

/** A success that is not plain JSON, or has headers of its own. */
export interface Reply {
  readonly [REPLY]: true;
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | Readable | null;
}

const REPLY: unique symbol = Symbol("reply");

export function reply(
  body: Reply["body"],
  options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Reply {
  return { [REPLY]: true, status: options.status ?? null, headers: options.headers ?? {}, body };
}

export function isReply(value: unknown): value is Reply {
  return typeof value === "object" && value !== null && REPLY in value;
}

export type Handler<O extends Operation> = (input: Parsed<O>, context: Context<CallerOf<O>, AccessOf<O>>) => Promise<Output<O> | Reply>;

/** One handler for each operation of the API. */
export type Handlers = {
  readonly [G in keyof Api]: { readonly [V in keyof Api[G]]: Api[G][V] extends Operation ? Handler<Api[G][V]> : never };
};
