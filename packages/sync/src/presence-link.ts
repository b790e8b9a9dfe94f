/**
 * Presence of the people whom other nodes have in the same layer. Each node tells what changes on it, and every two seconds which of its people are
 * still there and how often each has changed; who finds that it has missed something asks for all of it. A node of which nothing has come for ten
 * seconds is forgotten with its people. All of it may be lost on the way at no cost but time.
 */
import type { Peer, Presence } from "@lectern/protocol";

export interface PresenceLink {
  /** This node, as no other node is called: letters, digits and `-`. */
  readonly node: string;
  publish(layer: string, message: string): void;
  /** What other nodes published. Returns how to stop. */
  subscribe(layer: string, listener: (message: string) => void): () => void;
}

/** A person on another node. */
export interface RemotePeer {
  readonly peer: Omit<Peer, "presence">;
  readonly presence: Presence;
}

/** How often a peer has changed comes with it. */
type Versioned = readonly [version: number, peer: Peer];

interface Message {
  readonly node: string;
  readonly set?: readonly Versioned[];
  readonly gone?: readonly string[];
  /** All who are there. */
  readonly alive?: readonly (readonly [id: string, version: number])[];
  /** Tell me everything. */
  readonly ask?: true;
}

interface Known extends RemotePeer {
  readonly version: number;
  heardAt: number;
}

export interface RemotePresenceOptions {
  readonly link: PresenceLink;
  readonly layer: string;
  readonly now: () => number;
  /** People of other nodes came, changed or went. */
  readonly onChanged: (id: string) => void;
  /** Another node wants to know who is here. */
  readonly onAsked: () => void;
}

/** Characters of a peer with more than which its live preview stays on its node. */
const PEER_CHARS = 24_000;

export class RemotePresence {
  readonly #options: RemotePresenceOptions;
  readonly #stop: () => void;
  /** By the id they have here: the one of their node, with its name. */
  readonly #known = new Map<string, Known>();
  readonly #versions = new Map<string, number>();

  constructor(options: RemotePresenceOptions) {
    this.#options = options;
    this.#stop = options.link.subscribe(options.layer, (message) => this.#receive(message));
  }

  get size(): number {
    return this.#known.size;
  }

  ids(): Iterable<string> {
    return this.#known.keys();
  }

  get(id: string): RemotePeer | null {
    return this.#known.get(id) ?? null;
  }

  /** Asks the other nodes who is there. */
  ask(): void {
    this.#publish({ ask: true });
  }

  /** `left`: ids of those who left; whom nobody was told of is left out. */
  tell(set: readonly Peer[], left: readonly string[]): void {
    const gone = left.filter((id) => this.#versions.delete(id));
    if (set.length === 0 && gone.length === 0) return;
    this.#publish({ set: set.map((peer) => [this.#raise(peer.id), slim(peer)]), gone });
  }

  /** Everything again, for those who asked. */
  tellAll(set: readonly Peer[]): void {
    if (set.length > 0) this.#publish({ set: set.map((peer) => [this.#versions.get(peer.id) ?? this.#raise(peer.id), slim(peer)]) });
  }

  /** Who is still here; called every two seconds. */
  tellAlive(ids: readonly string[]): void {
    if (ids.length > 0) this.#publish({ alive: ids.map((id) => [id, this.#versions.get(id) ?? 0]) });
  }

  /** Forgets those of whom nothing has come since. */
  forget(silentSince: number): void {
    for (const [id, { heardAt }] of this.#known) if (heardAt <= silentSince) this.#remove(id);
  }

  close(): void {
    this.#stop();
    this.#known.clear();
  }

  #raise(id: string): number {
    const version = (this.#versions.get(id) ?? 0) + 1;
    this.#versions.set(id, version);
    return version;
  }

  #publish(message: Omit<Message, "node">): void {
    const { link, layer } = this.#options;
    link.publish(layer, JSON.stringify({ node: link.node, ...message } satisfies Message));
  }

  #receive(text: string): void {
    const { node, set = [], gone = [], alive, ask } = JSON.parse(text) as Message;
    const heardAt = this.#options.now();
    const here = (id: string): string => `${id}.${node}`;
    for (const [version, { presence, ...peer }] of set) {
      const id = here(peer.id);
      // An older state may arrive after a newer one when somebody else had asked.
      if ((this.#known.get(id)?.version ?? 0) > version) continue;
      this.#known.set(id, { peer: { ...peer, id }, presence, version, heardAt });
      this.#options.onChanged(id);
    }
    for (const id of gone) this.#remove(here(id));
    let missed = false;
    for (const [id, version] of alive ?? []) {
      const known = this.#known.get(here(id));
      if (known !== undefined) known.heardAt = heardAt;
      missed ||= known === undefined || known.version < version;
    }
    if (missed) this.ask();
    if (ask === true) this.#options.onAsked();
  }

  #remove(id: string): void {
    if (this.#known.delete(id)) this.#options.onChanged(id);
  }
}

/** Without a preview that would be too long for a bus. */
function slim(peer: Peer): Peer {
  if (peer.presence.preview == null || JSON.stringify(peer).length <= PEER_CHARS) return peer;
  const { preview: _, ...presence } = peer.presence;
  return { ...peer, presence };
}
