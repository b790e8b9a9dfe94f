/** What else tells of removed content: annotations over it, values of fields, and the words that the structure tree keeps beside it. */
import type { ObjectFile } from "../objects/file.ts";
import { pageAnnotations } from "../objects/page-tree.ts";
import { type Codec, decodeStream } from "../objects/filters.ts";
import { isKeyword, Lexer } from "../objects/lexer.ts";
import { isDict, isName, isRef, isStream, type PdfDict, type PdfObject, type PdfStreamValue, refTo } from "../objects/values.ts";
import { removeWidgets } from "../pages.ts";
import type { Box } from "./geometry.ts";

/** Points by which an annotation may reach under a mark without being meant: its border. */
const SLACK = 1;

/** Removes the annotations that a box touches, whatever they are, with what hangs on them. */
export function removeAnnotations(file: ObjectFile, page: PdfDict, boxes: readonly Box[]): void {
  const all = pageAnnotations(file, page);
  const gone = new Set<PdfDict>();
  for (const { dict } of all)
    if (file.name(dict.get("Subtype")) === "Redact" || boxes.some((box) => isUnder(file.numbers(dict.get("Rect")), box))) gone.add(dict);
  for (let size = -1; size !== gone.size;) {
    size = gone.size;
    for (const { dict } of all)
      for (const key of ["Parent", "IRT"]) if (dict.has(key) && gone.has(file.dict(dict.get(key)))) gone.add(dict);
  }
  if (gone.size === 0) return;
  const numbers = new Set<number>();
  for (const { object, dict } of all) {
    if (!gone.has(dict)) continue;
    if (isRef(object)) numbers.add(object.number);
    // A field keeps its value above its widgets, where other widgets would show it again.
    for (let field: PdfObject = dict, depth = 0; isDict(field) && depth < 32; field = file.resolve(field.get("Parent")), depth++) {
      if (file.name(dict.get("Subtype")) !== "Widget") break;
      for (const key of ["V", "DV", "RV", "TU"]) field.delete(key);
      for (const kid of file.array(field.get("Kids"))) file.dict(kid).delete("AP");
    }
  }
  page.set(
    "Annots",
    all.filter(({ dict }) => !gone.has(dict)).map(({ object }) => object),
  );
  removeWidgets(file, numbers);
}

export function isUnder(rect: readonly number[], [left, bottom, right, top]: Box): boolean {
  if (rect.length < 4) return false;
  const [a, b, c, d] = rect as [number, number, number, number];
  const overlap = (low: number, high: number, from: number, to: number): boolean => {
    const shared = Math.min(high, to) - Math.max(low, from);
    return shared > Math.min(SLACK, (high - low) / 4);
  };
  return overlap(Math.min(a, c), Math.max(a, c), left, right) && overlap(Math.min(b, d), Math.max(b, d), bottom, top);
}

const WORDS = ["ActualText", "Alt", "E", "T"];

/** Takes words from the elements of the structure tree that hold one of these pieces of marked content, and from all above them. `ids` null: any of the page. */
export function forgetWords(file: ObjectFile, page: number, ids: ReadonlySet<number> | null): void {
  const seen = new Set<PdfDict>();
  const visit = (object: PdfObject | undefined, inherited: number | null, depth: number): boolean => {
    const value = file.resolve(object);
    if (typeof value === "number") return inherited === page && (ids === null || ids.has(value));
    if (Array.isArray(value)) return value.map((kid) => visit(kid, inherited, depth)).some(Boolean);
    if (!isDict(value) || seen.has(value) || depth > 100) return false;
    seen.add(value);
    const pg = value.get("Pg");
    const own = isRef(pg) ? pg.number : inherited;
    const type = file.name(value.get("Type"));
    if (type === "MCR") {
      const id = file.resolve(value.get("MCID"));
      // Content of a form is not told apart.
      return own === page && (ids === null || value.has("Stm") || (typeof id === "number" && ids.has(id)));
    }
    if (type === "OBJR") return false;
    const touched = visit(value.get("K"), own, depth + 1);
    if (touched) for (const key of WORDS) value.delete(key);
    return touched;
  };
  visit(file.dict(file.catalog.get("StructTreeRoot")).get("K"), null, 0);
}

/**
 * Pages and forms often share one list of resources. Whoever lists one of these objects without using it gets a list of its own without it:
 * else what was taken out of one page would stay in the file for the sake of another that never shows it.
 */
export function forgetUnused(file: ObjectFile, forgotten: ReadonlySet<number>, codec: Codec): void {
  if (forgotten.size === 0) return;
  for (const object of file.objects()) {
    const dict = isStream(object) ? object.dict : object;
    if (!isDict(dict) || !dict.has("Resources")) continue;
    const resources = file.dict(dict.get("Resources"));
    for (const kind of ["XObject", "ExtGState", "Pattern", "Properties"]) {
      const listed = file.dict(resources.get(kind));
      const names = [...listed].filter(([, value]) => isRef(value) && forgotten.has(value.number)).map(([name]) => name);
      if (names.length === 0) continue;
      const used = namesIn(file, isStream(object) ? [object] : contentsOf(file, dict), codec);
      if (used === null || names.every((name) => used.has(name))) continue;
      const left: PdfDict = new Map([...listed].filter(([name]) => used.has(name) || !names.includes(name)));
      dict.set("Resources", new Map(file.dict(dict.get("Resources"))).set(kind, left));
    }
  }
}

function contentsOf(file: ObjectFile, page: PdfDict): PdfStreamValue[] {
  const contents = file.resolve(page.get("Contents"));
  return (Array.isArray(contents) ? contents : [contents]).map((part) => file.resolve(part)).filter(isStream);
}

/** All names in the content; null when it cannot be read. */
function namesIn(file: ObjectFile, streams: readonly PdfStreamValue[], codec: Codec): ReadonlySet<string> | null {
  const names = new Set<string>();
  for (const stream of streams) {
    const bytes = decodeStream(file, stream, codec);
    if (bytes === null) return null;
    const lexer = new Lexer(bytes, 0, { references: false });
    for (let token = lexer.next(); token !== undefined; token = lexer.next())
      if (!isKeyword(token) && isName(token)) names.add(token.value);
  }
  return names;
}

export function pageDict(file: ObjectFile, number: number): PdfDict {
  return file.dict(refTo(number));
}
