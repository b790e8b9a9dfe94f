import { pagesPdf } from "@lectern/pdf/testing";
import { expect, test } from "vitest";
import { describeInBrowser, pageImage } from "./browser.ts";
import { useStage } from "./stage.ts";

describeInBrowser("while a document is prepared", () => {
  const stage = useStage();

  test("the viewer says what is done, and how many pages are read, until the document is there", async () => {
    const id = await stage.upload(pagesPdf(2));
    const page = await (await stage.browser.newContext({ viewport: { width: 900, height: 600 } })).newPage();
    page.setDefaultTimeout(30_000);
    const said = [{ stage: "converting" }, { stage: "reading", pagesRead: 40, pageCount: 120 }];
    const shown = ["Converting the file to PDF…", "Reading pages: 40 of 120"];
    let asked = 0;
    // Each answer waits until the one before it has been seen.
    const seen: (() => void)[] = [];
    const gates = said.map(() => new Promise<void>((resolve) => seen.push(resolve)));
    await page.route("**/viewer/open", async (route) => {
      const at = asked++;
      if (at > 0 && at <= gates.length) await gates[at - 1];
      const preparation = said[at];
      if (preparation === undefined) return route.continue();
      return route.fulfill({
        status: 409,
        headers: { "access-control-allow-origin": "*", "access-control-expose-headers": "retry-after", "retry-after": "0" },
        contentType: "application/problem+json",
        body: JSON.stringify({ type: "/docs/errors#preparing", title: "Preparing", status: 409, code: "preparing", preparation }),
      });
    });
    await page.goto(`${stage.host.url}#${await stage.session(id, { user: "mia" })}`);
    for (const [index, text] of shown.entries()) {
      await page.getByRole("status").filter({ hasText: text }).waitFor();
      if (index === 1 && process.env["SCREENSHOT"] !== undefined) await page.screenshot({ path: process.env["SCREENSHOT"] });
      seen[index]!();
    }
    await pageImage(page, 1).waitFor();
    expect(asked).toBe(said.length + 1);
  });
});
