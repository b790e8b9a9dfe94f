/**
 * How a field looks on paper, as drawing commands in points of its widget's box (y down from its top left corner): its frame, and the value as
 * the form formats it. Export writes it as the widget's appearance; thumbnails draw the same.
 */
import type { Field, Value, Widget } from "@lectern/protocol";
import { circlePath, type DrawCommand, type Matrix, type PathSegment, rectPath, type Stroke } from "../appearance/commands.ts";
import { type FontName, standardFont, textWidth, verticalMetrics } from "../appearance/font-metrics.ts";
import { layoutText } from "../appearance/text.ts";
import { displayText, isOn, valuesOf } from "./fill.ts";

export interface DrawnWidget {
  readonly field: Field;
  readonly widget: Widget;
  readonly value: Pick<Value, "value" | "optionIndexes">;
  /** Draw a check box or radio button in this state, whatever the value says. */
  readonly on?: boolean;
}

interface Box {
  readonly width: number;
  readonly height: number;
}

const SELECTED = "#99c1da";
const LINE = 1.2;
const LARGEST = 144;
const SMALLEST = 4;

export function drawWidget({ field, widget, value, on }: DrawnWidget): DrawCommand[] {
  const { bbox, rotation = 0 } = widget.geometry;
  const [, , width, height] = bbox;
  const turned = rotation % 180 !== 0;
  const box: Box = turned ? { width: height, height: width } : { width, height };
  if (width <= 0 || height <= 0) return [];
  const commands = [...frame(field, widget, box), ...content({ field, widget, value, ...(on === undefined ? {} : { on }) }, box)];
  if (commands.length === 0) return [];
  return [{ kind: "group", commands, ...(rotation === 0 ? {} : { transform: TURNS[rotation](box) }) }];
}

/** From the turned box to the widget's, clockwise. */
const TURNS: Readonly<Record<90 | 180 | 270, (box: Box) => Matrix>> = {
  90: ({ height }) => [0, 1, -1, 0, height, 0],
  180: ({ width, height }) => [-1, 0, 0, -1, width, height],
  270: ({ width }) => [0, -1, 1, 0, 0, width],
};

function borderOf({ appearance }: Widget): number {
  return appearance.borderColor === undefined ? 0 : (appearance.borderWidth ?? 1);
}

function isRound(field: Field, { appearance }: Widget): boolean {
  return field.type === "radio" && (appearance.symbol ?? "circle") === "circle";
}

function frame(field: Field, widget: Widget, { width, height }: Box): DrawCommand[] {
  const { backgroundColor, borderColor, borderStyle = "solid" } = widget.appearance;
  const border = borderOf(widget);
  const commands: DrawCommand[] = [];
  const path: PathSegment[] = isRound(field, widget)
    ? circlePath(width / 2, height / 2, Math.max(0, Math.min(width, height) / 2 - border / 2))
    : rectPath([border / 2, border / 2, Math.max(0, width - border), Math.max(0, height - border)]);
  if (backgroundColor !== undefined) commands.push({ kind: "path", path, fill: backgroundColor });
  if (borderColor === undefined || border === 0) return commands;
  const stroke: Stroke = { color: borderColor, width: border, ...(borderStyle === "dashed" ? { dash: [3, 3] } : {}) };
  if (borderStyle === "underline")
    commands.push({
      kind: "path",
      path: [
        ["M", 0, height - border / 2],
        ["L", width, height - border / 2],
      ],
      stroke,
    });
  else commands.push({ kind: "path", path, stroke });
  if ((borderStyle === "beveled" || borderStyle === "inset") && !isRound(field, widget)) {
    const [light, dark] = borderStyle === "beveled" ? ["#ffffff", "#808080"] : ["#808080", "#c0c0c0"];
    const [near, far] = [border * 1.5, { x: width - border * 1.5, y: height - border * 1.5 }];
    commands.push(
      {
        kind: "path",
        path: [
          ["M", near, far.y],
          ["L", near, near],
          ["L", far.x, near],
        ],
        stroke: { color: light, width: border },
      },
      {
        kind: "path",
        path: [
          ["M", near, far.y],
          ["L", far.x, far.y],
          ["L", far.x, near],
        ],
        stroke: { color: dark, width: border },
      },
    );
  }
  return commands;
}

