/** The job that prepares a document: written by upload and by the first right password. */
import type { UploadedKind } from "../convert/kinds.ts";
import type { NewJob } from "../jobs/store.ts";
import type { DocumentRow } from "./store.ts";

export interface PreparePayload {
  readonly applicationId: string;
  readonly documentId: string;
  readonly revision: number;
  /** What was uploaded is no PDF: this blob is converted first. */
  readonly convert?: UploadedKind & { readonly blob: string };
}

/** `kind`: of what was uploaded, when that may be no PDF. */
export function prepareJob(
  document: Pick<DocumentRow, "applicationId" | "id" | "revision" | "sourceSha256">,
  occasion: string,
  kind?: UploadedKind,
): Omit<NewJob, "dueAt"> {
  const { applicationId, id, revision, sourceSha256 } = document;
  const convert = kind === undefined || kind.kind === "pdf" ? {} : { convert: { ...kind, blob: sourceSha256 } };
  const payload: PreparePayload = { applicationId, documentId: id, revision, ...convert };
  return { kind: "prepare", key: `${applicationId}/${id}/${revision}/${occasion}`, payload };
}
