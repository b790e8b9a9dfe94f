/**
 * Every error the product can answer with: one table, one class, one envelope.
 * HTTP, WebSocket, worker processes and the SDK all speak these codes.
 */
export const ERRORS = {
  bad_request: { status: 400, title: "The request is malformed" },
  invalid_parameters: { status: 400, title: "Some parameters are invalid" },
  unauthorized: { status: 401, title: "Authentication is required" },
  invalid_key: { status: 401, title: "The API key is not valid" },
  invalid_token: { status: 401, title: "The token is not valid" },
  token_expired: { status: 401, title: "The token has expired" },
  session_revoked: { status: 401, title: "The session has been revoked" },
  wrong_credential: { status: 401, title: "This kind of credential is not accepted here" },
  forbidden: { status: 403, title: "The permissions do not allow this" },
  password_required: { status: 403, title: "The document needs a password" },
  wrong_password: { status: 403, title: "The document password is wrong" },
  origin_not_allowed: { status: 403, title: "This origin is not allowed" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "The method is not allowed here" },
  request_timeout: { status: 408, title: "The request took too long to arrive" },
  exists: { status: 409, title: "It exists already" },
  conflict: { status: 409, title: "It was changed by someone else" },
  preparing: { status: 409, title: "The document is still being prepared" },
  unknown_peer: { status: 409, title: "This queue of changes is not known any more" },
  gone: { status: 410, title: "It has been deleted" },
  precondition_failed: { status: 412, title: "The record has changed since it was read" },
  too_large: { status: 413, title: "Too large" },
  unsupported_media_type: { status: 415, title: "This type of content is not supported" },
  range_not_satisfiable: { status: 416, title: "The range cannot be satisfied" },
  locked: { status: 423, title: "Somebody else is writing to it" },
  unprocessable: { status: 422, title: "The content cannot be processed" },
  invalid_document: { status: 422, title: "The file is not a document that can be opened" },
  limit_exceeded: { status: 422, title: "A limit has been reached" },
  document_failed: { status: 422, title: "The document could not be prepared" },
  too_many_sockets: { status: 429, title: "This session has too many connections open" },
  rate_limited: { status: 429, title: "Too many requests" },
  checksum_mismatch: { status: 460, title: "The bytes do not have the checksum that was sent with them" },
  internal: { status: 500, title: "Internal error" },
  not_implemented: { status: 501, title: "This is not offered" },
  unavailable: { status: 503, title: "Temporarily unavailable" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** A part of the input that is wrong: `path` in JSON-path form (`$.annotations[3].content`). */
export interface FailingPath {
  readonly path: string;
  readonly details: string;
}

export interface ApiErrorOptions {
  readonly failingPaths?: readonly FailingPath[];
  /** Seconds after which the same request may succeed. */
  readonly retryAfter?: number;
  /** Further members of the problem document, e.g. progress. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly requestId?: string;
  /** Of the answer, where it is not the code's own. */
  readonly status?: number;
  readonly cause?: unknown;
}

/** The one error class; `message` is written for the developer who reads it and never holds a secret. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly failingPaths: readonly FailingPath[] | undefined;
  readonly retryAfter: number | undefined;
  readonly extra: Readonly<Record<string, unknown>> | undefined;
  readonly requestId: string | undefined;
  readonly status: number;

  constructor(code: ErrorCode, message?: string, options: ApiErrorOptions = {}) {
    super(message ?? ERRORS[code].title, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ApiError";
    this.code = code;
    this.failingPaths = options.failingPaths;
    this.retryAfter = options.retryAfter;
    this.extra = options.extra;
    this.requestId = options.requestId;
    this.status = options.status ?? ERRORS[code].status;
  }

  /** The same as `message`. */
  get detail(): string {
    return this.message;
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERRORS, value);
}

/** On the service that answers: a page with every code and what to do about it. */
export const ERRORS_PAGE = "/docs/errors";

/** `application/problem+json` (RFC 9457), with the members beside it that existing clients read: `message`, `details`, both spellings. */
export interface Problem {
  /** An address on the service: the page that explains the code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly message: string;
  readonly details: string;
  readonly code: ErrorCode;
  readonly requestId?: string;
  readonly request_id?: string;
  readonly failingPaths?: readonly FailingPath[];
  readonly failing_paths?: readonly FailingPath[];
}

export function problem(error: ApiError, requestId?: string): Problem {
  const { status } = error;
  const { title } = ERRORS[error.code];
  return {
    type: `${ERRORS_PAGE}#${error.code}`,
    title,
    status,
    detail: error.message,
    message: error.message,
    details: error.message,
    code: error.code,
    ...(requestId === undefined ? {} : { requestId, request_id: requestId }),
    ...(error.failingPaths === undefined ? {} : { failingPaths: error.failingPaths, failing_paths: error.failingPaths }),
    ...error.extra,
  };
}

/** The error that a problem document tells of; unknown bodies become an error by their status alone. */
export function errorFromProblem(body: unknown, status: number): ApiError {
  const fields = (typeof body === "object" && body !== null ? body : {}) as Partial<Problem>;
  const code = isErrorCode(fields.code) ? fields.code : codeForStatus(status);
  return new ApiError(code, fields.detail, {
    status,
    ...(fields.failingPaths === undefined ? {} : { failingPaths: fields.failingPaths }),
    ...(fields.requestId === undefined ? {} : { requestId: fields.requestId }),
  });
}

function codeForStatus(status: number): ErrorCode {
  const found = (Object.keys(ERRORS) as ErrorCode[]).find((code) => ERRORS[code].status === status);
  return found ?? (status >= 500 ? "internal" : "bad_request");
}
