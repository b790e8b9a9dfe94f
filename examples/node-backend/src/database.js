// The app's own database: who uploaded what. Lectern's document ids are stored like any other foreign id.
import { DatabaseSync } from "@photostructure/sqlite";

/** @param {string} path a file, or ":memory:" */
export function openDatabase(path) {
  const sqlite = new DatabaseSync(path);
  sqlite.exec(`CREATE TABLE IF NOT EXISTS contracts (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, owner TEXT NOT NULL, document_id TEXT NOT NULL, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
  )`);
  const insert = sqlite.prepare("INSERT INTO contracts (title, owner, document_id) VALUES (?, ?, ?)");
  const list = sqlite.prepare("SELECT id, title, owner, created_at FROM contracts ORDER BY id DESC");
  const find = sqlite.prepare("SELECT id, title, owner, document_id FROM contracts WHERE id = ?");
  const remove = sqlite.prepare("DELETE FROM contracts WHERE id = ?");
  return {
    // The statements live as long as the connection they belong to.
    close: () => sqlite.close(),
    add: (title, owner, documentId) => Number(insert.run(title, owner, documentId).lastInsertRowid),
    all: () => list.all(),
    find: (id) => find.get(id) ?? null,
    remove: (id) => remove.run(id),
  };
}
