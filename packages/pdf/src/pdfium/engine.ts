/**
 * PdfEngine over PDFium as WebAssembly. An instance that trapped, aborted or ran out of memory is broken for good:
 * from then on every call throws PdfError `failed`, and whoever owns the process throws it away.
 */
import { init } from "@embedpdf/pdfium";
import { type Bitmap, type PdfDocument, type PdfEngine, PdfError, type PdfErrorCode, type RangeReader } from "../engine.ts";
import type { Inflater } from "../objects/filters.ts";
import { nameOf } from "../objects/values.ts";
import { PdfiumDocument } from "./document.ts";
import { withFastText } from "./fast-text.ts";
import { FileTable, type OpenFile } from "./files.ts";
import { withMaxMemory } from "./max-memory.ts";
import { type PdfiumRuntime, type Pointer, utf8, Wasm, WasmMemoryError } from "./memory.ts";
import { Canvas } from "./render.ts";
import { type FindFont, useSystemFonts } from "./system-fonts.ts";
import { Characters } from "../text.ts";
import { unpackStream } from "./unpack.ts";

export interface PdfiumOptions {
  /** The bytes of `pdfium.wasm`. */
  readonly wasm: Uint8Array | ArrayBuffer;
  /** Bytes that the instance may grow to, at least its first 18.6 million; default what it was built for, 2 GB. */
  readonly maxMemory?: number;
  /** Most pixels of one rendered image; default 60 million. */
  readonly maxPixels?: number;
  /** Pages that a file may have, at most and by default 100,000. */
  readonly maxPages?: number;
  /** Fonts for text whose font is not in the file, of scripts that PDFium has none for. */
  readonly findFont?: FindFont;
  /** What PDFium says about a failure, for a log. */
  readonly onMessage?: (message: string) => void;
}

const MAX_PIXELS = 60_000_000;
/** Of zlib. */
const PNG_LEVEL = 6;
/** A file of one kilobyte may claim a million. */
const MAX_PAGES = 100_000;
/** Positions in a file are signed 32-bit numbers inside of PDFium. */
const MAX_FILE_BYTES = 0x7fff_ffff;

export async function openPdfium(options: PdfiumOptions): Promise<PdfEngine> {
  const say = options.onMessage ?? (() => undefined);
  const fast = withFastText(new Uint8Array(options.wasm));
  const wasmBinary = options.maxMemory === undefined ? fast : withMaxMemory(fast, options.maxMemory);
  let refusals = 0;
  const sayError = (message: string): void => {
    if (MEMORY_REFUSED.test(message)) refusals++;
    say(message);
  };
  const overrides = { wasmBinary, print: say, printErr: sayError };
  const module = await init(overrides as unknown as Parameters<typeof init>[0]);
  const wasm = new Wasm(module.pdfium as unknown as PdfiumRuntime);
  wasm.fn.PDFiumExt_Init();
  if (options.findFont !== undefined) useSystemFonts(wasm, options.findFont);
  return new PdfiumEngine(wasm, {
    maxPixels: options.maxPixels ?? MAX_PIXELS,
    maxPages: Math.min(options.maxPages ?? MAX_PAGES, MAX_PAGES),
    say,
    refusals: () => refusals,
  });
}

/** What the glue of the module says when its memory cannot grow. */
const MEMORY_REFUSED = /^(Failed to grow the heap|Cannot enlarge memory)/;

export class PdfiumEngine implements PdfEngine {
  readonly wasm: Wasm;
  readonly canvas: Canvas;
  readonly characters = new Characters();
  readonly #files: FileTable;
  readonly #documents = new Set<PdfiumDocument>();
  /** How often the memory was not allowed to grow. */
  readonly #refusals: () => number;
  readonly #maxPages: number;
  #broken: unknown = null;
  #closed = false;

  constructor(
    wasm: Wasm,
    {
      maxPixels,
      maxPages,
      say,
      refusals,
    }: { readonly maxPixels: number; readonly maxPages: number; readonly say: (message: string) => void; readonly refusals: () => number },
  ) {
    this.wasm = wasm;
    this.#refusals = refusals;
    this.#maxPages = maxPages;
    this.canvas = new Canvas(wasm, maxPixels);
    this.#files = new FileTable(wasm, say);
  }

