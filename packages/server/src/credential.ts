/** What kind of secret somebody sent: told by its form alone, so that a wrong kind can be named. */

/** `key`: an API key or an access token; `token`: a JWT. */
export function kindOf(secret: string): "key" | "token" | null {
  if (/^lct_(live|test|access)_/.test(secret)) return "key";
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(secret) ? "token" : null;
}

export function isAccessToken(secret: string): boolean {
  return secret.startsWith("lct_access_");
}

/** Of what `kindOf` calls a key. */
export function whatItIs(secret: string): string {
  return isAccessToken(secret) ? "an access token" : "an API key";
}
