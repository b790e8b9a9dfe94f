/**
 * Tiles over pages that are shown larger than any image of them: only those in sight, once scrolling rests, at the width that the screen can
 * show. The page's own image stays below, so nothing is ever blank.
 */
import { IMAGE_WIDTHS, TILE_PIXELS, TILE_WIDTHS } from "@lectern/protocol/plain";
import type { Rotation } from "@lectern/protocol";
import { croppedPart } from "./image-place.ts";
import { addRotations, type PageShape } from "./page-list.ts";
import type { PageElement } from "./page-view.ts";
import type { Scroller } from "./scroller.ts";

export interface Tile {
  /** Of the whole page, in pixels. */
  readonly width: number;
  readonly column: number;
  readonly row: number;
}

/** An element that shows the tile, ready to be drawn. */
export type LoadTile = (page: PageShape, tile: Tile, signal: AbortSignal) => Promise<HTMLElement>;

export interface PageTilesOptions {
  readonly scroller: Scroller;
  readonly load: LoadTile;
  /** Pixels a CSS pixel. */
  readonly pixelRatio: () => number;
}

/** What of the page's image is in sight, as parts of its width and height, as the image lies before it is turned. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const AT_ONCE = 4;
/** Of one page; those farthest from being seen go first. */
const MOST_TILES = 120;
const STRETCH = 1.06;
const LARGEST_IMAGE = IMAGE_WIDTHS.at(-1)!;

/** The width at which tiles are worth fetching for this many pixels; null: the page's image does. */
export function tileWidth(pixels: number): number | null {
  if (pixels <= LARGEST_IMAGE * STRETCH) return null;
  return TILE_WIDTHS.find((width) => width >= pixels / STRETCH) ?? TILE_WIDTHS.at(-1)!;
}

/** Tiles that touch the part, the middle ones first. `ratio`: height by width of the image. */
export function tilesOf(part: Part, width: number, ratio: number): readonly Tile[] {
  const height = Math.max(1, Math.round(width * ratio));
  const first = (share: number, size: number): number => Math.max(0, Math.floor((share * size) / TILE_PIXELS));
  const last = (share: number, size: number): number =>
    Math.min(Math.ceil(size / TILE_PIXELS), Math.ceil((share * size) / TILE_PIXELS)) - 1;
  const tiles: Tile[] = [];
  for (let row = first(part.top, height); row <= last(part.bottom, height); row++)
    for (let column = first(part.left, width); column <= last(part.right, width); column++) tiles.push({ width, column, row });
  const [x, y] = [((part.left + part.right) / 2) * width, ((part.top + part.bottom) / 2) * height];
  const distance = ({ column, row }: Tile): number => Math.hypot((column + 0.5) * TILE_PIXELS - x, (row + 0.5) * TILE_PIXELS - y);
  return tiles.toSorted((a, b) => distance(a) - distance(b));
}

/** The part in sight of a page as shown → of its image before it is turned clockwise. */
export function turnedBack({ left, top, right, bottom }: Part, rotation: Rotation): Part {
  switch (rotation) {
    case 0:
      return { left, top, right, bottom };
    case 90:
      return { left: top, top: 1 - right, right: bottom, bottom: 1 - left };
    case 180:
      return { left: 1 - right, top: 1 - bottom, right: 1 - left, bottom: 1 - top };
    case 270:
      return { left: 1 - bottom, top: left, right: 1 - top, bottom: right };
  }
}

interface Tiled {
  readonly layer: HTMLElement;
  width: number;
  readonly shown: Map<string, HTMLElement>;
  readonly loading: Map<string, AbortController>;
}

export class PageTiles {
  readonly #options: PageTilesOptions;
  readonly #pages = new Map<string, Tiled>();
  readonly #stops: (() => void)[];
  /** Does not come back for these until the page is seen anew. */
  readonly #failed = new Set<string>();

  constructor(options: PageTilesOptions) {
    this.#options = options;
    const { scroller } = options;
    this.#stops = [
      scroller.attach(
        ({ pageId }) =>
          () =>
            this.#drop(pageId),
      ),
      scroller.onViewing(({ settled }) => {
        if (settled) this.#pump();
      }),
      scroller.onMove(() => this.#pump()),
    ];
  }

