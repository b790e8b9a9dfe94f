import { afterAll, beforeAll, expect, it } from "vitest";
import { type Clock, type Database } from "../ports.ts";
import { insertDocument, testDatabase } from "../testing/test-database.ts";
import { readUsage, usageOfSession, usageOfUpload } from "./usage.ts";

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
    ...usageOfUpload({ applicationId: "a", documentId: "d", bytes: 1_000, now: noon }),
    ...usageOfUpload({ applicationId: "a", documentId: "d", bytes: 500, now: noon + 1 }),
  ]);
  await database.transaction(twice);
  expect(await readUsage(database, "a", {}, clock)).toEqual({
    data: [
      { day: "2026-03-09", sessions_opened: 1, uploads: 0, uploaded_bytes: 0 },
      { day: "2026-03-10", sessions_opened: 2, uploads: 2, uploaded_bytes: 1_500 },
    ],
    totals: { sessions_opened: 3, uploads: 2, uploaded_bytes: 1_500, documents_stored: 0, bytes_stored: 0 },
  });
  expect((await readUsage(database, "b", {}, clock)).totals.sessions_opened).toBe(1);
});

it("counts nothing of a transaction that was undone", async () => {
  const failing = { sql: "DELETE FROM documents WHERE id = ?", params: ["nothing"], expect: 1 };
  await expect(
    database.transaction([...usageOfUpload({ applicationId: "c", documentId: "d", bytes: 1, now: noon }), failing]),
  ).rejects.toThrow();
  expect((await readUsage(database, "c", {}, clock)).totals.uploads).toBe(0);
});

it("takes the days asked for, both ends included", async () => {
  for (const offset of [0, 1, 29, 30, 31])
    await database.transaction(usageOfSession({ applicationId: "d", loadId: "l", now: noon - offset * day }));
  const days = async (from?: string, to?: string) => (await readUsage(database, "d", { from, to }, clock)).data.map((entry) => entry.day);
  expect(await days()).toEqual(["2026-02-09", "2026-03-09", "2026-03-10"]);
  expect(await days("2026-02-07", "2026-02-08")).toEqual(["2026-02-07", "2026-02-08"]);
  expect(await days("2026-03-09", "2026-03-09")).toEqual(["2026-03-09"]);
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
