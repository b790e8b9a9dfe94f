import { createHash } from "node:crypto";
import { pdfName, pdfWriter } from "@lectern/pdf";
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

  test("what no record says is drawn with the page, and people's own pictures go into the file and its text formats as they were", async () => {
    const { jwt } = await stage.product.client.sessions.create({});
    const page = await (await stage.browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    page.setDefaultTimeout(20_000);
    const errors = watchErrors(page);
    const sent: number[] = [];
    page.on("request", (request) => sent.push(request.postDataBuffer()?.length ?? 0));
    await page.goto(stage.host.url);
    await page.evaluate(
      ([session, base64]) => {
        const document = Uint8Array.from(atob(base64!), (character) => character.charCodeAt(0));
        (window as unknown as { start(options: object): void }).start({ session, document });
      },
      [jwt, Buffer.from(watermarkedPdf()).toString("base64")],
    );
    await pageImage(page, 1).waitFor();
    const middle = await pageImage(page, 1).evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      return [...(canvas as HTMLCanvasElement).getContext("2d")!.getImageData(width / 2, height / 10, 1, 1).data];
    });
    expect(middle).toEqual([255, 0, 0, 255]);

    const pictures = await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(80, 40);
      const context = canvas.getContext("2d")!;
      context.fillStyle = "rgb(0 0 255 / 50%)";
      context.fillRect(0, 0, 40, 40);
      const bytes = async (type: string) => [...new Uint8Array(await (await canvas.convertToBlob({ type })).arrayBuffer())];
      return { png: await bytes("image/png"), jpeg: await bytes("image/jpeg") };
    });
    const insert = async (name: string, mimeType: string, buffer: Buffer): Promise<void> => {
      await page.getByRole("button", { name: "More to insert" }).click();
      const chooser = page.waitForEvent("filechooser");
      await page.getByRole("menuitemradio", { name: "Image" }).click();
      await (await chooser).setFiles({ name, mimeType, buffer });
    };
    await insert("no.png", "image/png", Buffer.from("no picture"));
    await page.getByText("This file is no picture").first().waitFor();
    const files = { png: Buffer.from(pictures.png), jpeg: Buffer.from(pictures.jpeg) };
    const images = page.locator("g[data-id] image");
    for (const [index, [kind, buffer]] of Object.entries(files).entries()) {
      await insert(`own.${kind}`, `image/${kind}`, buffer);
      await images.nth(index).waitFor();
    }
    const hashes = Object.values(files).map((buffer) => createHash("sha256").update(buffer).digest("hex"));

    interface Exchanging {
      exportPDF(): Promise<ArrayBuffer>;
      exportInstantJSON(): Promise<{
        annotations: { id: string; imageAttachmentId: string }[];
        attachments: Record<string, { binary: string }>;
      }>;
      applyInstantJson(json: object): Promise<{ created: number; skipped: readonly { reason: string }[] }>;
      delete(id: string): Promise<void>;
    }
    const exported = await page.evaluate(async () => {
      const { instance } = window as unknown as { instance: Exchanging };
      return Array.from(new Uint8Array(await instance.exportPDF()));
    });
    const json = await page.evaluate(() => (window as unknown as { instance: Exchanging }).instance.exportInstantJSON());
    expect(json.annotations.map(({ imageAttachmentId }) => imageAttachmentId).toSorted()).toEqual(hashes.toSorted());
    expect(hashes.map((hash) => json.attachments[hash]!.binary)).toEqual(Object.values(files).map((buffer) => buffer.toString("base64")));
    for (const { id } of json.annotations)
      await page.evaluate((gone) => (window as unknown as { instance: Exchanging }).instance.delete(gone), id);
    await images.first().waitFor({ state: "detached" });
    const strange = { ...json.annotations[0]!, id: "strange-picture", imageAttachmentId: "0".repeat(64) };
    const applied = await page.evaluate((given) => (window as unknown as { instance: Exchanging }).instance.applyInstantJson(given), {
      ...json,
      annotations: [...json.annotations, strange],
    });
    expect([applied.created, applied.skipped.map(({ reason }) => reason)]).toEqual([2, ["its picture is not in this document"]]);
    await images.nth(1).waitFor();

    // A JPEG is in the file as it was; of the other readers see the samples, and the file is kept beside them.
    const file = Buffer.from(exported);
    expect(file.includes(files.jpeg)).toBe(true);
    const documentId = await stage.upload(new Uint8Array(exported), "With pictures");
    const { annotations } = (await stage.product.client.annotations.list({ documentId })).data;
    const back = annotations.flatMap(({ content }) => (content.type === "pspdfkit/image" ? [String(content["imageAttachmentId"])] : []));
    expect(back.toSorted()).toEqual(hashes.toSorted());
    expect(Math.max(...sent)).toBeLessThan(5000);
    expect(errors).toEqual([]);
  });

  test("a session for nothing but local documents opens no managed one", async () => {
    const id = await stage.upload(pagesPdf(1), "Managed");
    const { jwt } = await stage.product.client.sessions.create({});
    const read = await fetch(`${stage.product.url}/viewer/documents/${id}`, { headers: { authorization: `Bearer ${jwt}` } });
    expect([403, 404]).toContain(read.status);
  });
});

/** A page whose upper quarter is red by an annotation that belongs to the page. */
function watermarkedPdf(): Uint8Array {
  const writer = pdfWriter();
  const [root, tree, page] = [writer.reserve(), writer.reserve(), writer.reserve()];
  const form = writer.stream({ Type: pdfName("XObject"), Subtype: pdfName("Form"), BBox: [0, 0, 300, 100] }, "1 0 0 rg 0 0 300 100 re f");
  const mark = writer.add({ Type: pdfName("Annot"), Subtype: pdfName("Watermark"), Rect: [0, 300, 300, 400], F: 4, AP: { N: form } });
  writer.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 300, 400], Annots: [mark] });
  writer.set(tree, { Type: pdfName("Pages"), Count: 1, Kids: [page] });
  writer.set(root, { Type: pdfName("Catalog"), Pages: tree });
  return writer.finish({ Root: root });
}
