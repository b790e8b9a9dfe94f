/** One annotation of a file → the data of a record, within the limits of the schema; null when it becomes none. */
import type {
  Annotation,
  AnnotationFlag,
  Ellipse,
  Highlight,
  Ink,
  Line,
  Link,
  Note,
  Point,
  Polygon,
  Polyline,
  Rect,
  Rectangle,
  Redaction,
  RichText,
  Squiggly,
  Stamp,
  Strikeout,
  Text,
  Underline,
} from "@lectern/protocol";
import { sourceOrder, STAMPS, SYNC_LIMITS } from "@lectern/protocol/plain";
import type { FileAnnotation } from "./engine.ts";
import { readPrivateData, withPrivateData } from "./private-data.ts";
import { richText } from "./rich-contents.ts";
import { isRecordSubtype, RECORD_SUBTYPES, type Subtype } from "./subtypes.ts";

export type ImportedType = (typeof RECORD_SUBTYPES)[keyof typeof RECORD_SUBTYPES];

const COORDINATE_LIMIT = 1_000_000;
const MAX_TEXT = 100_000;
const MAX_RECTS = 5000;
const MAX_POINTS = 5000;

export function annotationData(annotation: FileAnnotation, page: string): Annotation | null {
  const type = recordType(annotation);
  if (type === null || isComment(annotation)) return null;
  const data = withMeasurement(KINDS[type === "comment-marker" ? "note" : type](annotation, common(annotation, page)), annotation);
  return data === null ? null : withinLimit(withPrivateData(data, readPrivateData(annotation.privateData), type));
}

/**
 * The type of record that an annotation becomes by what it says, its place in a conversation aside; null for none. A stamp of another program
 * has a look of its own, which only a picture can keep, see import-picture.ts.
 */
export function recordType({ subtype, privateData, hasAppearance, icon }: FileAnnotation): ImportedType | "comment-marker" | null {
  if (!isRecordSubtype(subtype as Subtype)) return null;
  const type = RECORD_SUBTYPES[subtype as keyof typeof RECORD_SUBTYPES];
  const own = privateData === null ? null : readPrivateData(privateData).type;
  if (type === "stamp") return own === "stamp" || (own === null && !hasAppearance && stampType(icon) !== null) ? "stamp" : null;
  return type === "note" && own === "comment-marker" ? "comment-marker" : type;
}

/** A word of a conversation. Other answers to an annotation are marks of their own. */
export function isComment({ subtype, isReply, replyType }: FileAnnotation): boolean {
  return subtype === "Text" && isReply && replyType === "reply";
}

const MEASURED: ReadonlySet<string> = new Set(["rectangle", "ellipse", "line", "polyline", "polygon"]);

function withMeasurement(data: Annotation | null, { measurement }: FileAnnotation): Annotation | null {
  return data === null || measurement === null || !MEASURED.has(data.type) ? data : ({ ...data, measurement } as Annotation);
}

type Common = Pick<Annotation, "page" | "order" | "creatorName" | "flags" | "action" | "pdfObjectId">;
type KindImport = (annotation: FileAnnotation, common: Common) => Annotation | null;

