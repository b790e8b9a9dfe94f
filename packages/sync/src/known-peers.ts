/** What a room knows of the queues in use: rows of the log, each as new as the state of the layer, or newer while the room reads what it has missed. */
import type { ChangeLog, PeerRow } from "./change-log.ts";

export class KnownPeers {
  /** By sid. */
  readonly rows = new Map<string, PeerRow>();
  readonly #log: ChangeLog;

  constructor(log: ChangeLog) {
    this.#log = log;
  }

  read(sid: string): Promise<PeerRow | null> {
    return this.#log.peer(sid);
  }

  /** Does this row count more than was known here? Then others wrote what it counts, and the state may not have that yet. */
  isNews(sid: string, row: PeerRow | null): boolean {
    return (row?.lastN ?? 0) > (this.rows.get(sid)?.lastN ?? 0);
  }

  /** The newer one of what was read and what is known: a commit may have finished after the log was read. */
  latest(sid: string, read: PeerRow | null): PeerRow | null {
    return this.isNews(sid, read) ? read : (this.rows.get(sid) ?? read);
  }

  /** Reads those that are not known; `again`: all of them anew. `onNews` is called before the first that is news becomes known. */
  async learn(sids: Iterable<string>, { again = false, onNews }: { readonly again?: boolean; readonly onNews: () => void }): Promise<void> {
    const wanted = [...new Set(sids)].filter((sid) => sid !== "" && (again || !this.rows.has(sid)));
    await Promise.all(
      wanted.map(async (sid) => {
        const read = await this.#log.peer(sid);
        if (this.isNews(sid, read)) onNews();
        const row = again ? read : this.latest(sid, read);
        if (row === null) this.rows.delete(sid);
        else this.rows.set(sid, row);
      }),
    );
  }
}
