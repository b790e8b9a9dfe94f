/**
 * Clients of either server, in a process of their own: `node load.mjs '<LoadOptions>'` prints one line of JSON. They do as little as a client can
 * (frames are made before, and only looked through for answers), so that what is measured is the server.
 */
import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { createEncoder, toUint8Array, writeVarString, writeVarUint, writeVarUint8Array } from "lib0/encoding";

/**
 * @typedef {object} LoadOptions
 * @property {"lectern" | "hocuspocus"} kind
 * @property {readonly string[]} urls addresses of the servers; the clients are spread over them
 * @property {string} name session token, or name of the document
 * @property {number} clients
 * @property {number} ops of each client
 * @property {number} [window] ops without an answer that a client has at most
 * @property {number} [everyMs] one op every so many milliseconds instead
 * @property {number} [recordsPerOp] records in one op
 */

/**
 * What both need of a protocol.
 * @typedef {object} Wire
 * @property {readonly (string | Uint8Array)[]} frames one for each op
 * @property {(ws: WebSocket) => void} hello
 * @property {(frame: Buffer) => boolean} isWelcome
 * @property {(frame: Buffer) => number} acks how many ops this frame acknowledges
 */

const RECORD = {
  type: "rectangle",
  page: "1.0",
  geometry: { bbox: [100.25, 200.5, 120, 80] },
  appearance: { strokeColor: "#d32f2f", fillColor: "#ffebee", strokeWidth: 2, opacity: 0.8 },
};
/** About 420 bytes of JSON as a viewer gets the record. */
const NOTE = "A remark of the usual length, as people write it in the margin of a contract.";

const options = /** @type {LoadOptions} */ (JSON.parse(process.argv[2] ?? "{}"));
const { kind, urls, clients, ops, window = 16, everyMs = 0, recordsPerOp = 1 } = options;
const run = randomBytes(4).toString("hex");

/** @param {number} client @param {number} op @param {number} i */
const idOf = (client, op, i) => `${run}-${String(client).padStart(3, "0")}-${String(op).padStart(5, "0")}-${i}`;
/** The place of the time of sending, for whoever receives it. */
const TIME = "@000000000.000@";
const recordOf = () => ({ ...RECORD, note: `${TIME} ${NOTE}` });
const range = (/** @type {number} */ count) => Array.from({ length: count }, (_, i) => i);

/** @param {number} client @returns {Wire} */
function lectern(client) {
  return {
    frames: range(ops).map((op) =>
      JSON.stringify({
        type: "push",
        n: op + 1,
        ops: range(recordsPerOp).map((i) => ["c", idOf(client, op, i), "annotation", recordOf()]),
      }),
    ),
    hello: (ws) => ws.send(JSON.stringify({ type: "hello", sid: `bench-${run}-${client}`, token: options.name, since: -1 })),
    isWelcome: (frame) => frame.indexOf('{"type":"welcome"') === 0,
    acks(frame) {
      // They come first in a frame.
      if (frame[2] !== 0x61) return 0;
      return frame.toString("latin1", 0, frame.indexOf("]]")).split("],[").length;
    },
  };
}

/** @param {readonly ((encoder: ReturnType<typeof createEncoder>) => void)[]} parts */
function message(...parts) {
  const encoder = createEncoder();
  writeVarString(encoder, options.name);
  for (const part of parts) part(encoder);
  return toUint8Array(encoder);
}
const number = (/** @type {number} */ value) => (/** @type {ReturnType<typeof createEncoder>} */ encoder) => writeVarUint(encoder, value);
const text = (/** @type {string} */ value) => (/** @type {ReturnType<typeof createEncoder>} */ encoder) => writeVarString(encoder, value);
const bytes = (/** @type {Uint8Array} */ value) => (/** @type {ReturnType<typeof createEncoder>} */ encoder) =>
  writeVarUint8Array(encoder, value);

/** Each record is a map, so that two people can change different properties of it, as they can here. @param {number} client @returns {Wire} */
function hocuspocus(client) {
  const doc = new Y.Doc();
  const records = doc.getMap("records");
  /** @type {Uint8Array[]} */
  const frames = [];
  doc.on("update", (/** @type {Uint8Array} */ update) => frames.push(message(number(0), number(2), bytes(update))));
  for (const op of range(ops))
    doc.transact(() => {
      for (const i of range(recordsPerOp)) {
        const id = idOf(client, op, i);
        const now = Date.now();
        const head = { id, kind: "annotation", createdBy: "user", createdAt: now, updatedBy: "user", updatedAt: now, grp: null };
        records.set(id, new Y.Map(Object.entries({ ...head, ...recordOf() })));
      }
    });
  const kindAt = Buffer.byteLength(options.name) + 1;
  return {
    frames,
    hello(ws) {
      ws.send(message(number(2), number(0), text("token"), text("4.7.0")));
      ws.send(message(number(0), number(0), bytes(Y.encodeStateVector(new Y.Doc()))));
    },
    isWelcome: (frame) => (frame[kindAt] === 0 || frame[kindAt] === 4) && frame[kindAt + 1] === 1,
    acks: (frame) => (frame[kindAt] === 8 ? 1 : 0),
  };
}

