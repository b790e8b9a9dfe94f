/** Small valid records and rights, for tests. */
import type { AnyRecord, Page, RecordData } from "@lectern/protocol";
import { FULL_GRANTS, type Grants, sourceOrder } from "@lectern/protocol/plain";
import { type BaseRecords, memoryBaseRecords } from "../base-records.ts";

export function grantsOf(
  userId: string | null,
  collaboration: readonly string[] | null = null,
  defaultGroup: string | null = null,
): Grants {
  return { ...FULL_GRANTS, permissions: ["read", "write"], userId, collaboration, defaultGroup };
}

export function rectangle(page = "0.0", left = 10): RecordData["annotation"] {
  return { type: "rectangle", page, geometry: { bbox: [left, 10, 50, 30] }, appearance: { strokeColor: "#ff0000", strokeWidth: 2 } };
}

export function marker(page: string | null = "0.0"): RecordData["annotation"] {
  return { type: "comment-marker", page, geometry: { bbox: [1, 1, 20, 20] }, appearance: {} };
}

export function comment(root: string, text = "hello"): RecordData["comment"] {
  return { root, text: { format: "plain", value: text } };
}

export function derivedPageData(index: number): Page {
  return {
    content: { source: "ab".repeat(32), sourceIndex: index },
    order: sourceOrder(index),
    rotation: 0,
    crop: null,
    size: [595, 842],
    label: null,
  };
}

/** A document of revision 0 with so many pages, and these records found in it. */
export function baseOf(pages: number, records: readonly AnyRecord[] = []): BaseRecords {
  return memoryBaseRecords(records, (id) => {
    const index = /^0\.(\d+)$/.exec(id)?.[1];
    return index !== undefined && Number(index) < pages ? derivedPageData(Number(index)) : null;
  });
}

export function baseRecord(id: string, data: RecordData["annotation"] = rectangle()): AnyRecord {
  return { id, kind: "annotation", seq: 0, createdBy: null, createdAt: 0, updatedBy: null, updatedAt: 0, grp: null, data };
}
