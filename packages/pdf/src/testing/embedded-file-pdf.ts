/** An empty page and a file within the file: `table.csv`, whose bytes are `1,2`. */
import { pdfName, pdfWriter } from "../pdf-writer.ts";

export function embeddedFilePdf(): Uint8Array {
  const writer = pdfWriter();
  const [root, tree, page] = [writer.reserve(), writer.reserve(), writer.reserve()];
  const bytes = writer.stream({ Type: pdfName("EmbeddedFile"), Subtype: pdfName("text/csv") }, "1,2");
  const file = writer.add({ Type: pdfName("Filespec"), F: "table.csv", UF: "table.csv", EF: { F: bytes } });
  writer.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 9, 9] });
  writer.set(tree, { Type: pdfName("Pages"), Count: 1, Kids: [page] });
  writer.set(root, { Type: pdfName("Catalog"), Pages: tree, Names: { EmbeddedFiles: { Names: ["table.csv", file] } } });
  return writer.finish({ Root: root });
}
