import { embeddedFilePdf, pdfFile } from "@lectern/pdf/testing";
import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { violations } from "./accessibility.ts";
import { describeInBrowser, pageImage, watchErrors } from "./browser.ts";
import { type Permission, useStage } from "./stage.ts";

describeInBrowser("the outline of the file", () => {
  const stage = useStage();
  const outlined = (): Uint8Array =>
    pdfFile({
      pages: Array.from({ length: 5 }, () => ({ content: "" })),
      outline: [
        { title: "One", page: 0, open: true, children: [{ title: "One A", page: 1 }] },
        { title: "Two", page: 2 },
      ],
    });

  async function open(id: string, permissions: readonly Permission[]): Promise<Page> {
    const page = await stage.open(id, { user: "mia", permissions, browser: { viewport: { width: 1280, height: 800 } } });
    page.setDefaultTimeout(30_000);
    await page.getByRole("button", { name: "Thumbnails and outline" }).click();
    await page.getByRole("tab", { name: "Outline" }).click();
    return page;
  }

  interface Item {
    readonly title: string;
    readonly action?: { readonly pageIndex?: number };
    readonly children?: readonly Item[];
  }
  const said = (items: readonly Item[]): string =>
    items
      .map(({ title, action, children = [] }) => `${title}@${action?.pageIndex}${children.length === 0 ? "" : `(${said(children)})`}`)
      .join(" ");
  const outline = async (id: string): Promise<string> =>
    said((await stage.product.client.documents.outline({ documentId: id })).data.outline as readonly Item[]);

  test("entries are added, named, moved, put below one another and deleted; others see it, it can be undone, and it is in the download", async () => {
    const id = await stage.upload(outlined());
    expect(await outline(id)).toBe("One@0(One A@1) Two@2");
    const page = await open(id, ["read", "write"]);
    const errors = watchErrors(page);
    const reader = await open(id, ["read"]);
    const read = reader.getByRole("navigation", { name: "Outline" });
    await read.getByRole("button", { name: "Two", exact: true }).waitFor();
    expect(await reader.getByRole("button", { name: "Edit outline" }).count()).toBe(0);

    await page.getByRole("button", { name: "Edit outline" }).click();
    const bar = page.getByRole("toolbar", { name: "Edit outline" });
    const entry = (title: string) => page.getByRole("navigation", { name: "Outline" }).getByRole("button", { name: title, exact: true });
    await entry("Two").click();
    await bar.getByRole("button", { name: "Add an entry for this page" }).click();
    await page.getByRole("textbox", { name: "Title of the entry" }).fill("Three");
    await page.keyboard.press("Enter");
    await expect.poll(() => outline(id)).toBe("One@0(One A@1) Two@2 Three@0");
    await bar.getByRole("button", { name: "Move Three up" }).click();
    await expect.poll(() => outline(id)).toBe("One@0(One A@1) Three@0 Two@2");
    await bar.getByRole("button", { name: "Put Three below the one before" }).click();
    await expect.poll(() => outline(id)).toBe("One@0(One A@1 Three@0) Two@2");
    if (process.env["SCREENSHOT"] !== undefined) await page.screenshot({ path: process.env["SCREENSHOT"] });
    expect(await violations(page)).toEqual([]);
    await read.getByRole("button", { name: "Three", exact: true }).waitFor();
    await bar.getByRole("button", { name: "Take Three one level up" }).click();
    await expect.poll(() => outline(id)).toBe("One@0(One A@1) Three@0 Two@2");
    await entry("One A").click();
    await bar.getByRole("button", { name: "Delete One A" }).click();
    await entry("Two").click();
    await bar.getByRole("button", { name: "Rename Two" }).click();
    await page.getByRole("textbox", { name: "Title of the entry" }).fill("Zwei");
    await page.keyboard.press("Enter");
    await expect.poll(() => outline(id)).toBe("One@0 Three@0 Zwei@2");
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => outline(id)).toBe("One@0 Three@0 Two@2");

    const file = await stage.product.client.documents.pdf({ documentId: id });
    expect(await outline(await stage.upload(new Uint8Array(await file.arrayBuffer())))).toBe("One@0 Three@0 Two@2");
    await read.getByRole("button", { name: "Two", exact: true }).click();
    await pageImage(reader, 3).waitFor();
    expect(errors).toEqual([]);
  });

  test("all of it can be undone, and edited again", async () => {
    const id = await stage.upload(outlined());
    const page = await open(id, ["read", "write"]);
    await page.getByRole("button", { name: "Edit outline" }).click();
    const nav = page.getByRole("navigation", { name: "Outline" });
    for (let round = 0; round < 2; round++) {
      await nav.getByRole("button", { name: "Two", exact: true }).click();
      await nav.getByRole("button", { name: "Delete Two" }).click();
      await expect.poll(() => outline(id)).toBe("One@0(One A@1)");
      await page.getByRole("button", { name: "Undo" }).click();
      await expect.poll(() => outline(id)).toBe("One@0(One A@1) Two@2");
    }
  });

  test("a file in the file is deleted by whoever may change pages", async () => {
    const id = await stage.upload(embeddedFilePdf());
    const page = await open(id, ["read", "write"]);
    const files = page.getByRole("region", { name: "Files in this document" });
    await files.getByText("table.csv").hover();
    await files.getByRole("button", { name: "Delete table.csv" }).click();
    await expect
      .poll(async () => (await stage.product.client.inspection.embeddedFiles({ documentId: id })).data.embeddedFiles.length)
      .toBe(0);
  });
});
