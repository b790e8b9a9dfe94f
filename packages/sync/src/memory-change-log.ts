import type { ChangeLog, CommitResult, LayerHead, LoggedChange, PeerRow, PeerUpdate, PendingCommit, StoredRecord } from "./change-log.ts";

/** A log in memory, gone with its process: the reference for the others, and what a document of one's own runs on. */
export class MemoryChangeLog implements ChangeLog {
  #head: LayerHead;
  readonly #records = new Map<string, StoredRecord>();
  #changes: LoggedChange[] = [];
  readonly #peers = new Map<string, PeerRow>();

  /** `records`: what the layer has changed up to there. */
  constructor(head: Partial<LayerHead> = {}, records: readonly StoredRecord[] = []) {
    this.#head = { seq: 0, epoch: 0, floorSeq: 0, ...head };
    for (const record of records) this.#records.set(record.id, record);
  }

  load(): Promise<{ head: LayerHead; records: readonly StoredRecord[] }> {
    return Promise.resolve({ head: this.#head, records: [...this.#records.values()] });
  }

  commitBatch(expectedSeq: number, commits: readonly PendingCommit[], peers: readonly PeerUpdate[]): Promise<CommitResult> {
    const current = this.#head.seq === expectedSeq && peers.every((peer) => (this.#peers.get(peer.sid)?.lastN ?? 0) === peer.expected);
    if (!current) return Promise.resolve("conflict");
    for (const [index, { change, records }] of commits.entries()) {
      if (change.seq !== expectedSeq + index + 1)
        return Promise.reject(new Error(`change ${change.seq} does not follow ${expectedSeq + index}`));
      this.#changes.push(change);
      for (const record of records) this.#records.set(record.id, record);
    }
    for (const { sid, userId, lastN, rejects } of peers) this.#peers.set(sid, { sid, userId, lastN, rejects });
    const erased = commits.findLast((commit) => commit.erases === true);
    this.#head = {
      ...this.#head,
      seq: expectedSeq + commits.length,
      ...(erased === undefined ? {} : { erasedSeq: erased.change.seq }),
    };
    return Promise.resolve("committed");
  }

  changesSince(since: number): Promise<{ head: LayerHead; changes: readonly LoggedChange[] } | null> {
    if (since < this.#head.floorSeq) return Promise.resolve(null);
    // Seqs have no gaps, so a change's place follows from its seq.
    const first = this.#changes[0]?.seq ?? this.#head.seq + 1;
    return Promise.resolve({ head: this.#head, changes: this.#changes.slice(Math.max(0, since + 1 - first)) });
  }

  peer(sid: string): Promise<PeerRow | null> {
    return Promise.resolve(this.#peers.get(sid) ?? null);
  }

  /** The document is another one from now on: nothing of the layer is left but its peers. */
  replace(): void {
    const seq = this.#head.seq + 1;
    this.#head = { seq, epoch: this.#head.epoch + 1, floorSeq: seq };
    this.#records.clear();
    this.#changes = [];
  }

  /** Forgets a queue of which nothing has come for very long. */
  forgetPeer(sid: string): void {
    this.#peers.delete(sid);
  }

  /** Forgets the changes up to this seq. */
  prune(floorSeq: number): void {
    this.#changes = this.#changes.filter((change) => change.seq > floorSeq);
    this.#head = { ...this.#head, floorSeq: Math.max(this.#head.floorSeq, floorSeq) };
  }
}
