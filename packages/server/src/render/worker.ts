/**
 * A worker process: one engine, a few open documents, one job at a time. It knows the files it is told to read and nothing else of the service.
 * When the engine fails it ends itself: an instance of WebAssembly is of no use after a trap. When its parent is gone it ends, too.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import {
  composeDocument,
  type Composition,
  type Encryption,
  exportDocument,
  finishFile,
  type FontFor,
  type FileBytes,
  importRecords,
  inspectFile,
  type KeepPicture,
  pngFile,
  type PdfDocument,
  type PdfEngine,
  PdfError,
  type PdfImage,
  redactFile,
  withContentGroups,
} from "@lectern/pdf";
import { type FileReader, fileReader, inflatingCodec, openPdfiumNode } from "@lectern/pdf/node";
import { ApiError, type ErrorCode, pictureType, TILE_PIXELS } from "@lectern/protocol/plain";
import type { ChangesFile } from "../documents/changes-file.ts";
import { storedManifest } from "../documents/manifest.ts";
import type { Converted, Inspection, PagesRead, PrepareSummary, RenderSource } from "../ports.ts";
import type { encode } from "./encode.ts";
import {
  documentKey,
  embeddedPath,
  EXIT_FAILED,
  EXIT_MEMORY,
  type JobMessage,
  type Jobs,
  picturePath,
  touch,
  type WorkerLimits,
  type WorkerMessage,
} from "./messages.ts";

/** Of pages up to 2,400 pixels wide; larger drawings get memory of their own. */
const PAPER_BYTES = 32 * 1024 * 1024;
const LIMITS = JSON.parse(process.argv[2]!) as WorkerLimits;
const { maxMemory: MAX_MEMORY, pixels: MAX_PIXELS } = LIMITS;
/** Of the files in a file, unpacked. */
const MAX_EMBEDDED = Math.min(500_000_000, LIMITS.inflatedBytes);
const codec = inflatingCodec(LIMITS.inflatedBytes);
/** Of it, for the engine: the rest is the process itself, and what leaves the engine. */
const ENGINE_SHARE = 0.75;

const ERROR_CODES: Readonly<Record<string, ErrorCode>> = {
  password_required: "password_required",
  wrong_password: "wrong_password",
  not_a_pdf: "invalid_document",
  damaged: "invalid_document",
  unsupported_security: "invalid_document",
  too_large: "too_large",
};

interface Opened {
  readonly document: PdfDocument;
  readonly file: FileReader;
}

/**
 * The main thread may hang inside of the engine, where no event reaches it: a thread of its own ends the process when the parent has died or
 * (where the parent cannot look, on systems without /proc) when memory is over the cap.
 */
const GUARD = `
const { ppid } = process;
setInterval(() => {
  if (process.ppid !== ppid || process.memoryUsage.rss() > ${Number.isFinite(MAX_MEMORY) ? MAX_MEMORY * 1.2 : "Infinity"}) process.kill(process.pid, "SIGKILL");
}, 500);`;

async function main(): Promise<void> {
  // The engine is compiled in the background while the encoder is loaded.
  const opening = openPdfiumNode({ maxPixels: MAX_PIXELS, maxPages: LIMITS.pages, maxMemory: MAX_MEMORY * ENGINE_SHARE });
  const encoder = await import("./encode.ts");
  encoder.setUpEncoder();
  const engine = await opening;
  const work = worker(engine, encoder.encode);
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message: JobMessage) => {
    work(message).then(
      (result) => send({ id: message.id, result }),
      (error: unknown) => {
        const answer = answerTo(error);
        if (answer !== null) return send({ id: message.id, error: answer });
        // Not an answer but the end of the engine: the parent sees the process go and what it last said.
        console.error(error instanceof Error ? (error.stack ?? error.message) : error, error instanceof Error ? (error.cause ?? "") : "");
        process.exit(error instanceof PdfError && error.code === "out_of_memory" ? EXIT_MEMORY : EXIT_FAILED);
      },
    );
  });
  send({ ready: true });
  new Worker(GUARD, { eval: true, execArgv: [] }).unref();
}

function send(message: WorkerMessage): void {
  process.send?.(message);
}

