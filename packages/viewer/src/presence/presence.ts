/**
 * Who else is here, on the pages: cursors with names, frames around what they have selected, and what they are drawing or dragging
 * right now. And the other way: what this user does is told to them.
 */
import type { Peer } from "@lectern/protocol";
import type { SyncClient } from "@lectern/sync/client";
import type { Drawing, Previews } from "../annotations/drawing.ts";
import { isEditable, kindOf } from "../annotations/registry.ts";
import type { Pages, Unsubscribe } from "../parts.ts";
import { place } from "../tools/selection-frame.ts";
import { simplify } from "../tools/simplify.ts";
import { createCursors } from "./cursors.ts";
import { readPreviews } from "./read-preview.ts";

export interface PresenceOptions {
  readonly pages: Pages;
  readonly drawing: Drawing;
  readonly client: Pick<SyncClient, "records" | "peers" | "self" | "on" | "setPresence">;
  /** What stands beside the cursor of a person. */
  readonly label: (peer: Peer) => string;
}

export interface OwnPresence {
  selection(ids: readonly string[]): void;
  tool(name: string): void;
  preview(previews: Previews): void;
  destroy(): void;
}

/** Frames of one other person; more would only be a carpet. */
const MOST_FRAMES = 50;
/** Bytes of a preview as JSON; a larger one is not sent. */
const MOST_BYTES = 16_000;
/** Milliseconds between two previews: making one costs time too. */
const PREVIEW_PAUSE = 60;

export function createPresence({ pages, drawing, client, label }: PresenceOptions): OwnPresence {
  const cursors = createCursors(pages, label);
  const frames = new Map<string, HTMLElement>();
  const known = new Map<string, { preview: unknown }>();
  let frame = 0;

  const others = (): readonly Peer[] => client.peers.filter((peer) => peer.id !== client.self?.id);

  function peersChanged(): void {
    const peers = others();
    cursors.show(peers);
    const here = new Set(peers.map(({ id }) => id));
    for (const id of known.keys()) {
      if (here.has(id)) continue;
      known.delete(id);
      drawing.preview(`peer:${id}`, new Map());
    }
    for (const peer of peers) {
      const { preview } = peer.presence;
      if (known.get(peer.id)?.preview === (preview ?? null)) continue;
      known.set(peer.id, { preview: preview ?? null });
      drawing.preview(
        `peer:${peer.id}`,
        readPreviews(preview, (id) => client.records.get(id)),
      );
    }
    update();
  }

  function update(): void {
    if (frame === 0) frame = requestAnimationFrame(drawFrames);
  }

  function drawFrames(): void {
    frame = 0;
    const wanted = new Set<string>();
    for (const peer of others()) {
      for (const id of (peer.presence.selection ?? []).slice(0, MOST_FRAMES)) {
        const annotation = drawing.shown(id);
        const view = annotation?.page == null ? undefined : pages.views.get(annotation.page);
        if (annotation === null || view === undefined || !isEditable(annotation)) continue;
        const key = `${peer.id} ${id}`;
        wanted.add(key);
        const element = frames.get(key) ?? document.createElement("div");
        frames.set(key, element);
        element.className = "lp-chosen";
        element.style.setProperty("--person", peer.color);
        if (element.parentElement !== view.overlay) view.overlay.append(element);
        place(element, view, kindOf(annotation).frame(annotation));
      }
    }
    for (const [key, element] of frames) {
      if (wanted.has(key)) continue;
      element.remove();
      frames.delete(key);
    }
  }

  const ending = new AbortController();
  const { viewport } = pages;
  let cursorShown = false;
  const hideCursor = (): void => {
    if (cursorShown) client.setPresence({ cursor: null });
    cursorShown = false;
  };
  const listen = (target: EventTarget, type: string, run: (event: PointerEvent) => void): void =>
    target.addEventListener(type, run as EventListener, { passive: true, capture: true, signal: ending.signal });
  listen(viewport, "pointermove", (event) => {
    const view = pages.at(event.clientX, event.clientY);
    if (view === null) return hideCursor();
    const [x, y] = view.toPage(event.clientX, event.clientY);
    cursorShown = true;
    client.setPresence({ cursor: { page: view.pageId, x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 }, page: view.pageId });
  });
  listen(viewport, "pointerleave", (event) => {
    if (event.target === viewport) hideCursor();
  });
  listen(viewport, "pointerup", (event) => {
    if (event.pointerType === "touch") hideCursor();
  });
  listen(document, "visibilitychange", hideCursor);

  let waiting: Previews | null = null;
  let pause = 0;
  function sendPreview(previews: Previews): void {
    const preview = wired(previews);
    if (JSON.stringify(preview).length <= MOST_BYTES) client.setPresence({ preview });
  }
  function afterPause(): void {
    pause = 0;
    if (waiting === null) return;
    const previews = waiting;
    waiting = null;
    sendPreview(previews);
    pause = window.setTimeout(afterPause, PREVIEW_PAUSE);
  }

  const unsubscribe: Unsubscribe[] = [
    client.on("peers", peersChanged),
    client.records.onChange(update),
    pages.onChange(() => {
      cursors.place();
      update();
    }),
    pages.attach(() => {
      cursors.place();
      update();
      return update;
    }),
  ];
  peersChanged();

  return {
    selection: (ids) => client.setPresence({ selection: ids.slice(0, 200) }),
    tool: (name) => client.setPresence({ tool: name }),
    preview(previews) {
      if (previews.size === 0) {
        waiting = null;
        client.setPresence({ preview: null });
        return;
      }
      waiting = previews;
      if (pause === 0) afterPause();
    },
    destroy() {
      ending.abort();
      clearTimeout(pause);
      cancelAnimationFrame(frame);
      for (const stop of unsubscribe) stop();
      for (const id of known.keys()) drawing.preview(`peer:${id}`, new Map());
      for (const element of frames.values()) element.remove();
      cursors.destroy();
    },
  };
}

/** As it goes over the wire: strokes with few points, since more of them follow at once. Looks that are only being tried stay here. */
export function wired(previews: Previews): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [id, preview] of previews) {
    if (!("annotation" in preview)) {
      if (preview.geometry !== undefined) result[id] = { geometry: preview.geometry };
      continue;
    }
    const { annotation } = preview;
    if (annotation.type !== "ink") result[id] = { annotation };
    else
      result[id] = {
        annotation: {
          ...annotation,
          geometry: { ...annotation.geometry, lines: annotation.geometry.lines.map((line) => simplify(line, 0.5)) },
        },
      };
  }
  return result;
}
