/** Webhooks: who is told what happened, what was delivered and what was not. Messages and signatures follow Standard Webhooks. */
import * as z from "zod";
import { operation } from "./operation.ts";
import { isTopicPattern } from "./webhook-topics.ts";

const Topics = z
  .array(z.string().max(64).refine(isTopicPattern, "must be a topic such as document.ready, a group such as annotation.*, or *"))
  .min(1)
  .max(50);
const Given = z.object({
  url: z.string().max(2048),
  topics: z.exactOptional(Topics),
  description: z.exactOptional(z.string().max(256)),
  enabled: z.exactOptional(z.boolean()),
});
export const Webhook = z.object({
  id: z.string(),
  url: z.string(),
  topics: z.array(z.string()),
  description: z.string(),
  enabled: z.boolean(),
  /** Why the service switched it off; null when it did not. */
  disabled_reason: z.nullable(z.string()),
  /** Since when every attempt has failed; null when the last one was taken. */
  failing_since: z.nullable(z.string()),
  created_at: z.string(),
  updated_at: z.string(),
});
export const Delivery = z.object({
  id: z.string(),
  /** The `webhook-id` that the receiver sees: the same for every attempt and replay. */
  event_id: z.string(),
  topic: z.string(),
  status: z.enum(["pending", "delivered", "failed"]),
  attempts: z.int(),
  /** Of the last answer; null when there was none. */
  response_status: z.nullable(z.int()),
  error: z.nullable(z.string()),
  created_at: z.string(),
  /** Of the next attempt, while it is pending. */
  next_attempt_at: z.nullable(z.string()),
  finished_at: z.nullable(z.string()),
});
const one = z.object({ webhookId: z.string().max(64) });
const oneDelivery = z.object({ webhookId: z.string().max(64), deliveryId: z.string().max(128) });
const Shown = z.object({ data: Webhook });
const WithSecret = z.object({ data: Webhook, secret: z.string() });

export const webhooks = {
  list: operation({ method: "GET", path: "/webhooks", summary: "List webhooks", response: z.object({ data: z.array(Webhook) }) }),
  create: operation({
    method: "POST",
    path: "/webhooks",
    idempotencyKey: true,
    summary: "Create a webhook; its secret is shown once",
    status: 201,
    body: Given,
    response: WithSecret,
    errors: ["invalid_parameters", "limit_exceeded"],
  }),
  get: operation({
    method: "GET",
    path: "/webhooks/{webhookId}",
    summary: "One webhook",
    params: one,
    response: Shown,
    errors: ["not_found"],
  }),
  update: operation({
    method: "PATCH",
    path: "/webhooks/{webhookId}",
    summary: "Change a webhook, switch it off or on again",
    params: one,
    body: Given.partial(),
    response: Shown,
    errors: ["not_found", "invalid_parameters"],
  }),
  delete: operation({
    method: "DELETE",
    path: "/webhooks/{webhookId}",
    summary: "Delete a webhook with its deliveries",
    params: one,
    response: z.object({ data: z.object({ id: z.string() }) }),
    errors: ["not_found"],
  }),
  rotateSecret: operation({
    method: "POST",
    path: "/webhooks/{webhookId}/rotate_secret",
    idempotencyKey: true,
    summary: "A new secret; the old one signs, too, for some hours",
    params: one,
    body: z.object({ overlap_hours: z.exactOptional(z.number().min(0).max(720)) }),
    response: WithSecret,
    errors: ["not_found"],
  }),
  test: operation({
    method: "POST",
    path: "/webhooks/{webhookId}/test",
    summary: "Send a test event",
    status: 202,
    params: one,
    response: z.object({ data: Delivery }),
    errors: ["not_found", "conflict"],
  }),
  deliveries: operation({
    method: "GET",
    path: "/webhooks/{webhookId}/deliveries",
    summary: "What was delivered, is on its way, or was given up; newest first",
    params: one,
    query: z.object({
      status: z.exactOptional(z.enum(["pending", "delivered", "failed"])),
      limit: z.exactOptional(z.coerce.number().int().min(1).max(200)),
      cursor: z.exactOptional(z.string().max(256)),
    }),
    response: z.object({ data: z.array(Delivery), next_cursor: z.nullable(z.string()) }),
    errors: ["not_found", "invalid_parameters"],
  }),
  delivery: operation({
    method: "GET",
    path: "/webhooks/{webhookId}/deliveries/{deliveryId}",
    summary: "One delivery with the message that is sent",
    params: oneDelivery,
    response: z.object({ data: Delivery.extend({ payload: z.unknown() }) }),
    errors: ["not_found"],
  }),
  replay: operation({
    method: "POST",
    path: "/webhooks/{webhookId}/deliveries/{deliveryId}/replay",
    summary: "Send the same message again",
    status: 202,
    params: oneDelivery,
    response: z.object({ data: Delivery }),
    errors: ["not_found", "conflict"],
  }),
} as const;
export type Webhook = z.infer<typeof Webhook>;
export type Delivery = z.infer<typeof Delivery>;
