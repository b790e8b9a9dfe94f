/** Frames from a client, checked. Nearly all of them are pushes, and the schema takes ten times as long for one as this does. */
import { ClientMessage, type Op } from "@lectern/protocol";
import { ID_PATTERN, RECORD_KINDS } from "@lectern/protocol/plain";

/** null: not a message of this protocol. */
export function parseClientMessage(text: string): ClientMessage | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (isPlainPush(json)) return json;
  const result = ClientMessage.safeParse(json);
  return result.success ? (result.data as ClientMessage) : null;
}

const KINDS: ReadonlySet<unknown> = new Set(RECORD_KINDS);

/** A push that the schema takes as it is. False says nothing: the schema decides. Given what `JSON.parse` gave. */
function isPlainPush(json: unknown): json is Extract<ClientMessage, { type: "push" }> {
  if (!isObject(json) || json["type"] !== "push" || Object.keys(json).length !== 3) return false;
  const { n, ops } = json;
  return isCount(n) && n >= 1 && Array.isArray(ops) && ops.length >= 1 && ops.length <= 10_000 && ops.every(isOp);
}

function isOp(op: unknown): op is Op {
  if (!Array.isArray(op) || !isId(op[1])) return false;
  const { length } = op;
  switch (op[0]) {
    case "c":
      return KINDS.has(op[2]) && isData(op[3]) && (length === 4 || (length === 5 && isGroup(op[4])));
    case "u":
      return isData(op[2]) && (length === 3 || (length === 4 && isCount(op[3])));
    case "d":
      return length === 2 || (length === 3 && isCount(op[2]));
    case "r":
      return length === 2;
    case "g":
      return length === 3 && isGroup(op[2]);
    default:
      return false;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The schema leaves a property of this name out. */
function isData(value: unknown): boolean {
  return isObject(value) && !Object.hasOwn(value, "__proto__");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isId(value: unknown): boolean {
  return typeof value === "string" && ID_PATTERN.test(value);
}

function isGroup(value: unknown): boolean {
  return value === null || (typeof value === "string" && value.length <= 256);
}
