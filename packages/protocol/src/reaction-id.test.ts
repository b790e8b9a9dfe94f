import fc from "fast-check";
import { expect, test } from "vitest";
import { ID_PATTERN } from "./id.ts";
import { reactionId } from "./reaction-id.ts";

test("the id of a reaction is an id, whoever reacts with whatever", () => {
  expect(reactionId("c1", "ann", "👍")).toBe("c1:ann:1f44d");
  expect(reactionId("c1", "auth0|1 2", "👍🏽")).toBe("c1:auth0~7c~1~20~2:1f44d-1f3fd");
  expect(reactionId("c1", null, "x")).toBe("c1::78");
  const user = fc.option(fc.string({ minLength: 1, maxLength: 256, unit: "grapheme" }), { nil: null });
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 128, unit: fc.constantFrom(..."abcXYZ019.-_:@~".split("")) }),
      user,
      fc.string({ minLength: 1, maxLength: 32, unit: "grapheme" }),
      (comment, who, emoji) => {
        expect(reactionId(comment, who, emoji)).toMatch(ID_PATTERN);
      },
    ),
  );
});

test("two people never share one, nor do two emojis", () => {
  const long = "u".repeat(200);
  const ids = ["a", "a~", "a|", "a~7c~", long, `${long}v`].flatMap((user) =>
    ["👍", "👎", "👍👍"].map((emoji) => reactionId("c", user, emoji)),
  );
  expect(new Set(ids).size).toBe(ids.length);
});
