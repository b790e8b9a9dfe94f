/** The examples of the reference that write: in one story, as they are shown, by curl's words and by the client. */
import { compileFunction } from "node:vm";
import { createClient } from "@lectern/client";
import { reference, type ReferenceEntry } from "@lectern/protocol/reference";
import { pagesPdf } from "@lectern/pdf/testing";
import { expect, it, onTestFinished } from "vitest";
import { TEST_KEY, testServer } from "../packages/server/src/testing/test-server.ts";

/** Each finds what those before it have left. */
const STORY = [
  "documents.update",
  "annotations.create",
  "annotations.updateMany",
  "annotations.update",
  "annotations.patch",
  "comments.create",
  "comments.append",
  "comments.update",
  "comments.react",
  "comments.resolve",
  "comments.reopen",
  "comments.unreact",
  "comments.delete",
  "annotations.delete",
  "bookmarks.create",
  "bookmarks.update",
  "bookmarks.patch",
  "bookmarks.delete",
  "layers.create",
  "layers.delete",
  "pageOperations.apply",
  "pageOperations.pdf",
  "pageOperations.importFile",
  "redactions.create",
  "documents.pdfPost",
  "documents.copy",
  "sessions.create",
  "tokens.create",
  "webhooks.create",
  "documents.delete",
] as const;

const entries = new Map(reference().flatMap((group) => group.entries.map((entry) => [entry.name, entry] as const)));
const file = new Blob([Buffer.from(pagesPdf(3))]);

type Server = Awaited<ReturnType<typeof testServer>>;

async function asCurl(server: Server, { curl }: ReferenceEntry): Promise<Response> {
  const [, address] = /"\$LECTERN_URL([^"]+)"/.exec(curl)!;
  const method = /-X (\w+)/.exec(curl)?.[1] ?? "GET";
  const type = /-H 'Content-Type: ([^']+)'/.exec(curl)?.[1];
  const data = /-d '(.*)'(?: \\\n|$)/.exec(curl)?.[1]?.replaceAll("'\\''", "'");
  const body = curl.includes("--data-binary @contract.pdf") ? file : data;
  return server.request(address!, {
    method,
    ...(body === undefined ? {} : { body }),
    ...(type === undefined ? {} : { headers: { "content-type": type } }),
  });
}

it.each(["curl", "TypeScript"])("the writing examples in %s run as they are shown", async (language) => {
  const server = await testServer();
  onTestFinished(() => server.close());
  const lectern = createClient({ baseUrl: server.url, apiKey: TEST_KEY });
  await server.upload(pagesPdf(3), "document_id=contract-7");
  for (const name of STORY) {
    const entry = entries.get(name)!;
    if (language === "curl") {
      const response = await asCurl(server, entry);
      expect([name, response.status, response.ok ? "" : await response.text()]).toEqual([name, entry.status, ""]);
      await response.arrayBuffer().catch(() => undefined);
      continue;
    }
    const run = compileFunction(`return (async () => { ${entry.typescript}; return answer; })()`, ["lectern", "file"]) as (
      ...given: unknown[]
    ) => Promise<unknown>;
    await run(lectern, file).catch((error: unknown) => {
      throw new Error(`${name}: ${(error as Error).message}\n${entry.typescript}`, { cause: error });
    });
  }
  expect((await server.request("/viewer/documents/contract-7")).status).toBe(404);
  expect((await server.request("/viewer/documents/contract-8")).status).toBe(200);
});
