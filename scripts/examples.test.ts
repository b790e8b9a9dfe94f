/** Every example of the reference, as it is shown, in one story: those in curl by a shell, those in TypeScript by the client. */
import { execFile } from "node:child_process";
import { openAsBlob } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { compileFunction } from "node:vm";
import { type ClientOptions, createClient } from "@lectern/client";
import { pagesPdf } from "@lectern/pdf/testing";
import { operations } from "@lectern/protocol/openapi";
import { reference } from "@lectern/protocol/reference";
import sharp from "sharp";
import { expect, it, onTestFinished } from "vitest";
import { type TestReceiver, testReceiver } from "../packages/server/src/testing/test-receiver.ts";
import { TEST_KEY, type TestServer, testServer } from "../packages/server/src/testing/test-server.ts";

/** Each finds what those before it have left. */
const STORY = `
  health.live health.ready health.healthcheck health.metrics
  documents.upload documents.update documents.get documents.list documents.properties documents.info documents.outline documents.setOutline documents.text
  documents.pageText documents.pageImage documents.cover documents.search documents.pdf documents.pdfPost
  uploads.create uploads.get uploads.append uploads.end
  annotations.create annotations.updateMany annotations.update annotations.patch annotations.get annotations.list annotations.listPage
  annotations.highlighted
  comments.create comments.append comments.update comments.get comments.list comments.listAll comments.react comments.unreact
  comments.resolve comments.reopen
  sessions.create sessions.list sessions.explain comments.unread comments.markSeen
  comments.delete annotations.delete
  forms.createFields forms.createWidgets forms.updateFields forms.updateWidgets forms.updateValues forms.listFields forms.getField
  forms.listWidgets forms.getWidget forms.listValues forms.deleteWidgets forms.deleteFields
  bookmarks.create bookmarks.update bookmarks.patch bookmarks.list bookmarks.delete
  interchange.applyJson interchange.pdfWithJson interchange.json interchange.applyXfdf interchange.xfdf interchange.copyWithJson
  annotations.deleteMany
  attachments.create attachments.get
  open.open open.image open.imageText open.imageAttachment
  layers.create layers.list layers.changes layers.records layers.merge layers.restore layers.delete
  pageOperations.apply pageOperations.pdf pageOperations.importFile
  builds.build builds.applyInstructions
  redactions.create redactions.apply layers.purge
  inspection.installedFonts inspection.fonts inspection.installedFontSubstitutions inspection.fontSubstitutions inspection.ocgLayers
  inspection.embeddedFiles inspection.signatures inspection.inspectSignatures
  jobs.prerender jobs.get
  publicKeys.create publicKeys.list publicKeys.delete
  tokens.create tokens.list tokens.delete tokens.revoke sessions.revoke
  webhooks.create webhooks.list webhooks.get webhooks.update webhooks.rotateSecret webhooks.test webhooks.deliveries webhooks.delivery
  webhooks.replay webhooks.delete
  usage.get audit.list
  accounts.useLink accounts.signOut accounts.signIn accounts.me accounts.applications accounts.createApplication
  accounts.updateApplication accounts.createKey accounts.keys accounts.revokeKey
  documents.copy documents.delete documents.bulkDelete`
  .trim()
  .split(/\s+/);

