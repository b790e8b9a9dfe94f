/** A whole PDF from a description: pages, outline, labels, links, raw annotations and form fields. For tests and the sample document. */
import type { Rect, Rotation } from "@lectern/protocol";
import { FONT_NAMES } from "../appearance/font-metrics.ts";
import type { PdfBox } from "../engine.ts";
import { type PdfDictionary, pdfName, type PdfRef, type PdfValue, pdfWriter, type PdfWriter } from "../pdf-writer.ts";
import { fontKey } from "./pdf-content.ts";
import { type FieldSpec, writeFields } from "./pdf-fields.ts";

export const A4 = [595, 842] as const;

/** A raw annotation dictionary, or a function of the references of the page's other annotations. */
export type AnnotationSpec = PdfDictionary | ((ref: (key: string) => PdfRef) => PdfDictionary);

export interface LinkSpec {
  /** `[left, top, width, height]`, y down from the top-left of the media box. */
  readonly rect: Rect;
  readonly target: { readonly uri: string } | { readonly page: number; readonly top?: number };
}

export interface PageSpec {
  /** Width and height of the media box in points; default A4. */
  readonly size?: readonly [width: number, height: number];
  /** Lower left corner of the media box; default the origin. */
  readonly origin?: readonly [x: number, y: number];
  readonly crop?: PdfBox;
  readonly rotate?: Rotation;
  /** Content operators in the media box's space. */
  readonly content: string;
  readonly links?: readonly LinkSpec[];
  /** By a key of your choice. */
  readonly annotations?: Readonly<Record<string, AnnotationSpec>>;
  readonly fields?: readonly FieldSpec[];
}

export interface OutlineSpec {
  readonly title: string;
  readonly page: number;
  /** Points from the top of the page. */
  readonly top?: number;
  readonly open?: boolean;
  readonly bold?: boolean;
  readonly children?: readonly OutlineSpec[];
}

export interface LabelSpec {
  /** First page of the range, from 0. */
  readonly from: number;
  readonly style?: "D" | "R" | "r" | "A" | "a";
  readonly prefix?: string;
  readonly start?: number;
}

export interface FileSpec {
  readonly pages: readonly PageSpec[];
  readonly outline?: readonly OutlineSpec[];
  readonly labels?: readonly LabelSpec[];
  readonly info?: Readonly<Record<string, string>>;
  readonly language?: string;
  /** 32 hex digits. */
  readonly id?: string;
}

export function pdfFile(spec: FileSpec): Uint8Array {
  const writer = pdfWriter();
  const root = writer.reserve();
  const tree = writer.reserve();
  const info = spec.info === undefined ? undefined : writer.add(spec.info);
  const resources = writer.add({ Font: fonts(writer) });
  const pages = spec.pages.map(() => writer.reserve());
  const fieldRefs: PdfRef[] = [];

  for (const [index, page] of spec.pages.entries()) {
    const [width, height] = page.size ?? A4;
    const [x, y] = page.origin ?? [0, 0];
    const ref = pages[index]!;
    const annotations = [
      ...(page.links ?? []).map((link) => writer.add({ ...linkDictionary(link, pages, y + height, height), P: ref })),
      ...rawAnnotations(writer, page.annotations ?? {}, ref),
    ];
    if (page.fields !== undefined) {
      const written = writeFields(writer, page.fields, { page: ref, top: y + height, left: x });
      fieldRefs.push(...written.fields);
      annotations.push(...written.widgets);
    }
    writer.set(ref, {
      Type: pdfName("Page"),
      Parent: tree,
      MediaBox: [x, y, x + width, y + height],
      CropBox: page.crop,
      Rotate: page.rotate,
      Resources: resources,
      Contents: writer.stream({}, page.content),
      Annots: annotations.length === 0 ? undefined : annotations,
    });
  }
  writer.set(tree, { Type: pdfName("Pages"), Count: pages.length, Kids: pages });
  writer.set(root, {
    Type: pdfName("Catalog"),
    Pages: tree,
    Lang: spec.language,
    Outlines: spec.outline === undefined ? undefined : outline(writer, spec.outline, spec.pages, pages),
    PageMode: spec.outline === undefined ? undefined : pdfName("UseOutlines"),
    PageLabels: spec.labels === undefined ? undefined : { Nums: spec.labels.flatMap((label) => [label.from, labelDictionary(label)]) },
    AcroForm:
      fieldRefs.length === 0 ? undefined : { Fields: fieldRefs, DA: `/${fontKey("Helvetica")} 0 Tf 0 g`, DR: { Font: fonts(writer) } },
  });
  return writer.finish({ Root: root, Info: info }, spec.id === undefined ? {} : { id: spec.id });
}

