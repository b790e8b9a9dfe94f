import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Browser } from "playwright-core";
import { describeInBrowser, type HostPage, hostPage, launch, pageImage } from "./browser.ts";
import { type Product, startProduct } from "./product.ts";

interface InterchangeWindow {
  readonly instance: {
    exportInstantJSON(version?: 1 | 2): Promise<{ readonly annotations: readonly { readonly id: string; readonly v: number }[] }>;
    exportXFDF(): Promise<string>;
    applyInstantJson(json: object): Promise<{ readonly created: number }>;
    importXFDF(xfdf: string): Promise<{ readonly created: number }>;
  };
}

describeInBrowser("interchange files in the viewer", () => {
  let product: Product;
  let browser: Browser;
  let host: HostPage;
  beforeAll(async () => {
    product = await startProduct();
    browser = await launch();
    host = await hostPage(product.url);
  });
  afterAll(async () => {
    await browser.close();
    host.close();
    await product.close();
  });

  test("XFDF and Instant JSON are applied and exported by the instance, and what is wrong is said", async () => {
    const { data } = await product.client.documents.upload({ wait: 60 }, { body: pagesPdf(1) as BodyInit, type: "application/pdf" });
    const { jwt } = await product.client.sessions.create({ allowed_documents: [{ document_id: data.id }], user_id: "mia" });
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${host.url}#${jwt}`);
    await pageImage(page, 1).waitFor();
    await page.waitForFunction(() => "instance" in window);
    const seen = await page.evaluate(async () => {
      const { instance } = window as unknown as InterchangeWindow;
      const square = '<xfdf><annots><square page="0" rect="10,20,60,90" color="#ff0000" name="square-1"/></annots></xfdf>';
      const { created } = await instance.importXFDF(square);
      const json = await instance.exportInstantJSON();
      const again = await instance.applyInstantJson({
        ...json,
        annotations: json.annotations.map((one) => ({ ...one, id: "square-2", name: "" })),
      });
      const wrong = await instance.importXFDF("<!DOCTYPE x><xfdf/>").catch((error: { readonly code: string }) => error.code);
      const ids = (await instance.exportInstantJSON(1)).annotations.map(({ id, v }) => [id, v]);
      return { created, again: again.created, wrong, ids, xfdf: await instance.exportXFDF() };
    });
    expect(seen).toMatchObject({ created: 1, again: 1, wrong: "unprocessable" });
    expect(seen.ids).toEqual([
      ["square-1", 1],
      ["square-2", 1],
    ]);
    expect(seen.xfdf).toContain('rect="10,20,60,90"');
  });
});
