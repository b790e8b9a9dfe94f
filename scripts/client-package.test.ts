/** The package @lectern/client as somebody gets it who has nothing else: packed, installed into an empty folder, type-checked, run. */
import { execFile, spawn, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createContext, runInContext } from "node:vm";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { pagesPdf } from "@lectern/pdf/testing";
import { reference } from "@lectern/protocol/reference";
import { testServer, type TestServer } from "../packages/server/src/testing/test-server.ts";
import { packClient } from "./client-package.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const run = promisify(execFile);
const tsc = join(root, "node_modules/.bin/tsc");
let folder: string;
let server: TestServer;

beforeAll(async () => {
  await run(tsc, ["-b", "packages/client"], { cwd: root });
  await packClient();
  folder = mkdtempSync(join(tmpdir(), "lectern-client-"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: join(root, "packages/client") });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const project = join(folder, "project");
  await mkdir(project);
  writeFileSync(join(project, "package.json"), '{ "name": "somebody", "private": true, "type": "module" }');
  await run("npm", ["install", join(folder, filename), "--offline", "--no-audit", "--no-fund"], { cwd: project });
  server = await testServer();
}, 120_000);
afterAll(async () => {
  await server?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const installed = (): string => join(folder, "project/node_modules/@lectern/client");

test("it holds two files and needs no other package", () => {
  const manifest = JSON.parse(readFileSync(join(installed(), "package.json"), "utf8")) as Record<string, unknown>;
  expect(manifest["dependencies"]).toBeUndefined();
  const code = readFileSync(join(installed(), "dist/lectern-client.js"), "utf8");
  const types = readFileSync(join(installed(), "dist/lectern-client.d.ts"), "utf8");
  for (const text of [code, types]) {
    expect(text).not.toMatch(/\bzod\b/i);
    expect(text).not.toMatch(/^\s*(?:import|export)\b.*\bfrom\s*["']|\bimport\s*\(|\brequire\s*\(/m);
  }
});

test("what its README shows is type-checked and does what it says", async () => {
  const readme = readFileSync(join(installed(), "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
  expect(blocks.length).toBe(5);
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const body = '{"type":"document.ready","timestamp":"2026-01-01T00:00:00.000Z","data":{"document_id":"d7"}}';
  const seconds = Math.floor(Date.now() / 1000);
  const signature = `v1,${createHmac("sha256", Buffer.alloc(32, 7)).update(`m1.${seconds}.${body}`).digest("base64")}`;
  const headers = { "webhook-id": "m1", "webhook-timestamp": String(seconds), "webhook-signature": signature };
  const ask = `
const hook = (body: string) => receive(new Request("https://app.test/", { method: "POST", headers: ${JSON.stringify(headers)}, body }));
console.log("hook", (await hook(${JSON.stringify(body)})).status, (await hook("{}")).status);
console.log("session", jwt.split(".").length);
// What the types must refuse:
// @ts-expect-error a document's id is missing
void (() => lectern.documents.get({}));
// @ts-expect-error there is no such answer
void (async () => (await lectern.documents.list()).nothing);
`;
  const project = join(folder, "project");
  writeFileSync(join(project, "main.ts"), blocks.join("\n") + ask);
  writeFileSync(join(project, "contract.pdf"), pagesPdf(2));
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false };
  const compilerOptions = {
    ...strict,
    target: "ES2023",
    module: "NodeNext",
    typeRoots: [join(root, "node_modules/@types")],
    types: ["node"],
    outDir: "out",
  };
  // With the types of browsers, and with those of Node alone.
  for (const lib of [["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable"], ["ES2023"]]) {
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...compilerOptions, lib }, files: ["main.ts"] }));
    await run(tsc, ["-p", project]).catch((error: { stdout: string }) => expect.fail(error.stdout));
  }
  const env = { ...process.env, LECTERN_URL: server.url, LECTERN_API_KEY: server.apiKey, LECTERN_WEBHOOK_SECRET: secret };
  const { stdout } = await run(process.execPath, ["out/main.js"], { cwd: project, env: { ...env, NODE_OPTIONS: "" } });
  expect(stdout).toMatch(/(\d+) of \1 bytes/);
  expect(stdout).toContain("0 annotations");
  expect(stdout).toMatch(/document\.\w+/);
  expect(stdout).toMatch(/^404 .+ \S+$/m);
  expect(stdout).toContain("d7 can be shown");
  expect(stdout).toContain("hook 204 401");
  expect(stdout).toContain("session 3");
  expect(readFileSync(join(project, "reviewed.pdf")).subarray(0, 5).toString()).toBe("%PDF-");
});

test("the examples of the reference are type-checked against it", async () => {
  const examples = reference().flatMap(({ entries }) => entries);
  const variables = new Set(
    examples.flatMap(({ typescript }) => [...typescript.matchAll(/\b(?!apiKey)[a-z]+(?:Id|Token)\b(?=,?$|,? })/gm)].map(([name]) => name)),
  );
  const head = `
import { openAsBlob } from "node:fs";
import { createClient, type LecternClient } from "@lectern/client";
declare const baseUrl: string, grant: string, blob: string, ${[...variables].join(": string, ")}: string;
declare const lectern: LecternClient;
`;
  const project = join(folder, "project");
  const asked = examples.map(({ typescript }) => `void (async () => {\n${typescript}\nreturn answer;\n});`);
  writeFileSync(join(project, "examples.ts"), head + asked.join("\n"));
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: "ES2023",
    lib: ["ES2023", "DOM"],
    module: "NodeNext",
    typeRoots: [join(root, "node_modules/@types")],
    types: ["node"],
    noEmit: true,
  };
  writeFileSync(join(project, "tsconfig.examples.json"), JSON.stringify({ compilerOptions, files: ["examples.ts"] }));
  await run(tsc, ["-p", join(project, "tsconfig.examples.json")]).catch((error: { stdout: string }) => expect.fail(error.stdout));
});

