/**
 * One open layer on one node. Pushes queue up while the log writes; each tick takes what has come, checks it against the layer, commits it as one
 * batch, and only when that is durable acknowledges and tells everyone. Another node that was faster is a conflict: catch up and check again.
 * The log decides; the room is a cache of it and may be dropped at any moment.
 */
import type { AnyRecord, ClientMessage, Op } from "@lectern/protocol";
import { ApiError, type ErrorCode, type Grants, type RecordHead } from "@lectern/protocol/plain";
import type { CommitResult, LayerHead, LoggedChange, PeerRow, StoredRecord } from "./change-log.ts";
import { Batch, type Outcome, type Waiting } from "./decide.ts";
import { FanOut } from "./fan-out.ts";
import { KnownPeers } from "./known-peers.ts";
import { LayerState, seenRecord } from "./layer-state.ts";
import { RecentChanges } from "./recent-changes.ts";
import { apiError, ReplacedError, resetFrame, unavailable } from "./room-error.ts";
import { byeFrame, RoomMember } from "./room-member.ts";
import { peerColor, RoomPresence } from "./room-presence.ts";
import type { CommitCaller, Committed, JoinOptions, Member, SyncRoomOptions } from "./room-options.ts";
import { RoomView } from "./room-view.ts";
import { snapshotJson, type SnapshotOptions } from "./snapshot-json.ts";
import { applyToRecord, blobsNamed, type PushInput } from "./stage.ts";
import { type Touched, welcomeFrame } from "./welcome.ts";

/** Heads of records as they were at a client's seq, of those touched from there up to `to`. */
interface Missed {
  readonly touched: Touched;
  readonly to: number;
}

/** Ops and pushes of one batch: long enough to share an fsync, short enough to keep the others waiting briefly. */
const BATCH_OPS = 2_000;
/** Changes up to which a returning client gets a delta. */
const DELTA_CHANGES = 1_000;

export class SyncRoom {
  readonly #options: SyncRoomOptions;
  readonly #presence: RoomPresence;
  readonly #members = new Map<string, RoomMember>();
  readonly #bySid = new Map<string, RoomMember>();
  readonly #peers: KnownPeers;
  readonly #recent = new RecentChanges();
  readonly #fanOut: FanOut;
  readonly #stopHints: () => void;
  #state: LayerState;
  #head: LayerHead = { seq: 0, epoch: 0, floorSeq: 0 };
  #queue: Waiting[] = [];
  #lastAt = 0;
  #nextPeer = 1;
  #loaded = false;
  #closed = false;
  #running: Promise<void> | null = null;
  /** Something has come while a batch is being written. */
  #arrived: (() => void) | null = null;
  /** Look into the log before the next batch. */
  #behind = false;
  #catchingUp = false;
  /** Another node writes here, too, just now. */
  #contended = false;
  #caughtUp: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #cancelPoll: (() => void) | null = null;

