/** What a picture is by its first bytes: the kinds that every browser shows. What its sender calls it does not count. */
import { ApiError } from "@lectern/protocol/plain";

/** So many bytes tell. */
export const PICTURE_HEAD = 16;

const SIGNATURES: readonly (readonly [offset: number, text: string, mediaType: string])[] = [
  [0, "\x89PNG\r\n\x1a\n", "image/png"],
  [0, "\xff\xd8\xff", "image/jpeg"],
  [0, "GIF8", "image/gif"],
  [8, "WEBP", "image/webp"],
];

/** Null: it is none of these. */
export function knownPictureType(head: Uint8Array): string | null {
  const text = Buffer.from(head).toString("latin1");
  return SIGNATURES.find(([offset, signature]) => text.startsWith(signature, offset))?.[2] ?? null;
}

/** Throws ApiError `invalid_document` (empty) or `unsupported_media_type`. */
export function pictureType(head: Uint8Array): string {
  if (head.length === 0) throw new ApiError("invalid_document", "The picture is empty (0 bytes)");
  const found = knownPictureType(head);
  if (found === null) throw new ApiError("unsupported_media_type", "A picture must be a PNG, JPEG, GIF or WebP file");
  return found;
}
