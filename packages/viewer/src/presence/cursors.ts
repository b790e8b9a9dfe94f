/** Cursors of others, each with a flag that holds the name. The flag goes when the cursor rests, the cursor when it rests for long. */
import type { Peer } from "@lectern/protocol";
import type { Pages } from "../parts.ts";
import { inkOn } from "../ui/contrast.ts";
import type { Translate } from "../ui/locale.ts";

const FLAG_MS = 3000;
const CURSOR_MS = 20_000;
const SVG = "http://www.w3.org/2000/svg";

export interface Cursors {
  show(peers: readonly Peer[]): void;
  /** The pages have moved below them. */
  place(): void;
  destroy(): void;
}

/** The name, and what they are doing with which tool. */
export function cursorLabel(name: string, tool: string | null | undefined, t: Translate): string {
  const key = `tools.${tool ?? ""}`;
  const words = t(key);
  return tool === "select" || words === key ? name : `${name} · ${words}`;
}

interface Cursor {
  readonly element: HTMLElement;
  readonly flag: HTMLElement;
  page: string;
  x: number;
  y: number;
  timer: number;
}

/** `label`: what the flag says of a person. */
export function createCursors(pages: Pages, label: (peer: Peer) => string): Cursors {
  const cursors = new Map<string, Cursor>();

  function remove(id: string, cursor: Cursor): void {
    clearTimeout(cursor.timer);
    cursor.element.remove();
    cursors.delete(id);
  }

  function rest(cursor: Cursor): void {
    clearTimeout(cursor.timer);
    delete cursor.element.dataset.rest;
    cursor.timer = window.setTimeout(() => {
      cursor.element.dataset.rest = "true";
      cursor.timer = window.setTimeout(() => (cursor.element.dataset.rest = "long"), CURSOR_MS);
    }, FLAG_MS);
  }

  /** `jumps`: it goes there at once, since it is the page that has moved or another page. */
  function placeOne(cursor: Cursor, jumps: boolean): void {
    const view = pages.views.get(cursor.page);
    if (view === undefined) {
      cursor.element.remove();
      return;
    }
    const jumped = jumps || cursor.element.parentElement !== view.overlay;
    if (cursor.element.parentElement !== view.overlay) view.overlay.append(cursor.element);
    cursor.element.dataset.jumps = String(jumped);
    const { left, top } = view.toScreen([cursor.x, cursor.y, 0, 0]);
    cursor.element.style.transform = `translate(${left}px, ${top}px)`;
  }

  return {
    show(peers) {
      const here = new Set<string>();
      for (const peer of peers) {
        const { id, color, presence } = peer;
        const at = presence.cursor ?? null;
        if (at === null) continue;
        here.add(id);
        let cursor = cursors.get(id);
        if (cursor === undefined) {
          cursor = { ...makeCursor(), page: "", x: 0, y: 0, timer: 0 };
          cursors.set(id, cursor);
        }
        cursor.element.style.setProperty("--person", color);
        cursor.element.style.setProperty("--ink", inkOn(color));
        cursor.flag.textContent = label(peer);
        if (cursor.page === at.page && cursor.x === at.x && cursor.y === at.y) continue;
        Object.assign(cursor, { page: at.page, x: at.x, y: at.y });
        placeOne(cursor, false);
        rest(cursor);
      }
      for (const [id, cursor] of cursors) if (!here.has(id)) remove(id, cursor);
    },
    place() {
      for (const cursor of cursors.values()) placeOne(cursor, true);
    },
    destroy() {
      for (const [id, cursor] of cursors) remove(id, cursor);
    },
  };
}

function makeCursor(): { element: HTMLElement; flag: HTMLElement } {
  const element = document.createElement("div");
  element.className = "lp-cursor";
  element.ariaHidden = "true";
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  const arrow = document.createElementNS(SVG, "path");
  arrow.setAttribute("d", "M2 2l5.2 15 2.9-6.3L16.6 8z");
  svg.append(arrow);
  const flag = document.createElement("span");
  flag.className = "lp-flag";
  element.append(svg, flag);
  return { element, flag };
}
