/** The last changes of a layer as the room keeps them for fan-out and for those who were away briefly; bounded, oldest dropped. */
import type { AppliedChange } from "./room-view.ts";

const CHANGES = 1_000;
const CHARS = 4_000_000;

export class RecentChanges {
  #changes: AppliedChange[] = [];
  /** Everything after this seq is here. */
  #from = 0;
  #chars = 0;

  start(seq: number): void {
    this.#changes = [];
    this.#from = seq;
    this.#chars = 0;
  }

  push(change: AppliedChange): void {
    this.#changes.push(change);
    this.#chars += size(change);
    // A quarter more than is wanted, so that not every change moves all others.
    if (this.#changes.length <= CHANGES * 1.25 && this.#chars <= CHARS * 1.25) return;
    let dropped = 0;
    while (this.#changes.length - dropped > CHANGES || (this.#chars > CHARS && this.#changes.length - dropped > 1)) {
      this.#chars -= size(this.#changes[dropped]!);
      dropped++;
    }
    if (dropped === 0) return;
    this.#from = this.#changes[dropped - 1]!.seq;
    this.#changes.splice(0, dropped);
  }

  /** Changes after `seq` in order; null when they are not all here. */
  since(seq: number): readonly AppliedChange[] | null {
    return seq < this.#from ? null : this.#changes.slice(seq - this.#from);
  }
}

function size(change: AppliedChange): number {
  return change.ops.reduce((sum, op) => sum + op.entry.data.length, 0);
}
