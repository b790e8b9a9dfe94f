/** The simulation's disks: a log that several nodes share and that may fail under them, and a browser's queue that a crash of the tab cuts short. */
import type { RecordHead } from "@lectern/protocol/plain";
import type { ChangeLog, LoggedChange, PendingCommit } from "../change-log.ts";
import type { MemoryChangeLog } from "../memory-change-log.ts";
import type { PushQueue, QueuedPush, QueueState } from "../push-queue.ts";
import type { Random } from "./random.ts";
import type { Clock } from "../socket.ts";

/** What is on the server's disk, as the oracles look at it. */
export class Disk {
  readonly log: MemoryChangeLog;
  /** How often each `sid n` is in the log. */
  readonly pushes = new Map<string, number>();
  /** What was written last as `sid n`. */
  readonly written = new Map<string, LoggedChange>();
  /** Every change since the document was overwritten last; retention takes none away here. */
  changes: LoggedChange[] = [];
  /** The seq before the first of them. */
  from = 0;
  /** The layer's seq. */
  seq = 0;
  /** Seqs of erasing changes. */
  readonly erasures = new Set<number>();
  /** Every head that a record ever had. */
  readonly heads = new Map<string, RecordHead[]>();

  #turn: { readonly isAlive: () => boolean; readonly until: number } | null = null;

  constructor(log: MemoryChangeLog) {
    this.log = log;
  }

  /** Waits until nobody has the layer to itself; a holder that is gone, or has stood still for too long, does not count. */
  async free(clock: Clock): Promise<void> {
    while (this.#turn !== null && this.#turn.isAlive() && clock.now() < this.#turn.until)
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 1));
  }

  /** Has the layer to itself from now on; returns whether that is still so, and how to give it back. */
  async take(clock: Clock, isAlive: () => boolean): Promise<{ readonly isMine: () => boolean; readonly end: () => void }> {
    await this.free(clock);
    const turn = { isAlive, until: clock.now() + TURN_MS };
    this.#turn = turn;
    const isMine = (): boolean => this.#turn === turn && clock.now() < turn.until;
    return { isMine, end: () => void (this.#turn === turn && (this.#turn = null)) };
  }

  /** The document is overwritten. */
  replace(): void {
    this.log.replace();
    this.seq++;
    this.from = this.seq;
    this.changes = [];
  }

  write(commits: readonly PendingCommit[]): void {
    this.seq += commits.length;
    for (const { change, records, erases = false } of commits) {
      this.changes.push(change);
      if (erases) this.erasures.add(change.seq);
      const push = `${change.sid} ${change.n}`;
      if (change.sid !== "") this.pushes.set(push, (this.pushes.get(push) ?? 0) + 1);
      this.written.set(push, change);
      for (const { id, op, before } of change.ops) {
        const kind = records.find((record) => record.id === id)!.kind;
        if (before !== null) this.#addHead(id, { kind, createdBy: before.createdBy, grp: before.grp });
        if (op[0] === "c") this.#addHead(id, { kind, createdBy: change.actor, grp: op[4] ?? null });
        if (op[0] === "g" && before !== null) this.#addHead(id, { kind, createdBy: before.createdBy, grp: op[2] });
      }
      for (const record of records) this.#addHead(record.id, record);
    }
  }

  #addHead(id: string, { kind, createdBy, grp }: RecordHead): void {
    const heads = this.heads.get(id) ?? [];
    this.heads.set(id, heads);
    if (!heads.some((head) => head.createdBy === createdBy && head.grp === grp)) heads.push({ kind, createdBy, grp });
  }
}

/** The database ends a transaction whose process stands still. */
const TURN_MS = 3_000;

export interface NodeLogOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** false: this process is gone, and so is everything it waits for. */
  readonly isAlive: () => boolean;
  /** Ends the process. */
  readonly crash: () => void;
  /** Do things go wrong now? */
  readonly isRough: () => boolean;
}

