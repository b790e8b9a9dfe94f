import { pagesPdf } from "@lectern/pdf/testing";
import type { BrowserContextOptions, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { describeInBrowser, watchErrors } from "./browser.ts";
import { until } from "./product.ts";
import { type Permission, useStage } from "./stage.ts";

interface Instance {
  create(annotation: unknown): Promise<readonly string[]>;
  delete(id: string): Promise<unknown>;
  setViewState(next: (state: object) => unknown): void;
  pageInfoForIndex(index: number): { readonly id: string } | null;
}

describeInBrowser("the history of a document", () => {
  const stage = useStage();
  let documentId: string;
  let ana: Page;
  let ben: Page;
  let errors: string[];

  beforeAll(async () => {
    documentId = await stage.upload(pagesPdf(4), "Contract");
    ben = await open("ben", "Ben Okri");
    ana = await open("ana", "Ana Silva");
    errors = watchErrors(ana);
  });

  const open = (
    user: string,
    name: string,
    permissions: readonly Permission[] = ["read", "write", "download"],
    browser: BrowserContextOptions = {},
  ): Promise<Page> => stage.open(documentId, { user, name, permissions, browser });
  const draw = (page: Page, pageIndex: number): Promise<string> =>
    page.evaluate(async (index) => {
      const { instance } = window as unknown as { instance: Instance };
      const [id] = await instance.create({
        type: "rectangle",
        page: instance.pageInfoForIndex(index)!.id,
        geometry: { bbox: [100, 200, 120, 60] },
        appearance: { strokeColor: "#e02020", strokeWidth: 4 },
      });
      return id!;
    }, pageIndex);
  const remove = (page: Page, id: string): Promise<unknown> =>
    page.evaluate((gone) => (window as unknown as { instance: Instance }).instance.delete(gone), id);
  const showHistory = (page: Page): Promise<void> =>
    page.evaluate(() => (window as unknown as { instance: Instance }).instance.setViewState((state) => ({ ...state, sidebar: "history" })));
  const list = (page: Page) => page.getByRole("list", { name: "History" });
  /** The entry's actions are shown. */
  const expand = async (page: Page, words: string): Promise<void> => {
    const head = list(page).getByRole("button").filter({ hasText: words }).first();
    if ((await head.getAttribute("aria-expanded")) === "false") await head.click();
  };
  const stored = async (): Promise<string[]> =>
    (await stage.product.client.annotations.list({ documentId })).data.annotations.map(({ id }) => id).toSorted();

  test("tells who changed what, also while it happens, and shows the page", async () => {
    const first = await draw(ben, 0);
    await draw(ben, 2);
    await draw(ana, 3);
    await remove(ana, first);
    await ana.getByRole("button", { name: "Thumbnails and outline" }).click();
    await ana.getByRole("tab", { name: "History" }).click();
    const entries = list(ana).getByRole("button");
    await entries.filter({ hasText: "Ben Okri" }).filter({ hasText: "Added 2 annotations" }).waitFor();
    await entries
      .filter({ hasText: "Ana Silva" })
      .filter({ hasText: "Added an annotation" })
      .filter({ hasText: "Deleted an annotation" })
      .waitFor();
    await draw(ben, 1);
    await until("what is done now is there, too", async () => (await entries.filter({ hasText: "Ben Okri" }).count()) === 2);
    await entries.filter({ hasText: "Added 2 annotations" }).click();
    await ana.getByRole("button", { name: /^Show page 3|^Show page 1/ }).click();
  });

  test("puts back what an entry changed, and everything, each after a question", async () => {
    const before = await stored();
    await list(ana).getByRole("button").filter({ hasText: "Deleted an annotation" }).click();
    await ana.getByRole("button", { name: "Put back as it was before" }).click();
    await ana.getByRole("button", { name: "Put back", exact: true }).click();
    await ana.getByText("Put back: 2").waitFor();
    const after = await stored();
    expect([before.length, after.length, after.filter((id) => !before.includes(id)).length]).toEqual([3, 3, 1]);

    await list(ana).getByRole("button").filter({ hasText: "Added 2 annotations" }).click();
    await ana.getByRole("button", { name: "Put everything back to here" }).click();
    await ana.getByRole("button", { name: "Cancel" }).click();
    expect(await stored()).toEqual(after);
    await ana.getByRole("button", { name: "Put everything back to here" }).click();
    await ana.getByRole("button", { name: "Put back", exact: true }).click();
    await until("the layer is what it was", async () => (await stored()).length === 2);
    const download = ana.waitForEvent("download");
    await ana.getByRole("button", { name: "Download as it was then" }).click();
    expect((await download).suggestedFilename()).toBe("Contract (2).pdf");
    expect(errors).toEqual([]);
  });

  test("is read on a phone and by those who may only look, who can put nothing back", async () => {
    const eve = await open("eve", "Eve", ["read"], { viewport: { width: 390, height: 844 }, colorScheme: "dark" });
    await showHistory(eve);
    await list(eve).getByRole("button").filter({ hasText: "Added 2 annotations" }).click();
    await eve.getByText("You may look at this document only.").waitFor();
    expect(await eve.getByRole("button", { name: "Put everything back to here" }).isDisabled()).toBe(true);
    expect(await eve.getByRole("button", { name: "Download as it was then" }).count()).toBe(0);
    const box = (await list(eve).boundingBox())!;
    expect(box.x + box.width).toBeLessThanOrEqual(390);
  });

  test("shows the document as it was, moment by moment and for reading only, while the others go on", async () => {
    const then = ana.locator(".past");
    const marks = (): Promise<number> => then.locator("g[data-id]").count();
    await expand(ana, "Added 2 annotations");
    await ana.getByRole("button", { name: "Show as it was then" }).click();
    await ana.getByRole("group", { name: "Earlier moment" }).waitFor();
    // Ben's rectangle on the first page, which Ana deleted later.
    await until("it is there again", async () => (await marks()) === 1);
    expect(await ana.getByRole("button", { name: "Rectangle", exact: true }).count()).toBe(0);
    expect(await ana.getByRole("button", { name: /^Undo/ }).count()).toBe(0);
    const slider = ana.getByRole("slider", { name: "Moment" });
    await slider.press("Home");
    await ana.getByText("Before the first change").waitFor();
    await until("nothing had been drawn", async () => (await marks()) === 0);
    await slider.press("End");
    await until("the last change is shown", async () => (await slider.getAttribute("aria-valuetext"))?.includes("Ana Silva"));

    const before = await stored();
    await draw(ben, 0);
    await until("what Ben does now is stored, and not of then", async () => (await stored()).length === before.length + 1);
    const moments = Number(await slider.getAttribute("max"));
    await until("it is one more moment", async () => Number(await slider.getAttribute("max")) === moments + 1);
    await ana.getByRole("button", { name: "Back to now" }).click();
    await then.waitFor({ state: "detached" });
    await ana.getByRole("button", { name: "Rectangle", exact: true }).waitFor();
    expect(errors).toEqual([]);
  });

  test("puts a single record back", async () => {
    const [one, two] = [await draw(ben, 0), await draw(ben, 1)];
    await expand(ana, "Added 3 annotations");
    const records = ana.getByRole("list", { name: "What was changed" });
    await records.getByRole("button", { name: /Rectangle · Page 2$/ }).click();
    await ana.getByRole("dialog").getByRole("button", { name: "Put back", exact: true }).click();
    await until("it is as it was before, the other is not touched", async () => {
      const ids = await stored();
      return ids.includes(one) && !ids.includes(two);
    });
  });

  test("marks what the others did since one looked last, on another day too", async () => {
    const news = (page: Page) => list(page).getByRole("img", { name: "New since you last looked" });
    const looked = (user: string) => async (): Promise<boolean> => {
      const { seq, seen } = await stage.product.client.layers.changes({ documentId, user_id: user });
      return seen === seq;
    };
    const first = await open("fay", "Fay");
    await showHistory(first);
    await news(first).first().waitFor();
    await until("it is kept that she has looked", looked("fay"));
    await first.context().close();
    const second = await open("fay", "Fay");
    await showHistory(second);
    await list(second).getByRole("button").first().waitFor();
    expect(await news(second).count()).toBe(0);
    await second.context().close();
    await draw(ben, 3);
    const third = await open("fay", "Fay");
    await showHistory(third);
    await news(third).waitFor();
    await third.context().close();
  });

  test("of an earlier file is shown, and answers clearly that it cannot be put back", async () => {
    const eve = await open("eve", "Eve", ["read", "write", "download"]);
    const last = (await stage.product.client.layers.changes({ documentId, until: 100_000 })).seq;
    await stage.product.client.documents.upload(
      { document_id: documentId, overwrite_existing_document: true, wait: 60 },
      { body: pagesPdf(2) as BodyInit, type: "application/pdf" },
    );
    await until("the new file is shown", () =>
      eve.evaluate(() => (window as unknown as { instance: { totalPageCount: number } }).instance.totalPageCount === 2),
    );
    await eve.evaluate((seq) => (window as unknown as { instance: { viewAsOf(seq: number): Promise<void> } }).instance.viewAsOf(seq), last);
    await eve.getByText("This was on an earlier file of the document.").waitFor();
    await eve.getByText("of 4", { exact: true }).waitFor();
    expect(await eve.getByRole("button", { name: "Put everything back to here" }).count()).toBe(0);
    const problem = await stage.product.client.layers.restore({ documentId, seq: last }).catch((error: { code: string }) => error.code);
    expect(problem).toBe("unprocessable");
  });
});
