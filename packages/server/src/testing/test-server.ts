/**
 * The service for tests: in this process on a free port with a data directory of its own (`testServer`), or as the real process that can be
 * killed and started again (`testProcess`). Both talk over HTTP only; `logs` is everything that was written.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DocumentSummary } from "@lectern/protocol";
import { diskBlobs } from "../adapters/blobs-disk.ts";
import { libreOfficeConverter } from "../adapters/converter-libreoffice.ts";
import { tesseractRecogniser } from "../adapters/recogniser-tesseract.ts";
import { memoryBus } from "../adapters/bus-memory.ts";
import { sqliteDatabase } from "../adapters/database-sqlite.ts";
import { inputLimits, loadConfig } from "../config.ts";
import { prepareStore } from "../first-start.ts";
import type { BodyLimits } from "../http/body.ts";
import { createLogger } from "../http/log.ts";
import { loadMigrations } from "../migrations/migrate.ts";
import { type Clock, type Recogniser, systemRandom } from "../ports.ts";
import { renderPool } from "../render/pool.ts";
import { loadSecret } from "../secret.ts";
import { createServer, type Server } from "../server.ts";

export const TEST_KEY = "lct_test_0123456789abcdefghijklmnopqrstuvwxyz";

export interface RequestOptions {
  readonly method?: string;
  /** API key or session token; default the test's key, null for none. */
  readonly credential?: string | null;
  readonly json?: unknown;
  readonly body?: RequestInit["body"];
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface MintedSession {
  readonly jwt: string;
  readonly session_id: string;
  readonly exp: number;
  readonly view_url: string;
}

export interface TestApi {
  readonly url: string;
  readonly apiKey: string;
  request(path: string, options?: RequestOptions): Promise<Response>;
  /** The JSON of a success; throws with status and body otherwise. */
  json<T = Record<string, unknown>>(path: string, options?: RequestOptions): Promise<T>;
  upload(bytes: Uint8Array, query?: string): Promise<DocumentSummary>;
  /** With read and write unless the document says otherwise. */
  session(document: string | Readonly<Record<string, unknown>>, more?: Readonly<Record<string, unknown>>): Promise<MintedSession>;
}

export interface TestServer extends TestApi {
  readonly server: Server;
  /** What was logged. */
  readonly logs: readonly string[];
  /** The server's clock goes so much faster than ours, once. Milliseconds. */
  advance(ms: number): void;
  close(): Promise<void>;
}

export interface TestServerOptions {
  /** Further settings by their environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Used, and left as it is at the end; default: one of its own, with all its data removed at the end. */
  readonly dataDir?: string;
  /** Default: Tesseract, when it is installed. */
  readonly recogniser?: Recogniser;
  /** Of requests, where they differ from those of the product. */
  readonly bodyLimits?: Partial<BodyLimits>;
  /** Default: the system's, which `advance` can set ahead. */
  readonly clock?: Clock;
  /** What was built of the viewer and the dashboard; default: nothing. */
  readonly folders?: { readonly sdk: string; readonly dashboard: string };
}

