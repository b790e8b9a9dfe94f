/**
 * A record → the entries of its annotation dictionary (ISO 32000-2, 12.5): everything that PDF has a place for. What it has
 * none for goes as JSON into one private entry, so that a record comes back as it was.
 */
import type { Action, AnnotationFlag, LineCaps, Point, Rect } from "@lectern/protocol";
import { type FontName, standardFont } from "./appearance/font-metrics.ts";
import type { DrawnAnnotation } from "./appearance/registry.ts";
import { plainText } from "./appearance/rich-text.ts";
import { blendModeName } from "./appearance-stream.ts";
import { pdfDate } from "./dates.ts";
import type { PdfBox } from "./engine.ts";
import { measureDictionary } from "./measure.ts";
import { type PdfDictionary, pdfName, pdfNumber, type PdfRef, type PdfToken, type PdfValue } from "./pdf-writer.ts";
import { richContents } from "./rich-contents.ts";

export interface AnnotationToWrite {
  /** /NM */
  readonly name: string;
  readonly data: DrawnAnnotation;
  /** What it covers, in points of the page. */
  readonly rect: Rect;
  /** Milliseconds since 1970; 0 when unknown. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The key of the private entry. */
export const PRIVATE_KEY = "LecternData";
/** Of an image: the file of its picture, so that it comes back as it was. */
export const PICTURE_KEY = "LecternPicture";

/** Where an action leads: the page object and its box; null when the page is not in the file. */
export type PageTarget = (page: string) => { readonly ref: PdfRef; readonly box: PdfBox } | null;

/** The entries that a record decides. What is written anew loses those of `CLEARED` that are not among them. */
export function annotationEntries(annotation: AnnotationToWrite, box: PdfBox): PdfDictionary {
  const { data } = annotation;
  const opacity = data.type === "raw" ? 1 : (data.appearance.opacity ?? 1);
  return {
    Type: pdfName("Annot"),
    Subtype: pdfName(SUBTYPE_NAMES[data.type]),
    Rect: rectangle(box, annotation.rect),
    NM: annotation.name === "" ? undefined : annotation.name,
    T: data.creatorName,
    ...dates(annotation),
    Contents: contents(data),
    RC: "text" in data && data.text !== undefined ? richContents(data.text) : undefined,
    F: flagBits(data.flags ?? []),
    CA: opacity < 1 ? opacity : undefined,
    BM: "blendMode" in data.appearance ? pdfName(blendModeName(data.appearance.blendMode)) : undefined,
    [PRIVATE_KEY]: privateData(data),
    ...kindEntries(data, box),
    ...measured(data),
  };
}

function dates({ createdAt, updatedAt }: Pick<AnnotationToWrite, "createdAt" | "updatedAt">): PdfDictionary {
  const created = createdAt > 0 ? pdfDate(createdAt) : undefined;
  return { CreationDate: created, M: updatedAt === createdAt ? created : updatedAt > 0 ? pdfDate(updatedAt) : undefined };
}

const SUBTYPE_NAMES: Readonly<Record<DrawnAnnotation["type"], string>> = {
  highlight: "Highlight",
  underline: "Underline",
  strikeout: "StrikeOut",
  squiggly: "Squiggly",
  redaction: "Redact",
  ink: "Ink",
  text: "FreeText",
  note: "Text",
  "comment-marker": "Text",
  rectangle: "Square",
  ellipse: "Circle",
  line: "Line",
  polyline: "PolyLine",
  polygon: "Polygon",
  image: "Stamp",
  raw: "Stamp",
  stamp: "Stamp",
  link: "Link",
};

/** Entries that say what a record says, of any kind of annotation. */
export const CLEARED: Readonly<Record<string, undefined>> = Object.fromEntries(
  "NM T CreationDate M Contents RC C IC CA ca BM BS Border BE RD QuadPoints InkList Name DA DS Q Rotate CL LE IT L Vertices OverlayText Repeat RO OC AS Measure Cap LL LLE LLO CP CO"
    .split(" ")
    .map((key) => [key, undefined]),
);

const DIMENSIONS: Readonly<Record<string, string>> = { line: "LineDimension", polyline: "PolyLineDimension", polygon: "PolygonDimension" };

/** What makes readers tell the length or the area. */
function measured(data: DrawnAnnotation): PdfDictionary {
  if (!("measurement" in data) || data.measurement === undefined) return {};
  const intent = DIMENSIONS[data.type];
  return { Measure: measureDictionary(data.measurement), ...(intent === undefined ? {} : { IT: pdfName(intent) }) };
}

const NO_WORDS = { format: "plain", value: "" } as const;

/** Of the others a note is the contents. */
function hasWords(data: DrawnAnnotation): data is Extract<DrawnAnnotation, { type: "text" | "note" | "comment-marker" }> {
  return data.type === "text" || data.type === "note" || data.type === "comment-marker";
}

function contents(data: DrawnAnnotation): string | undefined {
  const text = hasWords(data) ? plainText(data.text ?? NO_WORDS) : (data.note ?? "");
  return text === "" ? undefined : text;
}

function kindEntries(data: DrawnAnnotation, box: PdfBox): PdfDictionary {
  switch (data.type) {
    case "highlight":
    case "underline":
    case "strikeout":
    case "squiggly":
      return { C: rgb(data.appearance.color), QuadPoints: quads(box, data.geometry.rects) };
    case "redaction": {
      const { color, fillColor, outlineColor, overlayText, repeatOverlayText } = data.appearance;
      return {
        QuadPoints: quads(box, data.geometry.rects),
        IC: rgb(fillColor),
        OC: rgb(outlineColor),
        OverlayText: overlayText,
        Repeat: repeatOverlayText,
        DA: overlayText === undefined && color === undefined ? undefined : `${operands(color ?? "#ff0000")} rg /Helv 0 Tf`,
      };
    }
    case "ink":
      return {
        C: rgb(data.appearance.color),
        BS: { W: data.appearance.width, S: pdfName("S") },
        InkList: data.geometry.lines.map((line) => line.map((value, at) => (at % 2 === 0 ? box[0] + value : box[3] - value))),
      };
    case "text":
      return freeText(data, box);
    case "note":
    case "comment-marker": {
      const icon = data.appearance.icon ?? "comment";
      return { C: rgb(data.appearance.color), Name: pdfName(icon[0]!.toUpperCase() + icon.slice(1)) };
    }
    case "rectangle":
    case "ellipse":
    case "polygon":
      return {
        ...shapeEntries(data.appearance),
        ...(data.type === "polygon" ? { Vertices: flat(box, data.geometry.points) } : {}),
        ...cloud(data.appearance, data.type === "polygon"),
      };
    case "line":
      return {
        ...shapeEntries(data.appearance),
        L: flat(box, [data.geometry.points[0]!, data.geometry.points.at(-1)!]),
        LE: lineEndings(data.appearance.lineCaps),
      };
    case "polyline":
      return {
        ...shapeEntries(data.appearance),
        Vertices: flat(box, data.geometry.points),
        LE: lineEndings(data.appearance.lineCaps),
      };
    case "image":
    case "raw":
      return {};
    case "stamp":
      return { Name: pdfName(data.appearance.stampType), C: rgb(data.appearance.color) };
    case "link": {
      const { borderColor, borderStyle, borderWidth } = data.appearance;
      const width = borderColor === undefined ? 0 : (borderWidth ?? 1);
      return {
        Border: [0, 0, width],
        ...(width === 0
          ? {}
          : {
              C: rgb(borderColor),
              BS: {
                W: width,
                S: pdfName(BORDER_NAMES[borderStyle ?? "solid"]),
                // As the viewer draws it: readers draw links themselves.
                ...(borderStyle === "dashed" ? { D: [3 * width, 2 * width] } : {}),
              },
            }),
      };
    }
  }
}

const BORDER_NAMES = { solid: "S", dashed: "D", beveled: "B", inset: "I", underline: "U" } as const;

type ShapeAppearance = Extract<DrawnAnnotation, { type: "rectangle" }>["appearance"];

function shapeEntries({ strokeColor, strokeWidth, strokeDash, fillColor }: ShapeAppearance): PdfDictionary {
  const dash = strokeDash !== undefined && strokeDash.length > 0 ? strokeDash : undefined;
  return {
    C: rgb(strokeColor),
    IC: rgb(fillColor),
    BS: { W: strokeWidth ?? 1, S: pdfName(dash === undefined ? "S" : "D"), D: dash },
  };
}

function cloud({ cloudIntensity, cloudInset }: ShapeAppearance, isPolygon: boolean): PdfDictionary {
  if (cloudIntensity === undefined || cloudIntensity === 0) return {};
  return {
    BE: { S: pdfName("C"), I: cloudIntensity },
    RD: cloudInset === undefined ? undefined : differences(cloudInset),
    IT: isPolygon ? pdfName("PolygonCloud") : undefined,
  };
}

/** /RD is left, bottom, right, top. */
function differences([left, top, right, bottom]: readonly [number, number, number, number]): number[] {
  return [left, bottom, right, top];
}

const ENDING_NAMES: Readonly<Record<NonNullable<LineCaps["start"]>, string>> = {
  square: "Square",
  circle: "Circle",
  diamond: "Diamond",
  openArrow: "OpenArrow",
  closedArrow: "ClosedArrow",
  butt: "Butt",
  reverseOpenArrow: "ROpenArrow",
  reverseClosedArrow: "RClosedArrow",
  slash: "Slash",
};

function ending(cap: LineCaps["start"] | undefined): PdfToken {
  return pdfName(cap === undefined ? "None" : ENDING_NAMES[cap]);
}

function lineEndings(caps: LineCaps | undefined): PdfValue | undefined {
  return caps?.start === undefined && caps?.end === undefined ? undefined : [ending(caps.start), ending(caps.end)];
}

type FreeText = Extract<DrawnAnnotation, { type: "text" }>;

function freeText({ appearance, geometry }: FreeText, box: PdfBox): PdfDictionary {
  const width = appearance.borderColor === undefined ? 0 : (appearance.borderWidth ?? 1);
  const font = RESOURCE_NAMES[standardFont(appearance.font, appearance.fontStyle)];
  const stroke = width > 0 && appearance.borderColor !== undefined ? ` ${operands(appearance.borderColor)} RG` : "";
  const rotation = Math.round(geometry.rotation ?? 0) % 360;
  const { callout } = geometry;
  const align = ["left", "center", "right"].indexOf(appearance.horizontalAlign ?? "left");
  return {
    DA: `${operands(appearance.fontColor ?? "#000000")} rg${stroke} /${font} ${pdfNumber(appearance.fontSize)} Tf`,
    Q: Math.max(0, align),
    C: rgb(appearance.backgroundColor),
    BS: { W: width, S: pdfName(BORDER_NAMES[appearance.borderStyle ?? "solid"]) },
    // Counterclockwise in the file.
    Rotate: rotation === 0 ? undefined : 360 - rotation,
    ...(appearance.cloudIntensity === undefined || appearance.cloudIntensity === 0
      ? {}
      : { BE: { S: pdfName("C"), I: appearance.cloudIntensity }, RD: appearance.cloudInset && differences(appearance.cloudInset) }),
    ...(callout === undefined
      ? {}
      : {
          CL: flat(box, [callout.start, ...(callout.knee === undefined ? [] : [callout.knee]), callout.end]),
          LE: callout.cap === undefined ? undefined : ending(callout.cap),
          RD: differences(callout.innerRectInset),
          IT: pdfName("FreeTextCallout"),
        }),
  };
}

/** What forms call the standard fonts in their resources; readers know these names. */
const RESOURCE_NAMES: Readonly<Record<FontName, string>> = {
  Helvetica: "Helv",
  "Helvetica-Bold": "HeBo",
  "Helvetica-Oblique": "HeOb",
  "Helvetica-BoldOblique": "HeBI",
  "Times-Roman": "TiRo",
  "Times-Bold": "TiBo",
  "Times-Italic": "TiIt",
  "Times-BoldItalic": "TiBI",
  Courier: "Cour",
  "Courier-Bold": "CoBo",
  "Courier-Oblique": "CoOb",
  "Courier-BoldOblique": "CoBI",
};

/** Members that PDF has no place for, of any kind and of some. */
function privateData(data: DrawnAnnotation): string | undefined {
  const { lock, bundle, custom, attachment } = data;
  const members: Record<string, unknown> = { lock, bundle, custom, attachment };
  if (data.type === "comment-marker") {
    members["type"] = "comment-marker";
    members["document"] = data.page === null ? true : undefined;
  }
  if (data.type === "image") {
    members["type"] = "image";
    members["geometry"] = given({ rotation: data.geometry.rotation });
    members["appearance"] = given({ description: data.appearance.description });
    members["signature"] = data.signature;
  }
  if (data.type === "stamp") {
    const { title, subtitle } = data.appearance;
    members["type"] = "stamp";
    members["geometry"] = given({ rotation: data.geometry.rotation });
    members["appearance"] = given({ title, subtitle });
  }
  if (data.type === "ink") {
    const { natural, backgroundColor } = data.appearance;
    members["signature"] = data.signature;
    members["geometry"] = given({ pressures: data.geometry.pressures });
    members["appearance"] = given({ natural, backgroundColor });
  }
  if (data.type === "text") {
    const { font, verticalAlign, isFitting, cloudInset } = data.appearance;
    // The file's one entry for insets is the callout's.
    const inset = data.geometry.callout === undefined ? {} : { cloudInset };
    members["appearance"] = given({ font, verticalAlign, isFitting, ...inset, ...unseenBorder(data.appearance) });
  }
  if (data.type === "link") members["appearance"] = given(unseenBorder(data.appearance));
  if (hasWords(data)) members["note"] = data.note;
  if (data.type === "redaction") {
    members["geometry"] = given({ rotation: data.geometry.rotation });
    members["appearance"] = given({ color: data.appearance.overlayText === undefined ? undefined : data.appearance.color });
  }
  if ("measurement" in data) members["measurement"] = data.measurement;
  const text = JSON.stringify(members);
  return text === "{}" ? undefined : text;
}

/** In the file there is no border without a colour or a width. */
function unseenBorder({ borderColor, borderStyle, borderWidth }: Extract<DrawnAnnotation, { type: "link" }>["appearance"]): object {
  return borderColor === undefined || borderWidth === 0 ? { borderColor, borderStyle, borderWidth } : {};
}

/** Undefined when all of them are. */
function given(group: object): object | undefined {
  return Object.values(group).every((value) => value === undefined) ? undefined : group;
}

/** Of one that keeps its looks and everything else that records know nothing of: the looks are drawn into /Rect. */
export function keptEntries({ name, data, rect, createdAt, updatedAt }: AnnotationToWrite, box: PdfBox): PdfDictionary {
  return {
    Rect: rectangle(box, rect),
    NM: name === "" ? undefined : name,
    T: data.creatorName,
    ...dates({ createdAt, updatedAt }),
    Contents: contents(data),
    F: flagBits(data.flags ?? []),
    [PRIVATE_KEY]: privateData(data),
  };
}

/** The entries that make something lead somewhere; `undefined` removes what was there. Only links and outline items have a `Dest`. */
export function actionEntries(action: Action | undefined, target: PageTarget, key: "Dest" | "A" = "Dest"): PdfDictionary {
  const nothing = { A: undefined, Dest: undefined };
  if (action === undefined) return nothing;
  if (action.type !== "goTo") return { ...nothing, A: actionDictionary(action) };
  const leads = destination(action, target);
  return { ...nothing, [key]: key === "Dest" || leads === undefined ? leads : { S: pdfName("GoTo"), D: leads } };
}

export function destination(action: Extract<Action, { type: "goTo" }>, target: PageTarget): PdfValue | undefined {
  const found = target(action.page);
  if (found === null) return undefined;
  const { ref, box } = found;
  const [left, top] = [action.left === undefined ? null : box[0] + action.left, action.top === undefined ? null : box[3] - action.top];
  return left === null && top === null && action.zoom === undefined
    ? [ref, pdfName("Fit")]
    : [ref, pdfName("XYZ"), left, top, action.zoom ?? null];
}

export function actionDictionary(action: Exclude<Action, { type: "goTo" }>): PdfDictionary {
  switch (action.type) {
    case "uri":
      return { S: pdfName("URI"), URI: asciiUri(action.uri) };
    case "named":
      return { S: pdfName("Named"), N: pdfName(action.action) };
    case "goToRemote":
      // Without a destination readers show the first page.
      return { S: pdfName("GoToR"), F: action.relativePath, D: action.namedDestination ?? [0, pdfName("Fit")] };
    case "goToEmbedded":
      return {
        S: pdfName("GoToE"),
        F: action.relativePath,
        NewWindow: action.newWindow,
        D: [0, pdfName("Fit")],
        T: action.targetType === undefined ? undefined : { R: pdfName(action.targetType === "parent" ? "P" : "C") },
      };
    case "launch":
      return { S: pdfName("Launch"), F: action.filePath };
    case "hide":
      return { S: pdfName("Hide"), H: action.hide, T: action.fields };
    case "javascript":
      return { S: pdfName("JavaScript"), JS: action.script };
    case "submitForm":
      return {
        S: pdfName("SubmitForm"),
        F: { FS: pdfName("URL"), F: action.uri },
        Fields: action.fields,
        Flags: submitFlags(action.flags),
      };
    case "resetForm":
      return { S: pdfName("ResetForm"), Fields: action.fields, Flags: action.include === false ? 1 : 0 };
  }
}

/** URIs in PDF are ASCII (12.6.4.8). */
function asciiUri(uri: string): string {
  return uri.replace(/[^\x20-\x7e]+/g, (text) => encodeURIComponent(text.replace(/[\uD800-\uDFFF]/gu, "?")));
}

/** By bit, ISO 32000-2, table 240. */
export const SUBMIT_FLAGS = [
  "includeExclude",
  "includeNoValueFields",
  "exportFormat",
  "getMethod",
  "submitCoordinated",
  "xfdf",
  "includeAppendSaves",
  "includeAnnotations",
  "submitPDF",
  "canonicalFormat",
  "excludeNonUserAnnotations",
  "excludeFKey",
  "",
  "embedForm",
] as const;

function submitFlags(names: readonly string[]): number {
  return SUBMIT_FLAGS.reduce((bits, name, bit) => (name !== "" && names.includes(name) ? bits | (1 << bit) : bits), 0);
}

/** Bits of /F, ISO 32000-2, table 167; the third says that it is printed. */
const FLAG_BITS: Readonly<Record<Exclude<AnnotationFlag, "noPrint">, number>> = {
  invisible: 1,
  hidden: 2,
  noZoom: 8,
  noRotate: 16,
  noView: 32,
  readOnly: 64,
  locked: 128,
  toggleNoView: 256,
  lockedContents: 512,
};
const PRINT = 4;

export function flagBits(flags: readonly AnnotationFlag[]): number {
  return flags.reduce((bits, flag) => (flag === "noPrint" ? bits & ~PRINT : bits | FLAG_BITS[flag]), PRINT);
}

export function rectangle(box: PdfBox, [left, top, width, height]: Rect): number[] {
  return [box[0] + left, box[3] - top - height, box[0] + left + width, box[3] - top];
}

/** Corners in the order of all readers: upper left, upper right, lower left, lower right. */
function quads(box: PdfBox, rects: readonly Rect[]): number[] {
  return rects.flatMap((rect) => {
    const [left, bottom, right, top] = rectangle(box, rect) as [number, number, number, number];
    return [left, top, right, top, left, bottom, right, bottom];
  });
}

function flat(box: PdfBox, points: readonly Point[]): number[] {
  return points.flatMap(([x, y]) => [box[0] + x, box[3] - y]);
}

function channels(color: string): [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16) || 0;
  // Rounded up to the four decimals that are written: PDFium cuts off what is less than a whole step.
  const part = (byte: number): number => Math.ceil((byte / 255) * 10_000) / 10_000;
  return [part((value >> 16) & 255), part((value >> 8) & 255), part(value & 255)];
}

function rgb(color: string | undefined): number[] | undefined {
  return color === undefined ? undefined : channels(color);
}

function operands(color: string): string {
  return channels(color).map(pdfNumber).join(" ");
}
