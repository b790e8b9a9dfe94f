/** Routes of documents: thin, the work is in the files named by verb. */
import { pageSpace, type Rect } from "@lectern/protocol";
import { ApiError, viewKey } from "@lectern/protocol/plain";
import { type Access, type ApplicationCaller, type Context, type Handlers, type Reply, reply, type SessionCaller } from "../handlers.ts";
import { changesFor } from "../layers/changes.ts";
import type { LayerPage } from "../layers/pages.ts";
import { DEFAULT_WAIT, layerFor, type ReadingDeps, type ReadLayer } from "../layers/reading.ts";
import type { ImageFormat } from "../ports.ts";
import { deleteDocument } from "./delete.ts";
import { exportPdf, originalPdf } from "./export.ts";
import { documentInfo, outlineElements } from "./info.ts";
import { listDocuments } from "./list.ts";
import { uploadOf } from "./multipart.ts";
import { searchDocument } from "./search.ts";
import { noSuchDocument, waitForReady } from "./status.ts";
import { findDocument, updateDocument } from "./store.ts";
import { pageTextLines, renderedPage } from "./stream.ts";
import { documentSummary } from "./summary.ts";
import { type Upload, uploadDocument } from "./upload.ts";

type DocumentContext = Context<ApplicationCaller | SessionCaller, Access>;

const MEDIA_TYPES: Readonly<Record<ImageFormat, string>> = { png: "image/png", webp: "image/webp", jpeg: "image/jpeg" };
const COVER_WIDTH = 400;
const MOST_HITS = 1000;
/** Pages whose text is read at once. */
const PAGES_AT_ONCE = 8;

