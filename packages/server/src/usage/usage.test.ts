import { afterAll, beforeAll, expect, it } from "vitest";
import { type Clock, type Database } from "../ports.ts";
import { insertDocument, testDatabase } from "../testing/test-database.ts";
import { readUsage, usageOfDeletion, usageOfSession, usageOfUpload } from "./usage.ts";

const noon = Date.parse("2026-03-10T12:00:00Z");
const clock: Clock = { now: () => noon, setTimeout: () => () => undefined };
const day = 86_400_000;
let database: Database;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

it("counts each thing once, however often it is written, and apart for each application and day", async () => {
  const twice = [0, 1].flatMap(() => [
    ...usageOfSession({ applicationId: "a", loadId: "load1", now: noon }),
    ...usageOfSession({ applicationId: "a", loadId: "load2", now: noon }),
    ...usageOfSession({ applicationId: "a", loadId: "load1", now: noon - day }),
    ...usageOfSession({ applicationId: "b", loadId: "load1", now: noon }),
    ...usageOfUpload({ applicationId: "a", documentId: "d", revision: 1, bytes: 1_000, now: noon }),
    ...usageOfUpload({ applicationId: "a", documentId: "d", revision: 2, bytes: 500, now: noon }),
  ]);
  await database.transaction(twice);
  expect(await readUsage(database, "a", { from: "2026-03-09" }, clock)).toEqual({
    data: [
      { day: "2026-03-09", sessions_opened: 1, uploads: 0, uploaded_bytes: 0, documents_stored: 0 },
      { day: "2026-03-10", sessions_opened: 2, uploads: 2, uploaded_bytes: 1_500, documents_stored: 0 },
    ],
    totals: { sessions_opened: 3, uploads: 2, uploaded_bytes: 1_500, documents_stored: 0, bytes_stored: 0 },
  });
  expect((await readUsage(database, "b", {}, clock)).totals.sessions_opened).toBe(1);
});

it("counts nothing of a transaction that was undone", async () => {
  const failing = { sql: "DELETE FROM documents WHERE id = ?", params: ["nothing"], expect: 1 };
  await expect(
    database.transaction([...usageOfUpload({ applicationId: "c", documentId: "d", revision: 1, bytes: 1, now: noon }), failing]),
  ).rejects.toThrow();
  expect((await readUsage(database, "c", {}, clock)).totals.uploads).toBe(0);
});

it("takes the days asked for, both ends included", async () => {
  for (const offset of [0, 1, 29, 30, 31])
    await database.transaction(usageOfSession({ applicationId: "d", loadId: "l", now: noon - offset * day }));
  const days = async (from?: string, to?: string) => (await readUsage(database, "d", { from, to }, clock)).data.map((entry) => entry.day);
  const month = await days();
  expect([month.length, month[0], month.at(-1)]).toEqual([30, "2026-02-09", "2026-03-10"]);
  expect(await days("2026-02-27", "2026-03-01")).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
  expect(await days("2026-03-09", "2026-03-09")).toEqual(["2026-03-09"]);
  expect((await readUsage(database, "d", { from: "2026-02-07", to: "2026-02-08" }, clock)).totals.sessions_opened).toBe(2);
});

it("says how many documents were stored at the end of each day, also of those that are gone, exactly and however often it is told", async () => {
  const make = (id: string, daysAgo: number) =>
    insertDocument(database, "f", id).then(() =>
      database.transaction([
        { sql: "UPDATE documents SET created_at = ? WHERE application_id = 'f' AND id = ?", params: [noon - daysAgo * day, id] },
      ]),
    );
  const remove = (id: string, { made, gone }: { readonly made: number; readonly gone: number }) =>
    database.transaction([
      { sql: "DELETE FROM documents WHERE application_id = 'f' AND id = ?", params: [id] },
      ...usageOfDeletion({ applicationId: "f", documentId: id, createdAt: noon - made * day, now: noon - gone * day }),
    ]);
  const stored = async (from: string, to?: string) =>
    (await readUsage(database, "f", { from, to }, clock)).data.map((entry) => entry.documents_stored);
  await make("long ago", 200);
  await make("stays", 3);
  await make("short", 4);
  await make("same day", 2);
  await remove("short", { made: 4, gone: 1 });
  await remove("same day", { made: 2, gone: 2 });
  await remove("same day", { made: 2, gone: 2 });
  // The same id once more is another document.
  await make("short", 0);
  expect(await stored("2026-03-05")).toEqual([1, 2, 3, 3, 2, 3]);
  expect(await stored("2026-03-05", "2026-03-08")).toEqual([1, 2, 3, 3]);
  expect(await stored("2025-08-20", "2025-08-22")).toEqual([0, 0, 1]);
});

it("says what is stored now", async () => {
  await insertDocument(database, "e", "one");
  await insertDocument(database, "e", "two");
  await database.transaction([{ sql: "UPDATE documents SET byte_size = 21 WHERE application_id = ?", params: ["e"] }]);
  expect((await readUsage(database, "e", {}, clock)).totals).toMatchObject({ documents_stored: 2, bytes_stored: 42 });
});

it.each([
  [{ from: "2026-02-30" }, "$.from"],
  [{ to: "2026-13-01" }, "$.to"],
  [{ from: "2026-03-02", to: "2026-03-01" }, "$.from"],
  [{ from: "2024-01-01", to: "2026-03-01" }, "$.from"],
])("refuses the period %j", async (period, path) => {
  await expect(readUsage(database, "a", period, clock)).rejects.toMatchObject({ code: "invalid_parameters", failingPaths: [{ path }] });
});
