/** Changes of an outline as a tree. Pure: each gives a new tree, or the same one when there is nothing to do. */
import type { OutlineItem } from "@lectern/protocol";

export type OutlineTree = readonly OutlineItem[];
/** Indexes from the root down. */
export type Path = readonly number[];

/** The tree, and where the item is in it then. */
export interface Changed {
  readonly tree: OutlineTree;
  readonly path: Path;
}

export function itemAt(tree: OutlineTree, path: Path): OutlineItem | undefined {
  const [index, ...rest] = path;
  const item = index === undefined ? undefined : tree[index];
  return rest.length === 0 ? item : itemAt(item?.children ?? [], rest);
}

export function renamed(tree: OutlineTree, path: Path, title: string): OutlineTree {
  return onLevel(tree, path, (level, index) => level.map((item, at) => (at === index ? { ...item, title } : item)));
}

/** With all that is below it. */
export function removed(tree: OutlineTree, path: Path): OutlineTree {
  return onLevel(tree, path, (level, index) => level.filter((_, at) => at !== index));
}

/** Behind the item at `path`, on its level; null: at the end. */
export function added(tree: OutlineTree, path: Path | null, item: OutlineItem): Changed {
  if (path === null) return { tree: [...tree, item], path: [tree.length] };
  const place = beside(path, 1);
  return { tree: onLevel(tree, path, (level, index) => level.toSpliced(index + 1, 0, item)), path: place };
}

/** Among its neighbours. Null: it is the first, or the last. */
export function moved(tree: OutlineTree, path: Path, by: -1 | 1): Changed | null {
  const place = beside(path, by);
  const item = itemAt(tree, path);
  if (item === undefined || itemAt(tree, place) === undefined) return null;
  return { tree: onLevel(tree, path, (level, index) => level.toSpliced(index, 1).toSpliced(index + by, 0, item)), path: place };
}

/** Below the one before it, as the last there. Null: there is none before it. */
export function nested(tree: OutlineTree, path: Path): Changed | null {
  const above = beside(path, -1);
  const [item, parent] = [itemAt(tree, path), itemAt(tree, above)];
  if (item === undefined || parent === undefined) return null;
  const children = parent.children ?? [];
  const next = onLevel(removed(tree, path), above, (level, index) =>
    level.map((each, at) => (at === index ? { ...each, isExpanded: true, children: [...children, item] } : each)),
  );
  return { tree: next, path: [...above, children.length] };
}

/** Out of the one that it is below, and behind it. Null: it is below none. */
export function unnested(tree: OutlineTree, path: Path): Changed | null {
  const parent = path.slice(0, -1);
  const item = itemAt(tree, path);
  if (item === undefined || parent.length === 0) return null;
  return added(removed(tree, path), parent, item);
}

function beside(path: Path, by: number): Path {
  return [...path.slice(0, -1), path.at(-1)! + by];
}

function onLevel(tree: OutlineTree, path: Path, change: (level: OutlineTree, index: number) => OutlineTree): OutlineTree {
  const [index, ...rest] = path;
  if (index === undefined || tree[index] === undefined) return tree;
  if (rest.length === 0) return change(tree, index);
  return tree.map((item, at) => (at === index ? withChildren(item, onLevel(item.children ?? [], rest, change)) : item));
}

function withChildren({ children: _children, isExpanded, ...item }: OutlineItem, children: OutlineTree): OutlineItem {
  if (children.length === 0) return item;
  return { ...item, ...(isExpanded === undefined ? {} : { isExpanded }), children: [...children] };
}
