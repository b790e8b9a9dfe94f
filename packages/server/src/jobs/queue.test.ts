import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { sqliteDatabase } from "../adapters/database-sqlite.ts";
import { type Database, systemClock } from "../ports.ts";
import { handClock } from "../testing/hand-clock.ts";
import { testDatabase } from "../testing/test-database.ts";
import { type JobHandler, type JobQueue, jobQueue, type JobQueueOptions } from "./queue.ts";

let database: Database;
const queues: JobQueue[] = [];
const errors: string[] = [];

beforeAll(async () => {
  database = await testDatabase();
});
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.close(0)));
  await database.transaction([{ sql: "DELETE FROM jobs" }]);
  errors.length = 0;
});
afterAll(() => database.close());

function queue(handlers: Readonly<Record<string, JobHandler>>, options: Partial<JobQueueOptions> = {}): JobQueue {
  const made = jobQueue({
    database,
    clock: systemClock,
    random: randomBytes,
    handlers,
    concurrency: 2,
    onError: (what) => errors.push(what),
    ...options,
  });
  queues.push(made);
  return made;
}

const add = (to: JobQueue, name: string, dueAt?: number): Promise<unknown> =>
  database.transaction([to.statement({ kind: "work", key: name, payload: { name }, ...(dueAt === undefined ? {} : { dueAt }) })]);
const left = async (): Promise<number> => (await database.query("SELECT id FROM jobs")).length;

