/** Applications: each has its own keys, documents and allowed origins. */
import { ApiError, newId } from "@lectern/protocol/plain";
import { type Clock, Conflict, type Database, type Random, type Statement } from "../ports.ts";

export interface Application {
  readonly id: string;
  readonly name: string;
  /** Origins whose pages may use session tokens; empty: any. */
  readonly allowedOrigins: readonly string[];
  readonly createdAt: number;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly allowed_origins: string;
  readonly created_at: number;
}

const SELECT = "SELECT id, name, allowed_origins, created_at FROM applications";
const INSERT = "INSERT INTO applications (id, name, allowed_origins, created_at) VALUES (?, ?, ?, ?)";

function applicationOf(row: Row): Application {
  return { id: row.id, name: row.name, allowedOrigins: JSON.parse(row.allowed_origins) as string[], createdAt: row.created_at };
}

/** The one that is there from the start. */
export const DEFAULT_APPLICATION = "default";

export async function ensureDefaultApplication(database: Database, clock: Clock): Promise<Application> {
  await database.transaction([
    { sql: `${INSERT} ON CONFLICT (id) DO NOTHING`, params: [DEFAULT_APPLICATION, "Default", "[]", clock.now()] },
  ]);
  return getApplication(database, DEFAULT_APPLICATION);
}

export async function createApplication(
  database: Database,
  name: string,
  {
    clock,
    random,
    also = () => [],
  }: { readonly clock: Clock; readonly random: Random; readonly also?: (id: string) => readonly Statement[] },
): Promise<Application> {
  const now = clock.now();
  const id = newId(now, random(10));
  await database.transaction([{ sql: INSERT, params: [id, name, "[]", now] }, ...also(id)]);
  return { id, name, allowedOrigins: [], createdAt: now };
}

/** Oldest first. */
export async function listApplications(database: Database): Promise<Application[]> {
  return (await database.query<Row>(`${SELECT} ORDER BY created_at, id`)).map(applicationOf);
}

export async function findApplication(database: Database, id: string): Promise<Application | null> {
  const [row] = await database.query<Row>(`${SELECT} WHERE id = ?`, [id]);
  return row === undefined ? null : applicationOf(row);
}

/** Throws ApiError `not_found`. */
export async function getApplication(database: Database, id: string): Promise<Application> {
  const found = await findApplication(database, id);
  if (found === null) throw new ApiError("not_found", "There is no such application");
  return found;
}

/** Changes what is given. Throws ApiError `not_found`. */
export async function updateApplication(
  database: Database,
  id: string,
  change: { readonly name?: string | undefined; readonly allowedOrigins?: readonly string[] | undefined },
  also: readonly Statement[] = [],
): Promise<Application> {
  const origins = change.allowedOrigins === undefined ? null : JSON.stringify(change.allowedOrigins);
  const update = {
    sql: `UPDATE applications SET name = coalesce(?, name), allowed_origins = coalesce(?, allowed_origins) WHERE id = ?
      RETURNING id, name, allowed_origins, created_at`,
    params: [change.name ?? null, origins, id],
    expect: 1,
  };
  const [rows] = await database.transaction([update, ...also]).catch((error: unknown) => {
    throw error instanceof Conflict ? new ApiError("not_found", "There is no such application", { cause: error }) : error;
  });
  return applicationOf(rows![0] as unknown as Row);
}
