/** A Redis for a test, under a prefix of its own: REDIS_URL, else the one that answers on this machine. Without one such tests are skipped, but for CI. */
import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";

const SERVER = process.env.REDIS_URL ?? "redis://127.0.0.1:6379";

export async function hasRedis(): Promise<boolean> {
  const redis = new Redis(SERVER, { lazyConnect: true, connectTimeout: 3000, retryStrategy: () => null, enableOfflineQueue: false });
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return true;
  } catch (error) {
    if (process.env.CI === "true" || process.env.REDIS_URL !== undefined)
      throw new Error("these tests need a Redis: set REDIS_URL", { cause: error });
    process.stderr.write("No Redis answers on 127.0.0.1:6379 and REDIS_URL is not set: its tests are skipped.\n");
    return false;
  } finally {
    redis.disconnect();
  }
}

/** Address for the bus, with a prefix that nobody else has. */
export function testRedisUrl(): string {
  const url = new URL(SERVER);
  url.searchParams.set("prefix", `lectern-test-${randomBytes(6).toString("hex")}`);
  return url.href;
}

/** A command to the server, outside of the service. */
export async function redisCommand(command: string, ...args: string[]): Promise<unknown> {
  const redis = new Redis(SERVER, { lazyConnect: true });
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return await redis.call(command, ...args);
  } finally {
    redis.disconnect();
  }
}
