/**
 * Free text: words in a box. Lines are broken here, by the metrics of a standard font, so that the screen, the exported
 * file and the height of a box that fits its text agree.
 */
import type { Rect, Text } from "@lectern/protocol";
import { type DrawCommand, type Matrix, type PathSegment, rectPath, union } from "./commands.ts";
import { type FontName, standardFont, textWidth, verticalMetrics } from "./font-metrics.ts";
import { plainText } from "./rich-text.ts";
import { color, finite, opacity, within } from "./sanitize.ts";

/** Baseline to baseline, in parts of the font size. */
export const LINE_HEIGHT = 1.2;
/** Points between the inner edge of the border and the words. */
export const TEXT_PADDING = 2;

export interface TextLayout {
  readonly font: FontName;
  readonly size: number;
  readonly lines: readonly { readonly text: string; readonly width: number }[];
  /** Points from the box's edge to the words. */
  readonly inset: number;
  /** Height of a box that just holds the lines. */
  readonly height: number;
}

/** The lines of the text within a box of `width` points (the annotation's own when absent). */
export function layoutText(annotation: Text, width = textBody(annotation)[2]): TextLayout {
  const { appearance } = annotation;
  const font = standardFont(appearance.font, appearance.fontStyle);
  const size = within(appearance.fontSize, 1, 1000, 12);
  const inset = borderWidth(annotation) + TEXT_PADDING;
  const room = Math.max(1, width - 2 * inset);
  const lines = plainText(annotation.text)
    .replaceAll("\t", "    ")
    .split(/[\n\u2028\u2029]/)
    .flatMap((line) => wrap(line, font, size, room));
  return {
    font,
    size,
    lines: lines.map((text) => ({ text, width: textWidth(font, size, text) })),
    inset,
    height: lines.length * size * LINE_HEIGHT + 2 * inset,
  };
}

export function draw(annotation: Text): DrawCommand[] {
  const { appearance } = annotation;
  const box = textBody(annotation);
  const [left, top, width, height] = box;
  const border = borderWidth(annotation);
  const edge = color(appearance.borderColor, undefined);
  const background = color(appearance.backgroundColor, undefined);
  const commands: DrawCommand[] = [];

  if (edge !== undefined && border > 0) commands.push(...calloutLine(annotation, edge, border));
  if (background !== undefined || (edge !== undefined && border > 0)) {
    commands.push({
      kind: "path",
      path: rectPath([left + border / 2, top + border / 2, Math.max(0, width - border), Math.max(0, height - border)]),
      ...(background === undefined ? {} : { fill: background }),
      ...(edge === undefined || border === 0
        ? {}
        : {
            stroke: {
              color: edge,
              width: border,
              join: "miter",
              ...(appearance.borderStyle === "dashed" ? { dash: [3 * border, 2 * border] } : {}),
            },
          }),
    });
  }

  const layout = layoutText(annotation, width);
  const { ascent, descent } = verticalMetrics(layout.font);
  const spare = height - layout.height;
  // Text that is too tall starts at the top, whatever its alignment.
  const shift = spare <= 0 ? 0 : appearance.verticalAlign === "center" ? spare / 2 : appearance.verticalAlign === "bottom" ? spare : 0;
  const firstBaseline = top + layout.inset + shift + (layout.size * (LINE_HEIGHT + ascent - descent)) / 2;
  const words = layout.lines.flatMap(({ text, width: used }, index): DrawCommand[] => {
    if (text.trim() === "") return [];
    const room = width - 2 * layout.inset - used;
    const x =
      left + layout.inset + (appearance.horizontalAlign === "center" ? room / 2 : appearance.horizontalAlign === "right" ? room : 0);
    return [
      {
        kind: "text",
        x,
        y: firstBaseline + index * layout.size * LINE_HEIGHT,
        text,
        font: layout.font,
        size: layout.size,
        color: color(appearance.fontColor, "#000000"),
        width: used,
      },
    ];
  });
  if (words.length > 0) commands.push({ kind: "group", clip: box, commands: words });
  if (commands.length === 0) return [];
  const rotation = rotationOf(annotation);
  return [
    { kind: "group", commands, opacity: opacity(appearance.opacity), ...(rotation === 0 ? {} : { transform: rotate(box, rotation) }) },
  ];
}

