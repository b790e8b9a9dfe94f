/**
 * PORT: where a client's pushes wait until they are decided. The browser's lives in IndexedDB, so edits survive a closed tab;
 * this one in memory. A queue belongs to one (server, document, layer, user) and has one `sid`.
 */
import type { Op } from "@lectern/protocol";

export interface QueuedPush {
  /** 1, 2, 3, … in the order made; never used twice under one sid. */
  readonly n: number;
  readonly ops: readonly Op[];
}

export interface QueueState {
  /** 8 to 64 characters of `A-Za-z0-9_-`, random. */
  readonly sid: string;
  /** The last number given out, also when its push has been removed. */
  readonly lastN: number;
  /** Pushes not yet decided, in order. */
  readonly pushes: readonly QueuedPush[];
}

export interface PushQueue {
  load(): Promise<QueueState>;
  /** Resolved when the push survives a crash of the tab; raises `lastN`. */
  append(push: QueuedPush): Promise<void>;
  /** These are decided. */
  remove(ns: readonly number[]): Promise<void>;
  /** The server does not know this queue any more: drops all pushes and starts under a new `sid`. */
  reset(): Promise<QueueState>;
}

export function memoryQueue(newSid: () => string): PushQueue {
  let state: QueueState = { sid: newSid(), lastN: 0, pushes: [] };
  return {
    load: () => Promise.resolve(state),
    append(push) {
      state = { ...state, lastN: Math.max(state.lastN, push.n), pushes: [...state.pushes, push] };
      return Promise.resolve();
    },
    remove(ns) {
      const gone = new Set(ns);
      state = { ...state, pushes: state.pushes.filter((push) => !gone.has(push.n)) };
      return Promise.resolve();
    },
    reset() {
      state = { sid: newSid(), lastN: 0, pushes: [] };
      return Promise.resolve(state);
    },
  };
}
