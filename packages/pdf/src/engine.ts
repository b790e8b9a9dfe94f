/**
 * PORT: what the product needs of a PDF engine. One implementation (`pdfium/`); a conformance suite runs over any.
 * All calls are synchronous: an engine lives in a child process or a worker, and the caller talks to that.
 * Coordinates: points of the page, y down from the top-left of its crop box, before any rotation.
 */
import type { OutlineItem, Page, Rect, Rotation } from "@lectern/protocol";

export interface PdfEngine {
  /**
   * Opens a file. Bytes are read on demand when a reader is given.
   * Throws PdfError `password_required`, `wrong_password`, `not_a_pdf`, `damaged`, `unsupported_security`.
   */
  open(source: Uint8Array | RangeReader, options?: { readonly password?: string }): PdfDocument;
  /** A new document without pages. */
  create(): PdfDocument;
  close(): void;
}

/** Synchronous reads of a file that need not be in memory. */
export interface RangeReader {
  readonly size: number;
  /** Fills `target` from `offset`; false when that cannot be done. */
  read(offset: number, target: Uint8Array): boolean;
}

export type PdfErrorCode = "password_required" | "wrong_password" | "not_a_pdf" | "damaged" | "unsupported_security" | "too_large" | "failed";

export class PdfError extends Error {
  readonly code: PdfErrorCode;
  constructor(code: PdfErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PdfError";
    this.code = code;
  }
}

/** `[left, bottom, right, top]` in PDF user space. */
export type PdfBox = readonly [left: number, bottom: number, right: number, top: number];

export interface PageInfo {
  /** Points before rotation. */
  readonly width: number;
  readonly height: number;
  /** What the file's /Rotate says. */
  readonly rotation: Rotation;
  readonly label: string | null;
  readonly boxes: { readonly media: PdfBox; readonly crop: PdfBox | null; readonly bleed: PdfBox | null; readonly trim: PdfBox | null; readonly art: PdfBox | null };
}

/** Owner restrictions: true = allowed. */
export interface PdfPermissions {
  readonly annotationAndForms: boolean;
  readonly assemble: boolean;
  readonly extract: boolean;
  readonly extractAccessibility: boolean;
  readonly fillForms: boolean;
  readonly modification: boolean;
  readonly print: boolean;
  readonly printHighQuality: boolean;
}

export interface PdfMetadata {
  readonly title?: string;
  readonly author?: string;
  readonly subject?: string;
  readonly keywords?: string;
  readonly creator?: string;
  readonly producer?: string;
  /** ISO 8601. */
  readonly dateCreated?: string;
  readonly dateModified?: string;
}

/** RGBA, 8 bits a channel, not premultiplied, rows without padding. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface RenderOptions {
  /** Width of the whole page in pixels; the height follows. */
  readonly width: number;
  /** Only this part, in pixels of the whole page: `[left, top, width, height]`. */
  readonly rect?: readonly [number, number, number, number];
  /** Draw annotations and form widgets as they are in the file. Default false. */
  readonly annotations?: boolean;
  /** Clockwise, on top of the page's own rotation. */
  readonly rotation?: Rotation;
}

/** Text of a page in reading order. Positions in points of the page, before rotation. */
export interface TextRun {
  readonly text: string;
  /** `[left, top, width, height]` of the run. */
  readonly bbox: Rect;
  /** One per UTF-16 code unit of `text`: left edges, then the right edge of the last; along the line's direction. */
  readonly edges: readonly number[];
  readonly fontSize: number;
  /** Degrees clockwise of the line's direction: 0, 90, 180, 270 or any. */
  readonly angle: number;
  /** Ends a line: a space or line break follows. */
  readonly lineEnd: boolean;
}

export interface PageText {
  readonly runs: readonly TextRun[];
}

export interface PdfDocument {
  readonly pageCount: number;
  /** Bytes as opened needed a password. */
  readonly encrypted: boolean;
  readonly permissions: PdfPermissions;
  readonly metadata: PdfMetadata;
  readonly hasXfa: boolean;
  readonly signatureCount: number;
  page(index: number): PageInfo;
  /** Destinations name pages by index (`goTo` with `page: "<index>"`); import turns them into page ids. */
  outline(): OutlineItem[];
  /** Pixels: at most `maxPixels` of the engine's options, else PdfError `too_large`. */
  render(index: number, options: RenderOptions): Bitmap;
  text(index: number): PageText;
  /** Full save (never incremental). */
  save(): Uint8Array;
  close(): void;
}

export type { Page };
