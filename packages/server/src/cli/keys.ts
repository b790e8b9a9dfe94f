/** API keys without the service: in its database, which it may be using at the same time. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { type ApiKeys, apiKeys } from "../api-keys/api-keys.ts";
import type { ApiKey } from "../api-keys/store.ts";
import { ensureDefaultApplication } from "../applications/store.ts";
import type { Config } from "../config.ts";
import { loadMigrations } from "../migrations/migrate.ts";
import { openDatabase } from "../open-adapters.ts";
import { systemClock, systemRandom } from "../ports.ts";
import { CommandError } from "./command-error.ts";

export async function withKeys(config: Config, work: (keys: ApiKeys, applicationId: string) => Promise<void>): Promise<void> {
  const path = join(config.dataDir, "lectern.sqlite");
  if (
    config.databaseUrl === null &&
    !(await access(path).then(
      () => true,
      () => false,
    ))
  )
    throw new CommandError(`There is no database ${path}: start the service once, or say where its data is with --data-dir`);
  const database = await openDatabase(config, path, () => undefined);
  try {
    await database.migrate(await loadMigrations());
    const failed = (error: unknown): never => {
      throw error;
    };
    const keys = apiKeys({ database, clock: systemClock, random: systemRandom, onError: failed });
    await work(keys, (await ensureDefaultApplication(database, systemClock)).id);
    await keys.close();
  } finally {
    await database.close();
  }
}

export function keyLine({ id, hint, name, scope, lastUsedAt, revokedAt }: ApiKey): string {
  const used = lastUsedAt === null ? "never used" : `used ${new Date(lastUsedAt).toISOString()}`;
  return [id, hint, scope, revokedAt === null ? used : `revoked ${new Date(revokedAt).toISOString()}`, name].join("\t");
}
