import { operations } from "@lectern/protocol/openapi";
import { type ErrorCode, ERRORS } from "@lectern/protocol/plain";
import { ERROR_HELP } from "@lectern/protocol/reference";
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
