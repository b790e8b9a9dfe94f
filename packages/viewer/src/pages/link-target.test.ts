import { expect, it } from "vitest";
import { linkTarget, safeHref } from "./link-target.ts";

it.each([
  ["https://example.org/a?b#c", "https://example.org/a?b#c"],
  ["HTTP://EXAMPLE.org", "http://example.org/"],
  [" mailto:ada@example.org ", "mailto:ada@example.org"],
  ["tel:+491234", "tel:+491234"],
  ["www.example.org/page", "https://www.example.org/page"],
])("follows %s", (uri, href) => {
  expect(safeHref(uri)).toBe(href);
});

it.each([
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\nscript:alert(1)",
  "\u0001javascript:alert(1)",
  "data:text/html,<script>",
  "file:///etc/passwd",
  "vbscript:x",
  "blob:https://example.org/1",
  "../relative",
  "",
])("does not follow %j", (uri) => {
  expect(safeHref(uri)).toBe(null);
});

it("knows pages from addresses, and follows no other action", () => {
  expect(linkTarget({ type: "goTo", page: "1.4", top: 20 })).toEqual({ kind: "page", page: "1.4", left: null, top: 20 });
  expect(linkTarget({ type: "uri", uri: "https://example.org" })).toEqual({ kind: "external", href: "https://example.org/" });
  expect(linkTarget({ type: "javascript", script: "1" })).toBe(null);
  expect(linkTarget({ type: "launch", filePath: "calc.exe" })).toBe(null);
  expect(linkTarget(undefined)).toBe(null);
});
