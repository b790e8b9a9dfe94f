/** What one request or file may be, beside its size: settings of the service, see config.ts. */
export interface InputLimits {
  /** Bytes of a body of JSON. */
  readonly jsonBytes: number;
  /** Nested arrays and objects of it. */
  readonly jsonDepth: number;
  /** Pages of a document. */
  readonly pages: number;
  /** Bytes that what is packed in a file may become: an Office document in all, a stream of a PDF, the files in a PDF together. */
  readonly inflatedBytes: number;
  /** Pixels of one image that is drawn of a page. */
  readonly pixels: number;
}

/** Unless the configuration says otherwise. */
export const INPUT_LIMITS: InputLimits = {
  jsonBytes: 32_000_000,
  jsonDepth: 64,
  pages: 100_000,
  inflatedBytes: 1_000_000_000,
  pixels: 60_000_000,
};
