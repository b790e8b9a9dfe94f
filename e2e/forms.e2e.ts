import { orderForm, pagesPdf } from "@lectern/pdf/testing";
import { openPdfiumNode } from "@lectern/pdf/node";
import { importRecords } from "@lectern/pdf";
import { createHash } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./accessibility.ts";
import { describeInBrowser, type HostPage, hostPage, launch, pageImage, watchErrors } from "./browser.ts";
import { type Product, startProduct, until } from "./product.ts";

type Values = Readonly<Record<string, string | string[] | null>>;
interface FormsWindow {
  readonly instance: {
    getFormFieldValues(): Promise<Values>;
    setFormFieldValues(values: Values): Promise<void>;
    addEventListener(type: string, listener: (event: unknown) => void): void;
  };
  heard: unknown[];
}

describeInBrowser("filling a form together", () => {
  let product: Product;
  let browser: Browser;
  let host: HostPage;
  let documentId: string;

  beforeAll(async () => {
    product = await startProduct();
    browser = await launch();
    host = await hostPage(product.url);
    documentId = (
      await product.client.documents.upload({ title: "Order", wait: 60 }, { body: orderForm() as BodyInit, type: "application/pdf" })
    ).data.id;
  });
  afterAll(async () => {
    await browser.close();
    host.close();
    await product.close();
  });

  async function open(user: string, options: { readonly claims?: string[]; readonly width?: number } = {}): Promise<Page> {
    const { jwt } = await product.client.sessions.create({
      allowed_documents: [
        {
          document_id: documentId,
          document_permissions: ["read", "write", "download"],
          ...(options.claims === undefined ? {} : { collaboration_permissions: options.claims }),
        },
      ],
      user_id: user,
      creator_name: user,
    });
    const page = await (await browser.newContext({ viewport: { width: options.width ?? 1280, height: 1200 } })).newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(`${host.url}#${jwt}`);
    await pageImage(page, 1).waitFor();
    await page.waitForFunction(() => "instance" in window);
    return page;
  }
  const valuesIn = (page: Page): Promise<Values> => page.evaluate(() => (window as unknown as FormsWindow).instance.getFormFieldValues());

  test("two people fill fields of every type, and each sees what the other fills and what is calculated from both", async () => {
    const ana = await open("ana");
    const errors = watchErrors(ana);
    const ben = await open("ben");
    await ben.evaluate(() => {
      const page = window as unknown as FormsWindow;
      page.heard = [];
      page.instance.addEventListener("formFieldValues.update", (event) => page.heard.push(event));
    });

    await ana.getByRole("textbox", { name: "How many" }).fill("4");
    await ben.getByRole("textbox", { name: "order.price" }).fill("2.25");
    await until(
      "both see the total",
      async () => (await valuesIn(ana))["order.total"] === "9" && (await valuesIn(ben))["order.total"] === "9",
    );
    await ben.getByRole("textbox", { name: "order.price" }).blur();
    await until(
      "it is shown as the form formats it",
      async () => (await ana.getByRole("textbox", { name: "order.total" }).inputValue()) === "$9.00",
    );
    expect(await ben.evaluate(() => (window as unknown as FormsWindow).heard)).toContainEqual(
      expect.objectContaining({
        origin: "remote",
        by: "ana",
        formFieldValues: expect.arrayContaining([{ name: "order.quantity", value: "4" }]) as unknown,
      }),
    );

    await ana.getByRole("checkbox", { name: "agree" }).check();
    await ana.getByRole("radio", { name: "Colour: red" }).check();
    await ana.getByRole("listbox", { name: "extras" }).selectOption(["Express"]);
    await ana.getByRole("combobox", { name: "country" }).fill("Austria");
    await ana.getByRole("textbox", { name: "notes" }).fill("First line\nsecond");
    await ana.getByRole("textbox", { name: "notes" }).blur();
    await until("the other sees all of it", async () => {
      const values = await valuesIn(ben);
      return (
        JSON.stringify([values["agree"], values["colour"], values["extras"], values["country"], values["notes"]]) ===
        JSON.stringify([["Yes"], "red", ["Express"], ["Austria"], "First line\nsecond"])
      );
    });
    expect(await ben.getByRole("radio", { name: "Colour: red" }).isChecked()).toBe(true);
    expect(await ben.getByRole("radio", { name: "Colour: blue" }).isChecked()).toBe(false);
    // The small pages show what is filled in, too; and nothing here keeps anybody from filling it in.
    await ben.getByRole("button", { name: "Thumbnails and outline" }).click();
    const small = ben.getByRole("list", { name: "Pages" }).locator(".page-marks");
    await small.getByText("Austria").first().waitFor({ state: "attached" });
    await ana.getByRole("combobox", { name: "country" }).fill("Norway");
    await ana.getByRole("combobox", { name: "country" }).blur();
    await small.getByText("Norway").first().waitFor({ state: "attached" });
    expect(await violations(ben)).toEqual([]);
    expect(errors).toEqual([]);
    await ana.context().close();
    await ben.context().close();
  });

  test("a value that the form refuses is said, and is not written; the keyboard goes from field to field", async () => {
    const page = await open("ana");
    const quantity = page.getByRole("textbox", { name: "How many" });
    await quantity.fill("1000");
    await page.keyboard.press("Tab");
    await page.locator(".field-message", { hasText: "How many must be from 1 to 100" }).waitFor();
    expect(await quantity.getAttribute("aria-invalid")).toBe("true");
    expect(await page.evaluate(() => document.querySelector("#viewer > *")?.shadowRoot?.activeElement?.ariaLabel)).toBe("order.price");
    expect((await valuesIn(page))["order.quantity"]).not.toBe("1000");
    await quantity.fill("5");
    await quantity.blur();
    await page.locator(".field-message", { hasText: "How many must be" }).waitFor({ state: "hidden" });
    await until("it is written", async () => (await valuesIn(page))["order.quantity"] === "5");
    await page.context().close();
  });

  test("somebody else's fill neither takes the focus nor what one is writing", async () => {
    const ana = await open("ana");
    const ben = await open("ben");
    const code = ana.getByRole("textbox", { name: "code" });
    await code.focus();
    await ana.keyboard.press("End");
    await ben.evaluate(() => (window as unknown as FormsWindow).instance.setFormFieldValues({ lonely: "from ben", "order.quantity": "3" }));
    await until("it has arrived", async () => (await valuesIn(ana))["lonely"] === "from ben");
    await ana.keyboard.type("Z");
    expect(await code.inputValue()).toBe("AB12Z");
    await until("it is shared", async () => (await valuesIn(ben))["code"] === "AB12Z");
    await ana.context().close();
    await ben.context().close();
  });

  test("without the right to fill nothing can be written, and the service refuses it too", async () => {
    const page = await open("eve", { claims: ["form-fields:view:all"] });
    const quantity = page.getByRole("textbox", { name: "How many" });
    await quantity.waitFor();
    expect(await quantity.isEditable()).toBe(false);
    expect(await page.getByRole("checkbox", { name: "agree" }).isDisabled()).toBe(true);
    const refused = await page.evaluate(() =>
      (window as unknown as FormsWindow).instance.setFormFieldValues({ "order.quantity": "9" }).then(
        () => "written",
        (error: { code: string }) => error.code,
      ),
    );
    expect(refused).toBe("forbidden");
    await page.context().close();
  });

  test("on a phone a field can be filled, and nothing is wider than the screen", async () => {
    const page = await open("ana", { width: 390 });
    await page.getByRole("textbox", { name: "lonely" }).fill("by phone");
    await page.getByRole("textbox", { name: "lonely" }).blur();
    await until("it is written", async () => (await valuesIn(page))["lonely"] === "by phone");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.context().close();
  });

  test("a document without fields does not load what fills them", async () => {
    const plain = (
      await product.client.documents.upload({ title: "Plain", wait: 60 }, { body: pagesPdf(1) as BodyInit, type: "application/pdf" })
    ).data.id;
    const before = documentId;
    documentId = plain;
    const loaded: string[] = [];
    const { jwt } = await product.client.sessions.create({
      allowed_documents: [{ document_id: plain, document_permissions: ["read", "write"] }],
      user_id: "ana",
    });
    const page = await (await browser.newContext()).newPage();
    page.on("request", (request) => loaded.push(request.url()));
    await page.goto(`${host.url}#${jwt}`);
    await pageImage(page, 1).waitFor();
    await page.getByRole("button", { name: "Rectangle" }).first().waitFor();
    expect(loaded.filter((url) => /\/forms-/.test(url))).toEqual([]);
    documentId = before;
    await page.context().close();
  });

  test("the exported file holds the values", async () => {
    const response = await fetch(`${product.url}/api/documents/${documentId}/pdf`, {
      headers: { authorization: `Token token="lct_test_0123456789abcdefghijklmnopqrstuvwxyz"` },
    });
    const file = new Uint8Array(await response.arrayBuffer());
    const engine = await openPdfiumNode();
    const document = engine.open(file);
    const { records } = importRecords(document, {
      revision: 1,
      sourceSha256: "00",
      sha256: (bytes) => createHash("sha256").update(bytes).digest(),
    });
    const all = [...records].flatMap((part) => part.records);
    const value = (name: string) => {
      const field = all.find((record) => record.kind === "field" && record.data.name === name);
      const found = all.find((record) => record.id === `${field?.id}:v`);
      return found?.kind === "value" ? found.data.value : undefined;
    };
    expect(["order.quantity", "order.price", "order.total", "lonely", "colour", "agree"].map(value)).toEqual([
      "3",
      "2.25",
      "6.75",
      "by phone",
      "red",
      ["Yes"],
    ]);
    document.close();
    engine.close();
  });
});
