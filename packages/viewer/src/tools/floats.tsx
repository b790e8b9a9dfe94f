/** @jsxImportSource preact */
/**
 * The layer of everything that floats above the pages: the mini-toolbar, cards, messages. Each float is a host that Preact renders
 * into, placed beside a box in client coordinates and kept there while the pages scroll.
 */
import { computePosition, flip, hide, offset, type Placement, shift } from "@floating-ui/dom";
import { type ComponentChild, render } from "preact";
import type { Pages, Unsubscribe } from "../parts.ts";

export interface Float {
  readonly element: HTMLElement;
  show(content: ComponentChild): void;
  hide(): void;
  readonly isShown: boolean;
  /** The box it stands beside may have moved. */
  place(): void;
  destroy(): void;
}

export interface FloatOptions {
  readonly className: string;
  /** Where it belongs now; null: nowhere to be seen. */
  readonly beside: () => DOMRect | null;
  readonly placement: Placement;
  /** CSS pixels. */
  readonly distance: number;
}

export interface Floats {
  readonly layer: HTMLElement;
  add(options: FloatOptions): Float;
  /** A short message; the next one takes its place. */
  toast(text: string): void;
  /** Places all again. */
  place(): void;
  destroy(): void;
}

const TOAST_MS = 4000;

export function createFloats(pages: Pages): Floats {
  const { viewport } = pages;
  const layer = document.createElement("div");
  layer.className = "lt-floats";
  viewport.after(layer);
  const all = new Set<Float>();
  const toast = document.createElement("div");
  toast.className = "lt-toast";
  let toastTimer = 0;
  let frame = 0;

  function placeAll(): void {
    if (frame !== 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      for (const float of all) float.place();
    });
  }
  viewport.addEventListener("scroll", placeAll, { passive: true });
  const unsubscribe: Unsubscribe[] = [pages.onChange(placeAll), () => viewport.removeEventListener("scroll", placeAll)];
  const resizes = new ResizeObserver(placeAll);
  resizes.observe(viewport);

  return {
    layer,
    place: placeAll,
    add({ className, beside, placement, distance }) {
      const element = document.createElement("div");
      element.className = `lt-float ${className}`;
      let shown = false;
      const place = (): void => {
        const box = shown ? beside() : null;
        if (box === null) {
          if (shown) element.dataset.away = "true";
          return;
        }
        const reference = { getBoundingClientRect: () => box, contextElement: viewport };
        const boundary = { boundary: viewport, padding: 8 };
        computePosition(reference, element, {
          placement,
          middleware: [
            offset(distance),
            flip({ ...boundary, fallbackPlacements: fallbacks(placement) }),
            shift({ ...boundary, crossAxis: true }),
            hide({ boundary: viewport }),
          ],
        }).then(({ x, y, placement: side, middlewareData }) => {
          if (!shown) return;
          element.style.translate = `${Math.round(x)}px ${Math.round(y)}px`;
          element.dataset.side = side.split("-")[0];
          element.dataset.away = String(middlewareData.hide?.referenceHidden === true);
        }, reportError);
      };
      const sizes = new ResizeObserver(place);
      const float: Float = {
        element,
        place,
        get isShown() {
          return shown;
        },
        show(content) {
          if (!shown) {
            shown = true;
            // Out of sight until it knows its place, yet able to take the focus.
            element.dataset.away = "placing";
            layer.append(element);
            sizes.observe(element);
          }
          render(content, element);
          place();
        },
        hide() {
          if (!shown) return;
          shown = false;
          sizes.unobserve(element);
          render(null, element);
          element.remove();
        },
        destroy() {
          float.hide();
          sizes.disconnect();
          all.delete(float);
        },
      };
      all.add(float);
      return float;
    },
    toast(text) {
      toast.textContent = text;
      layer.append(toast);
      clearTimeout(toastTimer);
      toastTimer = window.setTimeout(() => toast.remove(), TOAST_MS);
    },
    destroy() {
      cancelAnimationFrame(frame);
      clearTimeout(toastTimer);
      for (const float of all) float.destroy();
      for (const stop of unsubscribe) stop();
      resizes.disconnect();
      layer.remove();
    },
  };
}

function fallbacks(placement: Placement): Placement[] {
  const order: Placement[] = placement.startsWith("right") ? ["left-start", "bottom", "top"] : ["top", "bottom"];
  return order.filter((other) => other !== placement);
}
