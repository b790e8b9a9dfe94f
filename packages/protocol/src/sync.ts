/**
 * Messages of the sync socket: JSON text frames of subprotocol `lectern.sync.2`, one socket = one layer.
 * What the client sends is checked by the schemas here; what the server sends is typed only.
 */
import * as z from "zod";
import type { ErrorCode, FailingPath } from "./error.ts";
import { RecordId } from "./annotation/common.ts";
import type { SyncLimits } from "./limits.ts";
import { type Grants, RECORD_KINDS } from "./permission.ts";
import type { AnyRecord, Patch } from "./record.ts";

const Kind = z.enum(RECORD_KINDS);
const Data = z.record(z.string(), z.unknown());
const Group = z.nullable(z.string().max(256));

/**
 * One op of a push: create, update, delete, restore, set the group.
 * `ifSeq`: refuse with `precondition_failed` when the record has changed since.
 */
export const Op = z.union([
  z.tuple([z.literal("c"), RecordId, Kind, Data, Group.optional()]),
  z.tuple([z.literal("u"), RecordId, Data, z.int().min(0).optional()]),
  z.tuple([z.literal("d"), RecordId, z.int().min(0).optional()]),
  z.tuple([z.literal("r"), RecordId]),
  z.tuple([z.literal("g"), RecordId, Group]),
]);
export type Op =
  | readonly ["c", id: string, kind: AnyRecord["kind"], data: object, grp?: string | null | undefined]
  | readonly ["u", id: string, patch: Patch, ifSeq?: number | undefined]
  | readonly ["d", id: string, ifSeq?: number | undefined]
  | readonly ["r", id: string]
  | readonly ["g", id: string, grp: string | null];

/** What a person is doing now: lossy, never logged. Positions are in the page's own coordinates. */
export const Presence = z.object({
  cursor: z.nullable(z.object({ page: RecordId, x: z.number(), y: z.number() })).optional(),
  /** Ids of the selected records. */
  selection: z.array(RecordId).max(200).optional(),
  page: z.nullable(RecordId).optional(),
  viewport: z.nullable(z.object({ page: RecordId, x: z.number(), y: z.number(), width: z.number(), height: z.number() })).optional(),
  tool: z.nullable(z.string().max(64)).optional(),
  /** Live preview of what is being drawn or dragged: record id → geometry. */
  preview: z.nullable(z.record(RecordId, z.unknown())).optional(),
  /** Asks the others to look where this person looks. */
  presenting: z.boolean().optional(),
});
export type Presence = z.infer<typeof Presence>;

export const ClientMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("hello"),
    sid: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
    token: z.string().max(16_384),
    /** Which document and layer, when the token allows several. */
    document: z.string().max(256).optional(),
    layer: z.string().max(256).optional(),
    /** The last seq this client has; -1 the first time. */
    since: z.int().min(-1),
    /** The epoch that `since` belongs to. */
    epoch: z.int().min(0).optional(),
    viewKey: z.string().max(100_000).optional(),
    caps: z.array(z.string().max(64)).max(32).optional(),
  }),
  /** One push is one transaction: all of its ops or none. */
  z.object({ type: z.literal("push"), n: z.int().min(1), ops: z.array(Op).min(1).max(10_000) }),
  z.object({ type: z.literal("presence"), presence: Presence }),
  z.object({ type: z.literal("auth"), token: z.string().max(16_384) }),
  z.object({ type: z.literal("ping") }),
]);
export type ClientMessage =
  | {
      readonly type: "hello";
      readonly sid: string;
      readonly token: string;
      readonly document?: string | undefined;
      readonly layer?: string | undefined;
      readonly since: number;
      readonly epoch?: number | undefined;
      readonly viewKey?: string | undefined;
      readonly caps?: readonly string[] | undefined;
    }
  | { readonly type: "push"; readonly n: number; readonly ops: readonly Op[] }
  | { readonly type: "presence"; readonly presence: Presence }
  | { readonly type: "auth"; readonly token: string }
  | { readonly type: "ping" };

/**
 * One op of a change as a viewer gets it: created, put (whole record), update (replaced properties), gone. The head of what was created is the
 * change's: its `seq`, and `by` and `at` for who made it and wrote it last, and when; without `grp` it has none.
 */
export type ChangeOp =
  | readonly ["c", id: string, kind: AnyRecord["kind"], data: object, grp?: string]
  | readonly ["p", record: AnyRecord]
  | readonly ["u", id: string, patch: Patch]
  | readonly ["x", id: string];

/** One accepted push. `by` is the user who made it. */
export interface Change {
  readonly seq: number;
  readonly at: number;
  readonly by: string | null;
  readonly ops: readonly ChangeOp[];
}

export interface Reject {
  readonly n: number;
  readonly code: ErrorCode;
  /** The record it failed on. */
  readonly id: string | null;
  readonly detail?: string;
  readonly failingPaths?: readonly FailingPath[];
}

/** Somebody who has the layer open. `id` is that connection's, not the user's. */
export interface Peer {
  readonly id: string;
  readonly userId: string | null;
  readonly name: string;
  /** `#rrggbb`, the same for the same user on every screen. */
  readonly color: string;
  readonly presence: Presence;
}

export type ServerMessage =
  | {
      readonly type: "welcome";
      readonly mode: "delta" | "reset";
      readonly seq: number;
      readonly epoch: number;
      /** The last push of this `sid` that was decided. */
      readonly lastN: number;
      /** Which of the last ones were refused: the answer may have been lost. */
      readonly rejects?: readonly Reject[];
      readonly viewKey: string;
      readonly grants: Grants;
      /** This connection's peer id. */
      readonly self: Peer;
      /** delta: what happened since. */
      readonly changes?: readonly Change[];
      /** reset: all records of the layer that differ from the derived pages, or where to get them. */
      readonly records?: readonly AnyRecord[];
      readonly snapshotUrl?: string;
      readonly limits: SyncLimits;
    }
  /** `from` is the seq it applies to, `to` the one it leads to; a change that the viewer may not see is left out. */
  | {
      readonly type: "batch";
      readonly from: number;
      readonly to: number;
      readonly changes: readonly Change[];
      readonly acks?: readonly (readonly [n: number, seq: number])[];
      readonly rejects?: readonly Reject[];
    }
  | { readonly type: "presence"; readonly set: readonly Peer[]; readonly gone: readonly string[] }
  | { readonly type: "reset"; readonly epoch: number }
  | { readonly type: "bye"; readonly code: ErrorCode; readonly retryAfter?: number }
  | { readonly type: "pong" };
