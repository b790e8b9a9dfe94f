/** @jsxImportSource preact */
/** Who has the document open: one avatar a person, however many tabs. */
import type { JSX } from "preact";
import type { Peer } from "@lectern/protocol";
import { inkOn } from "./contrast.ts";
import type { State } from "./state.ts";

const SHOWN = 4;

export function People({ state }: { readonly state: State }): JSX.Element | null {
  const t = state.translate.value;
  const devices = new Map<string, number>();
  const others = state.peers.value.filter((peer) => {
    const known = devices.get(personOf(peer)) ?? 0;
    devices.set(personOf(peer), known + 1);
    return known === 0;
  });
  const self = state.self.value;
  if (others.length === 0 || self === null) return null;
  const rest = others.length - SHOWN + 1;
  const shown = rest > 1 ? others.slice(0, SHOWN - 1) : others;
  return (
    <ul class="people" aria-label={t("people.label")} style={{ listStyle: "none", margin: 0 }}>
      {shown.map((peer) => (
        <Other key={peer.id} peer={peer} devices={devices.get(personOf(peer))!} state={state} />
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

/** A press follows them, or ends that. */
function Other({ peer, devices, state }: { readonly peer: Peer; readonly devices: number; readonly state: State }): JSX.Element {
  const t = state.translate.value;
  const name = peer.name || t("people.anonymous");
  const followed = state.following.value?.id === peer.id;
  return (
    <li title={devices > 1 ? t("people.devices", { name, count: devices }) : name}>
      <button
        class="person"
        type="button"
        style={{ "--person": peer.color, color: inkOn(peer.color) }}
        aria-label={t("people.follow", { name })}
        aria-pressed={followed}
        data-initials={initials(name)}
        onClick={() => (state.following.value = followed ? null : peer)}
      />
    </li>
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

/** However many windows they have. */
export function personOf({ userId, id }: Peer): string {
  return userId ?? id;
}

/** First letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0]!, words.at(-1)!] : [words[0] ?? ""];
  return letters.map((word) => String.fromCodePoint(word.codePointAt(0) ?? 32).toUpperCase()).join("");
}