const KINDS: Readonly<Record<ImportedType, KindImport>> = {
  highlight: (annotation, base): Highlight => ({ type: "highlight", ...base, ...markup(annotation, "#ffff00", "multiply") }),
  underline: (annotation, base): Underline => ({ type: "underline", ...base, ...markup(annotation, "#000000", "normal") }),
  strikeout: (annotation, base): Strikeout => ({ type: "strikeout", ...base, ...markup(annotation, "#000000", "normal") }),
  squiggly: (annotation, base): Squiggly => ({ type: "squiggly", ...base, ...markup(annotation, "#000000", "normal") }),

  redaction: (annotation, base): Redaction => ({
    type: "redaction",
    ...base,
    ...noteOf(annotation),
    geometry: { bbox: recordBox(annotation.rect), rects: rectsOf(annotation) },
    appearance: {
      ...(annotation.interiorColor === null ? {} : { fillColor: annotation.interiorColor }),
      ...opacityOf(annotation),
      ...overlayOf(annotation),
    },
  }),

  ink: (annotation, base): Ink | null =>
    annotation.strokes.length === 0
      ? null
      : {
          type: "ink",
          ...base,
          ...noteOf(annotation),
          geometry: { bbox: recordBox(annotation.rect), lines: annotation.strokes.map((stroke) => stroke.map(coordinate)) },
          appearance: {
            color: annotation.color ?? "#000000",
            width: within(annotation.border.width, 0, 1000),
            ...opacityOf(annotation),
            ...blendOf(annotation, "normal"),
          },
        },

  note: (annotation, base): Note => ({
    type: "note",
    ...base,
    geometry: { bbox: recordBox(annotation.rect) },
    appearance: {
      icon: NOTE_ICONS[(annotation.icon ?? "Note").toLowerCase()] ?? "note",
      ...(annotation.color === null ? {} : { color: annotation.color }),
      ...opacityOf(annotation),
    },
    text: textOf(annotation),
  }),

  rectangle: (annotation, base): Rectangle => ({
    type: "rectangle",
    ...base,
    ...noteOf(annotation),
    geometry: { bbox: recordBox(annotation.rect) },
    appearance: { ...shapeLook(annotation), ...cloudOf(annotation) },
  }),

  ellipse: (annotation, base): Ellipse => ({
    type: "ellipse",
    ...base,
    ...noteOf(annotation),
    geometry: { bbox: recordBox(annotation.rect) },
    appearance: { ...shapeLook(annotation), ...cloudOf(annotation) },
  }),

  line: (annotation, base): Line | null => openPath("line", annotation, base) as Line | null,
  polyline: (annotation, base): Polyline | null => openPath("polyline", annotation, base) as Polyline | null,

  polygon: (annotation, base): Polygon | null =>
    annotation.points.length < 3
      ? null
      : {
          type: "polygon",
          ...base,
          ...noteOf(annotation),
          geometry: { bbox: recordBox(annotation.rect), points: pointsOf(annotation) },
          appearance: { ...shapeLook(annotation), ...cloudOf(annotation) },
        },

  stamp: (annotation, base): Stamp | null => {
    const type = stampType(annotation.icon);
    return type === null
      ? null
      : {
          type: "stamp",
          ...base,
          ...noteOf(annotation),
          geometry: { bbox: recordBox(annotation.rect) },
          appearance: { stampType: type, ...(annotation.color === null ? {} : { color: annotation.color }), ...opacityOf(annotation) },
        };
  },

  text: freeText,

  link: (annotation, base): Link => ({
    type: "link",
    ...base,
    ...noteOf(annotation),
    geometry: { bbox: recordBox(annotation.rect) },
    appearance: {
      // Without an explicit border none is drawn, as browsers do.
      ...(hasBorder(annotation)
        ? {
            borderColor: annotation.color ?? "#000000",
            borderStyle: annotation.border.style,
            borderWidth: within(annotation.border.width, 0, 100),
          }
        : {}),
      ...opacityOf(annotation),
    },
  }),
};

type MarkupParts = Pick<Highlight, "note" | "geometry" | "appearance">;

function markup(annotation: FileAnnotation, color: string, blend: string): MarkupParts {
  return {
    ...noteOf(annotation),
    geometry: { bbox: recordBox(annotation.rect), rects: rectsOf(annotation) },
    appearance: { color: annotation.color ?? color, ...opacityOf(annotation), ...blendOf(annotation, blend) },
  };
}

function rectsOf({ quads, rect }: FileAnnotation): Rect[] {
  return quads.length > 0 ? quads.slice(0, MAX_RECTS).map(recordBox) : [recordBox(rect)];
}

function overlayOf({ overlay }: FileAnnotation): Redaction["appearance"] {
  if (overlay === null) return {};
  return {
    ...(overlay.outline === null ? {} : { outlineColor: overlay.outline }),
    ...(overlay.textColor === null ? {} : { color: overlay.textColor }),
    ...(overlay.text === null ? {} : { overlayText: cleanText(overlay.text).slice(0, 1000) }),
    ...(overlay.repeat ? { repeatOverlayText: true } : {}),
  };
}

