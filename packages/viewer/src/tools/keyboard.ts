/** Keys of the annotation part: tools, undo, moving what is selected, and going from one annotation to the next. */
import type { Unsubscribe } from "../parts.ts";
import type { ToolName } from "./tool.ts";

export interface KeyActions {
  setTool(name: ToolName): void;
  undo(): void;
  redo(): void;
  /** Moves what is selected by CSS-independent points as shown; false: nothing can be moved. */
  nudge(dx: number, dy: number): boolean;
  remove(): boolean;
  /** Escape: out of what is going on, one level at a time; false: nothing is. */
  escape(): boolean;
  /** Enter on the selected one: opens it. */
  open(): boolean;
  selectOne(id: string): void;
  /** Tab from the selected one leads to its bar. */
  enterBar(): boolean;
  step(from: string, by: 1 | -1): boolean;
  /** The annotation that has the focus. */
  focused(event: Event): string | null;
  readonly hasSelection: boolean;
  isSelected(id: string): boolean;
}

const TOOLS: Readonly<Record<string, ToolName>> = { v: "select", h: "highlight", d: "ink", n: "note", r: "rectangle", t: "text" };
const ARROWS: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** `root` is the viewer's; what lies in `viewport` is the pages. */
export function followKeys(root: EventTarget, viewport: HTMLElement, actions: KeyActions): Unsubscribe {
  const onKey = (event: Event): void => {
    const key = event as KeyboardEvent;
    if (key.defaultPrevented || isField(key)) return;
    if (handle(key, viewport, actions)) {
      key.preventDefault();
      key.stopPropagation();
    }
  };
  root.addEventListener("keydown", onKey);
  return () => root.removeEventListener("keydown", onKey);
}

function handle(event: KeyboardEvent, viewport: HTMLElement, actions: KeyActions): boolean {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (event.altKey) return false;
    if (key === "z" && !event.shiftKey) actions.undo();
    else if (key === "z" || (key === "y" && !event.shiftKey)) actions.redo();
    else return false;
    return true;
  }
  if (event.altKey) return event.key === "F10" && actions.enterBar();
  if (key === "Escape") return actions.escape();
  const inPages = event.composedPath().includes(viewport);
  if (inPages && pagesKey(event, key, actions)) return true;
  const tool = event.shiftKey ? undefined : TOOLS[key];
  if (tool === undefined) return false;
  actions.setTool(tool);
  return true;
}

function pagesKey(event: KeyboardEvent, key: string, actions: KeyActions): boolean {
  const focused = actions.focused(event);
  const arrow = ARROWS[key];
  if (arrow !== undefined) {
    if (focused !== null && !actions.isSelected(focused)) return actions.step(focused, arrow[0] + arrow[1] > 0 ? 1 : -1);
    const step = event.shiftKey ? 10 : 1;
    return actions.hasSelection && actions.nudge(arrow[0] * step, arrow[1] * step);
  }
  if (key === "Delete" || key === "Backspace") return actions.hasSelection && actions.remove();
  if (key === "Enter" || key === " ") {
    if (focused !== null && !actions.isSelected(focused)) {
      actions.selectOne(focused);
      return true;
    }
    return actions.hasSelection && actions.open();
  }
  return false;
}

function isField(event: Event): boolean {
  const target = event.composedPath()[0];
  return target instanceof Element && target.closest("input:not([type=range]):not([type=color]),textarea,select,[contenteditable]") !== null;
}
