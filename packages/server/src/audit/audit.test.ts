import type { AuditEntry } from "@lectern/protocol";
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let service: TestServer;
let documentId: string;
let sessionId: string;

beforeAll(async () => {
  service = await testServer();
  documentId = (await service.upload(pagesPdf(1), "title=Plan")).id;
  const session = await service.session(documentId, { user_id: "mia" });
  sessionId = session.session_id;
  const note = { type: "pspdfkit/note", pageIndex: 0, bbox: [0, 0, 9, 9], text: { format: "plain", value: "text-marker" } };
  await service.json(`/viewer/documents/${documentId}/annotations`, { json: { id: "n1", content: note } });
  await service.json(`/viewer/documents/${documentId}/annotations`, {
    credential: session.jwt,
    json: { id: "n2", content: note },
  });
  await service.json(`/viewer/sessions/${sessionId}`, { method: "DELETE" });
});
afterAll(() => service.close());

async function entries(query = ""): Promise<AuditEntry[]> {
  return (await service.json<{ data: AuditEntry[] }>(`/viewer/audit?${query}`)).data;
}

it("says who did what, newest first, with the changes of layers among the rest", async () => {
  const all = await entries();
  const mine = all.filter(({ action }) => action !== "key.created");
  expect(mine.map(({ action }) => action)).toEqual([
    "session.revoked",
    "layer.changed",
    "layer.changed",
    "session.minted",
    "document.created",
  ]);
  expect(mine[4]).toMatchObject({
    document_id: documentId,
    actor: { kind: "key", id: "configured", address: "127.0.0.1" },
    details: { title: "Plan" },
  });
  expect(mine[3]).toMatchObject({ document_id: documentId, target: sessionId, details: { user_id: "mia" } });
  expect(mine[1]).toMatchObject({
    document_id: documentId,
    actor: { kind: "user", id: "mia", session_id: sessionId },
    details: { seq: 2, ids: ["n2"] },
  });
  expect(JSON.stringify(all)).not.toContain("text-marker");
});

it("is filtered by actor, document, action and time", async () => {
  expect((await entries("actor=mia")).map(({ action }) => action)).toEqual(["layer.changed"]);
  expect(await entries(`actor=${sessionId}&action=layer.changed`)).toHaveLength(1);
  expect((await entries("action=session.*")).map(({ action }) => action)).toEqual(["session.revoked", "session.minted"]);
  expect((await entries(`document_id=${documentId}`)).map(({ action }) => action)).toEqual([
    "layer.changed",
    "layer.changed",
    "session.minted",
    "document.created",
  ]);
  expect(await entries("document_id=other")).toEqual([]);
  expect(await entries("to=2020-01-01")).toEqual([]);
  expect((await service.request("/viewer/audit?from=yesterday")).status).toBe(400);
  expect((await service.request("/viewer/audit?cursor=bad")).status).toBe(400);
});

it("pages without losing or repeating an entry, and exports all of it as lines, oldest first", async () => {
  const whole = await entries();
  const paged: AuditEntry[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: { data: AuditEntry[]; next_cursor: string | null } = await service.json(
      `/viewer/audit?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`,
    );
    paged.push(...page.data);
    cursor = page.next_cursor;
  }
  expect(paged).toEqual(whole);
  const response = await service.request("/viewer/audit", { headers: { accept: "application/x-ndjson" } });
  expect(response.headers.get("content-type")).toContain("application/x-ndjson");
  const lines = (await response.text())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as AuditEntry);
  expect(lines.map(({ id }) => id)).toEqual(whole.map(({ id }) => id).toReversed());
});

it("has nothing of what failed", async () => {
  const before = await entries();
  expect((await service.request("/viewer/documents/nothing", { method: "DELETE" })).status).toBe(404);
  expect((await service.request("/viewer/documents/nothing", { method: "PATCH", json: { title: "x" } })).status).toBe(404);
  expect((await service.request("/viewer/sessions/nothing", { method: "DELETE" })).status).toBe(404);
  expect(await entries()).toEqual(before);
});
