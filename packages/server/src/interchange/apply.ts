/** An interchange file is applied: planned, its pictures stored, written as one change through the room; or worked out for a copy that is not stored. */
import { type Exchange, readInstantDocument } from "@lectern/protocol";
import { type ExchangePlan, planExchange } from "@lectern/pdf/exchange";
import { readXfdf } from "@lectern/protocol/xfdf";
import { ApiError, newId } from "@lectern/protocol/plain";
import { applyOp, RECORDS_PER_CHANGE, type StoredRecord } from "@lectern/sync/room";
import type { DocumentDeps } from "../documents/deps.ts";
import type { DocumentKey } from "../documents/store.ts";
import { parseJson } from "../http/body.ts";
import { changesFor } from "../layers/changes.ts";
import { commitLarge } from "../layers/large-change.ts";
import type { InputLimits } from "../input-limits.ts";
import type { ReadLayer } from "../layers/reading.ts";
import { type Picture, picturesOf, storePictures } from "./pictures.ts";
import type { FormFile } from "../handlers.ts";
import { xfdfPages } from "./written.ts";

export interface Applying {
  readonly deps: DocumentDeps;
  /** Who it is written as. */
  readonly userId: string | null;
  /** Makes a repeat harmless; null when that was not asked for. */
  readonly sid?: string | null;
}

export interface AppliedExchange {
  readonly seq: number;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly skipped: { path: string; reason: string }[];
}

export interface ExchangeGiven {
  readonly exchange: Exchange;
  /** Of the form, by key; beside those in the file. */
  readonly parts?: ReadonlyMap<string, FormFile>;
  /** What cannot be taken over is skipped and told, instead of refused. */
  readonly lenient?: boolean;
}

/** Throws ApiError `unprocessable` with all that is wrong. */
export function exchangeOfInstantJson(
  json: unknown,
  layer: Pick<ReadLayer, "pages">,
  { parts, lenient = false }: Omit<ExchangeGiven, "exchange"> = {},
): ExchangeGiven {
  const read = readInstantDocument(json, layer.pages(), { lenient });
  if (read.ok) return { exchange: withParts(read.value, parts), lenient, ...(parts === undefined ? {} : { parts }) };
  const first = read.failingPaths[0]!;
  throw new ApiError("unprocessable", `${first.path}: ${first.details}`, { failingPaths: read.failingPaths.slice(0, 100) });
}

/** Throws ApiError `unprocessable` with all that is wrong. What no record can be made of is skipped. */
export async function exchangeOfXfdf(
  bytes: Uint8Array,
  layer: ReadLayer,
  { lenient = false }: Pick<ExchangeGiven, "lenient"> = {},
): Promise<ExchangeGiven> {
  const read = await readXfdf(xmlTextOf(bytes), xfdfPages(layer), { lenient });
  if (read.ok) return { exchange: withoutStrangeValues(read.value, layer), lenient };
  const first = read.failingPaths[0]!;
  throw new ApiError("unprocessable", `${first.path}: ${first.details}`, { failingPaths: read.failingPaths.slice(0, 100) });
}

/** XFDF or Instant JSON, by its first character. What cannot be taken over is skipped and told. */
export async function exchangeOf(bytes: Uint8Array, layer: ReadLayer, { jsonDepth }: InputLimits): Promise<ExchangeGiven> {
  const first = xmlTextOf(bytes.subarray(0, 64)).trimStart()[0];
  if (first !== "{") return exchangeOfXfdf(bytes, layer, { lenient: true });
  return exchangeOfInstantJson(parseJson(bytes, jsonDepth), layer, { lenient: true });
}

export function xmlTextOf(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  try {
    // A piece of the beginning may end within a character.
    return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: bytes.length === 64 });
  } catch (error) {
    throw new ApiError("unprocessable", "$: the text is not UTF-8", { cause: error });
  }
}

/** Values for fields that the document has not are common in XFDF, which tells of a whole form: they are told, and nothing is lost here. */
function withoutStrangeValues(exchange: Exchange, { room, grants }: ReadLayer): Exchange {
  const names = new Set(room.snapshot(grants).records.flatMap((record) => (record.kind === "field" ? [record.data.name] : [])));
  const strange = exchange.values.filter(({ name }) => !names.has(name));
  if (strange.length === 0) return exchange;
  return {
    ...exchange,
    values: exchange.values.filter(({ name }) => names.has(name)),
    skipped: [
      ...exchange.skipped,
      ...strange.map(({ path, name }) => ({ path, reason: `there is no form field ${JSON.stringify(name)}` })),
    ],
  };
}

