/** What every adapter of `Database` must do. `open` is called once; the suite closes what it got. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Conflict, type Database, type Migration, UniqueViolation } from "../ports.ts";

const THINGS: Migration = {
  name: "0001_things.sql",
  sql: "CREATE TABLE things (id TEXT PRIMARY KEY, n BIGINT UNIQUE, bytes BLOB, note TEXT NOT NULL);\n-- with an index; and a comment\nCREATE INDEX things_by_note ON things (note);",
};
const JOBS: Migration = {
  name: "0002_jobs.sql",
  sql: `CREATE TABLE jobs (id TEXT PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, payload TEXT NOT NULL, due_at BIGINT NOT NULL, attempts BIGINT NOT NULL,
    leased_by TEXT, leased_until BIGINT, created_at BIGINT NOT NULL, UNIQUE (kind, key))`,
};

export function databaseSuite(open: () => Promise<Database>): void {
  describe("database", () => {
    let database: Database;
    const insert = (id: string, n: number | null = null, note: string | null = "note") => ({
      sql: "INSERT INTO things (id, n, note) VALUES (?, ?, ?)",
      params: [id, n, note],
    });
    const ids = async (prefix: string): Promise<string[]> =>
      (await database.query<{ id: string }>("SELECT id FROM things WHERE id >= ? AND id < ? ORDER BY id", [prefix, `${prefix}~`])).map(
        (row) => row.id,
      );

    beforeAll(async () => {
      database = await open();
      await database.migrate([THINGS]);
    });
    afterAll(() => database.close());

    it("gives back text, numbers, bytes and nulls as they were written", async () => {
      const values = ["values", 2 ** 53 - 1, new Uint8Array([0, 1, 255]), "\u{1F600} '\"\\ \n"];
      const [returned] = await database.transaction([
        { sql: "INSERT INTO things (id, n, bytes, note) VALUES (?, ?, ?, ?) RETURNING n, bytes", params: values },
      ]);
      expect(returned).toEqual([{ n: 2 ** 53 - 1, bytes: new Uint8Array([0, 1, 255]) }]);
      const rows = await database.query("SELECT * FROM things WHERE id = ?", ["values"]);
      expect(rows).toEqual([{ id: "values", n: values[1], bytes: values[2], note: values[3] }]);
      await database.transaction([{ sql: "UPDATE things SET n = NULL, bytes = NULL WHERE id = ?", params: ["values"] }]);
      expect(await database.query("SELECT n, bytes FROM things WHERE id = ?", ["values"])).toEqual([{ n: null, bytes: null }]);
    });

    it("refuses values that engines would cut or round", async () => {
      await expect(database.transaction([insert("cut", null, "a\0b")])).rejects.toMatchObject({ code: "invalid_parameters" });
      await expect(database.transaction([insert("cut", 1.5)])).rejects.toThrow(TypeError);
      await expect(database.transaction([insert("cut", 2 ** 53)])).rejects.toThrow(TypeError);
      await expect(database.query("SELECT id FROM things WHERE id = ?", ["\0"])).rejects.toMatchObject({ code: "invalid_parameters" });
      expect(await ids("cut")).toEqual([]);
    });

    it("writes all statements of a transaction or none", async () => {
      await expect(database.transaction([insert("none1"), insert("none2", null, null)])).rejects.toThrow();
      await expect(database.transaction([insert("none3"), { sql: "INSERT INTO nowhere (id) VALUES (?)", params: ["x"] }])).rejects.toThrow(
        "nowhere",
      );
      expect(await ids("none")).toEqual([]);
      await database.transaction([insert("some1"), insert("some2")]);
      expect(await ids("some")).toEqual(["some1", "some2"]);
    });

    it("tells which statement broke a key", async () => {
      await database.transaction([insert("key", 77)]);
      await expect(database.transaction([insert("keyless"), insert("key")])).rejects.toEqual(new UniqueViolation(1));
      await expect(database.transaction([insert("key2", 77)])).rejects.toEqual(new UniqueViolation(0));
      expect(await ids("key")).toEqual(["key"]);
    });

    it("undoes a transaction whose expectation does not hold, and says which statement", async () => {
      await database.transaction([insert("seq", 5)]);
      const advance = { sql: "UPDATE things SET n = ? WHERE id = ? AND n = ?", params: [6, "seq", 5], expect: 1 };
      await database.transaction([advance]);
      await expect(database.transaction([insert("seq-late"), advance])).rejects.toEqual(new Conflict(1));
      const found = { sql: "SELECT id FROM things WHERE id = ?", params: ["seq"] };
      await expect(database.transaction([{ ...found, expect: 0 }, insert("seq-none")])).rejects.toEqual(new Conflict(0));
      await database.transaction([{ ...found, expect: 1 }, insert("seq-some")]);
      expect(await ids("seq")).toEqual(["seq", "seq-some"]);
    });

    it("keeps the failure of one concurrent transaction from its neighbours", async () => {
      const writes = Array.from({ length: 60 }, (_, i) => {
        const name = `many${String(i).padStart(2, "0")}`;
        if (i % 3 === 0) return database.transaction([insert(name)]);
        if (i % 3 === 1) return database.transaction([insert(name), insert("many00")]);
        return database.transaction([insert(name), { sql: "UPDATE things SET note = ? WHERE id = ?", params: ["x", "nobody"], expect: 1 }]);
      });
      const results = await Promise.allSettled(writes);
      expect(results.map((result) => (result.status === "fulfilled" ? "ok" : (result.reason as Error).name))).toEqual(
        results.map((_, i) => ["ok", "UniqueViolation", "Conflict"][i % 3]),
      );
      expect(await ids("many")).toEqual(results.flatMap((_, i) => (i % 3 === 0 ? [`many${String(i).padStart(2, "0")}`] : [])));
    });

    it("lets only one of many win a compare-and-swap", async () => {
      await database.transaction([insert("swap", 2_000)]);
      const attempts = Array.from({ length: 20 }, (_, i) =>
        database.transaction([
          { sql: "UPDATE things SET note = ?, n = n + 1 WHERE id = ? AND n = ?", params: [`by ${i}`, "swap", 2_000], expect: 1 },
        ]),
      );
      const results = await Promise.allSettled(attempts);
      expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
      expect(await database.query("SELECT n FROM things WHERE id = ?", ["swap"])).toEqual([{ n: 2_001 }]);
    });

    it("shows every read what was acknowledged before it was asked", async () => {
      for (let i = 0; i < 50; i++) {
        await database.transaction([insert(`seen${i}`)]);
        expect(await database.query("SELECT id FROM things WHERE id = ?", [`seen${i}`])).toEqual([{ id: `seen${i}` }]);
      }
    });

    it("recalls what was acknowledged last, however often and whenever it is asked", async () => {
      const sql = "SELECT note FROM things WHERE id = ?";
      const noteOf = async (): Promise<unknown> => (await database.recall("things", sql, ["recalled"]))[0]?.["note"];
      expect(await noteOf()).toBeUndefined();
      await database.transaction([insert("recalled", null, "0")]);
      for (let n = 1; n <= 50; n++) {
        const [before, during] = [noteOf(), noteOf()];
        const written = database.transaction([{ sql: "UPDATE things SET note = ? WHERE id = ?", params: [String(n), "recalled"] }]);
        expect([String(n - 1), String(n)]).toContain(await before);
        expect([String(n - 1), String(n)]).toContain(await during);
        await written;
        expect([await noteOf(), await noteOf()]).toEqual([String(n), String(n)]);
        expect(await database.recall("things", sql, ["another"])).toEqual([]);
      }
      await database.transaction([{ sql: "DELETE FROM things WHERE id = ?", params: ["recalled"] }]);
      expect(await noteOf()).toBeUndefined();
    });

    it("reads several things as of one moment", async () => {
      await database.transaction([insert("twin1", 10_000), insert("twin2", 20_000)]);
      const read = { sql: "SELECT n FROM things WHERE id = ?" };
      for (let i = 1; i <= 50; i++) {
        const write = database.transaction([
          { sql: "UPDATE things SET n = ? WHERE id = ?", params: [10_000 + i, "twin1"] },
          { sql: "UPDATE things SET n = ? WHERE id = ?", params: [20_000 + i, "twin2"] },
        ]);
        const [[one], [two]] = (await database.snapshot([
          { ...read, params: ["twin1"] },
          { ...read, params: ["twin2"] },
        ])) as [[{ n: number }], [{ n: number }]];
        expect(two.n - one.n).toBe(10_000);
        await write;
      }
    });

    it("does not write through a query", async () => {
      await expect(database.query("DELETE FROM things RETURNING id")).rejects.toThrow();
      await expect(database.snapshot([{ sql: "SELECT id FROM nowhere" }, { sql: "SELECT id FROM things" }])).rejects.toThrow("nowhere");
      expect(await ids("some")).toHaveLength(2);
    });

    it("runs a migration once, and only what is new", async () => {
      await database.migrate([THINGS]);
      await database.migrate([THINGS, JOBS]);
      await Promise.all([database.migrate([THINGS, JOBS]), database.migrate([THINGS, JOBS])]);
      expect(await database.query("SELECT name FROM migrations ORDER BY n")).toEqual([{ name: THINGS.name }, { name: JOBS.name }]);
    });

    it("lets two processes migrate at the same time", async () => {
      const later = [3, 4, 5].map((n) => ({ name: `000${n}_t.sql`, sql: `CREATE TABLE t${n} (id TEXT PRIMARY KEY)` }));
      await Promise.all([database.migrate([THINGS, JOBS, ...later]), database.migrate([THINGS, JOBS, ...later])]);
      expect(await database.query("SELECT count(*) AS n FROM migrations")).toEqual([{ n: 5 }]);
    });

    it("refuses a changed migration, and a database from the future", async () => {
      await expect(database.migrate([{ ...THINGS, sql: `${THINGS.sql} ` }])).rejects.toThrow("was changed");
      await expect(database.migrate([THINGS])).rejects.toThrow("newer version");
      await expect(database.migrate([THINGS, { ...JOBS, name: "0002_other.sql" }])).rejects.toThrow("0002_other.sql");
    });

    it("leaves nothing of a migration that fails", async () => {
      const applied = [THINGS, JOBS, ...[3, 4, 5].map((n) => ({ name: `000${n}_t.sql`, sql: `CREATE TABLE t${n} (id TEXT PRIMARY KEY)` }))];
      const broken = { name: "0006_broken.sql", sql: "CREATE TABLE fine (id TEXT PRIMARY KEY); INSERT INTO nowhere (id) VALUES ('x')" };
      await expect(database.migrate([...applied, broken])).rejects.toThrow("0006_broken.sql");
      await expect(database.query("SELECT id FROM fine")).rejects.toThrow("fine");
      await database.migrate([...applied, { ...broken, sql: "CREATE TABLE fine (id TEXT PRIMARY KEY)" }]);
      expect(await database.query("SELECT id FROM fine")).toEqual([]);
    });

    it("lets one at a time have a lock, in its turn, and others theirs", async () => {
      const steps: string[] = [];
      const hold = (lock: string, name: string, until: Promise<unknown> = Promise.resolve()): Promise<string> =>
        database.lock(lock, async () => {
          steps.push(`${name} begins`);
          await until;
          await database.query("SELECT 1 AS one");
          steps.push(`${name} ends`);
          return name;
        });
      let release = (): void => undefined;
      const first = hold("a", "first", new Promise<void>((resolve) => (release = resolve)));
      const failing = database.lock("a", () => Promise.reject(new Error("in vain")));
      const others = ["second", "third", "fourth", "fifth", "sixth"].map((name) => hold("a", name));
      expect(await hold("b", "other")).toBe("other");
      release();
      await expect(failing).rejects.toThrow("in vain");
      expect(await Promise.all([first, ...others])).toEqual(["first", "second", "third", "fourth", "fifth", "sixth"]);
      expect(steps.filter((step) => !step.startsWith("other"))).toEqual(
        ["first", "second", "third", "fourth", "fifth", "sixth"].flatMap((name) => [`${name} begins`, `${name} ends`]),
      );
      expect(steps.indexOf("other ends")).toBeLessThan(steps.indexOf("first ends"));
    });

    it("gives each due job to one worker until its lease ends", async () => {
      const job = (id: string, dueAt: number) => ({
        sql: "INSERT INTO jobs (id, kind, key, payload, due_at, attempts, created_at) VALUES (?, ?, ?, ?, ?, 0, 0)",
        params: [id, "prepare", id, "{}", dueAt],
      });
      await database.transaction([job("a", 30), job("b", 10), job("c", 20), job("d", 1_000)]);
      const claim = (worker: string, now: number, limit: number) => database.claimJobs({ worker, now, leaseUntil: now + 50, limit });
      expect((await claim("w1", 100, 2)).map((row) => row.id)).toEqual(["b", "c"]);
      const both = await Promise.all([claim("w2", 100, 5), claim("w3", 100, 5)]);
      expect(both.flatMap((rows) => rows.map((row) => row.id))).toEqual(["a"]);
      expect(await claim("w4", 149, 5)).toEqual([]);
      expect(await claim("w4", 150, 1)).toMatchObject([
        { id: "b", leased_by: "w4", leased_until: 200, attempts: 2, kind: "prepare", payload: "{}" },
      ]);
    });
  });
}
