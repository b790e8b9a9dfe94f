/** A layer as it was at an earlier seq, for every reader: records, export, restore. Also of the default layer before its document was overwritten. */
import { ApiError } from "@lectern/protocol/plain";
import { type LayerReader, type LoggedChange, pastLayer, rewind, writersWanted } from "@lectern/sync/room";
import { findRevision } from "../../documents/store.ts";
import { noSuchDocument } from "../../documents/status.ts";
import { layerPages } from "../pages.ts";
import { documentOf, type ReadingDeps, type ReadLayer } from "../reading.ts";
import { archivedLayers, type Layer, momentOf } from "../store.ts";
import { writersOf } from "./store.ts";

/** A layer at one seq. */
export interface LayerAt extends Omit<ReadLayer, "room"> {
  readonly room: LayerReader;
}

/** Who asks: for sessions history begins with the last erasing change. */
export interface Asker {
  readonly sessionId: string | null;
}

/** The first state that the asker may read. */
export function firstSeq(layer: Layer, { sessionId }: Asker, erasedSeq: number): number {
  return Math.max(layer.head.floorSeq, sessionId === null ? 0 : erasedSeq);
}

/**
 * The layer as it was when `seq` was its last change. Throws ApiError `gone` (erased, or not kept any more), `invalid_parameters` (not there yet).
 */
export async function layerAt(deps: ReadingDeps, layer: ReadLayer, seq: number, asker: Asker): Promise<LayerAt> {
  if (seq > layer.room.seq) await layer.room.catchUp();
  if (seq > layer.room.seq) throw new ApiError("invalid_parameters", `The layer is at seq ${layer.room.seq}; there is no ${seq} yet`);
  if (asker.sessionId !== null && seq < layer.room.erasedSeq)
    throw new ApiError("gone", `What was before change ${layer.room.erasedSeq} has been erased`);
  if (seq === layer.room.seq) return layer;
  return (await changesSinceSeq(deps, layer, seq)).past;
}

/** The layer at `seq`, and what was changed since. Only within the layer's revision when `changes` are wanted. */
export async function changesSinceSeq(
  deps: ReadingDeps,
  layer: ReadLayer,
  seq: number,
): Promise<{ readonly past: LayerAt; readonly changes: readonly LoggedChange[]; readonly sameBase: boolean }> {
  const { database } = deps.documents;
  const now = await momentOf(database, layer.layer.id, seq);
  if (seq >= now.head.floorSeq) return { ...(await rewound(deps, layer, layer.layer, seq, now)), sameBase: true };
  if (layer.layer.name === "") {
    for (const archived of await archivedLayers(database, layer.layer)) {
      if (seq > archived.head.seq || seq < archived.head.floorSeq) continue;
      const moment = await momentOf(database, archived.id, seq);
      return { ...(await rewound(deps, layer, archived, seq, moment)), sameBase: false };
    }
  }
  throw new ApiError("gone", `States before change ${now.head.floorSeq} are not kept any more`);
}

async function rewound(
  deps: ReadingDeps,
  layer: ReadLayer,
  at: Layer,
  seq: number,
  { head, records, changes }: Awaited<ReturnType<typeof momentOf>>,
): Promise<{ readonly past: LayerAt; readonly changes: readonly LoggedChange[] }> {
  const base = at.revision === layer.base.revision ? layer.base : await baseOf(deps, at);
  const writers = await writersOf(deps.documents.database, at.id, writersWanted(changes));
  const room = pastLayer(base.records, rewind(records, changes, writers), { seq, epoch: head.epoch });
  const document = await documentOf(deps.documents, layer.document, base);
  return { past: { ...layer, layer: at, base, document, room, pages: () => layerPages(base, room.changed({ kind: "page" })) }, changes };
}

async function baseOf(deps: ReadingDeps, { applicationId, documentId, revision }: Layer) {
  const found = await findRevision(deps.documents.database, { applicationId, documentId }, revision);
  if (found === null) throw noSuchDocument();
  return deps.documents.bases.load(applicationId, found);
}
