import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { pagesPdf } from "@lectern/pdf/testing";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { describeInBrowser, launch, pageImage, watchErrors } from "./browser.ts";
import { violations } from "./accessibility.ts";
import { type Product, startProduct, until } from "./product.ts";

describeInBrowser("the dashboard", () => {
  let product: Product;
  let browser: Browser;
  let page: Page;
  let errors: string[];
  beforeAll(async () => {
    product = await startProduct({ LECTERN_ALLOW_PRIVATE_ADDRESSES: "true" });
    browser = await launch();
    const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    errors = watchErrors(page);
  });
  afterAll(async () => {
    await browser.close();
    await product.close();
  });

  test("a stranger cannot claim a fresh installation; the printed link makes the first account, once", async () => {
    const stranger = await (await browser.newContext()).newPage();
    await stranger.goto(`${product.url}/dashboard/`);
    await expect.poll(() => stranger.textContent("main, body")).toContain("one-time link");
    expect(await stranger.getByRole("button").count()).toBe(0);

    const link = await until("the sign-in link is printed", () => /https?:\/\/\S+#link=\S+/.exec(product.output())?.[0]);
    await page.goto(link);
    await page.getByLabel("E-mail").fill("ana@example.com");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("heading", { name: "Documents" }).waitFor();

    await stranger.goto("about:blank");
    await stranger.goto(link);
    await stranger.getByRole("button", { name: "Sign in" }).click();
    await stranger.getByRole("alert").waitFor();
  });

  test("a PDF is dropped in, listed, found by its title", async () => {
    await page.locator("input[type=file]").setInputFiles([
      { name: "Master agreement.pdf", mimeType: "application/pdf", buffer: Buffer.from(pagesPdf(12)) },
      { name: "not really.pdf", mimeType: "application/pdf", buffer: Buffer.from("<html>hello</html>") },
    ]);
    await page.getByRole("link", { name: "Master agreement" }).waitFor();
    await expect.poll(() => page.getByRole("alert").textContent()).toMatch(/HTML|not a PDF/i);
    await page.getByRole("button", { name: "Dismiss not really.pdf" }).click();
    await page.getByText("12 pages").waitFor();
    await page.getByLabel("Find by title").fill("nothing like it");
    await page.getByText("No document has this in its title").waitFor();
    await page.getByLabel("Find by title").fill("agreement");
    await page.getByRole("link", { name: "Master agreement" }).waitFor();
  });

  test("a file is dropped anywhere on the page", async () => {
    const transfer = await page.evaluateHandle(
      (base64) => {
        const data = new DataTransfer();
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        data.items.add(new File([bytes], "Dropped.pdf", { type: "application/pdf" }));
        return data;
      },
      Buffer.from(pagesPdf(1)).toString("base64"),
    );
    await page.getByLabel("Find by title").fill("");
    const place = page.getByRole("link", { name: "Master agreement" });
    await place.dispatchEvent("dragover", { dataTransfer: transfer });
    await page.getByText("Drop to upload").waitFor();
    await place.dispatchEvent("drop", { dataTransfer: transfer });
    await page.getByRole("link", { name: "Dropped" }).waitFor();
    await page.getByRole("button", { name: "Delete Dropped" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("link", { name: "Dropped" }).waitFor({ state: "detached" });
  });

  test("the live view shows it, and a token and a snippet can be copied", async () => {
    await page.getByRole("link", { name: "Master agreement" }).click();
    await pageImage(page, 1).waitFor();
    await page.getByRole("button", { name: "Embed" }).click();
    await page.getByRole("button", { name: "Create session token" }).click();
    await page.getByRole("button", { name: "Copy snippet" }).click();
    const snippet = await page.evaluate(() => navigator.clipboard.readText());
    expect(snippet).toContain(`${product.url}/sdk/lectern.js`);
    expect(snippet).toMatch(/session: "eyJ/);
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Back to the documents" }).click();
  });

  test("a key is made, shown once, works, and is refused after it was revoked", async () => {
    await page.getByRole("link", { name: "API keys" }).click();
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByLabel("Name").fill("Continuous integration");
    await page.getByRole("button", { name: "Create key" }).click();
    const key = (await page
      .getByRole("dialog")
      .getByText(/^lct_live_/)
      .textContent())!;
    const list = () => fetch(`${product.url}/viewer/documents`, { headers: { authorization: `Bearer ${key}` } });
    expect((await list()).status).toBe(200);
    await page.getByRole("button", { name: "I have copied it" }).click();
    await page.reload();
    await page.getByRole("cell", { name: "Continuous integration", exact: true }).waitFor();
    expect(await page.content()).not.toContain(key);
    await page.getByRole("button", { name: "Revoke Continuous integration" }).click();
    await page.getByRole("button", { name: "Revoke key" }).click();
    await until("the key is refused", async () => (await list()).status === 401, 10);
  });

  test("a public key is registered, its owner's token opens a document, and the session is seen and revoked", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await page.getByRole("link", { name: "Signing keys" }).click();
    await page.getByRole("button", { name: "Register key" }).click();
    await page.getByLabel("Name").fill("Backend");
    await page.getByLabel("Public key (PEM)").fill(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    await page.getByRole("button", { name: "Register", exact: true }).click();
    await expect.poll(() => page.getByRole("alert").textContent()).toContain("private key");
    await page.getByLabel("Public key (PEM)").fill(publicKey.export({ type: "spki", format: "pem" }).toString());
    await page.getByRole("button", { name: "Register", exact: true }).click();
    await page.getByRole("cell", { name: "ES256" }).waitFor();

    const [document] = (await product.client.documents.list({})).data;
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = {
      document_id: document!.id,
      permissions: ["read-document"],
      user_id: "mia",
      creator_name: "Mia Malone",
      exp: 4_000_000_000,
    };
    const signed = `${encode({ alg: "ES256" })}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");
    const open = () => fetch(`${product.url}/viewer/open`, { method: "POST", body: JSON.stringify({ token: `${signed}.${signature}` }) });
    await until("the token opens the document", async () => (await open()).status === 200, 10);
    await page.getByRole("link", { name: "Sessions" }).click();
    await page.getByRole("button", { name: "Revoke the session of Mia Malone" }).click();
    await page
      .getByText(/^revoked /)
      .first()
      .waitFor();
    expect((await open()).status).toBe(401);
  });

  test("applications keep their documents apart", async () => {
    await page.getByRole("button", { name: "New application" }).click();
    await page.getByLabel("Name").fill("Second");
    await page.getByRole("button", { name: "Create application" }).click();
    await page.getByRole("link", { name: "Documents" }).click();
    await page.getByText("Drop a PDF here").waitFor();
    await page.getByLabel("Application", { exact: true }).selectOption({ index: 0 });
  });

  test("a webhook is made, tested, its message sent again, its secret replaced, switched off and on", async () => {
    const bodies: { readonly type: string; readonly signature: string }[] = [];
    const receiver = createServer((request, response) => {
      void text(request).then((body) => {
        const { type } = JSON.parse(body) as { type: string };
        bodies.push({ type, signature: String(request.headers["webhook-signature"]) });
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      receiver.closeAllConnections();
      receiver.close();
    });
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    await page.getByRole("link", { name: "Webhooks" }).click();
    await page.getByText("There is no webhook yet.").waitFor();
    await page.getByRole("button", { name: "New webhook" }).click();
    await page.getByLabel("URL").fill("file:///etc/passwd");
    await page.getByRole("button", { name: "Create webhook" }).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    await page.getByLabel("URL").fill(url);
    await page.getByLabel("Documents: uploaded").check();
    await page.getByRole("button", { name: "Create webhook" }).click();
    const secret = (await page
      .getByRole("dialog")
      .getByText(/^whsec_/)
      .textContent())!;
    await page.getByRole("button", { name: "I have copied it" }).click();
    await page.getByRole("link", { name: url }).click();
    await page.getByText("Nothing was sent here.").waitFor();
    expect(await page.content()).not.toContain(secret);
    await page.getByRole("button", { name: "Send a test" }).click();
    const deliveries = page.getByRole("table", { name: "Deliveries" });
    await deliveries.getByText(/^delivered /).waitFor();
    await page.getByRole("button", { name: /^Send webhook.test of .* again$/ }).click();
    await until("it is sent again", () => bodies.length === 2);
    await deliveries.getByText(/^delivered /).waitFor();

    await page.getByRole("button", { name: "New secret" }).click();
    await page.getByRole("button", { name: "Make a new secret" }).click();
    const next = (await page
      .getByRole("dialog")
      .getByText(/^whsec_/)
      .textContent())!;
    expect(next).not.toBe(secret);
    await page.getByRole("button", { name: "I have copied it" }).click();
    await page.getByRole("button", { name: "Send a test" }).click();
    await until("it is signed with both", () => bodies[2]?.signature.split(" ").length === 2);

    await page.getByRole("button", { name: "Disable" }).click();
    await page.getByRole("button", { name: "Enable" }).waitFor();
    expect(await page.getByRole("button", { name: "Send a test" }).isDisabled()).toBe(true);
    await page.getByRole("link", { name: "Back to the webhooks" }).click();
    await page.getByRole("button", { name: `Enable ${url}` }).click();
    await page.getByRole("button", { name: `Disable ${url}` }).waitFor();
    await product.client.documents.upload({ document_id: "told" }, { body: pagesPdf(1) as BodyInit, type: "application/pdf" });
    await until("it hears of a document", () => bodies.some(({ type }) => type === "document.ready"));
    await product.client.documents.delete({ documentId: "told" });
    await page.getByRole("link", { name: url }).click();
    await page.getByLabel("Show").selectOption("Delivered");
    await deliveries.getByText("document.created").waitFor();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Delete webhook" }).click();
    await page.getByText("There is no webhook yet.").waitFor();
  });

  test("an access token is made, shown once, works, and is refused after it was revoked", async () => {
    await page.getByRole("link", { name: "Sessions" }).click();
    await page.getByRole("button", { name: "New access token" }).click();
    await page.getByLabel("Name").fill("Nightly export");
    await page.getByLabel("What it may do").selectOption("Documents: read only");
    await page.getByLabel("Documents", { exact: true }).fill("no-such-document");
    await page.getByRole("button", { name: "Create access token" }).click();
    await expect.poll(() => page.getByRole("dialog").getByRole("alert").textContent()).toContain("no-such-document");
    await page.getByLabel("Documents", { exact: true }).fill("");
    await page.getByRole("button", { name: "Create access token" }).click();
    const token = (await page.getByRole("dialog").getByText(/^lct_/).textContent())!;
    const list = () => fetch(`${product.url}/viewer/documents`, { headers: { authorization: `Bearer ${token}` } });
    expect((await list()).status).toBe(200);
    await page.getByRole("button", { name: "I have copied it" }).click();
    await page.getByRole("button", { name: "Revoke Nightly export" }).click();
    await until("the token is refused", async () => (await list()).status === 401, 10);
  });

  test("the audit says who did what; it is filtered, and exported as lines", async () => {
    await page.getByRole("link", { name: "Audit" }).click();
    const audit = page.getByRole("table", { name: "Audit" });
    await audit.getByRole("cell", { name: "webhook.secret_rotated" }).waitFor();
    await page.getByLabel("What").selectOption("Documents");
    await audit.getByRole("cell", { name: "webhook.secret_rotated" }).waitFor({ state: "detached" });
    await audit.getByRole("cell", { name: "document.deleted" }).first().waitFor();
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export as JSONL" }).click();
    const lines = readFileSync(await (await saving).path(), "utf8")
      .trim()
      .split("\n");
    const entries = lines.map((line) => JSON.parse(line) as { action: string });
    expect(entries.every(({ action }) => action.startsWith("document."))).toBe(true);
    expect(entries.length).toBeGreaterThan(3);
    await page.getByLabel("Who (an id)").fill("nobody");
    await page.getByText("Nothing of the kind has happened.").waitFor();
  });

  test("usage counts what happened", async () => {
    await page.getByRole("link", { name: "Usage" }).click();
    await page.getByRole("table", { name: "Documents uploaded per day" }).getByRole("row").first().waitFor();
    await expect.poll(() => page.locator("section", { hasText: "Uploads" }).first().textContent()).toMatch(/[1-9]/);
    await expect.poll(() => page.locator("section", { hasText: "Sessions opened, " }).first().textContent()).toMatch(/[1-9]/);
  });

  test("a document is deleted after a question", async () => {
    await page.getByRole("link", { name: "Documents" }).click();
    await page.getByRole("button", { name: "Delete Master agreement" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("Drop a PDF here").waitFor();
  });

  test("every page is usable with assistive technology, on a desk and on a phone, light and dark", async () => {
    const { data: hook } = await product.client.webhooks.create({ url: "https://app.example.com/hooks", enabled: false });
    const looks = [
      { colorScheme: "light", width: 1280, places: ["", "audit"] },
      {
        colorScheme: "dark",
        width: 390,
        places: ["", "keys", "signing-keys", "sessions", "webhooks", `webhooks/${hook.id}`, "audit", "usage"],
      },
    ] as const;
    for (const { colorScheme, width, places } of looks) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      for (const place of places) {
        await page.goto(`${product.url}/dashboard/${place}`);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.waitForLoadState("networkidle");
        expect(await violations(page), `${place} ${colorScheme}`).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${place} fits ${width} px`).toBe(true);
      }
    }
    await page.setViewportSize({ width: 1280, height: 720 });
    await product.client.webhooks.delete({ webhookId: hook.id });
  }, 180_000);

  test("signing out ends it; e-mail and password sign in again; no page error was logged", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("E-mail").fill("ana@example.com");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    // Refusals that the tests above provoke are logged by the browser as failed loads.
    expect(errors.filter((error) => !/status of 4\d\d/.test(error))).toEqual([]);
  });
});
