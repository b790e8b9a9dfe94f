/**
 * Bookmarks of readers ↔ the outline of a file (ISO 32000-2, 12.3.3): they are its last items, where every program shows them. Which ones they are is
 * said in the document's information, so that they are bookmarks again, with their ids, when the file comes back. Items that another program has
 * changed since are the outline's.
 */
import type { Bookmark, OutlineItem, RecordOf } from "@lectern/protocol";
import { sourceOrder } from "@lectern/protocol/plain";
import { actionEntries, type PageTarget } from "./annotation-dictionary.ts";
import type { ObjectFile } from "./objects/file.ts";
import { isDict, isRef, isString, nameOf, type PdfDict, type PdfObject, refTo, stringText, textOf, textString } from "./objects/values.ts";
import { putEntries } from "./objects/written.ts";

/** In the information dictionary: a list of `[id, title, has a name of its own]`, as JSON. */
export const BOOKMARKS_KEY = "LecternBookmarks";

export interface BookmarkChange {
  readonly base: RecordOf<"bookmark"> | null;
  readonly current: RecordOf<"bookmark"> | null;
}

type Listed = readonly [id: string, title: string, isNamed: boolean];

const MOST = 10_000;
const ID = /^[\w.:@~-]{1,128}$/;

/** The outline without the bookmarks at its end, and those. `list`: what the information says of them. */
export function splitOutline(
  items: readonly OutlineItem[],
  list: string,
): { readonly outline: readonly OutlineItem[]; readonly bookmarks: readonly RecordOf<"bookmark">[] } {
  const listed = parseList(list);
  const start = items.length - listed.length;
  const isOurs = start >= 0 && listed.every(([, title], at) => items[start + at]!.title === title);
  if (!isOurs || listed.length === 0) return { outline: items, bookmarks: [] };
  const bookmarks = listed.flatMap(([id, title, isNamed], at): RecordOf<"bookmark">[] => {
    const { action } = items[start + at]!;
    if (action === undefined) return [];
    const data: Bookmark = { ...(isNamed ? { name: title.slice(0, 1024) } : {}), order: sourceOrder(at), action };
    return [{ id, kind: "bookmark", seq: 0, createdBy: null, createdAt: 0, updatedBy: null, updatedAt: 0, grp: null, data }];
  });
  return { outline: items.slice(0, start), bookmarks };
}

function parseList(text: string): Listed[] {
  try {
    const list = JSON.parse(text === "" ? "[]" : text) as unknown;
    if (!Array.isArray(list) || list.length > MOST) return [];
    const entries = list.filter(
      (entry): entry is Listed =>
        Array.isArray(entry) &&
        typeof entry[0] === "string" &&
        ID.test(entry[0]) &&
        typeof entry[1] === "string" &&
        typeof entry[2] === "boolean",
    );
    return entries.length === list.length && new Set(entries.map(([id]) => id)).size === list.length ? entries : [];
  } catch {
    return [];
  }
}

interface Item {
  readonly id: string;
  readonly title: string;
  readonly isNamed: boolean;
  readonly order: string;
  readonly number: number;
}

/** Bookmarks as they are to be, at the end of the outline that the file has. `titleOf`: of one without a name. */
export function writeBookmarks(
  file: ObjectFile,
  changes: readonly BookmarkChange[],
  { target, titleOf }: { readonly target: PageTarget; readonly titleOf: (bookmark: Bookmark) => string },
): void {
  const byId = new Map(changes.map((change) => [(change.current ?? change.base)!.id, change]));
  const items: Item[] = [];
  for (const [at, item] of takeBookmarks(file).entries()) if (!byId.has(item.id)) items.push({ ...item, order: sourceOrder(at) });
  for (const { current } of [...byId].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, change]) => change)) {
    if (current === null) continue;
    const { name, order = "~", action } = current.data;
    const leads = actionEntries(action, target);
    // Its page is not in the file.
    if (Object.values(leads).every((value) => value === undefined)) continue;
    const title = name ?? titleOf(current.data);
    const dict: PdfDict = new Map([["Title", textString(title)]]);
    putEntries(dict, leads);
    items.push({ id: current.id, title, isNamed: name !== undefined, order, number: file.add(dict).number });
  }
  putBookmarks(
    file,
    items.toSorted((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : a.id < b.id ? -1 : 1)),
  );
}

type Taken = Omit<Item, "order">;

/** Out of the outline, which is sound without them. */
export function takeBookmarks(file: ObjectFile): Taken[] {
  const info = file.dict(file.trailer.get("Info"));
  const listed = parseList(textOf(file.resolve(info.get(BOOKMARKS_KEY))) ?? "");
  if (listed.length === 0) return [];
  const top = topItems(file);
  const own = top.slice(Math.max(0, top.length - listed.length));
  if (own.length !== listed.length || own.some((number, at) => titleAt(file, number) !== listed[at]![1])) return [];
  relink(file, top.slice(0, top.length - own.length));
  return own.map((number, at) => ({ id: listed[at]![0], title: listed[at]![1], isNamed: listed[at]![2], number }));
}

export function putBookmarks(file: ObjectFile, items: readonly Taken[]): void {
  if (items.length > 0) relink(file, [...topItems(file), ...items.map(({ number }) => number)]);
  const known = file.trailer.get("Info");
  if (items.length === 0 && !file.dict(known).has(BOOKMARKS_KEY)) return;
  const ref = isRef(known) && isDict(file.resolve(known)) ? known : file.add(new Map(file.dict(known)));
  file.trailer.set("Info", ref);
  const info = file.edit(ref.number);
  if (items.length === 0) info.delete(BOOKMARKS_KEY);
  else info.set(BOOKMARKS_KEY, textString(JSON.stringify(items.map(({ id, title, isNamed }): Listed => [id, title, isNamed]))));
}

function titleAt(file: ObjectFile, number: number): string | null {
  const title = file.resolve(file.dict(refTo(number)).get("Title"));
  return isString(title) ? stringText(title.value) : null;
}

/** Object numbers of the outline's first level. A damaged chain ends where it makes no sense. */
function topItems(file: ObjectFile): number[] {
  const numbers = new Set<number>();
  let next: PdfObject | undefined = file.dict(file.catalog.get("Outlines")).get("First");
  while (isRef(next) && !numbers.has(next.number) && isDict(file.resolve(next))) {
    numbers.add(next.number);
    next = file.dict(next).get("Next");
  }
  return [...numbers];
}

/** These are the first level, in this order. */
function relink(file: ObjectFile, numbers: readonly number[]): void {
  const catalog = file.editCatalog();
  if (numbers.length === 0) {
    catalog.delete("Outlines");
    return;
  }
  const known = catalog.get("Outlines");
  const root = isRef(known) && isDict(file.resolve(known)) ? known : file.add(new Map([["Type", nameOf("Outlines")]]));
  catalog.set("Outlines", root);
  let seen = 0;
  for (const [at, number] of numbers.entries()) {
    const item = file.edit(number);
    item.set("Parent", root);
    for (const [key, beside] of [
      ["Prev", numbers[at - 1]],
      ["Next", numbers[at + 1]],
    ] as const)
      if (beside === undefined) item.delete(key);
      else item.set(key, refTo(beside));
    seen += 1 + Math.max(0, file.number(item.get("Count"), 0));
  }
  const entries = file.edit(root.number);
  entries.set("First", refTo(numbers[0]!));
  entries.set("Last", refTo(numbers.at(-1)!));
  entries.set("Count", seen);
}
