/** The outline as a tree. Files may hold cycles and any depth: each item is read once, and there is an end. */
import type { OutlineItem } from "@lectern/protocol";
import { type GeometryOf, targetOf } from "./destination.ts";
import { type Pointer, readUtf16, type Wasm } from "./memory.ts";
import type { ObjectReader } from "../objects/reader.ts";
import { isDict, type PdfObject, textOf } from "../objects/values.ts";

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

const ITALIC = 1;
const BOLD = 2;

/** How items look, which PDFium does not tell: the same walk over the objects, as far as both see the same. */
export function addOutlineStyles(items: readonly OutlineItem[], file: ObjectReader): void {
  const walk = (level: readonly OutlineItem[], first: PdfObject | undefined): void => {
    let next = first;
    for (const item of level) {
      const entries = file.resolve(next);
      if (!isDict(entries) || shown(textOf(file.resolve(entries.get("Title"))) ?? "").slice(0, MAX_TITLE) !== item.title) return;
      const flags = file.number(entries.get("F"), 0);
      if ((flags & ITALIC) !== 0) item.isItalic = true;
      if ((flags & BOLD) !== 0) item.isBold = true;
      const color = colorOf(file.numbers(entries.get("C")));
      if (color !== null) item.color = color;
      walk(item.children ?? [], entries.get("First"));
      next = entries.get("Next");
    }
  };
  walk(items, file.dict(file.catalog.get("Outlines")).get("First"));
}

/** As PDFium gives titles. */
function shown(title: string): string {
  // oxlint-disable-next-line no-control-regex
  return title.replace(/[\0-\x1f]/g, " ");
}

/** `#rrggbb`; null for black, which is how items are anyway. */
function colorOf(parts: readonly number[]): string | null {
  if (parts.length !== 3 || parts.every((part) => part <= 0)) return null;
  const byte = (part: number): string =>
    Math.round(Math.min(1, Math.max(0, part)) * 255)
      .toString(16)
      .padStart(2, "0");
  return `#${parts.map(byte).join("")}`;
}
