/** The published operations on pages, one after the other on a layer: those that follow each other in its list of pages are one change. */
import { ocrLanguages, type PageOperation } from "@lectern/protocol";
import { FULL_GRANTS } from "@lectern/protocol/plain";
import { readFile, writeFile } from "node:fs/promises";
import type { ApplicationCaller, Access, Context, SessionCaller } from "../handlers.ts";
import { parseJson } from "../http/body.ts";
import { applyExchange, exchangeOfInstantJson, exchangeOfXfdf, type ExchangeGiven } from "../interchange/apply.ts";
import { MOST_ATTACHED } from "../interchange/attached.ts";
import { isRepeated } from "../layers/caller.ts";
import { commitLarge } from "../layers/large-change.ts";
import type { ReadingDeps, ReadLayer } from "../layers/reading.ts";
import type { Outgoing } from "../outgoing/request.ts";
import { blankPage } from "./blank-page.ts";
import { applyRedactions, type ContentContext } from "./content.ts";
import { fetchedFile } from "./fetched-file.ts";
import { flattenLayer } from "./flatten.ts";
import { importedPages } from "./import-pages.ts";
import { ownBlob, withTarget } from "./own-blob.ts";
import { applied, indexesOf, isListOperation, type OperationContext, unprocessable } from "./page-operations.ts";
import { type PageList, pageList, planOps } from "./page-plan.ts";
import { recogniseText } from "./recognise.ts";

export type DocumentContext = Context<ApplicationCaller | SessionCaller, Access>;

export interface OperationDeps {
  readonly reading: ReadingDeps;
  readonly outgoing: Outgoing;
  /** Access of the caller to another document, for taking its pages. Throws ApiError `not_found`, `forbidden`. */
  readonly accessTo: (context: DocumentContext, documentId: string, layerName: string) => Access;
}

export interface OperationTarget {
  readonly layer: ReadLayer;
  /** Makes a repeat harmless; null when that was not asked for. */
  readonly sid: string | null;
}

/** The layer's seq afterwards. Throws ApiError with the failing path; operations before the one that fails stand. */
export async function applyOperations(
  deps: OperationDeps,
  context: DocumentContext,
  { layer, sid }: OperationTarget,
  operations: readonly PageOperation[],
): Promise<number> {
  let { seq } = layer.room;
  for (let at = 0; at < operations.length;) {
    const part = sid === null ? null : `${sid}:${at}`;
    const operation = operations[at]!;
    if (isListOperation(operation)) {
      if (await isRepeated(deps.reading.documents, layer, part)) {
        while (at < operations.length && isListOperation(operations[at]!)) at++;
        continue;
      }
      const { list, next, plan } = await appliedList(deps, context, layer, { operations, from: at });
      const caller = { grants: layer.grants, session: layer.sessionId, ...(part === null ? {} : { sid: part }) };
      ({ seq } = await commitLarge(layer.room, planOps(plan.before, list, plan), caller));
      at = next;
      continue;
    }
    seq = await applyOne(deps, context, layer, { operation, path: `$.operations[${at}]`, sid: part });
    at++;
  }
  return seq;
}

export function contentOf({ reading }: Pick<OperationDeps, "reading">, context: DocumentContext, layer: ReadLayer): ContentContext {
  return { deps: reading.documents, layer, userId: layer.grants.userId, signal: context.signal };
}

export function operationContext(deps: OperationDeps, context: DocumentContext, layer: ReadLayer): OperationContext {
  const { documents } = deps.reading;
  return {
    room: layer.room,
    grants: layer.grants,
    clock: documents.clock,
    random: documents.random,
    mostPages: documents.limits.pages,
    before: layer.pages(),
    imports: (wanted, path) => importedPages(deps, context, { layer, wanted, path }),
    async colored(size, color) {
      const key = { applicationId: layer.document.applicationId, documentId: layer.document.id };
      const { sha256 } = await ownBlob(documents, key, (target) => writeFile(target, blankPage(size, color), { mode: 0o600 }));
      return { source: sha256, sourceIndex: 0 };
    },
  };
}

