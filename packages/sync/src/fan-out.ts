/**
 * Telling the members of a room what became durable: to each class of viewers one frame for what its members have not been told, with each
 * member's own answers in it. Who reads too slowly is told later, all at once, and in the end not any more.
 */
import type { ErrorCode } from "@lectern/protocol/plain";
import type { LayerHead } from "./change-log.ts";
import type { Batch } from "./decide.ts";
import type { RecentChanges } from "./recent-changes.ts";
import { resetFrame } from "./room-error.ts";
import { byeFrame, type RoomMember } from "./room-member.ts";
import type { AppliedChange } from "./room-view.ts";
import type { Clock, SharedFrame } from "./socket.ts";

export interface FanOutOptions {
  readonly clock: Clock;
  readonly members: ReadonlyMap<string, RoomMember>;
  readonly recent: RecentChanges;
  /** The layer's head now. */
  readonly head: () => LayerHead;
  /** Tells the member this last frame, and lets it go. */
  readonly end: (member: RoomMember, frame: string, reason: ErrorCode | null) => void;
}

/** Bytes waiting on a connection at which changes stop, and at which it is given up. */
const STALL_BYTES = 1_000_000;
const DROP_BYTES = 8_000_000;
const STALL_CHECK_MS = 50;
/** Between two frames for everyone, when there is always something to tell: a millisecond for so many members. */
const MEMBERS_PER_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 16;
/** Characters of changes in one frame; whoever would get more reads the layer anew. */
const BATCH_CHARS = 8_000_000;
/** Changes of which a frame is made before they are durable: one of more takes longer, and others may join it before it is sent. */
const PREPARED_CHANGES = 4;

/** By cursor and view of the members that get them. */
type Frames = Map<string, SharedFrame>;

export class FanOut {
  readonly #options: FanOutOptions;
  #prepared: { readonly batch: Batch; readonly frames: Frames } | null = null;
  #told = Number.NEGATIVE_INFINITY;
  #cancelSoon: (() => void) | null = null;
  #cancelStall: (() => void) | null = null;

  constructor(options: FanOutOptions) {
    this.#options = options;
  }

  /** While the disk has the batch there is time to make what will be told of it, when it is durable. */
  prepare(batch: Batch): void {
    if (batch.changes.length === 0 || batch.changes.length > PREPARED_CHANGES) return;
    const changes = batch.changes.map(({ applied }) => applied);
    const frames: Frames = new Map();
    for (const member of this.#options.members.values()) {
      const key = frameKey(member);
      if (member.cursor !== batch.from || frames.has(key)) continue;
      const frame = batchFrame(member, batch.to, changes);
      member.prepareShared(frame);
      frames.set(key, frame);
    }
    this.#prepared = { batch, frames };
  }

  /**
   * Tells what the head leads to: at once; but when the last time was a moment ago, what comes until the moment is over shares a frame. The more
   * there are to tell, the longer it is. `batch`: what has just become durable.
   */
  soon(batch: Batch | null): void {
    const { clock, members } = this.#options;
    const pause = Math.min(LONGEST_PAUSE_MS, Math.floor(members.size / MEMBERS_PER_PAUSE_MS));
    const delay = this.#told + pause - clock.now();
    const frames = batch !== null && this.#prepared?.batch === batch ? this.#prepared.frames : null;
    this.#prepared = null;
    if (delay <= 0 || delay > pause) this.#now(frames ?? new Map());
    else this.#cancelSoon ??= clock.setTimeout(() => this.#now(new Map()), delay);
  }

  close(): void {
    this.#cancelSoon?.();
    this.#cancelStall?.();
  }

  /** `frames`: those that are made already. */
  #now(frames: Frames): void {
    const { clock, members, recent, head, end } = this.#options;
    this.#cancelSoon?.();
    this.#cancelSoon = null;
    this.#told = clock.now();
    const { seq, epoch } = head();
    for (const member of members.values()) {
      if (member.cursor === seq && member.acks.length === 0 && member.rejects.length === 0) continue;
      const buffered = member.bufferedBytes();
      if (buffered > DROP_BYTES) {
        end(member, byeFrame("unavailable", 1), "unavailable");
        continue;
      }
      if (buffered > STALL_BYTES) {
        this.#cancelStall ??= clock.setTimeout(() => {
          this.#cancelStall = null;
          this.#now(new Map());
        }, STALL_CHECK_MS);
        continue;
      }
      const key = frameKey(member);
      let shared = frames.get(key);
      if (shared === undefined) {
        const changes = recent.since(member.cursor);
        if (changes === null) {
          // Too far behind to be told change by change.
          end(member, resetFrame(epoch), null);
          continue;
        }
        shared = batchFrame(member, seq, changes);
        frames.set(key, shared);
      }
      if (shared.text.length > BATCH_CHARS) {
        end(member, resetFrame(epoch), null);
        continue;
      }
      const acks = member.acks.length === 0 ? "" : `"acks":${JSON.stringify(member.acks.splice(0))},`;
      const rejects = member.rejects.length === 0 ? "" : `"rejects":${JSON.stringify(member.rejects.splice(0))},`;
      member.sendShared(shared, `${acks}${rejects}`);
      member.cursor = seq;
    }
  }
}

/** Members with the same one get the same frame. */
function frameKey({ cursor, view }: RoomMember): string {
  return `${cursor} ${view.key}`;
}

function batchFrame({ cursor, view }: RoomMember, to: number, changes: readonly AppliedChange[]): SharedFrame {
  const told = changes.map((change) => view.encode(change)).filter((change) => change !== "");
  return { text: `{"type":"batch","from":${cursor},"to":${to},"changes":[${told.join(",")}]}` };
}
