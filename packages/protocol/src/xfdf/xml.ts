/** XML as a tree, both ways, for files of strangers: no document types, no entities of their own, bounded in depth and size. */

export interface XmlElement {
  /** Without its prefix when that is of XFDF's own namespace. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Of the element itself, without that of its children. */
  readonly text: string;
}

export class XmlError extends Error {
  override readonly name = "XmlError";
}

const MOST_ELEMENTS = 500_000;
const MOST_ATTRIBUTES = 200;
const DEEPEST = 64;

interface Growing {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: Growing[];
  text: string;
}

/** Throws XmlError, with the line. */
export async function parseXml(text: string): Promise<XmlElement> {
  const { SaxesParser } = await import("saxes");
  const parser = new SaxesParser({ xmlns: false, position: true });
  const open: Growing[] = [];
  let root: Growing | null = null;
  let elements = 0;
  const fail = (reason: string): never => {
    throw new XmlError(`${reason} (line ${parser.line})`);
  };
  parser.on("doctype", () => fail("document types are not taken"));
  parser.on("error", (error) => fail(error.message.replace(/^\d+:\d+: /, "")));
  parser.on("opentag", ({ name, attributes }) => {
    if (++elements > MOST_ELEMENTS) fail(`there are more than ${MOST_ELEMENTS} elements`);
    if (open.length >= DEEPEST) fail(`elements are nested more than ${DEEPEST} deep`);
    if (Object.keys(attributes).length > MOST_ATTRIBUTES) fail(`an element has more than ${MOST_ATTRIBUTES} attributes`);
    const element: Growing = { name: name.replace(/^xfdf:/, ""), attributes: { ...attributes }, children: [], text: "" };
    if (open.length > 0) open.at(-1)!.children.push(element);
    else root = element;
    open.push(element);
  });
  const add = (more: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += more;
  };
  parser.on("text", add);
  parser.on("cdata", add);
  parser.on("closetag", () => void open.pop());
  parser.write(text).close();
  if (root === null) throw new XmlError("there is no element");
  return root;
}

export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  children: readonly (XmlElement | null)[] = [],
  text = "",
): XmlElement {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) kept[key] = clean(typeof value === "number" ? number(value) : value);
  return { name, attributes: kept, children: children.filter((child) => child !== null), text: clean(text) };
}

/** Millionths of a point: nobody sees less. */
export function number(value: number): string {
  return String(Math.round(value * 1e6) / 1e6);
}

/** Without what XML has no way to say. */
export function clean(text: string): string {
  // oxlint-disable no-control-regex -- those are what is looked for
  return text
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
}

export function writeXml(root: XmlElement): string {
  const parts: string[] = ['<?xml version="1.0" encoding="UTF-8"?>\n'];
  const write = ({ name, attributes, children, text }: XmlElement): void => {
    parts.push(`<${name}`);
    for (const [key, value] of Object.entries(attributes))
      parts.push(` ${key}="${escaped(value).replace(/["\n\t]/g, (c) => `&#${c.charCodeAt(0)};`)}"`);
    if (children.length === 0 && text === "") return void parts.push("/>");
    parts.push(">", escaped(text));
    for (const child of children) write(child);
    parts.push(`</${name}>`);
  };
  write(root);
  parts.push("\n");
  return parts.join("");
}

function escaped(text: string): string {
  return text.replace(/[&<>\r]/g, (c) => `&#${c.charCodeAt(0)};`);
}
