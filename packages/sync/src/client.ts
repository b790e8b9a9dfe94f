/**
 * One open layer in a browser. A change shows at once, is written to the device's queue, sent, and confirmed when the server has it on disk; what
 * colleagues do slides in below what is still pending. The line may break at any time: nothing is lost, nothing is applied twice.
 */
import type { AnyRecord, Change, Op, Page, Patch, Peer, Presence, RecordData, Reject, ServerMessage } from "@lectern/protocol";
import {
  ApiError,
  base32,
  COMPACT,
  type ErrorCode,
  type Grants,
  ID_PATTERN,
  newId,
  type RecordKind,
  SYNC_LIMITS,
  type SyncLimits,
  viewKey,
} from "@lectern/protocol/plain";
import type { ConnectionState, CreateOptions, SaveState, SyncClientEvents, SyncClientOptions } from "./client-options.ts";
import { Emitter } from "./emitter.ts";
import { changedProperties, History, type HistoryOp } from "./history.ts";
import { derivedPage } from "./references.ts";
import { Link } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { OwnPresence } from "./own-presence.ts";
import { type Records, RecordStore } from "./record-store.ts";
import { snapshotRecords } from "./server-message.ts";

/** Codes after which trying again is of no use. */
const FINAL: readonly ErrorCode[] = [
  "unauthorized",
  "invalid_key",
  "invalid_token",
  "session_revoked",
  "wrong_credential",
  "forbidden",
  "password_required",
  "wrong_password",
  "origin_not_allowed",
  "not_found",
  "gone",
  "document_failed",
  "invalid_document",
  "not_implemented",
];
/** A push without an answer for this long, while the line is up, was lost on the way. */
const STUCK_MS = 20_000;

type Welcome = Extract<ServerMessage, { type: "welcome" }>;
type Batch = Extract<ServerMessage, { type: "batch" }>;

/** A push of the transaction that is being made. */
interface OpenPush {
  readonly n: number;
  readonly ops: Op[];
  chars: number;
}

export class SyncClient {
  readonly records: Records;
  readonly #options: SyncClientOptions;
  readonly #store: RecordStore;
  readonly #history: History;
  readonly #outbox: Outbox;
  readonly #link: Link;
  readonly #presence: OwnPresence;
  readonly #emitter: Emitter<SyncClientEvents>;
  readonly #peers = new Map<string, Peer>();
  #state: ConnectionState = "connecting";
  #save: SaveState = { state: "saved", pending: 0, onDevice: true, conflicts: 0 };
  #shownHistory = { canUndo: false, canRedo: false };
  #grants: Grants | null;
  #self: Peer | null = null;
  #limits: SyncLimits = SYNC_LIMITS;
  /** -1: nothing is known of the server's state. */
  #seq = -1;
  #epoch: number | null = null;
  /** Of what was opened. */
  #openedEpoch: number | null;
  #viewKey: string | null = null;
  #conflicts = 0;
  /** Batches that came while a snapshot is fetched. */
  #waiting: Batch[] | null = null;
  /** The transaction that is being made. */
  #open: OpenPush[] | null = null;
  #flushes: { readonly n: number; readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];

