import { orderForm, pagesPdf } from "@lectern/pdf/testing";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RequestOptions, type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
let document: string;
beforeAll(async () => {
  api = await testServer();
  document = (await api.upload(orderForm())).id;
});
afterAll(() => api.close());

interface Stored {
  readonly id: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly widgetAnnotations: readonly { readonly id: string; readonly content: Readonly<Record<string, unknown>> }[];
  readonly formField: { readonly id: string };
}
interface StoredValue {
  readonly name: string;
  readonly value: unknown;
  readonly updatedBy: string | null;
}

const at = (rest: string, id = document): string => `/viewer/documents/${id}${rest}`;
const fields = async (): Promise<readonly Stored[]> => (await api.json<{ data: Stored[] }>(at("/form-fields"))).data;
async function values(layer = "", id = document): Promise<Readonly<Record<string, unknown>>> {
  const { data } = await api.json<{ data: { formFieldValues: StoredValue[] } }>(at(`${layer}/form-field-values`, id));
  return Object.fromEntries(data.formFieldValues.map(({ name, value }) => [name, value]));
}
const fill = (given: object, options: RequestOptions = {}, layer = "") => {
  const formFieldValues = Object.entries(given).map(([name, value]: [string, unknown]) => ({ name, value }));
  return api.request(at(`${layer}/form-field-values`), { json: { formFieldValues }, ...options });
};
async function refused(response: Response) {
  return (await response.json()) as { code: string; detail: string; failingPaths?: readonly { path: string; details: string }[] };
}

