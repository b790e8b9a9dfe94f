/**
 * From the outbox to the receivers. Events are taken out of the outbox and become one delivery for each webhook that hears of them; deliveries
 * that are due are taken under a lease and sent. At least once: who is killed between sending and writing that down sends again, with the same
 * `webhook-id`. A receiver that is slow or down keeps only its own few places; after five days of failure its webhook is switched off.
 */
import { ApiError, hearsOf } from "@lectern/protocol/plain";
import { type Audit, SERVICE } from "../audit/audit.ts";
import type { Outgoing } from "../outgoing/request.ts";
import { type Clock, Conflict, type Database, type Random, type Statement } from "../ports.ts";
import type { ServerSecret } from "../secret.ts";
import { signedHeaders } from "./sign.ts";
import {
  type Attempted,
  claimDeliveries,
  type DeliveryRow,
  disableWebhook,
  dueWebhooks,
  enabledWebhooks,
  fanOut,
  finishDelivery,
  markFailing,
  markWorking,
  outboxRows,
  type OutboxRow,
  releaseDeliveries,
  type WebhookRow,
} from "./store.ts";

export interface DeliverOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly secret: ServerSecret;
  readonly outgoing: Outgoing;
  readonly audit: Audit;
  readonly version: string;
  readonly onError: (what: string, error: unknown) => void;
  /** A webhook was switched off here. */
  readonly onDisabled: () => void;
}

