/** The audit trail: who did what, when, and from where. */
import * as z from "zod";
import { DocumentId } from "./document.ts";
import { operation } from "./operation.ts";

export const AuditEntry = z.object({
  id: z.string(),
  at: z.string(),
  /** `document.created`, `key.revoked`, `session.minted`; `layer.changed` for a change of records. */
  action: z.string(),
  actor: z.object({
    /** `user`: somebody with a session, who changed records. */
    kind: z.enum(["key", "account", "session", "visitor", "service", "user"]),
    id: z.nullable(z.string()),
    session_id: z.nullable(z.string()),
    address: z.nullable(z.string()),
  }),
  document_id: z.nullable(z.string()),
  target: z.nullable(z.string()),
  details: z.record(z.string(), z.unknown()),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

const Time = z.iso.datetime({ offset: true }).or(z.iso.date());

export const audit = {
  list: operation({
    method: "GET",
    path: "/audit",
    summary: "Who did what, newest first; with Accept: application/x-ndjson all of it, a line each, oldest first",
    query: z.object({
      /** Id of a key, an account, a session, or a user id. */
      actor: z.exactOptional(z.string().min(1).max(256)),
      document_id: z.exactOptional(DocumentId),
      /** One action, or a group such as `document.*`. */
      action: z.exactOptional(z.string().regex(/^[a-z_]+\.(\*|[a-z_]+)$/, "an action such as document.deleted, or a group such as key.*")),
      from: z.exactOptional(Time),
      to: z.exactOptional(Time),
      limit: z.exactOptional(z.coerce.number().int().min(1).max(500)),
      cursor: z.exactOptional(z.string().max(512)),
    }),
    response: z.object({ data: z.array(AuditEntry), next_cursor: z.nullable(z.string()) }),
    errors: ["invalid_parameters"],
  }),
} as const;
