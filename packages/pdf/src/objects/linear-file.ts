/**
 * A file of objects in the order in which a reader asks for them over a network (ISO 32000-2, annex F): what the document needs to open, then
 * all of the first page, then page by page; tables at the front say where each lies. Object numbers follow that order.
 */
import { pdfBytes } from "../pdf-writer.ts";
import type { ObjectFile } from "./file.ts";
import { type Hints, hintTables } from "./linear-hints.ts";
import { flatPages, INHERITED } from "./page-tree.ts";
import { isDict, isName, isRef, isStream, nameOf, objectText, type PdfDict, type PdfObject, type PdfRefValue, refTo } from "./values.ts";
import { type FileSeal, objectBytes, plainTrailer, reachable, trailerIds } from "./write-file.ts";

/** Parameters as `ObjectFile.write` has them. A file without pages cannot be linear: null. */
export function linearFile(
  file: ObjectFile,
  { id, trailer: of, seal }: { readonly id: string; readonly trailer: PdfDict; readonly seal: FileSeal | null },
): Uint8Array | null {
  const pages = [...new Set(flatPages(file))];
  for (const object of file.objects())
    // Each page has them now.
    if (isDict(object) && isName(object.get("Type"), "Pages")) for (const key of INHERITED) object.delete(key);
  const trailer = plainTrailer(of);
  const root = trailer.get("Root");
  if (pages.length === 0 || !isRef(root)) return null;
  const parts = partsOf(file, trailer, root.number, pages);
  const later = [...parts.pages.flat(), ...parts.shared, ...parts.others];
  // Those of the second section come first, so that each section's numbers are without gaps.
  const parameters = later.length + 1;
  const numbers = new Map<number, number>();
  for (const [at, number] of later.entries()) numbers.set(number, at + 1);
  for (const [at, number] of parts.opening.entries()) numbers.set(number, parameters + 1 + at);
  const hintNumber = parameters + 1 + parts.opening.length;
  for (const [at, number] of parts.first.entries()) numbers.set(number, hintNumber + 1 + at);
  const size = hintNumber + 1 + parts.first.length;

  const renumbered = renumber(numbers);
  const written = new Map<number, Uint8Array>();
  for (const [before, number] of numbers) {
    const object = renumbered(file.get(before));
    written.set(number, objectBytes(number, seal === null ? object : seal.seal(number, object)));
  }
  const numberOf = (before: number): number => numbers.get(before)!;
  const lengthOf = (number: number): number => written.get(number)!.length;

  const ids = trailerIds(file, of, id);
  const shared: PdfDict = new Map([...trailer].map(([key, value]) => [key, renumbered(value)]));
  if (seal !== null) shared.set("Encrypt", seal.security);
  const firstTable = (previous: number, offsets: ReadonlyMap<number, number>): string => {
    let table = `xref\n${parameters} ${size - parameters}\n`;
    for (let number = parameters; number < size; number++) table += entry(offsets.get(number) ?? 0);
    const dict = objectText(new Map(shared).set("Size", size)).slice(0, -2);
    return `${table}trailer\n${dict} /Prev ${fixed(previous)} /ID ${ids}>>\nstartxref\n0\n%%EOF\n`;
  };
  const header = `%PDF-${file.version}\n%\xE2\xE3\xCF\xD3\n`;
  const parametersText = (values: Readonly<Record<"L" | "hint" | "hintLength" | "E" | "T", number>>): string =>
    `${parameters} 0 obj\n<</Linearized 1 /L ${fixed(values.L)} /H [${fixed(values.hint)} ${fixed(values.hintLength)}] /O ${numberOf(pages[0]!)} ` +
    `/E ${fixed(values.E)} /N ${pages.length} /T ${fixed(values.T)}>>\nendobj\n`;
  const none = { L: 0, hint: 0, hintLength: 0, E: 0, T: 0 };

  const offsets = new Map<number, number>();
  offsets.set(parameters, header.length);
  const tableAt = header.length + parametersText(none).length;
  let at = tableAt + firstTable(0, offsets).length;
  const place = (numbersInOrder: readonly number[]): void => {
    for (const number of numbersInOrder) {
      offsets.set(number, at);
      at += lengthOf(number);
    }
  };
  place(parts.opening.map(numberOf));
  const hintAt = at;
  // Its tables are as long with any offsets.
  const hintsOf = (): Uint8Array => {
    const hints = hintStream(
      hintTables(hintsOfParts(parts, { pages, numberOf, lengthOf, offsetOf: (number) => offsetBesideHints(offsets.get(number) ?? 0) })),
    );
    return objectBytes(hintNumber, seal === null ? hints : seal.seal(hintNumber, hints));
  };
  let hintLength = 0;
  const offsetBesideHints = (offset: number): number => (offset > hintAt ? offset - hintLength : offset);
  hintLength = hintsOf().length;
  offsets.set(hintNumber, at);
  at += hintLength;
  place(parts.first.map(numberOf));
  const endOfFirst = at;
  place(later.map(numberOf));
  const mainTable = at;

  let table = `xref\n0 ${parameters}\n`;
  const beforeFirstEntry = mainTable + table.length - 1;
  table += "0000000000 65535 f \n";
  for (let number = 1; number < parameters; number++) table += entry(offsets.get(number)!);
  const end = `${table}trailer\n<</Size ${parameters} /ID ${ids}>>\nstartxref\n${tableAt}\n%%EOF\n`;
  const length = mainTable + end.length;
  return pdfBytes([
    header,
    parametersText({ L: length, hint: hintAt, hintLength, E: endOfFirst, T: beforeFirstEntry }),
    firstTable(mainTable, offsets),
    ...parts.opening.map((number) => written.get(numberOf(number))!),
    hintsOf(),
    ...parts.first.map((number) => written.get(numberOf(number))!),
    ...later.map((number) => written.get(numberOf(number))!),
    end,
  ]);
}

