/** How records refer to each other: what a record hangs on, and dies with; and pages that have no record. Pure; both halves use it. */
import type { AnyRecord, Page } from "@lectern/protocol";
import type { RecordKind } from "@lectern/protocol/plain";

/** Property of each kind that names the record it is deleted with. */
const PARENT: Readonly<Partial<Record<RecordKind, string>>> = { comment: "root", reaction: "comment", widget: "field", value: "field" };

/** Kinds that the parent of each kind has. */
export const PARENT_KIND: Readonly<Partial<Record<RecordKind, RecordKind>>> = {
  comment: "annotation",
  reaction: "comment",
  widget: "field",
  value: "field",
};

/** The record that this one is deleted with; null when it stands alone. */
export function parentOf(kind: RecordKind, data: object): string | null {
  const property = PARENT[kind];
  return property === undefined ? null : text((data as Record<string, unknown>)[property]);
}

/** The page that shows this record; null when none does. */
export function pageOf(kind: RecordKind, data: object): string | null {
  return kind === "annotation" || kind === "widget" ? text((data as { page?: unknown }).page) : null;
}

/** The record that a page of the revision would have if somebody had changed it. */
export function derivedPage(id: string, data: Page): Extract<AnyRecord, { kind: "page" }> {
  return { id, kind: "page", seq: 0, createdBy: null, createdAt: 0, updatedBy: null, updatedAt: 0, grp: null, data };
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
