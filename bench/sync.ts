/**
 * The sync core beside Hocuspocus on SQLite, which acknowledges before it saves: the same clients and records, in turn, in one run; and two nodes
 * on one layer beside one. Prints medians, their ratio, and what the ratio must be and should be; ends with code 1 when one is not what it must be.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasPostgres, testPostgres } from "../packages/server/src/testing/test-postgres.ts";
import { cpuMs, heapUsed, median } from "./processes.ts";
import { bare, hocuspocus, lectern, type Load, type LoadOptions, PEERS, type Side } from "./sync-sides.ts";

const ROUNDS = 5;

/** `best`: which way is better. Ratios are ours to theirs. */
interface Bar {
  readonly best: "most" | "least";
  readonly must: number;
  readonly aim: number;
}

function report(what: string, unit: string, ours: readonly number[], theirs: readonly number[], { best, must, aim }: Bar): void {
  const [mine, other] = [median(ours), median(theirs)];
  const ratio = mine / other;
  const keeps = (bound: number): boolean => (best === "most" ? ratio >= bound : ratio <= bound);
  const sign = best === "most" ? "≥" : "≤";
  const verdict = keeps(aim) ? "aim" : keeps(must) ? "must" : "MISSED";
  if (!keeps(must)) process.exitCode = 1;
  const show = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2)).padStart(8);
  console.log(
    `${what.padEnd(46)} ${show(mine)} ${show(other)} ${unit.padEnd(6)} ${ratio.toFixed(2).padStart(6)}×   must ${sign} ${must.toFixed(2)}  aim ${sign} ${aim.toFixed(2)}   ${verdict}`,
  );
}

/** One run of load on a new document, with the server's CPU time for each op until all of it is saved. */
async function measured(side: Side, options: LoadOptions): Promise<Load & { readonly cpuPerOp: number }> {
  const document = await side.document();
  let before = 0;
  const load = await side.load(document, { ...options, onBegin: () => void (before = cpuMs(side.pid()) ?? Number.NaN) });
  await side.saved();
  return { ...load, cpuPerOp: ((cpuMs(side.pid()) ?? Number.NaN) - before) / load.acked };
}

/** In turn, so that a drift of the machine's speed hits both. The first round is not counted: code gets compiled in it. */
async function inTurn<S, T>(rounds: number, sides: readonly S[], run: (side: S) => Promise<T>): Promise<T[][]> {
  const results: T[][] = sides.map(() => []);
  for (let round = 0; round <= rounds; round++)
    for (const [index, side] of sides.entries()) {
      const result = await run(side);
      if (round > 0) results[index]!.push(result);
    }
  return results;
}

const of = <K extends string>(key: K, results: readonly Readonly<Record<K, number>>[]): number[] => results.map((result) => result[key]);

async function benchLoad(sides: readonly Side[], folder: string): Promise<void> {
  const [few, fewTheirs] = await inTurn(ROUNDS, sides, (side) => measured(side, { clients: 20, ops: 1000, window: 16 }));
  report("durable ops/s, 20 clients", "/s", of("opsPerSecond", few!), of("opsPerSecond", fewTheirs!), {
    best: "most",
    must: 1.8,
    aim: 2.5,
  });
  report("server CPU per op, 20 clients", "ms", of("cpuPerOp", few!), of("cpuPerOp", fewTheirs!), { best: "least", must: 0.5, aim: 0.35 });
  const [many, manyTheirs] = await inTurn(ROUNDS, sides, (side) => measured(side, { clients: 100, ops: 200, window: 8 }));
  report("durable ops/s, 100 clients", "/s", of("opsPerSecond", many!), of("opsPerSecond", manyTheirs!), {
    best: "most",
    must: 1.5,
    aim: 2.2,
  });
  const [paced, pacedTheirs, pacedLeast] = await benchPaced(sides, folder);
  report("fan-out p95, 20 clients × 5 ops/s", "ms", of("fanOutP95", paced!), of("fanOutP95", pacedTheirs!), {
    best: "least",
    must: 1.3,
    aim: 1,
  });
  const bareP95 = median(of("fanOutP95", pacedLeast!));
  const [toLeast, leastToTheirs] = [median(of("fanOutP95", paced!)) / bareP95, bareP95 / median(of("fanOutP95", pacedTheirs!))];
  console.log(
    `  a bare server that keeps before it tells: ${bareP95.toFixed(2)} ms; ours ${toLeast.toFixed(2)}× of it, it ${leastToTheirs.toFixed(2)}× of theirs`,
  );
  report("bytes per op, 20 clients × 5 ops/s", "B", of("bytesPerOp", paced!), of("bytesPerOp", pacedTheirs!), {
    best: "least",
    must: 0.9,
    aim: 0.7,
  });
}

