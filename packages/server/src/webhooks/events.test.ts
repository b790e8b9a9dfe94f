import type { SqlValue } from "../ports.ts";
import { systemRandom } from "../ports.ts";
import { memoryBus } from "../adapters/bus-memory.ts";
import { handClock } from "../testing/hand-clock.ts";
import { testDatabase } from "../testing/test-database.ts";
import { expect, it, onTestFinished } from "vitest";
import { events } from "./events.ts";
import { insertWebhook } from "./store.ts";

/** Two processes on one database that do not hear each other's bus; the second can be kept from reading. */
async function twoProcesses() {
  const database = await testDatabase();
  const clock = handClock();
  let isStuck = false;
  const stuck = new Promise<never>(() => undefined);
  const shared = Object.assign(Object.create(database) as typeof database, { shared: true });
  const query = ((sql: string, params?: readonly SqlValue[]) => (isStuck ? stuck : database.query(sql, params))) as typeof database.query;
  const slow = Object.assign(Object.create(shared) as typeof database, { query });
  const options = { clock, random: systemRandom, onEvent: () => undefined, onError: () => undefined };
  const one = events({ ...options, database: shared, bus: memoryBus() });
  const two = events({ ...options, database: slow, bus: memoryBus() });
  await one.start();
  await two.start();
  onTestFinished(async () => {
    one.close();
    two.close();
    await database.close();
  });
  const hook = { url: "https://example.com", topics: ["session.opened"], description: "", sealedSecret: "x", enabled: true };
  const rest = { sealedOldSecret: null, oldSecretUntil: null, disabledReason: null, failingSince: null, createdAt: 0, updatedAt: 0 };
  return {
    clock,
    one,
    two,
    stick: (on: boolean) => void (isStuck = on),
    make: () => database.transaction([insertWebhook({ ...hook, ...rest, id: "hook", applicationId: "a" })]),
    told: (topic: "session.opened" | "document.ready") => two.of("a", topic, {}).length,
  };
}

it("a webhook is acknowledged when every process writes events for it, though no word of it arrived", async () => {
  const { clock, one, make, told } = await twoProcesses();
  expect(told("session.opened")).toBe(0);
  await make();
  let acknowledged = false;
  const made = one.widened().then(() => (acknowledged = true));
  await expect.poll(() => one.of("a", "session.opened", {}).length).toBe(1);
  expect(acknowledged).toBe(false);
  clock.pass(1_000);
  await expect.poll(() => told("session.opened")).toBe(1);
  clock.pass(1_000);
  await made;
  expect(told("document.ready")).toBe(0);
});

it("a process that could not look for a while writes every event, and fewer once it has looked", async () => {
  const { clock, stick, told } = await twoProcesses();
  stick(true);
  clock.pass(1_000);
  expect(told("document.ready")).toBe(0);
  clock.pass(1_000);
  expect([told("document.ready"), told("session.opened")]).toEqual([1, 1]);
  stick(false);
  clock.pass(1_000);
  await expect.poll(() => told("document.ready")).toBe(0);
});
