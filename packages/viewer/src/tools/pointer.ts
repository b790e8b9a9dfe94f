/**
 * Pointer events of the pages → input of the active tool. One gesture at a time; a second finger takes it back, to zoom and scroll.
 * Once a pen has been seen, fingers scroll while a drawing tool is active and only the pen draws.
 */
import type { Handle } from "../annotations/geometry.ts";
import type { Pages, PageView, Unsubscribe } from "../parts.ts";
import { CLICK_SLOP, isMarkTool, type Tool, type ToolPointer } from "./tool.ts";

const DOUBLE_CLICK_MS = 400;

export interface PointerOptions {
  readonly pages: Pages;
  readonly tool: () => Tool;
  /** A gesture begins outside of any editor: those that are open shall commit. */
  readonly onPress: () => void;
}

type Gesture =
  | {
      readonly kind: "tool";
      readonly id: number;
      readonly view: PageView;
      readonly tool: Tool;
      readonly handle: Handle | null;
      readonly clicks: number;
    }
  /** Left to the browser; a tap if it ends where it began. */
  | {
      readonly kind: "free";
      readonly id: number;
      readonly view: PageView;
      readonly tool: Tool;
      readonly x: number;
      readonly y: number;
      readonly clicks: number;
    }
  /** One finger scrolls by hand, since the page has been told not to scroll by itself. */
  | { readonly kind: "scroll"; readonly id: number; x: number; y: number }
  /** Two fingers: zoom and scroll are somebody else's. */
  | { readonly kind: "fingers" };

