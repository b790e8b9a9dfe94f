import fc from "fast-check";
import { expect, test } from "vitest";
import { mentionsOf, type Segment, segmentsOf, textOf, wordsOf } from "./mention.ts";

test("a plain text names nobody, whatever it looks like", () => {
  const text = { format: "plain", value: 'hi <span data-user-id="ana">@Ana</span>' } as const;
  expect(segmentsOf(text)).toEqual([{ text: text.value, user: null }]);
  expect(mentionsOf({ text })).toEqual([]);
  expect(mentionsOf({ text, mentions: ["ben", "ben"] })).toEqual(["ben"]);
});

test("rich text names users by spans; its other markup is dropped, its breaks are kept", () => {
  const value = `<body><p>Hi <span class="m" data-user-id='a&amp;b'>@A &amp; B</span>, <b>look</b></p><p>here<br/>now &#233;</p></body>`;
  const text = { format: "xhtml", value } as const;
  expect(segmentsOf(text)).toEqual([
    { text: "Hi ", user: null },
    { text: "@A & B", user: "a&b" },
    { text: ", look\nhere\nnow é", user: null },
  ]);
  expect(mentionsOf({ text, mentions: ["a&b", "cy"] })).toEqual(["a&b", "cy"]);
  expect(wordsOf(text)).toBe("Hi @A & B, look\nhere\nnow é");
});

test("text that is no markup stays text, and a crossed tag harms nothing", () => {
  expect(wordsOf({ format: "xhtml", value: "1 < 2 && 3 > 2 <span data-user-id=ana>x" })).toBe("1 < 2 && 3 > 2 <span data-user-id=ana>x");
  expect(segmentsOf({ format: "xhtml", value: '<b><span data-user-id="u">@u</b> tail</span>' })).toEqual([
    { text: "@u", user: "u" },
    { text: " tail", user: null },
  ]);
});

test("parts survive being written and read", () => {
  const word = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(..."ab &<>\"'/=;#1é\n@".split("")) });
  const parts = fc.array(fc.record({ text: word, user: fc.option(word, { nil: null }) }), { maxLength: 6 });
  fc.assert(
    fc.property(parts, (segments: readonly Segment[]) => {
      // A break before the first word has nothing to break.
      fc.pre(segments.some(({ user }) => user !== null) && !/^\s/.test(segments[0]!.text));
      const text = textOf(segments);
      expect(wordsOf(text)).toBe(segments.map((segment) => segment.text).join(""));
      expect(mentionsOf({ text })).toEqual([...new Set(segments.flatMap(({ user }) => (user === null ? [] : [user])))]);
    }),
  );
});
