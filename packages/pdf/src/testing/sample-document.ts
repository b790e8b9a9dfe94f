/**
 * The document that a new installation shows first: eight designed pages that say what Lectern is and give every
 * feature something to work on (prose to mark, figures, a form, links, an outline, page labels).
 * `scripts/sample.ts` writes it to the server's assets; the bytes are the same every time.
 */
import { A4, type OutlineSpec, type PageSpec, pdfFile } from "./pdf-file.ts";
import { pdfContent } from "./pdf-content.ts";
import { closing, cover, introduction, journey } from "./sample-story.ts";
import { agreement, figures, form, links } from "./sample-practice.ts";
import { type SampleContent, samplePage } from "./sample-style.ts";

/** In the order of the file. */
const PAGES: readonly ((page: SampleContent) => void)[] = [cover, introduction, journey, agreement, figures, form, links, closing];

const OUTLINE: readonly OutlineSpec[] = [
  { title: "Welcome to Lectern", page: 0, bold: true },
  {
    title: "A short tour",
    page: 1,
    open: true,
    children: [
      { title: "What it is", page: 1 },
      { title: "In this document", page: 1, top: 560 },
      { title: "How a document travels", page: 2 },
    ],
  },
  {
    title: "Pages to try things on",
    page: 3,
    open: true,
    children: [
      {
        title: "An agreement to mark",
        page: 3,
        children: [
          { title: "1. The room", page: 3, top: 250 },
          { title: "5. Marks and notes", page: 3, top: 250 },
        ],
      },
      { title: "A year in figures", page: 4 },
      { title: "A form", page: 5 },
      { title: "Links", page: 6 },
    ],
  },
  { title: "Your turn", page: 7 },
];

export function sampleDocument(): Uint8Array {
  const pages = PAGES.map((draw, index): PageSpec => {
    const page = samplePage(pdfContent(...A4), index);
    draw(page);
    return { content: page.content.operators(), links: page.links, fields: page.fields };
  });
  return pdfFile({
    pages,
    outline: OUTLINE,
    labels: [
      { from: 0, prefix: "Cover" },
      { from: 1, style: "D" },
    ],
    language: "en",
    info: {
      Title: "Welcome to Lectern",
      Author: "The Lectern project",
      Subject: "A sample document: a short tour, and pages to try things on",
      Keywords: "sample, tour, highlight, form, links",
      Creator: "Lectern",
      CreationDate: "D:20250101000000Z",
    },
    id: "4c65637465726e2073616d706c652031",
  });
}
