/**
 * What browsers on other origins may do. Routes for API keys: nothing. Routes for session tokens: what the session's list of origins says; as no
 * cookie counts there, an answer without a session (a refused token) may be read by any page.
 */
import type { FastifyReply } from "fastify";

const READABLE =
  "etag, retry-after, x-request-id, ratelimit, ratelimit-policy, ratelimit-limit, ratelimit-remaining, ratelimit-reset, content-disposition, lectern-seq";
const SENDABLE =
  "authorization, content-type, accept, idempotency-key, if-match, if-none-match, range, x-request-id, document-password, pspdfkit-pdf-password";

export function openToBrowsers(reply: FastifyReply): void {
  reply.headers({
    "access-control-allow-origin": "*",
    "access-control-expose-headers": READABLE,
    "cross-origin-resource-policy": "cross-origin",
    "timing-allow-origin": "*",
  });
}

export function sameOriginOnly(reply: FastifyReply): void {
  reply.header("cross-origin-resource-policy", "same-origin");
}

/** The session is restricted, and this origin is one of those. */
export function answerOnly(origin: string, reply: FastifyReply): void {
  reply.headers({ "access-control-allow-origin": origin, vary: "origin" });
}

export function preflight(methods: readonly string[], reply: FastifyReply): void {
  reply.headers({
    "access-control-allow-origin": "*",
    "access-control-allow-methods": [...methods, "HEAD"].join(", "),
    "access-control-allow-headers": SENDABLE,
    "access-control-max-age": "86400",
    vary: "access-control-request-headers",
  });
}
