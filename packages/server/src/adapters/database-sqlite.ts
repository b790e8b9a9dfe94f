/**
 * Database on SQLite: one writer thread that groups commits, and readers on snapshots of the write-ahead log. A read is given to its thread
 * after every acknowledged commit and starts its snapshot there, so it sees them all.
 */
import { Worker } from "node:worker_threads";
import { ApiError } from "@lectern/protocol/plain";
import { runMigrations } from "../migrations/migrate.ts";
import { Conflict, type Database, type Query, type Row, type Statement, UniqueViolation } from "../ports.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { recall } from "./recall.ts";
import { unfitValue } from "./sql-values.ts";

export interface WorkerOptions {
  readonly role: "writer" | "reader";
  readonly path: string;
}

/** One transaction, or reads of one snapshot. */
export interface Work {
  readonly id: number;
  readonly statements: readonly Statement[];
}

export type Outcome =
  | { readonly id: number; readonly rows: Row[][] }
  | { readonly id: number; readonly failed: "conflict" | "unique" | "error"; readonly index: number; readonly message: string };

const CLAIM = `UPDATE jobs SET leased_by = ?, leased_until = ?, attempts = attempts + 1 WHERE id IN (
  SELECT id FROM jobs WHERE due_at <= ? AND (leased_until IS NULL OR leased_until <= ?) ORDER BY due_at, id LIMIT ?) RETURNING *`;

/** `path`: the file, made when missing. `readers`: threads for reading. Rejects when it cannot be opened. */
export async function sqliteDatabase({ path, readers = 1 }: { readonly path: string; readonly readers?: number }): Promise<Database> {
  const writer = await startThread({ role: "writer", path });
  const reading: Thread[] = [];
  try {
    for (const thread of Array.from({ length: readers }, () => startThread({ role: "reader", path }))) reading.push(await thread);
  } catch (error) {
    await Promise.all([writer, ...reading].map((thread) => thread.close()));
    throw error;
  }

  function read(queries: readonly Query[]): Promise<Row[][]> {
    return reading.reduce((best, thread) => (thread.waiting() < best.waiting() ? thread : best)).run(queries);
  }
  const recalled = recall();
  async function transaction(statements: readonly Statement[]): Promise<Row[][]> {
    try {
      return await writer.run(statements);
    } finally {
      // Also when it failed: of a thread that stopped nobody knows what it wrote.
      recalled.written(statements);
    }
  }

  return {
    shared: false,
    async query<T = Row>(sql: string, params: Query["params"] = []): Promise<T[]> {
      const [rows] = await read([{ sql, params }]);
      return rows as T[];
    },
    recall<T = Row>(table: string, sql: string, params: readonly (string | number)[]): Promise<readonly T[]> {
      return recalled.rows(table, sql, params, async () => (await read([{ sql, params }]))[0]!) as Promise<T[]>;
    },
    snapshot: read,
    transaction,
    async claimJobs({ worker, now, leaseUntil, limit }) {
      const [jobs] = await transaction([{ sql: CLAIM, params: [worker, leaseUntil, now, now, limit] }]);
      return jobs!.sort((a, b) => Number(a.due_at) - Number(b.due_at));
    },
    lock: oneAtATime(),
    migrate: (migrations) => runMigrations(transaction, migrations),
    async close() {
      await Promise.all(reading.map((thread) => thread.close()));
      // last, so that it can fold the log into the file
      await writer.close();
    },
  };
}

interface Thread {
  run(statements: readonly Statement[]): Promise<Row[][]>;
  /** How much was asked and not answered yet. */
  waiting(): number;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (rows: Row[][]) => void;
  readonly reject: (error: Error) => void;
}

async function startThread(options: WorkerOptions): Promise<Thread> {
  const worker = new Worker(new URL("./database-sqlite-worker.js", import.meta.url), { workerData: options, execArgv: [] });
  const waiting = new Map<number, Waiting>();
  let unsent: Work[] = [];
  let lastId = 0;
  let stopped: ApiError | null = null;

  const exited = new Promise<void>((resolve) => {
    worker.once("exit", () => {
      stop(new ApiError("unavailable", "The database is closed"));
      resolve();
    });
  });
  function stop(error: ApiError): void {
    stopped ??= error;
    for (const { reject } of waiting.values()) reject(stopped);
    waiting.clear();
  }
  function send(): void {
    if (unsent.length === 0 || stopped !== null) return;
    worker.postMessage(unsent);
    unsent = [];
  }
  function settle(outcome: Outcome): void {
    const asked = waiting.get(outcome.id);
    waiting.delete(outcome.id);
    if ("rows" in outcome) asked?.resolve(outcome.rows);
    else if (outcome.failed === "conflict") asked?.reject(new Conflict(outcome.index));
    else if (outcome.failed === "unique") asked?.reject(new UniqueViolation(outcome.index));
    else asked?.reject(new Error(`SQLite, statement ${outcome.index}: ${outcome.message}`));
  }

  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", (error) => reject(new Error(`Cannot open the database ${options.path}: ${messageOf(error)}`, { cause: error })));
  });
  worker.on("message", (outcomes: readonly Outcome[]) => outcomes.forEach(settle));
  worker.on("error", (error) => stop(new ApiError("unavailable", `The database thread stopped: ${messageOf(error)}`, { cause: error })));

  return {
    run(statements) {
      return new Promise((resolve, reject) => {
        if (stopped !== null) return reject(stopped);
        const unfit = unfitValue(statements);
        if (unfit !== null) return reject(unfit);
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        unsent.push({ id, statements });
        // A thread with nothing to do begins at once; while it works, what is asked in one turn of the event loop travels in one message.
        if (waiting.size === 1) send();
        else if (unsent.length === 1) setImmediate(send);
      });
    },
    waiting: () => waiting.size,
    async close() {
      send();
      worker.postMessage("close");
      await exited;
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
