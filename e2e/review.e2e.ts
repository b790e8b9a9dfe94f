import { annotatedPdf, pagesPdf } from "@lectern/pdf/testing";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser, type HostPage, hostPage, launch, pageImage, watchErrors } from "./browser.ts";
import { type Product, startProduct, until } from "./product.ts";

describeInBrowser("reviewing together", () => {
  let product: Product;
  let browser: Browser;
  let host: HostPage;
  let documentId: string;
  let ana: Page;
  let ben: Page;
  let anaErrors: string[];

  beforeAll(async () => {
    product = await startProduct();
    browser = await launch();
    host = await hostPage(product.url);
    documentId = await upload(pagesPdf(5));
    ana = await open("ana", "Ana");
    anaErrors = watchErrors(ana);
    ben = await open("ben", "Ben");
  });
  afterAll(async () => {
    await browser.close();
    host.close();
    await product.close();
  });

  async function upload(bytes: Uint8Array): Promise<string> {
    const { data } = await product.client.documents.upload(
      { title: "Review", wait: 60 },
      { body: bytes as BodyInit, type: "application/pdf" },
    );
    return data.id;
  }
  async function open(
    user: string,
    name: string,
    permissions: ("read" | "write" | "download")[] = ["read", "write", "download"],
    context?: BrowserContext,
  ): Promise<Page> {
    const { jwt } = await product.client.sessions.create({
      allowed_documents: [{ document_id: documentId, document_permissions: permissions }],
      user_id: user,
      creator_name: name,
    });
    const page = await (context ?? (await browser.newContext({ viewport: { width: 1280, height: 1500 } }))).newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(`${host.url}#${jwt}`);
    await pageImage(page, 1).waitFor();
    await page.waitForFunction(() => "instance" in window);
    return page;
  }
  /** What the service has: durable, and in order. */
  async function stored() {
    return (await product.client.annotations.list({ documentId })).data.annotations;
  }
  async function storedOf(type: string) {
    return (await stored()).filter(({ content }) => content.type === type);
  }
  function drawn(page: Page, id: string): Locator {
    return page.locator(`g[data-id="${id}"]`).first();
  }
  async function tool(page: Page, name: string): Promise<void> {
    await page.getByRole("button", { name, exact: true }).first().click();
  }
  /** A point of the first page as shown, as a share of its size. */
  async function at(page: Page, x: number, y: number): Promise<{ x: number; y: number }> {
    const box = (await page.getByRole("group", { name: "Page 1", exact: true }).boundingBox())!;
    return { x: box.x + box.width * x, y: box.y + box.height * y };
  }
  async function drag(page: Page, from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    const a = await at(page, ...from);
    const b = await at(page, ...to);
    await page.mouse.move(a.x, a.y);
    await page.mouse.down();
    await page.mouse.move((a.x + b.x) / 2, (a.y + b.y) / 2, { steps: 4 });
    await page.mouse.move(b.x, b.y, { steps: 4 });
    await page.mouse.up();
  }

  test("everyone sees who is here", async () => {
    await ana.getByRole("list", { name: "People here" }).getByTitle("Ben").waitFor();
    await ben.getByRole("list", { name: "People here" }).getByTitle("Ana", { exact: true }).waitFor();
  });

  test("a rectangle is drawn, seen by the other, moved, resized, styled and deleted, and all of it undone", async () => {
    await tool(ana, "Rectangle");
    await drag(ana, [0.2, 0.3], [0.4, 0.4]);
    const rectangle = await until("it is stored", async () => (await storedOf("pspdfkit/shape/rectangle"))[0]);
    expect(rectangle).toMatchObject({ createdBy: "ana", content: { pageIndex: 0, creatorName: "Ana" } });
    await drawn(ben, rectangle.id).waitFor({ state: "attached" });
    const left = async () =>
      ((await product.client.annotations.get({ documentId, annotationId: rectangle.id })).content["bbox"] as number[])[0]!;
    const width = async () =>
      ((await product.client.annotations.get({ documentId, annotationId: rectangle.id })).content["bbox"] as number[])[2]!;

    await tool(ana, "Select");
    const before = { left: await left(), width: await width() };
    // Its border, between two handles.
    await drag(ana, [0.25, 0.3], [0.35, 0.35]);
    await until("it was moved", async () => (await left()) > before.left + 20);
    expect(await width()).toBeCloseTo(before.width, 0);

    const corner = ana
      .getByRole("button", { name: /resize/i })
      .or(ana.locator("[class*='handle']"))
      .last();
    await corner.waitFor();
    const grip = (await corner.boundingBox())!;
    await ana.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2);
    await ana.mouse.down();
    await ana.mouse.move(grip.x - 60, grip.y + 60, { steps: 6 });
    await ana.mouse.up();
    await until("it was resized", async () => Math.abs((await width()) - before.width) > 10);

    await ana.getByRole("button", { name: "Style" }).click();
    await ana
      .getByRole("button", { name: "Green" })
      .or(ana.getByRole("radio", { name: "Green" }))
      .first()
      .click();
    const color = async () => (await product.client.annotations.get({ documentId, annotationId: rectangle.id })).content["strokeColor"];
    await until("it was given another colour", async () => (await color()) !== rectangle.content["strokeColor"]);
    await ana.getByRole("button", { name: "Delete", exact: true }).click();
    await until("it was deleted", async () => (await storedOf("pspdfkit/shape/rectangle")).length === 0);
    await drawn(ben, rectangle.id).waitFor({ state: "detached" });
    await ana.keyboard.press("Control+z");
    await until("the deletion was undone", async () => (await storedOf("pspdfkit/shape/rectangle")).length === 1);
    await drawn(ben, rectangle.id).waitFor({ state: "attached" });
    for (let i = 0; i < 3; i++) await ana.keyboard.press("Control+z");
    await until(
      "colour, resize and move were undone",
      async () => Math.abs((await left()) - before.left) < 0.1 && Math.abs((await width()) - before.width) < 0.1,
    );
  });

  test("text is selected and highlighted", async () => {
    const line = ben
      .getByRole("group", { name: "Page 1", exact: true })
      .getByText(/\w{4,}/)
      .nth(1);
    const box = (await line.boundingBox())!;
    await ben.mouse.move(box.x + 2, box.y + box.height / 2);
    await ben.mouse.down();
    await ben.mouse.move(box.x + box.width - 2, box.y + box.height / 2, { steps: 8 });
    await ben.mouse.up();
    // One is the tool; the other comes with the selection.
    const buttons = ben.getByRole("button", { name: "Highlight", exact: true });
    await until("the selection has its bar", async () => (await buttons.count()) > 1);
    await buttons.last().click();
    const highlight = await until("it is stored", async () => (await storedOf("pspdfkit/markup/highlight"))[0]);
    expect(highlight.createdBy).toBe("ben");
    const [, , width] = (highlight.content["rects"] as number[][])[0]!;
    expect(width).toBeGreaterThan(20);
    await drawn(ana, highlight.id).waitFor({ state: "attached" });

    // A click selects it; then a drag moves it, and undo puts it back on its words.
    const top = async () =>
      ((await product.client.annotations.get({ documentId, annotationId: highlight.id })).content["rects"] as number[][])[0]![1]!;
    const before = await top();
    const [x, y] = [box.x + box.width / 3, box.y + box.height / 2];
    await ben.mouse.click(x, y);
    await ben.getByRole("button", { name: "Style" }).waitFor();
    await ben.mouse.move(x, y);
    await ben.mouse.down();
    await ben.mouse.move(x + 10, y + 60, { steps: 6 });
    await ben.mouse.up();
    await until("the highlight was moved", async () => (await top()) > before + 10);
    await ben.keyboard.press("Control+z");
    await until("it is back", async () => Math.abs((await top()) - before) < 0.1);
    await ben.keyboard.press("Escape");
  });

  test("ink, a note and free text are made", async () => {
    await tool(ana, "Draw");
    await drag(ana, [0.6, 0.6], [0.8, 0.7]);
    await drag(ana, [0.8, 0.6], [0.6, 0.7]);
    await tool(ana, "Select");
    const ink = await until("the drawing is stored", async () => (await storedOf("pspdfkit/ink"))[0]);
    expect((ink.content["lines"] as { points: unknown[] }).points).toHaveLength(2);
    await drawn(ben, ink.id).waitFor({ state: "attached" });

    await tool(ana, "Note");
    const place = await at(ana, 0.85, 0.2);
    await ana.mouse.click(place.x, place.y);
    await ana.getByRole("textbox", { name: "Text of the note" }).fill("Is this the right clause?");
    await ana.keyboard.press("Escape");
    const note = await until("the note is stored", async () =>
      (await storedOf("pspdfkit/note")).find(({ content }) => (content["text"] as { value: string }).value !== ""),
    );
    expect(note.content["text"]).toMatchObject({ value: "Is this the right clause?" });
    await drawn(ben, note.id).waitFor({ state: "attached" });

    await tool(ana, "Text");
    await drag(ana, [0.2, 0.75], [0.6, 0.82]);
    await ana.keyboard.type("Grüße, 東京 & <b>everyone</b>");
    await ana.keyboard.press("Control+Enter");
    const text = await until("the text is stored", async () => (await storedOf("pspdfkit/text"))[0]);
    expect(text.content["text"]).toMatchObject({ value: "Grüße, 東京 & <b>everyone</b>" });
    await drawn(ben, text.id).waitFor({ state: "attached" });
    await tool(ana, "Select");
  });

  test("a reload and a killed server lose nothing; what is done without the server is saved when it is back", async () => {
    const before = (await stored()).map(({ id }) => id).toSorted();
    expect(before.length).toBeGreaterThanOrEqual(5);
    await product.crash();
    await tool(ana, "Rectangle");
    await drag(ana, [0.1, 0.5], [0.15, 0.55]);
    await tool(ana, "Select");
    await ana
      .getByText(/offline/i)
      .first()
      .waitFor();
    await product.start();
    await until("the edit made meanwhile arrives", async () => (await storedOf("pspdfkit/shape/rectangle")).length === 2, 40);
    await ana.reload();
    await pageImage(ana, 1).waitFor();
    for (const id of before) await drawn(ana, id).waitFor({ state: "attached" });
    expect((await stored()).map(({ id }) => id).toSorted()).toEqual(expect.arrayContaining(before));
    // Whoever stayed is told as well.
    await expect.poll(() => ben.locator("g[data-id]").count(), { timeout: 30_000 }).toBeGreaterThanOrEqual(6);
  });

  test("the PDF that is downloaded has all of it", async () => {
    const exported = await product.client.documents.pdf({ documentId });
    const bytes = new Uint8Array(await exported.arrayBuffer());
    const { data } = await product.client.documents.upload(
      { title: "Exported", wait: 60 },
      { body: bytes as BodyInit, type: "application/pdf" },
    );
    const again = (await product.client.annotations.list({ documentId: data.id })).data.annotations;
    expect(again.map(({ content }) => content.type).toSorted()).toEqual((await stored()).map(({ content }) => content.type).toSorted());
    const [download] = await Promise.all([ana.waitForEvent("download"), ana.getByRole("button", { name: "Download" }).click()]);
    expect(download.suggestedFilename()).toMatch(/\.pdf$/);
  });

  test("whoever may only read has no tools, and neither the socket nor HTTP takes a change", async () => {
    const cem = await open("cem", "Cem", ["read"]);
    await cem.getByRole("status", { name: "You can read this document but not change it" }).first().waitFor();
    expect(await cem.getByRole("button", { name: "Rectangle", exact: true }).count()).toBe(0);
    const refused = await cem.evaluate(async () => {
      const { instance } = window as unknown as {
        instance: { create(data: object): Promise<unknown>; pageInfoForIndex(i: number): { id: string } };
      };
      return instance
        .create({
          type: "rectangle",
          page: instance.pageInfoForIndex(0).id,
          geometry: { bbox: [1, 1, 9, 9] },
          appearance: { strokeColor: "#ff0000", strokeWidth: 1 },
        })
        .then(
          () => "created",
          (error: { code: string }) => error.code,
        );
    });
    expect(refused).toBe("forbidden");
    const before = (await stored()).length;
    const { jwt } = await product.client.sessions.create({
      allowed_documents: [{ document_id: documentId, document_permissions: ["read"] }],
    });
    const post = await fetch(`${product.url}/viewer/documents/${documentId}/annotations`, {
      method: "POST",
      headers: { authorization: `Bearer ${jwt}`, "content-type": "application/json" },
      body: JSON.stringify({
        content: { v: 2, type: "pspdfkit/shape/rectangle", pageIndex: 0, bbox: [1, 1, 9, 9], strokeColor: "#ff0000" },
      }),
    });
    expect(post.status).toBe(403);
    expect((await stored()).length).toBe(before);
    await cem.close();
  });

  test("annotations that the file brought along are shown and can be changed", async () => {
    const other = await upload(annotatedPdf());
    const before = (await product.client.annotations.list({ documentId: other })).data.annotations;
    expect(new Set(before.map(({ content }) => content.type))).toContain("pspdfkit/markup/highlight");
    documentId = other;
    const page = await open("ana", "Ana");
    for (const { id, content } of before)
      if (content.type !== "pspdfkit/link" && content["pageIndex"] === 0) await drawn(page, id).waitFor({ state: "attached" });
    await page.close();
  });

  test("every kind is made with its tool, seen by the other, and there after a reload", async () => {
    documentId = await upload(pagesPdf(2));
    const [one, other] = [await open("ana", "Ana"), await open("ben", "Ben")];
    const choose = async (group: string, name: string): Promise<void> => {
      await one.getByRole("button", { name: group, exact: true }).first().click();
      await one.getByRole("menuitemradio", { name }).click();
    };
    const press = async (x: number, y: number): Promise<void> => {
      const point = await at(one, x, y);
      await one.mouse.click(point.x, point.y);
    };
    const kinds: [type: string, make: () => Promise<void>][] = [
      ["pspdfkit/shape/ellipse", async () => (await choose("More shapes", "Ellipse"), drag(one, [0.1, 0.3], [0.3, 0.35]))],
      ["pspdfkit/shape/line", async () => (await choose("More shapes", "Arrow"), drag(one, [0.4, 0.3], [0.6, 0.35]))],
      ["pspdfkit/shape/rectangle", async () => (await choose("More shapes", "Cloud"), drag(one, [0.7, 0.3], [0.9, 0.36]))],
      [
        "pspdfkit/shape/polygon",
        async () => {
          await choose("More shapes", "Polygon");
          for (const [x, y] of [
            [0.1, 0.45],
            [0.3, 0.45],
            [0.2, 0.55],
          ] as const)
            await press(x, y);
          await one.keyboard.press("Enter");
        },
      ],
      [
        "pspdfkit/shape/polyline",
        async () => {
          await choose("More shapes", "Polyline");
          for (const [x, y] of [
            [0.4, 0.45],
            [0.6, 0.45],
            [0.5, 0.55],
          ] as const)
            await press(x, y);
          await one.keyboard.press("Enter");
        },
      ],
      [
        "pspdfkit/ink",
        async () => {
          await choose("More drawing tools", "Marker");
          await drag(one, [0.7, 0.5], [0.9, 0.5]);
          await tool(one, "Select");
        },
      ],
      [
        "pspdfkit/stamp",
        async () => {
          await tool(one, "Stamp");
          await one.getByLabel("Kind of stamp").selectOption("Draft");
          await press(0.3, 0.7);
        },
      ],
      [
        "pspdfkit/image",
        async () => {
          const chooser = one.waitForEvent("filechooser");
          await choose("More to insert", "Image");
          const buffer = Buffer.from(
            await one.evaluate(async () => {
              const canvas = new OffscreenCanvas(80, 40);
              const context = canvas.getContext("2d")!;
              context.fillStyle = "#2080e0";
              context.fillRect(0, 0, 80, 40);
              return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
            }),
          );
          await (await chooser).setFiles({ name: "blue.png", mimeType: "image/png", buffer });
        },
      ],
      [
        "pspdfkit/markup/underline",
        async () => {
          await choose("More marks on text", "Underline");
          const line = (await one.locator(".page-text > span").first().boundingBox())!;
          await one.mouse.move(line.x + 2, line.y + line.height / 2);
          await one.mouse.down();
          await one.mouse.move(line.x + line.width - 2, line.y + line.height / 2, { steps: 5 });
          await one.mouse.up();
        },
      ],
    ];
    const ids: string[] = [];
    for (const [type, make] of kinds) {
      await make();
      const [made] = await until(`${type} is stored`, async () => {
        const found = await storedOf(type);
        return found.length > 0 ? found : undefined;
      });
      ids.push(made!.id);
      await drawn(other, made!.id).waitFor({ state: "attached" });
    }
    await other.reload();
    await pageImage(other, 1).waitFor();
    for (const id of ids) await drawn(other, id).waitFor({ state: "attached" });
    // The picture itself comes by the reader's own grant.
    const shown = await other.evaluate(async () => {
      const root = document.querySelector("#viewer")!.firstElementChild!.shadowRoot ?? document.querySelector("#viewer")!.shadowRoot!;
      const url = root.querySelector("image")!.getAttribute("href")!;
      const bitmap = await createImageBitmap(await (await fetch(url)).blob());
      return [new URL(url).protocol, bitmap.width, bitmap.height];
    });
    expect(shown).toEqual(["http:", 80, 40]);
    await Promise.all([one.close(), other.close()]);
  });

  test("nothing went wrong in the pages meanwhile", () => {
    // While the server was gone the browser logged failed connections.
    expect(anaErrors.filter((error) => !/ERR_CONNECTION|WebSocket|Failed to load/.test(error))).toEqual([]);
  });
});
