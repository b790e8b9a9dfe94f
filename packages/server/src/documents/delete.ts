/** Deleting a document with all its layers. Its bytes go a day later, with the collector. */
import type { DocumentDeps } from "./deps.ts";
import { noSuchDocument } from "./status.ts";
import { deleteRows, type DocumentKey } from "./store.ts";

/** Throws ApiError `not_found`. */
export async function deleteDocument(deps: DocumentDeps, key: DocumentKey): Promise<void> {
  const layerIds = await deleteRows(deps.database, key, deps.clock.now());
  if (layerIds === null) throw noSuchDocument();
  deps.uses.forget(key);
  deps.readiness.changed(key);
  deps.onDeleted({ ...key, layerIds });
}
