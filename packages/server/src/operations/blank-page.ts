/** A PDF of one page with nothing on it but, perhaps, a colour. The same size and colour give the same bytes. */
import { pdfName, pdfWriter } from "@lectern/pdf";

/** `size`: points. `color`: `#rrggbb`; null: none. */
export function blankPage([width, height]: readonly [number, number], color: string | null): Uint8Array {
  const writer = pdfWriter();
  const tree = writer.reserve();
  const rgb = [1, 3, 5].map((at) => Number.parseInt((color ?? "#ffffff").slice(at, at + 2), 16) / 255);
  const content = color === null ? {} : { Contents: writer.stream({}, `${rgb.join(" ")} rg 0 0 ${width} ${height} re f`) };
  const page = writer.add({ Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, width, height], Resources: {}, ...content });
  writer.set(tree, { Type: pdfName("Pages"), Kids: [page], Count: 1 });
  return writer.finish({ Root: writer.add({ Type: pdfName("Catalog"), Pages: tree }) });
}
