/**
 * The service over HTTP against the least that such a service can do: uploading against writing, fsyncing and hashing the same bytes; a cached
 * page image against a bare server of a static file.
 */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import { API_KEY, end, freePort, type Product, startProduct, until } from "../e2e/product.ts";
import { figure, median } from "./figure.ts";
import { requestsPerSecond, type Target } from "./load.ts";

const UPLOAD_BYTES = 27_000_000;
const RUNS = 7;
const CONNECTIONS = 16;
const SECONDS = 3;
const ROUNDS = 5;

export async function benchService(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
  const product = await startProduct();
  try {
    await benchUpload(product, folder);
    await benchFirstSight(product);
    await benchCachedImage(product, folder);
  } finally {
    await product.close();
    await rm(folder, { recursive: true });
  }
}

/** From the end of an upload of a thousand pages to the bytes of its first page's image. */
async function benchFirstSight(product: Product): Promise<void> {
  const bytes = pagesPdf(1000);
  const headers = { authorization: `Bearer ${API_KEY}` };
  const times: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const id = `first-sight-${run}`;
    const uploaded = await fetch(`${product.url}/viewer/documents?wait=0&document_id=${id}`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/pdf" },
      // Every time another file, so that nothing of it is known.
      body: Buffer.concat([bytes, Buffer.from(`\n%${run}\n`)]),
    });
    await uploaded.json();
    const start = performance.now();
    const minted = await fetch(`${product.url}/viewer/sessions`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ allowed_documents: [{ document_id: id, document_permissions: ["read"] }] }),
    });
    const { jwt } = (await minted.json()) as { jwt: string };
    const opened = await fetch(`${product.url}/viewer/open`, { method: "POST", body: JSON.stringify({ token: jwt }) });
    const { images, source, firstWidth } = (await opened.json()) as { images: { page: string }; source: string; firstWidth: number };
    const url = images.page.replace("{blob}", source).replace("{index}", "0").replace("{width}", String(firstWidth));
    const image = await fetch(`${product.url}${url}`);
    if (!image.ok) throw new Error(`image: ${image.status} ${await image.text()}`);
    await image.arrayBuffer();
    if (run > 0) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const detail = `at most ${times.at(-1)!.toFixed(0)} ms`;
  figure("1,000 pages: from the upload's end to the first page", times[RUNS >> 1]!, "ms", { best: "least", must: 1000 }, detail);
}

async function benchUpload(product: Product, folder: string): Promise<void> {
  const [floors, uploads]: [number[], number[]] = [[], []];
  const before = memory(product);
  for (let run = 0; run <= RUNS; run++) {
    const bytes = largePdf(UPLOAD_BYTES);
    const floor = await timed(async () => {
      const path = join(folder, `${run}.pdf`);
      const file = await open(path, "w");
      await file.writeFile(bytes);
      await file.sync();
      await file.close();
      createHash("sha256")
        .update(await readFile(path))
        .digest("hex");
    });
    const upload = await timed(async () => {
      const headers = { authorization: `Bearer ${API_KEY}`, "content-type": "application/pdf" };
      const response = await fetch(`${product.url}/viewer/documents?wait=0&document_id=upload-${run}`, {
        method: "POST",
        headers,
        body: bytes as BodyInit,
      });
      if (!response.ok) throw new Error(`upload: ${response.status} ${await response.text()}`);
    });
    // The first of each is for warming up; nothing of an upload shall run into the next measurement.
    if (run > 0) {
      floors.push(floor);
      uploads.push(upload);
    }
    await until(
      "the upload is prepared",
      async () => (await product.client.documents.get({ documentId: `upload-${run}` })).data.status !== "preparing",
    );
  }
  const [floor, upload] = [median(floors), median(uploads)];
  const detail = `${upload.toFixed(0)} : ${floor.toFixed(0)} ms`;
  figure("upload of 27 MB : write, fsync, sha256", upload / floor, "×", { best: "least", must: 2 }, detail);
  const after = memory(product);
  if (before !== null && after !== null)
    figure("memory that 8 uploads of 27 MB add", after - before, "MB", { best: "least", must: 100 }, `${before.toFixed(0)} MB before`);
}

async function benchCachedImage(product: Product, folder: string): Promise<void> {
  await product.client.documents.upload({ document_id: "pages", wait: 60 }, { body: pagesPdf(3) as BodyInit, type: "application/pdf" });
  const session = await product.client.sessions.create({ allowed_documents: [{ document_id: "pages" }] });
  const response = await fetch(`${product.url}/viewer/open`, { method: "POST", body: JSON.stringify({ token: session.jwt }) });
  const { images, source, firstWidth } = (await response.json()) as { images: { page: string }; source: string; firstWidth: number };
  const image = images.page.replace("{blob}", source).replace("{index}", "0").replace("{width}", String(firstWidth));
  const url = new URL(image, product.url).href;
  const file = join(folder, "page.webp");
  await writeFile(file, new Uint8Array(await (await fetch(url)).arrayBuffer()));

  const port = await freePort();
  const script = `require("node:http").createServer((_, answer) => require("node:fs").readFile(${JSON.stringify(file)}, (error, bytes) => {
    answer.writeHead(200, { "content-type": "image/webp", "content-length": bytes.length });
    answer.end(bytes);
  })).listen(${port}, "127.0.0.1")`;
  const bare = spawn(process.execPath, ["-e", script], { stdio: "inherit" });
  try {
    const bareUrl = `http://127.0.0.1:${port}/`;
    await until("the bare server listens", () =>
      fetch(bareUrl).then(
        (answer) => answer.ok,
        () => false,
      ),
    );
    const load = { connections: CONNECTIONS, seconds: SECONDS };
    const ownTarget: Target = { port: Number(new URL(url).port), method: "GET", path: image, headers: {} };
    const bareTarget: Target = { port, method: "GET", path: "/", headers: {} };
    const [ours, theirs, ratios]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round <= ROUNDS; round++) {
      const rates = [await requestsPerSecond(bareTarget, load), await requestsPerSecond(ownTarget, load)] as const;
      if (round === 0) continue;
      theirs.push(rates[0]);
      ours.push(rates[1]);
      ratios.push(rates[1] / rates[0]);
    }
    const detail = `${median(ours).toFixed(0)} : ${median(theirs).toFixed(0)} requests/s`;
    figure("cached page image : bare static server", median(ratios), "×", { best: "most", must: 0.7 }, detail);
  } finally {
    await end(bare, "SIGTERM");
  }
}

/** One page, and a stream of noise that makes it so large. */
function largePdf(size: number): Uint8Array {
  const page = Buffer.from(pagesPdf(1));
  const at = page.indexOf("xref\n");
  const noise = Buffer.from(`99 0 obj\n<< /Length ${size} >>\nstream\n`);
  return Buffer.concat([
    page.subarray(0, at),
    noise,
    randomBytes(size - page.length),
    Buffer.from("\nendstream\nendobj\n"),
    page.subarray(at),
  ]);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Most megabytes so far; null where the system does not tell. */
function memory({ pid }: Product): number | null {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid()}/status`, "latin1"))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) / 1000;
  } catch {
    return null;
  }
}
