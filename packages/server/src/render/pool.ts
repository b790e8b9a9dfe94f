/**
 * The Renderer: worker processes that are thrown away when a file makes them fail, hang or swell. A document's next job goes to the worker
 * that has it open; somebody who waits comes before background work, which never takes the last worker when there are several. A job whose
 * worker died is tried once more; a file that has cost three workers within an hour is not tried any more. Whoever waits for another file while all
 * processes are at work for long gets one more, which ends when it has nothing to do.
 */
import { ApiError } from "@lectern/protocol/plain";
import { type Clock, type Priority, type Renderer, type RenderSource, systemClock } from "../ports.ts";
import { INPUT_LIMITS } from "../input-limits.ts";
import { documentKey, type JobKind, type JobMessage, type Jobs, touch, type WorkerInput } from "./messages.ts";
import { type DeathCause, type OnProgress, startWorker, systemCpuTime, WorkerDeath, type WorkerProcess } from "./process.ts";

export interface RenderPoolOptions {
  /** Processes at most. The first is started at once, the others when there is work for them. */
  readonly workers: number;
  readonly clock?: Clock;
  /** Wall clock of one try, milliseconds: page (image, text, probe) 10 s, prepare, convert and export 60 s. */
  readonly limits?: { readonly page?: number; readonly prepare?: number; readonly export?: number };
  /** Milliseconds of the processor that a process has had; default: as the system tells. Of a job that was kept waiting nobody says that it hangs. */
  readonly cpuTime?: (pid: number) => number | null;
  /** Bytes of one process; default 1 GB. */
  readonly maxMemory?: number;
  /** What files may be; default: INPUT_LIMITS. */
  readonly input?: WorkerInput;
  /** A process ended that should not have. */
  readonly onDeath?: (death: WorkerDeath) => void;
}

type ProcessState = "starting" | "idle" | "busy";

export interface RenderPool extends Renderer {
  /** For metrics and tests. */
  processes(): readonly { readonly pid: number; readonly state: ProcessState }[];
  /** Jobs that wait for a process. */
  readonly queued: number;
}

const LIMITS = { page: 10_000, prepare: 60_000, export: 60_000 };
const MAX_MEMORY = 1_000_000_000;
const MAX_QUEUED = 2000;
/** Kills of one file after which it is not tried any more, and for how long they are remembered. */
const QUARANTINE_KILLS = 3;
const QUARANTINE_MS = 3_600_000;
const REMEMBERED_FILES = 1000;
const IDLE_MS = 60_000;
/** A job at work for so long may be one that never ends. */
const LONG_MS = 1000;
/** Deaths within a minute after which new processes come slowly. */
const CALM_DEATHS = 6;
const MAX_START_PAUSE_MS = 5000;
const MAX_FAILED_STARTS = 3;

/** 0: somebody waits. 1: background work. 2: done ahead. 3: done when there is nothing else to do. */
type Rank = 0 | 1 | 2 | 3;

