/**
 * Bus over Redis: a channel for each topic, two connections (one that listens hears nothing else). While Redis is away messages are lost, which
 * the bus may do; the connections come back by themselves, with what was subscribed.
 */
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import type { Bus } from "../ports.ts";
import { busTopics } from "./bus-topics.ts";

export interface RedisBusOptions {
  /** `redis://` or `rediss://`; `?prefix=…` before the names of the channels keeps two installations on one Redis apart (default `lectern`). */
  readonly url: string;
  /** A connection broke, or a listener failed. */
  readonly onWarning?: (text: string, error: unknown) => void;
  /** How often each connection is asked whether it is there, and how long it may take to answer, milliseconds. */
  readonly probeMs?: number;
}

const LONGEST_PAUSE_MS = 3_000;
const PROBE_MS = 5_000;

/** Rejects when the server cannot be reached now. */
export async function redisBus({ url, onWarning = () => undefined, probeMs = PROBE_MS }: RedisBusOptions): Promise<Bus> {
  const node = randomUUID();
  const address = new URL(url);
  const prefix = address.searchParams.get("prefix") ?? "lectern";
  address.searchParams.delete("prefix");
  const settings = {
    lazyConnect: true,
    connectTimeout: 5_000,
    keepAlive: 10_000,
    // a connection on which a question is not answered in time is broken, however whole it looks
    socketTimeout: probeMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    connectionName: `${prefix} bus`.replaceAll(" ", "-"),
  };
  let started = false;
  const retryStrategy = (times: number): number | null => (started ? Math.min(100 * 2 ** times, LONGEST_PAUSE_MS) : null);
  const speaking = new Redis(address.href, { ...settings, retryStrategy });
  const listening = new Redis(address.href, { ...settings, retryStrategy, autoResubscribe: false });
  let warned = false;
  let closed = false;
  const warn = (error: unknown): void => {
    if (!warned && !closed && started)
      onWarning("the bus lost Redis; nodes learn of each other's changes by looking until it is back", error);
    warned = true;
  };
  const channelOf = (topic: string): string => `${prefix}:${topic}`;
  const topics = busTopics({
    onFirst: (topic) => void listening.subscribe(channelOf(topic)).catch(warn),
    onLast: (topic) => void listening.unsubscribe(channelOf(topic)).catch(warn),
    onError: (error) => onWarning("a listener of the bus failed", error),
  });
  for (const connection of [speaking, listening]) connection.on("error", warn).on("close", () => warn(new Error("the connection ended")));
  listening.on("ready", () => {
    warned = false;
    const channels = topics.names().map(channelOf);
    if (channels.length > 0) listening.subscribe(...channels).catch(warn);
  });
  listening.on("message", (channel: string, text: string) => {
    const at = text.indexOf(" ");
    if (text.slice(0, at) !== node) topics.deliver(channel.slice(prefix.length + 1), text.slice(at + 1));
  });
  const probing = setInterval(() => {
    for (const connection of [speaking, listening]) if (connection.status === "ready") connection.ping().catch(warn);
  }, probeMs);
  try {
    await Promise.all([speaking.connect(), listening.connect()]);
    started = true;
  } catch (error) {
    clearInterval(probing);
    speaking.disconnect();
    listening.disconnect();
    throw new Error(`Cannot use Redis at ${address.host}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }

  return {
    publish(topic, message) {
      if (!closed && speaking.status === "ready") speaking.publish(channelOf(topic), `${node} ${message}`).catch(warn);
    },
    subscribe: (topic, listener) => topics.add(topic, listener),
    async close() {
      closed = true;
      clearInterval(probing);
      topics.clear();
      // what was published before is on its way
      if (speaking.status === "ready") await speaking.quit().catch(() => undefined);
      speaking.disconnect();
      listening.disconnect();
    },
  };
}
