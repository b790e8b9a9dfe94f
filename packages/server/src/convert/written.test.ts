import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fontFiles } from "@lectern/pdf/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostFonts } from "../render/host-fonts.ts";
import { writtenToPdf } from "./written.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lectern-written-"));
});
afterAll(() => rm(folder, { recursive: true }));

const hasPoppler = spawnSync("pdftotext", ["-v"]).error === undefined;
const hasFont = (character: string): boolean => fontFiles().length > 0 && hostFonts()(character.codePointAt(0)!, "Helvetica") !== null;

interface Word {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

/** Words where another program finds them. */
async function words(content: string, kind: "html" | "text" | "markdown"): Promise<Word[]> {
  const [from, to] = [join(folder, "from"), join(folder, "to.pdf")];
  await writeFile(from, content);
  const { bytes, warnings } = await writtenToPdf(from, kind);
  expect(warnings).toEqual([]);
  await writeFile(to, bytes);
  const found = execFileSync("pdftotext", ["-bbox", to, "-"]).toString();
  return Array.from(found.matchAll(/xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="[\d.]+">([^<]*)</g), (match) => ({
    // It gives letters as they stand.
    text: /[\u0590-\u06ff]/.test(match[4]!) ? Array.from(match[4]!).toReversed().join("") : match[4]!,
    left: Number(match[1]),
    top: Number(match[2]),
    right: Number(match[3]),
  }));
}
/** From left to right. */
const inLine = (all: readonly Word[]): string[] => all.toSorted((a, b) => a.left - b.left).map(({ text }) => text);

test.skipIf(!hasPoppler || !hasFont("ש"))("Hebrew stands from right to left, with numbers and Latin words in it as they are", async () => {
  const all = await words("<p>שנת 2024 ועוד two words כאן</p>", "html");
  expect(inLine(all)).toEqual(["כאן", "two", "words", "ועוד", "2024", "שנת"]);
  // It begins at the right margin.
  expect(all.find(({ text }) => text === "שנת")!.right).toBeGreaterThan(530);
  for (const [before, after] of all.toSorted((a, b) => a.left - b.left).entries()) {
    const next = all.toSorted((a, b) => a.left - b.left)[before + 1];
    if (next !== undefined) expect(next.left - after.right).toBeGreaterThan(1);
  }
});

test.skipIf(!hasPoppler || !hasFont("ש"))("Hebrew within English is turned by itself, in each line of a text", async () => {
  expect(inLine(await words("first שלום עולם last", "markdown"))).toEqual(["first", "עולם", "שלום", "last"]);
  const lines = await words("abc\nאבג דהו\n", "text");
  expect(lines.find(({ text }) => text === "abc")!.left).toBeLessThan(60);
  const [right, left] = ["אבג", "דהו"].map((text) => lines.find((word) => word.text === text)!);
  expect(right!.left).toBeGreaterThan(left!.right);
  expect(right!.right).toBeGreaterThan(530);
});

test.skipIf(!hasPoppler || !hasFont("م"))("Arabic letters are joined, and long paragraphs go on in the next line", async () => {
  const text = "مرحبا بكم في هذا المكان ".repeat(12).trim();
  const all = await words(`<p>${text}</p>`, "html");
  const tops = [...new Set(all.map(({ top }) => Math.round(top)))].toSorted((a, b) => a - b);
  expect(tops.length).toBeGreaterThan(1);
  const first = all.filter(({ top }) => Math.round(top) === tops[0]).toSorted((a, b) => b.left - a.left);
  expect(first.slice(0, 4).map(({ text: word }) => word)).toEqual(["مرحبا", "بكم", "في", "هذا"]);
  const alone = await words("<p>م ر ح ب ا</p>", "html");
  const width = (some: readonly Word[]): number => some.reduce((sum, { left, right }) => sum + right - left, 0);
  expect(width([first[0]!])).toBeLessThan(width(alone));
});

test.skipIf(!hasPoppler || !hasFont("漢"))(
  "Chinese and Japanese are broken where there are no blanks, and no line begins with a full stop",
  async () => {
    const all = await words(`<p>${"漢字仮名交じり文、".repeat(12)}。</p>`, "html");
    const tops = new Set(all.map(({ top }) => Math.round(top)));
    expect(tops.size).toBeGreaterThan(1);
    for (const { right, text } of all) {
      expect(right).toBeLessThan(545);
      expect(text).not.toMatch(/^[、。]/);
    }
  },
);
