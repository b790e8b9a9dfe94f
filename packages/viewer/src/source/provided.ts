/**
 * A document that the page itself provides. Nothing of it leaves the browser: the engine is a worker, the layer a room of one in memory, so
 * the viewer has one way to read and to write. Only the session is checked, like any other.
 */
import { connectPdfWorker, type FilePicture, type RemoteDocument, type RemotePdf, type WorkerPort } from "@lectern/pdf/browser";
import { formRules } from "@lectern/pdf/forms";
import { withThreads } from "@lectern/pdf/record-changes";
import { search, searchPattern, type SearchText, searchText } from "@lectern/pdf/search";
import wasmUrl from "@embedpdf/pdfium/pdfium.wasm?url";
// oxlint-disable-next-line import/default -- the build gives the address of the bundled worker
import workerUrl from "@lectern/pdf/worker?worker&url";
import type { Manifest, PageText, RecordChange } from "@lectern/pdf";
import type { ExchangeLayer, ExchangePages } from "@lectern/pdf/exchange";
import type { TextPattern } from "@lectern/pdf/search-pattern";
import type { AnyRecord, Opened, OutlineItem, Page } from "@lectern/protocol";
import {
  ApiError,
  base32,
  type ErrorCode,
  imageWidth,
  newId,
  pageId,
  parsePageId,
  sourceOrder,
  TILE_PIXELS,
} from "@lectern/protocol/plain";
import { memoryQueue } from "@lectern/sync/client";
import { localSocket, memoryBaseRecords, MemoryChangeLog, SyncRoom } from "@lectern/sync/room";
import { browserClock } from "../layer.ts";
import type { LoadOptions } from "../options.ts";
import { addRotations, pageList, type PageShape } from "../pages/page-list.ts";
import type { Tile } from "../pages/tiles.ts";
import { Pictures } from "./pictures.ts";
import { type Ask, openSession, type OpenSessionOptions } from "./open-session.ts";
import type { DocumentSource, Interchange, SearchQuery, Transport } from "./source.ts";
import type { ExportOptions, SearchHit } from "../public-types.ts";

export interface ProvidedOptions extends OpenSessionOptions {
  readonly document: NonNullable<LoadOptions["document"]>;
}

const REVISION = 1;
/** A search stops at so many hits. */
const MOST_HITS = 10_000;

export async function openProvided(options: ProvidedOptions): Promise<DocumentSource> {
  const [{ opened, request }, file] = await Promise.all([openSession(options), fileOf(options.document)]);
  const engine = connectPdfWorker(startWorker(), { wasm: new URL(wasmUrl, location.href).href });
  try {
    const document = await openFile(engine, file, request.password, options.ask);
    const { manifest, records, pictures, sourceSha256 } = await document.importRecords({ revision: REVISION });
    const base = records.flatMap((page) => page.records);
    return new ProvidedSource({ engine, document, manifest, base, pictures }, describe(opened, { manifest, base, sourceSha256, file }));
  } catch (error) {
    engine.close();
    throw asApiError(error);
  }
}

class ProvidedSource implements DocumentSource {
  readonly opened: Opened;
  #engine: RemotePdf;
  #document: RemoteDocument;
  #manifest: Manifest;
  #base: readonly AnyRecord[];
  #pictures: Pictures;
  #room: SyncRoom;
  #texts = new Map<number, SearchText>();

