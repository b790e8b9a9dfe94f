/** What lies on a page as one small drawing: annotations and filled fields, which the page's image does not show. */
import { drawAnnotation, isDrawn, toSvg } from "@lectern/pdf/appearance";
import { pageSpace } from "@lectern/protocol/plain";
import type { AnyRecord } from "@lectern/protocol";
import type { Records } from "@lectern/sync/client";
import { elementFrom, type PictureUrl } from "../annotations/drawing.ts";
import { isShown } from "../annotations/registry.ts";
import { sortedByZ } from "../annotations/z-order.ts";
import { addRotations, type PageShape } from "../pages/page-list.ts";

const SVG = "http://www.w3.org/2000/svg";
/** A burst of changes is drawn once. */
const CALM_MS = 150;

export interface PageMarks {
  draw(page: PageShape): Promise<SVGSVGElement | null>;
  /** Called when what lies on the page may look different, until the returned function is called. */
  follow(page: PageShape, changed: () => void): () => void;
}

export function createPageMarks(records: Records, pictureUrl: PictureUrl): PageMarks {
  return {
    async draw(page) {
      const here = records.byPage(page.id);
      const parts: SVGElement[] = [];
      for (const record of sortedByZ(here)) {
        if (record.kind !== "annotation" || !isDrawn(record.data) || !isShown(record.data)) continue;
        parts.push(...toSvg(drawAnnotation(record.data)).map((drawn) => elementFrom(drawn, pictureUrl)));
      }
      parts.push(...(await widgets(here, records)));
      if (parts.length === 0) return null;
      const space = pageSpace({ ...page, rotation: addRotations(page.sourceRotation, page.rotation) });
      const svg = document.createElementNS(SVG, "svg");
      svg.setAttribute("class", "page-marks");
      svg.setAttribute("viewBox", `0 0 ${space.width} ${space.height}`);
      svg.setAttribute("preserveAspectRatio", "none");
      svg.setAttribute("aria-hidden", "true");
      const group = document.createElementNS(SVG, "g");
      const [e, f] = space.toShown([0, 0]);
      const [x1, y1] = space.toShown([1, 0]);
      const [x2, y2] = space.toShown([0, 1]);
      group.setAttribute("transform", `matrix(${[x1 - e, y1 - f, x2 - e, y2 - f, e, f].join(" ")})`);
      group.append(...parts);
      svg.append(group);
      return svg;
    },
    follow(page, changed) {
      let timer = 0;
      const stop = records.onChange(({ ids }) => {
        const touches = [...ids].some((id) => {
          const record = records.get(id);
          // What has gone may have been here.
          return record === undefined || record.kind === "value" || ("page" in record.data && record.data.page === page.id);
        });
        if (!touches) return;
        clearTimeout(timer);
        timer = window.setTimeout(changed, CALM_MS);
      });
      return () => {
        clearTimeout(timer);
        stop();
      };
    },
  };
}

/** Their code comes with the first form. */
async function widgets(here: readonly AnyRecord[], records: Records): Promise<SVGElement[]> {
  const found = here.filter((record) => record.kind === "widget" && !(record.data.flags ?? []).some((flag) => UNSEEN.has(flag)));
  if (found.length === 0) return [];
  const { drawWidget } = await import("@lectern/pdf/forms");
  return found.flatMap((record) => {
    if (record.kind !== "widget") return [];
    const field = records.get(record.data.field);
    const value = records.get(`${record.data.field}:v`);
    // Buttons and signatures are in the page's image.
    if (field?.kind !== "field" || field.data.type === "button" || field.data.type === "signature") return [];
    const commands = drawWidget({
      field: field.data,
      widget: record.data,
      value: value?.kind === "value" ? value.data : { value: null },
    });
    const place = document.createElementNS(SVG, "g");
    const [left, top] = record.data.geometry.bbox;
    place.setAttribute("transform", `translate(${left} ${top})`);
    place.append(...toSvg(commands).map((drawn) => elementFrom(drawn)));
    return [place];
  });
}

const UNSEEN: ReadonlySet<string> = new Set(["hidden", "noView", "invisible"]);
