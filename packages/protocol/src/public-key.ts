/** Public keys of an application: with the private half it signs session tokens itself, without asking the service. */
import * as z from "zod";
import { DocumentId, LayerName } from "./document.ts";
import { operation } from "./operation.ts";
import { GrantText, PermissionName } from "./session.ts";

export const JwtAlgorithm = z.enum(["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"]);
export type JwtAlgorithm = z.infer<typeof JwtAlgorithm>;

/** The claims of a token that an application signs; others than these are not looked at. `null` counts as left out. */
export const AppClaims = z.object({
  document_id: DocumentId,
  layer: z.nullish(LayerName),
  permissions: z.array(PermissionName).max(8),
  collaboration_permissions: z.nullish(z.array(GrantText).max(1000)),
  user_id: z.nullish(z.string().min(1).max(256)),
  default_group: z.nullish(z.string().min(1).max(256)),
  creator_name: z.nullish(z.string().min(1).max(256)),
  /** Seconds since 1970. */
  exp: z.number(),
  iat: z.nullish(z.number()),
});
export type AppClaims = z.infer<typeof AppClaims>;

export const PublicKey = z.object({
  id: z.string(),
  name: z.string(),
  algorithm: JwtAlgorithm,
  /** SPKI. */
  pem: z.string(),
  /** SHA-256 of the key's DER form, hex. */
  fingerprint: z.string(),
  /** Seconds that its tokens may last; null: no limit. */
  max_ttl: z.nullable(z.int()),
  created_at: z.string(),
});
export type PublicKey = z.infer<typeof PublicKey>;

export const publicKeys = {
  create: operation({
    method: "POST",
    path: "/public_keys",
    idempotencyKey: true,
    summary: "Register a public key whose owner may sign session tokens for this application",
    status: 201,
    body: z.object({
      name: z.string().min(1).max(256),
      pem: z.string().max(16_384),
      /** Default: what fits the key; RS256 for RSA. */
      algorithm: z.exactOptional(JwtAlgorithm),
      /** Seconds that its tokens may last. Default: no limit. */
      max_ttl: z.exactOptional(z.int().positive().max(3_153_600_000)),
    }),
    response: z.object({ data: PublicKey }),
    errors: ["invalid_parameters", "exists"],
  }),
  list: operation({
    method: "GET",
    path: "/public_keys",
    summary: "List the public keys of this application, oldest first",
    response: z.object({ data: z.array(PublicKey) }),
  }),
  delete: operation({
    method: "DELETE",
    path: "/public_keys/{keyId}",
    summary: "Remove a public key: its tokens and their sessions end within five seconds",
    params: z.object({ keyId: z.string().max(64) }),
    response: z.object({ data: PublicKey }),
    errors: ["not_found", "conflict"],
  }),
} as const;
