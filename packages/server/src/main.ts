#!/usr/bin/env node
/**
 * The composition root: settings → data directory → adapters (open-adapters.ts) → server → listen → drain.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { addCommands } from "./cli/commands.ts";
import { CommandError } from "./cli/command-error.ts";
import { type Config, ConfigError, configTable, inputLimits, loadConfig } from "./config.ts";
import { DataDirectoryInUse, openDataDirectory } from "./data-directory.ts";
import type { FirstStartOptions } from "./first-start.ts";
import { createLogger } from "./http/log.ts";
import { openBlobs, openBus, openDatabase } from "./open-adapters.ts";
import { systemClock, systemRandom } from "./ports.ts";
import { renderPool } from "./render/pool.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(file("../package.json"), "utf8")) as { version: string };

async function start(config: Config): Promise<void> {
  const log = createLogger({ level: config.logLevel });
  const data = await openDataDirectory(config.dataDir, { shared: config.databaseUrl !== null });
  // Its first process starts while the rest of the code is read: half of the time until the service is ready.
  const renderer = renderPool({
    workers: config.workers,
    input: inputLimits(config),
    onDeath: (death) => log.warn({ err: death }, "a PDF worker was thrown away"),
  });
  const [
    { libreOfficeConverter },
    { tesseractRecogniser },
    { loadMigrations },
    { loadSecret },
    { prepareStore, welcome },
    { createServer },
  ] = await Promise.all([
    import("./adapters/converter-libreoffice.ts"),
    import("./adapters/recogniser-tesseract.ts"),
    import("./migrations/migrate.ts"),
    import("./secret.ts"),
    import("./first-start.ts"),
    import("./server.ts"),
  ]);
  const onWarning = (text: string, error?: unknown): void => log.warn({ err: error }, text);
  const [database, bus, blobs, secret] = await Promise.all([
    openDatabase(config, data.database, onWarning),
    openBus(config, onWarning),
    openBlobs(config, data, onWarning),
    loadSecret(data.path),
  ]);
  await database.migrate(await loadMigrations());
  const server = await createServer({
    config,
    database,
    blobs,
    bus,
    renderer,
    converter: libreOfficeConverter({
      program: config.libreOffice,
      tempDir: join(data.path, "converting"),
      maxUnpacked: config.maxInflatedBytes,
    }),
    recogniser: tesseractRecogniser({ program: config.tesseract, tempDir: join(data.path, "converting") }),
    secret,
    log,
    version,
    clock: systemClock,
    random: systemRandom,
    dataDir: data.path,
    folders: { sdk: file("../../viewer/dist"), dashboard: file("../../dashboard/dist") },
  });
  const first: FirstStartOptions = { config, server, log, samplePath: file("../assets/sample.pdf") };
  const prepared = await prepareStore(first);
  drainOnSignal(log, async () => {
    await server.close();
    await renderer.close();
    await bus.close();
    await database.close();
    data.close();
  });
  const { url } = await server.listen();
  log.info({ url, version, dataDir: data.path }, "listening");
  process.stdout.write(await welcome(first, prepared, url));
}

/** The first signal ends politely, the second at once. */
function drainOnSignal(log: ReturnType<typeof createLogger>, drain: () => Promise<void>): void {
  let draining = false;
  const end = (signal: NodeJS.Signals): void => {
    if (draining) process.exit(1);
    draining = true;
    log.info({ signal }, "ending");
    drain().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "could not end cleanly");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", end).on("SIGINT", end);
}

/** Said in one line to whoever started the service; anything else is a fault of ours and shows where. */
function explain(error: unknown): string | null {
  if (error instanceof ConfigError || error instanceof DataDirectoryInUse || error instanceof CommandError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `The port is in use by another program (${message}). Choose another one with --port.`;
  if (code === "EACCES" || code === "EADDRNOTAVAIL") return message;
  return null;
}

async function orExplain(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const message = explain(error);
    if (message === null) throw error;
    process.stderr.write(`lectern: ${message}\n`);
    process.exit(1);
  }
}

const program = new Command("lectern").description("Document viewing and collaboration, on your own server.").version(version);
program
  .command("start", { isDefault: true })
  .description("start the service")
  .allowUnknownOption()
  .allowExcessArguments()
  .addHelpText("after", `\nSettings, as flags or environment variables:\n\n${configTable("text")}`)
  .action((_options: unknown, command: Command) => orExplain(() => start(loadConfig(command.args))));
addCommands(program, orExplain, {
  print: (line) => void process.stdout.write(`${line}\n`),
  fail: () => void (process.exitCode = 1),
});
await program.parseAsync();
