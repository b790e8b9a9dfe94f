import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RequestOptions, type TestServer, testServer } from "../testing/test-server.ts";

let built: TestServer;
let bare: TestServer;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lectern-static-"));
  const files: Record<string, string | Buffer> = {
    "sdk/lectern.js": "window.Lectern = {}",
    "sdk/lectern.js.br": brotliCompressSync("window.Lectern = {}"),
    "sdk/chunks/open-Ab3_xY9z.js": "export {}",
    "sdk/.built": "x",
    "sdk/notes.exe": "x",
    "secret.json": "{}",
    "dashboard/index.html": "<!doctype html><title>Dashboard</title>",
    "dashboard/assets/main-12345678.css": "a{}",
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  [built, bare] = await Promise.all([
    testServer({ folders: { sdk: join(folder, "sdk"), dashboard: join(folder, "dashboard") } }),
    testServer(),
  ]);
});
afterAll(async () => {
  await Promise.all([built.close(), bare.close()]);
  await rm(folder, { recursive: true });
});

const get = (path: string, headers: RequestOptions["headers"] = {}, server = built) => server.request(path, { credential: null, headers });

describe("the SDK", () => {
  it("may be used by any page, is asked for anew by its name, and kept for ever by its hash", async () => {
    const entry = await get("/sdk/lectern.js", { origin: "https://app.example.com", "accept-encoding": "identity" });
    expect([await entry.text(), entry.headers.get("content-type")]).toEqual(["window.Lectern = {}", "text/javascript; charset=utf-8"]);
    expect([
      entry.headers.get("access-control-allow-origin"),
      entry.headers.get("cross-origin-resource-policy"),
      entry.headers.get("cache-control"),
    ]).toEqual(["*", "cross-origin", "public, no-cache"]);
    expect((await get("/sdk/lectern.js", { "if-none-match": entry.headers.get("etag")!, "accept-encoding": "identity" })).status).toBe(304);
    const chunk = await get("/sdk/chunks/open-Ab3_xY9z.js");
    expect(chunk.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  });

  it("is sent compressed to who understands it, under another tag", async () => {
    const plain = await get("/sdk/lectern.js", { "accept-encoding": "identity" });
    const response = await get("/sdk/lectern.js", { "accept-encoding": "br" });
    expect([response.headers.get("content-encoding"), response.headers.get("vary"), await response.text()]).toEqual([
      "br",
      "accept-encoding",
      "window.Lectern = {}",
    ]);
    expect(response.headers.get("etag")).not.toBe(plain.headers.get("etag"));
    expect((await get("/sdk/lectern.js", { "accept-encoding": "br;q=0, gzip" })).headers.get("content-encoding")).toBeNull();
  });

  it.each([
    "/sdk/..%2fsecret.json",
    "/sdk/%2e%2e/secret.json",
    "/sdk/.built",
    "/sdk/notes.exe",
    "/sdk/",
    "/sdk/chunks",
    "/sdk/chunks/",
    "/sdk/a%00b.js",
    "/sdk/..%5csecret.json",
    "/sdk//etc/passwd",
  ])("has nothing at %s", async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  it("is missed with a clear answer", async () => {
    const response = await get("/sdk/lectern.js", {}, bare);
    expect([response.status, await response.json()]).toEqual([
      503,
      expect.objectContaining({ detail: expect.stringContaining("npm run build") as string }),
    ]);
  });
});

describe("pages", () => {
  it("lead to the dashboard, whose addresses are all one page", async () => {
    const root = await get("/");
    expect([root.status, root.headers.get("location")]).toEqual([302, "/dashboard/"]);
    for (const path of ["/dashboard", "/dashboard/", "/dashboard/documents/x%2Fy", "/dashboard/a/b/c"]) {
      const response = await get(path);
      expect([response.status, await response.text()], path).toEqual([200, "<!doctype html><title>Dashboard</title>"]);
    }
    expect((await get("/dashboard/assets/main-12345678.css")).headers.get("content-type")).toBe("text/css; charset=utf-8");
    expect((await get("/dashboard/assets/other.js")).status).toBe(404);
  });

  it("run nothing that is not ours, and may not be framed by others", async () => {
    for (const path of ["/dashboard/", "/view", "/view/"]) {
      const policy = (await get(path)).headers.get("content-security-policy")!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'self'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
    }
  });

  it("show a document by the token behind the hash, with no script inside", async () => {
    const page = await (await get("/view")).text();
    expect(page).toContain('src="/sdk/lectern.js"');
    for (const [, inside] of page.matchAll(/<script[^>]*>([^<]*)<\/script>/g)) expect(inside).toBe("");
    expect(page).not.toMatch(/ on\w+=|style=/);
    for (const path of ["/view/view.js", "/view/view.css"]) expect((await get(path)).status).toBe(200);
  });

  it("say what to do when the dashboard has not been built", async () => {
    const response = await get("/dashboard/documents", {}, bare);
    expect([response.status, response.headers.get("content-type")]).toEqual([503, "text/html; charset=utf-8"]);
    expect(await response.text()).toContain("npm run build");
    expect((await get("/livez", {}, bare)).status).toBe(200);
  });
});
