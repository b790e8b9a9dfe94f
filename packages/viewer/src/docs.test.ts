import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Instance } from "./instance.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const events = read("events.ts");

it.each(["viewer.md", "comments.md"])("%s shows methods and events that there are", (page) => {
  const snippets = [...read(`../../../docs/${page}`).matchAll(/```js\n([^]*?)```/g)].map(([, code]) => code!).join("\n");
  const methods = [...snippets.matchAll(/\binstance\.(\w+)/g)].map(([, name]) => name!);
  expect(methods.length).toBeGreaterThan(3);
  expect(methods.filter((name) => !(name in Instance.prototype))).toEqual([]);
  const named = [...snippets.matchAll(/addEventListener\("([\w.]+)"/g)].map(([, name]) => name!);
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => !events.includes(`"${name}":`))).toEqual([]);
});
