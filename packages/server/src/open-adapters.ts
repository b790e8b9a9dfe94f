/** Which adapter stands behind a port is decided here, from the settings, and nowhere else. */
import { join } from "node:path";
import { type Config, ConfigError } from "./config.ts";
import type { DataDirectory } from "./data-directory.ts";
import type { BlobStore, Bus, Database } from "./ports.ts";

export type OnWarning = (text: string, error?: unknown) => void;

export async function openDatabase({ databaseUrl }: Config, path: string, onWarning: OnWarning): Promise<Database> {
  if (databaseUrl === null) return (await import("./adapters/database-sqlite.ts")).sqliteDatabase({ path });
  const { postgresDatabase } = await import("./adapters/database-postgres.ts");
  return postgresDatabase({ url: databaseUrl, onWarning }).catch(cannotStart);
}

export async function openBlobs(
  { blobsUrl }: Config,
  data: Pick<DataDirectory, "path" | "blobs" | "shared">,
  onWarning: OnWarning,
): Promise<BlobStore> {
  if (blobsUrl === null) return (await import("./adapters/blobs-disk.ts")).diskBlobs(data.blobs, data);
  const { s3Blobs } = await import("./adapters/blobs-s3.ts");
  return s3Blobs({ url: blobsUrl, cacheDir: join(data.path, "blob-cache"), onError: onWarning }).catch(cannotStart);
}

export async function openBus({ databaseUrl, busUrl }: Config, onWarning: OnWarning): Promise<Bus> {
  if (databaseUrl === null) return (await import("./adapters/bus-memory.ts")).memoryBus();
  if (busUrl !== null) return (await import("./adapters/bus-redis.ts")).redisBus({ url: busUrl, onWarning }).catch(cannotStart);
  return (await import("./adapters/bus-postgres.ts")).postgresBus({ url: databaseUrl, onWarning }).catch(cannotStart);
}

/** What a setting names is not there: the operator's business, told in one line. */
function cannotStart(error: unknown): never {
  throw new ConfigError((error as Error).message, { cause: error });
}
