/**
 * Clients of either server, in a process of their own: `node load.mjs '<LoadOptions>'` prints one line of JSON. They do as little as a client can
 * (frames are made before, and only looked through for answers), so that what is measured is the server.
 */
import { randomBytes } from "node:crypto";
import { createEncoder, toUint8Array, writeVarString, writeVarUint, writeVarUint8Array } from "lib0/encoding";
import * as Y from "yjs";
import { connect, frameOf } from "./lean-socket.mjs";

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
 * @property {string} [protocol]
 * @property {readonly Buffer[]} frames one for each op
 * @property {readonly Buffer[]} hello
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
    protocol: "lectern.sync.2",
    frames: range(ops).map((op) =>
      frameOf(
        JSON.stringify({
          type: "push",
          n: op + 1,
          ops: range(recordsPerOp).map((i) => ["c", idOf(client, op, i), "annotation", recordOf()]),
        }),
      ),
    ),
    hello: [frameOf(JSON.stringify({ type: "hello", sid: `bench-${run}-${client}`, token: options.name, since: -1 }))],
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
  /** @type {Buffer[]} */
  const frames = [];
  doc.on("update", (/** @type {Uint8Array} */ update) => frames.push(frameOf(message(number(0), number(2), bytes(update)))));
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
    hello: [
      message(number(2), number(0), text("token"), text("4.7.0")),
      message(number(0), number(0), bytes(Y.encodeStateVector(new Y.Doc()))),
    ].map(frameOf),
    isWelcome: (frame) => (frame[kindAt] === 0 || frame[kindAt] === 4) && frame[kindAt + 1] === 1,
    acks: (frame) => (frame[kindAt] === 8 ? 1 : 0),
  };
}

/** @param {Buffer} frame */
function stamped(frame) {
  frame.write(`@${performance.now().toFixed(3).padStart(13, "0")}@`, frame.indexOf(TIME), "latin1");
  return frame;
}

/** @param {readonly number[]} values @param {number} share */
const quantile = (values, share) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

/** @type {number[]} */
const fanOut = [];
/** @type {number[]} */
const ackTimes = [];
let measuring = false;

/** What is looked at of a frame: where it says what it acknowledges; the times in it may be anywhere. */
const keep = everyMs > 0 ? Number.POSITIVE_INFINITY : 1024;

class Client {
  acked = 0;
  /** @type {number[]} */
  #sentAt = [];
  #onAcked = () => {};
  /** @type {(error: Error) => void} */
  #onFailed = () => {};
  /** @type {import("./lean-socket.mjs").LeanSocket | null} */
  #socket = null;
  #index;
  #wire;

  /** @param {number} index */
  constructor(index) {
    this.#index = index;
    this.#wire = kind === "lectern" ? lectern(index) : hocuspocus(index);
  }

  /** Resolves when it has been welcomed. @returns {Promise<void>} */
  join() {
    const { protocol, hello, isWelcome } = this.#wire;
    const url = new URL(kind === "lectern" ? "/viewer/sync" : "/", urls[this.#index % urls.length]);
    return new Promise((resolve, reject) => {
      this.#onFailed = reject;
      const onFrame = (/** @type {Buffer} */ frame) => {
        if (measuring) this.#read(frame);
        else if (isWelcome(frame)) resolve();
      };
      const onEnd = (/** @type {string} */ why) => this.#onFailed(new Error(`closed after ${this.acked} of ${ops} acknowledged: ${why}`));
      connect(url, { protocol, keep, onFrame, onEnd }).then((socket) => {
        this.#socket = socket;
        socket.send(hello);
      }, reject);
    });
  }

  /** Resolves when all of its ops are acknowledged. @returns {Promise<void>} */
  run() {
    return new Promise((resolve, reject) => {
      this.#onFailed = reject;
      const fill = () => this.#send(window - (this.#sentAt.length - this.acked));
      this.#onAcked = () => {
        if (this.acked >= ops) resolve();
        else if (everyMs === 0) fill();
      };
      if (everyMs === 0) return fill();
      const begin = (everyMs * this.#index) / clients;
      setTimeout(() => {
        this.#send(1);
        const timer = setInterval(() => (this.#sentAt.length < ops ? this.#send(1) : clearInterval(timer)), everyMs);
      }, begin);
    });
  }

  wireBytes() {
    return this.#socket?.wireBytes() ?? 0;
  }

  /** @param {Buffer} frame */
  #read(frame) {
    const acks = this.#wire.acks(frame);
    const now = performance.now();
    for (let i = 0; i < acks; i++) ackTimes.push(now - (this.#sentAt[this.acked++] ?? now));
    if (everyMs > 0)
      for (let at = frame.indexOf("@0"); at >= 0; at = frame.indexOf("@0", at + 15)) {
        const sent = Number(frame.toString("latin1", at + 1, at + 14));
        if (sent > 0) fanOut.push(now - sent);
      }
    if (acks > 0) this.#onAcked();
  }

  /** The next ops, so many of those that are left. @param {number} count */
  #send(count) {
    const frames = this.#wire.frames.slice(this.#sentAt.length, this.#sentAt.length + count);
    const now = performance.now();
    for (const _ of frames) this.#sentAt.push(now);
    this.#socket?.send(everyMs > 0 ? frames.map(stamped) : frames);
  }
}

const all = range(clients).map((index) => new Client(index));
await Promise.all(all.map((client) => client.join()));
// What joining itself brings along (who is there) has arrived.
await new Promise((resolve) => setTimeout(resolve, 500));

const wireBytes = () => all.reduce((sum, client) => sum + client.wireBytes(), 0);
const bytesBefore = wireBytes();
const cpuBefore = process.cpuUsage();
measuring = true;
process.stdout.write(`${JSON.stringify({ begins: true })}\n`);
const start = performance.now();
await Promise.all(all.map((client) => client.run()));
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
// Whoever is told last is told.
await new Promise((resolve) => setTimeout(resolve, 300));
const acked = all.reduce((sum, client) => sum + client.acked, 0);
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
