import { pagesPdf } from "@lectern/pdf/testing";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { describeInBrowser, watchErrors } from "./browser.ts";
import { until } from "./product.ts";
import { useStage } from "./stage.ts";

type Point = [x: number, y: number];

interface Instance {
  readonly connectedClients: readonly { readonly name: string }[];
  setViewState(next: (state: { currentPageIndex: number; zoom: unknown }) => unknown): void;
  readonly viewState: { readonly currentPageIndex: number; readonly zoom: unknown };
  readonly presenter: { readonly name: string } | null;
  setPresenting(presenting: boolean): void;
  addEventListener(event: string, listener: (event: { readonly presenter?: { readonly name: string } | null }) => void): void;
}

describeInBrowser("people on one document", () => {
  const stage = useStage();
  let documentId: string;
  let ana: Page;
  let ben: Page;
  let errors: string[];

  beforeAll(async () => {
    documentId = await stage.upload(pagesPdf(12));
    ana = await open("ana", "Ana Silva", { width: 1200, height: 900 });
    errors = watchErrors(ana);
    ben = await open("ben", "Ben Okri", { width: 900, height: 1000 });
  });

  const open = (
    user: string,
    name: string,
    viewport: { width: number; height: number },
    collaboration?: readonly string[],
  ): Promise<Page> =>
    stage.open(documentId, { user, name, permissions: ["read", "write"], browser: { viewport }, ...(collaboration && { collaboration }) });
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

  /** A point of the first page, as a share of its size, on somebody's screen. */
  async function at(page: Page, [x, y]: Point): Promise<Point> {
    const box = (await page.getByRole("group", { name: "Page 1", exact: true }).boundingBox())!;
    return [box.x + box.width * x, box.y + box.height * y];
  }
  const cursorOf = (page: Page, label: string) => page.locator(".lp-cursor").filter({ hasText: label });
  /** Where somebody is shown on the first page, as a share of its size; null: nowhere. */
  async function shownAt(page: Page, label: string): Promise<Point | null> {
    const cursor = await cursorOf(page, label)
      .boundingBox({ timeout: 1000 })
      .catch(() => null);
    const box = await page.getByRole("group", { name: "Page 1", exact: true }).boundingBox();
    return cursor === null || box === null ? null : [(cursor.x - box.x) / box.width, (cursor.y - box.y) / box.height];
  }
  const near = (a: Point | null, b: Point): boolean => a !== null && Math.hypot(a[0] - b[0], a[1] - b[1]) < 0.02;
  const stored = async () => (await stage.product.client.annotations.list({ documentId })).data.annotations;
  const tool = (page: Page, name: string): Promise<void> => page.getByRole("button", { name, exact: true }).first().click();
  async function press(page: Page, from: Point, to: Point): Promise<void> {
    await page.mouse.move(...(await at(page, from)));
    await page.mouse.down();
    await page.mouse.move(...(await at(page, to)), { steps: 8 });
  }
  /** Middle of what is drawn, as a share of the first page. */
  async function middleOf(page: Page, id: string): Promise<Point | null> {
    const drawn = await page
      .locator(`g[data-id="${id}"]`)
      .first()
      .boundingBox({ timeout: 1000 })
      .catch(() => null);
    const box = await page.getByRole("group", { name: "Page 1", exact: true }).boundingBox();
    if (drawn === null || box === null) return null;
    return [(drawn.x + drawn.width / 2 - box.x) / box.width, (drawn.y + drawn.height / 2 - box.y) / box.height];
  }
  /** Id of the annotation that is shown but not stored. */
  async function previewed(page: Page): Promise<string> {
    const known = new Set((await stored()).map(({ id }) => id));
    const shown = await page.locator("g[data-id]").evaluateAll((all) => all.map((one) => one.getAttribute("data-id")!));
    return shown.find((id) => !known.has(id)) ?? "nothing";
  }
  const color = (page: Page, selector: string): Promise<string> =>
    page
      .locator(selector)
      .first()
      .evaluate((element) => getComputedStyle(element).getPropertyValue("--person"));

  test("a cursor stands where it is on the other's page, with the name, in the person's colour, with the tool, and goes", async () => {
    await ben.mouse.move(...(await at(ben, [0.3, 0.25])));
    await cursorOf(ana, "Ben Okri").waitFor();
    await until("it is where Ben's is", async () => near(await shownAt(ana, "Ben Okri"), [0.3, 0.25]));
    await ben.mouse.move(...(await at(ben, [0.6, 0.4])));
    await until("it goes with it", async () => near(await shownAt(ana, "Ben Okri"), [0.6, 0.4]));
    expect(await color(ana, ".lp-cursor")).toMatch(/^#[0-9a-f]{6}$/);
    expect(await color(ana, ".lp-cursor")).toBe(await color(ana, ".people button.person"));
    // Nobody sees their own.
    expect(await cursorOf(ben, "Ben Okri").count()).toBe(0);
    await tool(ben, "Rectangle");
    await ben.mouse.move(...(await at(ben, [0.5, 0.5])));
    await cursorOf(ana, "Ben Okri · Rectangle").waitFor();
    await tool(ben, "Select");
    await cursorOf(ana, "Ben Okri").waitFor({ state: "detached" });
    expect(errors).toEqual([]);
  });

  test("what somebody drags or draws moves on the other's page before it is stored, and what they have chosen is framed", async () => {
    await tool(ben, "Rectangle");
    await press(ben, [0.2, 0.2], [0.4, 0.3]);
    await until("it grows on Ana's page", async () => near(await middleOf(ana, await previewed(ana)), [0.3, 0.25]));
    expect(await stored()).toEqual([]);
    await ben.mouse.up();
    const { id } = await until("it is stored", async () => (await stored())[0]);
    await until("it is there", async () => near(await middleOf(ana, id), [0.3, 0.25]));
    await ana.locator(".lp-chosen").waitFor();
    expect(await color(ana, ".lp-chosen")).toBe(await color(ana, ".people button.person"));

    const before = JSON.stringify(await stored());
    await press(ben, [0.3, 0.25], [0.6, 0.6]);
    await until("it is dragged on Ana's page", async () => near(await middleOf(ana, id), [0.6, 0.6]));
    expect(JSON.stringify(await stored())).toBe(before);
    await ben.mouse.up();
    await until("it is stored where it was left", async () => JSON.stringify(await stored()) !== before);
    await until("it stays there", async () => near(await middleOf(ana, id), [0.6, 0.6]));
    await ben.keyboard.press("Escape");
    await ana.locator(".lp-chosen").waitFor({ state: "detached" });

    await tool(ben, "Draw");
    await press(ben, [0.2, 0.7], [0.4, 0.8]);
    await until("the stroke is on Ana's page", async () => near(await middleOf(ana, await previewed(ana)), [0.3, 0.75]));
    expect(await stored()).toHaveLength(1);
    await ben.mouse.up();
    await until("it is stored when the pen rests", async () => (await stored()).length === 2);
    await until("nothing is drawn twice", async () => (await ana.locator("g[data-id]").count()) === 2);
    await tool(ben, "Select");
    expect(errors).toEqual([]);
  });

  test("who may not see a record sees neither that it is chosen, nor dragged, nor drawn, but who is there", async () => {
    const cem = await open("cem", "Cem Kaya", { width: 900, height: 1000 }, ["annotations:view:self", "comments:view:self"]);
    await cem.getByRole("button", { name: "Follow Ben Okri" }).waitFor();
    expect(await cem.locator("g[data-id]").count()).toBe(0);
    const [rectangle] = (await stored()).filter(({ content }) => content.type === "pspdfkit/shape/rectangle");
    await ben.mouse.click(...(await at(ben, [0.5, 0.6])));
    await ana.locator(".lp-chosen").waitFor();
    await press(ben, [0.6, 0.6], [0.5, 0.5]);
    await until("Ana sees it dragged", async () => near(await middleOf(ana, rectangle!.id), [0.5, 0.5]));
    // What Ben told after it has come to Cem, too.
    await until("Cem sees where Ben is", async () => near(await shownAt(cem, "Ben Okri"), [0.5, 0.5]));
    expect([await cem.locator("g[data-id]").count(), await cem.locator(".lp-chosen").count()]).toEqual([0, 0]);
    await ben.mouse.up();
    await ben.keyboard.press("Escape");
    await tool(ben, "Draw");
    await press(ben, [0.2, 0.3], [0.4, 0.4]);
    await until("Ana sees it drawn", async () => near(await middleOf(ana, await previewed(ana)), [0.3, 0.35]));
    await until("Cem sees where Ben is", async () => near(await shownAt(cem, "Ben Okri"), [0.4, 0.4]));
    expect(await cem.locator("g[data-id]").count()).toBe(0);
    await ben.mouse.up();
    await tool(ben, "Select");
    await cem.close();
  });

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
