import { pagesPdf } from "@lectern/pdf/testing";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser, launch, pageImage, watchErrors } from "./browser.ts";
import { type Product, startProduct, until } from "./product.ts";

describeInBrowser("the dashboard", () => {
  let product: Product;
  let browser: Browser;
  let page: Page;
  let errors: string[];
  beforeAll(async () => {
    product = await startProduct();
    browser = await launch();
    const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    errors = watchErrors(page);
  });
  afterAll(async () => {
    await browser.close();
    await product.close();
  });

  test("a stranger cannot claim a fresh installation; the printed link makes the first account, once", async () => {
    const stranger = await (await browser.newContext()).newPage();
    await stranger.goto(`${product.url}/dashboard/`);
    await expect.poll(() => stranger.textContent("main, body")).toContain("one-time link");
    expect(await stranger.getByRole("button").count()).toBe(0);

    const link = await until("the sign-in link is printed", () => /https?:\/\/\S+#link=\S+/.exec(product.output())?.[0]);
    await page.goto(link);
    await page.getByLabel("E-mail").fill("ana@example.com");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("heading", { name: "Documents" }).waitFor();

    await stranger.goto("about:blank");
    await stranger.goto(link);
    await stranger.getByRole("button", { name: "Sign in" }).click();
    await stranger.getByRole("alert").waitFor();
  });

  test("a PDF is dropped in, listed, found by its title", async () => {
    await page.locator("input[type=file]").setInputFiles([
      { name: "Master agreement.pdf", mimeType: "application/pdf", buffer: Buffer.from(pagesPdf(12)) },
      { name: "not really.pdf", mimeType: "application/pdf", buffer: Buffer.from("<html>hello</html>") },
    ]);
    await page.getByRole("link", { name: "Master agreement" }).waitFor();
    await expect.poll(() => page.getByRole("alert").textContent()).toMatch(/HTML|not a PDF/i);
    await page.getByRole("button", { name: "Dismiss not really.pdf" }).click();
    await page.getByText("12 pages").waitFor();
    await page.getByLabel("Find by title").fill("nothing like it");
    await page.getByText("No document has this in its title").waitFor();
    await page.getByLabel("Find by title").fill("agreement");
    await page.getByRole("link", { name: "Master agreement" }).waitFor();
  });

  test("a file is dropped anywhere on the page", async () => {
    const transfer = await page.evaluateHandle(
      (base64) => {
        const data = new DataTransfer();
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        data.items.add(new File([bytes], "Dropped.pdf", { type: "application/pdf" }));
        return data;
      },
      Buffer.from(pagesPdf(1)).toString("base64"),
    );
    await page.getByLabel("Find by title").fill("");
    const place = page.getByRole("link", { name: "Master agreement" });
    await place.dispatchEvent("dragover", { dataTransfer: transfer });
    await page.getByText("Drop to upload").waitFor();
    await place.dispatchEvent("drop", { dataTransfer: transfer });
    await page.getByRole("link", { name: "Dropped" }).waitFor();
    await page.getByRole("button", { name: "Delete Dropped" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("link", { name: "Dropped" }).waitFor({ state: "detached" });
  });

  test("the live view shows it, and a token and a snippet can be copied", async () => {
    await page.getByRole("link", { name: "Master agreement" }).click();
    await pageImage(page, 1).waitFor();
    await page.getByRole("button", { name: "Embed" }).click();
    await page.getByRole("button", { name: "Create session token" }).click();
    await page.getByRole("button", { name: "Copy snippet" }).click();
    const snippet = await page.evaluate(() => navigator.clipboard.readText());
    expect(snippet).toContain(`${product.url}/sdk/lectern.js`);
    expect(snippet).toMatch(/session: "eyJ/);
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Back to the documents" }).click();
  });

  test("a key is made, shown once, works, and is refused after it was revoked", async () => {
    await page.getByRole("link", { name: "API keys" }).click();
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByLabel("Name").fill("Continuous integration");
    await page.getByRole("button", { name: "Create key" }).click();
    const key = (await page
      .getByRole("dialog")
      .getByText(/^lct_live_/)
      .textContent())!;
    const list = () => fetch(`${product.url}/viewer/documents`, { headers: { authorization: `Bearer ${key}` } });
    expect((await list()).status).toBe(200);
    await page.getByRole("button", { name: "I have copied it" }).click();
    await page.reload();
    await page.getByRole("cell", { name: "Continuous integration", exact: true }).waitFor();
    expect(await page.content()).not.toContain(key);
    await page.getByRole("button", { name: "Revoke Continuous integration" }).click();
    await page.getByRole("button", { name: "Revoke key" }).click();
    await until("the key is refused", async () => (await list()).status === 401, 10);
  });

  test("applications keep their documents apart", async () => {
    await page.getByRole("button", { name: "New application" }).click();
    await page.getByLabel("Name").fill("Second");
    await page.getByRole("button", { name: "Create application" }).click();
    await page.getByRole("link", { name: "Documents" }).click();
    await page.getByText("Drop a PDF here").waitFor();
    await page.getByLabel("Application", { exact: true }).selectOption({ index: 0 });
  });

  test("usage counts what happened", async () => {
    await page.getByRole("link", { name: "Usage" }).click();
    await expect.poll(() => page.locator("section", { hasText: "Uploads" }).first().textContent()).toMatch(/[1-9]/);
    await expect.poll(() => page.locator("section", { hasText: "Sessions opened, " }).first().textContent()).toMatch(/[1-9]/);
  });

  test("a document is deleted after a question", async () => {
    await page.getByRole("link", { name: "Documents" }).click();
    await page.getByRole("button", { name: "Delete Master agreement" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("Drop a PDF here").waitFor();
  });

  test("signing out ends it; e-mail and password sign in again; no page error was logged", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("E-mail").fill("ana@example.com");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Documents" }).waitFor();
    // Refusals that the tests above provoke are logged by the browser as failed loads.
    expect(errors.filter((error) => !/status of 4\d\d/.test(error))).toEqual([]);
  });
});
