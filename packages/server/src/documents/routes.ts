/** Routes of documents: thin, the work is in the files named by verb. */
import { type Op, pageSpace } from "@lectern/protocol";
import { ApiError, FULL_GRANTS } from "@lectern/protocol/plain";
import {
  type Access,
  type ApplicationCaller,
  type Context,
  type Handlers,
  type Reply,
  reply,
  type SessionCaller,
  type StreamBody,
} from "../handlers.ts";
import { notOffered } from "../http/not-offered.ts";
import { bytesReply } from "../http/ranges.ts";
import { changesFor, redrawnFor } from "../layers/changes.ts";
import type { LayerPage } from "../layers/pages.ts";
import { layerFor, type ReadingDeps, type ReadLayer } from "../layers/reading.ts";
import type { Outgoing } from "../outgoing/request.ts";
import type { DocumentBuild } from "../operations/build-routes.ts";
import { composedPage, outlineOf } from "../operations/composition.ts";
import type { ImageFormat } from "../ports.ts";
import { actorOf } from "../audit/audit.ts";
import { waitForOverwrite } from "../revisions/overwrite.ts";
import { requestSid } from "../layers/caller.ts";
import type { Once } from "../requests/once.ts";
import { lastOverwrite } from "../revisions/store.ts";
import { bulkDelete } from "./bulk-delete.ts";
import { copyDocument } from "./copy.ts";
import { deleteDocument } from "./delete.ts";
import { downloadReply, wantedInBody, wantedInQuery } from "./download.ts";
import { documentInfo, outlineElements, outlineFrom } from "./info.ts";
import { listDocuments } from "./list.ts";
import { uploadOf } from "./multipart.ts";
import { searchLayer } from "./search-layer.ts";
import { DEFAULT_WAIT, noSuchDocument, waitForReady } from "./status.ts";
import { findDocument, updateDocument } from "./store.ts";
import { pageTextLines, renderedPage } from "./stream.ts";
import { documentSummary } from "./summary.ts";
import { type Upload, uploadDocument, type Uploaded } from "./upload.ts";
import { jsonOrBytes, uploadBuilt, uploadFromUrl } from "./upload-from-url.ts";

type DocumentContext = Context<ApplicationCaller | SessionCaller, Access>;

const MEDIA_TYPES: Readonly<Record<ImageFormat, string>> = { png: "image/png", webp: "image/webp", jpeg: "image/jpeg" };
const COVER_WIDTH = 400;
/** Pages whose text is read at once. */
const PAGES_AT_ONCE = 8;

type UploadContext = Context<ApplicationCaller, null>;

export interface DocumentRoutesDeps {
  readonly reading: ReadingDeps;
  readonly outgoing: Outgoing;
  readonly once: Once;
  /** Of one request, for an upload that is built. */
  readonly buildOf: (context: UploadContext) => DocumentBuild;
}