export interface Delivering {
  /** Something may have been written, or be due. */
  wake(): void;
  start(): Promise<void>;
  /** Takes nothing more; what is on its way is stopped and sent again later. */
  close(): Promise<void>;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Pauses between the attempts: three days and a half in all. */
const PAUSES = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/** A pause is longer or shorter by up to this part, so that receivers are not met by all at once. */
const JITTER = 0.2;
const MOST_RETRY_AFTER = 24 * HOUR;
const GIVE_UP_AFTER = 5 * 24 * HOUR;
const TIMEOUT_MS = 10 * SECOND;
const LEASE_MS = 2 * TIMEOUT_MS;
/** On their way at once, in all and for each webhook; one that fails is asked by one at a time. */
const AT_ONCE = 64;
const AT_ONCE_EACH = 4;
const EVENTS_TOGETHER = 100;
/** What has just been announced is committed a moment later. */
const SOON_MS = 30;
const LOOK_MS = 2 * SECOND;

/** `sealedContext` of a webhook's secrets. */
export function secretContext(applicationId: string, webhookId: string): string {
  return `webhook ${applicationId} ${webhookId}`;
}

export function message(event: Pick<OutboxRow, "topic" | "createdAt" | "payload">): string {
  return `{"type":${JSON.stringify(event.topic)},"timestamp":"${new Date(event.createdAt).toISOString()}","data":${event.payload}}`;
}

export function newDelivery(hook: WebhookRow, event: OutboxRow, now: number): DeliveryRow {
  return {
    id: `${event.id}-${hook.id}`,
    webhookId: hook.id,
    eventId: event.id,
    topic: event.topic,
    payload: message(event),
    status: "pending",
    attempts: 0,
    dueAt: now,
    responseStatus: null,
    error: null,
    createdAt: now,
    finishedAt: null,
  };
}

export function delivering(options: DeliverOptions): Delivering {
  const { database, clock, onError } = options;
  const sending = new Map<Promise<void>, string>();
  const abort = new AbortController();
  let open = false;
  let turn: Promise<void> | null = null;
  let wakeAt = Infinity;
  let cancelTimer = (): void => undefined;

  function sleep(ms: number): void {
    const at = clock.now() + ms;
    const now = clock.now();
    // A time that has passed and did nothing was set by another clock: clocks are put right.
    if (!open || (at >= wakeAt && wakeAt > now)) return;
    cancelTimer();
    wakeAt = at;
    cancelTimer = clock.setTimeout(run, ms);
  }

  function run(): void {
    cancelTimer();
    wakeAt = Infinity;
    if (!open) return;
    if (turn !== null) return sleep(SOON_MS);
    turn = once()
      .catch((error: unknown) => onError("delivering webhooks", error))
      .finally(() => {
        turn = null;
        sleep(LOOK_MS);
      });
  }

  async function once(): Promise<void> {
    await takeEvents();
    const now = clock.now();
    const { due, next } = await dueWebhooks(database, now);
    for (const hook of due) {
      const mine = [...sending.values()].filter((id) => id === hook.id).length;
      const places = Math.min(AT_ONCE - sending.size, (hook.failingSince === null ? AT_ONCE_EACH : 1) - mine);
      if (places <= 0) continue;
      const deliveries = await claimDeliveries(database, { webhookId: hook.id, now, leaseUntil: now + LEASE_MS, limit: places });
      for (const delivery of deliveries) begin(hook, delivery);
    }
    // Who has all its places taken is looked at when one is free.
    if (next !== null && next > now) sleep(Math.max(next - clock.now(), 1));
  }

  async function takeEvents(): Promise<void> {
    for (;;) {
      const events = await outboxRows(database, EVENTS_TOGETHER);
      if (events.length === 0) return;
      const hooks = await enabledWebhooks(database);
      const now = clock.now();
      const deliveries = events.flatMap((event) =>
        hooks
          .filter(({ applicationId, topics }) => applicationId === event.applicationId && hearsOf(topics, event.topic))
          .map((hook) => newDelivery(hook, event, now)),
      );
      await database.transaction(fanOut(events, deliveries));
      if (events.length < EVENTS_TOGETHER) return;
    }
  }

  function begin(hook: WebhookRow, delivery: DeliveryRow): void {
    const done = attempt(hook, delivery)
      // The lease ends by itself, and it is sent again.
      .catch((error: unknown) => onError("writing down a delivery", error))
      .finally(() => {
        sending.delete(done);
        sleep(0);
      });
    sending.set(done, hook.id);
  }

  async function attempt(hook: WebhookRow, delivery: DeliveryRow): Promise<void> {
    const answer = await send(hook, delivery);
    const now = clock.now();
    if (answer.status !== null && answer.status >= 200 && answer.status < 300) {
      await database.transaction([finishDelivery(delivery.id, { outcome: "delivered", status: answer.status }, now), markWorking(hook.id)]);
      return;
    }
    if (abort.signal.aborted) {
      await database.transaction([finishDelivery(delivery.id, { outcome: "interrupted" }, now)]);
      return;
    }
    const gone = answer.status === 410;
    const tooLong = hook.failingSince !== null && now - hook.failingSince >= GIVE_UP_AFTER;
    const reason = gone ? "The receiver answered 410 Gone" : tooLong ? "Every attempt has failed for five days" : null;
    const pause = PAUSES[delivery.attempts - 1];
    const failure = { status: answer.status, error: answer.error };
    const attempted: Attempted =
      gone || pause === undefined
        ? { outcome: "failed", ...failure }
        : { outcome: "again", ...failure, dueAt: now + Math.max(jittered(pause), Math.min(answer.retryAfter, MOST_RETRY_AFTER)) };
    const failed = [finishDelivery(delivery.id, attempted, now), markFailing(hook.id, now)];
    if (reason === null || !(await switchOff(hook, reason, now, failed))) await database.transaction(failed);
  }

  /** With what goes along. False, and nothing written, when it is off already: of several that failed at once one switches it off. */
  async function switchOff(hook: WebhookRow, reason: string, now: number, along: readonly Statement[]): Promise<boolean> {
    const { applicationId, id } = hook;
    const deed = { applicationId, action: "webhook.disabled", target: id, details: { url: new URL(hook.url).origin, reason } };
    try {
      await database.transaction([disableWebhook(id, reason, now), options.audit(SERVICE, deed), ...along]);
    } catch (error) {
      if (error instanceof Conflict) return false;
      throw error;
    }
    options.onDisabled();
    return true;
  }

  function jittered(pause: number): number {
    const [byte = 0] = options.random(1);
    return Math.round(pause * (1 + JITTER * (byte / 127.5 - 1)));
  }

  interface Answer {
    readonly status: number | null;
    readonly error: string;
    /** Milliseconds. */
    readonly retryAfter: number;
  }

  async function send(hook: WebhookRow, delivery: DeliveryRow): Promise<Answer> {
    const secrets = secretsOf(hook, options.secret, clock.now());
    if (secrets.length === 0) return { status: null, error: "The secret was sealed by another server; rotate it", retryAfter: 0 };
    const seconds = Math.floor(clock.now() / SECOND);
    const body = delivery.payload;
    try {
      const {
        status,
        headers,
        body: answer,
      } = await options.outgoing.send(hook.url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "user-agent": `Lectern/${options.version}`,
          ...signedHeaders({ id: delivery.eventId, seconds, body }, secrets),
        },
        body,
        timeoutMs: TIMEOUT_MS,
        signal: abort.signal,
      });
      // The status is the answer; nobody needs the rest.
      answer.destroy();
      const redirects = status >= 300 && status < 400 ? "; redirects are not followed" : "";
      const retryAfter = Number(headers["retry-after"] ?? 0);
      return { status, error: `It answered ${status}${redirects}`, retryAfter: Number.isFinite(retryAfter) ? retryAfter * SECOND : 0 };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { status: null, error: error.message, retryAfter: 0 };
    }
  }

  return {
    wake: () => sleep(SOON_MS),
    async start() {
      if (!database.shared) await database.transaction([releaseDeliveries()]);
      open = true;
      sleep(0);
    },
    async close() {
      open = false;
      cancelTimer();
      await turn;
      abort.abort(new Error("shutting down"));
      await Promise.all(sending.keys());
    },
  };
}

/** Newest first; the one before counts as long as it was promised. */
export function secretsOf(hook: WebhookRow, secret: ServerSecret, now: number): string[] {
  const context = secretContext(hook.applicationId, hook.id);
  const old = hook.oldSecretUntil !== null && hook.oldSecretUntil > now ? hook.sealedOldSecret : null;
  const unsealed = [hook.sealedSecret, old].map((sealed) => (sealed === null ? null : secret.unseal(sealed, context)));
  return unsealed.filter((text) => text !== null);
}
