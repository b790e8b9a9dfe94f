/**
 * Work that must be done although the process may die: rows in the database, written in the transaction of what they belong to. A job is
 * taken under a lease and done at least once: after a crash the next process takes it again, after an error it is tried later, with growing
 * pauses, and given up after the last attempt. What a failure means for others the handler writes down itself.
 */
import { newId } from "@lectern/protocol/plain";
import type { Clock, Database, Statement } from "../ports.ts";
import { deleteJob, extendLease, insertJob, type Job, jobOf, type NewJob, nextDue, releaseAll, releaseJob } from "./store.ts";

/** Milliseconds after which the same job shall run again (a job of the calendar); nothing when it is done for good. */
export type JobOutcome = { readonly againIn: number } | undefined | void;
export type JobHandler = (
  payload: unknown,
  signal: AbortSignal,
  attempt: { readonly number: number; readonly last: boolean },
) => Promise<JobOutcome>;

export interface JobQueueOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: (count: number) => Uint8Array;
  readonly handlers: Readonly<Record<string, JobHandler>>;
  /** Jobs of the calendar, made at the start when they are not there. */
  readonly standing?: readonly Omit<NewJob, "dueAt">[];
  /** Jobs at once. */
  readonly concurrency: number;
  readonly onError: (what: string, error: unknown) => void;
  /** Milliseconds; default 60 s, and 15 s where others wait for the jobs of a process that died. Extended while the job runs. */
  readonly leaseMs?: number;
  readonly maxAttempts?: number;
}

export interface JobQueue {
  /** The row of a job, to be written with what it belongs to. Afterwards call `wake`. */
  statement(job: Omit<NewJob, "dueAt"> & { readonly dueAt?: number }): Statement;
  /** There may be something to do. */
  wake(): void;
  /** Takes over what an earlier process left, at once where the store belongs to this process alone, else when its leases end; and begins. */
  start(): Promise<void>;
  /** Takes no more jobs, waits for the running ones, then aborts them; they stay in the store for the next start. */
  close(graceMs: number): Promise<void>;
}

const LEASE_MS = 60_000;
const SHARED_LEASE_MS = 15_000;
const MAX_ATTEMPTS = 5;
const FIRST_PAUSE_MS = 1000;
/** An idle queue looks at least so often, as clocks may be set. */
const LOOK_MS = 60_000;
/** Other processes make jobs, too. */
const SHARED_LOOK_MS = 2_000;

export function jobQueue(options: JobQueueOptions): JobQueue {
  const { database, clock, handlers, concurrency, onError } = options;
  const leaseMs = options.leaseMs ?? (database.shared ? SHARED_LEASE_MS : LEASE_MS);
  const lookMs = database.shared ? SHARED_LOOK_MS : LOOK_MS;
  const maxAttempts = options.maxAttempts ?? MAX_ATTEMPTS;
  const worker = newId(clock.now(), options.random(10));
  const running = new Set<Promise<void>>();
  const abort = new AbortController();
  let open = false;
  let claiming: Promise<void> | null = null;
  let again = false;
  let cancelTimer = (): void => undefined;

  function wake(): void {
    if (!open) return;
    if (claiming !== null) {
      again = true;
      return;
    }
    cancelTimer();
    claiming = claim()
      .catch((error: unknown) => {
        onError("taking jobs", error);
        sleep(FIRST_PAUSE_MS);
      })
      .finally(() => {
        claiming = null;
        if (!again) return;
        again = false;
        wake();
      });
  }

  async function claim(): Promise<void> {
    const limit = concurrency - running.size;
    if (limit <= 0) return; // the end of a running one wakes us
    const now = clock.now();
    const jobs = (await database.claimJobs({ worker, now, leaseUntil: now + leaseMs, limit })).map(jobOf);
    for (const job of jobs) {
      const done = run(job).finally(() => {
        running.delete(done);
        wake();
      });
      running.add(done);
    }
    if (running.size >= concurrency) return;
    const due = await nextDue(database);
    sleep(Math.min(lookMs, due === null ? lookMs : Math.max(due - clock.now(), 1)));
  }

  function sleep(ms: number): void {
    cancelTimer();
    if (open) cancelTimer = clock.setTimeout(wake, ms);
  }

  async function run(job: Job): Promise<void> {
    const stopExtending = extend(job);
    try {
      const outcome = await attempt(job);
      stopExtending();
      if (outcome === "done") await deleteJob(database, worker, job.id);
      else await releaseJob(database, worker, job.id, clock.now() + outcome.pause, { fresh: outcome.fresh });
    } catch (error) {
      // The lease ends by itself, and the job is taken again.
      onError(`writing down the end of job ${job.kind}`, error);
    }
  }

  async function attempt(job: Job): Promise<"done" | { readonly pause: number; readonly fresh: boolean }> {
    const handler = handlers[job.kind];
    if (handler === undefined) {
      onError(`job ${job.kind}`, new Error("nobody does this kind of job"));
      return "done";
    }
    const last = job.attempts >= maxAttempts;
    try {
      const outcome = await handler(job.payload, abort.signal, { number: job.attempts, last });
      return outcome === undefined ? "done" : { pause: outcome.againIn, fresh: true };
    } catch (error) {
      // Stopped by us: it has not failed, and is free for the next process.
      if (abort.signal.aborted) return { pause: 0, fresh: true };
      onError(`job ${job.kind}, attempt ${job.attempts}`, error);
      return last ? "done" : { pause: FIRST_PAUSE_MS * 4 ** (job.attempts - 1), fresh: false };
    }
  }

  function extend(job: Job): () => void {
    let cancel = (): void => undefined;
    const renew = (): void => {
      cancel = clock.setTimeout(() => {
        extendLease(database, worker, job.id, clock.now() + leaseMs).catch((error: unknown) => onError(`lease of job ${job.kind}`, error));
        renew();
      }, leaseMs / 3);
    };
    renew();
    return () => cancel();
  }

  const statement: JobQueue["statement"] = (job) =>
    insertJob(newId(clock.now(), options.random(10)), { ...job, dueAt: job.dueAt ?? clock.now() }, clock.now());

  return {
    statement,
    wake,
    async start() {
      if (!database.shared) await releaseAll(database);
      if (options.standing !== undefined) await database.transaction(options.standing.map((job) => statement(job)));
      open = true;
      wake();
    },
    async close(graceMs) {
      open = false;
      cancelTimer();
      await claiming;
      const all = Promise.all(running);
      const cancel = clock.setTimeout(() => abort.abort(new Error("shutting down")), graceMs);
      await all;
      cancel();
    },
  };
}
