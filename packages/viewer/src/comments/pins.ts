/**
 * Marks on the pages where something is said: one button for each thread, in the overlay of its page. A pin of a marker can be dragged, and moved with
 * the arrow keys, by whoever may edit it.
 */
import { effect } from "@preact/signals";
import MessageSquare from "lucide/dist/esm/icons/message-square.mjs";
import type { Pages, PageView, Unsubscribe } from "../parts.ts";
import type { Translate } from "../ui/locale.ts";
import { type Discussion, MARKER_SIDE } from "./discussion.ts";
import { isSilent, type Thread } from "./threads.ts";

export interface PinsOptions {
  readonly pages: Pages;
  readonly discussion: Discussion;
  readonly onOpen: (rootId: string, focus: boolean) => void;
  /** The one whose card is open. */
  readonly active: () => string | null;
  readonly t: Translate;
}

export interface Pins {
  elementOf(rootId: string): HTMLElement | null;
  focus(rootId: string): void;
  destroy(): void;
}

const SVG = "http://www.w3.org/2000/svg";
const SLOP = 4;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function createPins({ pages, discussion, onOpen, active, t }: PinsOptions): Pins {
  const pins = new Map<string, HTMLButtonElement>();

  function place(view: PageView, { root }: Thread, pin: HTMLElement): void {
    const [left, top, width] = root.data.geometry.bbox;
    const isMarker = root.data.type === "comment-marker";
    // On a mark-up it sits at the corner where the words end.
    const box = view.toScreen(isMarker ? [left, top, MARKER_SIDE, MARKER_SIDE] : [left + width, top, 0, 0]);
    pin.style.left = `${box.left + box.width / 2}px`;
    pin.style.top = `${box.top + box.height / 2}px`;
  }

  function describe(thread: Thread, pin: HTMLElement): void {
    const said = thread.comments.filter((comment) => !isSilent(comment));
    const first = discussion.person(said[0]!);
    const isUnread = thread.comments.some(({ id }) => discussion.unread.value.has(id));
    pin.style.setProperty("--person", first.color);
    pin.dataset.resolved = String(thread.isResolved);
    pin.dataset.unread = String(isUnread);
    pin.dataset.active = String(active() === thread.root.id);
    const label = t(isUnread ? "comments.pin-unread" : "comments.pin", { name: first.name });
    pin.setAttribute("aria-label", thread.isResolved ? `${label}, ${t("comments.resolved")}` : label);
    pin.title = label;
  }

  function make(view: PageView, rootId: string): HTMLButtonElement {
    const pin = document.createElement("button");
    pin.type = "button";
    pin.className = "lc-pin";
    pin.dataset.thread = rootId;
    pin.append(icon());
    const thread = (): Thread | null => discussion.threadOf(rootId);
    const movable = (): boolean => thread() !== null && discussion.mayMove(thread()!.root);
    let from: { readonly x: number; readonly y: number; moved: boolean } | null = null;
    // The pages below must not take it for a press on the page.
    pin.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      if (event.button !== 0 || !movable()) return;
      from = { x: event.clientX, y: event.clientY, moved: false };
      pin.setPointerCapture(event.pointerId);
    });
    pin.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      from.moved ||= Math.hypot(dx, dy) > SLOP;
      if (from.moved) pin.style.translate = `calc(-50% + ${dx}px) calc(-50% + ${dy}px)`;
    });
    const end = (event: PointerEvent): void => {
      const began = from;
      from = null;
      pin.style.translate = "";
      const now = thread();
      if (began === null || !began.moved || now === null || event.type === "pointercancel") return;
      const [x0, y0] = view.toPage(began.x, began.y);
      const [x1, y1] = view.toPage(event.clientX, event.clientY);
      moveBy(view, now, x1 - x0, y1 - y0);
      pin.addEventListener("click", (click) => click.stopImmediatePropagation(), { capture: true, once: true });
    };
    pin.addEventListener("pointerup", end);
    pin.addEventListener("pointercancel", end);
    pin.addEventListener("click", (event) => onOpen(rootId, event.detail === 0));
    pin.addEventListener("keydown", (event) => {
      const by = ARROWS[event.key];
      const now = thread();
      if (by === undefined || now === null || !movable()) return;
      event.preventDefault();
      event.stopPropagation();
      const step = event.shiftKey ? 10 : 1;
      moveBy(view, now, by[0] * step, by[1] * step);
    });
    return pin;
  }

  function moveBy(view: PageView, { root }: Thread, dx: number, dy: number): void {
    const [left, top] = root.data.geometry.bbox;
    const within = (value: number, most: number): number =>
      Math.round(Math.min(Math.max(0, value), Math.max(0, most - MARKER_SIDE)) * 100) / 100;
    discussion.move(root, [within(left + dx, view.width), within(top + dy, view.height)]);
  }

  function show(view: PageView): void {
    const here = discussion.threads.value.filter(({ page }) => page === view.pageId);
    const wanted = new Set(here.map(({ root }) => root.id));
    for (const pin of view.overlay.querySelectorAll<HTMLElement>(".lc-pin")) {
      if (wanted.has(pin.dataset.thread!)) continue;
      pins.delete(pin.dataset.thread!);
      pin.remove();
    }
    for (const thread of here) {
      const { id } = thread.root;
      let pin = pins.get(id);
      if (pin === undefined || pin.parentElement !== view.overlay) {
        pin?.remove();
        pin = make(view, id);
        pins.set(id, pin);
        view.overlay.append(pin);
      }
      describe(thread, pin);
      place(view, thread, pin);
    }
  }

  const stops: Unsubscribe[] = [
    pages.attach((view) => {
      const stop = effect(() => show(view));
      return () => {
        stop();
        for (const [id, pin] of pins) {
          if (pin.parentElement !== view.overlay) continue;
          pin.remove();
          pins.delete(id);
        }
      };
    }),
    pages.onChange(show),
  ];

  return {
    elementOf: (rootId) => pins.get(rootId) ?? null,
    focus: (rootId) => pins.get(rootId)?.focus({ preventScroll: true }),
    destroy() {
      for (const stop of stops) stop();
      for (const pin of pins.values()) pin.remove();
    },
  };
}

function icon(): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const [tag, attributes] of MessageSquare) {
    const part = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, String(value));
    svg.append(part);
  }
  return svg;
}
