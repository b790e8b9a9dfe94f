/** Everything of the protocol that holds no schema, for browsers: importing from here never brings zod along. */
export { STAMPS } from "./annotation/names.ts";
export {
  ApiError,
  type ApiErrorOptions,
  type ErrorCode,
  ERRORS,
  ERRORS_PAGE,
  errorFromProblem,
  type FailingPath,
  isErrorCode,
  type Problem,
  problem,
} from "./error.ts";
export { type ExplainedNeed, type Explanation, explain } from "./explain.ts";
export { PICTURE_HEAD, pictureType } from "./picture-type.ts";
export { base32, ID_PATTERN, newId, pageId, parsePageId } from "./id.ts";
export { IMAGE_WIDTHS, imageWidth, SYNC_LIMITS, type SyncLimits, TILE_PIXELS, TILE_WIDTHS } from "./limits.ts";
export { mentionsOf, type Segment, segmentsOf, textOf, wordsOf } from "./mention.ts";
export { drawingOrder, orderBetween, sourceOrder } from "./order.ts";
export { type PageShown, type PageSpace, pageSpace } from "./page-space.ts";
export {
  can,
  canSee,
  FULL_GRANTS,
  type Grants,
  needsUser,
  NULLABLE,
  parseGrant,
  type Permission,
  PERMISSIONS,
  type PermissionType,
  RECORD_KINDS,
  type RecordAction,
  type RecordHead,
  type RecordKind,
  viewKey,
} from "./permission.ts";
export { reactionId } from "./reaction-id.ts";
export { COMMENT_STATES, commentState, type CommentState, isThreadResolved, reviewState } from "./review.ts";
export { COMPACT, PROTOCOL_VERSION, SUBPROTOCOL } from "./version.ts";
export { hearsOf, isTopicPattern, WEBHOOK_TOPICS, type WebhookTopic } from "./webhook-topics.ts";
