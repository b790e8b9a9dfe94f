/** Note: a small icon in the note's colour, fitted into its box. Drawn on a grid of 24 × 24. */
import type { CommentMarker, Note, Rect } from "@lectern/protocol";
import { circlePath, type DrawCommand, type PathSegment } from "./commands.ts";
import { color, darken, finite, lightness, opacity } from "./sanitize.ts";

const GRID = 24;
const DEFAULT_COLOR = "#ffcc33";

/** What stands on the plate, and which plate. */
interface Icon {
  readonly plate: readonly PathSegment[];
  readonly lines?: readonly PathSegment[];
  readonly solid?: readonly PathSegment[];
}

export function draw(note: Note | CommentMarker): DrawCommand[] {
  const [left, top, width, height] = bbox(note);
  const scale = Math.min(width, height) / GRID;
  if (scale <= 0) return [];
  const fill = color(note.appearance.color, DEFAULT_COLOR);
  const edge = darken(fill, 0.4);
  const ink = lightness(fill) > 0.45 ? darken(fill, 0.65) : "#ffffff";
  const icon = iconOf(note.appearance.icon);
  const commands: DrawCommand[] = [
    { kind: "path", path: icon.plate, fill, stroke: { color: edge, width: 1.25, cap: "round", join: "round" } },
  ];
  if (icon.lines !== undefined)
    commands.push({ kind: "path", path: icon.lines, stroke: { color: ink, width: 1.75, cap: "round", join: "round" } });
  if (icon.solid !== undefined) commands.push({ kind: "path", path: icon.solid, fill: ink });
  return [
    {
      kind: "group",
      transform: [scale, 0, 0, scale, left + (width - scale * GRID) / 2, top + (height - scale * GRID) / 2],
      commands,
      opacity: opacity(note.appearance.opacity),
    },
  ];
}

export function bbox({ geometry }: Note | CommentMarker): Rect {
  const [left, top, width, height] = geometry.bbox;
  return [finite(left), finite(top), Math.max(0, finite(width)), Math.max(0, finite(height))];
}

/** A speech bubble whose tail points to the lower left. */
const BUBBLE: readonly PathSegment[] = [
  ["M", 5, 3],
  ["L", 19, 3],
  ["C", 20.7, 3, 22, 4.3, 22, 6],
  ["L", 22, 14],
  ["C", 22, 15.7, 20.7, 17, 19, 17],
  ["L", 11, 17],
  ["L", 6, 21.5],
  ["L", 6, 17],
  ["L", 5, 17],
  ["C", 3.3, 17, 2, 15.7, 2, 14],
  ["L", 2, 6],
  ["C", 2, 4.3, 3.3, 3, 5, 3],
  ["Z"],
];
const DISC = circlePath(12, 12, 10);
/** A sheet with a folded corner. */
const SHEET: readonly PathSegment[] = [["M", 5, 2], ["L", 15, 2], ["L", 20, 7], ["L", 20, 22], ["L", 5, 22], ["Z"]];
const PILCROW: readonly PathSegment[] = [
  ["M", 16.5, 6.5],
  ["L", 11, 6.5],
  ["C", 6.5, 6.5, 6.5, 12.5, 11, 12.5],
  ["L", 11.5, 12.5],
  ["M", 11.5, 6.5],
  ["L", 11.5, 17.5],
  ["M", 14.5, 6.5],
  ["L", 14.5, 17.5],
];

function iconOf(name: string | undefined): Icon {
  switch (name) {
    case "note":
      return {
        plate: SHEET,
        lines: [
          ["M", 15, 2.6],
          ["L", 15, 7],
          ["L", 19.4, 7],
          ["M", 8.5, 11],
          ["L", 16.5, 11],
          ["M", 8.5, 14.5],
          ["L", 16.5, 14.5],
          ["M", 8.5, 18],
          ["L", 13, 18],
        ],
      };
    case "check":
      return {
        plate: DISC,
        lines: [
          ["M", 7.5, 12.5],
          ["L", 10.7, 15.7],
          ["L", 16.5, 8.8],
        ],
      };
    case "cross":
      return {
        plate: DISC,
        lines: [
          ["M", 8.3, 8.3],
          ["L", 15.7, 15.7],
          ["M", 15.7, 8.3],
          ["L", 8.3, 15.7],
        ],
      };
    case "circle":
      return { plate: DISC, lines: circlePath(12, 12, 4.5) };
    case "help":
      return {
        plate: DISC,
        lines: [
          ["M", 9, 9.4],
          ["C", 9.2, 5.6, 15.2, 5.8, 15, 9.4],
          ["C", 14.9, 11.6, 12, 11.6, 12, 14],
        ],
        solid: circlePath(12, 17.2, 1.2),
      };
    case "rightArrow":
      return {
        plate: DISC,
        lines: [
          ["M", 7, 12],
          ["L", 17, 12],
          ["M", 13, 8],
          ["L", 17, 12],
          ["L", 13, 16],
        ],
      };
    case "rightPointer":
      return { plate: DISC, solid: [["M", 9.3, 7], ["L", 17, 12], ["L", 9.3, 17], ["Z"]] };
    case "insert":
      return {
        plate: DISC,
        lines: [
          ["M", 7.5, 15],
          ["L", 12, 8],
          ["L", 16.5, 15],
        ],
      };
    case "paragraph":
      return { plate: DISC, lines: PILCROW };
    case "newParagraph":
      return {
        plate: SHEET,
        lines: [
          ["M", 15, 2.6],
          ["L", 15, 7],
          ["L", 19.4, 7],
          ["M", 16, 11.5],
          ["L", 16, 15.5],
          ["L", 9, 15.5],
          ["M", 11.5, 13],
          ["L", 9, 15.5],
          ["L", 11.5, 18],
        ],
      };
    case "star":
      return { plate: star(12, 12.6, 10.5, 4.4) };
    case "key":
      return {
        plate: DISC,
        lines: [...circlePath(9, 10, 2.6), ["M", 10.9, 11.9], ["L", 16.8, 17.2], ["M", 14.6, 15.2], ["L", 16.6, 13.2]],
      };
    default:
      return {
        plate: BUBBLE,
        lines: [
          ["M", 6.5, 7.7],
          ["L", 17.5, 7.7],
          ["M", 6.5, 12],
          ["L", 14, 12],
        ],
      };
  }
}

function star(x: number, y: number, outer: number, inner: number): PathSegment[] {
  const path: PathSegment[] = [];
  for (let i = 0; i < 10; i++) {
    const radius = i % 2 === 0 ? outer : inner;
    const angle = (i * Math.PI) / 5 - Math.PI / 2;
    path.push([i === 0 ? "M" : "L", x + radius * Math.cos(angle), y + radius * Math.sin(angle)]);
  }
  return [...path, ["Z"]];
}
