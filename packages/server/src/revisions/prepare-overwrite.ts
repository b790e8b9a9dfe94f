/**
 * A document gets its next revision. The new file is prepared while everybody goes on with the old one; then one transaction makes it the document's
 * and moves the default layer, guarded by that layer's seq: no edit is between the two. Named layers stay where they are. Done at least once; doing
 * it twice changes nothing. Whatever fails leaves the document as it was, and says so.
 */
import { newId } from "@lectern/protocol/plain";
import type { DocumentBase } from "../documents/base.ts";
import { removeUnused } from "../documents/collect.ts";
import { convertDocument, convertWarnings } from "../documents/convert.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import { drawFirst, drawLater, importFile, reasonOf } from "../documents/prepare.ts";
import { renderSource } from "../documents/password.ts";
import { type DocumentKey, type DocumentRow, findDocument, findRevision } from "../documents/store.ts";
import { withAttached } from "../interchange/attached.ts";
import { type Layer, findLayer, momentOf, moveLayer, openLayer } from "../layers/store.ts";
import type { StoredRecord } from "@lectern/sync/room";
import type { PrepareSummary, Statement } from "../ports.ts";
import { keptRecords } from "./keep.ts";
import type { OverwritePayload } from "./overwrite-job.ts";
import { failOverwrite, findOverwrite, type OverwriteRow, replaceOverwriteSource, stopUsingRefused, switchRevision } from "./store.ts";

/** Times that people may be faster than the switch before they are asked to connect anew, which gives it the time it needs. */
const FAIR_TRIES = 3;
const MOST_TRIES = 100;

/** The handler of `overwrite` jobs. */
export async function prepareOverwrite(
  deps: DocumentDeps,
  payload: unknown,
  signal: AbortSignal,
  attempt: { readonly last: boolean },
): Promise<void> {
  const { n, by, convert, ...key } = payload as OverwritePayload;
  const [row, document] = [await findOverwrite(deps.database, key, n), await findDocument(deps.database, key)];
  if (row === null || document === null || row.status !== "preparing") return;
  const uploaded = convert?.blob ?? row.sourceBlob;
  try {
    const waiting = candidate(document, row);
    const pdf = convert === undefined || convert.blob !== row.sourceBlob ? waiting : await converted(deps, waiting, { convert, signal });
    if (pdf === null) return;
    const source = await renderSource(deps, pdf);
    const { summary, base } = await importFile(deps, pdf, source, signal);
    await drawFirst(deps, pdf, source, signal);
    await takeOver(deps, { key, row, pdf, summary, base, signal, by, uploaded });
    drawLater(deps, pdf, source);
  } catch (error) {
    const reason = reasonOf(error) ?? (attempt.last ? "It could not be prepared because of an error of the service" : null);
    if (signal.aborted || reason === null) throw error;
    await fail(deps, key, { n, reason, uploaded });
    if (attempt.last && reasonOf(error) === null) deps.onError(`overwriting document ${key.documentId}`, error);
  } finally {
    deps.readiness.changed(key);
  }
}

/** The document as it would be with this file. */
function candidate(document: DocumentRow, row: OverwriteRow): DocumentRow {
  return {
    ...document,
    status: "ready",
    statusReason: row.reason,
    revision: row.n,
    sourceSha256: row.sourceBlob,
    byteSize: row.byteSize,
    pageCount: null,
    passwordProtected: row.sealedPassword !== null,
    sealedPassword: row.sealedPassword,
  };
}

function converted(
  deps: DocumentDeps,
  waiting: DocumentRow,
  { convert, signal }: { readonly convert: NonNullable<OverwritePayload["convert"]>; readonly signal: AbortSignal },
): Promise<DocumentRow | null> {
  const key = { applicationId: waiting.applicationId, documentId: waiting.id };
  return convertDocument(deps, waiting, convert, signal, async (source) => {
    if (!(await replaceOverwriteSource(deps.database, key, waiting.revision, source))) return null;
    const { sha256, size, warnings } = source;
    return { ...waiting, sourceSha256: sha256, byteSize: size, statusReason: warnings.length === 0 ? null : warnings.join("\n") };
  });
}

interface TakeOver {
  readonly key: DocumentKey;
  readonly row: OverwriteRow;
  readonly pdf: DocumentRow;
  readonly summary: PrepareSummary;
  readonly base: { readonly sha256: string; readonly size: number };
  readonly by: OverwritePayload["by"];
  /** As it was sent. */
  readonly uploaded: string;
  readonly signal: AbortSignal;
}

