/**
 * What an uploaded file is, by its first bytes. Only where bytes cannot tell (text, Office archives) its name and declared type decide; and who
 * says that it sends a PDF is told when it is none.
 */
import { extname } from "node:path";
import { ApiError } from "@lectern/protocol/plain";

/** `pdf` is kept as it is; everything else is converted to it. */
export type FileKind = "pdf" | "image" | "html" | "markdown" | "text" | "email" | "office";

export interface UploadedKind {
  readonly kind: FileKind;
  readonly mediaType: string;
  /** With its dot: what the converter for Office documents is told. */
  readonly extension: string;
}

/** What the caller says of the file. */
export interface Declared {
  readonly fileName: string | null;
  /** Content type of the body or the part; null when it says nothing. */
  readonly mediaType: string | null;
}

/** A file shows what it is within so many bytes. */
export const SNIFF_BYTES = 1024;

export const ACCEPTED = "This service accepts PDF, Office documents, images, HTML, Markdown, plain text and e-mail (.eml).";

type Signature = readonly [bytes: readonly number[], offset: number, name: string, mediaType: string | null];
const latin1 = (text: string): readonly number[] => Array.from(text, (character) => character.charCodeAt(0));

const IMAGES: readonly Signature[] = [
  [[0x89, 0x50, 0x4e, 0x47], 0, "a PNG image", "image/png"],
  [[0xff, 0xd8, 0xff], 0, "a JPEG image", "image/jpeg"],
  [latin1("GIF8"), 0, "a GIF image", "image/gif"],
  [latin1("WEBP"), 8, "a WebP image", "image/webp"],
  [latin1("II*\0"), 0, "a TIFF image", "image/tiff"],
  [latin1("MM\0*"), 0, "a TIFF image", "image/tiff"],
  [latin1("BM"), 0, "a BMP image", "image/bmp"],
];
/** Of what is packed into HEIF containers (ISO/IEC 23008-12), told by any of the brands that a file says it is of; the last are of any. */
const HEIF: readonly (readonly [brands: RegExp, name: string, mediaType: string])[] = [
  [/^avi[fs]$/, "an AVIF image", "image/avif"],
  [/^he(ic|ix|im|is|vc|vx|vm|vs)$/, "a HEIC image", "image/heic"],
  [/^m[is]f1$/, "a HEIF image", "image/heif"],
];
const REFUSED: readonly Signature[] = [
  [latin1("%!PS"), 0, "a PostScript file", null],
  [[0x1f, 0x8b], 0, "a gzip archive", null],
  [latin1("Rar!"), 0, "a RAR archive", null],
  [latin1("7z\xbc\xaf"), 0, "a 7-Zip archive", null],
  [latin1("\x7fELF"), 0, "a program", null],
  [latin1("MZ"), 0, "a program", null],
];
const ZIP = latin1("PK\x03\x04");
const OLE = [0xd0, 0xcf, 0x11, 0xe0];

const OFFICE: Readonly<Record<string, string>> = {
  ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  ".odt": "application/vnd.oasis.opendocument.text",
  ".ods": "application/vnd.oasis.opendocument.spreadsheet",
  ".odp": "application/vnd.oasis.opendocument.presentation",
  ".doc": "application/msword",
  ".xls": "application/vnd.ms-excel",
  ".ppt": "application/vnd.ms-powerpoint",
  ".rtf": "application/rtf",
};

/**
 * Throws ApiError `invalid_document` (empty, noise, called a PDF but not one) or `unsupported_media_type`. `head`: the first kilobyte of the
 * file, or all of it.
 */
export function uploadedKind(head: Uint8Array, declared: Declared): UploadedKind {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, SNIFF_BYTES)).toString("latin1");
  if (text.includes("%PDF-")) return { kind: "pdf", mediaType: "application/pdf", extension: ".pdf" };
  const named = declared.fileName === null ? "" : ` ${JSON.stringify(declared.fileName.slice(0, 100))}`;
  if (head.length === 0) throw new ApiError("invalid_document", `The file${named} is empty (0 bytes). ${ACCEPTED}`);
  const looks = looksLike(head, text, declared);
  if (isCalledPdf(declared)) {
    if (looks !== null)
      throw new ApiError("unsupported_media_type", `The file${named} is sent as a PDF but looks like ${looks.name}. ${ACCEPTED}`);
    throw new ApiError(
      "invalid_document",
      `The file${named} is not a PDF: it has no %PDF header in its first ${SNIFF_BYTES} bytes. ${ACCEPTED}`,
    );
  }
  if (looks === null)
    throw new ApiError(
      "invalid_document",
      `The file${named} is not of a kind that is known here: it has no %PDF header either. ${ACCEPTED}`,
    );
  if (looks.kind === null) throw new ApiError("unsupported_media_type", `The file${named} looks like ${looks.name}. ${ACCEPTED}`);
  return looks.kind;
}

export function isImage(head: Uint8Array): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, SNIFF_BYTES)).toString("latin1");
  return looksLike(head, text, { fileName: null, mediaType: null })?.kind?.kind === "image";
}

interface Looks {
  readonly name: string;
  /** null: nothing that is converted. */
  readonly kind: UploadedKind | null;
}

