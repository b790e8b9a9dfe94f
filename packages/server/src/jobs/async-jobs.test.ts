import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { imageCacheKey } from "../documents/stream.ts";
import { testServer, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
let document: string;
let source: string;
beforeAll(async () => {
  server = await testServer();
  ({ id: document, sourcePdfSha256: source } = await server.upload(pagesPdf(4)));
});
afterAll(() => server.close());

type Status = { data: { status: string; details: Record<string, unknown> } };

async function finished(jobId: string): Promise<Status["data"]> {
  for (;;) {
    const { data } = await server.json<Status>(`/viewer/async/jobs/${jobId}`);
    if (!["not_started", "in_progress"].includes(data.status)) return data;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const start = async (json: unknown): Promise<string> => {
  const response = await server.request(`/api/documents/${document}/prerender`, { json });
  expect(response.status).toBe(202);
  return ((await response.json()) as { data: { jobId: string } }).data.jobId;
};

test("pages are drawn in the widths that the scales ask for, as the viewer asks for them", async () => {
  const { cache, database } = server.server.documents;
  const applicationId = (await database.query<{ id: string }>("SELECT id FROM applications"))[0]!.id;
  const has = (index: number, width: number): boolean => cache.has(imageCacheKey({ applicationId, blob: source, index, width }));
  expect([has(2, 640), has(2, 1280)]).toEqual([false, false]);
  expect(await finished(await start({ scales: [1, 2], start_page: 2, end_page: 99 }))).toEqual({
    status: "completed",
    details: { images: 4, done: 4, failed: 0 },
  });
  expect([has(2, 640), has(2, 1280), has(3, 640), has(3, 1280), has(1, 640)]).toEqual([true, true, true, true, false]);
});

test("without a body the first ten pages are drawn", async () => {
  expect((await finished(await start(null))).details).toEqual({ images: 12, done: 12, failed: 0 });
});

test.each([
  [{ start_page: 3, end_page: 1 }, 422, "unprocessable"],
  [{ start_page: 4 }, 422, "unprocessable"],
  [{ scales: [3] }, 400, "invalid_parameters"],
  [{ scales: [] }, 400, "invalid_parameters"],
  [{ end_page: -1 }, 400, "invalid_parameters"],
])("%j is refused", async (json, status, code) => {
  const response = await server.request(`/api/documents/${document}/prerender`, { json });
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ code });
});

test("a job of another application, and one that never was, are not there", async () => {
  const jobId = await start({ scales: [1], end_page: 0 });
  await server.server.documents.database.transaction([
    { sql: "UPDATE async_jobs SET application_id = 'other' WHERE id = ?", params: [jobId] },
  ]);
  for (const id of [jobId, "nothing"]) expect((await server.request(`/api/async/jobs/${id}`)).status).toBe(404);
});

test("what nobody asks for any more is forgotten", async () => {
  const jobId = await start({ scales: [1], end_page: 0 });
  await finished(jobId);
  const { database, clock } = server.server.documents;
  const { keepHouse } = await import("./housekeeping.ts");
  await keepHouse({ database, clock }, new AbortController().signal);
  expect((await server.request(`/api/async/jobs/${jobId}`)).status).toBe(200);
  server.advance(31 * 24 * 3_600_000);
  await keepHouse({ database, clock }, new AbortController().signal);
  expect((await server.request(`/api/async/jobs/${jobId}`)).status).toBe(404);
});
