import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import en from "./locale/en.json" with { type: "json" };
import { LOCALES, loadTranslator, translator } from "./locale.ts";

const src = new URL("..", import.meta.url);
const code = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.tsx?$/.test(file) && !/\.test\./.test(file))
  .map((file) => readFileSync(new URL(file, src), "utf8"))
  .join("\n");

it("fills in what a message names, and shows an unknown key as it is", () => {
  const t = translator();
  expect(t("toolbar.page-of", { count: 12 })).toBe("of 12");
  expect(t("toolbar.page-of")).toBe("of {count}");
  expect(t("no.such.key")).toBe("no.such.key");
});

it("knows every message that the code asks for", () => {
  const asked = [...code.matchAll(/\bt\("([a-z][\w.-]+)"/g)].map((match) => match[1]!);
  expect(asked.length).toBeGreaterThan(50);
  expect(asked.filter((key) => !Object.hasOwn(en, key))).toEqual([]);
});

it("has no message that nobody asks for", () => {
  const parts = [...code.matchAll(/["`]([a-z][\w.-]*\.)\$\{/g)].map((match) => match[1]!);
  const unused = Object.keys(en).filter((key) => !code.includes(`"${key}"`) && !parts.some((part) => key.startsWith(part)));
  expect(unused).toEqual([]);
});

it.each(LOCALES)("says everything in %s, with the same things filled in", async (locale) => {
  const words = JSON.parse(readFileSync(new URL(`ui/locale/${locale}.json`, src), "utf8")) as Record<string, string>;
  expect(Object.keys(words).toSorted()).toEqual(Object.keys(en).toSorted());
  const named = (message: string): string[] => [...message.matchAll(/\{\w+\}/g)].map(([name]) => name).toSorted();
  for (const [key, message] of Object.entries(en)) {
    expect(words[key]!.trim(), key).not.toBe("");
    expect(named(words[key]!), key).toEqual(named(message));
  }
  expect((await loadTranslator(locale))("locale.tag")).toBe(locale);
});
