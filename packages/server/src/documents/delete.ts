/** Deleting a document with all its layers, and its bytes, unless another document uses them. */
import type { Actor } from "../audit/audit.ts";
import type { DocumentDeps } from "./deps.ts";
import { noSuchDocument } from "./status.ts";
import { requestsForgotten } from "../requests/store.ts";
import { usageOfDeletion } from "../usage/usage.ts";
import { removeUnused } from "./collect.ts";
import { allBlobs, deleteRows, type DocumentKey, findDocument } from "./store.ts";

/** Throws ApiError `not_found`. */
export async function deleteDocument(deps: DocumentDeps, key: DocumentKey, by: Actor): Promise<void> {
  const document = await findDocument(deps.database, key);
  if (document === null) throw noSuchDocument();
  const blobs = await allBlobs(deps.database, key);
  const now = deps.clock.now();
  const layerIds = await deleteRows(deps.database, key, now, [
    ...usageOfDeletion({ ...key, createdAt: document.createdAt, now }),
    ...deps.rowsOf("document.deleted", document, by),
    requestsForgotten(key),
  ]);
  if (layerIds === null) throw noSuchDocument();
  deps.uses.forget(key);
  deps.readiness.changed(key);
  deps.onDeleted({ ...key, layerIds });
  // Whatever is left by a crash before the end of this goes with the collector.
  for (const blob of blobs) await removeUnused(deps, key.applicationId, blob);
}