export function followPointer({ pages, tool, onPress }: PointerOptions): Unsubscribe {
  const { viewport } = pages;
  const ending = new AbortController();
  const touches = new Set<number>();
  let gesture: Gesture | null = null;
  let penSeen = false;
  let last = { time: 0, x: 0, y: 0, clicks: 0 };
  /** The click that follows a gesture of a tool is not for what lies below. */
  let swallowClick = false;
  /** Nor are the mouse events that a browser makes of a finger's tap afterwards: they would take the focus away again. */
  let swallowMouse = false;

  const listen = <K extends keyof HTMLElementEventMap>(type: K, run: (event: HTMLElementEventMap[K]) => void): void =>
    viewport.addEventListener(type, run, { capture: true, signal: ending.signal });

  function pointerOf(view: PageView, event: PointerEvent, clicks: number, handle: Handle | null): ToolPointer {
    const onText = isText(event);
    const type = event.pointerType === "touch" ? "touch" : event.pointerType === "pen" ? "pen" : "mouse";
    return { page: view, point: view.toPage(event.clientX, event.clientY), type, shift: event.shiftKey, clicks, handle, onText };
  }

  function countClicks(event: PointerEvent): number {
    const near = Math.hypot(event.clientX - last.x, event.clientY - last.y) < 6;
    const clicks = near && event.timeStamp - last.time < DOUBLE_CLICK_MS ? last.clicks + 1 : 1;
    last = { time: event.timeStamp, x: event.clientX, y: event.clientY, clicks };
    return clicks;
  }

  function takeBack(): void {
    if (gesture?.kind === "tool") gesture.tool.cancel();
    gesture = null;
  }

  listen("pointerdown", (event) => {
    swallowClick = false;
    swallowMouse = false;
    if (isControl(event, tool())) return;
    if (event.pointerType === "pen") penSeen = true;
    if (event.pointerType === "touch") {
      touches.add(event.pointerId);
      if (touches.size > 1) {
        takeBack();
        gesture = { kind: "fingers" };
        return;
      }
    }
    if (event.button !== 0 || (gesture !== null && gesture.kind !== "free")) return;
    onPress();
    const view = pages.at(event.clientX, event.clientY);
    if (view === null) return;
    const active = tool();
    const clicks = countClicks(event);
    const handle = handleOf(event);
    const drawsWithPen = penSeen && event.pointerType === "touch" && active.name !== "select" && !isMarkTool(active.name);
    if (drawsWithPen) {
      gesture = { kind: "scroll", id: event.pointerId, x: event.clientX, y: event.clientY };
      return;
    }
    if (active.down(pointerOf(view, event, clicks, handle))) {
      gesture = { kind: "tool", id: event.pointerId, view, tool: active, handle, clicks };
      viewport.setPointerCapture(event.pointerId);
      event.stopPropagation();
    } else gesture = { kind: "free", id: event.pointerId, view, tool: active, x: event.clientX, y: event.clientY, clicks };
  });

  listen("pointermove", (event) => {
    if (gesture?.kind === "scroll" && gesture.id === event.pointerId) {
      viewport.scrollBy({ left: gesture.x - event.clientX, top: gesture.y - event.clientY, behavior: "instant" });
      gesture.x = event.clientX;
      gesture.y = event.clientY;
    } else if (gesture?.kind === "tool" && gesture.id === event.pointerId) {
      event.stopPropagation();
      const steps = event.getCoalescedEvents?.() ?? [];
      for (const step of steps.length > 0 ? steps : [event])
        gesture.tool.move(pointerOf(gesture.view, step, gesture.clicks, gesture.handle));
    } else if (gesture === null && event.pointerType === "mouse" && event.buttons === 0) hover(event);
  });

  listen("pointerup", (event) => {
    touches.delete(event.pointerId);
    const ended = gesture;
    if (ended === null) return;
    if (ended.kind === "fingers") {
      if (touches.size === 0) gesture = null;
      return;
    }
    if (ended.id !== event.pointerId) return;
    gesture = null;
    if (ended.kind === "scroll") return;
    const pointer = pointerOf(ended.view, event, ended.clicks, ended.kind === "tool" ? ended.handle : null);
    let used = true;
    if (ended.kind === "tool") {
      event.stopPropagation();
      ended.tool.up(pointer);
    } else {
      const slop = CLICK_SLOP * (event.pointerType === "touch" ? 2 : 1);
      used = Math.hypot(event.clientX - ended.x, event.clientY - ended.y) < slop && ended.tool.tap?.(pointer) === true;
    }
    swallowClick = used;
    swallowMouse = used && event.pointerType === "touch";
  });

  listen("pointercancel", (event) => {
    touches.delete(event.pointerId);
    if (gesture === null) return;
    if (gesture.kind === "fingers" ? touches.size === 0 : gesture.id === event.pointerId) takeBack();
  });

  // A tool's gesture neither moves the focus nor selects text.
  listen("mousedown", (event) => {
    if (swallowMouse && !isControl(event, tool())) {
      event.preventDefault();
      event.stopPropagation();
    }
    if (gesture?.kind !== "tool") return;
    event.preventDefault();
    if (!viewport.contains((viewport.getRootNode() as ShadowRoot | Document).activeElement)) viewport.focus({ preventScroll: true });
  });
  listen("selectstart", (event) => {
    if (gesture?.kind === "tool") event.preventDefault();
  });
  listen("click", (event) => {
    if (!swallowClick) return;
    swallowClick = false;
    event.preventDefault();
    event.stopPropagation();
  });

  let hovered: PageView | null = null;
  function hover(event: PointerEvent): void {
    const view = isControl(event, tool()) ? null : pages.at(event.clientX, event.clientY);
    const cursor = view === null ? null : (tool().hover?.(pointerOf(view, event, 1, null)) ?? null);
    if (hovered !== null && hovered !== view) delete hovered.element.dataset.cursor;
    hovered = view;
    if (view === null) return;
    if (cursor === null) delete view.element.dataset.cursor;
    else view.element.dataset.cursor = cursor;
  }

  return () => {
    ending.abort();
    takeBack();
    if (hovered !== null) delete hovered.element.dataset.cursor;
  };
}

/** Editors and buttons keep their events; links too, unless something is drawn over them. */
function isControl(event: Event, { name }: Tool): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  const controls = "textarea,input,select,button,[contenteditable]";
  return target.closest(name === "select" || isMarkTool(name) ? `${controls},a[href]` : controls) !== null;
}

function isText(event: Event): boolean {
  const target = event.composedPath()[0];
  return target instanceof Element && target.closest(".page-text > span") !== null;
}

function handleOf(event: Event): Handle | null {
  const target = event.composedPath()[0];
  const name = target instanceof HTMLElement ? target.dataset.handle : undefined;
  if (name === undefined) return null;
  const [x, y] = name.split(",").map(Number) as [number, number];
  return [x as Handle[0], y as Handle[1]];
}
