/** Pictures of a document that the page provides: those in its file, and those that people put on it. They live as long as the viewer. */
import { type FilePicture, sha256Hex } from "@lectern/pdf/browser";
import type { PdfImage } from "@lectern/pdf";
import { ApiError, pictureType } from "@lectern/protocol/plain";
import { pdfImage } from "./pdf-image.ts";

/** As the service takes them. */
const MOST_BYTES = 25_000_000;

interface Kept {
  readonly file: Blob;
  readonly url: string;
}

export class Pictures {
  readonly #kept = new Map<string, Kept>();

  constructor(inFile: readonly FilePicture[]) {
    for (const { blob, mediaType, bytes } of inFile) this.#keep(blob, new Blob([bytes as Uint8Array<ArrayBuffer>], { type: mediaType }));
  }

  has(blob: string): boolean {
    return this.#kept.has(blob);
  }

  url(blob: string): string | null {
    return this.#kept.get(blob)?.url ?? null;
  }

  /** Throws ApiError `too_large`, `unsupported_media_type`, `invalid_document`. */
  async add(file: Blob): Promise<{ readonly blob: string; readonly mediaType: string }> {
    if (file.size > MOST_BYTES) throw new ApiError("too_large", `A picture may have ${MOST_BYTES} bytes`);
    const bytes = new Uint8Array(await file.arrayBuffer());
    const mediaType = pictureType(bytes);
    if (mediaType === null) throw new ApiError("unsupported_media_type", "A picture must be a PNG, JPEG, GIF or WebP file");
    const picture = new Blob([bytes], { type: mediaType });
    const bitmap = await createImageBitmap(picture).catch((cause: unknown) => {
      throw new ApiError("invalid_document", "The picture cannot be read", { cause });
    });
    bitmap.close();
    const blob = sha256Hex(bytes);
    this.#keep(blob, picture);
    return { blob, mediaType };
  }

  /** The same of base64. */
  async addText(base64: string): Promise<{ readonly blob: string; readonly mediaType: string }> {
    let binary: string;
    try {
      binary = atob(base64);
    } catch (cause) {
      throw new ApiError("invalid_document", "The picture is not base64", { cause });
    }
    return this.add(new Blob([Uint8Array.from(binary, (character) => character.charCodeAt(0))]));
  }

  /** Those that are here, as a PDF file holds them. */
  async images(blobs: Iterable<string>): Promise<Map<string, PdfImage>> {
    const images = new Map<string, PdfImage>();
    for (const blob of new Set(blobs)) {
      const kept = this.#kept.get(blob);
      const image = kept === undefined ? null : await pdfImage(kept.file);
      if (image !== null) images.set(blob, image);
    }
    return images;
  }

  /** Those that are here, as text formats hold them. */
  async texts(blobs: Iterable<string>): Promise<Map<string, { readonly base64: string; readonly mediaType: string }>> {
    const texts = new Map<string, { readonly base64: string; readonly mediaType: string }>();
    for (const blob of new Set(blobs)) {
      const file = this.#kept.get(blob)?.file;
      if (file !== undefined) texts.set(blob, { base64: base64(new Uint8Array(await file.arrayBuffer())), mediaType: file.type });
    }
    return texts;
  }

  close(): void {
    for (const { url } of this.#kept.values()) URL.revokeObjectURL(url);
    this.#kept.clear();
  }

  #keep(blob: string, file: Blob): void {
    if (!this.#kept.has(blob)) this.#kept.set(blob, { file, url: URL.createObjectURL(file) });
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
