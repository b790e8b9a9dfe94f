import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { appSigner, inSeconds } from "../testing/app-signer.ts";
import { type TestServer, testServer } from "../testing/test-server.ts";

interface Answer {
  readonly allowed: boolean;
  readonly reason: string;
  readonly checks: readonly { readonly on: string; readonly needs: string; readonly met: boolean; readonly granted_by: string | null }[];
  readonly session: { readonly user_id: string | null };
}

let api: TestServer;
let document: string;
let mia: { readonly session_id: string; readonly jwt: string };
beforeAll(async () => {
  api = await testServer();
  document = (await api.upload(pagesPdf(1))).id;
  mia = await api.session(
    {
      document_id: document,
      collaboration_permissions: ["annotations:view:all", "annotations:edit:self", "comments:view:all"],
      group: "legal",
    },
    { user_id: "mia" },
  );
  for (const user of ["mia", "ben"])
    await api.json(`/viewer/documents/${document}/annotations`, {
      json: { id: `of-${user}`, user_id: user, content: { type: "pspdfkit/shape/rectangle", v: 1, pageIndex: 0, bbox: [1, 1, 9, 9] } },
    });
}, 60_000);
afterAll(() => api.close());

const ask = (body: object, at = `/viewer/documents/${document}`) =>
  api.json<Answer>(`${at}/explain`, { json: { session: mia.session_id, ...body } });
/** What the session's own attempt gets. */
const attempt = async (id: string, method: string) =>
  (await api.request(`/viewer/documents/${document}/annotations/${id}`, { method, credential: mia.jwt })).status;

it("names the grant that allows something, and what is missing where it is denied, as the attempt itself shows", async () => {
  expect(await ask({ action: "edit", record: "of-mia" })).toMatchObject({
    allowed: true,
    session: { user_id: "mia" },
    checks: expect.arrayContaining([
      { on: "before", needs: "annotations:edit", met: true, granted_by: "annotations:edit:self", why: expect.any(String) },
    ]),
  });
  expect(await ask({ action: "edit", record: "of-ben" })).toMatchObject({
    allowed: false,
    reason: expect.stringContaining("ben created it, not mia"),
  });
  expect(await ask({ action: "delete", record: "of-mia" })).toMatchObject({
    allowed: false,
    reason: expect.stringContaining("no annotations:delete"),
  });
  expect(await attempt("of-mia", "DELETE")).toBe(403);
  expect(await ask({ action: "view", record: "of-ben" })).toMatchObject({ allowed: true });
  expect(await attempt("of-ben", "GET")).toBe(200);
});

it("answers for records that there might be", async () => {
  expect(await ask({ action: "create", record: { kind: "annotation" } })).toMatchObject({ allowed: true });
  expect(await ask({ action: "create", record: { kind: "annotation", created_by: "ben" } })).toMatchObject({ allowed: false });
  expect(await ask({ action: "edit", record: { kind: "page" } })).toMatchObject({
    allowed: false,
    reason: expect.stringContaining("pages:edit"),
  });
  expect(await ask({ action: "set-group", record: "of-mia", group: "sales" })).toMatchObject({ allowed: false });
  expect(await ask({ action: "create", record: { kind: "comment" } })).toMatchObject({
    allowed: false,
    reason: expect.stringContaining("reply"),
  });
});

it("takes a token, also of an application, and tells of sessions that have ended or open something else", async () => {
  const signer = appSigner();
  await api.json("/viewer/public_keys", { json: { name: "app", pem: signer.pem } });
  const claims = { document_id: document, permissions: ["read-document"] };
  const fresh = await signer.sign({ ...claims, exp: inSeconds(600) });
  const old = await signer.sign({ ...claims, exp: inSeconds(-600) });
  expect(await ask({ session: fresh, action: "view", record: "of-mia" })).toMatchObject({ allowed: true });
  expect(await ask({ session: fresh, action: "edit", record: "of-mia" })).toMatchObject({
    allowed: false,
    reason: expect.stringContaining("write"),
  });
  expect(await ask({ session: old, action: "view", record: "of-mia" })).toMatchObject({
    allowed: false,
    reason: expect.stringContaining("expired"),
  });
  const ended = await api.session(document);
  await api.json(`/viewer/sessions/${ended.session_id}`, { method: "DELETE" });
  expect(await ask({ session: ended.session_id, action: "view", record: "of-mia" })).toMatchObject({
    allowed: false,
    reason: expect.stringContaining("revoked"),
  });
  const elsewhere = await api.upload(pagesPdf(1));
  expect(await ask({ action: "view", record: { kind: "page" } }, `/viewer/documents/${elsewhere.id}`)).toMatchObject({
    allowed: false,
    reason: expect.stringContaining("does not open"),
  });
});

it.each<[string, object, number, string]>([
  ["a session that is not there", { session: "nobody", action: "view", record: "of-mia" }, 404, "not_found"],
  ["a record that is not there", { action: "view", record: "nothing" }, 404, "not_found"],
  ["a kind that is none", { action: "view", record: { kind: "cloud" } }, 400, "invalid_parameters"],
  ["creating what is there", { action: "create", record: "of-mia" }, 400, "invalid_parameters"],
  ["restoring what is there", { action: "restore", record: "of-mia" }, 400, "invalid_parameters"],
])("refuses %s", async (_, body, status, code) => {
  const response = await api.request(`/viewer/documents/${document}/explain`, { json: { session: mia.session_id, ...body } });
  expect([response.status, await response.json()]).toEqual([status, expect.objectContaining({ code })]);
});

it("is not for sessions themselves", async () => {
  const response = await api.request(`/viewer/documents/${document}/explain`, {
    credential: mia.jwt,
    json: { session: mia.session_id, action: "view", record: "of-ben" },
  });
  expect([response.status, await response.json()]).toEqual([401, expect.objectContaining({ code: "wrong_credential" })]);
});
