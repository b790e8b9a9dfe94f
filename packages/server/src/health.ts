/** What load balancers and scripts ask. */
import { ApiError } from "@lectern/protocol/plain";
import { type Handlers, reply } from "./handlers.ts";
import type { Metrics } from "./metrics.ts";
import type { Clock, Database, Renderer } from "./ports.ts";

export interface HealthDeps {
  readonly database: Database;
  readonly renderer: Renderer;
  readonly clock: Clock;
  readonly isDraining: () => boolean;
  readonly metrics: Metrics;
}

/** Rejects when the database does not answer. */
export async function askDatabase(database: Database): Promise<void> {
  await database.query("SELECT 1 AS one");
}

/** By how much its clock is ahead of ours, in milliseconds; less than the time that asking took is nothing. PostgreSQL only. */
export async function clockSkew(database: Database, clock: Clock): Promise<number> {
  const before = clock.now();
  const [row] = await database.query<{ ms: number }>("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS ms");
  const after = clock.now();
  const ms = row!.ms;
  return ms < before ? ms - before : ms > after ? ms - after : 0;
}

/** One look answers all who ask within this time. */
const FRESH_MS = 1000;

export function healthRoutes({ database, renderer, clock, isDraining, metrics }: HealthDeps): Handlers["health"] {
  let last: { readonly at: number; readonly look: Promise<void> } | null = null;

  async function look(): Promise<void> {
    await Promise.all([askDatabase(database), renderer.check()]);
  }

  async function ready(): Promise<{ status: string }> {
    if (isDraining()) throw new ApiError("unavailable", "The service is ending", { retryAfter: 5 });
    const now = clock.now();
    if (last === null || Math.abs(now - last.at) >= FRESH_MS) last = { at: now, look: look() };
    try {
      await last.look;
    } catch (error) {
      throw new ApiError("unavailable", "Storage or the PDF workers do not answer", { retryAfter: 1, cause: error });
    }
    return { status: "ok" };
  }

  return {
    live: async () => ({ status: "ok" }),
    ready,
    healthcheck: ready,
    metrics: async (_input, context) => reply(await metrics.read(context)),
  };
}
