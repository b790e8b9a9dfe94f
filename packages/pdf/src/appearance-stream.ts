/** The appearance of an annotation as a form XObject: what readers draw instead of making up their own. */
import type { Rect } from "@lectern/protocol";
import type { BlendMode } from "./appearance/commands.ts";
import type { FontFor } from "./appearance/embedded-text.ts";
import type { FontName } from "./appearance/font-metrics.ts";
import { drawAnnotation, type DrawnAnnotation } from "./appearance/registry.ts";
import { type ContentStream, type StreamResources, type TextFonts, toContentStream } from "./appearance/to-content-stream.ts";
import type { FontWriter } from "./font-writer.ts";
import { type PdfDictionary, pdfName, type PdfObjects, type PdfRef } from "./pdf-writer.ts";

/** In an appearance: the picture that it shows, as long as nobody else draws it anew. */
export const SHOWS_KEY = "LecternShows";

/** A picture as PDF holds it: samples, row by row from the top, or a JPEG file. */
export interface PdfImage {
  readonly width: number;
  readonly height: number;
  readonly components: 1 | 3 | 4;
  readonly filter: "DCTDecode" | "FlateDecode" | null;
  readonly data: Uint8Array;
  /** One byte a pixel, with the same filter unless that is a JPEG's; null when it is opaque. */
  readonly alpha: { readonly filter: "FlateDecode" | null; readonly data: Uint8Array } | null;
  /** The file that it was read from, where that is not `data` itself. */
  readonly file?: Uint8Array;
}

/** Objects that appearances share. */
export interface SharedObjects {
  readonly objects: PdfObjects;
  readonly fonts: Map<FontName, PdfRef>;
  /** For what the standard fonts lack; without it that is drawn as `?`. */
  readonly embedding?: { readonly fontFor: FontFor; readonly writer: FontWriter } | undefined;
  readonly images: Map<string, PdfRef>;
  /** Files of the images, which may be the images themselves. */
  readonly pictures: Map<string, PdfRef>;
  /** Null when it is not there: it is left out of the drawing. */
  readonly imageOf: (blob: string) => PdfImage | null;
}

export function writeAppearance(shared: SharedObjects, data: DrawnAnnotation, rect: Rect): PdfRef {
  const [left, top] = rect;
  const [width, height] = [Math.max(rect[2], 1), Math.max(rect[3], 1)];
  const content = toContentStream(drawAnnotation(data), {
    matrix: [1, 0, 0, -1, -left, top + height],
    bounds: [left, top, width, height],
    fonts: textFonts(shared.embedding),
  });
  const shows = data.type === "image" ? { [SHOWS_KEY]: data.attachment?.blob } : {};
  return writeForm(shared, content, { BBox: [0, 0, width, height], ...shows });
}

export function textFonts(embedding: SharedObjects["embedding"]): TextFonts | undefined {
  return embedding === undefined ? undefined : { fontFor: embedding.fontFor, show: (font, glyphs) => embedding.writer.show(font, glyphs) };
}

function writeForm(shared: SharedObjects, content: ContentStream, extra: PdfDictionary): PdfRef {
  return shared.objects.stream(
    { Type: pdfName("XObject"), Subtype: pdfName("Form"), ...extra, Resources: resources(shared, content.resources) },
    content.operators,
  );
}

function resources(shared: SharedObjects, { fonts, embedded, graphicsStates, images, groups }: StreamResources): PdfDictionary {
  const pictures = mapped(images, (blob) => writeImage(shared, blob));
  const forms = mapped(groups, (group) => {
    const [left, top, width, height] = group.bbox;
    const extra = { BBox: [left, top, left + width, top + height], Group: { Type: pdfName("Group"), S: pdfName("Transparency") } };
    return writeForm(shared, group, extra);
  });
  const standard = mapped(fonts, (font) => writeFont(shared, font));
  const brought = mapped(embedded, (font) => shared.embedding!.writer.ref(font));
  return {
    Font: standard === undefined ? brought : { ...standard, ...brought },
    ExtGState: mapped(graphicsStates, ({ opacity, blendMode }) => ({
      Type: pdfName("ExtGState"),
      CA: opacity,
      ca: opacity,
      BM: pdfName(blendModeName(blendMode)),
    })),
    XObject: pictures === undefined ? forms : { ...pictures, ...forms },
  };
}

function writeFont({ objects, fonts }: SharedObjects, font: FontName): PdfRef {
  const known = fonts.get(font);
  if (known !== undefined) return known;
  const ref = objects.add({
    Type: pdfName("Font"),
    Subtype: pdfName("Type1"),
    BaseFont: pdfName(font),
    Encoding: pdfName("WinAnsiEncoding"),
  });
  fonts.set(font, ref);
  return ref;
}

const COLOR_SPACES = { 1: "DeviceGray", 3: "DeviceRGB", 4: "DeviceCMYK" } as const;

function writeImage({ objects, images, pictures, imageOf }: SharedObjects, blob: string): PdfRef | null {
  const known = images.get(blob);
  const image = known === undefined ? imageOf(blob) : null;
  if (known !== undefined || image === null) return known ?? null;
  const { width, height, alpha } = image;
  const common = { Type: pdfName("XObject"), Subtype: pdfName("Image"), Width: width, Height: height, BitsPerComponent: 8 };
  const filter = (name: string | null): PdfDictionary => (name === null ? {} : { Filter: pdfName(name) });
  const mask =
    alpha === null ? undefined : objects.stream({ ...common, ColorSpace: pdfName("DeviceGray"), ...filter(alpha.filter) }, alpha.data);
  const ref = objects.stream(
    { ...common, ColorSpace: pdfName(COLOR_SPACES[image.components]), ...filter(image.filter), SMask: mask },
    image.data,
  );
  images.set(blob, ref);
  if (image.file !== undefined) pictures.set(blob, objects.stream({}, image.file));
  else if (image.filter === "DCTDecode") pictures.set(blob, ref);
  return ref;
}

/** Those that are not null; undefined when there are none. */
function mapped<T>(entries: Readonly<Record<string, T>>, value: (entry: T) => PdfRef | PdfDictionary | null): PdfDictionary | undefined {
  let result: Record<string, PdfRef | PdfDictionary> | undefined;
  for (const key in entries) {
    const made = value(entries[key]!);
    if (made !== null) (result ??= {})[key] = made;
  }
  return result;
}

/** `colorDodge` → `ColorDodge`. */
export function blendModeName(mode: BlendMode): string {
  return mode[0]!.toUpperCase() + mode.slice(1);
}
