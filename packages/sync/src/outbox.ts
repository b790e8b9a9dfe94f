/**
 * Pushes on their way: written to the queue first, then sent in order, at most so many ops unanswered and so many a second, until the server has
 * decided each. After a reconnect everything undecided is sent again; its numbers make that harmless.
 */
import type { Op } from "@lectern/protocol";
import type { SyncLimits } from "@lectern/protocol/plain";
import { memoryQueue, type PushQueue, type QueuedPush } from "./push-queue.ts";
import type { Clock } from "./socket.ts";
import { TokenBucket } from "./token-bucket.ts";

interface Push extends QueuedPush {
  /** In the queue. A push is sent when it is, never before: else its number might be given out twice. */
  stored: boolean;
  /** On this connection, ms; null: not yet. */
  sentAt: number | null;
  /** On some connection, or perhaps so: it came from the queue. */
  everSent: boolean;
}

export interface OutboxOptions {
  readonly queue: PushQueue;
  readonly clock: Clock;
  readonly limits: SyncLimits;
  /** Something was stored or decided. */
  readonly changed: () => void;
  /** The queue could not be written: the tab must stay open until all is sent. */
  readonly failed: (error: unknown) => void;
  /** What is left cannot be written to the queue: `leaveDevice` is due. */
  readonly stranded: () => void;
  readonly newSid: () => string;
}

/** The server's allowance, less a little for clocks that differ. */
const MARGIN = 0.9;

