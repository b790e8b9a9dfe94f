/**
 * What happened, as rows of the outbox: written in the transaction of what they tell of, and only when a webhook of the application wants to hear
 * of it, so that nobody else pays for it. Messages are thin: they name what changed, its content is fetched with the API.
 */
import type { DocumentSummary } from "@lectern/protocol";
import { hearsOf, mentionsOf, newId } from "@lectern/protocol/plain";
import type { WebhookTopic } from "@lectern/protocol/plain";
import type { LoggedChange, LoggedOp, PendingCommit, StoredRecord } from "@lectern/sync/room";
import type { DocumentKey } from "../documents/store.ts";
import type { Bus, Clock, Database, Random, Statement } from "../ports.ts";
import { enabledWebhooks, insertEvent } from "./store.ts";

export interface Events {
  /** The rows for one thing that happened; none when nobody wants to hear of it. `once`: names it, so that a repeat is no second event. */
  of(applicationId: string, topic: WebhookTopic, data: object, once?: string): Statement[];
  /** The same for a document. */
  ofDocument(applicationId: string, topic: WebhookTopic, document: DocumentSummary, once?: string): Statement[];
  /** For the commit of a layer. */
  ofChange(key: DocumentKey, layerName: string, change: LoggedChange, records: readonly StoredRecord[]): PendingCommit["events"];
  /** Webhooks were changed or removed here: other processes hear of it, too. */
  changed(): Promise<void>;
  /** The same, when one hears of more than before: resolved once no process leaves out an event for it. */
  widened(): Promise<void>;
  /** Reads who wants to hear of what. */
  start(): Promise<void>;
  close(): void;
}

export interface EventsOptions {
  readonly database: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  /** A row is about to be written. */
  readonly onEvent: () => void;
  readonly onError: (what: string, error: unknown) => void;
}

const CHANGED = "webhooks changed";
/** A word on the bus may be lost: other processes look so often all the same. */
const LOOK_MS = 1_000;
/** What a process knows counts for so long from the beginning of its look; after that it writes every event, until it has looked again. */
const KNOWN_MS = 2_000;
/** Records in one message. */
const RECORDS_TOGETHER = 100;

export function events({ database, bus, clock, random, onEvent, onError }: EventsOptions): Events {
  let wanted: ReadonlyMap<string, readonly string[]> = new Map();
  /** When the look began that `wanted` is from. */
  let lookedAt = Number.NEGATIVE_INFINITY;
  let cancelLook = (): void => undefined;
  let closed = false;

  const knows = (): boolean => !database.shared || Math.abs(clock.now() - lookedAt) < KNOWN_MS;
  const wants = (applicationId: string, topic: string): boolean => {
    if (!knows()) return true;
    const patterns = wanted.get(applicationId);
    return patterns !== undefined && hearsOf(patterns, topic);
  };

  async function look(): Promise<void> {
    const began = clock.now();
    const found = new Map<string, string[]>();
    for (const { applicationId, topics } of await enabledWebhooks(database))
      found.set(applicationId, [...(found.get(applicationId) ?? []), ...topics]);
    // Of two looks at once the later one counts.
    if (began < lookedAt) return;
    wanted = found;
    lookedAt = began;
  }
  const lookAgain = (): void => {
    look().catch((error: unknown) => onError("reading webhooks", error));
  };
  function lookLater(): void {
    if (closed || !database.shared) return;
    cancelLook = clock.setTimeout(() => {
      lookAgain();
      lookLater();
    }, LOOK_MS);
  }
  const stopListening = bus.subscribe(CHANGED, lookAgain);

  async function changed(): Promise<void> {
    await look();
    bus.publish(CHANGED, "");
  }

  const of: Events["of"] = (applicationId, topic, data, once) => {
    if (!wants(applicationId, topic)) return [];
    onEvent();
    const now = clock.now();
    const id = once === undefined ? newId(now, random(10)) : `${topic.replace(".", "-")}-${once}`;
    return [insertEvent({ id, applicationId, topic, payload: JSON.stringify(data), createdAt: now })];
  };

  return {
    of,
    ofDocument: (applicationId, topic, { document_id, title, status, errors, pageCount, metadata }, once) =>
      of(applicationId, topic, { document_id, title, status, errors, page_count: pageCount, metadata }, once),
    ofChange(key, layerName, change, records) {
      if (knows() && !wanted.has(key.applicationId)) return [];
      const byTopic = new Map<WebhookTopic, object[]>();
      for (const [topic, item] of happened(change.ops, records)) {
        if (wants(key.applicationId, topic)) byTopic.set(topic, [...(byTopic.get(topic) ?? []), item]);
      }
      if (byTopic.size > 0) onEvent();
      const common = { document_id: key.documentId, layer: layerName, seq: change.seq, user_id: change.actor };
      return [...byTopic].flatMap(([topic, items]) => chunks(items).map((some) => ({ topic, payload: { ...common, records: some } })));
    },
    changed,
    async widened() {
      await changed();
      // By then each process has looked after the change was written, or knows nothing and writes every event.
      if (database.shared) await new Promise<void>((resolve) => void clock.setTimeout(resolve, KNOWN_MS));
    },
    async start() {
      await look();
      lookLater();
    },
    close() {
      closed = true;
      cancelLook();
      stopListening();
    },
  };
}

function* happened(ops: readonly LoggedOp[], records: readonly StoredRecord[]): Generator<[WebhookTopic, object]> {
  const first = new Map<string, LoggedOp>();
  for (const op of ops) if (!first.has(op.id)) first.set(op.id, op);
  for (const record of records) {
    const before = first.get(record.id)?.before ?? null;
    const was = before !== null && !before.deleted;
    if (!was && record.deleted) continue;
    const verb = record.deleted ? "deleted" : was ? "updated" : "created";
    const item = { id: record.id, created_by: record.createdBy, updated_by: record.updatedBy, group: record.grp };
    if (record.kind === "annotation") yield [`annotation.${verb}`, { ...item, type: record.data.type, page_id: record.data.page }];
    else if (record.kind === "value") {
      if (verb === "updated") yield ["form.filled", { ...item, field_id: record.id.replace(/:v$/, "") }];
    } else if (record.kind === "comment") {
      const comment = { ...item, annotation_id: record.data.root };
      yield [`comment.${verb}`, comment];
      if (record.deleted) continue;
      if (!was && record.data.state === "resolved") yield ["comment.resolved", comment];
      const known = was ? mentionsOf({ ...record.data, ...before.data }) : [];
      const named = mentionsOf(record.data).filter((user) => !known.includes(user));
      if (named.length > 0) yield ["comment.mentioned", { ...comment, mentions: named }];
    }
  }
}

function chunks<T>(items: readonly T[]): (readonly T[])[] {
  const count = Math.ceil(items.length / RECORDS_TOGETHER);
  return Array.from({ length: count }, (_, i) => items.slice(i * RECORDS_TOGETHER, (i + 1) * RECORDS_TOGETHER));
}
