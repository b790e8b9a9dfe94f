/**
 * The service's two most asked questions against the least that could answer them: the list of 100 annotations against a bare Fastify route with
 * the same bytes and headers, and writing an annotation durably against the same rows in bare SQLite. Rounds take turns, medians count. Then the memory of
 * the service after many requests.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import { DatabaseSync } from "@photostructure/sqlite";
import { API_KEY, end, freePort, type Product, root, startProduct, until } from "../e2e/product.ts";
import { sqliteDatabase } from "../packages/server/src/adapters/database-sqlite.ts";
import { loadMigrations } from "../packages/server/src/migrations/migrate.ts";
import { heapOf } from "./heap.ts";
import { requests, requestsPerSecond, type Target } from "./load.ts";

const RECORDS = 100;
const CONNECTIONS = 16;
/** Of writers: they wait for the disk, so more of them are under way. */
const WRITERS = 64;
const SECONDS = 2;
const ROUNDS = 5;
const REQUESTS = [10_000, 100_000] as const;

export async function benchApi(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
  const inspector = await freePort();
  const product = await startProduct({ NODE_OPTIONS: `--inspect-port=${inspector}` });
  try {
    for (const id of ["read", "write"])
      await product.client.documents.upload({ document_id: id, wait: 60 }, { body: pagesPdf(3) as BodyInit });
    const headers = { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" };
    const port = Number(new URL(product.url).port);
    const create: Target = {
      port,
      method: "POST",
      path: "/viewer/documents/write/annotations",
      headers,
      body: (n) => JSON.stringify({ content: annotation(n) }),
    };
    await requests({ ...create, path: "/viewer/documents/read/annotations" }, { connections: 1, count: RECORDS });
    const list: Target = { port, method: "GET", path: "/viewer/documents/read/annotations", headers };
    await benchList(list, product, folder);
    await benchCreate(create, folder);
    await benchMemory(list, { pid: product.pid()!, inspector });
  } finally {
    await product.close();
    await rm(folder, { recursive: true });
  }
}

function annotation(n: number): object {
  const bbox = [10 + (n % 400), 20 + (n % 500), 100, 50];
  return {
    v: 2,
    type: "pspdfkit/shape/rectangle",
    pageIndex: n % 3,
    bbox,
    strokeColor: "#ff0000",
    strokeWidth: 2,
    note: `Annotation ${n}`,
  };
}

async function benchList(ours: Target, { url }: Product, folder: string): Promise<void> {
  const answer = await fetch(new URL(ours.path, url), { headers: ours.headers });
  const body = await answer.text();
  const count = (JSON.parse(body) as { data: { annotations: unknown[] } }).data.annotations.length;
  if (count !== RECORDS) throw new Error(`the list has ${count} annotations`);
  const path = join(folder, "list.json");
  // What Node adds by itself it adds there, too.
  const headers = [...answer.headers].filter(([name]) => !["connection", "content-length", "date", "keep-alive"].includes(name));
  await writeFile(path, JSON.stringify({ body, headers: Object.fromEntries(headers) }));
  const port = await freePort();
  const script = `import fastify from "fastify"; import { readFileSync } from "node:fs";
    const { body, headers } = JSON.parse(readFileSync(${JSON.stringify(path)}, "utf8")); const app = fastify();
    app.get("/", (request, reply) => reply.headers(headers).send(body));
    await app.listen({ host: "127.0.0.1", port: ${port} });`;
  const bare = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit", cwd: join(root, "packages/server") });
  try {
    await until("the bare server listens", () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        (answer) => answer.ok,
        () => false,
      ),
    );
    const how = { connections: CONNECTIONS, seconds: SECONDS };
    const [theirs, mine] = await inTurns(
      () => requestsPerSecond({ port, method: "GET", path: "/", headers: ours.headers }, how),
      () => requestsPerSecond(ours, how),
    );
    show(`bare Fastify route, ${(body.length / 1000).toFixed(0)} kB`, theirs, "requests");
    show(`list of ${RECORDS} annotations`, mine, "requests", mine / theirs);
  } finally {
    await end(bare, "SIGTERM");
  }
}