/** From `from` on, as long as they change the list of pages. */
async function appliedList(
  deps: OperationDeps,
  context: DocumentContext,
  layer: ReadLayer,
  { operations, from }: { readonly operations: readonly PageOperation[]; readonly from: number },
): Promise<{ readonly list: PageList; readonly next: number; readonly plan: OperationContext }> {
  const plan = operationContext(deps, context, layer);
  let list: PageList = pageList(plan.before);
  let next = from;
  for (; next < operations.length; next++) {
    const operation = operations[next]!;
    if (!isListOperation(operation)) break;
    list = await applied(list, operation, plan, `$.operations[${next}]`);
  }
  return { list, next, plan };
}

async function applyOne(
  deps: OperationDeps,
  context: DocumentContext,
  layer: ReadLayer,
  { operation, path, sid }: { readonly operation: PageOperation; readonly path: string; readonly sid: string | null },
): Promise<number> {
  const { room, grants, sessionId: session } = layer;
  switch (operation.type) {
    case "updateMetadata": {
      const known = room.record("meta", FULL_GRANTS);
      // What is removed is kept as an empty text: a property that is not there leaves the file's own.
      const given = Object.fromEntries(Object.entries(operation.metadata).map(([name, value]) => [name, value ?? ""]));
      if (known === null) return (await room.commit([["c", "meta", "meta", given]], { grants, session })).seq;
      if (known.deleted) await room.commit([["r", "meta"]], { grants, session });
      return (await room.commit([["u", "meta", given]], { grants, session })).seq;
    }
    case "flattenAnnotations": {
      return flattenLayer(contentOf(deps, context, layer), {
        pages: new Set(indexesOf({ length: layer.pages().count }, operation.pageIndexes ?? "all", path)),
        annotations: operation.annotationIds,
        path,
      });
    }
    case "applyRedactions":
      return (await applyRedactions(contentOf(deps, context, layer))).seq;
    case "applyXfdf":
    case "applyInstantJson": {
      const given = await exchangeOfOperation(deps, layer, operation, { path, signal: context.signal });
      return (await applyExchange(layer, given, { deps: deps.reading.documents, userId: layer.grants.userId, sid })).seq;
    }
    case "performOcr":
      return recogniseText(contentOf(deps, context, layer), {
        wanted: new Set(indexesOf({ length: layer.pages().count }, operation.pageIndexes ?? "all", path)),
        languages: ocrLanguages(operation.language),
      });
    default:
      throw unprocessable(path, "is not expected here");
  }
}

/** Instant JSON or XFDF that the operation brings, or names by its address. */
async function exchangeOfOperation(
  { reading, outgoing }: OperationDeps,
  layer: ReadLayer,
  { type, data, dataFilePath }: Extract<PageOperation, { type: "applyXfdf" | "applyInstantJson" }>,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<ExchangeGiven> {
  if ((data === undefined) === (dataFilePath === undefined)) throw unprocessable(path, "give one of data and dataFilePath");
  let bytes = Buffer.from(typeof data === "string" ? data : JSON.stringify(data ?? null));
  if (dataFilePath !== undefined) {
    if (!/^https?:/i.test(dataFilePath))
      throw unprocessable(`${path}.dataFilePath`, "a path on the server's disk is not read: send `data`");
    bytes = await withTarget(reading.documents, async (target) => {
      const how = { target, maxBytes: MOST_ATTACHED, path: `${path}.dataFilePath`, signal };
      return readFile((await fetchedFile(outgoing, { url: dataFilePath }, how)).path);
    });
  }
  return type === "applyXfdf"
    ? exchangeOfXfdf(bytes, layer)
    : exchangeOfInstantJson(parseJson(bytes, reading.documents.limits.jsonDepth), layer);
}