/** Numbers as they were, in their order. */
interface Parts {
  /** The catalog, and what it needs to show the document. */
  readonly opening: readonly number[];
  /** The first page, and everything on it. */
  readonly first: readonly number[];
  /** Of every other page: itself, and what is on no other one. */
  readonly pages: readonly (readonly number[])[];
  /** What several of the other pages show. */
  readonly shared: readonly number[];
  /** In `first` when they are shown from the start, else in `others`. */
  readonly outlines: readonly number[];
  readonly others: readonly number[];
  /** By page: what it shows that does not stand with it. */
  readonly sharedOf: readonly (readonly number[])[];
}

const OPENING = ["ViewerPreferences", "PageMode", "Threads", "OpenAction", "AcroForm"];

function partsOf(file: ObjectFile, trailer: PdfDict, root: number, pages: readonly number[]): Parts {
  const isPage = new Set(pages);
  /** Everything from there that belongs to no page and to no tree of pages. */
  const from = (objects: readonly (PdfObject | undefined)[], stop: (number: number) => boolean = () => false): Set<number> => {
    const found = new Set<number>();
    const left: PdfObject[] = objects.map((object) => object ?? null);
    while (left.length > 0) {
      const object = left.pop()!;
      if (Array.isArray(object)) for (const item of object) left.push(item);
      else if (isStream(object)) left.push(object.dict);
      else if (isDict(object)) {
        for (const [key, value] of object) if (key !== "Parent" || !isPageTree(file, value)) left.push(value);
      } else if (isRef(object)) {
        const { number } = object;
        if (found.has(number) || isPage.has(number) || number === root || stop(number)) continue;
        const target = file.get(number);
        if (target === null || (isDict(target) && isName(target.get("Type"), "Pages"))) continue;
        found.add(number);
        left.push(target);
      }
    }
    return found;
  };
  const catalog = file.dict(refTo(root));
  const opening = from(OPENING.map((key) => catalog.get(key)));
  const outlines = from([catalog.get("Outlines")], (number) => opening.has(number));
  const isPlaced = (number: number): boolean => opening.has(number) || outlines.has(number);
  const onPage = pages.map((number) =>
    from(
      [...file.dict(refTo(number))].flatMap(([key, value]) => (key === "Parent" || key === "Thumb" ? [] : [value])),
      isPlaced,
    ),
  );
  // What a name, a structure or the like leads to is not only a page's.
  const beside = from([
    ...[...catalog].flatMap(([key, value]) => (OPENING.includes(key) || key === "Outlines" || key === "Pages" ? [] : [value])),
    ...[...trailer].flatMap(([key, value]) => (key === "Root" ? [] : [value])),
  ]);
  const isShown = isName(catalog.get("PageMode"), "UseOutlines");
  const inOutlines = outlinesFirst(catalog.get("Outlines"), outlines);
  const first = [pages[0]!, ...sorted(onPage[0]!), ...(isShown ? inOutlines : [])];
  const inFirst = new Set(first);
  const uses = new Map<number, number>();
  for (const numbers of onPage.slice(1)) for (const number of numbers) uses.set(number, (uses.get(number) ?? 0) + 1);
  const others = onPage.slice(1).map((numbers) => sorted(numbers).filter((number) => !inFirst.has(number)));
  const alone = others.map((numbers, index) => [
    pages[index + 1]!,
    ...numbers.filter((number) => uses.get(number) === 1 && !beside.has(number)),
  ]);
  const shared = sorted(new Set(others.flat().filter((number) => uses.get(number)! > 1)));
  const isShared = new Set([...first, ...shared]);
  const placed = new Set([root, ...opening, ...outlines, ...first, ...alone.flat(), ...shared]);
  return {
    opening: [root, ...sorted(opening)],
    first,
    pages: alone,
    shared,
    outlines: inOutlines,
    others: [...(isShown ? [] : inOutlines), ...sorted(reachable(file, trailer)).filter((number) => !placed.has(number))],
    sharedOf: onPage.map((numbers, index) => (index === 0 ? [] : sorted(numbers).filter((number) => isShared.has(number)))),
  };
}

