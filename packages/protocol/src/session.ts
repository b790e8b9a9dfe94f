/** Sessions: a backend exchanges its API key for a token that opens given documents in a browser. And `open`: the viewer's first request. */
import * as z from "zod";
import { DocumentId, LayerName } from "./document.ts";
import type { SyncLimits } from "./limits.ts";
import { operation } from "./operation.ts";
import { type Grants, parseGrant, RECORD_KINDS } from "./permission.ts";
import type { AnyRecord } from "./record.ts";

export const PermissionName = z.enum(["read", "write", "download", "read-document", "cover-image"]);
export const GrantText = z
  .string()
  .max(1024)
  .refine((text) => parseGrant(text) !== null, "not a permission: <annotations|comments|form-fields>:<action>:<scope>");

export const AllowedDocument = z.object({
  document_id: DocumentId,
  /** Default: read and write. */
  document_permissions: z.exactOptional(z.array(PermissionName).min(1).max(8)),
  /** Synonym of `document_permissions`. */
  permissions: z.exactOptional(z.array(PermissionName).min(1).max(8)),
  collaboration_permissions: z.exactOptional(z.array(GrantText).max(1000)),
  layer: z.exactOptional(LayerName),
  /** Group of what is created here. */
  group: z.exactOptional(z.string().min(1).max(256)),
  password: z.exactOptional(z.string().max(1024)),
});
export type AllowedDocument = z.infer<typeof AllowedDocument>;

export const SessionSummary = z.object({
  session_id: z.string(),
  user_id: z.nullable(z.string()),
  creator_name: z.nullable(z.string()),
  documents: z.array(z.string()),
  created_at: z.string(),
  expires_at: z.string(),
  revoked_at: z.nullable(z.string()),
});

const ExplainedRecord = z.object({
  kind: z.enum(RECORD_KINDS),
  /** Default: the session's user. */
  created_by: z.exactOptional(z.nullable(z.string().max(256))),
  /** Default: the session's group. */
  group: z.exactOptional(z.nullable(z.string().max(256))),
});

export const sessions = {
  create: operation({
    method: "POST",
    path: "/sessions",
    idempotencyKey: true,
    summary: "Mint a session token for documents, or `{}` for documents that the app provides itself",
    status: 201,
    body: z.object({
      allowed_documents: z.exactOptional(z.array(AllowedDocument).min(1).max(100)),
      user_id: z.exactOptional(z.string().min(1).max(256)),
      creator_name: z.exactOptional(z.string().min(1).max(256)),
      /** Seconds since 1970; at most 24 h (and five minutes) ahead. */
      exp: z.exactOptional(z.int().positive()),
      /** Seconds from now. Default: one hour. */
      expires_in: z.exactOptional(z.int().positive()),
      allowed_origins: z.exactOptional(z.array(z.string().max(512)).max(100)),
    }),
    response: z.object({ jwt: z.string(), session_id: z.string(), exp: z.int(), view_url: z.string() }),
    errors: ["not_found", "invalid_parameters", "wrong_password"],
  }),
  explain: operation({
    method: "POST",
    path: "/documents/{documentId}/explain",
    summary: "Why a session may or may not do something in a layer: which grant matched on which state of the record, or what was missing",
    layered: true,
    params: z.object({ documentId: DocumentId }),
    body: z.object({
      /** A session's id or its token. */
      session: z.string().min(1).max(16_384),
      action: z.enum(["view", "create", "edit", "delete", "restore", "reply", "fill", "set-group"]),
      /** An id, or a record that there might be. */
      record: z.union([z.string().min(1).max(256), ExplainedRecord]),
      /** With `set-group`: the group that it would have. */
      group: z.exactOptional(z.nullable(z.string().max(256))),
    }),
    response: z.object({
      allowed: z.boolean(),
      reason: z.string(),
      checks: z.array(
        z.object({
          /** The record as it is, or as it would be. */
          on: z.enum(["before", "after"]),
          /** For example `annotations:edit`. */
          needs: z.string(),
          met: z.boolean(),
          /** The grant that matched, or the permission that is enough without one. */
          granted_by: z.nullable(z.string()),
          why: z.string(),
        }),
      ),
      session: z.object({
        session_id: z.nullable(z.string()),
        user_id: z.nullable(z.string()),
        permissions: z.array(z.string()),
        collaboration_permissions: z.nullable(z.array(z.string())),
      }),
    }),
    errors: ["not_found", "invalid_parameters", "preparing", "document_failed", "password_required", "wrong_password"],
  }),
  list: operation({
    method: "GET",
    path: "/sessions",
    summary: "List sessions, newest first",
    query: z.object({
      limit: z.exactOptional(z.coerce.number().int().min(1).max(1000)),
      cursor: z.exactOptional(z.string().max(1024)),
      document_id: z.exactOptional(DocumentId),
    }),
    response: z.object({ data: z.array(SessionSummary), next_cursor: z.nullable(z.string()) }),
    errors: ["invalid_parameters"],
  }),
  revoke: operation({
    method: "DELETE",
    path: "/sessions/{sessionId}",
    summary: "Revoke a session: its live connections close within five seconds",
    params: z.object({ sessionId: z.string().max(64) }),
    response: z.object({ session_id: z.string(), revoked_at: z.string() }),
    errors: ["not_found"],
  }),
} as const;

