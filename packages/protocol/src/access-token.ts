/** Access tokens: what a backend hands to a program that needs less than its key, and for a while only. And revoking tokens of any kind. */
import * as z from "zod";
import { ApiKeyScope } from "./account.ts";
import { DocumentId } from "./document.ts";
import { operation } from "./operation.ts";

const AccessToken = z.object({
  id: z.string(),
  name: z.string(),
  /** The beginning and the end of it. */
  hint: z.string(),
  scope: ApiKeyScope,
  /** null: all documents of the application. */
  documents: z.nullable(z.array(DocumentId)),
  created_at: z.string(),
  expires_at: z.string(),
  last_used_at: z.nullable(z.string()),
  revoked_at: z.nullable(z.string()),
});
export type AccessToken = z.infer<typeof AccessToken>;

export const tokens = {
  create: operation({
    method: "POST",
    path: "/tokens",
    idempotencyKey: true,
    summary: "Make an access token for a program: the rights of a scope, for some documents or all, for a day at most",
    status: 201,
    body: z.object({
      name: z.exactOptional(z.string().min(1).max(256)),
      /** Default: documents. */
      scope: z.exactOptional(ApiKeyScope),
      /** Default: all documents of the application. */
      documents: z.exactOptional(z.array(DocumentId).min(1).max(100)),
      /** Seconds since 1970; at most 24 h (and five minutes) ahead. */
      exp: z.exactOptional(z.int().positive()),
      /** Seconds from now. Default: one hour. */
      expires_in: z.exactOptional(z.int().positive()),
    }),
    response: z.object({ id: z.string(), access_token: z.string(), exp: z.int(), data: AccessToken }),
    errors: ["invalid_parameters", "not_found", "forbidden"],
  }),
  list: operation({
    method: "GET",
    path: "/tokens",
    summary: "List access tokens that have not expired, newest first",
    response: z.object({ data: z.array(AccessToken) }),
  }),
  delete: operation({
    method: "DELETE",
    path: "/tokens/{tokenId}",
    summary: "Revoke an access token",
    params: z.object({ tokenId: z.string().max(64) }),
    response: z.object({ data: AccessToken }),
    errors: ["not_found"],
  }),
  revoke: operation({
    method: "POST",
    path: "/revoke",
    summary: "Revoke session tokens, tokens that the application signed, and access tokens: each counts no more within five seconds",
    body: z.object({ jwts: z.exactOptional(z.array(z.string().max(16_384)).max(1000)) }),
    response: z.object({
      details: z.string(),
      status: z.int(),
      result: z.enum(["success", "partial_failure", "failure"]),
      /** Those that are revoked now. */
      data: z.array(z.string()),
      failingPaths: z.array(z.object({ path: z.string(), details: z.string() })),
      failing_paths: z.array(z.object({ path: z.string(), details: z.string() })),
      requestId: z.string(),
      request_id: z.string(),
    }),
    errors: ["invalid_parameters"],
  }),
} as const;
