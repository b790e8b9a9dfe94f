/**
 * The frames around what is selected, with handles when it is one and may be resized, and the ring around what has the keyboard's
 * focus. They lie on the page's overlay and follow zoom, rotation, drags and changes of others.
 */
import type { Drawing } from "../annotations/drawing.ts";
import { centre, type Frame } from "../annotations/geometry.ts";
import { cursorOf, isEditable, kindOf } from "../annotations/registry.ts";
import type { Pages, PageView } from "../parts.ts";
import type { Edits } from "./edits.ts";
import type { Selection } from "./selection.ts";

export interface SelectionFrames {
  /** Draws all again; many calls between two frames are one. */
  update(): void;
  /** The one with the keyboard's focus, if that is to be seen. */
  focus(id: string | null): void;
  /** The box around all that is selected and on screen, in client coordinates. */
  bounds(): DOMRect | null;
  destroy(): void;
}

export interface SelectionFrameOptions {
  readonly pages: Pages;
  readonly drawing: Drawing;
  readonly selection: Selection;
  readonly edits: Edits;
  /** Being edited: its editor has a frame of its own. */
  readonly edited: () => string | null;
}

export function selectionFrames({ pages, drawing, selection, edits, edited }: SelectionFrameOptions): SelectionFrames {
  const frames = new Map<string, HTMLElement>();
  let focused: string | null = null;
  let frame = 0;

  /** What is shown for it, and where; null while its page is not on screen. */
  function shownAt(id: string): { view: PageView; frame: Frame; resizable: boolean } | null {
    const annotation = drawing.shown(id);
    const view = annotation?.page == null ? undefined : pages.views.get(annotation.page);
    if (annotation === null || view === undefined || !isEditable(annotation)) return null;
    const kind = kindOf(annotation);
    return { view, frame: kind.frame(annotation), resizable: kind.handles.length > 0 };
  }

  function draw(): void {
    frame = 0;
    const wanted = new Set(selection.ids.filter((id) => id !== edited()));
    if (focused !== null) wanted.add(focused);
    for (const [id, element] of frames) {
      if (wanted.has(id)) continue;
      element.remove();
      frames.delete(id);
    }
    for (const id of wanted) drawOne(id);
  }

  function drawOne(id: string): void {
    const at = shownAt(id);
    let element = frames.get(id);
    if (at === null) {
      element?.remove();
      frames.delete(id);
      return;
    }
    element ??= document.createElement("div");
    frames.set(id, element);
    if (element.parentElement !== at.view.overlay) at.view.overlay.append(element);
    const chosen = selection.has(id);
    element.className = `lt-frame${chosen ? " lt-chosen" : ""}${id === focused ? " lt-focused" : ""}`;
    const turned = place(element, at.view, at.frame);
    const handles = chosen && at.resizable && selection.ids.length === 1 && edits.mayEdit(id);
    element.dataset.movable = String(chosen && edits.mayEdit(id));
    if (!handles) element.replaceChildren();
    else drawHandles(element, at.frame, at.view.scale, turned);
  }

  const unsubscribe = [
    selection.onChange(update),
    pages.onChange(update),
    pages.attach(() => {
      update();
      return update;
    }),
  ];

  function update(): void {
    if (frame === 0) frame = requestAnimationFrame(draw);
  }

  return {
    update,
    focus(id) {
      focused = id;
      update();
    },
    bounds() {
      let box: DOMRect | null = null;
      for (const id of selection.ids) {
        const at = shownAt(id);
        if (at === null) continue;
        const page = at.view.element.getBoundingClientRect();
        const { left, top, width, height } = shownBounds(at.view, at.frame);
        const rect = new DOMRect(page.left + left, page.top + top, width, height);
        box = box === null ? rect : around(box, rect);
      }
      return box;
    },
    destroy() {
      cancelAnimationFrame(frame);
      for (const stop of unsubscribe) stop();
      for (const element of frames.values()) element.remove();
    },
  };
}

/** Puts an element of the overlay over a frame of the page; returns its turn on screen in degrees. */
export function place(element: HTMLElement, view: PageView, { rect, rotation }: Frame): number {
  const [x, y] = centre(rect);
  const at = view.toScreen([x, y, 0, 0]);
  const turned = (rotation + view.rotation) % 360;
  element.style.width = `${rect[2] * view.scale}px`;
  element.style.height = `${rect[3] * view.scale}px`;
  element.style.transform = `translate(${at.left}px, ${at.top}px) translate(-50%, -50%)${turned === 0 ? "" : ` rotate(${turned}deg)`}`;
  return turned;
}

/** The upright box of a frame, in CSS pixels of the page as shown. */
export function shownBounds(view: PageView, { rect, rotation }: Frame): { left: number; top: number; width: number; height: number } {
  const [x, y] = centre(rect);
  const at = view.toScreen([x, y, 0, 0]);
  const angle = ((rotation + view.rotation) * Math.PI) / 180;
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  const [width, height] = [(rect[2] * cos + rect[3] * sin) * view.scale, (rect[2] * sin + rect[3] * cos) * view.scale];
  return { left: at.left - width / 2, top: at.top - height / 2, width, height };
}

/** Corners always; sides only where they do not crowd the corners. */
const CORNERS = ["-1,-1", "1,-1", "1,1", "-1,1"];
const ROOM = 40;

function drawHandles(element: HTMLElement, { rect }: Frame, scale: number, turned: number): void {
  const wide = rect[2] * scale >= ROOM;
  const high = rect[3] * scale >= ROOM;
  const names = [...CORNERS, ...(wide ? ["0,-1", "0,1"] : []), ...(high ? ["1,0", "-1,0"] : [])];
  if (element.childElementCount !== names.length) {
    element.replaceChildren(
      ...names.map((name) => {
        const handle = document.createElement("div");
        handle.className = "lt-handle";
        handle.dataset.handle = name;
        return handle;
      }),
    );
  }
  for (const [i, name] of names.entries()) {
    const handle = element.children[i] as HTMLElement;
    const [x, y] = name.split(",").map(Number) as [-1 | 0 | 1, -1 | 0 | 1];
    handle.dataset.handle = name;
    handle.style.left = `${(x + 1) * 50}%`;
    handle.style.top = `${(y + 1) * 50}%`;
    handle.style.setProperty("cursor", cursorOf([x, y], turned), "important");
  }
}

function around(a: DOMRect, b: DOMRect): DOMRect {
  const [left, top] = [Math.min(a.left, b.left), Math.min(a.top, b.top)];
  return new DOMRect(left, top, Math.max(a.right, b.right) - left, Math.max(a.bottom, b.bottom) - top);
}