describe("the job queue", () => {
  it("does what is due, forgets what is done, and does not make the same job twice", async () => {
    const done: unknown[] = [];
    const one = queue({ work: async (payload) => void done.push(payload) });
    await add(one, "before the start");
    await one.start();
    await add(one, "later");
    await add(one, "later");
    one.wake();
    await expect.poll(left).toBe(0);
    expect(done).toEqual([{ name: "before the start" }, { name: "later" }]);
  });

  it("does as many at once as it may", async () => {
    let running = 0;
    let most = 0;
    const finish: (() => void)[] = [];
    const one = queue({
      work: async () => {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => finish.push(resolve));
        running--;
      },
    });
    for (const name of ["a", "b", "c", "d", "e"]) await add(one, name);
    await one.start();
    for (let n = 0; n < 5; n++) {
      await expect.poll(() => finish.length).toBeGreaterThan(n);
      finish[n]!();
    }
    await expect.poll(left).toBe(0);
    expect(most).toBe(2);
  });

  it("tries again after growing pauses, and gives up after the last attempt", async () => {
    const clock = handClock();
    const attempts: [number, boolean][] = [];
    const one = queue(
      {
        work: (_payload, _signal, attempt) => {
          attempts.push([attempt.number, attempt.last]);
          return Promise.reject(new Error("not today"));
        },
      },
      { clock, maxAttempts: 3 },
    );
    await add(one, "unlucky");
    await one.start();
    const due = async (): Promise<unknown> => (await database.query("SELECT due_at, leased_by FROM jobs"))[0];
    await expect.poll(due).toEqual({ due_at: 1_001_000, leased_by: null });
    await expect.poll(() => clock.next()).toBe(1000);
    clock.pass(1000);
    await expect.poll(due).toEqual({ due_at: 1_005_000, leased_by: null });
    await expect.poll(() => clock.next()).toBe(4000);
    clock.pass(4000);
    await expect.poll(left).toBe(0);
    expect(attempts).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(errors).toHaveLength(3);
  });

  it("makes the standing jobs at the start, once", async () => {
    let done = 0;
    const standing = [{ kind: "work", key: "every hour", payload: {} }];
    for (let n = 0; n < 2; n++) {
      const one = queue({ work: async () => (done++, { againIn: 3_600_000 }) }, { standing });
      await one.start();
      await expect.poll(() => done).toBe(1);
      await one.close(1000);
      expect(await left()).toBe(1);
    }
  });

  it("waits for the time of a job, and repeats one that asks for it", async () => {
    const clock = handClock();
    let done = 0;
    const one = queue({ work: async () => (++done < 3 ? { againIn: 60_000 } : undefined) }, { clock });
    await add(one, "calendar", clock.now() + 5000);
    await one.start();
    for (const [ms, times] of [
      [5000, 1],
      [60_000, 2],
      [60_000, 3],
    ] as const) {
      // The queue has looked, and sleeps.
      await expect.poll(() => clock.next()).toBe(ms);
      expect(done).toBe(times - 1);
      clock.pass(ms);
      await expect.poll(() => done).toBe(times);
    }
    await expect.poll(left).toBe(0);
  });

  it("keeps its lease while a long job runs", async () => {
    const clock = handClock();
    let finish = (): void => undefined;
    const one = queue({ work: () => new Promise<void>((resolve) => (finish = resolve)) }, { clock, leaseMs: 30_000 });
    await add(one, "long");
    await one.start();
    const until = async (): Promise<number> =>
      (await database.query<{ leased_until: number }>("SELECT leased_until FROM jobs"))[0]!.leased_until;
    await expect.poll(until).toBe(1_030_000);
    for (const at of [1_040_000, 1_050_000, 1_060_000]) {
      clock.pass(10_000);
      await expect.poll(until).toBe(at);
    }
    finish();
    await expect.poll(left).toBe(0);
  });

  it("lets running jobs end when it closes, and keeps the others for the next start", async () => {
    let finish = (): void => undefined;
    const begun: string[] = [];
    const one = queue(
      {
        work: (payload) => {
          begun.push((payload as { name: string }).name);
          return new Promise<void>((resolve) => (finish = resolve));
        },
      },
      { concurrency: 1 },
    );
    await add(one, "first", 1);
    await add(one, "second", 2);
    await one.start();
    await expect.poll(() => begun).toEqual(["first"]);
    const closing = one.close(60_000);
    finish();
    await closing;
    expect(await left()).toBe(1);
    const next = queue({ work: async (payload) => void begun.push((payload as { name: string }).name) });
    await next.start();
    await expect.poll(left).toBe(0);
    expect(begun).toEqual(["first", "second"]);
  });

  it("stops a job that does not end in time, without counting it as failed", async () => {
    const one = queue({
      work: (_payload, signal) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    });
    await add(one, "endless");
    await one.start();
    await expect.poll(async () => (await database.query("SELECT attempts FROM jobs"))[0]).toEqual({ attempts: 1 });
    await one.close(0);
    expect(await database.query("SELECT attempts, leased_by FROM jobs")).toEqual([{ attempts: 0, leased_by: null }]);
    expect(errors).toEqual([]);
  });

  it("takes up after kill -9 what a process had begun", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lectern-queue-"));
    const child = fork(fileURLToPath(new URL("../testing/queue-until-killed.ts", import.meta.url)), [folder], {
      execArgv: ["--conditions=lectern-source", "--import", "tsx"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const begun = async (): Promise<number> => (await readFile(join(folder, "begun"), "utf8").catch(() => "")).split("\n").length - 1;
    await expect.poll(begun, { timeout: 20_000 }).toBe(2);
    child.kill("SIGKILL");
    await once(child, "exit");
    const store = await sqliteDatabase({ path: join(folder, "lectern.sqlite") });
    const done: string[] = [];
    const next = jobQueue({
      database: store,
      clock: systemClock,
      random: randomBytes,
      concurrency: 2,
      onError: (what) => errors.push(what),
      handlers: { work: async (payload) => void done.push((payload as { name: string }).name) },
    });
    await next.start();
    await expect.poll(async () => (await store.query("SELECT id FROM jobs")).length).toBe(0);
    await next.close(0);
    await store.close();
    await rm(folder, { recursive: true });
    expect(done.toSorted()).toEqual(["a", "b", "c"]);
  });
});
