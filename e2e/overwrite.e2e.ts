import { pagesPdf } from "@lectern/pdf/testing";
import type { BrowserContext, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { describeInBrowser, pageImage, watchErrors } from "./browser.ts";
import { until } from "./product.ts";
import { useStage } from "./stage.ts";

interface Instance {
  readonly totalPageCount: number;
  create(annotation: unknown): Promise<readonly string[]>;
  pageInfoForIndex(index: number): { readonly id: string } | null;
}
describeInBrowser("a document that a backend overwrites while somebody has it open", () => {
  const stage = useStage();
  let documentId: string;
  let context: BrowserContext;
  let ana: Page;
  let errors: string[];

  beforeAll(async () => {
    documentId = await stage.upload(pagesPdf(3), "Contract");
    context = await stage.browser.newContext({ viewport: { width: 1000, height: 1200 } });
    ana = await stage.open(documentId, { user: "ana", name: "Ana", context });
    errors = watchErrors(ana);
  });

  async function overwrite(pages: number) {
    const { data } = await stage.product.client.documents.upload(
      { document_id: documentId, overwrite_existing_document: true, keep_current_annotations: true, wait: 60 },
      { body: pagesPdf(pages) as BodyInit, type: "application/pdf" },
    );
    return data;
  }
  const create = (pageIndex: number, note: string): Promise<string> =>
    ana.evaluate(
      async ([index, text]) => {
        const { instance } = window as unknown as { instance: Instance };
        const [id] = await instance.create({
          type: "rectangle",
          page: instance.pageInfoForIndex(index)!.id,
          geometry: { bbox: [100, 200, 120, 60] },
          appearance: { strokeColor: "#e02020", strokeWidth: 4 },
          note: text,
        });
        return id!;
      },
      [pageIndex, note] as const,
    );
  const pageCount = (): Promise<number> => ana.evaluate(() => (window as unknown as { instance: Instance }).instance.totalPageCount);
  const stored = async () => (await stage.product.client.annotations.list({ documentId })).data.annotations;

  test("shows the new file at once, with the annotations that were kept, and can be written on", async () => {
    const id = await create(0, "mine");
    const source = await pageImage(ana, 1).getAttribute("src");
    expect(await overwrite(2)).toMatchObject({ pageCount: 2, overwrite: { revision: 2, status: "done" } });
    await ana.getByText("has been replaced by a new version").waitFor();
    expect(await pageCount()).toBe(2);
    await pageImage(ana, 1).waitFor();
    expect(await pageImage(ana, 1).getAttribute("src")).not.toBe(source);
    await ana.locator(`g[data-id="${id}"]`).first().waitFor({ state: "attached" });
    expect(await ana.getByRole("group", { name: "Page 3", exact: true }).count()).toBe(0);
    await until("its text can be selected", () => ana.getByText("Page 1 of 2").count());

    const later = await until("editing goes on", () => create(1, "later").catch(() => null));
    expect((await stored()).map((annotation) => annotation.id).toSorted()).toEqual([id, later].toSorted());
    expect(errors).toEqual([]);
  });

  test("takes back, and says so, what was written offline on a page that is gone", async () => {
    await context.setOffline(true);
    const waiting = ana.evaluate(async () => {
      const { instance } = window as unknown as { instance: Instance };
      const annotation = {
        type: "rectangle",
        page: instance.pageInfoForIndex(1)!.id,
        geometry: { bbox: [10, 20, 120, 60] },
        appearance: { strokeColor: "#e02020", strokeWidth: 4 },
        note: "offline",
      };
      return instance.create(annotation).then(
        () => "accepted",
        (error: { code: string }) => error.code,
      );
    });
    const before = (await stored()).length;
    await overwrite(1);
    await context.setOffline(false);
    await ana.getByText("Changes of yours that did not go on to it: 1").waitFor();
    expect(await waiting).not.toBe("accepted");
    expect(await pageCount()).toBe(1);
    // What lay on the second page is left to history.
    expect((await stored()).length).toBe(before - 1);
    await until("editing goes on", () => create(0, "after").catch(() => null));
  });
});