/** All of it or nothing. Throws ApiError `unprocessable`, `forbidden`, `limit_exceeded` and what the room throws, naming places in the file. */
export async function applyExchange(
  layer: ReadLayer,
  given: ExchangeGiven,
  { deps, userId, sid = null }: Applying,
): Promise<AppliedExchange> {
  const { plan, pictures } = await planned(layer, given, deps);
  await storePictures(deps, keyOf(layer), pictures.values());
  let { seq } = layer.room;
  if (plan.ops.length > 0) {
    try {
      ({ seq } = await commitLarge(layer.room, plan.ops, {
        grants: layer.grants,
        session: layer.sessionId,
        userId,
        ...(sid === null ? {} : { sid }),
      }));
    } catch (error) {
      throw located(error, plan.paths);
    }
  }
  return { seq, created: plan.created, updated: plan.updated, deleted: plan.deleted, skipped: [...plan.skipped] };
}

/** The layer's own records as they would be with it, tombstones included; nothing of it is stored but pictures. */
export async function recordsWith(layer: ReadLayer, given: ExchangeGiven, deps: DocumentDeps): Promise<readonly StoredRecord[]> {
  const { plan, pictures } = await planned(layer, given, deps);
  await storePictures(deps, keyOf(layer), pictures.values());
  const records = new Map(changesFor(layer).records.map((record) => [record.id, record]));
  const stamp = { seq: layer.room.seq + 1, at: deps.clock.now(), by: layer.grants.userId };
  for (const op of plan.ops) {
    const before = records.get(op[1]) ?? layer.room.record(op[1], layer.grants);
    const after = applyOp(before, op, stamp);
    if (after !== null) records.set(after.id, after);
  }
  return [...records.values()];
}

async function planned(
  layer: ReadLayer,
  { exchange, parts = new Map(), lenient = false }: ExchangeGiven,
  deps: DocumentDeps,
): Promise<{ readonly plan: ExchangePlan; readonly pictures: ReadonlyMap<string, Picture> }> {
  const pictures = picturesOf(exchange, parts);
  const freshId = (): string => newId(deps.clock.now(), deps.random(10));
  const plan = planExchange(layer, exchange, { pictures, freshId, now: deps.clock.now(), lenient });
  if (plan.ops.length > RECORDS_PER_CHANGE)
    throw new ApiError("limit_exceeded", `At most ${RECORDS_PER_CHANGE} records can be written by one file`);
  const used = await deps.uses.among(keyOf(layer), [...new Set(plan.named.map(({ blob }) => blob))]);
  const strange = plan.named.filter(({ blob }) => !used.has(blob));
  if (strange.length > 0) {
    const failingPaths = strange
      .slice(0, 100)
      .map(({ path }) => ({ path, details: "names a picture that neither the file nor the document has" }));
    throw new ApiError("unprocessable", `${failingPaths[0]!.path}: ${failingPaths[0]!.details}`, { failingPaths });
  }
  return { plan, pictures };
}

/** Parts of a form are attachments of the file as well. */
function withParts(exchange: Exchange, parts: ReadonlyMap<string, FormFile> | undefined): Exchange {
  if (parts === undefined || parts.size === 0) return exchange;
  return {
    ...exchange,
    annotations: exchange.annotations.map((annotation) => {
      const { data, attachment } = annotation;
      if (attachment !== null || data.attachment === undefined || !parts.has(data.attachment.blob)) return annotation;
      return { ...annotation, attachment: data.attachment.blob };
    }),
  };
}

function keyOf({ document }: ReadLayer): DocumentKey {
  return { applicationId: document.applicationId, documentId: document.id };
}

/** The room names ops; the caller knows places in the file. */
function located(error: unknown, paths: readonly string[]): unknown {
  if (!(error instanceof ApiError) || error.failingPaths === undefined) return error;
  const failingPaths = error.failingPaths.map(({ path, details }) => ({
    path: path.replace(/^\$\.ops\[(\d+)\]/, (whole, index: string) => paths[Number(index)] ?? whole),
    details,
  }));
  return new ApiError(error.code, error.message, { failingPaths, cause: error });
}
