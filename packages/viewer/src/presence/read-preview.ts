/**
 * What others are drawing or dragging, from their presence. It has passed no schema, so it is checked here piece by piece before
 * it is drawn: whatever does not look like the geometry of its kind is left out.
 */
import type { AnyRecord, Point, Rect } from "@lectern/protocol";
import type { Preview, Previews } from "../annotations/drawing.ts";
import type { Editable, EditableType } from "../annotations/kind.ts";
import { KINDS } from "../annotations/registry.ts";

/** Enough for a hand that draws; a machine that sends more is cut short. */
const MOST_PREVIEWS = 200;
const MOST_LINES = 200;
const MOST_NUMBERS = 20_000;
const MOST_TEXT = 5000;

/** Looks that may be previewed, and what they are. */
const LOOKS: Readonly<Record<string, "string" | "number">> = {
  __proto__: null as never,
  color: "string",
  strokeColor: "string",
  fillColor: "string",
  fontColor: "string",
  backgroundColor: "string",
  font: "string",
  icon: "string",
  blendMode: "string",
  horizontalAlign: "string",
  verticalAlign: "string",
  width: "number",
  strokeWidth: "number",
  opacity: "number",
  fontSize: "number",
};

export function readPreviews(value: unknown, record: (id: string) => AnyRecord | undefined): Previews {
  const previews = new Map<string, Preview>();
  if (!isObject(value)) return previews;
  for (const [id, entry] of Object.entries(value).slice(0, MOST_PREVIEWS)) {
    const preview = isObject(entry) ? readPreview(entry, record(id)) : null;
    if (preview !== null) previews.set(id, preview);
  }
  return previews;
}

function readPreview(entry: Record<string, unknown>, record: AnyRecord | undefined): Preview | null {
  if (record === undefined) {
    const annotation = readAnnotation(entry["annotation"]);
    return annotation === null ? null : { annotation };
  }
  if (record.kind !== "annotation" || !isType(record.data.type)) return null;
  const geometry = readGeometry(record.data.type, entry["geometry"]);
  return geometry === null ? null : { geometry };
}

function readAnnotation(value: unknown): Editable | null {
  if (!isObject(value) || !isType(value["type"]) || typeof value["page"] !== "string") return null;
  const { type, page } = value;
  const geometry = readGeometry(type, value["geometry"]);
  if (geometry === null || !isObject(value["appearance"])) return null;
  const appearance = Object.fromEntries(Object.entries(value["appearance"]).filter(([name, look]) => typeof look === LOOKS[name]));
  const text = value["text"];
  const words = isObject(text) && typeof text["value"] === "string" ? text["value"].slice(0, MOST_TEXT) : "";
  // Which numbers and colours they are is looked at where they are drawn.
  return {
    type,
    page,
    geometry,
    appearance,
    ...(type === "note" || type === "text" ? { text: { format: "plain", value: words } } : {}),
  } as unknown as Editable;
}

function readGeometry(type: EditableType, value: unknown): Editable["geometry"] | null {
  if (!isObject(value)) return null;
  const bbox = value["bbox"];
  if (!isRect(bbox)) return null;
  switch (type) {
    case "note":
    case "rectangle":
    case "ellipse":
    case "raw":
      return { bbox };
    case "stamp":
    case "image":
    case "text": {
      const rotation = value["rotation"];
      return { bbox, ...(isNumber(rotation) ? { rotation } : {}) };
    }
    case "line":
    case "polyline":
    case "polygon": {
      const points = value["points"];
      const least = type === "polygon" ? 3 : 2;
      return Array.isArray(points) && points.length >= least && points.length * 2 <= MOST_NUMBERS && points.every(isPoint)
        ? { bbox, points }
        : null;
    }
    case "underline":
    case "strikeout":
    case "squiggly":
    case "redaction":
    case "highlight": {
      const rects = value["rects"];
      return Array.isArray(rects) && rects.length > 0 && rects.length <= MOST_LINES && rects.every(isRect) ? { bbox, rects } : null;
    }
    case "ink": {
      const lines = value["lines"];
      if (!Array.isArray(lines) || lines.length === 0 || lines.length > MOST_LINES) return null;
      let count = 0;
      for (const line of lines as unknown[]) {
        if (!Array.isArray(line) || line.length < 2 || !line.every(isNumber)) return null;
        count += line.length;
      }
      return count <= MOST_NUMBERS ? { bbox, lines: lines as number[][] } : null;
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isType(value: unknown): value is EditableType {
  return typeof value === "string" && Object.hasOwn(KINDS, value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && Math.abs(value) <= 1_000_000;
}

function isPoint(value: unknown): value is Point {
  return Array.isArray(value) && value.length === 2 && value.every(isNumber);
}

function isRect(value: unknown): value is Rect {
  return Array.isArray(value) && value.length === 4 && value.every(isNumber) && value[2]! >= 0 && value[3]! >= 0;
}
