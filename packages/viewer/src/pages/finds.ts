/** Marks what a search found on the pages in sight. */
import type { PageView, Unsubscribe } from "../parts.ts";
import type { SearchHit } from "../public-types.ts";
import type { PageElement } from "./page-view.ts";
import type { Scroller } from "./scroller.ts";

export interface Finds {
  show(hits: readonly SearchHit[], active: SearchHit | null): void;
  destroy(): void;
}

export function createFinds(scroller: Scroller): Finds {
  let byPage = new Map<string, SearchHit[]>();
  let active: SearchHit | null = null;
  const layers = new Map<PageElement, HTMLElement>();

  function draw(view: PageElement): void {
    layers.get(view)?.remove();
    layers.delete(view);
    const hits = byPage.get(view.pageId);
    if (hits === undefined) return;
    const layer = document.createElement("div");
    layer.className = "page-finds";
    // The same space as the text: record coordinates, turned and scaled with the page.
    layer.style.cssText = view.textLayer.style.cssText;
    for (const hit of hits) {
      for (const [left, top, width, height] of hit.rects) {
        const mark = document.createElement("div");
        if (hit === active) mark.className = "active";
        Object.assign(mark.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
        layer.append(mark);
      }
    }
    view.textLayer.before(layer);
    layers.set(view, layer);
  }

  const stops: Unsubscribe[] = [
    scroller.attach((view: PageView) => {
      const page = scroller.views.get(view.pageId)!;
      draw(page);
      return () => layers.delete(page);
    }),
    scroller.onChange((view) => draw(scroller.views.get(view.pageId)!)),
  ];

  return {
    show(hits, next) {
      active = next;
      byPage = new Map();
      for (const hit of hits) byPage.set(hit.pageId, [...(byPage.get(hit.pageId) ?? []), hit]);
      for (const view of scroller.views.values()) draw(view);
    },
    destroy() {
      for (const stop of stops) stop();
      for (const layer of layers.values()) layer.remove();
      layers.clear();
    },
  };
}
