/** Files for benches. */
import { A4, pdfContent, pdfFile } from "@lectern/pdf/testing";

const WORDS = "Lectern shows the pages of a document to everybody who has it open and keeps what they write on them".split(" ");
const LINES = 52;

/** Pages as full of text as those of a book. */
export function writtenPages(count: number): Uint8Array {
  const page = (index: number): string => {
    const content = pdfContent(...A4);
    for (let line = 0; line < LINES; line++) {
      const words = Array.from({ length: 14 }, (_, word) => WORDS[(index * 7 + line * 5 + word) % WORDS.length]);
      content.text(56, 60 + line * 14, words.join(" "), { size: 10 });
    }
    return content.operators();
  };
  return pdfFile({ pages: Array.from({ length: count }, (_, index) => ({ content: page(index) })) });
}
