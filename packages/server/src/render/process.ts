/**
 * One worker process as the pool sees it: gets a job, answers it or dies. Time and memory are watched from here, outside: a process that hangs
 * in WebAssembly cannot watch itself. It is killed with SIGKILL, which works on stopped processes, too.
 */
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ApiError } from "@lectern/protocol/plain";
import type { Clock, PagesRead } from "../ports.ts";
import { EXIT_MEMORY, type JobMessage, type WorkerLimits, type WorkerMessage } from "./messages.ts";

/** Why a process ended: it failed, was too slow, took too much memory, could not start, or was ended by us. */
export type DeathCause = "crash" | "time" | "memory" | "start" | "stopped";

export class WorkerDeath extends Error {
  readonly reason: DeathCause;
  constructor(reason: DeathCause, detail: string) {
    super(`worker process ended (${reason})${detail === "" ? "" : `: ${detail}`}`);
    this.name = "WorkerDeath";
    this.reason = reason;
  }
}

/** How much is done, from 0 to 1. */
export type OnProgress = (pages: PagesRead) => void;

export interface WorkerProcess {
  readonly pid: number;
  /** Rejects with `WorkerDeath`. */
  readonly ready: Promise<void>;
  /** Resolves, never rejects, when the process is gone. */
  readonly exited: Promise<WorkerDeath>;
  /** One at a time. Rejects with ApiError, the answer, or with `WorkerDeath`. */
  run(message: JobMessage, limitMs: number, onProgress?: OnProgress): Promise<unknown>;
  /** Bytes now; null where they cannot be told. */
  memory(): number | null;
  kill(reason: DeathCause): void;
}

export interface WorkerProcessOptions {
  readonly clock: Clock;
  readonly limits: WorkerLimits;
  /** Milliseconds of the processor that a process has had; null where it cannot be told. */
  readonly cpuTime: (pid: number) => number | null;
}

const START_MS = 30_000;
/** One that had less of the processor than this share of its time was kept waiting by the machine, and gets its time again, so often. */
const STARVED = 1 / 3;
const MOST_MORE = 2;
const WATCH_MS = 100;
/** Of what a process writes before it dies, the end. */
const KEPT_OUTPUT = 2000;
const HEAP_MB = 512;

export function startWorker({ clock, limits, cpuTime }: WorkerProcessOptions): WorkerProcess {
  const here = fileURLToPath(import.meta.url);
  const isSource = here.endsWith(".ts");
  const child = fork(fileURLToPath(new URL(isSource ? "./worker.ts" : "./worker.js", import.meta.url)), [JSON.stringify(limits)], {
    cwd: dirname(here),
    serialization: "advanced",
    execArgv: [...(isSource ? ["--conditions=lectern-source", "--import", "tsx"] : []), `--max-old-space-size=${HEAP_MB}`],
    // Nothing of ours: keys and passwords of the service may stand there.
    env: {},
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let output = "";
  let cause: DeathCause | null = null;
  let isReady = false;
  let current: {
    readonly id: number;
    readonly resolve: (result: unknown) => void;
    readonly reject: (error: Error) => void;
    readonly onProgress: OnProgress | undefined;
  } | null = null;
  let stopWatching = (): void => undefined;

  const starting = deferred<void>();
  const exit = deferred<WorkerDeath>();
  // A failed start is told by `exited`, too.
  starting.promise.catch(() => undefined);
  const cancelStart = clock.setTimeout(() => kill("start"), START_MS);

  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(-KEPT_OUTPUT);
  });
  child.on("message", (message: WorkerMessage) => {
    if ("ready" in message) {
      isReady = true;
      cancelStart();
      starting.resolve();
      return;
    }
    if (current === null || current.id !== message.id) return;
    if ("progress" in message) {
      current.onProgress?.(message.progress);
      return;
    }
    const { resolve, reject } = current;
    finish();
    if ("error" in message) reject(new ApiError(message.error.code, message.error.message));
    else resolve(message.result);
  });
  // It could not be started, or a message could not be sent; where it lives, it must not live on.
  child.on("error", (error) => {
    output = (output + error.message).slice(-KEPT_OUTPUT);
    kill("crash");
    if (child.pid === undefined) ended();
  });
  child.once("exit", (code) => {
    if (code === EXIT_MEMORY) cause ??= "memory";
    ended();
  });

  function ended(): void {
    cancelStart();
    const death = new WorkerDeath(cause ?? (isReady ? "crash" : "start"), output.trim());
    const running = current;
    finish();
    running?.reject(death);
    starting.reject(death);
    exit.resolve(death);
  }

  function finish(): void {
    current = null;
    stopWatching();
  }

  function kill(reason: DeathCause): void {
    cause ??= reason;
    child.kill("SIGKILL");
  }

  /** Wall clock and memory, while a job runs. */
  function watch(limitMs: number): void {
    let cancelLimit = (): void => undefined;
    const limit = (before: number | null, more: number): void => {
      cancelLimit = clock.setTimeout(() => {
        const now = child.pid === undefined ? null : cpuTime(child.pid);
        if (before !== null && now !== null && now - before < limitMs * STARVED && more > 0) limit(now, more - 1);
        else kill("time");
      }, limitMs);
    };
    limit(child.pid === undefined ? null : cpuTime(child.pid), MOST_MORE);
    let cancelLook = (): void => undefined;
    const look = (): void => {
      cancelLook = clock.setTimeout(() => {
        if ((memory() ?? 0) > limits.maxMemory) kill("memory");
        else look();
      }, WATCH_MS);
    };
    look();
    stopWatching = () => {
      cancelLimit();
      cancelLook();
    };
  }

  function memory(): number | null {
    if (child.pid === undefined) return null;
    try {
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "latin1"));
      return kilobytes === null ? null : Number(kilobytes[1]) * 1024;
    } catch {
      return null; // no such file system, or the process has just ended; elsewhere the worker's own guard watches
    }
  }

  return {
    pid: child.pid ?? -1,
    ready: starting.promise,
    exited: exit.promise,
    run(message, limitMs, onProgress) {
      return new Promise((resolve, reject) => {
        current = { id: message.id, resolve, reject, onProgress };
        watch(limitMs);
        child.send(message, (error) => {
          if (error !== null) kill("crash");
        });
      });
    },
    memory,
    kill,
  };
}

const TICKS_A_SECOND = 100;

/** Of this system, where it tells (proc(5), `stat`). */
export function systemCpuTime(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name before may have spaces.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_A_SECOND;
  } catch {
    return null;
  }
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void; readonly reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
