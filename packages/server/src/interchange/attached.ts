/**
 * Instant JSON or XFDF that was uploaded along with a file: applied to the default layer while nobody has it open, before the document is ready. What
 * of it cannot be taken over is told; the file itself, and the bytes of the exchange, stay.
 */
import { formRules } from "@lectern/pdf/forms";
import { ApiError, FULL_GRANTS, SYNC_LIMITS } from "@lectern/protocol/plain";
import { type ChangeLog, MemoryChangeLog, type StoredRecord, SyncRoom } from "@lectern/sync/room";
import type { DocumentBase } from "../documents/base.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import { type DocumentRow, usedBlobs } from "../documents/store.ts";
import { layerPages } from "../layers/pages.ts";
import { type Layer, layerLog, openLayer } from "../layers/store.ts";
import { applyExchange, exchangeOf } from "./apply.ts";

/** An exchange may have so many bytes: it is held in memory. */
export const MOST_ATTACHED = 64_000_000;
/** Sentences about single entries; of more only the number is told. */
const MOST_TOLD = 20;

interface Attached {
  /** As it will be. */
  readonly document: DocumentRow;
  readonly base: DocumentBase;
  /** Blob of the exchange. */
  readonly blob: string;
}

/** Writes it to the default layer, once, however often this is called. Sentences about what was left out. Throws what has nothing to do with it. */
export async function applyAttached(deps: DocumentDeps, attached: Attached): Promise<readonly string[]> {
  const { document, base, blob } = attached;
  const name = { applicationId: document.applicationId, documentId: document.id, name: "" };
  const layer = await openLayer(deps.database, { ...name, revision: base.revision }, deps);
  const { told } = await applied(deps, attached, {
    layer,
    log: layerLog(deps.database, layer.id, deps.clock),
    sid: `attached:${base.revision}:${blob}`,
  });
  return told;
}

/** What the layer would have with it beside `records`; nothing is written but pictures. */
export async function withAttached(
  deps: DocumentDeps,
  attached: Attached,
  { layer, records }: { readonly layer: Layer; readonly records: readonly StoredRecord[] },
): Promise<{ readonly records: readonly StoredRecord[]; readonly told: readonly string[] }> {
  const seq = layer.head.seq + 1;
  const log = new MemoryChangeLog({ seq }, records);
  const { told, changed } = await applied(deps, attached, { layer, log, sid: null });
  // All of it is one change of the layer.
  return { told, records: changed.map((record) => (record.seq > seq ? { ...record, seq } : record)) };
}

async function applied(
  deps: DocumentDeps,
  { document, base, blob }: Attached,
  { layer, log, sid }: { readonly layer: Layer; readonly log: ChangeLog; readonly sid: string | null },
): Promise<{ readonly told: readonly string[]; readonly changed: readonly StoredRecord[] }> {
  const key = { applicationId: document.applicationId, documentId: document.id };
  const room = new SyncRoom({
    layerId: layer.id,
    log,
    base: base.records,
    clock: deps.clock,
    limits: SYNC_LIMITS,
    rules: formRules,
    hasBlobs: (sha256s) => usedBlobs(deps.database, key, sha256s),
    onError: (error) => deps.onError("a change that came with a file could not be decided", error),
  });
  await room.load();
  try {
    const pages = () => layerPages(base, room.changed({ kind: "page" }));
    const read = { layer, base, room, pages, document, grants: FULL_GRANTS, sessionId: null };
    const told = await tellingRefusals(async () => {
      const given = await exchangeOf(await bytesOf(deps, key.applicationId, blob), read, deps.limits);
      const { skipped } = await applyExchange(read, given, { deps, userId: null, sid });
      return skipped.map(({ path, reason }) => `${path}: ${reason}`);
    });
    return { told: shortened(told), changed: [...room.changed()] };
  } finally {
    await room.close();
  }
}

async function bytesOf({ blobs }: Pick<DocumentDeps, "blobs">, applicationId: string, blob: string): Promise<Uint8Array> {
  const bytes = await blobs.read(applicationId, blob);
  if (bytes === null) throw new Error("what came with the file is missing in the blob store");
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What is wrong with the exchange is its sender's to know; what is wrong with the service is not. */
async function tellingRefusals(apply: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await apply();
  } catch (error) {
    const ours: readonly string[] = ["unavailable", "internal", "gone", "conflict"];
    if (!(error instanceof ApiError) || ours.includes(error.code)) throw error;
    return [`nothing of it could be applied: ${error.message}`];
  }
}

function shortened(told: readonly string[]): readonly string[] {
  const lines = told.slice(0, MOST_TOLD).map((text) => `The attachment: ${text.replace(/\s+/g, " ").slice(0, 500)}`);
  const more = told.length - lines.length;
  return more === 0 ? lines : [...lines, `The attachment: ${more} more entries were left out`];
}
