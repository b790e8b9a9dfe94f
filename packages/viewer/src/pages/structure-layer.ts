/** The page for screen readers: elements with roles, each in the place of what it says, so that where it is shown agrees with what is read. */
import type { Rect } from "@lectern/protocol";
import type { Spoken } from "./text-structure.ts";

type Point = readonly [x: number, y: number];

export function structureLayer(spoken: readonly Spoken[]): HTMLElement {
  const layer = document.createElement("div");
  layer.className = "page-structure";
  layer.append(...spoken.map((child) => elementOf(child, [0, 0])));
  return layer;
}

function elementOf(spoken: Spoken, origin: Point): HTMLElement {
  if ("text" in spoken) {
    const words = document.createElement("span");
    words.textContent = spoken.text;
    place(words, spoken.rect, origin);
    return words;
  }
  const { role, level, label, language, columnSpan, rowSpan, rect, children } = spoken;
  const element = document.createElement("div");
  if (role !== null) element.role = role;
  if (level !== undefined) element.ariaLevel = String(level);
  if (label !== undefined) element.ariaLabel = label;
  if (language !== undefined) element.lang = language;
  if (columnSpan !== undefined) element.ariaColSpan = String(columnSpan);
  if (rowSpan !== undefined) element.ariaRowSpan = String(rowSpan);
  place(element, rect, origin);
  element.append(...children.map((child) => elementOf(child, [rect[0], rect[1]])));
  return element;
}

/** Points of the page, as everything in the text's layer; from the corner of the element around it. */
function place({ style }: HTMLElement, [left, top, width, height]: Rect, [x, y]: Point): void {
  style.left = `${left - x}px`;
  style.top = `${top - y}px`;
  style.width = `${Math.max(1, width)}px`;
  style.height = `${Math.max(1, height)}px`;
}
