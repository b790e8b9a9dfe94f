/** The fonts that a file names (ISO 32000-2, 9.5 to 9.9). */
import type { ObjectFile } from "../objects/file.ts";
import { isDict, isName, isStream, type PdfDict } from "../objects/values.ts";

export interface FileFont {
  /** The PostScript name, without the letters that mark a subset. */
  readonly name: string;
  /** `Type1`, `TrueType`, `Type0`, `Type3`, … */
  readonly type: string;
  /** Its glyphs are in the file. */
  readonly embedded: boolean;
}

/** Each once, by name. What of a composite font stands below it is part of it. */
export function fileFonts(file: ObjectFile): FileFont[] {
  const found = new Map<string, FileFont>();
  for (const object of file.objects()) {
    if (!isDict(object) || !isFont(file, object)) continue;
    const type = file.name(object.get("Subtype")) ?? "";
    if (type.startsWith("CIDFont")) continue;
    const name = nameOfFont(file, object);
    const embedded = type === "Type3" || hasGlyphs(file, object);
    const key = `${name}\0${type}\0${embedded}`;
    if (!found.has(key)) found.set(key, { name, type, embedded });
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** /Type may be missing; a descriptor has another one. */
function isFont(file: ObjectFile, dict: PdfDict): boolean {
  const type = dict.get("Type");
  if (type !== undefined) return isName(file.resolve(type), "Font");
  return dict.has("BaseFont") && dict.has("Subtype");
}

function nameOfFont(file: ObjectFile, font: PdfDict): string {
  const name = file.name(font.get("BaseFont")) ?? file.name(font.get("Name")) ?? "";
  return name.replace(/^[A-Z]{6}\+/, "");
}

function hasGlyphs(file: ObjectFile, font: PdfDict): boolean {
  const descendant = file.array(font.get("DescendantFonts"))[0];
  const descriptor = file.dict(file.dict(descendant ?? font).get("FontDescriptor"));
  return ["FontFile", "FontFile2", "FontFile3"].some((key) => isStream(file.resolve(descriptor.get(key))));
}
