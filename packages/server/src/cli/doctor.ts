/** Is everything there that the service needs? One line for each thing, and what to do about it. */
import { execFile } from "node:child_process";
import { access, constants, mkdir, mkdtemp, rm, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { libreOfficeConverter } from "../adapters/converter-libreoffice.ts";
import { tesseractRecogniser } from "../adapters/recogniser-tesseract.ts";
import type { Config } from "../config.ts";
import { askDatabase, clockSkew } from "../health.ts";
import { openBlobs, openDatabase } from "../open-adapters.ts";
import { systemClock } from "../ports.ts";
import { hostFonts } from "../render/host-fonts.ts";
import { renderPool } from "../render/pool.ts";

const run = promisify(execFile);
const GIGABYTE = 1_000_000_000;
/** Built before this, a clock is wrong: tokens and signatures depend on it. */
const EARLIEST = Date.parse("2025-01-01");

const MOST_SKEW_MS = 2000;

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
    ...(config.blobsUrl === null ? {} : { bucket: () => bucket(config) }),
    "PDF workers": renderer,
    port: () => port(config),
    clock: () => clock(config),
    fonts: async () => fonts(),
    LibreOffice: async () => {
      // Where the service itself looks for it.
      const converter = libreOfficeConverter({ program: config.libreOffice, tempDir: config.dataDir });
      const found = await converter.version();
      if (found === null)
        return warning("not installed: Office documents cannot be converted; install it, for example `apt install libreoffice-nogui`");
      return (await converter.keepsFilesApart())
        ? ok(found)
        : warning(
            `${found}; the system allows no user namespaces, so the files of this machine cannot be kept from it: documents that bring in files by their names are refused`,
          );
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

/** Tokens and leases go by it, and nodes must agree. */
async function clock(config: Config): Promise<Finding> {
  const now = systemClock.now();
  if (now < EARLIEST) return problem("it is years behind: set it");
  const time = new Date(now).toISOString();
  if (config.databaseUrl === null) return ok(time);
  const opened = await openDatabase(config, "", () => undefined);
  try {
    const skew = await clockSkew(opened, systemClock);
    const text = `${time}; the database's is ${Math.abs(skew / 1000).toFixed(1)} s ${skew < 0 ? "behind" : "ahead"}`;
    return Math.abs(skew) < MOST_SKEW_MS ? ok(text) : warning(`${text}: set both by the same time server`);
  } finally {
    await opened.close();
  }
}

/** Something is stored, read and deleted again. */
async function bucket(config: Config): Promise<Finding> {
  const folder = await mkdtemp(join(tmpdir(), "lectern-doctor-"));
  const warnings: string[] = [];
  try {
    const blobs = await openBlobs(config, { path: folder, blobs: folder, shared: false }, (text) => warnings.push(text));
    const { sha256, size } = await blobs.write("doctor", Readable.from([Buffer.from(`lectern doctor ${systemClock.now()}`)]));
    const found = await blobs.size("doctor", sha256);
    await blobs.delete("doctor", sha256);
    const where = new URL(config.blobsUrl!).host;
    return found === size ? ok(`${where}: stored, found and deleted a file`) : problem(`${where}: what was stored is not found`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One character of each script stands for it. */
const SCRIPTS: Readonly<Record<string, string>> = {
  Latin: "ő",
  Greek: "λ",
  Cyrillic: "Ж",
  Hebrew: "א",
  Arabic: "ع",
  Devanagari: "क",
  Thai: "ก",
  Japanese: "あ",
  Chinese: "中",
  Korean: "한",
};

/** Of the machine, for files that do not bring their own. */
function fonts(): Finding {
  const fontFor = hostFonts();
  const [there, missing] = [true, false].map((wanted) =>
    Object.keys(SCRIPTS).filter((script) => (fontFor(SCRIPTS[script]!.codePointAt(0)!, "Helvetica") !== null) === wanted),
  ) as [string[], string[]];
  if (missing.length === 0) return ok(`for ${there.join(", ")}`);
  return warning(
    `none for ${missing.join(", ")}${there.length === 0 ? "" : ` (there are for ${there.join(", ")})`}: such text is drawn only in files that bring ` +
      "their fonts; install them, for example `apt install fonts-dejavu fonts-noto-core fonts-noto-cjk`",
  );
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
