/**
 * Who a comment names. In rich text a mention is `<span data-user-id="ana">@Ana</span>`, as other viewers of Instant JSON write it; a plain text
 * says it beside itself, in `mentions`. Text is read here, never made into markup.
 */

/** Part of a comment's text; `user`: it names this user. */
export interface Segment {
  readonly text: string;
  readonly user: string | null;
}

interface Words {
  readonly format: "plain" | "xhtml";
  readonly value: string;
}

const TAG = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[^\s=<>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'))?)*)\s*(\/?)>/g;
const USER = /\sdata-user-id\s*=\s*(?:"([^"]*)"|'([^']*)')/;
const BREAKS: ReadonlySet<string> = new Set(["p", "div", "br", "li"]);

/** The text in parts, without markup; paragraphs and breaks become line breaks. */
export function segmentsOf({ format, value }: Words): readonly Segment[] {
  if (format === "plain") return value === "" ? [] : [{ text: value, user: null }];
  const segments: Segment[] = [];
  const open: { readonly tag: string; readonly user: string | null }[] = [];
  const add = (text: string): void => {
    if (text === "") return;
    const user = open.findLast((element) => element.user !== null)?.user ?? null;
    const last = segments.at(-1);
    if (last !== undefined && last.user === user && user === null) segments[segments.length - 1] = { text: last.text + text, user };
    else segments.push({ text, user });
  };
  let at = 0;
  let hasWords = false;
  for (const match of value.matchAll(TAG)) {
    const [whole, closing, name, attributes, empty] = match as unknown as [string, string, string, string, string];
    const words = unescaped(value.slice(at, match.index));
    add(words);
    hasWords ||= words.trim() !== "";
    at = match.index + whole.length;
    const tag = name.toLowerCase();
    if (BREAKS.has(tag) && hasWords && (tag === "br" || closing === "")) add("\n");
    if (closing !== "") {
      const index = open.findLastIndex((element) => element.tag === tag);
      if (index >= 0) open.splice(index);
    } else if (empty === "" && tag !== "br") {
      const user = USER.exec(attributes);
      open.push({ tag, user: user === null ? null : unescaped(user[1] ?? user[2] ?? "") || null });
    }
  }
  add(unescaped(value.slice(at)));
  return segments;
}

/** The words alone. */
export function wordsOf(text: Words): string {
  return segmentsOf(text)
    .map((segment) => segment.text)
    .join("");
}

/** Everybody whom the comment names, each once: in its text, and in the list beside it. */
export function mentionsOf(comment: { readonly text: Words; readonly mentions?: readonly string[] }): readonly string[] {
  const named = segmentsOf(comment.text).flatMap(({ user }) => (user === null ? [] : [user]));
  return [...new Set([...named, ...(comment.mentions ?? [])])];
}

/** The text of these parts: plain when nobody is named, else rich text with a span for each mention. */
export function textOf(segments: readonly Segment[]): Words {
  if (segments.every(({ user }) => user === null)) return { format: "plain", value: segments.map(({ text }) => text).join("") };
  const inner = segments
    .map(({ text, user }) => {
      const words = escaped(text).replaceAll("\n", "<br/>");
      return user === null ? words : `<span data-user-id="${escaped(user).replaceAll("\n", "&#10;")}">${words}</span>`;
    })
    .join("");
  return { format: "xhtml", value: `<p>${inner}</p>` };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w{2,6}));/g, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
