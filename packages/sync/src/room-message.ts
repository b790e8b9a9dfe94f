/** Frames from a client, checked. Nearly all of them are pushes, and the schema takes ten times as long for one as this does. */
import { ClientMessage, type Op } from "@lectern/protocol";
import { ID_PATTERN, RECORD_KINDS } from "@lectern/protocol/plain";

/** null: not a message of this protocol. */
export function parseClientMessage(text: string): ClientMessage | null {
  if (isNestedTooDeeply(text)) return null;
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

/** As in bodies of requests. What is nested some thousand times is read without harm, and overflows the stack of whoever writes it again. */
const MOST_NESTED = 64;

function isNestedTooDeeply(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfText(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > MOST_NESTED) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
    }
  }
  return false;
}

/** Where the text that begins at this quotation mark ends. */
function endOfText(json: string, from: number): number {
  for (let end = json.indexOf('"', from + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let escapes = 0;
    while (json.charCodeAt(end - 1 - escapes) === 0x5c) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return json.length;
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
