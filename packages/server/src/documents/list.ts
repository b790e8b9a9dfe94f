/** The list of an application's documents, page by page in both directions. Stable: equal titles or times are told apart by id. */
import * as z from "zod";
import { ApiError } from "@lectern/protocol/plain";
import type { Database } from "../ports.ts";
import { countBefore, type DocumentList, type DocumentListQuery, type ListPosition, listRows } from "./finding/store.ts";
import type { DocumentRow } from "./store.ts";

const Cursor = z.object({
  by: z.enum(["title", "created_at"]),
  to: z.enum(["next", "prev"]),
  key: z.union([z.string().max(4096), z.int()]),
  id: z.string().max(128),
});

/** Throws ApiError `invalid_parameters` for a cursor that is not of this list. */
export async function listDocuments(database: Database, applicationId: string, query: DocumentListQuery): Promise<DocumentList> {
  const position = query.cursor === undefined ? null : parseCursor(query.cursor, query);
  const { rows, count } = await listRows(database, applicationId, query, position);
  const more = rows.length > query.pageSize;
  const page = rows.slice(0, query.pageSize);
  const back = position?.direction === "prev";
  if (back) page.reverse();
  const [first, last] = [page[0], page.at(-1)];
  // Whoever turned a page may turn back, unless the rows that were there are gone: then the next list is empty.
  const hasNext = back || more;
  const hasPrev = back ? more : position !== null;
  const list: DocumentList = {
    documents: page,
    nextCursor: hasNext && last !== undefined ? cursorAt(last, "next", query) : null,
    prevCursor: hasPrev && first !== undefined ? cursorAt(first, "prev", query) : null,
    count,
  };
  if (!query.countRemaining) return list;
  if (first === undefined) return { ...list, prevCount: 0, nextCount: 0 };
  const prevCount = await countBefore(database, applicationId, query, keyOf(first, query), first.id);
  return { ...list, prevCount, nextCount: Math.max(0, count - prevCount - page.length) };
}

function keyOf(row: DocumentRow, { orderBy }: DocumentListQuery): string | number {
  return orderBy === "title" ? (row.title ?? "") : row.createdAt;
}

function cursorAt(row: DocumentRow, to: "next" | "prev", query: DocumentListQuery): string {
  const cursor: z.infer<typeof Cursor> = { by: query.orderBy, to, key: keyOf(row, query), id: row.id };
  return Buffer.from(JSON.stringify(cursor)).toString("base64url");
}

function parseCursor(text: string, query: DocumentListQuery): ListPosition {
  const wrong = new ApiError("invalid_parameters", "cursor is not one of this list", {
    failingPaths: [{ path: "$.cursor", details: "not a cursor of this list" }],
  });
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    throw wrong;
  }
  const parsed = Cursor.safeParse(json);
  if (!parsed.success) throw wrong;
  const { by, to, key, id } = parsed.data;
  if (by !== query.orderBy || typeof key !== (by === "title" ? "string" : "number")) throw wrong;
  return { direction: to, key, id };
}
