import { pagesPdf } from "@lectern/pdf/testing";
import { expect, it, onTestFinished } from "vitest";
import { testServer } from "./testing/test-server.ts";
import { testSocket } from "./testing/test-socket.ts";

it("counts requests by route, rooms, sockets, changes and what waits, and names no id", async () => {
  const service = await testServer();
  onTestFinished(() => service.close());
  const { id } = await service.upload(pagesPdf(1));
  const socket = await testSocket(service.url);
  await socket.hello((await service.session(id)).jwt);
  const content = { type: "pspdfkit/note", pageIndex: 0, bbox: [0, 0, 9, 9], text: { format: "plain", value: "x" } };
  await service.json(`/viewer/documents/${id}/annotations`, { json: { id: "n", content } });
  const response = await service.request("/metrics", { credential: null });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
  const text = await response.text();
  for (const line of [
    'lectern_http_request_duration_seconds_count{method="POST",route="/viewer/documents/:documentId/annotations",status="200"} 1',
    "lectern_rooms 1",
    "lectern_sockets 1",
    "lectern_changes_total 1",
    "lectern_pdf_queued ",
    'lectern_pdf_processes{state="starting"} 0',
    "lectern_pdf_process_starts_total 1",
    'lectern_pdf_process_deaths_total{reason="crash"} 0',
    "lectern_outbox_events 0",
    "lectern_outbox_lag_seconds 0",
    "process_resident_memory_bytes ",
  ])
    expect(text).toContain(line);
  expect(text).not.toContain(id);
});

it("asks for its token when there is one", async () => {
  const token = "a-token-of-metrics";
  const service = await testServer({ env: { LECTERN_METRICS_TOKEN: token } });
  onTestFinished(() => service.close());
  const status = async (credential: string | null) => (await service.request("/metrics", { credential })).status;
  expect([await status(null), await status("a-token-of-metricz"), await status(token)]).toEqual([401, 401, 200]);
});

it("is for this machine alone when there is none", async () => {
  const service = await testServer();
  onTestFinished(() => service.close());
  const response = await service.request("/metrics", { credential: null, headers: { "x-forwarded-for": "203.0.113.9" } });
  expect(response.status).toBe(403);
});