function shapeLook(annotation: FileAnnotation): Rectangle["appearance"] {
  return {
    ...(annotation.color === null ? {} : { strokeColor: annotation.color }),
    strokeWidth: within(annotation.border.width, 0, 1000),
    ...(annotation.border.style === "dashed" ? { strokeDash: dashOf(annotation) } : {}),
    ...(annotation.interiorColor === null ? {} : { fillColor: annotation.interiorColor }),
    ...opacityOf(annotation),
    ...blendOf(annotation, "normal"),
  };
}

function openPath(type: "line" | "polyline", annotation: FileAnnotation, base: Common): Annotation | null {
  const points = pointsOf(annotation);
  if (points.length < 2) return null;
  const [start, end] = annotation.lineEndings;
  const caps = { ...(start === null ? {} : { start }), ...(end === null ? {} : { end }) };
  return {
    type,
    ...base,
    ...noteOf(annotation),
    geometry: { bbox: recordBox(annotation.rect), points },
    appearance: { ...shapeLook(annotation), ...(start === null && end === null ? {} : { lineCaps: caps }) },
  };
}

function pointsOf({ points }: FileAnnotation): Point[] {
  return points.slice(0, MAX_POINTS).map(([x, y]) => [coordinate(x), coordinate(y)]);
}

type StampType = Stamp["appearance"]["stampType"];

