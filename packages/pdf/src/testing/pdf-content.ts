/**
 * Drawing for fixtures and the sample document: shapes and text as PDF content operators, in points with y down
 * from the top-left of the page, the way our records count.
 */
import { type FontName, FONT_NAMES, textWidth } from "../appearance/font-metrics.ts";
import { winAnsi } from "../appearance/win-ansi.ts";
import { pdfLiteral, pdfNumber } from "../pdf-writer.ts";

/** `#rrggbb` */
export type Color = string;
export type Align = "left" | "center" | "right" | "justify";

export interface TextStyle {
  readonly font?: FontName;
  readonly size?: number;
  readonly color?: Color;
  readonly align?: Exclude<Align, "justify">;
  /** Points added after each character. */
  readonly spacing?: number;
}

export interface ParagraphStyle extends Omit<TextStyle, "align"> {
  readonly width: number;
  readonly align?: Align;
  /** Baseline to baseline, in points; default 1.4 × size. */
  readonly leading?: number;
}

export interface ShapeStyle {
  readonly fill?: Color;
  readonly stroke?: Color;
  readonly width?: number;
  readonly dash?: readonly number[];
}

export interface PdfContent {
  /** Size of the page in points. */
  readonly width: number;
  readonly height: number;
  rect(x: number, y: number, width: number, height: number, style: ShapeStyle & { readonly radius?: number }): void;
  circle(x: number, y: number, radius: number, style: ShapeStyle): void;
  line(x1: number, y1: number, x2: number, y2: number, style: ShapeStyle): void;
  /** Straight segments through the points; `smooth` takes them as start, then control, control, end triples of curves. */
  path(points: readonly (readonly [number, number])[], style: ShapeStyle & { readonly close?: boolean; readonly smooth?: boolean }): void;
  /** `y` is the baseline. Returns the width. */
  text(x: number, y: number, text: string, style?: TextStyle): number;
  /** Wrapped at spaces; `y` is the first baseline. Returns the baseline after the last line. */
  paragraph(x: number, y: number, text: string, style: ParagraphStyle): number;
  /** The operators written so far. */
  operators(): string;
}

/** The page's font resources: each standard font under its index in `FONT_NAMES`. */
export function fontKey(font: FontName): string {
  return `F${FONT_NAMES.indexOf(font)}`;
}

export function pdfContent(width: number, height: number): PdfContent {
  const out: string[] = [];
  const n = pdfNumber;
  const at = (x: number, y: number): string => `${n(x)} ${n(height - y)}`;

  function paint(style: ShapeStyle, path: string): void {
    out.push("q");
    if (style.fill !== undefined) out.push(`${rgb(style.fill)} rg`);
    if (style.stroke !== undefined) out.push(`${rgb(style.stroke)} RG ${n(style.width ?? 1)} w 1 J 1 j`);
    if (style.dash !== undefined) out.push(`[${style.dash.map(n).join(" ")}] 0 d`);
    out.push(path, style.fill === undefined ? "S" : style.stroke === undefined ? "f" : "B", "Q");
  }

  function show(x: number, y: number, text: string, style: TextStyle, wordSpacing = 0): void {
    const font = style.font ?? "Helvetica";
    out.push(
      `BT ${rgb(style.color ?? "#000000")} rg /${fontKey(font)} ${n(style.size ?? 12)} Tf ${n(style.spacing ?? 0)} Tc ${n(wordSpacing)} Tw ${at(x, y)} Td ${pdfLiteral(winAnsi(text))} Tj ET`,
    );
  }

  return {
    width,
    height,
    rect(x, y, w, h, style) {
      paint(
        style,
        style.radius === undefined
          ? `${at(x, y + h)} ${n(w)} ${n(h)} re`
          : roundedRect(x, y, w, h, Math.min(style.radius, w / 2, h / 2), at),
      );
    },
    circle(x, y, radius, style) {
      paint(style, roundedRect(x - radius, y - radius, 2 * radius, 2 * radius, radius, at));
    },
    line(x1, y1, x2, y2, style) {
      paint(style, `${at(x1, y1)} m ${at(x2, y2)} l`);
    },
    path(points, style) {
      const [first, ...rest] = points;
      if (first === undefined) return;
      const parts = [`${at(first[0], first[1])} m`];
      if (style.smooth === true) {
        for (let i = 0; i + 2 < rest.length; i += 3)
          parts.push(
            `${rest
              .slice(i, i + 3)
              .map(([x, y]) => at(x, y))
              .join(" ")} c`,
          );
      } else for (const [x, y] of rest) parts.push(`${at(x, y)} l`);
      paint(style, parts.join(" ") + (style.close === true ? " h" : ""));
    },
    text(x, y, text, style = {}) {
      const wide = measure(text, style);
      show(style.align === "center" ? x - wide / 2 : style.align === "right" ? x - wide : x, y, text, style);
      return wide;
    },
    paragraph(x, y, text, style) {
      const { width: measureWidth, align = "left", leading = (style.size ?? 12) * 1.4, ...rest } = style;
      let baseline = y;
      for (const block of text.split("\n")) {
        const lines = wrap(block, measureWidth, rest);
        for (const [index, line] of lines.entries()) {
          const spare = measureWidth - measure(line, rest);
          const gaps = line.split(" ").length - 1;
          const justified = align === "justify" && index < lines.length - 1 && gaps > 0;
          show(x + (align === "center" ? spare / 2 : align === "right" ? spare : 0), baseline, line, rest, justified ? spare / gaps : 0);
          baseline += leading;
        }
      }
      return baseline;
    },
    operators: () => out.join("\n"),
  };
}

/** Width of one line in points. */
export function measure(text: string, style: TextStyle): number {
  return textWidth(style.font ?? "Helvetica", style.size ?? 12, text) + (style.spacing ?? 0) * text.length;
}

function wrap(text: string, width: number, style: TextStyle): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && measure(longer, style) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** Distance of the control points that make a quarter circle of a cubic curve. */
const KAPPA = 0.5523;

function roundedRect(x: number, y: number, w: number, h: number, r: number, at: (x: number, y: number) => string): string {
  const k = r * (1 - KAPPA);
  const [right, bottom] = [x + w, y + h];
  return [
    `${at(x + r, y)} m ${at(right - r, y)} l ${at(right - k, y)} ${at(right, y + k)} ${at(right, y + r)} c`,
    `${at(right, bottom - r)} l ${at(right, bottom - k)} ${at(right - k, bottom)} ${at(right - r, bottom)} c`,
    `${at(x + r, bottom)} l ${at(x + k, bottom)} ${at(x, bottom - k)} ${at(x, bottom - r)} c`,
    `${at(x, y + r)} l ${at(x, y + k)} ${at(x + k, y)} ${at(x + r, y)} c h`,
  ].join(" ");
}

/** `r g b`, each 0…1. */
export function rgb(color: Color): string {
  const value = Number.parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255].map((part) => pdfNumber(part / 255)).join(" ");
}
