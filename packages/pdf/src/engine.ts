/**
 * PORT: what the product needs of a PDF engine. One implementation (`pdfium/`); a conformance suite runs over any.
 * All calls are synchronous: an engine lives in a child process or a worker, and the caller talks to that.
 * Coordinates: points of the page, y down from the top-left of its crop box, before any rotation.
 */
import type { EmbeddedBytes } from "./inspect/embedded-files.ts";
import type { Codec, Inflater } from "./objects/filters.ts";
import type { Action, Highlight, LineCaps, OutlineItem, Rect, Rotation } from "@lectern/protocol";
import type { FieldType, FileField } from "./forms/read-form.ts";
import type { Measurement } from "./measure.ts";

export interface PdfEngine {
  /**
   * Opens a file. Bytes are read on demand when a reader is given.
   * Throws PdfError `password_required`, `wrong_password`, `not_a_pdf`, `damaged`, `unsupported_security`.
   */
  open(source: Uint8Array | RangeReader, options?: { readonly password?: string }): PdfDocument;
  /** A new document without pages. */
  create(): PdfDocument;
  /** A PNG file. The same pixels give the same bytes. Throws PdfError `failed`. */
  png(picture: Bitmap): Uint8Array;
  /** Of the engine itself, for where the platform has no zlib that answers at once. */
  readonly codec: Inflater;
  /** It has trapped or run out of memory (`out_of_memory`): from now on every call throws PdfError `failed`, and its process should end. */
  readonly broken: boolean;
  close(): void;
}

/** Synchronous reads of a file that need not be in memory. */
export interface RangeReader {
  readonly size: number;
  /** Fills `target` from `offset`; false when that cannot be done. */
  read(offset: number, target: Uint8Array): boolean;
}

export type PdfErrorCode =
  | "password_required"
  | "wrong_password"
  | "not_a_pdf"
  | "damaged"
  | "unsupported_security"
  | "too_large"
  | "out_of_memory"
  | "failed";

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
  readonly boxes: {
    readonly media: PdfBox;
    readonly crop: PdfBox | null;
    readonly bleed: PdfBox | null;
    readonly trim: PdfBox | null;
    readonly art: PdfBox | null;
  };
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
  /**
   * `"none"` (default): page content only. `"others"`: with form fields and the annotations that import (with `keepPicture`) does not turn into
   * records, so that an image and the records drawn over it never both show one. `"all"`: everything in the file.
   */
  readonly annotations?: "none" | "others" | "all";
  /** Clockwise, on top of the page's own rotation. */
  readonly rotation?: Rotation;
}

/** Text of a page in reading order. Positions in points of the page, before rotation. */
export interface TextRun {
  readonly text: string;
  /** `[left, top, width, height]` of the run. */
  readonly bbox: Rect;
  /**
   * Where each UTF-16 code unit of `text` begins, then where the last ends: positions along the line, `x·cos(angle) + y·sin(angle)`,
   * thus x for ordinary text. They grow, except in text from right to left, where they fall.
   */
  readonly edges: readonly number[];
  readonly fontSize: number;
  /** Degrees clockwise of the line's direction: 0, 90, 180, 270 or any. */
  readonly angle: number;
  /** Ends a line: a space or line break follows. */
  readonly lineEnd: boolean;
}

export interface PageText {
  readonly runs: readonly TextRun[];
  /** What the whole document is written in, when it says so: a BCP 47 tag. */
  readonly language?: string;
  /** Of tagged files: what stands on the page, in the order in which it is to be read. */
  readonly structure?: readonly StructureElement[];
}

/** Part of a run: its index, and the UTF-16 code units of it. */
export type TextPart = readonly [run: number, from: number, to: number];

/** An element of the file's structure tree (ISO 32000-1, 14.7), as far as it is on this page. */
export interface StructureElement {
  /** A standard type where the file has a role map to one: `H1`, `P`, `L`, `LI`, `Table`, `TH`, `Figure`, … */
  readonly type: string;
  /** /Alt: says what a picture shows. */
  readonly alt?: string;
  /** /ActualText: is to be read instead of what is in it. */
  readonly actualText?: string;
  /** A BCP 47 tag. */
  readonly language?: string;
  /** Of table headers. */
  readonly scope?: "row" | "column" | "both";
  readonly columnSpan?: number;
  readonly rowSpan?: number;
  /** Where it says that it is. */
  readonly bbox?: Rect;
  readonly children: readonly (StructureElement | TextPart)[];
}

