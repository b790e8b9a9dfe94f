import { createHmac } from "node:crypto";
import type { Delivery, Webhook } from "@lectern/protocol";
import { orderForm, pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { type Received, testReceiver, type TestReceiver } from "../testing/test-receiver.ts";
import { type TestServer, testServer } from "../testing/test-server.ts";
import { signedHeaders } from "./sign.ts";

const waiting = { timeout: 20_000 };
const HOUR = 3_600_000;
let service: TestServer;

beforeAll(async () => {
  service = await testServer({ env: { LECTERN_ALLOW_PRIVATE_ADDRESSES: "true" } });
});
afterAll(() => service.close());

type Made = { readonly data: Webhook; readonly secret: string };

async function receiver(): Promise<TestReceiver> {
  const made = await testReceiver();
  onTestFinished(() => made.close());
  return made;
}

async function hook(url: string, topics?: readonly string[]): Promise<Made> {
  const made = await service.json<Made>("/viewer/webhooks", { json: { url, ...(topics === undefined ? {} : { topics }) } });
  onTestFinished(async () => void (await service.request(`/viewer/webhooks/${made.data.id}`, { method: "DELETE" })));
  return made;
}

async function deliveries(id: string, query = ""): Promise<Delivery[]> {
  return (await service.json<{ data: Delivery[] }>(`/viewer/webhooks/${id}/deliveries?${query}`)).data;
}

/** As a receiver checks it. */
function isSigned({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  const expected = `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
  return String(headers["webhook-signature"]).split(" ").includes(expected);
}

const note = (id: string, value: string) => ({
  id,
  content: { type: "pspdfkit/note", pageIndex: 0, bbox: [0, 0, 9, 9], text: { format: "plain", value } },
});

it("signs as the published example of Standard Webhooks", () => {
  const message = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: 1614265330, body: '{"test": 2432232314}' };
  expect(signedHeaders(message, ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])).toEqual({
    "webhook-id": message.id,
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

it("tells what happens to documents and records, signed, thin, each once", async () => {
  const there = await receiver();
  const { data, secret } = await hook(there.url);
  expect([data.topics, data.enabled, secret]).toEqual([["*"], true, expect.stringMatching(/^whsec_/) as string]);
  const { id } = await service.upload(pagesPdf(1), "title=Plan");
  const at = `/viewer/documents/${id}`;
  await service.json(at, { method: "PATCH", json: { title: "Plan 2" } });
  await service.json(`${at}/annotations`, { json: note("n1", "marker-of-text") });
  await service.json(`${at}/annotations/n1`, { method: "DELETE" });
  await service.json(at, { method: "DELETE" });
  await expect.poll(() => there.of("document.deleted").length, waiting).toBe(1);
  await expect.poll(() => there.received.length, waiting).toBe(6);
  expect(there.received.map(({ json }) => json.type).toSorted()).toEqual([
    "annotation.created",
    "annotation.deleted",
    "document.created",
    "document.deleted",
    "document.ready",
    "document.updated",
  ]);
  expect(there.of("document.ready")[0]!.json.data).toMatchObject({ document_id: id, title: "Plan", status: "ready", page_count: 1 });
  expect(there.of("document.updated")[0]!.json.data).toMatchObject({ title: "Plan 2" });
  expect(there.of("annotation.created")[0]!.json.data).toMatchObject({
    document_id: id,
    layer: "",
    seq: 1,
    records: [{ id: "n1", type: "note", page_id: "1.0" }],
  });
  for (const each of there.received) {
    expect(isSigned(each, secret)).toBe(true);
    expect(each.body).not.toContain("marker-of-text");
  }
  expect(new Set(there.received.map(({ headers }) => headers["webhook-id"])).size).toBe(6);
  await expect.poll(async () => (await deliveries(data.id, "status=delivered")).length, waiting).toBe(6);
});

it("tells of a session once, of comments and who they name, and of nothing that was not asked for", async () => {
  const there = await receiver();
  await hook(there.url, ["session.opened", "comment.*"]);
  const { id } = await service.upload(pagesPdf(1));
  const { jwt, session_id } = await service.session(id, { user_id: "mia" });
  for (let i = 0; i < 2; i++) await service.json("/viewer/open", { credential: null, body: JSON.stringify({ token: jwt }) });
  const content = { type: "pspdfkit/comment-marker", pageIndex: 0, bbox: [0, 0, 9, 9] };
  const text = { format: "xhtml", value: '<p>Look, <span data-user-id="ana">@Ana</span></p>' };
  const comment = { id: "c1", content: { type: "pspdfkit/comment", v: 2, text } };
  await service.json(`/viewer/documents/${id}/comments`, { json: { annotation: { id: "root", content }, comments: [comment] } });
  await expect.poll(() => there.received.length, waiting).toBe(3);
  expect(there.of("session.opened")[0]!.json.data).toEqual({ session_id, user_id: "mia", documents: [id] });
  expect(there.of("comment.mentioned")[0]!.json.data).toMatchObject({ records: [{ annotation_id: "root", mentions: ["ana"] }] });
  expect(there.of("comment.created")).toHaveLength(1);
});

it("tells which fields of a form were filled, those that were calculated too, and not with what", async () => {
  const there = await receiver();
  await hook(there.url, ["form.filled"]);
  const { id } = await service.upload(orderForm());
  const formFieldValues = [{ name: "order.quantity", value: "7" }];
  await service.json(`/viewer/documents/${id}/form-field-values`, { json: { formFieldValues, user_id: "mia" } });
  await expect.poll(() => there.of("form.filled").length, waiting).toBe(1);
  const [told] = there.of("form.filled");
  expect(told!.json.data).toMatchObject({ document_id: id, user_id: "mia" });
  const { data } = await service.json<{ data: { id: string; content: { name: string } }[] }>(`/viewer/documents/${id}/form-fields`);
  const names = (told!.json.data as { records: { field_id: string }[] }).records.map(
    ({ field_id }) => data.find((field) => field.id === field_id)?.content.name,
  );
  expect(names.map(String).toSorted((a, b) => a.localeCompare(b))).toEqual(["order.quantity", "order.total"]);
  expect(told!.body).not.toContain('"7"');
});

it("signs with both secrets while one is replaced", async () => {
  const there = await receiver();
  const { data, secret: old } = await hook(there.url);
  const { secret } = await service.json<Made>(`/viewer/webhooks/${data.id}/rotate_secret`, { json: {} });
  expect(secret).not.toBe(old);
  await service.json(`/viewer/webhooks/${data.id}/test`, { method: "POST" });
  await expect.poll(() => there.of("webhook.test").length, waiting).toBe(1);
  expect([isSigned(there.received[0]!, secret), isSigned(there.received[0]!, old)]).toEqual([true, true]);
  const next = await service.json<Made>(`/viewer/webhooks/${data.id}/rotate_secret`, { json: { overlap_hours: 0 } });
  await service.json(`/viewer/webhooks/${data.id}/test`, { method: "POST" });
  await expect.poll(() => there.received.length, waiting).toBe(2);
  expect([isSigned(there.received[1]!, next.secret), isSigned(there.received[1]!, secret)]).toEqual([true, false]);
});

it("tries again later what failed, follows no redirect, and sends the same message again when asked to", async () => {
  const there = await receiver();
  const elsewhere = await receiver();
  const { data } = await hook(there.url);
  there.answer((response) => void response.writeHead(302, { location: elsewhere.url }).end());
  const test = await service.json<{ data: Delivery }>(`/viewer/webhooks/${data.id}/test`, { method: "POST" });
  const state = async () => (await deliveries(data.id))[0]!;
  await expect.poll(async () => (await state()).error, waiting).toMatch(/^It answered 302; redirects are not followed/);
  expect(await state()).toMatchObject({ id: test.data.id, status: "pending", attempts: 1, response_status: 302 });
  expect((await service.json<{ data: Webhook }>(`/viewer/webhooks/${data.id}`)).data.failing_since).not.toBeNull();
  there.answer((response) => void response.writeHead(200).end());
  service.advance(10_000);
  await expect.poll(async () => (await state()).status, waiting).toBe("delivered");
  expect((await service.json<{ data: Webhook }>(`/viewer/webhooks/${data.id}`)).data.failing_since).toBeNull();
  await service.json(`/viewer/webhooks/${data.id}/deliveries/${test.data.id}/replay`, { method: "POST" });
  await expect.poll(() => there.received.length, waiting).toBe(3);
  const [first, , third] = there.received;
  expect([third!.body, third!.headers["webhook-id"]]).toEqual([first!.body, first!.headers["webhook-id"]]);
  expect(elsewhere.received).toEqual([]);
  expect(
    (await service.json<{ data: { payload: unknown } }>(`/viewer/webhooks/${data.id}/deliveries/${test.data.id}`)).data.payload,
  ).toEqual(first!.json);
});

it("gives a message up in the end, and switches off who has failed for five days or says it is gone", async () => {
  const there = await receiver();
  const { data } = await hook(there.url);
  there.answer((response) => void response.writeHead(500).end("garbage"));
  await service.json(`/viewer/webhooks/${data.id}/test`, { method: "POST" });
  const pauses = [0.002, 0.12, 0.7, 3, 7, 13, 18, 25, 30];
  const look = () => service.json(`/viewer/webhooks/${data.id}`, { method: "PATCH", json: { description: "" } });
  for (const [i, hours] of pauses.entries()) {
    await expect.poll(async () => (await deliveries(data.id))[0]!, waiting).toMatchObject({ attempts: i + 1, response_status: 500 });
    await expect.poll(async () => (await deliveries(data.id))[0]!.error, waiting).toBe("It answered 500");
    service.advance(hours * HOUR);
    await look();
    await expect.poll(() => there.received.length, waiting).toBe(i + 2);
  }
  await expect.poll(async () => (await deliveries(data.id, "status=failed")).length, waiting).toBe(1);
  const shown = async () => (await service.json<{ data: Webhook }>(`/viewer/webhooks/${data.id}`)).data;
  expect((await shown()).enabled).toBe(true);
  service.advance(30 * HOUR);
  await service.json(`/viewer/webhooks/${data.id}/test`, { method: "POST" });
  await expect.poll(shown, waiting).toMatchObject({ enabled: false, disabled_reason: "Every attempt has failed for five days" });
  expect((await service.request(`/viewer/webhooks/${data.id}/test`, { method: "POST" })).status).toBe(409);
  const again = await service.json<{ data: Webhook }>(`/viewer/webhooks/${data.id}`, { method: "PATCH", json: { enabled: true } });
  expect(again.data).toMatchObject({ enabled: true, disabled_reason: null, failing_since: null });
  there.answer((response) => void response.writeHead(410).end());
  await service.json(`/viewer/webhooks/${data.id}/test`, { method: "POST" });
  await expect.poll(shown, waiting).toMatchObject({ enabled: false, disabled_reason: "The receiver answered 410 Gone" });
  const audited = await service.json<{ data: object[] }>("/viewer/audit?action=webhook.disabled");
  const entry = (reason: string) => ({
    actor: { kind: "service" },
    target: data.id,
    details: { url: new URL(there.url).origin, reason },
  });
  expect(audited.data).toMatchObject([entry("The receiver answered 410 Gone"), entry("Every attempt has failed for five days")]);
});

it("is not slowed by a receiver that hangs", async () => {
  const [hanging, quick] = [await receiver(), await receiver()];
  hanging.answer(() => undefined);
  await hook(hanging.url, ["document.created"]);
  await hook(quick.url, ["document.created"]);
  const count = 12;
  for (let i = 0; i < count; i++) await service.upload(pagesPdf(1), "wait=0");
  await expect.poll(() => quick.received.length, waiting).toBe(count);
  // Its own few places are taken, and no more.
  expect(hanging.received.length).toBeLessThanOrEqual(4);
});

it.each([
  [{ url: "ftp://example.com" }, "$.url"],
  [{ url: "http://user:pass@example.com" }, "$.url"],
  [{ url: "https://example.com", topics: ["document.eaten"] }, "$.topics[0]"],
  [{ url: "https://example.com", topics: [] }, "$.topics"],
  [{}, "$.url"],
])("refuses the webhook %j", async (given, path) => {
  const response = await service.request("/viewer/webhooks", { json: given });
  expect([response.status, await response.json()]).toMatchObject([400, { code: "invalid_parameters", failingPaths: [{ path }] }]);
});

it("keeps webhooks of applications apart, pages the log, and refuses private addresses unless they are allowed", async () => {
  const { data } = await hook("https://example.com/hook");
  expect((await service.json<{ data: Webhook[] }>("/viewer/webhooks")).data.map(({ id }) => id)).toContain(data.id);
  expect((await service.request("/viewer/webhooks/nothing")).status).toBe(404);
  expect((await service.request("/viewer/webhooks/nothing", { method: "DELETE" })).status).toBe(404);
  expect((await service.request(`/viewer/webhooks/${data.id}/deliveries?cursor=bad`)).status).toBe(400);
  const strict = await testServer();
  onTestFinished(() => strict.close());
  const refused = await strict.request("/viewer/webhooks", { json: { url: "http://127.0.0.1:1/" } });
  expect(await refused.json()).toMatchObject({ code: "invalid_parameters" });
});

it("writes in the audit who made, changed and removed it, without what is secret in its URL", async () => {
  const { data } = await hook("https://example.com/path-marker?key=marker");
  await service.json(`/viewer/webhooks/${data.id}`, { method: "PATCH", json: { enabled: false } });
  const { data: entries } = await service.json<{ data: { action: string; target: string; actor: object; details: object }[] }>(
    "/viewer/audit?action=webhook.*",
  );
  const mine = entries.filter(({ target }) => target === data.id);
  expect(mine.map(({ action }) => action)).toEqual(["webhook.updated", "webhook.created"]);
  expect(mine[1]!.actor).toMatchObject({ kind: "key", address: "127.0.0.1" });
  expect(JSON.stringify(mine)).not.toContain("marker");
});
