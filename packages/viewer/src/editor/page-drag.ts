/** Dragging pages in the grid: at once with a mouse, after a long press with a finger, so that a finger still scrolls. */

/** Where the pages would go: beside that one. */
export interface Drop {
  readonly ids: ReadonlySet<string>;
  readonly at: string;
  readonly side: "before" | "after";
}

export interface PageDragOptions {
  readonly moved: (drop: Drop | null) => void;
  /** `before`: the page that they go before; null: at the end. */
  readonly dropped: (ids: ReadonlySet<string>, before: string | null) => void;
}

export interface PageDrag {
  start(event: PointerEvent, what: { readonly id: string; readonly ids: ReadonlySet<string>; readonly grid: HTMLElement }): void;
  /** Nothing is moved. */
  stop(): void;
  readonly active: boolean;
  /** The click that comes after a drag means nothing. */
  readonly justEnded: boolean;
}

const FAR = 6;
const LONG_PRESS_MS = 350;
const EDGE = 56;

export function createPageDrag({ moved, dropped }: PageDragOptions): PageDrag {
  let ending: AbortController | null = null;
  let active = false;
  let justEnded = false;

  function stop(): void {
    ending?.abort();
    ending = null;
    if (active) moved(null);
    active = false;
  }

  return {
    get active() {
      return active;
    },
    get justEnded() {
      return justEnded;
    },
    stop,
    start(event, { id, ids, grid }) {
      if (event.button !== 0 || !event.isPrimary) return;
      stop();
      justEnded = false;
      const { signal } = (ending = new AbortController());
      const from = [event.clientX, event.clientY] as const;
      const byFinger = event.pointerType === "touch";
      let drop: Drop | null = null;
      let at = from;
      const begin = (): void => {
        active = true;
        drop = { ids, at: id, side: "before" };
        moved(drop);
        // Near an edge of what scrolls, it does.
        const scrolled = grid.parentElement!;
        const scroll = (): void => {
          if (signal.aborted) return;
          const { top, bottom } = scrolled.getBoundingClientRect();
          const by = at[1] < top + EDGE ? at[1] - top - EDGE : at[1] > bottom - EDGE ? at[1] - bottom + EDGE : 0;
          scrolled.scrollTop += by / 4;
          requestAnimationFrame(scroll);
        };
        requestAnimationFrame(scroll);
      };
      const press = byFinger ? setTimeout(begin, LONG_PRESS_MS) : 0;
      signal.addEventListener("abort", () => clearTimeout(press));
      const follow = (pointer: PointerEvent): void => {
        if (pointer.pointerId !== event.pointerId) return;
        at = [pointer.clientX, pointer.clientY];
        const far = Math.hypot(at[0] - from[0], at[1] - from[1]) > FAR;
        if (!active && far && byFinger) return stop();
        if (!active && far) begin();
        if (!active) return;
        drop = { ids, ...nearest(grid, at) };
        moved(drop);
      };
      const end = (pointer: PointerEvent): void => {
        if (pointer.pointerId !== event.pointerId) return;
        const found = active ? drop : null;
        const wasActive = active;
        stop();
        justEnded = wasActive;
        if (wasActive) setTimeout(() => (justEnded = false), 0);
        if (found !== null) dropped(ids, beforeOf(grid, found));
      };
      window.addEventListener("pointermove", follow, { signal });
      window.addEventListener("pointerup", end, { signal });
      window.addEventListener("pointercancel", stop, { signal });
      // A finger that drags does not scroll.
      grid.addEventListener("touchmove", (touch) => active && touch.preventDefault(), { signal, passive: false });
    },
  };
}

function nearest(grid: HTMLElement, [x, y]: readonly [number, number]): { readonly at: string; readonly side: "before" | "after" } {
  let best = { at: "", side: "before" as "before" | "after", distance: Infinity };
  for (const card of grid.children as HTMLCollectionOf<HTMLElement>) {
    const { left, right, top, bottom } = card.getBoundingClientRect();
    // Another row is further than anything in this one.
    const distance = Math.abs(x - (left + right) / 2) + 4 * Math.max(0, top - y, y - bottom);
    if (distance < best.distance) best = { at: card.dataset["id"]!, side: x < (left + right) / 2 ? "before" : "after", distance };
  }
  return best;
}

/** The first page after the place that is not among those that move. */
function beforeOf(grid: HTMLElement, { ids, at, side }: Drop): string | null {
  const order = ([...grid.children] as HTMLElement[]).map((card) => card.dataset["id"]!);
  const from = order.indexOf(at) + (side === "after" ? 1 : 0);
  return order.slice(from).find((id) => !ids.has(id)) ?? null;
}
