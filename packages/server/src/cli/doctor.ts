/** Is everything there that the service needs? One line for each thing, and what to do about it. */
import { execFile } from "node:child_process";
import { access, constants, mkdir, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { libreOfficeConverter } from "../adapters/converter-libreoffice.ts";
import { tesseractRecogniser } from "../adapters/recogniser-tesseract.ts";
import type { Config } from "../config.ts";
import { askDatabase } from "../health.ts";
import { openDatabase } from "../open-adapters.ts";
import { systemClock } from "../ports.ts";
import { renderPool } from "../render/pool.ts";

const run = promisify(execFile);
const GIGABYTE = 1_000_000_000;
/** Built before this, a clock is wrong: tokens and signatures depend on it. */
const EARLIEST = Date.parse("2025-01-01");

interface Finding {
  readonly level: "ok" | "warning" | "problem";
  readonly text: string;
}
const ok = (text: string): Finding => ({ level: "ok", text });
const warning = (text: string): Finding => ({ level: "warning", text });
const problem = (text: string): Finding => ({ level: "problem", text });

/** Prints what it finds; false when the service could not work like this. */
export async function doctor(config: Config, print: (line: string) => void): Promise<boolean> {
  const checks: Readonly<Record<string, () => Promise<Finding>>> = {
    node: async () => ok(process.version),
    "data directory": () => dataDirectory(config),
    database: () => database(config),
    disk: () => disk(config),
    "PDF workers": renderer,
    port: () => port(config),
    clock: async () =>
      systemClock.now() > EARLIEST ? ok(new Date(systemClock.now()).toISOString()) : problem("it is years behind: set it"),
    LibreOffice: async () => {
      // Where the service itself looks for it.
      const found = await libreOfficeConverter({ program: config.libreOffice, tempDir: config.dataDir }).version();
      return found === null
        ? warning("not installed: Office documents cannot be converted; install it, for example `apt install libreoffice-nogui`")
        : ok(found);
    },
    Tesseract: () => recogniser(config),
    ...(config.databaseUrl === null
      ? {}
      : { pg_dump: () => program(["pg_dump"], "`lectern backup` needs it; install the PostgreSQL client programs") }),
  };
  let good = true;
  for (const [name, check] of Object.entries(checks)) {
    const { level, text } = await check().catch((error: unknown) => problem((error as Error).message));
    if (level === "problem") good = false;
    print(`${level.padEnd(8)} ${name}: ${text}`);
  }
  return good;
}

async function dataDirectory({ dataDir }: Config): Promise<Finding> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  return ok(dataDir);
}

async function database(config: Config): Promise<Finding> {
  const path = join(config.dataDir, "lectern.sqlite");
  if (
    config.databaseUrl === null &&
    !(await access(path).then(
      () => true,
      () => false,
    ))
  )
    return ok("SQLite; it is made at the first start");
  const warnings: string[] = [];
  const opened = await openDatabase(config, path, (text) => warnings.push(text));
  try {
    await askDatabase(opened);
  } finally {
    await opened.close();
  }
  const kind = config.databaseUrl === null ? "SQLite" : "PostgreSQL";
  return warnings.length === 0 ? ok(`${kind} answers`) : warning(`${kind} answers; ${warnings.join("; ")}`);
}

async function disk({ dataDir }: Config): Promise<Finding> {
  const { bavail, bsize } = await statfs(dataDir);
  const free = (bavail * bsize) / GIGABYTE;
  const text = `${free.toFixed(1)} GB free at ${dataDir}`;
  return free >= 5 ? ok(text) : free >= 1 ? warning(text) : problem(`${text}: uploads will be refused`);
}

async function recogniser({ tesseract, dataDir }: Config): Promise<Finding> {
  const found = tesseractRecogniser({ program: tesseract, tempDir: join(dataDir, "converting") });
  const version = await found.version();
  if (version === null)
    return warning("not installed: text in scanned pages cannot be recognised; install it, for example `apt install tesseract-ocr`");
  const languages = await found.languages();
  const text = `${version}, languages: ${languages.join(", ") || "none"}`;
  return languages.length > 0 ? ok(text) : warning(`${text}; install one, for example \`apt install tesseract-ocr-eng\``);
}

async function renderer(): Promise<Finding> {
  const pool = renderPool({ workers: 1 });
  try {
    await pool.check();
    return ok("a known page was drawn, with the fonts of the package");
  } finally {
    await pool.close();
  }
}

async function port({ host, port: wanted }: Config): Promise<Finding> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) =>
      done(
        error.code === "EADDRINUSE"
          ? warning(`${host}:${wanted} is in use: by the running service, or choose another with --port`)
          : problem(`${host}:${wanted}: ${error.message}`),
      ),
    );
    server.listen(wanted, host, () => server.close(() => done(ok(`${host}:${wanted} is free`))));
  });
}

async function program(names: readonly string[], missing: string): Promise<Finding> {
  for (const name of names) {
    const found = await run(name, ["--version"], { timeout: 20_000 }).then(
      ({ stdout, stderr }) => `${stdout}${stderr}`.split("\n")[0]!.trim(),
      () => null,
    );
    if (found !== null) return ok(found);
  }
  return warning(`not installed: ${missing}`);
}
