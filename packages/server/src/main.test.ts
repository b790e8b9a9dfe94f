/** The real process: first start, restart, kill -9, ending. */
import type { ChildProcess } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import { expect, onTestFinished, test } from "vitest";
import { fakeS3 } from "./testing/fake-s3.ts";
import { killCycles } from "./testing/kill-cycles.ts";
import { startMain, TEST_KEY, testApi, type TestProcess, testProcess } from "./testing/test-server.ts";
import { isBye, testSocket } from "./testing/test-socket.ts";

async function run(env: Readonly<Record<string, string>> = {}): Promise<TestProcess> {
  const started = await testProcess(env);
  onTestFinished(() => started.close());
  return started;
}

/** What it says when it cannot start. */
async function failure(child: ChildProcess): Promise<{ readonly code: number | null; readonly said: string }> {
  let said = "";
  child.stdout?.on("data", (data: Buffer) => (said += data.toString()));
  child.stderr?.on("data", (data: Buffer) => (said += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { code, said };
}

test("a first start prints a sign-in link, the sample's link and a key that work; the next one keeps all and shows no key again", async () => {
  const service = await run({ LECTERN_API_KEY: "", LECTERN_SAMPLE: "true" });
  const printed = async (pattern: RegExp): Promise<string> => {
    await expect.poll(() => service.output(), { timeout: 20_000 }).toMatch(pattern);
    return pattern.exec(service.output())![1]!;
  };
  const key = await printed(/Bearer (lct_live_\w+)/);
  const link = await printed(/\/dashboard\/#link=([\w-]+)/);
  const token = await printed(/\/view#(\S+)/);
  const api = testApi(service.url, key);
  expect(await api.json("/viewer/documents")).toMatchObject({ data: [{ id: "sample", status: "ready" }] });
  const opened = await api.request("/viewer/open", { credential: null, body: JSON.stringify({ token }) });
  expect(await opened.json()).toMatchObject({ documentId: "sample", grants: { permissions: ["read", "write", "download"] } });
  const signedIn = await api.request("/admin/link", {
    credential: null,
    json: { token: link, email: "a@example.com", password: "a long password" },
  });
  const cookie = signedIn.headers.get("set-cookie")!.split(";")[0]!;
  const { id } = await api.upload(pagesPdf(2), "title=Mine");

  expect(await service.end("SIGTERM")).toBe(0);
  const before = service.output().length;
  await service.start();
  await expect.poll(() => service.output().slice(before), { timeout: 20_000 }).toMatch(/\/view#\S+/);
  expect(service.output().slice(before)).not.toContain("lct_live_");
  expect((await api.json<{ data: { id: string }[] }>("/viewer/documents")).data.map((document) => document.id)).toEqual([id, "sample"]);
  expect((await api.request("/viewer/open", { credential: null, body: JSON.stringify({ token }) })).status).toBe(200);
  expect(await (await api.request("/admin/me", { credential: null, headers: { cookie } })).json()).toMatchObject({
    account: { email: "a@example.com" },
  });
  const logged = service
    .output()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .join("\n");
  for (const secret of [key, link, token, cookie]) expect(logged).not.toContain(secret);
}, 60_000);

test("files in a bucket outlive the node that stored them", async () => {
  const bucket = await fakeS3();
  onTestFinished(() => bucket.close());
  const env = { LECTERN_BLOBS_URL: bucket.url };
  const service = await run(env);
  const bytes = pagesPdf(2);
  const { id } = await service.upload(bytes);
  expect([...bucket.objects.values()].some((object) => object.equals(bytes))).toBe(true);
  const download = async (): Promise<Buffer> => Buffer.from(await (await service.request(`/viewer/documents/${id}/pdf`)).arrayBuffer());
  expect((await download()).equals(bytes)).toBe(true);
  await service.crash();
  await rm(join(service.dataDir, "blob-cache"), { recursive: true });
  await service.start();
  expect((await download()).equals(bytes)).toBe(true);
}, 60_000);

test("kill -9 between edits and uploads loses nothing that was acknowledged", async () => {
  const service = await run({ LECTERN_LIMIT_REQUESTS_PER_SECOND: "0" });
  const { cycles, edits, uploads, lost } = await killCycles(service, 25);
  expect(lost).toEqual([]);
  expect([cycles, uploads]).toEqual([25, 13]);
  expect(edits).toBeGreaterThan(25 * 5);
}, 900_000);

test("SIGTERM says bye to sockets, finishes requests and ends with 0", async () => {
  const service = await run();
  const { id } = await service.upload(pagesPdf(60));
  const socket = await testSocket(service.url);
  await socket.hello((await service.session(id)).jwt);
  const running = service.request(`/viewer/documents/${id}/pages/text`);
  const ended = service.end("SIGTERM");
  expect(await socket.until("bye", isBye)).toMatchObject({ code: "unavailable" });
  expect(await ended).toBe(0);
  expect([200, 503]).toContain((await running).status);
}, 60_000);

test("a second process on the same data says who has it, and leaves it alone", async () => {
  const service = await run();
  const second = await failure(startMain({ LECTERN_PORT: "0", LECTERN_DATA_DIR: service.dataDir, LECTERN_API_KEY: TEST_KEY }));
  expect(second.code).toBe(1);
  expect(second.said).toMatch(/^lectern: The data directory \S+ is in use by process \d+; one server at a time may use it\n$/);
  expect((await service.request("/viewer/documents")).status).toBe(200);
}, 60_000);

test.each([
  ["a wrong setting", { LECTERN_PORT: "no port" }, ["start"], "lectern: LECTERN_PORT"],
  ["a key that is too short", { LECTERN_API_KEY: "short-marker" }, ["start"], "lectern: LECTERN_API_KEY"],
  ["an unknown flag", {}, ["start", "--speed", "9"], "lectern: "],
])(
  "with %s it says so in one line and ends",
  async (_, env, args, start) => {
    const { code, said } = await failure(startMain(env, args));
    expect(code).toBe(1);
    expect(said.startsWith(start), said).toBe(true);
    expect(said.trim().split("\n")).toHaveLength(1);
    expect(said).not.toContain("short-marker");
  },
  30_000,
);

test("with a port that is taken it says so in one line and ends", async () => {
  const service = await run();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo;
  const { code, said } = await failure(startMain({ LECTERN_PORT: String(port), LECTERN_DATA_DIR: `${service.dataDir}/other` }));
  expect([code, said]).toEqual([1, expect.stringMatching(/^lectern: The port is in use/) as string]);
}, 60_000);
