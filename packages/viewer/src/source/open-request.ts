/**
 * The viewer's first request. Also in the classic script, which sends it while the rest of the code is still loading, so it stays small
 * and imports nothing.
 */
export interface OpenRequest {
  readonly token: string;
  readonly document?: string;
  readonly password?: string;
  /** Width in device pixels that the first page will have. */
  readonly width?: number;
}

export function openRequest(
  options: { readonly session: string; readonly documentId?: string | undefined; readonly password?: string | undefined },
  width: number,
): OpenRequest {
  const { session, documentId, password } = options;
  return {
    token: session,
    width,
    ...(documentId === undefined ? {} : { document: documentId }),
    ...(password === undefined ? {} : { password }),
  };
}

/** A POST with a `text/plain` body is sent without a preflight. */
export function sendOpen(server: string, request: OpenRequest): Promise<Response> {
  return fetch(`${server}/viewer/open`, { method: "POST", body: JSON.stringify(request), credentials: "omit" });
}

/** Where to ask: the option, else the token's `iss` (ours name the server), else where the script came from. No slash at the end. */
export function serverOf(token: string, serverUrl: string | undefined, scriptOrigin: string): string {
  return (serverUrl ?? issuerOf(token) ?? scriptOrigin).replace(/\/+$/, "");
}

/** The `iss` of a JWT when it is a web address. Nothing is checked here: the server does that. */
function issuerOf(token: string): string | undefined {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const { iss } = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (char) => char.charCodeAt(0)))) as { iss?: unknown };
    return typeof iss === "string" && /^https?:\/\//.test(iss) ? iss : undefined;
  } catch {
    // Not a JWT: the server will say so.
    return undefined;
  }
}

/** Pixels that the first page will probably cover. */
export function firstWidth(container: Element | null, devicePixelRatio: number): number {
  return Math.round(Math.min(container?.clientWidth || 640, 960) * devicePixelRatio);
}
