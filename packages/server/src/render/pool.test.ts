import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import {
  brokenPdf,
  emptyFile,
  encryptedPdf,
  ENCRYPTED_PASSWORD,
  hostileFiles,
  notAPdf,
  pagesPdf,
  truncatedPdf,
} from "@lectern/pdf/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RenderSource } from "../ports.ts";
import { handClock } from "../testing/hand-clock.ts";
import { hangWorkers } from "../testing/hang-workers.ts";
import { type RenderPool, renderPool, type RenderPoolOptions } from "./pool.ts";
import type { WorkerDeath } from "./process.ts";

/** Stopped processes stand for those that never end: they seem to be at work. */
const BUSY = (): null => null;

let folder = "";
/** For tests that harm no process. */
let shared: RenderPool;
const pools: RenderPool[] = [];
const deaths: WorkerDeath[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lectern-pool-"));
  shared = renderPool({ workers: 1, onDeath: (death) => deaths.push(death) });
});
afterEach(async () => {
  deaths.length = 0;
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});
afterAll(async () => {
  await shared.close();
  await rm(folder, { recursive: true });
});

function pool(options: Partial<RenderPoolOptions> = {}): RenderPool {
  const made = renderPool({ workers: 1, onDeath: (death) => deaths.push(death), cpuTime: BUSY, ...options });
  pools.push(made);
  return made;
}

async function file(bytes: Uint8Array): Promise<RenderSource> {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const path = join(folder, sha256);
  await writeFile(path, bytes);
  return { path, sha256 };
}

const image = (using: RenderPool, source: RenderSource, page = 0, signal?: AbortSignal): Promise<Uint8Array> =>
  using.image(source, { page, width: 160, format: "webp", annotations: "others", ...(signal === undefined ? {} : { signal }) });

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A sound file still works: nothing of what came before has stayed. */
async function expectControl(using: RenderPool): Promise<void> {
  const { width, height } = await sharp(await image(using, await file(pagesPdf(2)), 1)).metadata();
  expect([width, height]).toEqual([160, 226]);
}

describe("rendering in worker processes", () => {
  it("draws a page in each format, by width or by height", async () => {
    const using = shared;
    const source = await file(pagesPdf(3));
    for (const format of ["webp", "png", "jpeg"] as const) {
      const meta = await sharp(await using.image(source, { page: 2, width: 320, format, annotations: "all" })).metadata();
      expect([meta.format, meta.width, meta.height]).toEqual([format, 320, 453]);
    }
    const byHeight = await sharp(await using.image(source, { page: 0, height: 333, format: "png", annotations: "all" })).metadata();
    expect([byHeight.width, byHeight.height]).toEqual([235, 333]);
    const turned = await sharp(
      await using.image(source, { page: 0, height: 100, format: "png", annotations: "all", rotation: 90 }),
    ).metadata();
    expect([turned.width, turned.height]).toEqual([142, 100]);
  });

  it("gives the text of a page with its positions", async () => {
    const text = JSON.parse(await shared.text(await file(pagesPdf(3)), 1)) as { runs: { text: string; edges: number[] }[] };
    expect(text.runs[0]!.text).toBe("Page 2 of 3");
    expect(text.runs[0]!.edges).toHaveLength(12);
  });

  it("writes manifest and base records for a prepared file", async () => {
    const target = join(folder, "prepared.ndjson");
    const summary = await shared.prepare(await file(pagesPdf(3)), { revision: 1, target });
    expect(summary).toEqual({ pageCount: 3, encrypted: false, recordCount: 0, pictures: [], files: [], title: "3 pages", warnings: [] });
    const [first] = (await readFile(target, "utf8")).split("\n");
    expect(JSON.parse(first!)).toMatchObject({ manifest: { pageCount: 3, runs: [[3, 0]], shapes: [{ width: 595, height: 842 }] } });
  });

  it("answers for files that cannot be opened, and goes on", async () => {
    const using = shared;
    for (const bytes of [brokenPdf(), emptyFile(), notAPdf()]) {
      await expect(using.probe(await file(bytes))).rejects.toMatchObject({ code: "invalid_document" });
      await expectControl(using);
    }
    // What is left of a cut file may be readable: an answer either way, and never a dead worker.
    await using.probe(await file(truncatedPdf())).catch((error: unknown) => expect(error).toMatchObject({ code: "invalid_document" }));
    await expectControl(using);
    expect(deaths).toEqual([]);
  });

  it("opens an encrypted file with its password only", async () => {
    const using = shared;
    const source = await file(encryptedPdf());
    await expect(using.probe(source)).rejects.toMatchObject({ code: "password_required" });
    await expect(using.probe({ ...source, password: "guess" })).rejects.toMatchObject({ code: "wrong_password" });
    expect(await using.probe({ ...source, password: ENCRYPTED_PASSWORD })).toEqual({ pageCount: 1, encrypted: true });
    // The open copy must not answer for those who do not know the password.
    await expect(image(using, source)).rejects.toMatchObject({ code: "password_required" });
  });

  it("says which page there is not, and which picture is too large", async () => {
    const using = shared;
    const source = await file(pagesPdf(2));
    await expect(image(using, source, 2)).rejects.toMatchObject({ code: "not_found" });
    await expect(using.image(source, { page: 0, width: 20_000, format: "png", annotations: "none" })).rejects.toMatchObject({
      code: "too_large",
    });
    await expectControl(using);
  });

  it("checks a real worker with a known page", async () => {
    await expect(shared.check()).resolves.toBeUndefined();
  });
});

