/** Who can be named in a comment, and how a text with names in it is typed and read. Pure. */
import { type Segment, segmentsOf } from "@lectern/protocol/plain";
import type { MentionableUser } from "../public-types.ts";

/** The name that is being typed after an @ before the cursor; null when none is. */
export function mentionAt(text: string, cursor: number): { readonly start: number; readonly typed: string } | null {
  const match = /(?:^|[\s(])@([^\s@]{0,40}(?: [^\s@]{0,40})?)$/u.exec(text.slice(0, cursor));
  return match === null ? null : { start: cursor - match[1]!.length - 1, typed: match[1]! };
}

/** Those whose name, or a word of it, begins so; at most `most`. */
export function suggestions(users: readonly MentionableUser[], typed: string, most = 6): readonly MentionableUser[] {
  const wanted = typed.toLocaleLowerCase();
  const starts = ({ name }: MentionableUser): boolean => {
    const full = name.toLocaleLowerCase();
    return full.startsWith(wanted) || full.split(/\s+/).some((word) => word.startsWith(wanted));
  };
  return users.filter(starts).slice(0, most);
}

/** The parts of what was typed: `@Name` of somebody who was chosen is a mention. Longer names win. */
export function segmentsTyped(text: string, chosen: readonly MentionableUser[]): readonly Segment[] {
  const names = chosen.toSorted((a, b) => b.name.length - a.name.length);
  const segments: Segment[] = [];
  let plain = "";
  for (let at = 0; at < text.length;) {
    const user = text[at] === "@" ? names.find(({ name }) => text.startsWith(name, at + 1)) : undefined;
    if (user === undefined) {
      plain += text[at++];
      continue;
    }
    if (plain !== "") segments.push({ text: plain, user: null });
    plain = "";
    segments.push({ text: `@${user.name}`, user: user.id });
    at += user.name.length + 1;
  }
  if (plain !== "") segments.push({ text: plain, user: null });
  return segments;
}

/** Those whom a text names, as it names them: so that editing it keeps them. */
export function chosenIn(text: Parameters<typeof segmentsOf>[0]): readonly MentionableUser[] {
  return segmentsOf(text).flatMap(({ text: words, user }) => (user === null ? [] : [{ id: user, name: words.replace(/^@/, "") }]));
}

const COLORS = ["#c2410c", "#0f766e", "#7048e8", "#1971c2", "#a61e4d", "#2b8a3e", "#5f3dc4", "#9c6500"] as const;

/** The same person has the same colour, also when not here. */
export function colorOf(id: string): string {
  let sum = 0;
  for (let i = 0; i < id.length; i++) sum = (sum * 31 + id.charCodeAt(i)) >>> 0;
  return COLORS[sum % COLORS.length]!;
}
