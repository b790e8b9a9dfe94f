import { pagesPdf } from "@lectern/pdf/testing";
import { expect, test } from "vitest";
import { describeInBrowser, pageImage, watchErrors } from "./browser.ts";
import { until } from "./product.ts";
import { useStage } from "./stage.ts";

describeInBrowser("a document that the page provides itself", () => {
  const stage = useStage();

  test("it is shown, marked and exported, and none of it is uploaded", async () => {
    const { jwt } = await stage.product.client.sessions.create({});
    const page = await (await stage.browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
    page.setDefaultTimeout(20_000);
    const errors = watchErrors(page);
    const sent: number[] = [];
    page.on("request", (request) => sent.push(request.postDataBuffer()?.length ?? 0));
    await page.goto(stage.host.url);
    const bytes = pagesPdf(6);
    const encoded = Buffer.from(bytes).toString("base64");
    await page.evaluate(
      ([session, base64]) => {
        const file = new File([Uint8Array.from(atob(base64!), (character) => character.charCodeAt(0))], "local.pdf", {
          type: "application/pdf",
        });
        (window as unknown as { start(options: object): void }).start({ session, document: file });
      },
      [jwt, encoded],
    );
    await pageImage(page, 1).waitFor();
    await page.getByRole("button", { name: "Rectangle", exact: true }).click();
    const box = (await page.getByRole("group", { name: "Page 1", exact: true }).boundingBox())!;
    await page.mouse.move(box.x + 200, box.y + 200);
    await page.mouse.down();
    await page.mouse.move(box.x + 320, box.y + 260, { steps: 5 });
    await page.mouse.up();
    await page.locator("g[data-id]").first().waitFor({ state: "attached" });
    const exported = await page.evaluate(async () => {
      const { instance } = window as unknown as { instance: { exportPDF(): Promise<ArrayBuffer> } };
      return Array.from(new Uint8Array(await instance.exportPDF()));
    });
    // Other programs' formats are written and read here as well.
    const exchanged = await page.evaluate(async () => {
      interface Exchanging {
        exportInstantJSON(): Promise<{ annotations: { id: string; type: string; pageIndex: number }[] }>;
        exportXFDF(): Promise<string>;
        applyInstantJson(json: object): Promise<{ created: number; updated: number }>;
        importXFDF(xfdf: string): Promise<{ created: number }>;
        delete(id: string): Promise<void>;
        getAnnotations(pageIndex: number): Promise<{ id: string }[]>;
      }
      const { instance } = window as unknown as { instance: Exchanging };
      const [json, xfdf] = [await instance.exportInstantJSON(), await instance.exportXFDF()];
      await instance.delete(json.annotations[0]!.id);
      const gone = (await instance.getAnnotations(0)).length;
      const applied = await instance.applyInstantJson(json);
      const back = (await instance.getAnnotations(0)).map(({ id }) => id);
      const again = await instance.applyInstantJson(json);
      await instance.delete(json.annotations[0]!.id);
      const imported = await instance.importXFDF(xfdf);
      const refused = await instance.importXFDF("<no").catch((error: { code: string }) => error.code);
      const after = (await instance.getAnnotations(0)).length;
      return {
        types: json.annotations.map(({ type }) => type),
        id: json.annotations[0]!.id,
        xfdf,
        gone,
        applied,
        back,
        again,
        imported,
        refused,
        after,
      };
    });
    expect(exchanged).toMatchObject({
      types: ["pspdfkit/shape/rectangle"],
      gone: 0,
      applied: { created: 1, updated: 0 },
      back: [exchanged.id],
      again: { created: 0, updated: 0 },
      imported: { created: 1 },
      refused: "unprocessable",
      after: 1,
    });
    expect(exchanged.xfdf).toContain("<square");
    // Our own import reads it back.
    const documentId = await stage.upload(new Uint8Array(exported), "Back");
    const { annotations } = (await stage.product.client.annotations.list({ documentId })).data;
    expect(annotations.map(({ content }) => content.type)).toContain("pspdfkit/shape/rectangle");
    // The largest thing that left the browser is the request that opens the session.
    expect(Math.max(...sent)).toBeLessThan(bytes.length / 2);
    expect((await stage.product.client.documents.list({})).data.map(({ title }) => title)).toEqual(["Back"]);
    expect(errors).toEqual([]);
    await until("the use is counted", async () => (await stage.product.client.usage.get({})).totals.sessions_opened === 1, 10);
  });

  test("a session for nothing but local documents opens no managed one", async () => {
    const id = await stage.upload(pagesPdf(1), "Managed");
    const { jwt } = await stage.product.client.sessions.create({});
    const read = await fetch(`${stage.product.url}/viewer/documents/${id}`, { headers: { authorization: `Bearer ${jwt}` } });
    expect([403, 404]).toContain(read.status);
  });
});
