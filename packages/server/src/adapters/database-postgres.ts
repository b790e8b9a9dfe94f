/**
 * Database on PostgreSQL, which several processes may use at once. Statements are sent without waiting for each other's answers, so a transaction
 * takes two trips, and one when it expects nothing. What a broken connection leaves unknown is an ApiError `unavailable`, never a success.
 */
import { ApiError } from "@lectern/protocol/plain";
import pg from "pg";
import { runMigrations } from "../migrations/migrate.ts";
import { Conflict, type Database, type Query, type Row, type Statement, UniqueViolation } from "../ports.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { postgresText } from "./sql-postgres.ts";
import { unfitValue } from "./sql-values.ts";

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, with the parameters of libpq such as `?sslmode=verify-full`. */
  readonly url: string;
  /** Connections for transactions, default 6; as many are for reads, and up to 4 for locks. */
  readonly connections?: number;
  /** Something that the operator should know: a setting of the server that weakens what an acknowledgement means, a connection that broke. */
  readonly onWarning?: (text: string, error?: unknown) => void;
}

const CONNECT_MS = 5_000;
/** The server gives up a statement after this time … */
const STATEMENT_MS = 30_000;
/** … and a transaction whose process has been stopped in the middle, so that nobody else waits for it. */
const IDLE_IN_TRANSACTION_MS = 3_000;
/** A connection on which nothing has come for so long is broken: it is closed. */
const ANSWER_MS = 40_000;
/** A transaction that lost to another one (deadlock) is run again so often. */
const ATTEMPTS = 5;
/** Connections for locks: one is left for the migrations. */
const LOCKS = 4;
const KEPT_TEXTS = 1_000;
/** Of the advisory locks: "lect", so that other users of the database do not meet ours. */
const LOCK_SPACE = 0x6c656374;

const CLAIM = `WITH due AS MATERIALIZED (SELECT id FROM jobs WHERE due_at <= $3 AND (leased_until IS NULL OR leased_until <= $3)
  ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
  UPDATE jobs SET leased_by = $1, leased_until = $2, attempts = attempts + 1 FROM due WHERE jobs.id = due.id RETURNING jobs.*`;

