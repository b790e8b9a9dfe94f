/**
 * The service's one SQL text as PostgreSQL wants it: `?` become `$1`, `$2`, …, and in what makes tables BLOB is BYTEA and TEXT is compared byte
 * by byte, as SQLite does it, whatever the collation of the database is.
 */

/** What is between single quotes stays as it is. */
function outsideOfLiterals(sql: string, change: (code: string) => string): string {
  return sql
    .split(/('(?:[^']|'')*')/)
    .map((part, index) => (index % 2 === 1 ? part : change(part)))
    .join("");
}

export function postgresText(sql: string): string {
  let parameters = 0;
  const numbered = outsideOfLiterals(sql, (code) => code.replaceAll("?", () => `$${++parameters}`));
  if (!/^\s*(create\s+table|alter\s+table)\b/i.test(sql)) return numbered;
  return outsideOfLiterals(numbered, (code) => code.replaceAll(/\bBLOB\b/gi, "BYTEA").replaceAll(/\bTEXT\b/gi, 'TEXT COLLATE "C"'));
}
