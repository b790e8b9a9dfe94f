/** The pages of a file as a list, and a list as the pages of a file (ISO 32000-2, 7.7.3). */
import { PdfError } from "../engine.ts";
import type { ObjectFile } from "./file.ts";
import { isDict, isRef, nameOf, type PdfDict, type PdfObject, type PdfRefValue, refTo } from "./values.ts";

/** What a page takes from above when it does not say so itself. */
export const INHERITED = ["Resources", "MediaBox", "CropBox", "Rotate"] as const;
const FAN_OUT = 64;
const MAX_DEPTH = 60;

/** Object numbers of the pages in order. Each has everything it inherits written into itself. */
export function flatPages(file: ObjectFile): number[] {
  const pages: number[] = [];
  const seen = new Set<number>();
  const visit = (ref: PdfObject, above: PdfDict, depth: number): void => {
    const dict = file.dict(ref);
    if (depth > MAX_DEPTH || (isRef(ref) && seen.has(ref.number)) || dict.size === 0) return;
    if (isRef(ref)) seen.add(ref.number);
    const inherited: PdfDict = new Map(above);
    for (const key of INHERITED) if (dict.has(key)) inherited.set(key, dict.get(key)!);
    const kids = file.resolve(dict.get("Kids"));
    if (Array.isArray(kids)) {
      for (const kid of kids) visit(kid, inherited, depth + 1);
      return;
    }
    for (const [key, value] of inherited) if (!dict.has(key)) dict.set(key, value);
    // A page that is no object of its own becomes one: it can be named then.
    pages.push(isRef(ref) ? ref.number : file.add(dict).number);
  };
  visit(file.catalog.get("Pages") ?? null, new Map(), 0);
  return pages;
}

/** These pages, in this order, are the document's from now on. */
export function setPages(file: ObjectFile, pages: readonly number[]): void {
  if (pages.length === 0) throw new PdfError("failed", "a document needs a page");
  const root = file.catalog.get("Pages");
  if (!isRef(root)) throw new PdfError("damaged", "the file has no tree of pages");
  let level: { readonly ref: PdfRefValue; readonly count: number }[] = pages.map((number) => ({ ref: refTo(number), count: 1 }));
  while (level.length > FAN_OUT) {
    const above: typeof level = [];
    for (let at = 0; at < level.length; at += FAN_OUT) above.push(node(file, level.slice(at, at + FAN_OUT), null));
    level = above;
  }
  node(file, level, root);
}

function node(
  file: ObjectFile,
  kids: readonly { readonly ref: PdfRefValue; readonly count: number }[],
  place: PdfRefValue | null,
): { readonly ref: PdfRefValue; readonly count: number } {
  const count = kids.reduce((sum, kid) => sum + kid.count, 0);
  const dict: PdfDict = new Map<string, PdfObject>([
    ["Type", nameOf("Pages")],
    ["Count", count],
    ["Kids", kids.map(({ ref }) => ref)],
  ]);
  if (place !== null) file.set(place.number, dict);
  const ref = place ?? file.add(dict);
  for (const kid of kids) file.dict(kid.ref).set("Parent", ref);
  return { ref, count };
}

/** `[left, bottom, right, top]` of what is shown: the crop box within the media box, as `pageGeometry` takes it. */
export function pageBox(file: ObjectFile, page: PdfDict): [left: number, bottom: number, right: number, top: number] {
  const media = box(file, ownOrInherited(file, page, "MediaBox"));
  if (media === null) return [0, 0, 612, 792];
  const crop = box(file, ownOrInherited(file, page, "CropBox")) ?? media;
  const visible: [number, number, number, number] = [
    Math.max(crop[0], media[0]),
    Math.max(crop[1], media[1]),
    Math.min(crop[2], media[2]),
    Math.min(crop[3], media[3]),
  ];
  return visible[2] > visible[0] && visible[3] > visible[1] ? visible : media;
}

function ownOrInherited(file: ObjectFile, page: PdfDict, key: (typeof INHERITED)[number]): PdfObject | undefined {
  let dict = page;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const value = dict.get(key);
    const parent = dict.get("Parent");
    if (value !== undefined || parent === undefined) return value;
    dict = file.dict(parent);
  }
  return undefined;
}

function box(file: ObjectFile, object: PdfObject | undefined): [number, number, number, number] | null {
  const sides = file.numbers(object);
  if (sides.length < 4 || sides.some((side) => Math.abs(side) > 1_000_000)) return null;
  const [a, b, c, d] = sides.map(round) as [number, number, number, number];
  const found: [number, number, number, number] = [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
  return found[2] > found[0] && found[3] > found[1] ? found : null;
}

/** As many decimals as the engine's numbers have. */
function round(side: number): number {
  return Math.round(side * 10_000) / 10_000;
}

/** Objects that the page's list of annotations names, in order. */
export function pageAnnotations(file: ObjectFile, page: PdfDict): { readonly object: PdfObject; readonly dict: PdfDict }[] {
  return file.array(page.get("Annots")).flatMap((object) => {
    const dict = file.resolve(object);
    return isDict(dict) ? [{ object, dict }] : [];
  });
}
