/**
 * What SQL may say so that one text runs on SQLite and on PostgreSQL, and so that an adapter may number its `?` by plain replacing.
 * `sqlProblems` is for a statement, `schemaProblems` for a migration. Both answer with sentences; none means fine.
 */

const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\$\d|[:@][a-z_]\w*/i, "parameters are `?`"],
  [/["`[\]]/, "names are not quoted; a string is in single quotes"],
  [
    /\b(integer|int|int4|int8|real|float|double|numeric|decimal|boolean|bool|varchar|char|json|jsonb|bytea|timestamp|timestamptz|datetime|serial|bigserial)\b/i,
    "types are TEXT, BIGINT and BLOB",
  ],
  [
    /\b(now|date|time|datetime|julianday|strftime|unixepoch|random|randomblob|gen_random_uuid)\s*\(|\bcurrent_(timestamp|date|time)\b/i,
    "time and randomness are parameters",
  ],
  [/->|\bjson\w*\s*\(/i, "JSON is text that is never queried"],
  [
    /\b(ifnull|nvl|iif|group_concat|string_agg|instr|strpos|printf|format|hex|typeof|last_insert_rowid)\s*\(/i,
    "a function of one engine only",
  ],
  [/\binsert\s+or\b|\breplace\s+into\b|\bupdate\s+or\b/i, "upsert is ON CONFLICT … DO"],
  [/\bfor\s+(update|share)\b|\bskip\s+locked\b/i, "no locking clauses"],
  [
    /\b(array|any|unnest|generate_series|lateral|ilike|similar|glob|regexp|match|rowid|autoincrement|pragma|attach|vacuum|strict|without\s+rowid|collate|returning\s+rowid|full\s+join|full\s+outer)\b/i,
    "a word of one engine only",
  ],
  [/\bwith\b[\s\S]*\bas\s*\(\s*(insert|update|delete)\b/i, "no data-modifying WITH"],
  [/\blimit\s+(-|\?\s*,|\d+\s*,)/i, "LIMIT n OFFSET m, without a negative n"],
  [/\bis\s+(?!(not\s+)?null\b|(not\s+)?distinct\s+from\b)/i, "IS is for NULL only"],
  [/\?\s+is\b|\?\s*\|\||\|\|\s*\?/i, "a parameter whose type no column tells"],
  [/\|\||==/, "no || and no =="],
  [/\blike\b(?!\s*\?\s*escape\b)/i, "LIKE takes a parameter and an ESCAPE, since engines differ without it"],
  [/(?<!lower\s*\([^()]*\)\s*)\blike\b/i, "LIKE compares lower(…), since engines differ in case"],
  [/(?<!\bcast\s*\(\s*(coalesce\s*\(\s*)?)\b(sum|avg)\s*\(/i, "CAST(sum(…) AS BIGINT), since engines differ in its type"],
  [/^\s*(update|delete)\b(?:[^()]|\([^()]*(?:\([^()]*\)[^()]*)*\))*\blimit\b/i, "UPDATE and DELETE have no LIMIT"],
  [/\bunion\b|\bintersect\b|\bexcept\b(?![\s\S]*\border\s+by\b)/i, "say an order, or make two statements"],
];

/** Words that PostgreSQL does not take as the name of a column or table. */
const RESERVED = new Set(
  (
    "all analyse analyze and any array as asc asymmetric authorization between binary both case cast check collate column constraint create cross default deferrable " +
    "desc distinct do else end except false fetch for foreign freeze from full grant group having in initially inner intersect into is isnull join lateral leading " +
    "left like limit natural not notnull null offset on only or order outer overlaps placing primary references returning right select similar some symmetric table " +
    "tablesample then to trailing true union unique user using variadic verbose when where window with"
  ).split(" "),
);

function withoutComments(sql: string): string {
  return sql.replaceAll(/--.*$/gm, "");
}

/** Literals are emptied, so that their text is no SQL. */
function split(sql: string): { code: string; literals: string[] } {
  const literals: string[] = [];
  const code = withoutComments(sql).replaceAll(/'(?:[^']|'')*'/g, (literal) => {
    literals.push(literal);
    return "''";
  });
  return { code, literals };
}

export function sqlProblems(sql: string): string[] {
  const { code, literals } = split(sql);
  const problems = FORBIDDEN.filter(([pattern]) => pattern.test(code)).map(
    ([pattern, why]) => `${why} (${pattern.exec(code)?.[0].trim() ?? ""})`,
  );
  if (literals.some((literal) => /[?;]|--/.test(literal))) problems.push("a literal holds ?, ; or --");
  return [...problems, ...upsertProblems(code)];
}

/** In DO UPDATE SET a bare name means either row to PostgreSQL: it says `excluded.n` or `table.n`. */
function upsertProblems(code: string): string[] {
  const set = /\bdo\s+update\s+set\b([\s\S]*?)(\breturning\b|$)/i.exec(code)?.[1];
  if (set === undefined) return [];
  const keywords = /^(where|and|or|not|null|case|when|then|else|end|is|distinct|from|coalesce|cast|as|bigint|text|in|between)$/i;
  const bare = [...set.matchAll(/(?<![\w.])([a-z_]\w*)(?!\s*[.(=\w])/gi)].map((match) => match[1]!).filter((name) => !keywords.test(name));
  return bare.map((name) => `in DO UPDATE SET, ${name} must say whose it is: excluded.${name} or table.${name}`);
}

/** A migration: CREATE TABLE, CREATE INDEX, ALTER TABLE … ADD, and statements for the data. */
export function schemaProblems(sql: string): string[] {
  const { code } = split(sql);
  const tables = [...code.matchAll(/\bcreate\s+table\s+(\w+)\s*\(([\s\S]*?)\n?\)\s*;/gi)];
  const declared = [...code.matchAll(/\bcreate\s+table\b/gi)].length;
  const problems = declared === tables.length ? [] : [`${declared} tables are made, ${tables.length} could be read`];
  for (const [, table, body] of tables) {
    if (RESERVED.has(table!.toLowerCase())) problems.push(`${table} is a reserved word`);
    for (const column of columnsOf(body!)) {
      const [, name, type] = /^(\w+)\s+(\w+)/.exec(column) ?? [];
      if (name === undefined) problems.push(`${table}: cannot read "${column}"`);
      else if (RESERVED.has(name.toLowerCase())) problems.push(`${table}.${name} is a reserved word`);
      else if (!/^(TEXT|BIGINT|BLOB)$/.test(type!)) problems.push(`${table}.${name} is ${type}; types are TEXT, BIGINT and BLOB`);
    }
  }
  return [...problems, ...code.split(";").flatMap((statement) => sqlProblems(statement))];
}

function columnsOf(body: string): string[] {
  return body
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "" && !/^(primary\s+key|unique|foreign\s+key|check|constraint)\b/i.test(part));
}
