/**
 * What a screen reader is told of a page whose file has a structure tree: headings, lists, tables and pictures in reading order. Pure; see
 * `structure-layer.ts` for the elements that say it.
 */
import type { PageText, StructureElement, TextPart, TextRun } from "@lectern/pdf";
import type { Rect } from "@lectern/protocol";
import { rectOf, textOf } from "./text-geometry.ts";

/** An ARIA role with what is in it, or words. */
export type Spoken = SpokenElement | SpokenWords;

export interface SpokenElement {
  readonly role: string | null;
  /** Of headings. */
  readonly level?: number;
  /** Instead of what is in it. */
  readonly label?: string;
  readonly language?: string;
  readonly columnSpan?: number;
  readonly rowSpan?: number;
  /** Around all that is in it. */
  readonly rect: Rect;
  readonly children: readonly Spoken[];
}

export interface SpokenWords {
  readonly text: string;
  readonly rect: Rect;
}

/** Roles that need no other element around them. Links are elements of their own, over the page. */
const ROLES: Readonly<Record<string, string>> = {
  P: "paragraph",
  L: "list",
  TOC: "list",
  Table: "table",
  BlockQuote: "blockquote",
  Code: "code",
  Art: "article",
  Note: "note",
  Em: "emphasis",
  Strong: "strong",
};
/** Roles that mean something only within another one. */
const PARTS: Readonly<Record<string, { readonly role: string; readonly within: readonly string[] }>> = {
  LI: { role: "listitem", within: ["list"] },
  TOCI: { role: "listitem", within: ["list"] },
  TR: { role: "row", within: ["table", "rowgroup"] },
  THead: { role: "rowgroup", within: ["table"] },
  TBody: { role: "rowgroup", within: ["table"] },
  TFoot: { role: "rowgroup", within: ["table"] },
  TD: { role: "cell", within: ["row"] },
  TH: { role: "columnheader", within: ["row"] },
};
const PICTURES: ReadonlySet<string> = new Set(["Figure", "Formula"]);
const SECTIONS: ReadonlySet<string> = new Set(["Sect", "Art", "Part"]);
const LAST_LEVEL = 6;

/** null when the file has no structure of this page. */
export function spokenPage({ runs, structure }: PageText): readonly Spoken[] | null {
  return structure === undefined ? null : structure.map((element) => spoken(element, runs, { parent: null, sections: 0 }));
}

interface Around {
  /** Role of the element around it. */
  readonly parent: string | null;
  readonly sections: number;
}

function spoken(element: StructureElement, runs: readonly TextRun[], around: Around): Spoken {
  const { type, alt, actualText, language, columnSpan, rowSpan } = element;
  const said = alt ?? actualText;
  const role = roleOf(element, around.parent);
  const level = role === "heading" ? levelOf(type, around.sections) : undefined;
  const common = {
    role,
    ...(level === undefined ? {} : { level }),
    ...(language === undefined ? {} : { language }),
    ...(columnSpan === undefined ? {} : { columnSpan }),
    ...(rowSpan === undefined ? {} : { rowSpan }),
  };
  if (said !== undefined) {
    const rect = element.bbox ?? boxOfParts(partsIn(element), runs);
    return role === "img" ? { ...common, label: said, rect, children: [] } : { ...common, rect, children: [{ text: said, rect }] };
  }
  // What lies between, such as a section within a list, keeps what is in it from its place.
  const inside: Around = { parent: role ?? around.parent, sections: around.sections + (SECTIONS.has(type) ? 1 : 0) };
  const children: Spoken[] = [];
  let parts: TextPart[] = [];
  const say = (): void => {
    const words = wordsOf(parts, runs);
    if (words !== null) children.push(words);
    parts = [];
  };
  for (const child of element.children) {
    if (isPart(child)) parts.push(child);
    else {
      say();
      children.push(spoken(child, runs, inside));
    }
  }
  say();
  return { ...common, rect: boxAround(children.map(({ rect }) => rect)), children };
}

function roleOf({ type, scope, alt, actualText }: StructureElement, parent: string | null): string | null {
  if (/^H[1-6]?$/.test(type) || type === "Title") return "heading";
  if (PICTURES.has(type)) return alt === undefined && actualText === undefined ? "group" : "img";
  const part = Object.hasOwn(PARTS, type) ? PARTS[type]! : null;
  if (part !== null) {
    if (parent === null || !part.within.includes(parent)) return null;
    return type === "TH" && scope === "row" ? "rowheader" : part.role;
  }
  return Object.hasOwn(ROLES, type) ? ROLES[type]! : null;
}

function levelOf(type: string, sections: number): number {
  if (type === "Title") return 1;
  return type === "H" ? Math.min(LAST_LEVEL, Math.max(1, sections)) : Number(type.slice(1));
}

function isPart(child: StructureElement | TextPart): child is TextPart {
  return Array.isArray(child);
}

function partsIn(element: StructureElement): TextPart[] {
  return element.children.flatMap((child) => (isPart(child) ? [child] : partsIn(child)));
}

function wordsOf(parts: readonly TextPart[], runs: readonly TextRun[]): SpokenWords | null {
  const joined: { run: TextRun; start: number; end: number }[] = [];
  for (const [index, start, end] of parts) {
    const run = runs[index];
    const last = joined.at(-1);
    if (run === undefined) continue;
    // A word may be tagged in pieces.
    if (last?.run === run && last.end === start) last.end = end;
    else joined.push({ run, start, end });
  }
  const text = textOf(joined).replace(/\s+/g, " ").trim();
  return text === "" ? null : { text, rect: boxOfParts(parts, runs) };
}

function boxOfParts(parts: readonly TextPart[], runs: readonly TextRun[]): Rect {
  return boxAround(parts.flatMap(([index, from, to]) => (runs[index] === undefined ? [] : [rectOf(runs[index], from, to)])));
}

/** Nothing at all is in the page's corner. */
function boxAround(boxes: readonly Rect[]): Rect {
  if (boxes.length === 0) return [0, 0, 0, 0];
  const left = Math.min(...boxes.map(([x]) => x));
  const top = Math.min(...boxes.map(([, y]) => y));
  const right = Math.max(...boxes.map(([x, , width]) => x + width));
  const bottom = Math.max(...boxes.map(([, y, , height]) => y + height));
  return [left, top, right - left, bottom - top];
}
