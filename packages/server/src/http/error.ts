/** Everything that is thrown while a request is answered becomes an ApiError, and that a problem document: no stack, no path, no secret leaves. */
import { STATUS_CODES } from "node:http";
import { ApiError, type ErrorCode, problem } from "@lectern/protocol/plain";

/** Fastify's and the multipart reader's own errors, as far as their status does not say enough. */
const FOREIGN: Readonly<Record<string, { readonly code: ErrorCode; readonly message: string }>> = {
  FST_ERR_BAD_URL: { code: "bad_request", message: "The URL is malformed" },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: "bad_request", message: "The body does not have the length that was announced" },
  FST_INVALID_MULTIPART_CONTENT_TYPE: { code: "bad_request", message: "The multipart body has no boundary" },
  FST_PROTO_VIOLATION: { code: "bad_request", message: "A part of the body has a name that is not allowed" },
  FST_PARTS_LIMIT: { code: "too_large", message: "The body has too many parts" },
  FST_FILES_LIMIT: { code: "bad_request", message: "The form has more than one file" },
  FST_FIELDS_LIMIT: { code: "too_large", message: "The body has too many fields" },
  FST_FILE_PREMATURE_CLOSE: { code: "bad_request", message: "The body ended early" },
};

export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  if (typeof code === "string" && Object.hasOwn(FOREIGN, code)) {
    const known = FOREIGN[code]!;
    return new ApiError(known.code, known.message, { cause: error });
  }
  switch (statusCode) {
    case 413:
      return new ApiError("too_large", undefined, { cause: error });
    case 415:
      return new ApiError("unsupported_media_type", undefined, { cause: error });
    case 503:
      return new ApiError("unavailable", undefined, { retryAfter: 5, cause: error });
    default:
      return typeof statusCode === "number" && statusCode >= 400 && statusCode < 500
        ? new ApiError("bad_request", undefined, { cause: error })
        : new ApiError("internal", undefined, { cause: error });
  }
}

export interface ProblemReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function problemReply(error: ApiError, requestId: string): ProblemReply {
  return {
    status: error.status,
    headers: {
      "content-type": "application/problem+json; charset=utf-8",
      "cache-control": "no-store",
      ...(error.retryAfter === undefined ? {} : { "retry-after": String(Math.ceil(error.retryAfter)) }),
      // What is left of a body that did not come in time would be taken for the next request.
      ...(error.status === 408 ? { connection: "close" } : {}),
      ...(error.status === 401 ? { "www-authenticate": 'Bearer realm="lectern"' } : {}),
    },
    body: JSON.stringify(problem(error, requestId)),
  };
}

/** All of an answer, for connections on which no request was understood; they end with it. */
export function problemBytes(error: ApiError, requestId: string, more: Readonly<Record<string, string>> = {}): string {
  const { status, headers, body } = problemReply(error, requestId);
  const all = { ...headers, ...more, "x-request-id": requestId, "content-length": String(Buffer.byteLength(body)), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}\r\n${lines.join("")}\r\n${body}`;
}
