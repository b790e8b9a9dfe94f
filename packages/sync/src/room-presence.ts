/**
 * Who is in the room and what they point at: lossy, coalesced, never logged. A person is shown while their connection speaks (10 s), and each viewer
 * is told of records that it may see only. Under pressure presence is what is left out first; the whole of it follows when there is room again.
 * With a link to other nodes their people are shown like those of this one.
 */
import type { Peer, Presence } from "@lectern/protocol";
import type { RecordHead } from "@lectern/protocol/plain";
import { type PresenceLink, RemotePresence, type RemotePeer } from "./presence-link.ts";
import type { RoomView } from "./room-view.ts";
import type { Clock } from "./socket.ts";

const COALESCE_MS = 50;
const SILENCE_MS = 10_000;
const SWEEP_MS = 2_000;
/** Bytes that a connection may have waiting and still be sent presence. */
export const PRESENCE_BUFFER_BYTES = 256_000;

/** A member as presence sees it. */
export interface PresentMember {
  readonly id: string;
  readonly peer: Omit<Peer, "presence">;
  readonly view: RoomView;
  bufferedBytes(): number;
  send(frame: string): void;
}

interface State {
  readonly member: PresentMember;
  presence: Presence;
  heardAt: number;
  shown: boolean;
  /** A frame was left out: tell it everything next time. */
  stale: boolean;
  /** Peers this one has been told of. */
  readonly told: Set<string>;
}

export class RoomPresence {
  readonly #clock: Clock;
  /** Live head of a record; null when there is none. */
  readonly #head: (id: string) => RecordHead | null;
  readonly #states = new Map<string, State>();
  readonly #dirty = new Set<string>();
  /** null: this is the only node. */
  readonly #remote: RemotePresence | null;
  #cancelFlush: (() => void) | null = null;
  #cancelSweep: (() => void) | null = null;

  constructor(
    clock: Clock,
    head: (id: string) => RecordHead | null,
    between?: { readonly link: PresenceLink | undefined; readonly layer: string },
  ) {
    this.#clock = clock;
    this.#head = head;
    this.#remote =
      between?.link === undefined
        ? null
        : new RemotePresence({
            link: between.link,
            layer: between.layer,
            now: () => clock.now(),
            onChanged: (id) => this.#changed(id),
            onAsked: () => this.#remote?.tellAll(this.#peersHere()),
          });
  }