/** One process' connection to the log: slow, and now and then the process dies or the connection breaks before or after the write. */
export function nodeLog({ disk, clock, random, isAlive, crash, isRough }: NodeLogOptions): ChangeLog {
  const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
  const wait = async (ms: number): Promise<void> => {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, random.int(ms)));
    if (!isAlive()) await never();
  };
  const fate = (): "fine" | "crash" | "error" => (!isRough() || random.chance(0.97) ? "fine" : random.chance(0.7) ? "crash" : "error");
  const meet = async (what: ReturnType<typeof fate>): Promise<void> => {
    if (what === "error") throw new Error("connection to the log lost");
    if (what === "fine") return;
    crash();
    await never();
  };
  return {
    async load() {
      await wait(10);
      return disk.log.load();
    },
    async commitBatch(expectedSeq, commits, peers) {
      await wait(15);
      await meet(fate());
      await disk.free(clock);
      const result = await disk.log.commitBatch(expectedSeq, commits, peers);
      if (result === "committed") disk.write(commits);
      await meet(fate());
      await wait(10);
      return result;
    },
    async commitInTurn(since, sids, decide) {
      await wait(10);
      const turn = await disk.take(clock, isAlive);
      try {
        const [{ head }, read, peers] = await Promise.all([
          disk.log.load(),
          disk.log.changesSince(since),
          Promise.all(sids.map((sid) => disk.log.peer(sid))),
        ]);
        await wait(5);
        const writes = await decide({ head, changes: read?.changes ?? null, peers: peers.filter((row) => row !== null) });
        await wait(10);
        await meet(fate());
        if (!turn.isMine()) throw new Error("the database ended the transaction");
        const result = await disk.log.commitBatch(head.seq, writes.commits, writes.peers);
        if (result === "committed") disk.write(writes.commits);
        await meet(fate());
        return result;
      } finally {
        turn.end();
      }
    },
    async changesSince(since) {
      await wait(10);
      const read = await disk.log.changesSince(since);
      await wait(10);
      return read;
    },
    async peer(sid) {
      await wait(5);
      const row = await disk.log.peer(sid);
      await wait(5);
      return row;
    },
  };
}

/** The device's disk is full, or the browser says no. */
export class QueueFailed extends Error {}

export interface StoredQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Does writing fail now? */
  readonly fails: () => boolean;
  /** To get wrong on purpose: says that a push is safe before it is. */
  readonly early: boolean;
}

/** What one browser profile keeps of a queue; tabs come and go. */
export class StoredQueue {
  #state: QueueState;
  readonly #options: StoredQueueOptions;
  /** Every push that was made durable, by its ops. */
  readonly stored = new Map<QueuedPush["ops"], { readonly sid: string; readonly n: number }>();
  /** Every sid it ever had. */
  readonly sids = new Set<string>();

  constructor(options: StoredQueueOptions) {
    this.#options = options;
    this.#state = this.#fresh();
  }

  get sid(): string {
    return this.#state.sid;
  }

  /** Numbers of what is not decided, as far as it is written. */
  get ns(): readonly number[] {
    return this.#state.pushes.map(({ n }) => n);
  }

  /** The queue as one tab sees it. What it has not written when it dies is not written. */
  open(isAlive: () => boolean): PushQueue {
    const { clock, random, fails, early } = this.#options;
    let last: Promise<unknown> = Promise.resolve();
    // Calls are carried out in order.
    const later = <T>(run: () => T): Promise<T> => {
      const done = last.then(async () => {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, random.int(early ? 400 : 8)));
        return isAlive() ? run() : new Promise<T>(() => undefined);
      });
      last = done.catch(() => undefined);
      return done;
    };
    return {
      load: () => later(() => this.#state),
      append: (push) => {
        const failing = fails();
        const done = later(() => {
          if (failing) throw new QueueFailed();
          this.stored.set(push.ops, { sid: this.#state.sid, n: push.n });
          this.#state = { ...this.#state, lastN: Math.max(this.#state.lastN, push.n), pushes: [...this.#state.pushes, push] };
        });
        return early ? Promise.resolve() : done;
      },
      remove: (ns) =>
        later(() => {
          this.#state = { ...this.#state, pushes: this.#state.pushes.filter((push) => !ns.includes(push.n)) };
        }),
      reset: () => later(() => (this.#state = this.#fresh())),
    };
  }

  #fresh(): QueueState {
    const sid = this.#options.random.id("sid");
    this.sids.add(sid);
    return { sid, lastN: 0, pushes: [] };
  }
}
