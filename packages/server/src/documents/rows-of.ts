/** What tells of something that happened to a document: its webhooks and the audit, as rows for the transaction that does it. */
import type { Actor, Audit } from "../audit/audit.ts";
import type { Statement } from "../ports.ts";
import type { Events } from "../webhooks/events.ts";
import type { DocumentRow } from "./store.ts";
import { documentSummary } from "./summary.ts";

export type DocumentTopic = "document.created" | "document.ready" | "document.failed" | "document.updated" | "document.deleted";

/** `by`: null for what the service does by itself, which is no deed of anybody and not in the audit. */
export type DocumentRows = (topic: DocumentTopic, document: DocumentRow, by: Actor | null) => readonly Statement[];

export function documentRows({ events, audit }: { readonly events: Events; readonly audit: Audit }): DocumentRows {
  return (topic, document, by) => {
    const { applicationId, id, title, sourceSha256 } = document;
    const deed = { applicationId, action: topic, documentId: id, details: { title, sha256: sourceSha256 } };
    return [...events.ofDocument(applicationId, topic, documentSummary(document)), ...(by === null ? [] : [audit(by, deed)])];
  };
}
