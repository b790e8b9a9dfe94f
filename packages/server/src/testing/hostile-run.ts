/**
 * Gives files to the running service as its users would (upload, look, read, export) and watches it from outside: every answer, the process,
 * the memory of its workers, its folder of temporary files, a sound document after each file, and how quick it stays for somebody else.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import type { DocumentSummary } from "@lectern/protocol";
import type { TestProcess } from "./test-server.ts";

export interface GivenFile {
  readonly name: string;
  readonly bytes: () => Uint8Array;
}

export interface FileOutcome {
  readonly name: string;
  /** Status of the document, or code of the refusal. */
  readonly outcome: string;
  /** What the service says of it. */
  readonly message: string;
  /** From its upload until all was asked, milliseconds. */
  readonly ms: number;
  /** The slowest request. */
  readonly slowest: { readonly what: string; readonly ms: number };
  /** What must not be. */
  readonly faults: readonly string[];
}

export interface HostileRun {
  readonly outcomes: readonly FileOutcome[];
  /** Milliseconds of somebody else's requests while files were given, as a share of what they took before; median and worst in a hundred. */
  readonly others: { readonly requests: number; readonly median: number; readonly p99: number; readonly p99Ms: number };
  /** Most bytes that one worker had; null where this cannot be told. */
  readonly peakMemory: number | null;
}

export interface HostileRunOptions {
  readonly files: Iterable<GivenFile>;
  /** True when there is no time for another file. */
  readonly isOver?: () => boolean;
  readonly onOutcome?: (outcome: FileOutcome) => void;
  /** How many times as long everything may take: on a machine that does much else. Default 1. */
  readonly patience?: number;
}

