import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { sqliteDatabase } from "../adapters/database-sqlite.ts";
import { createApplication } from "../applications/store.ts";
import { ConfigError } from "../config.ts";
import { loadMigrations } from "../migrations/migrate.ts";
import { systemClock, systemRandom } from "../ports.ts";
import { fakeS3 } from "../testing/fake-s3.ts";
import { CommandError } from "./command-error.ts";
import { addCommands } from "./commands.ts";
import { isBye, testSocket } from "../testing/test-socket.ts";
import { startMain, TEST_KEY, testServer, type TestProcess, testProcess } from "../testing/test-server.ts";

let service: TestProcess;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lectern-cli-"));
  service = await testProcess({ LECTERN_LIMIT_REQUESTS_PER_SECOND: "0" });
}, 60_000);
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

const settings = (): Record<string, string> => ({
  LECTERN_DATA_DIR: service.dataDir,
  LECTERN_PORT: new URL(service.url).port,
  LECTERN_WORKERS: "1",
});

/** The command in this process: a process for each takes a second. */
async function lectern(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const [out, error]: [string[], string[]] = [[], []];
  let code = 0;
  const program = new Command("lectern").exitOverride();
  const run = async (work: () => Promise<void>): Promise<void> =>
    work().catch((thrown: unknown) => {
      if (!(thrown instanceof CommandError || thrown instanceof ConfigError)) throw thrown;
      code = 1;
      error.push(`lectern: ${thrown.message}`);
    });
  addCommands(program, run, { env: { ...settings(), ...env }, print: (line) => void out.push(line), fail: () => void (code = 1) });
  await program.parseAsync(args, { from: "user" });
  return { code, out: out.join("\n"), error: error.join("\n") };
}

