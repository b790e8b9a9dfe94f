/** Rich text of annotations (/RC, ISO 32000-2, 12.7.4.4) ↔ the text of a record. Everywhere its words are what counts. */
import type { RichText } from "@lectern/protocol";
import { plainText } from "./appearance/rich-text.ts";

const HEAD = '<?xml version="1.0"?><body xmlns="http://www.w3.org/1999/xhtml">';
const TAIL = "</body>";

/** Undefined for a text without mark-up. */
export function richContents({ format, value }: RichText): string | undefined {
  if (format !== "xhtml") return undefined;
  return /^\s*<(\?xml|body)\b/.test(value) ? value : `${HEAD}${value}${TAIL}`;
}

/** `contents` are the words. Mark-up that says other words has been left behind by a program that does not write it: it counts for nothing. */
export function richText(contents: string, rich: string | null): RichText {
  const plain: RichText = { format: "plain", value: contents };
  if (rich === null) return plain;
  const value = rich.startsWith(HEAD) && rich.endsWith(TAIL) ? rich.slice(HEAD.length, -TAIL.length) : rich;
  const text: RichText = { format: "xhtml", value };
  return words(plainText(text)) === words(contents) ? text : plain;
}

function words(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
