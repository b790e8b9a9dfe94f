/** @jsxImportSource preact */
/** A small picture of a page, turned and cropped as the layer shows it. Fetched when it has been in sight for a moment. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { placeImage } from "../pages/image-place.ts";
import type { LoadImage } from "../pages/images.ts";
import type { PageMarks } from "./page-marks.ts";
import { contentName, type PageShape, shownSize } from "../pages/page-list.ts";

/** Scrolling past it faster than this fetches none. */
const CALM_MS = 90;
const KEPT = 400;

export type Thumbnail = (page: PageShape, signal: AbortSignal) => Promise<HTMLElement>;

/** Keeps what has been fetched. One place at a time can show an image. */
export function thumbnails(load: LoadImage): Thumbnail {
  const kept = new Map<string, HTMLElement>();
  return async (page, signal) => {
    // Copies of a page show the same content in several places.
    const name = `${page.id} ${contentName(page)}`;
    const image = kept.get(name) ?? (await load(page, devicePixelRatio > 1.25 ? 320 : 160, signal));
    kept.set(name, image);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
    return image;
  };
}

export interface PictureProps {
  readonly page: PageShape;
  readonly size: { readonly width: number; readonly height: number };
  readonly thumbnail: Thumbnail;
  /** What lies on the page. */
  readonly marks: PageMarks;
}

export function Picture({ page, size, thumbnail, marks }: PictureProps): JSX.Element {
  const box = useRef<HTMLSpanElement>(null);
  const name = contentName(page);
  useEffect(() => {
    box.current?.replaceChildren();
    if (page.content === null) return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      thumbnail(page, stop.signal).then(
        (image) => {
          if (!stop.signal.aborted) box.current?.replaceChildren(image);
        },
        (error: unknown) => {
          if (!stop.signal.aborted) reportError(error);
        },
      );
    }, CALM_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [page.id, name]);
  const over = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let gone = false;
    const draw = (): void => {
      marks.draw(page).then((svg) => !gone && over.current?.replaceChildren(...(svg === null ? [] : [svg])), reportError);
    };
    draw();
    const stop = marks.follow(page, draw);
    return () => {
      gone = true;
      stop();
    };
  }, [page, marks]);
  useEffect(() => placeImage(box.current!.style, page, page.rotation), [page]);
  return (
    <span class="picture" style={{ width: `${size.width}px`, height: `${size.height}px` }}>
      <span class="sheet" ref={box} />
      <span class="over" ref={over} />
    </span>
  );
}

/** As large as fits, in CSS pixels. */
export function thumbnailSize(
  page: PageShape,
  most: { readonly width: number; readonly height: number },
): { readonly width: number; readonly height: number } {
  const { width, height } = shownSize(page, 0);
  const scale = Math.min(most.width / width, most.height / height);
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}