function content(drawn: DrawnWidget, box: Box): DrawCommand[] {
  const { field, widget, value } = drawn;
  switch (field.type) {
    case "checkbox":
    case "radio":
      return (drawn.on ?? isOn(field, widget, value)) ? symbol(field, widget, box) : [];
    case "listbox":
      return clipped(widget, box, options(drawn, box));
    case "button":
      return clipped(widget, box, line(widget, box, field.buttonLabel ?? "", "center"));
    case "signature":
      return [];
    case "combobox":
      return clipped(widget, box, line(widget, box, displayText(field, value.value)));
    case "text": {
      const text = displayText(field, value.value);
      const shown = field.password === true ? "•".repeat(Array.from(text).length) : text;
      if (shown === "") return combLines(drawn, box);
      if (field.comb === true && field.maxLength !== undefined)
        return [...combLines(drawn, box), ...clipped(widget, box, comb(widget, box, shown, field.maxLength))];
      return clipped(widget, box, field.multiLine === true ? paragraph(widget, box, shown) : line(widget, box, shown));
    }
  }
}

function clipped(widget: Widget, { width, height }: Box, commands: readonly DrawCommand[]): DrawCommand[] {
  const border = borderOf(widget);
  return commands.length === 0
    ? []
    : [{ kind: "group", clip: [border, border, Math.max(0, width - 2 * border), Math.max(0, height - 2 * border)], commands }];
}

function padding(widget: Widget): number {
  const border = borderOf(widget);
  return Math.max(2, border + (widget.appearance.borderStyle === "beveled" || widget.appearance.borderStyle === "inset" ? border : 0) + 1);
}

function fontOf({ appearance }: Widget): FontName {
  return standardFont(appearance.font, appearance.fontStyle);
}

function word(widget: Widget, text: string, at: { readonly x: number; readonly y: number; readonly size: number }): DrawCommand {
  const font = fontOf(widget);
  return { kind: "text", ...at, text, font, color: widget.appearance.fontColor ?? "#000000", width: textWidth(font, at.size, text) };
}

/** Where the baseline of a line stands that is in the middle of this height. */
function baseline(font: FontName, size: number, top: number, height: number): number {
  const { ascent, descent } = verticalMetrics(font);
  return top + height / 2 + ((ascent - descent) * size) / 2;
}

function line(widget: Widget, { width, height }: Box, text: string, align = widget.appearance.horizontalAlign ?? "left"): DrawCommand[] {
  if (text.trim() === "") return [];
  const font = fontOf(widget);
  const inset = padding(widget);
  const given = widget.appearance.fontSize ?? 0;
  const one = textWidth(font, 1, text);
  const fitting = Math.min((height - 2 * borderOf(widget)) / LINE, one > 0 ? (width - 2 * inset) / one : LARGEST);
  const size = given > 0 ? given : Math.max(SMALLEST, Math.min(LARGEST, fitting));
  const room = width - 2 * inset - one * size;
  const x = inset + (align === "center" ? room / 2 : align === "right" ? room : 0);
  // What is too long begins at its beginning.
  return [word(widget, text, { x: room < 0 ? inset : x, y: baseline(font, size, 0, height), size })];
}

function paragraph(widget: Widget, { width, height }: Box, text: string): DrawCommand[] {
  const inset = padding(widget);
  const { appearance } = widget;
  const lay = (size: number) =>
    layoutText(
      {
        type: "text",
        page: widget.page,
        geometry: { bbox: [0, 0, width, height] },
        text: { format: "plain", value: text.replace(/\r\n?/g, "\n") },
        appearance: {
          ...(appearance.font === undefined ? {} : { font: appearance.font }),
          ...(appearance.fontStyle === undefined ? {} : { fontStyle: appearance.fontStyle }),
          fontSize: size,
        },
      },
      width - 2 * (inset - 2),
    );
  const given = appearance.fontSize ?? 0;
  let layout = lay(given > 0 ? given : 12);
  if (given === 0)
    for (let size = 12; size > SMALLEST && layout.lines.length * size * LINE > height - 2 * inset; size--) layout = lay(size - 1);
  const { size, font, lines } = layout;
  return lines.flatMap(({ text: words, width: used }, index): DrawCommand[] => {
    if (words.trim() === "") return [];
    const room = width - 2 * inset - used;
    const x = inset + (appearance.horizontalAlign === "center" ? room / 2 : appearance.horizontalAlign === "right" ? room : 0);
    return [word(widget, words, { x, y: baseline(font, size, inset + index * size * LINE, size * LINE), size })];
  });
}

function combLines({ field, widget }: DrawnWidget, { width, height }: Box): DrawCommand[] {
  const { borderColor } = widget.appearance;
  const border = borderOf(widget);
  if (field.comb !== true || field.maxLength === undefined || borderColor === undefined || border === 0 || field.maxLength > 1000)
    return [];
  const cells = field.maxLength;
  const path = Array.from({ length: cells - 1 }, (_, index): PathSegment[] => [
    ["M", ((index + 1) * width) / cells, border],
    ["L", ((index + 1) * width) / cells, height - border],
  ]).flat();
  return path.length === 0 ? [] : [{ kind: "path", path, stroke: { color: borderColor, width: border } }];
}

