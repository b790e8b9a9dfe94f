/**
 * The rooms that are open on this node: one for each layer that somebody uses, made on first use, dropped a minute after the last. All reads and
 * writes of a layer go through its room.
 */
import { formRules } from "@lectern/pdf/forms";
import { ApiError, type ErrorCode, newId, type SyncLimits } from "@lectern/protocol/plain";
import { type ChangeLog, type LayerHints, type PresenceLink, ReplacedError, SyncRoom } from "@lectern/sync/room";
import type { Bases, DocumentBase } from "../documents/base.ts";
import { requireReady } from "../documents/status.ts";
import { type DocumentKey, type DocumentRow, findRevision, usedBlobs } from "../documents/store.ts";
import type { Bus, Clock, Database, Random } from "../ports.ts";
import { type LayerPages, layerPages } from "./pages.ts";
import type { Events } from "../webhooks/events.ts";
import { findLayer, type Layer, layerLog, openLayer } from "./store.ts";

export interface OpenLayer {
  readonly layer: Layer;
  readonly base: DocumentBase;
  readonly room: SyncRoom;
  /** In the layer's order as it is now. */
  readonly pages: () => LayerPages;
}

export interface Rooms {
  /**
   * The layer of a document that is ready, with its room. `create`: a layer that nobody has used yet comes into being, else ApiError `not_found`.
   * Throws also `preparing`, `document_failed`, `password_required`, `unavailable`.
   */
  open(document: DocumentRow, layerName: string, options: { readonly create: boolean }): Promise<OpenLayer>;
  /** The layer's room if it is open on this node; keeps it open. Asks no database. */
  peek(key: DocumentKey, layerName: string): Promise<OpenLayer> | null;
  /** The document is gone: everybody in its rooms is told. */
  documentDeleted(key: DocumentKey): void;
  /** The layer is no more, here and on other nodes: everybody in its room is told. */
  end(key: DocumentKey, layerName: string, code: ErrorCode): void;
  /** Something else than a commit has changed the layer (its base, what is kept of its log): the room is made anew, clients start anew. */
  replaced(key: DocumentKey, layerName: string): void;
  /** How many rooms are open. */
  readonly size: number;
  /** Says bye to everybody. */
  close(): Promise<void>;
}

export interface RoomsOptions {
  readonly database: Database;
  readonly bases: Bases;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: SyncLimits;
  readonly onError: (what: string, error: unknown) => void;
  /** What the webhooks are told of a change, written with it. */
  readonly eventsOf?: Events["ofChange"];
  /** So many changes of a layer were written here. */
  readonly onCommitted?: (count: number) => void;
  /** Default: a minute. */
  readonly idleMs?: number;
}

interface Entry {
  readonly key: DocumentKey;
  readonly opened: Promise<OpenLayer>;
  usedAt: number;
  /** When it was last seen to have everything that other nodes wrote. */
  lookedAt: number;
}

/** A hint of another node may be lost: what it wrote is seen so much later, at the latest. */
const LOOK_MS = 1000;

