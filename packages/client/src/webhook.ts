/** What a receiver of webhooks does first: is this message from the service? Signatures are those of Standard Webhooks. */
import { ApiError } from "@lectern/protocol/plain";

/** A message. `type` is the topic, `data` names what changed; a message may come twice, with the same `id`. */
export interface WebhookEvent {
  readonly id: string;
  readonly type: string;
  /** ISO 8601: when it happened. */
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface VerifyOptions {
  /** How far the time of the message may be from now. Seconds, default 300. */
  readonly tolerance?: number;
  /** Milliseconds since 1970; default: now. */
  readonly now?: number;
}

type HeaderSource = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Resolves with the message when one of its signatures is made with one of the secrets, else rejects with an `ApiError` `unauthorized`.
 * `payload`: the body as it came, before it is parsed. `secret`: `whsec_…`; several while one replaces another.
 */
export async function verifyWebhook(
  payload: string | Uint8Array,
  headers: HeaderSource,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): Promise<WebhookEvent> {
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp");
  const given = headerOf(headers, "webhook-signature");
  if (!/^\d{1,15}$/.test(timestamp)) throw refused("webhook-timestamp is not a time");
  const age = Math.abs((options.now ?? Date.now()) / 1000 - Number(timestamp));
  if (age > (options.tolerance ?? 300)) throw refused("The message is too old, or the clocks differ");

  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(head.length + bytes.length);
  signed.set(head);
  signed.set(bytes, head.length);
  const signatures = given.split(" ").flatMap((one) => {
    const bytesOf = one.startsWith("v1,") ? fromBase64(one.slice(3)) : null;
    return bytesOf === null ? [] : [bytesOf];
  });
  for (const one of typeof secret === "string" ? [secret] : secret) {
    const raw = fromBase64(one.replace(/^whsec_/, ""));
    if (raw === null || raw.length === 0) throw new ApiError("invalid_parameters", "A webhook's secret is whsec_ and base64");
    const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    // WebCrypto compares in constant time.
    for (const signature of signatures) if (await crypto.subtle.verify("HMAC", key, signature, signed)) return parsed(id, bytes);
  }
  throw refused("No signature of the message fits the secret");
}

function parsed(id: string, bytes: Uint8Array): WebhookEvent {
  const { type, timestamp, data } = JSON.parse(new TextDecoder().decode(bytes)) as Omit<WebhookEvent, "id">;
  return { id, type, timestamp, data };
}

function refused(why: string): ApiError {
  return new ApiError("unauthorized", why);
}

function headerOf(headers: HeaderSource, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof value !== "string" || value === "") throw refused(`The header ${name} is missing`);
  return value;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    // Not base64: no signature.
    return null;
  }
}
