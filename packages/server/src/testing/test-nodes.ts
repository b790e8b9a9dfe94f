/** Two real processes of the service on one PostgreSQL database and one data folder, and real clients of their sync sockets. */
import type { ChildProcess } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Peer, RecordData, Snapshot } from "@lectern/protocol";
import { SUBPROTOCOL } from "@lectern/protocol/plain";
import { type Connect, memoryQueue, SyncClient } from "@lectern/sync/client";
import { WebSocket } from "ws";
import { systemClock } from "../ports.ts";
import { type TestPostgres, testPostgres } from "./test-postgres.ts";
import { startMain, type TestApi, testApi, TEST_KEY } from "./test-server.ts";

export interface TestNode extends TestApi {
  /** kill -9, and waits until it is gone. */
  crash(): Promise<void>;
  start(): Promise<void>;
  /** As when its machine stands still, and goes on. */
  pause(): void;
  resume(): void;
  /** What it printed and logged so far. */
  output(): string;
}

export interface TestNodes {
  readonly nodes: readonly TestNode[];
  readonly postgres: TestPostgres;
  close(): Promise<void>;
}

/** Both begin at the same time, on an empty database. `by`: the way that they take to it. */
export async function testNodes(
  env: Readonly<Record<string, string>> = {},
  by: (databaseUrl: string) => Promise<string> = (url) => Promise.resolve(url),
): Promise<TestNodes> {
  const postgres = await testPostgres();
  const dataDir = await mkdtemp(join(tmpdir(), "lectern-nodes-"));
  const settings = {
    LECTERN_DATABASE_URL: await by(postgres.url),
    LECTERN_DATA_DIR: dataDir,
    LECTERN_PUBLIC_URL: "http://lectern.test",
    LECTERN_API_KEY: TEST_KEY,
    LECTERN_SAMPLE: "false",
    LECTERN_WORKERS: "1",
    LECTERN_LIMIT_REQUESTS_PER_SECOND: "0",
    LECTERN_LIMIT_OPS_PER_SECOND: "0",
    ...env,
  };
  const nodes = await Promise.all([0, 1].map(async () => testNode(settings, await freePort())));
  await Promise.all(nodes.map((node) => node.start()));
  return {
    nodes,
    postgres,
    async close() {
      await Promise.all(nodes.map((node) => node.crash()));
      await postgres.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function testNode(settings: Readonly<Record<string, string>>, port: number): TestNode {
  const api = testApi(`http://127.0.0.1:${port}`);
  let child: ChildProcess | null = null;
  let output = "";
  return {
    ...api,
    output: () => output,
    async start() {
      const started = startMain({ ...settings, LECTERN_PORT: String(port) });
      child = started;
      for (const stream of [started.stdout, started.stderr]) stream?.on("data", (data: Buffer) => (output += data.toString()));
      for (;;) {
        if (started.exitCode !== null) throw new Error(`it ended with code ${started.exitCode}:\n${output}`);
        const response = await fetch(`${api.url}/readyz`).catch(() => null);
        if (response?.ok === true) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async crash() {
      const ending = child;
      if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
      const ended = new Promise<void>((resolve) => ending.once("exit", () => resolve()));
      ending.kill("SIGKILL");
      await ended;
    },
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
  };
}

export interface NodeClient {
  readonly client: SyncClient;
  /** Ids of records that the server has acknowledged. */
  readonly acknowledged: ReadonlySet<string>;
  /** Makes a note and resolves when it is acknowledged. */
  create(id: string, text?: string): Promise<void>;
  /** Everything that was created is acknowledged. */
  settled(): Promise<unknown>;
  /** The next connections go to this node; the one that is open stays. */
  moveTo(node: TestNode): void;
  /** Ends the connection; a new one is made at once. */
  cut(): void;
  /** Ids of the annotations it has. */
  ids(): string[];
  peers(): readonly Peer[];
  /** Codes of what was refused. */
  readonly refused: readonly string[];
}

const RECTANGLE: RecordData["annotation"] = {
  type: "rectangle",
  page: "1.0",
  geometry: { bbox: [10, 10, 50, 30] },
  appearance: { strokeColor: "#ff0000" },
};

/** The browser's own client. */
export async function nodeClient(node: TestNode, token: string): Promise<NodeClient> {
  let at = node;
  let open: WebSocket | null = null;
  const connect: Connect = (events) => {
    const ws = new WebSocket(`${at.url.replace(/^http/, "ws")}/viewer/sync`, SUBPROTOCOL, { handshakeTimeout: 3000 });
    open = ws;
    let over = false;
    const closed = (): void => {
      if (!over) events.closed();
      over = true;
    };
    ws.on("open", () => events.open());
    ws.on("message", (data: Buffer) => over || events.message(data.toString()));
    ws.on("close", closed);
    ws.on("error", () => undefined);
    return { send: (text) => ws.readyState === WebSocket.OPEN && ws.send(text), close: () => ws.terminate() };
  };
  const client = new SyncClient({
    connect,
    queue: memoryQueue(randomUUID),
    clock: systemClock,
    randomBytes,
    getToken: () => Promise.resolve(token),
    fetchSnapshot: (url) => at.json<Snapshot>(url, { credential: token }),
    onError: () => undefined,
  });
  const acknowledged = new Set<string>();
  const created: Promise<void>[] = [];
  const refused: string[] = [];
  client.on("reject", ({ code }) => refused.push(code));
  await client.start();
  return {
    client,
    acknowledged,
    create(id, text = "") {
      client.create("annotation", { ...RECTANGLE, note: text }, { id });
      const done = client.flush().then(() => void acknowledged.add(id));
      created.push(done);
      return done;
    },
    settled: () => Promise.all(created),
    moveTo: (other) => void (at = other),
    cut: () => open?.terminate(),
    ids: () =>
      [...client.records.all()]
        .filter(({ kind }) => kind === "annotation")
        .map(({ id }) => id)
        .sort(),
    peers: () => client.peers,
    refused,
  };
}

export interface TestProxy {
  /** The same address, by way of the proxy. */
  readonly url: string;
  /** Ends all connections, and takes no more until `mend`. */
  cut(): void;
  /** Everything looks fine, but nothing comes through until `mend`, and then all of it. */
  hold(): void;
  mend(): void;
  close(): Promise<void>;
}

/** A way to a server that can be cut. `only`: connections whose first bytes hold this text; nothing ever happens to the others. */
export async function testProxy(target: string, only = ""): Promise<TestProxy> {
  const { hostname, port, protocol } = new URL(target);
  const farPort = Number(port || (protocol.startsWith("redis") ? 6379 : 5432));
  interface Way {
    readonly near: Socket;
    readonly far: Socket;
  }
  const open = new Set<Socket>();
  const ways = new Set<Way>();
  let state: "fine" | "cut" | "held" = "fine";
  const flow = ({ near, far }: Way): void => {
    near.pipe(far);
    far.pipe(near);
  };
  const server = createTcpServer((near) => {
    open.add(near);
    near.on("error", () => near.destroy()).on("close", () => open.delete(near));
    near.once("data", (first) => {
      near.pause();
      const isGoverned = first.includes(only);
      if (isGoverned && state === "cut") return near.destroy();
      const far = connectTcp(farPort, hostname);
      const way = { near, far };
      if (isGoverned) ways.add(way);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const)
        socket
          .on("error", () => other.destroy())
          .on("close", () => {
            ways.delete(way);
            other.destroy();
          });
      far.write(first);
      if (!isGoverned || state !== "held") flow(way);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(target);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    cut() {
      state = "cut";
      for (const { near } of ways) near.destroy();
    },
    hold() {
      state = "held";
      for (const { near, far } of ways) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    mend() {
      if (state === "held") for (const way of ways) flow(way);
      state = "fine";
    },
    close() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
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
