/** The engine in a Node process. It is synchronous and may trap: give it a process of its own. */
import { readFile } from "node:fs/promises";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import type { PdfEngine, RangeReader } from "../engine.ts";
import { openPdfium, type PdfiumOptions } from "../pdfium/engine.ts";
import { installedFonts } from "./installed-fonts.ts";

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
