/** All that a viewer may see of a layer, as it is or as it was, as the text that is sent. */
import { type Entry, type LayerState, recordJson } from "./layer-state.ts";
import { encodeChange, encodeCreated, encodePut, type RoomView } from "./room-view.ts";

export interface SnapshotOptions {
  /** As a new client would be told of the changes that wrote the records last: half as long when they were made together. Else records. */
  readonly compact?: boolean;
}

interface Seen {
  readonly seq: number;
  readonly epoch: number;
  readonly state: LayerState;
  readonly view: RoomView;
}

/** JSON of `Snapshot` without its pages. */
export function snapshotJson({ seq, epoch, state, view }: Seen, { compact = false }: SnapshotOptions): string {
  const seen = state.visible((head) => view.sees(head));
  const head = `{"seq":${seq},"epoch":${epoch}`;
  if (compact) return `${head},"records":[],"changes":[${changesOf(seen).join(",")}]}`;
  const records: string[] = [];
  for (const [id, entry] of seen) records.push(recordJson(id, entry, true));
  return `${head},"records":[${records.join(",")}]}`;
}

/** In the order of the records: neighbours that one change has written share it. */
function changesOf(seen: Iterable<readonly [id: string, entry: Entry]>): string[] {
  const changes: string[] = [];
  let last: Entry | null = null;
  let ops: string[] = [];
  for (const [id, entry] of seen) {
    if (last !== null && (last.seq !== entry.seq || last.updatedAt !== entry.updatedAt || last.updatedBy !== entry.updatedBy)) {
      changes.push(changeOf(last, ops));
      ops = [];
    }
    last = entry;
    const isAsMade = !entry.deleted && entry.createdAt === entry.updatedAt && entry.createdBy === entry.updatedBy;
    ops.push(isAsMade ? encodeCreated(id, entry) : encodePut(recordJson(id, entry, true)));
  }
  if (last !== null) changes.push(changeOf(last, ops));
  return changes;
}

function changeOf({ seq, updatedAt, updatedBy }: Entry, ops: readonly string[]): string {
  return encodeChange({ seq, at: updatedAt, by: updatedBy }, ops);
}
