/** The tools in the order of the bar, with what stands for them. Those of a group share one button. */
import ArrowUpRight from "lucide/dist/esm/icons/arrow-up-right.mjs";
import Brush from "lucide/dist/esm/icons/brush.mjs";
import Circle from "lucide/dist/esm/icons/circle.mjs";
import Cloud from "lucide/dist/esm/icons/cloud.mjs";
import Eraser from "lucide/dist/esm/icons/eraser.mjs";
import EyeOff from "lucide/dist/esm/icons/eye-off.mjs";
import Highlighter from "lucide/dist/esm/icons/highlighter.mjs";
import Image from "lucide/dist/esm/icons/image.mjs";
import MessageSquare from "lucide/dist/esm/icons/message-square.mjs";
import MousePointer from "lucide/dist/esm/icons/mouse-pointer-2.mjs";
import Pencil from "lucide/dist/esm/icons/pencil-line.mjs";
import Pentagon from "lucide/dist/esm/icons/pentagon.mjs";
import Slash from "lucide/dist/esm/icons/slash.mjs";
import Spline from "lucide/dist/esm/icons/spline.mjs";
import Square from "lucide/dist/esm/icons/square.mjs";
import Stamp from "lucide/dist/esm/icons/stamp.mjs";
import StickyNote from "lucide/dist/esm/icons/sticky-note.mjs";
import Strikethrough from "lucide/dist/esm/icons/strikethrough.mjs";
import Type from "lucide/dist/esm/icons/type.mjs";
import Underline from "lucide/dist/esm/icons/underline.mjs";
import Waypoints from "lucide/dist/esm/icons/waypoints.mjs";
import type { ToolInfo } from "../parts.ts";
import type { ToolName } from "./tool.ts";

const [MARKS, DRAWING, SHAPES, INSERT] = ["tools.group.marks", "tools.group.drawing", "tools.group.shapes", "tools.group.insert"] as const;

export const TOOL_LIST: readonly (ToolInfo & { readonly name: ToolName | "image" })[] = [
  { name: "select", label: "tools.select", icon: MousePointer, shortcut: "v" },
  { name: "highlight", label: "tools.highlight", icon: Highlighter, shortcut: "h", group: MARKS },
  { name: "underline", label: "tools.underline", icon: Underline, shortcut: "u", group: MARKS },
  { name: "strikeout", label: "tools.strikeout", icon: Strikethrough, group: MARKS },
  { name: "squiggly", label: "tools.squiggly", icon: Spline, group: MARKS },
  { name: "ink", label: "tools.ink", icon: Pencil, shortcut: "d", group: DRAWING },
  { name: "marker", label: "tools.marker", icon: Brush, group: DRAWING },
  { name: "eraser", label: "tools.eraser", icon: Eraser, shortcut: "e", group: DRAWING },
  { name: "comment", label: "tools.comment", icon: MessageSquare, shortcut: "c" },
  { name: "note", label: "tools.note", icon: StickyNote, shortcut: "n" },
  { name: "rectangle", label: "tools.rectangle", icon: Square, shortcut: "r", group: SHAPES },
  { name: "ellipse", label: "tools.ellipse", icon: Circle, shortcut: "o", group: SHAPES },
  { name: "line", label: "tools.line", icon: Slash, shortcut: "l", group: SHAPES },
  { name: "arrow", label: "tools.arrow", icon: ArrowUpRight, shortcut: "a", group: SHAPES },
  { name: "polyline", label: "tools.polyline", icon: Waypoints, group: SHAPES },
  { name: "polygon", label: "tools.polygon", icon: Pentagon, shortcut: "p", group: SHAPES },
  { name: "cloud", label: "tools.cloud", icon: Cloud, group: SHAPES },
  { name: "text", label: "tools.text", icon: Type, shortcut: "t" },
  { name: "stamp", label: "tools.stamp", icon: Stamp, shortcut: "s", group: INSERT },
  { name: "image", label: "tools.image", icon: Image, shortcut: "i", group: INSERT },
  { name: "redaction", label: "tools.redaction", icon: EyeOff, shortcut: "x" },
];
