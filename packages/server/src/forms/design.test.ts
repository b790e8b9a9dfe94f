/** Form fields and widgets that are made, replaced and deleted over HTTP. */
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RequestOptions, testServer, type TestServer } from "../testing/test-server.ts";

let api: TestServer;
let document: string;
beforeAll(async () => {
  api = await testServer();
  document = (await api.upload(pagesPdf(2))).id;
});
afterAll(() => api.close());

interface Batch {
  readonly result: string;
  readonly data: readonly { readonly id: string }[];
  readonly failingPaths: readonly { readonly path: string; readonly details: string }[];
}
interface Field {
  readonly id: string;
  readonly group: string | null;
  readonly content: Readonly<Record<string, unknown>>;
  readonly widgetAnnotations: readonly { readonly id: string; readonly content: Readonly<Record<string, unknown>> }[];
}

const at = (rest: string): string => `/viewer/documents/${document}${rest}`;
const send = async (method: string, rest: string, json: object, options: RequestOptions = {}): Promise<Batch> =>
  (await (await api.request(at(rest), { method, json, ...options })).json()) as Batch;
const field = async (id: string): Promise<Field> => api.json<Field>(at(`/form-fields/${id}`));
const text = (name: string, more: object = {}) => ({
  v: 1,
  type: "pspdfkit/form-field/text",
  name,
  label: name,
  annotationIds: [],
  ...more,
});
const widget = (formFieldName: string, more: object = {}) => ({
  v: 2,
  type: "pspdfkit/widget",
  pageIndex: 1,
  bbox: [100, 120, 200, 24],
  formFieldName,
  fontSize: "auto",
  borderColor: "#336699",
  ...more,
});

