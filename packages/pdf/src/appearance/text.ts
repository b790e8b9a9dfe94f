/**
 * Free text: words in a box. Lines are broken here, by the metrics of a standard font, so that the screen, the exported
 * file and the height of a box that fits its text agree.
 */
import type { Point, Rect, Text } from "@lectern/protocol";
import { type DrawCommand, type PathSegment, rectPath, type Stroke, union } from "./commands.ts";
import { type FontName, standardFont, textWidth, verticalMetrics } from "./font-metrics.ts";
import { plainText } from "./rich-text.ts";
import { capExtent, drawCap } from "./line-caps.ts";
import { color, finite, opacity, within } from "./sanitize.ts";
import { degreesOf, turn, unturnedBox } from "./turned.ts";

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
  return [{ kind: "group", commands, opacity: opacity(appearance.opacity), ...(rotation === 0 ? {} : { transform: turn(box, rotation) }) }];
}

/** The annotation's own box, which holds the turned words, and the callout line. */
export function bbox(annotation: Text): Rect {
  const { bbox: box, callout } = annotation.geometry;
  const reach = capExtent(callout?.cap, borderWidth(annotation));
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
  return unturnedBox([left + l, top + t, Math.max(0, width - l - r), Math.max(0, height - t - b)], rotationOf(annotation));
}

function finiteBox(box: Rect): Rect {
  return [finite(box[0]), finite(box[1]), Math.max(0, finite(box[2])), Math.max(0, finite(box[3]))];
}

function borderWidth({ appearance }: Text): number {
  return color(appearance.borderColor, undefined) === undefined ? 0 : within(appearance.borderWidth, 0, 100, 1);
}

function rotationOf({ geometry }: Text): number {
  return degreesOf(geometry.rotation);
}

function calloutLine({ geometry }: Text, edge: string, width: number): DrawCommand[] {
  const { callout } = geometry;
  if (callout === undefined) return [];
  const points = [callout.start, ...(callout.knee === undefined ? [] : [callout.knee]), callout.end];
  const path = points.map(([x, y], index): PathSegment => [index === 0 ? "M" : "L", finite(x), finite(y)]);
  const stroke: Stroke = { color: edge, width, cap: "round", join: "round" };
  const [start, second] = points.map(([x, y]): Point => [finite(x), finite(y)]);
  return [{ kind: "path", path, stroke }, ...drawCap(callout.cap, start!, second!, stroke, edge)];
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
