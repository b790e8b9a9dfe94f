import { pagesPdf } from "@lectern/pdf/testing";
import { expect, test } from "vitest";
import { describeInBrowser } from "./browser.ts";
import { useStage } from "./stage.ts";

describeInBrowser("the toolbar", () => {
  const stage = useStage();

  test("has no control that lies on another or out of sight, at any width", async () => {
    const id = await stage.upload(pagesPdf(3));
    const page = await stage.open(id, { user: "mia" });
    const other = await stage.open(id, { user: "tom" });
    await page.getByRole("button", { name: /tom/ }).waitFor();
    for (const width of [360, 719, 720, 768, 900, 999, 1000, 1099, 1100, 1179, 1180, 1280, 1399, 1400]) {
      await page.setViewportSize({ width, height: 600 });
      const wrong = await page.evaluate(() => {
        const root = [...document.querySelectorAll("*")].find((element) => element.shadowRoot !== null)!.shadowRoot!;
        // Avatars lie on each other's edge.
        const boxes = [...root.querySelectorAll(".bar :is(button, input):not(.person)")].map((element) => ({
          name: element.getAttribute("aria-label") ?? element.textContent,
          box: element.getBoundingClientRect(),
        }));
        const seen = boxes.filter(({ box }) => box.width > 0);
        return seen.flatMap(({ name, box }, at) => {
          const isOut = box.left < 0 || box.right > innerWidth;
          const isOn = seen.slice(at + 1).filter((next) => next.box.left < box.right - 1 && next.box.right > box.left + 1);
          return [...(isOut ? [`${name} is out of sight`] : []), ...isOn.map((next) => `${name} lies on ${next.name}`)];
        });
      });
      expect([width, wrong]).toEqual([width, []]);
      // Each tool is there once.
      expect(await page.getByRole("button", { name: /^Select/ }).count()).toBe(1);
      if (process.env["SCREENSHOTS"] !== undefined) await page.screenshot({ path: `${process.env["SCREENSHOTS"]}/bar-${width}.png` });
    }
    await other.close();
  });
});
