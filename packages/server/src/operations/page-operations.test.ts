import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PdfDictionary, pdfName, type PdfRef, pdfWriter } from "@lectern/pdf";
import {
  annotatedPdf,
  encryptedPdf,
  ENCRYPTED_PASSWORD,
  ORDER_FIELDS,
  orderForm,
  pagesPdf,
  pdfFile,
  restrictedPdf,
} from "@lectern/pdf/testing";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

const words = (...texts: string[]): Uint8Array =>
  pdfFile({ pages: texts.map((text) => ({ size: [300, 200], content: `BT /F0 20 Tf 20 100 Td (${text}) Tj ET` })) });

interface Applied {
  readonly data: { readonly pageCount: number; readonly seq: number };
}

const operate = (id: string, operations: readonly object[], more: object = {}): Promise<Applied> =>
  server.json<Applied>(`/viewer/documents/${id}/apply_operations`, { method: "POST", json: { operations }, ...more });

async function texts(id: string, layer = ""): Promise<string[]> {
  const path = layer === "" ? "" : `/layers/${layer}`;
  const pages = await server.json<{ textLines: { contents: string }[] }[]>(`/viewer/documents/${id}${path}/pages/text`);
  return pages.map(({ textLines }) => textLines.map(({ contents }) => contents).join(" "));
}

/** Two pages: a field with a widget on each, and a field on each. */
function twoPageForm(): Uint8Array {
  const writer = pdfWriter();
  const [root, tree, both] = [writer.reserve(), writer.reserve(), writer.reserve()];
  const pages = [writer.reserve(), writer.reserve()];
  const widget = (page: PdfRef, y: number, more: PdfDictionary): PdfRef =>
    writer.add({ Type: pdfName("Annot"), Subtype: pdfName("Widget"), P: page, F: 4, Rect: [20, y, 220, y + 20], ...more });
  const kids = pages.map((page) => widget(page, 120, { Parent: both }));
  const own = pages.map((page, at) => widget(page, 60, { FT: pdfName("Tx"), T: at === 0 ? "first" : "second", V: String(at + 1) }));
  writer.set(both, { FT: pdfName("Tx"), T: "both", V: "shared", Kids: kids });
  for (const [at, page] of pages.entries())
    writer.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 300, 200], Resources: {}, Annots: [kids[at]!, own[at]!] });
  writer.set(tree, { Type: pdfName("Pages"), Kids: pages, Count: 2 });
  writer.set(root, { Type: pdfName("Catalog"), Pages: tree, AcroForm: { Fields: [both, ...own], DA: "/Helv 10 Tf 0 g" } });
  return writer.finish({ Root: root });
}

/** Pixels that are not about the same. */
async function differing(one: Buffer, other: Buffer): Promise<number> {
  const [a, b] = await Promise.all([one, other].map((png) => sharp(png).removeAlpha().greyscale().raw().toBuffer()));
  return a!.reduce((sum, value, at) => sum + (Math.abs(value - b![at]!) > 64 ? 1 : 0), 0);
}

async function exported(path: string, options: object = {}): Promise<Buffer> {
  const response = await server.request(path, options);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
}

