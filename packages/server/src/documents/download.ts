/** The PDF of a layer as an answer: what is asked for, who may have it, and that somebody who has it already need not get it again. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { ALL_PERMITTED, type Encryption } from "@lectern/pdf";
import type { api, Parsed } from "@lectern/protocol";
import { ApiError, viewKey } from "@lectern/protocol/plain";
import { type Reply, reply } from "../handlers.ts";
import { notOffered } from "../http/not-offered.ts";
import { bytesReply } from "../http/ranges.ts";
import type { LayerContext } from "../layers/caller.ts";
import { changesFor, redrawnFor } from "../layers/changes.ts";
import { hasOriginal } from "../layers/erase.ts";
import { layerAt } from "../layers/history/past.ts";
import type { ReadingDeps, ReadLayer } from "../layers/reading.ts";
import { composedPages, metadataOf, outlineOf } from "../operations/composition.ts";
import { exportFile, originalPdf, readOnce, removeExport } from "./export.ts";

export interface Wanted {
  readonly source: boolean;
  readonly annotations: boolean;
  readonly comments: boolean;
  readonly flatten: boolean;
  /** What is flattened looks as the file shows it, not as its properties say. */
  readonly asInFile: boolean;
  readonly atSeq: number | null;
  /** Indexes of pages; null: all. */
  readonly only: readonly number[] | null;
  readonly encryption: Encryption | null;
  /** Ordered for reading while it arrives. */
  readonly linear: boolean;
  readonly keepsSignatures: boolean;
}

type Query = Parsed<typeof api.documents.pdf>;
type Body = Parsed<typeof api.documents.pdfPost>;

/** Throws ApiError `not_implemented` for what is not offered. */
export function wantedInQuery({ optimize, ...query }: Query): Wanted {
  const wanted = { ...query, optimize: typeof optimize === "string" ? optimizeOf(optimize) : optimize };
  return { ...plain(wanted), atSeq: query.at_seq ?? null, only: null, encryption: null };
}

/** Throws ApiError `not_implemented` for what is not offered. */
export function wantedInBody({ user_password: user = "", owner_password: owner = "", pages, ...body }: Body): Wanted {
  const encryption =
    user === "" && owner === "" ? null : { userPassword: user, ownerPassword: owner === "" ? user : owner, permissions: ALL_PERMITTED };
  return { ...plain(body), atSeq: null, only: pages ?? null, encryption };
}

type Given = Omit<Query, "optimize" | "documentId"> & { readonly optimize?: Readonly<Record<string, unknown>> | undefined };

function plain({ type = "pdf", conformance, optimize = {}, ...given }: Given) {
  if (type !== "pdf" || conformance !== undefined) throw notOffered("pdfa");
  const { source = false, annotations = true, comments = true, flatten = false, render_ap_streams: asInFile = true } = given;
  return { source, annotations, comments, flatten, asInFile, linear: isLinear(optimize), keepsSignatures: given.keep_signatures ?? true };
}

/** Throws ApiError `not_implemented` for what else is to be done to the file. */
export function isLinear(optimize: Readonly<Record<string, unknown>>): boolean {
  const wanted = Object.keys(optimize).filter((name) => optimize[name] === true || optimize[name] === "true");
  if (wanted.some((name) => name !== "linearize")) throw notOffered("optimize");
  return wanted.length > 0;
}

/** Throws ApiError `invalid_parameters`. */
function optimizeOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null) return json as Record<string, unknown>;
  } catch {
    // As any other text that is no object.
  }
  const details = "must be a JSON object";
  throw new ApiError("invalid_parameters", `$.query.optimize: ${details}`, { failingPaths: [{ path: "$.query.optimize", details }] });
}

/** Throws ApiError `forbidden`, `gone`, `unprocessable`, and as exporting does. */
export async function downloadReply(reading: ReadingDeps, context: LayerContext, now: ReadLayer, wanted: Wanted): Promise<Reply> {
  const deps = reading.documents;
  const layer = wanted.atSeq === null ? now : await layerAt(reading, now, wanted.atSeq, context.access);
  const { document, room } = layer;
  const headers = {
    "content-disposition": disposition(document.title ?? document.id),
    "lectern-seq": String(room.seq),
    "cache-control": "private, no-cache",
  };
  const original = (): Promise<Reply> =>
    bytesReply(context, {
      etag: document.sourceSha256,
      size: document.byteSize,
      headers,
      read: (range) => originalPdf(deps, document, range),
    });
  if (wanted.source) {
    if (viewKey(layer.grants) !== "all") throw new ApiError("forbidden", "The file holds annotations that this session may not see");
    if (context.access.sessionId !== null && now.room.erasedSeq > 0)
      throw new ApiError("gone", "Parts of the original file have been erased");
    if (!(await hasOriginal(reading, now))) throw new ApiError("gone", "The original file has been purged");
    return original();
  }
  const { annotations, comments, flatten, asInFile, only, encryption, linear } = wanted;
  const removeSignatures = !wanted.keepsSignatures && layer.base.manifest.signatureCount > 0;
  const shown = layer.pages();
  const missing = only?.find((index) => shown.at(index) === null);
  if (missing !== undefined || only?.length === 0)
    throw new ApiError("unprocessable", `$.pages: there is no page ${missing ?? "in the list"}`);
  const file = await exportFile(deps, {
    document,
    changes: flatten && !asInFile ? redrawnFor(layer) : changesFor(layer),
    pages: await composedPages(deps, document, {
      base: layer.base,
      changed: room.changed({ kind: "page" }),
      pages: only === null ? shown : only.map((index) => shown.at(index)!),
      extras: { metadata: metadataOf(room), outline: outlineOf(room), labels: only !== null || encryption !== null },
    }),
    encryption,
    annotations,
    comments,
    flatten,
    finish: linear || removeSignatures ? { linear, removeSignatures } : null,
    signal: context.signal,
  });
  if (file === null) return original();
  const signatures = layer.base.manifest.signatureCount === 0 ? {} : { "lectern-signatures": removeSignatures ? "removed" : "broken" };
  const changed = { ...headers, ...signatures };
  // A cipher makes other bytes each time: there is nothing to compare, and no part of it fits to another.
  if (encryption !== null || document.passwordProtected) {
    return reply(readOnce(deps, file), {
      headers: { ...changed, "cache-control": "private, no-store", "content-length": String(file.size) },
    });
  }
  let isRead = false;
  try {
    return await bytesReply(context, {
      etag: await digestOf(file.path),
      size: file.size,
      headers: changed,
      async read(range) {
        isRead = true;
        return readOnce(deps, file, range);
      },
    });
  } finally {
    if (!isRead) await removeExport(file);
  }
}

/** The same records make the same bytes, so that this names them for every request. */
async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

export function disposition(title: string): string {
  return attachmentDisposition(`${title.replace(/\.pdf$/i, "")}.pdf`);
}

/** RFC 6266: a plain name for old clients, the real one beside it. */
export function attachmentDisposition(fileName: string): string {
  // By way of UTF-8, which has no half characters.
  const name = Buffer.from(fileName).toString();
  const plain = name.replace(/[^\x20-\x7e]|["\\/%]/g, "_");
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}`;
}
