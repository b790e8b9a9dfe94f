/** What must be true in a simulation, checked against the disk alone: never against what the room believes. */
import type { AnyRecord, Change, Peer, ServerMessage } from "@lectern/protocol";
import { canSee, type Grants } from "@lectern/protocol/plain";
import type { BaseRecords } from "../base-records.ts";
import type { StoredRecord } from "../change-log.ts";
import { applyOp, createdRecord, deepEqual, visibleRecord } from "../change.ts";
import type { SyncClient } from "../client.ts";
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
  } else if (message.type === "batch") {
    for (const change of message.changes) checkChange(change, context);
    for (const [n, seq] of message.acks ?? []) {
      if (context.disk.pushes.get(`${context.sid} ${n}`) !== 1)
        violated("acknowledged, but not in the log exactly once", { sid: context.sid, n, seq });
    }
    for (const reject of message.rejects ?? []) {
      if (context.disk.pushes.has(`${context.sid} ${reject.n}`)) violated("refused, but in the log", { sid: context.sid, reject });
    }
    if (message.to > context.disk.seq) violated("told before it was on disk", { to: message.to, onDisk: context.disk.seq });
  } else if (message.type === "presence") {
    for (const peer of message.set) checkPresence(peer, context);
  }
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

/** The log alone, replayed by its ops, gives the stored records, without gap or repetition. */
export async function checkLog(disk: Disk, base: BaseRecords): Promise<void> {
  const { head, records } = await disk.log.load();
  const { changes } = (await disk.log.changesSince(head.floorSeq))!;
  changes.forEach((change, index) => {
    const expected = head.floorSeq + index + 1;
    if (change.seq !== expected) violated("a gap in the log", { seq: change.seq, expected });
  });
  if (head.seq !== head.floorSeq + changes.length) violated("the head is not the last change", { head, changes: changes.length });
  for (const [push, count] of disk.pushes) if (count !== 1) violated("a push is in the log more than once", { push, count });

  const replayed = new Map<string, StoredRecord>();
  for (const { seq, at, actor, ops } of changes) {
    for (const { id, op } of ops) {
      const before = replayed.get(id) ?? based(base, id);
      const after = applyOp(before, op, { seq, at, by: actor });
      if (after === null) violated("the log changes what is not there", { seq, op });
      else replayed.set(id, after);
    }
  }
  const stored = new Map(records.map((record) => [record.id, record]));
  for (const id of new Set([...replayed.keys(), ...stored.keys()])) {
    if (!deepEqual(replayed.get(id), stored.get(id)))
      violated("the stored record is not what the log says", { replayed: replayed.get(id), stored: stored.get(id) });
  }
}

function based(base: BaseRecords, id: string): StoredRecord | null {
  const record = base.get(id);
  if (record !== null) return { ...record, deleted: false };
  const page = base.page(id);
  return page === null ? null : { ...derivedPage(id, page), deleted: false };
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

/** Of everything that was ever safe on a device: it was applied once, or its user was told that it was not. */
export function checkNothingLost(queue: StoredQueue, { disk, told }: { readonly disk: Disk; readonly told: ReadonlySet<unknown> }): void {
  for (const [ops, { sid, n }] of queue.stored) {
    const count = disk.pushes.get(`${sid} ${n}`) ?? 0;
    // That what was to be deleted is gone already is no news to anybody.
    if (ops.every(([verb]) => verb === "d")) continue;
    if (count === 0 && !told.has(ops)) violated("a push was lost without a word", { sid, n, ops });
    if (count > 0 && told.has(ops)) violated("a push that was told to be refused is in the log", { sid, n, ops });
  }
}
