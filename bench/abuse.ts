/**
 * How long an honest peer waits for its acknowledgements while others do what they should not: 1,000 sockets that say nothing more, readers that do
 * not read, floods of pushes, frames that are too large or no messages, requests that are never finished. The real service, over real sockets.
 */
import { pagesPdf } from "@lectern/pdf/testing";
import { SUBPROTOCOL } from "@lectern/protocol/plain";
import { connect } from "node:net";
import { WebSocket } from "ws";
import { startProduct } from "../e2e/product.ts";
import { figure } from "./figure.ts";

const IDLE = 1000;
const HALVES = 100;
const SLOW = 10;
const PUSHES = 400;
/** Between two pushes of the honest peer. */
const PAUSE_MS = 50;
const MUST_MS = 250;

interface Joined {
  readonly ws: WebSocket;
  /** Sends it and resolves when it is acknowledged. */
  push(ops: readonly unknown[]): Promise<void>;
}

export async function benchAbuse(): Promise<void> {
  const product = await startProduct({ LECTERN_LIMIT_SOCKETS_PER_SESSION: "0" });
  const stops: (() => unknown)[] = [];
  try {
    const { id } = (await product.client.documents.upload({ wait: 60 }, { body: pagesPdf(1) as BodyInit, type: "application/pdf" })).data;
    const { jwt } = await product.client.sessions.create({
      allowed_documents: [{ document_id: id, document_permissions: ["read", "write"] }],
      user_id: "bench",
    });
    const url = `${product.url.replace("http", "ws")}/viewer/sync`;
    const honest = await join(url, jwt);
    const alone = await waits(honest, "alone");

    for (let i = 0; i < IDLE; i++) stops.push(closing((await join(url, jwt)).ws));
    for (let i = 0; i < SLOW; i++) {
      const { ws } = await join(url, jwt);
      ws.pause();
      stops.push(closing(ws));
    }
    const { hostname, port } = new URL(product.url);
    for (let i = 0; i < HALVES; i++) {
      const half = connect(Number(port), hostname).on("error", () => undefined);
      half.write("GET /viewer/sync HTTP/1.1\r\nHost: x\r\nUpgrade: web");
      stops.push(() => half.destroy());
    }
    let going = true;
    stops.push(() => (going = false));
    const abusers = [flood, giant, nonsense].map(async (abuse) => {
      while (going) await abuse(url, jwt);
    });
    const among = await waits(honest, "among");
    going = false;
    await Promise.all(abusers);
    honest.ws.close();
    const detail = `median ${at(among, 0.5)} ms; alone: ${at(alone, 0.99)} ms, median ${at(alone, 0.5)} ms`;
    figure("honest peer among abusers, p99 of acks", at(among, 0.99), "ms", { best: "least", must: MUST_MS }, detail);
  } finally {
    for (const stop of stops) stop();
    await product.close();
  }
}

function closing(ws: WebSocket): () => void {
  return () => ws.terminate();
}

const rectangle = (id: string): unknown[] => [
  "c",
  id,
  "annotation",
  { type: "rectangle", page: "1.0", geometry: { bbox: [1, 1, 9, 9] }, appearance: {} },
];

async function join(url: string, token: string): Promise<Joined> {
  const ws = new WebSocket(url, SUBPROTOCOL);
  ws.on("error", () => undefined);
  await new Promise((resolve) => ws.once("open", resolve));
  ws.send(JSON.stringify({ type: "hello", sid: crypto.randomUUID(), token, since: -1 }));
  await new Promise((resolve) => ws.once("message", resolve));
  const acknowledged = new Map<number, () => void>();
  let n = 0;
  ws.on("message", (data: Buffer) => {
    const { acks = [] } = JSON.parse(data.toString()) as { readonly acks?: readonly (readonly [number])[] };
    for (const [done] of acks) acknowledged.get(done)?.();
  });
  return {
    ws,
    push(ops) {
      const mine = ++n;
      ws.send(JSON.stringify({ type: "push", n: mine, ops }));
      return new Promise((resolve, reject) => {
        const ended = (): void => reject(new Error("the honest peer's socket was closed"));
        ws.once("close", ended);
        acknowledged.set(mine, () => {
          ws.off("close", ended);
          acknowledged.delete(mine);
          resolve();
        });
      });
    },
  };
}

async function waits(honest: Joined, name: string): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < PUSHES; i++) {
    const start = performance.now();
    await honest.push([rectangle(`honest-${name}-${i}`)]);
    found.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return found.sort((a, b) => a - b);
}

function at(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!);
}

/** A new socket that sends what it must not, until it is ended. */
async function abuse(url: string, token: string, send: (ws: WebSocket) => void): Promise<void> {
  const { ws } = await join(url, token);
  const ended = new Promise((resolve) => ws.once("close", resolve));
  send(ws);
  await ended;
}

let floods = 0;
const flood = (url: string, token: string): Promise<void> => {
  const name = ++floods;
  return abuse(url, token, (ws) => {
    for (let n = 1; n <= 900; n++) ws.send(JSON.stringify({ type: "push", n, ops: [rectangle(`flood-${name}-${n}`)] }));
  });
};
const giant = (url: string, token: string): Promise<void> => abuse(url, token, (ws) => ws.send("x".repeat(1_100_000)));
const nonsense = (url: string, token: string): Promise<void> => abuse(url, token, (ws) => ws.send("[".repeat(200_000)));
