/** Stamp: a word in a frame, and a line below it. As large as its box allows. */
import type { Rect, Stamp } from "@lectern/protocol";
import type { DrawCommand, PathSegment } from "./commands.ts";
import { type FontName, textWidth, verticalMetrics } from "./font-metrics.ts";
import { cleanRect } from "./markup-lines.ts";
import { color, opacity } from "./sanitize.ts";
import { degreesOf, turn, unturnedBox } from "./turned.ts";

const [RED, GREEN, BLUE] = ["#c92a2a", "#2b8a3e", "#1864ab"];
const REFUSALS = ["NotApproved", "Rejected", "Void", "Expired", "NotForPublicRelease", "TopSecret", "Confidential"];
const CONSENTS = ["Approved", "Accepted", "Completed", "Final", "ForPublicRelease", "Sold"];

/** What a stamp says: its title, or the words of its type. */
export function stampTitle({ appearance }: Stamp): string {
  if (appearance.title !== undefined && appearance.title !== "") return oneLine(appearance.title);
  if (appearance.stampType === "Custom") return "";
  return appearance.stampType.replace(/([a-z])([A-Z])/g, "$1 $2").toUpperCase();
}

export function draw(stamp: Stamp): DrawCommand[] {
  const { appearance, geometry } = stamp;
  const rotation = degreesOf(geometry.rotation);
  const box = unturnedBox(bbox(stamp), rotation);
  const paint = color(appearance.color, defaultColor(appearance.stampType));
  const [left, top, width, height] = box;
  const line = Math.min(width, height) * 0.05;
  const subtitle = oneLine(appearance.subtitle ?? "");
  const title = stampTitle(stamp);
  const commands: DrawCommand[] = [
    {
      kind: "path",
      path: rounded([left + line / 2, top + line / 2, width - line, height - line], line * 3),
      stroke: { color: paint, width: line, join: "round" },
    },
  ];
  const inner: Rect = [left + 3 * line, top + 2 * line, width - 6 * line, height - 4 * line];
  const share = subtitle === "" ? 1 : title === "" ? 0 : 0.68;
  commands.push(
    ...words(title, "Helvetica-Bold", [inner[0], inner[1], inner[2], inner[3] * share], paint),
    ...words(subtitle, "Helvetica", [inner[0], inner[1] + inner[3] * share, inner[2], inner[3] * (1 - share)], paint),
  );
  return [{ kind: "group", commands, opacity: opacity(appearance.opacity), ...(rotation === 0 ? {} : { transform: turn(box, rotation) }) }];
}

export function bbox({ geometry }: Stamp): Rect {
  return cleanRect(geometry.bbox);
}

function defaultColor(type: string): string {
  return REFUSALS.includes(type) ? RED! : CONSENTS.includes(type) ? GREEN! : BLUE!;
}

/** Centred, as large as the box allows. */
function words(text: string, font: FontName, [left, top, width, height]: Rect, paint: string): DrawCommand[] {
  const { ascent, descent } = verticalMetrics(font);
  const unit = textWidth(font, 1, text);
  if (text.trim() === "" || unit === 0) return [];
  const size = Math.min(height / (ascent + descent), width / unit);
  if (size < 0.1) return [];
  const used = unit * size;
  const y = top + height / 2 + (size * (ascent - descent)) / 2;
  return [{ kind: "text", x: left + (width - used) / 2, y, text, font, size, color: paint, width: used }];
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function rounded([left, top, width, height]: Rect, wanted: number): PathSegment[] {
  const radius = Math.max(0, Math.min(wanted, width / 2, height / 2));
  const [right, bottom] = [left + width, top + height];
  return [
    ["M", left + radius, top],
    ["L", right - radius, top],
    ["Q", right, top, right, top + radius],
    ["L", right, bottom - radius],
    ["Q", right, bottom, right - radius, bottom],
    ["L", left + radius, bottom],
    ["Q", left, bottom, left, bottom - radius],
    ["L", left, top + radius],
    ["Q", left, top, left + radius, top],
    ["Z"],
  ];
}