export function rooms(options: RoomsOptions): Rooms {
  const { database, clock, idleMs = 60_000 } = options;
  // Alone there is nobody to tell.
  const between = database.shared
    ? { hints: layerHints(options.bus), presence: presenceLink(options), pollMs: LOOK_MS }
    : { hints: layerHints(options.bus) };
  const entries = new Map<string, Entry>();
  let cancelSweep: (() => void) | null = null;
  let closed = false;

  // Neither of the first two can have a slash.
  const nameOf = ({ applicationId, documentId }: DocumentKey, layerName: string): string => `${applicationId}/${documentId}/${layerName}`;
  const used = (name: string): Entry | null => {
    const entry = entries.get(name) ?? null;
    if (entry !== null) entry.usedAt = clock.now();
    return entry;
  };

  function sweepSoon(): void {
    if (cancelSweep !== null || closed || entries.size === 0) return;
    cancelSweep = clock.setTimeout(() => {
      cancelSweep = null;
      sweep().catch((error: unknown) => options.onError("closing idle rooms", error));
      sweepSoon();
    }, idleMs / 4);
  }

  async function sweep(): Promise<void> {
    for (const [name, entry] of entries) {
      // One that could not be opened is gone from the list already.
      const opened = await entry.opened.catch(() => null);
      if (opened === null || entries.get(name) !== entry) continue;
      const idle = opened.room.memberCount === 0 && clock.now() - entry.usedAt >= idleMs;
      if (!idle) continue;
      entries.delete(name);
      await opened.room.close();
    }
  }

  async function load(document: DocumentRow, layerName: string, create: boolean, drop: () => void): Promise<OpenLayer> {
    const key = { applicationId: document.applicationId, documentId: document.id };
    const named = { ...key, name: layerName };
    const layer = create ? await openLayer(database, { ...named, revision: document.revision }, options) : await findLayer(database, named);
    if (layer === null) throw new ApiError("not_found", "There is no layer of that name");
    const revision = await findRevision(database, key, layer.revision);
    if (revision === null) throw new ApiError("not_found", "There is no such document");
    const base = await options.bases.load(key.applicationId, revision);
    const room = new SyncRoom({
      layerId: layer.id,
      log: counted(layerLog(database, layer.id, clock), options.onCommitted),
      base: base.records,
      clock,
      limits: options.limits,
      rules: formRules,
      ...between,
      ...(options.eventsOf === undefined ? {} : { eventsOf: (change, records) => options.eventsOf!(key, layerName, change, records) }),
      hasBlobs: (sha256s) => usedBlobs(database, key, sha256s),
      onClosed: (error) => {
        drop();
        const expected = error instanceof ReplacedError || (error instanceof ApiError && error.code === "gone");
        if (!expected) options.onError("a room was closed", error);
      },
      onError: (error) => options.onError("a push could not be decided", error),
    });
    await room.load();
    // Its document was overwritten between the two looks: what stands on one base is not shown on another.
    if (room.epoch !== layer.head.epoch) {
      await room.startAnew();
      return load(document, layerName, create, drop);
    }
    return { layer, base, room, pages: () => layerPages(base, room.changed({ kind: "page" })) };
  }

  /** What other nodes wrote is there, but for the last second. Null when the room has ended meanwhile. */
  async function fresh(name: string, entry: Entry): Promise<OpenLayer | null> {
    const opened = await entry.opened;
    const now = clock.now();
    if (Math.abs(now - entry.lookedAt) < LOOK_MS) return opened;
    entry.lookedAt = now;
    try {
      await opened.room.catchUp();
      return opened;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Its layer may have been deleted, or made anew.
      if (entries.get(name) === entry) entries.delete(name);
      return null;
    }
  }

  /** On the bus: a room is to be closed. `code` null: its clients start anew. */
  const ENDED = "layer ended";
  interface Ended {
    readonly key: DocumentKey;
    readonly layerName: string;
    readonly code: ErrorCode | null;
  }
  function ended({ key, layerName, code }: Ended): void {
    const name = nameOf(key, layerName);
    const entry = entries.get(name);
    if (entry === undefined) return;
    entries.delete(name);
    entry.opened
      .then(({ room }) => (code === null ? room.startAnew() : room.close(code)))
      .catch((error: unknown) => options.onError("closing the room of a layer", error));
  }
  // What this node says itself may come back when the next room of that name is open already.
  const node = newId(clock.now(), options.random(10));
  const stopHearing = options.bus.subscribe(ENDED, (message) => {
    const { from, ...what } = JSON.parse(message) as Ended & { readonly from: string };
    if (from !== node) ended(what);
  });
  function tellEnded(what: Ended): void {
    ended(what);
    options.bus.publish(ENDED, JSON.stringify({ ...what, from: node }));
  }

  const all: Rooms = {
    open(document, layerName, { create }) {
      if (closed) return Promise.reject(new ApiError("unavailable", undefined, { retryAfter: 1 }));
      const key = { applicationId: document.applicationId, documentId: document.id };
      const name = nameOf(key, layerName);
      const known = used(name);
      // Alone, a room always has everything.
      if (known !== null && !database.shared) return known.opened;
      if (known !== null) return fresh(name, known).then((opened) => opened ?? all.open(document, layerName, { create }));
      try {
        requireReady(document);
      } catch (error) {
        return Promise.reject(error as Error);
      }
      const drop = (): void => void (entries.get(name) === entry && entries.delete(name));
      const now = clock.now();
      const entry: Entry = { key, usedAt: now, lookedAt: now, opened: load(document, layerName, create || layerName === "", drop) };
      entries.set(name, entry);
      entry.opened.catch(drop);
      sweepSoon();
      return entry.opened;
    },
    peek: (key, layerName) => used(nameOf(key, layerName))?.opened ?? null,
    documentDeleted({ applicationId, documentId }) {
      for (const [name, { key, opened }] of entries) {
        if (key.applicationId !== applicationId || key.documentId !== documentId) continue;
        entries.delete(name);
        opened
          .then(({ room }) => room.close("gone"))
          .catch((error: unknown) => options.onError("closing the rooms of a deleted document", error));
      }
    },
    end: ({ applicationId, documentId }, layerName, code) => tellEnded({ key: { applicationId, documentId }, layerName, code }),
    replaced: ({ applicationId, documentId }, layerName) => tellEnded({ key: { applicationId, documentId }, layerName, code: null }),
    get size() {
      return entries.size;
    },
    async close() {
      closed = true;
      stopHearing();
      cancelSweep?.();
      const open = [...entries.values()];
      entries.clear();
      await Promise.all(
        open.map(({ opened }) =>
          opened.then(
            ({ room }) => room.close(),
            () => undefined,
          ),
        ),
      );
    },
  };
  return all;
}

