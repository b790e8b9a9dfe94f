import { pagesPdf, taggedPdf } from "@lectern/pdf/testing";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./accessibility.ts";
import { describeInBrowser, type HostPage, hostPage, launch, pageImage, watchErrors } from "./browser.ts";
import { type Product, startProduct } from "./product.ts";

describeInBrowser("a page as a screen reader has it", () => {
  let product: Product;
  let browser: Browser;
  let host: HostPage;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    product = await startProduct();
    browser = await launch();
    host = await hostPage(product.url);
    page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
    page.setDefaultTimeout(15_000);
    errors = watchErrors(page);
  });
  afterAll(async () => {
    await browser.close();
    host.close();
    await product.close();
  });

  async function open(id: string, bytes: Uint8Array): Promise<void> {
    const { data } = await product.client.documents.upload(
      { document_id: id, wait: 60 },
      { body: bytes as BodyInit, type: "application/pdf" },
    );
    const { jwt } = await product.client.sessions.create({ allowed_documents: [{ document_id: data.id }], user_id: "ana" });
    await page.goto("about:blank");
    await page.goto(`${host.url}#${jwt}`);
    await pageImage(page, 1).waitFor();
  }

  test("headings, lists, tables and pictures of a tagged file, in reading order", async () => {
    await open("tagged", taggedPdf());
    const shown = page.getByRole("group", { name: "Page 1", exact: true });
    await shown.getByRole("heading", { name: "The year", level: 1 }).waitFor();
    const tree = await shown.ariaSnapshot();
    const lines = tree.split("\n").map((line) => line.trim());
    const order = [
      '- heading "The year" [level=1]',
      "- paragraph: begins here.",
      "- list:",
      "- listitem: First",
      "- listitem: Second",
      "- paragraph: The sum of everything.",
      "- table:",
      '- columnheader "Month"',
      '- columnheader "Sum"',
      '- cell "May"',
      '- cell "seven"',
      '- img "A blue bar"',
    ];
    expect(lines.filter((line) => order.includes(line))).toEqual(order);
    // The flat text, the page number and what another text stands for are not said as well.
    expect(tree).not.toContain("Page 1\n");
    expect(tree).not.toContain("A sum of all");
    expect(tree.match(/The year/g)).toHaveLength(1);
  });

  test("its elements lie where the page shows what they say, and in its language", async () => {
    const shown = page.getByRole("group", { name: "Page 1", exact: true });
    const [outer, heading, picture] = await Promise.all([
      shown.boundingBox(),
      shown.getByRole("heading").locator("span").boundingBox(),
      shown.getByRole("img", { name: "A blue bar" }).boundingBox(),
    ]);
    const scale = outer!.width / 595;
    expect(Math.abs(heading!.x - outer!.x - 60 * scale)).toBeLessThan(4);
    expect(heading!.y).toBeGreaterThan(outer!.y + 50 * scale);
    expect(heading!.y + heading!.height).toBeLessThan(outer!.y + 95 * scale);
    expect(Math.abs(picture!.y - outer!.y - 342 * scale)).toBeLessThan(2);
    expect(Math.abs(picture!.width - 200 * scale)).toBeLessThan(2);
    expect(await shown.locator(".page-text").getAttribute("lang")).toBe("en");
    expect(await shown.getByRole("paragraph").filter({ hasText: "begins here." }).getAttribute("lang")).toBe("en-GB");
  });

  test("the text is selected as before, and nothing keeps anybody from using the page", async () => {
    const shown = page.getByRole("group", { name: "Page 1", exact: true });
    const words = (await shown.locator(".page-text > span", { hasText: "Second" }).boundingBox())!;
    await page.mouse.dblclick(words.x + words.width / 2, words.y + words.height / 2);
    expect(await page.evaluate(() => document.getSelection()?.toString())).toBe("Second");
    expect(await violations(page)).toEqual([]);
    expect(errors).toEqual([]);
  });

  test("an untagged file is read as its text stands", async () => {
    await open("untagged", pagesPdf(1));
    const shown = page.getByRole("group", { name: "Page 1", exact: true });
    await shown.getByText("Page 1 of 1").waitFor();
    expect(await shown.locator(".page-structure").count()).toBe(0);
    expect(await shown.ariaSnapshot()).toContain("Page 1 of 1");
  });
});