/** By /Name, which some programs begin with `#` or `SB`. */
function stampType(name: string | null): StampType | null {
  const bare = (name ?? "").replace(/^#/, "").replace(/^S[BH](?=[A-Z])/, "");
  return STAMPS.find((type) => type.toLowerCase() === bare.toLowerCase()) ?? null;
}

function freeText(annotation: FileAnnotation, base: Common): Text | null {
  const look = annotation.freeText;
  if (look === null) return null;
  const rotation = (((360 - look.rotation) % 360) + 360) % 360;
  const points = look.callout.map(([x, y]): [number, number] => [coordinate(x), coordinate(y)]);
  const [start, second, third] = points;
  const inset = annotation.inset ?? [0, 0, 0, 0];
  return {
    type: "text",
    ...base,
    geometry: {
      bbox: recordBox(annotation.rect),
      ...(rotation === 0 ? {} : { rotation }),
      ...(start === undefined || second === undefined
        ? {}
        : {
            callout: {
              start,
              ...(third === undefined ? {} : { knee: second }),
              end: third ?? second,
              ...(annotation.lineEndings[0] === null ? {} : { cap: annotation.lineEndings[0] }),
              innerRectInset: [...inset],
            },
          }),
    },
    appearance: {
      ...(look.font === null ? {} : { font: look.font }),
      fontSize: within(look.fontSize ?? 12, 1, 1000),
      ...(look.fontStyle.length === 0 ? {} : { fontStyle: [...look.fontStyle] }),
      fontColor: look.fontColor ?? "#000000",
      ...(annotation.color === null ? {} : { backgroundColor: annotation.color }),
      ...opacityOf(annotation),
      horizontalAlign: look.horizontalAlign,
      ...(hasBorder(annotation)
        ? {
            borderColor: look.strokeColor ?? look.fontColor ?? "#000000",
            borderStyle: annotation.border.style,
            borderWidth: within(annotation.border.width, 0, 100),
          }
        : {}),
      ...cloudOf(look.callout.length > 0 ? { ...annotation, inset: null } : annotation),
    },
    text: textOf(annotation),
  };
}

/** Bits of /F, ISO 32000-2, table 167; without bit 3 an annotation is not printed. */
const FLAGS: readonly (readonly [bit: number, flag: AnnotationFlag])[] = [
  [1, "invisible"],
  [2, "hidden"],
  [4, "noZoom"],
  [5, "noRotate"],
  [6, "noView"],
  [7, "readOnly"],
  [8, "locked"],
  [9, "toggleNoView"],
  [10, "lockedContents"],
];
const PRINT = 4;

/** What every kind has. */
export function common({ flags: bits, author, action, objectNumber, ordinal }: FileAnnotation, page: string): Common {
  const flags: AnnotationFlag[] = (bits & PRINT) === 0 ? ["noPrint"] : [];
  for (const [bit, flag] of FLAGS) if ((bits & (1 << (bit - 1))) !== 0) flags.push(flag);
  const name = author === null ? "" : cleanText(author).slice(0, 256);
  return {
    page,
    // As the file has them: the later is drawn over the earlier.
    order: sourceOrder(ordinal),
    ...(name === "" ? {} : { creatorName: name }),
    ...(flags.length === 0 ? {} : { flags }),
    ...(action === null ? {} : { action }),
    ...(objectNumber === 0 ? {} : { pdfObjectId: objectNumber }),
  };
}

/** By /Name in lower case. */
const NOTE_ICONS: Readonly<Record<string, NonNullable<Note["appearance"]["icon"]>>> = {
  comment: "comment",
  rightpointer: "rightPointer",
  rightarrow: "rightArrow",
  check: "check",
  checkmark: "check",
  circle: "circle",
  cross: "cross",
  crosshairs: "cross",
  insert: "insert",
  newparagraph: "newParagraph",
  note: "note",
  paragraph: "paragraph",
  help: "help",
  star: "star",
  key: "key",
};

export function noteOf({ contents }: FileAnnotation): { note?: string } {
  const note = cleanText(contents);
  return note === "" ? {} : { note };
}

/** With its mark-up as far as that says the same. */
export function textOf({ contents, richText: rich }: FileAnnotation): RichText {
  return richText(cleanText(contents), rich === null || rich.length > MAX_TEXT ? null : cleanText(rich));
}

export function opacityOf({ opacity }: FileAnnotation): { opacity?: number } {
  return opacity === 1 ? {} : { opacity: Math.round(opacity * 1000) / 1000 };
}

function blendOf({ blendMode }: FileAnnotation, usual: string): { blendMode?: NonNullable<FileAnnotation["blendMode"]> } {
  return blendMode === null || blendMode === usual ? {} : { blendMode };
}

function cloudOf({ cloudIntensity, inset }: Pick<FileAnnotation, "cloudIntensity" | "inset">): {
  cloudIntensity?: number;
  cloudInset?: [number, number, number, number];
} {
  if (cloudIntensity === null || cloudIntensity === 0) return {};
  return { cloudIntensity: Math.min(cloudIntensity, 10), ...(inset === null ? {} : { cloudInset: [...inset] }) };
}

function dashOf({ border }: FileAnnotation): number[] {
  return border.dash.length === 0 ? [3] : border.dash.map((length) => within(length, 0, 1000));
}

function hasBorder({ border }: FileAnnotation): boolean {
  return border.isGiven && border.width > 0;
}

function coordinate(value: number): number {
  return within(value, -COORDINATE_LIMIT, COORDINATE_LIMIT);
}

/** Within the limits of records. */
export function recordBox([left, top, width, height]: Rect): Rect {
  return [coordinate(left), coordinate(top), within(width, 0, COORDINATE_LIMIT), within(height, 0, COORDINATE_LIMIT)];
}

function within(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, Math.round(value * 100) / 100));
}

// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Line ends as \n, no other control characters. */
export function cleanText(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(CONTROLS, "").slice(0, MAX_TEXT);
}

/** Strokes with more points than a record can hold lose every second one until they fit. */
function withinLimit(data: Annotation): Annotation | null {
  let fitting = data;
  while (JSON.stringify(fitting).length > SYNC_LIMITS.recordBytes / 2) {
    if (fitting.type !== "ink" || fitting.geometry.lines.every((line) => line.length <= 8))
      return JSON.stringify(fitting).length <= SYNC_LIMITS.recordBytes ? fitting : null;
    fitting = { ...fitting, geometry: { ...fitting.geometry, lines: fitting.geometry.lines.map(thinned) } };
  }
  return fitting;
}

function thinned(line: readonly number[]): number[] {
  const points = line.length / 2;
  return line.filter((_, at) => Math.floor(at / 2) % 2 === 0 || Math.floor(at / 2) === points - 1);
}
