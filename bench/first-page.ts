/**
 * Time from navigation to the first page on screen, in a cold browser over a shaped connection (10 Mbit/s, 40 ms), for 5 and for 1,000 pages.
 * The floor is a page that shows the same picture with a bare <img>: what the connection alone costs. Reported: seconds and the ratio to the floor.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pagesPdf } from "@lectern/pdf/testing";
import type { Browser } from "playwright-core";
import { hostPage, launch } from "../e2e/browser.ts";
import { startProduct } from "../e2e/product.ts";

const RUNS = 5;

/** Runs in the page, so it is text: milliseconds until a page's image, in shadow roots too, was decoded and painted. */
const WATCH = `new Promise((resolve) => {
  const images = (root) => [
    ...root.querySelectorAll("img"),
    ...[...root.querySelectorAll("*")].flatMap((element) => (element.shadowRoot === null ? [] : images(element.shadowRoot))),
  ];
  const look = () => {
    const shown = images(document).find((image) => image.complete && image.naturalWidth >= 600);
    if (shown === undefined) requestAnimationFrame(look);
    else shown.decode().then(() => requestAnimationFrame(() => resolve(performance.now())));
  };
  look();
})`;

/** Milliseconds until the first page is seen, and the bytes received by then. */
async function firstPage(browser: Browser, url: string): Promise<{ ms: number; bytes: number }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    const network = await context.newCDPSession(page);
    await network.send("Network.enable");
    await network.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: 40,
      downloadThroughput: 10e6 / 8,
      uploadThroughput: 10e6 / 8,
    });
    let bytes = 0;
    network.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
    await page.goto(url, { waitUntil: "commit" });
    const ms = await page.evaluate<number>(WATCH);
    return { ms, bytes };
  } finally {
    await context.close();
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

export async function benchFirstPage(): Promise<void> {
  const product = await startProduct();
  const host = await hostPage(product.url);
  const browser = await launch();
  try {
    for (const pages of [5, 1000]) {
      const { data } = await product.client.documents.upload(
        { title: `${pages} pages`, wait: 60 },
        { body: pagesPdf(pages) as BodyInit, type: "application/pdf" },
      );
      const image = new Uint8Array(
        await (await product.client.documents.pageImage({ documentId: data.id, pageIndex: 0, width: 960, format: "webp" })).arrayBuffer(),
      );
      const floor = createServer((request, response) =>
        request.url === "/page.webp"
          ? response.writeHead(200, { "content-type": "image/webp" }).end(image)
          : response.writeHead(200, { "content-type": "text/html" }).end('<!doctype html><title>Floor</title><img src="/page.webp">'),
      );
      await new Promise<void>((resolve) => floor.listen(0, "127.0.0.1", resolve));
      const floorUrl = `http://127.0.0.1:${(floor.address() as AddressInfo).port}/`;
      const ours: { ms: number; bytes: number }[] = [];
      const theirs: number[] = [];
      // In turn, so that a drift of the machine's speed hits both.
      for (let i = 0; i < RUNS; i++) {
        const { jwt } = await product.client.sessions.create({ allowed_documents: [{ document_id: data.id }], user_id: `bench-${i}` });
        ours.push(await firstPage(browser, `${host.url}#${jwt}`));
        theirs.push((await firstPage(browser, floorUrl)).ms);
      }
      floor.close();
      const ms = median(ours.map((one) => one.ms));
      const least = median(theirs);
      console.log(
        `first page, ${String(pages).padStart(4)} pages: ${(ms / 1000).toFixed(2)} s (floor ${(least / 1000).toFixed(2)} s, ratio ${(ms / least).toFixed(2)}), ` +
          `${Math.round(median(ours.map((one) => one.bytes)) / 1000)} kB by then`,
      );
    }
  } finally {
    await browser.close();
    host.close();
    await product.close();
  }
}