  constructor(options: SyncClientOptions) {
    const { clock, queue, connect, getToken, initial } = options;
    const fail =
      options.onError ??
      ((error: unknown) =>
        void clock.setTimeout(() => {
          throw error;
        }, 0));
    this.#options = options;
    this.#emitter = new Emitter(fail);
    this.#store = new RecordStore({ derived: (id) => derivedRecord(id, options.page?.(id)), fail });
    this.records = this.#store;
    this.#outbox = new Outbox({
      queue,
      clock,
      limits: SYNC_LIMITS,
      changed: () => this.#saveChanged(),
      failed: fail,
      stranded: () => this.#leaveDevice(),
      newSid: () => base32(options.randomBytes(15)),
    });
    this.#history = new History({
      get: (id) => this.#store.get(id),
      confirmed: (id) => this.#store.confirmed(id),
      isPending: (n) => this.#outbox.has(n) || this.#isOpen(n),
    });
    this.#link = new Link({
      connect,
      clock,
      getToken,
      random: () => options.randomBytes(4).reduce((sum, byte) => (sum + byte) / 256, 0),
      hello: (token) => this.#hello(token),
      message: (message) => this.#receive(message),
      down: () => this.#wentDown(),
      refused: (error) => this.#isFinal(error),
      isStuck: () => this.#outbox.waitingMs > STUCK_MS,
    });
    this.#presence = new OwnPresence(clock, (presence) => this.#link.send({ type: "presence", presence }));
    this.#grants = initial?.grants ?? null;
    this.#openedEpoch = initial?.epoch ?? null;
    if (initial === undefined) return;
    this.#store.transaction("remote", null, () => this.#store.replaceBase(initial.records));
    if (!initial.complete) return;
    this.#seq = initial.seq;
    this.#epoch = initial.epoch;
    this.#viewKey = viewKey(initial.grants);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get save(): SaveState {
    return this.#save;
  }

  get grants(): Grants | null {
    return this.#grants;
  }

  /** null before the first welcome. */
  get self(): Peer | null {
    return this.#self;
  }

  get peers(): readonly Peer[] {
    return [...this.#peers.values()];
  }

  /** The confirmed state is the layer's at this seq; -1 before anything is known. */
  get seq(): number {
    return this.#seq;
  }

  get canUndo(): boolean {
    return this.#history.canUndo;
  }

  get canRedo(): boolean {
    return this.#history.canRedo;
  }

  on<E extends keyof SyncClientEvents>(event: E, listener: (value: SyncClientEvents[E]) => void): () => void {
    return this.#emitter.on(event, listener);
  }

  /** Reads the queue and connects; resolved when the queue is read. Edits may begin then, not before. */
  async start(): Promise<void> {
    const { clock } = this.#options;
    const pushes = await this.#outbox.load();
    if (this.#state === "closed") return;
    const by = this.#grants?.userId ?? null;
    this.#store.transaction("local", by, () => {
      for (const { n, ops } of pushes) for (const op of ops) this.#store.addPending({ n, op, at: clock.now(), by });
    });
    this.#saveChanged();
    this.#link.open();
  }

  /** Returns the new id. It shows at once, like every change. Throws ApiError for an id or a size that cannot be. */
  create<K extends RecordKind>(kind: K, data: RecordData[K], { id, grp }: CreateOptions = {}): string {
    const { clock, randomBytes } = this.#options;
    const newOne = id ?? newId(clock.now(), randomBytes(10));
    const group = grp === undefined ? (this.#grants?.defaultGroup ?? null) : grp;
    this.#change({ op: grp === undefined ? ["c", newOne, kind, data] : ["c", newOne, kind, data, grp] }, ["c", newOne, kind, data, group]);
    return newOne;
  }

  /** Replaces top-level properties; null removes one. */
  update(id: string, patch: Patch): void {
    this.#change({ op: ["u", id, patch] });
  }

  delete(id: string): void {
    this.#change({ op: ["d", id] });
  }

  restore(id: string): void {
    this.#change({ op: ["r", id] });
  }

  setGroup(id: string, grp: string | null): void {
    this.#change({ op: ["g", id, grp] });
  }

  /**
   * All that `run` does is one step of undo and one push, applied whole or not at all (more than fits into one push goes in several).
   * When `run` throws, nothing has happened.
   */
  transact<T>(run: () => T): T {
    return this.#transact("action", run);
  }

  undo(): void {
    this.#transact("undo", () => this.#history.run("undo", (back) => this.#change(back)));
  }

  redo(): void {
    this.#transact("redo", () => this.#history.run("redo", (again) => this.#change(again)));
  }

  /** Records that a request of this person has made: undo takes them away again. */
  adopt(ids: readonly string[]): void {
    this.#history.adopt(ids.filter((id) => this.records.get(id) !== undefined));
    this.#saveChanged();
  }

  /** Merged with what was told before; sent at most 20 times a second. */
  setPresence(presence: Presence): void {
    this.#presence.set(presence);
  }

  /** A new token for the running connection, before the old one expires. */
  renew(token: string): void {
    if (this.#link.isUp) this.#link.send({ type: "auth", token });
  }

  /** The network is said to have come or gone: finds out now, not when it is due. */
  hurry(): void {
    this.#link.hurry();
  }

  clearConflicts(): void {
    this.#conflicts = 0;
    this.#saveChanged();
  }

  /** Resolves when all records are here that the session may see; rejects with ApiError `unavailable` when the client is closed before. */
  loaded(): Promise<void> {
    if (this.#seq >= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        if (this.#seq < 0 && this.#state !== "closed") return;
        stop();
        if (this.#seq >= 0) resolve();
        else reject(new ApiError("unavailable", "closed before the records were read"));
      };
      const stop = this.on("state", settle);
      settle();
    });
  }

  /** Resolves when everything done until now has been decided; rejects with ApiError `unavailable` when the client is closed before. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#flushes.push({ n: this.#outbox.lastN, resolve, reject });
      if (this.#state === "closed") this.#rejectFlushes();
      else this.#saveChanged();
    });
  }

  /** Pending pushes stay in the queue. */
  close(): void {
    if (this.#state === "closed") return;
    this.#link.close();
    this.#presence.close();
    this.#setState("closed");
    this.#saveChanged();
    this.#rejectFlushes();
  }

  // Changing

  #transact<T>(kind: "action" | "undo" | "redo", run: () => T): T {
    if (this.#open !== null) return run();
    const pushes: OpenPush[] = (this.#open = []);
    const by = this.#grants?.userId ?? null;
    const done = this.#store.transaction("local", by, () => {
      try {
        return run();
      } catch (error) {
        this.#store.dropPending(new Set(pushes.map((push) => push.n)));
        if (pushes.length > 0) this.#outbox.giveBack(pushes[0]!.n);
        this.#history.abandon();
        pushes.length = 0;
        throw error;
      } finally {
        this.#open = null;
        for (const { n, ops } of pushes) this.#outbox.add(n, ops);
        this.#history.close(kind);
      }
    });
    this.#saveChanged();
    return done;
  }

  /** `shown`: the op as it is shown, where what is sent leaves something to the server. */
  #change({ op, saved }: HistoryOp, shown: Op = op): void {
    if (this.#open === null) return this.#transact("action", () => this.#change({ op, ...(saved === undefined ? {} : { saved }) }, shown));
    const id = op[1];
    const chars = JSON.stringify(op).length;
    if (!ID_PATTERN.test(id)) throw new ApiError("invalid_parameters", `not an id: ${id}`);
    if (chars > this.#limits.recordBytes) throw new ApiError("too_large", `a record has at most ${this.#limits.recordBytes} bytes`);
    const push = this.#pushFor(chars);
    push.ops.push(op);
    push.chars += chars;
    this.#history.record(push.n, shown);
    const [at, by] = [this.#options.clock.now(), this.#grants?.userId ?? null];
    if (op[0] === "d") for (const child of this.#below(id)) this.#store.addPending({ n: push.n, op: ["d", child], at, by });
    this.#store.addPending({ n: push.n, op: shown, saved, at, by });
  }

  /** A push holds so many ops, and fits into a frame even when each character takes three bytes. */
  #pushFor(chars: number): OpenPush {
    const last = this.#open!.at(-1);
    if (last !== undefined && last.ops.length < this.#limits.opsPerPush && last.chars + chars < this.#limits.frameBytes / 3 - 1_000)
      return last;
    const push = { n: this.#outbox.take(), ops: [], chars: 0 };
    this.#open!.push(push);
    return push;
  }

  /** What the server will delete with it. */
  #below(id: string): string[] {
    return this.#store.children(id).flatMap((child) => [child, ...this.#below(child)]);
  }

  #isOpen(n: number): boolean {
    return this.#open?.some((push) => push.n === n) === true;
  }

  // Receiving

  #hello(token: string) {
    const { document, layer } = this.#options;
    return {
      type: "hello" as const,
      sid: this.#outbox.sid,
      token,
      since: this.#seq,
      caps: [COMPACT],
      ...(document === undefined ? {} : { document }),
      ...(layer === undefined ? {} : { layer }),
      ...(this.#epoch === null ? {} : { epoch: this.#epoch }),
      ...(this.#viewKey === null ? {} : { viewKey: this.#viewKey }),
    };
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        return this.#welcome(message);
      case "batch":
        if (this.#waiting === null) this.#applyBatch(message);
        else this.#waiting.push(message);
        return;
      case "presence":
        return this.#receivePresence(message.set, message.gone);
      case "reset":
        return this.#link.restart();
      case "bye":
        return this.#bye(message.code, message.retryAfter);
      case "pong":
        return;
    }
  }

  #welcome(welcome: Welcome): void {
    const { lastN, limits, grants, self } = welcome;
    // The new token is another person's: what waits here is not theirs to send.
    if (this.#grants !== null && this.#grants.userId !== grants.userId) return this.#end("forbidden");
    this.#renumber(this.#outbox.renumberUnsent(lastN));
    const [first = lastN + 1] = this.#outbox.ns.filter((n) => n > lastN);
    // The server has lost count of us, or we of it: what is left cannot be known to be new.
    if (first !== lastN + 1 || (this.#outbox.size === 0 && this.#outbox.lastN > lastN)) return this.#unknownPeer();

    this.#limits = limits;
    this.#self = self;
    if (JSON.stringify(grants) !== JSON.stringify(this.#grants)) {
      this.#grants = grants;
      this.#emitter.emit("grants", grants);
    }
    if (welcome.mode === "reset" && welcome.records === undefined) return this.#fetchSnapshot(welcome, welcome.snapshotUrl!);
    this.#adopt(welcome, welcome.mode === "delta" ? { changes: welcome.changes ?? [] } : { records: welcome.records ?? [] }, welcome.seq);
  }

  #fetchSnapshot(welcome: Welcome, url: string): void {
    const waiting: Batch[] = (this.#waiting = []);
    const isCurrent = () => this.#waiting === waiting;
    this.#options.fetchSnapshot(url).then(
      (snapshot) => {
        if (!isCurrent()) return;
        if (snapshot.epoch !== welcome.epoch || snapshot.seq < welcome.seq) return this.#link.restart({ penalty: true });
        this.#waiting = null;
        this.#adopt(welcome, { records: snapshotRecords(snapshot) }, snapshot.seq);
        for (const batch of waiting) if (this.#link.isUp) this.#applyBatch(batch);
      },
      (error: unknown) => {
        if (!isCurrent()) return;
        if (!this.#isFinal(error)) this.#link.restart({ penalty: true });
      },
    );
  }

  /** The server's state as it is at `seq`: replaces the base, or brings it up to date. */
  #adopt(welcome: Welcome, news: { changes: readonly Change[] } | { records: readonly AnyRecord[] }, seq: number): void {
    const { lastN, rejects = [] } = welcome;
    const refused = new Set(rejects.map((reject) => reject.n));
    const decided = new Set(this.#outbox.ns.filter((n) => n <= lastN));
    const accepted = new Set([...decided].filter((n) => !refused.has(n)));
    const lost = rejects.filter((reject) => decided.has(reject.n)).map((reject) => [reject, this.#outbox.ops(reject.n)] as const);
    this.#store.transaction("remote", null, () => {
      const ids = this.#history.isEmpty
        ? new Set<string>()
        : "records" in news
          ? new Set([...this.#store.confirmedIds(), ...news.records.map((record) => record.id)])
          : new Set(news.changes.flatMap((change) => change.ops.map((op) => (op[0] === "p" ? op[1].id : op[1]))));
      const expected = new Map([...ids].map((id) => [id, this.#store.expected(id, accepted)]));
      if ("records" in news) this.#store.replaceBase(news.records);
      else for (const change of news.changes) this.#store.confirm(change);
      this.#outbox.decide(decided);
      for (const [id, before] of expected) this.#noticeRemote(id, before);
      this.#store.dropPending(decided);
      this.#history.rejected(new Set(lost.map(([reject]) => reject.n)));
    });
    this.#seq = seq;
    this.#epoch = welcome.epoch;
    this.#viewKey = welcome.viewKey;
    this.#setState("online");
    const replaced = this.#openedEpoch !== null && this.#openedEpoch !== welcome.epoch;
    if (replaced) this.#history.clear();
    for (const [reject, ops] of lost) this.#rejected(reject, ops);
    this.#outbox.connect(this.#limits, ({ n, ops }) => this.#link.send({ type: "push", n, ops }));
    this.#presence.connect();
    this.#saveChanged();
    this.#openedEpoch = welcome.epoch;
    if (replaced) this.#emitter.emit("replaced", { epoch: welcome.epoch });
  }

  #applyBatch({ from, to, changes, acks = [], rejects = [] }: Batch): void {
    // Something is missing in between; hello will bring it.
    if (from > this.#seq) return this.#link.restart({ penalty: true });
    const own = new Map(acks.filter(([n]) => this.#outbox.has(n)).map(([n, seq]) => [seq, n]));
    const lost = rejects.filter((reject) => this.#outbox.has(reject.n)).map((reject) => [reject, this.#outbox.ops(reject.n)] as const);
    const news = changes.filter((change) => change.seq > this.#seq);
    const others = new Set(news.filter((change) => !own.has(change.seq)).map((change) => change.by));
    const origin = others.size === 0 ? "local" : "remote";
    this.#store.transaction(
      origin,
      others.size === 1 ? [...others][0]! : origin === "local" ? (this.#grants?.userId ?? null) : null,
      () => {
        const decided = new Set<number>();
        for (const change of news) {
          const n = own.get(change.seq);
          const before = new Map(change.ops.map((op) => (op[0] === "p" ? op[1].id : op[1])).map((id) => [id, this.#store.confirmed(id)]));
          this.#store.confirm(change);
          if (n !== undefined) {
            decided.add(n);
            this.#outbox.decide(new Set([n]));
          } else {
            for (const [id, record] of before) this.#noticeRemote(id, record);
          }
        }
        for (const [n] of acks) decided.add(n);
        for (const [reject] of lost) decided.add(reject.n);
        this.#outbox.decide(decided);
        this.#store.dropPending(decided);
        this.#history.rejected(new Set(lost.map(([reject]) => reject.n)));
      },
    );
    this.#seq = Math.max(this.#seq, to);
    for (const [reject, ops] of lost) this.#rejected(reject, ops);
    this.#saveChanged();
  }

  /** Somebody else's change has been confirmed: undo must not take it back. */
  #noticeRemote(id: string, from: AnyRecord | undefined): void {
    const now = this.#store.confirmed(id);
    const [before, after] = [from, now].map((record) => (record?.deleted === true ? undefined : record)) as [
      AnyRecord | undefined,
      AnyRecord | undefined,
    ];
    if (before !== undefined && after === undefined) this.#history.remote(id, "gone");
    if (before === undefined && after !== undefined) this.#history.remote(id, "back");
    if (before !== undefined && after !== undefined) this.#history.remote(id, changedProperties(before, after));
  }

  #rejected({ code, id, detail, failingPaths }: Reject, ops: readonly Op[]): void {
    if (code === "gone" && ops.every(([verb]) => verb === "d")) {
      // Somebody was faster in deleting one of these. That is no conflict; the others are still to go.
      this.transact(() => {
        for (const [, other] of ops) if (other !== id && this.#store.get(other) !== undefined) this.delete(other);
      });
      return;
    }
    this.#conflicts++;
    this.#emitter.emit("reject", { code, id, detail, failingPaths, ops });
  }

  /** Nothing of the queue may be applied: it might have been before. */
  #unknownPeer(): void {
    const lost = this.#outbox.ns.map((n) => [{ n, code: "unknown_peer", id: null } as const, this.#outbox.ops(n)] as const);
    const ns = new Set(this.#outbox.ns);
    this.#link.suspend();
    const renewed = this.#outbox.reset();
    // At once: what is done while the queue is made anew, an undo above all, must not build on it.
    this.#store.transaction("local", this.#grants?.userId ?? null, () => this.#store.dropPending(ns));
    this.#history.rejected(ns);
    void renewed.then((numbers) => {
      this.#renumber(numbers);
      for (const [reject, ops] of lost) this.#rejected(reject, ops);
      this.#saveChanged();
      this.#link.restart();
    });
  }

  /** The device takes no more: what is not written there goes on from here alone, under a name that the device does not know. */
  #leaveDevice(): void {
    if (this.#state === "closed") return;
    this.#renumber(this.#outbox.leaveDevice());
    this.#link.restart();
  }

  #renumber(numbers: ReadonlyMap<number, number>): void {
    if (numbers.size === 0) return;
    this.#store.renumber(numbers);
    this.#history.renumber(numbers);
  }

  #bye(code: ErrorCode, retryAfter: number | undefined): void {
    if (code === "unknown_peer") return this.#unknownPeer();
    if (FINAL.includes(code)) return this.#end(code);
    this.#link.restart({ retryAfter, tokenExpired: code === "token_expired", penalty: true });
  }

  #isFinal(error: unknown): boolean {
    if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 403)) return false;
    this.#end(error.code);
    return true;
  }

  #end(code: ErrorCode): void {
    if (this.#state === "closed") return;
    this.close();
    this.#emitter.emit("closed", { code });
  }

  // Telling

  #wentDown(): void {
    this.#waiting = null;
    this.#outbox.disconnect();
    this.#presence.disconnect();
    if (this.#peers.size > 0) {
      this.#peers.clear();
      this.#emitter.emit("peers", []);
    }
    this.#setState("offline");
    this.#saveChanged();
  }

  #receivePresence(set: readonly Peer[], gone: readonly string[]): void {
    for (const peer of set) if (peer.id !== this.#self?.id) this.#peers.set(peer.id, peer);
    for (const id of gone) this.#peers.delete(id);
    this.#emitter.emit("peers", this.peers);
  }

  #setState(state: ConnectionState): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    this.#emitter.emit("state", state);
  }

  #saveChanged(): void {
    const pending = this.#outbox.size;
    const waits = this.#state === "offline" || this.#state === "closed";
    const state = pending === 0 ? "saved" : waits ? "offline" : "saving";
    const save: SaveState = { state, pending, onDevice: this.#outbox.stored, conflicts: this.#conflicts };
    const was = this.#save;
    if (save.state !== was.state || save.pending !== was.pending || save.onDevice !== was.onDevice || save.conflicts !== was.conflicts) {
      this.#save = save;
      this.#emitter.emit("save", save);
    }
    const { canUndo, canRedo } = this.#history;
    if (canUndo !== this.#shownHistory.canUndo || canRedo !== this.#shownHistory.canRedo) {
      this.#shownHistory = { canUndo, canRedo };
      this.#emitter.emit("history", this.#shownHistory);
    }
    const [first = Infinity] = this.#outbox.ns;
    const done = this.#flushes.filter((flush) => flush.n < first);
    this.#flushes = this.#flushes.filter((flush) => flush.n >= first);
    for (const { resolve } of done) resolve();
  }

  #rejectFlushes(): void {
    for (const { reject } of this.#flushes.splice(0))
      reject(new ApiError("unavailable", "closed before everything was saved; it is kept on this device"));
  }
}

function derivedRecord(id: string, data: Page | null | undefined): AnyRecord | undefined {
  return data === null || data === undefined ? undefined : derivedPage(id, data);
}
