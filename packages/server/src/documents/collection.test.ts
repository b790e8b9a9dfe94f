/** What is done with documents as a whole: copies, deleting many, published operations that are left out. */
import type { DocumentSummary } from "@lectern/protocol";
import { ENCRYPTED_PASSWORD, encryptedPdf, pagesPdf } from "@lectern/pdf/testing";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NOT_OFFERED } from "../http/not-offered.ts";
import type { BlobStore } from "../ports.ts";
import { testServer, type TestServer } from "../testing/test-server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

const upload = (id: string, title = id) => api.upload(pagesPdf(2), `document_id=${id}&title=${title}`);
const note = (text: string) => ({
  content: { v: 2, type: "pspdfkit/note", pageIndex: 0, bbox: [10, 10, 20, 20], text: { format: "plain", value: text } },
});
const texts = async (path: string): Promise<string[]> => {
  const { data } = await api.json<{ data: { annotations: { content: { text: { value: string } } }[] } }>(
    `/api/documents/${path}/annotations`,
  );
  return data.annotations.map(({ content }) => content.text.value).sort();
};
const copy = (json: object) => api.request("/api/copy_document", { json });

describe("a copied document", () => {
  it("has the file, the metadata, and all layers with records and history; what is done to one of them leaves the other", async () => {
    const { sourcePdfSha256 } = await upload("original", "Original");
    await api.json("/api/documents/original", { method: "PATCH", json: { metadata: { client: 7 } } });
    await api.json("/api/documents/original/annotations", { json: note("one") });
    await api.json("/api/documents/original/layers/second/annotations", { json: note("two") });
    const response = await copy({ document_id: "original", new_document_id: "copy", storage: { backend: "built_in" } });
    expect(response.status).toBe(200);
    const { data } = (await response.json()) as { data: DocumentSummary };
    expect(data).toMatchObject({
      document_id: "copy",
      title: "Original",
      status: "ready",
      pageCount: 2,
      sourcePdfSha256,
      metadata: { client: 7 },
    });
    expect([await texts("copy"), await texts("copy/layers/second")]).toEqual([["one"], ["two"]]);
    const changes = await api.json<{ data: unknown[] }>("/viewer/documents/copy/changes");
    expect(changes).toEqual(await api.json("/viewer/documents/original/changes"));
    expect(changes.data).toHaveLength(1);

    await api.json("/api/documents/copy/annotations", { json: note("only in the copy") });
    await api.json("/api/documents/original/annotations", { json: note("only in the original") });
    expect([await texts("copy"), await texts("original")]).toEqual([
      ["one", "only in the copy"],
      ["one", "only in the original"],
    ]);
    await api.json("/api/documents/original", { method: "DELETE" });
    expect(await texts("copy")).toEqual(["one", "only in the copy"]);
    expect((await api.request("/api/documents/copy/pdf?source=true")).status).toBe(200);
    expect((await api.request("/api/documents/copy/pages/0/image?width=100")).status).toBe(200);
  });

  it("of an encrypted one opens with the same password, and with no other", async () => {
    const password = { "document-password": ENCRYPTED_PASSWORD };
    await api.request("/api/documents?document_id=sealed", { body: encryptedPdf(), headers: password });
    expect((await copy({ document_id: "sealed", new_document_id: "sealed-copy" })).status).toBe(200);
    const image = (headers: Readonly<Record<string, string>>) =>
      api.request("/api/documents/sealed-copy/pages/0/image?width=50", { headers });
    expect((await image(password)).status).toBe(200);
    expect((await image({})).status).toBe(403);
    expect((await image({ "document-password": "guess" })).status).toBe(403);
  });

  it("gets an id of its own when none is given", async () => {
    await upload("unnamed");
    const { data } = await api.json<{ data: DocumentSummary }>("/api/copy_document", { json: { document_id: "unnamed" } });
    expect(data.id).toMatch(/^[0-9a-z]{26}$/);
    expect((await api.request(`/api/documents/${data.id}`)).status).toBe(200);
  });

  it("is not made of what is not there, nor under an id that is taken, nor elsewhere", async () => {
    await upload("here");
    expect((await copy({ document_id: "nowhere" })).status).toBe(404);
    expect((await copy({ document_id: "here", new_document_id: "here" })).status).toBe(409);
    expect((await copy({ document_id: "here", new_document_id: "a/b" })).status).toBe(400);
    expect((await copy({ document_id: "here", storage: { backend: "s3" } })).status).toBe(501);
    expect((await copy({})).status).toBe(400);
    const answers = await Promise.all(Array.from({ length: 5 }, () => copy({ document_id: "here", new_document_id: "raced" })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(4);
  });
});

describe("deleting many documents", () => {
  const remove = (query: string) => api.request(`/api/documents?${query}`, { method: "DELETE" });
  const answer = async (query: string): Promise<unknown> => (await remove(query)).json();

  it("takes those that all of the filter names, and says how many", async () => {
    for (const id of ["a1", "a2"]) await upload(id, "Same");
    await upload("a3", "Same, but longer");
    expect(await answer("title=Same&document_id=a3")).toEqual({ deleted_count: 0, skipped_count: 0, total_matched: 0 });
    expect(await answer("title=Same&start_date=2999-01-01")).toMatchObject({ total_matched: 0 });
    expect(await answer("title=Same&end_date=2000-01-01")).toMatchObject({ total_matched: 0 });
    expect(await answer("title=Same&start_date=2000-01-01&end_date=2999-01-01T00:00:00Z")).toEqual({
      deleted_count: 2,
      skipped_count: 0,
      total_matched: 2,
    });
    expect((await api.request("/api/documents/a1")).status).toBe(404);
    expect(await answer("document_id=a3")).toMatchObject({ deleted_count: 1 });
  });

  it.each([
    ["", "missing_filter_parameters"],
    ["unknown=1", "missing_filter_parameters"],
    ["start_date=yesterday", "invalid_start_date"],
    ["start_date=2030-02-31T99:00:00Z", "invalid_start_date"],
    ["end_date=5", "invalid_end_date"],
  ])("with %j is refused and deletes nothing", async (query, reason) => {
    await api.request("/api/documents/kept", { method: "DELETE" });
    await upload("kept");
    const response = await remove(query);
    expect([response.status, await response.json()]).toMatchObject([400, { code: "invalid_parameters", error: { reason } }]);
    expect((await api.request("/api/documents/kept")).status).toBe(200);
  });
});

it("published operations that are left out answer 501 with the reason, whatever they are sent", async () => {
  await upload("left-out");
  for (const [method, path, why] of NOT_OFFERED) {
    const urls = path.startsWith("*")
      ? [`/documents/left-out${path.slice(1)}`, `/documents/left-out/layers/x${path.slice(1)}`]
      : [path.replace(/\{documentId\}/, "left-out").replace(/\{\w+\}/g, "jwt")];
    for (const url of urls.flatMap((at) => [`/api${at}`, `/viewer${at}/`])) {
      const response = await api.request(url, { method, ...(method === "POST" ? { body: "anything" } : {}) });
      expect([url, response.status, await response.json()]).toMatchObject([
        url,
        501,
        { code: "not_implemented", detail: why, message: why },
      ]);
    }
  }
});

it("existing clients find the operations by their published names", async () => {
  const response = await api.request("/api/upstream.yml", { credential: null });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/yaml; charset=utf-8"]);
  const { paths } = (await response.json()) as {
    paths: Record<string, Record<string, { operationId: string; parameters: { name: string; in: string }[] }>>;
  };
  expect(paths["/api/documents/{documentId}/annotations/{annotationId}"]!["get"]).toMatchObject({ operationId: "get-document-annotation" });
  expect(paths["/api/documents/{documentId}/layers/{layerName}/pages/{pageIndex}/text"]!["get"]!.operationId).toBe(
    "get-document-layer-page-text",
  );
  const all = Object.entries(paths).flatMap(([path, methods]) => Object.values(methods).map((operation) => ({ path, operation })));
  expect(new Set(all.map(({ operation }) => operation.operationId)).size).toBe(all.length);
  expect(all.length).toBeGreaterThan(35);
  for (const { path, operation } of all) {
    const named = operation.parameters.filter((parameter) => parameter.in === "path").map(({ name }) => `{${name}}`);
    expect(named.sort(), path).toEqual((path.match(/\{\w+\}/g) ?? []).sort());
  }
  expect((await api.request("/healthcheck", { credential: null })).status).toBe(200);
});

it("a file and a picture are kept although the last of the same bytes are deleted while they arrive", async () => {
  const file = Buffer.concat([pagesPdf(1), Buffer.from("\n% twin\n")]);
  const picture = await sharp({ create: { width: 7, height: 5, channels: 3, background: "#7a1fa2" } })
    .png()
    .toBuffer();
  const addPicture = (id: string) =>
    api.json<{ data: { id: string } }>(`/api/documents/${id}/attachments`, { body: picture, headers: { "content-type": "image/png" } });
  await api.upload(file, "document_id=first-twin");
  await addPicture("first-twin");
  await api.upload(pagesPdf(1), "document_id=bystander");
  const blobs = api.server.documents.blobs as { receive: BlobStore["receive"] };
  const { receive } = blobs;
  let received = 0;
  blobs.receive = async (...given) => {
    const blob = await receive.apply(blobs, given);
    if (++received === 1) await api.json("/api/documents/first-twin", { method: "DELETE" });
    return blob;
  };
  try {
    const { id } = await api.upload(file, "document_id=second-twin");
    expect(Buffer.from(await (await api.request(`/api/documents/${id}/pdf?source=true`)).arrayBuffer()).equals(file)).toBe(true);
    await addPicture("second-twin");
    received = 0;
    blobs.receive = async (...given) => {
      const blob = await receive.apply(blobs, given);
      if (++received === 1) await api.json("/api/documents/second-twin", { method: "DELETE" });
      return blob;
    };
    const { data } = await addPicture("bystander");
    const content = {
      v: 2,
      type: "pspdfkit/image",
      pageIndex: 0,
      bbox: [0, 0, 9, 9],
      imageAttachmentId: data.id,
      contentType: "image/png",
    };
    await api.json("/api/documents/bystander/annotations", { json: { content } });
    const kept = await api.request(`/api/documents/bystander/attachments/${data.id}`);
    expect(Buffer.from(await kept.arrayBuffer()).equals(picture)).toBe(true);
  } finally {
    blobs.receive = receive;
  }
});

it("a document keeps what was found in its file when another one with the same is deleted at that moment", async () => {
  const same = (id: string) => api.upload(Buffer.concat([pagesPdf(4), Buffer.from(`\n% ${id}\n`)]), `document_id=${id}`);
  await same("first");
  const blobs = api.server.documents.blobs as { write: BlobStore["write"] };
  const { write } = blobs;
  let written = 0;
  blobs.write = async (...given) => {
    const stored = await write.apply(blobs, given);
    // What was found in the file.
    if (++written === 1) await api.json("/api/documents/first", { method: "DELETE" });
    return stored;
  };
  try {
    await same("second");
  } finally {
    blobs.write = write;
  }
  expect(written).toBe(2);
  expect((await api.json<{ data: { pageCount: number } }>("/api/documents/second")).data.pageCount).toBe(4);
  expect(await api.json("/api/documents/second/annotations")).toMatchObject({ data: { annotations: [] } });
});
