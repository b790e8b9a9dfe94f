import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { PageText } from "./engine.ts";
import { searchPattern } from "./search.ts";
import { PatternError, presetPattern, regexPattern, SEARCH_PRESETS, type SearchPreset } from "./search-pattern.ts";

function page(...lines: string[]): PageText {
  const runs = lines.map((text, number) => ({
    text,
    bbox: [0, number * 20, text.length * 10, 12] as [number, number, number, number],
    edges: Array.from({ length: text.length + 1 }, (_, i) => i * 10),
    fontSize: 12,
    angle: 0,
    lineEnd: true,
  }));
  return { runs };
}

const found = (preset: SearchPreset, text: string): string[] =>
  presetPattern(preset)
    .find(text, 100)
    .map(([from, to]) => text.slice(from, to));

const EXAMPLES: Readonly<Record<SearchPreset, { readonly yes: readonly string[]; readonly no: readonly string[] }>> = {
  "credit-card-number": {
    yes: ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "3782 822463 10005", "6011111111111117"],
    no: ["4111 1111 1111 1112", "1234567", "00000000000000000"],
  },
  date: {
    yes: ["2026-11-21", "21.11.2026", "11/21/26", "November 21, 2026", "21st of November 2026", "3 May 1999"],
    no: ["2026-13-41", "99.99.9999", "1/2.2020", "Novembers 3"],
  },
  "email-address": { yes: ["ann.lee+x@mail.example.com", "a@b.io"], no: ["ann@", "@example.com", "ann@localhost"] },
  "international-phone-number": { yes: ["+49 30 901820", "+1 (415) 555-0132", "+441632960961"], no: ["+1", "+12 34", "49 30 901820"] },
  ipv4: { yes: ["192.168.0.1", "8.8.8.8"], no: ["256.1.1.1", "1.2.3"] },
  ipv6: {
    yes: ["2001:db8::1", "fe80::1ff:fe23:4567:890a", "::1", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "::ffff:192.0.2.1"],
    no: ["12:30:45", "::", "1::2::3", "2001:db8:1"],
  },
  "mac-address": { yes: ["00:1A:2b:3C:4d:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e"], no: ["00:1A:2b:3C:4d", "00:1A-2b:3C:4d:5E"] },
  "north-american-phone-number": {
    yes: ["(415) 555-0132", "415-555-0132", "+1 415 555 0132", "1.415.555.0132"],
    no: ["115-555-0132", "555-0132"],
  },
  "social-security-number": {
    yes: ["123-45-6789", "123 45 6789"],
    no: ["000-12-3456", "666-12-3456", "900-12-3456", "123-00-6789", "123-45-0000"],
  },
  time: { yes: ["9:05", "23:59:59", "12:30 pm", "1:00 A.M."], no: ["24:00", "7:60"] },
  url: { yes: ["https://example.com/a?b=c#d", "www.example.org", "http://localhost:4600/view"], no: ["example", "http://"] },
  "us-zip-code": { yes: ["94107", "94107-1234"], no: ["9410", "941071"] },
  vin: { yes: ["1HGCM82633A004352", "WVWZZZ1JZXW000001"], no: ["1HGCM82633A00435", "IHGCM82633A004352", "12345678901234567"] },
};

describe.each(SEARCH_PRESETS)("the preset %s", (preset) => {
  it.each(EXAMPLES[preset].yes)("finds %s", (text) => expect(found(preset, `See ${text}, please`)).toEqual([text]));
  it.each(EXAMPLES[preset].no)("does not find %s", (text) => expect(found(preset, `See ${text} please`)).toEqual([]));
});

test("a regular expression sees the page as it stands, over line ends and divided words", () => {
  const text = page("Invoice No. 2026-0042 of our", "agree-", "ment, total 1,200.50 EUR");
  const [number] = searchPattern(text, regexPattern(String.raw`\d{4}-\d{4}`));
  expect(number).toMatchObject({ rects: [[120, 0, 90, 12]], preview: "Invoice No. 2026-0042 of our agree- ment, total 1,200.50 EUR" });
  expect(searchPattern(text, regexPattern("our\\sagreement"))[0]!.rects).toHaveLength(3);
  expect(searchPattern(text, regexPattern("^ment|^agree", { caseSensitive: false })).length).toBe(1);
  expect(searchPattern(text, regexPattern("INVOICE"))).toEqual([]);
  expect(searchPattern(text, regexPattern("INVOICE", { caseSensitive: false }))).toHaveLength(1);
  expect(searchPattern(text, regexPattern("x*"))).toEqual([]);
});

test("what cannot be an expression, or is too large, is refused with a reason", () => {
  for (const source of ["(", "a{2000}", "(?=look)", "\\1", "[z-a]"]) expect(() => regexPattern(source), source).toThrow(PatternError);
  expect(() => regexPattern("(?:a{1,150}b{1,150}){6}")).toThrow("too large");
});

test("time is linear: what takes other engines ages is done at once", () => {
  const text = "a".repeat(20_000);
  expect(regexPattern("(a+)+$").find(`${text}b`, 10)).toEqual([]);
  expect(regexPattern("(a|a)*c").find(text, 10)).toEqual([]);
});

test("a text of any length is searched in parts of bounded work, and what they find is what the whole has", () => {
  const line = "Call +49 30 901820 or write to ann@example.com on 2026-11-21; 12 Maybe\n";
  const text = line.repeat(800) + "x".repeat(5000) + line.repeat(50);
  for (const pattern of [
    ...SEARCH_PRESETS.map(presetPattern),
    ...["\\d+", "^Call", "Maybe$", "\\bor\\b", "x{1,400}", "write to (?:[a-z]|@|\\.){1,60}"].map((source) => regexPattern(source)),
  ]) {
    const parts = [...pattern.finds(text)];
    const [whole] = [...pattern.finds(line)];
    const found = parts.flat();
    const within = (from: number, to: number) => found.filter(([start]) => start >= from && start < to).length;
    // Each line has the same, wherever the parts divide the text.
    for (let n = 0; n < 800; n++) expect(within(n * line.length, (n + 1) * line.length), String(n)).toBe(whole!.length);
    for (const [n, [from]] of found.entries()) expect(from).toBeGreaterThanOrEqual(found[n - 1]?.[1] ?? 0);
  }
  // One that costs a thousand steps a character is given a thousand characters at a time.
  expect([...regexPattern("(?:[ab]?){400}[cd]").finds("a".repeat(20_000))].length).toBeGreaterThan(9);
});

test("finds are in order, apart, and within the text, whatever the text", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SEARCH_PRESETS),
      fc.string({ unit: fc.constantFrom(...Array.from("0123456789:.-/@+ ()abcdefWVX\n")) }),
      (preset, text) => {
        let last = 0;
        for (const [from, to] of presetPattern(preset).find(text, 50)) {
          expect(from).toBeGreaterThanOrEqual(last);
          expect(to).toBeGreaterThan(from);
          last = to;
        }
        expect(last).toBeLessThanOrEqual(text.length);
      },
    ),
  );
});
