import { pagesPdf } from "@lectern/pdf/testing";
import type { Browser, Page, Request } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser, type HostPage, hostPage, launch, pageImage, watchErrors } from "./browser.ts";
import { type Product, startProduct, until } from "./product.ts";

const PAGES = 1000;
/** JS and CSS before the first page, as sent. */
const BUDGET = 60_000;

describeInBrowser("reading a long document", () => {
  let product: Product;
  let browser: Browser;
  let host: HostPage;
  let page: Page;
  let token: string;
  let errors: string[];
  const requests: Request[] = [];

  beforeAll(async () => {
    product = await startProduct();
    browser = await launch();
    host = await hostPage(product.url);
    const { data } = await product.client.documents.upload(
      { title: "Long", wait: 60 },
      { body: pagesPdf(PAGES) as BodyInit, type: "application/pdf" },
    );
    token = (await product.client.sessions.create({ allowed_documents: [{ document_id: data.id }], user_id: "ana", creator_name: "Ana" }))
      .jwt;
    page = await (
      await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ["clipboard-read", "clipboard-write"] })
    ).newPage();
    page.setDefaultTimeout(15_000);
    errors = watchErrors(page);
  });
  afterAll(async () => {
    await browser.close();
    host.close();
    await product.close();
  });

  test("the first page comes from one image, before anything heavy, within the budget of bytes", async () => {
    page.on("request", (request) => requests.push(request));
    await page.goto(`${host.url}#${token}`);
    await pageImage(page, 1).waitFor();
    const image = requests.findIndex((request) => request.url().includes("/viewer/i/"));
    const before = requests.slice(0, image).filter((request) => !request.url().startsWith(host.url));
    // The script, its chunk, and `open`; nothing asks for leave first.
    expect(before.map((request) => new URL(request.url()).pathname.replace(/-[\w-]{8}\./, "-#."))).toEqual([
      "/sdk/lectern.js",
      "/sdk/chunks/lectern-#.js",
      "/viewer/open",
    ]);
    expect(requests.filter((request) => request.method() === "OPTIONS")).toEqual([]);
    const sizes = await Promise.all(before.filter((request) => request.url().includes("/sdk/")).map((request) => request.sizes()));
    const bytes = sizes.reduce((sum, size) => sum + size.responseBodySize, 0);
    expect(bytes).toBeGreaterThan(5_000);
    expect(bytes).toBeLessThan(BUDGET);
    const open = before.find((request) => request.url().endsWith("/viewer/open"))!;
    expect((await open.sizes()).responseBodySize).toBeLessThan(16_384);
    const first = await requests[image]!.sizes();
    expect(first.responseBodySize).toBeLessThan(50_000);
  });

  test("no WebAssembly and none of the file's bytes come to the browser", async () => {
    await page.getByRole("button", { name: "Search" }).waitFor();
    expect(requests.filter((request) => /\.wasm|\.pdf|\/pdf(\?|$)/.test(request.url()))).toEqual([]);
  });

  /** Pages in view without a picture of any sharpness. */
  async function blanks(): Promise<number> {
    const groups = await page.getByRole("group", { name: /^Page \d+$/ }).all();
    let blank = 0;
    for (const group of groups) {
      const box = await group.boundingBox();
      if (box === null || box.y > 800 || box.y + box.height < 52) continue;
      const shown = await group
        .locator("img")
        .evaluateAll((images) => images.some((image) => (image as HTMLImageElement).naturalWidth > 0));
      if (!shown) blank++;
    }
    return blank;
  }

  test("scrolling and jumping anywhere shows pages, never a blank screen for long", async () => {
    await page.mouse.move(640, 400);
    for (let i = 0; i < 10; i++) await page.mouse.wheel(0, 2500);
    await until("the pages in view are shown", async () => (await blanks()) === 0);
    for (const number of [1000, 500, 737, 1]) {
      await page
        .getByRole("textbox", { name: "Page" })
        .or(page.getByRole("spinbutton", { name: "Page" }))
        .first()
        .fill(String(number));
      await page.keyboard.press("Enter");
      await pageImage(page, number).waitFor();
      await until("the pages in view are shown", async () => (await blanks()) === 0);
    }
  });

  test("zooming keeps the place and sharpens the picture", async () => {
    const width = async () => (await page.getByRole("group", { name: "Page 1", exact: true }).boundingBox())!.width;
    const before = await width();
    await page.getByRole("button", { name: "Zoom in" }).click();
    await page.getByRole("button", { name: "Zoom in" }).click();
    await until("it is larger", async () => (await width()) > before * 1.2);
    await page.keyboard.press("Control+0");
    await page.getByRole("button", { name: "Zoom out" }).click();
    await until("it is smaller", async () => (await width()) < before * 1.3);
  });

  test("a page as large as can be is sharp where one looks, by tiles of what is in sight", async () => {
    const tiles = page.getByRole("group", { name: "Page 1", exact: true }).locator(".page-image > div > img");
    for (let n = 0; n < 12; n++) await page.keyboard.press("Control+=");
    await until("tiles are shown", async () => (await tiles.count()) > 3);
    await until("they cover the middle of the window", () =>
      tiles.evaluateAll((all) =>
        all.some((tile) => {
          const box = tile.getBoundingClientRect();
          return box.left <= innerWidth / 2 && box.right >= innerWidth / 2 && box.top <= innerHeight / 2 && box.bottom >= innerHeight / 2;
        }),
      ),
    );
    expect(await tiles.count()).toBeLessThan(120);
    await page.keyboard.press("Control+0");
    await until("the tiles are gone", async () => (await tiles.count()) === 0);
  });

  test("text can be selected and copied", async () => {
    const line = page
      .getByRole("group", { name: "Page 1", exact: true })
      .getByText(/\w{4,}/)
      .first();
    await line.waitFor({ state: "attached" });
    const wanted = (await line.textContent())!.trim();
    const box = (await line.boundingBox())!;
    await page.mouse.move(box.x + 1, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 1, box.y + box.height / 2, { steps: 6 });
    await page.mouse.up();
    await page.keyboard.press("Control+c");
    const copied = (await page.evaluate(() => navigator.clipboard.readText())).trim();
    expect(copied.length).toBeGreaterThan(3);
    expect(wanted).toContain(copied.slice(1, -1));
    await page.keyboard.press("Escape");
  });

  test("a search finds, lists and shows", async () => {
    await page.keyboard.press("Control+f");
    const box = page
      .getByRole("searchbox")
      .or(page.getByRole("textbox", { name: "Search in the document" }))
      .first();
    await expect.poll(() => box.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element)).toBe(true);
    await box.fill("page 737");
    await page
      .getByText(/1 of \d+|\d+ results/)
      .first()
      .waitFor();
    await page.keyboard.press("Enter");
    await pageImage(page, 737).waitFor();
    await page.keyboard.press("Escape");
  });

  test("thumbnails lead to their pages", async () => {
    await page.getByRole("button", { name: "Thumbnails and outline" }).click();
    await page.getByRole("button", { name: "Page 738", exact: true }).click();
    await pageImage(page, 738).waitFor();
    await page.getByRole("button", { name: "Thumbnails and outline" }).click();
  });

  test("it speaks the language that is asked for, from the start and later, and refuses one that it has not", async () => {
    const other = await (await browser.newContext()).newPage();
    await other.goto(host.url);
    await other.evaluate(
      (session) => (window as unknown as { start(options: object): Promise<unknown> }).start({ session, locale: "de" }),
      token,
    );
    await other.getByRole("group", { name: "Seite 1", exact: true }).waitFor();
    await other.waitForFunction(() => "instance" in window);
    await other.getByRole("button", { name: "Miniaturen und Gliederung" }).click();
    await other.getByRole("tab", { name: "Verlauf" }).waitFor();
    const set = (locale: string): Promise<string> =>
      other.evaluate(async (wanted) => {
        const { instance } = window as unknown as { instance: { setLocale(name: string): Promise<void> } };
        try {
          await instance.setLocale(wanted);
          return "done";
        } catch (error) {
          return (error as { code: string }).code;
        }
      }, locale);
    expect(await set("fr")).toBe("done");
    await other.getByRole("button", { name: "Vignettes et plan" }).waitFor();
    await other.getByRole("tab", { name: "Historique" }).waitFor();
    expect(await set("xx")).toBe("invalid_parameters");
    await other.context().close();
  });

  test("no error was logged", () => {
    expect(errors).toEqual([]);
  });
});
