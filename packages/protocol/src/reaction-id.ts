/**
 * The id of a reaction follows from its comment, its user and its emoji, so that a person reacts once in each way. Ids have few letters and at most
 * 128 of them: what does not fit is written as its code points, and what is too long as a digest. A digest that somebody makes collide costs only
 * that one reaction: whose it is says `createdBy`.
 */
const LONGEST = 128;

export function reactionId(comment: string, user: string | null, emoji: string): string {
  const id = `${comment}:${encoded(user ?? "")}:${codePoints(emoji)}`;
  return id.length <= LONGEST ? id : `${digest(comment)}:${digest(user ?? "")}:${digest(emoji)}`;
}

function encoded(user: string): string {
  return user.replace(/[^A-Za-z0-9_.@-]/gu, (char) => `~${char.codePointAt(0)!.toString(16)}~`);
}

function codePoints(text: string): string {
  return Array.from(text, (char) => char.codePointAt(0)!.toString(16)).join("-");
}

/** FNV-1a over UTF-16, two lanes: 64 bits as text. */
function digest(text: string): string {
  let a = 0x811c9dc5;
  let b = 0xc9dc5811;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + i), 0x01000193);
  }
  return `~${[a, b].map((lane) => (lane >>> 0).toString(36).padStart(7, "0")).join("")}`;
}
