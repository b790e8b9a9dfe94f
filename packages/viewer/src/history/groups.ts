/** Changes of a layer as people read them: what one person did in one sitting is one entry. Pure. */
import type { ChangeSummary } from "@lectern/protocol";

type Op = ChangeSummary["ops"][number];

/** Newest change first, like the list. */
export interface ChangeGroup {
  readonly by: string | null;
  /** Milliseconds since 1970, of the last change. */
  readonly at: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The document got another file with this change. */
  readonly revision: number | null;
  /** Once for each record, kind and action. */
  readonly counts: readonly { readonly action: Op["action"]; readonly kind: string; readonly count: number }[];
  readonly ids: readonly string[];
  /** Each record once, with the last that was done to it; what was made and deleted again is none. */
  readonly records: readonly Op[];
  /** The first page that it touched; null: none that is known. */
  readonly page: string | null;
  readonly isNew: boolean;
}

/** A pause that ends a sitting. */
const PAUSE_MS = 10 * 60_000;

/** `changes`: newest first. `seen`: up to which seq the person has looked; null: nothing is known of that. */
export function groupsOf(changes: readonly ChangeSummary[], seen: number | null, self: string | null): readonly ChangeGroup[] {
  const groups: ChangeSummary[][] = [];
  const isNew = ({ seq, by }: ChangeSummary): boolean => seen !== null && seq > seen && by !== self;
  for (const change of changes) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    const together =
      last !== undefined &&
      last.by === change.by &&
      last.revision === undefined &&
      change.revision === undefined &&
      isNew(last) === isNew(change) &&
      Date.parse(last.at) - Date.parse(change.at) <= PAUSE_MS;
    if (together) group!.push(change);
    else groups.push([change]);
  }
  return groups.map((group) => {
    const [newest, oldest] = [group[0]!, group.at(-1)!];
    const ops = group.flatMap((change) => change.ops);
    return {
      by: newest.by,
      at: Date.parse(newest.at),
      firstSeq: oldest.seq,
      lastSeq: newest.seq,
      revision: newest.revision ?? null,
      counts: countsOf(ops),
      records: recordsOf(ops),
      ids: [...new Set(ops.map(({ id }) => id))],
      page: ops.find(({ page }) => page !== undefined)?.page ?? null,
      isNew: isNew(newest),
    };
  });
}

/** What was made and changed in one sitting counts as made, what was made and deleted as nothing. */
function recordsOf(ops: readonly Op[]): readonly Op[] {
  const byRecord = new Map<string, Op[]>();
  for (const op of ops.toReversed()) byRecord.set(op.id, [...(byRecord.get(op.id) ?? []), op]);
  return [...byRecord.values()].flatMap((all) => {
    const [first, last] = [all[0]!, all.at(-1)!];
    if (first.action === "create" && last.action === "delete") return [];
    return [{ ...last, action: first.action === "create" ? "create" : last.action }];
  });
}

function countsOf(ops: readonly Op[]): ChangeGroup["counts"] {
  const counts = new Map<string, { action: Op["action"]; kind: string; count: number }>();
  for (const { action, kind } of recordsOf(ops)) {
    const key = `${action} ${kind}`;
    const entry = counts.get(key) ?? { action, kind, count: 0 };
    counts.set(key, entry);
    entry.count++;
  }
  return [...counts.values()];
}
