/** How long the browser's own client takes to have a document, in a process of its own: `open.ts <url> <token>` prints milliseconds and the records it got. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Snapshot } from "@lectern/protocol";
import { SUBPROTOCOL } from "@lectern/protocol/plain";
import { memoryQueue, SyncClient } from "@lectern/sync/client";
import { WebSocket } from "ws";
import { systemClock } from "../packages/server/src/ports.ts";

const [url, token] = process.argv.slice(2) as [string, string];
// Browsers have it at hand; Node loads it when it is first used.
await (await fetch(`${url}/readyz`)).text();
const start = performance.now();
const client = new SyncClient({
  connect: (events) => {
    const ws = new WebSocket(`${url.replace("http", "ws")}/viewer/sync`, SUBPROTOCOL);
    ws.on("open", () => events.open());
    ws.on("message", (data: Buffer) => events.message(data.toString()));
    ws.on("close", () => events.closed());
    return { send: (text) => ws.send(text), close: () => ws.close() };
  },
  queue: memoryQueue(randomUUID),
  clock: systemClock,
  randomBytes,
  getToken: () => Promise.resolve(token),
  fetchSnapshot: async (path) => {
    const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return (await response.json()) as Snapshot;
  },
});
await client.start();
await client.loaded();
const ms = performance.now() - start;
const records = [...client.records.all()].length;
process.stdout.write(`${JSON.stringify({ ms, records })}\n`, () => process.exit(0));
