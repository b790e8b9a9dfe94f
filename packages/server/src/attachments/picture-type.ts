/** Pictures are kept as what their first bytes say that they are. */
import { ApiError, pictureType as knownPictureType } from "@lectern/protocol/plain";

/** Throws ApiError `invalid_document` (empty) or `unsupported_media_type`. */
export function pictureType(head: Uint8Array): string {
  if (head.length === 0) throw new ApiError("invalid_document", "The picture is empty (0 bytes)");
  const found = knownPictureType(head);
  if (found === null) throw new ApiError("unsupported_media_type", "A picture must be a PNG, JPEG, GIF or WebP file");
  return found;
}