  join(member: PresentMember): void {
    if (this.#states.size === 0) {
      this.#remote?.forget(this.#clock.now() - SILENCE_MS);
      this.#remote?.ask();
    }
    this.#states.set(member.id, {
      member,
      presence: {},
      heardAt: this.#clock.now(),
      shown: true,
      stale: this.#states.size > 0 || (this.#remote !== null && this.#remote.size > 0),
      told: new Set(),
    });
    this.#changed(member.id);
    this.#cancelSweep ??= this.#clock.setTimeout(() => this.#sweep(), SWEEP_MS);
  }

  leave(id: string): void {
    if (!this.#states.delete(id)) return;
    this.#changed(id);
    if (this.#states.size > 0) return;
    this.#flush();
    this.#rest();
  }

  /** The connection said something: it is alive. */
  heard(id: string): void {
    const state = this.#states.get(id);
    if (state === undefined) return;
    state.heardAt = this.#clock.now();
    if (!state.shown) {
      state.shown = true;
      this.#changed(id);
    }
  }

  update(id: string, presence: Presence): void {
    const state = this.#states.get(id);
    if (state === undefined) return;
    state.presence = presence;
    this.#changed(id);
  }

  close(): void {
    this.#remote?.tell([], [...this.#states.keys()]);
    this.#remote?.close();
    this.#rest();
  }

  /** Nobody is here who could be told anything. */
  #rest(): void {
    this.#cancelFlush?.();
    this.#cancelSweep?.();
    this.#cancelFlush = this.#cancelSweep = null;
    this.#states.clear();
    this.#dirty.clear();
  }

  /** Somebody of this node or, when somebody is here to be told, of another one. */
  #changed(id: string): void {
    if (this.#states.size === 0 && this.#remote?.get(id) != null) return;
    this.#dirty.add(id);
    this.#cancelFlush ??= this.#clock.setTimeout(() => this.#flush(), COALESCE_MS);
  }

  #sweep(): void {
    this.#cancelSweep = this.#clock.setTimeout(() => this.#sweep(), SWEEP_MS);
    const silent = this.#clock.now() - SILENCE_MS;
    for (const [id, state] of this.#states) {
      if (!state.shown || state.heardAt > silent) continue;
      state.shown = false;
      state.presence = {};
      this.#changed(id);
    }
    this.#remote?.forget(silent);
    this.#remote?.tellAlive(this.#peersHere().map(({ id }) => id));
  }

  #peersHere(): Peer[] {
    return [...this.#states.values()].filter(({ shown }) => shown).map(({ member, presence }) => ({ ...member.peer, presence }));
  }

  /** Of this node, or of another one; null when they are not to be seen. */
  #shown(id: string): RemotePeer | null {
    const state = this.#states.get(id);
    if (state === undefined) return this.#remote?.get(id) ?? null;
    return state.shown ? { peer: state.member.peer, presence: state.presence } : null;
  }

  #tellOthers(dirty: readonly string[]): void {
    const set = dirty.flatMap((id) => {
      const state = this.#states.get(id);
      return state?.shown === true ? [{ ...state.member.peer, presence: state.presence }] : [];
    });
    const gone = dirty.filter((id) => this.#shown(id) === null);
    this.#remote?.tell(set, gone);
  }

  #flush(): void {
    this.#cancelFlush = null;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    this.#tellOthers(dirty);
    let waiting = false;
    const encoded = new Map<string, string>();
    for (const state of this.#states.values()) {
      const { member } = state;
      if (member.bufferedBytes() > PRESENCE_BUFFER_BYTES) {
        state.stale = waiting = true;
        continue;
      }
      const all = state.stale ? [...new Set([...this.#states.keys(), ...(this.#remote?.ids() ?? []), ...state.told])] : dirty;
      const about = all.filter((id) => id !== member.id);
      state.stale = false;
      const shown = about.filter((id) => this.#shown(id) !== null);
      const gone = about.filter((id) => !shown.includes(id) && state.told.delete(id));
      if (shown.length === 0 && gone.length === 0) continue;
      for (const id of shown) state.told.add(id);
      const set = shown.map((id) => this.#encode(this.#shown(id)!, member.view, encoded));
      member.send(`{"type":"presence","set":[${set.join(",")}],"gone":${JSON.stringify(gone)}}`);
    }
    // Whoever was left out is told when its buffer has drained.
    if (waiting) this.#cancelFlush ??= this.#clock.setTimeout(() => this.#flush(), COALESCE_MS * 4);
  }

  #encode({ peer, presence }: RemotePeer, view: RoomView, encoded: Map<string, string>): string {
    const key = `${peer.id} ${view.key}`;
    let json = encoded.get(key);
    if (json === undefined) {
      json = JSON.stringify({ ...peer, presence: this.#asSeen(presence, view) } satisfies Peer);
      encoded.set(key, json);
    }
    return json;
  }

  #asSeen(presence: Presence, view: RoomView): Presence {
    const sees = (id: string): boolean => view.seesPointedAt(this.#head(id));
    return {
      ...presence,
      ...(presence.selection === undefined ? {} : { selection: presence.selection.filter(sees) }),
      ...(presence.preview === undefined || presence.preview === null
        ? {}
        : { preview: Object.fromEntries(Object.entries(presence.preview).filter(([id]) => sees(id))) }),
    };
  }
}

const COLORS = [
  "#d6336c",
  "#ae3ec9",
  "#7048e8",
  "#3b5bdb",
  "#1971c2",
  "#0c8599",
  "#099268",
  "#2f9e44",
  "#66a80f",
  "#e67700",
  "#d9480f",
  "#c92a2a",
] as const;

/** `#rrggbb`, the same for the same user everywhere; without a user, of the connection. */
export function peerColor(user: string): string {
  let hash = 2166136261;
  for (let i = 0; i < user.length; i++) hash = Math.imul(hash ^ user.charCodeAt(i), 16777619) >>> 0;
  return COLORS[hash % COLORS.length]!;
}