function comb(widget: Widget, { width, height }: Box, text: string, cells: number): DrawCommand[] {
  const font = fontOf(widget);
  const cell = width / cells;
  const given = widget.appearance.fontSize ?? 0;
  const size = given > 0 ? given : Math.max(SMALLEST, Math.min((height - 2 * borderOf(widget)) / LINE, cell));
  const characters = Array.from(text).slice(0, cells);
  const spare = cells - characters.length;
  const { horizontalAlign = "left" } = widget.appearance;
  const first = horizontalAlign === "right" ? spare : horizontalAlign === "center" ? Math.floor(spare / 2) : 0;
  return characters.flatMap((character, index): DrawCommand[] =>
    character === " "
      ? []
      : [
          word(widget, character, {
            x: (first + index + 0.5) * cell - textWidth(font, size, character) / 2,
            y: baseline(font, size, 0, height),
            size,
          }),
        ],
  );
}

function options({ field, widget, value }: DrawnWidget, { width, height }: Box): DrawCommand[] {
  const list = field.options ?? [];
  const chosen = new Set(valuesOf(value.value));
  const given = widget.appearance.fontSize ?? 0;
  const size = given > 0 ? given : 12;
  const inset = padding(widget);
  const font = fontOf(widget);
  const seen = Math.max(1, Math.floor((height - 2 * inset) / (size * LINE)));
  const first = Math.max(0, list.findIndex((option) => chosen.has(option.value)) - seen + 1);
  return list.slice(first, first + seen + 1).flatMap((option, index): DrawCommand[] => {
    const top = inset + index * size * LINE;
    return [
      ...(chosen.has(option.value)
        ? [
            {
              kind: "path" as const,
              path: rectPath([borderOf(widget), top, Math.max(0, width - 2 * borderOf(widget)), size * LINE]),
              fill: SELECTED,
            },
          ]
        : []),
      ...(option.label.trim() === "" ? [] : [word(widget, option.label, { x: inset, y: baseline(font, size, top, size * LINE), size })]),
    ];
  });
}

function symbol(field: Field, widget: Widget, { width, height }: Box): DrawCommand[] {
  const { appearance } = widget;
  const color = appearance.fontColor ?? "#000000";
  const given = appearance.fontSize ?? 0;
  const side = Math.max(1, Math.min(width, height) - 2 * borderOf(widget), given > 0 ? Math.min(given, Math.min(width, height)) : 0);
  const [x, y] = [width / 2, height / 2];
  const at = (dx: number, dy: number): readonly [number, number] => [x + dx * side, y + dy * side];
  const polygon = (points: readonly (readonly [number, number])[]): PathSegment[] => [
    ...points.map(([px, py], index): PathSegment => [index === 0 ? "M" : "L", ...at(px, py)]),
    ["Z"],
  ];
  switch (appearance.symbol ?? (field.type === "radio" ? "circle" : "check")) {
    case "circle":
      return [{ kind: "path", path: circlePath(x, y, side * 0.25), fill: color }];
    case "cross":
      return [
        {
          kind: "path",
          path: [
            ["M", ...at(-0.3, -0.3)],
            ["L", ...at(0.3, 0.3)],
            ["M", ...at(0.3, -0.3)],
            ["L", ...at(-0.3, 0.3)],
          ],
          stroke: { color, width: side / 9 },
        },
      ];
    case "diamond":
      return [
        {
          kind: "path",
          path: polygon([
            [0, -0.35],
            [0.35, 0],
            [0, 0.35],
            [-0.35, 0],
          ]),
          fill: color,
        },
      ];
    case "square":
      return [
        {
          kind: "path",
          path: polygon([
            [-0.28, -0.28],
            [0.28, -0.28],
            [0.28, 0.28],
            [-0.28, 0.28],
          ]),
          fill: color,
        },
      ];
    case "star":
      return [
        {
          kind: "path",
          path: polygon(
            Array.from({ length: 10 }, (_, index) => {
              const [reach, angle] = [index % 2 === 0 ? 0.4 : 0.16, (index * Math.PI) / 5 - Math.PI / 2];
              return [Math.cos(angle) * reach, Math.sin(angle) * reach] as const;
            }),
          ),
          fill: color,
        },
      ];
    default:
      return [
        {
          kind: "path",
          path: [
            ["M", ...at(-0.28, 0.02)],
            ["L", ...at(-0.08, 0.24)],
            ["L", ...at(0.3, -0.26)],
          ],
          stroke: { color, width: side / 8, cap: "round", join: "round" },
        },
      ];
  }
}
