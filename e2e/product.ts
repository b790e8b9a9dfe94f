/**
 * The built product as its users run it: a process of its own with a data directory of its own, on a free port.
 * `crash` is kill -9; `start` again comes back with the same data.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient, type LecternClient } from "@lectern/client";

export const root = fileURLToPath(new URL("../", import.meta.url));
export const API_KEY = "lct_test_0123456789abcdefghijklmnopqrstuvwxyz";

export interface Product {
  readonly url: string;
  readonly client: LecternClient;
  /** What the process has printed so far. */
  readonly output: () => string;
  readonly dataDirectory: string;
  readonly pid: () => number | undefined;
  start(): Promise<void>;
  /** kill -9, and waits until it is gone. */
  crash(): Promise<void>;
  /** Ends the process and removes its data. */
  close(): Promise<void>;
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Waits until `check` gives something other than false, null or undefined. */
export async function until<T>(
  what: string,
  check: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  seconds = 30,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await check();
    if (found !== false && found !== null && found !== undefined) return found;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Ends a child and waits for it. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}

export async function startProduct(env: Readonly<Record<string, string>> = {}): Promise<Product> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "lectern-e2e-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  let output = "";

  const product: Product = {
    url,
    dataDirectory,
    client: createClient({ baseUrl: url, apiKey: API_KEY }),
    output: () => output,
    pid: () => child?.pid,
    async start() {
      const started = spawn(process.execPath, [join(root, "packages/server/dist/main.js"), "start"], {
        env: {
          ...process.env,
          LECTERN_PORT: String(port),
          LECTERN_DATA_DIR: dataDirectory,
          LECTERN_API_KEY: API_KEY,
          LECTERN_SAMPLE: "false",
          LECTERN_LIMIT_REQUESTS_PER_SECOND: "0",
          ...env,
        },
        stdio: ["ignore", "pipe", "pipe"],
      });
      child = started;
      started.stdout.on("data", (data: Buffer) => (output += data.toString()));
      started.stderr.on("data", (data: Buffer) => (output += data.toString()));
      await until("the service is ready", async () => {
        if (started.exitCode !== null) throw new Error(`the service ended with code ${started.exitCode}:\n${output}`);
        const response = await fetch(`${url}/readyz`).catch(() => null);
        return response?.ok === true;
      });
    },
    async crash() {
      if (child !== null) await end(child, "SIGKILL");
    },
    async close() {
      if (child !== null) await end(child, "SIGTERM");
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
  await product.start();
  return product;
}
