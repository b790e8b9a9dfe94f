/** Documents and sessions through the running service. Without LECTERN_API_KEY an access token of five minutes is made in its database. */
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { type Config, publicUrlOf } from "../config.ts";
import { systemClock } from "../ports.ts";
import { CommandError } from "./command-error.ts";
import { withKeys } from "./keys.ts";

type Print = (line: string) => void;
interface Of {
  /** null: the one of LECTERN_API_KEY, else the only one. */
  readonly application: string | null;
}
type Given = Readonly<Record<string, string | undefined>>;

const TOKEN_MS = 5 * 60_000;

interface Shown {
  readonly id: string;
  readonly title: string | null;
  readonly status: string;
  readonly errors: readonly { readonly reason: string }[];
}

export async function listDocuments(
  config: Config,
  { title, application }: Of & { readonly title: string | null },
  print: Print,
): Promise<void> {
  const ask = await asking(config, application);
  const filter = title === null ? "" : `&title=${encodeURIComponent(title)}`;
  for (let cursor = ""; ;) {
    const page = (await ask(`/api/documents?page_size=100${filter}${cursor}`)) as { data: Shown[]; next_cursor: string | null };
    for (const document of page.data) print([document.id, document.status, document.title ?? ""].join("\t"));
    if (page.next_cursor === null) return;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
}

export async function uploadFile(
  config: Config,
  { file, id, title, application }: Of & { readonly file: string; readonly id: string | null; readonly title: string | null },
  print: Print,
): Promise<void> {
  const ask = await asking(config, application);
  const query = new URLSearchParams({ title: title ?? basename(file).replace(/\.pdf$/i, ""), file_name: basename(file), wait: "60" });
  if (id !== null) query.set("document_id", id);
  const body = Readable.toWeb(createReadStream(file)) as ReadableStream;
  const init = { method: "POST", body, duplex: "half", headers: { "content-type": "application/octet-stream" } } as RequestInit;
  const { data } = (await ask(`/api/documents?${query.toString()}`, init)) as { data: Shown };
  print(data.id);
  if (data.status !== "ready")
    throw new CommandError(`${data.id} is ${data.status}${data.errors.map(({ reason }) => `: ${reason}`).join("")}`);
}

export async function deleteDocument(config: Config, { id, application }: Of & { readonly id: string }, print: Print): Promise<void> {
  const ask = await asking(config, application);
  await ask(`/api/documents/${encodeURIComponent(id)}`, { method: "DELETE" });
  print(`deleted ${id}`);
}

export async function mintSession(
  config: Config,
  { document, given, readOnly }: { readonly document: string; readonly given: Given; readonly readOnly: boolean },
  print: Print,
): Promise<void> {
  const hours = Number(given["hours"] ?? "1");
  if (!(hours > 0 && hours <= 24)) throw new CommandError("--hours must be a number from 0 to 24");
  const layer = given["layer"] === undefined ? {} : { layer: given["layer"] };
  const permissions = readOnly ? ["read"] : ["read", "write", "download"];
  const body = {
    allowed_documents: [{ document_id: document, document_permissions: permissions, ...layer }],
    expires_in: Math.round(hours * 3600),
    ...(given["user"] === undefined ? {} : { user_id: given["user"] }),
    ...(given["name"] === undefined ? {} : { creator_name: given["name"] }),
  };
  const init = { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const { view_url } = (await (await asking(config, given["application"] ?? null))("/api/sessions", init)) as { view_url: string };
  print(view_url);
}

/** A key says itself whose it is. */
async function asking(config: Config, application: string | null): Promise<(path: string, init?: RequestInit) => Promise<unknown>> {
  const url = publicUrlOf(config, config.port);
  const credential = (application === null ? config.apiKey : null) ?? (await newToken(config, application));
  return async (path, init = {}) => {
    const headers = { ...(init.headers as Record<string, string> | undefined), authorization: `Bearer ${credential}` };
    const response = await fetch(`${url}${path}`, { ...init, headers }).catch((error: unknown) => {
      const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
      if (cause?.code === "ENOENT") throw new CommandError(cause.message);
      throw new CommandError(`The service does not answer at ${url}: is it running? (--port, --public-url)`, { cause: error });
    });
    const answer = (await response.json().catch(() => null)) as { detail?: string } | null;
    if (!response.ok) throw new CommandError(answer?.detail ?? `The service answered ${response.status}`);
    return answer;
  };
}

async function newToken(config: Config, application: string | null): Promise<string> {
  let token = "";
  await withKeys(config, application, async (keys, applicationId) => {
    const expiresAt = systemClock.now() + TOKEN_MS;
    token = (await keys.createToken(applicationId, { name: "lectern command", scope: "all", documents: null, expiresAt })).key;
  });
  return token;
}
