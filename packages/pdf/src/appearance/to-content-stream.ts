/**
 * Drawing commands as the operators of a PDF content stream and the resources that they name, as plain data for whoever
 * writes the file. What the standard fonts cannot say is drawn as `?`; an annotation's Contents keep the full text.
 */
import type { Rect } from "@lectern/protocol";
import { pdfLiteral, pdfNumber } from "../pdf-writer.ts";
import {
  type BlendMode,
  type DrawCommand,
  type Matrix,
  type PathCommand,
  type PathSegment,
  rectPath,
  type TextCommand,
} from "./commands.ts";
import { type FontFor, type HostFont, type HostGlyph, piecesWidth, textPieces } from "./embedded-text.ts";
import { type FontName, FONT_NAMES } from "./font-metrics.ts";
import { blendMode, color, dashes, finite, opacity } from "./sanitize.ts";
import { isWinAnsi, winAnsi } from "./win-ansi.ts";

export interface ContentStream {
  readonly operators: string;
  readonly resources: StreamResources;
}

/** By the names that the operators use. */
export interface StreamResources {
  readonly fonts: Readonly<Record<string, FontName>>;
  /** That the file has to bring along. */
  readonly embedded: Readonly<Record<string, HostFont>>;
  readonly graphicsStates: Readonly<Record<string, { readonly opacity: number; readonly blendMode: BlendMode }>>;
  /** Blobs of pictures. */
  readonly images: Readonly<Record<string, string>>;
  /** Transparency groups: form XObjects with the bounds of the whole. */
  readonly groups: Readonly<Record<string, ContentStream & { readonly bbox: Rect }>>;
}

/** Fonts beside the standard ones. */
export interface TextFonts {
  readonly fontFor: FontFor;
  /** The string that draws these glyphs. */
  readonly show: (font: HostFont, glyphs: readonly HostGlyph[]) => string;
}

export interface ContentStreamOptions {
  /** Takes points of the page to the stream's space. */
  readonly matrix: Matrix;
  /** Holds all that is drawn, in points of the page. */
  readonly bounds: Rect;
  /** Without them characters beyond the standard fonts are drawn as `?`. */
  readonly fonts?: TextFonts | undefined;
}

export function toContentStream(commands: readonly DrawCommand[], { matrix, bounds, fonts }: ContentStreamOptions): ContentStream {
  return stream(commands, { bounds, fonts }, `${matrix.map(pdfNumber).join(" ")} cm`);
}

