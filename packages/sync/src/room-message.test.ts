import { ClientMessage } from "@lectern/protocol";
import { RECORD_KINDS } from "@lectern/protocol/plain";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseClientMessage } from "./room-message.ts";

function bySchema(text: string): unknown {
  const result = ClientMessage.safeParse(JSON.parse(text));
  return result.success ? result.data : null;
}

const odd = fc.oneof(fc.constantFrom<unknown>(-1, 0, 1, 1.5, 2 ** 60, "", "x y", null, [], {}, true, "a".repeat(129)), fc.jsonValue());
const mostly = <T>(good: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: odd });
const id = mostly(fc.stringMatching(/^[A-Za-z0-9_.:@~-]{1,12}$/));
const data = mostly(fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("__proto__", "toString", "note")), fc.jsonValue()));
const group = mostly(fc.oneof(fc.constant(null), fc.string(), fc.constant("g".repeat(257))));
const count = mostly(fc.nat());
const op = fc
  .oneof(
    fc.tuple(fc.constant("c"), id, mostly(fc.constantFrom(...RECORD_KINDS)), data, group),
    fc.tuple(fc.constant("u"), id, data, count),
    fc.tuple(fc.constant("d"), id, count),
    fc.tuple(fc.constant("g"), id, group, count),
    fc.tuple(fc.constantFrom("r", "x"), id, count),
  )
  .chain((full) => fc.integer({ min: 1, max: full.length }).map((length) => full.slice(0, length)));

it("takes and refuses exactly what the schema does", () => {
  const push = fc.record({ type: mostly(fc.constant("push")), n: count, ops: mostly(fc.array(mostly(op), { maxLength: 4 })) });
  const more = fc.tuple(push, fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue(), { maxKeys: 1 }));
  let taken = 0;
  fc.assert(
    fc.property(more, ([message, extra]) => {
      const text = JSON.stringify({ ...message, ...extra });
      const parsed = parseClientMessage(text);
      if (parsed !== null) taken++;
      expect(JSON.stringify(parsed)).toBe(JSON.stringify(bySchema(text)));
    }),
    { numRuns: 2_000 },
  );
  // Else it would be a test of refusals.
  expect(taken).toBeGreaterThan(50);
});

it("knows the other messages, and nothing else", () => {
  for (const message of [{ type: "ping" }, { type: "auth", token: "t" }, { type: "presence", presence: { page: null } }])
    expect(parseClientMessage(JSON.stringify(message))).toEqual(message);
  for (const text of ["", "null", "[]", "{", '"push"', '{"type":"push","n":1,"ops":[]}']) expect(parseClientMessage(text)).toBeNull();
});

it("takes no message that is nested more than 64 times, whatever its texts hold", () => {
  const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
  const push = (data: string): string => `{"type":"push","n":1,"ops":[["u","x",${data}]]}`;
  expect(parseClientMessage(push(nested(61)))).not.toBeNull();
  expect(parseClientMessage(push(nested(62)))).toBeNull();
  expect(parseClientMessage(`{"type":"presence","presence":{"preview":${nested(63)}}}`)).toBeNull();
  expect(parseClientMessage(`{"type":"auth","token":${"[".repeat(100)}`)).toBeNull();
  const text = `${"[{".repeat(100)}\\" ${"[{".repeat(100)}\\`;
  expect(parseClientMessage(push(JSON.stringify({ note: text, other: { note: `${text}"` } })))).not.toBeNull();
});