function looksLike(head: Uint8Array, text: string, declared: Declared): Looks | null {
  const begins = (bytes: readonly number[], offset = 0): boolean => bytes.every((byte, i) => head[offset + i] === byte);
  for (const [bytes, offset, name, mediaType] of IMAGES)
    if (begins(bytes, offset)) return { name, kind: { kind: "image", mediaType: mediaType!, extension: `.${mediaType!.slice(6)}` } };
  const brands = brandsOf(head, text);
  for (const [known, name, mediaType] of HEIF)
    if (brands.some((brand) => known.test(brand))) return { name, kind: { kind: "image", mediaType, extension: `.${mediaType.slice(6)}` } };
  for (const [bytes, offset, name] of REFUSED) if (begins(bytes, offset)) return { name, kind: null };
  if (begins(ZIP)) return zipped(text, declared);
  if (begins(OLE)) return office("an older Office document", officeExtension(declared, [".doc", ".xls", ".ppt"]) ?? ".doc");
  if (text.startsWith("{\\rtf")) return office("an RTF document", ".rtf");
  return written(head, text, declared);
}

/** Of a file in boxes (ISO/IEC 14496-12): the first says what it is above all, then what else. */
function brandsOf(head: Uint8Array, text: string): string[] {
  if (text.slice(4, 8) !== "ftyp") return [];
  const length = Buffer.from(head.buffer, head.byteOffset, head.length).readUInt32BE(0);
  return [text.slice(8, 12), ...(text.slice(16, length).match(/[\s\S]{4}/g) ?? [])];
}

function office(name: string, extension: string): Looks {
  return { name, kind: { kind: "office", mediaType: OFFICE[extension]!, extension } };
}

/** OpenDocument says what it is in its first entry; of the others the name says it, and LibreOffice looks inside. */
function zipped(text: string, declared: Declared): Looks {
  for (const extension of [".odt", ".ods", ".odp"])
    if (text.includes(`mimetype${OFFICE[extension]!}`)) return office("an OpenDocument file", extension);
  const extension = officeExtension(declared, [".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp"]);
  if (extension !== null) return office("an Office document", extension);
  const inside = /\b(word|xl|ppt)\//.exec(text)?.[1];
  if (inside !== undefined) return office("an Office document", inside === "word" ? ".docx" : inside === "xl" ? ".xlsx" : ".pptx");
  if (text.includes("[Content_Types].xml")) return office("an Office document", ".docx");
  return { name: "a ZIP archive", kind: null };
}

function officeExtension({ fileName, mediaType }: Declared, possible: readonly string[]): string | null {
  const extension = extname(fileName ?? "").toLowerCase();
  const type = typeOf(mediaType);
  return possible.find((one) => one === extension) ?? possible.find((one) => OFFICE[one] === type) ?? null;
}

function isCalledPdf({ fileName, mediaType }: Declared): boolean {
  return typeOf(mediaType) === "application/pdf" || extname(fileName ?? "").toLowerCase() === ".pdf";
}

function typeOf(mediaType: string | null): string {
  return (mediaType ?? "").split(";")[0]!.trim().toLowerCase();
}

const HEADER_OF_MAIL = /^(return-path|received|delivered-to|message-id|mime-version|from|subject|date|to|x-[\w-]+):[ \t]/i;

function written(head: Uint8Array, text: string, declared: Declared): Looks | null {
  const utf16 = text.startsWith("\xff\xfe") || text.startsWith("\xfe\xff");
  const start = (utf16 ? text.replaceAll("\0", "").slice(2) : text.replace(/^\xef\xbb\xbf/, "")).trimStart();
  const lower = start.slice(0, 400).toLowerCase();
  const type = typeOf(declared.mediaType);
  const extension = extname(declared.fileName ?? "").toLowerCase();
  const kind = (name: string, kindOfFile: FileKind, mediaType: string, ending: string): Looks => ({
    name,
    kind: { kind: kindOfFile, mediaType, extension: ending },
  });
  if (lower.startsWith("<svg") || (/^<(\?xml|!--|!doctype svg)/.test(lower) && start.includes("<svg")))
    return kind("an SVG image", "image", "image/svg+xml", ".svg");
  if (/^(<!--[\s\S]*?-->\s*)*(<!doctype html|<html|<head|<body)/.test(lower)) return kind("an HTML page", "html", "text/html", ".html");
  if (!utf16 && !isText(head)) return null;
  if (type === "text/html" || extension === ".html" || extension === ".htm") return kind("an HTML page", "html", "text/html", ".html");
  if (lower.startsWith("<?xml")) return { name: "an XML file", kind: null };
  if (type === "message/rfc822" || extension === ".eml" || (type === "" && isMail(start)))
    return kind("an e-mail", "email", "message/rfc822", ".eml");
  if (type === "text/markdown" || extension === ".md" || extension === ".markdown")
    return kind("a Markdown text", "markdown", "text/markdown", ".md");
  return kind("plain text", "text", "text/plain", ".txt");
}

function isMail(start: string): boolean {
  const lines = start.split(/\r?\n/).slice(0, 3);
  return lines.length >= 2 && HEADER_OF_MAIL.test(lines[0]!) && lines.slice(1).every((line) => /^([\w-]+:|[ \t])/.test(line));
}

/** Other files have control characters early. */
function isText(head: Uint8Array): boolean {
  return head.subarray(0, SNIFF_BYTES).every((code) => (code >= 0x20 && code !== 0x7f) || (code >= 0x08 && code <= 0x0d) || code === 0x1b);
}
