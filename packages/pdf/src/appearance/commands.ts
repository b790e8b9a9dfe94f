/**
 * Drawing commands: how an annotation looks, as plain data in points of the page (y down from the top-left of its crop box,
 * before any rotation). The viewer turns them into SVG, export into a content stream, so that screen and paper agree.
 */
import type { Rect } from "@lectern/protocol";
import type { FontName } from "./font-metrics.ts";

export type PathSegment =
  | readonly ["M" | "L", x: number, y: number]
  | readonly ["Q", controlX: number, controlY: number, x: number, y: number]
  | readonly ["C", x1: number, y1: number, x2: number, y2: number, x: number, y: number]
  | readonly ["Z"];

export const BLEND_MODES = [
  "normal",
  "multiply",
  "screen",
  "overlay",
  "darken",
  "lighten",
  "colorDodge",
  "colorBurn",
  "hardLight",
  "softLight",
  "difference",
  "exclusion",
] as const;
export type BlendMode = (typeof BLEND_MODES)[number];

/** `[a, b, c, d, e, f]`: x′ = a·x + c·y + e, y′ = b·x + d·y + f. */
export type Matrix = readonly [number, number, number, number, number, number];

interface Compositing {
  /** 0…1, of the command as a whole; 1 when absent. */
  readonly opacity?: number;
  readonly blendMode?: BlendMode;
}

export interface Stroke {
  /** `#rrggbb` */
  readonly color: string;
  readonly width: number;
  readonly dash?: readonly number[];
  readonly cap?: "butt" | "round";
  readonly join?: "miter" | "round";
}

/** Filled by the nonzero rule, then stroked. */
export interface PathCommand extends Compositing {
  readonly kind: "path";
  readonly path: readonly PathSegment[];
  readonly fill?: string;
  readonly stroke?: Stroke;
}

/** One line of text. */
export interface TextCommand extends Compositing {
  readonly kind: "text";
  /** Left end of the baseline. */
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly font: FontName;
  readonly size: number;
  readonly color: string;
  /** Advance width by the font's metrics. */
  readonly width: number;
}

/** A picture, stretched over its box. */
export interface ImageCommand extends Compositing {
  readonly kind: "image";
  /** Of the picture's file. */
  readonly blob: string;
  readonly rect: Rect;
}

/** Commands drawn together: moved, clipped and composited as one. The clip is in the group's own coordinates. */
export interface GroupCommand extends Compositing {
  readonly kind: "group";
  readonly transform?: Matrix;
  readonly clip?: Rect;
  readonly commands: readonly DrawCommand[];
}

export type DrawCommand = PathCommand | TextCommand | ImageCommand | GroupCommand;

export function rectPath([left, top, width, height]: Rect): PathSegment[] {
  return [["M", left, top], ["L", left + width, top], ["L", left + width, top + height], ["L", left, top + height], ["Z"]];
}

/** Distance of the control points that make a quarter circle of a cubic curve. */
const KAPPA = 0.5523;

export function circlePath(x: number, y: number, radius: number): PathSegment[] {
  return ellipsePath(x, y, radius, radius);
}

export function ellipsePath(x: number, y: number, rx: number, ry: number): PathSegment[] {
  const [kx, ky] = [rx * KAPPA, ry * KAPPA];
  return [
    ["M", x + rx, y],
    ["C", x + rx, y + ky, x + kx, y + ry, x, y + ry],
    ["C", x - kx, y + ry, x - rx, y + ky, x - rx, y],
    ["C", x - rx, y - ky, x - kx, y - ry, x, y - ry],
    ["C", x + kx, y - ry, x + rx, y - ky, x + rx, y],
    ["Z"],
  ];
}

/** The smallest rectangle around all; null for none. */
export function union(rects: readonly Rect[]): Rect | null {
  if (rects.length === 0) return null;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y, width, height] of rects) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return [left, top, right - left, bottom - top];
}
