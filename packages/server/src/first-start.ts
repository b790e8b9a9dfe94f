/**
 * What a store needs before anybody can use it, and what its operator is told: the sign-in link, a key, the sample document. The lines that are
 * printed hold secrets; they go to the terminal and never into the log.
 */
import { createReadStream } from "node:fs";
import { ApiError } from "@lectern/protocol/plain";
import { DEFAULT_APPLICATION, ensureDefaultApplication } from "./applications/store.ts";
import type { Config } from "./config.ts";
import { waitForReady } from "./documents/status.ts";
import { listRows } from "./documents/finding/store.ts";
import { findDocument } from "./documents/store.ts";
import { uploadDocument } from "./documents/upload.ts";
import type { Logger } from "./http/log.ts";
import type { Server } from "./server.ts";

export const SAMPLE_ID = "sample";
const DAY_SECONDS = 86_400;

export interface FirstStartOptions {
  readonly config: Pick<Config, "adminEmail" | "adminPassword" | "apiKey" | "jwtPublicKey" | "jwtAlgorithm" | "sample">;
  readonly server: Server;
  readonly log: Logger;
  /** The file of the sample document. */
  readonly samplePath: string;
}

export interface Prepared {
  /** The store has just been made: nothing was in it. */
  readonly isNew: boolean;
  /** Shown once. */
  readonly key: string | null;
}

/** Before listening: the application, the account and the keys that the settings name; a first key on an empty store. */
export function prepareStore(options: FirstStartOptions): Promise<Prepared> {
  // Of processes that start at the same time one finds the store empty.
  return options.server.documents.database.lock("first start", () => prepare(options));
}

async function prepare({ config, server }: FirstStartOptions): Promise<Prepared> {
  const { database, clock } = server.documents;
  const { id } = await ensureDefaultApplication(database, clock);
  if (config.adminEmail !== null && config.adminPassword !== null)
    await server.accounts.ensureAdmin(config.adminEmail, config.adminPassword);
  await server.keys.configure(config.apiKey, id);
  const { jwtPublicKey: pem, jwtAlgorithm: algorithm } = config;
  await server.publicKeys.configure(pem === null ? null : { pem, algorithm }, id);
  const first = { pageSize: 1, orderBy: "created_at", orderDirection: "asc", countRemaining: false } as const;
  const isNew =
    (await server.keys.list(id)).every(({ name }) => name === "LECTERN_API_KEY") && (await listRows(database, id, first, null)).count === 0;
  if (!isNew || config.apiKey !== null) return { isNew, key: null };
  const { key } = await server.keys.create(id, { name: "First key", scope: "all", mode: "live" });
  return { isNew, key };
}

/** After listening: the sample, and what to tell. `url`: the public one. */
export async function welcome(options: FirstStartOptions, { isNew, key }: Prepared, url: string): Promise<string> {
  const { config, server, log } = options;
  if (isNew && config.sample) await seedSample(options);
  if (!config.sample) log.info("the sample document is switched off");
  const lines = ["", `  Lectern is ready at ${url}`, ""];
  lines.push(
    `  Dashboard   ${config.adminEmail === null ? `${url}/dashboard/#link=${await server.accounts.createLink()}` : `${url}/dashboard/`}`,
  );
  if (config.adminEmail === null) lines.push("              (signs you in once, within a day)");
  const sample = config.sample ? await sampleLink(server, url) : null;
  if (sample !== null) lines.push("", `  Sample      ${sample}`);
  const shown = key ?? "$LECTERN_API_KEY";
  lines.push("", "  Upload a file of yours:", "");
  lines.push(
    `    curl -X POST '${url}/api/documents?title=My%20document' \\`,
    `      -H "Authorization: Bearer ${shown}" \\`,
    "      -H 'Content-Type: application/pdf' --data-binary @document.pdf",
  );
  if (key !== null) lines.push("", "  This API key is shown only now. Further ones are made in the dashboard.");
  return `${lines.join("\n")}\n\n`;
}

async function seedSample({ server, log, samplePath }: FirstStartOptions): Promise<void> {
  try {
    const bytes = createReadStream(samplePath);
    await uploadDocument(server.documents, {
      applicationId: DEFAULT_APPLICATION,
      documentId: SAMPLE_ID,
      title: "Welcome to Lectern",
      bytes,
    });
    await waitForReady(server.documents, { applicationId: DEFAULT_APPLICATION, documentId: SAMPLE_ID });
  } catch (error) {
    // Another process that started at the same time was first.
    if (error instanceof ApiError && error.code === "exists") return;
    // The service is as good without it.
    if (!(error instanceof ApiError) && (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    log.warn({ err: error }, "the sample document could not be made");
  }
}

/** A link that opens the sample for a day; null when somebody has deleted it. */
async function sampleLink({ documents, sessions }: Server, url: string): Promise<string | null> {
  const row = await findDocument(documents.database, { applicationId: DEFAULT_APPLICATION, documentId: SAMPLE_ID });
  if (row === null) return null;
  const { jwt } = await sessions.mint(DEFAULT_APPLICATION, {
    allowed_documents: [{ document_id: SAMPLE_ID, document_permissions: ["read", "write", "download"] }],
    user_id: "you",
    creator_name: "You",
    expires_in: DAY_SECONDS,
  });
  return `${url}/view#${jwt}`;
}
