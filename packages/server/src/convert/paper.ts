/** Blocks of text → a paginated PDF, through pdfmake. Nothing is loaded: images are data, fonts come with it or are installed. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ApiError } from "@lectern/protocol/plain";
import pdfmake from "pdfmake";
import type { PdfmakeFonts } from "pdfmake";
import { type DirectedText, directions, mirrored } from "./direction.ts";
import { type Directed, orderLines } from "./line-order.ts";
import { type Fallbacks, fallbackFonts } from "./fallback-fonts.ts";
import type { Sheet } from "../ports.ts";

export interface Style {
  readonly bold?: boolean;
  readonly italics?: boolean;
  readonly mono?: boolean;
  readonly decoration?: "underline" | "lineThrough";
  readonly color?: string;
  readonly background?: string;
  readonly fontSize?: number;
  readonly sub?: boolean;
  readonly sup?: boolean;
  readonly link?: string;
}

export interface Inline extends Style {
  readonly text: string;
}

interface Aligned {
  readonly alignment?: "left" | "center" | "right" | "justify";
}

export type Block =
  | ({ readonly kind: "paragraph"; readonly text: readonly Inline[] } & Aligned)
  | ({ readonly kind: "heading"; readonly level: number; readonly text: readonly Inline[] } & Aligned)
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "lines"; readonly text: string }
  | { readonly kind: "quote"; readonly blocks: readonly Block[]; readonly marked: boolean }
  | { readonly kind: "list"; readonly ordered: boolean; readonly start: number; readonly items: readonly (readonly Block[])[] }
  | {
      readonly kind: "table";
      readonly rows: readonly { readonly cells: readonly (readonly Block[])[]; readonly header: boolean }[];
      readonly columns: number;
      readonly lines: boolean;
    }
  | { readonly kind: "image"; readonly data: string; readonly width: number | null }
  | { readonly kind: "rule" };

export interface PaperDocument {
  readonly title: string | null;
  readonly blocks: readonly Block[];
}

const A4 = [595.28, 841.89] as const;
/** Of A4; smaller pages have smaller ones. */
const MARGIN = [56, 60, 56, 60] as const;
const PX_TO_PT = 0.75;

export interface Paper {
  readonly bytes: Uint8Array;
  /** Sentences about what is not as it should be. */
  readonly warnings: readonly string[];
}

const BASE = "Roboto";
const MONO = "Courier";

export async function paper({ title, blocks }: PaperDocument, sheet: Sheet | null = null): Promise<Paper> {
  const folder = join(dirname(createRequire(import.meta.url).resolve("pdfmake/package.json")), "fonts", "Roboto");
  const file = (name: string): string => join(folder, `Roboto-${name}.ttf`);
  const fallbacks = fallbackFonts(file("Regular"));
  const [width, height] = sheet?.size ?? A4;
  const [left, top, right, bottom] = sheet?.margin ?? MARGIN.map((side) => side * Math.min(1, width / A4[0], height / A4[1]));
  const on: Place = { fonts: fallbacks, width: width - left - right, height: height - top - bottom };
  const content = blocks.length === 0 ? [{ text: " " }] : blocks.map((block) => contentOf(block, on));
  const fonts: PdfmakeFonts = {
    [BASE]: { normal: file("Regular"), bold: file("Medium"), italics: file("Italic"), bolditalics: file("MediumItalic") },
    [MONO]: { normal: "Courier", bold: "Courier-Bold", italics: "Courier-Oblique", bolditalics: "Courier-BoldOblique" },
    ...fallbacks.used(),
  };
  const allowed = new Set(
    Object.values(fonts).flatMap((font) => Object.values(font).map((path) => (Array.isArray(path) ? path[0] : path))),
  );
  orderLines();
  pdfmake.setUrlAccessPolicy(() => false);
  pdfmake.setLocalAccessPolicy((path) => allowed.has(path));
  pdfmake.setFonts(fonts);
  const made = pdfmake.createPdf({
    pageSize: { width, height },
    pageMargins: [left, top, right, bottom],
    compress: true,
    info: { ...(title === null ? {} : { title }), creator: "Lectern", producer: "Lectern" },
    defaultStyle: { font: BASE, fontSize: 11, lineHeight: 1.25 },
    content,
  });
  return {
    bytes: await made.getBuffer(),
    warnings: fallbacks.missing() ? ["Some characters are in no font that is installed; boxes stand in their place."] : [],
  };
}

type Content = Record<string, unknown>;

/** Points between the margins. */
interface Place {
  readonly fonts: Fallbacks;
  readonly width: number;
  readonly height: number;
}

