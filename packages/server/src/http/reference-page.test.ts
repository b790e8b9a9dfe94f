import { operations } from "@lectern/protocol/openapi";
import { type ErrorCode, ERRORS } from "@lectern/protocol/plain";
import { ERROR_HELP, exampleBody, reference } from "@lectern/protocol/reference";
import { afterAll, beforeAll, expect, test } from "vitest";
import { escaped } from "./reference-page.ts";
import { testServer, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

test("every problem's type leads to what to do about it, on the service itself", async () => {
  const problem = (await (await server.request("/viewer/documents/nothing")).json()) as { type: string; code: string };
  expect(problem.type).toBe(`/docs/errors#${problem.code}`);
  const response = await server.request(new URL(problem.type, server.url).pathname, { credential: null });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  const html = await response.text();
  for (const code of Object.keys(ERRORS) as ErrorCode[])
    expect(html).toContain(
      `<h2 id="${code}"><code>${code}</code></h2><p>${ERRORS[code].status}: ${escaped(ERRORS[code].title)}. ${escaped(ERROR_HELP[code])}`,
    );
  for (const help of Object.values(ERROR_HELP)) expect(help.length).toBeGreaterThan(12);
});

test("the reference shows every operation and leads to its errors, and loads nothing from elsewhere", async () => {
  const response = await server.request("/docs", { credential: null });
  const html = await response.text();
  expect(response.headers.get("content-security-policy")).toContain("script-src 'self'");
  for (const [name] of operations()) expect(html).toContain(`<article id="${name}"`);
  for (const [, code] of html.matchAll(/href="\/docs\/errors#([^"]+)"/g)) expect(Object.keys(ERRORS)).toContain(code);
  const loaded = [...html.matchAll(/(?:src|<link[^>]*href)="([^"]+)"/g)].map(([, address]) => address!);
  expect(loaded.every((address) => address.startsWith("/"))).toBe(true);
  expect(html).not.toMatch(/ style="|<style|<script>| on\w+="/);
  for (const address of ["/docs/docs.css", "/docs/docs.js", "/docs/"]) expect((await server.request(address)).status).toBe(200);
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("every body that an example sends is one that the operation takes", () => {
  for (const [name, operation] of operations()) {
    if (operation.bodyKind !== "json" && operation.bodyKind !== "text") continue;
    const checked = operation.body.safeParse(exampleBody(name, operation));
    expect(checked.error?.message, name).toBeUndefined();
  }
});

test("examples of reading run as they are shown", async () => {
  await server.request("/viewer/documents?document_id=contract-7&file_name=lease.md", {
    body: "# Lease\n\nThe rent is due.",
    headers: { "content-type": "text/markdown" },
  });
  const names = new Set([
    "documents.list",
    "documents.get",
    "documents.info",
    "documents.text",
    "documents.pageImage",
    "documents.search",
    "documents.pdf",
  ]);
  for (const entry of reference().flatMap(({ entries }) => entries)) {
    const reads =
      names.has(entry.name) || ["annotations.list", "comments.listAll", "layers.list", "usage.get", "webhooks.list"].includes(entry.name);
    if (!reads) continue;
    const address = /"\$LECTERN_URL([^"]+)"/.exec(entry.curl)![1]!;
    expect([entry.name, (await server.request(address)).status]).toEqual([entry.name, 200]);
  }
});
