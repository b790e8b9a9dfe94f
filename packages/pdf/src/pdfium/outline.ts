/** The outline as a tree. Files may hold cycles and any depth: each item is read once, and there is an end. */
import type { OutlineItem } from "@lectern/protocol";
import { type GeometryOf, targetOf } from "./destination.ts";
import { type Pointer, readUtf16, type Wasm } from "./memory.ts";

const MAX_ITEMS = 50_000;
const MAX_CHILDREN = 10_000;
const MAX_DEPTH = 64;
const MAX_TITLE = 4096;

export function readOutline(wasm: Wasm, document: Pointer, geometryOf: GeometryOf): OutlineItem[] {
  const seen = new Set<Pointer>();

  const children = (parent: Pointer, depth: number): OutlineItem[] => {
    const items: OutlineItem[] = [];
    let bookmark = wasm.fn.FPDFBookmark_GetFirstChild(document, parent);
    while (bookmark !== 0 && !seen.has(bookmark) && seen.size < MAX_ITEMS && items.length < MAX_CHILDREN) {
      seen.add(bookmark);
      items.push(item(bookmark, depth));
      bookmark = wasm.fn.FPDFBookmark_GetNextSibling(document, bookmark);
    }
    return items;
  };

  const item = (bookmark: Pointer, depth: number): OutlineItem => {
    const title = readUtf16(wasm, (buffer, bytes) => wasm.fn.FPDFBookmark_GetTitle(bookmark, buffer, bytes));
    const result: OutlineItem = { title: title.slice(0, MAX_TITLE) };
    const action = targetOf(
      wasm,
      document,
      wasm.fn.FPDFBookmark_GetDest(document, bookmark),
      wasm.fn.FPDFBookmark_GetAction(bookmark),
      geometryOf,
    );
    if (action !== null) result.action = action;
    const below = depth < MAX_DEPTH ? children(bookmark, depth + 1) : [];
    if (below.length > 0) {
      result.children = below;
      result.isExpanded = wasm.fn.FPDFBookmark_GetCount(bookmark) > 0;
    }
    return result;
  };

  return children(0, 1);
}