  open(source: Uint8Array | RangeReader, options: { readonly password?: string } = {}): PdfDocument {
    const size = source instanceof Uint8Array ? source.length : source.size;
    if (size > MAX_FILE_BYTES) throw new PdfError("too_large", "files of 2 GB and more cannot be opened");
    return this.guard(() => {
      const loaded = this.#load(source, options.password);
      const document = new PdfiumDocument(this, loaded);
      this.#documents.add(document);
      if (document.pageCount > 0 && document.pageCount <= this.#maxPages) return document;
      document.close();
      if (document.pageCount === 0) throw new PdfError("damaged", "the file has no pages");
      throw new PdfError("too_large", `the file has more than ${this.#maxPages} pages`);
    });
  }

  create(): PdfDocument {
    return this.guard(() => {
      const pointer = this.wasm.fn.FPDF_CreateNewDocument();
      if (pointer === 0) throw new PdfError("failed", "no document could be made");
      const document = new PdfiumDocument(this, { pointer, file: null, encrypted: false, password: "", reopen: null });
      this.#documents.add(document);
      return document;
    });
  }

  png({ width, height, data }: Bitmap): Uint8Array {
    const { wasm } = this;
    return this.guard(() =>
      wasm.frame((alloc) => {
        const pixels = alloc(data.length);
        wasm.bytes.set(data, pixels);
        const place = alloc(4);
        wasm.setI32(place, 0);
        const bytes = wasm.fn.EPDF_PNG_EncodeRGBA(pixels, width, height, width * 4, PNG_LEVEL, place);
        const file = wasm.i32(place) >>> 0;
        if (file === 0) throw new PdfError("failed", "the picture could not be written");
        const found = wasm.bytes.slice(file, file + bytes);
        wasm.free(file);
        return found;
      }),
    );
  }

  readonly codec: Inflater = {
    inflate: (bytes) => {
      const found = this.guard(() => unpackStream(this, new Map([["Filter", nameOf("FlateDecode")]]), bytes));
      if (found === null) throw new PdfError("damaged", "the stream cannot be unpacked");
      return found;
    },
  };

  /** Runs a piece of work inside of PDFium. What is not a PdfError means that the instance is broken. */
  guard<T>(work: () => T): T {
    if (this.#broken !== null) throw new PdfError("failed", "the engine has failed before and must be replaced", { cause: this.#broken });
    if (this.#closed) throw new PdfError("failed", "the engine is closed");
    const refused = this.#refusals();
    try {
      return work();
    } catch (error) {
      if (error instanceof PdfError) throw error;
      this.#broken = error;
      // The trap itself says nothing of its reason.
      if (error instanceof WasmMemoryError || this.#refusals() > refused)
        throw new PdfError("out_of_memory", "the file needs more memory than there is", { cause: error });
      throw new PdfError("failed", "the engine has failed", { cause: error });
    }
  }

  get broken(): boolean {
    return this.#broken !== null;
  }

  close(): void {
    if (this.#closed) return;
    for (const document of this.#documents) document.close();
    this.#closed = true;
    if (this.#broken !== null) return;
    this.canvas.close();
    this.#files.close();
    this.wasm.fn.FPDF_DestroyLibrary();
  }

  forget(document: PdfiumDocument): void {
    this.#documents.delete(document);
  }

  /**
   * A password that the file does not need is no error. `encrypted` says whether it needs one: a file with only an owner
   * password opens for everybody.
   */
  #load(source: Uint8Array | RangeReader, password: string | undefined): LoadedDocument {
    const file = this.#files.open(source);
    try {
      let pointer = password === undefined || password === "" ? 0 : this.loadAccess(file.access, password);
      let encrypted = false;
      if (pointer === 0) pointer = this.loadAccess(file.access, "");
      else if (this.wasm.fn.EPDF_IsEncrypted(pointer) !== 0) {
        const open = this.loadAccess(file.access, "");
        if (open === 0) encrypted = true;
        else this.wasm.fn.FPDF_CloseDocument(open);
      }
      if (pointer === 0) throw this.#openError(file, password);
      const used = password ?? "";
      return {
        pointer,
        file,
        encrypted,
        password: used,
        reopen: () => this.loadAccess(file.access, used) || this.loadAccess(file.access, ""),
      };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  loadAccess(access: Pointer, password: string): Pointer {
    return this.wasm.frame((alloc) => this.wasm.fn.FPDF_LoadCustomDocument(access, password === "" ? 0 : utf8(this.wasm, alloc, password)));
  }

  /** Opens bytes for the time of a drawing. */
  openFile(bytes: Uint8Array): OpenFile {
    return this.#files.open(bytes);
  }

  #openError(file: OpenFile, password: string | undefined): PdfError {
    const code = LOAD_ERRORS[this.wasm.fn.FPDF_GetLastError()] ?? "damaged";
    if (code === "password_required" && password !== undefined && password !== "")
      return new PdfError("wrong_password", "the password is wrong");
    if (code === "password_required") return new PdfError(code, "the file needs a password");
    if (code === "unsupported_security") return new PdfError(code, "the file is encrypted in a way that is not supported");
    const head = new Uint8Array(Math.min(1024, file.size));
    if (!file.read(0, head)) return new PdfError("damaged", "the file cannot be read");
    // A PDF says so within its first kilobyte.
    if (!String.fromCharCode(...head).includes("%PDF-")) return new PdfError("not_a_pdf", "the file is not a PDF");
    return new PdfError("damaged", "the file is damaged and cannot be opened");
  }
}

export interface LoadedDocument {
  readonly pointer: Pointer;
  readonly file: OpenFile | null;
  readonly encrypted: boolean;
  /** What it was opened with. */
  readonly password: string;
  /** Loads the same file once more; 0 when that fails. */
  readonly reopen: (() => Pointer) | null;
}

/** FPDF_ERR_*: 1 unknown, 2 file, 3 format, 4 password, 5 security, 6 page. */
const LOAD_ERRORS: Readonly<Record<number, PdfErrorCode>> = { 4: "password_required", 5: "unsupported_security" };
