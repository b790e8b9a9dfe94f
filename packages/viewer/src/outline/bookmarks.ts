/** What readers do with bookmarks. All of it is changes of records, shown at once and undone like any other. */
import type { Bookmark, RecordOf } from "@lectern/protocol";
import { can, type Grants, orderBetween } from "@lectern/protocol/plain";
import type { SyncClient } from "@lectern/sync/client";

export type BookmarkRecord = RecordOf<"bookmark">;

export interface Bookmarks {
  /** In their order, those whose page is there. */
  list(): readonly BookmarkRecord[];
  /** Behind the others; its id. */
  add(page: string): string;
  /** Without a name it is called by its page. */
  rename(id: string, name: string): void;
  move(id: string, by: -1 | 1): void;
  remove(id: string): void;
}

export function mayEditBookmarks(grants: Grants): boolean {
  const head = { kind: "bookmark", createdBy: grants.userId, grp: null } as const;
  return can(grants, "edit", head, head);
}

export function createBookmarks({
  client,
  hasPage,
}: {
  readonly client: Pick<SyncClient, "records" | "create" | "update" | "delete" | "transact">;
  readonly hasPage: (page: string) => boolean;
}): Bookmarks {
  const all = (): BookmarkRecord[] => {
    const found = [...client.records.all()].filter((record): record is BookmarkRecord => record.kind === "bookmark");
    return found.sort((a, b) => compare(orderOf(a), orderOf(b)) || a.createdAt - b.createdAt || compare(a.id, b.id));
  };
  const list = (): BookmarkRecord[] => all().filter(({ data: { action } }) => action.type !== "goTo" || hasPage(action.page));
  return {
    list,
    add(page) {
      const data: Bookmark = { action: { type: "goTo", page }, order: orderBetween(all().at(-1)?.data.order ?? null, null) };
      return client.create("bookmark", { ...data });
    },
    rename(id, name) {
      const record = all().find((bookmark) => bookmark.id === id);
      const wanted = name.trim() === "" ? undefined : name.trim().slice(0, 1024);
      if (record !== undefined && record.data.name !== wanted) client.update(id, { name: wanted ?? null });
    },
    move(id, by) {
      const now = list();
      const at = now.findIndex((bookmark) => bookmark.id === id);
      if (at < 0 || at + by < 0 || at + by >= now.length) return;
      const rest = now.filter((bookmark) => bookmark.id !== id);
      const [low, high] = [rest[at + by - 1]?.data.order, rest[at + by]?.data.order];
      const isPlain = (at + by === 0 || low !== undefined) && (at + by === rest.length || high !== undefined);
      if (isPlain && (low === undefined || high === undefined || low < high)) {
        client.update(id, { order: orderBetween(low ?? null, high ?? null) });
        return;
      }
      // Some have no order of their own yet, or two the same.
      const next = rest.toSpliced(at + by, 0, now[at]!);
      client.transact(() => {
        let order: string | null = null;
        for (const bookmark of next) client.update(bookmark.id, { order: (order = orderBetween(order, null)) });
      });
    },
    remove(id) {
      client.delete(id);
    },
  };
}

function orderOf({ data }: BookmarkRecord): string {
  return data.order ?? "~";
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
