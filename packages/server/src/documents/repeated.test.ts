/** A request with an Idempotency-Key may be sent again when its answer was lost: it has made one document, and answers with that. */
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

const idOf = async (response: Response): Promise<string> => {
  const json = (await response.json()) as { readonly id?: string; readonly data?: { readonly id: string } };
  expect([response.status, json], JSON.stringify(json)).toEqual([200, expect.anything()]);
  return (json.data?.id ?? json.id)!;
};
const count = async (): Promise<number> => (await api.json<{ document_count: number }>("/viewer/documents")).document_count;
const send = (key: string | null, query = "", bytes = pagesPdf(1)): Promise<Response> =>
  api.request(`/viewer/documents?wait=0${query}`, {
    method: "POST",
    body: bytes,
    headers: { "content-type": "application/pdf", ...(key === null ? {} : { "idempotency-key": key }) },
  });
const uploads = async (): Promise<number> => (await api.json<{ totals: { uploads: number } }>("/viewer/usage")).totals.uploads;

test("an upload makes one document, however often and at whatever moment it is sent, and is counted once", async () => {
  const [before, counted] = [await count(), await uploads()];
  const ids = await Promise.all([1, 2, 3].map(() => send("one").then(idOf)));
  expect(new Set(ids).size).toBe(1);
  expect(await idOf(await send("one"))).toBe(ids[0]);
  expect([await count(), await uploads()]).toEqual([before + 1, counted + 1]);
  // Another key, other bytes, another id, and no key are other requests.
  const others = [await send("two"), await send("one", "", pagesPdf(2)), await send("one", "&document_id=mine"), await send(null)];
  expect(new Set([ids[0], ...(await Promise.all(others.map(idOf)))]).size).toBe(5);
  // With its id it is the same request again, and without the key the id is taken.
  expect(await idOf(await send("one", "&document_id=mine"))).toBe("mine");
  expect((await send(null, "&document_id=mine")).status).toBe(409);
  expect((await send("x".repeat(256))).status).toBe(400);
  const { key } = await api.server.keys.create("default", { name: "other", scope: "all", mode: "test" });
  const ofAnother = await api.request("/viewer/documents?wait=0", {
    method: "POST",
    credential: key,
    body: pagesPdf(1),
    headers: { "content-type": "application/pdf", "idempotency-key": "one" },
  });
  expect(await idOf(ofAnother)).not.toBe(ids[0]);
});

test("so does a form, one that has its id behind the file, and a new revision is made once", async () => {
  const form = (...fields: readonly [name: string, value: string][]): Promise<Response> => {
    const body = new FormData();
    body.append("file", new Blob([new Uint8Array(pagesPdf(3))], { type: "application/pdf" }), "a.pdf");
    for (const [name, value] of fields) body.append(name, value);
    return api.request("/viewer/documents?wait=0", { method: "POST", body, headers: { "idempotency-key": "form" } });
  };
  const id = await idOf(await form(["document_id", "of-form"]));
  expect([id, await idOf(await form(["document_id", "of-form"]))]).toEqual(["of-form", "of-form"]);
  const counted = await uploads();
  const again = (): Promise<Response> => send("again", "&document_id=of-form&overwrite_existing_document=true", pagesPdf(2));
  for (let n = 0; n < 3; n++) expect(await idOf(await again())).toBe("of-form");
  expect(await uploads()).toBe(counted + 1);
});

test("copies are made once, and what is applied to them is applied once", async () => {
  await api.upload(pagesPdf(1), "document_id=original&wait=30");
  const copied = async (key: string): Promise<string> =>
    idOf(await api.request("/viewer/copy_document", { json: { document_id: "original" }, headers: { "idempotency-key": key } }));
  const ids = await Promise.all([copied("c1"), copied("c1"), copied("c2")]);
  expect([ids[0] === ids[1], ids[0] === ids[2]]).toEqual([true, false]);
  const note = { v: 2, type: "pspdfkit/note", pageIndex: 0, bbox: [1, 1, 9, 9], text: { format: "plain", value: "x" } };
  const json = { format: "https://pspdfkit.com/instant-json/v1", annotations: [note] };
  const withJson = async (): Promise<string> => {
    const response = await api.request("/viewer/documents/original/copy_with_instant_json", { json, headers: { "idempotency-key": "c3" } });
    return idOf(response);
  };
  const [one, two] = [await withJson(), await withJson()];
  expect(one).toBe(two);
  const { data } = await api.json<{ data: { annotations: unknown[] } }>(`/viewer/documents/${one}/annotations`);
  expect(data.annotations).toHaveLength(1);
});

test("a document that was deleted is made anew", async () => {
  const id = await idOf(await send("gone"));
  await api.json(`/viewer/documents/${id}`, { method: "DELETE" });
  const again = await idOf(await send("gone"));
  expect(again).not.toBe(id);
  expect((await api.request(`/viewer/documents/${again}`)).status).toBe(200);
});

test("pages are changed once, also where the same could not be done again, and marks are made once", async () => {
  await api.upload(pagesPdf(4), "document_id=pages&wait=30");
  const post = async <T>(path: string, options: Parameters<TestServer["request"]>[1]): Promise<T> =>
    api.json<T>(`/viewer/documents/pages${path}`, { method: "POST", ...options, headers: { ...options?.headers, "idempotency-key": "p" } });
  const pageIds = async (): Promise<string[]> =>
    (await api.json<{ data: { pages: { pageId: string }[] } }>("/viewer/documents/pages/document_info")).data.pages.map(
      ({ pageId }) => pageId,
    );
  const operations = [
    { type: "removePages", pageIndexes: [3] },
    { type: "updateMetadata", metadata: { title: "once" } },
    { type: "duplicatePages", pageIndexes: [0] },
  ];
  const change = (): Promise<{ data: { pageCount: number } }> => post("/apply_operations", { json: { operations } });
  expect((await change()).data.pageCount).toBe(4);
  const changed = await pageIds();
  expect((await change()).data.pageCount).toBe(4);
  expect(await pageIds()).toEqual(changed);
  // Other operations under the same key are another request.
  await post("/apply_operations", { json: { operations: [{ type: "removePages", pageIndexes: [3] }] } });
  expect(await pageIds()).toEqual(changed.slice(0, 3));

  const add = (): Promise<{ data: { pageIds: string[]; pageCount: number } }> =>
    post("/pages", { body: pagesPdf(2), headers: { "content-type": "application/pdf" } });
  const [added, again] = [await add(), await add()];
  expect([added.data.pageCount, again.data.pageCount]).toEqual([5, 5]);
  expect(again.data.pageIds).toEqual(added.data.pageIds);

  const build = (): Promise<{ data: { pageCount: number } }> =>
    post("/apply_instructions", { json: { parts: [{ document: { id: "#self" } }, { page: "new" }] } });
  expect([(await build()).data.pageCount, (await build()).data.pageCount]).toEqual([6, 6]);

  const mark = (): Promise<{ data: { annotations: { id: string }[] } }> =>
    post("/redactions", { json: { strategy: "regex", strategyOptions: { regex: "\\d" } } });
  const [marks, same] = [(await mark()).data.annotations, (await mark()).data.annotations];
  expect(marks.length).toBeGreaterThan(0);
  expect(same.map(({ id }) => id)).toEqual(marks.map(({ id }) => id));
  const { data } = await api.json<{ data: { annotations: unknown[] } }>("/viewer/documents/pages/annotations");
  expect(data.annotations).toHaveLength(marks.length);
});
