/** Record changes that the tools make, each only when the session and the record allow it. */
import type { AnyRecord, Patch, RecordOf } from "@lectern/protocol";
import { can, type Grants, type RecordAction, type RecordHead } from "@lectern/protocol/plain";
import type { Geometries } from "../annotations/shape-controller.ts";
import type { Editable, Style, StyleName } from "../annotations/kind.ts";
import { hasOpenContents, isEditableRecord, isUnlocked, kindOf } from "../annotations/registry.ts";
import { compareZ, orderBehind, orderInFront } from "../annotations/z-order.ts";

/** What of the sync client the edits need. */
export interface EditStore {
  readonly records: { get(id: string): AnyRecord | undefined; byPage(pageId: string): readonly AnyRecord[] };
  create(kind: "annotation", data: RecordOf<"annotation">["data"], options?: { readonly id?: string }): string;
  update(id: string, patch: Patch): void;
  delete(id: string): void;
  transact<T>(run: () => T): T;
}

export interface EditsOptions {
  readonly store: EditStore;
  readonly grants: () => Grants;
  readonly userName: string;
  /** No edits, whatever the grants say. */
  readonly readOnly: boolean;
}

export interface Edits {
  /** Something new may be made. */
  readonly mayCreate: boolean;
  /** Its place and looks may be changed. */
  mayEdit(id: string): boolean;
  mayWrite(id: string): boolean;
  mayDelete(id: string): boolean;
  /** Something may be said about it. */
  mayComment(id: string): boolean;
  /** A thread may be started with a marker of its own. */
  readonly mayStartThread: boolean;
  /** Adds them in front of all others, as one step of undo. */
  create(annotations: readonly Editable[], ids?: readonly string[]): readonly string[];
  setGeometries(geometries: Geometries): void;
  restyle(ids: readonly string[], style: Style): void;
  setText(id: string, value: string, geometry?: Editable["geometry"]): void;
  remove(ids: readonly string[]): void;
  /** Both as one step of undo. */
  erase(geometries: Geometries, gone: readonly string[]): void;
  toFront(ids: readonly string[]): void;
  toBack(ids: readonly string[]): void;
}

export function createEdits({ store, grants, userName, readOnly }: EditsOptions): Edits {
  const allowed = (id: string, action: RecordAction): AnyRecord | null => {
    const record = store.records.get(id);
    return record !== undefined && !readOnly && can(grants(), action, record, record) ? record : null;
  };
  const editable = (id: string) => {
    const record = allowed(id, "edit");
    return record !== null && isEditableRecord(record) && isUnlocked(record.data) ? record : null;
  };
  const writable = (id: string) => {
    const record = allowed(id, "edit");
    return record !== null && isEditableRecord(record) && hasOpenContents(record.data) ? record : null;
  };
  const deletable = (id: string): boolean => {
    const record = allowed(id, "delete");
    return record?.kind === "annotation" && isUnlocked(record.data);
  };
  const mayCreate = (): boolean => {
    const { userId, defaultGroup } = grants();
    const head: RecordHead = { kind: "annotation", createdBy: userId, grp: defaultGroup };
    return !readOnly && can(grants(), "create", null, head);
  };

  const maySay = (root: RecordHead): boolean => {
    const { userId, defaultGroup } = grants();
    const comment: RecordHead = { kind: "comment", createdBy: userId, grp: defaultGroup };
    return !readOnly && (can(grants(), "create", null, comment) || can(grants(), "reply", root, null));
  };

  /** One after the other, so that they keep their order among themselves. */
  function reorder(ids: readonly string[], direction: 1 | -1, orderOf: (others: readonly AnyRecord[]) => string): void {
    const records = ids.map(editable).filter((record) => record !== null);
    store.transact(() => {
      for (const { id, data } of records.toSorted((a, b) => direction * compareZ(a, b))) {
        if (data.page !== null) store.update(id, { order: orderOf(store.records.byPage(data.page).filter((other) => other.id !== id)) });
      }
    });
  }

  return {
    get mayCreate() {
      return mayCreate();
    },
    mayEdit: (id) => editable(id) !== null,
    mayWrite: (id) => writable(id) !== null,
    mayDelete: deletable,
    mayComment(id) {
      const record = store.records.get(id);
      return record?.kind === "annotation" && maySay(record);
    },
    get mayStartThread() {
      const { userId, defaultGroup } = grants();
      return mayCreate() && maySay({ kind: "annotation", createdBy: userId, grp: defaultGroup });
    },
    create(annotations, ids) {
      if (!mayCreate()) return [];
      return store.transact(() =>
        annotations.map((annotation, i) => {
          const order = orderInFront(annotation.page === null ? [] : store.records.byPage(annotation.page));
          const id = ids?.[i];
          return store.create(
            "annotation",
            { ...annotation, order, ...(userName === "" ? {} : { creatorName: userName }) },
            id === undefined ? {} : { id },
          );
        }),
      );
    },
    setGeometries(geometries) {
      store.transact(() => {
        for (const [id, geometry] of geometries) if (editable(id) !== null) store.update(id, { geometry });
      });
    },
    erase(geometries, gone) {
      store.transact(() => {
        for (const [id, geometry] of geometries) if (editable(id) !== null) store.update(id, { geometry });
        for (const id of gone) if (deletable(id)) store.delete(id);
      });
    },
    restyle(ids, style) {
      store.transact(() => {
        for (const id of ids) {
          const record = editable(id);
          const patch = record === null ? null : restyled(record.data, style);
          if (patch !== null) store.update(id, patch);
        }
      });
    },
    setText(id, value, geometry) {
      const record = writable(id);
      if (record === null || (record.data.type !== "note" && record.data.type !== "text")) return;
      if (record.data.text.value === value && record.data.text.format === "plain") return;
      store.update(id, { text: { format: "plain", value }, ...(geometry === undefined ? {} : { geometry }) });
    },
    remove(ids) {
      store.transact(() => {
        for (const id of ids) if (deletable(id)) store.delete(id);
      });
    },
    toFront: (ids) => reorder(ids, 1, orderInFront),
    toBack: (ids) => reorder(ids, -1, orderBehind),
  };
}

/** The properties that change when an annotation gets these looks; null when its kind knows none of them. */
export function restyled(
  annotation: Editable,
  style: Style,
): { readonly appearance: Editable["appearance"]; readonly geometry?: Editable["geometry"] } | null {
  const kind = kindOf(annotation);
  if (!Object.keys(style).some((name) => kind.styles.includes(name as StyleName))) return null;
  const appearance = kind.restyled(annotation, style);
  const changesSize = style.width !== undefined || style.fontSize !== undefined;
  const geometry = changesSize ? kind.refit({ ...annotation, appearance } as Editable) : null;
  return { appearance, ...(geometry === null ? {} : { geometry }) };
}
