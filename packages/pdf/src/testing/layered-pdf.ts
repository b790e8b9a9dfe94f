/** A page with optional content, hand-written: groups that are shown or not, a heading, a radio group, and a group's own word on its use. */
import { pdfName, pdfWriter, type PdfDictionary, type PdfRef } from "../pdf-writer.ts";

/** Object numbers of the groups of `layeredPdf`. */
export const LAYERED = { red: 1, green: 2, blue: 3, black: 4 } as const;

/**
 * A page of 40 × 10 points with four squares from left to right: red (visible), green (hidden), blue (hidden, but its usage says that it is shown
 * on screen), black (visible; an annotation). Red stands alone; green and blue stand under the heading `Inks` and exclude each other; black is
 * not listed.
 */
export function layeredPdf(): Uint8Array {
  const writer = pdfWriter();
  const group = (Name: string, more: PdfDictionary = {}): PdfRef => writer.add({ Type: pdfName("OCG"), Name, ...more });
  const red = group("Red");
  const green = group("Green");
  const blue = group("Blue", { Usage: { View: { ViewState: pdfName("ON") } } });
  const black = group("Schwärze");
  const [root, tree, page] = [writer.reserve(), writer.reserve(), writer.reserve()];
  const square = (color: string, left: number, key: string): string => `/OC /${key} BDC ${color} rg ${left} 0 10 10 re f EMC\n`;
  const content = square("1 0 0", 0, "R") + square("0 1 0", 10, "G") + square("0 0 1", 20, "B");
  const form = { Type: pdfName("XObject"), Subtype: pdfName("Form"), BBox: [0, 0, 10, 10], Resources: {} };
  const annotation = writer.add({
    Type: pdfName("Annot"),
    Subtype: pdfName("Stamp"),
    Rect: [30, 0, 40, 10],
    F: 4,
    OC: black,
    AP: { N: writer.stream(form, "0 g 0 0 10 10 re f") },
  });
  writer.set(page, {
    Type: pdfName("Page"),
    Parent: tree,
    MediaBox: [0, 0, 40, 10],
    Resources: { Properties: { R: red, G: green, B: blue } },
    Contents: writer.stream({}, content),
    Annots: [annotation],
  });
  writer.set(tree, { Type: pdfName("Pages"), Count: 1, Kids: [page] });
  writer.set(root, {
    Type: pdfName("Catalog"),
    Pages: tree,
    OCProperties: {
      OCGs: [red, green, blue, black],
      D: { Order: [red, ["Inks", green, blue]], OFF: [green, blue], RBGroups: [[green, blue]] },
    },
  });
  return writer.finish({ Root: root });
}
