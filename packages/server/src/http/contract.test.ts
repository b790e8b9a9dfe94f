/** Every published operation is asked for as a client written for it does, and must answer with its status and its shape, or say that it is not offered. */
import { embeddedFilePdf, formPdf, layeredPdf, pagesPdf } from "@lectern/pdf/testing";
import { deviations, PUBLISHED_SHAPES } from "@lectern/protocol/published";
import { PUBLISHED, servedOperations } from "@lectern/protocol/upstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { identity, signPdf, unsignedPdf } from "../testing/signed-pdf.ts";
import { type RequestOptions, testServer, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
let document: string;
beforeAll(async () => {
  server = await testServer();
  document = (await server.upload(formPdf(), "title=Order")).id;
  await server.json(`/api/documents/${document}/layers`, { json: { name: "review" } });
});
afterAll(() => server.close());

type Request = RequestOptions & { readonly path: string };
/** Makes what an operation needs; `at`: the document, or one of its layers. */
type Prepare = (at: string) => Promise<Request> | Request;

const bbox = [10, 10, 100, 50];
const note = {
  v: 2,
  type: "pspdfkit/note",
  pageIndex: 0,
  bbox: [10, 10, 20, 20],
  text: { format: "plain", value: "Why?" },
  icon: "comment",
};
const highlight = { v: 2, type: "pspdfkit/markup/highlight", pageIndex: 0, bbox, rects: [bbox], color: "#fcee7c", opacity: 1 };
const comment = { pageIndex: 0, text: { format: "plain", value: "Look" } };
const marker = { v: 2, type: "pspdfkit/comment-marker", pageIndex: 0, bbox: [10, 10, 20, 20] };
let count = 0;
const fresh = (name: string): string => `${name}-${++count}`;

async function annotation(at: string, content: object = note): Promise<string> {
  const id = fresh("annotation");
  await server.json(`${at}/annotations`, { json: { id, content } });
  return id;
}
async function thread(at: string): Promise<string> {
  const answer = await server.json<{ data: { annotation: { id: string } } }>(`${at}/comments`, {
    json: { annotation: { content: marker }, comments: [{ content: comment }] },
  });
  return answer.data.annotation.id;
}
const firstId = async (path: string): Promise<string> => (await server.json<{ data: { id: string }[] }>(path)).data[0]!.id;
const textField = (name: string) => ({ v: 1, type: "pspdfkit/form-field/text", name, label: name, annotationIds: [] });
const widget = (formFieldName: string) => ({ v: 2, type: "pspdfkit/widget", pageIndex: 0, bbox: [20, 20, 100, 20], formFieldName });
async function field(at: string): Promise<{ id: string; name: string }> {
  const made = { id: fresh("field"), name: fresh("extra") };
  await server.json(`${at}/form-fields`, { json: { formFields: [{ id: made.id, content: textField(made.name) }] } });
  return made;
}
async function formWidget(at: string): Promise<{ id: string; name: string }> {
  const { name } = await field(at);
  const id = fresh("widget");
  await server.json(`${at}/form-field-widgets`, { json: { formFieldWidgets: [{ id, content: widget(name) }] } });
  return { id, name };
}
const bookmark = { v: 1, type: "pspdfkit/bookmark", name: "Here", action: { type: "goTo", pageIndex: 0 } };
async function bookmarkAt(at: string): Promise<string> {
  const id = fresh("bookmark");
  await server.json(`${at}/bookmarks`, { json: { id, content: bookmark } });
  return id;
}
function instantJson(): FormData {
  const form = new FormData();
  const content = { format: "https://pspdfkit.com/instant-json/v1", annotations: [{ ...note, id: fresh("imported") }] };
  form.set("instant.json", new Blob([JSON.stringify(content)], { type: "application/json" }), "instant.json");
  return form;
}
const signedFile = (): Buffer => signPdf(unsignedPdf(), { signer: identity("Ana") });
/** The same place in a document of its own, for what changes pages. */
async function elsewhere(at: string, file: Uint8Array = pagesPdf(2)): Promise<string> {
  const { id } = await server.upload(file);
  if (!at.includes("/layers/")) return `/api/documents/${id}`;
  await server.json(`/api/documents/${id}/layers`, { json: { name: "review" } });
  return `/api/documents/${id}/layers/review`;
}
const get =
  (rest: string): Prepare =>
  (at) => ({ path: at + rest });
const instructions = (name: string) => ({ parts: [{ document: { id: name } }], actions: [{ type: "rotate", rotateBy: 90 }] });
const rotate = { operations: [{ type: "rotatePages", pageIndexes: [0], rotateBy: 90 }] };

/** By method and path below /api; a layer's operation is prepared as the document's. */
const REQUESTS: Readonly<Record<string, Prepare>> = {
  "GET /documents": () => ({ path: "/api/documents?page_size=2&count_remaining=true" }),
  "POST /documents": () => ({ path: "/api/documents", body: Buffer.from(pagesPdf(1)), headers: { "content-type": "application/pdf" } }),
  "DELETE /documents": async () => {
    await server.upload(pagesPdf(1), "title=Obsolete");
    return { method: "DELETE", path: "/api/documents?title=Obsolete" };
  },
  "DELETE /documents/{documentId}": async () => ({ method: "DELETE", path: `/api/documents/${(await server.upload(pagesPdf(1))).id}` }),
  "GET /documents/{documentId}/outline.json": get("/outline.json"),
  "GET /documents/{documentId}/document_info": get("/document_info"),
  "GET /documents/{documentId}/properties": get("/properties"),
  "GET /documents/{documentId}/search": async (at) => ({
    path: `${await elsewhere(at)}/search?q=PAGE&type=text&case_sensitive=false`,
  }),
  "GET /documents/{documentId}/pages/text": get("/pages/text"),
  "GET /documents/{documentId}/pages/{pageIndex}/text": get("/pages/0/text?ocr=true"),
  "GET /documents/{documentId}/pages/{pageIndex}/highlighted": async (at) => {
    await annotation(at, highlight);
    return { path: `${at}/pages/0/highlighted` };
  },
  "GET /documents/{documentId}/pages/{pageIndex}/image": get("/pages/0/image?width=64"),
  "POST /documents/{documentId}/prerender": (at) => ({ path: `${at}/prerender`, json: {} }),
  "POST /build": () => ({ path: "/api/build", json: { parts: [{ document: { id: document } }] } }),
  "POST /documents/{documentId}/apply_instructions": async (at) => {
    const other = await elsewhere(at);
    return { path: `${other}/apply_instructions`, json: instructions("#self") };
  },
  "POST /documents/{documentId}/apply_operations": async (at) => ({ path: `${await elsewhere(at)}/apply_operations`, json: rotate }),
  "POST /documents/{documentId}/pdf_with_operations": (at) => ({ path: `${at}/pdf_with_operations`, json: rotate }),
  "GET /documents/{documentId}/pdf": get("/pdf?flatten=true"),
  "POST /documents/{documentId}/pdf": (at) => ({ path: `${at}/pdf`, json: { type: "pdf", flatten: true } }),
  "GET /documents/{documentId}/annotations": async (at) => {
    await annotation(at);
    return { path: `${at}/annotations` };
  },
  "POST /documents/{documentId}/annotations": (at) => ({ path: `${at}/annotations`, json: { content: note, user_id: "ana" } }),
  "PUT /documents/{documentId}/annotations": async (at) => {
    const id = await annotation(at);
    return { method: "PUT", path: `${at}/annotations`, json: { annotations: [{ id, content: note }] } };
  },
  "DELETE /documents/{documentId}/annotations": async (at) => {
    const id = await annotation(at);
    return { method: "DELETE", path: `${at}/annotations`, json: { annotationIds: [id] } };
  },
  "GET /documents/{documentId}/pages/{pageIndex}/annotations": async (at) => {
    await annotation(at);
    return { path: `${at}/pages/0/annotations` };
  },
  "GET /documents/{documentId}/annotations/{annotationId}": async (at) => ({ path: `${at}/annotations/${await annotation(at)}` }),
  "PUT /documents/{documentId}/annotations/{annotationId}": async (at) => {
    const id = await annotation(at);
    return { method: "PUT", path: `${at}/annotations/${id}`, json: { content: note } };
  },
  "DELETE /documents/{documentId}/annotations/{annotationId}": async (at) => ({
    method: "DELETE",
    path: `${at}/annotations/${await annotation(at)}`,
  }),
  "GET /documents/{documentId}/form-field-values": get("/form-field-values"),
  "POST /documents/{documentId}/form-field-values": async (at) => {
    const { name } = await field(at);
    return { path: `${at}/form-field-values`, json: { formFieldValues: [{ name, value: "7" }] } };
  },
  "POST /inspect_signatures": () => ({
    path: "/api/inspect_signatures",
    body: signedFile(),
    headers: { "content-type": "application/pdf" },
  }),
  "GET /documents/{documentId}/signatures": async (at) => ({ path: `${await elsewhere(at, signedFile())}/signatures` }),
  "GET /documents/{documentId}/annotations/{annotationId}/comments": async (at) => ({
    path: `${at}/annotations/${await thread(at)}/comments`,
  }),
  "POST /documents/{documentId}/annotations/{annotationId}/comments": async (at) => ({
    path: `${at}/annotations/${await thread(at)}/comments`,
    json: { comments: [{ content: comment }] },
  }),
  "POST /documents/{documentId}/comments": (at) => ({
    path: `${at}/comments`,
    json: { annotation: { content: marker }, comments: [{ content: comment, user_id: "ana" }] },
  }),
  "POST /documents/{documentId}/redactions": async (at) => ({
    path: `${await elsewhere(at)}/redactions`,
    json: { strategy: "text", strategyOptions: { text: "page" } },
  }),
  "POST /documents/{documentId}/redact": async (at) => {
    const other = await elsewhere(at);
    await server.json(`${other}/redactions`, { json: { strategy: "text", strategyOptions: { text: "page" } } });
    return { path: `${other}/redact`, json: null };
  },
  "GET /documents/{documentId}/attachments/{attachmentId}": async (at) => {
    const png = Buffer.from(await (await server.request(`${at}/pages/0/image?width=16`)).arrayBuffer());
    const { data } = await server.json<{ data: { id: string } }>(`${at}/attachments`, {
      body: png,
      headers: { "content-type": "image/png" },
    });
    await annotation(at, { v: 2, type: "pspdfkit/image", pageIndex: 0, bbox, contentType: "image/png", imageAttachmentId: data.id });
    return { path: `${at}/attachments/${data.id}` };
  },
  "GET /documents/{documentId}/form-fields": get("/form-fields"),
  "POST /documents/{documentId}/form-fields": (at) => ({
    path: `${at}/form-fields`,
    json: { formFields: [{ content: textField(fresh("extra")) }] },
  }),
  "PUT /documents/{documentId}/form-fields": async (at) => {
    const { id, name } = await field(at);
    return { method: "PUT", path: `${at}/form-fields`, json: { formFields: [{ id, content: textField(name) }] } };
  },
  "DELETE /documents/{documentId}/form-fields": async (at) => {
    const { id } = await field(at);
    return { method: "DELETE", path: `${at}/form-fields`, json: { formFieldIds: [id] } };
  },
  "GET /documents/{documentId}/form-fields/{formFieldId}": async (at) => ({
    path: `${at}/form-fields/${await firstId(`${at}/form-fields`)}`,
  }),
  "GET /documents/{documentId}/form-field-widgets": get("/form-field-widgets"),
  "POST /documents/{documentId}/form-field-widgets": async (at) => {
    const { name } = await field(at);
    return { path: `${at}/form-field-widgets`, json: { formFieldWidgets: [{ content: widget(name) }] } };
  },
  "PUT /documents/{documentId}/form-field-widgets": async (at) => {
    const { id, name } = await formWidget(at);
    return { method: "PUT", path: `${at}/form-field-widgets`, json: { formFieldWidgets: [{ id, content: widget(name) }] } };
  },
  "DELETE /documents/{documentId}/form-field-widgets": async (at) => {
    const { id } = await formWidget(at);
    return { method: "DELETE", path: `${at}/form-field-widgets`, json: { formFieldWidgetIds: [id] } };
  },
  "GET /documents/{documentId}/form-field-widgets/{formFieldWidgetId}": async (at) => ({
    path: `${at}/form-field-widgets/${await firstId(`${at}/form-field-widgets`)}`,
  }),
  "GET /documents/{documentId}/layers": get("/layers"),
  "POST /documents/{documentId}/layers": (at) => ({ path: `${at}/layers`, json: { name: fresh("layer") } }),
  "DELETE /documents/{documentId}/layers/{layerName}": async () => {
    const path = `/api/documents/${document}/layers`;
    const name = fresh("layer");
    await server.json(path, { json: { name } });
    return { method: "DELETE", path: `${path}/${name}` };
  },
  "POST /copy_document": () => ({ path: "/api/copy_document", json: { document_id: document } }),
  "POST /revoke": async () => ({ path: "/api/revoke", json: { jwts: [(await server.session(document)).jwt] } }),
  "GET /documents/{documentId}/document.xfdf": get("/document.xfdf"),
  "GET /documents/{documentId}/document.json": get("/document.json"),
  "POST /documents/{documentId}/apply_instant_json": async (at) => ({
    path: `${await elsewhere(at)}/apply_instant_json`,
    method: "POST",
    body: instantJson(),
  }),
  "POST /documents/{documentId}/pdf_with_instant_json": (at) => ({
    path: `${at}/pdf_with_instant_json`,
    method: "POST",
    body: instantJson(),
  }),
  "POST /documents/{documentId}/bookmarks": (at) => ({ path: `${at}/bookmarks`, json: { id: fresh("bookmark"), content: bookmark } }),
  "PUT /documents/{documentId}/bookmarks/{bookmarkId}": async (at) => {
    const id = await bookmarkAt(at);
    return { method: "PUT", path: `${at}/bookmarks/${id}`, json: { id, content: bookmark } };
  },
  "DELETE /documents/{documentId}/bookmarks/{bookmarkId}": async (at) => ({
    method: "DELETE",
    path: `${at}/bookmarks/${await bookmarkAt(at)}`,
  }),
  "POST /documents/{documentId}/copy_with_instant_json": (at) => ({ path: `${at}/copy_with_instant_json`, method: "POST" }),
  "GET /documents/{documentId}/bookmarks": get("/bookmarks"),
  "GET /documents/{documentId}/embedded-files": async (at) => ({ path: `${await elsewhere(at, embeddedFilePdf())}/embedded-files` }),
  "GET /documents/{documentId}/fonts": get("/fonts"),
  "GET /documents/{documentId}/ocg-layers": async (at) => ({ path: `${await elsewhere(at, layeredPdf())}/ocg-layers` }),
  "GET /documents/{documentId}/font_substitutions": get("/font_substitutions"),
  "GET /font_substitutions": () => ({ path: "/api/font_substitutions" }),
  "GET /async/jobs/{jobId}": async () => {
    const { data } = await server.json<{ data: { jobId: string } }>(`/api/documents/${document}/prerender`, { json: {} });
    return { path: `/api/async/jobs/${data.jobId}` };
  },
  "GET /fonts": () => ({ path: "/api/fonts" }),
};

const served = servedOperations();

test.each(PUBLISHED)("%s (%s %s)", async (operationId, method, path, status, shape) => {
  const inLayer = path.includes("/layers/{layerName}/");
  const at = `/api/documents/${document}${inLayer ? "/layers/review" : ""}`;
  if (!served.has(operationId)) {
    const response = await server.request(`/api${path.replace("{documentId}", document).replaceAll(/\{\w+\}/g, "x")}`, { method });
    expect(response.status).toBe(501);
    expect(await response.json()).toMatchObject({ code: "not_implemented" });
    return;
  }
  const prepare = REQUESTS[`${method} ${path.replace("/layers/{layerName}/", "/")}`];
  if (prepare === undefined) return expect.fail("The registry has it, but this test does not ask for it");
  const { path: address, ...options } = await prepare(at);
  const response = await server.request(address, options);
  const body = Buffer.from(await response.arrayBuffer());
  expect(response.status, body.toString().slice(0, 300)).toBe(status);
  const type = response.headers.get("content-type") ?? "";
  if (shape === "bytes") expect(body.length).toBeGreaterThan(0);
  else if (shape.includes("/")) expect(type.startsWith(shape), type).toBe(true);
  else if (shape !== "") {
    const answer: unknown = JSON.parse(body.toString());
    expect(deviations(PUBLISHED_SHAPES[shape]!, answer), body.toString().slice(0, 500)).toEqual([]);
    // A list without entries would show nothing; of these there can be none.
    if (shape !== "FontSubstitutions" && Array.isArray((answer as { data?: unknown }).data))
      expect((answer as { data: unknown[] }).data.length).toBeGreaterThan(0);
  }
});

test("every name of a shape is one, and every shape is of an operation", () => {
  const named = new Set(
    PUBLISHED.map(([, , , , shape]) => shape).filter((shape) => shape !== "" && shape !== "bytes" && !shape.includes("/")),
  );
  expect([...named].toSorted()).toEqual(Object.keys(PUBLISHED_SHAPES).toSorted());
});
