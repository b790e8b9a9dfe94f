import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { embeddedFilePdf, pagesPdf } from "@lectern/pdf/testing";
import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { violations } from "./accessibility.ts";
import { describeInBrowser, pageImage, watchErrors } from "./browser.ts";
import { type Permission, useStage } from "./stage.ts";

describeInBrowser("bookmarks and files below the outline", () => {
  const stage = useStage();

  async function open(id: string, permissions: readonly Permission[]): Promise<Page> {
    const page = await stage.open(id, { user: "mia", permissions, browser: { viewport: { width: 1280, height: 800 } } });
    page.setDefaultTimeout(30_000);
    await page.getByRole("button", { name: "Thumbnails and outline" }).click();
    return page;
  }

  const bookmarks = async (id: string): Promise<unknown[]> =>
    (await stage.product.client.bookmarks.list({ documentId: id })).data.bookmarks.map(({ content }) => [
      content["name"],
      (content["action"] as { readonly pageIndex: number }).pageIndex,
    ]);

  test("are added, named, moved and deleted, seen by others at once, and lead to their page", async () => {
    const id = await stage.upload(pagesPdf(12));
    const page = await open(id, ["read", "write"]);
    const errors = watchErrors(page);
    await page.getByRole("tab", { name: "Outline" }).click();
    const panel = page.getByRole("region", { name: "Bookmarks" });
    const add = panel.getByRole("button", { name: "Bookmark this page" });
    await add.click();
    await panel.getByRole("textbox", { name: "Name of the bookmark" }).fill("Start");
    await page.keyboard.press("Enter");
    await panel.getByRole("button", { name: "Start", exact: true }).waitFor();
    await page
      .getByRole("spinbutton", { name: "Page" })
      .or(page.getByRole("textbox", { name: "Page" }))
      .first()
      .fill("7");
    await page.keyboard.press("Enter");
    await pageImage(page, 7).waitFor();
    await add.click();
    await panel.getByRole("textbox", { name: "Name of the bookmark" }).press("Escape");
    await panel.getByRole("button", { name: "Page 7", exact: true }).waitFor();
    await expect
      .poll(() => bookmarks(id))
      .toEqual([
        ["Start", 0],
        [undefined, 6],
      ]);
    await panel.getByRole("button", { name: "Move Page 7 up" }).focus();
    await page.keyboard.press("Enter");
    await expect
      .poll(() => bookmarks(id))
      .toEqual([
        [undefined, 6],
        ["Start", 0],
      ]);
    await panel.getByRole("button", { name: "Start", exact: true }).click();
    await pageImage(page, 1).waitFor();

    const reader = await open(id, ["read"]);
    await reader.getByRole("tab", { name: "Outline" }).click();
    const read = reader.getByRole("region", { name: "Bookmarks" });
    await read.getByRole("button", { name: "Start", exact: true }).waitFor();
    expect(await read.getByRole("button").count()).toBe(2);
    // Its tools are seen when the pointer is on it.
    const row = (title: string) => panel.getByRole("listitem").filter({ hasText: title });
    await row("Start").hover();
    await panel.getByRole("button", { name: "Rename Start" }).click();
    await panel.getByRole("textbox", { name: "Name of the bookmark" }).fill("Beginning");
    await page.keyboard.press("Enter");
    await read.getByRole("button", { name: "Beginning", exact: true }).waitFor();
    await row("Page 7").hover();
    if (process.env["SCREENSHOT"] !== undefined) await page.screenshot({ path: process.env["SCREENSHOT"] });
    await panel.getByRole("button", { name: "Delete Page 7" }).click();
    await expect.poll(() => bookmarks(id)).toEqual([["Beginning", 0]]);
    await expect.poll(() => read.getByRole("button").count()).toBe(1);
    expect(await violations(page)).toEqual([]);
    expect(errors).toEqual([]);
  });

  test("files in the file are saved by whoever may download", async () => {
    const id = await stage.upload(embeddedFilePdf());
    const page = await open(id, ["read", "download"]);
    await page.getByRole("tab", { name: "Outline" }).click();
    const panel = page.getByRole("region", { name: "Files in this document" });
    const [download] = await Promise.all([page.waitForEvent("download"), panel.getByRole("button", { name: "Save table.csv" }).click()]);
    expect(download.suggestedFilename()).toBe("table.csv");
    expect(
      createHash("sha256")
        .update(readFileSync(await download.path()))
        .digest("hex"),
    ).toBe(createHash("sha256").update("1,2").digest("hex"));
    const reader = await open(id, ["read"]);
    await reader.getByRole("tab", { name: "Outline" }).click();
    await reader.getByText("table.csv").waitFor();
    expect(await reader.getByRole("button", { name: "Save table.csv" }).count()).toBe(0);
  });
});
