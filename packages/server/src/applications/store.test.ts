import { afterAll, beforeAll, expect, it } from "vitest";
import { type Clock, type Database, systemRandom } from "../ports.ts";
import { testDatabase } from "../testing/test-database.ts";
import {
  createApplication,
  ensureDefaultApplication,
  findApplication,
  getApplication,
  listApplications,
  updateApplication,
} from "./store.ts";

let time = 1_000;
const clock: Clock = { now: () => time++, setTimeout: () => () => undefined };
const sources = { clock, random: systemRandom };
let database: Database;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

it("has one application from the start, once, and keeps its name", async () => {
  const first = await ensureDefaultApplication(database, clock);
  expect(first).toMatchObject({ name: "Default", allowedOrigins: [] });
  await updateApplication(database, first.id, { name: "Mine" });
  expect(await ensureDefaultApplication(database, clock)).toEqual({ ...first, name: "Mine" });
  expect(await listApplications(database)).toHaveLength(1);
});

it("creates, lists and changes applications", async () => {
  const made = await createApplication(database, "Contracts", sources);
  expect(await getApplication(database, made.id)).toEqual(made);
  expect((await listApplications(database)).map((application) => application.name)).toEqual(["Mine", "Contracts"]);
  const origins = ["https://example.com"];
  expect(await updateApplication(database, made.id, { allowedOrigins: origins })).toEqual({ ...made, allowedOrigins: origins });
  expect(await updateApplication(database, made.id, { name: "Deeds" })).toEqual({ ...made, name: "Deeds", allowedOrigins: origins });
  expect(await getApplication(database, made.id)).toEqual({ ...made, name: "Deeds", allowedOrigins: origins });
});

it("knows no other applications", async () => {
  expect(await findApplication(database, "nobody")).toBeNull();
  await expect(getApplication(database, "nobody")).rejects.toMatchObject({ code: "not_found" });
  await expect(updateApplication(database, "nobody", { name: "x" })).rejects.toMatchObject({ code: "not_found" });
});