describe("designing a form over HTTP", () => {
  it("makes fields and widgets that can be filled and stand in the exported file", async () => {
    const made = await send("POST", "/form-fields", {
      formFields: [
        { id: "name-field", content: text("customer.name", { maxLength: 40 }), group: "sales" },
        {
          id: "terms-field",
          content: { v: 1, type: "pspdfkit/form-field/checkbox", name: "terms", options: [{ label: "I agree", value: "agreed" }] },
        },
      ],
    });
    expect(made).toMatchObject({ result: "success", data: [{ id: "name-field" }, { id: "terms-field" }], failingPaths: [] });
    const placed = await send("POST", "/form-field-widgets", {
      formFieldWidgets: [
        { id: "name-widget", content: widget("customer.name") },
        { id: "terms-widget", content: widget("terms", { bbox: [100, 160, 16, 16] }) },
      ],
    });
    expect(placed).toMatchObject({ result: "success", data: [{ id: "name-widget" }, { id: "terms-widget" }] });
    expect(await field("name-field")).toMatchObject({
      group: "sales",
      content: { name: "customer.name", maxLength: 40, annotationIds: ["name-widget"] },
      widgetAnnotations: [
        { id: "name-widget", content: { pageIndex: 1, bbox: [100, 120, 200, 24], fontSize: "auto", borderColor: "#336699" } },
      ],
    });
    const values = [
      { name: "customer.name", value: "Ana Ruiz" },
      { name: "terms", value: ["agreed"] },
    ];
    expect((await api.request(at("/form-field-values"), { json: { formFieldValues: values } })).status).toBe(200);
    const pdf = new Uint8Array(await (await api.request(at("/pdf"))).arrayBuffer());
    const again = await api.upload(pdf);
    const { data } = await api.json<{ data: { formFieldValues: { name: string; value: unknown }[] } }>(
      `/viewer/documents/${again.id}/form-field-values`,
    );
    expect(data.formFieldValues.map(({ name, value }) => ({ name, value }))).toEqual(values);
  });

  it("replaces what is given, keeps the type, and tells what is wrong item by item", async () => {
    const renamed = await send("PUT", "/form-fields", {
      formFields: [{ id: "name-field", content: text("customer.fullName", { multiLine: true }) }],
    });
    expect(renamed.result).toBe("success");
    const { content } = await field("name-field");
    expect(content).toMatchObject({ name: "customer.fullName", multiLine: true });
    expect(content["maxLength"]).toBeUndefined();
    const mixed = await send("PUT", "/form-fields", {
      formFields: [
        { id: "name-field", content: { ...text("customer.fullName"), type: "pspdfkit/form-field/listbox" } },
        { id: "nobody", content: text("nobody") },
        { content: text("without id") },
        { id: "terms-field", content: { v: 1, type: "pspdfkit/form-field/checkbox", name: "terms", options: "none" } },
        {
          id: "terms-field",
          content: {
            v: 1,
            type: "pspdfkit/form-field/checkbox",
            name: "terms",
            label: "Our terms",
            options: [{ label: "I agree", value: "agreed" }],
          },
        },
      ],
    });
    expect(mixed).toMatchObject({ result: "partial_failure", data: [{ id: "terms-field" }] });
    expect(mixed.failingPaths.map(({ path }) => path)).toEqual([
      "$.formFields[0].content.type",
      "$.formFields[1]",
      "$.formFields[2].id",
      "$.formFields[3].content.options",
    ]);
    const moved = await send("PUT", "/form-field-widgets", {
      formFieldWidgets: [{ id: "terms-widget", content: widget("terms", { pageIndex: 0, bbox: [10, 10, 20, 20] }) }],
    });
    expect(moved.result).toBe("success");
    const { widgetAnnotations } = await field("terms-field");
    expect(widgetAnnotations[0]!.content).toMatchObject({ pageIndex: 0, bbox: [10, 10, 20, 20] });
  });

  it("refuses widgets of no field, on no page, and fields of no type", async () => {
    const widgets = await send("POST", "/form-field-widgets", {
      formFieldWidgets: [
        { content: widget("no such field") },
        { content: widget("terms", { pageIndex: 7 }) },
        { content: widget("terms", { bbox: [0, 0] }) },
        5,
      ],
    });
    expect(widgets.failingPaths.map(({ path }) => path)).toEqual([
      "$.formFieldWidgets[0].content.formFieldName",
      "$.formFieldWidgets[1].content.pageIndex",
      "$.formFieldWidgets[2].content.bbox",
      "$.formFieldWidgets[3]",
    ]);
    const response = await api.request(at("/form-fields"), {
      json: { formFields: [{ content: { type: "pspdfkit/form-field/slider", name: "x" } }] },
    });
    expect(response.status).toBe(422);
    expect((await api.request(at("/form-fields"), { json: { formFields: [] } })).status).toBe(400);
  });

  it("needs the right to edit, of the group that it is made in", async () => {
    const token = async (...collaboration_permissions: string[]): Promise<RequestOptions> => ({
      credential: (await api.session({ document_id: document, collaboration_permissions }, { user_id: "ana" })).jwt,
    });
    const attempt = async (options: RequestOptions, group: string | null): Promise<number> =>
      (
        await api.request(at("/form-fields"), {
          json: { formFields: [{ content: text(`by ana ${group}`), ...(group === null ? {} : { group }) }] },
          ...options,
        })
      ).status;
    expect(await attempt(await token("form-fields:view:all", "form-fields:fill:all"), null)).toBe(403);
    const inSales = await token("form-fields:view:all", "form-fields:edit:group=sales", "form-fields:set-group:all");
    expect(await attempt(inSales, null)).toBe(403);
    expect(await attempt(inSales, "sales")).toBe(200);
  });

  it("deletes fields with their widgets and values, widgets alone, and all", async () => {
    expect(await send("DELETE", "/form-field-widgets", { formFieldWidgetIds: ["name-widget", "none"] })).toMatchObject({
      result: "partial_failure",
      data: [{ id: "name-widget" }],
    });
    expect((await field("name-field")).widgetAnnotations).toEqual([]);
    expect((await send("DELETE", "/form-fields", { formFieldIds: ["terms-field"] })).result).toBe("success");
    expect((await api.request(at("/form-field-widgets/terms-widget"))).status).toBe(410);
    await send("DELETE", "/form-fields", { formFieldIds: "all" });
    expect(await api.json(at("/form-fields"))).toEqual({ data: [] });
    expect(await api.json(at("/form-field-values"))).toEqual({ data: { formFieldValues: [] } });
  });

  it("a repeat under the same key makes nothing twice", async () => {
    const body = { formFields: [{ content: text("once") }] };
    const options = { headers: { "idempotency-key": "make-it-once" } };
    const [first, second] = [await send("POST", "/form-fields", body, options), await send("POST", "/form-fields", body, options)];
    expect(second.data).toEqual(first.data);
    expect((await api.json<{ data: unknown[] }>(at("/form-fields"))).data).toHaveLength(1);
  });
});
