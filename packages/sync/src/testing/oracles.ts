/** What must be true in a simulation, checked against the disk alone: never against what the room believes. */
import type { AnyRecord, Change, Op, Peer, ServerMessage } from "@lectern/protocol";
import { canSee, type Grants } from "@lectern/protocol/plain";
import type { BaseRecords } from "../base-records.ts";
import type { LoggedChange, StoredRecord } from "../change-log.ts";
import { createdRecord, deepEqual, visibleRecord } from "../change.ts";
import type { SyncClient } from "../client.ts";
import { rewind, writersWanted } from "../history-past.ts";
import { NaiveLog, type NaiveState, same } from "./naive-log.ts";
import type { Random } from "./random.ts";
import { derivedPage } from "../references.ts";
import { parseServerMessage } from "../server-message.ts";
import type { Disk, StoredQueue } from "./sim-storage.ts";

export class Violation extends Error {}

function violated(what: string, details: unknown): never {
  throw new Violation(`${what}: ${JSON.stringify(details)}`);
}

export interface FrameContext {
  readonly disk: Disk;
  readonly base: BaseRecords;
  readonly grants: Grants;
  readonly sid: string;
}

/** A frame that a room is about to send to a connection with these rights. */
export function checkFrame(frame: string, context: FrameContext): void {
  const message: ServerMessage | null = parseServerMessage(frame);
  if (message === null) return violated("a frame that clients do not understand", frame);
  if (message.type === "welcome") {
    for (const record of message.records ?? []) checkRecord(record, context);
    for (const change of message.changes ?? []) checkChange(change, context);
    checkTold(({ n }) => n <= message.lastN, message.seq, context);
  } else if (message.type === "batch") {
    for (const change of message.changes) checkChange(change, context);
    for (const [n, seq] of message.acks ?? []) {
      if (context.disk.pushes.get(`${context.sid} ${n}`) !== 1)
        violated("acknowledged, but not in the log exactly once", { sid: context.sid, n, seq });
      checkTold((change) => change.n === n, message.to, context);
    }
    for (const reject of message.rejects ?? []) {
      if (context.disk.pushes.has(`${context.sid} ${reject.n}`)) violated("refused, but in the log", { sid: context.sid, reject });
    }
    if (message.to > context.disk.seq) violated("told before it was on disk", { to: message.to, onDisk: context.disk.seq });
  } else if (message.type === "presence") {
    for (const peer of message.set) checkPresence(peer, context);
  }
}

/** What is said to be decided is shown: a client lets go of its push, and would show neither that nor what became of it. */
function checkTold(isDecided: (change: LoggedChange) => boolean, to: number, { disk, sid }: FrameContext): void {
  const change = disk.changes.find((logged) => logged.sid === sid && logged.seq > to && isDecided(logged));
  if (change !== undefined) violated("said to be decided before it is told", { sid, n: change.n, seq: change.seq, to });
}

function checkChange(change: Change, context: FrameContext): void {
  if (change.seq > context.disk.seq) violated("told before it was on disk", change);
  for (const op of change.ops) {
    if (op[0] === "p") checkRecord(op[1], context);
    else if (op[0] === "c") checkRecord(createdRecord(op, change), context);
    else if (!everSeen(op[1], context)) violated("named a record that the viewer could never see", { op, viewer: context.grants });
  }
}

function checkRecord(record: AnyRecord, { grants }: FrameContext): void {
  if (!canSee(grants, record)) violated("sent a record that the viewer may not see", { record, viewer: grants });
}

function checkPresence({ presence }: Peer, context: FrameContext): void {
  for (const id of [...(presence.selection ?? []), ...Object.keys(presence.preview ?? {})]) {
    const known = headsOf(id, context).length > 0;
    if (known ? !everSeen(id, context) : context.grants.collaboration !== null)
      violated("presence named a record that the viewer could never see", { id, viewer: context.grants });
  }
}

function everSeen(id: string, context: FrameContext): boolean {
  return headsOf(id, context).some((head) => canSee(context.grants, head));
}

function headsOf(id: string, { disk, base }: FrameContext) {
  const based = base.get(id) ?? (base.page(id) === null ? null : derivedPage(id, base.page(id)!));
  return [...(disk.heads.get(id) ?? []), ...(based === null ? [] : [based])];
}