async function takeOver(deps: DocumentDeps, { key, row, pdf, summary, base, by, signal, uploaded }: TakeOver): Promise<void> {
  const { database } = deps;
  const told = [...convertWarnings(pdf), ...summary.warnings];
  const to = await deps.bases.load(key.applicationId, {
    n: row.n,
    sourceBlob: pdf.sourceSha256,
    baseBlob: base.sha256,
    passwordProtected: false,
    sealedPassword: null,
  });
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    const from = await findDocument(database, key);
    if (from === null) return;
    if (from.revision > row.n) {
      const reason = "A file that was sent later has taken the document's place";
      return fail(deps, key, { n: row.n, reason, uploaded });
    }
    const now = deps.clock.now();
    const moved = await layerMove(deps, from, { to, row, pdf, now });
    const warnings = [...told, ...moved.told];
    const next: DocumentRow = {
      ...pdf,
      status: "ready",
      statusReason: warnings.length === 0 ? null : warnings.join("\n"),
      pageCount: summary.pageCount,
      passwordProtected: summary.encrypted,
      title: row.title ?? from.title ?? summary.title,
      metadata: row.metadata ?? from.metadata,
      createdAt: from.createdAt,
      updatedAt: now,
    };
    const switched = await switchRevision(database, {
      from,
      to: next,
      base,
      leftOut: moved.left,
      also: [...moved.statements, ...deps.rowsOf("document.updated", next, by)],
    });
    if (switched) {
      deps.onOverwritten(key);
      return;
    }
    if ((await findOverwrite(database, key, row.n))?.status !== "preparing") return;
    if (tries >= MOST_TRIES) throw new Error("the document changes again and again");
    if (tries >= FAIR_TRIES) deps.onOverwritten(key);
  }
}

/** How the default layer goes to the new revision, as it is at this moment. */
async function layerMove(
  deps: DocumentDeps,
  from: DocumentRow,
  { to, row, pdf, now }: { readonly to: DocumentBase; readonly row: OverwriteRow; readonly pdf: DocumentRow; readonly now: number },
): Promise<{
  readonly statements: readonly Statement[];
  readonly left: ReturnType<typeof keptRecords>["left"] | null;
  readonly told: readonly string[];
}> {
  const { database } = deps;
  const name = { applicationId: from.applicationId, documentId: from.id, name: "" };
  // Made now if nobody has opened it, so that nobody can make it on the old revision while the new one comes.
  const layer: Layer | null =
    from.status === "ready" || row.changesBlob !== null
      ? await openLayer(database, { ...name, revision: from.revision }, deps)
      : await findLayer(database, name);
  if (layer === null) return { statements: [], left: null, told: [] };
  const archiveId = newId(now, deps.random(10));
  const moved = async (at: Layer, kept: readonly StoredRecord[]) => {
    const attached = row.changesBlob === null ? null : { document: pdf, base: to, blob: row.changesBlob };
    const { records, told } =
      attached === null ? { records: kept, told: [] } : await withAttached(deps, attached, { layer: at, records: kept });
    return { statements: moveLayer(at, { revision: row.n, archiveId, records, now }), told };
  };
  if (!row.keepAnnotations) return { ...(await moved(layer, [])), left: null };
  const { head, records } = await momentOf(database, layer.id, layer.head.seq);
  const revision = await findRevision(database, { applicationId: from.applicationId, documentId: from.id }, layer.revision);
  if (revision === null) throw new Error(`revision ${layer.revision} of the document is missing`);
  // Nobody could write on a file that was never ready.
  if (revision.baseBlob === null) return { ...(await moved({ ...layer, head }, [])), left: null };
  const base = await deps.bases.load(from.applicationId, revision);
  const kept = keptRecords(records, { from: base, to, seq: head.seq + 1 });
  return { ...(await moved({ ...layer, head }, kept.records)), left: kept.left };
}

/** The document stays as it was; whoever listens is told, and the bytes that were refused go at once. */
async function fail(
  deps: DocumentDeps,
  key: DocumentKey,
  { n, reason, uploaded }: { readonly n: number; readonly reason: string; readonly uploaded: string },
): Promise<void> {
  const [row, document] = [await findOverwrite(deps.database, key, n), await findDocument(deps.database, key)];
  if (row === null || document === null) return;
  const also = deps.rowsOf("document.failed", { ...document, statusReason: reason }, null);
  if (!(await failOverwrite(deps.database, key, { n, reason, also }))) return;
  // What it was converted to is nothing that the document had before.
  const refused = [row.sourceBlob, row.changesBlob].filter((blob) => blob !== null && blob !== uploaded) as string[];
  for (const blob of row.beganUse ? [...refused, uploaded] : refused) {
    if (!(await stopUsingRefused(deps.database, key, blob))) continue;
    deps.uses.forget(key);
    await removeUnused(deps, key.applicationId, blob);
  }
}
