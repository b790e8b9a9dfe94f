/** How far each person has looked at a layer. */
import type { Database } from "../ports.ts";

export interface Seen {
  /** Everything up to here. */
  readonly seq: number;
  /** The list of what was changed, up to here; what was said may be unread all the same. */
  readonly history: number;
}

/** 0 when the person has never looked. */
export async function seenOf(database: Database, layerId: string, userId: string): Promise<Seen> {
  const [row] = await database.query<{ seq: number; history: number }>("SELECT seq, history FROM seen WHERE layer_id = ? AND user_id = ?", [
    layerId,
    userId,
  ]);
  return { seq: row?.seq ?? 0, history: Math.max(row?.seq ?? 0, row?.history ?? 0) };
}

/** Never goes back. */
export async function keepSeen(
  database: Database,
  { layerId, userId, seq, history }: Seen & { readonly layerId: string; readonly userId: string },
): Promise<void> {
  await database.transaction([
    {
      sql: `INSERT INTO seen (layer_id, user_id, seq, history) VALUES (?, ?, ?, ?) ON CONFLICT (layer_id, user_id) DO UPDATE
        SET seq = CASE WHEN excluded.seq > seen.seq THEN excluded.seq ELSE seen.seq END,
        history = CASE WHEN excluded.history > seen.history THEN excluded.history ELSE seen.history END`,
      params: [layerId, userId, seq, history],
    },
  ]);
}