function stream(
  commands: readonly DrawCommand[],
  options: Pick<ContentStreamOptions, "bounds" | "fonts">,
  first: string | null,
): ContentStream {
  const { bounds } = options;
  const fonts: Record<string, FontName> = {};
  const embedded: Record<string, HostFont> = {};
  const graphicsStates: Record<string, { opacity: number; blendMode: BlendMode }> = {};
  const images: Record<string, string> = {};
  const groups: Record<string, ContentStream & { bbox: Rect }> = {};
  const out: string[] = first === null ? [] : [first];
  for (const command of commands) write(command);
  return { operators: out.join("\n"), resources: { fonts, embedded, graphicsStates, images, groups } };

  function write(command: DrawCommand): void {
    const alpha = opacity(command.opacity);
    const mode = blendMode(command.blendMode, "normal");
    const plain = alpha === 1 && mode === "normal";
    out.push("q");
    if (!plain) out.push(`/${graphicsState(alpha, mode)} gs`);
    // Parts that overlap must be composited as one: fill and stroke of a path, the commands of a group.
    const composed =
      command.kind === "group"
        ? !plain
        : command.kind === "path" && alpha < 1 && command.fill !== undefined && command.stroke !== undefined;
    if (composed) group({ ...command, opacity: 1, blendMode: "normal" });
    else if (command.kind === "path") out.push(...paint(command));
    else if (command.kind === "text") {
      // The page's y runs down and the stream's up: text is turned over once more.
      const place = `1 0 0 -1 ${pdfNumber(command.x)} ${pdfNumber(command.y)} Tm`;
      out.push(`BT ${rgb(command.color)} rg ${place} ${shown(command).join(" ")} ET`);
    } else if (command.kind === "image") {
      const key = `I${Object.keys(images).length}`;
      images[key] = command.blob;
      const [left, top, width, height] = command.rect.map((value) => finite(value)) as unknown as Rect;
      out.push(`${[width, 0, 0, -height, left, top + height].map(pdfNumber).join(" ")} cm /${key} Do`);
    } else {
      if (command.transform !== undefined) out.push(`${command.transform.map((value) => pdfNumber(finite(value))).join(" ")} cm`);
      if (command.clip !== undefined) out.push(`${operators(rectPath(command.clip))} W n`);
      for (const child of command.commands) write(child);
    }
    out.push("Q");
  }

  function shown({ text, font, size, width }: TextCommand): string[] {
    const standard = (some: string): string => {
      const key = `F${FONT_NAMES.indexOf(font)}`;
      fonts[key] = font;
      return `/${key} ${pdfNumber(size)} Tf ${pdfLiteral(winAnsi(some))} Tj`;
    };
    if (options.fonts === undefined || isWinAnsi(text)) return [standard(text)];
    const { fontFor, show } = options.fonts;
    const pieces = textPieces(text, font, fontFor);
    const needed = piecesWidth(pieces, font) * size;
    // Lines were broken by a guess of these widths: what turns out longer is set narrower, so that nothing is cut off.
    const narrower = width > 0 && needed > width + 0.01 ? [`${pdfNumber((100 * width) / needed)} Tz`] : [];
    return [
      ...narrower,
      ...pieces.map((piece) =>
        piece.kind === "standard"
          ? standard(piece.text)
          : `/${embeddedKey(piece.font)} ${pdfNumber(size)} Tf ${show(piece.font, piece.glyphs)} Tj`,
      ),
    ];
  }

  function embeddedKey(font: HostFont): string {
    const known = Object.entries(embedded).find(([, one]) => one === font);
    const key = known?.[0] ?? `E${Object.keys(embedded).length}`;
    embedded[key] = font;
    return key;
  }

  function group(command: DrawCommand): void {
    const key = `X${Object.keys(groups).length}`;
    groups[key] = { ...stream([command], options, null), bbox: bounds };
    out.push(`/${key} Do`);
  }

  function graphicsState(alpha: number, mode: BlendMode): string {
    const known = Object.entries(graphicsStates).find(([, state]) => state.opacity === alpha && state.blendMode === mode);
    if (known !== undefined) return known[0];
    const key = `G${Object.keys(graphicsStates).length}`;
    graphicsStates[key] = { opacity: alpha, blendMode: mode };
    return key;
  }
}

function paint({ path, fill, stroke }: PathCommand): string[] {
  const out: string[] = [];
  if (fill !== undefined) out.push(`${rgb(fill)} rg`);
  if (stroke !== undefined) {
    out.push(
      `${rgb(stroke.color)} RG ${pdfNumber(stroke.width)} w ${stroke.cap === "round" ? 1 : 0} J ${stroke.join === "round" ? 1 : 0} j`,
    );
    const dash = dashes(stroke.dash);
    if (dash !== undefined) out.push(`[${dash.map(pdfNumber).join(" ")}] 0 d`);
  }
  out.push(operators(path), fill === undefined ? (stroke === undefined ? "n" : "S") : stroke === undefined ? "f" : "B");
  return out;
}

const OPERATORS = { M: "m", L: "l", C: "c", Q: "c", Z: "h" } as const;

function operators(path: readonly PathSegment[]): string {
  const out: string[] = [];
  let from: [number, number] = [0, 0];
  for (const segment of path) {
    const numbers: number[] = [];
    for (let at = 1; at < segment.length; at++) numbers.push(finite(segment[at]));
    const drawn = segment[0] === "Q" ? cubic(from, numbers as [number, number, number, number]) : numbers;
    for (const number of drawn) out.push(pdfNumber(number));
    out.push(OPERATORS[segment[0]]);
    if (numbers.length >= 2) from = [numbers[numbers.length - 2]!, numbers[numbers.length - 1]!];
  }
  return out.join(" ");
}

/** PDF has no quadratic curves; a cubic one can follow any. */
function cubic([fromX, fromY]: [number, number], [controlX, controlY, x, y]: [number, number, number, number]): number[] {
  const third = (a: number, b: number): number => a + ((b - a) * 2) / 3;
  return [third(fromX, controlX), third(fromY, controlY), third(x, controlX), third(y, controlY), x, y];
}

const CHANNELS = Array.from({ length: 256 }, (_, value) => pdfNumber(value / 255));

function rgb(value: string): string {
  const hex = Number.parseInt(color(value, "#000000").slice(1), 16);
  return `${CHANNELS[hex >> 16]} ${CHANNELS[(hex >> 8) & 255]} ${CHANNELS[hex & 255]}`;
}