/** Their root leads. */
function outlinesFirst(root: PdfObject | undefined, numbers: ReadonlySet<number>): number[] {
  const all = sorted(numbers);
  return isRef(root ?? null) && numbers.has((root as PdfRefValue).number)
    ? [(root as PdfRefValue).number, ...all.filter((number) => number !== (root as PdfRefValue).number)]
    : all;
}

const sorted = (numbers: Iterable<number>): number[] => [...numbers].toSorted((a, b) => a - b);

function isPageTree(file: ObjectFile, object: PdfObject): boolean {
  return isName(file.dict(object).get("Type"), "Pages");
}

function renumber(numbers: ReadonlyMap<number, number>): (object: PdfObject) => PdfObject {
  const renumbered = (object: PdfObject): PdfObject => {
    if (isRef(object)) {
      const number = numbers.get(object.number);
      // What is not there is null wherever it is named.
      return number === undefined ? null : refTo(number);
    }
    if (Array.isArray(object)) return object.map(renumbered);
    if (isDict(object)) return new Map([...object].map(([key, value]) => [key, renumbered(value)]));
    return isStream(object) ? { ...object, dict: renumbered(object.dict) as PdfDict } : object;
  };
  return renumbered;
}

function hintsOfParts(
  parts: Parts,
  {
    pages,
    numberOf,
    lengthOf,
    offsetOf,
  }: {
    readonly pages: readonly number[];
    readonly numberOf: (before: number) => number;
    readonly lengthOf: (number: number) => number;
    readonly offsetOf: (number: number) => number;
  },
): Hints {
  const lengths = (before: readonly number[]): number[] => before.map((number) => lengthOf(numberOf(number)));
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
  const shared = [...parts.first, ...parts.shared];
  const indexOf = new Map(shared.map((number, index) => [number, index]));
  const outlines = parts.outlines.map(numberOf);
  return {
    firstPageAt: offsetOf(numberOf(pages[0]!)),
    pages: [parts.first, ...parts.pages].map((own, index) => ({
      objects: own.length,
      length: sum(lengths(own)),
      shared: parts.sharedOf[index]!.map((number) => indexOf.get(number)!),
    })),
    sharedOnFirst: parts.first.length,
    sharedLengths: lengths(shared),
    firstShared: parts.shared.length === 0 ? null : { number: numberOf(parts.shared[0]!), at: offsetOf(numberOf(parts.shared[0]!)) },
    outlines:
      outlines.length === 0
        ? null
        : { number: outlines[0]!, at: offsetOf(outlines[0]!), objects: outlines.length, length: sum(lengths(parts.outlines)) },
  };
}

function hintStream({ bytes, shared, outlines }: ReturnType<typeof hintTables>): PdfObject {
  const dict: PdfDict = new Map<string, PdfObject>([["S", shared]]);
  if (outlines !== null) dict.set("O", outlines);
  return { kind: "stream", dict: dict.set("Type", nameOf("HintStream")), data: bytes };
}

const entry = (offset: number): string => `${String(offset).padStart(10, "0")} 00000 n \n`;
/** As long with any value. */
const fixed = (value: number): string => String(value).padEnd(10);
