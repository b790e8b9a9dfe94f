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
  type RecordHead,
  type RecordKind,
  type SyncLimits,
} from "@lectern/protocol/plain";
import type { LoggedOp, StoredRecord } from "./change-log.ts";
import { applyOp, deepEqual, overwritten, type Stamp, visibleRecord } from "./change.ts";
import { headOf, type LayerState } from "./layer-state.ts";
import { pageOf, PARENT_KIND, parentOf } from "./references.ts";
import type { AppliedOp } from "./room-view.ts";

export interface PushInput {
  readonly ops: readonly Op[];
  readonly grants: Grants;
  /** Becomes the creator and last writer. */
  readonly actor: string | null;
  /** Written by the server itself: may set content of pages, and has no limit of ops. */
  readonly server: boolean;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly id: string | null;
  readonly detail?: string;
  readonly failingPaths?: readonly FailingPath[];
}

/** An accepted push. */
export interface StagedChange {
  readonly logged: readonly LoggedOp[];
  readonly applied: readonly AppliedOp[];
  readonly records: ReadonlyMap<string, StoredRecord>;
  /** JSON text of each of `records` as viewers get it. */
  readonly json: ReadonlyMap<string, string>;
}

export interface StageContext {
  readonly state: LayerState;
  readonly limits: SyncLimits;
  /** Blobs that a record may name: those of `blobsNamed` that the document uses. */
  readonly blobs: ReadonlySet<string>;
}

type Create = Extract<Op, readonly ["c", ...unknown[]]>;
type Update = Extract<Op, readonly ["u", ...unknown[]]>;

/** All pushes of one tick. */
export class Stage {
  readonly #context: StageContext;
  readonly #records = new Map<string, StoredRecord>();
  #live: number;

  constructor(context: StageContext) {
    this.#context = context;
    this.#live = context.state.live;
  }

  /** Decides one push; when accepted, later ones see its outcome. */
  push(input: PushInput, stamp: Stamp): { readonly change: StagedChange } | { readonly refusal: Refusal } {
    if (!input.server && input.ops.length > this.#context.limits.opsPerPush) {
      return { refusal: { code: "limit_exceeded", id: null, detail: `at most ${this.#context.limits.opsPerPush} ops in one push` } };
    }
    const draft = new Draft(this.#context, (id) => this.#records.get(id) ?? this.#context.state.read(id), this.#records, input, stamp);
    for (const [index, op] of input.ops.entries()) {
      const refusal = draft.apply(op, `$.ops[${index}]`);
      if (refusal !== null) return { refusal };
    }
    if (draft.born > 0 && this.#live + draft.born > this.#context.limits.recordsPerLayer) {
      return {
        refusal: { code: "limit_exceeded", id: null, detail: `at most ${this.#context.limits.recordsPerLayer} records in a layer` },
      };
    }
    this.#live += draft.born;
    for (const [id, record] of draft.records) this.#records.set(id, record);
    return { change: draft };
  }
}

/** One push while it is being checked. */
class Draft implements StagedChange {
  readonly logged: LoggedOp[] = [];
  readonly applied: AppliedOp[] = [];
  readonly records = new Map<string, StoredRecord>();
  readonly json = new Map<string, string>();
  /** Live records more than before. */
  born = 0;
  /** Deleted or restored because another record was. */
  readonly #cascaded = new Set<string>();
  readonly #context: StageContext;
  readonly #readBelow: (id: string) => StoredRecord | null;
  readonly #earlier: ReadonlyMap<string, StoredRecord>;
  readonly #input: PushInput;
  readonly #stamp: Stamp;

