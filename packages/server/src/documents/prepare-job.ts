/** The job that prepares a document: written by upload and by the first right password. */
import type { NewJob } from "../jobs/store.ts";
import type { DocumentRow } from "./store.ts";

export interface PreparePayload {
  readonly applicationId: string;
  readonly documentId: string;
  readonly revision: number;
}

export function prepareJob(document: Pick<DocumentRow, "applicationId" | "id" | "revision">, occasion: string): Omit<NewJob, "dueAt"> {
  const { applicationId, id, revision } = document;
  const payload: PreparePayload = { applicationId, documentId: id, revision };
  return { kind: "prepare", key: `${applicationId}/${id}/${revision}/${occasion}`, payload };
}
