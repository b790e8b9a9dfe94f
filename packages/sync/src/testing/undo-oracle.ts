/** Undo is mine: whatever an undo or a redo changes is as the person who undoes left it, says the log. */
import type { AnyRecord } from "@lectern/protocol";
import type { SyncClient } from "../client.ts";
import { changedProperties } from "../history.ts";
import { parentOf } from "../references.ts";
import { same } from "./naive-log.ts";
import { Violation } from "./oracles.ts";
import type { Disk } from "./sim-storage.ts";

interface Watched {
  readonly disk: Disk;
  readonly user: string;
  /** Of the queues of this window: what the same person does in another one is a colleague's. */
  readonly sids: ReadonlySet<string>;
}

/** Called before an undo; returns what to call behind it, which throws `Violation`. Looks only while nothing of one's own is on its way. */
export function watchUndo({ records, save, seq }: SyncClient, { disk, user, sids }: Watched): () => void {
  // Below the first change is another revision of the document.
  if (save.pending > 0 || seq < disk.from) return () => undefined;
  const before = new Map([...records.all()].map((record) => [record.id, record]));
  return () => {
    const after = new Map([...records.all()].map((record) => [record.id, record]));
    for (const id of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(id), after.get(id)];
      for (const aspect of changes(was, is, after)) {
        const left = leftBy(disk, { sids, id, aspect, seq });
        const found = aspect === "there" ? was !== undefined && was.deleted !== true : aspect === "grp" ? was!.grp : dataOf(was!)[aspect];
        if (left === undefined || !same(left.value ?? null, found ?? null))
          throw new Violation(`undo took back what another person did: ${JSON.stringify({ user, id, aspect, found, left })}`);
      }
    }
  };
}

/** `there`: whether the record is there. */
function changes(before: AnyRecord | undefined, after: AnyRecord | undefined, shown: ReadonlyMap<string, AnyRecord>): readonly string[] {
  if (before === after) return [];
  if (before === undefined || after === undefined || before.deleted !== after.deleted) {
    const gone = before !== undefined && (after === undefined || after.deleted === true);
    const parent = gone ? parentOf(before.kind, before.data) : null;
    // It hung on what was undone, and went with it.
    return parent !== null && !shown.has(parent) ? [] : ["there"];
  }
  return changedProperties(before, after);
}

/** As what this window left it; undefined when it never wrote it. */
function leftBy(
  { changes: logged }: Disk,
  { sids, id, aspect, seq }: { readonly sids: ReadonlySet<string>; readonly id: string; readonly aspect: string; readonly seq: number },
): { readonly value: unknown } | undefined {
  for (const change of logged.toReversed()) {
    if (change.seq > seq || !sids.has(change.sid)) continue;
    for (const { id: written, op } of change.ops.toReversed()) {
      if (written !== id) continue;
      if (aspect === "there") {
        if (op[0] === "d") return { value: false };
        if (op[0] === "c" || op[0] === "r") return { value: true };
      } else if (aspect === "grp") {
        if (op[0] === "g") return { value: op[2] };
        if (op[0] === "c") return { value: op[4] ?? null };
      } else {
        if (op[0] === "u" && aspect in op[2]) return { value: op[2][aspect] };
        if (op[0] === "c") return { value: (op[3] as Readonly<Record<string, unknown>>)[aspect] };
      }
    }
  }
  return undefined;
}

function dataOf(record: AnyRecord): Readonly<Record<string, unknown>> {
  return record.data as unknown as Readonly<Record<string, unknown>>;
}
