/** Moving and resizing of any kind: from a drag's distance to the geometries to write. Pure; the select tool and the arrow keys use it. */
import type { Rect, Rotation } from "@lectern/protocol";
import { type Handle, moveWithin, resizeFrame, turnBy, union } from "./geometry.ts";
import type { Editable } from "./kind.ts";
import { boundsOfAnnotation, kindOf } from "./registry.ts";

/** The page as the controller needs it; a `PageView` is one. */
export interface ShapePage {
  readonly pageId: string;
  readonly width: number;
  readonly height: number;
  readonly rotation: Rotation;
}

export interface ShapeItem {
  readonly id: string;
  readonly page: ShapePage;
  readonly annotation: Editable;
}

export type Geometries = ReadonlyMap<string, Editable["geometry"]>;

const pageBox = ({ width, height }: ShapePage): Rect => [0, 0, width, height];

/**
 * Moves all by the same distance as shown, in points along `page`; on a page that is turned otherwise the distance is turned too.
 * What is inside its page stays inside, together with the others on that page.
 */
export function moveItems(items: readonly ShapeItem[], page: ShapePage, dx: number, dy: number): Geometries {
  const [shownX, shownY] = turnBy(dx, dy, page.rotation);
  const geometries = new Map<string, Editable["geometry"]>();
  for (const own of new Map(items.map((item) => [item.page.pageId, item.page])).values()) {
    const together = items.filter((item) => item.page.pageId === own.pageId);
    const wanted = turnBy(shownX, shownY, -own.rotation);
    const [x, y] = moveWithin(union(together.map(({ annotation }) => boundsOfAnnotation(annotation))), ...wanted, pageBox(own));
    for (const { id, annotation } of together) geometries.set(id, kindOf(annotation).moved(annotation, x, y));
  }
  return geometries;
}

/** Drags one handle by a distance in points along the item's page. */
export function resizeItem(
  { annotation, page }: ShapeItem,
  handle: Handle,
  dx: number,
  dy: number,
  keepAspect: boolean,
): Editable["geometry"] {
  const kind = kindOf(annotation);
  const to = resizeFrame(kind.frame(annotation), handle, dx, dy, { minimum: kind.minimum, keepAspect, within: pageBox(page) });
  return kind.resized(annotation, to, handle);
}
