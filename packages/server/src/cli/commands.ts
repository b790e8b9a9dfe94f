/** The commands beside `start`. Settings are the same flags and variables as those of the service; what a command needs is loaded when it runs. */
import { readFileSync } from "node:fs";
import { type Command, type CommandOptions, Option } from "commander";
import { type Config, loadConfig, SETTINGS } from "../config.ts";
import { systemClock } from "../ports.ts";
import { CommandError } from "./command-error.ts";

type Name = keyof typeof SETTINGS;
type Run = (work: () => Promise<void>) => Promise<void>;
type Given = Readonly<Record<string, string | undefined>>;

const STORE: readonly Name[] = ["dataDir", "databaseUrl"];
const PLACE: readonly Name[] = [...STORE, "blobsUrl"];
const SERVICE: readonly Name[] = [...STORE, "host", "port", "publicUrl", "apiKey"];

/** Where a command takes its settings from, beside its flags, and what it says. */
export interface Terminal {
  /** Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
  /** The command did its work, and what it found is bad. */
  readonly fail: () => void;
}

export function addCommands(program: Command, run: Run, { env, print, fail }: Terminal): void {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  const configOf = (given: Given): Config => loadConfig(flagsOf(given), env);

  const keys = program.command("keys").description("API keys: made, listed and revoked, also while the service runs");
  ofApplication(command(keys, "create <name>", "make an API key; it is printed once", STORE))
    .addOption(new Option("--scope <scope>", "what it may do").choices(["all", "read", "upload"]).default("all"))
    .option("--test", "a key that begins with lct_test_")
    .action((name: string, given: Given & { scope: "all" | "read" | "upload"; test?: boolean }) =>
      run(async () => {
        const { withKeys } = await import("./keys.ts");
        await withKeys(configOf(given), given["application"] ?? null, async (all, applicationId) => {
          const { key } = await all.create(applicationId, { name, scope: given.scope, mode: given.test === true ? "test" : "live" });
          print(key);
        });
      }),
    );
  ofApplication(command(keys, "list", "list API keys, newest first", STORE)).action((given: Given) =>
    run(async () => {
      const { withKeys, keyLine } = await import("./keys.ts");
      await withKeys(configOf(given), given["application"] ?? null, async (all, applicationId) => {
        for (const key of await all.list(applicationId)) print(keyLine(key));
      });
    }),
  );
  ofApplication(command(keys, "revoke <id>", "revoke an API key: it is refused within five seconds", STORE)).action(
    (id: string, given: Given) =>
      run(async () => {
        const { withKeys } = await import("./keys.ts");
        await withKeys(configOf(given), given["application"] ?? null, async (all, applicationId) => {
          await all.revoke(applicationId, id).catch(() => {
            throw new CommandError(`There is no API key ${id}`);
          });
          print(`revoked ${id}`);
        });
      }),
  );

  const documents = program.command("documents").description("documents of the running service");
  ofApplication(command(documents, "list", "list documents, newest first", SERVICE))
    .option("--title <text>", "only those whose title holds this")
    .action((given: Given) =>
      run(async () =>
        (await import("./documents.ts")).listDocuments(configOf(given), { title: given["title"] ?? null, ...of(given) }, print),
      ),
    );
  ofApplication(command(documents, "upload <file>", "upload a file and wait until it is ready; prints its id", SERVICE))
    .option("--id <id>", "its id")
    .option("--title <text>", "its title")
    .action((file: string, given: Given) =>
      run(async () =>
        (await import("./documents.ts")).uploadFile(
          configOf(given),
          { file, id: given["id"] ?? null, title: given["title"] ?? null, ...of(given) },
          print,
        ),
      ),
    );
  ofApplication(command(documents, "delete <id>", "delete a document with all its layers", SERVICE)).action((id: string, given: Given) =>
    run(async () => (await import("./documents.ts")).deleteDocument(configOf(given), { id, ...of(given) }, print)),
  );

  const session = program.command("session").description("sessions: minted by the running service; listed and revoked in its database");
  ofApplication(
    command(session, "open <document>", "mint a session and print the URL that shows the document", SERVICE, { isDefault: true }),
  )
    .option("--user <id>", "user id")
    .option("--name <name>", "name that others see")
    .option("--layer <name>", "layer; default: the default layer")
    .option("--hours <n>", "how long it lasts, at most 24", "1")
    .option("--read-only", "read, nothing else")
    .action((document: string, given: Given & { readOnly?: boolean }) =>
      run(async () =>
        (await import("./documents.ts")).mintSession(configOf(given), { document, given, readOnly: given.readOnly === true }, print),
      ),
    );
  ofApplication(command(session, "list", "list sessions, newest first", STORE)).action((given: Given) =>
    run(async () => (await import("./sessions.ts")).printSessions(configOf(given), of(given).application, print)),
  );
  ofApplication(
    command(session, "revoke <id>", "revoke a session: it is refused, and what it has open ends, within five seconds", STORE),
  ).action((id: string, given: Given) =>
    run(async () => (await import("./sessions.ts")).revoke(configOf(given), { id, ...of(given) }, print)),
  );

  command(program, "doctor", "look whether everything is there that the service needs", Object.keys(SETTINGS) as Name[]).action(
    (given: Given) =>
      run(async () => {
        const { doctor } = await import("./doctor.ts");
        if (!(await doctor(configOf(given), print))) fail();
      }),
  );

  command(program, "backup <folder>", "copy everything into a new folder, while the service runs", PLACE).action(
    (folder: string, given: Given) =>
      run(async () => {
        const { backup } = await import("./backup.ts");
        const { blobs, bytes } = await backup(configOf(given), folder, { version, now: systemClock.now() });
        print(`${folder}: the database and ${blobs} files, ${bytes} bytes`);
      }),
  );
  command(program, "restore <folder>", "bring a backup back, into a data directory that is empty", PLACE).action(
    (folder: string, given: Given) =>
      run(async () => {
        const { restore } = await import("./backup.ts");
        const config = configOf(given);
        const { blobs, bytes } = await restore(config, folder);
        print(`${config.dataDir}: the database and ${blobs} files, ${bytes} bytes, all hashes right`);
      }),
  );
}

/** For what belongs to one of several applications. */
function ofApplication(made: Command): Command {
  return made.option("--application <id or name>", "whose; needed when there are several");
}

const of = (given: Given): { readonly application: string | null } => ({ application: given["application"] ?? null });

/** With the settings that it reads, described as `lectern start --help` describes them. */
function command(parent: Command, usage: string, description: string, settings: readonly Name[], options: CommandOptions = {}): Command {
  const made = parent.command(usage, options).description(description);
  for (const name of settings) {
    const { flag, env, description: text } = SETTINGS[name];
    made.option(`--${flag} <value>`, `${text} (${env})`);
  }
  return made;
}

/** commander names `--data-dir` dataDir. */
function flagsOf(given: Given): string[] {
  return Object.values(SETTINGS).flatMap(({ flag }) => {
    const value = given[flag.replaceAll(/-(\w)/g, (_all, letter: string) => letter.toUpperCase())];
    return value === undefined ? [] : [`--${flag}=${value}`];
  });
}
