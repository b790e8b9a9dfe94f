/** A room on a virtual clock, and bare connections to it that keep every frame. */
import type { ClientMessage, Op, ServerMessage } from "@lectern/protocol";
import { type ErrorCode, type Grants, SYNC_LIMITS, type SyncLimits } from "@lectern/protocol/plain";
import type { ChangeLog } from "../change-log.ts";
import { MemoryChangeLog } from "../memory-change-log.ts";
import { SyncRoom } from "../room.ts";
import type { Member, SyncRoomOptions } from "../room-options.ts";
import { baseOf, grantsOf } from "./fixtures.ts";
import { settled, VirtualClock } from "./virtual-clock.ts";

export interface TestRoom {
  readonly room: SyncRoom;
  readonly log: ChangeLog;
  readonly clock: VirtualClock;
  join(options?: TestJoin): Promise<TestPeer>;
}

export interface TestJoin {
  readonly grants?: Grants;
  readonly sid?: string;
  readonly since?: number;
  readonly epoch?: number;
  readonly viewKey?: string;
  readonly snapshotUrl?: (seq: number) => string;
}

type Of<T extends ServerMessage["type"]> = Extract<ServerMessage, { type: T }>;

/** One connection. */
export interface TestPeer {
  readonly member: Member;
  readonly frames: ServerMessage[];
  readonly welcome: Of<"welcome">;
  /** What a slow reader leaves waiting, bytes. */
  buffered: number;
  /** undefined while open. */
  readonly closed: ErrorCode | null | undefined;
  of<T extends ServerMessage["type"]>(type: T): Of<T>[];
  /** Sends the ops as the next push and waits until all that follows from it has happened. Returns its n. */
  push(...ops: Op[]): Promise<number>;
  send(message: ClientMessage): Promise<void>;
  /** Every answer: `n: seq` or `n: code`. */
  answers(): Record<number, number | ErrorCode>;
  /** Every change told, as `"p id"`, `"u id"`, `"x id"`. */
  told(): string[];
}

export async function testRoom(
  options: Partial<Omit<SyncRoomOptions, "limits">> & { readonly limits?: Partial<SyncLimits> } = {},
): Promise<TestRoom> {
  const clock = (options.clock as VirtualClock | undefined) ?? new VirtualClock();
  const log = options.log ?? new MemoryChangeLog();
  const room = new SyncRoom({ layerId: "layer", base: baseOf(3), ...options, log, clock, limits: { ...SYNC_LIMITS, ...options.limits } });
  await room.load();
  let joined = 0;
  return { room, log, clock, join: (join = {}) => testPeer(room, { sid: `sid-${String(++joined).padStart(4, "0")}`, ...join }) };
}

async function testPeer(
  room: SyncRoom,
  { grants = grantsOf("ann"), sid, since = -1, ...rest }: TestJoin & { readonly sid: string },
): Promise<TestPeer> {
  const frames: ServerMessage[] = [];
  let closed: ErrorCode | null | undefined;
  let buffered = 0;
  const connection = {
    send: (text: string) => void frames.push(JSON.parse(text) as ServerMessage),
    bufferedBytes: () => buffered,
    close: (reason: ErrorCode | null) => {
      closed = reason;
    },
  };
  const member = (await room.join({ connection, grants, name: grants.userId ?? "somebody", sid, since, ...rest }))!;
  const welcome = frames[0] as Of<"welcome">;
  let n = welcome.lastN;
  const of = <T extends ServerMessage["type"]>(type: T): Of<T>[] => frames.filter((frame): frame is Of<T> => frame.type === type);
  return {
    member,
    frames,
    welcome,
    get buffered() {
      return buffered;
    },
    set buffered(bytes) {
      buffered = bytes;
    },
    get closed() {
      return closed;
    },
    of,
    async push(...ops) {
      member.receive({ type: "push", n: ++n, ops });
      await settled();
      return n;
    },
    async send(message) {
      member.receive(message);
      await settled();
    },
    answers() {
      const batches = of("batch");
      return Object.fromEntries([
        ...batches.flatMap((batch) => (batch.acks ?? []).map(([acked, seq]) => [acked, seq] as const)),
        ...batches.flatMap((batch) => (batch.rejects ?? []).map((reject) => [reject.n, reject.code] as const)),
      ]) as Record<number, number | ErrorCode>;
    },
    told() {
      const changes = [...(welcome.changes ?? []), ...of("batch").flatMap((batch) => batch.changes)];
      return changes.flatMap((change) => change.ops.map((op) => `${op[0]} ${op[0] === "p" ? op[1].id : op[1]}`));
    },
  };
}

/** A log that waits before it writes, so that a test can see what happens in between. */
export class HeldLog implements ChangeLog {
  readonly #log: ChangeLog;
  #held: (() => void)[] = [];
  /** Calls of `commitBatch` wait for `release`. */
  hold = false;
  batches: number[] = [];

  constructor(log: ChangeLog = new MemoryChangeLog()) {
    this.#log = log;
  }

  load: ChangeLog["load"] = () => this.#log.load();
  changesSince: ChangeLog["changesSince"] = (since) => this.#log.changesSince(since);
  peer: ChangeLog["peer"] = (sid) => this.#log.peer(sid);

  commitBatch: ChangeLog["commitBatch"] = async (expectedSeq, commits, peers) => {
    this.batches.push(commits.length);
    if (this.hold) await new Promise<void>((resolve) => this.#held.push(resolve));
    return this.#log.commitBatch(expectedSeq, commits, peers);
  };

  async release(): Promise<void> {
    for (const go of this.#held.splice(0)) go();
    await settled();
  }
}
