/** When something that a backend asks for ends: a session, an access token. */
import { ApiError } from "@lectern/protocol/plain";

const HOUR = 3_600_000;
export const MAX_LIFETIME = 24 * HOUR;
/** Clients ask for 24 h by their own clock. */
const GRACE = 5 * 60_000;

export interface AskedExpiry {
  /** Seconds since 1970. */
  readonly exp?: number | undefined;
  /** Seconds from now. */
  readonly expires_in?: number | undefined;
}

/** Milliseconds since 1970; an hour from now when nothing is asked for. Throws ApiError `invalid_parameters`. */
export function expiry({ exp, expires_in }: AskedExpiry, now: number, what: string): number {
  if (exp !== undefined && expires_in !== undefined) throw invalid("$.expires_in", "give exp or expires_in, not both");
  const at = exp !== undefined ? exp * 1000 : now + (expires_in === undefined ? HOUR : expires_in * 1000);
  const path = exp === undefined ? "$.expires_in" : "$.exp";
  if (at <= now) throw invalid(path, "is in the past");
  if (at > now + MAX_LIFETIME + GRACE) throw invalid(path, `${what} lasts 24 hours at most`);
  return at;
}

export function invalid(path: string, details: string): ApiError {
  return new ApiError("invalid_parameters", `${path}: ${details}`, { failingPaths: [{ path, details }] });
}
