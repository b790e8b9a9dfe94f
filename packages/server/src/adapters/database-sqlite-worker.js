/**
 * Worker thread of database-sqlite.ts: the one writer, or a reader. Plain JavaScript with checked types, because Node 20 starts a thread on
 * a TypeScript file only through a loader that costs a quarter of a second per thread, in every test.
 *
 * The writer takes all transactions that wait when a commit returns into the next commit, each of several in a savepoint of its own, so that
 * one failure undoes itself only; nothing is answered before COMMIT returned.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { DatabaseSync } from "@photostructure/sqlite";

/** @import { MessagePort } from "node:worker_threads" */
/** @import { SqlValue } from "../ports.ts" */
/** @import { Outcome, Work, WorkerOptions } from "./database-sqlite.ts" */

/** Most transactions in one commit: keeps the first of them from waiting for thousands of others. */
const GROUP_SIZE = 1000;
const STATEMENTS_KEPT = 400;
/** Pages after which the log is folded into the file: it takes two more fsyncs, for which a commit has to wait, so it is rarer than every 4 MB. */
const LOG_PAGES = 4000;
/** A page of the log: SQLite's usual one with its head. */
const LOG_PAGE_BYTES = 4096 + 24;
/** The log is made larger from this commit on: what is opened for little stays little. */
const GROWS_FROM = 100;
const GROWS_BY = 1 << 20;

const options = /** @type {WorkerOptions} */ (workerData);
const port = /** @type {MessagePort} */ (parentPort);
const database = open();
/** @type {Map<string, { statement: ReturnType<typeof database.prepare>, returns: boolean }>} */
const statements = new Map();

function open() {
  const opened = new DatabaseSync(options.path, { readOnly: options.role === "reader", timeout: 5000, enableForeignKeyConstraints: true });
  if (options.role === "writer") {
    opened.exec("PRAGMA journal_mode = WAL");
    opened.exec("PRAGMA synchronous = FULL");
    opened.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`);
    // after a burst the log shrinks again instead of keeping its largest size
    opened.exec("PRAGMA journal_size_limit = 67108864");
  }
  opened.exec("PRAGMA cache_size = -16000");
  opened.exec("PRAGMA temp_store = MEMORY");
  return opened;
}

/**
 * The prepared statement, from the cache when it was used lately.
 * @param {string} sql
 */
function prepared(sql) {
  let found = statements.get(sql);
  if (found === undefined) {
    const statement = database.prepare(sql);
    found = { statement, returns: statement.columns().length > 0 };
    const oldest = statements.size >= STATEMENTS_KEPT ? statements.keys().next().value : undefined;
    if (oldest !== undefined) statements.delete(oldest);
  } else statements.delete(sql);
  statements.set(sql, found);
  return found;
}

/**
 * @param {string} sql
 * @param {readonly SqlValue[] | undefined} params
 * @returns {{ rows: any[], count: number }}
 */
function run(sql, params = []) {
  const { statement, returns } = prepared(sql);
  if (!returns) return { rows: [], count: statement.run(...params).changes };
  const rows = statement.all(...params);
  return { rows, count: rows.length };
}

/**
 * All statements of one transaction, up to the first that fails.
 * @param {Work} work
 * @returns {Outcome}
 */
function runStatements(work) {
  const rows = [];
  for (const [index, statement] of work.statements.entries()) {
    /** @type {Outcome | null} */
    let failure = null;
    try {
      const result = run(statement.sql, statement.params);
      rows.push(result.rows);
      if (statement.expect !== undefined && result.count !== statement.expect)
        failure = { id: work.id, failed: "conflict", index, message: "" };
    } catch (error) {
      // a full disk or a broken file undoes the whole transaction: nobody's work is left to commit
      if (!database.isTransaction) throw error;
      const message = messageOf(error);
      failure = { id: work.id, failed: message.startsWith("UNIQUE constraint failed") ? "unique" : "error", index, message };
    }
    if (failure !== null) return failure;
  }
  return { id: work.id, rows };
}

/**
 * One of several transactions that share a commit.
 * @param {Work} work
 * @returns {Outcome}
 */
function runInSavepoint(work) {
  run("SAVEPOINT work");
  const outcome = runStatements(work);
  if ("failed" in outcome) run("ROLLBACK TO work");
  run("RELEASE work");
  return outcome;
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

let commits = 0;

/**
 * What is written over is durable sooner than what makes a file grow (half the time at the 95th percentile): the log's next bytes are there before they are needed, with zeros
 * in them, which SQLite takes for the end of the log. Called while this connection alone may write.
 */
function growLog() {
  if (++commits < GROWS_FROM || commits > GROWS_FROM + (LOG_PAGES * LOG_PAGE_BYTES) / GROWS_BY) return;
  const log = openSync(`${options.path}-wal`, "r+");
  const { size } = fstatSync(log);
  try {
    if (size < LOG_PAGES * LOG_PAGE_BYTES) writeSync(log, Buffer.alloc(GROWS_BY), 0, GROWS_BY, size);
  } catch {
    // No room for what is not needed yet: then the log grows as it is used.
    ftruncateSync(log, size);
  } finally {
    closeSync(log);
  }
}

/**
 * @param {readonly Work[]} group
 * @returns {Outcome[]}
 */
function commit(group) {
  try {
    run("BEGIN IMMEDIATE");
    growLog();
    const isAlone = group.length === 1;
    const outcomes = group.map(isAlone ? runStatements : runInSavepoint);
    // Of several each that failed has undone itself.
    run(isAlone && outcomes.some((outcome) => "failed" in outcome) ? "ROLLBACK" : "COMMIT");
    return outcomes;
  } catch (error) {
    if (database.isTransaction) run("ROLLBACK");
    return group.map(({ id }) => ({ id, failed: "error", index: 0, message: messageOf(error) }));
  }
}

/**
 * Reads that see one moment.
 * @param {Work} work
 * @returns {Outcome}
 */
function read(work) {
  const several = work.statements.length > 1;
  try {
    if (several) run("BEGIN");
    const rows = work.statements.map((query) => run(query.sql, query.params).rows);
    if (several) run("COMMIT");
    return { id: work.id, rows };
  } catch (error) {
    if (database.isTransaction) run("ROLLBACK");
    return { id: work.id, failed: "error", index: 0, message: messageOf(error) };
  }
}

/**
 * Commits what has been sent until now; returns the message that is no work, if one came.
 * @param {readonly Work[]} first
 * @returns {"close" | undefined}
 */
function commitWaiting(first) {
  const group = [...first];
  /** @type {"close" | undefined} */
  let end;
  while (group.length < GROUP_SIZE && end === undefined) {
    /** @type {readonly Work[] | "close" | undefined} */
    const next = receiveMessageOnPort(port)?.message;
    if (next === undefined) break;
    if (next === "close") end = next;
    else group.push(...next);
  }
  port.postMessage(commit(group));
  return end;
}

port.on("message", (/** @type {readonly Work[] | "close"} */ message) => {
  let end = message === "close";
  if (message !== "close") {
    if (options.role === "writer") end = commitWaiting(message) === "close";
    else for (const work of message) port.postMessage([read(work)]);
  }
  if (end) {
    database.close();
    port.close();
  }
});
// tells that the database is open
port.postMessage([]);