  constructor({ engine, document, manifest, base, pictures }: ReadFile, opened: Opened) {
    this.opened = opened;
    this.#engine = engine;
    this.#document = document;
    this.#manifest = manifest;
    this.#base = base;
    this.#pictures = new Pictures(pictures);
    this.#room = new SyncRoom({
      layerId: "local",
      log: new MemoryChangeLog(),
      base: memoryBaseRecords(base, (id) => this.#page(id)),
      clock: browserClock,
      limits: opened.limits,
      rules: formRules,
      hasBlobs: (blobs) => Promise.resolve(new Set(blobs.filter((blob) => this.#pictures.has(blob)))),
    });
  }

  image(page: PageShape, width: number, signal: AbortSignal): Promise<HTMLElement> {
    return this.#draw(page, { width }, signal);
  }

  tile(page: PageShape, { width, column, row }: Tile, signal: AbortSignal): Promise<HTMLElement> {
    const { width: across, height: down, sourceRotation: rotation } = page;
    const height = Math.max(1, Math.round(width * (rotation % 180 === 0 ? down / across : across / down)));
    const [left, top] = [column * TILE_PIXELS, row * TILE_PIXELS];
    return this.#draw(page, { width, rect: [left, top, Math.min(TILE_PIXELS, width - left), Math.min(TILE_PIXELS, height - top)] }, signal);
  }

  async #draw(
    page: PageShape,
    part: { readonly width: number; readonly rect?: readonly [number, number, number, number] },
    signal: AbortSignal,
  ): Promise<HTMLElement> {
    const bitmap = await this.#document.render(page.content!.sourceIndex, { ...part, annotations: "others", signal });
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    const pixels = new Uint8ClampedArray(bitmap.data.buffer as ArrayBuffer, bitmap.data.byteOffset, bitmap.data.length);
    canvas.getContext("2d")?.putImageData(new ImageData(pixels, bitmap.width, bitmap.height), 0, 0);
    return canvas;
  }

  pictureUrl(blob: string): string | null {
    return this.#pictures.url(blob);
  }

  readonly upload = (file: Blob): Promise<{ readonly blob: string; readonly mediaType: string }> => this.#pictures.add(file);

  text(page: PageShape, signal: AbortSignal): Promise<PageText> {
    return this.#document.text(page.content!.sourceIndex, { signal });
  }

  async search({ text, type, caseSensitive, wholeWord, pages }: SearchQuery, signal: AbortSignal): Promise<readonly SearchHit[]> {
    const hits: SearchHit[] = [];
    // The engine of expressions is loaded when the first one is searched for.
    const pattern = type === "text" ? null : await patternFor(type, text, caseSensitive);
    for (const page of pages) {
      if (page.content === null) continue;
      const { sourceIndex } = page.content;
      const ready = this.#texts.get(sourceIndex) ?? searchText(await this.#document.text(sourceIndex, { signal }));
      this.#texts.set(sourceIndex, ready);
      const limit = MOST_HITS - hits.length;
      const found = pattern === null ? search(ready, text, { caseSensitive, wholeWord, limit }) : searchPattern(ready, pattern, limit);
      hits.push(...found.map((hit) => ({ ...hit, pageId: page.id, pageIndex: page.index })));
      if (hits.length >= MOST_HITS) break;
    }
    return hits;
  }

  outline(): Promise<readonly OutlineItem[]> {
    return Promise.resolve(this.#manifest.outline);
  }

  readonly history = null;
  readonly interchange: Interchange = {
    read: async (file) => {
      const { writeExchange } = await import("@lectern/pdf/exchange");
      const format = file === "document.xfdf" ? "xfdf" : file === "document.json?annotation_version=1" ? "instant-1" : "instant-2";
      const attachments = await this.#pictures.texts(this.#room.snapshot(this.opened.grants).records.flatMap(picturesOf));
      return writeExchange(this.#layer(), this.#names(), { format, attachments });
    },
    apply: async (how, text) => {
      const { planExchange, readExchange } = await import("@lectern/pdf/exchange");
      const layer = this.#layer();
      const { exchange, pictures } = await readExchange(layer, this.#names(), {
        format: how === "apply_xfdf" ? "xfdf" : "instant",
        text,
        pictures: this.#pictures,
      });
      const freshId = (): string => newId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
      const { ops, created, updated, deleted, skipped } = planExchange(layer, exchange, { pictures, freshId, now: Date.now() });
      if (ops.length > 0) await this.#room.commit(ops, { grants: layer.grants });
      return { created, updated, deleted, skipped };
    },
  };

  async exportPdf({ source = false, flatten = false }: ExportOptions): Promise<Blob> {
    const changes = source ? [] : this.#changes();
    const images = await this.#pictures.images(changes.flatMap(({ current }) => (current === null ? [] : picturesOf(current))));
    const bytes = await this.#document.exportChanges(changes, { annotations: true, flatten, images });
    return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/pdf" });
  }

  /** There is nobody else here. */
  seen(): Promise<number> {
    return Promise.resolve(Number.POSITIVE_INFINITY);
  }

  async transport(): Promise<Transport> {
    const { grants, user } = this.opened;
    await this.#room.load();
    return {
      connect: localSocket(this.#room, { grants, name: user.name, clock: browserClock }),
      queue: memoryQueue(() => base32(crypto.getRandomValues(new Uint8Array(15)))),
      orphans: [],
      durable: false,
      getToken: () => Promise.resolve("local"),
      fetchSnapshot: () => Promise.reject(new ApiError("not_found", "a local room sends its records itself")),
    };
  }

  /** Nobody else can change it. */
  next(): Promise<null> {
    return Promise.resolve(null);
  }

  close(): void {
    this.#room.close().catch(reportError);
    this.#engine.close();
    this.#pictures.close();
  }

  #layer(): ExchangeLayer {
    return {
      pages: () => this.#names(),
      grants: this.opened.grants,
      base: { source: this.opened.source },
      room: this.#room,
    };
  }

  /** The pages as they are now, for formats that count them. */
  #names(): ExchangePages {
    const records = this.#room.changed({ kind: "page" }).filter((record) => record.kind === "page");
    const pages = pageList(this.opened, records);
    const indexes = new Map(pages.map(({ id, index }) => [id, index]));
    const at = (id: string): PageShape => {
      const page = pages[indexes.get(id) ?? -1];
      if (page === undefined) throw new Error(`there is no page ${id}`);
      return page;
    };
    return {
      idAt: (index) => pages[index]?.id ?? null,
      indexOf: (id) => indexes.get(id) ?? null,
      shown(id) {
        const { width, height, crop, sourceRotation, rotation } = at(id);
        return { width, height, crop, rotation: addRotations(sourceRotation, rotation) };
      },
      origin: (id) => {
        const { content, height } = at(id);
        const shape = content === null ? undefined : this.#manifest.pages[content.sourceIndex];
        const box = shape === undefined ? null : (shape.boxes.crop ?? shape.boxes.media);
        return { left: box?.[0] ?? 0, bottom: box?.[1] ?? 0, height: shape?.height ?? height };
      },
    };
  }

  /** What became of the records of the file, and those that are new. */
  #changes(): RecordChange[] {
    const records: readonly AnyRecord[] = this.#room.snapshot(this.opened.grants).records;
    const now = new Map(records.map((record) => [record.id, record]));
    const before = new Map(this.#base.map((record) => [record.id, record]));
    const gone = this.#base.filter(({ id }) => !now.has(id)).map((base): RecordChange => ({ base, current: null }));
    const changed = [...now.values()].filter(({ seq }) => seq > 0).map((current) => ({ base: before.get(current.id) ?? null, current }));
    return withThreads([...gone, ...changed], (id) => before.get(id) ?? null);
  }

  #page(id: string): Page | null {
    const place = parsePageId(id);
    const page = place?.revision === REVISION ? this.#manifest.pages[place.sourceIndex] : undefined;
    if (place === null || page === undefined || id !== pageId(REVISION, place.sourceIndex)) return null;
    const content = { source: this.opened.source, sourceIndex: place.sourceIndex };
    return { content, order: sourceOrder(place.sourceIndex), rotation: 0, crop: null, size: [page.width, page.height], label: page.label };
  }
}

