/** The engine in a Node process. It is synchronous and may trap: give it a process of its own. */
import { readFile } from "node:fs/promises";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, deflateSync, inflateRawSync, inflateSync } from "node:zlib";
import type { PdfEngine, RangeReader } from "../engine.ts";
import type { Codec } from "../objects/filters.ts";
import { openPdfium, type PdfiumOptions } from "../pdfium/engine.ts";
import { installedFonts } from "./installed-fonts.ts";

export { fontFiles, fontNames } from "./installed-fonts.ts";

/** Loads PDFium from the installed package. Text in fonts that no file holds gets those that are installed on this machine. */
export async function openPdfiumNode(options: Omit<PdfiumOptions, "wasm"> = {}): Promise<PdfEngine> {
  const path = createRequire(import.meta.url).resolve("@embedpdf/pdfium/pdfium.wasm");
  return openPdfium({ findFont: installedFonts(), ...options, wasm: await readFile(path) });
}

export interface FileReader extends RangeReader {
  close(): void;
}

/** Reads a file piece by piece. It must not change, and stays open until `close`. */
export function fileReader(path: string): FileReader {
  const file = openSync(path, "r");
  return {
    size: fstatSync(file).size,
    read(offset, target) {
      let done = 0;
      while (done < target.length) {
        const read = readSync(file, target, done, target.length - done, offset + done);
        if (read === 0) return false;
        done += read;
      }
      return true;
    },
    close: () => closeSync(file),
  };
}

/** What one stream of a file may become. */
const MAX_INFLATED = 256 * 1024 * 1024;

/** zlib of Node. A stream that is cut short gives what can be had of it. */
export const nodeCodec: Codec = inflatingCodec(MAX_INFLATED);

/** The same for streams that become at most so many bytes, 256 MiB at most. */
export function inflatingCodec(maxInflated: number): Codec {
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: Math.min(maxInflated, MAX_INFLATED) };
  return {
    inflate(bytes) {
      try {
        return inflateSync(bytes, options);
      } catch (error) {
        // A wrong checksum or header: the data may be sound.
        if (bytes.length < 3 || (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw error;
        return inflateRawSync(bytes.subarray(2), options);
      }
    },
    deflate: (bytes) => deflateSync(bytes, { level: 6 }),
  };
}
