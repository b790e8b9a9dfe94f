/** How far each person has looked at a layer. */
import type { Database } from "../ports.ts";

/** 0 when the person has never looked. */
export async function seenSeq(database: Database, layerId: string, userId: string): Promise<number> {
  const [row] = await database.query<{ seq: number }>("SELECT seq FROM seen WHERE layer_id = ? AND user_id = ?", [layerId, userId]);
  return row?.seq ?? 0;
}

/** Never goes back. */
export async function keepSeen(
  database: Database,
  { layerId, userId, seq }: { readonly layerId: string; readonly userId: string; readonly seq: number },
): Promise<void> {
  await database.transaction([
    {
      sql: `INSERT INTO seen (layer_id, user_id, seq) VALUES (?, ?, ?) ON CONFLICT (layer_id, user_id) DO UPDATE
        SET seq = CASE WHEN excluded.seq > seen.seq THEN excluded.seq ELSE seen.seq END`,
      params: [layerId, userId, seq],
    },
  ]);
}
