import { Readable } from "node:stream";
import { ApiError } from "@lectern/protocol/plain";
import { expect, test } from "vitest";
import { BODY_LIMITS, parseJson, readJson } from "./body.ts";

const parse = (text: string): unknown => parseJson(Buffer.from(text), 8);

test("ordinary JSON is read as it is", () => {
  expect(parse('{"a":[1,{"b":"[[[[[[[[[[{{{{{{\\"]]"}],"constructor":"x","é":"\\u00e9"}')).toEqual({
    a: [1, { b: '[[[[[[[[[[{{{{{{"]]' }],
    constructor: "x",
    é: "é",
  });
});

test.each([
  ["not JSON", "{a:1}"],
  ["cut off", '{"a":'],
  ["not UTF-8", Buffer.from([0x22, 0xff, 0x22]).toString("latin1")],
  ["nested too deep", "[".repeat(9) + "]".repeat(9)],
  ["nested too deep and never closed", "[".repeat(1_000_000)],
  ["one name twice", '{"a":{"b":1,"c":[{"b":2}],"b":3}}'],
  ["one name in two spellings", '{"ab":1,"\\u0061b":2}'],
  ["one name with a mark, in two spellings", Buffer.from('{"é":1,"\\u00e9":2}').toString("latin1")],
  ["a prototype", '{"a":{"__proto__":{"admin":true}}}'],
  ["a prototype, written with an escape", '{"\\u005f_proto__":{"admin":true}}'],
  ["a constructor's prototype", '{"constructor":{"prototype":{"admin":true}}}'],
])("%s is refused as a bad request", (_, text) => {
  expect(() => parseJson(Buffer.from(text, "latin1"), 8)).toThrow(expect.objectContaining({ name: "ApiError", code: "bad_request" }));
});

test("equal names in different objects, and values like names, are no repetition", () => {
  const text = '{"a":{"a":["a","a",{"a":"a"}],"b":"a"},"b":["x","x"],"A":1,"":2,"é":3,"e":4}';
  expect(parse(text)).toEqual(JSON.parse(text));
});

test("a byte order mark is read over", () => {
  expect(parse('\uFEFF{"a":1}')).toEqual({ a: 1 });
});

test("an empty body is no body, whatever its type", async () => {
  expect(await readJson(Readable.from([]), "application/json", BODY_LIMITS)).toBeUndefined();
  expect(await readJson(Readable.from([]), "image/png", BODY_LIMITS)).toBeUndefined();
});

test("a body that is too large or of another type is refused", async () => {
  const big = readJson(Readable.from([Buffer.alloc(60), Buffer.alloc(60)]), "application/json", { ...BODY_LIMITS, jsonBytes: 100 });
  await expect(big).rejects.toThrow(expect.objectContaining({ code: "too_large" }));
  const other = readJson(Readable.from([Buffer.from("<a/>")]), "application/xml", BODY_LIMITS);
  await expect(other).rejects.toThrow(expect.objectContaining({ code: "unsupported_media_type" }));
});

test("a body that does not arrive in time is given up", async () => {
  const never = new Readable({ read() {} });
  await expect(readJson(never, null, { ...BODY_LIMITS, jsonTimeout: 10 })).rejects.toBeInstanceOf(ApiError);
  expect(never.destroyed).toBe(false);
});
