/**
 * The least that a server can do which acknowledges and tells what is on disk: `node bare.mjs <database> <port>`. It takes pushes as ours does,
 * checks nothing, writes each as a row of a log on a thread of its own (what waits shares a commit), and tells everyone. Says "listening".
 */
import { createServer } from "node:http";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { DatabaseSync } from "@photostructure/sqlite";
import { WebSocketServer } from "ws";

if (isMainThread) serve();
else write();

function write() {
  const database = new DatabaseSync(workerData);
  for (const pragma of ["journal_mode = WAL", "synchronous = FULL"]) database.exec(`PRAGMA ${pragma}`);
  database.exec("CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, ops TEXT NOT NULL)");
  const insert = database.prepare("INSERT INTO log (ops) VALUES (?)");
  parentPort?.on("message", (/** @type {readonly string[]} */ rows) => {
    database.exec("BEGIN IMMEDIATE");
    for (const row of rows) insert.run(row);
    database.exec("COMMIT");
    parentPort?.postMessage(rows.length);
  });
}

/** @typedef {{ readonly from: import("ws").WebSocket, readonly n: number, readonly ops: string }} Push */

function serve() {
  const [path, port] = /** @type {[string, string]} */ (process.argv.slice(2));
  const writer = new Worker(new URL(import.meta.url), { workerData: path });
  /** @type {Set<import("ws").WebSocket>} */
  const clients = new Set();
  /** @type {Push[]} */
  let waiting = [];
  /** @type {Push[]} */
  let writing = [];
  let seq = 0;

  function next() {
    if (writing.length > 0 || waiting.length === 0) return;
    writing = waiting;
    waiting = [];
    writer.postMessage(writing.map(({ ops }) => ops));
  }
  writer.on("message", () => {
    const written = writing.map((push, index) => ({ ...push, seq: seq + index + 1 }));
    writing = [];
    next();
    const changes = written.map((push) => `{"seq":${push.seq},"ops":${push.ops}}`).join(",");
    const told = `"type":"batch","from":${seq},"to":${seq + written.length},"changes":[${changes}]}`;
    seq += written.length;
    for (const client of clients) {
      const acks = written.filter(({ from }) => from === client).map((push) => [push.n, push.seq]);
      client.send(acks.length === 0 ? `{${told}` : `{"acks":${JSON.stringify(acks)},${told}`);
    }
  });

  const server = createServer();
  new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (client) => {
    client.on("message", (data) => {
      const message = JSON.parse(/** @type {Buffer} */ (data).toString());
      if (message.type === "hello") {
        clients.add(client);
        client.send('{"type":"welcome"}');
      } else {
        waiting.push({ from: client, n: message.n, ops: JSON.stringify(message.ops) });
        next();
      }
    });
    client.on("close", () => clients.delete(client));
  });
  server.listen(Number(port), "127.0.0.1", () => process.stdout.write("listening\n"));
}
