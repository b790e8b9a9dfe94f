/** What every bus over a network shares: who listens to which topic here. */
export interface Topics {
  /** Returns how to stop. */
  add(topic: string, listener: (message: string) => void): () => void;
  deliver(topic: string, message: string): void;
  /** All that somebody listens to. */
  names(): string[];
  clear(): void;
}

export interface TopicsOptions {
  /** The first listener of a topic came; the last one went. */
  readonly onFirst?: (topic: string) => void;
  readonly onLast?: (topic: string) => void;
  /** A listener failed: its failure is its own. */
  readonly onError: (error: unknown) => void;
}

export function busTopics({ onFirst, onLast, onError }: TopicsOptions): Topics {
  const listeners = new Map<string, Set<(message: string) => void>>();
  return {
    add(topic, listener) {
      // a wrapper of its own, so that the same function may be subscribed twice
      const own = (message: string): void => listener(message);
      const all = listeners.get(topic) ?? new Set();
      if (all.size === 0) {
        listeners.set(topic, all);
        onFirst?.(topic);
      }
      all.add(own);
      return () => {
        if (!all.delete(own) || all.size > 0 || listeners.get(topic) !== all) return;
        listeners.delete(topic);
        onLast?.(topic);
      };
    },
    deliver(topic, message) {
      for (const listener of listeners.get(topic) ?? []) {
        try {
          listener(message);
        } catch (error) {
          onError(error);
        }
      }
    },
    names: () => [...listeners.keys()],
    clear: () => listeners.clear(),
  };
}
