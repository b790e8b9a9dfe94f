/** The servers that bench/sync.ts compares, behind one interface: ours, and of the folder `peers` Hocuspocus and a bare one. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pagesPdf } from "@lectern/pdf/testing";
import { end, freePort, until } from "../e2e/product.ts";
import { TEST_KEY, testApi } from "../packages/server/src/testing/test-server.ts";
import { nodeJson, type Running, startNode } from "./processes.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
export const PEERS = file("./peers/");
const FROM_SOURCE = ["--conditions=lectern-source", "--import", "tsx"];

/** What the clients of a run saw. Times in milliseconds, bytes on the wire of all clients. */
export interface Load {
  readonly opsPerSecond: number;
  readonly acked: number;
  readonly bytesPerOp: number;
  readonly fanOutP95: number;
  readonly ackP99: number;
}

export interface LoadOptions {
  readonly clients: number;
  /** Of each client. */
  readonly ops: number;
  /** Unanswered ops that a client has at most. */
  readonly window?: number;
  /** Instead: one op every so many milliseconds. */
  readonly everyMs?: number;
  readonly recordsPerOp?: number;
  /** Called when everybody has joined. */
  readonly onBegin?: () => void;
}

export interface Side {
  readonly name: string;
  pid(): number;
  /** A document that nobody has used yet. */
  document(): Promise<string>;
  load(document: string, options: LoadOptions): Promise<Load>;
  /** How long a new client of its own kind takes to have the document, and how many records it has then. */
  open(document: string): Promise<{ readonly ms: number; readonly records: number }>;
  /** Waits until what was acknowledged is saved. */
  saved(): Promise<void>;
  start(): Promise<void>;
  /** As it wants to be ended. */
  stop(): Promise<void>;
  /** kill -9 */
  crash(): Promise<void>;
  /** URL of its inspector. */
  inspector(): Promise<string>;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function inspectorOf(running: Running): Promise<string> {
  const pattern = /Debugger listening on (ws:\S+)/;
  return pattern.exec(await running.line((text) => pattern.test(text)))![1]!;
}

function runLoad(where: { readonly kind: string; readonly urls: readonly string[]; readonly name: string }, options: LoadOptions) {
  const { onBegin, ...rest } = options;
  return nodeJson<Load>([join(PEERS, "load.mjs"), JSON.stringify({ ...where, ...rest })], onBegin);
}

/** Nodes of the built product on one data folder; the clients are spread over them, everything else asks the first. */
export async function lectern(
  folder: string,
  { nodes = 1, env = {} }: { nodes?: number; env?: Record<string, string> } = {},
): Promise<Side> {
  const ports = await Promise.all(Array.from({ length: nodes }, freePort));
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const api = testApi(urls[0]!);
  const sessions = new Map<string, string>();
  let running: Running[] = [];
  const each = (signal: NodeJS.Signals): Promise<unknown> => Promise.all(running.map(({ child }) => end(child, signal)));
  return {
    name: "lectern",
    pid: () => running[0]!.child.pid!,
    async document() {
      const { id } = await api.upload(pagesPdf(2), "wait=60");
      sessions.set(id, (await api.session(id, { user_id: "bench", expires_in: 7200 })).jwt);
      return id;
    },
    load: (document, options) => runLoad({ kind: "lectern", urls, name: sessions.get(document)! }, options),
    open: (document) => nodeJson([...FROM_SOURCE, file("./open.ts"), urls[0]!, sessions.get(document)!]),
    // That is what an acknowledgement says.
    saved: () => Promise.resolve(),
    async start() {
      running = ports.map((port) =>
        startNode(["--inspect=127.0.0.1:0", file("../packages/server/dist/main.js"), "start"], {
          LECTERN_PORT: String(port),
          LECTERN_DATA_DIR: folder,
          LECTERN_PUBLIC_URL: "http://lectern.test",
          LECTERN_API_KEY: TEST_KEY,
          LECTERN_SAMPLE: "false",
          LECTERN_WORKERS: "1",
          LECTERN_LOG_LEVEL: "warn",
          LECTERN_LIMIT_REQUESTS_PER_SECOND: "0",
          LECTERN_LIMIT_OPS_PER_SECOND: "0",
          LECTERN_LIMIT_SOCKETS_PER_SESSION: "0",
          ...env,
        }),
      );
      for (const url of urls) await until("it is ready", async () => (await fetch(`${url}/readyz`).catch(() => null))?.ok);
    },
    stop: async () => void (await each("SIGTERM")),
    crash: async () => void (await each("SIGKILL")),
    inspector: () => inspectorOf(running[0]!),
  };
}

export async function hocuspocus(folder: string): Promise<Side> {
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}`;
  let running: Running;
  let documents = 0;
  // Two seconds after the last change, ten after the first: its defaults.
  const saved = (): Promise<void> => wait(3000);
  return {
    name: "hocuspocus",
    pid: () => running.child.pid!,
    document: () => Promise.resolve(`bench-${documents++}`),
    load: (document, options) => runLoad({ kind: "hocuspocus", urls: [url], name: document }, options),
    open: (document) => nodeJson([join(PEERS, "open.mjs"), url, document]),
    saved,
    async start() {
      running = startNode(["--inspect=127.0.0.1:0", join(PEERS, "server.mjs"), join(folder, "hocuspocus.sqlite"), String(port)]);
      await running.line((line) => line === "listening");
    },
    async stop() {
      await saved();
      await end(running.child, "SIGTERM");
    },
    crash: () => end(running.child, "SIGKILL"),
    inspector: () => inspectorOf(running),
  };
}

/** One that does nothing but keep and tell. Only `load` of it is compared. */
export async function bare(folder: string): Promise<Pick<Side, "name" | "document" | "load" | "saved" | "start" | "crash">> {
  const port = await freePort();
  let running: Running;
  return {
    name: "bare",
    document: () => Promise.resolve("the only one"),
    load: (document, options) => runLoad({ kind: "lectern", urls: [`http://127.0.0.1:${port}`], name: document }, options),
    // As ours.
    saved: () => Promise.resolve(),
    async start() {
      running = startNode(["--inspect=127.0.0.1:0", join(PEERS, "bare.mjs"), join(folder, "bare.sqlite"), String(port)]);
      await running.line((line) => line === "listening");
    },
    crash: () => end(running.child, "SIGKILL"),
  };
}