/** Changes that come alone: of each side, and last of a bare server that is there for this only. */
async function benchPaced(sides: readonly Side[], folder: string): Promise<Load[][]> {
  const least = await bare(folder);
  await least.start();
  try {
    return await inTurn(ROUNDS, [...sides, least], async (side) => {
      const load = await side.load(await side.document(), { clients: 20, ops: 25, everyMs: 200 });
      await side.saved();
      return load;
    });
  } finally {
    await least.crash();
  }
}

/** Documents of so many records; each side has them, and was started again since. */
async function benchLarge(sides: readonly Side[], records: number): Promise<void> {
  const documents = new Map<Side, string>();
  for (const side of sides) {
    const document = await side.document();
    documents.set(side, document);
    await side.load(document, { clients: 1, ops: records / 100, window: 2, recordsPerOp: 100 });
    await side.stop();
    await side.start();
  }
  const heap: number[] = [];
  for (const side of sides) {
    // What the first connection of all brings along, and the first large enough for a snapshot of its own, is not the document's.
    const first = await side.document();
    await side.load(first, { clients: 1, ops: 8, window: 2, recordsPerOp: 100 });
    await side.open(first);
    const before = await heapUsed(await side.inspector());
    const { records: found } = await side.open(documents.get(side)!);
    if (found !== records) throw new Error(`${side.name} has ${found} records of ${records}`);
    const holds = await holding(side, documents.get(side)!, async () => heapUsed(await side.inspector()));
    heap.push(((holds - before) / records) * 10_000);
  }
  const [ours, theirs] = await inTurn(3, sides, (side) => side.open(documents.get(side)!));
  const thousands = records.toLocaleString("en");
  report(`a new client loads ${thousands} records`, "ms", of("ms", ours!), of("ms", theirs!), { best: "least", must: 0.12, aim: 0.06 });
  const megabytes = heap.map((bytes) => [bytes / 1e6]);
  report(`server heap per 10,000 records, of ${thousands}`, "MB", megabytes[0]!, megabytes[1]!, { best: "least", must: 0.1, aim: 0.06 });
}

/** While somebody has the document open: a server may drop one that nobody has. */
async function holding<T>(side: Side, document: string, work: () => Promise<T>): Promise<T> {
  let result: Promise<T> | undefined;
  await side.load(document, { clients: 1, ops: 1, everyMs: 3000, onBegin: () => void (result = work()) });
  return result!;
}

/** 400 ops, kill -9 as soon as the last one is acknowledged: how many are not there afterwards. */
async function benchKill(sides: readonly Side[]): Promise<void> {
  const lost: number[] = [];
  for (const side of sides) {
    const document = await side.document();
    await side.load(document, { clients: 20, ops: 20 });
    await side.crash();
    await side.start();
    const { records } = await side.open(document);
    lost.push(400 - records);
  }
  if (lost[0] !== 0) process.exitCode = 1;
  console.log(
    `acknowledged ops lost by kill -9, of 400        ours ${lost[0]}, theirs ${lost[1]}   must 0   ${lost[0] === 0 ? "aim" : "MISSED"}`,
  );
}

async function benchNodes(folder: string): Promise<void> {
  if (!(await hasPostgres())) return console.log("two nodes on one layer: no PostgreSQL here");
  const sides: Side[] = [];
  const databases = [await testPostgres(), await testPostgres()];
  try {
    for (const nodes of [2, 1]) {
      const own = join(folder, `nodes-${nodes}`);
      await mkdir(own);
      const side = await lectern(own, { nodes, env: { LECTERN_DATABASE_URL: databases[nodes - 1]!.url } });
      sides.push(side);
      await side.start();
    }
    const [two, one] = await inTurn(ROUNDS, sides, (side) => measured(side, { clients: 20, ops: 100, window: 16 }));
    report("two nodes on one layer : one node, ops/s", "/s", of("opsPerSecond", two!), of("opsPerSecond", one!), {
      best: "most",
      must: 0.8,
      aim: 0.95,
    });
    const show = (loads: readonly Load[]): string => `${median(of("ackP99", loads)).toFixed(0)} ms`;
    console.log(`  99th percentile of acknowledgements: two nodes ${show(two!)}, one node ${show(one!)}`);
  } finally {
    for (const side of sides) await side.crash();
    for (const database of databases) await database.drop();
  }
}

export async function benchSync(only?: string): Promise<void> {
  if (!existsSync(join(PEERS, "node_modules")))
    spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: PEERS, stdio: "inherit" });
  const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
  const sides = [await lectern(join(folder, "lectern")), await hocuspocus(folder)];
  console.log(`${"sync".padEnd(46)} ${"ours".padStart(8)} ${"theirs".padStart(8)}`);
  const wants = (part: string): boolean => only === undefined || only === part;
  try {
    for (const side of sides) await side.start();
    if (wants("load")) await benchLoad(sides, folder);
    if (wants("large")) for (const records of [10_000, 50_000]) await benchLarge(sides, records);
    if (wants("kill")) await benchKill(sides);
    if (wants("nodes")) await benchNodes(folder);
  } finally {
    for (const side of sides) await side.crash();
    await rm(folder, { recursive: true, force: true });
  }
}
