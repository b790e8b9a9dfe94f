/**
 * Backup and restore. A backup is a folder: the database as of one moment, every blob that it names, and the server's keys. The database is
 * copied first; blobs are never changed, so all that the copy names are there, whatever is edited meanwhile. Those of a document that is deleted
 * meanwhile may be gone: then the database is copied once more, and what has been copied of the files stays. Every blob is hashed on its way out
 * and on its way back.
 */
import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, copyFile, mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { diskBlobs } from "../adapters/blobs-disk.ts";
import { blobsOfSqlite, copySqlite, type NamedBlob } from "../adapters/copy-sqlite.ts";
import type { Config } from "../config.ts";
import { openDataDirectory } from "../data-directory.ts";
import { openBlobs } from "../open-adapters.ts";
import type { BlobStore } from "../ports.ts";
import { CommandError } from "./command-error.ts";

interface Manifest {
  readonly format: 1;
  readonly version: string;
  readonly createdAt: string;
  readonly database: "sqlite" | "postgres";
  readonly blobs: number;
  readonly bytes: number;
}

export interface BackupResult {
  readonly blobs: number;
  readonly bytes: number;
}

type Places = Pick<Config, "dataDir" | "databaseUrl" | "blobsUrl"> & Config;

const SQLITE = "lectern.sqlite";
const DUMP = "database.dump";
const KEY = join("keys", "server.key");
const MANIFEST = "backup.json";
/** Of copying the database. */
const MOST_TRIES = 10;

/** `target`: a folder that does not exist yet; it is there only when all of it is. Throws CommandError. */
export async function backup(
  config: Places,
  target: string,
  options: { readonly version: string; readonly now: number },
): Promise<BackupResult> {
  const final = resolve(target);
  if (await exists(final)) throw new CommandError(`${final} exists already; name a folder that does not`);
  const folder = join(dirname(final), `.${basename(final)}.unfinished`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "keys"), { recursive: true, mode: 0o700 });
  try {
    // A server may be running on it, in the middle of an upload.
    const data = { path: config.dataDir, blobs: join(config.dataDir, "blobs"), shared: true };
    const source = await openBlobs(config, data, () => undefined);
    const { blobs, bytes } = await copyOfOneMoment(config, source, folder);
    await copyFile(join(config.dataDir, KEY), join(folder, KEY)).catch((error: unknown) => {
      throw new CommandError(`The server's key ${join(config.dataDir, KEY)} cannot be read`, { cause: error });
    });
    const manifest: Manifest = {
      format: 1,
      version: options.version,
      createdAt: new Date(options.now).toISOString(),
      database: config.databaseUrl === null ? "sqlite" : "postgres",
      blobs: blobs.length,
      bytes,
    };
    await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    await Promise.all([KEY, MANIFEST, config.databaseUrl === null ? SQLITE : DUMP].map((name) => sync(join(folder, name))));
    await rename(folder, final);
    return { blobs: blobs.length, bytes };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function copyOfOneMoment(
  config: Places,
  source: BlobStore,
  folder: string,
): Promise<{ readonly blobs: readonly NamedBlob[]; readonly bytes: number }> {
  const target = await diskBlobs(join(folder, "blobs"));
  for (let tries = 1; ; tries++) {
    await rm(join(folder, SQLITE), { force: true });
    const blobs = config.databaseUrl === null ? await copyOfSqlite(config, folder) : await dumpOfPostgres(config.databaseUrl, folder);
    try {
      return { blobs, bytes: await copyBlobs(source, target, blobs) };
    } catch (error) {
      if (!(error instanceof MissingFile) || tries === MOST_TRIES) throw error;
    }
  }
}

/** A file that the database names: deleted since the database was copied, or lost. */
class MissingFile extends CommandError {}

async function copyOfSqlite(config: Places, folder: string): Promise<readonly NamedBlob[]> {
  const database = join(config.dataDir, SQLITE);
  if (!(await exists(database))) throw new CommandError(`There is no database ${database}; say where it is with --data-dir`);
  copySqlite(database, join(folder, SQLITE));
  return blobsOfSqlite(join(folder, SQLITE));
}

async function dumpOfPostgres(url: string, folder: string): Promise<readonly NamedBlob[]> {
  await run("pg_dump", ["--format=custom", "--no-owner", `--file=${join(folder, DUMP)}`], url);
  // Of the dump, not of the database: a document that is deleted by now is in the one and not in the other.
  const text = await spawned("pg_restore", ["--data-only", "--table=blob_uses", "--file=-", join(folder, DUMP)]);
  return blobsOfCopy(text);
}

/** What `COPY … FROM stdin` of the table of uses names. */
export function blobsOfCopy(text: string): NamedBlob[] {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => /^COPY \S*blob_uses /.test(line));
  if (start < 0) throw new CommandError("The dump holds no table of files");
  const columns = /\((.*)\)/.exec(lines[start]!)![1]!.split(", ");
  const [application, blob] = [columns.indexOf("application_id"), columns.indexOf("sha256")];
  const named = new Map<string, NamedBlob>();
  for (const line of lines.slice(start + 1, lines.indexOf("\\.", start))) {
    const cells = line.split("\t");
    named.set(`${cells[application]}/${cells[blob]}`, { applicationId: cells[application]!, sha256: cells[blob]!, size: 0 });
  }
  return [...named.values()];
}

