/** What of a layer goes into an export or an image, for one viewer: what he may not see is taken out of the file, too. */
import { canSee, viewKey } from "@lectern/protocol/plain";
import type { StoredRecord } from "@lectern/sync/room";
import type { ExportRecords } from "../documents/changes-file.ts";
import type { LayerAt } from "./history/past.ts";

/** Kinds whose look the file gives, as it is more than their properties say. */
const SHOWN_BY_FILE: ReadonlySet<string> = new Set(["stamp", "image", "link", "raw"]);

/** As `changesFor`, and with the file's own annotations as if somebody had changed them: then they are drawn from their properties. */
export function redrawnFor(layer: LayerAt, page?: string): ExportRecords {
  const changes = changesFor(layer, page);
  const touched = new Set(changes.records.map(({ id }) => id));
  const records = [...changes.records];
  for (const record of page === undefined ? layer.base.records.list() : layer.base.records.byPage(page)) {
    if (record.kind !== "annotation" || touched.has(record.id) || SHOWN_BY_FILE.has(record.data.type)) continue;
    records.push({ ...record, deleted: false, updatedAt: record.updatedAt + 1 });
  }
  return { ...changes, records };
}

/** `page`: only what lies on it. */
export function changesFor({ room, base, grants }: LayerAt, page?: string): ExportRecords {
  // Fields show their values on whatever page their widgets lie.
  const changed = page === undefined ? room.changed() : [...room.changed({ page }), ...room.changed({ kind: "form" })];
  if (viewKey(grants) === "all") return { records: changed, revision: base.revision };
  const hidden = (record: StoredRecord): StoredRecord => (canSee(grants, record) ? record : { ...record, deleted: true });
  const touched = new Set(changed.map(({ id }) => id));
  const records = changed.map(hidden);
  for (const record of page === undefined ? base.records.list() : base.records.byPage(page)) {
    if (!touched.has(record.id) && !canSee(grants, record)) records.push({ ...record, deleted: true });
  }
  return { records, revision: base.revision };
}