describe("workers that fail", () => {
  /** Takes long enough to be caught in the middle. */
  const large = (using: RenderPool, source: RenderSource): Promise<Uint8Array> =>
    using.image(source, { page: 0, width: 2000, format: "png", annotations: "none" });

  const clock = handClock();
  let hanging: RenderPool;
  beforeAll(() => {
    hanging = renderPool({ workers: 1, clock, cpuTime: BUSY, onDeath: (death) => deaths.push(death) });
  });
  afterAll(() => hanging.close());

  it("kills one that hangs and tries the job again", async () => {
    const using = hanging;
    const drawn = large(using, await file(pagesPdf(1)));
    await hangWorkers(using, clock, 1);
    expect(await sharp(await drawn).metadata()).toMatchObject({ width: 2000 });
    expect(deaths.map((death) => death.reason)).toEqual(["time"]);
    expect(using.stats()).toMatchObject({ starts: 2, queued: 0, deaths: { time: 1, crash: 0 } });
  });

  it("gives up a job that hangs twice, and still draws others", async () => {
    const using = hanging;
    const failing = expect(large(using, await file(pagesPdf(5)))).rejects.toMatchObject({
      code: "document_failed",
      message: "The file takes too long: more than 10 seconds for one step",
    });
    await hangWorkers(using, clock, 2);
    await failing;
    await expectControl(using);
  });

  it("tries a job again whose worker was killed, and forgives the file", async () => {
    const using = pool();
    const source = await file(pagesPdf(2));
    for (let round = 0; round < 3; round++) {
      await using.check();
      const [victim] = using.processes();
      process.kill(victim!.pid, "SIGSTOP");
      const drawn = image(using, source, round % 2);
      process.kill(victim!.pid, "SIGKILL");
      expect((await drawn).length).toBeGreaterThan(100);
    }
    expect(deaths.map((death) => death.reason)).toEqual(["crash", "crash", "crash"]);
  });

  it("kills one that takes too much memory, and says so", async () => {
    const using = pool({ maxMemory: 20_000_000 });
    await expect(using.image(await file(pagesPdf(1)), { page: 0, width: 6000, format: "webp", annotations: "none" })).rejects.toMatchObject(
      {
        code: "document_failed",
        message: expect.stringContaining("memory") as unknown,
      },
    );
    expect(deaths.map((death) => death.reason)).toEqual(["memory", "memory"]);
    await expectControl(shared);
  });

  it("tries a job again only where another process is left for everybody else", async () => {
    const ownClock = handClock();
    const using = pool({ workers: 2, clock: ownClock });
    const failing = expect(large(using, await file(pagesPdf(6)))).rejects.toMatchObject({ code: "document_failed" });
    await hangWorkers(using, ownClock, 1);
    await until(() => using.processes().some((one) => one.state === "busy"));
    expect(using.processes().map((one) => one.state)).toContain("idle");
    process.kill(using.processes().find((one) => one.state === "busy")!.pid, "SIGSTOP");
    await expectControl(using);
    ownClock.pass(10_000);
    await failing;
    expect(deaths.map((death) => death.reason)).toEqual(["time", "time"]);
  });

  it("gives one its time again that had next to nothing of the processor, and kills it in the end", async () => {
    const ownClock = handClock();
    let used = 0;
    const using = pool({ clock: ownClock, cpuTime: () => used });
    const source = await file(pagesPdf(12));
    const drawn = large(using, source);
    await until(() => using.processes().some(({ state }) => state === "busy"));
    const { pid } = using.processes()[0]!;
    process.kill(pid, "SIGSTOP");
    ownClock.pass(10_000);
    used += 2000;
    ownClock.pass(10_000);
    expect(using.processes().map((one) => one.pid)).toEqual([pid]);
    process.kill(pid, "SIGCONT");
    await drawn;
    const failing = large(using, source).catch(() => null);
    await until(() => using.processes().some(({ state }) => state === "busy"));
    process.kill(pid, "SIGSTOP");
    for (let n = 0; n < 3; n++) ownClock.pass(10_000);
    await until(() => !using.processes().some((one) => one.pid === pid));
    expect(deaths.map(({ reason }) => reason)).toEqual(["time"]);
    await using.close();
    await failing;
  });

  it("starts one more for other files when all that there are take long, and ends it afterwards", async () => {
    const ownClock = handClock();
    const using = pool({ workers: 2, clock: ownClock });
    const source = await file(pagesPdf(10));
    const stopped = async (count: number): Promise<number[]> => {
      await until(() => using.processes().filter(({ state }) => state === "busy").length === count);
      const pids = using.processes().map(({ pid }) => pid);
      for (const pid of pids) process.kill(pid, "SIGSTOP");
      return pids;
    };
    const failing = [0, 1].map((page) => using.image(source, { page, width: 3000, format: "png", annotations: "none" }).catch(() => null));
    const pids = await stopped(2);
    const other = expectControl(using);
    ownClock.pass(500);
    expect(using.processes()).toHaveLength(2);
    ownClock.pass(600);
    await other;
    expect(using.processes().map(({ pid }) => pid)).toEqual(expect.arrayContaining(pids));
    // The file that takes long gets nothing of it.
    const more = image(using, source, 2).catch(() => null);
    await until(() => using.processes().length === 2);
    expect(using.queued).toBe(1);
    for (const pid of pids) process.kill(pid, "SIGCONT");
    await Promise.all([...failing, more]);
    expect(deaths).toEqual([]);
  });

  it("leaves one to everybody else once a file has cost one", async () => {
    const ownClock = handClock();
    const using = pool({ workers: 2, clock: ownClock });
    const source = await file(pagesPdf(11));
    const failing = large(using, source).catch(() => null);
    await hangWorkers(using, ownClock, 1);
    await hangWorkers(using, ownClock, 1);
    expect(await failing).toBeNull();
    const jobs = [0, 1].map((page) => image(using, source, page));
    await until(() => using.processes().some(({ state }) => state === "busy"));
    expect(using.queued).toBe(1);
    await expectControl(using);
    await Promise.all(jobs);
  });

  it("ends one whose engine was refused more memory, and says so of the file", async () => {
    const using = pool({ maxMemory: 200_000_000 });
    const bomb = await file(
      hostileFiles(7)
        .find(({ name }) => name === "bomb in content: 1000000000 bytes in 2 layers")!
        .bytes(),
    );
    await expect(image(using, bomb)).rejects.toMatchObject({
      code: "document_failed",
      message: "The file needs more memory than one document may take",
    });
    expect(deaths.map((death) => death.reason)).toEqual(["memory", "memory"]);
    await expectControl(using);
  });

  it("does not try a file any more that has cost three workers", async () => {
    const using = hanging;
    // Those that died a minute ago do not slow down the start of new ones.
    clock.pass(60_001);
    const source = await file(pagesPdf(7));
    for (const [hangs, extra] of [
      [2, undefined],
      [1, { quarantined: true }],
    ] as const) {
      const failing = expect(large(using, source)).rejects.toMatchObject({
        code: "document_failed",
        ...(extra === undefined ? {} : { extra }),
      });
      await hangWorkers(using, clock, hangs);
      await failing;
    }
    await expect(using.text(source, 0)).rejects.toMatchObject({ code: "document_failed", extra: { quarantined: true } });
    expect(deaths).toHaveLength(3);
    await expectControl(using);
    // An hour later it may try again.
    clock.pass(3_600_001);
    expect(await using.text(source, 0)).toContain("Page 1 of 7");
  });
});