/** @param {string | Uint8Array} frame */
function stamped(frame) {
  const time = `@${performance.now().toFixed(3).padStart(13, "0")}@`;
  if (typeof frame === "string") return frame.replace(TIME, time);
  const copy = Buffer.from(frame);
  copy.write(time, copy.indexOf(TIME), "latin1");
  return copy;
}

/** @param {readonly number[]} values @param {number} share */
const quantile = (values, share) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

const wires = range(clients).map(kind === "lectern" ? lectern : hocuspocus);
/** @type {number[]} */
const fanOut = [];
/** @type {number[]} */
const ackTimes = [];
let measuring = false;

const sockets = await Promise.all(
  wires.map(async (wire, client) => {
    const url = /** @type {string} */ (urls[client % urls.length]);
    const ws =
      kind === "lectern" ? new WebSocket(`${url}/viewer/sync`, "lectern.sync.2") : new WebSocket(url, { perMessageDeflate: false });
    /** @type {number[]} */
    const sentAt = [];
    const state = { ws, acked: 0, sentAt, send: () => {}, done: Promise.resolve() };
    const welcomed = new Promise((resolve, reject) => {
      ws.on("message", (/** @type {Buffer} */ frame) => {
        if (!measuring) {
          if (wire.isWelcome(frame)) resolve(undefined);
          return;
        }
        const acks = wire.acks(frame);
        const now = performance.now();
        for (let i = 0; i < acks; i++) ackTimes.push(now - (sentAt[state.acked++] ?? now));
        if (everyMs > 0)
          for (let at = frame.indexOf("@0"); at >= 0; at = frame.indexOf("@0", at + 15)) {
            const sent = Number(frame.toString("latin1", at + 1, at + 14));
            if (sent > 0) fanOut.push(now - sent);
          }
        if (acks > 0) state.send();
      });
      ws.on("close", (code, reason) => {
        if (state.acked < ops) reject(new Error(`closed after ${state.acked} of ${ops} acknowledged: ${code} ${reason.toString()}`));
      });
      ws.on("error", reject);
    });
    await new Promise((resolve) => ws.on("open", resolve));
    wire.hello(ws);
    await welcomed;
    return state;
  }),
);
// What joining itself brings along (who is there) has arrived.
await new Promise((resolve) => setTimeout(resolve, 500));

/** @param {WebSocket} ws @returns {{ bytesRead: number, bytesWritten: number }} */
const wireOf = (ws) => /** @type {any} */ (ws)._socket;
const wireBytes = () => sockets.reduce((sum, { ws }) => sum + wireOf(ws).bytesRead + wireOf(ws).bytesWritten, 0);
const bytesBefore = wireBytes();
const cpuBefore = process.cpuUsage();
measuring = true;
process.stdout.write(`${JSON.stringify({ begins: true })}\n`);
const start = performance.now();
await Promise.all(
  sockets.map(
    (state, client) =>
      new Promise((resolve, reject) => {
        const { frames } = /** @type {Wire} */ (wires[client]);
        const { ws } = state;
        ws.on("close", () => reject(new Error(`closed after ${state.acked} of ${ops} acknowledged`)));
        const sendOne = () => {
          const frame = /** @type {string | Uint8Array} */ (frames[state.sentAt.length]);
          state.sentAt.push(performance.now());
          ws.send(everyMs > 0 ? stamped(frame) : frame);
        };
        state.send = () => {
          if (state.acked >= ops) return resolve(undefined);
          if (everyMs === 0) while (state.sentAt.length < ops && state.sentAt.length - state.acked < window) sendOne();
        };
        if (everyMs === 0) return state.send();
        const begin = (everyMs * client) / clients;
        setTimeout(() => {
          sendOne();
          const timer = setInterval(() => (state.sentAt.length < ops ? sendOne() : clearInterval(timer)), everyMs);
        }, begin);
      }),
  ),
);
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
// Whoever is told last is told.
await new Promise((resolve) => setTimeout(resolve, 300));
const acked = sockets.reduce((sum, { acked: count }) => sum + count, 0);
const result = {
  opsPerSecond: acked / seconds,
  acked,
  bytesPerOp: (wireBytes() - bytesBefore) / acked,
  fanOutP95: quantile(fanOut, 0.95),
  fanOutP50: quantile(fanOut, 0.5),
  genCpu: (user + system) / 1000 / acked,
  ackP50: quantile(ackTimes, 0.5),
  ackP99: quantile(ackTimes, 0.99),
};
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
