/** The Lectern Web SDK. `Lectern.load({ container, session })` shows a document. */
export type { AnnotationRecord, CommentRecord, Origin, ViewerEvent, ViewerEvents, ViewerListener } from "./events.ts";
export type { Instance } from "./instance.ts";
export { load } from "./load.ts";
/** @internal For the classic script, which has asked already. */
export { loadFrom } from "./load.ts";
export type { Locale } from "./ui/locale.ts";
export type { LoadOptions, Theme, ToolbarItem, ViewState, ZoomMode } from "./options.ts";
export type {
  AnnotationChange,
  AppliedFile,
  ExportOptions,
  MentionableUser,
  NewComment,
  PageInfo,
  SearchHit,
  TextLine,
} from "./public-types.ts";

/** Of the SDK. */
export const version = "0.1.0";
