/** API keys without the service: in its database, which it may be using at the same time. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { type ApiKeys, apiKeys } from "../api-keys/api-keys.ts";
import type { ApiKey } from "../api-keys/store.ts";
import { ensureDefaultApplication, listApplications } from "../applications/store.ts";
import type { Config } from "../config.ts";
import { loadMigrations } from "../migrations/migrate.ts";
import { openDatabase } from "../open-adapters.ts";
import { type Database, systemClock, systemRandom } from "../ports.ts";
import { CommandError } from "./command-error.ts";

/** `application`: id or name; null: the only one. */
export async function withKeys(
  config: Config,
  application: string | null,
  work: (keys: ApiKeys, applicationId: string) => Promise<void>,
): Promise<void> {
  await withStore(config, application, async (database, applicationId) => {
    const failed = (error: unknown): never => {
      throw error;
    };
    const keys = apiKeys({ database, clock: systemClock, random: systemRandom, onError: failed });
    await work(keys, applicationId);
    await keys.close();
  });
}

/** The database of the service, which may be using it at the same time. `application` as above. */
export async function withStore(
  config: Config,
  application: string | null,
  work: (database: Database, applicationId: string) => Promise<void>,
): Promise<void> {
  const path = join(config.dataDir, "lectern.sqlite");
  const isThere = (): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );
  if (config.databaseUrl === null && !(await isThere()))
    throw new CommandError(`There is no database ${path}: start the service once, or say where its data is with --data-dir`);
  const database = await openDatabase(config, path, () => undefined);
  try {
    await database.migrate(await loadMigrations());
    await work(database, await chosen(database, application));
  } finally {
    await database.close();
  }
}

async function chosen(database: Database, given: string | null): Promise<string> {
  await ensureDefaultApplication(database, systemClock);
  const all = await listApplications(database);
  const found = given === null ? all : [all.find(({ id }) => id === given) ?? all.filter(({ name }) => name === given)].flat();
  if (found.length === 1) return found[0]!.id;
  const names = all.map(({ id, name }) => `${id} (${name})`).join(", ");
  throw new CommandError(
    given === null
      ? `There are several applications; say which with --application: ${names}`
      : `There ${found.length === 0 ? "is no application" : "are several applications"} ${given}. There are: ${names}`,
  );
}

export function keyLine({ id, hint, name, scope, lastUsedAt, revokedAt }: ApiKey): string {
  const used = lastUsedAt === null ? "never used" : `used ${new Date(lastUsedAt).toISOString()}`;
  return [id, hint, scope, revokedAt === null ? used : `revoked ${new Date(revokedAt).toISOString()}`, name].join("\t");
}
