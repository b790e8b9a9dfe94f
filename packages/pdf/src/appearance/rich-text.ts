/** The words of a text, without its markup: what is drawn, searched and read aloud. */
import type { RichText } from "@lectern/protocol";

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

export function plainText(text: RichText): string {
  const { value } = text;
  if (text.format !== "xhtml") return value.replace(/\r\n?/g, "\n");
  return value
    .replace(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g, "")
    .replace(/<(script|style|head)\b[\s\S]*?<\/\1\s*>/gi, "")
    .replace(/\s+/g, " ")
    .replace(/ ?<br\b[^>]*> ?/gi, "\n")
    .replace(/ ?<\/(p|div|li|h[1-6])\s*> ?/gi, "\n")
    .replace(/<[^>]*>?/g, "")
    .replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,6});/gi, (whole, name: string) => entity(name) ?? whole)
    .replace(/^ | $|\n$/g, "");
}

function entity(name: string): string | undefined {
  if (!name.startsWith("#")) return ENTITIES[name.toLowerCase()];
  const point = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff) ? String.fromCodePoint(point) : "";
}
