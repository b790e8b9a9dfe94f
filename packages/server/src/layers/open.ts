/**
 * What the viewer needs for its first page, in at most 16 kB whatever the document: pages as runs, the records of the first pages when they fit,
 * a grant for images. What does not fit comes with the snapshot, after the first paint.
 */
import type { AnyRecord, Opened } from "@lectern/protocol";
import { ApiError, type Grants, imageWidth, pageId, type SyncLimits } from "@lectern/protocol/plain";
import { peerColor } from "@lectern/sync/room";
import { PREPARE_VERSION, type StoredManifest } from "../documents/manifest.ts";
import { FIRST_WIDTH } from "../documents/prepare.ts";
import type { Access } from "../handlers.ts";
import { type Session, shownName } from "../sessions/session.ts";
import type { ReadLayer } from "./reading.ts";

/** Bytes of the answer as JSON. */
export const OPEN_BYTES = 16_000;
/** Parts of what is left after everything that is always there. */
const SHARE = { runs: 0.5, labels: 0.15, pages: 0.5 } as const;
/** Annotations and widgets of so many pages are sent when not all fit. */
const FIRST_PAGES = 3;

export interface OpenedInput {
  readonly session: Session;
  readonly access: Access;
  readonly layer: ReadLayer;
  readonly grant: string;
  readonly limits: SyncLimits;
  /** Has the first page been drawn in this width already? */
  readonly isDrawn: (width: number) => boolean;
  /** Device pixels that the first page will have. */
  readonly width: number | undefined;
}

export function openedLayer({ session, access, layer, grant, limits, isDrawn, width }: OpenedInput): Opened {
  const { base, room, document, grants } = layer;
  const { manifest } = base;
  const path = `/viewer/documents/${encodeURIComponent(access.documentId)}${access.layerName === "" ? "" : `/layers/${encodeURIComponent(access.layerName)}`}`;
  const fixed = {
    documentId: access.documentId,
    title: document.title,
    layer: access.layerName,
    revision: base.revision,
    seq: room.seq,
    epoch: room.epoch,
    grants,
    restrictions: {
      print: manifest.permissions.print,
      copy: manifest.permissions.extract,
      annotate: manifest.permissions.annotationAndForms,
    },
    ...about(session, limits),
    source: base.source,
    images: {
      page: `/viewer/i/${grant}/{blob}/{index}/_${PREPARE_VERSION}/{width}.webp`,
      text: `/viewer/i/${grant}/{blob}/{index}/text.json`,
      attachment: `/viewer/i/${grant}/attachments/{blob}`,
    },
    firstWidth: firstWidth(isDrawn, width),
    socket: "/viewer/sync",
    snapshot: `${path}/records`,
  };
  const budget = Math.max(0, OPEN_BYTES - bytesOf(fixed) - 200);
  const runs = runsWithin(manifest, budget * SHARE.runs);
  const labels = bytesOf(manifest.labels) <= budget * SHARE.labels ? manifest.labels : null;
  const left = budget - bytesOf(runs.runs) - (labels === null ? 0 : bytesOf(labels));
  const records = recordsWithin(layer, grants, left);
  const partial = runs.exact < manifest.pageCount || labels === null || !records.pages;
  return {
    ...fixed,
    pages: {
      count: manifest.pageCount,
      runs: runs.runs,
      ...(labels === null || Object.keys(labels).length === 0 ? {} : { labels }),
      partial,
      ...(partial ? { exact: runs.exact } : {}),
    },
    records: { complete: records.complete, inline: records.inline },
    snapshot: partial ? `${fixed.snapshot}?pages=true` : fixed.snapshot,
  };
}