/** Text by page, by a reader that is not ours. */
function poppler(pdf: Buffer): string[] {
  const folder = mkdtempSync(join(tmpdir(), "lectern-pages-"));
  try {
    const path = join(folder, "a.pdf");
    writeFileSync(path, pdf);
    return execFileSync("pdftotext", [path, "-"])
      .toString()
      .split("\f")
      .slice(0, -1)
      .map((text) => text.trim());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const hasPoppler = (() => {
  try {
    execFileSync("pdftotext", ["-v"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

test("pages are moved, copied, turned, removed, labelled and added in one change, and the download has them so", async () => {
  const { id } = await server.upload(words("one", "two", "three", "four"));
  const { data } = await operate(id, [
    { type: "movePages", pageIndexes: ["last"], beforePageIndex: 0 },
    { type: "duplicatePages", pageIndexes: [1] },
    { type: "removePages", pageIndexes: [3] },
    { type: "rotatePages", pageIndexes: [0], rotateBy: 90 },
    { type: "addPage", afterPageIndex: "last", pageWidth: 100, pageHeight: 50, backgroundColor: "#ffffff", rotateBy: 0 },
    { type: "setPageLabel", pageIndexes: [0], pageLabel: "cover" },
  ]);
  expect(data).toMatchObject({ pageCount: 5, seq: 1 });
  expect(await texts(id)).toEqual(["four", "one", "one", "three", ""]);
  const info = await server.json<{ data: { pages: { width: number; rotation: number; pageLabel: string }[] } }>(
    `/viewer/documents/${id}/document_info`,
  );
  expect(info.data.pages[0]).toMatchObject({ width: 200, pageLabel: "cover" });
  const pdf = await exported(`/viewer/documents/${id}/pdf`);
  if (hasPoppler) expect(poppler(pdf)).toEqual(["four", "one", "one", "three", ""]);
  // The same records, the same bytes; uploaded again it is what was seen.
  expect(pdf.equals(await exported(`/viewer/documents/${id}/pdf`))).toBe(true);
  const again = await server.upload(pdf);
  expect(await texts(again.id)).toEqual(["four", "one", "one", "three", ""]);
  const shape = await server.json<typeof info>(`/viewer/documents/${again.id}/document_info`);
  expect(shape.data.pages[0]).toMatchObject({ width: 200, pageLabel: "cover" });
});

test("moving one page writes one record, and a copied page has copies of its annotations", async () => {
  const { id } = await server.upload(pagesPdf(30));
  const content = {
    type: "pspdfkit/markup/highlight",
    v: 2,
    pageIndex: 20,
    bbox: [10, 10, 50, 10],
    rects: [[10, 10, 50, 10]],
    color: "#ffff00",
  };
  await server.json(`/viewer/documents/${id}/annotations`, { method: "POST", json: { content } });
  await operate(id, [{ type: "movePages", pageIndexes: [20], beforePageIndex: "first" }]);
  const records = async (): Promise<{ kind: string }[]> =>
    (
      await server.json<{ records: { kind: string }[] }>(`/viewer/documents/${id}/records?pages=true`, {
        credential: (await server.session(id)).jwt,
      })
    ).records;
  expect((await records()).filter(({ kind }) => kind === "page")).toHaveLength(1);
  await operate(id, [{ type: "duplicatePages", pageIndexes: ["first"], afterPageIndex: "last" }]);
  const list = await server.json<{ data: { annotations: { id: string; content: { pageIndex: number } }[] } }>(
    `/viewer/documents/${id}/annotations`,
  );
  expect(list.data.annotations.map(({ content: { pageIndex } }) => pageIndex)).toEqual([0, 30]);
  expect(new Set(list.data.annotations.map((annotation) => annotation.id)).size).toBe(2);
});

test("annotations of the file follow their page to another place and into the download", async () => {
  const { id } = await server.upload(annotatedPdf());
  const before = await server.json<{ data: { annotations: { content: { pageIndex: number; bbox: number[] } }[] } }>(
    `/viewer/documents/${id}/annotations`,
  );
  await operate(id, [{ type: "addPage", beforePageIndex: 0 }]);
  const again = await server.upload(await exported(`/viewer/documents/${id}/pdf`));
  const after = await server.json<typeof before>(`/viewer/documents/${again.id}/annotations`);
  const places = (of: typeof before, shift: number): string[] =>
    of.data.annotations.map(({ content: { pageIndex, bbox } }) => JSON.stringify([pageIndex + shift, bbox.map(Math.round)])).toSorted();
  expect(places(after, 0)).toEqual(places(before, 1));
});

test("pages of another document come with what lies on them, for whoever may download it", async () => {
  const [to, from] = await Promise.all([server.upload(words("mine")), server.upload(words("theirs", "rest"))]);
  const content = {
    type: "pspdfkit/markup/highlight",
    v: 2,
    pageIndex: 0,
    bbox: [10, 10, 50, 10],
    rects: [[10, 10, 50, 10]],
    color: "#ffff00",
  };
  await server.json(`/viewer/documents/${from.id}/annotations`, { method: "POST", json: { content } });
  const operations = [{ type: "importDocument", afterPageIndex: -1, importedDocument: { documentId: from.id, pageIndexes: [0] } }];
  const narrow = await server.session(to.id);
  const refused = await server.request(`/viewer/documents/${to.id}/apply_operations`, {
    method: "POST",
    json: { operations },
    credential: narrow.jwt,
  });
  expect(refused.status).toBe(404);
  await operate(to.id, operations);
  expect(await texts(to.id)).toEqual(["theirs", "mine"]);
  // It lives on when the other document is gone.
  await server.request(`/viewer/documents/${from.id}`, { method: "DELETE" });
  const image = await server.request(`/viewer/documents/${to.id}/pages/0/image?width=100`);
  expect(image.status).toBe(200);
  const again = await server.upload(await exported(`/viewer/documents/${to.id}/pdf`));
  expect(await texts(again.id)).toEqual(["theirs", "mine"]);
  const list = await server.json<{ data: { annotations: { content: { pageIndex: number } }[] } }>(
    `/viewer/documents/${again.id}/annotations`,
  );
  expect(list.data.annotations.map(({ content: { pageIndex } }) => pageIndex)).toEqual([0]);
});

test("two documents whose files differ in their content alone are told apart", async () => {
  const [a, b] = await Promise.all([server.upload(words("first")), server.upload(words("other"))]);
  expect([await texts(a.id), await texts(b.id)]).toEqual([["first"], ["other"]]);
});

test("a download with operations changes nothing", async () => {
  const { id } = await server.upload(words("one", "two"));
  const operations = [
    { type: "keepPages", pageIndexes: [1] },
    { type: "updateMetadata", metadata: { title: "Only two" } },
  ];
  const pdf = await exported(`/viewer/documents/${id}/pdf_with_operations`, { method: "POST", json: { operations } });
  if (hasPoppler) expect(poppler(pdf)).toEqual(["two"]);
  expect(await texts((await server.upload(pdf)).id)).toEqual(["two"]);
  expect(pdf.includes("Only two")).toBe(true);
  expect(await texts(id)).toEqual(["one", "two"]);
});

test("a title of the file is removed for good, whatever the layer has written before", async () => {
  const { id } = await server.upload(pdfFile({ pages: [{ content: "" }], info: { Title: "Of the file", Author: "Ann" } }));
  const told = async (): Promise<object> => {
    const copy = await server.upload(await exported(`/viewer/documents/${id}/pdf`));
    const { data } = await server.json<{ data: { metadata: { title?: string; author?: string } } }>(
      `/viewer/documents/${copy.id}/document_info`,
    );
    return { title: data.metadata.title ?? null, author: data.metadata.author ?? null };
  };
  expect(await told()).toEqual({ title: "Of the file", author: "Ann" });
  await operate(id, [{ type: "updateMetadata", metadata: { title: null } }]);
  expect(await told()).toEqual({ title: null, author: "Ann" });
  await operate(id, [{ type: "updateMetadata", metadata: { title: "Written", author: null } }]);
  expect(await told()).toEqual({ title: "Written", author: null });
  await operate(id, [{ type: "updateMetadata", metadata: { title: null } }]);
  expect(await told()).toEqual({ title: null, author: null });
});

test("some pages are downloaded in the order wanted, and with a password", async () => {
  const { id } = await server.upload(words("one", "two", "three"));
  const download = (json: object): Promise<Buffer> => exported(`/viewer/documents/${id}/pdf`, { method: "POST", json });
  expect(await texts((await server.upload(await download({ pages: [2, 0] }))).id)).toEqual(["three", "one"]);
  expect(await server.upload(await download({ user_password: "open me" }))).toMatchObject({ status: "locked" });
  const none = await server.request(`/viewer/documents/${id}/pdf`, { method: "POST", json: { pages: [7] } });
  expect(none.status).toBe(422);
});

test("flattened annotations are content: drawn, and none any more", async () => {
  const { id } = await server.upload(words("one", "two"));
  const content = {
    type: "pspdfkit/shape/rectangle",
    v: 2,
    pageIndex: 1,
    bbox: [20, 20, 100, 50],
    strokeWidth: 1,
    strokeColor: "#000000",
    fillColor: "#000000",
    opacity: 1,
  };
  await server.json(`/viewer/documents/${id}/annotations`, { method: "POST", json: { content } });
  const image = async (): Promise<Buffer> => exported(`/viewer/documents/${id}/pages/1/image?width=300`);
  const before = await image();
  await operate(id, [{ type: "flattenAnnotations" }]);
  const list = await server.json<{ data: { annotations: unknown[] } }>(`/viewer/documents/${id}/annotations`);
  expect(list.data.annotations).toEqual([]);
  expect((await image()).equals(before)).toBe(true);
});

interface Listed {
  readonly data: {
    readonly annotations: readonly { readonly id: string; readonly content: { readonly type: string; readonly pageIndex: number } }[];
  };
}

const listed = async (id: string): Promise<Listed["data"]["annotations"]> =>
  (await server.json<Listed>(`/viewer/documents/${id}/annotations`)).data.annotations;

const fieldNames = async (id: string): Promise<string[]> => (await fieldsOf(id)).map(({ content }) => content.name);

const setValue = (id: string, name: string, value: string): Promise<unknown> =>
  server.json(`/viewer/documents/${id}/form-field-values`, {
    method: "POST",
    json: { formFieldValues: [{ name, value, v: 1, type: "pspdfkit/form-field-value" }] },
  });

async function valuesOf(id: string): Promise<Record<string, unknown>> {
  const { data } = await server.json<{ data: { formFieldValues: { name: string; value: unknown }[] } }>(
    `/viewer/documents/${id}/form-field-values`,
  );
  return Object.fromEntries(data.formFieldValues.map(({ name, value }) => [name, value]));
}

interface FieldListed {
  readonly content: { readonly name: string };
  readonly widgetAnnotations: readonly { readonly id: string }[];
}

const fieldsOf = async (id: string): Promise<readonly FieldListed[]> =>
  (await server.json<{ data: FieldListed[] }>(`/viewer/documents/${id}/form-fields`)).data;

test("single annotations and fields are flattened; the rest stays what it is, on the screen and in every later download", async () => {
  const { id } = await server.upload(orderForm());
  const content = { type: "pspdfkit/shape/rectangle", v: 2, pageIndex: 0, strokeWidth: 1, strokeColor: "#000000", opacity: 1 };
  const make = async (bbox: readonly number[]): Promise<string> =>
    (
      await server.json<{ data: { id: string } }>(`/viewer/documents/${id}/annotations`, {
        method: "POST",
        json: { content: { ...content, bbox } },
      })
    ).data.id;
  const [one, two] = [await make([300, 20, 100, 50]), await make([420, 20, 100, 50])];
  await server.json(`/viewer/documents/${id}/form-field-values`, {
    method: "POST",
    json: { formFieldValues: [{ name: "order.quantity", value: "42", v: 1, type: "pspdfkit/form-field-value" }] },
  });
  const widget = (await fieldsOf(id)).find(({ content: { name } }) => name === "order.quantity")!.widgetAnnotations[0]!.id;
  const image = async (): Promise<Buffer> => exported(`/viewer/documents/${id}/pages/0/image?width=595`);
  const before = await image();
  const scope = { type: "flattenAnnotations", annotationIds: [one, widget] };
  const download = await exported(`/viewer/documents/${id}/pdf_with_operations`, { method: "POST", json: { operations: [scope] } });
  await operate(id, [scope]);
  expect((await listed(id)).map((each) => each.id)).toEqual([two]);
  const left = ORDER_FIELDS.filter((name) => name !== "order.quantity");
  expect((await fieldNames(id)).toSorted()).toEqual([...left].toSorted());
  expect(await differing(before, await image())).toBeLessThan(60);
  for (const file of [download, await exported(`/viewer/documents/${id}/pdf`)]) {
    const again = await server.upload(new Uint8Array(file));
    expect((await listed(again.id)).map(({ content: { type } }) => type)).toEqual(["pspdfkit/shape/rectangle"]);
    expect((await fieldNames(again.id)).toSorted()).toEqual([...left].toSorted());
  }
  const unknown = await server.request(`/viewer/documents/${id}/apply_operations`, {
    method: "POST",
    json: { operations: [{ type: "flattenAnnotations", annotationIds: ["nothing-like-it"] }] },
  });
  expect(unknown.status).toBe(422);
  expect(await unknown.json()).toMatchObject({ failingPaths: [{ path: "$.operations[0].annotationIds[0]" }] });
});

test("fields come along with imported pages: with values, one for all their widgets, under names that no other has", async () => {
  const { id } = await server.upload(twoPageForm());
  const other = await server.upload(twoPageForm());
  await setValue(other.id, "both", "from elsewhere");
  await operate(id, [{ type: "importDocument", afterPageIndex: "last", importedDocument: { documentId: other.id } }]);
  const brought = await server.request(`/viewer/documents/${id}/pages`, {
    method: "POST",
    body: twoPageForm(),
    headers: { "content-type": "application/pdf" },
  });
  expect(brought.status).toBe(200);
  const names = ["both", "both_2", "both_3", "first", "first_2", "first_3", "second", "second_2", "second_3"];
  const widgets = (fields: readonly FieldListed[]): string[] =>
    fields.map(({ content, widgetAnnotations }) => `${content.name} ${widgetAnnotations.length}`).toSorted();
  const counted = names.map((name) => `${name} ${name.startsWith("both") ? 2 : 1}`).toSorted();
  expect(widgets(await fieldsOf(id))).toEqual(counted);
  await setValue(id, "both_3", "changed here");
  const values = { both: "shared", both_2: "from elsewhere", both_3: "changed here", first: "1", first_2: "1", first_3: "1" };
  expect(await valuesOf(id)).toMatchObject(values);
  // The download has the same fields, and so has what comes of it.
  const again = await server.upload(new Uint8Array(await exported(`/viewer/documents/${id}/pdf`)));
  expect(widgets(await fieldsOf(again.id))).toEqual(counted);
  expect(await valuesOf(again.id)).toMatchObject(values);
});

test("a copied page has more widgets of the same fields, in the download too", async () => {
  const { id } = await server.upload(twoPageForm());
  await operate(id, [{ type: "duplicatePages", pageIndexes: [0] }]);
  await setValue(id, "first", "both places");
  const count = async (of: string): Promise<string[]> =>
    (await fieldsOf(of)).map(({ content, widgetAnnotations }) => `${content.name} ${widgetAnnotations.length}`).toSorted();
  const counted = ["both 3", "first 2", "second 1"];
  expect(await count(id)).toEqual(counted);
  const again = await server.upload(new Uint8Array(await exported(`/viewer/documents/${id}/pdf`)));
  expect(await count(again.id)).toEqual(counted);
  expect(await valuesOf(again.id)).toMatchObject({ first: "both places", second: "2" });
});

test("of some pages flattened the others keep their annotations and fields, which can still be changed", async () => {
  const { id } = await server.upload(twoPageForm());
  const rectangle = (pageIndex: number): object => ({
    content: { type: "pspdfkit/shape/rectangle", v: 2, pageIndex, bbox: [20, 20, 100, 50], strokeWidth: 1, strokeColor: "#000000" },
  });
  for (const page of [0, 1]) await server.json(`/viewer/documents/${id}/annotations`, { method: "POST", json: rectangle(page) });
  await operate(id, [{ type: "flattenAnnotations", pageIndexes: [0] }]);
  expect((await listed(id)).map(({ content }) => content.pageIndex)).toEqual([1]);
  expect(await fieldNames(id)).toEqual(["both", "second"]);
  await server.json(`/viewer/documents/${id}/form-field-values`, {
    method: "POST",
    json: { formFieldValues: [{ name: "both", value: "still", v: 1, type: "pspdfkit/form-field-value" }] },
  });
  const again = await server.upload(new Uint8Array(await exported(`/viewer/documents/${id}/pdf`)));
  expect((await listed(again.id)).map(({ content }) => content.pageIndex)).toEqual([1]);
  expect(await fieldNames(again.id)).toEqual(["both", "second"]);
  const values = await server.json<{ data: { formFieldValues: { name: string; value: string }[] } }>(
    `/viewer/documents/${again.id}/form-field-values`,
  );
  expect(values.data.formFieldValues).toMatchObject([
    { name: "both", value: "still" },
    { name: "second", value: "2" },
  ]);
});

test("what cannot be done is named by its path, and leaves the document as it was", async () => {
  const { id } = await server.upload(words("one"));
  for (const [operation, path] of [
    [{ type: "removePages", pageIndexes: [4] }, "$.operations[1].pageIndexes[0]"],
    [{ type: "addPage" }, "$.operations[1]"],
    [{ type: "keepPages", pageIndexes: [] }, undefined],
  ] as const) {
    const response = await server.request(`/viewer/documents/${id}/apply_operations`, {
      method: "POST",
      json: { operations: [{ type: "rotatePages", pageIndexes: "all", rotateBy: 90 }, operation] },
    });
    expect(response.status).toBe(422);
    const problem = (await response.json()) as { failingPaths?: { path: string }[] };
    expect(problem.failingPaths?.[0]?.path).toBe(path);
  }
  const info = await server.json<{ data: { pages: { width: number }[] } }>(`/viewer/documents/${id}/document_info`);
  expect(info.data.pages[0]).toMatchObject({ width: 300 });
  const reader = await server.session({
    document_id: id,
    document_permissions: ["read", "write"],
    collaboration_permissions: ["annotations:edit:all"],
  });
  const refused = await server.request(`/viewer/documents/${id}/apply_operations`, {
    method: "POST",
    json: { operations: [{ type: "rotatePages", pageIndexes: "all", rotateBy: 90 }] },
    credential: reader.jwt,
  });
  expect(refused.status).toBe(403);
});

test("a file keeps its password and its owner's restrictions when its pages change", async () => {
  const password = { "document-password": ENCRYPTED_PASSWORD };
  const uploaded = async (body: Uint8Array, given: string): Promise<string> => {
    const { data } = await server.json<{ data: { id: string } }>("/viewer/documents", {
      method: "POST",
      body,
      headers: { "document-password": given, "content-type": "application/pdf" },
    });
    return data.id;
  };
  const id = await uploaded(encryptedPdf(), ENCRYPTED_PASSWORD);
  const rotate = [{ type: "rotatePages", pageIndexes: [0], rotateBy: 90 }];
  await operate(id, rotate, { headers: password });
  const secret = await exported(`/viewer/documents/${id}/pdf`, { headers: password });
  expect(await server.upload(secret)).toMatchObject({ status: "locked" });
  // Both passwords open it, and the reader's is not the owner's.
  for (const each of [ENCRYPTED_PASSWORD, "owner"])
    expect(
      (await server.json<{ data: object }>(`/viewer/documents/${await uploaded(secret, each)}`, { headers: { "document-password": each } }))
        .data,
    ).toMatchObject({ status: "ready" });

  const restricted = await server.upload(restrictedPdf());
  await operate(restricted.id, [...rotate, { type: "addPage", afterPageIndex: 0 }]);
  const again = await server.upload(await exported(`/viewer/documents/${restricted.id}/pdf`));
  const info = await server.json<{ data: { pageCount: number; permissions: object } }>(`/viewer/documents/${again.id}/document_info`);
  expect(info.data).toMatchObject({
    pageCount: 2,
    permissions: { extract: false, modification: false, printHighQuality: false, print: true },
  });
});

test("the log names the session that did it", async () => {
  const { id } = await server.upload(annotatedPdf());
  const session = await server.session({ document_id: id, document_permissions: ["read", "write"] }, { user_id: "mia" });
  const operations = [
    { type: "rotatePages", pageIndexes: [0], rotateBy: 90 },
    { type: "updateMetadata", metadata: { title: "New" } },
    { type: "flattenAnnotations" },
  ];
  await operate(id, operations, { credential: session.jwt });
  const { data } = await server.json<{ data: { session?: string }[] }>(`/viewer/documents/${id}/changes`);
  expect(data.length).toBeGreaterThanOrEqual(3);
  expect(new Set(data.map((change) => change.session))).toEqual(new Set([session.session_id]));
});

test("the pages of a file are added where they are wanted, with its annotations, by whoever may change pages", async () => {
  const { id } = await server.upload(words("one", "two"));
  const add = (query: string, body: Uint8Array, more: object = {}): Promise<Response> =>
    server.request(`/viewer/documents/${id}/pages?${query}`, {
      method: "POST",
      body,
      headers: { "content-type": "application/octet-stream" },
      ...more,
    });
  const { jwt } = await server.session({ document_id: id, document_permissions: ["read", "write"] });
  const response = await add("index=1", annotatedPdf(), { credential: jwt });
  expect(response.status).toBe(200);
  const { data } = (await response.json()) as { data: { pageCount: number; pageIds: string[] } };
  const added = data.pageIds.length;
  expect(data.pageCount).toBe(2 + added);
  const after = await texts(id);
  expect([after[0], after.at(-1)]).toEqual(["one", "two"]);
  const list = await server.json<{ data: { annotations: { content: { pageIndex: number } }[] } }>(`/viewer/documents/${id}/annotations`);
  expect(list.data.annotations.length).toBeGreaterThan(3);
  expect(list.data.annotations.every(({ content }) => content.pageIndex >= 1 && content.pageIndex <= added)).toBe(true);

  const text = await add("file_name=note.txt", Buffer.from("plain words"));
  expect(text.status).toBe(200);
  expect((await texts(id)).at(-1)).toBe("plain words");
  const reader = await server.session({ document_id: id, document_permissions: ["read"] });
  expect((await add("", words("no"), { credential: reader.jwt })).status).toBe(403);
  expect((await add("index=99", words("no"))).status).toBe(422);
  expect((await add("", Buffer.from([0, 1, 2, 3]))).status).toBe(422);
  expect((await add("", encryptedPdf())).status).toBe(403);
  expect((await texts(id)).length).toBe(3 + added);
});

test("a blank page has an image: white in its size and turned as it is, with what lies on it; a crop changes the image of any page", async () => {
  const { id } = await server.upload(words("one"));
  await operate(id, [{ type: "addPage", beforePageIndex: 0, pageWidth: 200, pageHeight: 100, rotateBy: 90 }]);
  const shown = async (page: number, query: string): Promise<{ readonly bytes: Buffer; readonly etag: string }> => {
    const response = await server.request(`/viewer/documents/${id}/pages/${page}/image?${query}`);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/png"]);
    return { bytes: Buffer.from(await response.arrayBuffer()), etag: response.headers.get("etag")! };
  };
  const blank = await shown(0, "width=50");
  const { data, info } = await sharp(blank.bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([50, 100]);
  expect(new Set(data)).toEqual(new Set([255]));
  const content = {
    type: "pspdfkit/shape/rectangle",
    v: 2,
    pageIndex: 0,
    bbox: [0, 0, 100, 200],
    strokeWidth: 1,
    strokeColor: "#000000",
    fillColor: "#000000",
    opacity: 1,
  };
  await server.json(`/viewer/documents/${id}/annotations`, { method: "POST", json: { content } });
  const marked = await shown(0, "width=50");
  expect(marked.etag).not.toBe(blank.etag);
  const { channels } = await sharp(marked.bytes).removeAlpha().stats();
  for (const { mean } of channels) expect(mean).toBeLessThan(5);
  expect((await server.request(`/viewer/documents/${id}/cover?width=100`)).status).toBe(200);
  expect(await server.json(`/viewer/documents/${id}/pages/0/text`)).toEqual({ textLines: [] });
  const etags = [(await shown(1, "width=100")).etag];
  for (const cropBox of [[0, 0, 100, 100], [50, 50, 100, 100], null]) {
    await operate(id, [{ type: "cropPages", pageIndexes: [1], cropBox }]);
    etags.push((await shown(1, "width=100")).etag);
  }
  expect(new Set(etags).size).toBe(3);
  expect(etags[3]).toBe(etags[0]);
});

test("a layer has an outline of its own, which others do not see", async () => {
  const { id } = await server.upload(words("one", "two"));
  await server.json(`/viewer/documents/${id}/layers`, { json: { name: "review" } });
  const element = (title: string): object => ({ title, action: { type: "goTo", pageIndex: 1 }, children: [] });
  await server.json(`/viewer/documents/${id}/outline.json`, { method: "PUT", json: { outline: [element("for all")] } });
  await server.json(`/viewer/documents/${id}/layers/review/outline.json`, { method: "PUT", json: { outline: [element("for review")] } });
  const titles = async (path: string): Promise<string[]> =>
    (await server.json<{ data: { outline: { title: string }[] } }>(`/api/documents/${id}${path}/outline.json`)).data.outline.map(
      ({ title }) => title,
    );
  expect(await titles("")).toEqual(["for all"]);
  expect(await titles("/layers/review")).toEqual(["for review"]);
  expect((await server.request(`/api/documents/${id}/layers/none/outline.json`)).status).toBe(404);
});
