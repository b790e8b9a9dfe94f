/** The job that prepares a file which is to take the place of a document's own. */
import type { Actor } from "../audit/audit.ts";
import type { UploadedKind } from "../convert/kinds.ts";
import type { DocumentKey } from "../documents/store.ts";
import type { NewJob } from "../jobs/store.ts";

export interface OverwritePayload extends DocumentKey {
  readonly n: number;
  readonly by: Actor;
  /** What was uploaded is no PDF: this blob is converted first. */
  readonly convert?: UploadedKind & { readonly blob: string };
}

export function overwriteJob(
  { applicationId, documentId }: DocumentKey,
  { n, by, blob, kind }: { readonly n: number; readonly by: Actor; readonly blob: string; readonly kind: UploadedKind },
): Omit<NewJob, "dueAt"> {
  const convert = kind.kind === "pdf" ? {} : { convert: { ...kind, blob } };
  const payload: OverwritePayload = { applicationId, documentId, n, by, ...convert };
  return { kind: "overwrite", key: `${applicationId}/${documentId}/${n}/${blob}`, payload };
}
