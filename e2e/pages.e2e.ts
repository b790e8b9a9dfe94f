import { pagesPdf, pdfFile } from "@lectern/pdf/testing";
import type { Locator, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { describeInBrowser, pageImage, watchErrors } from "./browser.ts";
import { until } from "./product.ts";
import { type Permission, useStage } from "./stage.ts";

describeInBrowser("arranging pages together", () => {
  const stage = useStage();
  let documentId: string;
  let ana: Page;
  let ben: Page;
  let errors: string[];

  beforeAll(async () => {
    documentId = await stage.upload(pagesPdf(5), "Brochure");
    await stage.product.client.annotations.create({
      documentId,
      content: {
        type: "pspdfkit/shape/rectangle",
        v: 2,
        pageIndex: 4,
        bbox: [100, 200, 150, 80],
        strokeColor: "#3457d5",
        strokeWidth: 4,
      },
    });
    ana = await open("ana", "Ana", ["read", "write", "download"]);
    errors = watchErrors(ana);
    ben = await open("ben", "Ben", ["read", "write", "download"]);
  });

  const open = (user: string, name: string, permissions: readonly Permission[]): Promise<Page> =>
    stage.open(documentId, { user, name, permissions, browser: { acceptDownloads: true } });
  const option = (page: Page, number: number): Locator => page.getByRole("option", { name: `Page ${number}`, exact: true });
  async function arrange(page: Page): Promise<void> {
    await page.getByRole("button", { name: "Thumbnails and outline" }).click();
    await page.getByRole("button", { name: "Arrange pages" }).click();
    await option(page, 1).waitFor();
  }
  const act = (page: Page, name: string): Promise<void> =>
    page.getByRole("toolbar", { name: "Actions on pages" }).getByRole("button", { name, exact: true }).click();
  /** The first words of each page, as everybody gets them who asks the service. */
  async function order(): Promise<string[]> {
    const pages = await stage.product.client.documents.text({ documentId });
    return pages.map(({ textLines }) => /Page (\d)/.exec(textLines[0]?.contents ?? "")?.[1] ?? "-");
  }
  const becomes = (what: string, wanted: readonly string[]): Promise<unknown> =>
    until(what, async () => JSON.stringify(await order()) === JSON.stringify(wanted));
  const pageInfo = (page: Page, index: number): Promise<{ width: number; height: number; rotation: number }> =>
    page.evaluate(
      (at) =>
        (
          window as unknown as { instance: { pageInfoForIndex(n: number): { width: number; height: number; rotation: number } } }
        ).instance.pageInfoForIndex(at),
      index,
    );
  const pageCount = (page: Page): Promise<number> =>
    page.evaluate(() => (window as unknown as { instance: { totalPageCount: number } }).instance.totalPageCount);

  test("a page is moved by keys and dragged with the mouse, and the other sees it live with what is drawn on it", async () => {
    await arrange(ana);
    await option(ana, 5).focus();
    await ana.keyboard.press("Home");
    await ana.keyboard.press("End");
    for (let step = 0; step < 4; step++) await ana.keyboard.press("Alt+ArrowLeft");
    await becomes("the last page is first", ["5", "1", "2", "3", "4"]);
    // Ben sees the rectangle on the first page now.
    await ben.getByRole("group", { name: "Page 1", exact: true }).locator("g[data-id]").first().waitFor({ state: "attached" });

    const from = (await option(ana, 4).boundingBox())!;
    const to = (await option(ana, 2).boundingBox())!;
    await ana.mouse.move(from.x + from.width / 2, from.y + 80);
    await ana.mouse.down();
    await ana.mouse.move(from.x - 40, from.y + 80, { steps: 4 });
    await ana.mouse.move(to.x + 20, to.y + 80, { steps: 6 });
    await ana.mouse.up();
    await becomes("page 3 is second", ["5", "3", "1", "2", "4"]);
    expect(await ana.getByRole("option", { selected: true }).count()).toBe(0);
  });

  test("several pages are turned, the other sees their shape, and it is undone in one step", async () => {
    await option(ana, 1).click();
    await option(ana, 2).click({ modifiers: ["Shift"] });
    expect(await ana.getByRole("option", { selected: true }).count()).toBe(2);
    await act(ana, "Rotate right");
    await until(
      "both are turned at Ben's",
      async () => (await pageInfo(ben, 0)).rotation === 90 && (await pageInfo(ben, 1)).rotation === 90,
    );
    const { width, height } = await pageInfo(ben, 0);
    expect(width).toBeGreaterThan(height);
    await ana.keyboard.press("Control+z");
    await until("both are as they were", async () => (await pageInfo(ben, 0)).rotation === 0 && (await pageInfo(ben, 1)).rotation === 0);
    await act(ana, "Rotate left");
    await until("the first is turned the other way", async () => (await pageInfo(ben, 0)).rotation === 270);
  });

  test("pages are copied, added from a file, left blank and deleted, and all of it is undone", async () => {
    await ana.keyboard.press("Escape");
    await option(ana, 5).click();
    await act(ana, "Duplicate");
    await becomes("the last page is there twice", ["5", "3", "1", "2", "4", "4"]);
    await act(ana, "Insert blank page");
    await becomes("a blank page is behind it", ["5", "3", "1", "2", "4", "4", "-"]);
    await ana.locator('input[type="file"]').setInputFiles({
      name: "more.pdf",
      mimeType: "application/pdf",
      buffer: Buffer.from(pdfFile({ pages: [{ size: [300, 200], content: "BT /F0 20 Tf 20 100 Td (Page 9) Tj ET" }] })),
    });
    await becomes("the page of the file is behind that", ["5", "3", "1", "2", "4", "4", "-", "9"]);
    await until("Ben sees them", async () => (await pageCount(ben)) === 8);
    await option(ana, 8).waitFor();
    await ana.getByText("One moment …").waitFor({ state: "detached" });
    await ana.keyboard.press("Escape");
    await option(ana, 1).click();
    await ana.keyboard.press("Delete");
    await becomes("the first is deleted", ["3", "1", "2", "4", "4", "-", "9"]);
    for (const wanted of [
      ["5", "3", "1", "2", "4", "4", "-", "9"],
      ["5", "3", "1", "2", "4", "4", "-"],
      ["5", "3", "1", "2", "4", "4"],
      ["5", "3", "1", "2", "4"],
    ]) {
      await ana.keyboard.press("Control+z");
      await becomes(`undone to ${wanted.join(" ")}`, wanted);
    }
  });

  test("a choice of pages is saved as a file, and the download has everybody's order", async () => {
    await option(ana, 1).click();
    await option(ana, 3).click();
    const [download] = await Promise.all([ana.waitForEvent("download"), act(ana, "Save as PDF")]);
    expect(download.suggestedFilename()).toBe("Brochure 1, 3.pdf");
    const { data } = await stage.product.client.documents.upload(
      { wait: 60 },
      { body: (await (await import("node:fs/promises")).readFile((await download.path())!)) as BodyInit, type: "application/pdf" },
    );
    expect(data.pageCount).toBe(2);
    const whole = await stage.product.client.documents.pdf({ documentId });
    const again = await stage.product.client.documents.upload({ wait: 60 }, { body: whole.body as BodyInit, type: "application/pdf" });
    const pages = await stage.product.client.documents.text({ documentId: again.data.id });
    expect(pages.map(({ textLines }) => textLines[0]?.contents.slice(0, 6))).toEqual(["Page 5", "Page 3", "Page 1", "Page 2", "Page 4"]);
    const { data: found } = await stage.product.client.annotations.list({ documentId: again.data.id });
    expect(found.annotations.map(({ content }) => content["pageIndex"])).toEqual([0]);
    await ana.getByRole("button", { name: "Done" }).click();
    await pageImage(ana, 3).waitFor();
    expect(errors).toEqual([]);
  });

  test("who may only read is offered nothing of it", async () => {
    const cara = await open("cara", "Cara", ["read"]);
    await cara.getByRole("button", { name: "Thumbnails and outline" }).click();
    await cara
      .getByRole("tab", { name: "Pages" })
      .or(cara.getByRole("button", { name: "Page 1", exact: true }))
      .first()
      .waitFor();
    expect(await cara.getByRole("button", { name: "Arrange pages" }).count()).toBe(0);
  });

  test("words and areas are marked for redaction, listed, and removed for good for everybody", async () => {
    await Promise.all([ana.close(), ben.close()]);
    const { data } = await stage.product.client.documents.upload(
      { title: "Secrets", wait: 60 },
      { body: pagesPdf(2) as BodyInit, type: "application/pdf" },
    );
    documentId = data.id;
    const words = async (): Promise<string> =>
      (await stage.product.client.documents.text({ documentId }))
        .flatMap(({ textLines }) => textLines.map(({ contents }) => contents))
        .join("\n");
    expect(await words()).toContain("Page 2");
    [ana, ben] = [await open("ana", "Ana", ["read", "write"]), await open("ben", "Ben", ["read", "write"])];
    const marks = (page: Page): Locator => page.locator("g[data-id]");

    // An area: a drag that begins beside text.
    await ana.getByRole("button", { name: "Redact", exact: true }).click();
    const box = (await ana.getByRole("group", { name: "Page 1", exact: true }).boundingBox())!;
    await ana.mouse.move(box.x + box.width * 0.5, box.y + 500);
    await ana.mouse.down();
    await ana.mouse.move(box.x + box.width * 0.7, box.y + 560, { steps: 4 });
    await ana.mouse.up();
    await marks(ben).first().waitFor({ state: "attached" });

    // All hits of a search, in one step of undo; nothing is gone yet.
    await ana.getByRole("button", { name: /^Search/ }).click();
    await ana.getByRole("searchbox").fill("page 2");
    await ana.getByRole("button", { name: "Mark all for redaction" }).click();
    const list = ana.getByRole("list", { name: "Marked areas" });
    await list.getByRole("button", { name: /^Page 2 Page 2$/ }).waitFor();
    const found = (await list.getByRole("listitem").count()) - 1;
    await ana.getByRole("button", { name: /^Undo/ }).click();
    await until("only the area is left", async () => (await list.getByRole("listitem").count()) === 1);
    await ana.getByRole("button", { name: /^Redo/ }).click();
    await until("they are marked again", async () => (await list.getByRole("listitem").count()) === found + 1);
    expect(await words()).toContain("Page 2");

    await ana.getByRole("button", { name: `Remove for good (${found + 1})` }).click();
    await ana.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    await ana.getByRole("button", { name: `Remove for good (${found + 1})` }).click();
    await ana.getByRole("dialog").getByRole("button", { name: "Remove for good" }).click();
    await ana.getByText(`Removed for good: ${found + 1}.`).waitFor();
    expect(await words()).not.toContain("Page 2");
    await until("the marks are gone for Ben", async () => (await marks(ben).count()) === 0);
    await ben.getByRole("button", { name: /^Search/ }).click();
    await ben.getByRole("searchbox").fill("page 2");
    await ben
      .getByText(/Nothing found|No results|not found/i)
      .first()
      .waitFor();
    await ben.getByRole("combobox", { name: "What to search for" }).selectOption("email-address");
    await ben.getByText("None found.").waitFor();
  });

  test("who may not edit pages marks, and is told why nothing can be removed", async () => {
    const { jwt } = await stage.product.client.sessions.create({
      allowed_documents: [{ document_id: documentId, collaboration_permissions: ["annotations:view:all", "annotations:edit:self"] }],
      user_id: "eve",
    });
    const eve = await (await stage.browser.newContext()).newPage();
    await eve.goto(`${stage.host.url}#${jwt}`);
    await eve.getByRole("button", { name: "Redact", exact: true }).click();
    await eve.getByRole("button", { name: "Marked areas" }).click();
    await eve.getByText("You may mark. Removing needs the right to edit pages.").waitFor();
    expect(await eve.getByRole("button", { name: /^Remove for good/ }).isDisabled()).toBe(true);
  });
});
