import { readFileSync } from "node:fs";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { publishedOpenapi } from "@lectern/protocol/upstream";
import { expect, test } from "vitest";

/** Rules of the recommended set that a document may break, each with its reason. None is needed now. */
const EXCEPTIONS: Readonly<Record<string, string>> = {};

async function problemsOf(source: string): Promise<string[]> {
  const config = await createConfig({ extends: ["recommended"] });
  const problems = await lintFromString({ source, absoluteRef: "/openapi.json", config });
  return problems
    .filter(({ ruleId }) => !(ruleId in EXCEPTIONS))
    .map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer ?? "?"}`);
}

test("the description of the API has nothing that a linter of OpenAPI finds", async () => {
  const source = readFileSync(new URL("../openapi.json", import.meta.url), "utf8");
  expect(await problemsOf(source)).toEqual([]);
  const document = JSON.parse(source) as { paths: Record<string, Record<string, Described>>; tags: { name: string }[] };
  const ids = new Set<string>();
  const tags = new Set(document.tags.map(({ name }) => name));
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const name = `${method} ${path}`;
      expect(ids.has(operation.operationId), name).toBe(false);
      ids.add(operation.operationId);
      expect(operation.tags.length === 1 && tags.has(operation.tags[0]!), name).toBe(true);
      expect(Object.keys(operation.responses), name).toContain("429");
    }
  }
});

test("so has the description for existing clients", async () => {
  expect(await problemsOf(JSON.stringify(publishedOpenapi("0.0.0")))).toEqual([]);
});

interface Described {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly responses: object;
}