interface Task {
  readonly kind: JobKind;
  readonly source: RenderSource | null;
  readonly options: unknown;
  readonly rank: Rank;
  readonly heavy: boolean;
  /** Of the first try. */
  readonly statedMs: number;
  limitMs: number;
  tries: number;
  settled: boolean;
  readonly onProgress: OnProgress | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Slot {
  readonly process: WorkerProcess;
  ready: boolean;
  task: Task | null;
  /** When it was given its task. */
  since: number;
  readonly open: string[];
  cancelIdle: () => void;
}

export function renderPool(options: RenderPoolOptions): RenderPool {
  const clock = options.clock ?? systemClock;
  const limits = { ...LIMITS, ...options.limits };
  const maxMemory = options.maxMemory ?? MAX_MEMORY;
  const { pages, pixels, inflatedBytes } = options.input ?? INPUT_LIMITS;
  const input: WorkerInput = { pages, pixels, inflatedBytes };
  const slots = new Set<Slot>();
  const queues: readonly [Task[], Task[], Task[], Task[]] = [[], [], [], []];
  const deaths: number[] = [];
  /** Times at which a file cost a process, by SHA-256; least recent file first. */
  const kills = new Map<string, number[]>();
  const deathsByReason: Record<string, number> = { crash: 0, time: 0, memory: 0, start: 0 };
  let starts = 0;
  let failedStarts = 0;
  let pause: (() => void) | null = null;
  let cancelLook = (): void => undefined;
  let closed = false;
  let lastId = 0;

  spawn();

  function spawn(): void {
    starts++;
    const slot: Slot = {
      process: startWorker({ clock, limits: { maxMemory, ...input }, cpuTime: options.cpuTime ?? systemCpuTime }),
      ready: false,
      task: null,
      since: 0,
      open: [],
      cancelIdle: () => undefined,
    };
    slots.add(slot);
    slot.process.ready.then(
      () => {
        failedStarts = 0;
        slot.ready = true;
        rest(slot);
        dispatch();
      },
      () => undefined, // told by `exited`
    );
    void slot.process.exited.then((death) => buried(slot, death));
  }

  function buried(slot: Slot, death: WorkerDeath): void {
    slots.delete(slot);
    slot.cancelIdle();
    if (closed) return;
    if (death.reason !== "stopped") {
      deaths.push(clock.now());
      deathsByReason[death.reason] = (deathsByReason[death.reason] ?? 0) + 1;
      options.onDeath?.(death);
    }
    if (death.reason === "start" && ++failedStarts >= MAX_FAILED_STARTS) {
      for (const task of queues.flat())
        fail(task, new ApiError("unavailable", "The processes that read PDF files cannot be started", { cause: death, retryAfter: 5 }));
      for (const queue of queues) queue.length = 0;
      failedStarts = 0;
    }
    if (slots.size === 0 && death.reason !== "start") start();
    dispatch();
  }

  /** A new process, now or, when many have died of late, in a while. */
  function start(most = options.workers): void {
    if (closed || pause !== null || slots.size >= most) return;
    const now = clock.now();
    while (deaths[0] !== undefined && deaths[0] < now - 60_000) deaths.shift();
    const wait = deaths.length < CALM_DEATHS ? 0 : Math.min(MAX_START_PAUSE_MS, 100 * 2 ** (deaths.length - CALM_DEATHS));
    if (wait === 0) return spawn();
    pause = clock.setTimeout(() => {
      pause = null;
      spawn();
    }, wait);
  }

  /** Gives waiting tasks to idle processes, and starts processes for those that are left. */
  function dispatch(): void {
    if (closed) return;
    for (;;) {
      const idle = [...slots].filter((slot) => slot.ready && slot.task === null);
      const task = idle.length === 0 ? null : takeNext();
      if (task === null) break;
      assign(choose(idle, task), task);
    }
    relieve();
    const isSuspectWaiting = queues.some((queue) => queue.some(isSuspect));
    if (isSuspectWaiting && slots.size < 2) start();
    const starting = [...slots].filter((slot) => !slot.ready).length;
    for (let more = queues.flat().filter(mayRun).length - starting; more > 0 && pause === null && slots.size < options.workers; more--)
      start();
  }

  /** Somebody waits for a file that is not among those at work, all of them for long: one process more. */
  function relieve(): void {
    if (options.workers === 1 || slots.size !== options.workers || !queues[0].some((task) => !isSuspect(task) && !isAtWorkForLong(task)))
      return;
    const left = Math.max(...[...slots].map((slot) => (slot.task === null ? Infinity : slot.since + LONG_MS - clock.now())));
    if (left <= 0) start(options.workers + 1);
    else if (left <= LONG_MS) look(left);
  }

  /** Again when it may be time for that. */
  function look(ms: number): void {
    cancelLook();
    cancelLook = clock.setTimeout(dispatch, ms);
  }

  function isAtWorkForLong({ source }: Task): boolean {
    return [...slots].some(
      (slot) => slot.task !== null && clock.now() - slot.since >= LONG_MS && source !== null && slot.task.source?.sha256 === source.sha256,
    );
  }

  function takeNext(): Task | null {
    for (const queue of queues) {
      const at = queue.findIndex(mayRun);
      if (at >= 0) return queue.splice(at, 1)[0]!;
    }
    return null;
  }

  /** It, or its file, has cost a process and may cost another. */
  function isSuspect(task: Task): boolean {
    return task.tries > 0 || hasCost(task);
  }

  function hasCost({ source }: Task): boolean {
    return source !== null && recentKills(source.sha256).length > 0;
  }

  function mayRun(task: Task): boolean {
    if (options.workers === 1) return true;
    if (isSuspect(task)) {
      // New processes come slowly after many deaths: whoever else waits needs one that will not die of this.
      const safe = [...slots].filter((slot) => slot.ready && (slot.task === null || (slot.task.tries < 2 && !hasCost(slot.task))));
      if (safe.length < 2) return false;
    }
    if (slots.size > options.workers && (task.rank > 0 || isAtWorkForLong(task))) return false;
    if (task.rank === 0) return true;
    // One at a time, beside a process that is at rest.
    if (task.rank === 3) return [...slots].every((slot) => slot.ready && slot.task === null) && slots.size > 1;
    return [...slots].filter((slot) => slot.task !== null && slot.task.rank > 0).length < options.workers - 1;
  }

  function choose(idle: readonly Slot[], task: Task): Slot {
    const key = task.source === null ? null : documentKey(task.source);
    return (
      idle.find((slot) => key !== null && slot.open.includes(key)) ??
      idle.reduce((best, slot) => (slot.open.length < best.open.length ? slot : best))
    );
  }

  function assign(slot: Slot, task: Task): void {
    slot.cancelIdle();
    slot.task = task;
    slot.since = clock.now();
    task.tries++;
    if (task.source !== null) touch(slot.open, documentKey(task.source));
    const message = { id: ++lastId, kind: task.kind, source: task.source, options: task.options } as JobMessage;
    slot.process.run(message, task.limitMs, task.onProgress).then(
      (result) => {
        if (task.tries > 1 && task.source !== null) forgive(task.source.sha256);
        done(slot);
        settle(task, () => task.resolve(result));
      },
      (error: Error) => {
        done(slot);
        if (error instanceof WorkerDeath) died(slot, task, error);
        else settle(task, () => task.reject(error));
      },
    );
  }

  function done(slot: Slot): void {
    slot.task = null;
    // The memory of WebAssembly only grows: a process that once needed much gives it back by ending.
    const isOneMore = slots.size > options.workers && !queues[0].some(mayRun);
    if (isOneMore || (slot.process.memory() ?? 0) > maxMemory / 2) {
      slot.ready = false;
      slot.process.kill("stopped");
    } else rest(slot);
    queueMicrotask(dispatch);
  }

  /** One idle process stays warm, the others end after a while. */
  function rest(slot: Slot): void {
    slot.cancelIdle();
    slot.cancelIdle = clock.setTimeout(() => {
      if (slots.size <= 1 || slot.task !== null) return;
      slot.ready = false;
      slot.process.kill("stopped");
    }, IDLE_MS);
  }

  function died(slot: Slot, task: Task, death: WorkerDeath): void {
    slot.ready = false;
    if (closed) return fail(task, shuttingDown());
    if (death.reason === "stopped") return; // aborted: the caller knows
    const sha256 = task.source?.sha256 ?? null;
    if (sha256 !== null) blame(sha256);
    if (task.settled) return;
    if (sha256 !== null && isQuarantined(sha256)) return fail(task, quarantined(death.reason, death));
    if (task.tries >= 2) return fail(task, new ApiError("document_failed", describe(death.reason, task.statedMs), { cause: death }));
    // Who waits for a page has waited long enough for a second time as long: both and a new process fit into 15 seconds.
    if (death.reason === "time") task.limitMs *= task.heavy ? 0.5 : 0.3;
    queues[task.rank].unshift(task);
  }

  function blame(sha256: string): void {
    const times = recentKills(sha256);
    kills.delete(sha256);
    kills.set(sha256, [...times, clock.now()]);
    if (kills.size > REMEMBERED_FILES) kills.delete(kills.keys().next().value!);
  }

  /** The second try went well: the first process did not die of the file. */
  function forgive(sha256: string): void {
    const times = recentKills(sha256).slice(0, -1);
    if (times.length === 0) kills.delete(sha256);
    else kills.set(sha256, times);
  }

  function recentKills(sha256: string): number[] {
    return (kills.get(sha256) ?? []).filter((time) => time > clock.now() - QUARANTINE_MS);
  }

  function isQuarantined(sha256: string): boolean {
    return recentKills(sha256).length >= QUARANTINE_KILLS;
  }

  function settle(task: Task, tell: () => void): void {
    if (task.settled) return;
    task.settled = true;
    tell();
  }

  function fail(task: Task, error: Error): void {
    settle(task, () => task.reject(error));
  }

  function submit<K extends JobKind>(
    kind: K,
    source: RenderSource | null,
    jobOptions: Jobs[K]["options"],
    how: {
      readonly rank: Rank;
      readonly limitMs: number;
      readonly signal?: AbortSignal | undefined;
      readonly onProgress?: OnProgress | undefined;
    },
  ): Promise<Jobs[K]["result"]> {
    const { rank, limitMs, signal, onProgress } = how;
    return new Promise<unknown>((resolve, reject) => {
      if (closed) return reject(shuttingDown());
      if (signal?.aborted === true) return reject(signal.reason as Error);
      if (source !== null && isQuarantined(source.sha256)) return reject(quarantined(null));
      if (rank === 3 && options.workers === 1)
        return reject(new ApiError("unavailable", "A single process does nothing that nobody waits for", { retryAfter: 60 }));
      if (queued() >= MAX_QUEUED) return reject(new ApiError("unavailable", "Too many pages are waiting to be drawn", { retryAfter: 1 }));
      const stopListening = (): void => signal?.removeEventListener("abort", onAbort);
      const task: Task = {
        kind,
        source,
        options: jobOptions,
        rank,
        heavy: kind === "prepare" || kind === "export" || kind === "redact" || kind === "convert" || kind === "inspect",
        statedMs: limitMs,
        limitMs,
        tries: 0,
        settled: false,
        onProgress,
        resolve: (result) => {
          stopListening();
          resolve(result);
        },
        reject: (error) => {
          stopListening();
          reject(error);
        },
      };
      const onAbort = (): void => {
        const queue = queues[rank];
        const at = queue.indexOf(task);
        if (at >= 0) queue.splice(at, 1);
        fail(task, signal!.reason as Error);
        // A page is soon done; what may take a minute is not worth waiting for.
        if (task.heavy) for (const slot of slots) if (slot.task === task) slot.process.kill("stopped");
      };
      signal?.addEventListener("abort", onAbort);
      queues[rank].push(task);
      dispatch();
    }) as Promise<Jobs[K]["result"]>;
  }

  const queued = (): number => queues.reduce((sum, queue) => sum + queue.length, 0);
  const processes = (): { pid: number; state: ProcessState }[] =>
    [...slots].map((slot) => ({ pid: slot.process.pid, state: slot.task !== null ? "busy" : slot.ready ? "idle" : "starting" }));
  const rankOf = (priority: Priority = "interactive"): Rank => ({ interactive: 0, ahead: 2, idle: 3 })[priority] as Rank;

  return {
    probe: (source, signal) => submit("probe", source, null, { rank: 0, limitMs: limits.page, signal }),
    prepare: (source, { revision, target, pictures = false, files = false, onProgress, signal }) =>
      submit("prepare", source, { revision, target, pictures, files }, { rank: 1, limitMs: limits.prepare, signal, onProgress }),
    image(source, { signal, priority, ...image }) {
      return submit("image", source, image, { rank: rankOf(priority), limitMs: limits.page, signal });
    },
    text: (source, page, { priority, signal } = {}) =>
      submit("text", source, { page }, { rank: rankOf(priority), limitMs: limits.page, signal }),
    inspect: (source, what, signal) => submit("inspect", source, what, { rank: 1, limitMs: limits.export, signal }),
    async export(source, { signal, ...how }) {
      await submit("export", source, how, { rank: 1, limitMs: limits.export, signal });
    },
    redact: (source, { signal, ...how }) => submit("redact", source, how, { rank: 1, limitMs: limits.export, signal }),
    convert: (source, { signal, ...how }) => submit("convert", source, how, { rank: 1, limitMs: limits.prepare, signal }),
    async check() {
      await submit("check", null, null, { rank: 0, limitMs: limits.page });
    },
    async close() {
      closed = true;
      pause?.();
      cancelLook();
      for (const task of queues.flat()) fail(task, shuttingDown());
      for (const queue of queues) queue.length = 0;
      const all = [...slots];
      for (const slot of all) {
        slot.cancelIdle();
        slot.process.kill("stopped");
      }
      await Promise.all(all.map((slot) => slot.process.exited));
    },
    processes,
    get queued() {
      return queued();
    },
    stats() {
      const count = (state: ProcessState): number => processes().filter((one) => one.state === state).length;
      return {
        queued: queued(),
        processes: { starting: count("starting"), idle: count("idle"), busy: count("busy") },
        deaths: { ...deathsByReason },
        starts,
      };
    },
  };
}

function describe(reason: DeathCause, limitMs: number): string {
  switch (reason) {
    case "time":
      return `The file takes too long: more than ${Math.round(limitMs / 1000)} seconds for one step`;
    case "memory":
      return "The file needs more memory than one document may take";
    case "crash":
    case "start":
    case "stopped":
      return "The PDF engine failed on this file";
  }
}

function quarantined(reason: DeathCause | null, cause?: unknown): ApiError {
  const why = reason === "time" ? " by taking too long" : reason === "memory" ? " by taking too much memory" : "";
  return new ApiError("document_failed", `The file has stopped ${QUARANTINE_KILLS} worker processes${why} and is not tried any more`, {
    cause,
    extra: { quarantined: true },
  });
}

function shuttingDown(): ApiError {
  return new ApiError("unavailable", "The service is shutting down", { retryAfter: 5 });
}
