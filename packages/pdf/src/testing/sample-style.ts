/** The look of the sample document: its colours, its type, and what all of its pages share. */
import type { FieldSpec } from "./pdf-fields.ts";
import { measure, type PdfContent } from "./pdf-content.ts";
import { A4, type LinkSpec } from "./pdf-file.ts";

export const INK = "#16213d";
export const SOFT = "#5b6478";
export const FAINT = "#c9c2b4";
export const PAPER = "#f7f3ea";
export const SAND = "#ece4d4";
export const ACCENT = "#d9532c";
export const BLUE = "#2f6690";
export const GREEN = "#3c7d5d";
export const YELLOW = "#f6c945";
export const WHITE = "#ffffff";

export const [WIDTH, HEIGHT] = A4;
export const MARGIN = 62;
/** Width of the column of text. */
export const MEASURE = WIDTH - 2 * MARGIN;

export interface SampleContent {
  readonly content: PdfContent;
  /** From 0. */
  readonly index: number;
  readonly links: LinkSpec[];
  readonly fields: FieldSpec[];
}

export function samplePage(content: PdfContent, index: number): SampleContent {
  return { content, index, links: [], fields: [] };
}

/** Label, title and a line of introduction at the top, the running foot at the bottom. Returns the y below. */
export function opening(page: SampleContent, kicker: string, title: string, lead: string): number {
  const { content } = page;
  content.rect(MARGIN, 58, 26, 3, { fill: ACCENT });
  label(page, MARGIN + 36, 63.5, kicker);
  content.text(MARGIN - 1, 110, title, { font: "Times-Roman", size: 36, color: INK, spacing: -0.4 });
  const below = content.paragraph(MARGIN, 140, lead, { width: MEASURE - 4, font: "Times-Italic", size: 14, leading: 20.5, color: SOFT });
  content.line(MARGIN, HEIGHT - 58, WIDTH - MARGIN, HEIGHT - 58, { stroke: FAINT, width: 0.5 });
  content.text(MARGIN, HEIGHT - 42, "Welcome to Lectern", { size: 8, color: SOFT });
  content.text(WIDTH - MARGIN, HEIGHT - 42, String(page.index), { font: "Helvetica-Bold", size: 8, color: INK, align: "right" });
  return below;
}

export function label({ content }: SampleContent, x: number, y: number, text: string, color = ACCENT): void {
  content.text(x, y, text.toUpperCase(), { font: "Helvetica-Bold", size: 7.5, spacing: 1.3, color });
}

export function heading({ content }: SampleContent, x: number, y: number, text: string): void {
  content.text(x, y, text, { font: "Times-Bold", size: 15, color: INK });
}

/** Justified text. Returns the baseline after the last line. */
export function body({ content }: SampleContent, x: number, y: number, text: string, width = MEASURE): number {
  return content.paragraph(x, y, text, { width, font: "Times-Roman", size: 11, leading: 16, color: INK, align: "justify" });
}

/** Text underlined in the accent colour that leads somewhere; `y` is the baseline. Returns the width. */
export function link(page: SampleContent, x: number, y: number, text: string, target: LinkSpec["target"], size = 11): number {
  const style = { font: "Helvetica", size, color: BLUE } as const;
  const width = measure(text, style);
  page.content.text(x, y, text, style);
  page.content.line(x, y + 2.2, x + width, y + 2.2, { stroke: BLUE, width: 0.5 });
  page.links.push({ rect: [x - 1, y - size, width + 2, size + 4], target });
  return width;
}

/** Where somebody else is pointing: an arrow with a name tag. */
export function cursor({ content }: SampleContent, x: number, y: number, name: string, color: string): void {
  content.path(
    [
      [x, y],
      [x + 4.2, y + 15],
      [x + 7.6, y + 9.2],
      [x + 14, y + 8],
    ],
    { fill: color, stroke: WHITE, width: 1, close: true },
  );
  const wide = measure(name, { font: "Helvetica-Bold", size: 8 }) + 12;
  content.rect(x + 11, y + 12, wide, 15, { fill: color, radius: 7.5 });
  content.text(x + 17, y + 22.3, name, { font: "Helvetica-Bold", size: 8, color: WHITE });
}
