/** Search over HTTP in a file that has what is hard to find: what a reader means is found, whatever way the file writes it. */
import { pdfContent, pdfFile } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestApi, testServer, type TestServer } from "../testing/test-server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

interface Found {
  readonly pageIndex: number;
  readonly previewText: string;
  readonly rangeInPreview: readonly [number, number];
  readonly rectsOnPage: readonly (readonly [number, number, number, number])[];
}

async function find(from: TestApi, id: string, query: Readonly<Record<string, string>>): Promise<readonly Found[]> {
  return (await from.json<{ data: Found[] }>(`/viewer/documents/${id}/search?${new URLSearchParams(query).toString()}`)).data;
}
const words = ({ previewText, rangeInPreview: [start, length] }: Found): string => previewText.slice(start, start + length);

/** Lines of 12 points, 20 apart; columns of them beside each other. */
function page(...columns: readonly (readonly string[])[]) {
  const content = pdfContent(595, 842);
  for (const [column, lines] of columns.entries())
    for (const [n, line] of lines.entries()) content.text(60 + column * 260, 80 + n * 20, line, { size: 12 });
  return { content: content.operators() };
}

const PROSE = [
  "Crème brûlée is the most impor-",
  "tant of desserts. A well-",
  "known cook, Straßer, calls it",
  "“the finest” — an état d’âme.",
];
const EXAMPLES = {
  "credit-card-number": "4111 1111 1111 1111",
  date: "November 21, 2026",
  "email-address": "ann.lee+x@mail.example.com",
  "international-phone-number": "+49 30 901820",
  ipv4: "192.168.0.1",
  ipv6: "2001:db8::1",
  "mac-address": "00:1A:2b:3C:4d:5E",
  "north-american-phone-number": "(415) 555-0132",
  "social-security-number": "123-45-6789",
  time: "23:59:59",
  url: "https://example.com/a?b=c#d",
  "us-zip-code": "94107-1234",
  vin: "1HGCM82633A004352",
} as const;

describe("text is found", () => {
  let id: string;
  beforeAll(async () => {
    const long = "The quick brown fox jumps over the lazy dog. "
      .repeat(2)
      .trim()
      .match(/.{1,35}(?: |$)/g)!;
    const pages = [page(PROSE), page(Object.values(EXAMPLES).map((example) => `See ${example} here`)), page(long, PROSE)];
    ({ id } = await api.upload(pdfFile({ pages })));
  });

  test.each([
    ["whatever its case and accents", { q: "CREME brulee" }, [0, 2], "Crème brûlée"],
    ["with another spelling of a letter", { q: "strasser" }, [0, 2], "Straßer"],
    ["with other quotes and dashes", { q: `"the finest" - an etat d'ame` }, [0, 2], "“the finest” — an état d’âme"],
    ["over a line end", { q: 'it "the finest' }, [0, 2], "it “the finest"],
    ["over a hyphen at a line end", { q: "important of" }, [0, 2], "impor- tant of"],
    ["over a hyphen of its own", { q: "well-known cook" }, [0, 2], "well- known cook"],
    ["as a whole word", { q: "cook", whole_word: "true" }, [0, 2], "cook"],
    ["with its case", { q: "Crème", case_sensitive: "true" }, [0, 2], "Crème"],
    ["as an expression", { q: "c[a-z]{2}k", type: "regex" }, [0, 2], "cook"],
    ["as an expression over lines", { q: String.raw`important\sof`, type: "regex" }, [0, 2], "impor- tant of"],
  ])("%s", async (_how, query, pages, expected) => {
    const found = await find(api, id, query);
    expect(found.map(({ pageIndex }) => pageIndex)).toEqual(pages);
    expect(words(found[0]!)).toBe(expected);
    for (const { rectsOnPage } of found) expect(rectsOnPage).toHaveLength(expected.includes("- ") || expected.startsWith("it ") ? 2 : 1);
  });

  test.each([
    [{ q: "cre", whole_word: "true" }],
    [{ q: "crème", case_sensitive: "true" }],
    [{ q: "COOK", type: "regex" }],
    [{ q: "dessert. A" }],
  ])("and nothing else: %j", async (query) => expect(await find(api, id, query)).toEqual([]));

  test.each(Object.entries(EXAMPLES))("of the form %s", async (preset, example) => {
    const found = await find(api, id, { q: preset, type: "preset" });
    expect(found.map(words)).toContain(example);
    expect(found.every(({ pageIndex }) => pageIndex === 1)).toBe(true);
  });

  test("in the columns of a page, each by itself", async () => {
    const found = await find(api, id, { q: "jumps over the lazy dog. The quick brown" });
    expect(found).toHaveLength(1);
    expect(found[0]!.rectsOnPage.every(([left, , width]) => left + width < 320)).toBe(true);
  });
});

describe("columns whose lines the file has side by side", () => {
  /** As some programs write them: line after line across the page. */
  const interleaved = (): Uint8Array => {
    const content = pdfContent(595, 842);
    const left = [
      "The committee met in the spring",
      "of that year and decided to re-",
      "build the old harbour, which had",
      "been damaged by the great storm",
      "of the winter before. Its report",
    ];
    const right = [
      "was read by few and understood",
      "by fewer. Nevertheless the work",
      "began in summer, and was brought",
      "to an end within eleven months,",
      "to the surprise of all engineers.",
    ];
    for (const [n, line] of left.entries()) {
      content.text(60, 80 + n * 20, line, { size: 12 });
      content.text(320, 80 + n * 20, right[n]!, { size: 12 });
    }
    return pdfFile({ pages: [{ content: content.operators() }] });
  };

  test("are read one after the other", async () => {
    const { id } = await api.upload(interleaved());
    for (const q of ["decided to rebuild the old harbour", "winter before. Its report was read", "brought to an end within eleven"])
      expect((await find(api, id, { q })).map(words), q).toHaveLength(1);
    const { textLines } = (await api.json(`/viewer/documents/${id}/pages/0/text`)) as unknown as { textLines: { contents: string }[] };
    expect(textLines.map(({ contents }) => contents).slice(0, 2)).toEqual([
      "The committee met in the spring",
      "of that year and decided to re-",
    ]);
  });
});

test("an expression made to take long ends, and others are served meanwhile", async () => {
  const content = pdfContent(595, 842);
  for (let n = 0; n < 400; n++) content.text(10, 20 + n * 2, "ab".repeat(100), { size: 1 });
  const { id } = await api.upload(pdfFile({ pages: [{ content: content.operators() }] }));
  let isDone = false;
  const searching = find(api, id, { q: "(?:[ab]?){400}[cd]", type: "regex" }).then((found) => {
    isDone = true;
    return found;
  });
  let served = 0;
  while (!isDone) {
    await api.json(`/viewer/documents/${id}`);
    served++;
  }
  expect(await searching).toEqual([]);
  expect(served).toBeGreaterThan(5);
});
