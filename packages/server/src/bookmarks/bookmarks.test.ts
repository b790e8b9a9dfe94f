import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RequestOptions, type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

interface Stored {
  readonly id: string;
  readonly content: { readonly name?: string; readonly action: { readonly type: string; readonly pageIndex?: number } };
  readonly createdBy: string | null;
  readonly updatedBy: string | null;
  readonly seq: number;
}
const at = (document: string, rest = ""): string => `/api/documents/${document}/bookmarks${rest}`;
const to = (pageIndex: number, name?: string) => ({
  v: 1,
  type: "pspdfkit/bookmark",
  ...(name === undefined ? {} : { name }),
  action: { type: "goTo", pageIndex },
});
const list = async (path: string, options?: RequestOptions): Promise<readonly Stored[]> =>
  (await api.json<{ data: { bookmarks: Stored[] } }>(path, options)).data.bookmarks;
const names = async (document: string) => (await list(at(document))).map(({ content }) => content.name);
const code = async (path: string, options: RequestOptions): Promise<string> =>
  ((await (await api.request(path, options)).json()) as { code: string }).code;

it("bookmarks are made, listed in their order, replaced, changed, moved and deleted", async () => {
  const { id } = await api.upload(pagesPdf(3));
  const make = async (content: object, more: object = {}): Promise<string> =>
    (await api.json<{ data: { id: string } }>(at(id), { json: { content, ...more } })).data.id;
  const first = await make(to(2, "Last page"), { user_id: "mia" });
  expect(await make(to(0, "Cover"), { id: "cover" })).toBe("cover");
  await make({ ...to(1), action: { type: "uri", uri: "https://example.com" } });
  expect(await list(at(id))).toMatchObject([
    { id: first, content: to(2, "Last page"), createdBy: "mia" },
    { id: "cover", content: to(0, "Cover"), createdBy: null },
    { content: { action: { type: "uri", uri: "https://example.com" } } },
  ]);
  await api.json(at(id, "/cover"), { method: "PUT", json: { content: to(1), user_id: "tim" } });
  expect((await list(at(id)))[1]).toMatchObject({ content: { action: { type: "goTo", pageIndex: 1 } }, updatedBy: "tim" });
  expect((await list(at(id)))[1]!.content.name).toBeUndefined();
  await api.json(at(id, "/cover"), { method: "PATCH", json: { content: { name: "Second" } } });
  await api.json(at(id, "/cover"), { method: "PATCH", json: { before: first } });
  expect(await names(id)).toEqual(["Second", "Last page", undefined]);
  await api.json(at(id, "/cover"), { method: "PATCH", json: { before: null } });
  expect(await names(id)).toEqual(["Last page", undefined, "Second"]);
  await api.json(at(id, `/${first}`), { method: "DELETE", headers: { "content-type": "application/json" } });
  expect(await names(id)).toEqual([undefined, "Second"]);
});

it("those of a layer are its own, and follow their page, which takes them along when it goes", async () => {
  const { id } = await api.upload(pagesPdf(3));
  await api.json(`/api/documents/${id}/layers`, { json: { name: "mia" } });
  const inLayer = `/api/documents/${id}/layers/mia/bookmarks`;
  await api.json(inLayer, { json: { content: to(2, "Third") } });
  expect(await list(at(id))).toEqual([]);
  const operations = (...all: object[]) => api.json(`/api/documents/${id}/layers/mia/apply_operations`, { json: { operations: all } });
  await operations({ type: "removePages", pageIndexes: [0] });
  expect(await list(inLayer)).toMatchObject([{ content: { action: { pageIndex: 1 } } }]);
  await operations({ type: "removePages", pageIndexes: [1] });
  expect(await list(inLayer)).toEqual([]);
});

it("says what is wrong with one, and refuses those who may not", async () => {
  const { id } = await api.upload(pagesPdf(1));
  await api.json(at(id), { json: { id: "here", content: to(0) } });
  expect(await code(at(id), { json: { id: "here", content: to(0) } })).toBe("exists");
  expect(await code(at(id), { json: { content: to(4) } })).toBe("unprocessable");
  expect(await code(at(id), { json: { content: { name: "nowhere" } } })).toBe("invalid_parameters");
  expect(await code(at(id), { json: { content: { action: { type: "dance" } } } })).toBe("unprocessable");
  expect(await code(at(id, "/there"), { method: "PUT", json: { content: to(0) } })).toBe("not_found");
  expect(await code(at(id, "/here"), { method: "PATCH", json: { before: "there" } })).toBe("unprocessable");
  expect(await code(at(id, "/here"), { method: "DELETE", headers: { "if-match": '"99"' } })).toBe("precondition_failed");
  const session = async (collaboration: string[]) =>
    (await api.session({ document_id: id, collaboration_permissions: collaboration }, { user_id: "mia" })).jwt;
  const without = await session(["annotations:view:all", "bookmarks:edit:all"]);
  await api.json(at(id), { json: { content: to(0, "Mine") }, credential: without });
  expect((await list(at(id), { credential: without })).map(({ createdBy }) => createdBy)).toEqual([null, "mia"]);
  const { jwt } = await api.session({ document_id: id, document_permissions: ["read"] });
  expect(await code(at(id), { json: { content: to(0) }, credential: jwt })).toBe("forbidden");
  await api.json(at(id, "/here"), { method: "DELETE" });
  expect(await code(at(id, "/here"), { method: "DELETE" })).toBe("gone");
});