/** Blobs that it is drawn by. */
function picturesOf(record: AnyRecord): string[] {
  return record.kind === "annotation" && record.data.attachment !== undefined ? [record.data.attachment.blob] : [];
}

interface ReadFile {
  readonly engine: RemotePdf;
  readonly document: RemoteDocument;
  readonly manifest: Manifest;
  readonly base: readonly AnyRecord[];
  readonly pictures: readonly FilePicture[];
}

interface Provided {
  readonly manifest: Manifest;
  readonly base: readonly AnyRecord[];
  readonly sourceSha256: string;
  readonly file: Blob;
}

/** What `open` would answer if the service had the file. */
function describe(opened: Opened, { manifest, base, sourceSha256, file }: Provided): Opened {
  const runs: [n: number, width: number, height: number, rotation: 0 | 90 | 180 | 270][] = [];
  const labels: Record<string, string> = {};
  for (const [index, { width, height, rotation, label }] of manifest.pages.entries()) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === width && last[2] === height && last[3] === rotation) last[0]++;
    else runs.push([1, width, height, rotation]);
    if (label !== null && label !== String(index + 1)) labels[index] = label;
  }
  const { print, extract, annotationAndForms } = manifest.permissions;
  return {
    ...opened,
    title: file instanceof File ? file.name : (manifest.metadata.title ?? null),
    revision: REVISION,
    restrictions: { print, copy: extract, annotate: annotationAndForms },
    pages: { count: manifest.pages.length, runs, labels, partial: false },
    source: sourceSha256,
    records: { complete: true, inline: base },
    firstWidth: imageWidth(640),
  };
}

