/** Routes of layers, the viewer's first request, and what a grant opens. */
import { createHash } from "node:crypto";
import type { SnapshotPages } from "@lectern/protocol";
import { ApiError, type SyncLimits, viewKey } from "@lectern/protocol/plain";
import type { LayerReader } from "@lectern/sync/room";
import { readAttachment } from "../attachments/routes.ts";
import { imageCacheKey, pageImage, pageTile, pageTextJson } from "../documents/stream.ts";
import { type Access, type Context, type Handlers, reply } from "../handlers.ts";
import type { Grants as ImageGrants } from "../sessions/grants.ts";
import type { OriginPolicy } from "../sessions/origins.ts";
import { findDocument as findInSession, grantsOf, type Session } from "../sessions/session.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { layerAt } from "./history/past.ts";
import { historyRoutes } from "./history/routes.ts";
import { manageRoutes, type ManageRoutesDeps } from "./manage-routes.ts";
import { openedLayer, openedProvided, pageRuns, requireRead } from "./open.ts";
import { layerFor, type ReadingDeps, type ReadLayer } from "./reading.ts";
import type { OpenLayer } from "./rooms.ts";
import { snapshots } from "./snapshots.ts";

export function layerRoutes(deps: ManageRoutesDeps): Handlers["layers"] {
  const { reading } = deps;
  const sent = snapshots();
  return {
    ...manageRoutes(deps),
    ...historyRoutes(reading),
    async records({ minSeq, at_seq, pages, compact = false }, context) {
      const layer = await layerFor(reading, context.access, context);
      if (minSeq !== undefined) await layer.room.reach(minSeq);
      const { room, grants, base } = at_seq === undefined ? layer : await layerAt(reading, layer, at_seq, context.access);
      const tag = `"${room.epoch}.${room.seq}.${hash(viewKey(grants))}${pages === true ? ".p" : ""}${compact ? ".c" : ""}"`;
      const headers = {
        etag: tag,
        "cache-control": "private, no-cache",
        "lectern-seq": String(room.seq),
        vary: "accept-encoding, authorization",
      };
      if (context.header("if-none-match") === tag) return reply(null, { status: 304, headers });
      const text = (): string => {
        const json = room.snapshotJson(grants, { compact });
        return pages === true ? `${json.slice(0, -1)},"pages":${JSON.stringify(snapshotPages(base))}}` : json;
      };
      const isPacked = /\bgzip\b/.test(context.header("accept-encoding") ?? "");
      const packed = isPacked ? await sent.gzipped(room, tag, text) : null;
      if (packed === null) return reply(text(), { headers });
      return reply(packed, { headers: { ...headers, "content-encoding": "gzip" } });
    },
  };
}

function snapshotPages({ revision, source, manifest }: ReadLayer["base"]): SnapshotPages {
  return { revision, source, runs: pageRuns(manifest), labels: manifest.labels };
}

export interface OpenRoutesDeps {
  readonly reading: ReadingDeps;
  readonly sessions: Sessions;
  readonly grants: ImageGrants;
  readonly origins: OriginPolicy;
  readonly limits: SyncLimits;
  /** Throws ApiError for what is no session token, saying what it is. */
  readonly checkKind: (token: string) => void;
  readonly accessOf: (session: Session, documentId: string, layer: string | null) => Access;
}

export function openRoutes(deps: OpenRoutesDeps): Handlers["open"] {
  const { reading, sessions, grants, limits } = deps;

  return {
    async open(input, context) {
      deps.checkKind(input.token);
      const session = await sessions.authenticate(input.token);
      await deps.origins.check(session, { origin: context.origin, host: context.header("host") });
      const documentId = input.document ?? session.documents[0]?.documentId;
      if (documentId === undefined) {
        await sessions.opened(session);
        return openedProvided(session, limits);
      }
      const document = findInSession(session, documentId, input.layer ?? null);
      if (document === null) throw new ApiError("not_found", "There is no such document for this session");
      requireRead(grantsOf(session, document));
      const known = deps.accessOf(session, documentId, document.layer);
      const access = input.password === undefined ? known : { ...known, password: input.password };
      const layer = await layerFor(reading, access, context);
      const proved = layer.document.passwordProtected && access.password !== null && access.password !== known.password;
      if (proved) await sessions.keepPassword(session, document, access.password);
      await sessions.opened(session);
      const isDrawn = (width: number): boolean =>
        reading.documents.cache.has(imageCacheKey({ applicationId: access.applicationId, blob: layer.base.source, index: 0, width }));
      return openedLayer({ session, access, layer, grant: grants.make(session, document), limits, isDrawn, width: input.width });
    },
    async image({ blob, index, file, at_seq }, context) {
      const { access } = context;
      await requireShown(reading, context, { blob, index, at_seq });
      const name = file.slice(0, -".webp".length);
      const [width, ...tile] = name.split("-").map(Number) as [number, ...number[]];
      const tag = `"${blob}-${index}-${name}"`;
      const headers = { "cache-control": "private, max-age=31536000, immutable", etag: tag };
      if (context.header("if-none-match") === tag) return reply(null, { status: 304, headers });
      const page = { applicationId: access.applicationId, documentId: access.documentId, blob, index, width };
      if (tile.length === 2) {
        const bytes = await pageTile(reading.documents, { ...page, tile: [tile[0]!, tile[1]!], signal: context.signal });
        return reply(bytes, { headers });
      }
      // Only a page that has to be drawn is worth stopping.
      const signal = reading.documents.cache.has(imageCacheKey(page)) ? {} : { signal: context.signal };
      const bytes = await pageImage(reading.documents, { ...page, ...signal });
      return reply(bytes, { headers });
    },
    async imageText({ blob, index, at_seq }, context) {
      const { access } = context;
      await requireShown(reading, context, { blob, index, at_seq });
      const tag = `"${blob}-${index}-text"`;
      const headers = { "cache-control": "private, max-age=31536000, immutable", etag: tag };
      if (context.header("if-none-match") === tag) return reply(null, { status: 304, headers });
      const bytes = await pageTextJson(reading.documents, {
        applicationId: access.applicationId,
        documentId: access.documentId,
        blob,
        index,
        signal: context.signal,
      });
      return reply(bytes, { headers });
    },
    async imageAttachment({ blob, at_seq }, context) {
      return readAttachment(reading, context, blob, at_seq);
    },
  };
}

interface ShownPage {
  readonly blob: string;
  readonly index: number;
  readonly at_seq?: number | undefined;
}

/** A grant opens the pages that its layer shows, or showed then. An open layer answers from memory; what it still shows needs no look back. */
async function requireShown(reading: ReadingDeps, context: Context<null, Access>, page: ShownPage): Promise<void> {
  const { access } = context;
  const layer = await (reading.rooms.peek(access, access.layerName) ?? layerFor(reading, access, context));
  if (shows(layer, page)) return;
  if (page.at_seq !== undefined) {
    const now = await layerFor(reading, access, context);
    if (shows(await layerAt(reading, now, page.at_seq, access), page)) return;
  }
  throw new ApiError("not_found", "The layer shows no such page");
}

function shows(
  { base, room }: Pick<OpenLayer, "base"> & { readonly room: Pick<LayerReader, "changed"> },
  { blob, index }: ShownPage,
): boolean {
  const changed = room.changed({ kind: "page" });
  const derived = `${base.revision}.${index}`;
  if (blob === base.source && index < base.manifest.pageCount && !changed.some(({ id }) => id === derived)) return true;
  return changed.some(
    ({ kind, deleted, data }) => kind === "page" && !deleted && data.content?.source === blob && data.content.sourceIndex === index,
  );
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 12);
}
