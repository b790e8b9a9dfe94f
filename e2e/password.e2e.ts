import { encryptedPdf, ENCRYPTED_PASSWORD } from "@lectern/pdf/testing";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { violations } from "./accessibility.ts";
import { describeInBrowser, pageImage, watchErrors } from "./browser.ts";
import { useStage } from "./stage.ts";

describeInBrowser("a document that needs a password", () => {
  const stage = useStage();

  const shot = async (page: Page, name: string): Promise<void> => {
    const folder = process.env["SCREENSHOTS"];
    if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
  };

  async function newPage(): Promise<Page> {
    const page = await (await stage.browser.newContext({ viewport: { width: 900, height: 700 } })).newPage();
    page.setDefaultTimeout(20_000);
    return page;
  }

  /** By keyboard alone, from the prompt to the first page. */
  async function enterPassword(page: Page, name: string): Promise<void> {
    const field = page.getByLabel("Password", { exact: true });
    await field.waitFor();
    await shot(page, `${name}-asks`);
    const focused = (): Promise<string | null> =>
      page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.getAttribute("name") ?? null);
    expect(await focused()).toBe("password");
    expect(await field.getAttribute("type")).toBe("password");
    await page.getByRole("heading", { name: "This document is protected" }).waitFor();
    // Nothing is asked when nothing was entered.
    await page.keyboard.press("Enter");
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(await violations(page)).toEqual([]);

    await page.keyboard.type("not it");
    await page.keyboard.press("Enter");
    const wrong = page.getByRole("alert").filter({ hasText: "password" });
    await wrong.waitFor();
    await shot(page, `${name}-wrong`);
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    expect(await wrong.getAttribute("id")).toBe("why");
    expect(await field.getAttribute("aria-describedby")).toBe("why");
    expect(await focused()).toBe("password");
    expect(await field.inputValue()).toBe("");
    expect(await violations(page)).toEqual([]);

    await page.keyboard.type(ENCRYPTED_PASSWORD);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await pageImage(page, 1).waitFor();
    await page.waitForFunction(() => "instance" in window);
    await shot(page, `${name}-open`);
  }

  test("the service asks for it, says when it is wrong, and opens the document with the right one", async () => {
    const id = await stage.upload(encryptedPdf());
    const page = await newPage();
    const errors = watchErrors(page);
    await page.goto(`${stage.host.url}#${await stage.session(id, { user: "mia" })}`);
    await enterPassword(page, "managed");
    const { data } = await stage.product.client.documents.get({ documentId: id }, {});
    expect(data.status).toBe("ready");
    // Only what the browser itself says of the two refusals.
    expect(errors.filter((error) => !error.includes("403"))).toEqual([]);
  });

  test("of the page itself is opened in the browser, and its password does not leave it", async () => {
    const { jwt } = await stage.product.client.sessions.create({});
    const page = await newPage();
    const errors = watchErrors(page);
    const sent: string[] = [];
    page.on("request", (request) => sent.push(request.postData() ?? ""));
    await page.goto(stage.host.url);
    await page.evaluate(
      ([session, base64]) => {
        const document = Uint8Array.from(atob(base64!), (character) => character.charCodeAt(0));
        (window as unknown as { start(options: object): void }).start({ session, document });
      },
      [jwt, Buffer.from(encryptedPdf()).toString("base64")],
    );
    await enterPassword(page, "provided");
    expect(sent.filter((body) => body.includes("not it") || body.includes(`"${ENCRYPTED_PASSWORD}"`))).toEqual([]);
    expect(errors).toEqual([]);
  });
});
