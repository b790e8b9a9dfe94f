/**
 * What readers see of a document's pages: the viewer's images (content only, never changing), the API's images (with the layer's annotations)
 * and text. Everything is made once and cached. See search.ts for what is found in it.
 */
import { createHash } from "node:crypto";
import { type PageText, type TextLine, textLines } from "@lectern/pdf";
import { ApiError, IMAGE_WIDTHS, TILE_WIDTHS } from "@lectern/protocol/plain";
import type { ImageFormat, Priority, RenderSource } from "../ports.ts";
import type { CacheKey } from "../render/cache.ts";
import type { ComposedPages } from "../operations/composition.ts";
import { changesOf, type ExportRecords, withChangesFile } from "./changes-file.ts";
import type { DocumentDeps } from "./deps.ts";
import { PREPARE_VERSION } from "./manifest.ts";
import { renderSource } from "./password.ts";
import { noticingQuarantine } from "./quarantine.ts";
import { noSuchDocument } from "./status.ts";
import { type DocumentKey, type DocumentRow, findDocument } from "./store.ts";

/** A page of a file that the document uses. The caller has checked that it may be seen (its layer shows it). */
export interface PageRequest extends DocumentKey {
  readonly blob: string;
  /** Index in that file. */
  readonly index: number;
  readonly signal?: AbortSignal;
}

/** In the names of cached images: which annotations are records, and so are not in the picture, hangs on how the file was read. */
const VERSION = `p${PREPARE_VERSION}`;

/** Pages drawn ahead of a reader: the next two, and the one before. */
const NEIGHBOURS = [1, 2, -1] as const;

/**
 * The viewer's image, WebP: page content and what is no record. `width` is a rung of IMAGE_WIDTHS. Never changes for the same blob, index and
 * width. Draws the neighbours ahead, and encodes smaller later what was drawn in haste. Throws ApiError `not_found` (page, width, or a blob of another document), `document_failed`, `too_large`, `unavailable`.
 */
export async function pageImage(deps: DocumentDeps, request: PageRequest & { readonly width: number }): Promise<Uint8Array> {
  const { width, signal } = request;
  if (!(IMAGE_WIDTHS as readonly number[]).includes(width))
    throw new ApiError("not_found", `Images are ${IMAGE_WIDTHS.join(", ")} pixels wide`);
  const draw = async (index: number, priority: Priority, wanted: AbortSignal | undefined): Promise<Uint8Array> => {
    const key = imageCacheKey({ ...request, index, width });
    return deps.cache.get(
      key,
      async (made) => {
        const { document, source } = await pageSource(deps, { ...request, index });
        const options = { page: index, width, format: "webp", annotations: "others" } as const;
        const fast = await noticingQuarantine(deps, document, () => deps.renderer.image(source, { ...options, priority, signal: made }));
        storeSmallerLater(deps, key, fast, (signal) =>
          deps.renderer.image(source, { ...options, encoding: "small", priority: "idle", signal }),
        );
        return fast;
      },
      wanted,
    );
  };
  await requireUse(deps, request);
  const bytes = await draw(request.index, "interactive", signal);
  for (const step of NEIGHBOURS) {
    const index = request.index + step;
    const key = imageCacheKey({ ...request, index, width });
    if (index < 0 || deps.cache.has(key)) continue;
    deps.ahead.want(`${key.applicationId}/${key.blob}/${key.name}`, (made) => draw(index, "ahead", made));
  }
  return bytes;
}

/**
 * What was encoded quickly, as somebody waited, is encoded again when nobody does: the same picture in fewer bytes. It takes the place of the
 * first one if that is still wanted.
 */
function storeSmallerLater(
  deps: DocumentDeps,
  key: CacheKey,
  fast: Uint8Array,
  encode: (signal: AbortSignal) => Promise<Uint8Array>,
): void {
  deps.idle.want(`${key.applicationId}/${key.blob}/${key.name}`, async (signal) => {
    const small = await encode(signal);
    // Not what was deleted or pushed out meanwhile.
    if (small.length < fast.length && deps.cache.has(key)) await deps.cache.put(key, small);
  });
}

/** Runs with the positions of their characters, as JSON of PageText. Never changes for the same blob and index. */
export async function pageTextJson(deps: DocumentDeps, request: PageRequest): Promise<Uint8Array> {
  await requireUse(deps, request);
  const { applicationId, blob, index, signal } = request;
  return deps.cache.get(
    { applicationId, blob, name: `${index}-text2.json` },
    async (made) => {
      const { document, source } = await pageSource(deps, request);
      return Buffer.from(await noticingQuarantine(deps, document, () => deps.renderer.text(source, index, { signal: made })));
    },
    signal,
  );
}

export async function pageText(deps: DocumentDeps, request: PageRequest): Promise<PageText> {
  return JSON.parse(Buffer.from(await pageTextJson(deps, request)).toString()) as PageText;
}

/** In points of the source page. */
export async function pageTextLines(deps: DocumentDeps, request: PageRequest): Promise<TextLine[]> {
  return textLines(await pageText(deps, request));
}

export interface RenderedPageRequest extends PageRequest {
  /** Pixels of the page as shown: exactly one of them. */
  readonly width?: number;
  readonly height?: number;
  readonly format: ImageFormat;
  /** The page record's, on top of the file's. */
  readonly rotation?: 0 | 90 | 180 | 270;
  /** What the layer changed, of this page; the rest of the file's annotations is drawn as it is. null: without any annotation that is a record. */
  readonly changes: ExportRecords | null;
  /** Groups of optional content to show, and no others; left out: as the file says. */
  readonly contentGroups?: readonly number[];
  /** Of a page that is not one of the revision: its file's annotations are not its own. */
  readonly composed?: { readonly page: string; readonly composition: ComposedPages["composition"] } | null;
}

