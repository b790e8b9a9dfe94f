/** Webhooks over HTTP. */
import type { Delivery as ShownDelivery, Webhook as Shown } from "@lectern/protocol";
import { ApiError, newId, WEBHOOK_TOPICS } from "@lectern/protocol/plain";
import { actorOf, type Audit } from "../audit/audit.ts";
import type { Handlers } from "../handlers.ts";
import type { Outgoing } from "../outgoing/request.ts";
import { type Clock, Conflict, type Database, type Random, type Statement } from "../ports.ts";
import type { ServerSecret } from "../secret.ts";
import type { Once } from "../requests/once.ts";
import { newDelivery, secretContext } from "./deliver.ts";
import type { Events } from "./events.ts";
import { newWebhookSecret } from "./sign.ts";
import {
  type DeliveryPosition,
  deleteWebhook,
  type DeliveryRow,
  findDelivery,
  findWebhook,
  insertDelivery,
  insertWebhook,
  listDeliveries,
  listWebhooks,
  replayDelivery,
  updateWebhook,
  type WebhookRow,
} from "./store.ts";

export interface WebhookRoutesDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly secret: ServerSecret;
  readonly outgoing: Outgoing;
  readonly events: Events;
  readonly audit: Audit;
  readonly once: Once;
  /** Something is due. */
  readonly wake: () => void;
}

const MOST_WEBHOOKS = 50;
const HOUR = 3_600_000;
const OVERLAP_HOURS = 24;

export function webhookRoutes(deps: WebhookRoutesDeps): Handlers["webhooks"] {
  const { database, clock, random, outgoing, events, audit, once } = deps;
  const id = (): string => newId(clock.now(), random(10));

  async function find(applicationId: string, webhookId: string): Promise<WebhookRow> {
    const found = await findWebhook(database, applicationId, webhookId);
    if (found === null) throw new ApiError("not_found", "There is no such webhook");
    return found;
  }
  async function findOne(hook: WebhookRow, deliveryId: string): Promise<DeliveryRow> {
    const found = await findDelivery(database, hook.id, deliveryId);
    if (found === null) throw new ApiError("not_found", "There is no such delivery");
    return found;
  }
  const seal = (hook: Pick<WebhookRow, "applicationId" | "id">, secret: string): string =>
    deps.secret.seal(secret, secretContext(hook.applicationId, hook.id));
  /** Throws ApiError `internal`. */
  function withSecret(hook: WebhookRow): { readonly data: Shown; readonly secret: string } {
    const secret = deps.secret.unseal(hook.sealedSecret, secretContext(hook.applicationId, hook.id));
    if (secret === null) throw new ApiError("internal", "The webhook's secret cannot be unsealed: was the server's key replaced?");
    return { data: shown(hook), secret };
  }

  return {
    async list(_input, { caller }) {
      return { data: (await listWebhooks(database, caller.applicationId)).map(shown) };
    },

    async create({ url, topics = ["*"], description = "", enabled = true }, context) {
      const { applicationId } = context.caller;
      return once(context, {
        applicationId,
        what: ["webhook", url, topics, description, enabled],
        async find(webhookId) {
          const hook = await findWebhook(database, applicationId, webhookId);
          return hook === null ? null : withSecret(hook);
        },
        async make({ made }) {
          const now = clock.now();
          const named = { applicationId, id: id() };
          const hook: WebhookRow = {
            ...named,
            url: outgoing.check(url).href,
            topics: [...new Set(topics)],
            description,
            sealedSecret: seal(named, newWebhookSecret(random)),
            sealedOldSecret: null,
            oldSecretUntil: null,
            enabled,
            disabledReason: null,
            failingSince: null,
            createdAt: now,
            updatedAt: now,
          };
          if ((await listWebhooks(database, applicationId)).length >= MOST_WEBHOOKS)
            throw new ApiError("limit_exceeded", `An application has at most ${MOST_WEBHOOKS} webhooks`);
          const details = { url: origin(hook.url), topics: hook.topics };
          const deed = { applicationId, action: "webhook.created", target: hook.id, details };
          await database.transaction([...made(hook.id), insertWebhook(hook), audit(actorOf(context), deed)]);
          await events.widened();
          return withSecret(hook);
        },
      });
    },

    async get({ webhookId }, { caller }) {
      return { data: shown(await find(caller.applicationId, webhookId)) };
    },

    async update({ webhookId, url, topics, description, enabled }, context) {
      const hook = await find(context.caller.applicationId, webhookId);
      const changed: WebhookRow = {
        ...hook,
        url: url === undefined ? hook.url : outgoing.check(url).href,
        topics: topics === undefined ? hook.topics : [...new Set(topics)],
        description: description ?? hook.description,
        enabled: enabled ?? hook.enabled,
        // Whoever switches it on, or names another receiver, gives it a new chance.
        ...(enabled === true || url !== undefined ? { disabledReason: null, failingSince: null } : {}),
        updatedAt: clock.now(),
      };
      const details = {
        ...(url === undefined ? {} : { url: origin(changed.url) }),
        ...(topics === undefined ? {} : { topics }),
        enabled: changed.enabled,
      };
      await write(changed, "webhook.updated", context, details);
      if (changed.enabled && (!hook.enabled || topics !== undefined)) await events.widened();
      deps.wake();
      return { data: shown(changed) };
    },

    async delete({ webhookId }, context) {
      const { applicationId } = context.caller;
      const deed = { applicationId, action: "webhook.deleted", target: webhookId };
      await database.transaction([...deleteWebhook(applicationId, webhookId), audit(actorOf(context), deed)]).catch(notFoundOnConflict);
      await events.changed();
      return { data: { id: webhookId } };
    },

    async rotateSecret({ webhookId, overlap_hours: hours = OVERLAP_HOURS }, context) {
      const hook = await find(context.caller.applicationId, webhookId);
      return once(context, {
        applicationId: hook.applicationId,
        what: ["webhook secret", webhookId, hours],
        find: async () => withSecret(await find(hook.applicationId, webhookId)),
        async make({ made }) {
          const now = clock.now();
          const changed: WebhookRow = {
            ...hook,
            sealedSecret: seal(hook, newWebhookSecret(random)),
            sealedOldSecret: hours === 0 ? null : hook.sealedSecret,
            oldSecretUntil: hours === 0 ? null : Math.round(now + hours * HOUR),
            updatedAt: now,
          };
          await write(changed, "webhook.secret_rotated", context, { overlap_hours: hours }, made(hook.id));
          return withSecret(changed);
        },
      });
    },

    async test({ webhookId }, context) {
      const hook = await find(context.caller.applicationId, webhookId);
      requireEnabled(hook);
      const now = clock.now();
      const payload = JSON.stringify({ webhook_id: hook.id, topics: WEBHOOK_TOPICS });
      const event = { id: id(), applicationId: hook.applicationId, topic: "webhook.test", payload, createdAt: now };
      const delivery = newDelivery(hook, event, now);
      const { applicationId } = hook;
      const deed = { applicationId, action: "webhook.tested", target: hook.id, details: { delivery: delivery.id } };
      await database.transaction([insertDelivery(delivery), audit(actorOf(context), deed)]);
      deps.wake();
      return { data: shownDelivery(delivery) };
    },

    async deliveries({ webhookId, status, limit = 50, cursor }, { caller }) {
      const hook = await find(caller.applicationId, webhookId);
      const until = cursor === undefined ? null : readCursor(cursor);
      const found = await listDeliveries(database, hook.id, { status: status ?? null, limit: limit + 1, until });
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return { data: page.map(shownDelivery), next_cursor: last === undefined ? null : writeCursor(last) };
    },

    async delivery({ webhookId, deliveryId }, { caller }) {
      const delivery = await findOne(await find(caller.applicationId, webhookId), deliveryId);
      return { data: { ...shownDelivery(delivery), payload: JSON.parse(delivery.payload) as unknown } };
    },

    async replay({ webhookId, deliveryId }, context) {
      const hook = await find(context.caller.applicationId, webhookId);
      requireEnabled(hook);
      const delivery = await findOne(hook, deliveryId);
      const { applicationId } = hook;
      const deed = { applicationId, action: "webhook.replayed", target: hook.id, details: { delivery: delivery.id } };
      const statements = [replayDelivery(delivery.id, clock.now()), audit(actorOf(context), deed)];
      await database.transaction(statements).catch((error: unknown) => {
        throw error instanceof Conflict ? new ApiError("conflict", "It is on its way already", { cause: error }) : error;
      });
      deps.wake();
      return { data: shownDelivery(await findOne(hook, deliveryId)) };
    },
  };

  async function write(
    hook: WebhookRow,
    action: string,
    context: Parameters<typeof actorOf>[0],
    details: Readonly<Record<string, unknown>>,
    also: readonly Statement[] = [],
  ): Promise<void> {
    const deed = { applicationId: hook.applicationId, action, target: hook.id, details };
    await database.transaction([...also, updateWebhook(hook), audit(actorOf(context), deed)]).catch(notFoundOnConflict);
    await events.changed();
  }
}