function fonts(writer: PdfWriter): PdfDictionary {
  return Object.fromEntries(
    FONT_NAMES.map((font) => [
      fontKey(font),
      writer.add({ Type: pdfName("Font"), Subtype: pdfName("Type1"), BaseFont: pdfName(font), Encoding: pdfName("WinAnsiEncoding") }),
    ]),
  );
}

function destination(pages: readonly PdfRef[], page: number, height: number, top: number | undefined): PdfValue[] {
  return top === undefined ? [pages[page]!, pdfName("Fit")] : [pages[page]!, pdfName("XYZ"), null, height - top, null];
}

function linkDictionary(link: LinkSpec, pages: readonly PdfRef[], top: number, height: number): PdfDictionary {
  const [left, y, width, tall] = link.rect;
  const { target } = link;
  return {
    Type: pdfName("Annot"),
    Subtype: pdfName("Link"),
    Rect: [left, top - y - tall, left + width, top - y],
    Border: [0, 0, 0],
    F: 4,
    ...("uri" in target ? { A: { S: pdfName("URI"), URI: target.uri } } : { Dest: destination(pages, target.page, height, target.top) }),
  };
}

function rawAnnotations(writer: PdfWriter, specs: Readonly<Record<string, AnnotationSpec>>, page: PdfRef): PdfRef[] {
  const refs = new Map(Object.keys(specs).map((key) => [key, writer.reserve()]));
  const find = (key: string): PdfRef => {
    const ref = refs.get(key);
    if (ref === undefined) throw new Error(`no annotation "${key}" on this page`);
    return ref;
  };
  for (const [key, annotation] of Object.entries(specs)) {
    const dictionary = typeof annotation === "function" ? annotation(find) : annotation;
    writer.set(find(key), { Type: pdfName("Annot"), P: page, ...dictionary });
  }
  return [...refs.values()];
}

function outline(writer: PdfWriter, items: readonly OutlineSpec[], specs: readonly PageSpec[], pages: readonly PdfRef[]): PdfRef {
  const root = writer.reserve();
  const { first, last, shown } = level(items, root);
  writer.set(root, { Type: pdfName("Outlines"), First: first, Last: last, Count: shown });
  return root;

  /** `shown`: how many items of this level and below are visible. */
  function level(siblings: readonly OutlineSpec[], parent: PdfRef): { first: PdfRef | undefined; last: PdfRef | undefined; shown: number } {
    const refs = siblings.map(() => writer.reserve());
    let shown = siblings.length;
    for (const [index, item] of siblings.entries()) {
      const below = level(item.children ?? [], refs[index]!);
      if (item.open === true) shown += below.shown;
      const height = (specs[item.page]?.size ?? A4)[1];
      writer.set(refs[index]!, {
        Title: item.title,
        Parent: parent,
        Prev: refs[index - 1],
        Next: refs[index + 1],
        First: below.first,
        Last: below.last,
        Count: below.shown === 0 ? undefined : item.open === true ? below.shown : -below.shown,
        Dest: destination(pages, item.page, height, item.top ?? 0),
        F: item.bold === true ? 2 : undefined,
      });
    }
    return { first: refs[0], last: refs[refs.length - 1], shown };
  }
}

function labelDictionary(label: LabelSpec): PdfDictionary {
  return { S: label.style === undefined ? undefined : pdfName(label.style), P: label.prefix, St: label.start };
}
