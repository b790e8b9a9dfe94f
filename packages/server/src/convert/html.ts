/**
 * An HTML page → content of a paginated document: what a reader of the text sees, without scripts, style sheets, forms and anything that would
 * have to be loaded. Images only from `data:` and from the parts of the same e-mail (`cid:`).
 */
import { type DefaultTreeAdapterTypes as Tree, parse } from "parse5";
import type { Block, Inline, Style } from "./paper.ts";

type Node = Tree.ChildNode;
type Element = Tree.Element;

export interface HtmlContent {
  readonly title: string | null;
  readonly blocks: readonly Block[];
}

export interface HtmlOptions {
  /** Bytes of an image by the `src` it is named with, as a `data:` URL of PNG or JPEG; null: it is left out. */
  readonly image: (src: string) => Promise<string | null>;
}

const UNSEEN = new Set([
  "head",
  "script",
  "style",
  "template",
  "noscript",
  "iframe",
  "object",
  "embed",
  "svg",
  "math",
  "canvas",
  "audio",
  "video",
  "select",
  "datalist",
  "dialog",
]);
const BLOCKS = new Set([
  ..."html body div p section article main header footer nav aside address figure figcaption details summary fieldset form center dl dt dd".split(
    " ",
  ),
  ..."h1 h2 h3 h4 h5 h6 ul ol li blockquote pre hr table".split(" "),
]);
const HEADINGS: Readonly<Record<string, number>> = { h1: 22, h2: 18, h3: 15, h4: 13, h5: 12, h6: 11 };
const INLINE: Readonly<Record<string, Style>> = {
  b: { bold: true },
  strong: { bold: true },
  th: { bold: true },
  i: { italics: true },
  em: { italics: true },
  cite: { italics: true },
  u: { decoration: "underline" },
  ins: { decoration: "underline" },
  s: { decoration: "lineThrough" },
  del: { decoration: "lineThrough" },
  code: { mono: true },
  kbd: { mono: true },
  samp: { mono: true },
  pre: { mono: true },
  mark: { background: "#fff3a3" },
  sub: { sub: true },
  sup: { sup: true },
  small: { fontSize: 9 },
};
/** Deeper nesting than any page needs; what lies deeper is shown as plain text of its ancestor. */
const MAX_DEPTH = 60;
const MAX_COLUMNS = 40;

export async function htmlContent(html: string, options: HtmlOptions): Promise<HtmlContent> {
  const document = parse(html);
  const root = document.childNodes.find((node): node is Element => node.nodeName === "html");
  const title = root === undefined ? null : textOf(find(root, "title")).trim();
  const body = root === undefined ? undefined : find(root, "body");
  return { title: title === "" ? null : title, blocks: body === undefined ? [] : await blocksOf(body, { style: {}, depth: 0, options }) };
}

interface Place {
  readonly style: Style;
  readonly depth: number;
  readonly options: HtmlOptions;
}

/** Blocks stay blocks; neighbouring text and inline elements become paragraphs. */
async function blocksOf(parent: Element, place: Place): Promise<Block[]> {
  const blocks: Block[] = [];
  let line: Inline[] = [];
  const endLine = (): void => {
    const text = trimmed(line);
    if (text.length > 0) blocks.push({ kind: "paragraph", text, ...alignOf(parent) });
    line = [];
  };
  for (const node of parent.childNodes) {
    if (isElement(node) && (BLOCKS.has(node.tagName) || (node.tagName !== "a" && hasBlocks(node)))) {
      endLine();
      blocks.push(...(await blockOf(node, place)));
    } else if (isElement(node) && node.tagName === "img") {
      endLine();
      const image = await imageOf(node, place.options);
      if (image !== null) blocks.push(image);
    } else line.push(...(await inlineOf(node, place)));
  }
  endLine();
  return blocks;
}

function hasBlocks(element: Element): boolean {
  return (
    !UNSEEN.has(element.tagName) &&
    element.childNodes.some((child) => isElement(child) && (BLOCKS.has(child.tagName) || child.tagName === "img"))
  );
}

