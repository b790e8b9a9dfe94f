export { type Annotation, type AnnotationType, ANNOTATION_KINDS, Annotation as AnnotationSchema } from "./annotation/annotation.ts";
export type { Action, AnnotationFlag, Point, Rect, RichText, Rotation } from "./annotation/common.ts";
export type { LineCaps } from "./annotation/common.ts";
export type { Link, Raw } from "./annotation/link.ts";
export type { Highlight, Squiggly, Strikeout, TextMarkup, Underline } from "./annotation/markup.ts";
export type { Ink } from "./annotation/ink.ts";
export type { CommentMarker, Note } from "./annotation/note.ts";
export type { Redaction } from "./annotation/redaction.ts";
export type { Ellipse, Line, Polygon, Polyline, Rectangle } from "./annotation/shape.ts";
export type { Image, Stamp } from "./annotation/stamp.ts";
export type { Text } from "./annotation/text.ts";
export type { Attachment } from "./attachment.ts";
export type { Bookmark } from "./bookmark.ts";
export { type Comment, CommentText, type Reaction } from "./comment.ts";
export type { Field, Value, Widget } from "./form.ts";
export { fieldFromJson, fieldJson, valueJson, widgetFromJson, widgetJson } from "./form-json.ts";
export type { Meta, Outline, OutlineItem } from "./outline.ts";
export type { Page } from "./page.ts";
export { type AnyRecord, type Checked, checkData, checkPatch, type Patch, type RecordData, type RecordOf } from "./record.ts";
export { type Change, type ChangeOp, ClientMessage, Op, type Peer, Presence, type Reject, type ServerMessage } from "./sync.ts";
export { type Api, api } from "./api.ts";
export type { AsyncJobState } from "./async-job.ts";
export type { AccessToken } from "./access-token.ts";
export type { Account, ApiKey, Application } from "./account.ts";
export {
  DocumentId,
  type DocumentInfo,
  type DocumentStatus,
  type DocumentSummary,
  LayerName,
  type OverwriteLeft,
  type OverwriteStatus,
  UploadFromUrl,
  UploadOfInstructions,
} from "./document.ts";
export type { ChangeSummary, LayerConflict, Snapshot, SnapshotPages } from "./layer.ts";
export type { Auth, BodyKind, Input, Method, Operation, Output, Parsed } from "./operation.ts";
export { AppClaims, type JwtAlgorithm, type PublicKey } from "./public-key.ts";
export type { AllowedDocument, Opened } from "./session.ts";
export { type Envelope, fromInstantJson, INSTANT_TYPES, type InstantAnnotation, type PageNames, toInstantJson } from "./instant-json.ts";
export { type PageShown, type PageSpace, pageSpace } from "./page-space.ts";
export type { AuditEntry } from "./audit.ts";
export type { Delivery, Webhook } from "./webhook.ts";
export type { PageIndex, PageOperation } from "./page-operations.ts";
export type { CreateRedactions } from "./redactions.ts";
export { OcrLanguage, ocrLanguages } from "./ocr-language.ts";
export { type BuildAction, BuildInstructions, type BuildOutput, type BuildPart, type PageLayout, type PageRange } from "./build.ts";
export type {
  Exchange,
  ExchangedAnnotation,
  ExchangedAttachment,
  ExchangedBookmark,
  ExchangedComment,
  ExchangedField,
  ExchangedValue,
} from "./exchange.ts";
export {
  bookmarkJson,
  INSTANT_FORMAT,
  type InstantDocument,
  readBookmark,
  readInstantDocument,
  sortedBookmarks,
  writeInstantDocument,
} from "./instant-document.ts";
export type { EmbeddedFile, SignatureReport, SignatureReports } from "./inspection.ts";
export type { Applied } from "./interchange.ts";
