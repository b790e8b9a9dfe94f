import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadMigrations } from "../migrations/migrate.ts";
import type { Database } from "../ports.ts";
import { databaseSuite } from "../testing/database.suite.ts";
import { hasPostgres, type TestPostgres, testPostgres } from "../testing/test-postgres.ts";
import { postgresDatabase } from "./database-postgres.ts";

const THINGS = [{ name: "1.sql", sql: "CREATE TABLE things (id TEXT PRIMARY KEY, n BIGINT NOT NULL)" }];
const insert = (id: string, n = 0) => ({ sql: "INSERT INTO things (id, n) VALUES (?, ?)", params: [id, n] });

describe.skipIf(!(await hasPostgres()))("PostgreSQL", () => {
  const made: TestPostgres[] = [];
  const open: Database[] = [];
  const warnings: string[] = [];
  async function server(options?: string): Promise<TestPostgres> {
    const postgres = await testPostgres(options);
    made.push(postgres);
    return postgres;
  }
  async function node(postgres: TestPostgres, connections = 4): Promise<Database> {
    const database = await postgresDatabase({ url: postgres.url, connections, onWarning: (text) => warnings.push(text) });
    open.push(database);
    return database;
  }
  /** What is connected to it: as when the server restarts. */
  const cutOff = async (postgres: TestPostgres): Promise<void> => {
    await postgres.admin(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${new URL(postgres.url).pathname.slice(1)}' AND pid <> pg_backend_pid()`,
    );
  };
  afterAll(async () => {
    await Promise.all(open.map((database) => database.close()));
    await Promise.all(made.map((postgres) => postgres.drop()));
  });

  databaseSuite(async () => postgresDatabase({ url: (await server()).url }));

  describe("with two nodes", () => {
    let postgres: TestPostgres;
    let one: Database;
    let two: Database;
    beforeAll(async () => {
      postgres = await server();
      [one, two] = await Promise.all([node(postgres), node(postgres)]);
      await Promise.all([one.migrate(THINGS), two.migrate(THINGS)]);
    });

    it("runs the service's migrations once, whoever comes first", async () => {
      const other = await server();
      const nodes = await Promise.all(Array.from({ length: 4 }, () => node(other)));
      const migrations = await loadMigrations();
      await Promise.all(nodes.map((each) => each.migrate(migrations)));
      expect(await nodes[0]!.query("SELECT name FROM migrations ORDER BY n")).toEqual(migrations.map(({ name }) => ({ name })));
    });

    it("lets one of them have a lock", async () => {
      let inside = 0;
      let most = 0;
      const work = async (): Promise<void> => {
        most = Math.max(most, ++inside);
        await one.query("SELECT 1 AS one");
        inside--;
      };
      await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : two).lock("the lock", work)));
      expect(most).toBe(1);
    });

    it("lets one of them win each step of a counter", async () => {
      await one.transaction([insert("counter")]);
      const race = async (database: Database, name: string): Promise<number> => {
        let won = 0;
        for (let n = 0; n < 30; n++) {
          const step = { sql: "UPDATE things SET n = ? WHERE id = ? AND n = ?", params: [n + 1, "counter", n], expect: 1 };
          await database.transaction([step, insert(`step ${n}`)]).then(
            () => won++,
            (error: Error) => expect(error.name, name).toBe("Conflict"),
          );
        }
        return won;
      };
      const [ones, twos] = await Promise.all([race(one, "one"), race(two, "two")]);
      expect(ones + twos).toBe(30);
      expect(await one.query("SELECT count(*) AS n FROM things WHERE id LIKE 'step %'")).toEqual([{ n: 30 }]);
    });

    it("runs a transaction again that had to give way in a deadlock", async () => {
      await one.transaction([insert("left"), insert("right")]);
      const add = (id: string) => ({ sql: "UPDATE things SET n = n + 1 WHERE id = ?", params: [id] });
      await Promise.all(
        Array.from({ length: 6 }, (_, i) =>
          i % 2 === 0 ? one.transaction([add("left"), add("right")]) : two.transaction([add("right"), add("left")]),
        ),
      );
      expect(await two.query("SELECT id, n FROM things WHERE id IN (?, ?) ORDER BY id", ["left", "right"])).toEqual([
        { id: "left", n: 6 },
        { id: "right", n: 6 },
      ]);
    });

    it("acknowledges nothing that a broken connection lost, and goes on with a new one", async () => {
      const acknowledged = new Set<string>();
      const failures: unknown[] = [];
      let running = true;
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let i = 0; running; i++) {
          const id = `cut ${writer} ${i}`;
          // one with an expectation takes two trips: the connection may break between them
          const expect = i % 2 === 0 ? { expect: 1 } : {};
          await one.transaction([{ ...insert(id), ...expect }, insert(`${id} twin`)]).then(
            () => acknowledged.add(id),
            (error: unknown) => failures.push(error),
          );
        }
      });
      for (let cuts = 0; cuts < 6; cuts++) {
        const before = acknowledged.size;
        await expect.poll(() => acknowledged.size, { interval: 5, timeout: 10_000 }).toBeGreaterThan(before + 20);
        await cutOff(postgres);
      }
      running = false;
      await Promise.all(writers);
      const rows = (
        await two
          .query<{ id: string }>("SELECT id FROM things WHERE id LIKE 'cut %'")
          .catch(() => two.query<{ id: string }>("SELECT id FROM things WHERE id LIKE 'cut %'"))
      ).map(({ id }) => id);
      const stored = new Set(rows);
      expect([...acknowledged].filter((id) => !stored.has(id) || !stored.has(`${id} twin`))).toEqual([]);
      expect(rows.filter((id) => !id.endsWith("twin") && !stored.has(`${id} twin`))).toEqual([]);
      expect(failures.length).toBeGreaterThan(0);
      for (const error of failures) expect(error).toMatchObject({ code: "unavailable" });
    });

    it("waits for the disk, and does not let a process that was stopped in the middle of a transaction hold up the others", async () => {
      const [rows] = await one.transaction([
        { sql: "SELECT current_setting('synchronous_commit') AS waits, current_setting('idle_in_transaction_session_timeout') AS held" },
      ]);
      expect(rows).toEqual([{ waits: "on", held: "3s" }]);
    });
  });

  it("compares text byte by byte, whatever the collation of the database", async () => {
    const database = await node(await server("LOCALE_PROVIDER icu ICU_LOCALE 'en-US' TEMPLATE template0"));
    await database.migrate(THINGS);
    const names = ["a", "B", "ä", "Z", "_", "b", "10", "9", "é"];
    await database.transaction(names.map((name) => insert(name)));
    const rows = await database.query<{ id: string }>("SELECT id FROM things ORDER BY id");
    expect(rows.map(({ id }) => id)).toEqual([...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    expect(await database.query("SELECT id FROM things WHERE lower(id) LIKE ? ESCAPE '!'", ["z"])).toEqual([{ id: "Z" }]);
  });

  it("says at the start what is wrong with the server", async () => {
    const latin = await server("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    await expect(node(latin)).rejects.toThrow("the database's encoding is LATIN1; it must be UTF8");
    const [one] = made;
    await expect(postgresDatabase({ url: `${one!.url}_missing` })).rejects.toThrow(/Cannot use PostgreSQL at .*_missing: .*does not exist/);
    await expect(postgresDatabase({ url: "postgres://127.0.0.1:1/nothing" })).rejects.toThrow(
      /Cannot use PostgreSQL at 127.0.0.1:1\/nothing: .*ECONNREFUSED/,
    );
  });

  it("refuses what comes after it was closed", async () => {
    const database = await node(made[0]!);
    await database.close();
    open.splice(open.indexOf(database), 1);
    await expect(database.query("SELECT 1 AS one")).rejects.toMatchObject({ code: "unavailable" });
    await expect(database.transaction([])).rejects.toMatchObject({ code: "unavailable" });
  });
});