function contentOf(block: Block, on: Place): Content {
  switch (block.kind) {
    case "paragraph":
      return { text: runsOf(block.text, on.fonts), margin: [0, 0, 0, 8], ...aligned(block) };
    case "heading":
      return {
        text: runsOf(block.text, on.fonts),
        margin: [0, block.level <= 2 ? 12 : 8, 0, 6],
        headlineLevel: block.level,
        ...aligned(block),
      };
    case "code":
      return {
        table: { widths: ["*"], body: [[{ ...lines(block.text, on), fillColor: "#f4f5f7", margin: [6, 5, 6, 5] }]] },
        layout: "noBorders",
        margin: [0, 0, 0, 8],
      };
    case "lines":
      return lines(block.text, on);
    case "quote":
      return {
        stack: block.blocks.map((inner) => contentOf(inner, on)),
        margin: [block.marked ? 16 : 24, 0, 0, 0],
        ...(block.marked ? { color: "#4a4f57" } : {}),
      };
    case "list": {
      const items = block.items.map((item) => ({ stack: item.map((inner) => contentOf(inner, on)) }));
      return { [block.ordered ? "ol" : "ul"]: items, ...(block.ordered ? { start: block.start } : {}), margin: [0, 0, 0, 4] };
    }
    case "table":
      return tableOf(block, on);
    case "image":
      // Never larger than a page, nor than it says.
      return {
        image: block.data,
        fit: [Math.min(on.width, block.width === null ? on.width : block.width * PX_TO_PT), on.height - 2],
        margin: [0, 2, 0, 8],
      };
    case "rule":
      return {
        canvas: [{ type: "line", x1: 0, y1: 0, x2: on.width, y2: 0, lineWidth: 0.5, lineColor: "#b6bac2" }],
        margin: [0, 6, 0, 10],
      };
  }
}

function aligned({ alignment }: Aligned): Content {
  return alignment === undefined ? {} : { alignment };
}

function tableOf({ rows, columns, lines: hasLines }: Extract<Block, { kind: "table" }>, on: Place): Content {
  const headerRows = rows.findIndex(({ header }) => !header);
  const body = rows.map(({ cells, header }) =>
    Array.from({ length: columns }, (_, n) => ({
      stack: (cells[n] ?? []).map((block) => contentOf(block, on)),
      ...(header && hasLines ? { fillColor: "#eef0f3" } : {}),
    })),
  );
  return {
    table: {
      headerRows: headerRows < 0 ? 0 : headerRows,
      widths: Array.from({ length: columns }, () => "auto"),
      body,
      dontBreakRows: false,
    },
    layout: hasLines ? "lightHorizontalLines" : "noBorders",
    fontSize: columns > 8 ? 7 : columns > 5 ? 9 : 10,
    margin: [0, 2, 0, 10],
  };
}

/** Text whose lines and blanks are kept. */
function lines(text: string, on: Place): Content {
  const kept = text.replaceAll("\t", "    ");
  return {
    text: runsOf([{ text: kept, mono: true, fontSize: 9.5 }], on.fonts),
    preserveLeadingSpaces: true,
    preserveTrailingSpaces: true,
    lineHeight: 1.15,
  };
}

function runsOf(parts: readonly Inline[], fonts: Fallbacks): readonly Content[] {
  const texts = parts.map(({ text }) => withoutControls(text));
  const directed = directions(texts.join(""));
  let start = 0;
  return parts.flatMap(({ text: _given, mono = false, ...style }, part) => {
    const text = texts[part]!;
    const runs = directed === null ? [{ text }] : directedRuns(text, start, directed);
    start += text.length;
    return runs.flatMap(({ text: run, ...direction }) =>
      fonts.split(run, mono ? "mono" : "base").map((piece) => ({
        ...direction,
        ...style,
        text: piece.text,
        ...(piece.font !== null ? { font: piece.font } : mono ? { font: MONO } : {}),
      })),
    );
  });
}

/** Pieces of one direction each. Paragraphs from right to left begin at the right. */
function directedRuns(text: string, start: number, { base, own }: DirectedText): readonly ({ readonly text: string } & Directed)[] {
  const runs: { text: string; readonly from: number }[] = [];
  for (let at = 0; at < text.length; at++) {
    const last = runs.at(-1);
    const goesOn = last !== undefined && own[start + at] === own[start + last.from] && base[start + at] === base[start + last.from];
    if (goesOn) last.text += text[at];
    else runs.push({ text: text[at]!, from: at });
  }
  return runs.map(({ text: run, from }) => {
    const [isRightToLeft, inRightToLeft] = [own[start + from]!, base[start + from]!];
    return {
      text: isRightToLeft ? mirrored(run) : run,
      isRightToLeft,
      inRightToLeft,
      ...(inRightToLeft ? { alignment: "right" } : {}),
    };
  });
}

/** Of what is no character of text only tabs and ends of lines are left. */
function withoutControls(text: string): string {
  return text.replace(/[^\P{C}\n\t]|\ufeff/gu, (character) => (/\p{Cf}/u.test(character) && character !== "\ufeff" ? character : ""));
}

/** More than this takes longer than anybody waits. */
export const MAX_TEXT_BYTES = 5_000_000;

export function requireReadableSize(bytes: number): void {
  if (bytes > MAX_TEXT_BYTES) throw new ApiError("too_large", `Text of more than ${MAX_TEXT_BYTES / 1_000_000} MB is not converted`);
}
