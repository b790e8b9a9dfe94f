/** How long the browser's own client takes to have a document, in a process of its own: `open.ts <url> <token>` prints milliseconds and the records it got. */
import { randomBytes, randomUUID } from "node:crypto";
import { get } from "node:http";
import { gunzip } from "node:zlib";
import type { Snapshot } from "@lectern/protocol";
import { SUBPROTOCOL } from "@lectern/protocol/plain";
import { memoryQueue, SyncClient } from "@lectern/sync/client";
import { WebSocket } from "ws";
import { systemClock } from "../packages/server/src/ports.ts";

/** A browser unpacks what it fetches beside the page's thread; Node's `fetch` does it on this one, in 200 pieces through two kinds of streams. */
function unpacked(path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "accept-encoding": "gzip" };
    get(`${url}${path}`, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const body = Buffer.concat(chunks);
        if (response.statusCode !== 200) return reject(new Error(`${path}: ${response.statusCode} ${body.toString()}`));
        if (response.headers["content-encoding"] === "gzip")
          gunzip(body, (error, text) => (error === null ? resolve(text) : reject(error)));
        else resolve(body);
      });
    }).on("error", reject);
  });
}

const [url, token] = process.argv.slice(2) as [string, string];
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
  fetchSnapshot: async (path) => JSON.parse((await unpacked(path)).toString()) as Snapshot,
});
await client.start();
await client.loaded();
const ms = performance.now() - start;
const records = [...client.records.all()].length;
process.stdout.write(`${JSON.stringify({ ms, records })}\n`, () => process.exit(0));