/** Runs where it is put: `client` is the package, `given` where the service is. */
const PROGRAM = `
async function program(client, given) {
  const { createClient, allDocuments, verifyWebhook } = client;
  const lectern = createClient(given);
  const id = given.documentId;
  let sent = 0;
  const body = new Blob(["# A title\\n\\nText"]);
  const upload = { body, type: "text/markdown", onProgress: (count) => (sent = count) };
  const { data } = await lectern.documents.upload({ document_id: id, title: id }, upload);
  const parts = () => (async function* () { for (const line of ["# Streamed", "\\n\\nText"]) yield new TextEncoder().encode(line); })();
  const { data: streamed } = await lectern.documents.upload({ document_id: id + "-streamed" }, { body: parts, type: "text/markdown" });
  const ids = [];
  for await (const one of allDocuments(lectern, { title: id })) ids.push(one.id);
  const refused = await verifyWebhook("{}", {}, "whsec_AAAA").catch((error) => error.code);
  const event = await verifyWebhook(given.hook.body, given.hook.headers, given.hook.secret);
  const missing = await lectern.documents.get({ documentId: "none" }).catch((error) => error.code);
  return { id: data.id, sent: sent === body.size, streamed: streamed.id, ids, refused, event: event.type, missing };
}`;

const given = (documentId: string): object => {
  const body = '{"type":"document.ready","timestamp":"2026-01-01T00:00:00.000Z","data":{"document_id":"d7"}}';
  const seconds = Math.floor(Date.now() / 1000);
  const signature = `v1,${createHmac("sha256", Buffer.alloc(32, 7)).update(`m1.${seconds}.${body}`).digest("base64")}`;
  const headers = { "webhook-id": "m1", "webhook-timestamp": String(seconds), "webhook-signature": signature };
  const hook = { body, headers, secret: `whsec_${Buffer.alloc(32, 7).toString("base64")}` };
  return { baseUrl: server.url, apiKey: server.apiKey, documentId, hook };
};
const done = (documentId: string): object => ({
  id: documentId,
  sent: true,
  streamed: `${documentId}-streamed`,
  ids: [documentId],
  refused: "unauthorized",
  event: "document.ready",
  missing: "not_found",
});

