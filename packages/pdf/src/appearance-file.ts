/**
 * Appearances on their way into a document: a PDF with one page an annotation, from which PDFium takes over page by page
 * (`EPDFAnnot_SetAppearanceFromPage`). PDFium wraps what it takes into two forms of its own, whose content is the page's
 * and whose only resource is called `EPDFWRAP`. So each page does nothing but draw a form of that name: the wrapping is
 * right as it stands, and `finishFile` leads the annotation straight to the form, which readers look into for its blend mode.
 */
import type { Rect } from "@lectern/protocol";
import type { BlendMode } from "./appearance/commands.ts";
import { type ContentStream, type StreamResources, toContentStream } from "./appearance/to-content-stream.ts";
import { drawAnnotation, type DrawnAnnotation } from "./appearance/registry.ts";
import type { FontName } from "./appearance/font-metrics.ts";
import { type PdfDictionary, pdfName, type PdfRef, pdfWriter, type PdfWriter } from "./pdf-writer.ts";

/** The name that PDFium gives. */
export const WRAP = "EPDFWRAP";

export interface AppearanceSpec {
  readonly data: DrawnAnnotation;
  /** What the annotation covers: `[left, top, width, height]` in points of its page. */
  readonly rect: Rect;
}

export function appearanceFile(specs: readonly AppearanceSpec[]): Uint8Array {
  const writer = pdfWriter();
  const root = writer.reserve();
  const tree = writer.reserve();
  const draw = writer.stream({}, `/${WRAP} Do`);
  const fonts = new Map<FontName, PdfRef>();
  const pages = specs.map(({ data, rect }) => {
    const [left, top] = rect;
    // A page without an area is none.
    const [width, height] = [Math.max(rect[2], 1), Math.max(rect[3], 1)];
    const content = toContentStream(drawAnnotation(data), {
      matrix: [1, 0, 0, -1, -left, top + height],
      bounds: [left, top, width, height],
    });
    const form = writeForm(writer, content, { BBox: [0, 0, width, height] }, fonts);
    return writer.add({
      Type: pdfName("Page"),
      Parent: tree,
      MediaBox: [0, 0, width, height],
      Resources: { XObject: { [WRAP]: form } },
      Contents: draw,
    });
  });
  writer.set(tree, { Type: pdfName("Pages"), Count: pages.length, Kids: pages });
  writer.set(root, { Type: pdfName("Catalog"), Pages: tree });
  return writer.finish({ Root: root });
}

function writeForm(writer: PdfWriter, content: ContentStream, extra: PdfDictionary, fonts: Map<FontName, PdfRef>): PdfRef {
  return writer.stream(
    { Type: pdfName("XObject"), Subtype: pdfName("Form"), ...extra, Resources: resources(writer, content.resources, fonts) },
    content.operators,
  );
}

function resources(
  writer: PdfWriter,
  { fonts: used, graphicsStates, groups }: StreamResources,
  fonts: Map<FontName, PdfRef>,
): PdfDictionary {
  return {
    Font: mapped(used, (font) => {
      const ref =
        fonts.get(font) ??
        writer.add({ Type: pdfName("Font"), Subtype: pdfName("Type1"), BaseFont: pdfName(font), Encoding: pdfName("WinAnsiEncoding") });
      fonts.set(font, ref);
      return ref;
    }),
    ExtGState: mapped(graphicsStates, ({ opacity, blendMode }) => ({
      Type: pdfName("ExtGState"),
      CA: opacity,
      ca: opacity,
      BM: pdfName(blendModeName(blendMode)),
    })),
    XObject: mapped(groups, (group) => {
      const [left, top, width, height] = group.bbox;
      const extra = { BBox: [left, top, left + width, top + height], Group: { Type: pdfName("Group"), S: pdfName("Transparency") } };
      return writeForm(writer, group, extra, fonts);
    }),
  };
}

function mapped<T>(entries: Readonly<Record<string, T>>, value: (entry: T) => PdfRef | PdfDictionary): PdfDictionary | undefined {
  const pairs = Object.entries(entries);
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs.map(([key, entry]) => [key, value(entry)]));
}

/** `colorDodge` → `ColorDodge`. */
function blendModeName(mode: BlendMode): string {
  return mode[0]!.toUpperCase() + mode.slice(1);
}
