/**
 * The peer: Hocuspocus as its documentation sets it up, storing into SQLite with the settings that we use. `node server.mjs <database> <port>`; says
 * "listening" when it is, and "stored" each time it has saved a document.
 */
import { Database } from "@hocuspocus/extension-database";
import { Server } from "@hocuspocus/server";
import { DatabaseSync } from "@photostructure/sqlite";

const [path, port] = /** @type {[string, string]} */ (process.argv.slice(2));
const database = new DatabaseSync(path);
for (const pragma of ["journal_mode = WAL", "synchronous = FULL"]) database.exec(`PRAGMA ${pragma}`);
database.exec("CREATE TABLE IF NOT EXISTS documents (name TEXT PRIMARY KEY, data BLOB NOT NULL)");
const statements = {
  // A database that nothing refers to is collected, and its statements crash.
  database,
  read: database.prepare("SELECT data FROM documents WHERE name = ?"),
  write: database.prepare("INSERT INTO documents (name, data) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET data = excluded.data"),
};

const server = new Server({
  port: Number(port),
  address: "127.0.0.1",
  quiet: true,
  extensions: [
    new Database({
      fetch: ({ documentName }) => Promise.resolve(statements.read.get(documentName)?.data ?? null),
      store: ({ documentName, state }) => {
        statements.write.run(documentName, state);
        process.stdout.write("stored\n");
        return Promise.resolve();
      },
    }),
  ],
});
await server.listen();
process.stdout.write("listening\n");
