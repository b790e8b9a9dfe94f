/** Encrypted files of every kind through the service: given with the upload, or asked for by the viewer. */
import { ENCRYPTED_KINDS } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

const open = (body: object): Promise<Response> =>
  server.request("/viewer/open", {
    method: "POST",
    body: JSON.stringify(body),
    credential: null,
    headers: { "content-type": "text/plain" },
  });
const code = async (response: Promise<Response>): Promise<string | undefined> =>
  ((await (await response).json()) as { code?: string }).code;

test.each(ENCRYPTED_KINDS)("$name: locked until the viewer gives its password", async ({ bytes, user, owner }) => {
  const { id, status } = await server.upload(bytes());
  expect(status).toBe("locked");
  const { jwt: token } = await server.session(id);
  expect(await code(open({ token }))).toBe("password_required");
  expect(await code(open({ token, password: "wrong" }))).toBe("wrong_password");
  const response = await open({ token, password: user });
  expect(response.status).toBe(200);
  // The owner's is as good, and this session is asked no more.
  expect((await open({ token: (await server.session(id)).jwt, password: owner })).status).toBe(200);
  const text = await server.request(`/viewer/documents/${id}/pages/0/text`, { credential: token });
  expect(await text.text()).toContain("A secret page");
});

test.each(ENCRYPTED_KINDS)("$name: ready when it comes with its password", async ({ bytes, user }) => {
  // Headers have no letters beyond Latin-1: theirs are sent as the bytes of UTF-8.
  const password = Buffer.from(user, "utf8").toString("latin1");
  const response = await server.request("/viewer/documents?wait=60", {
    method: "POST",
    body: bytes(),
    headers: { "content-type": "application/pdf", "document-password": password },
  });
  const { data } = (await response.json()) as { data: { id: string; status: string; pageCount: number } };
  expect(data).toMatchObject({ status: "ready", pageCount: 1 });
  const pdf = await server.request(`/viewer/documents/${data.id}/pdf`, { headers: { "document-password": password } });
  expect(pdf.status).toBe(200);
});
