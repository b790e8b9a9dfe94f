/**
 * A base that another version of `prepare` made, made anew from the same file when it is next read: ids of records follow from the file, so what
 * layers changed of them stays theirs. Doing it twice changes nothing.
 */
import { ApiError } from "@lectern/protocol/plain";
import type { RenewBase } from "./base.ts";
import type { DocumentDeps } from "./deps.ts";
import { renderSource } from "./password.ts";
import { importFile } from "./prepare.ts";
import { documentsOnBase, findDocument, replaceBase } from "./store.ts";

export function renewBase(deps: () => DocumentDeps): RenewBase {
  return async (applicationId, { n, sourceBlob, baseBlob }) => {
    const { database, clock, onError } = deps();
    const [documentId, ...others] = await documentsOnBase(database, { applicationId, baseBlob, sourceBlob, n });
    const document = documentId === undefined ? null : await findDocument(database, { applicationId, documentId });
    if (document === null) return baseBlob;
    try {
      const source = await renderSource(deps(), document, sourceBlob);
      const revised = { ...document, revision: n, sourceSha256: sourceBlob };
      const { summary, base } = await importFile(deps(), revised, source, new AbortController().signal);
      const documents = [document.id, ...others];
      await replaceBase(database, {
        applicationId,
        n,
        sourceBlob,
        baseBlob,
        base,
        documents,
        pictures: summary.pictures.map(({ sha256 }) => sha256),
        now: clock.now(),
      });
      return base.sha256;
    } catch (error) {
      // Later, when the workers have room again; a file that they cannot read any more is shown as it was read before.
      if (error instanceof ApiError && error.code === "unavailable") throw error;
      onError(`preparing document ${document.id} anew`, error);
      return baseBlob;
    }
  };
}