  close(): void {
    for (const stop of this.#stops) stop();
    for (const id of this.#pages.keys()) this.#drop(id);
  }

  #drop(id: string): void {
    const tiled = this.#pages.get(id);
    if (tiled === undefined) return;
    this.#pages.delete(id);
    for (const stop of tiled.loading.values()) stop.abort();
    tiled.layer.remove();
    for (const key of this.#failed) if (key.startsWith(`${id} `)) this.#failed.delete(key);
  }

  #pump(): void {
    const { scroller, pixelRatio } = this.#options;
    const { first, last, settled } = scroller.viewing;
    for (const view of scroller.views.values()) {
      const width = view.shape.content === null ? null : tileWidth(view.imageWidth * pixelRatio());
      const part = width === null || view.index < first || view.index > last ? null : this.#inSight(view);
      if (width === null || part === null) this.#drop(view.pageId);
      else if (settled) this.#show(view, width, part);
    }
  }

  #inSight(view: PageElement): Part | null {
    const page = view.element.getBoundingClientRect();
    const window = this.#options.scroller.viewport.getBoundingClientRect();
    const share = (value: number, from: number, size: number): number => Math.min(1, Math.max(0, (value - from) / size));
    const part = {
      left: share(window.left, page.left, page.width),
      top: share(window.top, page.top, page.height),
      right: share(window.right, page.left, page.width),
      bottom: share(window.bottom, page.top, page.height),
    };
    if (part.right <= part.left || part.bottom <= part.top) return null;
    const back = turnedBack(part, addRotations(view.rotation, (360 - view.shape.sourceRotation) as Rotation));
    const crop = croppedPart(view.shape);
    if (crop === null) return back;
    const { left, top, width, height } = crop;
    return {
      left: left + back.left * width,
      top: top + back.top * height,
      right: left + back.right * width,
      bottom: top + back.bottom * height,
    };
  }

  #show(view: PageElement, width: number, part: Part): void {
    const tiled = this.#tiledPage(view, width);
    const sideways = view.shape.sourceRotation % 180 !== 0;
    const ratio = sideways ? view.width / view.height : view.height / view.width;
    const wanted = tilesOf(part, width, ratio);
    const keys = new Set(wanted.map(keyOf));
    for (const [key, stop] of tiled.loading) {
      if (keys.has(key)) continue;
      stop.abort();
      tiled.loading.delete(key);
    }
    for (const tile of wanted) {
      const key = keyOf(tile);
      if (tiled.loading.size >= AT_ONCE) break;
      if (!tiled.shown.has(key) && !tiled.loading.has(key) && !this.#failed.has(`${view.pageId} ${key}`))
        this.#load(view, tiled, tile, ratio);
    }
    // Those of another zoom go when the last one of this zoom has come.
    if (wanted.every((tile) => tiled.shown.has(keyOf(tile)))) this.#tidy(tiled, keys);
  }

  #tiledPage(view: PageElement, width: number): Tiled {
    const tiled = this.#pages.get(view.pageId) ?? { layer: tileLayer(), width, shown: new Map(), loading: new Map() };
    tiled.width = width;
    this.#pages.set(view.pageId, tiled);
    // A new image of the page has taken the place of everything before.
    if (tiled.layer.parentElement !== view.imageLayer) view.imageLayer.append(tiled.layer);
    return tiled;
  }

  #load(view: PageElement, tiled: Tiled, tile: Tile, ratio: number): void {
    const key = keyOf(tile);
    const stop = new AbortController();
    tiled.loading.set(key, stop);
    this.#options.load(view.shape, tile, stop.signal).then(
      (element) => {
        if (tiled.loading.get(key) !== stop) return;
        tiled.loading.delete(key);
        place(element, tile, ratio);
        tiled.layer.append(element);
        tiled.shown.set(key, element);
        this.#pump();
      },
      () => {
        if (tiled.loading.get(key) !== stop) return;
        tiled.loading.delete(key);
        // The page's image is below: a tile that does not come is a blurred spot, not a hole.
        this.#failed.add(`${view.pageId} ${key}`);
        this.#pump();
      },
    );
  }

  #tidy(tiled: Tiled, wanted: ReadonlySet<string>): void {
    for (const [key, element] of tiled.shown) {
      const isOther = !key.startsWith(`${tiled.width}-`);
      if (!isOther && (wanted.has(key) || tiled.shown.size <= MOST_TILES)) continue;
      tiled.shown.delete(key);
      element.remove();
    }
  }
}

function keyOf({ width, column, row }: Tile): string {
  return `${width}-${column}-${row}`;
}

function tileLayer(): HTMLElement {
  const layer = document.createElement("div");
  layer.style.position = "relative";
  return layer;
}

/** In parts of the layer, so that it follows when the page is zoomed. */
function place(element: HTMLElement, { width, column, row }: Tile, ratio: number): void {
  const height = Math.max(1, Math.round(width * ratio));
  const [left, top] = [column * TILE_PIXELS, row * TILE_PIXELS];
  Object.assign(element.style, {
    position: "absolute",
    left: `${(left / width) * 100}%`,
    top: `${(top / height) * 100}%`,
    width: `${(Math.min(TILE_PIXELS, width - left) / width) * 100}%`,
    height: `${(Math.min(TILE_PIXELS, height - top) / height) * 100}%`,
  });
}
