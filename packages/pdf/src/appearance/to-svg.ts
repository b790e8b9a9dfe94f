/**
 * Drawing commands as SVG elements: plain data, no DOM. Attributes go through `setAttribute`, `style` through
 * `element.style.setProperty` (an attribute would be stopped by a strict CSP), `text` through `textContent`.
 * A blend mode reaches what lies below only within the same stacking context.
 */
import type { BlendMode, DrawCommand, PathSegment } from "./commands.ts";
import type { FontName } from "./font-metrics.ts";
import { blendMode, color, dashes, finite, opacity } from "./sanitize.ts";
import { isWinAnsi } from "./win-ansi.ts";

export interface SvgElement {
  readonly tag: "path" | "text" | "image" | "g" | "svg";
  readonly attributes: Readonly<Record<string, string>>;
  readonly style?: Readonly<Record<string, string>>;
  readonly text?: string;
  /** Of an image: the blob that its `href` leads to, which only the viewer knows how to reach. */
  readonly blob?: string;
  readonly children?: readonly SvgElement[];
}

/** Coordinates stay points of the page: put the elements into an `<svg viewBox="0 0 width height">`. */
export function toSvg(commands: readonly DrawCommand[]): SvgElement[] {
  return commands.map(element);
}

function element(command: DrawCommand): SvgElement {
  switch (command.kind) {
    case "path": {
      const { stroke } = command;
      const dash = dashes(stroke?.dash);
      return {
        tag: "path",
        attributes: {
          d: svgPath(command.path),
          fill: color(command.fill, "none"),
          ...(stroke === undefined
            ? {}
            : {
                stroke: color(stroke.color, "none"),
                "stroke-width": number(stroke.width),
                "stroke-linecap": stroke.cap === "round" ? "round" : "butt",
                "stroke-linejoin": stroke.join === "round" ? "round" : "miter",
                // As in PDF, where it is 10 unless something else is said.
                ...(stroke.join === "round" ? {} : { "stroke-miterlimit": "10" }),
                ...(dash === undefined ? {} : { "stroke-dasharray": dash.map(number).join(" ") }),
              }),
          ...opacityOf(command),
        },
        ...styled(command),
      };
    }
    case "text":
      return {
        tag: "text",
        attributes: {
          x: number(command.x),
          y: number(command.y),
          fill: color(command.color, "#000000"),
          "font-size": number(command.size),
          ...face(command.font),
          // The reader's font may differ a little from the metrics that broke the lines; where it lacks none of them, hold it to these.
          ...(isWinAnsi(command.text) && command.width > 0 ? { textLength: number(command.width), lengthAdjust: "spacingAndGlyphs" } : {}),
          ...opacityOf(command),
        },
        ...styled(command, { "white-space": "pre" }),
        text: command.text,
      };
    case "image": {
      const [x, y, width, height] = command.rect.map(number) as [string, string, string, string];
      return {
        tag: "image",
        attributes: { x, y, width, height, preserveAspectRatio: "none", ...opacityOf(command) },
        ...styled(command),
        blob: command.blob,
      };
    }
    case "group": {
      const { clip } = command;
      const children = toSvg(command.commands);
      return {
        tag: "g",
        attributes: {
          ...(command.transform === undefined ? {} : { transform: `matrix(${command.transform.map(number).join(" ")})` }),
          ...opacityOf(command),
        },
        ...styled(command),
        children: clip === undefined ? children : [clipped(clip, children)],
      };
    }
  }
}

/** The path data of an SVG `d` attribute. */
export function svgPath(path: readonly PathSegment[]): string {
  let data = "";
  for (const segment of path) {
    data += segment[0];
    for (let i = 1; i < segment.length; i++) data += (i === 1 ? "" : " ") + number(segment[i] as number);
  }
  return data;
}

/** A nested viewport clips without an id, of which a page may have only one. */
function clipped(clip: readonly [number, number, number, number], children: readonly SvgElement[]): SvgElement {
  const [x, y, width, height] = clip.map(number) as [string, string, string, string];
  return { tag: "svg", attributes: { x, y, width, height, viewBox: `${x} ${y} ${width} ${height}`, overflow: "hidden" }, children };
}

function face(font: FontName): Record<string, string> {
  const family = font.startsWith("Times")
    ? "Times, 'Times New Roman', 'Liberation Serif', serif"
    : font.startsWith("Courier")
      ? "Courier, 'Courier New', 'Liberation Mono', monospace"
      : "Helvetica, Arial, 'Liberation Sans', sans-serif";
  return {
    "font-family": family,
    "font-weight": font.includes("Bold") ? "700" : "400",
    "font-style": /Oblique|Italic/.test(font) ? "italic" : "normal",
  };
}

function opacityOf(command: { readonly opacity?: number }): Record<string, string> {
  const value = opacity(command.opacity);
  return value === 1 ? {} : { opacity: number(value) };
}

function styled(
  command: { readonly blendMode?: BlendMode },
  rest: Readonly<Record<string, string>> = {},
): { style?: Record<string, string> } {
  const mode = blendMode(command.blendMode, "normal");
  const style = mode === "normal" ? rest : { ...rest, "mix-blend-mode": mode.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) };
  return Object.keys(style).length === 0 ? {} : { style };
}

function number(value: number): string {
  return String(Math.round(finite(value) * 1000) / 1000);
}
