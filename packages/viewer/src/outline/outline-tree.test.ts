import type { OutlineItem } from "@lectern/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { added, itemAt, moved, nested, type OutlineTree, type Path, removed, renamed, unnested } from "./outline-tree.ts";

const item = (title: string, ...children: OutlineItem[]): OutlineItem => ({ title, ...(children.length === 0 ? {} : { children }) });
const TREE: OutlineTree = [item("a", item("a1"), item("a2", item("a2i"))), { ...item("b"), isBold: true, color: "#ff0000" }, item("c")];
const shown = (tree: OutlineTree): string =>
  tree.map(({ title, children = [] }) => (children.length === 0 ? title : `${title}(${shown(children)})`)).join(" ");

test("items are renamed, removed with what is below them, and added behind another or at the end", () => {
  expect(shown(renamed(TREE, [0, 1, 0], "x"))).toBe("a(a1 a2(x)) b c");
  expect(renamed(TREE, [1], "B")[1]).toEqual({ title: "B", isBold: true, color: "#ff0000" });
  expect(shown(removed(TREE, [0, 1]))).toBe("a(a1) b c");
  expect(removed([item("a", item("b"))], [0, 0])).toEqual([{ title: "a" }]);
  expect(shown(added(TREE, [0, 0], item("x")).tree)).toBe("a(a1 x a2(a2i)) b c");
  expect(added(TREE, null, item("x")).path).toEqual([3]);
});

test("items are moved among their neighbours, below the one before them and out again", () => {
  expect(shown(moved(TREE, [0], 1)!.tree)).toBe("b a(a1 a2(a2i)) c");
  expect([moved(TREE, [0], -1), moved(TREE, [2], 1), nested(TREE, [0]), unnested(TREE, [1])]).toEqual([null, null, null, null]);
  const below = nested(TREE, [1])!;
  expect([shown(below.tree), below.path]).toEqual(["a(a1 a2(a2i) b) c", [0, 2]]);
  expect(itemAt(below.tree, below.path)).toEqual(TREE[1]);
  const out = unnested(below.tree, below.path)!;
  expect([shown(out.tree), out.path]).toEqual([shown(TREE), [1]]);
});

test("whatever is moved, nothing is lost and the item is where it is said to be", () => {
  const titles = (tree: OutlineTree): string[] => tree.flatMap(({ title, children = [] }) => [title, ...titles(children)]);
  const paths = (tree: OutlineTree, above: Path = []): Path[] =>
    tree.flatMap(({ children = [] }, index) => [[...above, index], ...paths(children, [...above, index])]);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), fc.constantFrom("up", "down", "in", "out")), { maxLength: 30 }), (steps) => {
      let tree = TREE;
      for (const [at, step] of steps) {
        const all = paths(tree);
        const path = all[at % all.length]!;
        const title = itemAt(tree, path)!.title;
        const next = step === "in" ? nested(tree, path) : step === "out" ? unnested(tree, path) : moved(tree, path, step === "up" ? -1 : 1);
        if (next === null) continue;
        expect(itemAt(next.tree, next.path)!.title).toBe(title);
        tree = next.tree;
      }
      expect(titles(tree).toSorted()).toEqual(titles(TREE).toSorted());
    }),
    { numRuns: 50 },
  );
});