async function benchCreate(create: Target, folder: string): Promise<void> {
  const path = join(folder, "bare.sqlite");
  const migrated = await sqliteDatabase({ path });
  await migrated.migrate(await loadMigrations());
  await migrated.close();
  const bare = new DatabaseSync(path);
  bare.exec("PRAGMA journal_mode = WAL");
  bare.exec("PRAGMA synchronous = FULL");
  bare.exec(`INSERT INTO layers (id, application_id, document_id, name, revision, seq, floor_seq, epoch, created_at)
    VALUES ('layer', 'application', 'write', '', 1, 0, 0, 0, 0)`);
  const insert = bareInsert(bare);
  try {
    const [theirs, mine] = await inTurns(
      async () => insert(SECONDS),
      () => requestsPerSecond(create, { connections: WRITERS, seconds: SECONDS }),
    );
    show("bare SQLite, the same rows", theirs, "commits");
    show(`annotation written, ${WRITERS} at once`, mine, "requests", mine / theirs);
  } finally {
    bare.close();
  }
}

/** Durable transactions a second with the statements of one written annotation. SQLite has one writer, so more of them at once are no faster. */
function bareInsert(database: InstanceType<typeof DatabaseSync>): (seconds: number) => number {
  const advance = database.prepare("UPDATE layers SET seq = ? WHERE id = 'layer' AND seq = ?");
  const change = database.prepare(
    "INSERT INTO changes (layer_id, seq, sid, n, actor, at, session_id, ops) VALUES ('layer', ?, '', 0, NULL, 0, NULL, ?)",
  );
  const record =
    database.prepare(`INSERT INTO records (layer_id, id, kind, seq, page_id, created_by, created_at, updated_by, updated_at, grp, deleted, data)
    VALUES ('layer', ?, 'annotation', ?, '1.0', NULL, 0, NULL, 0, NULL, 0, ?)`);
  let seq = 0;
  return (seconds) => {
    const start = performance.now();
    const before = seq;
    while (performance.now() - start < seconds * 1000) {
      const data = JSON.stringify(annotation(seq));
      const id = `annotation-${String(seq).padStart(16, "0")}`;
      database.exec("BEGIN IMMEDIATE");
      advance.run(seq + 1, seq);
      seq++;
      change.run(seq, JSON.stringify([["c", id, "annotation", data]]));
      record.run(id, seq, data);
      database.exec("COMMIT");
    }
    return ((seq - before) * 1000) / (performance.now() - start);
  };
}

async function benchMemory(list: Target, service: { readonly pid: number; readonly inspector: number }): Promise<void> {
  const heap = await heapOf(service);
  let [done, first] = [0, 0];
  for (const count of REQUESTS) {
    await requests(list, { connections: CONNECTIONS, count: count - done });
    done = count;
    const bytes = await heap.used();
    first ||= bytes;
    const megabytes = `${(bytes / 1e6).toFixed(1)} MB`;
    console.log(`${`heap after ${count} requests`.padEnd(34)} ${megabytes.padStart(16)}   ratio ${(bytes / first).toFixed(2)}`);
  }
  heap.close();
}

/** Medians of rounds in turns; the first round warms up. */
async function inTurns(theirs: () => Promise<number>, ours: () => Promise<number>): Promise<[theirs: number, ours: number]> {
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    const [a, b] = [await theirs(), await ours()];
    if (round === 0) continue;
    rates[0].push(a);
    rates[1].push(b);
  }
  return [median(rates[0]), median(rates[1])];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function show(what: string, rate: number, unit: string, ratio?: number): void {
  const text = `${rate.toFixed(0)} ${unit}/s`;
  console.log(`${what.padEnd(34)} ${text.padStart(16)}${ratio === undefined ? "" : `   ratio ${ratio.toFixed(2)}`}`);
}
