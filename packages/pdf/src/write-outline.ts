/** The outline of a document → that of its file (ISO 32000-2, 12.3.3), in place of the one that is there. */
import type { OutlineItem } from "@lectern/protocol";
import { actionEntries, type PageTarget } from "./annotation-dictionary.ts";
import type { ObjectFile } from "./objects/file.ts";
import { nameOf, type PdfDict, type PdfObject, type PdfRefValue, textString } from "./objects/values.ts";
import { putEntries } from "./objects/written.ts";

const ITALIC = 1;
const BOLD = 2;

/** Items whose page is not in the file lead nowhere. */
export function writeOutline(file: ObjectFile, items: readonly OutlineItem[], target: PageTarget): void {
  const catalog = file.editCatalog();
  if (items.length === 0) {
    catalog.delete("Outlines");
    return;
  }
  const root: PdfDict = new Map([["Type", nameOf("Outlines")]]);
  const ref = file.add(root);
  root.set("Count", writeLevel(items, { dict: root, ref }));
  catalog.set("Outlines", ref);

  /** Answers how many items are seen when this level is. */
  function writeLevel(level: readonly OutlineItem[], parent: { readonly dict: PdfDict; readonly ref: PdfRefValue }): number {
    const dicts = level.map((): PdfDict => new Map());
    const refs = dicts.map((dict) => file.add(dict));
    let seen = level.length;
    for (const [index, { title, action, children = [], isExpanded = false, isBold, isItalic, color }] of level.entries()) {
      const dict = dicts[index]!;
      dict.set("Title", textString(title));
      dict.set("Parent", parent.ref);
      if (index > 0) dict.set("Prev", refs[index - 1]!);
      if (index + 1 < refs.length) dict.set("Next", refs[index + 1]!);
      putEntries(dict, actionEntries(action, target));
      const style = (isItalic === true ? ITALIC : 0) | (isBold === true ? BOLD : 0);
      if (style > 0) dict.set("F", style);
      if (color !== undefined && /^#[0-9a-fA-F]{6}$/.test(color)) dict.set("C", rgb(color));
      if (children.length === 0) continue;
      const below = writeLevel(children, { dict, ref: refs[index]! });
      dict.set("Count", isExpanded ? below : -below);
      if (isExpanded) seen += below;
    }
    parent.dict.set("First", refs[0]!);
    parent.dict.set("Last", refs.at(-1)!);
    return seen;
  }
}

function rgb(color: string): PdfObject[] {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255);
}