async function blockOf(element: Element, given: Place): Promise<Block[]> {
  if (isHidden(element)) return [];
  if (given.depth >= MAX_DEPTH) return [{ kind: "paragraph", text: [{ text: textOf(element), ...given.style }] }];
  const place: Place = { ...given, style: styleOf(element, given.style), depth: given.depth + 1 };
  const { tagName } = element;
  const size = HEADINGS[tagName];
  if (size !== undefined) {
    const text = trimmed(await inlines(element, { ...place, style: { ...place.style, bold: true, fontSize: size } }));
    return text.length === 0 ? [] : [{ kind: "heading", level: Number(tagName[1]), text, ...alignOf(element) }];
  }
  switch (tagName) {
    case "hr":
      return [{ kind: "rule" }];
    case "pre":
      return [{ kind: "code", text: preformatted(element) }];
    case "blockquote":
    case "dd":
      return [{ kind: "quote", blocks: await blocksOf(element, place), marked: tagName === "blockquote" }];
    case "ul":
    case "ol":
      return [
        {
          kind: "list",
          ordered: tagName === "ol",
          start: Math.trunc(Number(attribute(element, "start") ?? 1)) || 1,
          items: await itemsOf(element, place),
        },
      ];
    case "table":
      return tableOf(element, place);
    default:
      return blocksOf(element, place);
  }
}

async function itemsOf(list: Element, place: Place): Promise<Block[][]> {
  const items: Block[][] = [];
  for (const child of list.childNodes) if (isElement(child) && !UNSEEN.has(child.tagName)) items.push(await blocksOf(child, place));
  return items;
}

async function tableOf(table: Element, place: Place): Promise<Block[]> {
  const blocks: Block[] = [];
  const rows: { readonly cells: Block[][]; readonly header: boolean }[] = [];
  const look = async (element: Element): Promise<void> => {
    for (const child of element.childNodes) {
      if (!isElement(child)) continue;
      if (child.tagName === "caption") blocks.push(...(await blocksOf(child, place)));
      else if (child.tagName === "tr") {
        const cells = child.childNodes.filter(isElement).filter(({ tagName }) => tagName === "td" || tagName === "th");
        const content: Block[][] = [];
        for (const cell of cells.slice(0, MAX_COLUMNS))
          content.push(await blocksOf(cell, { ...place, style: styleOf(cell, place.style), depth: place.depth + 1 }));
        if (content.length > 0) rows.push({ cells: content, header: cells.every(({ tagName }) => tagName === "th") });
      } else if (["thead", "tbody", "tfoot"].includes(child.tagName)) await look(child);
    }
  };
  await look(table);
  if (rows.length === 0) return blocks;
  // Tables that only place things, as e-mails have them, are no grid.
  if (rows.every(({ cells }) => cells.length === 1)) return [...blocks, ...rows.flatMap(({ cells }) => cells[0]!)];
  const plain = attribute(table, "border") === "0" || attribute(table, "role") === "presentation";
  return [...blocks, { kind: "table", rows, columns: Math.max(...rows.map(({ cells }) => cells.length)), lines: !plain }];
}

async function inlines(parent: Element, place: Place): Promise<Inline[]> {
  const found: Inline[] = [];
  for (const node of parent.childNodes) found.push(...(await inlineOf(node, place)));
  return found;
}

async function inlineOf(node: Node, given: Place): Promise<Inline[]> {
  if (isText(node)) return [{ text: node.value.replace(/[ \t\r\n\f]+/g, " "), ...given.style }];
  if (!isElement(node) || UNSEEN.has(node.tagName) || isHidden(node)) return [];
  if (node.tagName === "br") return [{ text: "\n", ...given.style }];
  if (node.tagName === "img") return [{ text: attribute(node, "alt") ?? "", ...given.style }];
  if (given.depth >= MAX_DEPTH) return [{ text: textOf(node), ...given.style }];
  return inlines(node, { ...given, style: styleOf(node, given.style), depth: given.depth + 1 });
}

async function imageOf(element: Element, options: HtmlOptions): Promise<Block | null> {
  const data = await options.image(attribute(element, "src") ?? "");
  if (data !== null) return { kind: "image", data, width: positive(attribute(element, "width")) };
  const alt = attribute(element, "alt") ?? "";
  return alt === "" ? null : { kind: "paragraph", text: [{ text: `[${alt}]`, color: "#666666" }] };
}

function positive(text: string | null): number | null {
  const value = Number.parseFloat(text ?? "");
  return Number.isFinite(value) && value > 0 ? value : null;
}