export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "lectern-test-")));
  const logs: string[] = [];
  const config = loadConfig([], {
    LECTERN_PORT: "0",
    LECTERN_DATA_DIR: dataDir,
    LECTERN_API_KEY: TEST_KEY,
    LECTERN_SAMPLE: "false",
    LECTERN_WORKERS: "1",
    LECTERN_LOG_LEVEL: "trace",
    LECTERN_LIMIT_REQUESTS_PER_SECOND: "0",
    ...options.env,
  });
  let ahead = 0;
  const clock: Clock = options.clock ?? {
    now: () => Date.now() + ahead,
    setTimeout(run, ms) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  };
  const [database, blobs, secret] = await Promise.all([
    sqliteDatabase({ path: join(dataDir, "lectern.sqlite") }),
    diskBlobs(join(dataDir, "blobs")),
    loadSecret(dataDir),
  ]);
  const renderer = renderPool({ workers: config.workers, input: inputLimits(config) });
  const bus = memoryBus();
  await database.migrate(await loadMigrations());
  const log = createLogger({ level: config.logLevel, write: (line) => void logs.push(line) });
  const server = await createServer({
    config,
    database,
    blobs,
    bus,
    renderer,
    converter: libreOfficeConverter({
      program: null,
      tempDir: join(dataDir, "converting"),
      maxUnpacked: config.maxInflatedBytes,
    }),
    recogniser: options.recogniser ?? tesseractRecogniser({ program: config.tesseract, tempDir: join(dataDir, "converting") }),
    clock,
    random: systemRandom,
    secret,
    dataDir,
    log,
    version: "0.0.0-test",
    checkResponses: true,
    folders: options.folders ?? { sdk: join(dataDir, "no-sdk"), dashboard: join(dataDir, "no-dashboard") },
    ...(options.bodyLimits === undefined ? {} : { bodyLimits: options.bodyLimits }),
    passwordCost: { log2N: 4, p: 1 },
  });
  await prepareStore({ config, server, log, samplePath: "" });
  const { url } = await server.listen();
  return {
    ...testApi(url),
    server,
    logs,
    advance: (ms) => void (ahead += ms),
    async close() {
      await server.close();
      await renderer.close();
      await bus.close();
      await database.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Requests to a service at this address. */
export function testApi(url: string, apiKey = TEST_KEY): TestApi {
  async function request(
    path: string,
    { method, credential = apiKey, json, body, headers, signal }: RequestOptions = {},
  ): Promise<Response> {
    const content = json === undefined ? body : JSON.stringify(json);
    return fetch(`${url}${path}`, {
      method: method ?? (content === undefined ? "GET" : "POST"),
      redirect: "manual",
      ...(signal === undefined ? {} : { signal }),
      ...(content === undefined || content === null ? {} : { body: content }),
      headers: {
        ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
    });
  }
  async function json<T>(path: string, options?: RequestOptions): Promise<T> {
    const response = await request(path, options);
    if (!response.ok) throw new Error(`${options?.method ?? "GET"} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
  return {
    url,
    apiKey,
    request,
    json,
    async upload(bytes, query = "") {
      // As long as it takes, on a machine that does much else.
      const wait = /(^|&)wait=/.test(query) ? "" : "&wait=60";
      return (
        await json<{ data: DocumentSummary }>(`/viewer/documents?${query}${wait}`, {
          body: Buffer.from(bytes),
          headers: { "content-type": "application/pdf" },
        })
      ).data;
    },
    session: (document, more = {}) =>
      json<MintedSession>("/viewer/sessions", {
        json: { allowed_documents: [typeof document === "string" ? { document_id: document } : document], ...more },
      }),
  };
}

export interface TestProcess extends TestApi {
  readonly dataDir: string;
  /** What it printed and logged so far. */
  readonly output: () => string;
  readonly isRunning: () => boolean;
  readonly pid: () => number | undefined;
  /** Processes that read PDF files; none where the system does not tell. */
  readonly workerPids: () => readonly number[];
  /** kill -9, and waits until it is gone. */
  crash(): Promise<void>;
  /** Again with the same data and port; resolves when it is ready, or when it answers at all. */
  start(until?: "/readyz" | "/livez"): Promise<void>;
  /** Ends it with this signal; the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

/** `lectern start` in a process of its own. */
export async function testProcess(env: Readonly<Record<string, string>> = {}): Promise<TestProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), "lectern-test-"));
  const port = await freePort();
  const api = testApi(`http://127.0.0.1:${port}`);
  let child: ChildProcess | null = null;
  let output = "";

  const process_: TestProcess = {
    ...api,
    dataDir,
    output: () => output,
    pid: () => child?.pid,
    isRunning: () => child !== null && child.exitCode === null && child.signalCode === null,
    workerPids: () => (child?.pid === undefined ? [] : workersOf(child.pid)),
    async start(until = "/readyz") {
      const started = startMain({
        LECTERN_PORT: String(port),
        LECTERN_DATA_DIR: dataDir,
        LECTERN_API_KEY: TEST_KEY,
        LECTERN_SAMPLE: "false",
        LECTERN_WORKERS: "1",
        ...env,
      });
      child = started;
      started.stdout?.on("data", (data: Buffer) => (output += data.toString()));
      started.stderr?.on("data", (data: Buffer) => (output += data.toString()));
      for (;;) {
        if (started.exitCode !== null) throw new Error(`it ended with code ${started.exitCode}:\n${output}`);
        const response = await fetch(`${api.url}${until}`).catch(() => null);
        if (response?.ok === true) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    crash: async () => void (await process_.end("SIGKILL")),
    async end(signal) {
      const ending = child;
      if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return ending?.exitCode ?? null;
      const ended = new Promise<number | null>((resolve) => ending.once("exit", (code) => resolve(code)));
      ending.kill(signal);
      return ended;
    },
    async close() {
      await process_.end("SIGTERM");
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  await process_.start();
  return process_;
}

function workersOf(pid: number): readonly number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ").filter(Boolean).map(Number);
    return children.filter((child) => /render\/worker\.[jt]s/.test(readFileSync(`/proc/${child}/cmdline`, "latin1")));
  } catch {
    return []; // no such file system, or a process has just ended
  }
}

/** The command with these settings only. */
export function startMain(env: Readonly<Record<string, string>>, args: readonly string[] = ["start"]): ChildProcess {
  const { PATH = "", HOME = "", TMPDIR = "", LECTERN_TEST_BUILT = "" } = process.env;
  // What was built just before starts in half the time; otherwise the sources are what is tested.
  const isBuilt = LECTERN_TEST_BUILT !== "";
  const main = fileURLToPath(new URL(isBuilt ? "../../dist/main.js" : "../main.ts", import.meta.url));
  return spawn(process.execPath, [...(isBuilt ? [] : ["--conditions=lectern-source", "--import", "tsx"]), main, ...args], {
    env: { PATH, HOME, ...(TMPDIR === "" ? {} : { TMPDIR }), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createTcpServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