function requireEnabled(hook: WebhookRow): void {
  if (!hook.enabled) throw new ApiError("conflict", "The webhook is switched off; switch it on first");
}

function notFoundOnConflict(error: unknown): never {
  throw error instanceof Conflict ? new ApiError("not_found", "There is no such webhook", { cause: error }) : error;
}

/** Without path and query, where some keep a secret. */
function origin(url: string): string {
  return new URL(url).origin;
}

function shown(hook: WebhookRow): Shown {
  return {
    id: hook.id,
    url: hook.url,
    topics: [...hook.topics],
    description: hook.description,
    enabled: hook.enabled,
    disabled_reason: hook.disabledReason,
    failing_since: iso(hook.failingSince),
    created_at: iso(hook.createdAt),
    updated_at: iso(hook.updatedAt),
  };
}

function shownDelivery(row: DeliveryRow): ShownDelivery {
  return {
    id: row.id,
    event_id: row.eventId,
    topic: row.topic,
    status: row.status,
    attempts: row.attempts,
    response_status: row.responseStatus,
    error: row.error,
    created_at: iso(row.createdAt),
    next_attempt_at: row.status === "pending" ? iso(row.dueAt) : null,
    finished_at: iso(row.finishedAt),
  };
}

function iso<T extends number | null>(time: T): T extends null ? string | null : string {
  return (time === null ? null : new Date(time).toISOString()) as T extends null ? string | null : string;
}

function writeCursor({ createdAt, id }: DeliveryPosition): string {
  return Buffer.from(`${createdAt}.${id}`).toString("base64url");
}

function readCursor(cursor: string): DeliveryPosition {
  const match = /^(\d{1,15})\.([\w.-]{1,128})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (match === null)
    throw new ApiError("invalid_parameters", "$.query.cursor: not a cursor of this list", {
      failingPaths: [{ path: "$.query.cursor", details: "not a cursor of this list" }],
    });
  return { createdAt: Number(match[1]), id: match[2]! };
}
