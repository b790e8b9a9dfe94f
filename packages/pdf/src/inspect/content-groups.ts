/** Optional content: what a file lets its readers show and hide (ISO 32000-2, 8.11). A group is named by the number of its object. */
import { nameOfVersion } from "../compose.ts";
import { ObjectFile } from "../objects/file.ts";
import { flatPages, pageAnnotations } from "../objects/page-tree.ts";
import { isDict, isName, isRef, isString, nameOf, type PdfDict, type PdfObject, refTo, stringText } from "../objects/values.ts";

export interface ContentGroup {
  readonly id: number;
  readonly name: string;
  /** As the file is opened. */
  readonly visible: boolean;
  /** At most one of those with the same number is shown at a time. */
  readonly radioGroup: number | null;
}

/** A group, or some of them under a heading, which may be a group itself. */
export type ContentGroupEntry =
  | ContentGroup
  | { readonly id: number | null; readonly name: string; readonly groups: readonly ContentGroup[] };

/** In the order in which the file wants them listed; groups that it does not list follow. */
export function contentGroups(file: ObjectFile): ContentGroupEntry[] {
  const properties = file.dict(file.catalog.get("OCProperties"));
  const config = file.dict(properties.get("D"));
  const known = new Map(groupsOf(file, properties, config).map((group) => [group.id, group]));
  const listed = new Set<number>();
  const take = (object: PdfObject): ContentGroup | null => {
    const group = isRef(object) ? known.get(object.number) : undefined;
    if (group === undefined || listed.has(group.id)) return null;
    listed.add(group.id);
    return group;
  };
  // A list may name itself.
  const entered = new Set<PdfObject>();
  const below = (objects: PdfObject[]): ContentGroup[] => {
    if (entered.has(objects)) return [];
    entered.add(objects);
    return objects.flatMap((object) => {
      const nested = file.resolve(object);
      return Array.isArray(nested) ? below(nested) : (take(object) ?? []);
    });
  };
  const entries: ContentGroupEntry[] = [];
  for (const object of file.array(config.get("Order"))) {
    const nested = file.resolve(object);
    if (!Array.isArray(nested)) {
      const group = take(object);
      if (group !== null) entries.push(group);
      continue;
    }
    const head = file.resolve(nested[0]);
    const groups = below(nested);
    if (isString(head)) entries.push({ id: null, name: stringText(head.value), groups });
    else {
      // A list without heading belongs to the group before it.
      const last = entries.pop();
      if (last === undefined) entries.push(...groups);
      else if ("groups" in last) entries.push(last, ...groups);
      else entries.push({ id: last.id, name: last.name, groups });
    }
  }
  for (const group of known.values()) if (!listed.has(group.id)) entries.push(group);
  return entries;
}

/**
 * The file with just these groups visible, whatever it says itself. Numbers that are no groups of it are passed over. `bytes`: as `plainBytes`
 * gives them.
 */
export function showContentGroups(bytes: Uint8Array, shown: readonly number[]): Uint8Array {
  const file = new ObjectFile(bytes);
  const properties = file.resolve(file.catalog.get("OCProperties"));
  if (!isDict(properties)) return bytes;
  const groups = groupNumbers(file, properties);
  const config: PdfDict = new Map<string, PdfObject>([
    ["BaseState", nameOf("OFF")],
    ["ON", groups.filter((id) => shown.includes(id)).map(refTo)],
  ]);
  properties.set("D", config);
  // Other configurations, and what a group says of its use, come before the default one for some readers.
  properties.delete("Configs");
  for (const id of groups) file.dict(refTo(id)).delete("Usage");
  hideAnnotations(file, new Set(shown));
  return file.write(nameOfVersion([bytes.length, shown]));
}

const HIDDEN = 2;

/** PDFium looks at the groups of content only. */
function hideAnnotations(file: ObjectFile, shown: ReadonlySet<number>): void {
  for (const page of flatPages(file)) {
    for (const { dict } of pageAnnotations(file, file.dict(refTo(page)))) {
      const content = dict.get("OC");
      if (content !== undefined && !isShown(file, content, shown)) dict.set("F", file.number(dict.get("F"), 0) | HIDDEN);
    }
  }
}

/** A group, or a membership in some (8.11.2.2); its expression of visibility is not looked at, as its policy is there for that. */
function isShown(file: ObjectFile, content: PdfObject, shown: ReadonlySet<number>): boolean {
  const dict = file.dict(content);
  if (!isName(file.resolve(dict.get("Type")), "OCMD")) return isRef(content) && shown.has(content.number);
  const named = dict.get("OCGs") ?? null;
  const groups = (isRef(named) && isDict(file.resolve(named)) ? [named] : file.array(named)).filter(isRef);
  if (groups.length === 0) return true;
  const on = groups.filter(({ number }) => shown.has(number)).length;
  switch (file.name(dict.get("P"))) {
    case "AllOn":
      return on === groups.length;
    case "AnyOff":
      return on < groups.length;
    case "AllOff":
      return on === 0;
    default:
      return on > 0;
  }
}

/** Those that the file lists as its groups; each must be an object of its own. */
function groupNumbers(file: ObjectFile, properties: PdfDict): number[] {
  const numbers = file
    .array(properties.get("OCGs"))
    .filter(isRef)
    .map(({ number }) => number)
    .filter((number) => isDict(file.get(number)));
  return [...new Set(numbers)];
}

function groupsOf(file: ObjectFile, properties: PdfDict, config: PdfDict): ContentGroup[] {
  const numbersOf = (object: PdfObject | undefined): Set<number> =>
    new Set(file.array(object).flatMap((item) => (isRef(item) ? [item.number] : [])));
  const isOff = isName(file.resolve(config.get("BaseState")), "OFF");
  const exceptions = numbersOf(config.get(isOff ? "ON" : "OFF"));
  const radio = new Map<number, number>();
  for (const [index, group] of file.array(config.get("RBGroups")).entries())
    for (const number of numbersOf(group)) if (!radio.has(number)) radio.set(number, index);
  return groupNumbers(file, properties).map((id) => {
    const name = file.resolve(file.dict(refTo(id)).get("Name"));
    return {
      id,
      name: isString(name) ? stringText(name.value) : "",
      visible: exceptions.has(id) === isOff,
      radioGroup: radio.get(id) ?? null,
    };
  });
}
