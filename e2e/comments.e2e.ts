import { pagesPdf } from "@lectern/pdf/testing";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { violations } from "./accessibility.ts";
import { describeInBrowser, watchErrors } from "./browser.ts";
import { until } from "./product.ts";
import { useStage } from "./stage.ts";

describeInBrowser("discussing", () => {
  const stage = useStage();
  let documentId: string;
  let ana: Page;
  let ben: Page;
  let errors: string[];

  beforeAll(async () => {
    documentId = await stage.upload(pagesPdf(3), "Contract");
    ana = await open("ana", "Ana Silva");
    errors = watchErrors(ana);
    ben = await open("ben", "Ben Okri");
  });

  interface Options {
    readonly collaboration?: string[];
    readonly size?: { readonly width: number; readonly height: number };
    readonly theme?: "light" | "dark";
  }
  const open = (
    user: string,
    name: string,
    { collaboration, size = { width: 1280, height: 900 }, theme = "light" }: Options = {},
  ): Promise<Page> =>
    stage.open(documentId, { user, name, browser: { viewport: size, colorScheme: theme }, ...(collaboration && { collaboration }) });
  const threads = async () => (await stage.product.client.comments.listAll({ documentId })).data.threads;
  const card = (page: Page) => page.getByRole("dialog", { name: "Comments" });

  test("a comment is placed on the page and answered live by the other, who names the first", async () => {
    await ana.evaluate(() => {
      const heard: unknown[] = ((window as unknown as { heard: unknown[] }).heard = []);
      const { instance } = window as unknown as { instance: { addEventListener(type: string, listener: (event: unknown) => void): void } };
      instance.addEventListener("comments.mention", (event) => heard.push(event));
    });
    await ana.getByRole("button", { name: "Comment", exact: true }).first().click();
    const box = (await ana.getByRole("group", { name: "Page 1", exact: true }).boundingBox())!;
    await ana.mouse.click(box.x + box.width * 0.4, box.y + 200);
    await ana.getByRole("textbox", { name: "Write a comment" }).fill("Is this the final number?");
    await ana.keyboard.press("Control+Enter");
    const thread = await until("it is stored", async () => (await threads())[0]);
    expect(thread).toMatchObject({
      pageIndex: 0,
      isResolved: false,
      comments: [{ createdBy: "ana", content: { creatorName: "Ana Silva" } }],
    });

    // The pin stands for the marker; nothing is drawn beneath it.
    await ana.getByRole("button", { name: "Comment by Ana Silva" }).waitFor();
    expect(await ana.locator("g[data-id]").count()).toBe(0);

    await ben.getByRole("button", { name: "Unread comment by Ana Silva" }).click();
    await card(ben).getByText("Is this the final number?").waitFor();
    const reply = card(ben).getByRole("textbox", { name: "Reply" });
    await reply.click();
    await ben.keyboard.type("Nearly, @an");
    await ben.getByRole("option", { name: /Ana Silva/ }).waitFor();
    await ben.keyboard.press("Enter");
    await ben.keyboard.type("look at page 2");
    await card(ben).getByRole("button", { name: "Send" }).click();
    await card(ana).getByText("look at page 2").waitFor();
    const said = await until("the reply is stored", async () => (await threads())[0]!.comments[1]);
    expect(said).toMatchObject({ createdBy: "ben", content: { mentions: ["ana"] } });
    const heard = await until("the mention was told", async () => {
      const all = await ana.evaluate(() => (window as unknown as { heard: { users: string[]; origin: string; by: string }[] }).heard);
      return all.length > 0 && all;
    });
    expect(heard).toMatchObject([{ users: ["ana"], origin: "remote", by: "ben" }]);
  });

  test("a reaction and an edit arrive; a deletion is undone whole", async () => {
    const mine = card(ana).getByRole("listitem").filter({ hasText: "look at page 2" });
    await mine.hover();
    await mine.getByRole("button", { name: "React" }).click();
    await mine.getByRole("button", { name: "React with 👍" }).click();
    await card(ben).getByRole("button", { name: "👍 1 by Ana Silva" }).waitFor();

    const own = card(ben).getByRole("listitem").filter({ hasText: "look at page 2" });
    await own.hover();
    await own.getByRole("button", { name: "Edit comment" }).click();
    await card(ben).getByRole("textbox", { name: "Edit comment" }).fill("Nearly, @Ana Silva look at page 3");
    await ben.keyboard.press("Control+Enter");
    await card(ana).getByText("look at page 3").waitFor();
    const edited = (await threads())[0]!.comments[1]!;
    expect(edited.content).toMatchObject({ mentions: ["ana"], reactions: [{ emoji: "👍", users: ["ana"] }] });

    const again = card(ben).getByRole("listitem").filter({ hasText: "look at page 3" });
    await again.hover();
    await again.getByRole("button", { name: "Delete comment" }).click();
    await until("it is gone", async () => (await threads())[0]!.comments.length === 1);
    await ben.getByRole("button", { name: /^Undo/ }).click();
    await until("it is back", async () => (await threads())[0]!.comments[1]?.content["reactions"] instanceof Array);
    await card(ana).getByText("look at page 3").waitFor();
  });

  test("a thread is resolved for both, filtered away, and reopened", async () => {
    await card(ana).getByRole("button", { name: "Resolve" }).click();
    await card(ben).getByText("Ana Silva resolved this").waitFor();
    expect((await threads())[0]!.isResolved).toBe(true);
    await ana.keyboard.press("Escape");
    await card(ana).waitFor({ state: "detached" });
    await ana.getByRole("button", { name: "Comments", exact: true }).click();
    const list = ana.getByRole("region", { name: "Comments" });
    await list.getByText("No comments like that.").waitFor();
    await list.getByRole("button", { name: "Resolved" }).click();
    await list.getByText("Is this the final number?").waitFor();
    await list.getByRole("button", { name: "Reopen" }).click();
    await until("it is open", async () => !(await threads())[0]!.isResolved);
    await list.getByRole("button", { name: "Open" }).click();
    await list.getByText("Is this the final number?").waitFor();
    await list.getByRole("textbox", { name: "Comment on the document" }).fill("Who signs?");
    await ana.keyboard.press("Control+Enter");
    await until("it is about the document", async () => (await threads()).some(({ pageIndex }) => pageIndex === null));
  });

  test("a mark-up is discussed: from the bar beside it, by the other on its pin, and it goes with its thread", async () => {
    const markup = "discussed";
    await stage.product.client.annotations.create({
      documentId,
      id: markup,
      content: { type: "pspdfkit/shape/rectangle", v: 2, pageIndex: 0, bbox: [300, 400, 150, 80], strokeColor: "#3457d5", strokeWidth: 6 },
    });
    for (const page of [ana, ben]) await page.keyboard.press("Escape");
    await ana.getByRole("button", { name: "Select", exact: true }).first().click();
    const drawn = ana.locator(`g[data-id="${markup}"]`).first();
    await drawn.waitFor();
    // On its left edge.
    const box = (await ana.getByRole("group", { name: "Page 1", exact: true }).boundingBox())!;
    await ana.mouse.click(box.x + (box.width * 302) / 595, box.y + (box.height * 440) / 842);
    await ana.locator(".lt-bar").getByRole("button", { name: "Comment", exact: true }).click();
    await ana.getByRole("textbox", { name: "Write a comment" }).fill("Why this box?");
    await ana.keyboard.press("Control+Enter");
    const about = async () => (await threads()).find(({ rootId }) => rootId === markup);
    expect(await until("it is stored", about)).toMatchObject({ pageIndex: 0, comments: [{ createdBy: "ana" }] });
    await ben.getByRole("button", { name: "Unread comment by Ana Silva" }).last().click();
    await card(ben).getByText("Why this box?").waitFor();
    await card(ben).getByRole("textbox", { name: "Reply" }).fill("It is the total.");
    await ben.keyboard.press("Control+Enter");
    await until("the answer is stored", async () => (await about())?.comments.length === 2);
    await stage.product.client.annotations.delete({ documentId, annotationId: markup });
    await card(ben).waitFor({ state: "detached" });
    expect(await about()).toBeUndefined();
    await drawn.waitFor({ state: "detached" });
  });

  test("what a person has not read is counted, and stays read on another day", async () => {
    const cy = await open("cy", "Cy Young");
    await cy.getByLabel(/^\d+ unread$/).waitFor();
    await cy.getByRole("button", { name: "Comments", exact: true }).click();
    await cy.getByText("Who signs?").waitFor();
    await cy.getByLabel(/unread$/).waitFor({ state: "detached" });
    await cy.close();
    const later = await open("cy", "Cy Young");
    await later.getByRole("button", { name: "Comment by Ana Silva" }).waitFor();
    expect(await later.getByLabel(/unread$/).count()).toBe(0);
    await later.close();
  });

  test("who may not reply has no box to write in, and no tool", async () => {
    const guest = await open("guest", "Guest", { collaboration: ["annotations:view:all", "comments:view:all"] });
    await guest.getByRole("button", { name: /omment by Ana Silva/ }).click();
    await card(guest).getByText("Is this the final number?").waitFor();
    expect(await guest.getByRole("textbox", { name: "Reply" }).count()).toBe(0);
    expect(await guest.getByRole("button", { name: "Resolve" }).count()).toBe(0);
    expect(await guest.getByRole("button", { name: "Comment", exact: true }).count()).toBe(0);
    await guest.close();
  });

  test("everything can be done with the keyboard", async () => {
    const pin = ben.getByRole("button", { name: /omment by Ana Silva/ }).first();
    await ben.keyboard.press("Escape");
    await pin.focus();
    await ben.keyboard.press("Enter");
    const reply = card(ben).getByRole("textbox", { name: "Reply" });
    await until("the reply has the focus", () =>
      reply.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element),
    );
    await ben.keyboard.type("By keys alone");
    await ben.keyboard.press("Control+Enter");
    await card(ben).getByText("By keys alone").waitFor();
    await ben.keyboard.press("Escape");
    await until("the pin has the focus again", () =>
      pin.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element),
    );
    const before = (await stage.product.client.annotations.list({ documentId })).data.annotations.find(
      ({ content }) => content.type === "pspdfkit/comment-marker" && (content["bbox"] as number[])[0]! > 1,
    )!;
    await ben.keyboard.press("Shift+ArrowRight");
    await until("it has moved", async () => {
      const { content } = await stage.product.client.annotations.get({ documentId, annotationId: before.id });
      return (content["bbox"] as number[])[0]! > (before.content["bbox"] as number[])[0]! + 9;
    });
    expect(errors).toEqual([]);
  });

  test("it fits a phone, in the dark too", async () => {
    const phone = await open("dee", "Dee", { size: { width: 390, height: 844 }, theme: "dark" });
    await phone.getByRole("button", { name: /omment by Ana Silva/ }).click();
    await card(phone).getByText("By keys alone").waitFor();
    const box = (await card(phone).boundingBox())!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(390);
    expect(box.y + box.height).toBeLessThanOrEqual(844);
    await phone.close();
  });

  for (const [name, size, theme] of [
    ["desktop", { width: 1280, height: 900 }, "light"],
    ["phone", { width: 390, height: 844 }, "dark"],
  ] as const) {
    test(`nothing keeps anybody from using it: ${name}, ${theme}`, async () => {
      const page = await open("fay", "Fay", { size, theme });
      await page.waitForFunction(() => "instance" in window);
      const show = (sidebar: string | null): Promise<void> =>
        page.evaluate(
          (tab) =>
            (window as unknown as { instance: { setViewState(next: (now: object) => object): void } }).instance.setViewState((now) => ({
              ...now,
              sidebar: tab,
            })),
          sidebar,
        );
      const found: Record<string, unknown> = {};
      const look = async (what: string): Promise<void> => {
        // What slides in is pale and small while it does: only what stays counts.
        for (let tries = 0; tries < 5; tries++) {
          const wrong: unknown[] = [...(await violations(page)), ...(name === "phone" ? await tooSmall(page) : [])];
          if (wrong.length === 0) return void delete found[what];
          found[what] = wrong;
          await page.waitForTimeout(200);
        }
      };
      await page.getByRole("button", { name: /omment by Ana Silva/ }).waitFor();
      await look("pages");
      for (const [tab, part] of [
        ["thumbnails", page.getByRole("list", { name: "Pages" })],
        ["comments", page.getByRole("region", { name: "Comments" }).getByText("Is this the final number?")],
        ["history", page.getByRole("list", { name: "History" })],
        ["redactions", page.getByRole("region", { name: "Redactions" })],
      ] as const) {
        await show(tab);
        await part.waitFor();
        await look(tab);
      }
      await show(null);
      await page.getByRole("button", { name: /omment by Ana Silva/ }).click();
      await card(page).getByText("By keys alone").waitFor();
      await look("a thread");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: /^Search/ }).click();
      await page.getByRole("searchbox").fill("page");
      await page.getByRole("button", { name: "Mark all for redaction" }).waitFor();
      await look("search");
      await page.evaluate(() => (window as unknown as { instance: { viewAsOf(seq: number): Promise<void> } }).instance.viewAsOf(1));
      await page.getByRole("group", { name: "Earlier moment" }).waitFor();
      await look("an earlier moment");
      expect(found).toEqual({});
      await page.context().close();
    });
  }

  test("every control of the bar is reached by Tab, and the pages behind it", async () => {
    const page = await open("gil", "Gil");
    await page.waitForFunction(() => "instance" in window);
    const controls = (): Promise<(string | null)[]> =>
      page
        .getByRole("toolbar", { name: "Toolbar" })
        .locator("button:visible:not(:disabled), input:visible")
        .evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
    const focused = (): Promise<string | null> =>
      page.evaluate(() => document.querySelector(".lectern-viewer")?.shadowRoot?.activeElement?.getAttribute("aria-label") ?? null);
    let wanted: (string | null)[] = [];
    const reached: (string | null)[] = [];
    // Some of it comes with the rest of the code.
    await until("the bar has all its controls", async () => {
      const before = wanted;
      wanted = await controls();
      return before.length > 12 && before.join() === wanted.join();
    });
    while (reached.at(-1) !== "Document" && reached.length < wanted.length + 5) {
      await page.keyboard.press("Tab");
      reached.push(await focused());
    }
    expect(reached).toEqual([...wanted, "Document"]);
    await page.close();
  });
});

/** Controls that a finger may miss: smaller than 44 px. Pins have more room than they show. */
async function tooSmall(page: Page): Promise<string[]> {
  return page.locator("button:visible, input:visible, select:visible, textarea:visible, [role=tab]:visible").evaluateAll((all) =>
    all
      .filter((one) => !one.matches(".lc-pin, .scrim"))
      .map((one) => ({ one, box: one.getBoundingClientRect() }))
      .filter(({ box }) => Math.min(box.width, box.height) < 43.5)
      .map(({ one, box }) => `${one.getAttribute("aria-label") ?? one.textContent} is ${box.width} × ${box.height}`),
  );
}
