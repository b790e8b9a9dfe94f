/** Files for tests: `@lectern/pdf/testing`. */
export { encryptedPdf, ENCRYPTED_PASSWORD, restrictedPdf } from "./encrypted.ts";
export { ENCRYPTED_KINDS, type EncryptedKind } from "./encrypted-kinds.ts";
export {
  ANNOTATED,
  annotatedPdf,
  brokenPdf,
  emptyFile,
  formPdf,
  notAPdf,
  ODD_CROP,
  pagesPdf,
  rotatedPdf,
  truncatedPdf,
  xfaPdf,
} from "./fixtures.ts";
export { type Align, type Color, measure, type PdfContent, pdfContent, type ShapeStyle, type TextStyle } from "./pdf-content.ts";
export { type HostileFile, hostileFiles, type HostileKind, hostileSample } from "./hostile.ts";
export { sampleDocument } from "./sample-document.ts";
export { embeddedFilePdf } from "./embedded-file-pdf.ts";
export { LAYERED, layeredPdf } from "./layered-pdf.ts";
export { ORDER_FIELDS, orderForm } from "./order-form.ts";
export type { FieldSpec } from "./pdf-fields.ts";
export {
  A4,
  type AnnotationSpec,
  type FileSpec,
  type LabelSpec,
  type LinkSpec,
  type OutlineSpec,
  type PageSpec,
  pdfFile,
} from "./pdf-file.ts";
export { packedPdf, revisedPdf } from "./revised-pdf.ts";
export { taggedPdf } from "./tagged.ts";
