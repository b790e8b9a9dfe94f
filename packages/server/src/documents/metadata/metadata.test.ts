/** Documents found by what an app keeps with them. */
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testServer, type TestServer } from "../../testing/test-server.ts";
import { findOldMetadata } from "./store.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
  const kept: Readonly<Record<string, object>> = {
    lease: { client: 7, state: "open", signed: true, "odd]na\u0000me": "a&b=c" },
    offer: { client: 7, state: "closed", note: null },
    letter: { client: "8", state: "open", long: "x".repeat(4096) },
    plain: {},
  };
  for (const [id, metadata] of Object.entries(kept)) {
    const form = new FormData();
    form.set("document_id", id);
    form.set("title", `The ${id}`);
    form.set("metadata", JSON.stringify(metadata));
    form.set("file", new Blob([pagesPdf(1)], { type: "application/pdf" }));
    await api.json("/api/documents", { body: form });
  }
});
afterAll(() => api.close());

const found = async (query: string): Promise<string[]> => {
  const list = await api.json<{ data: { id: string }[]; document_count: number }>(
    `/api/documents?order_by=title&order_direction=asc&${query}`,
  );
  expect(list.document_count).toBe(list.data.length);
  return list.data.map(({ id }) => id);
};

test("a value is compared as text, and several must all be there", async () => {
  expect(await found("metadata[client]=7")).toEqual(["lease", "offer"]);
  expect(await found("metadata[client]=8")).toEqual(["letter"]);
  expect(await found("metadata[signed]=true")).toEqual(["lease"]);
  expect(await found("metadata[note]=")).toEqual(["offer"]);
  expect(await found("metadata[client]=7&metadata[state]=open")).toEqual(["lease"]);
  expect(await found("metadata[client]=7&metadata[state]=lost")).toEqual([]);
  expect(await found("metadata[state]=open&title=letter")).toEqual(["letter"]);
  expect(await found(`metadata[long]=${"x".repeat(4096)}`)).toEqual(["letter"]);
  expect(await found("metadata[state]=Open")).toEqual([]);
});

test("names of strangers are names", async () => {
  for (const name of ["constructor", "nothing", "state]", "state][x"])
    expect([name, await found(`metadata[${name}]=x`)]).toEqual([name, []]);
  expect(await found("metadata[odd]na%00me]=a%26b%3Dc")).toEqual(["lease"]);
  // Left out, a filter would let more be deleted than was meant.
  for (const wrong of [
    "metadata=open",
    "metadata[state]=a&metadata[state]=b",
    "metadata[state=open",
    "metadata[__proto__]=x",
    "[state]=open",
  ]) {
    const response = await api.request(`/api/documents?title=The&${wrong}`, { method: "DELETE" });
    expect([wrong, response.status]).toEqual([wrong, 400]);
  }
});

test("pages of the list keep to the filter", async () => {
  const first = await api.json<{ data: { id: string }[]; next_cursor: string; next_document_count: number }>(
    "/api/documents?order_by=title&order_direction=asc&page_size=1&count_remaining=true&metadata[client]=7",
  );
  expect([first.data.map(({ id }) => id), first.next_document_count]).toEqual([["lease"], 1]);
  const next = `order_by=title&order_direction=asc&page_size=1&metadata[client]=7&cursor=${first.next_cursor}`;
  const second = await api.json<{ data: { id: string }[]; next_cursor: null }>(`/api/documents?${next}`);
  expect([second.data.map(({ id }) => id), second.next_cursor]).toEqual([["offer"], null]);
});

test("changes and copies are found as they are, deleted ones are not", async () => {
  await api.json("/api/documents/offer", { method: "PATCH", json: { metadata: { client: 9 } } });
  await api.json("/api/documents/offer", { method: "PATCH", json: { title: "Only the title" } });
  await api.json("/api/copy_document", { json: { document_id: "offer", new_document_id: "offer-2" } });
  expect(await found("metadata[client]=7")).toEqual(["lease"]);
  expect(await found("metadata[client]=9")).toEqual(["offer", "offer-2"]);
  const body = new FormData();
  for (const [name, value] of Object.entries({ document_id: "offer-2", overwrite_existing_document: "true", metadata: '{"client":10}' }))
    body.set(name, value);
  body.set("file", new Blob([pagesPdf(2)], { type: "application/pdf" }));
  await api.json("/api/documents", { body });
  expect(await found("metadata[client]=9")).toEqual(["offer"]);
  expect(await found("metadata[client]=10")).toEqual(["offer-2"]);
  await api.json("/api/documents/offer", { method: "DELETE" });
  expect(await found("metadata[client]=9")).toEqual([]);
  const { database } = api.server.documents;
  expect(await database.query("SELECT 1 FROM document_metadata WHERE document_id = 'offer'")).toEqual([]);
});

test("documents that were there before are found after the next start", async () => {
  const { database } = api.server.documents;
  await database.transaction([{ sql: "DELETE FROM document_metadata WHERE document_id = 'letter'" }]);
  expect(await found("metadata[client]=8")).toEqual([]);
  await findOldMetadata(database);
  expect(await found("metadata[client]=8")).toEqual(["letter"]);
});

test("many are deleted by it, and by it together with the rest", async () => {
  const deleted = (query: string) => api.json(`/api/documents?${query}`, { method: "DELETE" });
  expect(await deleted("metadata[state]=open&title=The+letter")).toEqual({ deleted_count: 1, skipped_count: 0, total_matched: 1 });
  expect(await deleted("metadata[state]=open")).toEqual({ deleted_count: 1, skipped_count: 0, total_matched: 1 });
  expect(await found("")).toEqual(["offer-2", "plain"]);
  const response = await api.request("/api/documents?metadata[]=x", { method: "DELETE" });
  expect(response.status).toBe(400);
});