/** Null for what makes this process unfit. */
function answerTo(error: unknown): { readonly code: ErrorCode; readonly message: string } | null {
  if (error instanceof ApiError) return { code: error.code, message: error.message };
  const code = error instanceof PdfError ? ERROR_CODES[error.code] : undefined;
  return code === undefined ? null : { code, message: capitalised((error as PdfError).message) };
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

type Encode = typeof encode;

/** What edits files here. */
interface Editor {
  readonly engine: PdfEngine;
  /** Of this machine, to embed; looked for when the first text needs one. */
  readonly fonts: () => Promise<FontFor>;
}

function worker(engine: PdfEngine, encode: Encode): (message: JobMessage) => Promise<Jobs[keyof Jobs]["result"]> {
  let fonts: Promise<FontFor> | null = null;
  const editor: Editor = { engine, fonts: () => (fonts ??= import("./host-fonts.ts").then(({ hostFonts }) => hostFonts())) };
  /** One job at a time: what is drawn has been encoded when the next page comes. */
  const paper = new Uint8Array(PAPER_BYTES);
  const documents = new Map<string, Opened>();
  const recent: string[] = [];

  function openDocument(source: RenderSource): PdfDocument {
    const key = documentKey(source);
    const known = documents.get(key);
    const opened = known ?? openFile(engine, source);
    documents.set(key, opened);
    const oldest = touch(recent, key);
    if (oldest !== undefined) closeFile(oldest);
    return opened.document;
  }

  function closeFile(key: string): void {
    const opened = documents.get(key);
    documents.delete(key);
    opened?.document.close();
    opened?.file.close();
  }

  return async (message) => {
    if (message.source === null) return check(engine, encode);
    if (message.kind === "convert") return convert(message.source, message.options);
    if (message.kind === "inspect") return inspect(engine, message.source, message.options);
    const document = openDocument(message.source);
    switch (message.kind) {
      case "probe":
        return { pageCount: document.pageCount, encrypted: document.encrypted };
      case "prepare":
        return prepare(document, message.source, { ...message.options, tell: (progress) => send({ id: message.id, progress }) });
      case "image":
        return image({ ...editor, encode, paper }, document, message.source, message.options);
      case "text":
        requirePage(document, message.options.page);
        return JSON.stringify(document.text(message.options.page));
      case "export":
        await writeFile(
          message.options.target,
          finished(engine, message.source, message.options, await edited(editor, message.source, message.options.changes, message.options)),
          {
            mode: 0o600,
          },
        );
        return null;
      case "redact":
        return redact(editor, message.source, message.options);
      case "check":
        return check(engine, encode);
    }
  };
}

/** The converters are loaded when the first file needs one. */
async function convert(
  source: RenderSource,
  { kind, mediaType, target, sheet = null, beside = [] }: Jobs["convert"]["options"],
): Promise<Converted> {
  if (kind === "image") {
    const { imagesToPdf } = await import("../convert/images.ts");
    await writeFile(target, await imagesToPdf(source.path, mediaType, sheet), { mode: 0o600 });
    return { warnings: [] };
  }
  const { writtenToPdf } = await import("../convert/written.ts");
  const { bytes, warnings } = await writtenToPdf(source.path, kind, { sheet, beside });
  await writeFile(target, bytes, { mode: 0o600 });
  return { warnings };
}

async function inspect(engine: PdfEngine, source: RenderSource, wanted: Inspection): Promise<string> {
  const file = fileReader(source.path);
  try {
    const found = inspectFile(engine, file, source.password);
    if (wanted.what === "fonts") return JSON.stringify(found.fonts());
    if (wanted.what === "contentGroups") return JSON.stringify(found.contentGroups());
    if (wanted.what === "embeddedFiles") {
      return JSON.stringify(found.embeddedFiles({ codec, sha256: hexOf }));
    }
    const { signatureReports } = await import("../signatures/report.ts");
    const { trusted, now } = wanted;
    return JSON.stringify(signatureReports({ trusted, now, fields: found.signatureFields(), file }));
  } finally {
    file.close();
  }
}

function hexOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function openFile(engine: PdfEngine, source: RenderSource): Opened {
  const file = fileReader(source.path);
  try {
    return { file, document: engine.open(file, passwordOf(source)) };
  } catch (error) {
    file.close();
    throw error;
  }
}

function requirePage(document: PdfDocument, index: number): void {
  if (index >= document.pageCount) throw new ApiError("not_found", `There is no page ${index}: the document has ${document.pageCount}`);
}

async function image(
  { encode, paper, ...editor }: Editor & { readonly encode: Encode; readonly paper: Uint8Array },
  opened: PdfDocument,
  source: RenderSource,
  options: Jobs["image"]["options"],
): Promise<Uint8Array> {
  const { format, annotations, height, encoding = "fast", rotation = 0, others, tile } = options;
  requirePage(opened, options.page);
  // A composition has this page alone.
  const page = others === undefined ? options.page : 0;
  const document = (await changedForImage(editor, source, options)) ?? opened;
  try {
    const width = options.width ?? widthFor(document, page, height!, rotation);
    const rect = tile === undefined ? {} : { rect: tileRect(document, page, { width, rotation, tile }) };
    const bitmap = document.render(page, { width, annotations, rotation, ...rect }, paper);
    return await encode(bitmap, { format, encoding, ...(height === undefined ? {} : { height: Math.max(1, Math.round(height)) }) });
  } finally {
    if (document !== opened) document.close();
  }
}

/** Null: nothing is changed. */
async function changedForImage(
  editor: Editor,
  source: RenderSource,
  { changes, others, contentGroups: shown }: Jobs["image"]["options"],
): Promise<PdfDocument | null> {
  const { engine } = editor;
  const password = others === undefined ? source.password : undefined;
  const opening = password === undefined ? {} : { password };
  const bytes =
    changes === undefined
      ? null
      : await edited(editor, source, changes, { annotations: true, flatten: false, ...(others === undefined ? {} : { others }) });
  if (shown === undefined) return bytes === null ? null : engine.open(bytes, opening);
  if (bytes !== null) return engine.open(withContentGroups(engine, bytes, { shown, ...opening }));
  const file = fileReader(source.path);
  try {
    return engine.open(withContentGroups(engine, file, { shown, ...opening }));
  } finally {
    file.close();
  }
}

async function redact(
  { engine, fonts }: Editor,
  source: RenderSource,
  { target, pages }: Jobs["redact"]["options"],
): Promise<readonly number[]> {
  const images: number[] = [];
  const file = fileReader(source.path);
  const overlay = pages.flatMap(({ marks }) => marks.map(({ overlayText }) => overlayText ?? "")).join("");
  try {
    const id = createHash("sha256")
      .update(JSON.stringify([source.sha256, pages]))
      .digest("hex")
      .slice(0, 32)
      .toUpperCase();
    const bytes = redactFile(engine, file, {
      pages,
      codec,
      id,
      ...(BEYOND_LATIN.test(overlay) ? { fontFor: await fonts() } : {}),
      ...passwordOf(source),
      onImage: (index) => void images.push(index),
    });
    await writeFile(target, bytes, { mode: 0o600 });
  } finally {
    file.close();
  }
  return images;
}

/** Images of watermarks come as files. */
async function withPixels(watermarks: NonNullable<ChangesFile["composition"]>["watermarks"]): Promise<Composition["watermarks"]> {
  return Promise.all(
    watermarks.map(async ({ watermark, pages }) => {
      const { content, ...place } = watermark;
      if (content.kind !== "file") return { watermark: { ...place, content }, pages };
      const { default: sharp } = await import("sharp");
      const read = sharp(content.path, { limitInputPixels: MAX_PIXELS }).rotate().ensureAlpha().toColourspace("srgb").raw();
      const { data, info } = await read.toBuffer({ resolveWithObject: true }).catch((error: unknown) => {
        throw new ApiError("unprocessable", "The image of the watermark cannot be read", { cause: error });
      });
      return {
        watermark: { ...place, content: { kind: "image" as const, width: info.width, height: info.height, data: data.toString("base64") } },
        pages,
      };
    }),
  );
}

/** The module that reads pictures is loaded when there is one. */
async function picturesOf(files: NonNullable<ChangesFile["images"]>): Promise<(blob: string) => PdfImage | null> {
  const found = new Map<string, PdfImage | null>();
  if (Object.keys(files).length > 0) {
    const { readPicture } = await import("./picture.ts");
    for (const [blob, path] of Object.entries(files)) found.set(blob, await readPicture(path, MAX_PIXELS));
  }
  return (blob) => found.get(blob) ?? null;
}

const BEYOND_LATIN = /[\u0100-\uffff]/;

/** The source with a layer's changes in it. */
async function edited(
  { engine, fonts: hostFonts }: Editor,
  source: RenderSource,
  changesPath: string,
  {
    annotations,
    comments = true,
    flatten,
    others = [],
    encryption = null,
    securityOf = null,
  }: {
    readonly annotations: boolean;
    readonly comments?: boolean;
    readonly flatten: boolean;
    readonly others?: readonly RenderSource[];
    readonly encryption?: Encryption | null;
    readonly securityOf?: RenderSource | null;
  },
): Promise<Uint8Array> {
  const text = await readFile(changesPath, "utf8");
  const { changes, modifiedAt, composition, names, flattenOnly, images = {}, embedded = {} } = JSON.parse(text) as ChangesFile;
  const imageOf = await picturesOf(images);
  const inFile: FileBytes = {
    codec,
    sha256: hexOf,
    bytesOf: (blob) => (embedded[blob] === undefined ? null : readFileSync(embedded[blob])),
  };
  // Texts of the file itself are drawn anew only to become content, or with a form that had no looks.
  const drawsFields = changes.some(({ base, current }) => ["field", "widget", "value"].includes((current ?? base)?.kind ?? ""));
  const fonts = flatten || drawsFields || BEYOND_LATIN.test(text) ? { fontFor: await hostFonts() } : {};
  if (composition !== undefined) {
    const sources = [source, ...others];
    const security = securityOf === null ? null : fileReader(securityOf.path);
    const readers = sources.map(({ path }) => fileReader(path));
    try {
      const files = readers.map((reader, index) => ({ source: reader, ...passwordOf(sources[index]!) }));
      const watermarks = await withPixels(composition.watermarks);
      const kept = security === null ? null : { source: security, ...passwordOf(securityOf!) };
      const whole = { ...composition, watermarks, files, encryption, securityOf: kept };
      return composeDocument(engine, whole, changes, {
        annotations,
        comments,
        flatten,
        codec,
        imageOf,
        files: inFile,
        ...fonts,
        ...(flattenOnly === undefined ? {} : { flattenOnly }),
        ...(modifiedAt === null ? {} : { modifiedAt }),
      });
    } finally {
      for (const reader of readers) reader.close();
      security?.close();
    }
  }
  const file = fileReader(source.path);
  try {
    return exportDocument(engine, file, changes, {
      annotations,
      comments,
      flatten,
      codec,
      imageOf,
      files: inFile,
      ...fonts,
      ...passwordOf(source),
      ...(names === undefined ? {} : { names }),
      ...(flattenOnly === undefined ? {} : { flattenOnly }),
      ...(modifiedAt === null ? {} : { modifiedAt }),
    });
  } finally {
    file.close();
  }
}

/** With the security that the file has by then, whosever it is. */
function finished(
  engine: PdfEngine,
  source: RenderSource,
  { finish = null, encryption, securityOf }: Jobs["export"]["options"],
  bytes: Uint8Array,
): Uint8Array {
  if (finish === null) return bytes;
  const passwords = [securityOf?.password, source.password, encryption?.userPassword].filter((password) => password !== undefined);
  return finishFile(engine, bytes, finish, passwords);
}

function passwordOf({ password }: RenderSource): { readonly password?: string } {
  return password === undefined ? {} : { password };
}

/** What of the tile lies on the page, in pixels. */
function tileRect(
  document: PdfDocument,
  index: number,
  { width, rotation, tile: [column, row] }: { readonly width: number; readonly rotation: number; readonly tile: readonly [number, number] },
): [number, number, number, number] {
  const page = document.page(index);
  const turned = (page.rotation + rotation) % 180 !== 0;
  const height = Math.max(1, Math.round(width * (turned ? page.width / page.height : page.height / page.width)));
  const [left, top] = [column * TILE_PIXELS, row * TILE_PIXELS];
  if (left >= width || top >= height) throw new ApiError("not_found", "The page ends before this tile");
  return [left, top, Math.min(TILE_PIXELS, width - left), Math.min(TILE_PIXELS, height - top)];
}

/** Of the page as shown. */
function widthFor(document: PdfDocument, index: number, height: number, rotation: number): number {
  const page = document.page(index);
  const turned = (page.rotation + rotation) % 180 !== 0;
  return Math.max(1, Math.round(height * (turned ? page.height / page.width : page.width / page.height)));
}

/** Lines are gathered to pieces of this size, so that a large file is neither held in memory nor written line by line. */
const WRITE_CHARACTERS = 1_000_000;

/** How often the progress of a job is told. */
const STEPS = 50;

async function prepare(
  document: PdfDocument,
  source: RenderSource,
  options: Jobs["prepare"]["options"] & { readonly tell: (pages: PagesRead) => void },
): Promise<PrepareSummary> {
  const step = Math.ceil(document.pageCount / STEPS);
  const tell = (done: number): void => options.tell({ done, total: document.pageCount });
  tell(0);
  const pictures = new Map<string, string>();
  const keepBytes = (bytes: Uint8Array, blob: string, mediaType: string): { readonly blob: string; readonly mediaType: string } => {
    if (!pictures.has(blob)) writeFileSync(picturePath(options.target, blob), bytes, { mode: 0o600 });
    pictures.set(blob, mediaType);
    return { blob, mediaType };
  };
  const keepPicture: KeepPicture = {
    codec,
    drawn(picture) {
      const bytes = pngFile(picture, codec);
      return keepBytes(bytes, hexOf(bytes), "image/png");
    },
    file(bytes, blob) {
      const mediaType = pictureType(bytes);
      return mediaType === null || hexOf(bytes) !== blob ? null : keepBytes(bytes, blob, mediaType);
    },
  };
  const files = new Set<string>();
  const keepFile = (bytes: Uint8Array): string => {
    const blob = createHash("sha256").update(bytes).digest("hex");
    if (!files.has(blob)) writeFileSync(embeddedPath(options.target, blob), bytes, { mode: 0o600 });
    files.add(blob);
    return blob;
  };
  const { manifest, records, warnings } = importRecords(document, {
    revision: options.revision,
    sourceSha256: source.sha256,
    sha256: (bytes) => createHash("sha256").update(bytes).digest(),
    onPage: (index) => {
      if ((index + 1) % step === 0) tell(index + 1);
    },
    ...(options.pictures ? { keepPicture } : {}),
    ...(options.files ? { keepFile: { codec, maxBytes: MAX_EMBEDDED, keep: keepFile } } : {}),
  });
  let recordCount = 0;
  const file = await open(options.target, "w", 0o600);
  try {
    let lines = `${JSON.stringify({ manifest: storedManifest(manifest) })}\n`;
    for (const page of records) {
      recordCount += page.records.length;
      lines += `${JSON.stringify({ page: page.pageIndex, records: page.records })}\n`;
      if (lines.length < WRITE_CHARACTERS) continue;
      await file.write(lines);
      lines = "";
    }
    await file.write(lines);
  } finally {
    await file.close();
  }
  const title = manifest.metadata.title?.replace(/\p{Cc}/gu, "").trim() ?? "";
  return {
    pageCount: document.pageCount,
    encrypted: document.encrypted,
    recordCount,
    title: title === "" ? null : title.slice(0, 1024),
    warnings,
    pictures: Array.from(pictures, ([sha256, mediaType]) => ({ sha256, mediaType })),
    files: [...files],
  };
}

/** A page of 10 × 10 points whose lower half is black. */
function knownPdf(): Uint8Array {
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] /Contents 4 0 R >>",
    "<< /Length 16 >>\nstream\n0 g 0 0 10 5 re f\nendstream",
  ];
  let text = "%PDF-1.4\n";
  const offsets = objects.map((body, index) => {
    const offset = text.length;
    text += `${index + 1} 0 obj\n${body}\nendobj\n`;
    return `${String(offset).padStart(10, "0")} 00000 n \n`;
  });
  const table = text.length;
  text += `xref\n0 5\n0000000000 65535 f \n${offsets.join("")}trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`;
  return new TextEncoder().encode(text);
}

async function check(engine: PdfEngine, encode: Encode): Promise<null> {
  const document = engine.open(knownPdf());
  try {
    const bitmap = document.render(0, { width: 10 });
    const [top, bottom] = [bitmap.data[(2 * 10 + 5) * 4], bitmap.data[(8 * 10 + 5) * 4]];
    if (top !== 255 || bottom !== 0) throw new Error("the known page was drawn wrongly");
    await encode(bitmap, { format: "webp", encoding: "fast" });
    return null;
  } finally {
    document.close();
  }
}

await main();
