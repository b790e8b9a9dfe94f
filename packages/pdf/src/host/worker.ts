/** Entry of the Web Worker that holds the engine; see `connectPdfWorker`. Files are read by ranges, synchronously. */
import { PdfError, type RangeReader } from "../engine.ts";
import { openPdfium } from "../pdfium/engine.ts";
import { type ServedPort, servePdf } from "./serve.ts";

servePdf(globalThis as unknown as ServedPort, { openEngine, readBlob });

async function openEngine(wasm: ArrayBuffer | string): ReturnType<typeof openPdfium> {
  if (typeof wasm !== "string") return openPdfium({ wasm });
  const response = await fetch(wasm);
  if (!response.ok) throw new PdfError("failed", `the engine could not be loaded: ${response.status}`);
  return openPdfium({ wasm: await response.arrayBuffer() });
}

function readBlob(blob: Blob): RangeReader {
  const reader = new FileReaderSync();
  return {
    size: blob.size,
    read(offset, target) {
      const bytes = new Uint8Array(reader.readAsArrayBuffer(blob.slice(offset, offset + target.length)));
      if (bytes.length !== target.length) return false;
      target.set(bytes);
      return true;
    },
  };
}
