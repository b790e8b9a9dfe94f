/** The layer's changes as far as they have been read, newest first: the list in the sidebar and the bar of the past share them. */
import type { ChangeSummary } from "@lectern/protocol";
import type { SyncClient } from "@lectern/sync/client";
import { type ReadonlySignal, signal } from "@preact/signals";
import type { LayerHistory } from "../source/source.ts";

export interface LoadedChanges {
  readonly changes: readonly ChangeSummary[];
  /** Older ones are before it; null: there are none. */
  readonly next: number | null;
  /** The first state that can be seen. */
  readonly floor: number;
  readonly seen: number | null;
}

export interface Changes {
  readonly loaded: ReadonlySignal<LoadedChanges | null>;
  /** Why they could not be read. */
  readonly failed: ReadonlySignal<string | null>;
  refresh(): void;
  /** Those before the oldest that is known. */
  more(): void;
  /** Reads again whenever something changes, until the returned function is called. */
  follow(): () => void;
}

/** A burst of changes is read once. */
const CALM_MS = 400;

export function createChanges(history: LayerHistory, client: Pick<SyncClient, "seq" | "records">): Changes {
  const loaded = signal<LoadedChanges | null>(null);
  const failed = signal<string | null>(null);
  let seen: number | null | undefined;
  let looked = 0;

  /** For the next visit. When it fails, what was seen today is new once more then. */
  function keepLooked(seq: number): void {
    if (seq <= looked) return;
    looked = seq;
    history.looked(seq).catch(() => (looked = 0));
  }

  async function load(until: number): Promise<LoadedChanges> {
    const { data, next, floor, seen: now } = await history.changes(until);
    // As it was when this person came: their own looking does not make things old under their eyes.
    seen ??= now;
    return { changes: data, next, floor, seen: seen ?? null };
  }
  const tell = (error: unknown): void => void (failed.value = error instanceof Error ? error.message : String(error));

  const changes: Changes = {
    loaded,
    failed,
    refresh() {
      const now = Math.max(0, client.seq);
      load(now).then((news) => {
        failed.value = null;
        loaded.value = news;
        keepLooked(now);
      }, tell);
    },
    more() {
      const now = loaded.value;
      if (now === null || now.next === null) return;
      load(now.next).then((older) => (loaded.value = { ...older, changes: [...now.changes, ...older.changes] }), tell);
    },
    follow() {
      let timer = 0;
      changes.refresh();
      const stop = client.records.onChange(() => {
        clearTimeout(timer);
        timer = window.setTimeout(() => changes.refresh(), CALM_MS);
      });
      return () => {
        clearTimeout(timer);
        stop();
      };
    },
  };
  return changes;
}

/** Seqs of the moments to look at, oldest first: before the first change that is known, and after each. */
export function momentsOf({ changes, floor }: Pick<LoadedChanges, "changes" | "floor">): readonly number[] {
  const seqs = changes.map(({ seq }) => seq).reverse();
  const first = seqs[0];
  const before = first !== undefined && first - 1 >= floor ? [first - 1] : [];
  return [...before, ...seqs.filter((seq) => seq >= floor)];
}
