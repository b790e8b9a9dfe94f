/** What a room answers when it cannot go on, or a push was refused. */
import type { Reject } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";

/** The layer's base is another one now, or its log no longer reaches back to here. */
export class ReplacedError extends Error {}

export function resetFrame(epoch: number): string {
  return JSON.stringify({ type: "reset", epoch });
}

export function unavailable(cause?: unknown): ApiError {
  return new ApiError("unavailable", "the layer is being closed, try again", { retryAfter: 1, ...(cause === undefined ? {} : { cause }) });
}

export function apiError({ code, id, detail, failingPaths }: Reject): ApiError {
  const message = detail ?? (id === null ? undefined : `${code.replaceAll("_", " ")}: ${id}`);
  return new ApiError(code, message, failingPaths === undefined ? {} : { failingPaths });
}