interface Answer {
  readonly data: { readonly id: string; readonly jobId: string };
  readonly id: string;
  readonly session_id: string;
  readonly jwt: string;
  readonly source: string;
  readonly images: { readonly page: string };
}
/** What later examples take from an answer. */
const TAKEN: Readonly<Record<string, (answer: Answer) => Readonly<Record<string, string>>>> = {
  "uploads.create": ({ data }) => ({ uploadId: data.id }),
  "sessions.create": ({ session_id: sessionId, jwt }) => ({ sessionId, sessionToken: jwt }),
  "attachments.create": ({ data }) => ({ attachmentId: data.id }),
  "open.open": ({ source, images }) => ({ blob: source, grant: /\/i\/([^/]+)\//.exec(images.page)![1]! }),
  "jobs.prerender": ({ data }) => ({ jobId: data.jobId }),
  "publicKeys.create": ({ data }) => ({ keyId: data.id }),
  "tokens.create": ({ id }) => ({ tokenId: id }),
  "webhooks.create": ({ data }) => ({ webhookId: data.id }),
  "webhooks.test": ({ data }) => ({ deliveryId: data.id }),
  "accounts.createApplication": ({ data }) => ({ applicationId: data.id }),
  "accounts.createKey": ({ data }) => ({ keyId: data.id }),
};

/** What somebody else does after an example, so that the next ones find something. */
const BETWEEN: Readonly<
  Record<string, (server: TestServer, known: Readonly<Record<string, string>>, hooks: TestReceiver) => Promise<void>>
> = {
  /** A grant opens pictures that an annotation shows. */
  async "attachments.create"(server, { attachmentId: imageAttachmentId }) {
    const content = { v: 2, type: "pspdfkit/image", pageIndex: 0, bbox: [72, 300, 80, 80], imageAttachmentId, contentType: "image/png" };
    await server.json("/viewer/documents/contract-7/annotations", { json: { content } });
  },
  /** The receiver of the example is not there. */
  async "webhooks.rotateSecret"(server, { webhookId }, { url }) {
    await server.json(`/viewer/webhooks/${webhookId}`, { method: "PATCH", json: { url } });
  },
  /** Only what has ended is sent again. */
  async "webhooks.test"(server, { webhookId, deliveryId }) {
    const at = `/viewer/webhooks/${webhookId}/deliveries/${deliveryId}`;
    await expect.poll(async () => (await server.json<{ data: { status: string } }>(at)).data.status, { timeout: 60_000 }).toBe("delivered");
  },
};

const entries = new Map(reference().flatMap((group) => group.entries.map((entry) => [entry.name, entry] as const)));
const run = promisify(execFile);
const shellName = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

type Runner = (
  example: string,
  known: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number | null; readonly answer: unknown }>;

function inShell(server: TestServer, folder: string): Runner {
  return async (example, known) => {
    const variables = Object.fromEntries(Object.entries(known).map(([name, value]) => [shellName(name), value]));
    const env = { PATH: process.env["PATH"], CURL_HOME: folder, LECTERN_URL: server.url, LECTERN_API_KEY: TEST_KEY, ...variables };
    const { stdout, stderr } = await run("sh", ["-c", example], { cwd: folder, env, maxBuffer: 1e8 });
    return { status: Number(stderr), answer: Number(stderr) < 300 && stdout.startsWith("{") ? JSON.parse(stdout) : stdout };
  };
}

function inTypeScript(server: TestServer, folder: string): Runner {
  // As a page of the dashboard has it.
  let cookie = "";
  const browser: typeof fetch = async (input, init) => {
    const response = await fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), cookie, origin: server.url } });
    cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
    return response;
  };
  const baseUrl = server.url;
  const given = {
    baseUrl,
    lectern: createClient({ baseUrl, apiKey: TEST_KEY, retries: 0 }),
    createClient: (options: ClientOptions) =>
      createClient({ ...options, retries: 0, ...(options.credentials === undefined ? {} : { fetch: browser }) }),
    openAsBlob: (name: string) => openAsBlob(join(folder, name)),
  };
  return async (example, known) => {
    const all: Record<string, unknown> = { ...given, ...known };
    const asked = compileFunction(`return (async () => { ${example}; return answer; })()`, Object.keys(all)) as (
      ...values: unknown[]
    ) => Promise<unknown>;
    const answer = await asked(...Object.values(all));
    if (answer instanceof Response) await answer.arrayBuffer();
    return { status: answer instanceof Response ? answer.status : null, answer };
  };
}

it("the story tells of every operation, once", () => {
  expect(STORY.toSorted()).toEqual(
    operations()
      .map(([name]) => name)
      .toSorted(),
  );
});

const hasCurl = await run("curl", ["--version"]).then(
  () => true,
  () => false,
);
if (!hasCurl) process.stderr.write("There is no curl: its examples are skipped.\n");

it.skipIf(!hasCurl)("the examples in curl run as they are shown", () => tell("curl", inShell), 300_000);
it("the examples in TypeScript run as they are shown", () => tell("typescript", inTypeScript), 300_000);

async function tell(language: "curl" | "typescript", runner: (server: TestServer, folder: string) => Runner): Promise<void> {
  const server = await testServer({ env: { LECTERN_ALLOW_PRIVATE_ADDRESSES: "true" } });
  const hooks = await testReceiver();
  const folder = await mkdtemp(join(tmpdir(), "lectern-examples-"));
  onTestFinished(async () => {
    await server.close();
    await hooks.close();
    await rm(folder, { recursive: true, force: true });
  });
  await writeFile(join(folder, ".curlrc"), 'silent\nwrite-out = "%{stderr}%{http_code}"\n');
  await writeFile(join(folder, "contract.pdf"), pagesPdf(3));
  const stamp = sharp({ create: { width: 8, height: 8, channels: 4, background: "#3366cc" } });
  await writeFile(join(folder, "stamp.png"), await stamp.png().toBuffer());
  const runs = runner(server, folder);
  const known: Record<string, string> = { linkToken: await server.server.accounts.createLink() };
  for (const name of STORY) {
    const entry = entries.get(name)!;
    const { status, answer } = await runs(entry[language], known).catch((error: unknown) => {
      throw new Error(`${name}: ${(error as Error).message}\n${entry[language]}`, { cause: error });
    });
    const refused = typeof answer === "string" && language === "curl" && status !== entry.status ? `${entry[language]}\n${answer}` : "";
    expect([name, status ?? entry.status, refused]).toEqual([name, entry.status, ""]);
    Object.assign(known, TAKEN[name]?.(answer as Answer));
    await BETWEEN[name]?.(server, known, hooks);
  }
  expect((await server.request("/viewer/documents/contract-7")).status).toBe(404);
  expect((await server.request("/viewer/documents/contract-8")).status).toBe(404);
}
