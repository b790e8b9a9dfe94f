/** @jsxImportSource preact */
/** Who has the document open: one avatar a person, however many tabs. */
import type { JSX } from "preact";
import { inkOn } from "./contrast.ts";
import type { State } from "./state.ts";

const SHOWN = 4;

export function People({ state }: { readonly state: State }): JSX.Element | null {
  const t = state.translate.value;
  const seen = new Set<string>();
  const others = state.peers.value.filter((peer) => {
    const key = peer.userId ?? peer.id;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const self = state.self.value;
  if (others.length === 0 || self === null) return null;
  const rest = others.length - SHOWN + 1;
  const shown = rest > 1 ? others.slice(0, SHOWN - 1) : others;
  return (
    <ul class="people" aria-label={t("people.label")} style={{ listStyle: "none", margin: 0 }}>
      {shown.map((peer) => (
        <Avatar key={peer.id} name={peer.name || t("people.anonymous")} color={peer.color} />
      ))}
      {rest > 1 && (
        <li class="person more" title={t("people.more", { count: rest })}>
          +{rest}
        </li>
      )}
      <Avatar
        name={t("people.you", { name: self.name || t("people.anonymous") })}
        color={self.color}
        initialsOf={self.name || t("people.anonymous")}
      />
    </ul>
  );
}

function Avatar({
  name,
  color,
  initialsOf = name,
}: {
  readonly name: string;
  readonly color: string;
  readonly initialsOf?: string;
}): JSX.Element {
  return (
    <li class="person" style={{ "--person": color, color: inkOn(color) }} title={name} aria-label={name}>
      <span aria-hidden="true">{initials(initialsOf)}</span>
    </li>
  );
}

/** First letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0]!, words.at(-1)!] : [words[0] ?? ""];
  return letters.map((word) => String.fromCodePoint(word.codePointAt(0) ?? 32).toUpperCase()).join("");
}