export function documentRoutes({ reading, outgoing, once, buildOf }: DocumentRoutesDeps): Handlers["documents"] {
  const deps = reading.documents;
  const layerOf = ({ access, address, signal }: DocumentContext, wait: number | undefined): Promise<ReadLayer> =>
    layerFor(reading, access, { wait, address, signal });

  const handlers: Handlers["documents"] = {
    async upload(
      {
        document_id,
        title,
        file_name,
        overwrite_existing_document: overwrite,
        keep_current_annotations: keepAnnotations,
        wait = DEFAULT_WAIT,
      },
      context,
    ) {
      const { caller, body, signal } = context;
      if (body === null) throw new ApiError("bad_request", "Send the file as the body, or as the part `file` of a form");
      const { password } = context;
      const named = { ...(document_id === undefined ? {} : { documentId: document_id }), ...(title === undefined ? {} : { title }) };
      const how = { ...(overwrite === undefined ? {} : { overwrite }), ...(keepAnnotations === undefined ? {} : { keepAnnotations }) };
      const request = requestSid(context, ["document"]);
      const given = { applicationId: caller.applicationId, password, signal, by: actorOf(context), request, ...named, ...how };
      const row = await uploaded(context, body, { given, fileName: file_name ?? null });
      const key = { applicationId: row.applicationId, documentId: row.id };
      if (row.overwrite !== undefined) {
        const overwritten = await waitForOverwrite(deps, key, row.overwrite, { seconds: wait, signal });
        return { data: documentSummary((await findDocument(deps.database, key)) ?? row, overwritten) };
      }
      return {
        data: documentSummary(wait === 0 ? row : await waitForReady(deps, key, { wait, signal }), null, deps.readiness.progress(key)),
      };
    },
    async list(query, { caller }) {
      const list = await listDocuments(deps.database, caller.applicationId, {
        pageSize: query.page_size ?? 10,
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
        ...(query.title === undefined ? {} : { title: query.title }),
        ...(query.metadata === undefined ? {} : { metadata: query.metadata }),
        orderBy: query.order_by ?? "created_at",
        orderDirection: query.order_direction ?? "desc",
        countRemaining: query.count_remaining ?? false,
      });
      return {
        data: list.documents.map((row) => documentSummary(row)),
        next_cursor: list.nextCursor,
        prev_cursor: list.prevCursor,
        document_count: list.count,
        ...(list.prevCount === undefined ? {} : { prev_document_count: list.prevCount }),
        ...(list.nextCount === undefined ? {} : { next_document_count: list.nextCount }),
      };
    },
    async get(_input, { access }) {
      const row = await findDocument(deps.database, access);
      if (row === null) throw noSuchDocument();
      return { data: documentSummary(row, await lastOverwrite(deps.database, access), deps.readiness.progress(access)) };
    },
    async update({ title, metadata }, context) {
      const { access } = context;
      const change = { ...(title === undefined ? {} : { title }), ...(metadata === undefined ? {} : { metadata }) };
      const before = await findDocument(deps.database, access);
      if (before === null) throw noSuchDocument();
      const rows = deps.rowsOf("document.updated", { ...before, ...change }, actorOf(context));
      const row = await updateDocument(deps.database, access, { ...change, now: deps.clock.now() }, rows);
      if (row === null) throw noSuchDocument();
      return { data: documentSummary(row) };
    },
    async delete({ documentId }, context) {
      await deleteDocument(deps, { applicationId: context.access.applicationId, documentId }, actorOf(context));
      return { data: { id: documentId, document_id: documentId } };
    },
    async bulkDelete({ title, document_id, start_date, end_date, metadata }, context) {
      return bulkDelete(deps, {
        applicationId: context.caller.applicationId,
        title,
        documentId: document_id,
        start: start_date,
        end: end_date,
        metadata,
        by: actorOf(context),
        signal: context.signal,
      });
    },
    async copy({ document_id, new_document_id, storage }, context) {
      if (storage !== undefined && storage.backend !== "built_in") throw notOffered("storage");
      const { applicationId } = context.caller;
      const from = { applicationId, documentId: document_id };
      const request = requestSid(context, ["copy", document_id, new_document_id]);
      const copy = await copyDocument(deps, { from, documentId: new_document_id, by: actorOf(context), request, signal: context.signal });
      return { data: documentSummary(copy) };
    },
    async properties(_input, { access }) {
      const row = await findDocument(deps.database, access);
      if (row === null) throw noSuchDocument();
      return { data: { ...documentSummary(row), storage: { type: "built-in" as const } } };
    },
    async info({ wait }, context) {
      const { document, base, pages } = await layerOf(context, wait);
      return { data: documentInfo(document.title, base, pages()) };
    },
    async outline({ wait }, context) {
      const { base, room, pages } = await layerOf(context, wait);
      return { data: { outline: outlineElements(outlineOf(room) ?? base.manifest.outline, pages()) } };
    },
    async setOutline({ outline }, context) {
      const { access, address, signal } = context;
      const layer = await layerFor(reading, access, { address, signal, create: true });
      const tree = [...outlineFrom(outline, layer.pages())];
      const { room, grants, sessionId: session } = layer;
      const known = room.record("outline", FULL_GRANTS);
      if (known?.deleted === true) await room.commit([["r", "outline"]], { grants, session });
      const op: Op = known === null ? ["c", "outline", "outline", { tree }] : ["u", "outline", { tree }];
      const { seq } = await room.commit([op], { grants, session });
      return { data: { outline: outlineElements(tree, layer.pages()), seq } };
    },
    async text({ wait }, context) {
      const layer = await layerOf(context, wait);
      const pages = [...layer.pages()];
      const texts: Awaited<ReturnType<typeof linesOf>>[] = [];
      for (let first = 0; first < pages.length; first += PAGES_AT_ONCE) {
        texts.push(...(await Promise.all(pages.slice(first, first + PAGES_AT_ONCE).map((page) => linesOf(context, page)))));
      }
      return texts.map((textLines, pageIndex) => ({ pageIndex, textLines }));
    },
    async pageText({ pageIndex, wait }, context) {
      return { textLines: await linesOf(context, pageAt(await layerOf(context, wait), pageIndex)) };
    },
    async pageImage({ pageIndex, width, height, format = "png", ocg_layers: contentGroups, render_ap_streams: asInFile, wait }, context) {
      if ((width === undefined) === (height === undefined))
        throw new ApiError("invalid_parameters", "Give exactly one of width and height");
      const layer = await layerOf(context, wait);
      return image(context, layer, pageAt(layer, pageIndex), {
        ...sizeOf(width, height),
        format,
        ...(contentGroups === undefined ? {} : { contentGroups }),
        redraws: asInFile === false,
      });
    },
    async cover({ width, height, wait }, context) {
      if (width !== undefined && height !== undefined) throw new ApiError("invalid_parameters", "Give width or height, not both");
      const layer = await layerOf(context, wait);
      return image(context, layer, pageAt(layer, 0), {
        ...sizeOf(width ?? (height === undefined ? COVER_WIDTH : undefined), height),
        format: "png",
      });
    },
    async search({ wait, ...query }, context) {
      const { found, complete } = await searchLayer(deps, await layerOf(context, wait), { ...query, signal: context.signal });
      return reply(JSON.stringify({ data: found }), { headers: { "lectern-complete": String(complete) } });
    },
    async pdf(query, context) {
      const wanted = wantedInQuery(query);
      return downloadReply(reading, context, await layerOf(context, query.wait), wanted);
    },
    async pdfPost(body, context) {
      const wanted = wantedInBody(body);
      return downloadReply(reading, context, await layerOf(context, undefined), wanted);
    },
  };
  return handlers;

  async function uploaded(
    context: UploadContext,
    body: StreamBody,
    {
      given,
      fileName,
    }: {
      readonly given: Pick<Upload, "applicationId" | "password" | "signal" | "by" | "request"> & {
        documentId?: string;
        title?: string;
        overwrite?: boolean;
        keepAnnotations?: boolean;
      };
      readonly fileName: string | null;
    },
  ): Promise<Uploaded> {
    const build = buildOf(context);
    try {
      const fromUrl = (json: unknown): Promise<Upload> => uploadFromUrl({ outgoing, maxBytes: deps.maxUploadBytes }, json, given);
      if (body.kind === "multipart") return await uploadDocument(deps, await uploadOf(body, given, { fromUrl, build }));
      const read = await jsonOrBytes(body, deps.limits);
      if (!("json" in read)) return await uploadDocument(deps, { ...given, bytes: read.bytes, mediaType: body.mediaType, fileName });
      const { json } = read;
      const isBuilt = typeof json === "object" && json !== null && "instructions" in json;
      const { applicationId, documentId, title, overwrite, keepAnnotations } = given;
      // What is fetched or built twice may have other bytes each time: here the JSON says which request it is.
      return await once<Uploaded>(context, {
        applicationId,
        what: ["document", documentId, title, overwrite, keepAnnotations, json],
        find: (made) => findDocument(deps.database, { applicationId, documentId: made }),
        async make(making) {
          const upload = await (isBuilt ? uploadBuilt(build, json, given) : fromUrl(json));
          return uploadDocument(deps, { ...upload, request: null, making });
        },
      });
    } finally {
      await build.close();
    }
  }

  async function linesOf({ access, signal }: DocumentContext, { data, shown }: LayerPage) {
    if (data.content === null) return [];
    const { applicationId, documentId } = access;
    const space = pageSpace(shown);
    const lines = await pageTextLines(deps, {
      applicationId,
      documentId,
      blob: data.content.source,
      index: data.content.sourceIndex,
      signal,
    });
    return lines.map(({ contents, left, top, width, height }) => {
      const [x, y, w, h] = space.rectToShown([left, top, width, height]);
      return { contents, left: x, top: y, width: w, height: h };
    });
  }

  async function image(
    context: DocumentContext,
    layer: ReadLayer,
    { id, data }: LayerPage,
    {
      contentGroups,
      redraws = false,
      ...how
    }: {
      readonly width?: number;
      readonly height?: number;
      readonly format: ImageFormat;
      readonly contentGroups?: readonly number[];
      readonly redraws?: boolean;
    },
  ): Promise<Reply> {
    const { applicationId, documentId } = context.access;
    // A blank page is made beside the document's own file.
    const { source: blob, sourceIndex: index } = data.content ?? { source: layer.base.source, sourceIndex: 0 };
    const { bytes, etag } = await renderedPage(deps, {
      applicationId,
      documentId,
      blob,
      index,
      ...how,
      // They are groups of the document's own file.
      ...(contentGroups === undefined || blob !== layer.base.source ? {} : { contentGroups }),
      rotation: data.rotation,
      changes: redraws ? redrawnFor(layer, id) : changesFor(layer, id),
      composed: composedPage(layer.base, { id, data }),
      signal: context.signal,
    });
    const headers = {
      "cache-control": "private, no-cache",
      "content-type": MEDIA_TYPES[how.format],
      "lectern-seq": String(layer.room.seq),
    };
    return bytesReply(context, {
      etag,
      size: bytes.length,
      headers,
      read: async (range) => (range === undefined ? bytes : bytes.subarray(range[0], range[1] + 1)),
    });
  }
}

function pageAt(layer: ReadLayer, index: number): LayerPage {
  const page = layer.pages().at(index);
  if (page === null) throw new ApiError("not_found", "There is no such page");
  return page;
}

function sizeOf(width: number | undefined, height: number | undefined): { readonly width?: number; readonly height?: number } {
  return { ...(width === undefined ? {} : { width: Math.round(width) }), ...(height === undefined ? {} : { height: Math.round(height) }) };
}
