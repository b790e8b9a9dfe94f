/**
 * What a revision's file says of itself: made once by `prepare`, the first line of the revision's base blob. Pages of the same shape
 * are runs, so that ten thousand of them are a few numbers.
 */
import type { OutlineItem, Rotation } from "@lectern/protocol";
import type { Manifest, PageInfo, PdfMetadata, PdfPermissions } from "@lectern/pdf";

/** Points before rotation; `rotation` is what the file's /Rotate says. */
export interface PageShape {
  readonly width: number;
  readonly height: number;
  readonly rotation: Rotation;
  readonly boxes: PageInfo["boxes"];
}

/** Of what `prepare` makes of a file. One more whenever other records come of the same file: then bases are made anew when they are next read. */
export const PREPARE_VERSION = 6;

export interface StoredManifest {
  /** Of the `prepare` that made it; the first version did not say. */
  readonly version?: number;
  readonly pageCount: number;
  readonly shapes: readonly PageShape[];
  /** In page order: so many pages have the shape with this index. */
  readonly runs: readonly (readonly [count: number, shape: number])[];
  /** Labels that differ from the page's number, by page index. */
  readonly labels: Readonly<Record<string, string>>;
  /** Destinations name page ids. */
  readonly outline: readonly OutlineItem[];
  readonly permissions: PdfPermissions;
  readonly metadata: PdfMetadata;
  readonly encrypted: boolean;
  readonly hasXfa: boolean;
  readonly signatureCount: number;
}

/** Shape of one page; null when there is no such page. */
export function shapeOf(manifest: StoredManifest, index: number): PageShape | null {
  if (index < 0 || index >= manifest.pageCount) return null;
  let first = 0;
  for (const [count, shape] of manifest.runs) {
    if (index < first + count) return manifest.shapes[shape] ?? null;
    first += count;
  }
  return null;
}

/** Label shown for a page: its number when the file gives none. */
export function labelOf(manifest: StoredManifest, index: number): string {
  return manifest.labels[index] ?? String(index + 1);
}

export function storedManifest(manifest: Manifest): StoredManifest {
  const { pages, ...rest } = manifest;
  return { version: PREPARE_VERSION, pageCount: pages.length, ...pageRuns(pages), ...rest };
}

/** Gathers pages into shapes and runs. */
function pageRuns(pages: readonly PageInfo[]): Pick<StoredManifest, "shapes" | "runs" | "labels"> {
  const shapes: PageShape[] = [];
  const known = new Map<string, number>();
  const runs: [number, number][] = [];
  const labels: Record<string, string> = {};
  let index = 0;
  for (const { width, height, rotation, boxes, label } of pages) {
    const shape: PageShape = { width, height, rotation, boxes };
    const key = JSON.stringify(shape);
    let at = known.get(key);
    if (at === undefined) {
      at = shapes.push(shape) - 1;
      known.set(key, at);
    }
    const last = runs.at(-1);
    if (last !== undefined && last[1] === at) last[0]++;
    else runs.push([1, at]);
    if (label !== null && label !== String(index + 1)) labels[index] = label;
    index++;
  }
  return { shapes, runs, labels };
}
