/**
 * Rows of single-table reads, kept until something was written to that table. For a database that this process alone writes to: then what is
 * remembered is what a new read would find, since it is forgotten before the write that changes it is acknowledged.
 */
import type { Row, SqlValue, Statement } from "../ports.ts";

export interface Recall {
  /** What was read, or what `read` reads now. */
  rows(table: string, sql: string, params: readonly SqlValue[], read: () => Promise<Row[]>): Promise<Row[]>;
  /** These were committed; called before anybody is told. */
  written(statements: readonly Statement[]): void;
}

const MOST_READS = 2000;
const TARGET = /^\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)/i;
const READS = /^\s*SELECT\b/i;

export function recall(): Recall {
  /** By table, text and values. The texts are few. */
  const tables = new Map<string, Map<string, Map<string, Row[]>>>();
  /** The table that a statement writes to; null: none; undefined: unknown. */
  const targets = new Map<string, string | null | undefined>();

  function targetOf(sql: string): string | null | undefined {
    if (!targets.has(sql)) {
      // Texts are few, but for some that are put together from parts.
      if (targets.size >= MOST_READS) targets.clear();
      targets.set(sql, TARGET.exec(sql)?.[1] ?? (READS.test(sql) ? null : undefined));
    }
    return targets.get(sql);
  }

  async function readNow(
    { table, sql, values }: { readonly table: string; readonly sql: string; readonly values: string },
    read: () => Promise<Row[]>,
  ): Promise<Row[]> {
    const known = tables.get(table) ?? new Map<string, Map<string, Row[]>>();
    tables.set(table, known);
    const rows = await read();
    // A write that was committed meanwhile has put another map here: what was read may be older than it.
    if (tables.get(table) === known) {
      const asked = known.get(sql) ?? new Map<string, Row[]>();
      known.set(sql, asked);
      if (asked.size >= MOST_READS) asked.delete(asked.keys().next().value!);
      asked.set(values, rows);
    }
    return rows;
  }

  return {
    rows(table, sql, params, read) {
      const values = JSON.stringify(params);
      const remembered = tables.get(table)?.get(sql)?.get(values);
      return remembered === undefined ? readNow({ table, sql, values }, read) : Promise.resolve(remembered);
    },
    written(statements) {
      for (const { sql } of statements) {
        const target = targetOf(sql);
        if (target === undefined) tables.clear();
        else if (target !== null) tables.delete(target);
      }
    },
  };
}
