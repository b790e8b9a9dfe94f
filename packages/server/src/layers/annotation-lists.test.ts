import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type MintedSession, type TestServer, testServer } from "../testing/test-server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await testServer();
});
afterAll(() => api.close());

it("a kept list is the layer's as it is now, and each viewer's own", async () => {
  const { id } = await api.upload(pagesPdf(2));
  const at = `/viewer/documents/${id}/annotations`;
  const write = (name: string, pageIndex: number): Promise<unknown> =>
    api.json(at, {
      json: { id: name, user_id: name, content: { v: 2, type: "pspdfkit/shape/rectangle", pageIndex, bbox: [1, 2, 30, 40] } },
    });
  const ids = async (path: string, credential?: string): Promise<string[]> =>
    (
      await api.json<{ data: { annotations: { id: string }[] } }>(path, credential === undefined ? {} : { credential })
    ).data.annotations.map((annotation) => annotation.id);
  const session = async (userId: string): Promise<string> => {
    const allowed = {
      document_id: id,
      document_permissions: ["read", "write"],
      collaboration_permissions: ["annotations:view:self", "annotations:edit:self"],
    };
    return (await api.json<MintedSession>("/viewer/sessions", { json: { allowed_documents: [allowed], user_id: userId } })).jwt;
  };
  const [ann, ben] = [await session("ann"), await session("ben")];

  for (const name of ["ann", "ben"]) await write(name, name === "ann" ? 0 : 1);
  for (const _again of [1, 2]) {
    expect(await ids(at)).toEqual(["ann", "ben"]);
    expect(await ids(at, ann)).toEqual(["ann"]);
    expect(await ids(at, ben)).toEqual(["ben"]);
    expect(await ids(`/viewer/documents/${id}/pages/1/annotations`)).toEqual(["ben"]);
    expect(await (await api.request(at, { headers: { accept: "application/x-ndjson" } })).text()).toMatch(
      /^\{.*"ann".*\}\n\{.*"ben".*\}\n$/,
    );
  }
  await write("mia", 0);
  expect(await ids(at)).toEqual(["ann", "mia", "ben"]);
  expect(await ids(at, ann)).toEqual(["ann"]);
  await api.json(`${at}/ann`, { method: "DELETE" });
  expect([await ids(at), await ids(at, ann), await ids(at, ben)]).toEqual([["mia", "ben"], [], ["ben"]]);
});
