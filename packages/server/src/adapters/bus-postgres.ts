/**
 * Bus over the notifications of PostgreSQL, on a connection of its own, outside of every data transaction. All nodes of a database listen to one
 * channel; a payload is `node id part/parts topic-length topic+text`, since the server takes 8000 bytes at most. While the connection is broken
 * messages are lost, which the bus may do; it comes back by itself.
 */
import { randomUUID } from "node:crypto";
import pg from "pg";
import type { Bus } from "../ports.ts";
import { busTopics } from "./bus-topics.ts";

export interface PostgresBusOptions {
  readonly url: string;
  /** The connection broke, or a listener failed. */
  readonly onWarning?: (text: string, error: unknown) => void;
}

const CHANNEL = "lectern";
const MOST_BYTES = 7_900;
/** Longer messages are dropped, and the oldest ones when so many wait. */
const MOST_PARTS = 16;
const MOST_WAITING = 2_000;
/** Payloads in one statement. */
const BATCH = 200;
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [100, 3_000];
/** A connection on which even this question is not answered in time is broken, however whole it looks. */
const [PROBE_MS, ANSWER_MS] = [5_000, 5_000];

/** Rejects when the server cannot be reached now. */
export async function postgresBus({ url, onWarning = () => undefined }: PostgresBusOptions): Promise<Bus> {
  const node = randomUUID();
  const topics = busTopics({ onError: (error) => onWarning("a listener of the bus failed", error) });
  let unsent: string[] = [];
  const parts = new Map<string, string[]>();
  let client: pg.Client | null = null;
  let sending: Promise<void> | null = null;
  let lastId = 0;
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString: url,
      application_name: "lectern bus",
      keepAlive: true,
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
    });
    next.on("error", (error) => lost(next, error));
    next.on("end", () => lost(next, new Error("the connection ended")));
    next.on("notification", ({ payload = "" }) => receive(payload));
    try {
      await next.connect();
      // a notification is never worth waiting for the disk
      await next.query(`SET synchronous_commit = off; LISTEN ${CHANNEL}`);
    } catch (error) {
      await next.end().catch(() => undefined);
      throw error;
    }
    if (closed) return next.end();
    client = next;
    probeLater(next);
    flush();
  }

  function lost(which: pg.Client, error: unknown): void {
    if (client !== which) return;
    client = null;
    // What was said meanwhile is old when it comes back.
    unsent = [];
    parts.clear();
    clearTimeout(timer);
    which.end().catch(() => undefined);
    if (closed) return;
    onWarning("the bus lost PostgreSQL; nodes learn of each other's changes by looking until it is back", error);
    reconnectLater(FIRST_PAUSE_MS);
  }

  function reconnectLater(pause: number): void {
    timer = setTimeout(() => {
      connect().catch(() => closed || reconnectLater(Math.min(pause * 2, LONGEST_PAUSE_MS)));
    }, pause);
  }

  function probeLater(which: pg.Client): void {
    timer = setTimeout(() => {
      which.query("SELECT 1").then(
        () => client === which && probeLater(which),
        (error: unknown) => lost(which, error),
      );
    }, PROBE_MS);
  }

  function flush(): void {
    if (sending !== null || client === null || unsent.length === 0) return;
    const on = client;
    const batch = unsent.splice(0, BATCH);
    const sql = `SELECT ${batch.map((_, index) => `pg_notify('${CHANNEL}', $${index + 1})`).join(", ")}`;
    sending = on
      .query(sql, batch)
      .then(
        () => undefined,
        (error: unknown) => lost(on, error),
      )
      .finally(() => {
        sending = null;
        flush();
      });
  }

  function receive(payload: string): void {
    const [, from, id, part, count, length, rest] = /^(\S+) (\d+) (\d+)\/(\d+) (\d+) ([\s\S]*)$/.exec(payload) ?? [];
    if (from === undefined || from === node) return;
    let text = rest!;
    if (count !== "1") {
      const key = `${from} ${id}`;
      const collected = [...(parts.get(key) ?? []), text];
      parts.delete(key);
      // A part before this one was lost, and with it the message.
      if (collected.length !== Number(part)) return;
      if (part !== count) {
        parts.set(key, collected);
        if (parts.size > 100) parts.delete(parts.keys().next().value!);
        return;
      }
      text = collected.join("");
    }
    topics.deliver(text.slice(0, Number(length)), text.slice(Number(length)));
  }

  await connect();
  return {
    publish(topic, message) {
      if (closed || client === null) return;
      const pieces = piecesOf(topic + message);
      if (pieces.length > MOST_PARTS) return;
      const id = ++lastId;
      for (const [index, piece] of pieces.entries()) unsent.push(`${node} ${id} ${index + 1}/${pieces.length} ${topic.length} ${piece}`);
      if (unsent.length > MOST_WAITING) unsent.splice(0, unsent.length - MOST_WAITING);
      // what is said in the same turn of the event loop travels together
      queueMicrotask(flush);
    },
    subscribe: (topic, listener) => topics.add(topic, listener),
    async close() {
      closed = true;
      topics.clear();
      clearTimeout(timer);
      await sending;
      const open = client;
      client = null;
      await open?.end();
    },
  };
}

/** Pieces that each fit into a payload, cut between characters. */
function piecesOf(text: string): string[] {
  // U+0000 is no text to the server, and no message of ours holds it.
  const most = MOST_BYTES - 100;
  if (Buffer.byteLength(text) <= most) return [text];
  const pieces: string[] = [];
  let piece = "";
  let bytes = 0;
  for (const character of text) {
    const size = Buffer.byteLength(character);
    if (bytes + size > most) {
      pieces.push(piece);
      [piece, bytes] = ["", 0];
    }
    piece += character;
    bytes += size;
  }
  return [...pieces, piece];
}
