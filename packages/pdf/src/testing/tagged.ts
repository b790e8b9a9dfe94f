/** A tagged page: a heading of a role of its own, text that is drawn in another order than it is read, a list, a table, a picture, a page number. */
import { pdfName, type PdfRef, type PdfValue, pdfRaw, pdfWriter } from "../pdf-writer.ts";

/** Text, size, place; the marked content with this number, or an artifact. */
type Piece = readonly [text: string, size: number, x: number, y: number];

/** In the order in which they are drawn. */
const PIECES: readonly Piece[] = [
  ["A sum of all.", 11, 60, 640],
  ["The year", 24, 60, 760],
  ["begins", 11, 60, 720],
  ["here.", 11, 110, 720],
  ["First", 11, 80, 690],
  ["Second", 11, 80, 675],
  ["Month", 11, 60, 600],
  ["Sum", 11, 200, 600],
  ["May", 11, 60, 585],
  ["seven", 11, 200, 585],
];

export function taggedPdf(): Uint8Array {
  const writer = pdfWriter();
  const [catalog, pages, page, root] = [writer.reserve(), writer.reserve(), writer.reserve(), writer.reserve()];
  const text = ([words, size, x, y]: Piece): string => `BT /F ${size} Tf ${x} ${y} Td (${words}) Tj ET`;
  const content = [
    ...PIECES.map((piece, mark) => `/Span << /MCID ${mark} >> BDC ${text(piece)} EMC`),
    `/Figure << /MCID ${PIECES.length} >> BDC 0.2 0.4 0.8 rg 60 400 200 100 re f EMC`,
    `/Artifact BMC ${text(["Page 1", 8, 280, 30])} EMC`,
  ].join("\n");

  const owners: PdfRef[] = [];
  /** Children: further elements, or numbers of marked content. */
  const element = (type: string, parent: PdfRef, children: (self: PdfRef) => readonly (PdfRef | number)[], more = {}): PdfRef => {
    const self = writer.reserve();
    const kids = children(self);
    for (const kid of kids) if (typeof kid === "number") owners[kid] = self;
    writer.set(self, { Type: pdfName("StructElem"), S: pdfName(type), P: parent, Pg: page, K: [...kids], ...more });
    return self;
  };
  const item =
    (mark: number) =>
    (list: PdfRef): PdfRef =>
      element("LI", list, (self) => [element("LBody", self, () => [mark])]);
  const row = (table: PdfRef, type: "TH" | "TD", marks: readonly number[]): PdfRef => {
    const scope = (mark: number): PdfValue => ({ O: pdfName("Table"), Scope: pdfName("Column"), ...(mark === 7 ? { ColSpan: 2 } : {}) });
    return element("TR", table, (self) => marks.map((mark) => element(type, self, () => [mark], type === "TH" ? { A: scope(mark) } : {})));
  };
  const top = element("Document", root, (document) => [
    element("Chapter", document, () => [1]),
    element("P", document, () => [2, 3], { Lang: "en-GB" }),
    element("L", document, (list) => [item(4)(list), item(5)(list)]),
    element("P", document, () => [0], { ActualText: "The sum of everything." }),
    element("Table", document, (table) => [row(table, "TH", [6, 7]), row(table, "TD", [8, 9])]),
    element("Figure", document, () => [PIECES.length], {
      Alt: "A blue bar",
      A: { O: pdfName("Layout"), BBox: [60, 400, 260, 500] },
    }),
  ]);
  writer.set(root, {
    Type: pdfName("StructTreeRoot"),
    K: [top],
    RoleMap: { Chapter: pdfName("H1") },
    ParentTree: { Nums: [0, owners] },
    ParentTreeNextKey: 1,
  });
  writer.set(page, {
    Type: pdfName("Page"),
    Parent: pages,
    MediaBox: [0, 0, 595, 842],
    StructParents: 0,
    Resources: { Font: { F: { Type: pdfName("Font"), Subtype: pdfName("Type1"), BaseFont: pdfName("Helvetica") } } },
    Contents: writer.stream({}, content),
  });
  writer.set(pages, { Type: pdfName("Pages"), Kids: [page], Count: 1 });
  writer.set(catalog, {
    Type: pdfName("Catalog"),
    Pages: pages,
    Lang: "en",
    MarkInfo: { Marked: pdfRaw("true") },
    StructTreeRoot: root,
  });
  return writer.finish({ Root: catalog });
}