/** Rejects with an Error that says what is wrong when the server cannot be reached or is not as it must be. */
export async function postgresDatabase(options: PostgresOptions): Promise<Database> {
  const { url, connections = 6, onWarning = () => undefined } = options;
  const broken = (error: Error): void => onWarning("a connection to PostgreSQL broke", error);
  const poolOf = (max: number, settings: readonly string[], answerMs = ANSWER_MS): pg.Pool => {
    const pool = new pg.Pool({
      connectionString: url,
      max,
      application_name: "lectern",
      pipeline: true,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: answerMs,
      idleTimeoutMillis: 60_000,
      types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
      // oxlint-disable-next-line typescript/no-misused-promises -- its type does not say so, but the pool waits for it
      onConnect: async (client) => void (await client.query(settings.map((setting) => `SET ${setting}`).join("; "))),
    });
    // else a server that restarts would end our process
    return pool.on("error", broken);
  };
  const timeouts = [`statement_timeout = ${STATEMENT_MS}`, `idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}`];
  const writers = poolOf(connections, [...timeouts, "synchronous_commit = on"]);
  const readers = poolOf(connections, [...timeouts, "default_transaction_read_only = on"]);
  const waiting = poolOf(LOCKS, ["statement_timeout = 0"], 0);
  const turns = oneAtATime(LOCKS - 1);
  const texts = new Map<string, string>();
  let closed = false;

  function textOf(sql: string): string {
    let text = texts.get(sql);
    if (text === undefined) {
      text = postgresText(sql);
      if (texts.size >= KEPT_TEXTS) texts.delete(texts.keys().next().value!);
      texts.set(sql, text);
    }
    return text;
  }
  const send = (client: pg.ClientBase, { sql, params = [] }: Query): Promise<pg.QueryResult<Row>> => client.query(textOf(sql), [...params]);

  async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    if (closed) throw new ApiError("unavailable", "The database is closed");
    const client = await pool.connect().catch((error: unknown) => {
      throw unavailable(error);
    });
    // While it is ours its errors come here; each query is told, too.
    client.on("error", broken);
    let failed = true;
    try {
      const result = await work(client);
      failed = false;
      return result;
    } catch (error) {
      failed = !isAboutTheWork(error);
      throw error;
    } finally {
      client.off("error", broken);
      client.release(failed);
    }
  }

  /** Reads in one trip, all of one moment. */
  function snapshot(queries: readonly Query[]): Promise<Row[][]> {
    const unfit = unfitValue(queries);
    if (unfit !== null) return Promise.reject(unfit);
    return withClient(readers, async (client) => {
      if (queries.length === 1)
        return [(await send(client, queries[0]!).catch((error: unknown) => Promise.reject(explain(error, 0)))).rows];
      const [begin, commit] = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "COMMIT"].map((sql) => ({ sql }));
      const results = await Promise.allSettled([begin!, ...queries, commit!].map((query) => send(client, query)));
      const failed = results.findIndex((result) => result.status === "rejected");
      if (failed >= 0) throw explain((results[failed] as PromiseRejectedResult).reason, failed - 1);
      return results.slice(1, -1).map((result) => (result as PromiseFulfilledResult<pg.QueryResult<Row>>).value.rows);
    });
  }

  /**
   * Up to the last expectation in one trip, the rest with the COMMIT in another one: who comes second has written nothing in vain. Throws `Again`
   * when it was rolled back for the sake of another one.
   */
  async function run(client: pg.ClientBase, statements: readonly Statement[]): Promise<Row[][]> {
    const guards = statements.findLastIndex(({ expect }) => expect !== undefined) + 1;
    const begin = client.query("BEGIN");
    const sent = statements.slice(0, guards).map((statement) => send(client, statement));
    const held = guards === 0 ? [] : await Promise.allSettled([begin, ...sent]);
    const failure = failureOf(held.slice(1), statements) ?? failureOf(held.slice(0, 1), []);
    if (failure !== null) {
      if (isAboutTheWork(failure)) await client.query("ROLLBACK").catch((error: unknown) => Promise.reject(unavailable(error)));
      throw failure;
    }
    const rest = statements.slice(guards).map((statement) => send(client, statement));
    const commit = client.query<Row>("COMMIT");
    const [begun, committed, ...written] = await Promise.allSettled([begin, commit, ...rest]);
    // When one of them failed the COMMIT has rolled back the others.
    const late = failureOf(written, statements, guards) ?? failureOf([begun!, committed!], []);
    if (late !== null) throw late;
    if (valueOf(committed!).command !== "COMMIT") throw new ApiError("unavailable", "The transaction was rolled back", { retryAfter: 1 });
    return [...held.slice(1), ...written].map((result) => valueOf(result).rows);
  }

  async function transaction(statements: readonly Statement[]): Promise<Row[][]> {
    const unfit = unfitValue(statements);
    if (unfit !== null) throw unfit;
    for (let attempt = 1; ; attempt++) {
      try {
        return await withClient(writers, (client) => run(client, statements));
      } catch (error) {
        if (!(error instanceof Again)) throw error;
        if (attempt === ATTEMPTS) throw unavailable(error.cause);
      }
    }
  }

  async function exchange(first: readonly Statement[], next: (rows: Row[][]) => Promise<readonly Query[]>): Promise<void> {
    const unfit = unfitValue(first);
    if (unfit !== null) throw unfit;
    await withClient(writers, async (client) => {
      const rollback = async (error: Error): Promise<never> => {
        if (isAboutTheWork(error)) await client.query("ROLLBACK").catch((failure: unknown) => Promise.reject(unavailable(failure)));
        throw error instanceof Again ? new Conflict(0) : error;
      };
      const held = await Promise.allSettled([client.query<Row>("BEGIN"), ...first.map((statement) => send(client, statement))]);
      const failure = failureOf(held.slice(1), first) ?? failureOf(held.slice(0, 1), []);
      if (failure !== null) return rollback(failure);
      const writes = await next(held.slice(1).map((result) => valueOf(result).rows)).catch((error: unknown) => rollback(error as Error));
      const wrong = unfitValue(writes);
      if (wrong !== null) return rollback(wrong);
      const sent = writes.map((statement) => send(client, statement));
      const [committed, ...written] = await Promise.allSettled([client.query<Row>("COMMIT"), ...sent]);
      const late = failureOf(written, writes) ?? failureOf([committed!], []);
      if (late !== null) throw late instanceof Again ? new Conflict(0) : late;
      if (valueOf(committed!).command !== "COMMIT") throw new ApiError("unavailable", "The transaction was rolled back", { retryAfter: 1 });
    });
  }

  /** Others wait without end: whoever has the lock has it as long as it lives. */
  function locked<T>(name: string, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    return withClient(waiting, async (client) => {
      const key = [LOCK_SPACE, name];
      await client.query("SELECT pg_advisory_lock($1, hashtext($2))", key).catch((error: unknown) => Promise.reject(explain(error, 0)));
      try {
        return await work(client);
      } finally {
        // When the connection broke the lock went with it; the work is over all the same, and the pool takes no broken one back.
        await client.query("SELECT pg_advisory_unlock($1, hashtext($2))", key).catch(broken);
      }
    });
  }

  async function close(): Promise<void> {
    closed = true;
    await Promise.all([writers, readers, waiting].map((pool) => pool.end()));
  }

  try {
    await withClient(waiting, (client) => checkServer(client, onWarning));
  } catch (error) {
    await close();
    const { host, pathname } = new URL(url);
    const cause = error instanceof ApiError ? error.cause : error;
    throw new Error(`Cannot use PostgreSQL at ${host}${pathname}: ${messageOf(cause ?? error)}`, { cause });
  }

  return {
    shared: true,
    async query<T = Row>(sql: string, params: Query["params"] = []): Promise<T[]> {
      const [rows] = await snapshot([{ sql, params }]);
      return rows as T[];
    },
    // Other processes write, too: nothing is remembered.
    async recall<T = Row>(_table: string, sql: string, params: readonly (string | number)[]): Promise<readonly T[]> {
      return (await snapshot([{ sql, params }]))[0] as T[];
    },
    snapshot,
    transaction,
    exchange,
    async claimJobs({ worker, now, leaseUntil, limit }) {
      const { rows } = await withClient(writers, (client) =>
        client.query<Row>(CLAIM, [worker, leaseUntil, now, limit]).catch((error: unknown) => Promise.reject(explain(error, 0))),
      );
      return rows.sort((a, b) => Number(a.due_at) - Number(b.due_at));
    },
    // Waiting here before taking a connection, so that those who wait for one lock do not keep others from theirs.
    lock: (name, work) => turns(name, () => locked(name, work)),
    migrate: (migrations) => locked("migrations", (client) => runMigrations((statements) => run(client, statements), migrations)),
    close,
  };
}

