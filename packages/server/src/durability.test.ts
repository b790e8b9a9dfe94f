/** An acknowledgement is a promise: it comes after the fsync. That it survives kill -9: main.test.ts, kill.long.test.ts. */
import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import { expect, onTestFinished, test } from "vitest";
import { testProcess } from "./testing/test-server.ts";
import { isAck, testSocket } from "./testing/test-socket.ts";

const traces = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
if (!traces) process.stderr.write("strace is not here, or may not be used: the test that it takes is skipped.\n");

test.skipIf(!traces)("an fsync comes before each acknowledgement", { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "lectern-strace-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const product = await testProcess({ LECTERN_LIMIT_REQUESTS_PER_SECOND: "0" });
  onTestFinished(() => product.close());
  const { id } = await product.upload(pagesPdf(1), "wait=60");
  const socket = await testSocket(product.url);
  await socket.hello((await product.session(id, { user_id: "mia" })).jwt, { sid: randomUUID() });

  const trace = join(folder, "trace");
  const calls = "trace=fsync,fdatasync,write,writev,sendto,sendmsg";
  const strace = spawn("strace", ["-f", "-y", "-s", "4000", "-e", calls, "-o", trace, "-p", String(product.pid())], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await new Promise<void>((resolve) => strace.stderr.on("data", (said: Buffer) => said.toString().includes("attached") && resolve()));
  const SAMPLES = 20;
  // One after another, so that none can share the fsync of another one.
  for (let n = 1; n <= SAMPLES; n++) {
    socket.push(n, [["c", `r${n}`, "annotation", { type: "rectangle", page: "1.0", geometry: { bbox: [0, 0, 9, 9] }, appearance: {} }]]);
    await socket.until("ack", isAck(n));
  }
  const ended = new Promise((resolve) => strace.once("exit", resolve));
  strace.kill("SIGINT");
  await ended;

  let synced = false;
  let acks = 0;
  for (const line of (await readFile(trace, "utf8")).split("\n")) {
    // A call that another thread's interrupts has its result in a line of its own.
    if (/(?:fsync|fdatasync)(?:\(\d+<[^>]*\.sqlite-wal>\)| resumed>\))\s+= 0/.test(line)) synced = true;
    if (!line.includes('\\"acks\\":[[')) continue;
    acks++;
    expect(synced, `acknowledgement ${acks} has an fsync before it:\n${line}`).toBe(true);
    synced = false;
  }
  expect(acks).toBe(SAMPLES);
});
