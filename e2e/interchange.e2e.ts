import { pagesPdf } from "@lectern/pdf/testing";
import { expect, test } from "vitest";
import { describeInBrowser } from "./browser.ts";
import { useStage } from "./stage.ts";

interface InterchangeWindow {
  readonly instance: {
    exportInstantJSON(version?: 1 | 2): Promise<{ readonly annotations: readonly { readonly id: string; readonly v: number }[] }>;
    exportXFDF(): Promise<string>;
    applyInstantJson(json: object): Promise<{ readonly created: number }>;
    importXFDF(xfdf: string): Promise<{ readonly created: number }>;
  };
}

describeInBrowser("interchange files in the viewer", () => {
  const stage = useStage();

  test("XFDF and Instant JSON are applied and exported by the instance, and what is wrong is said", async () => {
    const page = await stage.open(await stage.upload(pagesPdf(1)), { user: "mia" });
    const seen = await page.evaluate(async () => {
      const { instance } = window as unknown as InterchangeWindow;
      const square = '<xfdf><annots><square page="0" rect="10,20,60,90" color="#ff0000" name="square-1"/></annots></xfdf>';
      const { created } = await instance.importXFDF(square);
      const json = await instance.exportInstantJSON();
      const again = await instance.applyInstantJson({
        ...json,
        annotations: json.annotations.map((one) => ({ ...one, id: "square-2", name: "" })),
      });
      const wrong = await instance.importXFDF("<!DOCTYPE x><xfdf/>").catch((error: { readonly code: string }) => error.code);
      const ids = (await instance.exportInstantJSON(1)).annotations.map(({ id, v }) => [id, v]);
      return { created, again: again.created, wrong, ids, xfdf: await instance.exportXFDF() };
    });
    expect(seen).toMatchObject({ created: 1, again: 1, wrong: "unprocessable" });
    expect(seen.ids).toEqual([
      ["square-1", 1],
      ["square-2", 1],
    ]);
    expect(seen.xfdf).toContain('rect="10,20,60,90"');
  });
});