/** An annotation as the file has it, in the coordinates of its page. */
export interface FileAnnotation {
  /** PDF subtype, e.g. `Highlight`. */
  readonly subtype: string;
  /** 0 when it is no indirect object. */
  readonly objectNumber: number;
  /** Place in the page's list. */
  readonly ordinal: number;
  /** /NM */
  readonly name: string | null;
  readonly rect: Rect;
  /** /F */
  readonly flags: number;
  /** It has /IRT. */
  readonly isReply: boolean;
  /** Object number of the annotation that it hangs on: /IRT of a reply, /Parent of a popup; 0 when there is none. */
  readonly hangsOn: number;
  /** /RT: a reply to the other, or a part of a group with it. */
  readonly replyType: "reply" | "group";
  /** /State, of a reply that says one. */
  readonly state: string | null;
  readonly author: string | null;
  readonly contents: string;
  /** /RC: the same with mark-up. */
  readonly richText: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number | null;
  readonly modifiedAt: number | null;
  /** `#rrggbb` */
  readonly color: string | null;
  readonly interiorColor: string | null;
  /** 0…1 */
  readonly opacity: number;
  readonly blendMode: BlendMode | null;
  /** `isGiven`: the file says so itself; otherwise it is the default, 1 point solid. */
  readonly border: { readonly width: number; readonly style: BorderStyle; readonly dash: readonly number[]; readonly isGiven: boolean };
  readonly cloudIntensity: number | null;
  /** /RD as left, top, right, bottom. */
  readonly inset: readonly [number, number, number, number] | null;
  /** Boxes around the /QuadPoints. */
  readonly quads: readonly Rect[];
  /** /InkList, each flat: x0, y0, x1, y1, … */
  readonly strokes: readonly (readonly number[])[];
  /** Points of a line, polyline or polygon. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** /LE, of the start and the end. */
  readonly lineEndings: readonly [start: LineCap | null, end: LineCap | null];
  /** Of a redaction: /OverlayText, /Repeat, and the outline's colour /OC. */
  readonly overlay: {
    readonly text: string | null;
    readonly repeat: boolean;
    readonly outline: string | null;
    readonly textColor: string | null;
  } | null;
  /** The scale of its /Measure. */
  readonly measurement: Measurement | null;
  /** What our own export has kept of the record. */
  readonly privateData: string | null;
  /** It has an appearance of its own. */
  readonly hasAppearance: boolean;
  /** /Name of a note's icon or of a stamp. */
  readonly icon: string | null;
  readonly freeText: FileFreeText | null;
  /** Of links; pages by index. */
  readonly action: Action | null;
  /** Of form widgets that say it themselves; others have a field above them that does, see `form`. */
  readonly fieldType: FieldType | null;
}

export interface FileFreeText {
  readonly font: string | null;
  readonly fontSize: number | null;
  readonly fontStyle: readonly ("bold" | "italic")[];
  readonly fontColor: string | null;
  /** The stroke colour of /DA, which the border has. */
  readonly strokeColor: string | null;
  readonly horizontalAlign: "left" | "center" | "right";
  /** /Rotate: degrees counterclockwise. */
  readonly rotation: number;
  /** /CL: start, (knee,) end. */
  readonly callout: readonly (readonly [x: number, y: number])[];
}

export type LineCap = NonNullable<LineCaps["start"]>;
export type BlendMode = NonNullable<Highlight["appearance"]["blendMode"]>;
export type BorderStyle = "solid" | "dashed" | "beveled" | "inset" | "underline";

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
  /** What our own export has said of the bookmarks among them, see bookmarks.ts; empty for nothing. */
  readonly bookmarkList: string;
  /**
   * Pixels: at most `maxPixels` of the engine's options, else PdfError `too_large`. They are written into `into` when that is long enough:
   * whoever draws one page after the other gives the same memory again, as getting new memory takes longer than the copy.
   */
  render(index: number, options: RenderOptions, into?: Uint8Array): Bitmap;
  text(index: number): PageText;
  /** All annotations of a page, form widgets included, in drawing order; broken ones are left out. */
  annotations(index: number): FileAnnotation[];
  /** One annotation as the file draws it, on nothing and not turned with its page; null when it has no appearance. */
  appearance(index: number, annotation: Pick<FileAnnotation, "ordinal" | "rect">): Bitmap | null;
  /** The file of a picture that our own export kept with an image, as long as its appearance shows that picture and nothing else; null: there is none. */
  pictureFile(annotation: Pick<FileAnnotation, "objectNumber">, blob: string, codec: Inflater): Uint8Array | null;
  /** The interactive form; empty when there is none. It takes a save of the whole: ask once, and only when there are widgets or `hasForm`. */
  form(): FileField[];
  readonly hasForm: boolean;
  /** There are files in the file's list of them. */
  readonly hasFiles: boolean;
  /**
   * Those of the list, those of the file as a whole, and those of these annotations (object numbers), one after the other as they are asked for. It
   * takes a save of the whole, as `form`.
   */
  files(codec: Codec, annotations: readonly number[]): Iterable<EmbeddedBytes>;
  /** Full save (never incremental). */
  save(): Uint8Array;
  close(): void;
}
