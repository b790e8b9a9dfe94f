/** What a file is, by its first bytes. The name and the declared type are not believed: they only make messages clearer. */
import { ApiError } from "@lectern/protocol/plain";

/** A PDF says so within so many bytes. */
export const SNIFF_BYTES = 1024;

const latin1 = (text: string): readonly number[] => Array.from(text, (character) => character.charCodeAt(0));
/** First bytes, where they stand, and what has them. */
const SIGNATURES: readonly (readonly [bytes: readonly number[], offset: number, name: string])[] = [
  [[0x89, 0x50, 0x4e, 0x47], 0, "a PNG image"],
  [[0xff, 0xd8, 0xff], 0, "a JPEG image"],
  [latin1("GIF8"), 0, "a GIF image"],
  [latin1("WEBP"), 8, "a WebP image"],
  [latin1("II*\0"), 0, "a TIFF image"],
  [latin1("MM\0*"), 0, "a TIFF image"],
  [latin1("BM"), 0, "a BMP image"],
  [latin1("ftypheic"), 4, "a HEIC image"],
  [latin1("PK\x03\x04"), 0, "a ZIP archive or an Office document"],
  [[0xd0, 0xcf, 0x11, 0xe0], 0, "an older Office document"],
  [latin1("{\\rtf"), 0, "an RTF document"],
  [latin1("%!PS"), 0, "a PostScript file"],
  [[0x1f, 0x8b], 0, "a gzip archive"],
  [latin1("Rar!"), 0, "a RAR archive"],
  [latin1("7z\xbc\xaf"), 0, "a 7-Zip archive"],
  [latin1("\x7fELF"), 0, "a program"],
  [latin1("MZ"), 0, "a program"],
];

const ACCEPTED = "This service accepts PDF files.";

/** Throws ApiError `invalid_document` or `unsupported_media_type` unless the file begins like a PDF. `head`: its first kilobyte, or all of it. */
export function requirePdf(head: Uint8Array, fileName: string | null): void {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, SNIFF_BYTES)).toString("latin1");
  if (text.includes("%PDF-")) return;
  if (head.length === 0) throw new ApiError("invalid_document", `The file is empty (0 bytes). ${ACCEPTED}`);
  const looks = SIGNATURES.find(([bytes, offset]) => bytes.every((byte, i) => head[offset + i] === byte))?.[2] ?? looksLikeText(text);
  if (looks !== null) throw new ApiError("unsupported_media_type", `The file${nameOf(fileName)} looks like ${looks}. ${ACCEPTED}`);
  throw new ApiError(
    "invalid_document",
    `The file${nameOf(fileName)} is not a PDF: it has no %PDF header in its first ${SNIFF_BYTES} bytes. ${ACCEPTED}`,
  );
}

function looksLikeText(text: string): string | null {
  const start = text
    .replace(/^\xef\xbb\xbf/, "")
    .trimStart()
    .slice(0, 200)
    .toLowerCase();
  if (/^(<!doctype html|<html|<head|<body)/.test(start)) return "an HTML page";
  if (start.startsWith("<svg") || (start.startsWith("<?xml") && text.includes("<svg"))) return "an SVG image";
  if (start.startsWith("<?xml")) return "an XML file";
  return head(text).every((code) => code >= 0x20 || code === 0x09 || code === 0x0a || code === 0x0d) ? "plain text" : null;
}

/** Bytes of the part that is looked at; other files have control characters early. */
function head(text: string): number[] {
  return Array.from(text.slice(0, 256), (character) => (character === "\x7f" ? 0 : character.charCodeAt(0)));
}

function nameOf(fileName: string | null): string {
  return fileName === null ? "" : ` ${JSON.stringify(fileName.slice(0, 100))}`;
}
