/** What most files of this folder begin with: the product, a browser, a page of somebody else's around the viewer, and people who open documents. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { type HostPage, hostPage, launch, pageImage } from "./browser.ts";
import { type Product, startProduct } from "./product.ts";

export type Permission = "read" | "write" | "download";

export interface SessionOptions {
  readonly user: string;
  /** Default: the user. */
  readonly name?: string;
  /** Default: all. */
  readonly permissions?: readonly Permission[];
  readonly collaboration?: readonly string[];
  /** Seconds. */
  readonly expiresIn?: number;
}

export interface OpenOptions extends SessionOptions {
  /** The browser profile; default: a new one, with these options. */
  readonly context?: BrowserContext;
  readonly browser?: BrowserContextOptions;
}

export interface Stage {
  readonly product: Product;
  readonly browser: Browser;
  readonly host: HostPage;
  /** The document's id. */
  upload(bytes: Uint8Array, title?: string): Promise<string>;
  /** A session token. */
  session(documentId: string, options: SessionOptions): Promise<string>;
  /** The viewer with its first page on screen, and `window.instance`. */
  open(documentId: string, options: OpenOptions): Promise<Page>;
}

/** Set up before the tests of a `describe`, and cleared away after them; may be used inside of tests and hooks only. */
export function useStage(env: Readonly<Record<string, string>> = {}): Stage {
  let product: Product;
  let browser: Browser;
  let host: HostPage;
  beforeAll(async () => {
    product = await startProduct(env);
    browser = await launch();
    host = await hostPage(product.url);
  });
  afterAll(async () => {
    await browser.close();
    host.close();
    await product.close();
  });

  const stage: Stage = {
    get product() {
      return product;
    },
    get browser() {
      return browser;
    },
    get host() {
      return host;
    },
    async upload(bytes, title = "Contract") {
      const { data } = await product.client.documents.upload({ title, wait: 60 }, { body: bytes as BodyInit, type: "application/pdf" });
      return data.id;
    },
    async session(documentId, { user, name = user, permissions = ["read", "write", "download"], collaboration, expiresIn }) {
      const { jwt } = await product.client.sessions.create({
        allowed_documents: [
          {
            document_id: documentId,
            document_permissions: [...permissions],
            ...(collaboration === undefined ? {} : { collaboration_permissions: [...collaboration] }),
          },
        ],
        user_id: user,
        creator_name: name,
        ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
      });
      return jwt;
    },
    async open(documentId, { context, browser: options, ...who }) {
      const page = await (context ?? (await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options }))).newPage();
      page.setDefaultTimeout(15_000);
      await page.goto(`${host.url}#${await stage.session(documentId, who)}`);
      await pageImage(page, 1).waitFor();
      await page.waitForFunction(() => "instance" in window);
      return page;
    },
  };
  return stage;
}