/** The annotation's own box, which holds the turned words, and the callout line. */
export function bbox(annotation: Text): Rect {
  const reach = borderWidth(annotation) / 2;
  const { bbox: box, callout } = annotation.geometry;
  const callouts = callout === undefined ? [] : [callout.start, callout.end, ...(callout.knee === undefined ? [] : [callout.knee])];
  return union([finiteBox(box), ...callouts.map(([x, y]): Rect => [finite(x) - reach, finite(y) - reach, 2 * reach, 2 * reach])])!;
}

/**
 * The box that holds the words, before it is turned: within the annotation's when there is a callout line beside it, and of
 * such a size that, turned about its middle, it fills the annotation's box.
 */
export function textBody(annotation: Text): Rect {
  const { geometry } = annotation;
  const [left, top, width, height] = finiteBox(geometry.bbox);
  const inset = geometry.callout?.innerRectInset ?? [0, 0, 0, 0];
  const [l, t, r, b] = inset.map((value) => Math.max(0, finite(value))) as [number, number, number, number];
  const [outerWidth, outerHeight] = [Math.max(0, width - l - r), Math.max(0, height - t - b)];
  const [innerWidth, innerHeight] = unturned(outerWidth, outerHeight, rotationOf(annotation));
  return [left + l + (outerWidth - innerWidth) / 2, top + t + (outerHeight - innerHeight) / 2, innerWidth, innerHeight];
}

/** Size of the box whose bounds, when it is turned, are `width` × `height`; where there is none, the largest that fits and has their ratio. */
function unturned(width: number, height: number, degrees: number): [number, number] {
  if (degrees % 180 === 0) return [width, height];
  if (degrees % 90 === 0) return [height, width];
  const [cos, sin] = [Math.abs(Math.cos((degrees * Math.PI) / 180)), Math.abs(Math.sin((degrees * Math.PI) / 180))];
  const difference = cos * cos - sin * sin;
  const exact: [number, number] = [(width * cos - height * sin) / difference, (height * cos - width * sin) / difference];
  if (Math.abs(difference) > 0.01 && exact.every((side) => side > 0)) return exact;
  const scale = Math.min(width / (width * cos + height * sin), height / (width * sin + height * cos));
  return Number.isFinite(scale) ? [width * scale, height * scale] : [0, 0];
}

function finiteBox(box: Rect): Rect {
  return [finite(box[0]), finite(box[1]), Math.max(0, finite(box[2])), Math.max(0, finite(box[3]))];
}

function borderWidth({ appearance }: Text): number {
  return color(appearance.borderColor, undefined) === undefined ? 0 : within(appearance.borderWidth, 0, 100, 1);
}

function rotationOf({ geometry }: Text): number {
  return ((finite(geometry.rotation) % 360) + 360) % 360;
}

/** Clockwise about the middle of the box. */
function rotate([left, top, width, height]: Rect, degrees: number): Matrix {
  if (degrees === 0) return [1, 0, 0, 1, 0, 0];
  const [x, y] = [left + width / 2, top + height / 2];
  const [cos, sin] =
    degrees % 90 === 0
      ? [[1, 0, -1, 0][degrees / 90]!, [0, 1, 0, -1][degrees / 90]!]
      : [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y];
}

function calloutLine({ geometry }: Text, edge: string, width: number): DrawCommand[] {
  const { callout } = geometry;
  if (callout === undefined) return [];
  const points = [callout.start, ...(callout.knee === undefined ? [] : [callout.knee]), callout.end];
  const path = points.map(([x, y], index): PathSegment => [index === 0 ? "M" : "L", finite(x), finite(y)]);
  return [{ kind: "path", path, stroke: { color: edge, width, cap: "round", join: "round" } }];
}

/** At spaces; a word that is too long for a line is broken where it must be. */
function wrap(text: string, font: FontName, size: number, room: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/\S+\s*|\s+/gu) ?? []) {
    if (textWidth(font, size, (line + word).trimEnd()) <= room) {
      line += word;
      continue;
    }
    if (line.trim() !== "") {
      lines.push(line.trimEnd());
      line = "";
    }
    let rest = "";
    for (const character of word) {
      if (rest !== "" && textWidth(font, size, (rest + character).trimEnd()) > room) {
        lines.push(rest.trimEnd());
        rest = "";
      }
      rest += character;
    }
    line += rest;
  }
  lines.push(line.trimEnd());
  return lines;
}
