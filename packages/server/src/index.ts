/** `@lectern/server`: the service as a library. `main.ts` is the command. */
export { sqliteDatabase } from "./adapters/database-sqlite.ts";
export { diskBlobs } from "./adapters/blobs-disk.ts";
export { memoryBus } from "./adapters/bus-memory.ts";
export { type Config, ConfigError, configTable, loadConfig, SETTINGS } from "./config.ts";
export { createLogger } from "./http/log.ts";
export { loadMigrations } from "./migrations/migrate.ts";
export { type BlobStore, type Bus, type Clock, type Database, type Renderer, systemClock, systemRandom } from "./ports.ts";
export { renderPool } from "./render/pool.ts";
export { loadSecret, type ServerSecret } from "./secret.ts";
export { createServer, type Server, type ServerOptions } from "./server.ts";
