/** Link annotations become links on the page: a jump inside of the document, or an address that is asked about first. */
import type { AnyRecord, RecordOf } from "@lectern/protocol";
import type { Records } from "@lectern/sync/client";
import type { PageView, Pages, Unsubscribe } from "../parts.ts";
import { type LinkTarget, linkTarget } from "./link-target.ts";

export interface LinksOptions {
  readonly pages: Pages;
  readonly records: Records;
  readonly label: (target: LinkTarget) => string;
  readonly follow: (target: LinkTarget) => void;
}

export function showLinks({ pages, records, label, follow }: LinksOptions): Unsubscribe {
  const shown = new Map<PageView, () => void>();

  function draw(view: PageView): () => void {
    const elements: { readonly element: HTMLAnchorElement; readonly place: () => void }[] = [];
    for (const record of records.byPage(view.pageId)) {
      const target = isLink(record) ? linkTarget(record.data.action) : null;
      if (!isLink(record) || target === null) continue;
      const element = document.createElement("a");
      element.className = "page-link";
      element.href = target.kind === "external" ? target.href : `#page=${pages.order.indexOf(target.page) + 1}`;
      element.rel = "noopener noreferrer";
      element.ariaLabel = label(target);
      element.title = target.kind === "external" ? target.href : "";
      element.addEventListener("click", (event) => {
        event.preventDefault();
        follow(target);
      });
      const { bbox } = record.data.geometry;
      const place = (): void => {
        const { left, top, width, height } = view.toScreen(bbox);
        Object.assign(element.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
      };
      place();
      elements.push({ element, place });
    }
    // All at once, so that Tab goes through them in the order of the page.
    view.overlay.prepend(...elements.map(({ element }) => element));
    shown.set(view, () => {
      for (const { place } of elements) place();
    });
    return () => {
      shown.delete(view);
      for (const { element } of elements) element.remove();
    };
  }

  const drawn = new Map<PageView, () => void>();
  const stops = [
    pages.attach((view) => {
      drawn.set(view, draw(view));
      return () => {
        drawn.get(view)?.();
        drawn.delete(view);
      };
    }),
    pages.onChange((view) => shown.get(view)?.()),
    records.onChange(({ ids }) => {
      const touched = new Set([...ids].flatMap((id) => pageOf(records.get(id))));
      for (const [view, remove] of drawn) {
        if (!touched.has(view.pageId)) continue;
        remove();
        drawn.set(view, draw(view));
      }
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function isLink(record: AnyRecord): record is RecordOf<"annotation"> & { readonly data: { readonly type: "link" } } {
  return record.kind === "annotation" && record.data.type === "link";
}

/** Pages whose links are to be drawn again; all of one that is gone are not known, and none is drawn for nothing. */
function pageOf(record: AnyRecord | undefined): string[] {
  return record?.kind === "annotation" && record.data.type === "link" && record.data.page !== null ? [record.data.page] : [];
}
