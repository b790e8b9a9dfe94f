/** Routes of operations on pages and of redactions. */
import type { FlattenScope } from "@lectern/pdf";
import { ocrLanguages, type PageOperation } from "@lectern/protocol";
import { ApiError, FULL_GRANTS } from "@lectern/protocol/plain";
import { applyOp, type StoredRecord } from "@lectern/sync/room";
import { exportPdf } from "../documents/export.ts";
import { disposition } from "../documents/download.ts";
import { readFile, writeFile } from "node:fs/promises";
import { BODY_LIMITS, parseJson } from "../http/body.ts";
import { applyExchange, exchangeOfInstantJson, exchangeOfXfdf, type ExchangeGiven, recordsWith } from "../interchange/apply.ts";
import { MOST_ATTACHED } from "../interchange/attached.ts";
import type { Outgoing } from "../outgoing/request.ts";
import { blankPage } from "./blank-page.ts";
import { fetchedFile } from "./fetched-file.ts";
import { flattenLayer, flattenScope } from "./flatten.ts";
import { ownBlob, withTarget } from "./own-blob.ts";
import { documentSummary } from "../documents/summary.ts";
import { type Access, type ApplicationCaller, type Context, type Handlers, reply, type SessionCaller } from "../handlers.ts";
import { shownIn } from "../layers/erase.ts";
import { changesFor } from "../layers/changes.ts";
import { commitLarge } from "../layers/large-change.ts";
import { layerPages } from "../layers/pages.ts";
import { layerFor, type ReadingDeps, type ReadLayer } from "../layers/reading.ts";
import { composedPages, metadataOf, outlineOf } from "./composition.ts";
import { applyRedactions, type ContentContext, requirePages } from "./content.ts";
import { createRedactions } from "./create-redactions.ts";
import { pagesOfBody } from "./import-file.ts";
import { importedPages } from "./import-pages.ts";
import { applied, indexesOf, isListOperation, type OperationContext, unprocessable } from "./page-operations.ts";
import { recogniseText } from "./recognise.ts";
import { inserted, type PageList, pageList, planOps } from "./page-plan.ts";

type DocumentContext = Context<ApplicationCaller | SessionCaller, Access>;

export interface OperationRoutesDeps {
  readonly reading: ReadingDeps;
  readonly outgoing: Outgoing;
  /** Access of the caller to another document, for taking its pages. Throws ApiError `not_found`, `forbidden`. */
  readonly accessTo: (context: DocumentContext, documentId: string, layerName: string) => Access;
}