/** Of one worker: its limit, and what it may take between two looks at it. */
export const MEMORY_CAP = 1_300_000_000;
const HANG_MS = 15_000;
const PREPARE_MS = 150_000;
/** A path of a machine, in a message for its users. */
const PATH = /(?:^|[\s"'(])(?:\/[\w.-]+){2,}|[A-Z]:\\|file:\/\/|node_modules|\.ts\b|\.js\b/;

export async function hostileRun(
  api: TestProcess,
  { files, isOver = () => false, onOutcome, patience = 1 }: HostileRunOptions,
): Promise<HostileRun> {
  const control = await api.upload(pagesPdf(4), "document_id=control");
  await probe(api, control.id, 0);
  const watch = watchWorkers(api);
  const quiet: number[] = [];
  for (let n = 0; n < 40; n++) quiet.push(await probe(api, control.id, n));
  const busy: number[] = [];
  let isGiving = true;
  const others = (async () => {
    for (let n = 0; isGiving; n++) {
      busy.push(await probe(api, control.id, n));
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  })();
  const outcomes: FileOutcome[] = [];
  try {
    for (const file of files) {
      if (isOver()) break;
      const outcome = await give(api, file, { n: outcomes.length, patience });
      outcomes.push(outcome);
      onOutcome?.(outcome);
    }
  } finally {
    isGiving = false;
    await others;
    watch.stop();
  }
  const [before, during] = [sorted(quiet), sorted(busy)];
  return {
    outcomes,
    peakMemory: watch.peak(),
    others: {
      requests: busy.length,
      median: at(during, 0.5) / at(before, 0.5),
      p99: at(during, 0.99) / at(before, 0.99),
      p99Ms: at(during, 0.99),
    },
  };
}

export function othersReport({ others, peakMemory }: HostileRun): string {
  const memory = peakMemory === null ? "" : `; most memory of a worker: ${Math.round(peakMemory / 1e6)} MB`;
  return `others meanwhile: ${others.requests} requests, median ${others.median.toFixed(2)} × and p99 ${others.p99.toFixed(2)} × as long as alone (p99 ${others.p99Ms.toFixed(0)} ms)${memory}`;
}

/** What they became, how long they took, and which took longest. */
export function costReport(outcomes: readonly FileOutcome[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const times = sorted(outcomes.map(({ ms }) => ms));
  const longest = outcomes.toSorted((a, b) => b.ms - a.ms).slice(0, 10);
  return [
    [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", "),
    `median ${at(times, 0.5)} ms a file, nine in ten ${at(times, 0.9)} ms`,
    ...longest.map(({ name, outcome, ms, slowest }) => `${ms} ms ${name} → ${outcome} (${slowest.what} ${slowest.ms} ms)`),
  ].join("\n");
}

/** What another user does: looks at a page, reads a text, lists documents. Milliseconds. */
async function probe(api: TestProcess, id: string, n: number): Promise<number> {
  const paths = [
    `/viewer/documents/${id}/pages/${n % 4}/image?width=640`,
    `/viewer/documents/${id}/pages/${n % 4}/text`,
    `/viewer/documents/${id}`,
  ];
  const start = performance.now();
  const response = await api.request(paths[n % paths.length]!);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`another user was answered ${response.status}`);
  return performance.now() - start;
}

async function give(
  api: TestProcess,
  { name, bytes }: GivenFile,
  { n, patience }: { readonly n: number; readonly patience: number },
): Promise<FileOutcome> {
  const begun = performance.now();
  const faults: string[] = [];
  let slowest = { what: "", ms: 0 };
  const seen = { outcome: "no answer", message: "" };

  async function ask(what: string, path: string, body?: Uint8Array): Promise<{ readonly status: number; readonly bytes: Buffer } | null> {
    const start = performance.now();
    try {
      const response = await api.request(path, {
        ...(body === undefined ? {} : { body, headers: { "content-type": "application/pdf" } }),
        signal: AbortSignal.timeout(HANG_MS * patience),
      });
      const answer = { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
      if (answer.status >= 500) faults.push(`${what}: ${answer.status} ${answer.bytes.toString().slice(0, 300)}`);
      if (answer.status >= 400) checkRefusal(what, answer.bytes.toString());
      return answer;
    } catch (error) {
      faults.push(`${what}: no answer in ${Math.round(performance.now() - start)} ms (${String(error)})`);
      return null;
    } finally {
      const ms = Math.round(performance.now() - start);
      if (ms > slowest.ms) slowest = { what, ms };
    }
  }

  function checkRefusal(what: string, text: string): void {
    const { code, detail } = parsed<{ code?: string; detail?: string }>(text) ?? {};
    if (code === undefined || detail === undefined || detail === "")
      faults.push(`${what}: refused without a reason: ${text.slice(0, 200)}`);
    else if (PATH.test(detail)) faults.push(`${what}: the reason names a path: ${detail}`);
  }

  async function read(id: string, pageCount: number): Promise<void> {
    const document = `/viewer/documents/${id}`;
    for (const page of new Set([0, pageCount - 1])) {
      await ask(`image of page ${page}`, `${document}/pages/${page}/image?width=320`);
      await ask(`text of page ${page}`, `${document}/pages/${page}/text`);
    }
    await ask("cover", `${document}/cover`);
    await ask("info", `${document}/document_info`);
    await ask("outline", `${document}/outline.json`);
    await ask("annotations", `${document}/annotations`);
    await ask("search", `${document}/search?q=the&type=text`);
    for (const query of ["", "?flatten=true", "?annotations=false"]) {
      const file = await ask(`export${query}`, `${document}/pdf${query}`);
      if (file?.status === 200 && !file.bytes.subarray(0, 1024).includes("%PDF-")) faults.push(`export${query}: no PDF`);
    }
  }

  const id = `hostile-${n}`;
  const upload = await ask("upload", `/viewer/documents?document_id=${id}&wait=5`, bytes());
  if (upload !== null && upload.status >= 400) {
    const refusal = parsed<{ code: string; detail: string }>(upload.bytes.toString());
    Object.assign(seen, { outcome: refusal?.code ?? "?", message: refusal?.detail ?? "" });
  } else if (upload !== null) {
    const document = await settled(api, id, PREPARE_MS * patience);
    Object.assign(seen, { outcome: document.status, message: document.errors.map(({ reason }) => reason).join(" ") });
    if (PATH.test(seen.message)) faults.push(`the reason names a path: ${seen.message}`);
    if (document.status === "preparing") faults.push(`not prepared within ${PREPARE_MS * patience} ms`);
    if (document.status === "failed" && seen.message === "") faults.push("failed without a reason");
    if (document.status === "ready") await read(id, document.pageCount ?? 1);
    else await ask("image", `/viewer/documents/${id}/pages/0/image?width=320&wait=0`);
  }
  // A width that nobody has asked for, so that it is drawn.
  const drawn = await ask("the control", `/viewer/documents/control/pages/${n % 4}/image?width=${200 + n}`);
  if (drawn?.status !== 200) faults.push("the control is not drawn any more");
  const left = await leftOver(join(api.dataDir, "temp"));
  if (left.length > 0) faults.push(`files are left over: ${left.join(", ")}`);
  if (!api.isRunning()) throw new Error(`the service has ended on ${name}:\n${api.output().slice(-2000)}`);
  return { name, ...seen, ms: Math.round(performance.now() - begun), slowest, faults };
}

async function settled(api: TestProcess, id: string, ms: number): Promise<DocumentSummary> {
  const end = performance.now() + ms;
  for (;;) {
    const { data } = await api.json<{ data: DocumentSummary }>(`/viewer/documents/${id}`);
    if (data.status !== "preparing" || performance.now() > end) return data;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What is there for longer than what is under way takes to go. */
async function leftOver(folder: string): Promise<readonly string[]> {
  for (let look = 0; ; look++) {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    if (names.length === 0 || look === 50) return names;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The most that each worker process ever had, as the system counts it. */
function watchWorkers(api: TestProcess): { readonly peak: () => number | null; readonly stop: () => void } {
  let peak: number | null = null;
  const look = (): void => {
    for (const pid of api.workerPids()) {
      try {
        const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
        if (kilobytes !== undefined) peak = Math.max(peak ?? 0, Number(kilobytes) * 1024);
      } catch {
        continue; // it has just ended
      }
    }
  };
  const timer = setInterval(look, 50);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}

function parsed<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}

function sorted(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

function at(values: readonly number[], share: number): number {
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
}
