/**
 * A PostgreSQL database of its own for a test: on the server of DATABASE_URL, else on the one that answers on this machine. Without a server such
 * tests are skipped, but for CI, where that is a failure.
 */
import { randomBytes } from "node:crypto";
import pg from "pg";

const SERVER = process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";

export interface TestPostgres {
  readonly url: string;
  /** Runs SQL as the server's administrator, outside of the service. */
  admin(sql: string): Promise<pg.QueryResult<Record<string, unknown>>>;
  /** Ends whatever is connected to it, and removes it. */
  drop(): Promise<void>;
}

/** null: there is no server. */
async function connect(url: string): Promise<pg.Client | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end();
    if (process.env.CI === "true" || process.env.DATABASE_URL !== undefined)
      throw new Error("these tests need a PostgreSQL server: set DATABASE_URL", { cause: error });
    return null;
  }
}

/** Whether there is a server; says so once when not. */
export async function hasPostgres(): Promise<boolean> {
  const client = await connect(SERVER);
  if (client === null)
    process.stderr.write("No PostgreSQL answers on 127.0.0.1:5432 and DATABASE_URL is not set: its tests are skipped.\n");
  await client?.end();
  return client !== null;
}

/** `options`: of CREATE DATABASE. */
export async function testPostgres(options = ""): Promise<TestPostgres> {
  const name = `lectern_test_${randomBytes(6).toString("hex")}`;
  const admin = async (sql: string): Promise<pg.QueryResult<Record<string, unknown>>> => {
    const client = await connect(SERVER);
    if (client === null) throw new Error("the PostgreSQL server has gone");
    try {
      return await client.query<Record<string, unknown>>(sql);
    } finally {
      await client.end();
    }
  };
  await admin(`CREATE DATABASE ${name} ${options}`);
  const url = new URL(SERVER);
  url.pathname = `/${name}`;
  return { url: url.href, admin, drop: async () => void (await admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)) };
}