/** The real one, from its command line to its exit code. */
async function lecternProcess(args: readonly string[]): Promise<Ran> {
  const child = startMain(settings(), args);
  let [out, error] = ["", ""];
  child.stdout?.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr?.on("data", (data: Buffer) => (error += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out: out.trim(), error: error.trim() };
}

it("makes a key that works at once while the service runs, and revokes it", async () => {
  const made = await lecternProcess(["keys", "create", "from the command line", "--scope", "read"]);
  expect(made).toMatchObject({ code: 0, error: "", out: expect.stringMatching(/^lct_live_/) as string });
  expect((await service.request("/viewer/documents", { credential: made.out })).status).toBe(200);
  const listed = (await lectern(["keys", "list"])).out.split("\n").find((line) => line.endsWith("from the command line"))!;
  expect(listed).toContain("\tread\t");
  const id = listed.split("\t")[0]!;
  expect(await lectern(["keys", "revoke", id])).toMatchObject({ code: 0, out: `revoked ${id}` });
  await expect
    .poll(async () => (await service.request("/viewer/documents", { credential: made.out })).status, { timeout: 20_000 })
    .toBe(401);
  expect(await lecternProcess(["keys", "revoke", "nothing"])).toMatchObject({ code: 1, error: "lectern: There is no API key nothing" });
}, 60_000);

it("uploads, lists, opens and deletes a document without being given a key", async () => {
  const file = join(folder, "Report 7.pdf");
  await writeFile(file, pagesPdf(1));
  expect(await lectern(["documents", "upload", file, "--id", "report"])).toMatchObject({ code: 0, out: "report" });
  expect((await lectern(["documents", "list"])).out).toContain("report\tready\tReport 7");
  const { out } = await lectern(["session", "report", "--user", "mia", "--read-only"]);
  const opened = await service.request("/viewer/open", { credential: null, body: JSON.stringify({ token: out.split("#")[1] }) });
  expect(await opened.json()).toMatchObject({ documentId: "report", grants: { permissions: ["read"] } });
  expect(await lectern(["documents", "delete", "report"])).toMatchObject({ code: 0 });
  expect(await lectern(["session", "report"])).toMatchObject({ code: 1, error: "lectern: There is no document report" });
  expect((await lectern(["documents", "upload", join(folder, "missing.pdf")])).code).toBe(1);
}, 60_000);

it("revokes a session from outside: the running service ends what it has open over HTTP, over images and over WebSocket", async () => {
  await service.upload(pagesPdf(1), "document_id=shown");
  const { out } = await lectern(["session", "open", "shown", "--user", "mia"]);
  const token = out.split("#")[1]!;
  const opened = await service.request("/viewer/open", { credential: null, body: JSON.stringify({ token }) });
  const { images, source } = (await opened.json()) as { images: { page: string }; source: string };
  const image = images.page.replace("{blob}", source).replace("{index}", "0").replace("{width}", "320").replace(service.url, "");
  const [socket, listed] = await Promise.all([testSocket(service.url), lectern(["session", "list"])]);
  await socket.hello(token, { document: "shown" });
  const asked = async (): Promise<number[]> =>
    Promise.all([
      service.request("/viewer/documents/shown/annotations", { credential: token }).then(({ status }) => status),
      service.request(image, { credential: null }).then(({ status }) => status),
    ]);
  expect(await asked()).toEqual([200, 200]);
  const line = listed.out.split("\n").find((each) => each.includes("\tmia\tshown"))!;
  const [id, state] = line.split("\t");
  expect(state).toMatch(/^until \d{4}-/);
  expect(await lecternProcess(["session", "revoke", id!])).toMatchObject({ code: 0, out: `revoked ${id}` });
  expect(await socket.until("bye", isBye)).toMatchObject({ type: "bye", code: "session_revoked" });
  await socket.closed;
  await expect.poll(asked, { timeout: 20_000 }).toEqual([401, 401]);
  expect((await lectern(["session", "list"])).out).toMatch(new RegExp(`^${id}\\trevoked \\d{4}-`, "m"));
  expect(await lectern(["session", "revoke", "nothing"])).toMatchObject({ code: 1, error: "lectern: There is no session nothing" });
}, 60_000);

it("looks at everything the service needs, and says what is wrong", async () => {
  const { code, out } = await lectern(["doctor"]);
  expect(code, out).toBe(0);
  for (const name of ["data directory", "database", "PDF workers", "port", "clock", "LibreOffice", "Tesseract"])
    expect(out).toContain(` ${name}: `);
  expect(out).toMatch(/ fonts: .*Latin/);
  expect(out).not.toContain(" bucket: ");
  const bad = await lectern(["doctor"], { LECTERN_DATABASE_URL: "postgres://nobody@127.0.0.1:1/nothing" });
  expect([bad.code, bad.out]).toEqual([1, expect.stringMatching(/problem {2}database: /) as string]);
  expect(bad.out).toMatch(/problem {2}clock: /);
}, 60_000);

it("looks whether the bucket takes and gives, and says when it does not", async () => {
  const bucket = await fakeS3();
  onTestFinished(() => bucket.close());
  const looked = await lectern(["doctor"], { LECTERN_BLOBS_URL: bucket.url });
  expect(looked.out).toMatch(/^ok +bucket: lectern-test: stored, found and deleted a file$/m);
  expect([bucket.objects.size, bucket.requests.some((request) => request.startsWith("PUT blobs/doctor/"))]).toEqual([0, true]);
  const elsewhere = bucket.url.replace("@lectern-test/", "@another/");
  const bad = await lectern(["doctor"], { LECTERN_BLOBS_URL: elsewhere });
  expect([bad.code, bad.out]).toEqual([1, expect.stringMatching(/^problem +bucket: /m) as string]);
  expect(looked.out + bad.out).not.toContain("secret");
}, 60_000);

describe.each(["a folder", "a bucket"])("a store with its files in %s", (place) => {
  it("is copied while somebody edits, uploads and deletes; what is restored has everything acknowledged before, whole", async () => {
    const bucket = place === "a bucket" ? await fakeS3() : null;
    const edited = bucket === null ? service : await testProcess({ LECTERN_LIMIT_REQUESTS_PER_SECOND: "0", LECTERN_BLOBS_URL: bucket.url });
    onTestFinished(async () => {
      if (edited !== service) await edited.close();
      await bucket?.close();
    });
    const { id } = await edited.upload(pagesPdf(3));
    const second = await edited.upload(pagesPdf(5));
    const content = { type: "pspdfkit/note", pageIndex: 0, bbox: [0, 0, 9, 9], text: { format: "plain", value: "x" } };
    const acked: string[] = [];
    let writing = true;
    const writer = (async () => {
      for (let n = 0; writing; n++) {
        await edited.json(`/viewer/documents/${id}/annotations`, { json: { id: `w${n}`, content } });
        acked.push(`w${n}`);
        if (n % 20 !== 0) continue;
        const { id: other } = await edited.upload(pagesPdf((n % 7) + 1), "wait=0");
        if (n % 40 === 0) await edited.json(`/viewer/documents/${other}`, { method: "DELETE" });
      }
    })();
    await expect.poll(() => acked.length, { timeout: 20_000 }).toBeGreaterThan(20);
    const before = [...acked];
    const target = join(folder, `backup of ${place}`);
    const from = { LECTERN_DATA_DIR: edited.dataDir, ...(bucket === null ? {} : { LECTERN_BLOBS_URL: bucket.url }) };
    const made = await lectern(["backup", target], from);
    writing = false;
    await writer;
    expect(made, made.error).toMatchObject({ code: 0 });
    expect(acked.length).toBeGreaterThan(before.length);
    expect((await lectern(["backup", target], from)).error).toContain("exists already");

    const restored = join(folder, `restored from ${place}`);
    expect(await lectern(["restore", target], { LECTERN_DATA_DIR: restored })).toMatchObject({ code: 0 });
    expect((await lectern(["restore", target], { LECTERN_DATA_DIR: restored })).error).toContain("is not empty");
    const copy = await testServer({ dataDir: restored, env: { LECTERN_API_KEY: TEST_KEY } });
    onTestFinished(() => copy.close());
    const { records } = await copy.json<{ records: { id: string }[] }>(`/viewer/documents/${id}/records`);
    const found = new Set(records.map((record) => record.id));
    for (const name of before) expect(found.has(name), name).toBe(true);
    const { data } = await copy.json<{ data: { seq: number }[] }>(`/viewer/documents/${id}/changes?limit=1000`);
    expect(data.map(({ seq }) => seq)).toEqual(data.map((_, i) => i + 1));
    const { data: documents } = await copy.json<{ data: { id: string; sourcePdfSha256: string }[] }>("/viewer/documents?page_size=100");
    expect(documents.map((document) => document.id)).toContain(second.id);
    for (const document of documents) {
      const file = new Uint8Array(await (await copy.request(`/viewer/documents/${document.id}/pdf?source=true&wait=20`)).arrayBuffer());
      expect(createHash("sha256").update(file).digest("hex")).toBe(document.sourcePdfSha256);
    }
    if (bucket === null) return;
    const other = await fakeS3();
    onTestFinished(() => other.close());
    const elsewhere = { LECTERN_DATA_DIR: join(folder, "elsewhere"), LECTERN_BLOBS_URL: other.url };
    expect(await lectern(["restore", target], elsewhere)).toMatchObject({ code: 0 });
    const hashes = documents.map((document) => document.sourcePdfSha256);
    expect([...other.objects.keys()].map((key) => key.split("/").at(-1))).toEqual(expect.arrayContaining(hashes));
  }, 120_000);
});

it("is backed up in the middle of an upload, which goes on", async () => {
  const bytes = Buffer.from(pagesPdf(4));
  let rest: (() => void) | null = null;
  const body = new ReadableStream<Uint8Array>({
    start(stream) {
      stream.enqueue(bytes.subarray(0, 500));
      rest = () => {
        stream.enqueue(bytes.subarray(500));
        stream.close();
      };
    },
  });
  const headers = { authorization: `Bearer ${TEST_KEY}`, "content-type": "application/pdf" };
  const uploaded = fetch(`${service.url}/viewer/documents?wait=0`, { method: "POST", headers, body, duplex: "half" });
  const unfinished = join(service.dataDir, "blobs", ".unfinished");
  await expect.poll(async () => (await readdir(unfinished)).length, { timeout: 10_000 }).toBe(1);
  expect(await lectern(["backup", join(folder, "backup beside an upload")])).toMatchObject({ code: 0 });
  rest!();
  expect((await uploaded).status).toBe(200);
  expect(await readdir(unfinished)).toEqual([]);
}, 60_000);

it("refuses a backup whose files are damaged or missing, and what is no backup", async () => {
  const target = join(folder, "damaged");
  expect(await lectern(["backup", target])).toMatchObject({ code: 0 });
  const files = (await readdir(join(target, "blobs"), { recursive: true })).filter((path) => /[0-9a-f]{64}$/.test(path));
  const path = join(target, "blobs", files[0]!);
  const bytes = await readFile(path);
  bytes[0]! ^= 1;
  await writeFile(path, bytes);
  const damaged = await lectern(["restore", target], { LECTERN_DATA_DIR: join(folder, "one") });
  expect([damaged.code, damaged.error]).toEqual([1, expect.stringContaining("is damaged: its bytes have another hash") as string]);
  await rm(path);
  expect((await lectern(["restore", target], { LECTERN_DATA_DIR: join(folder, "two") })).error).toContain("is missing");
  expect(await readdir(join(folder, "two"))).not.toContain("lectern.sqlite");
  expect((await lectern(["restore", folder], { LECTERN_DATA_DIR: join(folder, "three") })).error).toContain("is no backup");
}, 60_000);

it("tells each command's settings with --help", () => {
  const program = new Command("lectern");
  addCommands(program, async () => undefined, { env: {}, print: () => undefined, fail: () => undefined });
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  const help = new Map(all(program).map((command) => [command.name(), command.helpInformation()]));
  for (const text of ["--data-dir", "LECTERN_DATA_DIR", "--database-url", "--blobs-url"]) expect(help.get("backup")).toContain(text);
  expect([...help.keys()]).toEqual(expect.arrayContaining(["keys", "documents", "session", "doctor", "backup", "restore"]));
  const ofOne = all(program).filter((command) => command.helpInformation().includes("--application <id or name>"));
  expect(ofOne.map((command) => command.name())).toEqual([
    "create",
    "list",
    "revoke",
    "list",
    "upload",
    "delete",
    "open",
    "list",
    "revoke",
  ]);
});

it("asks whose, once there are several applications", async () => {
  const dataDir = join(folder, "several");
  const env = { LECTERN_DATA_DIR: dataDir };
  await mkdir(dataDir);
  const database = await sqliteDatabase({ path: join(dataDir, "lectern.sqlite") });
  await database.migrate(await loadMigrations());
  await database.close();
  expect((await lectern(["keys", "create", "only"], env)).code).toBe(0);
  const again = await sqliteDatabase({ path: join(dataDir, "lectern.sqlite") });
  const { id } = await createApplication(again, "Second", { clock: systemClock, random: systemRandom });
  await again.close();
  const asked = await lectern(["keys", "list"], env);
  expect([asked.code, asked.error]).toEqual([
    1,
    `lectern: There are several applications; say which with --application: default (Default), ${id} (Second)`,
  ]);
  expect((await lectern(["keys", "create", "by name", "--application", "Second"], env)).code).toBe(0);
  expect((await lectern(["keys", "list", "--application", id], env)).out).toMatch(/\tby name$/);
  expect((await lectern(["keys", "list", "--application", "default"], env)).out).toMatch(/\tonly$/);
  expect((await lectern(["session", "x", "--application", "Third"], env)).error).toContain("There is no application Third");
});