  constructor(options: SyncRoomOptions) {
    this.#options = options;
    this.#peers = new KnownPeers(options.log);
    this.#state = new LayerState(options.base, []);
    this.#presence = new RoomPresence(options.clock, (id) => this.#state.head(id), { link: options.presence, layer: options.layerId });
    this.#fanOut = new FanOut({
      clock: options.clock,
      members: this.#members,
      recent: this.#recent,
      head: () => this.#head,
      end: (member, frame, reason) => this.#end(member, frame, reason, false),
    });
    this.#stopHints =
      options.hints?.subscribe(options.layerId, ({ seq }) => {
        if (seq > this.#head.seq) this.#lookBehind();
      }) ?? (() => undefined);
  }

  /** Reads the layer from the log. Nothing else may be called before it is done. */
  async load(): Promise<void> {
    const { head, records, texts } = await this.#options.log.load();
    this.#state = new LayerState(this.#options.base, records, texts);
    this.#head = head;
    this.#recent.start(head.seq);
    this.#loaded = true;
    // A hint may have come meanwhile.
    if (this.#behind) this.#wake();
  }

  get seq(): number {
    return this.#head.seq;
  }

  get epoch(): number {
    return this.#head.epoch;
  }

  /** The last erasing change; 0: none. For sessions history begins with it. */
  get erasedSeq(): number {
    return this.#head.erasedSeq ?? 0;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /** Sends `welcome`; null when the connection is not wanted any more. Throws ApiError `forbidden` (a sid of another user), `unavailable`. */
  async join(options: JoinOptions): Promise<Member | null> {
    const { connection, grants, sid } = options;
    const [read, older] = await Promise.all([this.#readPeer(sid), this.#readMissed(options)]);
    if (this.#closed) throw unavailable();
    const row = this.#peers.latest(sid, read);
    if (row !== null && row.userId !== grants.userId && this.#options.fault !== "queue of anybody")
      throw new ApiError("forbidden", "this queue of changes belongs to another user");
    if (options.isWanted?.() === false) return null;

    // From here to the end nothing waits, so no change can come between the welcome and the first batch.
    this.#bySid.get(sid)?.end(byeFrame("conflict"), "conflict", false);
    this.#removeMember(this.#bySid.get(sid));
    const id = `p${this.#nextPeer++}.${sid.slice(0, 8)}`;
    const peer = { id, userId: grants.userId, name: options.name, color: peerColor(grants.userId ?? id) };
    const view = this.#view(grants);
    const touched = older === null ? null : this.#touched(older);
    const member = new RoomMember({
      id,
      connection,
      grants,
      sid,
      view,
      peer,
      cursor: this.#head.seq,
      limits: this.#options.limits,
      now: this.#options.clock.now(),
      session: options.session,
    });
    member.send(
      welcomeFrame({
        head: this.#head,
        state: this.#state,
        view,
        grants,
        peer,
        limits: this.#options.limits,
        lastN: row?.lastN ?? 0,
        rejects: row?.rejects ?? [],
        touched,
        snapshotUrl: options.snapshotUrl,
        inlineChars: this.#options.inlineChars ?? 160_000,
      }),
    );
    this.#members.set(id, member);
    this.#bySid.set(sid, member);
    if (row !== null) this.#peers.rows.set(sid, row);
    this.#presence.join(member);
    this.#poll();
    return {
      id,
      receive: (message) => this.#receive(member, message),
      reauthorise: (renewed) => {
        if (JSON.stringify(renewed) !== JSON.stringify(grants)) this.#end(member, resetFrame(this.#head.epoch), null, true);
      },
      leave: () => {
        member.left();
        this.#removeMember(member);
      },
      bye: (code, retryAfter) => this.#end(member, byeFrame(code, retryAfter), code, true),
    };
  }

  /** All ops or none. Throws ApiError with the code and, for invalid data, `failingPaths` (`$.ops[2].geometry.bbox`). */
  async commit(ops: readonly Op[], caller: CommitCaller): Promise<Committed> {
    if (this.#closed) throw unavailable();
    const { grants, userId = grants.userId, sid = "", server = false, session = null, erases = false, expects = [] } = caller;
    const input: PushInput = { ops, grants, actor: userId, server, session, erases: erases && server, expects: server ? expects : [] };
    const outcome = await new Promise<Outcome | ApiError>((settle) => {
      this.#queue.push({ sid, n: sid === "" ? 0 : 1, input, member: null, settle });
      this.#wake();
    });
    if (outcome instanceof ApiError) throw outcome;
    if (outcome.kind === "accepted") return { seq: outcome.seq, repeated: false };
    if (outcome.kind === "repeated" && outcome.reject === null) return { seq: outcome.seq, repeated: true };
    if (outcome.kind === "refused" || outcome.kind === "repeated") throw apiError(outcome.reject!);
    throw unavailable();
  }

  /** The record as these rights see it, a tombstone included; null when there is none or it is hidden. */
  record(id: string, grants: Grants): StoredRecord | null {
    const record = this.#state.read(id);
    return record !== null && this.#view(grants).sees(record) ? record : null;
  }

  /** Live records that hang on this one, as these rights see them. */
  below(id: string, grants: Grants): readonly StoredRecord[] {
    return [...this.#state.children(id)].flatMap((child) => this.record(child, grants) ?? []).filter(({ deleted }) => !deleted);
  }

  /** How many records hang on this one, at any depth; those that were deleted count, too, so that it does not shrink while they are being deleted. */
  hangingOn(id: string): number {
    let count = 0;
    for (const child of this.#state.children(id)) count += 1 + this.hangingOn(child);
    return count;
  }

  /** All live records these rights see: base and layer, without pages that nobody changed, with those that were deleted. `pages`: only annotations and widgets of these. */
  snapshot(
    grants: Grants,
    pages?: readonly string[],
  ): { readonly seq: number; readonly epoch: number; readonly records: readonly AnyRecord[] } {
    const view = this.#view(grants);
    const visible = this.#state.visible((head) => view.sees(head), pages === undefined ? undefined : new Set(pages));
    return { seq: this.#head.seq, epoch: this.#head.epoch, records: Array.from(visible, seenRecord) };
  }

  /** All live records these rights see, when their data has at most so many characters as JSON; else null, without having looked at all of them. */
  smallSnapshot(grants: Grants, maxChars: number): readonly AnyRecord[] | null {
    const view = this.#view(grants);
    const records: AnyRecord[] = [];
    let chars = 0;
    for (const seen of this.#state.visible((head) => view.sees(head))) {
      chars += seen[1].data.length;
      if (chars > maxChars) return null;
      records.push(seenRecord(seen));
    }
    return records;
  }

  /** `snapshot` as the JSON text of `{seq, epoch, records}`: the cheapest way to send it. */
  snapshotJson(grants: Grants, options: SnapshotOptions = {}): string {
    const { seq, epoch } = this.#head;
    return snapshotJson({ seq, epoch, state: this.#state, view: this.#view(grants) }, options);
  }

  /**
   * What the layer itself holds, tombstones included: base records that nobody touched are left out. Nothing is hidden: the server's own work
   * (export, drawing) asks. `page`: annotations and widgets of it; `kind`: pages only; `names`: what has this text somewhere.
   */
  changed(of?: { readonly page: string } | { readonly kind: "page" | "form" } | { readonly names: string }): readonly StoredRecord[] {
    return [...this.#state.changed(of)];
  }

  /** The page as it is now (`seq` 0: as the revision has it), deleted or not; null when there never was one. */
  page(id: string): StoredRecord | null {
    const record = this.#state.read(id);
    return record?.kind === "page" ? record : null;
  }

  /** Changes with seq > since, as logged; null when they are not kept any more. */
  async changesSince(since: number): Promise<readonly LoggedChange[] | null> {
    return (await this.#options.log.changesSince(since))?.changes ?? null;
  }

  /** Resolves when the room has everything that the log had when this was called: what other nodes wrote. Throws ApiError `unavailable`. */
  async catchUp(): Promise<void> {
    await this.#catchUpSoon();
  }

  /** Resolves when the room has caught up to at least this seq. Throws ApiError `unavailable` when the log does not have it. */
  async reach(seq: number): Promise<void> {
    if (this.#head.seq < seq) await this.#catchUpSoon();
    if (this.#head.seq < seq) throw unavailable();
  }

  /** Says bye to all; later calls throw `unavailable`. Resolves when the running commit has been decided. */
  async close(code: ErrorCode = "unavailable"): Promise<void> {
    this.#shut(byeFrame(code, 1), code);
    await this.#running;
  }

  /** The layer is not what the room knows any more: everybody says hello again. Later calls throw `unavailable`. */
  async startAnew(): Promise<void> {
    this.#shut(resetFrame(this.#head.epoch), null);
    await this.#running;
  }

  // Receiving

  #receive(member: RoomMember, message: ClientMessage): void {
    if (!member.open) return;
    this.#presence.heard(member.id);
    switch (message.type) {
      case "push":
        return this.#receivePush(member, message.n, message.ops);
      case "presence":
        return this.#presence.update(member.id, message.presence);
      case "ping":
        return member.send('{"type":"pong"}');
      case "hello":
      case "auth":
        return this.#end(member, byeFrame("bad_request"), "bad_request", true);
    }
  }

  #receivePush(member: RoomMember, n: number, ops: readonly Op[]): void {
    const { clock, limits } = this.#options;
    const now = clock.now();
    // Nothing is refused for coming too fast, which would lose it: the connection ends, and the client sends it again later.
    if (!member.take(ops.length, now))
      return this.#end(member, byeFrame("rate_limited", member.retryAfter(ops.length, now)), "rate_limited", true);
    if (member.unacked + ops.length > Math.max(limits.unackedOps, limits.opsPerPush))
      return this.#end(member, byeFrame("rate_limited", 1), "rate_limited", true);
    member.unacked += ops.length;
    const { grants, session } = member;
    const input: PushInput = { ops, grants, actor: grants.userId, server: false, session };
    this.#queue.push({ sid: member.sid, n, input, member, settle: null });
    this.#wake();
  }

  // Committing

  #wake(): void {
    this.#arrived?.();
    if (this.#running !== null || this.#closed || !this.#loaded) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      if (this.#queue.length > 0 || this.#behind) this.#wake();
    });
  }

  async #run(): Promise<void> {
    // Whatever arrives in this turn shares the batch.
    await Promise.resolve();
    try {
      while (!this.#closed && (this.#behind || this.#queue.length > 0)) {
        if (this.#behind) await this.#catchUp();
        else if (this.#contended && this.#options.log.commitInTurn !== undefined) await this.#commitInTurn(this.#waiting(0));
        else await this.#commitAhead();
      }
    } catch (error) {
      this.#fail(error);
    }
    if (this.#closed) for (const { settle } of this.#queue.splice(0)) settle?.(unavailable());
  }

  /** Batch after batch, while there is something to write: what comes while one is being written is decided on top of it. */
  async #commitAhead(): Promise<void> {
    let batch = this.#newBatch(null);
    let next: Batch | null = null;
    try {
      await this.#decideWaiting(batch);
      let writing = this.#write(batch);
      for (;;) {
        this.#fanOut.prepare(batch);
        next = this.#newBatch(batch);
        const result = await this.#decideMeanwhile(next, writing);
        if (result === "conflict" && this.#options.fault !== "no compare-and-swap") return await this.#outrun(batch, next);
        // Whoever was thrown out meanwhile had no right to what is not written yet: it is decided anew.
        const isAsDecided = !next.pushes.some(({ member }) => member?.barred === true);
        const goesOn = next.pushes.length > 0 && isAsDecided && !this.#behind && !this.#closed;
        // First of all the disk gets something to do.
        if (goesOn) writing = this.#write(next);
        this.#committed(batch);
        if (!goesOn) return void this.#queue.unshift(...next.pushes);
        next.beforeIsWritten();
        batch = next;
      }
    } catch (error) {
      // It is unknown whether it was written; a repeat will tell.
      for (const { settle } of [...batch.pushes, ...(next?.pushes ?? [])]) settle?.(unavailable(error));
      throw error;
    }
  }

  /** Somebody else wrote before: all that was decided is decided anew, in order. A part of it would come out as a gap. */
  async #outrun(batch: Batch, next: Batch): Promise<void> {
    const { log, fault } = this.#options;
    this.#queue.unshift(...(fault === "partial requeue" ? batch.pushes.slice(1) : batch.pushes), ...next.pushes);
    this.#contended = true;
    if (log.commitInTurn !== undefined) return;
    this.#behind = true;
    await this.#learnPeers(batch.pushes, true);
  }

  /** Decides what comes until the batch before is written. */
  async #decideMeanwhile(next: Batch, writing: Promise<CommitResult>): Promise<CommitResult> {
    let isWritten = false;
    const written = writing.then(
      () => void (isWritten = true),
      () => void (isWritten = true),
    );
    try {
      while (!isWritten) {
        const mayDecide = next.ops < BATCH_OPS && this.#queue.length > 0 && !this.#behind && !this.#closed;
        if (mayDecide) await this.#decideWaiting(next);
        else await Promise.race([written, new Promise<void>((resolve) => (this.#arrived = resolve))]);
        // Whatever arrives in one turn is decided together.
        await Promise.resolve();
      }
    } finally {
      this.#arrived = null;
      await written;
    }
    return writing;
  }

  #newBatch(before: Batch | null): Batch {
    const { limits, rules, eventsOf, onError, fault } = this.#options;
    const { seq, erasedSeq = 0 } = this.#head;
    const context = {
      state: this.#state,
      peers: this.#peers.rows,
      lastAt: this.#lastAt,
      seq,
      erasedSeq,
      limits,
      rules,
      eventsOf,
      onError,
      fault,
    };
    return new Batch(context, before);
  }

  /** The first pushes of the queue, for a batch that has so many ops already. */
  #waiting(ops: number): Waiting[] {
    let count = 0;
    for (let sum = ops; count < this.#queue.length && (count === 0 || sum < BATCH_OPS); count++)
      sum += this.#queue[count]!.input.ops.length;
    return this.#queue.slice(0, count);
  }

  /** They stay in the queue until they are decided. */
  async #decideWaiting(batch: Batch): Promise<void> {
    const pushes = this.#waiting(batch.ops);
    // Of a queue that is further than was known here others wrote what comes before: that is read first.
    if (await this.#learnPeers(pushes, false)) return;
    const blobs = await this.#knownBlobs(batch, pushes);
    // Closed meanwhile: they have their answer.
    if (this.#closed) return;
    this.#queue.splice(0, pushes.length);
    batch.decide(pushes, { blobs, now: this.#options.clock.now() });
  }

  async #write(batch: Batch): Promise<CommitResult> {
    const { log, fault } = this.#options;
    if (fault === "ack before commit") this.#publish(batch);
    if (batch.commits.length === 0 && batch.peers.size === 0) return "committed";
    return log.commitBatch(batch.from, batch.commits, [...batch.peers.values()]);
  }

  /** Another node was first, and may be so again and again: this one takes its turn, and decides on what it finds then. */
  async #commitInTurn(pushes: readonly Waiting[]): Promise<void> {
    this.#queue.splice(0, pushes.length);
    const sids = new Set(pushes.map(({ sid }) => sid).filter((sid) => sid !== ""));
    let batch: Batch | null = null;
    try {
      const result = await this.#options.log.commitInTurn!(this.#head.seq, [...sids], async ({ head, changes, peers }) => {
        // When nobody else has written meanwhile the next batch need not wait for a turn.
        this.#contended = changes === null || changes.length > 0;
        this.#behind = false;
        this.#advance(head, changes);
        for (const sid of sids) this.#peers.rows.delete(sid);
        for (const row of peers) this.#peers.rows.set(row.sid, row);
        batch = this.#newBatch(null);
        batch.decide(pushes, { blobs: await this.#knownBlobs(batch, pushes), now: this.#options.clock.now() });
        return { commits: batch.commits, peers: [...batch.peers.values()] };
      });
      if (result !== "conflict" && batch !== null) return this.#committed(batch);
      this.#queue.unshift(...pushes);
      this.#behind = true;
    } catch (error) {
      for (const { settle } of pushes) settle?.(unavailable(error));
      throw error;
    }
  }

  #committed(batch: Batch): void {
    const { layerId, hints, fault } = this.#options;
    if (fault !== "ack before commit") this.#publish(batch);
    if (batch.commits.length > 0) hints?.publish({ layer: layerId, seq: this.#head.seq });
  }

  /** The batch is durable: it becomes the state, and everyone is told. */
  #publish(batch: Batch): void {
    const { pushes, outcomes, commits, changes, peers } = batch;
    for (const { staged, applied } of changes) {
      for (const [id, record] of staged.records) this.#state.put(record, staged.entries.get(id)!);
      this.#recent.push(applied);
      this.#lastAt = applied.at;
    }
    const { seq, epoch, floorSeq, erasedSeq } = this.#head;
    const erased = commits.findLast((commit) => commit.erases === true)?.change.seq ?? erasedSeq;
    this.#head = { seq: seq + changes.length, epoch, floorSeq, ...(erased === undefined ? {} : { erasedSeq: erased }) };
    for (const { sid, userId, lastN, rejects } of peers.values()) this.#peers.rows.set(sid, { sid, userId, lastN, rejects });
    for (const [index, waiting] of pushes.entries()) this.#answer(waiting, outcomes[index]!);
    this.#fanOut.soon(batch);
    for (const { sid } of pushes) this.#forgetPeer(sid);
  }

  #answer({ sid, n, input, member, settle }: Waiting, outcome: Outcome): void {
    if (member !== null) member.unacked -= input.ops.length;
    settle?.(outcome);
    // Its connection may have been replaced since; the answer goes to whoever speaks for the queue now.
    const speaker = this.#bySid.get(sid);
    if (settle !== null || speaker === undefined) return;
    if (outcome.kind === "accepted") speaker.acks.push([n, outcome.seq]);
    else if (outcome.kind === "refused") speaker.rejects.push(outcome.reject);
    else if (outcome.kind === "repeated") {
      if (outcome.reject === null) speaker.acks.push([n, outcome.seq]);
      else speaker.rejects.push(outcome.reject);
    } else if (outcome.kind === "gap" && speaker === member) {
      if (outcome.known || this.#peers.rows.has(sid)) this.#end(member, resetFrame(this.#head.epoch), null, true);
      else this.#end(member, byeFrame("unknown_peer"), "unknown_peer", true);
    }
  }

  async #knownBlobs(batch: Batch, pushes: readonly Waiting[]): Promise<ReadonlySet<string>> {
    const named = pushes.flatMap(({ input }) => blobsNamed(input.ops, (id) => batch.kind(id)));
    return named.length === 0 ? new Set() : ((await this.#options.hasBlobs?.([...new Set(named)])) ?? new Set());
  }

  // Peers

  /** What the row counts is part of the state by then: a client lets go of what is decided, and must be shown what became of it. */
  async #readPeer(sid: string): Promise<PeerRow | null> {
    const row = await this.#peers.read(sid);
    if (this.#behind || this.#catchingUp || this.#peers.isNews(sid, row)) await this.#catchUpSoon();
    return row;
  }

  /** Is one of them further than was known here? */
  async #learnPeers(pushes: readonly Waiting[], again: boolean): Promise<boolean> {
    let isBehind = false;
    const onNews = (): void => void (this.#behind = isBehind = true);
    await this.#peers.learn(
      pushes.map(({ sid }) => sid),
      { again, onNews },
    );
    return isBehind;
  }

  #forgetPeer(sid: string): void {
    if (!this.#bySid.has(sid) && !this.#queue.some((waiting) => waiting.sid === sid)) this.#peers.rows.delete(sid);
  }

  // Catching up

  #lookBehind(): void {
    this.#behind = true;
    this.#wake();
  }

  #catchUpSoon(): Promise<void> {
    if (this.#closed) return Promise.reject(unavailable());
    return new Promise((resolve, reject) => {
      this.#caughtUp.push({ resolve, reject });
      this.#lookBehind();
    });
  }

  async #catchUp(): Promise<void> {
    this.#behind = false;
    this.#catchingUp = true;
    const waiters = this.#caughtUp.splice(0);
    try {
      const read = await this.#options.log.changesSince(this.#head.seq);
      this.#advance(read?.head ?? this.#head, read?.changes ?? null);
    } catch (error) {
      for (const { reject } of waiters) reject(unavailable(error));
      throw error;
    } finally {
      this.#catchingUp = false;
    }
    for (const { resolve } of waiters) resolve();
  }

  /** What others wrote becomes the state. `changes`: all that follow ours; null when they are not kept. */
  #advance(head: LayerHead, changes: readonly LoggedChange[] | null): void {
    if (changes === null || head.epoch !== this.#head.epoch) throw new ReplacedError();
    for (const change of changes) this.#applyLogged(change);
    this.#head = head;
    if (changes.length > 0) this.#fanOut.soon(null);
  }

  #applyLogged({ seq, at, actor, sid, n, ops }: LoggedChange): void {
    const applied = ops.map(({ id, op }) => {
      const result = applyToRecord(op, this.#state.read(id), { stamp: { seq, at, by: actor }, derived: this.#state.isDerived(id) });
      this.#state.put(result.after, result.entry);
      return result.applied;
    });
    this.#recent.push({ seq, at, by: actor, ops: applied });
    this.#lastAt = Math.max(this.#lastAt, at);
    // Another node decided for this queue, and may have refused pushes of which the log says nothing: its row is read again.
    if ((this.#peers.rows.get(sid)?.lastN ?? n) < n) this.#peers.rows.delete(sid);
  }

  /** What a returning client has missed that the room does not remember. null: it must start anew. */
  async #readMissed({ since, epoch, viewKey, grants }: JoinOptions): Promise<Missed | null> {
    if (since > this.#head.seq) await this.#catchUpSoon();
    const { seq, floorSeq } = this.#head;
    const stale = since < 0 || since > seq || seq - since > DELTA_CHANGES || since < floorSeq;
    if (stale || epoch !== this.#head.epoch || viewKey !== this.#view(grants).key) return null;
    if (this.#recent.since(since) !== null) return { touched: new Map(), to: since };
    // The room is younger than the client's absence.
    const read = await this.#options.log.changesSince(since);
    if (read === null) return null;
    if (read.head.seq > this.#head.seq) await this.#catchUpSoon();
    const touched = new Map<string, RecordHead | null>();
    for (const { id, before } of read.changes.flatMap((change) => change.ops)) {
      const kind = touched.has(id) ? null : this.#state.kind(id);
      if (kind !== null)
        touched.set(
          id,
          before === null || (before.deleted && !this.#state.isDerived(id)) ? null : { kind, createdBy: before.createdBy, grp: before.grp },
        );
    }
    return { touched, to: read.head.seq };
  }

  #touched({ touched, to }: Missed): Touched | null {
    const later = this.#recent.since(to);
    if (later === null) return null;
    const all = new Map(touched);
    for (const { id, before } of later.flatMap((change) => change.ops)) if (!all.has(id)) all.set(id, before);
    return all;
  }

  #poll(): void {
    const { pollMs = 0, clock } = this.#options;
    if (pollMs === 0 || this.#cancelPoll !== null || this.#closed) return;
    this.#cancelPoll = clock.setTimeout(() => {
      this.#cancelPoll = null;
      if (this.#members.size === 0) return;
      this.#lookBehind();
      this.#poll();
    }, pollMs);
  }

  // Views

  /** The class of viewers with these rights; shared while somebody of it is here. */
  #view(grants: Grants): RoomView {
    const { fault } = this.#options;
    const view = new RoomView(grants, {
      unfiltered: fault === "unfiltered fan-out",
      withoutGone: fault === "no gone",
      leaking: fault === "leaking catch-up",
      presenceOfAll: fault === "unfiltered presence",
    });
    for (const member of this.#members.values()) if (member.view.key === view.key) return member.view;
    return view;
  }

  // Ending

  #end(member: RoomMember, frame: string, reason: ErrorCode | null, barred: boolean): void {
    member.end(frame, reason, barred);
    this.#removeMember(member);
  }

  #removeMember(member: RoomMember | undefined): void {
    if (member === undefined || !this.#members.delete(member.id)) return;
    this.#presence.leave(member.id);
    if (this.#bySid.get(member.sid) === member) this.#bySid.delete(member.sid);
    this.#forgetPeer(member.sid);
    if (this.#members.size === 0 && !this.#closed) this.#options.onEmpty?.();
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    if (error instanceof ReplacedError) this.#shut(resetFrame(this.#head.epoch + 1), null);
    else this.#shut(byeFrame("unavailable", 1), "unavailable");
    this.#options.onClosed?.(error);
  }

  #shut(frame: string, reason: ErrorCode | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopHints();
    this.#fanOut.close();
    this.#cancelPoll?.();
    for (const member of this.#members.values()) member.end(frame, reason, false);
    this.#members.clear();
    this.#bySid.clear();
    this.#presence.close();
    for (const { settle } of this.#queue.splice(0)) settle?.(unavailable());
    for (const { reject } of this.#caughtUp.splice(0)) reject(unavailable());
  }
}