type Settled = PromiseSettledResult<pg.QueryResult<Row>>;

function valueOf(result: Settled): pg.QueryResult<Row> {
  if (result.status === "rejected") throw result.reason;
  return result.value;
}

/** The first statement that failed or did not do what it was expected to; the results begin with the one at `from`. */
function failureOf(results: readonly Settled[], statements: readonly Statement[], from = 0): Error | null {
  for (const [index, result] of results.entries()) {
    if (result.status === "rejected") return explain(result.reason, from + index);
    const expect = statements[from + index]?.expect;
    if (expect !== undefined && result.value.rowCount !== expect) return new Conflict(from + index);
  }
  return null;
}

/** The transaction was rolled back by the server for the sake of another one, and may be run again. */
class Again extends Error {}

async function checkServer(client: pg.ClientBase, onWarning: NonNullable<PostgresOptions["onWarning"]>): Promise<void> {
  const names = ["server_encoding", "fsync", "full_page_writes", "transaction_read_only"];
  const sql = `SELECT current_setting('server_version_num') AS version, ${names.map((name) => `current_setting('${name}') AS ${name}`).join(", ")}`;
  const { rows } = await client.query<Record<string, string>>(sql);
  const is = rows[0]!;
  if (Number(is.version) < 130_000) throw new Error("PostgreSQL 13 or newer is needed");
  if (is.server_encoding !== "UTF8") throw new Error(`the database's encoding is ${is.server_encoding}; it must be UTF8`);
  if (is.transaction_read_only === "on") throw new Error("the server takes no writes: it is a replica");
  for (const name of ["fsync", "full_page_writes"])
    if (is[name] === "off") onWarning(`PostgreSQL runs with ${name} = off: what was acknowledged may be lost when its machine fails`);
}

/** int8 as number, bytes as bytes. */
function typeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  if (oid === pg.types.builtins.INT8) return Number;
  const parse = pg.types.getTypeParser(oid, format as "text") as (value: string) => unknown;
  return oid === pg.types.builtins.BYTEA ? (value) => new Uint8Array(parse(value) as Uint8Array) : parse;
}

/** The connection is as good as before. */
function isAboutTheWork(error: unknown): boolean {
  return !(error instanceof ApiError && error.code === "unavailable" && error.cause !== undefined);
}

/** What a statement's failure means; what the server did not say is the connection's. */
function explain(error: unknown, index: number): Error {
  if (!(error instanceof pg.DatabaseError) || error.severity === "FATAL" || error.severity === "PANIC") return unavailable(error);
  const state = error.code ?? "";
  if (state === "23505") return new UniqueViolation(index);
  if (state === "40P01" || state === "40001") return new Again("rolled back", { cause: error });
  // connection, resources, operator's intervention, a server that became a replica, a plan that a migration made invalid
  if (/^(08|53|57|25006|25P03|0A000)/.test(state)) return unavailable(error);
  return new Error(`PostgreSQL, statement ${index}: ${error.message}`, { cause: error });
}

function unavailable(cause: unknown): ApiError {
  return new ApiError("unavailable", "The database does not answer", { retryAfter: 1, cause });
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}
