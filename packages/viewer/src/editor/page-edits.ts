/**
 * What the page editor does to pages. Order, turn, deletion and blank pages are changes of records, shown at once and undone like any other; what
 * needs content that only the service may set (copies, pages of other files) is asked of it.
 */
import type { PageOperation, Rotation } from "@lectern/protocol";
import { type Grants, can, orderBetween } from "@lectern/protocol/plain";
import type { SyncClient } from "@lectern/sync/client";
import { addRotations, type PageShape, shownSize } from "../pages/page-list.ts";
import type { PageRequests } from "../source/source.ts";

export interface PageEditsOptions {
  readonly client: Pick<SyncClient, "records" | "transact" | "create" | "update" | "delete" | "flush" | "adopt">;
  /** As they are now, in order. */
  readonly pages: () => readonly PageShape[];
  readonly requests: PageRequests;
}

export interface PageEdits {
  /** Puts these pages, in their order, before that one; null: at the end. */
  move(ids: ReadonlySet<string>, before: string | null): void;
  rotate(ids: ReadonlySet<string>, by: 90 | 270): void;
  /** False: a document needs a page. */
  remove(ids: ReadonlySet<string>): boolean;
  /** A blank page of the size of its neighbour; its id. `index`: where it will be. */
  insertBlank(index: number): string;
  /** Each behind its original. Resolved with the copies' ids. */
  duplicate(ids: ReadonlySet<string>): Promise<readonly string[]>;
  /** Pages of a PDF go where `index` says. */
  importFile(file: Blob, index: number): Promise<readonly string[]>;
}

/** May this session change pages? */
export function mayEditPages(grants: Grants): boolean {
  const head = { kind: "page", createdBy: null, grp: null } as const;
  return can(grants, "edit", head, head);
}

export function createPageEdits({ client, pages, requests }: PageEditsOptions): PageEdits {
  const orderOf = (id: string): string => {
    const record = client.records.get(id);
    return record?.kind === "page" ? record.data.order : "";
  };

  /** What the service makes comes by the socket; it is this person's to undo. */
  async function asked(run: () => Promise<unknown>): Promise<readonly string[]> {
    await client.flush();
    const before = new Set(pages().map(({ id }) => id));
    await run();
    const made = await arrived(() => pages().flatMap(({ id }) => (before.has(id) ? [] : [id])));
    client.adopt(made);
    return made;
  }

  return {
    move(ids, before) {
      const list = pages();
      const moving = list.filter(({ id }) => ids.has(id)).map(({ id }) => id);
      const rest = list.filter(({ id }) => !ids.has(id)).map(({ id }) => id);
      const at = before === null ? rest.length : rest.indexOf(before);
      if (at < 0 || moving.length === 0) return;
      const next = [...rest.slice(0, at), ...moving, ...rest.slice(at)];
      if (next.every((id, index) => id === list[index]!.id)) return;
      const low = at === 0 ? null : orderOf(rest[at - 1]!);
      // Two people may have put pages into the same gap: those that stand level with the one before are put in order, too.
      let end = at;
      while (end < rest.length && low !== null && orderOf(rest[end]!) <= low) end++;
      const placed = [...moving, ...rest.slice(at, end)];
      const orders = ordersBetween(low, end === rest.length ? null : orderOf(rest[end]!), placed.length);
      client.transact(() => {
        for (const [index, id] of placed.entries()) client.update(id, { order: orders[index]! });
      });
    },
    rotate(ids, by) {
      client.transact(() => {
        for (const { id, rotation } of pages()) if (ids.has(id)) client.update(id, { rotation: addRotations(rotation, by) });
      });
    },
    remove(ids) {
      const gone = pages().filter(({ id }) => ids.has(id));
      if (gone.length === 0 || gone.length === pages().length) return false;
      client.transact(() => {
        for (const { id } of gone) client.delete(id);
      });
      return true;
    },
    insertBlank(index) {
      const list = pages();
      const [before, after] = [list[index - 1], list[index]];
      const { width, height } = shownSize((before ?? after)!, 0);
      const low = before === undefined ? null : orderOf(before.id);
      const high = after === undefined ? null : orderOf(after.id);
      const order = orderBetween(low, low !== null && high !== null && high <= low ? null : high);
      return client.create("page", { content: null, order, rotation: 0 as Rotation, crop: null, size: [width, height], label: null });
    },
    duplicate(ids) {
      const pageIndexes = pages().flatMap(({ id, index }) => (ids.has(id) ? [index] : []));
      const operation: PageOperation = { type: "duplicatePages", pageIndexes };
      return asked(() => requests.apply([operation]));
    },
    importFile(file, index) {
      return asked(() => requests.importFile(file, index));
    },
  };
}

/** The middle first, so that they grow with the logarithm of the number. */
export function ordersBetween(low: string | null, high: string | null, count: number): string[] {
  if (count === 0) return [];
  const before = (count - 1) >> 1;
  const middle = orderBetween(low, high);
  return [...ordersBetween(low, middle, before), middle, ...ordersBetween(middle, high, count - 1 - before)];
}

/** The answer of the service may be here before the change that it tells of. */
async function arrived(look: () => readonly string[]): Promise<readonly string[]> {
  const end = performance.now() + 10_000;
  for (let found = look(); ; found = look()) {
    if (found.length > 0 || performance.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