describe("processes that cannot be started", () => {
  it("fail the work that waits, and are not started in a storm", async () => {
    const clock = handClock();
    const using = pool({ clock });
    for (let round = 0; round < 2; round++) {
      const waiting = expect(using.check()).rejects.toMatchObject({ code: "unavailable" });
      for (let n = 0; n < 3; n++) {
        await until(() => using.processes().length > 0);
        const { pid } = using.processes()[0]!;
        process.kill(pid, "SIGKILL");
        await until(() => !using.processes().some((one) => one.pid === pid));
      }
      await waiting;
    }
    expect(deaths.map((death) => death.reason)).toEqual(Array.from({ length: 6 }, () => "start"));
    const last = using.check();
    expect(using.processes()).toEqual([]);
    clock.pass(100);
    expect(using.processes()).toHaveLength(1);
    await last;
  });
});

describe("the queue", () => {
  it("lets who waits pass what is done ahead", async () => {
    const using = shared;
    const source = await file(pagesPdf(9));
    const order: string[] = [];
    const ahead = [1, 2, 3].map((page) => using.text(source, page, { priority: "ahead" }).then(() => order.push(`ahead ${page}`)));
    const now = using.text(source, 8).then(() => order.push("now"));
    await Promise.all([...ahead, now]);
    // One of the others may have been begun already.
    expect(order.indexOf("now")).toBeLessThanOrEqual(1);
  });

  it("does what nobody waits for beside a process at rest, and with one process not at all", async () => {
    const source = await file(pagesPdf(3));
    const idle = (using: RenderPool): Promise<Uint8Array> =>
      using.image(source, { page: 2, width: 160, format: "webp", annotations: "none", priority: "idle" });
    await expect(idle(shared)).rejects.toMatchObject({ code: "unavailable" });
    const using = pool({ workers: 2 });
    await using.check();
    let done = false;
    const later = idle(using).then(() => (done = true));
    await image(using, source);
    // Nothing was started for it.
    expect([using.processes().length, using.queued, done]).toEqual([1, 1, false]);
    await Promise.all([image(using, source), image(using, source, 1)]);
    await later;
    expect(using.processes().length).toBe(2);
  });

  it("forgets a job that was cancelled while it waited", async () => {
    const using = shared;
    const source = await file(pagesPdf(4));
    const abort = new AbortController();
    const running = image(using, source);
    const cancelled = image(using, source, 1, abort.signal);
    abort.abort();
    await expect(cancelled).rejects.toThrow("abort");
    expect(using.queued).toBeLessThanOrEqual(1);
    await running;
    expect(deaths).toEqual([]);
  });

  it("ends background work that nobody wants any more, without blaming the file", async () => {
    const using = pool();
    const source = await file(pagesPdf(3));
    await using.check();
    const abort = new AbortController();
    const [victim] = using.processes();
    process.kill(victim!.pid, "SIGSTOP");
    const prepared = using.prepare(source, { revision: 1, target: join(folder, "never.ndjson"), signal: abort.signal });
    await until(() => using.processes().some((one) => one.state === "busy"));
    abort.abort();
    await expect(prepared).rejects.toThrow("abort");
    await expectControl(using);
    expect(deaths).toEqual([]);
  });

  it("sends a document's next page to the worker that has it open, and other work elsewhere", async () => {
    const using = pool({ workers: 2 });
    const [one, other] = [await file(pagesPdf(2)), await file(pagesPdf(3))];
    await Promise.all([image(using, one), image(using, other)]);
    await until(() => using.processes().length === 2 && using.processes().every((process) => process.state === "idle"));
    const running = [image(using, one, 1), image(using, other, 1)];
    expect(using.processes().filter((process) => process.state === "busy")).toHaveLength(2);
    await Promise.all(running);
  });

  it("refuses work once it is closed, and leaves no process behind", async () => {
    const using = pool({ workers: 2 });
    await using.check();
    const pids = using.processes().map((one) => one.pid);
    const waiting = image(using, await file(pagesPdf(2)));
    const outcome = expect(waiting).rejects.toMatchObject({ code: "unavailable" });
    await using.close();
    await outcome;
    await expect(using.check()).rejects.toMatchObject({ code: "unavailable" });
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});