/** The API's image: the page with the layer's annotations. `etag` (unquoted) changes only when the picture does. */
export async function renderedPage(
  deps: DocumentDeps,
  request: RenderedPageRequest,
): Promise<{ readonly bytes: Uint8Array; readonly etag: string }> {
  await requireUse(deps, request);
  const { applicationId, blob, index, width, height, format, rotation = 0, changes, contentGroups, composed = null, signal } = request;
  const records = changes?.records ?? [];
  const drawn = changes === null ? "others" : records.length === 0 ? (composed === null ? "all" : "composed") : digest(records);
  const size = width === undefined ? `h${height}` : `w${width}`;
  const groups = contentGroups === undefined ? "" : `-ocg${digest([...new Set(contentGroups)].toSorted((a, b) => a - b))}`;
  const page = composed === null ? "" : `-page${digest(composed.composition)}`;
  const name = `${index}-${VERSION}${drawn}${page}${groups}-${rotation}-${size}.${format}`;
  const bytes = await deps.cache.get(
    { applicationId, blob, name },
    async (made) => {
      const { document, source } = await pageSource(deps, request);
      const options = {
        page: index,
        ...(width === undefined ? { height: height! } : { width }),
        format,
        rotation,
        signal: made,
        ...(contentGroups === undefined ? {} : { contentGroups }),
      };
      if (composed !== null && changes !== null) {
        const file = { ...(await changesOf(deps, document, { records })), composition: composed.composition };
        return withChangesFile(deps, file, (path) =>
          noticingQuarantine(deps, document, () =>
            deps.renderer.image(source, { ...options, annotations: "all", changes: path, others: [] }),
          ),
        );
      }
      if (records.length === 0)
        return noticingQuarantine(deps, document, () =>
          deps.renderer.image(source, { ...options, annotations: changes === null ? "others" : "all" }),
        );
      return withChangesFile(deps, await changesOf(deps, document, changes!), (path) =>
        noticingQuarantine(deps, document, () => deps.renderer.image(source, { ...options, annotations: "all", changes: path })),
      );
    },
    signal,
  );
  return { bytes, etag: createHash("sha256").update(`${blob}/${name}`).digest("base64url").slice(0, 27) };
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);
}

/** One tile of a page that is shown larger than any image: `width` is one of TILE_WIDTHS. Throws ApiError as `pageImage` does. */
export async function pageTile(
  deps: DocumentDeps,
  request: PageRequest & { readonly width: number; readonly tile: readonly [column: number, row: number] },
): Promise<Uint8Array> {
  const { applicationId, blob, index, width, tile, signal } = request;
  if (!(TILE_WIDTHS as readonly number[]).includes(width))
    throw new ApiError("not_found", `Tiles are of pages ${TILE_WIDTHS.join(", ")} pixels wide`);
  await requireUse(deps, request);
  const key = { applicationId, blob, name: `${index}-${VERSION}_-${width}-${tile.join("-")}.webp` };
  return deps.cache.get(
    key,
    async (made) => {
      const { document, source } = await pageSource(deps, request);
      const options = { page: index, width, tile, format: "webp", annotations: "others" } as const;
      const fast = await noticingQuarantine(deps, document, () =>
        deps.renderer.image(source, { ...options, priority: "interactive", signal: made }),
      );
      storeSmallerLater(deps, key, fast, (idle) =>
        deps.renderer.image(source, { ...options, encoding: "small", priority: "idle", signal: idle }),
      );
      return fast;
    },
    signal,
  );
}

/** One of the viewer's images, for `prepare`: no document needs to be ready for it. */
export function drawPage(
  deps: DocumentDeps,
  document: DocumentRow,
  page: {
    readonly source: RenderSource;
    readonly index: number;
    readonly width: number;
    readonly encoding: "fast" | "small";
    readonly priority: Priority;
    readonly signal?: AbortSignal;
  },
): Promise<Uint8Array> {
  const { source, index, width, encoding, priority, signal } = page;
  const key = imageCacheKey({ applicationId: document.applicationId, blob: source.sha256, index, width });
  return deps.cache.get(
    key,
    (made) => deps.renderer.image(source, { page: index, width, format: "webp", annotations: "others", encoding, priority, signal: made }),
    signal,
  );
}

/** Where the viewer's image is cached. */
export function imageCacheKey({
  applicationId,
  blob,
  index,
  width,
}: {
  readonly applicationId: string;
  readonly blob: string;
  readonly index: number;
  readonly width: number;
}): CacheKey {
  // `_`: no variant, such as hidden content groups.
  return { applicationId, blob, name: `${index}-${VERSION}_-${width}.webp` };
}

async function requireUse(deps: DocumentDeps, request: PageRequest): Promise<void> {
  if (!(await deps.uses.has(request, request.blob))) throw new ApiError("not_found", "The document has no such page");
}

/** On a miss: the document's row and file. */
async function pageSource(
  deps: DocumentDeps,
  request: PageRequest,
): Promise<{ readonly document: DocumentRow; readonly source: RenderSource }> {
  const document = await findDocument(deps.database, request);
  if (document === null) throw noSuchDocument();
  const isSource = request.blob === document.sourceSha256;
  if (isSource && document.pageCount !== null && request.index >= document.pageCount)
    throw new ApiError("not_found", `The document has ${document.pageCount} pages`);
  return { document, source: await renderSource(deps, document, request.blob) };
}
