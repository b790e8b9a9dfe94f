/** Frames from the server, as far as the client relies on their shape. By hand: no schema library in browsers. */
import type { AnyRecord, ServerMessage, Snapshot } from "@lectern/protocol";
import { isErrorCode } from "@lectern/protocol/plain";
import { createdRecord } from "./change.ts";

type Fields = Readonly<Record<string, unknown>>;

/** null: not a frame of this protocol. */
export function parseServerMessage(text: string): ServerMessage | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  return isObject(message) && isServerMessage(message) ? (message as unknown as ServerMessage) : null;
}

/** The records of a snapshot, in whichever form it came. */
export function snapshotRecords({ records, changes }: Snapshot): readonly AnyRecord[] {
  if (changes === undefined) return records;
  const told: AnyRecord[] = [];
  for (const change of changes) {
    for (const op of change.ops) {
      if (op[0] === "c") told.push(createdRecord(op, change));
      else if (op[0] === "p") told.push(op[1]);
    }
  }
  return told;
}

function isServerMessage(message: Fields): boolean {
  switch (message["type"]) {
    case "welcome":
      return (
        [message["seq"], message["epoch"], message["lastN"]].every(isCount) &&
        typeof message["viewKey"] === "string" &&
        [message["grants"], message["self"], message["limits"]].every(isObject) &&
        (message["rejects"] === undefined || isListOf(message["rejects"], isReject)) &&
        (message["mode"] === "delta"
          ? isListOf(message["changes"], isChange)
          : message["mode"] === "reset" && (typeof message["snapshotUrl"] === "string" || isListOf(message["records"], isRecord)))
      );
    case "batch":
      return (
        [message["from"], message["to"]].every(isCount) &&
        isListOf(message["changes"], isChange) &&
        (message["acks"] === undefined ||
          isListOf(message["acks"], (ack) => Array.isArray(ack) && ack.length === 2 && ack.every(isCount))) &&
        (message["rejects"] === undefined || isListOf(message["rejects"], isReject))
      );
    case "presence":
      return (
        isListOf(message["set"], (peer) => isObject(peer) && typeof peer["id"] === "string") &&
        isListOf(message["gone"], (id) => typeof id === "string")
      );
    case "reset":
      return isCount(message["epoch"]);
    case "bye":
      return isErrorCode(message["code"]) && (message["retryAfter"] === undefined || typeof message["retryAfter"] === "number");
    case "pong":
      return true;
    default:
      return false;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isListOf(value: unknown, is: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is);
}

function isRecord(value: unknown): boolean {
  return isObject(value) && typeof value["id"] === "string" && typeof value["kind"] === "string" && isObject(value["data"]);
}

function isReject(value: unknown): boolean {
  return isObject(value) && isCount(value["n"]) && isErrorCode(value["code"]);
}

function isChange(value: unknown): boolean {
  return isObject(value) && isCount(value["seq"]) && isListOf(value["ops"], isChangeOp);
}

function isChangeOp(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const [verb, subject, third, data] = value as unknown[];
  if (verb === "p") return isRecord(subject);
  if (typeof subject !== "string") return false;
  return verb === "x" || (verb === "u" && isObject(third)) || (verb === "c" && typeof third === "string" && isObject(data));
}
