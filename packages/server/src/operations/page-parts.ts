/**
 * Instructions as a list of pages: parts that only order, turn, repeat, add and import pages keep the pages that they name, with all that hangs on
 * them; of the others new pages are made.
 */
import type { BuildAction, BuildInstructions, BuildOutput, BuildPart } from "@lectern/protocol";
import type { ReadLayer } from "../layers/reading.ts";
import { rangeOf } from "./build.ts";
import { blankSize } from "./page-layout.ts";
import { unprocessable } from "./page-operations.ts";
import { copied, inserted, newPage, type PageList, pageList, type PlanContext, type PlannedPage, turned } from "./page-plan.ts";

export interface PartsContext extends PlanContext {
  readonly layer: ReadLayer;
  readonly isSelf: (document: { readonly id: string; readonly layer?: string }) => boolean;
  /** New pages, of a part that makes content. */
  readonly content: (part: BuildPart) => Promise<PageList>;
  /** Pages of another document. */
  readonly imports: (document: { readonly documentId: string; readonly layer?: string }, path: string) => Promise<PageList>;
}

/** Null: actions of the whole make new content of every page. */
export async function pagesOf({ parts, actions = [] }: BuildInstructions, context: PartsContext): Promise<PageList | null> {
  const isPlain = (each: readonly BuildAction[]): boolean => each.every(({ type }) => type === "rotate");
  if (!isPlain(actions)) return null;
  const own = pageList(context.layer.pages());
  let list: PageList = [];
  for (const [index, part] of parts.entries()) {
    const path = `$.parts[${index}]`;
    if (!isPlain(part.actions ?? []) || !("page" in part || "document" in part)) {
      list = inserted(list, list.length, await context.content(part), context);
      continue;
    }
    const pages = await pagesOfPart(part, { own, used: new Set(list.map(({ id }) => id)), path, context });
    list = inserted(list, list.length, rotated(pages, part.actions ?? []), context);
  }
  return rotated(list, actions);
}

/** With the labels that the output names. */
export function labelled(list: PageList, { labels = [] }: Pick<Extract<BuildOutput, { type?: "pdf" }>, "labels">): PageList {
  const named = new Map(labels.flatMap(({ pages, label }) => rangeOf(pages, list.length).map((index) => [index, label] as const)));
  return list.map((page, index) => (named.has(index) ? { ...page, data: { ...page.data, label: named.get(index)! } } : page));
}

async function pagesOfPart(
  part: BuildPart,
  {
    own,
    used,
    path,
    context,
  }: { readonly own: PageList; readonly used: ReadonlySet<string>; readonly path: string; readonly context: PartsContext },
): Promise<PageList> {
  if ("page" in part) {
    const size = blankSize(part.layout ?? {}, path);
    return Array.from({ length: part.pageCount ?? 1 }, () => newPage(context, size));
  }
  if (!("document" in part)) return [];
  const { id, layer } = part.document;
  const isSelf = context.isSelf({ id, ...(layer === undefined ? {} : { layer }) });
  const all = isSelf ? own : await context.imports({ documentId: id, ...(layer === undefined ? {} : { layer }) }, `${path}.document`);
  const indexes = rangeOf(part.pages ?? {}, all.length);
  if (indexes.length === 0) throw unprocessable(`${path}.pages`, `holds no page: there are ${all.length}`);
  const pages = indexes.map((index) => all[index]!);
  // A page is there once; what names it again gets a copy.
  return isSelf ? pages.map((page): PlannedPage => (used.has(page.id) ? copied(context, [page])[0]! : page)) : pages;
}

function rotated(list: PageList, actions: readonly BuildAction[]): PageList {
  const by = actions.reduce((sum, action) => sum + (action.type === "rotate" ? action.rotateBy : 0), 0);
  return by === 0 ? list : list.map((page) => ({ ...page, data: { ...page.data, rotation: turned(page.data.rotation + by) } }));
}
