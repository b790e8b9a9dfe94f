/** What another program drew and records cannot say: shown as the file has it, taken, moved, commented on and deleted like the rest. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { describeInBrowser, pageImage, watchErrors } from "./browser.ts";
import { until } from "./product.ts";
import { useStage } from "./stage.ts";

/** A caret and a stamp, each a filled box; readers find the objects without a table. */
const FILE = `%PDF-1.7
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[5 0 R 6 0 R]>> endobj
4 0 obj <</Type/XObject/Subtype/Form/BBox[0 0 50 20]/Length 29>> stream
1 0 0 rg 0 0 50 20 re f      
endstream endobj
5 0 obj <</Type/Annot/Subtype/Caret/NM(their-caret)/Rect[100 700 200 740]/F 4/Contents(insert this)/AP<</N 4 0 R>>/Secret 42>> endobj
6 0 obj <</Type/Annot/Subtype/Stamp/NM(their-stamp)/Name/TheirOwn/Rect[300 700 400 740]/F 4/AP<</N 4 0 R>>>> endobj
trailer <</Root 1 0 R>>
`;

interface Instance {
  exportPDF(): Promise<ArrayBuffer>;
}

describeInBrowser("marks of other programs", () => {
  const stage = useStage();

  const exported = (page: Page): Promise<string> =>
    page.evaluate(async () => {
      const { instance } = window as unknown as { instance: Instance };
      return String.fromCharCode(...new Uint8Array(await instance.exportPDF()));
    });

  async function moveAndDelete(page: Page): Promise<void> {
    const caret = page.locator('g[data-id="their-caret"]');
    await caret.locator("image").waitFor();
    await page.locator('g[data-id="their-stamp"] image').waitFor();
    const paper = (await page.getByRole("group", { name: "Page 1", exact: true }).boundingBox())!;
    const scale = paper.width / 595;
    const at = (x: number, y: number): [number, number] => [paper.x + x * scale, paper.y + (842 - y) * scale];
    await page.mouse.move(...at(150, 720));
    await page.mouse.down();
    await page.mouse.move(...at(160, 640), { steps: 4 });
    await page.mouse.move(...at(170, 620), { steps: 4 });
    await page.mouse.up();
    await page.getByRole("toolbar", { name: /Mark of the file/ }).waitFor();
    const moved = await until("the file has the caret where it was put", async () => {
      const file = await exported(page);
      return /\/Rect ?\[ ?1[12]\d(?:\.\d+)? [56]\d\d/.test(file) ? file : null;
    });
    // It is still what it was.
    expect(moved).toMatch(/\/Subtype ?\/Caret/);
    expect(moved).toMatch(/\/Secret 42/);
    await page.mouse.click(...at(350, 720));
    await page.keyboard.press("Delete");
    await until("the stamp is gone from the file", async () => !(await exported(page)).includes("TheirOwn"));
    await page.mouse.click(...at(170, 620));
    await page.keyboard.press("Delete");
    await until("the caret is gone from the file", async () => !(await exported(page)).includes("Caret"));
  }

  test("of a stored document", async () => {
    const id = await stage.upload(Buffer.from(FILE, "latin1"));
    const page = await (await stage.browser.newContext({ viewport: { width: 1280, height: 1100 } })).newPage();
    const errors = watchErrors(page);
    const pictures: number[] = [];
    page.on("response", (response) => {
      if (response.url().includes("/attachments/")) pictures.push(response.status());
    });
    await page.goto(`${stage.host.url}#${await stage.session(id, { user: "mia" })}`);
    await pageImage(page, 1).waitFor();
    // Both look the same: one picture, which nobody has changed yet.
    await expect.poll(() => pictures).toEqual([200]);
    // There is something to move it with.
    await page.getByRole("button", { name: "Undo" }).waitFor();
    await moveAndDelete(page);
    expect(errors).toEqual([]);
  });

  test("of a document that the page provides itself", async () => {
    const { jwt } = await stage.product.client.sessions.create({});
    const page = await (await stage.browser.newContext({ viewport: { width: 1280, height: 1100 } })).newPage();
    page.setDefaultTimeout(20_000);
    const errors = watchErrors(page);
    await page.goto(stage.host.url);
    await page.evaluate(
      ([session, base64]) => {
        const document = Uint8Array.from(atob(base64!), (character) => character.charCodeAt(0));
        (window as unknown as { start(options: object): void }).start({ session, document });
      },
      [jwt, Buffer.from(FILE, "latin1").toString("base64")],
    );
    await pageImage(page, 1).waitFor();
    await page.getByRole("button", { name: "Undo" }).waitFor();
    await moveAndDelete(page);
    expect(errors).toEqual([]);
  });
});