/** What was lost to somebody else is decided again, and counted when it is written. */
function counted(log: ChangeLog, onCommitted: RoomsOptions["onCommitted"]): ChangeLog {
  if (onCommitted === undefined) return log;
  return {
    ...log,
    async commitBatch(expectedSeq, commits, peers) {
      const result = await log.commitBatch(expectedSeq, commits, peers);
      if (result === "committed") onCommitted(commits.length);
      return result;
    },
    ...(log.commitInTurn === undefined
      ? {}
      : {
          async commitInTurn(since, sids, decide) {
            let written = 0;
            const result = await log.commitInTurn!(since, sids, async (turn) => {
              const writes = await decide(turn);
              written = writes.commits.length;
              return writes;
            });
            if (result === "committed") onCommitted(written);
            return result;
          },
        }),
  };
}

/** Rooms of one layer on several nodes tell each other how far it is. */
function layerHints(bus: Bus): LayerHints {
  const topic = (layer: string): string => `layer ${layer}`;
  return {
    publish: ({ layer, seq }) => bus.publish(topic(layer), String(seq)),
    subscribe: (layer, listener) => bus.subscribe(topic(layer), (message) => listener({ layer, seq: Number(message) })),
  };
}

/** Who is in a layer on which node. */
function presenceLink({ bus, clock, random, onError }: RoomsOptions): PresenceLink {
  const topic = (layer: string): string => `presence ${layer}`;
  return {
    node: newId(clock.now(), random(10)),
    publish: (layer, message) => bus.publish(topic(layer), message),
    subscribe: (layer, listener) =>
      bus.subscribe(topic(layer), (message) => {
        try {
          listener(message);
        } catch (error) {
          // Of a node of another version, perhaps.
          onError("presence of another node could not be read", error);
        }
      }),
  };
}
