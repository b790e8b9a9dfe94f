/**
 * The records as a client shows them: `view = base ⊕ pending`. The base is what the server confirmed; pending ops are replayed on top of it, record
 * by record, whenever either changes, so a colleague's change slides in below one's own without a flicker.
 */
import type { AnyRecord, Change, Op } from "@lectern/protocol";
import { applyOp, applyPatch, createdRecord, deepEqual, storedRecord, visibleRecord } from "./change.ts";
import { pageOf, parentOf } from "./references.ts";

/** What became different on screen. */
export interface RecordsChanged {
  readonly ids: ReadonlySet<string>;
  /** `local`: made here, by this client (undo and roll back too). */
  readonly origin: "local" | "remote";
  /** User id of who did it, when it was one person and is known. */
  readonly by: string | null;
}

export interface Records {
  /** A page that nobody has changed, too, where the client was told of pages; a deleted one is marked. */
  get(id: string): AnyRecord | undefined;
  /** Annotations and widgets on that page. */
  byPage(page: string): readonly AnyRecord[];
  /** Without pages that nobody has changed. */
  all(): IterableIterator<AnyRecord>;
  /** Has it changes that the server has not decided yet? */
  isPending(id: string): boolean;
  /** Called once for each batch, push or roll back that shows. Returns how to stop. */
  onChange(listener: (change: RecordsChanged) => void): () => void;
}

/** An op of a push that the server has not decided. */
export interface PendingOp {
  readonly n: number;
  readonly op: Op;
  /** Of a restore: the record as it was. */
  readonly saved?: AnyRecord | undefined;
  readonly at: number;
  readonly by: string | null;
}

type Data = Readonly<Record<string, unknown>>;

/** While a transaction runs. */
interface Touched {
  /** Each record that was changed, as it was before. */
  readonly before: Map<string, AnyRecord | undefined>;
  /** Ids that nothing was shown of before. Becomes what is told, so that very many cost no second set. */
  readonly added: Set<string>;
}

export class RecordStore implements Records {
  readonly #base = new Map<string, AnyRecord>();
  readonly #pending = new Map<string, PendingOp[]>();
  /** Of the records with pending ops only; null: not there. */
  readonly #shown = new Map<string, AnyRecord | null>();
  readonly #pages = new Index();
  readonly #children = new Index();
  readonly #listeners = new Set<(change: RecordsChanged) => void>();
  readonly #derived: (id: string) => AnyRecord | undefined;
  readonly #fail: (error: unknown) => void;
  #touched: Touched | null = null;

  /** `derived` knows the pages that nobody has changed; `fail` is told of errors that listeners throw. */
  constructor({ derived, fail }: { readonly derived: (id: string) => AnyRecord | undefined; readonly fail: (error: unknown) => void }) {
    this.#derived = derived;
    this.#fail = fail;
  }

  get(id: string): AnyRecord | undefined {
    const shown = this.#shown.get(id);
    return shown === undefined ? this.confirmed(id) : (shown ?? undefined);
  }

  byPage(page: string): readonly AnyRecord[] {
    return [...this.#pages.get(page)].map((id) => this.get(id)!);
  }

  /** Ids of what hangs on this record and goes with it. */
  children(id: string): readonly string[] {
    return [...this.#children.get(id)];
  }

  *all(): Generator<AnyRecord, undefined> {
    for (const [id, record] of this.#base) if (!this.#shown.has(id)) yield record;
    for (const record of this.#shown.values()) if (record !== null) yield record;
  }

  isPending(id: string): boolean {
    return this.#pending.has(id);
  }

  onChange(listener: (change: RecordsChanged) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What the server confirmed of it. */
  confirmed(id: string): AnyRecord | undefined {
    return this.#base.get(id) ?? this.#derived(id);
  }

  /** What the base will hold when the server takes these pushes and nobody else has changed anything. */
  expected(id: string, ns: ReadonlySet<number>): AnyRecord | undefined {
    const ops = this.#pending.get(id) ?? [];
    return ops.filter((pending) => ns.has(pending.n)).reduce(applyPending, this.confirmed(id));
  }

  confirmedIds(): IterableIterator<string> {
    return this.#base.keys();
  }

  /** Everything inside shows as one change. */
  transaction<T>(origin: RecordsChanged["origin"], by: string | null, run: () => T): T {
    if (this.#touched !== null) return run();
    const { before, added: ids }: Touched = (this.#touched = { before: new Map(), added: new Set() });
    try {
      return run();
    } finally {
      this.#touched = null;
      for (const [id, record] of before) {
        if (sameShown(record, this.get(id))) ids.delete(id);
        else ids.add(id);
      }
      if (ids.size > 0) this.#emit({ ids, origin, by });
    }
  }

  addPending(pending: PendingOp): void {
    this.#change(pending.op[1], (id) => {
      const ops = this.#pending.get(id);
      if (ops === undefined) this.#pending.set(id, [pending]);
      else ops.push(pending);
    });
  }

  /** These pushes are decided, or taken back. Returns the ids they touched. */
  dropPending(ns: ReadonlySet<number>): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const [id, ops] of this.#pending) {
      const rest = ops.filter((pending) => !ns.has(pending.n));
      if (rest.length === ops.length) continue;
      ids.add(id);
      this.#change(id, () => (rest.length === 0 ? this.#pending.delete(id) : this.#pending.set(id, rest)));
    }
    return ids;
  }

  /** Pushes get other numbers. */
  renumber(numbers: ReadonlyMap<number, number>): void {
    for (const [id, ops] of this.#pending) {
      this.#pending.set(
        id,
        ops.map((pending) => ({ ...pending, n: numbers.get(pending.n) ?? pending.n })),
      );
    }
  }

  /** The server says so. */
  confirm({ seq, at, by, ops }: Change): void {
    for (const op of ops) {
      const id = op[0] === "p" ? op[1].id : op[1];
      this.#change(id, () => {
        if (op[0] === "p") this.#base.set(id, op[1]);
        else if (op[0] === "c") this.#base.set(id, createdRecord(op, { seq, at, by }));
        else if (op[0] === "x") this.#base.delete(id);
        else {
          const record = this.#base.get(id);
          if (record === undefined) return;
          const data = applyPatch(record.kind, record.data as unknown as Data, op[2]);
          this.#base.set(id, { ...record, seq, updatedAt: at, updatedBy: by, data } as unknown as AnyRecord);
        }
      });
    }
  }

