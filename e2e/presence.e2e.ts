import { pagesPdf } from "@lectern/pdf/testing";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser, type HostPage, hostPage, launch, pageImage, watchErrors } from "./browser.ts";
import { type Product, startProduct, until } from "./product.ts";

interface Instance {
  readonly connectedClients: readonly { readonly name: string }[];
  setViewState(next: (state: { currentPageIndex: number; zoom: unknown }) => unknown): void;
  readonly viewState: { readonly currentPageIndex: number; readonly zoom: unknown };
  readonly presenter: { readonly name: string } | null;
  setPresenting(presenting: boolean): void;
  addEventListener(event: string, listener: (event: { readonly presenter?: { readonly name: string } | null }) => void): void;
}

describeInBrowser("people on one document", () => {
  let product: Product;
  let browser: Browser;
  let host: HostPage;
  let documentId: string;
  let ana: Page;
  let ben: Page;
  let errors: string[];

  beforeAll(async () => {
    product = await startProduct();
    browser = await launch();
    host = await hostPage(product.url);
    const { data } = await product.client.documents.upload(
      { title: "Contract", wait: 60 },
      { body: pagesPdf(12) as BodyInit, type: "application/pdf" },
    );
    documentId = data.id;
    ana = await open("ana", "Ana Silva", { width: 1200, height: 900 });
    errors = watchErrors(ana);
    ben = await open("ben", "Ben Okri", { width: 900, height: 1000 });
  });
  afterAll(async () => {
    await browser.close();
    host.close();
    await product.close();
  });

  async function open(user: string, name: string, viewport: { width: number; height: number }): Promise<Page> {
    const { jwt } = await product.client.sessions.create({
      allowed_documents: [{ document_id: documentId, document_permissions: ["read", "write"] }],
      user_id: user,
      creator_name: name,
    });
    const page = await (await browser.newContext({ viewport })).newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(`${host.url}#${jwt}`);
    await pageImage(page, 1).waitFor();
    await page.waitForFunction(() => "instance" in window);
    return page;
  }
  const pageOf = (page: Page): Promise<number> =>
    page.evaluate(() => (window as unknown as { instance: Instance }).instance.viewState.currentPageIndex);
  const goTo = (page: Page, index: number): Promise<void> =>
    page.evaluate(
      (to) => (window as unknown as { instance: Instance }).instance.setViewState((state) => ({ ...state, currentPageIndex: to })),
      index,
    );
  /** The text in the middle of the window. */
  async function seen(page: Page, number: number): Promise<boolean> {
    const box = await page.getByRole("group", { name: `Page ${number}`, exact: true }).boundingBox();
    const size = page.viewportSize()!;
    return box !== null && box.y < size.height && box.y + box.height > 0;
  }

  test("a press on somebody's picture follows them to where they go, until one scrolls oneself", async () => {
    await ana.getByRole("button", { name: "Follow Ben Okri" }).click();
    await ana.getByText("You follow Ben Okri").waitFor();
    await goTo(ben, 7);
    await until("Ana is led there", async () => (await pageOf(ana)) === 7 && (await seen(ana, 8)));
    await ben.mouse.move(450, 600);
    await ben.mouse.wheel(0, 2500);
    await until("and further", async () => (await pageOf(ana)) >= 9 && (await pageOf(ana)) === (await pageOf(ben)));

    await ana.mouse.move(600, 500);
    await ana.mouse.wheel(0, -400);
    await ana.getByText("You follow Ben Okri").waitFor({ state: "detached" });
    expect(await ana.getByRole("button", { name: "Follow Ben Okri" }).getAttribute("aria-pressed")).toBe("false");
    const stays = await pageOf(ana);
    await goTo(ben, 0);
    await until("Ben's cursor is gone from here", async () => (await pageOf(ben)) === 0);
    expect(await pageOf(ana)).toBe(stays);
    expect(errors).toEqual([]);
  });

  test("who presents asks all to follow; who agrees is led until it ends, who does not is left alone", async () => {
    const cy = await open("cy", "Cy Young", { width: 800, height: 700 });
    await cy.evaluate(() => {
      const heard = ((window as unknown as { heard: unknown[] }).heard = [] as unknown[]);
      const { instance } = window as unknown as { instance: Instance };
      instance.addEventListener("presenter.change", ({ presenter }) => heard.push(presenter?.name ?? null));
    });
    await goTo(ana, 0);
    await goTo(ben, 0);
    await ben.getByRole("button", { name: "Present to everybody" }).click();
    await ben.getByText("You are presenting to everybody who follows").waitFor();
    await ana.getByText("Ben Okri is presenting").waitFor();
    await cy.getByText("Ben Okri is presenting").waitFor();
    await cy.getByRole("button", { name: "Not now" }).click();
    await cy.getByText("Ben Okri is presenting").waitFor({ state: "detached" });
    await ana.getByRole("button", { name: "Follow", exact: true }).click();
    await ana.getByText("You follow Ben Okri").waitFor();
    await goTo(ben, 6);
    await until("Ana is led", async () => (await pageOf(ana)) === 6);
    expect(await pageOf(cy)).toBe(0);

    // Scrolling oneself ends it, and it may be taken up again.
    await ana.mouse.move(600, 500);
    await ana.mouse.wheel(0, -300);
    await ana.getByRole("button", { name: "Follow", exact: true }).click();
    await ana.getByText("You follow Ben Okri").waitFor();

    await ben.getByRole("button", { name: "Stop presenting" }).first().click();
    await ana.getByText("You follow Ben Okri").waitFor({ state: "detached" });
    expect(await cy.evaluate(() => (window as unknown as { heard: unknown[] }).heard)).toEqual(["Ben Okri", null]);

    // By a program, and over because the presenter leaves.
    await cy.evaluate(() => (window as unknown as { instance: Instance }).instance.setPresenting(true));
    await ana.getByText("Cy Young is presenting").waitFor();
    expect(await ana.evaluate(() => (window as unknown as { instance: Instance }).instance.presenter?.name)).toBe("Cy Young");
    await cy.evaluate(() => (window as unknown as { instance: Instance }).instance.setPresenting(false));
    await ana.getByText("Cy Young is presenting").waitFor({ state: "detached" });
    await cy.close();
    await until("she has left", () =>
      ana.evaluate(() => (window as unknown as { instance: Instance }).instance.connectedClients.length === 2),
    );
    expect(errors).toEqual([]);
  });

  test("who comes and goes is told to programs, several windows of a person are one picture, and a followed person who leaves is let go", async () => {
    await ana.evaluate(() => {
      const heard = ((window as unknown as { heard: number[] }).heard = [] as number[]);
      const { instance } = window as unknown as { instance: Instance };
      instance.addEventListener("instant.connectedClients.change", () => heard.push(instance.connectedClients.length));
    });
    const second = await open("ben", "Ben Okri", { width: 600, height: 600 });
    await ana.getByTitle("Ben Okri, on 2 devices").waitFor();
    expect(await ana.getByRole("button", { name: "Follow Ben Okri" }).count()).toBe(1);
    await second.close();
    await ana.getByTitle("Ben Okri", { exact: true }).waitFor();
    expect(await ana.evaluate(() => (window as unknown as { heard: number[] }).heard)).toEqual([3, 2]);
    await ben.getByRole("button", { name: "Present to everybody" }).click();
    await ana.getByRole("button", { name: "Follow", exact: true }).click();
    await ben.close();
    await ana.getByText("You follow Ben Okri").waitFor({ state: "detached" });
    await until("nobody presents", () => ana.evaluate(() => (window as unknown as { instance: Instance }).instance.presenter === null));
  });
});
