/**
 * What a stream holds, by PDFium's own filters: no platform's zlib is needed, and browsers have none that answers at once. The stream is taken for a
 * file that is embedded in a document of its own.
 */
import { objectText, type PdfDict } from "../objects/values.ts";
import { pdfName, pdfRaw, pdfWriter } from "../pdf-writer.ts";
import type { PdfiumEngine } from "./engine.ts";

/** `entries`: Filter and DecodeParms, without references. Null for what it cannot unpack. */
export function unpackStream(engine: PdfiumEngine, entries: PdfDict, data: Uint8Array): Uint8Array | null {
  const { wasm } = engine;
  const writer = pdfWriter();
  const pages = writer.add({ Type: pdfName("Pages"), Kids: [], Count: 0 });
  const filters = Object.fromEntries([...entries].map(([key, value]) => [key, pdfRaw(objectText(value))]));
  const specification = writer.add({ Type: pdfName("Filespec"), F: "a", EF: { F: writer.stream(filters, data) } });
  const root = writer.add({ Type: pdfName("Catalog"), Pages: pages, Names: { EmbeddedFiles: { Names: ["a", specification] } } });
  const file = engine.openFile(writer.finish({ Root: root }));
  try {
    const document = engine.loadAccess(file.access, "");
    if (document === 0) return null;
    try {
      const attachment = wasm.fn.FPDFDoc_GetAttachment(document, 0);
      return attachment === 0
        ? null
        : wasm.frame((alloc) => {
            const length = alloc(4);
            if (wasm.fn.FPDFAttachment_GetFile(attachment, 0, 0, length) === 0) return null;
            const bytes = wasm.i32(length);
            const buffer = alloc(bytes);
            const done = wasm.fn.FPDFAttachment_GetFile(attachment, buffer, bytes, length) !== 0;
            return done ? wasm.bytes.slice(buffer, buffer + bytes) : null;
          });
    } finally {
      wasm.fn.FPDF_CloseDocument(document);
    }
  } finally {
    file.close();
  }
}
