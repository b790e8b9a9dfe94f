/** Queues of several processes on one store, each with a part of the jobs. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "../ports.ts";
import { handClock } from "../testing/hand-clock.ts";
import { testDatabase } from "../testing/test-database.ts";
import { type JobHandler, jobQueue } from "./queue.ts";

let database: Database;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

it("leaves the job of a living process alone, and takes it up 15 seconds after that one has died", async () => {
  const shared: Database = { ...database, shared: true };
  const clock = handClock();
  const begun: string[] = [];
  const queueOf = (name: string, work: JobHandler) =>
    jobQueue({
      database: shared,
      clock,
      random: randomBytes,
      concurrency: 1,
      handlers: {
        work: (payload, signal, attempt) => {
          begun.push(name);
          return work(payload, signal, attempt);
        },
      },
      onError: () => undefined,
    });
  const first = queueOf("first", (_payload, signal) => new Promise((_resolve, reject) => signal.addEventListener("abort", reject)));
  const second = queueOf("second", () => Promise.resolve(undefined));
  await database.transaction([first.statement({ kind: "work", key: "one", payload: {} })]);
  await first.start();
  await expect.poll(() => begun).toEqual(["first"]);
  await second.start();
  const lease = async () => (await database.query<{ leased_until: number }>("SELECT leased_until FROM jobs"))[0]?.leased_until;
  // it lives: its lease goes on
  for (let n = 0; n < 4; n++) {
    const before = await lease();
    clock.pass(5000);
    await expect.poll(lease).toBe(before! + 5000);
  }
  expect(begun).toEqual(["first"]);
  // it is dead: nobody extends the lease
  await database.transaction([{ sql: "UPDATE jobs SET leased_by = ?", params: ["a process that died"] }]);
  await expect
    .poll(() => {
      clock.pass(2000);
      return begun;
    })
    .toEqual(["first", "second"]);
  await expect.poll(lease).toBeUndefined();
  const closed = Promise.all([first.close(0), second.close(0)]);
  await expect.poll(() => clock.next()).toBe(0);
  clock.pass(1);
  await closed;
});
