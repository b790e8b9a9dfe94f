/**
 * What people wrote on a document goes on living on its next file: the default layer's own annotations, with what hangs on them, on the pages of
 * the same index. Whatever has no place there is left with the earlier revision and reported. Pure.
 */
import type { OverwriteLeft } from "@lectern/protocol";
import { pageId, type RecordKind } from "@lectern/protocol/plain";
import { deepEqual, type StoredRecord } from "@lectern/sync/room";
import type { DocumentBase } from "../documents/base.ts";
import { layerPages } from "../layers/pages.ts";

export interface Kept {
  /** With the seq of the change that brings them. */
  readonly records: readonly StoredRecord[];
  readonly left: OverwriteLeft;
}

type Reason = OverwriteLeft["records"][number]["reason"];
type Data = Readonly<Record<string, unknown>>;

/** Others of what people write belong to the file: its pages, form, outline. */
const KEPT: readonly RecordKind[] = ["attachment", "annotation", "comment", "reaction"];
/** Told by name; there may be very many. */
const MOST_TOLD = 1000;

/** `records`: of the layer on the old base, tombstones included. */
export function keptRecords(
  records: readonly StoredRecord[],
  { from, to, seq }: { readonly from: DocumentBase; readonly to: DocumentBase; readonly seq: number },
): Kept {
  const pages = layerPages(
    from,
    records.filter(({ kind }) => kind === "page"),
  );
  const kept = new Map<string, StoredRecord>();
  const left: { id: string; kind: RecordKind; reason: Reason }[] = [];
  const newPage = (page: unknown): string | null => {
    const index = typeof page === "string" ? pages.indexOf(page) : null;
    return index === null || index >= to.manifest.pageCount ? null : pageId(to.revision, index);
  };
  const isThere = (id: unknown): boolean => {
    if (typeof id !== "string") return false;
    const record = kept.get(id);
    return record === undefined ? to.records.get(id) !== null : !record.deleted;
  };
  const placed = (record: StoredRecord): { readonly data: Data } | { readonly reason: Reason } => {
    const data = record.data as unknown as Data;
    switch (record.kind) {
      case "annotation": {
        const page = newPage(data["page"]);
        return page === null ? { reason: "no_such_page" } : { data: withPages(data, page, newPage) };
      }
      case "comment":
        return isThere(data["root"]) ? { data } : { reason: "nothing_to_hang_on" };
      case "reaction":
        return isThere(data["comment"]) ? { data } : { reason: "nothing_to_hang_on" };
      default:
        return { data };
    }
  };

  for (const record of records.toSorted((a, b) => KEPT.indexOf(a.kind) - KEPT.indexOf(b.kind))) {
    const { id, kind } = record;
    const original = from.records.get(id);
    // What people made and deleted is history.
    if (original === null && record.deleted && (kind !== "page" || from.records.page(id) === null)) continue;
    const refuse = (reason: Reason): void => void left.push({ id, kind, reason });
    if (!KEPT.includes(kind)) {
      refuse("of_the_file");
      continue;
    }
    const place = placed(record);
    if ("reason" in place) {
      refuse(place.reason);
      continue;
    }
    const there = to.records.get(id);
    if (original !== null) {
      // A change of what the file itself had goes on only when the new file has the very same.
      const before = placed({ ...original, deleted: false });
      const same = there !== null && there.kind === kind && "data" in before && deepEqual(before.data, there.data as unknown as Data);
      if (!same) {
        refuse("of_the_file");
        continue;
      }
    } else if (there !== null && there.kind !== kind) {
      refuse("of_the_file");
      continue;
    }
    kept.set(id, { ...record, seq, data: place.data } as unknown as StoredRecord);
  }
  return {
    records: [...kept.values()],
    left: { count: left.length, records: left.slice(0, MOST_TOLD) },
  };
}

/** The page it lies on, and the one that it leads to. */
function withPages(data: Data, page: string, newPage: (page: unknown) => string | null): Data {
  const action = data["action"] as Data | undefined;
  const target = action?.["type"] === "goTo" ? newPage(action["page"]) : null;
  return { ...data, page, ...(target === null ? {} : { action: { ...action, page: target } }) };
}
