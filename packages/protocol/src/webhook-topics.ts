/** What a webhook can be told of. `annotation.*` means all topics of a group, `*` all there are. */
export const WEBHOOK_TOPICS = [
  "document.created",
  "document.ready",
  "document.failed",
  "document.updated",
  "document.deleted",
  "annotation.created",
  "annotation.updated",
  "annotation.deleted",
  "comment.created",
  "comment.updated",
  "comment.deleted",
  "comment.resolved",
  "comment.mentioned",
  "form.filled",
  "session.opened",
] as const;
/** `webhook.test` goes to one webhook when somebody asks for it, whatever its topics. */
export type WebhookTopic = (typeof WEBHOOK_TOPICS)[number];

/** Does a webhook with this list of topics and patterns hear of it? */
export function hearsOf(patterns: readonly string[], topic: string): boolean {
  return patterns.some((pattern) => pattern === "*" || pattern === topic || pattern === `${topic.split(".")[0]!}.*`);
}

export function isTopicPattern(pattern: string): boolean {
  return pattern === "*" || WEBHOOK_TOPICS.some((topic) => hearsOf([pattern], topic));
}