export class Outbox {
  readonly #options: OutboxOptions;
  #queue: PushQueue;
  /** `refusing`: the queue could not be written, and is not written to any more. `left`: another one, in memory, is used since. */
  #device: "fine" | "refusing" | "left" = "fine";
  /** Writing, one push after another: no later one may be in the queue without it. */
  #writing: Promise<void> = Promise.resolve();
  #sid = "";
  #lastN = 0;
  #pushes: Push[] = [];
  #rate: TokenBucket | null = null;
  #limits: SyncLimits;
  #send: ((push: QueuedPush) => void) | null = null;
  #cancelPump: (() => void) | null = null;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#queue = options.queue;
    this.#limits = options.limits;
  }

  async load(): Promise<readonly QueuedPush[]> {
    const { sid, lastN, pushes } = await this.#queue.load();
    this.#sid = sid;
    this.#lastN = lastN;
    this.#pushes = pushes.map((push) => ({ ...push, stored: true, sentAt: null, everSent: true }));
    return pushes;
  }

  get sid(): string {
    return this.#sid;
  }

  /** The last number given out. */
  get lastN(): number {
    return this.#lastN;
  }

  /** How many pushes are undecided. */
  get size(): number {
    return this.#pushes.length;
  }

  /** Would a crash of the tab lose nothing? */
  get stored(): boolean {
    return this.#pushes.length === 0 || (this.#device === "fine" && this.#pushes.every((push) => push.stored));
  }

  has(n: number): boolean {
    return this.#pushes.some((push) => push.n === n);
  }

  ops(n: number): readonly Op[] {
    return this.#pushes.find((push) => push.n === n)?.ops ?? [];
  }

  /** Numbers of what is undecided, in order. */
  get ns(): readonly number[] {
    return this.#pushes.map((push) => push.n);
  }

  take(): number {
    return ++this.#lastN;
  }

  /** Numbers that were taken and not used are given back. */
  giveBack(first: number): void {
    this.#lastN = first - 1;
  }

  add(n: number, ops: readonly Op[]): void {
    const push: Push = { n, ops, stored: false, sentAt: null, everSent: false };
    this.#pushes.push(push);
    this.#store(push);
  }

  /** Takes decided pushes out. */
  decide(ns: ReadonlySet<number>): void {
    const decided = this.#pushes.filter((push) => ns.has(push.n)).map((push) => push.n);
    if (decided.length === 0) return;
    this.#pushes = this.#pushes.filter((push) => !ns.has(push.n));
    this.#queue.remove(decided).catch(this.#options.failed);
    this.#options.changed();
    this.#pump();
  }

  /**
   * The server has decided up to `serverN`. Pushes that cannot be among those, since they never left this tab, get the numbers after it: the queue
   * had lost its count.
   */
  renumberUnsent(serverN: number): ReadonlyMap<number, number> {
    const clash = this.#pushes.filter((push) => !push.everSent && push.n <= serverN);
    if (clash.length === 0) {
      this.#lastN = Math.max(this.#lastN, serverN);
      return new Map();
    }
    return this.#renumberUnsent(serverN);
  }

  #renumberUnsent(after: number): ReadonlyMap<number, number> {
    const unsent = this.#pushes.filter((push) => !push.everSent);
    const numbers = new Map(unsent.map((push, i) => [push.n, after + 1 + i]));
    const renumbered = unsent.map((push) => ({ ...push, n: numbers.get(push.n)!, stored: false }));
    this.#pushes = [...this.#pushes.filter((push) => push.everSent), ...renumbered];
    this.#lastN = after + unsent.length;
    if (unsent.length > 0) this.#queue.remove([...numbers.keys()]).catch(this.#options.failed);
    for (const push of renumbered) this.#store(push);
    return numbers;
  }

  /** The server does not know this queue: everything in it is lost. What is added while a new one is made waits, and gets new numbers. */
  reset(): Promise<ReadonlyMap<number, number>> {
    this.disconnect();
    this.#pushes = [];
    const renew = async (): Promise<ReadonlyMap<number, number>> => {
      try {
        const { sid, lastN } = await this.#queue.reset();
        this.#sid = sid;
        const numbers = this.#renumberUnsent(lastN);
        this.#options.changed();
        return numbers;
      } catch (error) {
        this.#options.failed(error);
        return this.leaveDevice();
      }
    };
    const renewed = this.#writing.then(renew);
    this.#writing = renewed.then(() => undefined);
    return renewed;
  }

  /** Goes on under a queue in memory. Nothing of what is left was ever sent under the old one: it gets new numbers. */
  leaveDevice(): ReadonlyMap<number, number> {
    this.disconnect();
    this.#device = "left";
    this.#sid = this.#options.newSid();
    this.#queue = memoryQueue(() => this.#sid);
    const numbers = this.#renumberUnsent(0);
    this.#options.changed();
    return numbers;
  }

  /** Sends what waits, and from now on what comes. */
  connect(limits: SyncLimits, send: (push: QueuedPush) => void): void {
    this.#limits = limits;
    this.#rate = new TokenBucket(
      limits.opsPerSecond * MARGIN,
      Math.max(1, Math.floor(limits.opsBurst * MARGIN)),
      this.#options.clock.now(),
    );
    this.#send = send;
    for (const push of this.#pushes) push.sentAt = null;
    this.#pump();
  }

  disconnect(): void {
    this.#send = null;
    this.#cancelPump?.();
    this.#cancelPump = null;
    for (const push of this.#pushes) push.sentAt = null;
  }

  /** How long the oldest push on this connection has had no answer, ms. */
  get waitingMs(): number {
    const sentAt = this.#pushes[0]?.sentAt ?? null;
    return sentAt === null ? 0 : this.#options.clock.now() - sentAt;
  }

  get #isStranded(): boolean {
    return this.#device === "refusing" && this.#pushes.length > 0 && this.#pushes.every((push) => !push.stored);
  }

  #store(push: Push): void {
    const write = async (): Promise<void> => {
      if (this.#device === "refusing" || !this.#pushes.includes(push)) return;
      try {
        await this.#queue.append({ n: push.n, ops: push.ops });
        push.stored = true;
      } catch (error) {
        this.#device = "refusing";
        this.#options.failed(error);
      }
    };
    this.#writing = this.#writing.then(write).then(() => {
      this.#options.changed();
      this.#pump();
    });
  }

  #pump(): void {
    const { clock } = this.#options;
    this.#cancelPump?.();
    this.#cancelPump = null;
    // Later: whoever decided the last one that was stored is still counting by the old numbers.
    if (this.#isStranded) return void Promise.resolve().then(() => this.#isStranded && this.#options.stranded());
    let unanswered = this.#pushes.reduce((sum, push) => sum + (push.sentAt === null ? 0 : push.ops.length), 0);
    for (const push of this.#pushes) {
      if (this.#send === null || !push.stored) return;
      if (push.sentAt !== null) continue;
      if (unanswered > 0 && unanswered + push.ops.length > this.#limits.unackedOps) return;
      const now = clock.now();
      const wait = this.#rate!.wait(push.ops.length, now);
      if (wait > 0) {
        this.#cancelPump = clock.setTimeout(() => this.#pump(), wait);
        return;
      }
      this.#rate!.take(push.ops.length, now);
      push.sentAt = now;
      push.everSent = true;
      unanswered += push.ops.length;
      this.#send(push);
    }
  }
}
