/** Instant JSON or XFDF is written into a PDF of a build: nothing is stored, what the file holds already is replaced by id. */
import { readFile, stat, writeFile } from "node:fs/promises";
import type { RecordChange } from "@lectern/pdf";
import { withThreads } from "@lectern/pdf/record-changes";
import type { AnyRecord, Exchange, RecordOf } from "@lectern/protocol";
import { readInstantDocument } from "@lectern/protocol";
import { ApiError, newId, pageId, parsePageId } from "@lectern/protocol/plain";
import { readXfdf, type XfdfPages } from "@lectern/protocol/xfdf";
import type { ChangesFile } from "../documents/changes-file.ts";
import { type StoredManifest, shapeOf } from "../documents/manifest.ts";
import { fitting } from "@lectern/pdf/exchange";
import { parseJson } from "../http/body.ts";
import { xmlTextOf } from "../interchange/apply.ts";
import { picturesOf } from "../interchange/pictures.ts";
import type { RenderSource } from "../ports.ts";
import type { InputLimits } from "../input-limits.ts";
import type { BuildContext } from "./build.ts";

const MAX_BYTES = 64_000_000;

export interface ExchangeFile {
  readonly format: "applyInstantJson" | "applyXfdf";
  readonly file: string;
  /** Of the action, for errors. */
  readonly path: string;
}

/** What to write into the file. Throws ApiError `unprocessable`, `too_large`. */
export async function exchangeChanges(context: BuildContext, source: RenderSource, given: ExchangeFile): Promise<ChangesFile> {
  const { deps, signal } = context;
  const list = context.newFile();
  await deps.renderer.prepare(source, { revision: 1, target: list.path, signal });
  const { manifest, records } = preparedOf(await readFile(list.path, "utf8"));
  const exchange = await readExchange(given, pagesOf(manifest), deps.limits);
  const pictures = picturesOf(exchange, new Map());
  const images: Record<string, string> = {};
  for (const { sha256, bytes } of pictures.values()) {
    const { path } = context.newFile();
    await writeFile(path, bytes, { mode: 0o600 });
    images[sha256] = path;
  }
  const now = deps.clock.now();
  const changes: RecordChange[] = [];
  const ids = new Map<string, string>();
  const head = (id: string) => ({ id, seq: 1, createdBy: null, createdAt: now, updatedBy: null, updatedAt: now, grp: null });
  for (const { id: named, data, attachment, path } of exchange.annotations) {
    const picture = attachment === null ? undefined : pictures.get(attachment);
    const whole = picture === undefined ? data : { ...data, attachment: { blob: picture.sha256, mediaType: picture.mediaType } };
    const there = named === null ? undefined : records.get(named);
    if (there?.kind === "annotation" && there.data.type !== data.type)
      throw wrong(given, `${path}.type`, "the type of an annotation cannot be changed");
    const id = there?.kind === "annotation" || (named !== null && there === undefined) ? named! : newId(now, deps.random(10));
    if (named !== null) ids.set(named, id);
    const base = there?.kind === "annotation" ? there : null;
    const kept = base?.kind === "annotation" && base.data.pdfObjectId !== undefined ? { pdfObjectId: base.data.pdfObjectId } : {};
    changes.push({
      base,
      current: { ...(base ?? head(id)), id, kind: "annotation", updatedAt: now, data: { ...whole, ...kept } } as AnyRecord,
    });
  }
  for (const { id, root, data, path } of exchange.comments) {
    const at = ids.get(root) ?? (records.get(root)?.kind === "annotation" ? root : undefined);
    if (at === undefined) throw wrong(given, `${path}.rootId`, "there is no such annotation");
    if (id !== null && records.has(id)) continue;
    changes.push({ base: null, current: { ...head(id ?? newId(now, deps.random(10))), kind: "comment", data: { root: at, ...data } } });
  }
  const fields = new Map<string, RecordOf<"field">>();
  for (const record of records.values()) if (record.kind === "field") fields.set(record.data.name, record);
  for (const { name, value, path } of exchange.values) {
    const field = fields.get(name);
    const base = field === undefined ? undefined : records.get(`${field.id}:v`);
    if (field === undefined || base?.kind !== "value") {
      // XFDF tells of a whole form, which may be another one.
      if (given.format === "applyXfdf") continue;
      throw wrong(given, `${path}.name`, "there is no form field of this name");
    }
    const filled = fitting(field, typeof value === "object" && value !== null ? [...value] : value);
    changes.push({ base, current: { ...base, updatedAt: now, data: { field: field.id, value: filled } } });
  }
  return { changes: withThreads(changes, (id) => records.get(id) ?? null), modifiedAt: now, images };
}

function preparedOf(text: string): { readonly manifest: StoredManifest; readonly records: ReadonlyMap<string, AnyRecord> } {
  let manifest: StoredManifest | null = null;
  const records = new Map<string, AnyRecord>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const part = JSON.parse(line) as { readonly manifest?: StoredManifest; readonly records?: readonly AnyRecord[] };
    manifest ??= part.manifest ?? null;
    for (const record of part.records ?? []) records.set(record.id, record);
  }
  return { manifest: manifest!, records };
}

async function readExchange(given: ExchangeFile, pages: XfdfPages, { jsonDepth }: InputLimits): Promise<Exchange> {
  if ((await stat(given.file)).size > MAX_BYTES) throw new ApiError("too_large", `${given.path}.file: may have ${MAX_BYTES} bytes`);
  const bytes = await readFile(given.file);
  const read =
    given.format === "applyXfdf" ? await readXfdf(xmlTextOf(bytes), pages) : readInstantDocument(parseJson(bytes, jsonDepth), pages);
  if (read.ok) return read.value;
  const failingPaths = read.failingPaths.slice(0, 100).map(({ path, details }) => ({ path: `${given.path}.file ${path}`, details }));
  throw new ApiError("unprocessable", `${failingPaths[0]!.path}: ${failingPaths[0]!.details}`, { failingPaths });
}

function pagesOf(manifest: StoredManifest): XfdfPages {
  const indexOf = (id: string): number | null => {
    const index = parsePageId(id)?.sourceIndex ?? -1;
    return index >= 0 && index < manifest.pageCount ? index : null;
  };
  const shape = (id: string) => shapeOf(manifest, indexOf(id) ?? 0)!;
  return {
    idAt: (index) => (Number.isInteger(index) && index >= 0 && index < manifest.pageCount ? pageId(1, index) : null),
    indexOf,
    shown: (id) => ({ ...shape(id), crop: null }),
    origin(id) {
      const { boxes, height } = shape(id);
      const [left, bottom] = boxes.crop ?? boxes.media;
      return { left, bottom, height };
    },
  };
}

function wrong({ path }: ExchangeFile, place: string, details: string): ApiError {
  const failure = { path: `${path}.file ${place}`, details };
  return new ApiError("unprocessable", `${failure.path}: ${details}`, { failingPaths: [failure] });
}
