/** Keys of the annotation part: moving what is selected, and going from one annotation to the next. Those of tools and undo are the shell's. */
import type { Unsubscribe } from "../parts.ts";

export interface KeyActions {
  /** Moves what is selected by CSS-independent points as shown; false: nothing can be moved. */
  nudge(dx: number, dy: number): boolean;
  remove(): boolean;
  /** Escape: out of what is going on, one level at a time; false: nothing is. */
  escape(): boolean;
  /** Enter on the selected one: opens it. */
  open(): boolean;
  /** Enter ends what is being made; false: nothing is. */
  finish(): boolean;
  selectOne(id: string): void;
  /** Tab from the selected one leads to its bar. */
  enterBar(): boolean;
  step(from: string, by: 1 | -1): boolean;
  /** The annotation that has the focus. */
  focused(event: Event): string | null;
  readonly hasSelection: boolean;
  isSelected(id: string): boolean;
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

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
  if (event.ctrlKey || event.metaKey) return false;
  if (event.altKey) return event.key === "F10" && actions.enterBar();
  if (event.key === "Escape") return actions.escape();
  return event.composedPath().includes(viewport) && pagesKey(event, actions);
}

function pagesKey(event: KeyboardEvent, actions: KeyActions): boolean {
  const { key } = event;
  const focused = actions.focused(event);
  const arrow = ARROWS[key];
  if (arrow !== undefined) {
    if (focused !== null && !actions.isSelected(focused)) return actions.step(focused, arrow[0] + arrow[1] > 0 ? 1 : -1);
    const step = event.shiftKey ? 10 : 1;
    return actions.hasSelection && actions.nudge(arrow[0] * step, arrow[1] * step);
  }
  if (key === "Delete" || key === "Backspace") return actions.hasSelection && actions.remove();
  if (key === "Enter" && actions.finish()) return true;
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
  return (
    target instanceof Element && target.closest("input:not([type=range]):not([type=color]),textarea,select,[contenteditable]") !== null
  );
}
