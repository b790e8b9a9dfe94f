/** Child process of the kill -9 test: writes rows in eight concurrent loops and prints the id of each one that was acknowledged. */
import { writeSync } from "node:fs";
import { sqliteDatabase } from "../adapters/database-sqlite.ts";

const [path, run] = process.argv.slice(2) as [string, string];
const database = await sqliteDatabase({ path });
await database.migrate([
  { name: "1.sql", sql: "CREATE TABLE acked (id TEXT PRIMARY KEY, twin TEXT NOT NULL); CREATE TABLE twins (id TEXT PRIMARY KEY)" },
]);

await Promise.all(
  Array.from({ length: 8 }, async (_, loop) => {
    for (let i = 0; ; i++) {
      const id = `${run}-${loop}-${i}`;
      await database.transaction([
        { sql: "INSERT INTO twins (id) VALUES (?)", params: [id] },
        { sql: "INSERT INTO acked (id, twin) VALUES (?, ?)", params: [id, "x".repeat(500)] },
      ]);
      writeSync(1, `${id}\n`);
    }
  }),
);
