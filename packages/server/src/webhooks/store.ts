/** Webhooks, the outbox and the deliveries as rows. The only SQL of this folder. */
import type { Database, Row, SqlValue, Statement } from "../ports.ts";

/** Times are milliseconds since 1970. */
export interface WebhookRow {
  readonly id: string;
  readonly applicationId: string;
  readonly url: string;
  readonly topics: readonly string[];
  readonly description: string;
  readonly sealedSecret: string;
  readonly sealedOldSecret: string | null;
  readonly oldSecretUntil: number | null;
  readonly enabled: boolean;
  readonly disabledReason: string | null;
  readonly failingSince: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type DeliveryStatus = "pending" | "delivered" | "failed";

export interface DeliveryRow {
  readonly id: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly topic: string;
  /** The message, as it is sent. */
  readonly payload: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly dueAt: number;
  readonly responseStatus: number | null;
  readonly error: string | null;
  readonly createdAt: number;
  readonly finishedAt: number | null;
}

/** Something that happened, written with it and not yet given to those who want to hear of it. */
export interface OutboxRow {
  readonly id: string;
  readonly applicationId: string;
  readonly topic: string;
  /** JSON of the message's `data`. */
  readonly payload: string;
  readonly createdAt: number;
}

function webhookOf(row: Row): WebhookRow {
  return {
    id: row.id as string,
    applicationId: row.application_id as string,
    url: row.url as string,
    topics: JSON.parse(row.topics as string) as string[],
    description: row.description as string,
    sealedSecret: row.sealed_secret as string,
    sealedOldSecret: row.sealed_old_secret as string | null,
    oldSecretUntil: row.old_secret_until as number | null,
    enabled: row.enabled === 1,
    disabledReason: row.disabled_reason as string | null,
    failingSince: row.failing_since as number | null,
    createdAt: row.created_at as number,
    updatedAt: row.updated_at as number,
  };
}

function deliveryOf(row: Row): DeliveryRow {
  return {
    id: row.id as string,
    webhookId: row.webhook_id as string,
    eventId: row.event_id as string,
    topic: row.topic as string,
    payload: row.payload as string,
    status: row.status as DeliveryStatus,
    attempts: row.attempts as number,
    dueAt: row.due_at as number,
    responseStatus: row.response_status as number | null,
    error: row.error as string | null,
    createdAt: row.created_at as number,
    finishedAt: row.finished_at as number | null,
  };
}

export async function listWebhooks(database: Database, applicationId: string): Promise<WebhookRow[]> {
  const sql = "SELECT * FROM webhooks WHERE application_id = ? ORDER BY created_at, id";
  return (await database.query(sql, [applicationId])).map(webhookOf);
}

/** Of all applications, those that are switched on. */
export async function enabledWebhooks(database: Database): Promise<WebhookRow[]> {
  return (await database.query("SELECT * FROM webhooks WHERE enabled = 1 ORDER BY id")).map(webhookOf);
}

export async function findWebhook(database: Database, applicationId: string, id: string): Promise<WebhookRow | null> {
  const [row] = await database.query("SELECT * FROM webhooks WHERE application_id = ? AND id = ?", [applicationId, id]);
  return row === undefined ? null : webhookOf(row);
}

export function insertWebhook(hook: WebhookRow): Statement {
  return {
    sql: `INSERT INTO webhooks (id, application_id, url, topics, description, sealed_secret, enabled, created_at, updated_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    params: [
      hook.id,
      hook.applicationId,
      hook.url,
      JSON.stringify(hook.topics),
      hook.description,
      hook.sealedSecret,
      hook.enabled ? 1 : 0,
      hook.createdAt,
      hook.updatedAt,
    ],
  };
}

/** Whoever switches it on again gives it a new chance: it counts as not failing. */
export function updateWebhook(hook: WebhookRow): Statement {
  return {
    sql: `UPDATE webhooks SET url = ?, topics = ?, description = ?, enabled = ?, disabled_reason = ?, failing_since = ?, sealed_secret = ?,
      sealed_old_secret = ?, old_secret_until = ?, updated_at = ? WHERE application_id = ? AND id = ?`,
    params: [
      hook.url,
      JSON.stringify(hook.topics),
      hook.description,
      hook.enabled ? 1 : 0,
      hook.disabledReason,
      hook.failingSince,
      hook.sealedSecret,
      hook.sealedOldSecret,
      hook.oldSecretUntil,
      hook.updatedAt,
      hook.applicationId,
      hook.id,
    ],
    expect: 1,
  };
}

export function deleteWebhook(applicationId: string, id: string): Statement[] {
  return [
    { sql: "DELETE FROM webhooks WHERE application_id = ? AND id = ?", params: [applicationId, id], expect: 1 },
    { sql: "DELETE FROM deliveries WHERE webhook_id = ?", params: [id] },
  ];
}

/** For the transaction of what happened. The same event written twice is one. */
export function insertEvent({ id, applicationId, topic, payload, createdAt }: OutboxRow): Statement {
  return {
    sql: "INSERT INTO outbox (id, application_id, topic, payload, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
    params: [id, applicationId, topic, payload, createdAt],
  };
}

/** Oldest first. */
export async function outboxRows(database: Database, limit: number): Promise<OutboxRow[]> {
  const rows = await database.query("SELECT id, application_id, topic, payload, created_at FROM outbox ORDER BY created_at, id LIMIT ?", [
    limit,
  ]);
  return rows.map((row) => ({
    id: row.id as string,
    applicationId: row.application_id as string,
    topic: row.topic as string,
    payload: row.payload as string,
    createdAt: row.created_at as number,
  }));
}

/** Takes the events out of the outbox and writes who is to be told; done twice, or by two processes, it is as done once. */
export function fanOut(events: readonly OutboxRow[], deliveries: readonly DeliveryRow[]): Statement[] {
  const marks = events.map(() => "?").join(", ");
  return [
    ...deliveries.map((delivery) => insertDelivery(delivery)),
    { sql: `DELETE FROM outbox WHERE id IN (${marks})`, params: events.map(({ id }) => id) },
  ];
}

export function insertDelivery(row: DeliveryRow): Statement {
  return {
    sql: `INSERT INTO deliveries (id, webhook_id, event_id, topic, payload, status, attempts, due_at, leased_until, created_at)
      VALUES (?, ?, ?, ?, ?, 'pending', 0, ?, 0, ?) ON CONFLICT (id) DO NOTHING`,
    params: [row.id, row.webhookId, row.eventId, row.topic, row.payload, row.dueAt, row.createdAt],
  };
}

/** Webhooks for which something is due, and when the next thing is. Those that are switched off wait. */
export async function dueWebhooks(
  database: Database,
  now: number,
): Promise<{ readonly due: readonly WebhookRow[]; readonly next: number | null }> {
  const waiting = "SELECT 1 FROM deliveries WHERE webhook_id = webhooks.id AND status = 'pending' AND due_at <= ? AND leased_until <= ?";
  const [due, next] = await database.snapshot([
    { sql: `SELECT * FROM webhooks WHERE enabled = 1 AND EXISTS (${waiting}) ORDER BY id`, params: [now, now] },
    {
      sql: `SELECT MIN(CASE WHEN leased_until > due_at THEN leased_until ELSE due_at END) AS next FROM deliveries
        WHERE status = 'pending' AND webhook_id IN (SELECT id FROM webhooks WHERE enabled = 1)`,
    },
  ]);
  return { due: due!.map(webhookOf), next: next![0]!.next as number | null };
}

/** Takes up to `limit` due deliveries of a webhook until `leaseUntil`; of several processes one gets each. */
export async function claimDeliveries(
  database: Database,
  {
    webhookId,
    now,
    leaseUntil,
    limit,
  }: { readonly webhookId: string; readonly now: number; readonly leaseUntil: number; readonly limit: number },
): Promise<DeliveryRow[]> {
  const [rows] = await database.transaction([
    {
      sql: `UPDATE deliveries SET leased_until = ?, attempts = attempts + 1 WHERE leased_until <= ? AND status = 'pending' AND id IN
        (SELECT id FROM deliveries WHERE webhook_id = ? AND status = 'pending' AND due_at <= ? AND leased_until <= ? ORDER BY due_at, id LIMIT ?)
        RETURNING *`,
      params: [leaseUntil, now, webhookId, now, now, limit],
    },
  ]);
  return rows!.map(deliveryOf);
}

/** Leases of this process's predecessors, where nobody else uses the database. */
export function releaseDeliveries(): Statement {
  return { sql: "UPDATE deliveries SET leased_until = 0 WHERE status = 'pending' AND leased_until > 0" };
}

export type Attempted =
  | { readonly outcome: "delivered"; readonly status: number }
  | { readonly outcome: "failed"; readonly status: number | null; readonly error: string }
  | { readonly outcome: "again"; readonly status: number | null; readonly error: string; readonly dueAt: number }
  /** It was stopped by us: as if it had not been tried. */
  | { readonly outcome: "interrupted" };

export function finishDelivery(id: string, attempted: Attempted, now: number): Statement {
  switch (attempted.outcome) {
    case "interrupted":
      return { sql: "UPDATE deliveries SET leased_until = 0, attempts = attempts - 1 WHERE id = ?", params: [id] };
    case "again":
      return {
        sql: "UPDATE deliveries SET leased_until = 0, due_at = ?, response_status = ?, error = ? WHERE id = ?",
        params: [attempted.dueAt, attempted.status, attempted.error, id],
      };
    case "delivered":
    case "failed":
      return {
        sql: "UPDATE deliveries SET leased_until = 0, status = ?, response_status = ?, error = ?, finished_at = ? WHERE id = ?",
        params: [attempted.outcome, attempted.status, attempted.outcome === "failed" ? attempted.error : null, now, id],
      };
  }
}

export function markWorking(webhookId: string): Statement {
  return { sql: "UPDATE webhooks SET failing_since = NULL WHERE id = ? AND failing_since IS NOT NULL", params: [webhookId] };
}

export function markFailing(webhookId: string, now: number): Statement {
  return { sql: "UPDATE webhooks SET failing_since = ? WHERE id = ? AND failing_since IS NULL", params: [now, webhookId] };
}

/** A `Conflict` when it is off already, or gone. */
export function disableWebhook(webhookId: string, reason: string, now: number): Statement {
  return {
    sql: "UPDATE webhooks SET enabled = 0, disabled_reason = ?, updated_at = ? WHERE id = ? AND enabled = 1",
    params: [reason, now, webhookId],
    expect: 1,
  };
}

export interface DeliveryPosition {
  readonly createdAt: number;
  readonly id: string;
}

/** Newest first, those after `until`. */
export async function listDeliveries(
  database: Database,
  webhookId: string,
  { status, limit, until }: { readonly status: DeliveryStatus | null; readonly limit: number; readonly until: DeliveryPosition | null },
): Promise<DeliveryRow[]> {
  const filters = ["webhook_id = ?"];
  const params: SqlValue[] = [webhookId];
  if (status !== null) {
    filters.push("status = ?");
    params.push(status);
  }
  if (until !== null) {
    filters.push("(created_at, id) < (?, ?)");
    params.push(until.createdAt, until.id);
  }
  const sql = `SELECT * FROM deliveries WHERE ${filters.join(" AND ")} ORDER BY created_at DESC, id DESC LIMIT ?`;
  return (await database.query(sql, [...params, limit])).map(deliveryOf);
}

export async function findDelivery(database: Database, webhookId: string, id: string): Promise<DeliveryRow | null> {
  const [row] = await database.query("SELECT * FROM deliveries WHERE webhook_id = ? AND id = ?", [webhookId, id]);
  return row === undefined ? null : deliveryOf(row);
}

/** The same message once more, from the first attempt. */
export function replayDelivery(id: string, now: number): Statement {
  return {
    sql: `UPDATE deliveries SET status = 'pending', attempts = 0, due_at = ?, leased_until = 0, response_status = NULL, error = NULL, finished_at = NULL
      WHERE id = ? AND status <> 'pending'`,
    params: [now, id],
    expect: 1,
  };
}

/** What was delivered, given up or left behind by a webhook that is switched off, and is older than `before`. */
export async function deleteOldDeliveries(database: Database, before: number, limit: number): Promise<number> {
  const [rows] = await database.transaction([
    {
      sql: "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE created_at < ? ORDER BY created_at LIMIT ?) RETURNING id",
      params: [before, limit],
    },
  ]);
  return rows!.length;
}

export interface OutboxLag {
  /** Events that nobody has taken yet. */
  readonly waiting: number;
  /** Deliveries under way or to be tried again. */
  readonly pending: number;
  /** Due time of the oldest delivery, or time of the oldest event, that waits; null when none does. */
  readonly oldest: number | null;
}

export async function outboxLag(database: Database, now: number): Promise<OutboxLag> {
  const [outbox, pending] = await database.snapshot([
    { sql: "SELECT count(*) AS n, MIN(created_at) AS oldest FROM outbox" },
    {
      sql: `SELECT count(*) AS n, MIN(CASE WHEN due_at <= ? THEN due_at ELSE NULL END) AS oldest FROM deliveries
        WHERE status = 'pending' AND webhook_id IN (SELECT id FROM webhooks WHERE enabled = 1)`,
      params: [now],
    },
  ]);
  const times = [outbox![0]!.oldest, pending![0]!.oldest].filter((time) => time !== null) as number[];
  return {
    waiting: outbox![0]!.n as number,
    pending: pending![0]!.n as number,
    oldest: times.length === 0 ? null : Math.min(...times),
  };
}
