/** Those who do not read, on the real process and real sockets: presence is what they lose first, and whoever holds 8 MB is let go. */
import { pagesPdf } from "@lectern/pdf/testing";
import { SUBPROTOCOL } from "@lectern/protocol/plain";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { testProcess, type TestProcess } from "../testing/test-server.ts";
import { isAck, type TestSocket, testSocket } from "../testing/test-socket.ts";

const PATIENT = { timeout: 60_000, interval: 50 };
const TEST = { timeout: 180_000 };
const PIECE = 200_000;
/** More than a system keeps on both sides of a connection on which nobody reads. */
const MOST_OF_SYSTEM = 9_600_000;

let product: TestProcess;
let document: string;
let token: string;
let honest: TestSocket;
let pushes = 0;
const readers: WebSocket[] = [];

beforeAll(async () => {
  product = await testProcess({
    LECTERN_LOG_LEVEL: "error",
    LECTERN_LIMIT_REQUESTS_PER_SECOND: "0",
    LECTERN_LIMIT_OPS_PER_SECOND: "0",
    LECTERN_LIMIT_SOCKETS_PER_SESSION: "0",
  });
  document = (await product.upload(pagesPdf(1))).id;
}, 120_000);
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.terminate();
  honest.close();
});
afterAll(() => product.close());

/** A layer of its own for each test, and somebody in it who keeps to the protocol. */
async function begin(layer: string): Promise<void> {
  pushes = 0;
  token = (await product.session({ document_id: document, layer }, { user_id: "honest" })).jwt;
  honest = await testSocket(product.url);
  await honest.hello(token);
}

interface Frame {
  readonly type: string;
  readonly set?: readonly { readonly presence: { readonly cursor?: { readonly x: number } } }[];
}

/** Joins, and reads nothing more until `resume`. */
async function reader(): Promise<{ readonly ws: WebSocket; readonly frames: readonly Frame[] }> {
  const ws = new WebSocket(`${product.url.replace("http", "ws")}/viewer/sync`, SUBPROTOCOL);
  readers.push(ws);
  const frames: Frame[] = [];
  ws.on("error", () => undefined);
  await new Promise((resolve) => ws.once("open", resolve));
  const welcomed = new Promise<void>((resolve) =>
    ws.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame;
      frames.push(frame);
      if (frame.type === "welcome") resolve();
    }),
  );
  ws.send(JSON.stringify({ type: "hello", sid: `reader-${readers.length}-${Math.floor(performance.now())}`, token, since: -1 }));
  await welcomed;
  ws.pause();
  // Alive, but for reading: silence would be a reason of its own to let it go.
  const alive = setInterval(() => ws.pong(), 5_000);
  ws.once("close", () => clearInterval(alive));
  return { ws, frames };
}

/** One edit of so many bytes, acknowledged. */
async function write(bytes: number): Promise<void> {
  const n = ++pushes;
  const data = { type: "rectangle", page: "1.0", geometry: { bbox: [1, 1, 9, 9] }, appearance: {}, custom: { more: "x".repeat(bytes) } };
  honest.push(n, [["c", `r-${n}`, "annotation", data as never]]);
  await honest.until(`ack ${n}`, isAck(n));
}

const connections = async (): Promise<number> => {
  const text = await (await product.request("/metrics")).text();
  return Number(/^lectern_sockets (\d+)$/m.exec(text)![1]);
};

it("whoever does not read is told nothing of who points where, and where they are in the end", TEST, async () => {
  await begin("presence");
  const quick = await testSocket(product.url);
  await quick.hello((await product.session({ document_id: document, layer: "presence" }, { user_id: "quick" })).jwt);
  const slow = await reader();
  const told = (frames: readonly Frame[]): number[] =>
    frames.flatMap(({ type, set = [] }) => (type === "presence" ? set.flatMap(({ presence }) => presence.cursor?.x ?? []) : []));
  for (let written = 0; written < MOST_OF_SYSTEM + 2_000_000; written += PIECE) await write(PIECE);

  const MOVES = 60;
  for (let x = 1; x <= MOVES; x++) {
    honest.send({ type: "presence", presence: { cursor: { page: "1.0", x, y: 1 } } });
    // Who reads is told of each.
    await quick.until(`move ${x}`, (message): message is typeof message => told([message as Frame]).includes(x));
  }
  slow.ws.resume();
  const isOver = new Promise<void>((resolve) => slow.ws.once("close", () => resolve()));
  await Promise.race([isOver, expect.poll(() => told(slow.frames).at(-1), PATIENT).toBe(MOVES)]);
  expect(told(slow.frames).filter((x) => x < MOVES)).toEqual([]);
  quick.close();
});

it("whoever has 8 MB waiting is let go, whoever has less waits, and nobody else notices", TEST, async () => {
  await begin("drop");
  const before = await connections();
  // Each has been sent a little less than the one before: whatever a system keeps, for one of them it is just full.
  const STEP = 600_000;
  for (let written = 0; written < MOST_OF_SYSTEM; written += STEP) {
    await reader();
    for (let bytes = 0; bytes < STEP; bytes += PIECE) await write(PIECE);
  }
  const all = before + readers.length;
  expect(await connections()).toBe(all);
  // One change that is sent as one frame of just under 8 MB.
  const content = { type: "pspdfkit/note", v: 2, pageIndex: 0, bbox: [0, 0, 9, 9], text: { format: "plain", value: "large" } };
  const annotations = Array.from({ length: 32 }, (_, i) => ({
    id: `large-${i}`,
    content: { ...content, customData: { more: "x".repeat(240_000) } },
  }));
  await product.json(`/viewer/documents/${document}/layers/drop/annotations`, { json: { annotations } });
  await write(1);
  await write(1);
  await expect.poll(connections, PATIENT).toBeLessThan(all);
  expect(await connections()).toBeGreaterThan(before);
  await write(PIECE);
});
