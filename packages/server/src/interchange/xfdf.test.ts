import { annotatedPdf, formPdf, ODD_CROP, pagesPdf, rotatedPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

interface Applied {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}
interface Content {
  readonly id: string;
  readonly type: string;
  readonly bbox: number[];
  readonly [member: string]: unknown;
}
interface Exported {
  readonly formFields: readonly { readonly name: string; readonly type: string; readonly flags?: unknown }[];
  readonly annotations: readonly Content[];
  readonly comments: readonly {
    readonly id: string;
    readonly rootId: string;
    readonly text: { readonly value: string };
    readonly state?: string;
  }[];
  readonly formFieldValues: readonly { readonly name: string; readonly value: unknown }[];
}

const of = (id: string, rest: string): string => `/api/documents/${id}/${rest}`;
const file = (annots: string, fields = ""): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<xfdf xmlns="http://ns.adobe.com/xfdf/" xml:space="preserve"><annots>${annots}</annots><fields>${fields}</fields><f href="x.pdf"/></xfdf>`;
const send = (id: string, body: NonNullable<RequestInit["body"]>): Promise<Response> =>
  api.request(of(id, "apply_xfdf"), { method: "POST", body, headers: { "content-type": "application/vnd.adobe.xfdf" } });
async function apply(id: string, body: string): Promise<Applied> {
  const response = await send(id, body);
  if (response.status !== 200) throw new Error(await response.text());
  return ((await response.json()) as { data: Applied }).data;
}
const exported = (id: string): Promise<Exported> => api.json<Exported>(of(id, "document.json"));
const xfdf = async (id: string): Promise<string> => (await api.request(of(id, "document.xfdf"))).text();

describe("XFDF", () => {
  it("of another program becomes annotations, threads and values", async () => {
    const { id } = await api.upload(formPdf());
    const { formFields } = await exported(id);
    const { name } = formFields.find(({ type, flags }) => type === "pspdfkit/form-field/text" && flags === undefined)!;
    const nested = name.split(".").reduceRight((inside, part) => `<field name="${part}">${inside}</field>`, "<value>from afar</value>");
    const applied = await apply(
      id,
      file(
        `<highlight page="0" rect="10,700,110,720" color="#FF0000" opacity="0.5" coords="10,720,110,720,10,700,110,700" name="h1" title="Mia" flags="print" date="D:20260101120000Z"><contents>Look &amp; see</contents><popup page="0" rect="0,0,9,9" open="no"/></highlight>
         <text page="0" rect="20,600,40,620" icon="Key" name="t1" color="#00FF00" flags="print,nozoom,norotate"><contents-richtext><body xmlns="http://www.w3.org/1999/xhtml"><p>Rich <b>words</b></p></body></contents-richtext></text>
         <text page="0" rect="20,600,40,620" inreplyto="h1" name="r1" title="Tim"><contents>Yes</contents></text>
         <text page="0" rect="20,600,40,620" inreplyto="r1" name="r2" statemodel="Review" state="Completed"><contents></contents></text>
         <freetext page="0" rect="10,10,60,40" justification="1" color="#FFFFFF"><contents>Words</contents><defaultappearance>0 0 1 rg /Helv 14 Tf</defaultappearance><defaultstyle>font: bold 14pt Helvetica; color:#0000FF</defaultstyle></freetext>
         <line page="0" rect="0,0,50,50" start="1,2" end="40,30" head="None" tail="ClosedArrow" width="3" color="#123456"/>
         <ink page="0" rect="0,0,9,9" width="2" color="#000000"><inklist><gesture>1,1;5,5;9,1</gesture></inklist></ink>
         <polygon page="0" rect="0,0,9,9" color="#000000" style="cloudy" intensity="2"><vertices>0,0;9,0;9,9</vertices></polygon>
         <stamp page="0" rect="0,0,90,30" icon="SBApproved"/>
         <link page="0" rect="0,0,9,9"><OnActivation><Action Trigger="U"><URI Name="https://example.com/"/></Action></OnActivation></link>
         <caret page="0" rect="0,0,9,9"/><sound page="0" rect="0,0,9,9"/>`,
        `${nested}<field name="nobody"><value>x</value></field>`,
      ),
    );
    expect(applied).toMatchObject({ created: 10, updated: 1, deleted: 0 });
    expect(applied.skipped.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("caret"),
      expect.stringContaining("sound"),
      expect.stringContaining("nobody"),
    ]);
    const { annotations, comments, formFieldValues: filled } = await exported(id);
    const one = (type: string) =>
      annotations.filter((each) => each.type === `pspdfkit/${type}` && each["pdfObjectId"] === undefined).at(-1);
    expect(one("markup/highlight")).toMatchObject({ id: "h1", color: "#FF0000", opacity: 0.5, note: "Look & see", creatorName: "Mia" });
    expect(one("note")).toMatchObject({ icon: "key", text: { format: "plain", value: "Rich words" }, flags: ["noZoom", "noRotate"] });
    expect(one("text")).toMatchObject({
      fontSize: 14,
      fontStyle: ["bold"],
      fontColor: "#0000FF",
      horizontalAlign: "center",
      text: { value: "Words" },
    });
    expect(one("shape/line")).toMatchObject({ lineCaps: { end: "closedArrow" }, strokeWidth: 3 });
    expect(one("shape/polygon")).toMatchObject({ cloudyBorderIntensity: 2 });
    expect(one("stamp")).toMatchObject({ stampType: "Approved" });
    expect(one("link")).toMatchObject({ action: { type: "uri", uri: "https://example.com/" } });
    expect(comments.map(({ rootId, text, state }) => [rootId, text.value, state])).toEqual([
      ["h1", "Yes", undefined],
      ["h1", "", "resolved"],
    ]);
    expect(filled.find((value) => value.name === name)!.value).toBe("from afar");
  });

  it("comes out as it went in, on pages with odd boxes and turned ones, and changes nothing when applied again", async () => {
    for (const bytes of [annotatedPdf(), rotatedPdf()]) {
      const { id } = await api.upload(bytes);
      await apply(
        id,
        file(
          '<square page="0" rect="10,20,60,90" color="#ff0000" name="s" width="2"/><text page="0" rect="30,30,50,50" name="n"><contents>Hi</contents></text>',
        ),
      );
      const out = await xfdf(id);
      expect(out).toMatch(/<square page="0" rect="10,20,60,90" name="s"/);
      expect(await apply(id, out)).toMatchObject({ created: 0, updated: 0, deleted: 0, skipped: [] });
      const other = (await api.upload(bytes)).id;
      await apply(other, out);
      const stable = ({ annotations }: Exported) => annotations.map(({ createdAt: _c, updatedAt: _u, pdfObjectId: _p, ...rest }) => rest);
      expect(stable(await exported(other))).toEqual(stable(await exported(id)));
    }
  });

  it("speaks of places in the file, whatever its pages are turned and cropped to", async () => {
    const { id } = await api.upload(rotatedPdf());
    const [left, , , top] = ODD_CROP;
    const square = (page: number): string => `<square page="${page}" rect="${left},${top - 40},${left + 40},${top}"/>`;
    await apply(id, file([0, 1, 2, 3].map(square).join("")));
    expect((await exported(id)).annotations.map(({ bbox }) => bbox)).toEqual([
      [0, 0, 40, 40],
      [660, 0, 40, 40],
      [460, 660, 40, 40],
      [0, 460, 40, 40],
    ]);
  });

  it("brings its pictures along", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
    const picture = (data: string) => `<stamp page="0" rect="1,1,50,50" name="p"><imagedata>${data}</imagedata></stamp>`;
    await apply(id, file(picture(`data:image/png;base64,${png}`)));
    const out = await xfdf(id);
    expect(out).toContain(png);
    expect(await apply(id, out)).toMatchObject({ created: 0, updated: 0 });
    for (const wrong of ["data:image/png;base64,bm90IGEgcGljdHVyZQ==", "https://example.com/a.png", "data:image/png;base64,%%%"])
      expect((await send(id, file(picture(wrong)))).status).toBe(422);
  });

  it("that is hostile or malformed is refused with a reason, and nothing of it is written", async () => {
    const { id } = await api.upload(pagesPdf(1));
    const square = (more: string): string => file(`<square page="0" ${more}/>`);
    const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 9 }, (_, n) => `<!ENTITY ${"bcdefghij"[n]!} "${`&${"abcdefghi"[n]!};`.repeat(10)}">`).join("")}]>`;
    const wrong: readonly (readonly [name: string, body: NonNullable<RequestInit["body"]>])[] = [
      ["entities", `${bomb}<xfdf><annots><text page="0" rect="1,1,2,2"><contents>&j;</contents></text></annots></xfdf>`],
      ["an external entity", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xfdf><annots/></xfdf>`],
      ["a document type", `<!DOCTYPE xfdf SYSTEM "http://127.0.0.1/x.dtd"><xfdf/>`],
      ["an unknown entity", file(`<text page="0" rect="1,1,2,2"><contents>&nope;</contents></text>`)],
      ["depth", `<xfdf>${"<a>".repeat(100_000)}`],
      ["nested fields", file("", `${'<field name="a">'.repeat(5000)}${"</field>".repeat(5000)}`)],
      ["huge numbers", square('rect="0,0,1e300,1e300"')],
      ["no numbers", square('rect="a,b,c,d"')],
      ["infinite numbers", square('rect="0,0,Infinity,NaN"')],
      ["no rectangle", square("")],
      ["no such page", file('<square page="9" rect="1,1,2,2"/>')],
      ["a page that is none", file('<square page="zero" rect="1,1,2,2"/>')],
      ["huge text", file(`<text page="0" rect="1,1,2,2"><contents>${"x".repeat(200_000)}</contents></text>`)],
      ["control characters", file(`<text page="0" rect="1,1,2,2"><contents>\u0001</contents></text>`)],
      ["a character reference to nothing", file(`<text page="0" rect="1,1,2,2"><contents>&#0;</contents></text>`)],
      ["attributes twice", square('rect="1,1,2,2" rect="1,1,2,2"')],
      ["bytes that are no UTF-8", new Uint8Array([0x3c, 0x78, 0xff, 0xfe, 0x3e])],
      ["an open end", file("").slice(0, -8)],
      ["another language", "<html><body/></html>"],
      ["no XML", "hello"],
    ];
    for (const [name, body] of wrong) {
      const response = await send(id, body);
      const { code, detail } = (await response.json()) as { code: string; detail: string };
      expect([name, response.status, code, detail.length > 10], detail).toEqual([name, 422, "unprocessable", true]);
    }
    expect((await send(id, "")).status).toBe(400);
    const own = (json: string): string =>
      file(
        `<text page="0" rect="1,1,9,9"><contents>x</contents><lectern:data xmlns:lectern="urn:lectern:xfdf:1">${json}</lectern:data></text>`,
      );
    for (const json of [
      '{"set":{"__proto__":{"x":1},"pdfObjectId":1,"page":"9.9","attachment":{"blob":"x"}}}',
      "{",
      '{"type":"raw"}',
      '{"unset":[1,{}]}',
    ])
      expect((await send(id, own(json.replaceAll('"', "&quot;")))).status).toBe(200);
    const { annotations } = await exported(id);
    expect(annotations.map(({ type, pdfObjectId }) => [type, pdfObjectId])).toEqual(
      Array.from({ length: 4 }, () => ["pspdfkit/note", undefined]),
    );
  });

  it("is written by those who may, and shows each what he sees", async () => {
    const { id } = await api.upload(pagesPdf(1));
    await apply(id, file('<square page="0" rect="10,20,60,90" name="secret"/>'));
    const session = (collaboration: string[]) =>
      api.session({ document_id: id, collaboration_permissions: collaboration }, { user_id: "mia" });
    const blind = await session(["annotations:view:self"]);
    expect(await (await api.request(of(id, "document.xfdf"), { credential: blind.jwt })).text()).not.toContain("secret");
    const response = await api.request(of(id, "apply_xfdf"), {
      method: "POST",
      body: file('<square page="0" rect="10,20,60,90" name="mine"/>'),
      credential: blind.jwt,
    });
    expect(response.status).toBe(403);
  });
});
