import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { formPdf, encryptedPdf, ENCRYPTED_PASSWORD, pagesPdf } from "@lectern/pdf/testing";
import type { DocumentSummary } from "@lectern/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let server: TestServer;
let site: Server;
beforeAll(async () => {
  server = await testServer({ env: { LECTERN_ALLOW_PRIVATE_ADDRESSES: "true" } });
  site = createServer((_request, response) => response.end(Buffer.from(pagesPdf(2)))).listen(0, "127.0.0.1");
});
afterAll(async () => {
  site.close();
  await server.close();
});

const highlight = { v: 2, type: "pspdfkit/markup/highlight", bbox: [10, 10, 50, 20], rects: [[10, 10, 50, 20]], color: "#ffff00" };
const instant = (...annotations: object[]): string => JSON.stringify({ format: "https://pspdfkit.com/instant-json/v1", annotations });
const xfdf = (inner: string): string => `<?xml version="1.0"?><xfdf xmlns="http://ns.adobe.com/xfdf/">${inner}</xfdf>`;

interface Parts {
  readonly [name: string]: string | Uint8Array;
}
async function upload(parts: Parts, query = "", headers = {}): Promise<DocumentSummary> {
  const body = new FormData();
  for (const [name, value] of Object.entries(parts))
    body.append(
      name,
      typeof value === "string" ? value : new Blob([new Uint8Array(value)]),
      ...(typeof value === "string" ? [] : [`${name}.bin`]),
    );
  return (await server.json<{ data: DocumentSummary }>(`/api/documents?${query}`, { body, headers })).data;
}

interface Shown {
  readonly id: string;
  readonly content: { readonly type: string; readonly pageIndex: number };
}
const shown = async (id: string): Promise<readonly Shown[]> =>
  (await server.json<{ data: { annotations: Shown[] } }>(`/api/documents/${id}/annotations`)).data.annotations;

test("what comes with a file is on it when it is ready, before and behind the file, as a file and as text", async () => {
  const changes = instant({ ...highlight, id: "mine", pageIndex: 1 });
  for (const parts of [
    { attachment: changes, file: pagesPdf(2) },
    { file: pagesPdf(2), attachment: Buffer.from(changes) },
  ] satisfies Parts[]) {
    const document = await upload(parts);
    expect(document).toMatchObject({ status: "ready", errors: [] });
    expect((await shown(document.id)).map(({ id, content }) => [id, content.pageIndex])).toEqual([["mine", 1]]);
  }
});

test("XFDF fills a form, and what of it has no place is told, without the rest being lost", async () => {
  interface Exported {
    readonly formFields: readonly { readonly name: string; readonly type: string; readonly flags?: unknown }[];
    readonly formFieldValues: readonly { readonly name: string; readonly value: unknown }[];
  }
  const exported = (id: string): Promise<Exported> => server.json(`/api/documents/${id}/document.json`);
  const { formFields } = await exported((await server.upload(formPdf())).id);
  const { name } = formFields.find(({ type, flags }) => type === "pspdfkit/form-field/text" && flags === undefined)!;
  const nested = name.split(".").reduceRight((inside, part) => `<field name="${part}">${inside}</field>`, "<value>from afar</value>");
  const marks = `<annots><square page="0" rect="10,10,60,60" color="#FF0000"/><square page="99" rect="10,10,60,60"/></annots>`;
  const document = await upload({
    file: formPdf(),
    attachment: xfdf(`${marks}<fields>${nested}<field name="nowhere"><value>x</value></field></fields>`),
  });
  expect(document.status).toBe("ready");
  expect((await exported(document.id)).formFieldValues.find((value) => value.name === name)?.value).toBe("from afar");
  expect((await shown(document.id)).filter(({ content }) => content.type === "pspdfkit/shape/rectangle")).toHaveLength(1);
  expect(document.errors.map(({ reason }) => reason)).toEqual([
    "The attachment: /xfdf/annots/square[1]/@page: there is no such page",
    'The attachment: /xfdf/fields/field[1]: there is no form field "nowhere"',
  ]);
});

test("what cannot be read at all is told, and the document is there", async () => {
  for (const attachment of ["{not json", xfdf("<annots>"), "neither"]) {
    const document = await upload({ file: pagesPdf(1), attachment });
    expect(document.status).toBe("ready");
    expect(document.errors.map(({ reason }) => reason).join("")).toMatch(/^The attachment: nothing of it could be applied: /);
    expect(await shown(document.id)).toEqual([]);
  }
});

test("a document that waits for its password gets it when somebody has opened it", async () => {
  const { id, status } = await upload({ file: encryptedPdf(), attachment: instant({ ...highlight, id: "later", pageIndex: 0 }) });
  expect(status).toBe("locked");
  const headers = { "pspdfkit-pdf-password": ENCRYPTED_PASSWORD };
  const list = await server.json<{ data: { annotations: Shown[] } }>(`/api/documents/${id}/annotations`, { headers });
  expect(list.data.annotations.map((each) => each.id)).toContain("later");
});

test("a file that takes a document's place brings its own, beside what goes on", async () => {
  const { id } = await server.upload(pagesPdf(1));
  await server.json(`/api/documents/${id}/annotations`, { json: { id: "old", content: { ...highlight, pageIndex: 0 } } });
  const brings = { file: pagesPdf(2), document_id: id, overwrite_existing_document: "true" };
  const kept = await upload({
    ...brings,
    keep_current_annotations: "true",
    attachment: instant({ ...highlight, id: "new", pageIndex: 1 }, { v: 2, type: "strange" }),
  });
  expect((await shown(id)).map((each) => each.id).toSorted()).toEqual(["new", "old"]);
  expect(kept.errors.map(({ reason }) => reason).join("")).toMatch(/^The attachment: \$\.annotations\[1\]/);
  await upload({ ...brings, attachment: instant({ ...highlight, id: "newest", pageIndex: 0 }) });
  expect((await shown(id)).map((each) => each.id)).toEqual(["newest"]);
  await server.json(`/api/documents/${id}/annotations`, { json: { content: { ...highlight, pageIndex: 1 } } });
  expect(await shown(id)).toHaveLength(2);
});

test("a document from a URL takes it in the form and in the JSON", async () => {
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/two.pdf`;
  const changes = instant({ ...highlight, id: "mine", pageIndex: 1 });
  const documents = [
    await upload({ url, attachment: changes }),
    ...(await Promise.all(
      [changes, JSON.parse(changes) as object].map(
        async (attachment) => (await server.json<{ data: DocumentSummary }>("/api/documents", { json: { url, attachment } })).data,
      ),
    )),
  ];
  for (const { id } of documents) expect((await shown(id)).map((each) => each.id)).toEqual(["mine"]);
});

test("two of them are refused, and nothing is stored", async () => {
  const before = await server.json<{ document_count: number }>("/api/documents");
  const body = new FormData();
  for (const text of ["{}", "[]"]) body.append("attachment", text);
  body.append("file", new Blob([new Uint8Array(pagesPdf(1))]), "a.pdf");
  expect((await server.request("/api/documents", { body })).status).toBe(400);
  expect((await server.json<{ document_count: number }>("/api/documents")).document_count).toBe(before.document_count);
});
