/** What is common to all annotations of XFDF, and what of a record XFDF has no word for: that travels in an element of our own, so that nothing is lost. */
import type { Annotation, AnnotationType } from "../annotation/annotation.ts";
import { wordsOf } from "../mention.ts";
import { childOf, elementNameOf, flagsText, kindOf, mayBe, readFlags, readKind, writeKind } from "./kinds.ts";
import { userSpace, type XfdfPages } from "./space.ts";
import { element, type XmlElement } from "./xml.ts";

export const OWN = "lectern:data";
export const OWN_NAMESPACE = "urn:lectern:xfdf:1";

type Members = Record<string, unknown>;

/** By name, members of groups as `group.member`. */
export interface OwnData {
  readonly type?: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly unset?: readonly string[];
}

const GROUPS: ReadonlySet<string> = new Set(["geometry", "appearance"]);
/** Said otherwise. */
const ELSEWHERE: ReadonlySet<string> = new Set(["type", "page", "pdfObjectId", "attachment"]);

export interface Head {
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** null: the format has no word for its kind, or its page is not shown. `extra`: the picture. */
export function annotationElement(head: Head, annotation: Annotation, pages: XfdfPages, extra: readonly XmlElement[]): XmlElement | null {
  const isCaret = annotation.type === "raw" && annotation.subtype === "Caret";
  const name = isCaret ? "caret" : elementNameOf(annotation.type);
  const pageId = annotation.page ?? pages.idAt(0);
  const pageIndex = pageId === null ? null : pages.indexOf(pageId);
  if (name === null || pageId === null || pageIndex === null) return null;
  const space = userSpace(pages.origin(pageId));
  const { attributes, children } = writeKind(annotation, space, pages);
  const words =
    annotation.type === "text" || annotation.type === "note" || annotation.type === "comment-marker" ? annotation.text : undefined;
  const contents = words === undefined ? annotation.note : wordsOf(words);
  const all = [...(contents === undefined ? [] : [element("contents", {}, [], contents)]), ...children, ...extra];
  const plain = element(
    name,
    {
      page: pageIndex,
      rect: space.rect(annotation.geometry.bbox),
      name: head.id,
      title: annotation.creatorName,
      creationdate: pdfDate(head.createdAt),
      date: pdfDate(head.updatedAt),
      flags: flagsText(annotation.flags),
      ...attributes,
    },
    all,
  );
  if (isCaret) return plain;
  const own = ownData(annotation, plain, pages);
  return own === null ? plain : { ...plain, children: [...plain.children, ownElement(own)] };
}

/** The record's data as far as the element says it, not checked yet. null: what the kind needs is missing or makes no sense. */
export function annotationData(
  given: XmlElement,
  page: string,
  pages: XfdfPages,
): { readonly data: Members; readonly kind: AnnotationType } | null {
  const own = readOwn(given);
  const kind = own.type !== undefined && mayBe(own.type, given) ? own.type : kindOf(given);
  if (kind === null) return null;
  const data = readPlain(given, kind, page, pages);
  if (data === null) return null;
  for (const [name, value] of Object.entries(own.set ?? {})) put(data, name, value, kind);
  for (const name of own.unset ?? []) put(data, name, undefined, kind);
  return { data: withoutUndefined(data), kind };
}

function readPlain(given: XmlElement, kind: AnnotationType, page: string, pages: XfdfPages): Members | null {
  const members = readKind(kind, given, userSpace(pages.origin(page)), pages);
  if (members === null) return null;
  const contents = contentsOf(given);
  const isText = kind === "text" || kind === "note" || kind === "comment-marker";
  const text = contents === undefined && kind === "comment-marker" ? undefined : { format: "plain", value: contents ?? "" };
  return {
    type: kind,
    page,
    creatorName: given.attributes["title"],
    flags: readFlags(given.attributes["flags"]),
    ...(isText ? { text } : { note: contents }),
    ...members,
  };
}

/** Rich text counts by its words. */
export function contentsOf(given: XmlElement): string | undefined {
  const plain = childOf(given, "contents");
  if (plain !== undefined) return plain.text;
  const rich = childOf(given, "contents-richtext");
  return rich === undefined ? undefined : allText(rich).trim();
}

function allText({ text, children, name }: XmlElement): string {
  const inside = text + children.map(allText).join("");
  return name === "p" || name === "br" ? `${inside}\n` : inside;
}

function ownData(annotation: Annotation, plain: XmlElement, pages: XfdfPages): OwnData | null {
  const first = annotation.page ?? pages.idAt(0)!;
  const isImage = annotation.type === "image";
  const said = kindOf(plain);
  const read = readPlain(plain, annotation.type, first, pages);
  const set: Members = {};
  const unset: string[] = [];
  const compare = (prefix: string, wanted: Members, found: Members): void => {
    for (const key of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
      if (prefix === "" && ELSEWHERE.has(key)) continue;
      if (prefix === "" && GROUPS.has(key)) compare(`${key}.`, wanted[key] as Members, (found[key] ?? {}) as Members);
      else if (wanted[key] === undefined ? found[key] !== undefined : !isClose(wanted[key], found[key])) {
        if (wanted[key] === undefined) unset.push(prefix + key);
        else set[prefix + key] = wanted[key];
      }
    }
  };
  compare("", annotation, withoutUndefined(read ?? {}));
  if (annotation.page === null) set["page"] = null;
  if (isImage && annotation.attachment?.name !== undefined) set["fileName"] = annotation.attachment.name;
  if (said === annotation.type && Object.keys(set).length === 0 && unset.length === 0) return null;
  return {
    ...(said === annotation.type ? {} : { type: annotation.type }),
    ...(Object.keys(set).length === 0 ? {} : { set }),
    ...(unset.length === 0 ? {} : { unset }),
  };
}

export function ownElement(own: OwnData): XmlElement {
  // What XML has no way to say is said in the way of JSON.
  const json = JSON.stringify(own).replace(/[\ufffe\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
  return element(OWN, {}, [], json);
}

export function readOwn(given: XmlElement): OwnData {
  const text = childOf(given, OWN)?.text;
  if (text === undefined) return {};
  try {
    const own = JSON.parse(text) as unknown;
    return isObject(own) ? { ...(typeof own["type"] === "string" ? { type: own["type"] } : {}), ...setOf(own), ...unsetOf(own) } : {};
  } catch (error) {
    // Another program may have changed it: what the format itself says is there all the same.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function setOf(own: Members): Pick<OwnData, "set"> {
  return isObject(own["set"]) ? { set: own["set"] } : {};
}

function unsetOf(own: Members): Pick<OwnData, "unset"> {
  const unset = own["unset"];
  return Array.isArray(unset) ? { unset: unset.filter((name) => typeof name === "string") } : {};
}

function put(data: Members, name: string, value: unknown, kind: AnnotationType): void {
  const [group, member] = name.split(".") as [string, string | undefined];
  if (member !== undefined && GROUPS.has(group)) data[group] = { ...(data[group] as Members), [member]: value };
  // A thread on the whole document; no other page can be named, the element has it.
  else if (name === "page") {
    if (value === null && kind === "comment-marker") data["page"] = null;
  } else if (!ELSEWHERE.has(name) && !GROUPS.has(name) && name !== "fileName") data[name] = value;
}

/** `D:20260131120000Z` (ISO 32000-2, 7.9.4). */
export function pdfDate(at: number): string {
  return `D:${new Date(at).toISOString().slice(0, 19).replace(/\D/g, "")}Z`;
}

export function withoutUndefined(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, GROUPS.has(key) && isObject(value) ? withoutUndefined(value) : value]),
  );
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Equal but for what writing numbers has rounded. */
function isClose(a: unknown, b: unknown): boolean {
  if (typeof a === "number" && typeof b === "number") return Math.abs(a - b) <= 1e-5;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((value, index) => isClose(value, b[index]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isClose(a[key], b[key]));
}
