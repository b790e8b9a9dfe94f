/**
 * The rules of a commit: each push of a batch is checked against the layer as the pushes before it leave it, and written down as logged ops,
 * cascades included. A push that fails anywhere leaves no trace. Nothing here is durable; the room commits what comes out.
 */
import { type AnyRecord, checkData, checkPatch, type Op, type Patch } from "@lectern/protocol";
import {
  can,
  canSee,
  type ErrorCode,
  type FailingPath,
  type Grants,
  reactionId,
  type RecordHead,
  type RecordKind,
  type SyncLimits,
} from "@lectern/protocol/plain";
import type { LoggedOp, StoredRecord } from "./change-log.ts";
import type { RoomFault } from "./decide.ts";
import type { LayerRules, RulesLayer } from "./layer-rules.ts";
import { applyOp, applyPatch, deepEqual, overwritten, type Stamp } from "./change.ts";
import { type Entry, entryOf, headOf, type LayerState, recordJson } from "./layer-state.ts";
import { pageOf, PARENT_KIND, parentOf } from "./references.ts";
import { type AppliedOp, encodeCreated } from "./room-view.ts";

export interface PushInput {
  readonly ops: readonly Op[];
  readonly grants: Grants;
  /** Becomes the creator and last writer. */
  readonly actor: string | null;
  /** Written by the server itself: may set content of pages, and has no limit of ops but that of records in one change. */
  readonly server: boolean;
  /** The session that it came from, for the log. */
  readonly session?: string | null | undefined;
  /** By the server only. */
  readonly erases?: boolean;
  /** By the server only: refused as `conflict` unless all of it is so. */
  readonly expects?: readonly Expectation[];
}

/** What a change was worked out from: this property of this record, which must still have this value. */
export interface Expectation {
  readonly id: string;
  readonly property: string;
  readonly value: unknown;
}

/** Records that one change of the server may write; more are several changes. */
export const RECORDS_PER_CHANGE = 50_000;

export interface Refusal {
  readonly code: ErrorCode;
  readonly id: string | null;
  readonly detail?: string;
  readonly failingPaths?: readonly FailingPath[];
}

/** An accepted push. */
export interface StagedChange {
  readonly logged: readonly LoggedOp[];
  /** JSON of each of `logged`. */
  readonly loggedJson: readonly string[];
  readonly applied: readonly AppliedOp[];
  readonly records: ReadonlyMap<string, StoredRecord>;
  /** Of each of `records`, as the room will keep it. */
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface StageContext {
  readonly state: LayerState;
  readonly limits: SyncLimits;
  /** Blobs that a record may name: those of `blobsNamed` that the document uses. */
  readonly blobs: ReadonlySet<string>;
  readonly rules?: LayerRules | undefined;
  /** What was deleted up to this change stays deleted, but for the server. */
  readonly erasedSeq: () => number;
  readonly fault?: RoomFault | undefined;
}

/** More than the head of a record has as JSON: its id, and three texts of at most 256 characters. */
const HEAD_BYTES = 8_000;

type Create = Extract<Op, readonly ["c", ...unknown[]]>;
type Update = Extract<Op, readonly ["u", ...unknown[]]>;

/** What may be changed of an annotation that is shown as its file has it: its place, and what is not in its look. */
const RAW_CHANGES: ReadonlySet<string> = new Set(["geometry", "order", "note", "creatorName", "flags", "lock", "bundle", "custom"]);

/** All pushes of one batch. */
export class Stage {
  readonly #context: StageContext;
  readonly #records = new Map<string, StoredRecord>();
  /** Ids of staged records by what they hang on. */
  readonly #children: ChildIndex = new Map();
  /** Fields that pushes before made. */
  readonly #fields: Set<string>;
  /** Of a batch that is being written; null when it is the state. */
  #earlier: Stage | null;
  #live: number;

  constructor(context: StageContext, earlier: Stage | null) {
    this.#context = context;
    this.#earlier = earlier;
    this.#live = earlier === null ? context.state.live : earlier.#live;
    this.#fields = new Set(earlier === null ? [] : earlier.#fields);
  }