/** What `open` answers: everything for the first paint in at most 16 kB, whatever the size of the document. */
export interface Opened {
  /** null for a session of an app-provided document. */
  readonly documentId: string | null;
  readonly title: string | null;
  readonly layer: string;
  readonly revision: number;
  readonly seq: number;
  readonly epoch: number;
  readonly grants: Grants;
  /** Owner restrictions that the file carries and the service enforces. */
  readonly restrictions: { readonly print: boolean; readonly copy: boolean; readonly annotate: boolean };
  readonly user: { readonly id: string | null; readonly name: string; readonly color: string };
  readonly limits: SyncLimits;
  /** The session's expiry, seconds since 1970. */
  readonly exp: number;
  readonly pages: {
    readonly count: number;
    /** Runs of pages of the source with the same shape: `[how many, width, height, rotation]`, points before rotation. */
    readonly runs: readonly (readonly [n: number, width: number, height: number, rotation: 0 | 90 | 180 | 270])[];
    /** Labels that differ from the page's number, by source index. */
    readonly labels?: Readonly<Record<string, string>>;
    /** true: runs, labels or page records did not fit; the address of the snapshot asks for them (`Snapshot.pages`). */
    readonly partial: boolean;
    /** With `partial`: the runs are right for so many pages of the source; behind them stands a guess, so that a scroll bar has its length. */
    readonly exact?: number;
  };
  /** Blob of the source: names the images. */
  readonly source: string;
  /**
   * Records of the first pages, when they fit; all others come with the snapshot or the socket. `complete`: these are all that the layer has,
   * so the socket may start at `seq`.
   */
  readonly records: { readonly complete: boolean; readonly inline: readonly AnyRecord[] };
  /**
   * URL templates: `{blob}`, `{index}` (source index), `{width}` (a rung of IMAGE_WIDTHS) are filled in by the viewer. They hold a grant that
   * dies with the session.
   */
  readonly images: { readonly page: string; readonly text: string; readonly attachment: string };
  /** Width of the first page's image that is ready now. */
  readonly firstWidth: number;
  /** WebSocket URL, snapshot URL. */
  readonly socket: string;
  readonly snapshot: string;
}

/** A grant opens what its layer shows; with this, what it showed at an earlier seq. */
const asOf = z.object({ at_seq: z.exactOptional(z.coerce.number().int().min(0)) });

export const open = {
  open: operation({
    method: "POST",
    path: "/open",
    summary: "The viewer's first request: what it needs for the first page",
    auth: "none",
    bodyKind: "text",
    body: z.object({
      token: z.string().max(16_384),
      document: z.exactOptional(DocumentId),
      /** Of a session that opens several of the document. Default: the default layer, else the first one allowed. */
      layer: z.exactOptional(LayerName),
      password: z.exactOptional(z.string().max(1024)),
      /** Width in device pixels that the first page will have. */
      width: z.exactOptional(z.number().min(1).max(10_000)),
    }),
    response: z.custom<Opened>(),
    errors: [
      "invalid_token",
      "token_expired",
      "session_revoked",
      "origin_not_allowed",
      "not_found",
      "preparing",
      "document_failed",
      "password_required",
      "wrong_password",
    ],
  }),
  image: operation({
    method: "GET",
    path: "/i/{grant}/{blob}/{index}/{variant}/{file}",
    summary: "An immutable image of a page's content, opened by a grant",
    auth: "grant",
    params: z.object({
      grant: z.string().max(256),
      blob: z.string().regex(/^[0-9a-f]{64}$/),
      index: z.coerce.number().int().min(0),
      /** `_`, and the number of how the service reads files, so that an image of before is another one. */
      variant: z.string().regex(/^_\d{0,6}$/),
      /** `{width}.webp`, or for one tile of a large width `{width}-{column}-{row}.webp`. */
      file: z.string().regex(/^\d{2,4}\.webp$|^\d{4,5}-\d{1,4}-\d{1,4}\.webp$/),
    }),
    query: asOf,
    responseType: "image/webp",
    errors: ["not_found", "gone", "session_revoked", "token_expired"],
  }),
  imageText: operation({
    method: "GET",
    path: "/i/{grant}/{blob}/{index}/text.json",
    summary: "Text runs of a page, opened by a grant",
    auth: "grant",
    params: z.object({ grant: z.string().max(256), blob: z.string().regex(/^[0-9a-f]{64}$/), index: z.coerce.number().int().min(0) }),
    query: asOf,
    response: z.custom<unknown>(),
    errors: ["not_found", "gone", "session_revoked", "token_expired"],
  }),
  imageAttachment: operation({
    method: "GET",
    path: "/i/{grant}/attachments/{blob}",
    summary: "A picture that an annotation shows, opened by a grant",
    auth: "grant",
    params: z.object({ grant: z.string().max(256), blob: z.string().regex(/^[0-9a-f]{64}$/) }),
    query: asOf,
    responseType: "application/octet-stream",
    errors: ["not_found", "gone", "session_revoked", "token_expired"],
  }),
} as const;