  constructor(
    context: StageContext,
    read: (id: string) => StoredRecord | null,
    earlier: ReadonlyMap<string, StoredRecord>,
    input: PushInput,
    stamp: Stamp,
  ) {
    this.#context = context;
    this.#readBelow = read;
    this.#earlier = earlier;
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
    if (record.deleted || this.#onDeletedPage(record)) return { code: "gone", id };
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
    if (this.#read(id) !== null) return { code: "exists", id };
    const checked = checkData(kind, data, path);
    if (!checked.ok) return { code: "invalid_parameters", id, failingPaths: checked.failingPaths };
    const misnamed = this.#misnamed(id, kind, checked.value);
    if (misnamed !== null) return { code: "invalid_parameters", id, failingPaths: [{ path, details: misnamed }] };

    const refusal = this.#checkReferences(id, kind, checked.value, path) ?? this.#checkServerOnly(id, kind, null, checked.value, path);
    if (refusal !== null) return refusal;
    const parent = this.#parent(kind, checked.value);
    const inherited = kind === "widget" || kind === "value" ? (parent?.grp ?? null) : undefined;
    const grp = inherited ?? (asked === undefined ? grants.defaultGroup : asked);
    const head: RecordHead = { kind, createdBy: this.#input.actor, grp };
    const allowed = kind === "comment" ? this.#mayComment(head, checked.value) : can(grants, "create", null, head);
    if (!allowed) return { code: "forbidden", id };
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
      this.#checkServerOnly(id, record.kind, record.data as unknown as Patch, checked.value, path);
    return refusal ?? this.#write(["u", id, checked.value], record);
  }

  #delete(record: StoredRecord): Refusal | null {
    if (!can(this.#input.grants, "delete", headOf(record), null)) return { code: "forbidden", id: record.id };
    for (const doomed of this.#family(record, (member) => !member.deleted)) this.#take(["d", doomed.id], doomed, record);
    const root = record.kind === "comment" ? this.#parent("comment", record.data) : null;
    if (root !== null && !root.deleted && isMarker(root) && this.#children(root.id).every((child) => child.deleted)) {
      this.#take(["d", root.id], root, record);
    }
    return null;
  }

  /** Brings back what went in the same change: below it always, above it (a marker that went with its last comment) when that is allowed, too. */
  #restore(record: StoredRecord): Refusal | null {
    const { id, seq } = record;
    if (!record.deleted) return { code: "exists", id };
    if (!can(this.#input.grants, "restore", null, headOf(record))) return { code: "forbidden", id };
    let top = record;
    for (let above = this.#parent(top.kind, top.data); above?.deleted === true; above = this.#parent(top.kind, top.data)) {
      const together =
        above.seq === seq && canSee(this.#input.grants, headOf(above)) && can(this.#input.grants, "restore", null, headOf(above));
      if (!together) return { code: "gone", id };
      top = above;
    }
    if (this.#onDeletedPage(top)) return { code: "gone", id };
    for (const back of this.#family(top, (member) => member.deleted && member.seq === seq)) this.#take(["r", back.id], back, record);
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
    if (kind === "reaction" && !id.startsWith(`${String(data["comment"])}:${this.#input.actor ?? ""}:`))
      return "the id of a reaction starts with its comment and its user";
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
    // Shown by its appearance image, which nobody but the importer can make.
    if (kind === "annotation" && (before ?? data)["type"] === "raw") {
      return { code: "forbidden", id, failingPaths: [{ path: `${path}.type`, details: "can only be deleted" }] };
    }
    return null;
  }

  /** As a comment of one's own, or as a reply to what is already in the thread. Resolving is replying. */
  #mayComment(head: RecordHead, data: Patch): boolean {
    const { grants } = this.#input;
    if (data["state"] === undefined && can(grants, "create", null, head)) return true;
    const root = this.#parent("comment", data);
    if (root === null) return false;
    return [root, ...this.#children(root.id)].some((said) => !said.deleted && can(grants, "reply", headOf(said), null));
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
    const ids = new Set(this.#context.state.children(id));
    for (const staged of [this.#earlier, this.records]) {
      for (const record of staged.values()) if (parentOf(record.kind, record.data) === id) ids.add(record.id);
    }
    return [...ids].map((child) => this.#read(child)!);
  }

  /** The record and all below it that qualify, parents first. */
  #family(record: StoredRecord, qualifies: (member: StoredRecord) => boolean): StoredRecord[] {
    if (!qualifies(record)) return [];
    if (record.kind !== "annotation" && record.kind !== "comment" && record.kind !== "field") return [record];
    return [record, ...this.#children(record.id).flatMap((child) => this.#family(child, qualifies))];
  }

  #read(id: string): StoredRecord | null {
    return this.records.get(id) ?? this.#readBelow(id);
  }

  /** `cause`: the record that the op was about. */
  #take(op: Op, record: StoredRecord, cause: StoredRecord): void {
    if (record !== cause) this.#cascaded.add(record.id);
    this.#write(op, record);
  }

  #write(op: Op, before: StoredRecord | null): Refusal | null {
    const { after, json, applied } = applyToRecord(op, before, { stamp: this.#stamp, derived: this.#context.state.isDerived(op[1]) });
    if ((op[0] === "c" || op[0] === "u") && longerThan(json, this.#context.limits.recordBytes)) {
      return { code: "too_large", id: after.id, detail: `a record has at most ${this.#context.limits.recordBytes} bytes` };
    }
    this.logged.push({
      id: after.id,
      op,
      before:
        before === null
          ? null
          : {
              createdBy: before.createdBy,
              grp: before.grp,
              deleted: before.deleted,
              data: op[0] === "u" ? overwritten(before.data as unknown as Patch, op[2]) : {},
            },
    });
    this.applied.push(applied);
    this.born += (after.deleted ? 0 : 1) - (before === null || before.deleted ? 0 : 1);
    this.records.set(after.id, after);
    this.json.set(after.id, json);
    return null;
  }
}

/** One op of a change, as it is written and as it will be told. The record must exist unless it is a create. `derived`: it is a page of the revision. */
export function applyToRecord(
  op: Op,
  before: StoredRecord | null,
  { stamp, derived }: { readonly stamp: Stamp; readonly derived: boolean },
): { after: StoredRecord; json: string; applied: AppliedOp } {
  const after = applyOp(before, op, stamp);
  if (after === null) throw new Error(`${op[0]} of ${op[1]}, which does not exist`);
  const json = JSON.stringify(visibleRecord(after, derived));
  const applied: AppliedOp = {
    id: after.id,
    before: before === null || (before.deleted && !derived) ? null : headOf(before),
    after: after.deleted && !derived ? null : headOf(after),
    // Nobody has the record of a page that was not changed before.
    patch: op[0] === "u" && !(derived && before?.seq === 0) ? op[2] : null,
    json,
  };
  return { after, json, applied };
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
