/** Zoom by Ctrl and wheel, by a trackpad's pinch (which browsers tell as that), and by two fingers. */
import type { Scroller } from "./scroller.ts";

export function followGestures(scroller: Scroller): () => void {
  const { viewport } = scroller;
  const ending = new AbortController();
  const options = { signal: ending.signal, passive: false };
  let pending: { factor: number; x: number; y: number } | null = null;
  let frame = 0;

  /** At most one change of scale a frame, however many events. */
  function zoomBy(factor: number, x: number, y: number): void {
    pending = { factor: (pending?.factor ?? 1) * factor, x, y };
    if (frame !== 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      if (pending !== null) scroller.setZoom(scroller.scale * pending.factor, pending);
      pending = null;
    });
  }

  viewport.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      // A mouse wheel's click is one step; a trackpad's events are many and small.
      const delta = Math.max(-40, Math.min(40, event.deltaY * lines));
      zoomBy(Math.exp(-delta * 0.008), event.clientX, event.clientY);
    },
    options,
  );

  let pinch: { distance: number; x: number; y: number } | null = null;
  const read = ({ touches }: TouchEvent): { distance: number; x: number; y: number } | null => {
    const [a, b] = [touches[0], touches[1]];
    if (a === undefined || b === undefined || touches.length !== 2) return null;
    return {
      distance: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY),
      x: (a.clientX + b.clientX) / 2,
      y: (a.clientY + b.clientY) / 2,
    };
  };
  viewport.addEventListener("touchstart", (event) => (pinch = read(event)), options);
  viewport.addEventListener(
    "touchmove",
    (event) => {
      const now = read(event);
      if (pinch === null || now === null) return;
      if (event.cancelable) event.preventDefault();
      viewport.scrollBy({ left: pinch.x - now.x, top: pinch.y - now.y, behavior: "instant" });
      zoomBy(now.distance / pinch.distance, now.x, now.y);
      pinch = now;
    },
    options,
  );
  viewport.addEventListener("touchend", (event) => (pinch = read(event)), options);
  viewport.addEventListener("touchcancel", () => (pinch = null), options);

  return () => {
    ending.abort();
    cancelAnimationFrame(frame);
  };
}
