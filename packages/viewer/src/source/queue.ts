/**
 * Edits wait here, on this device, until the service has decided them: they survive a closed tab. A queue belongs to one (server, document,
 * layer, user) and one tab at a time; a lock that the browser frees with the tab says whether it is taken. A new tab takes over a free queue,
 * and sends what others left. Without IndexedDB (some private windows) edits wait in memory, and the viewer says so.
 */
import { base32 } from "@lectern/protocol/plain";
import { memoryQueue, type PushQueue, type QueuedPush } from "@lectern/sync/client";

export interface QueueKey {
  readonly server: string;
  readonly document: string;
  readonly layer: string;
  readonly user: string;
}

export interface OpenedQueue {
  readonly queue: PushQueue;
  readonly orphans: readonly PushQueue[];
  /** Edits survive a closed tab. */
  readonly durable: boolean;
}

interface QueueRow {
  readonly sid: string;
  readonly key: string;
  readonly lastN: number;
  /** When its tab was last alive, where there are no locks. */
  readonly aliveAt: number;
}
interface PushRow extends QueuedPush {
  readonly sid: string;
}

const HEARTBEAT_MS = 5000;
const newSid = (): string => base32(crypto.getRandomValues(new Uint8Array(15)));

/** `signal` ends with the viewer: the queues are free again. */
export async function openQueue(key: QueueKey, signal: AbortSignal): Promise<OpenedQueue> {
  let database: IDBDatabase;
  try {
    database = await openDatabase();
  } catch {
    // Private window, blocked or full storage: the save state tells the user.
    return { queue: memoryQueue(newSid), orphans: [], durable: false };
  }
  signal.addEventListener("abort", () => database.close(), { once: true });
  const name = JSON.stringify([key.server, key.document, key.layer, key.user]);
  const rows = await done(database.transaction("queues").objectStore("queues").index("key").getAll(name) as IDBRequest<QueueRow[]>);
  const orphans: PushQueue[] = [];
  let own: PushQueue | null = null;
  for (const row of rows) {
    if (!(await claim(database, row, signal))) continue;
    if (own === null) own = new DeviceQueue(database, name, row.sid, signal);
    else if ((await pushesOf(database, row.sid)).length > 0) orphans.push(new DeviceQueue(database, name, row.sid, signal));
    else await forget(database, row.sid);
  }
  return { queue: own ?? new DeviceQueue(database, name, await begin(database, name, signal), signal), orphans, durable: true };
}

class DeviceQueue implements PushQueue {
  #database: IDBDatabase;
  #key: string;
  #sid: string;
  #signal: AbortSignal;

  constructor(database: IDBDatabase, key: string, sid: string, signal: AbortSignal) {
    this.#database = database;
    this.#key = key;
    this.#sid = sid;
    this.#signal = signal;
  }

  async load(): Promise<{ sid: string; lastN: number; pushes: QueuedPush[] }> {
    const row = await done(this.#database.transaction("queues").objectStore("queues").get(this.#sid) as IDBRequest<QueueRow | undefined>);
    const pushes = await pushesOf(this.#database, this.#sid);
    return { sid: this.#sid, lastN: Math.max(row?.lastN ?? 0, pushes.at(-1)?.n ?? 0), pushes: pushes.map(({ n, ops }) => ({ n, ops })) };
  }

  append(push: QueuedPush): Promise<void> {
    return write(this.#database, (queues, pushes) => {
      pushes.put({ sid: this.#sid, n: push.n, ops: push.ops } satisfies PushRow);
      queues.put({ sid: this.#sid, key: this.#key, lastN: push.n, aliveAt: Date.now() } satisfies QueueRow);
    });
  }

  remove(ns: readonly number[]): Promise<void> {
    return write(this.#database, (_queues, pushes) => {
      for (const n of ns) pushes.delete([this.#sid, n]);
    });
  }

  async reset(): Promise<{ sid: string; lastN: number; pushes: [] }> {
    await forget(this.#database, this.#sid);
    this.#sid = await begin(this.#database, this.#key, this.#signal);
    return { sid: this.#sid, lastN: 0, pushes: [] };
  }
}

async function begin(database: IDBDatabase, key: string, signal: AbortSignal): Promise<string> {
  const row: QueueRow = { sid: newSid(), key, lastN: 0, aliveAt: 0 };
  await write(database, (queues) => queues.put(row));
  // Another tab may have found it in this moment: then it is that tab's.
  return (await claim(database, row, signal)) ? row.sid : begin(database, key, signal);
}

/** Takes the queue for this tab until `signal`; false when another tab has it. */
function claim(database: IDBDatabase, row: QueueRow, signal: AbortSignal): Promise<boolean> {
  // Locks exist in secure contexts only.
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) return claimByHeartbeat(database, row, signal);
  return new Promise((resolve, reject) => {
    const held = locks.request(`lectern-queue-${row.sid}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise<void>((release) => signal.addEventListener("abort", () => release(), { once: true }));
    });
    held.catch(reject);
  });
}

async function claimByHeartbeat(database: IDBDatabase, { sid }: QueueRow, signal: AbortSignal): Promise<boolean> {
  let isFree = false;
  const beat = (aliveAt: number): Promise<void> =>
    write(database, (queues) => {
      const read = queues.get(sid) as IDBRequest<QueueRow | undefined>;
      read.onsuccess = () => {
        if (read.result === undefined) return;
        isFree ||= Date.now() - read.result.aliveAt >= 3 * HEARTBEAT_MS;
        if (isFree) queues.put({ ...read.result, aliveAt });
      };
    });
  // Looked at and taken in one transaction, so that of two tabs one has it.
  await beat(Date.now());
  if (!isFree) return false;
  // A beat that fails (the database is closing) is made up for by the next.
  const timer = setInterval(() => void beat(Date.now()).catch(() => clearInterval(timer)), HEARTBEAT_MS);
  window.addEventListener("pagehide", () => void beat(0).catch(() => undefined), { once: true, signal });
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  return true;
}

function pushesOf(database: IDBDatabase, sid: string): Promise<PushRow[]> {
  const range = IDBKeyRange.bound([sid, 0], [sid, Infinity]);
  return done(database.transaction("pushes").objectStore("pushes").getAll(range) as IDBRequest<PushRow[]>);
}

function forget(database: IDBDatabase, sid: string): Promise<void> {
  return write(database, (queues, pushes) => {
    queues.delete(sid);
    pushes.delete(IDBKeyRange.bound([sid, 0], [sid, Infinity]));
  });
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open("lectern", 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("queues", { keyPath: "sid" }).createIndex("key", "key");
    request.result.createObjectStore("pushes", { keyPath: ["sid", "n"] });
  };
  return done(request);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's storage failed"));
  });
}

/** Resolved when the transaction is complete, not only its requests. */
function write(database: IDBDatabase, change: (queues: IDBObjectStore, pushes: IDBObjectStore) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(["queues", "pushes"], "readwrite");
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the browser's storage failed"));
    change(transaction.objectStore("queues"), transaction.objectStore("pushes"));
  });
}
