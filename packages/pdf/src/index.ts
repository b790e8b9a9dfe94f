export {
  type Bitmap,
  type FileAnnotation,
  type PageInfo,
  type PageText,
  type PdfBox,
  type PdfDocument,
  type PdfEngine,
  PdfError,
  type PdfErrorCode,
  type PdfMetadata,
  type PdfPermissions,
  type RangeReader,
  type RenderOptions,
  type TextRun,
} from "./engine.ts";
export { exportDocument, type ExportOptions, type RecordChange } from "./export.ts";
export { importRecords, type ImportOptions, type Manifest, type PageRecords } from "./import.ts";
export { openPdfium, type PdfiumOptions } from "./pdfium/engine.ts";
export { RECORD_SUBTYPES } from "./subtypes.ts";
export { plainText, type TextLine, textLines } from "./text.ts";