const downloaded = async (id: string): Promise<string> => {
  const file = await api.request(`/api/documents/${id}/pdf`);
  return (await api.upload(new Uint8Array(await file.arrayBuffer()))).id;
};

it("downloads them at the end of the outline, and finds them in a file that comes back", async () => {
  const { id } = await api.upload(pagesPdf(3));
  await api.json(at(id), { json: { id: "second-one", content: to(2, "Two") } });
  await api.json(at(id), { json: { id: "first-one", content: to(1) } });
  await api.json(at(id, "/first-one"), { method: "PATCH", json: { before: "second-one" } });
  const again = await downloaded(id);
  expect((await list(at(again))).map((bookmark) => [bookmark.id, bookmark.content])).toEqual([
    ["first-one", { id: "first-one", ...to(1) }],
    ["second-one", { id: "second-one", ...to(2, "Two") }],
  ]);
  // Base records now: changed and deleted like any, with pages that go and the outline written anew.
  await api.json(at(again, "/second-one"), { method: "PATCH", json: { content: { name: "Renamed" } } });
  await api.json(`/api/documents/${again}/apply_operations`, { json: { operations: [{ type: "removePages", pageIndexes: [0] }] } });
  await api.json(`/api/documents/${again}/outline.json`, {
    method: "PUT",
    json: { outline: [{ title: "Start", action: { type: "goTo", pageIndex: 0 } }] },
  });
  const last = await downloaded(again);
  expect((await list(at(last))).map(({ content }) => [content.name, content.action.pageIndex])).toEqual([
    [undefined, 0],
    ["Renamed", 1],
  ]);
  const outline = await api.json<{ data: { outline: { title: string; action: { pageIndex: number } }[] } }>(
    `/api/documents/${last}/outline.json`,
  );
  expect(outline.data.outline.map(({ title, action }) => [title, action.pageIndex])).toEqual([["Start", 0]]);
  await api.json(at(last, "/second-one"), { method: "DELETE" });
  expect((await list(at(await downloaded(last)))).map((bookmark) => bookmark.id)).toEqual(["first-one"]);
});

it("writes the outline anew for whoever may change pages", async () => {
  const { id } = await api.upload(pagesPdf(2));
  const path = `/api/documents/${id}/outline.json`;
  const outline = [
    {
      type: "pspdfkit/outline-element",
      title: "One",
      isExpanded: true,
      action: { type: "goTo", pageIndex: 0 },
      children: [{ title: "Below", action: { type: "uri", uri: "https://example.org" } }],
    },
    { title: "Two", isBold: true, color: "#ff0000", action: { type: "goTo", pageIndex: 1 }, children: [] },
  ];
  const { data } = await api.json<{ data: { outline: object[]; seq: number } }>(path, { method: "PUT", json: { outline } });
  expect(data.outline).toMatchObject([
    { title: "One", children: [{ title: "Below" }] },
    { title: "Two", isBold: true },
  ]);
  const read = await api.json<{ data: { outline: object[] } }>(path);
  expect(read.data.outline).toEqual(data.outline);
  // And in the file, from which they come back as they were: bold, colour and the place on the page.
  const placed = [
    { ...read.data.outline[0], isItalic: true, action: { type: "goTo", pageIndex: 1, left: 10, top: 20 } },
    { title: "Three", color: "#0080ff", isBold: true, action: { type: "goTo", pageIndex: 0 } },
  ];
  const { id: styled } = await api.upload(pagesPdf(2));
  await api.json(`/api/documents/${styled}/outline.json`, { method: "PUT", json: { outline: placed } });
  const file = async (of: string): Promise<string> =>
    (await api.upload(new Uint8Array(await (await api.request(`/api/documents/${of}/pdf`)).arrayBuffer()))).id;
  const copy = await file(styled);
  const outlineOf = async (of: string): Promise<object[]> =>
    (await api.json<{ data: { outline: object[] } }>(`/api/documents/${of}/outline.json`)).data.outline;
  expect(await outlineOf(copy)).toMatchObject([
    {
      title: "One",
      isItalic: true,
      isBold: false,
      isExpanded: true,
      action: { pageIndex: 1, left: 10, top: 20 },
      children: [{ title: "Below" }],
    },
    { title: "Three", isBold: true, isItalic: false, color: "#0080ff", action: { pageIndex: 0 } },
  ]);
  // Also when it is written anew from what was read of the file.
  await api.json(`/api/documents/${copy}/outline.json`, { method: "PUT", json: { outline: await outlineOf(copy) } });
  expect((await outlineOf(await file(copy))).map(({ action: _action, ...item }: { action?: object }) => item)).toEqual(
    (await outlineOf(copy)).map(({ action: _action, ...item }: { action?: object }) => item),
  );
  // What is read can be written.
  const again = await api.json<{ data: { outline: object[] } }>(path, { method: "PUT", json: { outline: read.data.outline } });
  expect(again.data.outline).toEqual(data.outline);
  expect(await code(path, { method: "PUT", json: { outline: [{ title: "x", action: { type: "goTo", pageIndex: 9 } }] } })).toBe(
    "unprocessable",
  );
  expect(await code(path, { method: "PUT", json: { outline: [{ children: [] }] } })).toBe("unprocessable");
  const reviewer = await api.session({ document_id: id, collaboration_permissions: ["bookmarks:edit:all"] }, { user_id: "mia" });
  expect(await code(path, { method: "PUT", json: { outline: [] }, credential: reviewer.jwt })).toBe("forbidden");
});