export function operationRoutes(routes: OperationRoutesDeps): Pick<Handlers, "pageOperations" | "redactions"> {
  const deps = routes.reading.documents;
  const open = (context: DocumentContext): Promise<ReadLayer> =>
    layerFor(routes.reading, context.access, { address: context.address, signal: context.signal, create: true });
  const contentOf = (context: DocumentContext, layer: ReadLayer): ContentContext => ({
    deps,
    layer,
    userId: layer.grants.userId,
    signal: context.signal,
  });

  function operationContext(context: DocumentContext, layer: ReadLayer): OperationContext {
    const { clock, random } = deps;
    return {
      room: layer.room,
      grants: layer.grants,
      clock,
      random,
      before: layer.pages(),
      imports: (wanted, path) => importedPages(routes, context, { layer, wanted, path }),
      async colored(size, color) {
        const key = { applicationId: layer.document.applicationId, documentId: layer.document.id };
        const { sha256 } = await ownBlob(deps, key, (target) => writeFile(target, blankPage(size, color), { mode: 0o600 }));
        return { source: sha256, sourceIndex: 0 };
      },
    };
  }

  return {
    pageOperations: {
      async apply({ operations }, context) {
        const layer = await open(context);
        requirePages(layer);
        let { seq } = layer.room;
        const sid = idempotencySid(context);
        for (let at = 0; at < operations.length;) {
          const part = `${sid ?? ""}:${at}`;
          const caller = { grants: layer.grants, session: layer.sessionId, ...(sid === null ? {} : { sid: part }) };
          const operation = operations[at]!;
          if (isListOperation(operation)) {
            const { list, next, plan } = await applyList(context, layer, operations, at);
            seq = (await commitLarge(layer.room, planOps(plan.before, list, plan), caller)).seq;
            at = next;
            continue;
          }
          seq = await applyOne(context, layer, { operation, path: `$.operations[${at}]`, sid: sid === null ? null : part });
          at++;
        }
        return { data: { ...documentSummary(layer.document), pageCount: layer.pages().count, seq } };
      },
      async importFile({ index, file_name: fileName = null }, context) {
        const layer = await open(context);
        requirePages(layer);
        const { body, signal } = context;
        const pages = await pagesOfBody(deps, layer.document, { body, fileName, signal });
        const plan = operationContext(context, layer);
        const list = pageList(plan.before);
        if (index !== undefined && index > list.length) throw unprocessable("$.index", `is behind the end: there are ${list.length} pages`);
        const ops = planOps(plan.before, inserted(list, index ?? list.length, pages), plan);
        const { seq } = await commitLarge(layer.room, ops, { grants: layer.grants, userId: layer.grants.userId, session: layer.sessionId });
        return {
          data: { ...documentSummary(layer.document), pageCount: layer.pages().count, seq, pageIds: pages.map(({ id }) => id) },
        };
      },
      async pdf({ operations }, context) {
        const layer = await open(context);
        const { list, next, plan } = await applyList(context, layer, operations, 0);
        let flatten: FlattenScope | "all" | null = null;
        let exchange: {
          readonly operation: Extract<PageOperation, { type: "applyXfdf" | "applyInstantJson" }>;
          readonly path: string;
        } | null = null;
        const metadata: Record<string, string | null> = { ...metadataOf(layer.room) };
        for (let at = next; at < operations.length; at++) {
          const operation = operations[at]!;
          if (operation.type === "flattenAnnotations" && flatten === null)
            flatten = flattenScope(operation, {
              pageCount: list.length,
              records: layer.room.snapshot(layer.grants).records,
              path: `$.operations[${at}]`,
            });
          else if (operation.type === "updateMetadata") Object.assign(metadata, operation.metadata);
          else if ((operation.type === "applyXfdf" || operation.type === "applyInstantJson") && exchange === null)
            exchange = { operation, path: `$.operations[${at}]` };
          else
            throw new ApiError(
              "not_implemented",
              `$.operations[${at}]: ${operation.type} is not offered here, or not after the others; use apply_operations`,
            );
        }
        const ops = planOps(plan.before, list, plan);
        // As the layer would be: nothing of it is written.
        const records = new Map(changesFor(layer).records.map((record) => [record.id, record]));
        const stamp = { seq: layer.room.seq + 1, at: deps.clock.now(), by: layer.grants.userId };
        for (const op of ops) {
          const before = records.get(op[1]) ?? layer.room.page(op[1]) ?? null;
          const after = applyOp(before, op, stamp);
          if (after !== null) records.set(after.id, after);
        }
        const isPage = (record: StoredRecord): boolean => record.kind === "page";
        const changed = [...records.values()].filter(isPage);
        let all: readonly StoredRecord[] = [...records.values()];
        if (exchange !== null) {
          // On the pages as they are by then.
          const view = { ...layer, pages: () => layerPages(layer.base, changed) };
          const given = await exchangeOfOperation(view, exchange.operation, exchange.path, context.signal);
          all = await recordsWith(view, given, deps, all);
        }
        const exported = await exportPdf(deps, {
          document: layer.document,
          changes: { ...changesFor(layer), records: all },
          pages: await composedPages(deps, layer.document, {
            base: layer.base,
            changed,
            pages: layerPages(layer.base, changed),
            extras: { metadata: Object.keys(metadata).length === 0 ? null : metadata, outline: outlineOf(layer.room) },
          }),
          flatten: flatten !== null,
          ...(flatten === null || flatten === "all" ? {} : { flattenOnly: flatten }),
          signal: context.signal,
        });
        const { document } = layer;
        return reply(exported.bytes, {
          headers: {
            "content-type": "application/pdf",
            "content-length": String(exported.size),
            "content-disposition": disposition(document.title ?? document.id),
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
        const { seq, redactions, pagesAsImages, replaced } = await applyRedactions(contentOf(context, layer));
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

  /** From `from` on, as long as they change the list of pages. */
  async function applyList(context: DocumentContext, layer: ReadLayer, operations: readonly PageOperation[], from: number) {
    const plan = operationContext(context, layer);
    let list: PageList = pageList(plan.before);
    let next = from;
    for (; next < operations.length; next++) {
      const operation = operations[next]!;
      if (!isListOperation(operation)) break;
      list = await applied(list, operation, plan, `$.operations[${next}]`);
    }
    return { list, next, plan };
  }

  /** Instant JSON or XFDF that the operation brings, or names by its address. */
  async function exchangeOfOperation(
    layer: ReadLayer,
    { type, data, dataFilePath }: Extract<PageOperation, { type: "applyXfdf" | "applyInstantJson" }>,
    path: string,
    signal: AbortSignal,
  ): Promise<ExchangeGiven> {
    if ((data === undefined) === (dataFilePath === undefined)) throw unprocessable(path, "give one of data and dataFilePath");
    let bytes = Buffer.from(typeof data === "string" ? data : JSON.stringify(data ?? null));
    if (dataFilePath !== undefined) {
      if (!/^https?:/i.test(dataFilePath))
        throw unprocessable(`${path}.dataFilePath`, "a path on the server's disk is not read: send `data`");
      bytes = await withTarget(deps, async (target) => {
        const how = { target, maxBytes: MOST_ATTACHED, path: `${path}.dataFilePath`, signal };
        return readFile((await fetchedFile(routes.outgoing, { url: dataFilePath }, how)).path);
      });
    }
    return type === "applyXfdf" ? exchangeOfXfdf(bytes, layer) : exchangeOfInstantJson(parseJson(bytes, BODY_LIMITS.jsonDepth), layer);
  }

  async function applyOne(
    context: DocumentContext,
    layer: ReadLayer,
    { operation, path, sid }: { readonly operation: PageOperation; readonly path: string; readonly sid: string | null },
  ): Promise<number> {
    const { room, grants, sessionId: session } = layer;
    switch (operation.type) {
      case "updateMetadata": {
        const known = room.record("meta", FULL_GRANTS);
        const given = Object.fromEntries(Object.entries(operation.metadata).filter(([, value]) => value !== null));
        if (known === null) return (await room.commit([["c", "meta", "meta", given]], { grants, session })).seq;
        if (known.deleted) await room.commit([["r", "meta"]], { grants, session });
        return (await room.commit([["u", "meta", operation.metadata]], { grants, session })).seq;
      }
      case "flattenAnnotations": {
        return flattenLayer(contentOf(context, layer), {
          pages: new Set(indexesOf({ length: layer.pages().count }, operation.pageIndexes ?? "all", path)),
          annotations: operation.annotationIds,
          path,
        });
      }
      case "applyRedactions":
        return (await applyRedactions(contentOf(context, layer))).seq;
      case "applyXfdf":
      case "applyInstantJson": {
        const given = await exchangeOfOperation(layer, operation, path, context.signal);
        return (await applyExchange(layer, given, { deps, userId: layer.grants.userId, sid })).seq;
      }
      case "performOcr":
        return recogniseText(contentOf(context, layer), {
          wanted: new Set(indexesOf({ length: layer.pages().count }, operation.pageIndexes ?? "all", path)),
          languages: ocrLanguages(operation.language),
        });
      default:
        throw unprocessable(path, "is not expected here");
    }
  }

  /** Names of the document's other layers with a page that comes from one of these files; "" is the default layer. */
  async function layersShowing({ layer }: ReadLayer, blobs: readonly string[]): Promise<string[]> {
    if (blobs.length === 0) return [];
    const shown = await shownIn(routes.reading, layer, blobs);
    return [...new Set(shown.flatMap(({ layers }) => layers))].filter((name) => name !== layer.name);
  }
}

function idempotencySid(context: DocumentContext): string | null {
  const { caller } = context;
  const key = context.header("idempotency-key");
  if (key === null) return null;
  if (key.length > 255) throw new ApiError("bad_request", "Idempotency-Key may have 255 characters");
  return `rest:pages:${caller.kind === "session" ? caller.session.id : caller.id}:${key}`;
}
