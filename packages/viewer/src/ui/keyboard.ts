/** Shortcuts of the viewer, while the focus is in it or nowhere in particular. What a tool or a field has used is left alone. */
import type { Scroller } from "../pages/scroller.ts";
import type { Actions, State } from "./state.ts";

export interface KeyboardOptions {
  readonly host: Element;
  readonly scroller: Scroller;
  readonly state: State;
  readonly actions: Actions;
}

export function followKeyboard({ host, scroller, state, actions }: KeyboardOptions): () => void {
  const press = (event: KeyboardEvent): void => {
    const target = event.composedPath()[0];
    const outside = event.target !== host && event.target !== document.body && event.target !== document.documentElement;
    if (event.defaultPrevented || outside || state.phase.value.kind !== "open") return;
    // The page editor has keys of its own.
    const hasPlain = !state.arranging.value && state.past.value === null && !isField(target);
    const handled = event.ctrlKey || event.metaKey ? withControl(event) : hasPlain && plain(event, target);
    if (handled) event.preventDefault();
  };

  function withControl(event: KeyboardEvent): boolean {
    switch (event.key.toLowerCase()) {
      case "f":
        if (event.altKey || event.shiftKey || !state.items.has("search") || state.past.value !== null) return false;
        openSearch(state, host);
        return true;
      case "+":
      case "=":
        actions.stepZoom(1);
        return true;
      case "-":
        actions.stepZoom(-1);
        return true;
      case "0":
        actions.setZoom("auto");
        return true;
      case "z":
        if (isField(event.composedPath()[0]) || !hasHistory(state)) return false;
        if (event.shiftKey) actions.redo();
        else actions.undo();
        return true;
      case "y":
        if (isField(event.composedPath()[0]) || !hasHistory(state)) return false;
        actions.redo();
        return true;
      default:
        return false;
    }
  }

  function plain(event: KeyboardEvent, target: EventTarget | undefined): boolean {
    if (event.altKey) return false;
    const { viewport } = scroller;
    // The scrolled element scrolls by itself.
    const inPages = target instanceof Node && viewport.contains(target);
    const tool = state.tools.value.find(({ shortcut }) => shortcut !== undefined && shortcut.toLowerCase() === event.key.toLowerCase());
    if (tool !== undefined && !event.shiftKey) {
      actions.setTool(tool.name);
      return true;
    }
    if (event.key === "Escape") {
      if (state.searchOpen.value) state.searchOpen.value = false;
      else if (state.activeTool.value !== "select" && state.tools.value.length > 0) actions.setTool("select");
      else return false;
      viewport.focus({ preventScroll: true });
      return true;
    }
    // In one-page steps where the keys of a keyboard without page keys say left and right.
    if (event.key === "ArrowRight" && viewport.scrollWidth <= viewport.clientWidth && inPages) return turn(1);
    if (event.key === "ArrowLeft" && viewport.scrollWidth <= viewport.clientWidth && inPages) return turn(-1);
    if (inPages || (target instanceof Element && target.matches("button, a, [role=menu] *"))) return false;
    const page = viewport.clientHeight * 0.9;
    const by = { PageDown: page, PageUp: -page, " ": event.shiftKey ? -page : page, ArrowDown: 60, ArrowUp: -60, Home: -1e12, End: 1e12 }[
      event.key
    ];
    if (by === undefined) return false;
    scroller.scrollBy(by);
    return true;
  }

  function turn(by: 1 | -1): boolean {
    actions.goTo(state.pageIndex.value + by);
    return true;
  }

  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}

function isField(target: EventTarget | undefined): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

/** Opens the panel; when it is open, its field gets the focus again. */
export function openSearch(state: State, host: Element): void {
  if (state.searchOpen.value) host.shadowRoot?.querySelector<HTMLInputElement>(".search input")?.select();
  state.searchOpen.value = true;
}

function hasHistory(state: State): boolean {
  return state.tools.value.length > 0 || state.canArrange.value;
}
