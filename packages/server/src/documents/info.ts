/** What a document says of itself in the published shapes: `document_info` and the outline. */
import type { DocumentInfo, Outline, OutlineItem, Rotation } from "@lectern/protocol";
import { checkData, pageSpace } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import type { LayerPage, LayerPages } from "../layers/pages.ts";
import type { DocumentBase } from "./base.ts";
import { type PageShape, shapeOf } from "./manifest.ts";

export function documentInfo(title: string | null, { manifest }: DocumentBase, pages: LayerPages): DocumentInfo {
  return {
    title: title ?? manifest.metadata.title ?? null,
    pageCount: pages.count,
    hasXFA: manifest.hasXfa,
    metadata: { ...manifest.metadata },
    permissions: { ...manifest.permissions },
    pages: [...pages].map((page) => pageInfo(page, page.data.content === null ? null : shapeOf(manifest, page.data.content.sourceIndex))),
  };
}

/** Boxes are `[left, bottom, right, top]` in the file's own space, y up. */
function pageInfo({ index, id, label, shown }: LayerPage, shape: PageShape | null): DocumentInfo["pages"][number] {
  const { width, height } = pageSpace(shown);
  const media = shape?.boxes.media ?? [0, 0, shown.width, shown.height];
  const [left, bottom, right, top] = shape?.boxes.crop ?? media;
  const { crop, bleed, trim, art } = shape?.boxes ?? { crop: null, bleed: null, trim: null, art: null };
  const matrix = matrixOf(shown.rotation, left, bottom, right, top);
  return {
    pageIndex: index,
    pageId: id,
    pageLabel: label,
    width,
    height,
    rotation: shown.rotation,
    matrix,
    reverseMatrix: inverse(matrix),
    transformedBBox: [0, 0, width, height],
    untransformedBBox: [left, bottom, right - left, top - bottom],
    rawPdfBoxes: {
      mediaBox: [...media],
      ...(crop === null ? {} : { cropBox: [...crop] }),
      ...(bleed === null ? {} : { bleedBox: [...bleed] }),
      ...(trim === null ? {} : { trimBox: [...trim] }),
      ...(art === null ? {} : { artBox: [...art] }),
    },
  };
}

type Matrix = [number, number, number, number, number, number];

/** From the file's space to the page as shown with its origin at the bottom left: x' = ax + cy + e, y' = bx + dy + f. */
function matrixOf(rotation: Rotation, left: number, bottom: number, right: number, top: number): Matrix {
  switch (rotation) {
    case 0:
      return [1, 0, 0, 1, 0 - left, 0 - bottom];
    case 90:
      return [0, -1, 1, 0, 0 - bottom, right];
    case 180:
      return [-1, 0, 0, -1, right, top];
    case 270:
      return [0, 1, -1, 0, top, 0 - left];
  }
}

/** Of a turn and a shift: its determinant is 1. */
function inverse([a, b, c, d, e, f]: Matrix): Matrix {
  return [d, 0 - b, 0 - c, a, c * f - d * e, b * e - a * f];
}

interface OutlineElement {
  type: string;
  title: string;
  children?: OutlineElement[];
}

/** Destinations by page index; a deleted page's bookmark leads nowhere. */
export function outlineElements(items: readonly OutlineItem[], pages: LayerPages): OutlineElement[] {
  return items.map((item) => {
    const action = actionOf(item, pages);
    return {
      type: "pspdfkit/outline-element",
      title: item.title,
      isExpanded: item.isExpanded ?? false,
      isBold: item.isBold ?? false,
      isItalic: item.isItalic ?? false,
      ...(item.color === undefined ? {} : { color: item.color }),
      ...(action === null ? {} : { action }),
      children: outlineElements(item.children ?? [], pages),
    };
  });
}

/** The outline that these elements describe, as `outlineElements` gives them. Throws ApiError `unprocessable`. */
export function outlineFrom(elements: readonly object[], pages: LayerPages): readonly OutlineItem[] {
  const tree = elements.map((element) => itemFrom(element, pages));
  const checked = checkData("outline", { tree }, "$");
  if (checked.ok) return (checked.value as Outline).tree;
  const failingPaths = checked.failingPaths.map(({ path, details }) => ({ path: path.replace("$.tree", "$.outline"), details }));
  throw new ApiError("unprocessable", `${failingPaths[0]!.path}: ${failingPaths[0]!.details}`, { failingPaths });
}

function itemFrom(element: object, pages: LayerPages): object {
  const {
    type: _type,
    action,
    children,
    ...rest
  } = element as { readonly type?: unknown; readonly action?: unknown; readonly children?: unknown };
  const leads = actionFrom(action, pages);
  return {
    ...rest,
    ...(leads === null ? {} : { action: leads }),
    ...(Array.isArray(children) && children.length > 0
      ? { children: children.map((child: unknown) => (typeof child === "object" && child !== null ? itemFrom(child, pages) : child)) }
      : {}),
  };
}

function actionFrom(action: unknown, pages: LayerPages): object | null {
  if (typeof action !== "object" || action === null) return null;
  if (!("type" in action) || action.type !== "goTo" || !("pageIndex" in action)) return action;
  const { pageIndex, ...rest } = action;
  const page = typeof pageIndex === "number" ? pages.idAt(pageIndex) : null;
  if (page === null) throw new ApiError("unprocessable", `$.outline: there is no page ${String(pageIndex)}`);
  const { pageId: _pageId, ...place } = rest as { readonly pageId?: unknown };
  return { ...place, page };
}

function actionOf({ action }: OutlineItem, pages: LayerPages): object | null {
  if (action === undefined) return null;
  if (action.type !== "goTo") return action;
  const { page, ...place } = action;
  const pageIndex = pages.indexOf(page);
  return pageIndex === null ? null : { ...place, pageIndex, pageId: page };
}
