/**
 * Text frames of a WebSocket (RFC 6455, section 5.2) that many connections get, written past the library: its bytes are made once, and no
 * connection has a copy of them. Compression is off and frames of a server are not masked, so a frame is its header and its text.
 */
import type { Duplex } from "node:stream";
import type { SharedFrame } from "@lectern/sync/room";

/** A copy of so many bytes costs less than two pieces that are written as one. */
const COPIED_BYTES = 16_384;

export function prepareShared(frame: SharedFrame): Uint8Array {
  return (frame.bytes ??= textFrame(frame.text));
}

/** `own`: as for `Connection.sendShared`. The socket must be open. */
export function writeShared(stream: Duplex, frame: SharedFrame, own: string): void {
  const bytes = prepareShared(frame);
  if (own === "") {
    stream.write(bytes);
    return;
  }
  // The text without its `{`.
  const rest = bytes.subarray(headerBytes(bytes[1]!) + 1);
  const first = Buffer.from(`{${own}`);
  const start = [header(first.length + rest.length), first];
  if (rest.length <= COPIED_BYTES) {
    stream.write(Buffer.concat([...start, rest]));
    return;
  }
  stream.cork();
  stream.write(Buffer.concat(start));
  stream.write(rest);
  stream.uncork();
}

function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = header(length);
  const frame = Buffer.allocUnsafe(head.length + length);
  frame.set(head);
  frame.write(text, head.length, "utf8");
  return frame;
}

/** Of a final text frame with so many bytes. */
function header(length: number): Buffer {
  const FINAL_TEXT = 0x81;
  if (length < 126) return Buffer.from([FINAL_TEXT, length]);
  const head = Buffer.alloc(length < 65_536 ? 4 : 10);
  head[0] = FINAL_TEXT;
  head[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) head.writeUInt16BE(length, 2);
  else head.writeUInt32BE(length, 6);
  return head;
}

/** `second`: byte of a frame, which says how its length is written. */
function headerBytes(second: number): number {
  return second < 126 ? 2 : second === 126 ? 4 : 10;
}
