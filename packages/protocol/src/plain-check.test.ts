import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { ANNOTATION_KINDS } from "./annotation/annotation.ts";
import { Bookmark } from "./bookmark.ts";
import { Comment } from "./comment.ts";
import { Outline } from "./outline.ts";
import { Value } from "./form.ts";
import { plainCheck } from "./plain-check.ts";

const geometry = { bbox: [10, 20.25, 30, 40] };
const appearance = { strokeColor: "#ff0000", strokeWidth: 2, opacity: 0.5 };
/** Ordinary data: what the quick look is there for. */
const ORDINARY: readonly (readonly [z.ZodObject, object])[] = [
  [ANNOTATION_KINDS.rectangle, { type: "rectangle", page: "0.1", geometry, appearance, note: "a remark", lock: true }],
  [ANNOTATION_KINDS["comment-marker"], { type: "comment-marker", page: null, geometry, appearance: {} }],
  [Comment, { root: "a", text: { format: "plain", value: "hello" } }],
];

const schemas = [...new Set([...ORDINARY.map(([schema]) => schema), ...Object.values(ANNOTATION_KINDS), Bookmark, Outline, Value])];

/** The data with one value somewhere put in, taken out or exchanged. */
function changed(data: object): fc.Arbitrary<unknown> {
  const odd = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      "",
      "x",
      "#00ff00",
      "rectangle",
      "0.1",
      0,
      -1,
      1,
      90,
      1e7,
      0.5,
      true,
      [],
      {},
      [1, 2],
      [1, 2, 3, 4],
      [1, 2, 3, -4],
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const key = fc.oneof(
    fc.constantFrom("type", "page", "geometry", "appearance", "note", "customData", "__proto__", "creatorName"),
    fc.string(),
  );
  return fc.oneof(
    fc.tuple(fc.constantFrom(...Object.keys(data)), odd).map(([name, value]) => ({ ...data, [name]: value })),
    fc
      .tuple(key, odd)
      .map(
        ([name, value]) => JSON.parse(`{${JSON.stringify(data).slice(1, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`) as unknown,
      ),
    fc.constantFrom(...Object.keys(data)).map((name) => Object.fromEntries(Object.entries(data).filter(([other]) => other !== name))),
    fc
      .tuple(fc.constantFrom(...Object.keys(data)), key, odd)
      .map(([name, inner, value]) => ({ ...data, [name]: { ...((data as Record<string, unknown>)[name] as object), [inner]: value } })),
    odd,
  );
}

describe("the quick look at data", () => {
  it("takes ordinary data", () => {
    for (const [schema, data] of ORDINARY) expect([data, plainCheck(schema)(data)]).toEqual([data, true]);
  });

  it("takes nothing but what the schema takes and gives back as it is", () => {
    const looks = schemas.map((schema) => [schema, plainCheck(schema)] as const);
    const data = fc.oneof(...ORDINARY.map(([, each]) => changed(each)));
    fc.assert(
      fc.property(data, (value) => {
        for (const [schema, look] of looks) {
          if (!look(value)) continue;
          const result = schema.safeParse(value);
          expect([value, result.success]).toEqual([value, true]);
          expect(Object.is(JSON.stringify(sorted(result.data)), JSON.stringify(sorted(value)))).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["a schema that changes values", z.string().trim(), " a "],
    ["a default", z.object({ a: z.string().default("x") }), { a: "y" }],
    ["a refinement", z.object({ a: z.string() }).refine(() => false), { a: "y" }],
    [
      "a union whose first option leaves something out",
      z.union([z.object({ a: z.string() }), z.object({ a: z.string(), b: z.string() })]),
      { a: "", b: "" },
    ],
    ["an unknown format", z.string().regex(/a/g), "a"],
    ["a pipe", z.string().transform((text) => text.length), "a"],
    ["more properties than it knows", z.object({ a: z.string() }), { a: "", b: "" }],
    ["a missing property", z.object({ a: z.string(), b: z.string() }), { a: "" }],
    ["undefined", z.object({ a: z.exactOptional(z.string()) }), { a: undefined }],
    ["a number out of range", z.number().min(1).max(2), 3],
    ["a fraction", z.int(), 1.5],
    ["a text that is too long", z.string().max(2), "abc"],
  ])("leaves %s to the schema", (_what, schema, value) => {
    expect(plainCheck(schema)(value)).toBe(false);
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => [key, sorted(each)]);
}
