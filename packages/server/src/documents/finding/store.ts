/** Documents found by what is said of them: the list, and those that are deleted together. */
import type { Database } from "../../ports.ts";
import { type Filter, joined, metadataFilter, type MetadataFilter } from "../metadata/store.ts";
import { documentOf, type DocumentRow } from "../store.ts";

export interface DocumentListQuery {
  readonly pageSize: number;
  readonly cursor?: string;
  /** Part of the title, upper and lower case alike. */
  readonly title?: string;
  /** Values as text; all of them must be there. */
  readonly metadata?: MetadataFilter;
  readonly orderBy: "title" | "created_at";
  readonly orderDirection: "asc" | "desc";
  readonly countRemaining: boolean;
}

export interface DocumentList {
  readonly documents: readonly DocumentRow[];
  readonly nextCursor: string | null;
  readonly prevCursor: string | null;
  /** Of all that match. */
  readonly count: number;
  /** Before the first and after the last of these; only with `countRemaining`. */
  readonly prevCount?: number;
  readonly nextCount?: number;
}

/** Where a page of the list begins: behind or before the document with this key and id, in the list's order. */
export interface ListPosition {
  readonly direction: "next" | "prev";
  readonly key: string | number;
  readonly id: string;
}

/** The statements of one page: at most one row more than asked for, so that one knows whether there are others. Rows come in the direction of travel. */
export async function listRows(
  database: Database,
  applicationId: string,
  query: DocumentListQuery,
  position: ListPosition | null,
): Promise<{ readonly rows: readonly DocumentRow[]; readonly count: number }> {
  const column = query.orderBy === "title" ? "COALESCE(title, '')" : "created_at";
  const filter = joined(titleFilter(query.title), metadataFilter(applicationId, query.metadata));
  const back = position?.direction === "prev";
  const ascending = (query.orderDirection === "asc") !== back;
  const after =
    position === null
      ? { sql: "", params: [] }
      : { sql: ` AND (${column}, id) ${ascending ? ">" : "<"} (?, ?)`, params: [position.key, position.id] };
  const direction = ascending ? "ASC" : "DESC";
  const [rows, counted] = await database.snapshot([
    {
      sql: `SELECT * FROM documents WHERE application_id = ?${filter.sql}${after.sql} ORDER BY ${column} ${direction}, id ${direction} LIMIT ?`,
      params: [applicationId, ...filter.params, ...after.params, query.pageSize + 1],
    },
    { sql: `SELECT COUNT(*) AS n FROM documents WHERE application_id = ?${filter.sql}`, params: [applicationId, ...filter.params] },
  ]);
  return { rows: rows!.map(documentOf), count: counted![0]!.n as number };
}

/** How many of the matching documents come before this one in the list's order. */
export async function countBefore(
  database: Database,
  applicationId: string,
  query: DocumentListQuery,
  key: string | number,
  id: string,
): Promise<number> {
  const column = query.orderBy === "title" ? "COALESCE(title, '')" : "created_at";
  const filter = joined(titleFilter(query.title), metadataFilter(applicationId, query.metadata));
  const sql = `SELECT COUNT(*) AS n FROM documents WHERE application_id = ?${filter.sql} AND (${column}, id) ${query.orderDirection === "asc" ? "<" : ">"} (?, ?)`;
  const [row] = await database.query(sql, [applicationId, ...filter.params, key, id]);
  return row!.n as number;
}

/** Engines differ in which letters LOWER and LIKE fold: ASCII in all, so the text as it was typed is asked for, too. */
function titleFilter(title: string | undefined): Filter {
  if (title === undefined || title === "") return { sql: "", params: [] };
  const escaped = `%${title.replace(/[\\%_]/g, "\\$&")}%`;
  const lower = escaped.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return { sql: " AND (LOWER(title) LIKE ? ESCAPE '\\' OR title LIKE ? ESCAPE '\\')", params: [lower, escaped] };
}

/** Times of making in milliseconds, both ends included. */
export interface DeletionFilter {
  readonly title?: string;
  readonly documentId?: string;
  readonly from?: number;
  readonly to?: number;
  /** As of the list. */
  readonly metadata?: MetadataFilter;
}

/** Ids of the documents that all of the filter names. */
export async function documentIdsOf(database: Database, applicationId: string, filter: DeletionFilter): Promise<readonly string[]> {
  const conditions = [
    { sql: " AND title = ?", value: filter.title },
    { sql: " AND id = ?", value: filter.documentId },
    { sql: " AND created_at >= ?", value: filter.from },
    { sql: " AND created_at <= ?", value: filter.to },
  ];
  const given = conditions.flatMap(({ sql, value }) => (value === undefined ? [] : { sql, params: [value] }));
  const { sql, params } = joined(...given, metadataFilter(applicationId, filter.metadata));
  const rows = await database.query(`SELECT id FROM documents WHERE application_id = ?${sql} ORDER BY created_at, id`, [
    applicationId,
    ...params,
  ]);
  return rows.map((row) => row.id as string);
}
