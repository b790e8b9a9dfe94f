/** The published operations on pages: what each does to the list of pages, and who may import what. */
import { type Page, type PageOperation, pageSpace, type Rect } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import type { LayerPages } from "../layers/pages.ts";
import { changedPages, copied, inserted, newPage, type PageList, type PlanContext, turned } from "./page-plan.ts";

type Indexes = Extract<PageOperation, { type: "rotatePages" }>["pageIndexes"];
type Import = Extract<PageOperation, { type: "importDocument" }>;

export interface OperationContext extends PlanContext {
  /** The layer's pages as they were. */
  readonly before: LayerPages;
  /** Content of a page of this size (points) that is of one colour. */
  readonly colored: (size: readonly [number, number], color: string) => Promise<Page["content"]>;
  /** Pages of another document, ready to be inserted. */
  readonly imports: (operation: Import["importedDocument"], path: string) => Promise<PageList>;
}

/** What changes the pages; the others change content or metadata. */
export type ListOperation = Extract<
  PageOperation,
  {
    type:
      | "addPage"
      | "duplicatePages"
      | "rotatePages"
      | "keepPages"
      | "removePages"
      | "movePages"
      | "setPageLabel"
      | "cropPages"
      | "importDocument";
  }
>;

const LIST_OPERATIONS: ReadonlySet<string> = new Set([
  "addPage",
  "duplicatePages",
  "rotatePages",
  "keepPages",
  "removePages",
  "movePages",
  "setPageLabel",
  "cropPages",
  "importDocument",
]);

export function isListOperation(operation: PageOperation): operation is ListOperation {
  return LIST_OPERATIONS.has(operation.type);
}

const WHITE = "#ffffff";
const A4 = [595, 842] as const;

/** Throws ApiError `unprocessable` with the failing path. */
export async function applied(list: PageList, operation: ListOperation, context: OperationContext, path: string): Promise<PageList> {
  switch (operation.type) {
    case "addPage": {
      const { pageWidth = A4[0], pageHeight = A4[1], rotateBy = 0, backgroundColor: color = WHITE } = operation;
      if (operation.insets?.some((inset) => inset !== 0) === true)
        throw unprocessable(`${path}.insets`, "a new page is blank: there is nothing that insets could keep from its edges");
      const place = placeOf(list, operation, path);
      const page = newPage(context, [pageWidth, pageHeight], rotateBy);
      if (color.toLowerCase() === WHITE) return inserted(list, place, [page], context);
      const content = await context.colored([pageWidth, pageHeight], color);
      return inserted(list, place, [{ ...page, data: { ...page.data, content } }], context);
    }
    case "duplicatePages": {
      const indexes = indexesOf(list, operation.pageIndexes, path);
      const copies = copied(
        context,
        indexes.map((index) => list[index]!),
      );
      if (operation.afterPageIndex !== undefined || operation.beforePageIndex !== undefined)
        return inserted(list, placeOf(list, operation, path), copies, context);
      // Each behind its original.
      const behind = new Map(indexes.map((index, at) => [index, copies[at]!]));
      return inserted(list, list.length, copies, context).length > 0
        ? list.flatMap((page, index) => (behind.has(index) ? [page, behind.get(index)!] : [page]))
        : list;
    }
    case "rotatePages": {
      const { rotateBy } = operation;
      return changedPages(list, new Set(indexesOf(list, operation.pageIndexes, path)), ({ data }) => ({
        rotation: turned(data.rotation + rotateBy),
      }));
    }
    case "keepPages": {
      const kept = new Set(indexesOf(list, operation.pageIndexes, path));
      return list.filter((_, index) => kept.has(index));
    }
    case "removePages": {
      const gone = new Set(indexesOf(list, operation.pageIndexes, path));
      return list.filter((_, index) => !gone.has(index));
    }
    case "movePages": {
      const indexes = indexesOf(list, operation.pageIndexes, path);
      const at = placeOf(list, operation, path);
      const moving = new Set(indexes);
      const rest = (from: number, to: number): PageList => list.slice(from, to).filter((_, index) => !moving.has(from + index));
      return [...rest(0, at), ...indexes.map((index) => list[index]!), ...rest(at, list.length)];
    }
    case "setPageLabel":
      return changedPages(list, new Set(indexesOf(list, operation.pageIndexes, path)), () => ({ label: operation.pageLabel }));
    case "cropPages": {
      const { cropBox } = operation;
      return changedPages(list, new Set(indexesOf(list, operation.pageIndexes, path)), (page) => {
        if (cropBox === null) return { crop: null };
        const [width, height] = page.data.size;
        const shown =
          context.before.indexOf(page.id) === null
            ? { width, height, rotation: page.data.rotation, crop: page.data.crop }
            : context.before.shown(page.id);
        const [x, y, w, h] = pageSpace(shown).rectToSource(cropBox as Rect);
        const [left, top] = [Math.max(0, x), Math.max(0, y)];
        const crop: Rect = [left, top, Math.min(width, x + w) - left, Math.min(height, y + h) - top];
        if (!(crop[2] >= 1 && crop[3] >= 1)) throw unprocessable(`${path}.cropBox`, "leaves nothing of the page");
        return { crop };
      });
    }
    case "importDocument": {
      const pages = await context.imports(operation.importedDocument, `${path}.importedDocument`);
      return inserted(list, placeOf(list, operation, path), pages, context);
    }
  }
}

/** Each once, in the order given; a negative one counts from the end, -1 is the last page. */
export function indexesOf(list: { readonly length: number }, wanted: Indexes, path: string): number[] {
  if (wanted === "all") return Array.from({ length: list.length }, (_, index) => index);
  return [...new Set(wanted.map((index, at) => indexOf(list, index, `${path}.pageIndexes[${at}]`)))];
}

function indexOf({ length }: { readonly length: number }, wanted: number | "first" | "last", path: string): number {
  const index = wanted === "first" ? 0 : wanted === "last" ? length - 1 : wanted < 0 ? length + wanted : wanted;
  if (index < 0 || index >= length) throw unprocessable(path, `there is no page ${wanted}: there are ${length}`);
  return index;
}

function placeOf(
  list: PageList,
  {
    afterPageIndex,
    beforePageIndex,
  }: { readonly afterPageIndex?: number | "first" | "last"; readonly beforePageIndex?: number | "first" | "last" },
  path: string,
): number {
  if ((afterPageIndex === undefined) === (beforePageIndex === undefined))
    throw unprocessable(path, "give one of afterPageIndex and beforePageIndex");
  // Before the first page of none, and after the page -1, is the beginning.
  if (afterPageIndex === -1) return 0;
  if (beforePageIndex === list.length) return list.length;
  return afterPageIndex !== undefined
    ? indexOf(list, afterPageIndex, `${path}.afterPageIndex`) + 1
    : indexOf(list, beforePageIndex!, `${path}.beforePageIndex`);
}

export function unprocessable(path: string, details: string): ApiError {
  return new ApiError("unprocessable", `${path}: ${details}`, { failingPaths: [{ path, details }] });
}
