/** What a picture is by its first bytes: the kinds that every browser shows. What its sender calls it does not count. */

/** So many bytes tell. */
export const PICTURE_HEAD = 16;

const SIGNATURES: readonly (readonly [offset: number, text: string, mediaType: string])[] = [
  [0, "\x89PNG\r\n\x1a\n", "image/png"],
  [0, "\xff\xd8\xff", "image/jpeg"],
  [0, "GIF8", "image/gif"],
  [8, "WEBP", "image/webp"],
];

/** Null: it is none of these. */
export function pictureType(bytes: Uint8Array): string | null {
  const text = String.fromCharCode(...bytes.subarray(0, PICTURE_HEAD));
  return SIGNATURES.find(([offset, signature]) => text.startsWith(signature, offset))?.[2] ?? null;
}
