import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
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

async function lectern(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = startMain(
    { LECTERN_DATA_DIR: service.dataDir, LECTERN_PORT: new URL(service.url).port, LECTERN_WORKERS: "1", ...env },
    args,
  );
  let [out, error] = ["", ""];
  child.stdout?.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr?.on("data", (data: Buffer) => (error += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out: out.trim(), error: error.trim() };
}

it("makes a key that works at once while the service runs, and revokes it", async () => {
  const made = await lectern(["keys", "create", "from the command line", "--scope", "read"]);
  expect(made).toMatchObject({ code: 0, error: "", out: expect.stringMatching(/^lct_live_/) as string });
  expect((await service.request("/viewer/documents", { credential: made.out })).status).toBe(200);
  const listed = (await lectern(["keys", "list"])).out.split("\n").find((line) => line.endsWith("from the command line"))!;
  expect(listed).toContain("\tread\t");
  const id = listed.split("\t")[0]!;
  expect(await lectern(["keys", "revoke", id])).toMatchObject({ code: 0, out: `revoked ${id}` });
  await expect
    .poll(async () => (await service.request("/viewer/documents", { credential: made.out })).status, { timeout: 20_000 })
    .toBe(401);
  expect(await lectern(["keys", "revoke", "nothing"])).toMatchObject({ code: 1, error: "lectern: There is no API key nothing" });
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

it("looks at everything the service needs, and says what is wrong", async () => {
  const { code, out } = await lectern(["doctor"]);
  expect(code, out).toBe(0);
  for (const name of ["data directory", "database", "PDF workers", "port", "clock", "LibreOffice"]) expect(out).toContain(` ${name}: `);
  const bad = await lectern(["doctor"], { LECTERN_DATABASE_URL: "postgres://nobody@127.0.0.1:1/nothing" });
  expect([bad.code, bad.out]).toEqual([1, expect.stringMatching(/problem {2}database: /) as string]);
}, 60_000);

it("copies a store while somebody edits it, and what is restored has everything that was acknowledged before, whole", async () => {
  const { id } = await service.upload(pagesPdf(3));
  const attached = pagesPdf(5);
  const second = await service.upload(attached);
  const content = { type: "pspdfkit/note", pageIndex: 0, bbox: [0, 0, 9, 9], text: { format: "plain", value: "x" } };
  const acked: string[] = [];
  let writing = true;
  const writer = (async () => {
    for (let n = 0; writing; n++) {
      await service.json(`/viewer/documents/${id}/annotations`, { json: { id: `w${n}`, content } });
      acked.push(`w${n}`);
      if (n % 20 === 0) await service.upload(pagesPdf((n % 7) + 1), "wait=0");
    }
  })();
  await expect.poll(() => acked.length, { timeout: 20_000 }).toBeGreaterThan(20);
  const before = [...acked];
  const target = join(folder, "backup");
  const made = await lectern(["backup", target]);
  writing = false;
  await writer;
  expect(made, made.error).toMatchObject({ code: 0 });
  expect(acked.length).toBeGreaterThan(before.length);
  expect((await lectern(["backup", target])).error).toContain("exists already");

  const restored = join(folder, "restored");
  expect(await lectern(["restore", target], { LECTERN_DATA_DIR: restored })).toMatchObject({ code: 0 });
  expect((await lectern(["restore", target], { LECTERN_DATA_DIR: restored })).error).toContain("is not empty");
  const copy = await testServer({ dataDir: restored, env: { LECTERN_API_KEY: TEST_KEY } });
  try {
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
  } finally {
    await copy.close();
  }
}, 120_000);

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

it("tells each command's settings with --help", async () => {
  const { out } = await lectern(["backup", "--help"]);
  for (const text of ["--data-dir", "LECTERN_DATA_DIR", "--database-url", "--blobs-url"]) expect(out).toContain(text);
}, 30_000);