  /** The server says that these are all there are. */
  replaceBase(records: readonly AnyRecord[]): void {
    if (this.#base.size > 0) {
      const kept = new Set(records.map((record) => record.id));
      for (const id of this.#base.keys()) if (!kept.has(id)) this.#change(id, () => this.#base.delete(id));
    }
    for (const record of records) {
      const { id, kind } = record;
      if (kind === "page" || this.#base.has(id) || this.#pending.has(id)) this.#change(id, () => this.#base.set(id, record));
      else this.#add(record);
    }
  }

  /** One that was not there, and has nothing pending: nearly all, the first time. */
  #add(record: AnyRecord): void {
    const { id, kind, data } = record;
    this.#base.set(id, record);
    this.#pages.move(id, null, pageOf(kind, data));
    this.#children.move(id, null, parentOf(kind, data));
    const { before, added } = this.#inTransaction();
    if (!before.has(id)) added.add(id);
  }

  #change(id: string, apply: (id: string) => void): void {
    const before = this.get(id);
    apply(id);
    const ops = this.#pending.get(id);
    if (ops === undefined) this.#shown.delete(id);
    else this.#shown.set(id, ops.reduce(applyPending, this.confirmed(id)) ?? null);
    const after = this.get(id);
    this.#pages.move(id, before && pageOf(before.kind, before.data), after && pageOf(after.kind, after.data));
    this.#children.move(id, before && parentOf(before.kind, before.data), after && parentOf(after.kind, after.data));
    const touched = this.#inTransaction();
    if (!touched.before.has(id)) touched.before.set(id, touched.added.has(id) ? undefined : before);
  }

  #inTransaction(): Touched {
    if (this.#touched === null) throw new Error("records change inside of a transaction only");
    return this.#touched;
  }

  #emit(change: RecordsChanged): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#fail(error);
      }
    }
  }
}

/** The record with one pending op on top. What cannot be shown (an update of what is gone) is not; the server will decide. */
function applyPending(record: AnyRecord | undefined, { op, saved, at, by }: PendingOp): AnyRecord | undefined {
  const live = record?.deleted !== true;
  switch (op[0]) {
    case "d":
      // A page stays as a mark: without its record it would be shown as it was imported.
      if (record?.kind !== "page") return undefined;
      break;
    case "r":
      if (record === undefined) return saved;
      if (live) return record;
      break;
    case "c":
      if (record !== undefined) return record;
      break;
    case "u":
    case "g":
      if (!live) return record;
  }
  const after = applyOp(record === undefined ? null : storedRecord(record, !live), op, { seq: record?.seq ?? 0, at, by });
  return after === null ? undefined : visibleRecord(after, true);
}

function sameShown(a: AnyRecord | undefined, b: AnyRecord | undefined): boolean {
  if (a === b) return true;
  return (
    a !== undefined &&
    b !== undefined &&
    a.kind === b.kind &&
    a.deleted === b.deleted &&
    a.grp === b.grp &&
    a.createdBy === b.createdBy &&
    deepEqual(a.data, b.data)
  );
}

/** Ids by a property that some have. */
class Index {
  readonly #ids = new Map<string, Set<string>>();

  get(key: string): Iterable<string> {
    return this.#ids.get(key) ?? [];
  }

  move(id: string, from: string | null | undefined, to: string | null | undefined): void {
    if (from === to) return;
    if (from !== null && from !== undefined) {
      const ids = this.#ids.get(from);
      ids?.delete(id);
      if (ids?.size === 0) this.#ids.delete(from);
    }
    if (to === null || to === undefined) return;
    const ids = this.#ids.get(to);
    if (ids === undefined) this.#ids.set(to, new Set([id]));
    else ids.add(id);
  }
}