/** Into a data directory that holds nothing yet, and with PostgreSQL into an empty database. Throws CommandError. */
export async function restore(config: Places, from: string): Promise<BackupResult> {
  const folder = resolve(from);
  const manifest = await readManifest(folder);
  if ((manifest.database === "postgres") !== (config.databaseUrl !== null))
    throw new CommandError(
      manifest.database === "postgres"
        ? "The backup holds a PostgreSQL database: name an empty one with --database-url"
        : "The backup holds a SQLite database: leave --database-url out",
    );
  if (await holdsSomething(config.dataDir)) throw new CommandError(`${config.dataDir} is not empty; restore into a new data directory`);
  const data = await openDataDirectory(config.dataDir, { shared: config.databaseUrl !== null });
  try {
    const source = await diskBlobs(join(folder, "blobs"), { shared: true });
    const target = await openBlobs(config, data, () => undefined);
    const blobs = manifest.database === "sqlite" ? blobsOfSqlite(join(folder, SQLITE)) : await blobsIn(join(folder, "blobs"));
    if (blobs.length < manifest.blobs) throw new CommandError(`The backup names ${manifest.blobs} files and has ${blobs.length}`);
    const bytes = await copyBlobs(source, target, blobs);
    await mkdir(join(config.dataDir, "keys"), { recursive: true, mode: 0o700 });
    await copyFile(join(folder, KEY), join(config.dataDir, KEY));
    await sync(join(config.dataDir, KEY));
    // Last: without it nothing of the rest is seen.
    if (config.databaseUrl === null) {
      await copyFile(join(folder, SQLITE), `${data.database}.part`);
      await sync(`${data.database}.part`);
      await rename(`${data.database}.part`, data.database);
    } else await run("pg_restore", ["--no-owner", "--exit-on-error", "--single-transaction", join(folder, DUMP)], config.databaseUrl);
    return { blobs: blobs.length, bytes };
  } finally {
    data.close();
  }
}

async function copyBlobs(source: BlobStore, target: BlobStore, blobs: readonly NamedBlob[]): Promise<number> {
  let bytes = 0;
  for (const { applicationId, sha256 } of blobs) {
    const copied = await target.size(applicationId, sha256);
    if (copied !== null) {
      bytes += copied;
      continue;
    }
    const stream = await source.read(applicationId, sha256);
    if (stream === null) throw new MissingFile(`The file ${applicationId}/${sha256}, which the database names, is missing`);
    const written = await target.write(applicationId, stream as AsyncIterable<Uint8Array>);
    if (written.sha256 !== sha256) throw new CommandError(`The file ${applicationId}/${sha256} is damaged: its bytes have another hash`);
    bytes += written.size;
  }
  return bytes;
}

async function blobsIn(folder: string): Promise<NamedBlob[]> {
  const files = await readdir(folder, { recursive: true });
  return files.flatMap((path) => {
    const match = /^([^/\\]+)[/\\][0-9a-f]{2}[/\\]([0-9a-f]{64})$/.exec(path);
    return match === null ? [] : [{ applicationId: match[1]!, sha256: match[2]!, size: 0 }];
  });
}

async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, MANIFEST), "utf8").catch((error: unknown) => {
    throw new CommandError(`${folder} is no backup: it has no ${MANIFEST}`, { cause: error });
  });
  const manifest = JSON.parse(text) as Manifest;
  if (manifest.format !== 1)
    throw new CommandError(`The backup was made by another version (${manifest.version}), which this one cannot read`);
  return manifest;
}

/** A program of PostgreSQL. The password goes by a file that is gone afterwards: everybody on the machine can read the arguments of a process. */
async function run(program: string, args: readonly string[], databaseUrl: string): Promise<void> {
  const { url, password } = splitPassword(databaseUrl);
  if (password === null) return void (await spawned(program, [...args, "--dbname", url]));
  const folder = await mkdtemp(join(tmpdir(), "lectern-"));
  try {
    const passfile = join(folder, "pgpass");
    await writeFile(passfile, `*:*:*:*:${password.replaceAll(/[\\:]/g, String.raw`\$&`)}\n`, { mode: 0o600 });
    const named = new URL(url);
    named.searchParams.set("passfile", passfile);
    await spawned(program, [...args, "--dbname", named.href]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `postgres://user:secret@host/name` → the same without the secret, and the secret. */
export function splitPassword(databaseUrl: string): { readonly url: string; readonly password: string | null } {
  const url = new URL(databaseUrl);
  const password = url.password === "" ? url.searchParams.get("password") : decodeURIComponent(url.password);
  if (password === null) return { url: databaseUrl, password };
  url.password = "";
  url.searchParams.delete("password");
  return { url: url.href, password };
}

/** What it printed. */
async function spawned(program: string, all: readonly string[]): Promise<string> {
  return new Promise<string>((done, reject) => {
    const child = spawn(program, all, { stdio: ["ignore", "pipe", "pipe"] });
    const printed: Buffer[] = [];
    let said = "";
    child.stdout.on("data", (data: Buffer) => printed.push(data));
    child.stderr.on("data", (data: Buffer) => (said = (said + data.toString()).slice(-2000)));
    child.once("error", () =>
      reject(new CommandError(`${program} is needed for PostgreSQL and is not installed: install the PostgreSQL client programs`)),
    );
    child.once("close", (code) =>
      code === 0 ? done(Buffer.concat(printed).toString()) : reject(new CommandError(`${program} failed: ${said.trim()}`)),
    );
  });
}

async function holdsSomething(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.length > 0;
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