test("it runs where there are web standards and nothing else", async () => {
  const code = readFileSync(join(installed(), "dist/lectern-client.js"), "utf8");
  const script = code.replace(/^export \{([^}]*)\};?\s*$/m, (_, names: string) => {
    const entries = names.split(",").map((name) => name.trim().split(" as "));
    return `globalThis.client = { ${entries.map(([local, shown = local]) => `${shown}: ${local}`).join(", ")} };`;
  });
  const web = { fetch, Headers, Request, Response, FormData, Blob, URL, URLSearchParams, crypto, atob, btoa };
  const streams = { ReadableStream, TransformStream, TextEncoder, TextDecoder, AbortController, AbortSignal, DOMException };
  const context = createContext({ ...web, ...streams, setTimeout, clearTimeout, given: given("standards") });
  runInContext(`${script}${PROGRAM}`, context);
  const told: unknown = await runInContext(
    `program(globalThis.client, given).then((told) => JSON.stringify([told, typeof process + typeof Buffer]))`,
    context,
  );
  expect(JSON.parse(told as string)).toEqual([done("standards"), "undefinedundefined"]);
});

/** Both are looked for on the PATH: they are a hundred megabytes each, and nothing else needs them. CI installs them. */
const isThere = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;
const skips = (program: string): boolean => {
  if (isThere(program) || process.env["CI"] === "true") return false;
  process.stderr.write(`${program} is not here: the test that it takes is skipped.\n`);
  return true;
};

test.skipIf(skips("deno"))("it runs in Deno, whose own types it fits", async () => {
  const project = join(folder, "project");
  // Loosely typed but for the client.
  const typed = PROGRAM.replace("program(client, given)", "program(client: typeof import('@lectern/client'), given: any)")
    .replace("const ids = []", "const ids: string[] = []")
    .replace("(count)", "(count: number)");
  writeFileSync(
    join(project, "deno.ts"),
    `import * as client from "@lectern/client";${typed}\nconsole.log(JSON.stringify(await program(client, JSON.parse(Deno.args[0]!))));`,
  );
  const { hostname, port } = new URL(server.url);
  const args = ["run", "--check", "--no-remote", "--node-modules-dir=manual", `--allow-net=${hostname}:${port}`];
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1", DENO_DIR: join(folder, "deno"), NO_COLOR: "1" };
  const { stdout } = await run("deno", [...args, "deno.ts", JSON.stringify(given("deno"))], { cwd: project, env });
  expect(JSON.parse(stdout)).toEqual(done("deno"));
});

test.skipIf(skips("workerd"))("it runs in the runtime of edge workers", async () => {
  const edge = join(folder, "edge");
  await mkdir(edge);
  writeFileSync(join(edge, "client.js"), readFileSync(join(installed(), "dist/lectern-client.js")));
  writeFileSync(
    join(edge, "main.js"),
    `import * as client from "client.js";${PROGRAM}
export default { fetch: async (request) => Response.json(await program(client, await request.json())) };`,
  );
  writeFileSync(
    join(edge, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "internet", network = (allow = ["local"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js"), (name = "client.js", esModule = embed "client.js")],
  compatibilityDate = "2025-06-01",
);`,
  );
  const worker = spawn("workerd", ["serve", "--control-fd=3", "config.capnp"], { cwd: edge, stdio: ["ignore", "ignore", "pipe", "pipe"] });
  onTestFinished(() => void worker.kill());
  let said = "";
  worker.stderr?.on("data", (data: Buffer) => (said += data.toString()));
  const port = await new Promise<number>((resolve, reject) => {
    worker.once("error", reject).once("exit", (code) => reject(new Error(`it ended with ${code}: ${said}`)));
    worker.stdio[3]!.once("data", (data: Buffer) => resolve((JSON.parse(data.toString()) as { readonly port: number }).port));
  });
  const response = await fetch(`http://127.0.0.1:${port}`, { method: "POST", body: JSON.stringify(given("edge")) });
  expect([response.status, await response.text(), said]).toEqual([200, JSON.stringify(done("edge")), ""]);
});