  earlierIsWritten(): void {
    this.#earlier = null;
  }

  readonly #below: Below = {
    read: (id) => this.#staged(id) ?? this.#context.state.read(id),
    children: (id) => {
      const ids = new Set(this.#context.state.children(id));
      for (const stage of [this.#earlier, this]) if (stage !== null) for (const child of stage.#children.get(id) ?? []) ids.add(child);
      return ids;
    },
  };

  kind(id: string): RecordKind | null {
    return this.#staged(id)?.kind ?? this.#context.state.kind(id);
  }

  #staged(id: string): StoredRecord | undefined {
    return this.#records.get(id) ?? (this.#earlier === null ? undefined : this.#earlier.#records.get(id));
  }

  /** Decides one push; when accepted, later ones see its outcome. */
  push(input: PushInput, stamp: Stamp): { readonly change: StagedChange } | { readonly refusal: Refusal } {
    if (!input.server && input.ops.length > this.#context.limits.opsPerPush) {
      return { refusal: { code: "limit_exceeded", id: null, detail: `at most ${this.#context.limits.opsPerPush} ops in one push` } };
    }
    const stale = input.expects?.find(({ id, property, value }) => !isSo(this.#below.read(id), property, value));
    if (stale !== undefined) return { refusal: { code: "conflict", id: stale.id, detail: "it was changed meanwhile" } };
    const draft = new Draft(this.#context, this.#below, input, stamp);
    for (const [index, op] of input.ops.entries()) {
      const refusal = draft.apply(op, `$.ops[${index}]`);
      if (refusal !== null && (index === 0 || this.#context.fault !== "half a push")) return { refusal };
    }
    draft.derive(this.#fields);
    if (draft.born > 0 && this.#live + draft.born > this.#context.limits.recordsPerLayer) {
      return {
        refusal: { code: "limit_exceeded", id: null, detail: `at most ${this.#context.limits.recordsPerLayer} records in a layer` },
      };
    }
    if (draft.records.size > RECORDS_PER_CHANGE) {
      return { refusal: { code: "limit_exceeded", id: null, detail: `at most ${RECORDS_PER_CHANGE} records in one change` } };
    }
    this.#live += draft.born;
    for (const [id, record] of draft.records) {
      this.#records.set(id, record);
      noteChild(this.#children, record);
      if (record.kind === "field") this.#fields.add(id);
    }
    return { change: draft };
  }
}

function isSo(record: StoredRecord | null, property: string, value: unknown): boolean {
  return record !== null && !record.deleted && deepEqual((record.data as unknown as Readonly<Record<string, unknown>>)[property], value);
}

type ChildIndex = Map<string, Set<string>>;

/** What the push of a draft finds. */
interface Below {
  read(id: string): StoredRecord | null;
  /** Ids of all that ever hung on this record. */
  children(id: string): Set<string>;
}

function noteChild(index: ChildIndex, record: StoredRecord): void {
  const parent = parentOf(record.kind, record.data);
  if (parent === null) return;
  const siblings = index.get(parent);
  if (siblings === undefined) index.set(parent, new Set([record.id]));
  else siblings.add(record.id);
}

/** One push while it is being checked. */
class Draft implements StagedChange {
  readonly logged: LoggedOp[] = [];
  readonly loggedJson: string[] = [];
  readonly applied: AppliedOp[] = [];
  readonly records = new Map<string, StoredRecord>();
  readonly entries = new Map<string, Entry>();
  /** Live records more than before. */
  born = 0;
  /** Deleted or restored because another record was. */
  readonly #cascaded = new Set<string>();
  readonly #context: StageContext;
  readonly #below: Below;
  readonly #staged: ChildIndex = new Map();
  readonly #input: PushInput;
  readonly #stamp: Stamp;

  constructor(context: StageContext, below: Below, input: PushInput, stamp: Stamp) {
    this.#context = context;
    this.#below = below;
    this.#input = input;
    this.#stamp = stamp;
  }

  apply(op: Op, path: string): Refusal | null {
    if (op[0] === "c") return this.#create(op, path);
    const id = op[1];
    const record = this.#read(id);
    // A hidden record is as if it were not there, deleted or not.
    if (record === null || !canSee(this.#input.grants, headOf(record))) return { code: "not_found", id };
    // An earlier op of this push took it along.
    if (this.#cascaded.has(id) && (op[0] === "d" ? record.deleted : op[0] === "r" && !record.deleted)) return null;
    if (op[0] === "r") return this.#restore(record);
    const isGone = record.deleted && this.#context.fault !== "update after delete";
    if (isGone || this.#onDeletedPage(record)) return { code: "gone", id };
    const ifSeq = op[0] === "u" ? op[3] : op[0] === "d" ? op[2] : undefined;
    if (ifSeq !== undefined && ifSeq !== record.seq) return { code: "precondition_failed", id };
    switch (op[0]) {
      case "u":
        return this.#update(record, op, path);
      case "d":
        return this.#delete(record);
      case "g":
        return this.#setGroup(record, op[2], path);
    }
  }

  #create([, id, kind, data, asked]: Create, path: string): Refusal | null {
    const { grants } = this.#input;
    const there = this.#read(id);
    // A reaction that was taken back is made again under its one id.
    if (kind === "reaction" && there?.kind === "reaction" && there.deleted && canSee(grants, headOf(there))) return this.#restore(there);
    if (there !== null) return { code: "exists", id };
    const checked = checkData(kind, data, path);
    if (!checked.ok) return { code: "invalid_parameters", id, failingPaths: checked.failingPaths };
    const misnamed = this.#misnamed(id, kind, checked.value);
    if (misnamed !== null) return { code: "invalid_parameters", id, failingPaths: [{ path, details: misnamed }] };

    const refusal = this.#checkReferences(id, kind, checked.value, path) ?? this.#checkServerOnly(id, kind, null, checked.value, path);
    if (refusal !== null) return refusal;
    const unruly = this.#checkRules({ id, kind, data: checked.value } as unknown as AnyRecord, path);
    if (unruly !== null) return unruly;
    const parent = this.#parent(kind, checked.value);
    const inherited = kind === "widget" || kind === "value" ? (parent?.grp ?? null) : undefined;
    const grp = inherited ?? (asked === undefined ? grants.defaultGroup : asked);
    const head: RecordHead = { kind, createdBy: this.#input.actor, grp };
    const allowed =
      kind === "comment"
        ? this.#mayComment(head, checked.value)
        : kind === "reaction"
          ? canSee(grants, head) && can(grants, "reply", headOf(parent!), null)
          : can(grants, "create", null, head);
    if (!allowed) return { code: "forbidden", id };
    if (kind === "comment" && isSilent({ kind, data: checked.value } as unknown as AnyRecord) && !this.#hasWords(checked.value)) {
      return { code: "gone", id, failingPaths: [{ path: `${path}.root`, details: "has no comments to resolve" }] };
    }
    if (inherited === undefined && grp !== grants.defaultGroup && !can(grants, "set-group", null, head)) {
      return { code: "forbidden", id, detail: "the group of a new record can be chosen with set-group only" };
    }
    return this.#write(["c", id, kind, checked.value, grp], null);
  }

  #update(record: StoredRecord, [, id, patch]: Update, path: string): Refusal | null {
    const head = headOf(record);
    if (!can(this.#input.grants, record.kind === "value" ? "fill" : "edit", head, head)) return { code: "forbidden", id };
    const checked = checkPatch(record.kind, record.data, patch, path);
    if (!checked.ok) return { code: "invalid_parameters", id, failingPaths: checked.failingPaths };
    const refusal =
      this.#checkReferences(id, record.kind, checked.value, path) ??
      this.#checkServerOnly(id, record.kind, record.data as unknown as Patch, checked.value, path) ??
      this.#checkRules({ ...record, data: applyPatch(record.kind, record.data as unknown as Patch, checked.value) } as AnyRecord, path);
    return refusal ?? this.#write(["u", id, checked.value], record);
  }

  #checkRules(after: AnyRecord, path: string): Refusal | null {
    const problem = this.#input.server ? null : (this.#context.rules?.check(after, this.#layer(new Set())) ?? null);
    if (problem === null) return null;
    const { code, detail, property } = problem;
    return { code, id: after.id, detail, failingPaths: [{ path: `${path}.${property}`, details: detail }] };
  }

  /** Writes what follows from the push by the layer's rules, as if by the server. `fields`: made by pushes before this one. */
  derive(fields: ReadonlySet<string>): void {
    const { rules } = this.#context;
    if (rules === undefined || this.records.size === 0) return;
    for (const op of rules.derive([...this.records.values()], this.#layer(fields))) {
      if (op[0] !== "c" && op[0] !== "u") throw new Error(`a rule derives creates and updates only, not ${op[0]}`);
      const before = this.#read(op[1]);
      if (op[0] === "c" && before === null) {
        const parent = this.#parent(op[2], op[3]);
        this.#write(["c", op[1], op[2], op[3], parent?.grp ?? null], null);
      } else if (op[0] === "u" && before !== null && !before.deleted && !this.#onDeletedPage(before))
        this.#write(["u", op[1], op[2]], before);
    }
  }

  #layer(fields: ReadonlySet<string>): RulesLayer {
    return {
      read: (id) => this.#read(id),
      children: (id) => this.#children(id),
      ofKind: (kind) => {
        const ids = this.#context.state.fields();
        for (const id of fields) ids.add(id);
        for (const record of this.records.values()) if (record.kind === kind) ids.add(record.id);
        return [...ids].map((id) => this.#read(id)!);
      },
    };
  }

  #delete(record: StoredRecord): Refusal | null {
    if (!can(this.#input.grants, "delete", headOf(record), null) && !this.#mayTakeBack(record)) return { code: "forbidden", id: record.id };
    const isLive = (member: StoredRecord): boolean => !member.deleted;
    const doomed = this.#family(record, isLive);
    const root = record.kind === "comment" ? this.#parent("comment", record.data) : null;
    if (root !== null && !root.deleted) {
      const left = this.#children(root.id).filter((child) => isLive(child) && child.id !== record.id);
      // Words that nobody can read any more are resolved no more either; a marker without words marks nothing.
      if (left.every(isSilent)) {
        doomed.push(...left.flatMap((child) => this.#family(child, isLive)));
        if (isMarker(root)) doomed.push(root);
      }
    }
    for (const one of doomed) this.#take(["d", one.id], one, record);
    return null;
  }

  /** Brings back what went in the same change: below it always, above it (a marker that went with its last comment) when that is allowed, too. */
  #restore(record: StoredRecord): Refusal | null {
    const { id, seq } = record;
    if (!record.deleted) return { code: "exists", id };
    const erasedSeq = this.#context.fault === "restore of the erased" ? 0 : this.#context.erasedSeq();
    if (!this.#input.server && seq <= erasedSeq) return { code: "gone", id };
    if (!this.#mayRestore(record)) return { code: "forbidden", id };
    if (isSilent(record) && !this.#hasWords(record.data)) return { code: "gone", id };
    let top = record;
    for (let above = this.#parent(top.kind, top.data); above?.deleted === true; above = this.#parent(top.kind, top.data)) {
      const together =
        above.seq === seq && canSee(this.#input.grants, headOf(above)) && can(this.#input.grants, "restore", null, headOf(above));
      if (!together) return { code: "gone", id };
      top = above;
    }
    if (this.#onDeletedPage(top)) return { code: "gone", id };
    const wentToo = (member: StoredRecord): boolean => member.deleted && member.seq === seq;
    const back = this.#family(top, wentToo);
    if (top.kind === "comment" && !isSilent(top)) {
      const silent = this.#children(top.data.root).filter((child) => isSilent(child) && child.id !== top.id);
      back.push(...silent.flatMap((child) => this.#family(child, wentToo)));
    }
    for (const one of back) this.#take(["r", one.id], one, record);
    return null;
  }

  #setGroup(record: StoredRecord, grp: string | null, path: string): Refusal | null {
    const { id } = record;
    if (record.kind === "widget" || record.kind === "value") {
      return { code: "invalid_parameters", id, failingPaths: [{ path, details: "its group is that of its field" }] };
    }
    if (!can(this.#input.grants, "set-group", headOf(record), { ...headOf(record), grp })) return { code: "forbidden", id };
    const members = record.kind === "field" ? this.#family(record, (member) => !member.deleted) : [record];
    for (const member of members) this.#write(["g", member.id, grp], member);
    return null;
  }

  /** Ids that follow from what the record is. */
  #misnamed(id: string, kind: RecordKind, data: Patch): string | null {
    if (kind === "value" && id !== `${String(data["field"])}:v`) return "the id of a value is its field's id and `:v`";
    if ((kind === "meta" || kind === "outline") && id !== kind) return `its id is \`${kind}\``;
    if (kind === "reaction" && id !== reactionId(String(data["comment"]), this.#input.actor, String(data["emoji"])))
      return "the id of a reaction is made of its comment, its user and its emoji";
    return null;
  }

  /** What the data names must exist, be visible and be alive. Looks at the properties that are given. */
  #checkReferences(id: string, kind: RecordKind, data: Patch, path: string): Refusal | null {
    const named = pageOf(kind, data);
    if (named !== null) {
      const page = this.#read(named);
      if (page === null || page.kind !== "page") return missing(id, "not_found", `${path}.page`);
      if (page.deleted) return missing(id, "gone", `${path}.page`);
    }
    const parentId = parentOf(kind, data);
    if (parentId !== null) {
      const parent = this.#read(parentId);
      const at = `${path}.${kind === "comment" ? "root" : kind === "reaction" ? "comment" : "field"}`;
      if (parent === null || parent.kind !== PARENT_KIND[kind] || !canSee(this.#input.grants, headOf(parent)))
        return missing(id, "not_found", at);
      if (parent.deleted || this.#onDeletedPage(parent)) return missing(id, "gone", at);
    }
    for (const blob of blobsOf(kind, data))
      if (!this.#context.blobs.has(blob)) return { code: "not_found", id, detail: `no blob ${blob} in this document` };
    return null;
  }

  #checkServerOnly(id: string, kind: RecordKind, before: Patch | null, data: Patch, path: string): Refusal | null {
    if (this.#input.server) return null;
    if (kind === "page" && Object.hasOwn(data, "content") && !deepEqual(data["content"], before === null ? null : before["content"])) {
      return { code: "forbidden", id, failingPaths: [{ path: `${path}.content`, details: "is set by the server" }] };
    }
    if (kind !== "annotation" || (before ?? data)["type"] !== "raw") return null;
    // Shown by its appearance image, which nobody but the importer can make.
    if (before === null)
      return { code: "forbidden", id, failingPaths: [{ path: `${path}.type`, details: "is made by the import of a file" }] };
    const fixed = Object.keys(data).find((key) => !RAW_CHANGES.has(key));
    if (fixed === undefined) return null;
    return { code: "forbidden", id, failingPaths: [{ path: `${path}.${fixed}`, details: "is as the file has it" }] };
  }

  /** As a comment of one's own, or as a reply to what is already in the thread. Resolving is replying. */
  #mayComment(head: RecordHead, data: Patch): boolean {
    const { grants } = this.#input;
    if (data["state"] === undefined && can(grants, "create", null, head)) return true;
    const root = this.#parent("comment", data);
    if (root === null) return false;
    return [root, ...this.#children(root.id)].some((said) => !said.deleted && can(grants, "reply", headOf(said), null));
  }

  /** Is there something said in the thread of this comment, that can be resolved? */
  #hasWords(data: object): boolean {
    const root = this.#parent("comment", data);
    return root !== null && this.#children(root.id).some((child) => !child.deleted && child.kind === "comment" && !isSilent(child));
  }

  /** Whoever could say it can say it again: also with the right to reply alone, when it is one's own. */
  #mayRestore(record: StoredRecord): boolean {
    const { grants } = this.#input;
    const head = headOf(record);
    if (record.kind === "comment") {
      if (record.data.state === undefined && can(grants, "restore", null, head)) return true;
      const root = this.#parent("comment", record.data);
      // Its root may have gone with it.
      const said = root === null ? [] : [root, record, ...this.#children(root.id)];
      const mayReply = said.some((one) => (!one.deleted || one.seq === record.seq) && can(grants, "reply", headOf(one), null));
      return mayReply && (this.#isOwn(record) || can(grants, "restore", null, head));
    }
    if (record.kind !== "reaction") return can(grants, "restore", null, head);
    const comment = this.#parent("reaction", record.data);
    return comment !== null && this.#isOwn(record) && can(grants, "reply", headOf(comment), null);
  }

  /** One's own reaction. */
  #mayTakeBack(record: StoredRecord): boolean {
    const comment = record.kind === "reaction" ? this.#parent("reaction", record.data) : null;
    return comment !== null && this.#isOwn(record) && can(this.#input.grants, "reply", headOf(comment), null);
  }

  /** Null is nobody's; without a claim there is no need to be anybody. */
  #isOwn({ createdBy }: StoredRecord): boolean {
    return this.#input.grants.collaboration === null || (createdBy !== null && createdBy === this.#input.actor);
  }

  #onDeletedPage(record: StoredRecord): boolean {
    const page = pageOf(record.kind, record.data);
    if (page !== null) return this.#read(page)?.deleted === true;
    const parent = this.#parent(record.kind, record.data);
    return parent !== null && this.#onDeletedPage(parent);
  }

  #parent(kind: RecordKind, data: object): StoredRecord | null {
    const id = parentOf(kind, data);
    return id === null ? null : this.#read(id);
  }

  #children(id: string): StoredRecord[] {
    const ids = this.#below.children(id);
    for (const child of this.#staged.get(id) ?? []) ids.add(child);
    return [...ids].map((child) => this.#read(child)!);
  }

  /** The record and all below it that qualify, parents first. */
  #family(record: StoredRecord, qualifies: (member: StoredRecord) => boolean): StoredRecord[] {
    if (!qualifies(record)) return [];
    if (record.kind !== "annotation" && record.kind !== "comment" && record.kind !== "field") return [record];
    return [record, ...this.#children(record.id).flatMap((child) => this.#family(child, qualifies))];
  }

  #read(id: string): StoredRecord | null {
    return this.records.get(id) ?? this.#below.read(id);
  }

  /** `cause`: the record that the op was about. */
  #take(op: Op, record: StoredRecord, cause: StoredRecord): void {
    if (record !== cause) this.#cascaded.add(record.id);
    this.#write(op, record);
  }

  #write(op: Op, before: StoredRecord | null): Refusal | null {
    const { after, entry, applied } = applyToRecord(op, before, { stamp: this.#stamp, derived: this.#context.state.isDerived(op[1]) });
    if ((op[0] === "c" || op[0] === "u") && tooLarge(after.id, entry, this.#context.limits.recordBytes)) {
      return { code: "too_large", id: after.id, detail: `a record has at most ${this.#context.limits.recordBytes} bytes` };
    }
    const logged: LoggedOp = {
      id: after.id,
      op,
      before:
        before === null
          ? null
          : {
              createdBy: before.createdBy,
              grp: before.grp,
              deleted: before.deleted,
              seq: before.seq,
              data:
                op[0] === "u" && this.#context.fault !== "log without before" ? overwritten(before.data as unknown as Patch, op[2]) : {},
            },
    };
    this.logged.push(logged);
    this.loggedJson.push(loggedJson(logged, entry.data));
    this.applied.push(applied);
    this.born += (after.deleted ? 0 : 1) - (before === null || before.deleted ? 0 : 1);
    this.records.set(after.id, after);
    noteChild(this.#staged, after);
    this.entries.set(after.id, entry);
    return null;
  }
}

/** `data`: JSON of the record's data, which is long and made once. */
function loggedJson(logged: LoggedOp, data: string): string {
  const { op } = logged;
  if (op[0] !== "c") return JSON.stringify(logged);
  const id = JSON.stringify(op[1]);
  return `{"id":${id},"op":["c",${id},"${op[2]}",${data},${JSON.stringify(op[4] ?? null)}],"before":null}`;
}

/** One op of a change, as it is written and as it will be told. The record must exist unless it is a create. `derived`: it is a page of the revision. */
export function applyToRecord(
  op: Op,
  before: StoredRecord | null,
  { stamp, derived }: { readonly stamp: Stamp; readonly derived: boolean },
): { after: StoredRecord; entry: Entry; applied: AppliedOp } {
  const after = applyOp(before, op, stamp);
  if (after === null) throw new Error(`${op[0]} of ${op[1]}, which does not exist`);
  const entry = entryOf(after, JSON.stringify(after.data));
  const applied: AppliedOp = {
    id: after.id,
    before: before === null || (before.deleted && !derived) ? null : headOf(before),
    after: after.deleted && !derived ? null : entry,
    // Nobody has the record of a page that was not changed before.
    told: derived && before?.seq === 0 ? null : toldJson(op, entry),
    entry,
    derived,
  };
  return { after, entry, applied };
}

/** The op as it is told to who can apply it; null: the record is sent whole. */
function toldJson(op: Op, entry: Entry): string | null {
  if (op[0] === "u") return `["u",${JSON.stringify(op[1])},${JSON.stringify(op[2])}]`;
  return op[0] === "c" ? encodeCreated(op[1], entry) : null;
}

/** Has the record, as viewers get it, more bytes? */
function tooLarge(id: string, entry: Entry, bytes: number): boolean {
  // Nearly all are so short that nothing has to be counted.
  return entry.data.length * 3 + HEAD_BYTES > bytes && longerThan(recordJson(id, entry, false), bytes);
}

/** Blobs that these ops name: whoever commits must know which of them the document uses. */
export function blobsNamed(ops: readonly Op[], kindOf: (id: string) => RecordKind | null): string[] {
  return ops.flatMap((op) => {
    if (op[0] === "c") return blobsOf(op[2], op[3]);
    const kind = op[0] === "u" ? kindOf(op[1]) : null;
    return kind === null || op[0] !== "u" ? [] : blobsOf(kind, op[2]);
  });
}

function blobsOf(kind: RecordKind, data: object): string[] {
  const { blob, attachment, content } = data as {
    blob?: unknown;
    attachment?: { blob?: unknown } | null;
    content?: { source?: unknown } | null;
  };
  const named = kind === "attachment" ? blob : kind === "annotation" ? attachment?.blob : kind === "page" ? content?.source : undefined;
  return typeof named === "string" ? [named] : [];
}

/** Resolves or reopens its thread, and says nothing. */
function isSilent({ kind, data }: AnyRecord): boolean {
  return kind === "comment" && "state" in data && data.state !== undefined && data.text.value.trim() === "";
}

function isMarker(record: AnyRecord): boolean {
  return record.kind === "annotation" && record.data.type === "comment-marker";
}

function missing(id: string, code: "not_found" | "gone", path: string): Refusal {
  return { code, id, failingPaths: [{ path, details: code === "gone" ? "has been deleted" : "does not exist" }] };
}

/** Is the text longer than this many bytes of UTF-8? */
function longerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  if (text.length * 3 <= bytes) return false;
  let size = 0;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    size += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return size > bytes;
}
