export type { FontFor, HostFont, HostGlyph } from "./appearance/embedded-text.ts";
export type { FontName } from "./appearance/font-metrics.ts";
export type { PdfImage } from "./appearance-stream.ts";
export { composeDocument, type ComposedPage, type Composition } from "./compose.ts";
export { ALL_PERMITTED, type Encryption } from "./encrypt.ts";
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
  type StructureElement,
  type TextPart,
  type TextRun,
} from "./engine.ts";
export { exportDocument, type ExportOptions, type FlattenScope, type RecordChange } from "./export.ts";
export type { FileBytes } from "./write-files.ts";
export { importRecords, type ImportOptions, type Manifest, type PageRecords } from "./import.ts";
export type { ContentGroup, ContentGroupEntry } from "./inspect/content-groups.ts";
export type { FileInFile } from "./inspect/embedded-files.ts";
export type { FileFont } from "./inspect/fonts.ts";
export { type Finish, finishFile } from "./finish.ts";
export { type FileInspection, inspectFile, withContentGroups } from "./inspect/inspect.ts";
export type { SignatureField } from "./inspect/signature-fields.ts";
export type { KeepPicture } from "./import-picture.ts";
export type { FormRecord } from "./forms/form-records.ts";
export { openPdfium, type PdfiumOptions } from "./pdfium/engine.ts";
export { type PdfDictionary, pdfName, type PdfRef, pdfWriter, type PdfWriter } from "./pdf-writer.ts";
export type { RecognisedLine, RecognisedPage, RecognisedWord } from "./recognised-text.ts";
export { RECORD_SUBTYPES } from "./subtypes.ts";
export { pngFile } from "./png.ts";
export { plainText, type TextLine, textLines } from "./text.ts";
export { type RedactionMark, redactFile, type RedactOptions } from "./redact.ts";
export type { Watermark } from "./watermark.ts";
