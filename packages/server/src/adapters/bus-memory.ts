/** Bus within one process: a hub and its nodes. A server alone is the only node of its hub, and hears nobody. */
import type { Bus } from "../ports.ts";

type Deliver = (topic: string, message: string) => void;

export interface MemoryBusHub {
  /** A bus as one server sees it. */
  join(): Bus;
}

export function memoryBusHub(): MemoryBusHub {
  const nodes = new Set<Deliver>();
  return { join: () => joinHub(nodes) };
}

export function memoryBus(): Bus {
  return memoryBusHub().join();
}

function joinHub(nodes: Set<Deliver>): Bus {
  const listeners = new Map<string, Set<(message: string) => void>>();
  const deliver: Deliver = (topic, message) => {
    for (const listener of listeners.get(topic) ?? []) {
      // later, and each for itself, as from a network: a publisher never runs a listener, whose failure is its own
      queueMicrotask(() => {
        if (listeners.get(topic)?.has(listener) === true) listener(message);
      });
    }
  };
  nodes.add(deliver);
  return {
    publish(topic, message) {
      if (!nodes.has(deliver)) return;
      for (const node of nodes) if (node !== deliver) node(topic, message);
    },
    subscribe(topic, listener) {
      // a wrapper of its own, so that the same function may be subscribed twice
      const own = (message: string): void => listener(message);
      const all = listeners.get(topic) ?? new Set();
      listeners.set(topic, all.add(own));
      return () => {
        all.delete(own);
        if (all.size === 0 && listeners.get(topic) === all) listeners.delete(topic);
      };
    },
    close() {
      nodes.delete(deliver);
      listeners.clear();
      return Promise.resolve();
    },
  };
}
