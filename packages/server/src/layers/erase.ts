/**
 * What was meant to disappear. `erase` commits a change after which, for every session, history begins with it; what was drawn and read of the
 * replaced files goes at once. Backends still reach the original, until `purge` removes it for good.
 */
import type { Op, Page } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import type { CommitCaller } from "@lectern/sync/room";
import { type Actor, audit } from "../audit/audit.ts";
import { removeUnused } from "../documents/collect.ts";
import { noSuchDocument } from "../documents/status.ts";
import { type DocumentKey, findDocument, findRevision, standIn, sourcesOf, stopUsing, usedBlobs } from "../documents/store.ts";
import type { ReadingDeps, ReadLayer } from "./reading.ts";
import { archivedLayers, listLayers } from "./store.ts";
import { forgetErased, forgetLayer } from "./history/store.ts";

/** A replaced file that other layers still show: it lives on there. */
export interface StillShown {
  readonly blob: string;
  /** Names; "" is the default layer. */
  readonly layers: readonly string[];
}

export interface Erased {
  readonly seq: number;
  /** Files of which this layer shows fewer pages than before. */
  readonly replaced: readonly string[];
  readonly stillShown: readonly StillShown[];
}

/**
 * Commits the ops as one erasing change, with the caller's permissions. Throws what `room.commit` throws. The new files of pages must be stored and
 * used by the document already.
 */
export async function erase(
  deps: ReadingDeps,
  layer: ReadLayer,
  ops: readonly Op[],
  caller: Omit<CommitCaller, "server" | "erases">,
): Promise<Erased> {
  const replaced = new Set<string>();
  for (const op of ops) {
    if (op[0] !== "u" && op[0] !== "d") continue;
    const record = layer.room.page(op[1]);
    const content = record === null || record.deleted ? null : (record.data as Page).content;
    if (content !== null && (op[0] === "d" || Object.hasOwn(op[2], "content"))) replaced.add(content.source);
  }
  const { seq } = await layer.room.commit(ops, { ...caller, server: true, erases: true });
  const { applicationId, documentId } = layer.layer;
  for (const blob of replaced) await deps.documents.cache.drop(applicationId, blob);
  return { seq, replaced: [...replaced], stillShown: await shownIn(deps, { applicationId, documentId }, [...replaced]) };
}

/** Which layers of the document show pages of these files. */
export async function shownIn(deps: ReadingDeps, key: DocumentKey, blobs: readonly string[]): Promise<StillShown[]> {
  const document = await findDocument(deps.documents.database, key);
  if (document === null) throw noSuchDocument();
  const found = new Map(blobs.map((blob) => [blob, [] as string[]]));
  const names = (await listLayers(deps.documents.database, key.applicationId, key.documentId)).map(({ name }) => name);
  // The default layer is there whether or not somebody has opened it.
  for (const name of new Set(["", ...names])) {
    const open = await deps.rooms.open(document, name, { create: false });
    await open.room.catchUp();
    const shown = new Set<string>();
    for (const { data } of open.pages()) if (data.content !== null) shown.add(data.content.source);
    for (const blob of blobs) if (shown.has(blob)) found.get(blob)!.push(name);
  }
  return [...found].flatMap(([blob, layers]) => (layers.length === 0 ? [] : [{ blob, layers }]));
}

export interface Purged {
  /** Files that are gone. */
  readonly purged: readonly string[];
  readonly stillShown: readonly StillShown[];
}

/**
 * Removes what erasing changes have left for backends: earlier history of those layers, and files of which no layer shows a page any more. May be
 * repeated. Throws ApiError `not_found`.
 */
export async function purge(deps: ReadingDeps, key: DocumentKey, by: Actor): Promise<Purged> {
  const { database } = deps.documents;
  const document = await findDocument(database, key);
  if (document === null) throw noSuchDocument();
  const layers = await listLayers(database, key.applicationId, key.documentId);
  const erased = layers.filter(({ head }) => (head.erasedSeq ?? 0) > 0);
  const files = new Set((await sourcesOf(database, key)).filter((blob) => blob !== ""));
  const layerNames = erased.map(({ name }) => name);
  const deed = audit(deps.documents)(by, { ...key, action: "document.purged", details: { layers: layerNames.slice(0, 50) } });
  for (const [index, layer] of erased.entries()) {
    const rows = index === 0 ? [deed] : [];
    for (const blob of await forgetErased(database, layer.id, layer.head.erasedSeq!, rows)) files.add(blob);
  }
  // What stood on earlier revisions was before that.
  if (erased.some(({ name }) => name === ""))
    for (const archived of await archivedLayers(database, key)) await database.transaction(forgetLayer(archived.id));
  for (const { name } of erased) deps.rooms.replaced(key, name);
  if (erased.length === 0) return { purged: [], stillShown: [] };

  const stillShown = await shownIn(deps, key, [...files]);
  const kept = new Set(stillShown.map(({ blob }) => blob));
  const used = await usedBlobs(database, key, [...files]);
  const candidates = [...files].filter((blob) => !kept.has(blob) && used.has(blob));
  await moveSource(deps, key, candidates);
  const purged: string[] = [];
  for (const blob of candidates) {
    await database.transaction(stopUsing(key, blob));
    deps.documents.uses.forget(key);
    await removeUnused(deps.documents, key.applicationId, blob);
    purged.push(blob);
  }
  return { purged, stillShown };
}

/** The document's own file is going: what its first page shows takes its place. */
async function moveSource(deps: ReadingDeps, key: DocumentKey, going: readonly string[]): Promise<void> {
  const { database, blobs } = deps.documents;
  const document = await findDocument(database, key);
  if (document === null || !going.includes(document.sourceSha256)) return;
  const { pages } = await deps.rooms.open(document, "", { create: true });
  const first = [...pages()].find(({ data }) => data.content !== null)?.data.content?.source;
  const size = first === undefined ? null : await blobs.size(key.applicationId, first);
  if (first === undefined || size === null)
    throw new ApiError("conflict", "No page shows a file that could take the place of the original");
  await database.transaction([standIn(key, { sha256: first, size, now: deps.documents.clock.now() })]);
}

/** Is the file that was uploaded still there for this layer? */
export async function hasOriginal(deps: ReadingDeps, { layer, base }: Pick<ReadLayer, "layer" | "base">): Promise<boolean> {
  const revision = await findRevision(deps.documents.database, layer, base.revision);
  return revision !== null && (await deps.documents.blobs.size(layer.applicationId, base.source)) !== null;
}
