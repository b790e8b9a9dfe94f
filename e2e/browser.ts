/** Chromium, where there is one. Without it the browser tests are skipped and counted; with CI=true that is a failure. */
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { describe } from "vitest";

const EXECUTABLES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const executablePath = process.env["CHROMIUM"] ?? EXECUTABLES.find((path) => existsSync(path));
if (executablePath === undefined && process.env["CI"] === "true")
  throw new Error("CI has no Chromium: the browser tests may not be skipped");

/** Like `describe`, skipped where there is no Chromium. */
export const describeInBrowser = describe.skipIf(executablePath === undefined);

export function launch(): Promise<Browser> {
  return chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface HostPage {
  /** Of another origin than the service. */
  readonly url: string;
  close(): void;
}

/**
 * A web page of somebody else's, as the users of the SDK write it: loads the SDK by script tag, exposes the instance as `window.instance`.
 * The session stands in the fragment.
 */
export async function hostPage(serviceUrl: string): Promise<HostPage> {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Host</title>
<style>html,body{margin:0;height:100%}#viewer{height:100%}</style><body><div id="viewer"></div>
<script src="${serviceUrl}/sdk/lectern.js"></script>
<script>
window.start = (options) => Lectern.load({ container: "#viewer", ...options }).then((instance) => (window.instance = instance), (error) => { window.failure = { code: error.code, message: error.message }; });
const session = location.hash.slice(1);
if (session) window.start({ session });
</script></body></html>`;
  const server = createServer((_request, response) => response.writeHead(200, { "content-type": "text/html" }).end(html));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}

/** Errors that a page threw or logged, to assert that there were none. */
export function watchErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return errors;
}

/** The image of a page in the viewer, by its number. */
export function pageImage(page: Page, number: number): Locator {
  return page
    .getByRole("group", { name: `Page ${number}`, exact: true })
    .locator("img, canvas")
    .first();
}