export function documentRoutes(reading: ReadingDeps): Handlers["documents"] {
  const deps = reading.documents;
  const layerOf = ({ access, address, signal }: DocumentContext, wait: number | undefined): Promise<ReadLayer> =>
    layerFor(reading, access, { wait, address, signal });

  return {
    async upload({ document_id, title, wait = DEFAULT_WAIT }, context) {
      const { caller, body, signal } = context;
      if (body === null) throw new ApiError("bad_request", "Send the file as the body, or as the part `file` of a form");
      const password = context.header("pspdfkit-pdf-password") ?? context.header("document-password");
      const named = { ...(document_id === undefined ? {} : { documentId: document_id }), ...(title === undefined ? {} : { title }) };
      const given = { applicationId: caller.applicationId, password, signal, ...named };
      const upload: Upload = body.kind === "raw" ? { ...given, bytes: body.bytes } : await uploadOf(body, given);
      const row = await uploadDocument(deps, upload);
      return {
        data: documentSummary(
          wait === 0 ? row : await waitForReady(deps, { applicationId: row.applicationId, documentId: row.id }, { seconds: wait, signal }),
        ),
      };
    },
    async list(query, { caller }) {
      const list = await listDocuments(deps.database, caller.applicationId, {
        pageSize: query.page_size ?? 10,
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
        ...(query.title === undefined ? {} : { title: query.title }),
        orderBy: query.order_by ?? "created_at",
        orderDirection: query.order_direction ?? "desc",
        countRemaining: query.count_remaining ?? false,
      });
      return {
        data: list.documents.map(documentSummary),
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
      return { data: documentSummary(row) };
    },
    async update({ title, metadata }, { access }) {
      const change = { ...(title === undefined ? {} : { title }), ...(metadata === undefined ? {} : { metadata }) };
      const row = await updateDocument(deps.database, access, { ...change, now: deps.clock.now() });
      if (row === null) throw noSuchDocument();
      return { data: documentSummary(row) };
    },
    async delete({ documentId }, { access }) {
      await deleteDocument(deps, { applicationId: access.applicationId, documentId });
      return { data: { id: documentId, document_id: documentId } };
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
      const { base, pages } = await layerOf(context, wait);
      return { data: { outline: outlineElements(base.manifest.outline, pages()) } };
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
    async pageImage({ pageIndex, width, height, format = "png", wait }, context) {
      if ((width === undefined) === (height === undefined))
        throw new ApiError("invalid_parameters", "Give exactly one of width and height");
      const layer = await layerOf(context, wait);
      return image(context, layer, pageAt(layer, pageIndex), { ...sizeOf(width, height), format });
    },
    async cover({ width, height, wait }, context) {
      if (width !== undefined && height !== undefined) throw new ApiError("invalid_parameters", "Give width or height, not both");
      const layer = await layerOf(context, wait);
      return image(context, layer, pageAt(layer, 0), {
        ...sizeOf(width ?? (height === undefined ? COVER_WIDTH : undefined), height),
        format: "png",
      });
    },
    async search({ q, start = 0, limit = MOST_HITS, case_sensitive, whole_word, wait }, context) {
      const layer = await layerOf(context, wait);
      const pages = layer.pages();
      const { hits, complete } = await searchDocument(deps, {
        applicationId: context.access.applicationId,
        documentId: context.access.documentId,
        pages: searchPages(pages, start),
        query: q,
        limit,
        signal: context.signal,
        ...(case_sensitive === undefined ? {} : { caseSensitive: case_sensitive }),
        ...(whole_word === undefined ? {} : { wholeWord: whole_word }),
      });
      const data = hits.map(({ pageIndex, pageId, previewText, rangeInPreview, rects }) => {
        const space = pageSpace(pages.shown(pageId));
        return {
          pageIndex,
          pageId,
          previewText,
          rangeInPreview: [...rangeInPreview] as [number, number],
          rectsOnPage: rects.map((rect) => [...space.rectToShown([...rect] as Rect)]),
          isAnnotation: false,
        };
      });
      return reply(JSON.stringify({ data }), { headers: { "lectern-complete": String(complete) } });
    },
    async pdf({ source, annotations, flatten, wait }, context) {
      const layer = await layerOf(context, wait);
      const { document, room } = layer;
      const headers = {
        "content-disposition": disposition(document.title ?? document.id),
        "lectern-seq": String(room.seq),
        "cache-control": "private, no-store",
      };
      if (source === true && viewKey(layer.grants) !== "all")
        throw new ApiError("forbidden", "The file holds annotations that this session may not see");
      if (source === true)
        return reply(await originalPdf(deps, document), { headers: { ...headers, "content-length": String(document.byteSize) } });
      const exported = await exportPdf(deps, {
        document,
        changes: changesFor(layer),
        annotations: annotations ?? true,
        flatten: flatten ?? false,
        signal: context.signal,
      });
      return reply(exported.bytes, { headers: { ...headers, "content-length": String(exported.size) } });
    },
  };

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
    how: { readonly width?: number; readonly height?: number; readonly format: ImageFormat },
  ): Promise<Reply> {
    if (data.content === null) throw new ApiError("not_found", "A blank page has no image");
    const { applicationId, documentId } = context.access;
    const { source: blob, sourceIndex: index } = data.content;
    const { bytes, etag } = await renderedPage(deps, {
      applicationId,
      documentId,
      blob,
      index,
      ...how,
      rotation: data.rotation,
      changes: changesFor(layer, id),
      signal: context.signal,
    });
    const headers = {
      etag: `"${etag}"`,
      "cache-control": "private, no-cache",
      "content-type": MEDIA_TYPES[how.format],
      "lectern-seq": String(layer.room.seq),
    };
    if (context.header("if-none-match") === headers.etag) return reply(null, { status: 304, headers });
    return reply(bytes, { headers });
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

function* searchPages(pages: Iterable<LayerPage>, start: number) {
  for (const { index, id, data } of pages) {
    if (index >= start && data.content !== null)
      yield { pageIndex: index, pageId: id, blob: data.content.source, sourceIndex: data.content.sourceIndex };
  }
}

/** RFC 6266: a plain name for old clients, the real one beside it. */
function disposition(title: string): string {
  // By way of UTF-8, which has no half characters.
  const name = `${Buffer.from(title)
    .toString()
    .replace(/\.pdf$/i, "")}.pdf`;
  const plain = name.replace(/[^\x20-\x7e]|["\\/%]/g, "_");
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}`;
}
