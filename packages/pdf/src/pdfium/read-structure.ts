/**
 * The structure tree of a tagged file, as far as it is on one page: what is a heading, a list, a table or a picture, and in which order it is read.
 * PDFium has mapped the file's own roles to standard ones and left out what is on other pages.
 */
import type { Rect } from "@lectern/protocol";
import type { StructureElement, TextPart } from "../engine.ts";
import { type MarkedText, UNMARKED } from "../text.ts";
import { type Pointer, readUtf16, type Wasm } from "./memory.ts";
import { type PageGeometry, toPage } from "./page.ts";

const MAX_ELEMENTS = 20_000;
const MAX_DEPTH = 60;
const MAX_TEXT = 10_000;
const MAX_SPAN = 1000;
const LANGUAGE = /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/;
/** They have a place among others even when nothing is in them. */
const CELLS: ReadonlySet<string> = new Set(["TH", "TD"]);
/** With less of its text tagged, the tree hides more of a page than it tells. */
const LEAST_SHARE = 0.5;

export function isTagged(wasm: Wasm, document: Pointer): boolean {
  return wasm.fn.FPDFCatalog_IsTagged(document) !== 0;
}

/** Of the whole document; null when it does not say, or says no BCP 47 tag. */
export function readLanguage(wasm: Wasm, document: Pointer): string | null {
  return languageTag(readUtf16(wasm, (buffer, bytes) => wasm.fn.FPDFCatalog_GetLanguage(document, buffer, bytes)));
}

/** null when nothing on the page is in the tree, or too little of its text. What is no artifact and in no element comes last. */
export function readStructure(wasm: Wasm, page: Pointer, geometry: PageGeometry, text: MarkedText): readonly StructureElement[] | null {
  const { fn } = wasm;
  const tree = fn.FPDF_StructTree_GetForPage(page);
  if (tree === 0) return null;
  try {
    const parts = partsByMark(text);
    const all = lengthOf(parts);
    let left = MAX_ELEMENTS;

    const element = (pointer: Pointer, depth: number): StructureElement | null => {
      if (depth > MAX_DEPTH || left-- <= 0) return null;
      const type = readText(wasm, (buffer, bytes) => fn.FPDF_StructElement_GetType(pointer, buffer, bytes)).slice(0, 100);
      const children: (StructureElement | TextPart)[] = [];
      const count = fn.FPDF_StructElement_CountChildren(pointer);
      for (let i = 0; i < count && left > 0; i++) {
        const child = fn.FPDF_StructElement_GetChildAtIndex(pointer, i);
        if (child !== 0) {
          const found = element(child, depth + 1);
          if (found !== null) children.push(found);
          continue;
        }
        const mark = fn.FPDF_StructElement_GetChildMarkedContentID(pointer, i);
        children.push(...(parts.get(mark) ?? []));
        parts.delete(mark);
      }
      const said = saidOf(wasm, pointer, type, geometry);
      const isEmpty = children.length === 0 && said.alt === undefined && said.actualText === undefined;
      return isEmpty && !CELLS.has(type) ? null : { type, ...said, children };
    };

    const roots: StructureElement[] = [];
    const count = fn.FPDF_StructTree_CountChildren(tree);
    for (let i = 0; i < count && left > 0; i++) {
      const child = fn.FPDF_StructTree_GetChildAtIndex(tree, i);
      const found = child === 0 ? null : element(child, 0);
      if (found !== null) roots.push(found);
    }
    const untagged = [...parts].flatMap(([mark, own]) => (mark >= UNMARKED ? own : []));
    if (roots.length === 0 || lengthOf(parts) > all * (1 - LEAST_SHARE)) return null;
    if (untagged.length > 0) roots.push({ type: "NonStruct", children: untagged.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]) });
    return roots;
  } finally {
    fn.FPDF_StructTree_Close(tree);
  }
}

/** Neighbours with the same mark are one part. */
function partsByMark({ runs, marks }: MarkedText): Map<number, TextPart[]> {
  const parts = new Map<number, TextPart[]>();
  for (const [run, own] of marks.entries()) {
    for (let from = 0; from < own.length;) {
      const mark = own[from]!;
      let to = from + 1;
      while (to < own.length && own[to] === mark) to++;
      const known = parts.get(mark);
      if (runs[run]!.text.slice(from, to).trim() !== "" || known !== undefined) {
        if (known === undefined) parts.set(mark, [[run, from, to]]);
        else known.push([run, from, to]);
      }
      from = to;
    }
  }
  return parts;
}

