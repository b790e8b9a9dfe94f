/** The log as one caller may see it: a change of which he saw nothing does not exist for him, not even by the ids in it. */
import type { ChangeSummary } from "@lectern/protocol";
import { canSee, FULL_GRANTS, type Grants, type RecordKind } from "@lectern/protocol/plain";
import type { LoggedChange, LoggedOp, SyncRoom } from "@lectern/sync/room";
import { revisionOf } from "../store.ts";

const ACTIONS = { c: "create", u: "update", d: "delete", r: "restore", g: "set-group" } as const;

export interface ShowOptions {
  readonly grants: Grants;
  /** Session ids are told to API keys. */
  readonly withSessions: boolean;
  readonly erasedSeq: number;
  /** Kind of a record that exists or existed; null: of an earlier revision. */
  readonly kindOf: (id: string) => RecordKind | null;
  readonly pageOf: (id: string) => string | null;
}

/** What the room knows of the records in a log. */
export function namesIn(room: SyncRoom): Pick<ShowOptions, "kindOf" | "pageOf"> {
  const record = (id: string) => room.record(id, FULL_GRANTS);
  return {
    kindOf: (id) => record(id)?.kind ?? null,
    pageOf: (id) => (record(id)?.data as { page?: string | null } | undefined)?.page ?? null,
  };
}

/** null: nothing of it is for the caller. */
export function shownChange(change: LoggedChange, options: ShowOptions): ChangeSummary | null {
  // A create in this very change tells the kind of a record that the room does not know, one of an earlier revision.
  const created = new Map(change.ops.flatMap(({ id, op }) => (op[0] === "c" ? [[id, op[2]] as const] : [])));
  const ops = change.ops.flatMap((logged) => {
    const kind = created.get(logged.id) ?? options.kindOf(logged.id);
    if (kind === null && viewsByKind(options.grants)) return [];
    return shownOp(logged, { kind: kind ?? "annotation", by: change.actor, options });
  });
  const { seq, at, actor, session } = change;
  const revision = revisionOf(change);
  if (ops.length === 0 && revision === null) return null;
  return {
    seq,
    at: new Date(at).toISOString(),
    by: actor,
    ...(options.withSessions && session !== undefined ? { session } : {}),
    ...(seq === options.erasedSeq ? { erased: true as const } : {}),
    ...(revision === null ? {} : { revision }),
    ops,
  };
}

/** Does what these grants see depend on the kind? Then a record of unknown kind is not shown. */
function viewsByKind(grants: Grants): boolean {
  return grants.collaboration !== null;
}

function shownOp(
  { id, op, before }: LoggedOp,
  { kind, by, options }: { readonly kind: RecordKind; readonly by: string | null; readonly options: ShowOptions },
): ChangeSummary["ops"] {
  const { grants } = options;
  const createdBy = before === null ? by : before.createdBy;
  const grp = op[0] === "c" ? (op[4] ?? null) : op[0] === "g" ? op[2] : (before?.grp ?? null);
  const saw = before !== null && canSee(grants, { kind, createdBy, grp: before.grp });
  const sees = canSee(grants, { kind, createdBy, grp });
  if (!saw && !sees) return [];
  const action = saw && !sees ? "delete" : !saw && before !== null ? "create" : ACTIONS[op[0]];
  const page = options.pageOf(id);
  return [
    {
      id,
      action,
      kind,
      ...(page === null ? {} : { page }),
      ...(op[0] === "u" && saw && sees ? { properties: Object.keys(op[2]) } : {}),
    },
  ];
}