describe("forms over HTTP", () => {
  it("images of pages and covers show values as they are in each layer", async () => {
    const { id } = await api.upload(orderForm());
    /** Dark pixels of the last field. */
    const ink = async (rest: string): Promise<number> => {
      const image = sharp(await (await api.request(at(rest, id))).arrayBuffer());
      const { data } = await image
        .extract({ left: 54, top: 442, width: 130, height: 12 })
        .greyscale()
        .raw()
        .toBuffer({ resolveWithObject: true });
      return data.reduce((sum, value) => sum + (value < 160 ? 1 : 0), 0);
    };
    const page = "/pages/0/image?width=595";
    const before = await ink(page);
    const set = (value: string, layer = ""): Promise<Response> =>
      api.request(at(`${layer}/form-field-values`, id), { json: { formFieldValues: [{ name: "lonely", value }] } });
    expect((await set("alone and alone and alone")).status).toBe(200);
    const filled = await ink(page);
    expect(filled).toBeGreaterThan(before * 2);
    expect(await ink("/cover?width=595")).toBe(filled);
    await api.json(at("/layers", id), { json: { name: "mia" } });
    expect(await ink(`/layers/mia${page}`)).toBe(before);
    expect((await set("", "/layers/mia")).status).toBe(200);
    expect(await ink(`/layers/mia${page}`)).toBe(0);
    expect(await ink(page)).toBe(filled);
  });

  it("fields, widgets and values are told in the published shapes", async () => {
    const total = (await fields()).find(({ content }) => content["name"] === "order.total")!;
    expect(total.content).toMatchObject({
      v: 1,
      type: "pspdfkit/form-field/text",
      label: "order.total",
      flags: ["readOnly"],
      multiLine: false,
      annotationIds: [total.widgetAnnotations[0]!.id],
      additionalActions: { onCalculate: { type: "javascript" } },
    });
    expect(total.widgetAnnotations[0]!.content).toMatchObject({
      v: 2,
      type: "pspdfkit/widget",
      pageIndex: 0,
      bbox: [200, 78, 140, 20],
      formFieldName: "order.total",
      fontSize: 11,
      horizontalAlign: "right",
    });
    expect(await api.json(at(`/form-fields/${total.id}`))).toEqual(total);
    const widgets = (await api.json<{ data: Stored[] }>(at("/form-field-widgets"))).data;
    expect(widgets).toHaveLength(21);
    const one = widgets.find(({ formField }) => formField.id === total.id)!;
    expect(await api.json(at(`/form-field-widgets/${one.id}`))).toEqual(one);
    const { data } = await api.json<{ data: { formFieldValues: StoredValue[] } }>(at("/form-field-values"));
    expect(data.formFieldValues).toContainEqual({
      v: 1,
      type: "pspdfkit/form-field-value",
      name: "order.price",
      value: "10.50",
      group: null,
      createdBy: null,
      updatedBy: null,
    });
  });

  it("filling writes what is calculated from it in the same change, in the layer alone that is named", async () => {
    const response = await fill({ "order.quantity": "3", agree: "Yes", extras: ["Express"], country: "fr" }, {}, "/layers/draft");
    expect(response.status).toBe(200);
    expect(await values("/layers/draft")).toMatchObject({
      "order.quantity": "3",
      "order.total": "31.5",
      agree: ["Yes"],
      extras: ["Express"],
      country: ["fr"],
    });
    expect(await values()).toMatchObject({ "order.quantity": "2", "order.total": null, agree: [] });
  });

  it.each([
    [{ "order.quantity": "1000" }, 400, "invalid_parameters", "the field order.quantity must be from 1 to 100"],
    [{ "order.quantity": "many" }, 400, "invalid_parameters", "the field order.quantity is not a number"],
    [{ code: "1234567" }, 400, "invalid_parameters", "the field code takes at most 6 characters"],
    [{ colour: "green" }, 400, "invalid_parameters", "the field colour has no such option"],
    [{ colour: null }, 400, "invalid_parameters", "the field colour cannot be switched off"],
    [{ signature: "me" }, 400, "invalid_parameters", "the field signature cannot be filled"],
    [{ "order.total": "1" }, 403, "forbidden", "the field order.total is read-only"],
    [{ nothing: "1" }, 422, "unprocessable", "$.formFieldValues[1].name: there is no form field of this name"],
  ])("what a field does not take is refused with the reason, and nothing is written: %j", async (given, status, code, detail) => {
    const before = await values();
    const response = await fill({ lonely: "first", ...given });
    expect(response.status).toBe(status);
    const problem = await refused(response);
    expect(problem).toMatchObject({ code, detail });
    expect(problem.failingPaths?.[0]?.path).toMatch(/^\$\.formFieldValues\[1\]\.(value|name)$/);
    expect(await values()).toEqual(before);
  });

  it("needs the right to fill, not to edit, and shows only what may be seen", async () => {
    const token = async (...collaboration_permissions: string[]): Promise<RequestOptions> => ({
      credential: (await api.session({ document_id: document, collaboration_permissions }, { user_id: "ana" })).jwt,
    });
    expect((await fill({ lonely: "x" }, await token("form-fields:view:all"))).status).toBe(403);
    expect((await fill({ lonely: "by ana" }, await token("form-fields:view:all", "form-fields:fill:all"))).status).toBe(200);
    expect((await values())["lonely"]).toBe("by ana");
    const { data } = await api.json<{ data: Stored[] }>(at("/form-fields"), await token("annotations:view:all"));
    expect(data).toEqual([]);
  });

  it("the page's image and the exported file show the values", async () => {
    const image = async (): Promise<Buffer> => Buffer.from(await (await api.request(at("/pages/0/image?width=600"))).arrayBuffer());
    const before = await image();
    expect((await fill({ twice: "seen everywhere" })).status).toBe(200);
    expect((await image()).equals(before)).toBe(false);
    const pdf = await (await api.request(at("/pdf"))).arrayBuffer();
    const again = (await api.upload(new Uint8Array(pdf))).id;
    expect((await values("", again))["twice"]).toBe("seen everywhere");
  });

  it("a document without a form has none", async () => {
    const plain = (await api.upload(pagesPdf(1))).id;
    expect(await api.json(at("/form-fields", plain))).toEqual({ data: [] });
    expect(await values("", plain)).toEqual({});
    expect((await api.request(at("/form-fields/none", plain))).status).toBe(404);
  });
});