/** Of what is no artifact. */
function lengthOf(parts: ReadonlyMap<number, readonly TextPart[]>): number {
  let length = 0;
  for (const [mark, own] of parts) if (mark >= UNMARKED) for (const [, from, to] of own) length += to - from;
  return length;
}

function saidOf(wasm: Wasm, element: Pointer, type: string, geometry: PageGeometry): Omit<StructureElement, "type" | "children"> {
  const { fn } = wasm;
  const alt = readText(wasm, (buffer, bytes) => fn.FPDF_StructElement_GetAltText(element, buffer, bytes));
  const actualText = readText(wasm, (buffer, bytes) => fn.FPDF_StructElement_GetActualText(element, buffer, bytes));
  const language = languageTag(readText(wasm, (buffer, bytes) => fn.FPDF_StructElement_GetLang(element, buffer, bytes)));
  return {
    ...(alt === "" ? {} : { alt }),
    ...(actualText === "" ? {} : { actualText }),
    ...(language === null ? {} : { language }),
    ...(CELLS.has(type) ? cellOf(wasm, element) : {}),
    ...(type === "Figure" || type === "Formula" ? boxOf(wasm, element, geometry) : {}),
  };
}

function cellOf(wasm: Wasm, element: Pointer): Pick<StructureElement, "scope" | "columnSpan" | "rowSpan"> {
  const scope = attribute(wasm, element, "Scope").map((value) => nameOf(wasm, value))[0];
  const [columnSpan, rowSpan] = [spanOf(wasm, element, "ColSpan"), spanOf(wasm, element, "RowSpan")];
  return {
    ...(scope === "Row" || scope === "Column" || scope === "Both" ? { scope: SCOPES[scope] } : {}),
    ...(columnSpan > 1 ? { columnSpan } : {}),
    ...(rowSpan > 1 ? { rowSpan } : {}),
  };
}

const SCOPES = { Row: "row", Column: "column", Both: "both" } as const;

function spanOf(wasm: Wasm, element: Pointer, name: string): number {
  const [span = 1] = attribute(wasm, element, name).flatMap((value) => numberOf(wasm, value));
  return Math.min(MAX_SPAN, Math.max(1, Math.floor(span)));
}

function boxOf(wasm: Wasm, element: Pointer, geometry: PageGeometry): { readonly bbox?: Rect } {
  const { fn } = wasm;
  for (const value of attribute(wasm, element, "BBox")) {
    if (fn.FPDF_StructElement_Attr_CountChildren(value) !== 4) continue;
    const sides = [0, 1, 2, 3].flatMap((i) => numberOf(wasm, fn.FPDF_StructElement_Attr_GetChildAtIndex(value, i)));
    if (sides.length !== 4) continue;
    const [x1, y1] = toPage(geometry, sides[0]!, sides[1]!);
    const [x2, y2] = toPage(geometry, sides[2]!, sides[3]!);
    return { bbox: [Math.min(x1, x2), Math.min(y1, y2), Math.abs(x2 - x1), Math.abs(y2 - y1)] };
  }
  return {};
}

/** Its values with this name, as PDFium's handles. */
function attribute(wasm: Wasm, element: Pointer, name: string): Pointer[] {
  const { fn } = wasm;
  const values: Pointer[] = [];
  for (let i = Math.min(fn.FPDF_StructElement_GetAttributeCount(element), 20) - 1; i >= 0; i--) {
    const attributes = fn.FPDF_StructElement_GetAttributeAtIndex(element, i);
    const value = attributes === 0 ? 0 : fn.FPDF_StructElement_Attr_GetValue(attributes, wasm.name(name));
    if (value !== 0) values.push(value);
  }
  return values;
}

function numberOf(wasm: Wasm, value: Pointer): number[] {
  return wasm.frame((alloc) => {
    const out = alloc(8);
    if (value === 0 || wasm.fn.FPDF_StructElement_Attr_GetNumberValue(value, out) === 0) return [];
    const number = wasm.f32(out);
    return Number.isFinite(number) ? [number] : [];
  });
}

function nameOf(wasm: Wasm, value: Pointer): string {
  return wasm.frame((alloc) => {
    const needed = alloc(8);
    return readText(wasm, (buffer, bytes) =>
      wasm.fn.FPDF_StructElement_Attr_GetStringValue(value, buffer, bytes, needed) === 0 ? 0 : wasm.i32(needed),
    );
  });
}

function readText(wasm: Wasm, get: (buffer: Pointer, bytes: number) => number): string {
  return readUtf16(wasm, get).slice(0, MAX_TEXT).trim();
}

function languageTag(text: string): string | null {
  return LANGUAGE.test(text) ? text : null;
}
