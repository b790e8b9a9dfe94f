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

/** Why a POST takes no Idempotency-Key. */
const WITHOUT_KEY: Readonly<Record<string, string>> = {
  "accounts.createApplication": "the dashboard shows what there is",
  "accounts.signIn": "one more sign-in does no harm",
  "accounts.signOut": "a repeat changes nothing",
  "accounts.useLink": "a link is used once",
  "attachments.create": "the same bytes are the same attachment",
  "builds.build": "changes nothing",
  "comments.markSeen": "a repeat changes nothing",
  "comments.react": "a repeat changes nothing",
  "documents.pdfPost": "changes nothing",
  "inspection.inspectSignatures": "changes nothing",
  "interchange.pdfWithJson": "changes nothing",
  "jobs.prerender": "pages that are drawn are not drawn again",
  "layers.create": "the name is taken then",
  "layers.purge": "a repeat changes nothing",
  "open.open": "changes nothing",
  "pageOperations.pdf": "changes nothing",
  "redactions.apply": "the marks are gone then",
  "sessions.explain": "changes nothing",
  "tokens.revoke": "a repeat changes nothing",
  "uploads.create": "an upload that gets no bytes is thrown away",
  "webhooks.replay": "receivers know a message by its id",
  "webhooks.test": "one more test does no harm",
};

test("a POST is done once under an Idempotency-Key, or there is a reason why it need not be", () => {
  const posts = operations().filter(([, { method }]) => method === "POST");
  expect(posts.flatMap(([name, { idempotencyKey }]) => (idempotencyKey ? [] : [name])).toSorted()).toEqual(Object.keys(WITHOUT_KEY));
  expect(operations().filter(([, { method, idempotencyKey }]) => idempotencyKey && method !== "POST")).toEqual([]);
  const { paths } = openapi("0") as { paths: Record<string, { post?: { parameters: { name: string; in: string }[] } }> };
  const headersOf = (path: string) => paths[path]!.post!.parameters.flatMap((each) => (each.in === "header" ? [each.name] : []));
  expect(["/viewer/sessions", "/viewer/revoke"].map(headersOf)).toEqual([["Idempotency-Key"], []]);
});
