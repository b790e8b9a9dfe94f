/** Secrets and signatures of webhooks as Standard Webhooks writes them: HMAC-SHA-256 over `id.timestamp.body`. */
import { createHmac } from "node:crypto";
import type { Random } from "../ports.ts";

const PREFIX = "whsec_";
const SECRET_BYTES = 32;

export function newWebhookSecret(random: Random): string {
  return PREFIX + Buffer.from(random(SECRET_BYTES)).toString("base64");
}

/** The headers of a message. `seconds`: since 1970. While a secret is replaced both sign, the newer first. */
export function signedHeaders(
  message: { readonly id: string; readonly seconds: number; readonly body: string },
  secrets: readonly string[],
): Record<string, string> {
  const { id, seconds, body } = message;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": String(seconds), "webhook-signature": signatures.join(" ") };
}
