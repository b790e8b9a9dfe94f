/** Which pages a session's token may be used from: the session's own list, else its application's; an empty list allows any. Our own pages always may. */
import { ApiError } from "@lectern/protocol/plain";
import type { Session } from "./session.ts";

export interface OriginPolicy {
  /** The origins that the session is restricted to; empty: any. */
  allowed(session: Session): Promise<readonly string[]>;
  /** Throws ApiError `origin_not_allowed`. Programs send no origin. */
  check(session: Session, from: { readonly origin: string | null; readonly host: string | null }): Promise<void>;
}

export function originPolicy(options: {
  readonly publicUrl: () => string;
  readonly originsOfApplication: (applicationId: string) => Promise<readonly string[]>;
}): OriginPolicy {
  const allowed = async (session: Session): Promise<readonly string[]> =>
    session.allowedOrigins.length > 0 ? session.allowedOrigins : options.originsOfApplication(session.applicationId);
  return {
    allowed,
    async check(session, { origin, host }) {
      if (origin === null || isOwnOrigin(origin, host, options.publicUrl())) return;
      const origins = await allowed(session);
      if (origins.length > 0 && !origins.includes(origin))
        throw new ApiError("origin_not_allowed", "This session may not be used from this origin");
    },
  };
}

/** An origin as browsers write it. Throws ApiError `invalid_parameters` that names `path`. */
export function parseOrigin(text: string, path: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isOrigin = url !== null && url.origin !== "null" && (text === url.origin || text === `${url.origin}/`);
  if (isOrigin) return url.origin;
  const details = "not an origin such as https://app.example.com";
  throw new ApiError("invalid_parameters", `${path}: ${details}`, { failingPaths: [{ path, details }] });
}

/** One of our own pages, under the public URL or whatever name the server was reached by. */
export function isOwnOrigin(origin: string | null, host: string | null, publicUrl: string): boolean {
  if (origin === null || !URL.canParse(origin)) return false;
  return origin === new URL(publicUrl).origin || new URL(origin).host === host;
}
