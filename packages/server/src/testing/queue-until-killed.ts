/** A process for the tests of the job queue: takes the jobs of a store, writes each one's name when it begins, and never ends one. */
import { appendFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { sqliteDatabase } from "../adapters/database-sqlite.ts";
import { jobQueue } from "../jobs/queue.ts";
import { loadMigrations } from "../migrations/migrate.ts";
import { systemClock } from "../ports.ts";

const folder = process.argv[2]!;
const database = await sqliteDatabase({ path: join(folder, "lectern.sqlite") });
await database.migrate(await loadMigrations());
const queue = jobQueue({
  database,
  clock: systemClock,
  random: randomBytes,
  concurrency: 2,
  onError: (what, error) => console.error(what, error),
  handlers: {
    work: (payload) => {
      appendFileSync(join(folder, "begun"), `${(payload as { name: string }).name}\n`);
      return new Promise(() => undefined);
    },
  },
});
await database.transaction(["a", "b", "c"].map((name) => queue.statement({ kind: "work", key: name, payload: { name } })));
await queue.start();