async function openFile(engine: RemotePdf, file: Blob, given: string | undefined, ask: Ask): Promise<RemoteDocument> {
  let password = given;
  for (;;) {
    try {
      return await engine.open(file, password === undefined ? {} : { password });
    } catch (error) {
      const code = codeOf(error);
      if (code !== "password_required" && code !== "wrong_password") throw error;
      password = await ask.password(code === "wrong_password");
    }
  }
}

async function fileOf(document: ProvidedOptions["document"]): Promise<Blob> {
  if (document instanceof Blob) return document;
  if (typeof document !== "string") return new Blob([document as BlobPart]);
  const response = await fetch(document).catch((cause: unknown) => {
    throw new ApiError("unavailable", `document: ${document} could not be fetched`, { cause });
  });
  if (!response.ok) throw new ApiError("not_found", `document: ${document} answers ${response.status}`);
  return response.blob();
}

/** A worker must come from the page's own origin: for the script tag a small one of its own imports ours. */
function startWorker(): WorkerPort {
  const url = new URL(workerUrl, location.href);
  if (url.origin === location.origin) return new Worker(url, { type: "module" }) as unknown as WorkerPort;
  const script = URL.createObjectURL(new Blob([`import ${JSON.stringify(url.href)};`], { type: "text/javascript" }));
  try {
    return new Worker(script, { type: "module" }) as unknown as WorkerPort;
  } finally {
    // The worker has its script by the time it runs; nothing else needs the address.
    setTimeout(() => URL.revokeObjectURL(script), 60_000);
  }
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  not_a_pdf: "invalid_document",
  damaged: "invalid_document",
  unsupported_security: "invalid_document",
  too_large: "too_large",
};

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(CODES[codeOf(error)] ?? "internal", message, { cause: error });
}

async function patternFor(type: "regex" | "preset", text: string, caseSensitive: boolean): Promise<TextPattern> {
  const { PatternError, presetPattern, regexPattern, SEARCH_PRESETS } = await import("@lectern/pdf/search-pattern");
  const preset = SEARCH_PRESETS.find((name) => name === text);
  if (type === "preset") {
    if (preset === undefined) throw new ApiError("invalid_parameters", `There is no preset ${text}`);
    return presetPattern(preset);
  }
  try {
    return regexPattern(text, { caseSensitive });
  } catch (error) {
    if (error instanceof PatternError) throw new ApiError("invalid_parameters", error.message);
    throw error;
  }
}
