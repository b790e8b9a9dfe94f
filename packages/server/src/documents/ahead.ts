/** What somebody will probably ask for next, made while nobody waits. A few at a time: the newest wishes push out the oldest, for a reader who scrolls on. */
import { ApiError } from "@lectern/protocol/plain";

export interface Ahead {
  /** `key` names the wish, so that it is made once. */
  want(key: string, make: (signal: AbortSignal) => Promise<unknown>): void;
  close(): void;
}

export function ahead(options: { readonly most: number; readonly onError: (what: string, error: unknown) => void }): Ahead {
  const wishes = new Map<string, AbortController>();
  return {
    want(key, make) {
      if (wishes.has(key)) return;
      const abort = new AbortController();
      wishes.set(key, abort);
      if (wishes.size > options.most) {
        const [oldest] = wishes.keys();
        wishes.get(oldest!)?.abort();
        wishes.delete(oldest!);
      }
      make(abort.signal)
        .catch((error: unknown) => {
          // That a page cannot be drawn is told to whoever asks for it.
          if (!abort.signal.aborted && !(error instanceof ApiError)) options.onError("drawing a page ahead", error);
        })
        .finally(() => {
          if (wishes.get(key) === abort) wishes.delete(key);
        });
    },
    close() {
      for (const abort of wishes.values()) abort.abort();
      wishes.clear();
    },
  };
}
