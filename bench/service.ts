/**
 * The service over HTTP against the least that such a service can do: uploading against writing, fsyncing and hashing the same bytes; a cached
 * page image against a bare server of a static file.
 */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pagesPdf } from "@lectern/pdf/testing";
import { API_KEY, end, freePort, type Product, startProduct, until } from "../e2e/product.ts";

const UPLOAD_BYTES = 27_000_000;
const RUNS = 7;
const CONNECTIONS = 16;
const SECONDS = 3;
const ROUNDS = 3;

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
  console.log(
    `upload of 1,000 pages to its first page  ${times[RUNS >> 1]!.toFixed(0)} ms (at most ${times.at(-1)!.toFixed(0)}; must 1000)`,
  );
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
  console.log(`write, fsync, sha256 of 27 MB   ${floor.toFixed(0)} ms`);
  console.log(`upload of 27 MB                 ${upload.toFixed(0)} ms   ratio ${(upload / floor).toFixed(2)}`);
  const after = memory(product);
  if (before !== null && after !== null)
    console.log(
      `memory of the service           ${before.toFixed(0)} MB before, at most ${after.toFixed(0)} MB during ${RUNS + 1} uploads`,
    );
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
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round <= ROUNDS; round++) {
      const rates = [await perSecond(bareUrl), await perSecond(url)] as const;
      if (round === 0) continue;
      theirs.push(rates[0]);
      ours.push(rates[1]);
    }
    console.log(`a bare static server            ${median(theirs).toFixed(0)} requests/s`);
    console.log(
      `cached page image               ${median(ours).toFixed(0)} requests/s   ratio ${(median(ours) / median(theirs)).toFixed(2)}`,
    );
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

/** Requests that are answered in full, over a few connections that stay open. */
async function perSecond(url: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const stop = performance.now() + SECONDS * 1000;
  let count = 0;
  const once = (): Promise<void> =>
    new Promise((resolve, reject) => {
      get(url, { agent }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`${url}: ${response.statusCode}`));
        response.on("end", resolve).on("error", reject).resume();
      }).on("error", reject);
    });
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < stop) {
        await once();
        count++;
      }
    }),
  );
  agent.destroy();
  return count / SECONDS;
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

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
