/**
 * Text recognition: a page is drawn, a program reads what is written in the picture, and the words lie over the page as text that is not seen.
 * Words that the page has as text already are left out, so that doing it twice changes nothing.
 */
import { readFile } from "node:fs/promises";
import type { ComposedPage, Composition, PageText, RecognisedLine, RecognisedPage } from "@lectern/pdf";
import { type Op, pageSpace, type Rotation } from "@lectern/protocol";
import { ApiError, FULL_GRANTS } from "@lectern/protocol/plain";
import { withChangesFile } from "../documents/changes-file.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import { type StoredManifest, shapeOf } from "../documents/manifest.ts";
import { renderSource } from "../documents/password.ts";
import { noticingQuarantine } from "../documents/quarantine.ts";
import { commitLarge } from "../layers/large-change.ts";
import type { LayerPage } from "../layers/pages.ts";
import type { RenderSource } from "../ports.ts";
import { type ContentContext, contentIn, expecting, requirePages } from "./content.ts";
import { ownBlob, withTarget } from "./own-blob.ts";

/** Dots an inch at which letters of ordinary size are read best. */
const BEST_DPI = 300;
const MOST_PIXELS = 25_000_000;

export interface PageToRead {
  readonly index: number;
  /** Clockwise, on top of what the file says: as it is shown. */
  readonly rotation: Rotation;
}

/** What is written in the pictures of these pages of a file; pages where nothing new is found are left out. Throws ApiError as `Recogniser` does. */
export async function recognisedPages(
  deps: Pick<DocumentDeps, "renderer" | "recogniser" | "tempDir" | "clock" | "random">,
  source: RenderSource,
  {
    pages,
    languages,
    signal,
  }: { readonly pages: readonly PageToRead[]; readonly languages: readonly string[]; readonly signal: AbortSignal },
): Promise<RecognisedPage[]> {
  const { renderer, recogniser } = deps;
  await recogniser.require(languages);
  const manifest = await manifestOf(deps, source, signal);
  const found: RecognisedPage[] = [];
  for (const { index, rotation } of pages) {
    const shape = shapeOf(manifest, index);
    if (shape === null) continue;
    const turned = ((shape.rotation + rotation) % 360) as Rotation;
    const [width, height] = turned % 180 === 0 ? [shape.width, shape.height] : [shape.height, shape.width];
    const scale = Math.min(BEST_DPI / 72, Math.sqrt(MOST_PIXELS / (width * height)));
    const pixels = Math.max(1, Math.round(width * scale));
    const image = await renderer.image(source, { page: index, width: pixels, rotation, format: "png", annotations: "none", signal });
    const points = width / pixels;
    const lines = await recogniser.recognise(image, { languages, dpi: 72 / points, signal });
    const text = JSON.parse(await renderer.text(source, index, { signal })) as PageText;
    const space = pageSpace({ width: shape.width, height: shape.height, rotation: turned, crop: null });
    const there = text.runs.filter((run) => run.text.trim() !== "").map(({ bbox }) => space.rectToShown(bbox));
    const fresh = lines.map((line) => scaled(line, points)).flatMap((line) => without(line, there));
    if (fresh.length > 0) found.push({ index, rotation, lines: fresh });
  }
  return found;
}

/** Pages of the layer get the text that is recognised in them; what lies on them stays. `wanted`: indexes of the layer's pages. */
export async function recogniseText(
  { deps, layer, userId, signal }: ContentContext,
  { wanted, languages }: { readonly wanted: ReadonlySet<number>; readonly languages: readonly string[] },
): Promise<number> {
  requirePages(layer);
  await deps.recogniser.require(languages);
  const { document, room } = layer;
  const key = { applicationId: document.applicationId, documentId: document.id };
  const pages = [...layer.pages()].filter(({ index, data }) => wanted.has(index) && data.content !== null);
  const ops: Op[] = [];
  for (const blob of new Set(pages.map(({ data }) => data.content!.source))) {
    const source = await renderSource(deps, document, blob);
    const shownAt = new Map<number, LayerPage[]>();
    for (const page of pages) {
      if (page.data.content!.source !== blob) continue;
      const { sourceIndex } = page.data.content!;
      shownAt.set(sourceIndex, [...(shownAt.get(sourceIndex) ?? []), page]);
    }
    const recognised = await noticingQuarantine(deps, document, () =>
      recognisedPages(deps, source, {
        pages: [...shownAt].map(([index, [first]]) => ({ index, rotation: first!.data.rotation })),
        languages,
        signal,
      }),
    );
    if (recognised.length === 0) continue;
    const { pageCount } = await deps.renderer.probe(source, signal);
    const { sha256 } = await ownBlob(deps, key, (target) =>
      withChangesFile(deps, { changes: [], modifiedAt: null, composition: withRecognised(pageCount, recognised) }, (changes) =>
        deps.renderer.export(source, { target, changes, annotations: true, flatten: false, others: [], securityOf: source, signal }),
      ),
    );
    for (const { index } of recognised)
      for (const { id, data } of shownAt.get(index)!) ops.push(["u", id, { content: contentIn(layer, sha256, data) }]);
  }
  if (ops.length === 0) return room.seq;
  const grants = { ...FULL_GRANTS, userId: layer.grants.userId };
  return (await commitLarge(room, ops, { grants, userId, session: layer.sessionId, expects: expecting(pages) })).seq;
}

/** The file page for page, with this text. */
export function withRecognised(
  pageCount: number,
  recognised: readonly RecognisedPage[],
): Omit<Composition, "files" | "encryption" | "watermarks"> & { readonly watermarks: [] } {
  const pages = Array.from({ length: pageCount }, (_, index): ComposedPage => ({
    id: `page ${index}`,
    file: 0,
    index,
    keepsAnnotations: true,
    rotation: 0,
    size: [1, 1],
    crop: null,
    label: "",
  }));
  return { pages, writeLabels: false, metadata: null, watermarks: [], recognised };
}

async function manifestOf(
  deps: Pick<DocumentDeps, "renderer" | "tempDir" | "clock" | "random">,
  source: RenderSource,
  signal: AbortSignal,
): Promise<StoredManifest> {
  return withTarget(deps, async (target) => {
    await deps.renderer.prepare(source, { revision: 1, target, signal });
    const [first = ""] = (await readFile(target, "utf8")).split("\n", 1);
    const { manifest } = JSON.parse(first) as { readonly manifest?: StoredManifest };
    if (manifest === undefined) throw new ApiError("document_failed", "The file has no pages that can be read");
    return manifest;
  });
}

function scaled({ top, height, words }: RecognisedLine, by: number): RecognisedLine {
  return {
    top: top * by,
    height: height * by,
    words: words.map(({ text, left, width }) => ({ text, left: left * by, width: width * by })),
  };
}

/** None when nothing of it is left. */
function without(
  { top, height, words }: RecognisedLine,
  there: readonly (readonly [left: number, top: number, width: number, height: number])[],
): RecognisedLine[] {
  const middle = top + height / 2;
  const left = words.filter(({ left: start, width }) => {
    const x = start + width / 2;
    return !there.some(([l, t, w, h]) => x > l && x < l + w && middle > t && middle < t + h);
  });
  return left.length === 0 ? [] : [{ top, height, words: left }];
}