/** A session for documents that the page around the viewer provides: nothing of it is stored here. */
export function openedProvided(session: Session, limits: SyncLimits): Opened {
  return {
    documentId: null,
    title: null,
    layer: "",
    revision: 1,
    seq: 0,
    epoch: 0,
    grants: { permissions: ["read", "write", "download"], collaboration: null, userId: session.userId, defaultGroup: null },
    restrictions: { print: true, copy: true, annotate: true },
    ...about(session, limits),
    pages: { count: 0, runs: [], partial: false },
    source: "",
    records: { complete: true, inline: [] },
    images: { page: "", text: "", attachment: "" },
    firstWidth: FIRST_WIDTH,
    socket: "",
    snapshot: "",
  };
}

function about(session: Session, limits: SyncLimits): Pick<Opened, "user" | "limits" | "exp"> {
  return {
    user: { id: session.userId, name: shownName(session), color: peerColor(session.userId ?? session.id) },
    limits,
    exp: Math.floor(session.expiresAt / 1000),
  };
}

type Run = Opened["pages"]["runs"][number];

/** All runs of the file, equal neighbours joined. */
export function pageRuns(manifest: StoredManifest): Run[] {
  const runs: [number, number, number, Run[3]][] = [];
  for (const [count, shape] of manifest.runs) {
    const { width, height, rotation } = manifest.shapes[shape]!;
    const last = runs.at(-1);
    if (last !== undefined && last[1] === width && last[2] === height && last[3] === rotation) last[0] += count;
    else runs.push([count, width, height, rotation]);
  }
  return runs;
}

/** As many runs as fit, and for the rest of the pages a guess: the shape that most of those have. */
function runsWithin(manifest: StoredManifest, maxBytes: number): { readonly runs: readonly Run[]; readonly exact: number } {
  const all = pageRuns(manifest);
  const kept: Run[] = [];
  let bytes = 2;
  let exact = 0;
  for (const run of all) {
    bytes += bytesOf(run) + 1;
    if (bytes > maxBytes && kept.length > 0) break;
    kept.push(run);
    exact += run[0];
  }
  if (exact === manifest.pageCount) return { runs: kept, exact };
  const [, width, height, rotation] = all.reduce((most, run) => (run[0] > most[0] ? run : most));
  return { runs: [...kept, [manifest.pageCount - exact, width, height, rotation]], exact };
}

/** All of the layer when it fits, else changed pages and what lies on the first ones. `pages`: whether all changed pages are among them. */
function recordsWithin(
  layer: ReadLayer,
  grants: Grants,
  maxBytes: number,
): { readonly inline: readonly AnyRecord[]; readonly complete: boolean; readonly pages: boolean } {
  const { room } = layer;
  const all = room.smallSnapshot(grants, maxBytes);
  if (all !== null && bytesOf(all) <= maxBytes) return { inline: all, complete: true, pages: true };
  const changed = room.changed({ kind: "page" }).flatMap(({ deleted, ...record }) => (deleted ? [] : [record as AnyRecord]));
  const pages = bytesOf(changed) <= maxBytes * SHARE.pages;
  const inline: AnyRecord[] = pages ? changed : [];
  let left = maxBytes - bytesOf(inline);
  const order = layer.pages();
  for (let index = 0; index < FIRST_PAGES; index++) {
    const id = order.idAt(index) ?? pageId(layer.base.revision, index);
    const onPage = room.snapshot(grants, [id]).records;
    const bytes = bytesOf(onPage);
    if (bytes > left) break;
    inline.push(...onPage);
    left -= bytes;
  }
  return { inline, complete: false, pages };
}

/** The width that can be shown at once: the rung made during prepare, or a smaller one when that is there and enough. */
function firstWidth(isDrawn: (width: number) => boolean, width: number | undefined): number {
  const wanted = imageWidth(width ?? FIRST_WIDTH);
  return wanted < FIRST_WIDTH && isDrawn(wanted) ? wanted : FIRST_WIDTH;
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** Throws ApiError `forbidden` for a session that may only load covers. */
export function requireRead(grants: Grants): void {
  if (!grants.permissions.includes("read")) throw new ApiError("forbidden", "This session has no permission to read this document");
}
