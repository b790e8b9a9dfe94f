/** Routes of operations on pages and of redactions. */
import { exportPdf } from "../documents/export.ts";
import { disposition } from "../documents/download.ts";
import { documentSummary } from "../documents/summary.ts";
import { type Handlers, reply } from "../handlers.ts";
import { shownIn } from "../layers/erase.ts";
import { changesFor } from "../layers/changes.ts";
import { commitLarge } from "../layers/large-change.ts";
import { layerFor, type ReadLayer } from "../layers/reading.ts";
import { requestSid } from "../layers/caller.ts";
import { applyOperations, contentOf, type DocumentContext, operationContext, type OperationDeps } from "./apply-operations.ts";
import { composedPages, metadataOf, outlineOf } from "./composition.ts";
import { applyRedactions, requirePages } from "./content.ts";
import { createRedactions } from "./create-redactions.ts";
import { withDraft } from "./draft.ts";
import { pagesOfBody } from "./import-file.ts";
import { unprocessable } from "./page-operations.ts";
import { inserted, pageList, planOps } from "./page-plan.ts";

export function operationRoutes(routes: OperationDeps): Pick<Handlers, "pageOperations" | "redactions"> {
  const deps = routes.reading.documents;
  const open = (context: DocumentContext): Promise<ReadLayer> =>
    layerFor(routes.reading, context.access, { address: context.address, signal: context.signal, create: true });

  return {
    pageOperations: {
      async apply({ operations }, context) {
        const layer = await open(context);
        requirePages(layer);
        const sid = requestSid(context, ["apply_operations", layer.document.id, layer.layer.name, operations]);
        const seq = await applyOperations(routes, context, { layer, sid }, operations);
        return { data: { ...documentSummary(layer.document), pageCount: layer.pages().count, seq } };
      },
      async importFile({ index, file_name: fileName = null }, context) {
        const layer = await open(context);
        requirePages(layer);
        const { body, signal } = context;
        const pages = await pagesOfBody(deps, layer.document, { body, fileName, signal });
        const plan = operationContext(routes, context, layer);
        const list = pageList(plan.before);
        if (index !== undefined && index > list.length) throw unprocessable("$.index", `is behind the end: there are ${list.length} pages`);
        const ops = planOps(plan.before, inserted(list, index ?? list.length, pages, plan), plan);
        const sid = requestSid(context, [
          "pages",
          layer.document.id,
          layer.layer.name,
          index ?? null,
          pages.map(({ data }) => data.content),
        ]);
        const { seq, repeated } = await commitLarge(layer.room, ops, {
          grants: layer.grants,
          userId: layer.grants.userId,
          session: layer.sessionId,
          ...(sid === null ? {} : { sid }),
        });
        const sources = new Set(pages.map(({ data }) => data.content?.source));
        const made = repeated ? [...layer.pages()].filter(({ data }) => sources.has(data.content?.source)) : pages;
        return {
          data: { ...documentSummary(layer.document), pageCount: layer.pages().count, seq, pageIds: made.map(({ id }) => id) },
        };
      },
      async pdf({ operations }, context) {
        const layer = await open(context);
        const exported = await withDraft(routes.reading, layer, async (reading, draft) => {
          await applyOperations({ ...routes, reading }, context, { layer: draft, sid: null }, operations);
          const metadata = { ...metadataOf(draft.room) };
          // What the file itself says is left out only here: a layer has no way to say so.
          for (const operation of operations) if (operation.type === "updateMetadata") Object.assign(metadata, operation.metadata);
          return exportPdf(reading.documents, {
            document: draft.document,
            changes: changesFor(draft),
            pages: await composedPages(reading.documents, draft.document, {
              base: draft.base,
              changed: draft.room.changed({ kind: "page" }),
              pages: draft.pages(),
              extras: { metadata: Object.keys(metadata).length === 0 ? null : metadata, outline: outlineOf(draft.room) },
            }),
            signal: context.signal,
          });
        });
        return reply(exported.bytes, {
          headers: {
            "content-type": "application/pdf",
            "content-length": String(exported.size),
            "content-disposition": disposition(layer.document.title ?? layer.document.id),
            "lectern-seq": String(layer.room.seq),
            "cache-control": "private, no-store",
          },
        });
      },
    },
    redactions: {
      async create(input, context) {
        const layer = await open(context);
        return { data: { annotations: await createRedactions({ deps, layer, context }, input) } };
      },
      async apply(_input, context) {
        const layer = await open(context);
        const { seq, redactions, pagesAsImages, replaced } = await applyRedactions(contentOf(routes, context, layer));
        const summary = documentSummary(layer.document);
        return {
          ...summary,
          data: {
            ...summary,
            seq,
            redactions,
            pagesAsImages: [...pagesAsImages],
            layersStillShowing: await layersShowing(layer, replaced),
          },
        };
      },
    },
  };

  /** Names of the document's other layers with a page that comes from one of these files; "" is the default layer. */
  async function layersShowing({ layer }: ReadLayer, blobs: readonly string[]): Promise<string[]> {
    if (blobs.length === 0) return [];
    const shown = await shownIn(routes.reading, layer, blobs);
    return [...new Set(shown.flatMap(({ layers }) => layers))].filter((name) => name !== layer.name);
  }
}
