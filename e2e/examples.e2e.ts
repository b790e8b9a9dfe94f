import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser, launch, pageImage, watchErrors } from "./browser.ts";
import { API_KEY, end, freePort, type Product, root, startProduct, until } from "./product.ts";

let product: Product;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product.close());

test("the serverless function mints a token for whom its own check lets in, and for nobody else", async () => {
  const { session } = (await import(join(root, "examples/serverless/src/session.js"))) as {
    session: (request: Request, environment: object) => Promise<Response>;
  };
  const { data } = await product.client.documents.upload(
    { title: "Serverless" },
    { body: pagesPdf(1) as BodyInit, type: "application/pdf" },
  );
  const environment = {
    LECTERN_URL: product.url,
    LECTERN_API_KEY: API_KEY,
    mayRead: async (request: Request) => (request.headers.get("x-user") === "ana" ? { id: "ana", name: "Ana" } : null),
  };
  const ask = (user: string, documentId: string) =>
    session(
      new Request("http://edge.test/", { method: "POST", headers: { "x-user": user }, body: JSON.stringify({ documentId }) }),
      environment,
    );
  expect((await ask("mallory", data.id)).status).toBe(403);
  expect((await ask("ana", "no-such-document")).status).toBe(404);
  const { session: token } = (await (await ask("ana", data.id)).json()) as { session: string };
  const opened = await fetch(`${product.url}/viewer/open`, {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: JSON.stringify({ token }),
  });
  expect(await opened.json()).toMatchObject({ documentId: data.id, user: { id: "ana", name: "Ana" } });
});

describeInBrowser("the Node backend", () => {
  let browser: Browser;
  let app: ChildProcess;
  let url: string;
  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    app = spawn(process.execPath, [join(root, "examples/node-backend/src/main.js")], {
      env: { ...process.env, LECTERN_URL: product.url, LECTERN_API_KEY: API_KEY, PORT: String(port), DATABASE: ":memory:" },
      stdio: "inherit",
    });
    await until("the example answers", async () => (await fetch(url).catch(() => null)) !== null);
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    await end(app, "SIGTERM");
  });

  test("its users upload, list, open and review a contract together", async () => {
    const ana = await (await browser.newContext()).newPage();
    const errors = watchErrors(ana);
    await ana.goto(url);
    await ana.getByLabel("Your name").fill("Ana");
    await ana.getByRole("button", { name: "Sign in" }).click();
    await ana.getByLabel("Add a PDF").setInputFiles({ name: "Lease.pdf", mimeType: "application/pdf", buffer: Buffer.from(pagesPdf(3)) });
    await ana.getByRole("button", { name: "Upload" }).click();
    await ana.waitForURL(/\/contracts\/\d+$/);
    await pageImage(ana, 1).waitFor();

    const ben = await (await browser.newContext()).newPage();
    await ben.goto(url);
    await ben.getByLabel("Your name").fill("Ben");
    await ben.getByRole("button", { name: "Sign in" }).click();
    await ben.getByRole("link", { name: "Lease" }).click();
    await pageImage(ben, 1).waitFor();
    await ana.getByRole("list", { name: "People here" }).getByTitle("Ben").waitFor();
    expect(errors.filter((error) => !error.includes("401"))).toEqual([]);
  });

  test("what the service refuses is told to the user in its words", async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(url);
    await page.getByLabel("Your name").fill("Cem");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("Add a PDF").setInputFiles({
      name: "picture.pdf",
      mimeType: "application/pdf",
      buffer: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    });
    await page.getByRole("button", { name: "Upload" }).click();
    await expect.poll(() => page.getByRole("status").textContent()).toMatch(/PNG/i);
  });
});
