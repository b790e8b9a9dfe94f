/**
 * The least that a WebSocket client can be, for load: one buffer to read into for all of them, nothing kept of a frame that nobody looks at, and
 * frames that are sent as they were made before.
 */
import { randomBytes } from "node:crypto";
import { connect as connectTcp } from "node:net";

const READ_BYTES = 1 << 18;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** One frame of a client as it goes over the wire. Masked, as it must be, with zeros. @param {string | Uint8Array} payload */
export function frameOf(payload) {
  const bytes = Buffer.from(payload);
  return rawFrame(typeof payload === "string" ? TEXT : BINARY, bytes);
}

/** @param {number} opcode @param {Buffer} payload */
function rawFrame(opcode, payload) {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extended + 4);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) head.writeUInt16BE(length, 2);
  if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** Size of a frame's head, of which so many bytes are here; null: not known yet. @param {Buffer} bytes @param {number} from @param {number} to */
function headSize(bytes, from, to) {
  if (to - from < 2) return null;
  const length = /** @type {number} */ (bytes[from + 1]) & 0x7f;
  const size = 2 + (length === 126 ? 2 : length === 127 ? 8 : 0);
  return to - from < size ? null : size;
}

/** @param {Buffer} bytes @param {number} from */
function payloadSize(bytes, from) {
  const length = /** @type {number} */ (bytes[from + 1]) & 0x7f;
  if (length === 126) return bytes.readUInt16BE(from + 2);
  return length === 127 ? Number(bytes.readBigUInt64BE(from + 2)) : length;
}

/**
 * @typedef {object} LeanSocket
 * @property {(frames: readonly Buffer[]) => void} send what `frameOf` made
 * @property {() => number} wireBytes read and written
 */

/**
 * Resolves when the server has agreed. `onFrame` gets each message when all of it has come: its first `keep` bytes, valid until it returns.
 * `onEnd` is told why the connection ended.
 * @param {URL} url
 * @param {{ protocol?: string, keep: number, onFrame: (payload: Buffer) => void, onEnd: (why: string) => void }} options
 * @returns {Promise<LeanSocket>}
 */
export function connect(url, { protocol, keep, onFrame, onEnd }) {
  const { hostname, port, pathname } = url;
  return new Promise((resolve, reject) => {
    let upgraded = false;
    /** What came of a frame, or of the answer to the upgrade, that has not come as a whole. */
    let held = Buffer.alloc(0);
    /** Bytes still to come of the payload that `held` is the beginning of; null: its head has not come as a whole. @type {number | null} */
    let missing = null;
    let opcode = 0;

    const end = (/** @type {string} */ why) => (upgraded ? onEnd(why) : reject(new Error(`${url}: ${why}`)));
    const tell = (/** @type {Buffer} */ payload) => {
      if (opcode === TEXT || opcode === BINARY) onFrame(payload);
      else if (opcode === PING) socket.write(rawFrame(PONG, payload));
      else if (opcode === CLOSE) end(`${payload.length >= 2 ? payload.readUInt16BE(0) : ""} ${payload.toString("utf8", 2)}`);
      else end(`a frame of the kind ${opcode}`);
    };

    /** The answer to the upgrade: the bytes that follow it, or null when there is more to come. @param {Buffer} bytes */
    const upgrade = (bytes) => {
      const answer = Buffer.concat([held, bytes]);
      const ends = answer.indexOf("\r\n\r\n");
      held = ends < 0 ? answer : Buffer.alloc(0);
      if (ends < 0) return null;
      const status = answer.toString("latin1", 0, answer.indexOf("\r\n"));
      if (!status.startsWith("HTTP/1.1 101")) {
        reject(new Error(`${url}: ${status}`));
        return null;
      }
      upgraded = true;
      resolve({ send, wireBytes: () => socket.bytesRead + socket.bytesWritten });
      return answer.subarray(ends + 4);
    };

    /** @param {Buffer} bytes */
    const read = (bytes) => {
      let at = 0;
      while (at < bytes.length) {
        if (missing === null) {
          if (held.length > 0) {
            // Rare: the head itself came in two parts.
            bytes = Buffer.concat([held, bytes.subarray(at)]);
            held = Buffer.alloc(0);
            at = 0;
          }
          const head = headSize(bytes, at, bytes.length);
          if (head === null) {
            held = Buffer.from(bytes.subarray(at));
            return;
          }
          if (/** @type {number} */ (bytes[at]) < 0x80) return end("a frame in parts");
          opcode = /** @type {number} */ (bytes[at]) & 0x0f;
          missing = payloadSize(bytes, at);
          at += head;
        }
        const here = Math.min(missing, bytes.length - at);
        const wanted = Math.min(here, keep - held.length);
        const isWhole = here === missing;
        if (isWhole && held.length === 0) tell(bytes.subarray(at, at + wanted));
        else {
          if (wanted > 0) held = Buffer.concat([held, bytes.subarray(at, at + wanted)]);
          if (isWhole) tell(held);
        }
        at += here;
        missing -= here;
        if (!isWhole) return;
        missing = null;
        held = Buffer.alloc(0);
      }
    };

    const socket = connectTcp({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: shared,
        callback(count, buffer) {
          const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, count);
          if (upgraded) read(bytes);
          else {
            const rest = upgrade(bytes);
            if (rest !== null) read(rest);
          }
          return true;
        },
      },
    });
    /** @param {readonly Buffer[]} frames */
    const send = (frames) => {
      socket.cork();
      for (const frame of frames) socket.write(frame);
      socket.uncork();
    };
    socket.on("error", (error) => end(error.message));
    socket.on("close", () => end("closed"));
    socket.write(
      [
        `GET ${pathname} HTTP/1.1`,
        `Host: ${hostname}:${port}`,
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
        "Sec-WebSocket-Version: 13",
        ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
        "\r\n",
      ].join("\r\n"),
    );
  });
}

/** For all: what is read is looked at before anything else is read. */
const shared = Buffer.alloc(READ_BYTES);