/** What the element and its `style` attribute say of text: nothing of it can name anything to load. */
function styleOf(element: Element, inherited: Style): Style {
  let style: Style = { ...inherited, ...INLINE[element.tagName] };
  const href = element.tagName === "a" ? attribute(element, "href") : null;
  if (href !== null && /^(https?:|mailto:|tel:)/i.test(href)) style = { ...style, link: href, color: "#1a56b0", decoration: "underline" };
  const css = declarations(attribute(element, "style") ?? "");
  const color = hexColor(css.get("color") ?? (element.tagName === "font" ? (attribute(element, "color") ?? "") : ""));
  const background = hexColor(css.get("background-color") ?? "");
  return {
    ...style,
    ...(color === null ? {} : { color }),
    ...(background === null || BLOCKS.has(element.tagName) ? {} : { background }),
    ...(/^(bold|[6-9]00)$/.test(css.get("font-weight") ?? "") ? { bold: true } : {}),
    ...(css.get("font-style") === "italic" ? { italics: true } : {}),
    ...(/underline/.test(css.get("text-decoration") ?? "") ? { decoration: "underline" } : {}),
    ...(/line-through/.test(css.get("text-decoration") ?? "") ? { decoration: "lineThrough" } : {}),
    ...(/monospace|courier/i.test(css.get("font-family") ?? "") ? { mono: true } : {}),
  };
}

function declarations(style: string): ReadonlyMap<string, string> {
  return new Map(
    style.split(";").flatMap((part): (readonly [string, string])[] => {
      const at = part.indexOf(":");
      return at < 0
        ? []
        : [
            [
              part.slice(0, at).trim().toLowerCase(),
              part
                .slice(at + 1)
                .trim()
                .toLowerCase(),
            ],
          ];
    }),
  );
}

const NAMED: Readonly<Record<string, string>> = {
  black: "#000000",
  red: "#ff0000",
  green: "#008000",
  blue: "#0000ff",
  gray: "#808080",
  grey: "#808080",
  orange: "#ffa500",
  purple: "#800080",
  navy: "#000080",
  maroon: "#800000",
  teal: "#008080",
  yellow: "#ffff00",
};

function hexColor(text: string): string | null {
  if (/^#[0-9a-f]{6}$/.test(text)) return text;
  if (/^#[0-9a-f]{3}$/.test(text)) return text.replace(/[0-9a-f]/g, "$&$&");
  const rgb = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(text);
  if (rgb !== null)
    return `#${rgb
      .slice(1)
      .map((part) => Math.min(255, Number(part)).toString(16).padStart(2, "0"))
      .join("")}`;
  return NAMED[text] ?? null;
}

function isHidden(element: Element): boolean {
  return attribute(element, "hidden") !== null || /display\s*:\s*none|visibility\s*:\s*hidden/i.test(attribute(element, "style") ?? "");
}

function alignOf(element: Element): { readonly alignment?: "left" | "center" | "right" | "justify" } {
  const given =
    declarations(attribute(element, "style") ?? "").get("text-align") ??
    attribute(element, "align") ??
    (element.tagName === "center" ? "center" : "");
  return given === "center" || given === "right" || given === "justify" ? { alignment: given } : {};
}

/** Without the blanks at both ends; blanks that meet are one. */
function trimmed(line: readonly Inline[]): Inline[] {
  const found: Inline[] = [];
  let afterBlank = true;
  for (const part of line) {
    const text = afterBlank ? part.text.replace(/^ +/, "") : part.text;
    if (text === "") continue;
    found.push({ ...part, text });
    afterBlank = /[ \n]$/.test(text);
  }
  const last = found.at(-1);
  if (last !== undefined) found[found.length - 1] = { ...last, text: last.text.replace(/[ \n]+$/, "") };
  return found.filter(({ text }) => text !== "");
}

function preformatted(element: Element): string {
  return textOf(element).replace(/^\n/, "").replace(/\s+$/, "");
}

function textOf(node: Node | undefined): string {
  if (node === undefined) return "";
  const parts: string[] = [];
  const stack: Node[] = [node];
  while (stack.length > 0) {
    const next = stack.pop()!;
    if (isText(next)) parts.push(next.value);
    else if (isElement(next)) {
      if (next.tagName === "br") parts.push("\n");
      stack.push(...next.childNodes.toReversed());
    }
  }
  return parts.join("");
}

function find(element: Element, tagName: string): Element | undefined {
  for (const child of element.childNodes) {
    if (!isElement(child)) continue;
    const found = child.tagName === tagName ? child : child.tagName === "head" ? find(child, tagName) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function attribute(element: Element, name: string): string | null {
  return element.attrs.find((one) => one.name === name)?.value ?? null;
}

function isElement(node: Node): node is Element {
  return "tagName" in node;
}

function isText(node: Node): node is Tree.TextNode {
  return node.nodeName === "#text";
}