/** The log alone, run forward, gives the stored records, without gap or repetition; run backwards, it gives the layer as it was. */
export async function checkLog(disk: Disk, base: BaseRecords, random: Random): Promise<void> {
  const { head, records } = await disk.log.load();
  disk.changes.forEach((change, index) => {
    const expected = disk.from + index + 1;
    if (change.seq !== expected) violated("a gap in the log", { seq: change.seq, expected });
  });
  if (head.seq !== disk.from + disk.changes.length) violated("the head is not the last change", { head, changes: disk.changes.length });
  for (const [push, count] of disk.pushes) if (count !== 1) violated("a push is in the log more than once", { push, count });

  const past = disk.from + random.int(disk.changes.length + 1);
  const log = new NaiveLog(base);
  let then = new Map(log.records);
  let erased = 0;
  for (const change of disk.changes) {
    const wrong = log.apply(change) ?? unerased(change, erased);
    if (wrong !== null) violated(wrong, change);
    if (disk.erasures.has(change.seq)) erased = change.seq;
    if (change.seq === past) then = new Map(log.records);
  }
  compare(log.records, records, "the stored record is not what the log says");

  const since = disk.changes.filter(({ seq }) => seq > past);
  const wanted = new Set(writersWanted(since));
  const writers = new Map(disk.changes.filter(({ seq }) => wanted.has(seq)).map(({ seq, at, actor }) => [seq, { at, actor }]));
  compare(then, rewind(records, since, writers), `the layer as it was at ${past} is not what the log says`);
}

/** What was meant to disappear comes back through no client. */
function unerased({ sid, ops }: LoggedChange, erased: number): string | null {
  const back = ops.some(({ op, before }) => op[0] === "r" && before !== null && before.seq <= erased);
  return back && !sid.startsWith("rest") ? "what was erased was restored" : null;
}

function compare(expected: ReadonlyMap<string, NaiveState>, records: readonly StoredRecord[], what: string): void {
  const found = new Map(records.map(({ id, ...record }) => [id, record]));
  for (const id of new Set([...expected.keys(), ...found.keys()])) {
    if (!same(expected.get(id), found.get(id))) violated(what, { id, expected: expected.get(id), found: found.get(id) });
  }
}

/** The client shows exactly what its rights let it see of the layer. */
export async function checkConverged(
  client: SyncClient,
  { disk, base, name }: { readonly disk: Disk; readonly base: BaseRecords; readonly name: string },
): Promise<void> {
  const { records } = await disk.log.load();
  const truth = new Map<string, AnyRecord>([...base.list()].map((record) => [record.id, record]));
  for (const record of records) {
    if (record.deleted && base.page(record.id) === null) truth.delete(record.id);
    else truth.set(record.id, visibleRecord(record, true));
  }
  for (const [id, record] of truth) if (!canSee(client.grants!, record)) truth.delete(id);
  const shown = new Map([...client.records.all()].map((record) => [record.id, record]));
  for (const id of new Set([...truth.keys(), ...shown.keys()])) {
    if (!deepEqual(truth.get(id), shown.get(id)))
      violated(`${name} does not show what is true`, { id, truth: truth.get(id) ?? null, shown: shown.get(id) ?? null });
  }
}

export interface Told {
  /** Ops of pushes that their user was told are refused. */
  readonly refused: ReadonlySet<unknown>;
  /** Ops of pushes of which nobody can say any more whether they were applied: the server had forgotten the queue. */
  readonly unknown: ReadonlySet<unknown>;
}

/** Of everything that was ever safe on a device: it was applied once and whole, by its user, or its user was told that it was not. */
export function checkNothingLost(
  queue: StoredQueue,
  { disk, told, user }: { readonly disk: Disk; readonly told: Told; readonly user: string },
): void {
  for (const [push, { actor }] of disk.written) {
    if (queue.sids.has(push.split(" ")[0]!) && actor !== user) violated("a queue was sent as another person", { push, actor, user });
  }
  for (const [ops, { sid, n }] of queue.stored) {
    const count = disk.pushes.get(`${sid} ${n}`) ?? 0;
    if (count > 0) checkWhole(ops, disk.written.get(`${sid} ${n}`)!);
    // That what was to be deleted is gone already is no news to anybody.
    if (told.unknown.has(ops) || ops.every(([verb]) => verb === "d")) continue;
    if (count === 0 && !told.refused.has(ops)) violated("a push was lost without a word", { sid, n, ops });
    if (count > 0 && told.refused.has(ops)) violated("a push that was told to be refused is in the log", { sid, n, ops });
  }
}

/** What is in the log as this push is this push, and all of it. */
function checkWhole(ops: readonly Op[], logged: LoggedChange): void {
  const written = new Set(logged.ops.map(({ id, op }) => `${op[0]} ${id}`));
  if (!ops.every(([verb, id]) => written.has(`${verb} ${id}`))) violated("another push, or a part of it, is in the log", { ops, logged });
}

/** Everybody who is connected is shown to everybody else, and nobody else is. */
export function checkPresent(clients: readonly SyncClient[]): void {
  const there = (some: readonly (string | null)[]): string => some.map(String).toSorted().join();
  for (const client of clients) {
    const expected = there(clients.filter((other) => other !== client).map(({ self }) => self!.userId));
    const shown = there(client.peers.map(({ userId }) => userId));
    if (shown !== expected) violated("who is there is not who is shown", { viewer: client.self, shown, expected });
  }
}
