/** Every kind of annotation looks the same in the viewer, in the exported file and in the service's own image of the page. */
import { writeFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser, type HostPage, hostPage, launch, pageImage, watchErrors } from "./browser.ts";
import { type Cell, differences, paper, sheet, SHEET } from "./looks.ts";
import { API_KEY, type Product, startProduct, until } from "./product.ts";

/** Measured: thin lines that lie between pixels come to 0.2, everything else to less. */
const TOLERANCE = 0.25;
/** PDFium's own Courier is thinner than that of the browser, and it begins the dashes of a link, which it draws itself, elsewhere; undashed is 0.4. */
const OTHERS: Readonly<Record<string, number>> = { "text 3": 0.35, "link 2": 0.37 };

const isOff = ([name, difference]: readonly [string, number]): boolean => difference > (OTHERS[name] ?? TOLERANCE);

describeInBrowser("what is drawn", () => {
  let product: Product;
  let browser: Browser;
  let host: HostPage;
  let page: Page;
  let errors: string[];
  let cells: readonly Cell[];
  let pageCount: number;
  /** The paper alone. */
  let ground: Buffer;
  const shown: Readonly<Record<"viewer" | "exported" | "service" | "thumbnail", Buffer[]>> = {
    viewer: [],
    exported: [],
    service: [],
    thumbnail: [],
  };

  const get = async (path: string): Promise<Buffer> => {
    const response = await fetch(`${product.url}${path}`, { headers: { authorization: `Bearer ${API_KEY}` } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return Buffer.from(await response.arrayBuffer());
  };
  const upload = async (id: string, bytes: Uint8Array): Promise<void> => {
    await product.client.documents.upload({ document_id: id, wait: 60 }, { body: bytes as BodyInit, type: "application/pdf" });
  };
  const imageOf = (id: string, index: number): Promise<Buffer> =>
    get(`/viewer/documents/${id}/pages/${index}/image?width=${SHEET.width}&format=png`);

  beforeAll(async () => {
    product = await startProduct();
    browser = await launch();
    host = await hostPage(product.url);
    page = await (await browser.newContext({ viewport: { width: 1200, height: 1000 }, deviceScaleFactor: 1 })).newPage();
    page.setDefaultTimeout(15_000);
    errors = watchErrors(page);
    pageCount = Math.max(...sheet("0").map((cell) => cell.page)) + 1;
    await upload("sheet", paper(pageCount));
    ground = await imageOf("sheet", 0);
    const picture = await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(70, 50);
      const context = canvas.getContext("2d")!;
      context.fillStyle = "#2080e0";
      context.fillRect(0, 0, 70, 50);
      context.fillStyle = "#e08020";
      context.fillRect(0, 0, 20, 15);
      return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
    });
    const attached = await fetch(`${product.url}/viewer/documents/sheet/attachments`, {
      method: "POST",
      headers: { authorization: `Bearer ${API_KEY}`, "content-type": "image/png" },
      body: Uint8Array.from(picture),
    });
    cells = sheet(((await attached.json()) as { data: { id: string } }).data.id);
    const made = await fetch(`${product.url}/viewer/documents/sheet/annotations`, {
      method: "POST",
      headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ annotations: cells.map(({ annotation }) => ({ content: annotation })) }),
    });
    if (!made.ok) throw new Error(await made.text());

    const { jwt } = await product.client.sessions.create({ allowed_documents: [{ document_id: "sheet" }], user_id: "ana" });
    await page.goto(`${host.url}#${jwt}`);
    await pageImage(page, 1).waitFor();
    await page.waitForFunction("window.instance !== undefined");
    for (let index = 0; index < pageCount; index++) {
      await page.evaluate(`window.instance.setViewState({ zoom: 1, currentPageIndex: ${index} })`);
      const sight = page.getByRole("group", { name: `Page ${index + 1}`, exact: true });
      const onPage = cells.filter((cell) => cell.page === index).length;
      await until(`everything of page ${index} is drawn`, async () => (await sight.locator(".page-drawing g[data-id]").count()) === onPage);
      await until("its image is there", async () =>
        sight.locator(".page-image img").evaluateAll((images) => images.some((image) => (image as HTMLImageElement).naturalWidth > 0)),
      );
      // Pictures, too.
      await page.evaluate(`Promise.all([...document.querySelectorAll("#viewer *")].map((element) => element.decode?.()))`);
      const box = (await sight.boundingBox())!;
      expect([Math.round(box.width), Math.round(box.height)]).toEqual([SHEET.width, SHEET.height]);
      shown.viewer.push(await sight.screenshot());
      shown.service.push(await imageOf("sheet", index));
    }
    await lookAtThumbnails(jwt);
    await upload("exported", await get("/viewer/documents/sheet/pdf"));
    for (let index = 0; index < pageCount; index++) shown.exported.push(await imageOf("exported", index));
    if (process.env["LECTERN_TEST_PICTURES"] !== undefined)
      for (const [who, pictures] of Object.entries(shown))
        for (const [index, bytes] of pictures.entries())
          writeFileSync(`${process.env["LECTERN_TEST_PICTURES"]}/${who}-${index}.png`, bytes);
  });
  afterAll(async () => {
    await browser.close();
    host.close();
    await product.close();
  });

  /** On a screen so fine that each is a picture as large as the others. */
  async function lookAtThumbnails(session: string): Promise<void> {
    const fine = await (await browser.newContext({ viewport: { width: 900, height: 900 }, deviceScaleFactor: 5 })).newPage();
    await fine.goto(`${host.url}#${session}`);
    await pageImage(fine, 1).waitFor();
    await fine.getByRole("button", { name: "Thumbnails and outline" }).click();
    for (let index = 0; index < pageCount; index++) {
      const number = fine.getByRole("button", { name: `Page ${index + 1}`, exact: true });
      await number.scrollIntoViewIfNeeded();
      const picture = fine.locator(".thumbnail", { has: number }).locator(".picture");
      await until(`the thumbnail of page ${index} has its marks`, async () => (await picture.locator(".over > svg").count()) === 1);
      await picture.locator(".sheet img").waitFor();
      await picture.evaluate((element) =>
        Promise.all([...element.querySelectorAll("img, image")].map((image) => (image as HTMLImageElement).decode?.())),
      );
      // The list is a layer of its own, which begins at whole points.
      const { x, y, width, height } = (await picture.boundingBox())!;
      shown.thumbnail.push(await fine.screenshot({ clip: { x: Math.round(x), y: Math.round(y), width, height } }));
    }
    await fine.context().close();
  }

  /** Of each cell, the most that any of these differs from the viewer. */
  async function worst(who: "exported" | "service" | "thumbnail"): Promise<readonly (readonly [name: string, difference: number])[]> {
    const found: (readonly [string, number])[] = [];
    for (let index = 0; index < pageCount; index++) {
      const here = cells.filter((cell) => cell.page === index);
      const pictures = [shown.viewer[index]!, shown[who][index]!] as const;
      const values = await differences(
        page,
        { pictures, ground },
        here.map(({ corner }) => corner),
      );
      for (const [i, { name }] of here.entries()) found.push([name, Math.round(values[i]! * 1000) / 1000]);
    }
    return found.toSorted((a, b) => b[1] - a[1]);
  }

  test("each kind in each style looks the same in the viewer and in the exported file", async () => {
    const all = await worst("exported");
    if (process.env["LECTERN_TEST_PICTURES"] !== undefined)
      console.log(
        all
          .slice(0, 30)
          .map(([name, value]) => `${value} ${name}`)
          .join("\n"),
      );
    expect(all.length).toBe(cells.length);
    expect(all.filter(isOff)).toEqual([]);
  });

  test("… and in the service's image of the page", async () => {
    expect((await worst("service")).filter(isOff)).toEqual([]);
    expect(errors).toEqual([]);
  });

  test("… and in the thumbnails", async () => {
    const all = await worst("thumbnail");
    expect(all.length).toBe(cells.length);
    // Thin lines lie between pixels otherwise in a picture that has a fifth of their size: up to 0.42.
    expect(all.filter(([, difference]) => difference > 0.5)).toEqual([]);
  });

  test("a cell whose annotation is missing is told", async () => {
    const here = cells.filter((cell) => cell.page === 0);
    const values = await differences(
      page,
      { pictures: [shown.exported[0]!, ground], ground },
      here.map(({ corner }) => corner),
    );
    expect(Math.min(...values)).toBeGreaterThan(0.99);
  });
});
