/** A document as the API shows it. */
import type { DocumentSummary } from "@lectern/protocol";
import type { OverwriteRow } from "../revisions/store.ts";
import { type Preparation, preparationShown } from "./readiness.ts";
import type { DocumentRow } from "./store.ts";

/** `overwrite`: the file that was sent last to take its place. `preparation`: how far it is, where that is known. */
export function documentSummary(
  row: DocumentRow,
  overwrite: OverwriteRow | null = null,
  preparation: Preparation | null = null,
): DocumentSummary {
  const createdAt = new Date(row.createdAt).toISOString();
  return {
    id: row.id,
    document_id: row.id,
    title: row.title,
    createdAt,
    created_at: createdAt,
    updatedAt: new Date(row.updatedAt).toISOString(),
    sourcePdfSha256: row.sourceSha256,
    passwordProtected: row.passwordProtected,
    password_protected: row.passwordProtected,
    byteSize: row.byteSize,
    pageCount: row.pageCount,
    status: row.status,
    ...(row.status === "preparing" && preparation !== null ? preparationShown(preparation) : {}),
    errors: reasons(row.statusReason),
    metadata: row.metadata,
    ...(overwrite === null ? {} : { overwrite: overwriteSummary(overwrite) }),
  };
}

function overwriteSummary({ n, status, reason, leftOut }: OverwriteRow): NonNullable<DocumentSummary["overwrite"]> {
  return { revision: n, status, errors: reasons(reason), ...(leftOut === null ? {} : { left: leftOut }) };
}

function reasons(text: string | null): { reason: string }[] {
  return text === null ? [] : text.split("\n").map((reason) => ({ reason }));
}
