import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { clientTypes } from "./client-types.ts";
import { openapi, operations } from "./openapi.ts";
import { ROUTES } from "./route-table.ts";
import { routes } from "./routes.ts";

test("the committed route table is what the registry says", () => {
  expect(ROUTES).toEqual(JSON.parse(JSON.stringify(routes())));
});

test("the committed types of the client are what the registry says", () => {
  expect(readFileSync(new URL("../../client/src/operations.ts", import.meta.url), "utf8")).toBe(clientTypes());
});

test("the committed openapi.json is what the registry says", () => {
  const committed: { info: { version: string } } = JSON.parse(readFileSync(new URL("../../../openapi.json", import.meta.url), "utf8"));
  expect(committed).toEqual(JSON.parse(JSON.stringify(openapi(committed.info.version))));
});

test("every path parameter of an operation is described, and no other", () => {
  for (const [name, operation] of operations()) {
    const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).toSorted();
    expect(Object.keys(operation.params.shape).toSorted(), name).toEqual(inPath);
  }
});

test("no two operations share a method and a path", () => {
  const seen = operations().map(([, operation]) => `${operation.method} ${operation.mount} ${operation.path.replaceAll(/\{\w+\}/g, "{}")}`);
  expect(new Set(seen).size).toBe(seen.length);
});
