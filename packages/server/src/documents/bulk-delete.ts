/** Deleting all documents that a filter names. Each is deleted by itself, so what was done stays done when the caller hangs up half-way. */
import { ApiError } from "@lectern/protocol/plain";
import type { Actor } from "../audit/audit.ts";
import { deleteDocument } from "./delete.ts";
import type { DocumentDeps } from "./deps.ts";
import { type DeletionFilter, documentIdsOf } from "./finding/store.ts";
import type { MetadataFilter } from "./metadata/store.ts";

export interface BulkDeletion {
  readonly applicationId: string;
  /** The whole title. */
  readonly title?: string | undefined;
  readonly documentId?: string | undefined;
  /** ISO 8601; a date alone means its first (start) or last (end) moment in UTC. Both ends are part of it. */
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  /** Values as text; all of them must be there. */
  readonly metadata?: MetadataFilter | undefined;
  readonly by: Actor;
  readonly signal: AbortSignal;
}

/** Throws ApiError `invalid_parameters` without a filter, or with a date that is none. */
export async function bulkDelete(
  deps: DocumentDeps,
  deletion: BulkDeletion,
): Promise<{ deleted_count: number; skipped_count: number; total_matched: number }> {
  const { applicationId, title, documentId, metadata = {}, by, signal } = deletion;
  const [from, to] = [timeOf(deletion.start, "start"), timeOf(deletion.end, "end")];
  const filter: DeletionFilter = {
    ...(title === undefined ? {} : { title }),
    ...(documentId === undefined ? {} : { documentId }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
  if (Object.keys(filter).length === 0) {
    throw refused(
      "missing_filter_parameters",
      "Give title, document_id, start_date, end_date or metadata[…]: without a filter nothing is deleted",
    );
  }
  const ids = await documentIdsOf(deps.database, applicationId, filter);
  let deleted = 0;
  for (const id of ids) {
    signal.throwIfAborted();
    try {
      await deleteDocument(deps, { applicationId, documentId: id }, by);
      deleted++;
    } catch (error) {
      // Somebody else was faster.
      if (!(error instanceof ApiError && error.code === "not_found")) throw error;
    }
  }
  return { deleted_count: deleted, skipped_count: ids.length - deleted, total_matched: ids.length };
}

const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

function timeOf(text: string | undefined, which: "start" | "end"): number | undefined {
  if (text === undefined) return undefined;
  const isDay = text.length === 10;
  const time = DATE.test(text) ? Date.parse(isDay && which === "end" ? `${text}T23:59:59.999Z` : text) : NaN;
  if (Number.isNaN(time))
    throw refused(`invalid_${which}_date`, `${which}_date must be a date or time of ISO 8601, such as 2030-01-31 or 2030-01-31T12:00:00Z`);
  return time;
}

/** With the published member `error`. */
function refused(reason: string, description: string): ApiError {
  return new ApiError("invalid_parameters", description, { extra: { error: { reason, description } } });
}
