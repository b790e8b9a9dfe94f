/** Each kind of annotation as an element of XFDF (ISO 19444-1, 6.4 and 6.5) and back: what the format has words for. */
import type { Annotation, AnnotationType } from "../annotation/annotation.ts";
import type { Action, LineCaps, Point, Rect } from "../annotation/common.ts";
import { STAMPS } from "../annotation/names.ts";
import type { NOTE_ICONS } from "../annotation/note.ts";
import type { UserSpace, XfdfPages } from "./space.ts";
import { numbers } from "./space.ts";
import { element, number, type XmlElement } from "./xml.ts";

type Members = Record<string, unknown>;
type Cap = NonNullable<LineCaps["start"]>;

const NAMES: Readonly<Partial<Record<AnnotationType, string>>> = {
  highlight: "highlight",
  underline: "underline",
  strikeout: "strikeout",
  squiggly: "squiggly",
  redaction: "redact",
  ink: "ink",
  text: "freetext",
  note: "text",
  "comment-marker": "text",
  rectangle: "square",
  ellipse: "circle",
  line: "line",
  polyline: "polyline",
  polygon: "polygon",
  image: "stamp",
  stamp: "stamp",
  link: "link",
};
const KINDS: Readonly<Record<string, AnnotationType>> = Object.fromEntries(
  Object.entries(NAMES)
    .filter(([kind]) => kind !== "comment-marker" && kind !== "image")
    .map(([kind, name]) => [name, kind as AnnotationType]),
);
const CAPS: Readonly<Record<Cap, string>> = {
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
const BORDERS: Readonly<Record<string, string>> = {
  solid: "solid",
  dashed: "dash",
  beveled: "bevelled",
  inset: "inset",
  underline: "underline",
};
const ICONS: Readonly<Record<(typeof NOTE_ICONS)[number], string>> = {
  comment: "Comment",
  rightPointer: "RightPointer",
  rightArrow: "RightArrow",
  check: "Check",
  circle: "Circle",
  cross: "Cross",
  insert: "Insert",
  newParagraph: "NewParagraph",
  note: "Note",
  paragraph: "Paragraph",
  help: "Help",
  star: "Star",
  key: "Key",
};
const FLAGS: readonly (readonly [xfdf: string, ours: string])[] = [
  ["invisible", "invisible"],
  ["hidden", "hidden"],
  ["nozoom", "noZoom"],
  ["norotate", "noRotate"],
  ["noview", "noView"],
  ["readonly", "readOnly"],
  ["locked", "locked"],
  ["togglenoview", "toggleNoView"],
  ["lockedcontents", "lockedContents"],
];

export function elementNameOf(type: AnnotationType): string | null {
  return NAMES[type] ?? null;
}

/** The kind that an element means when nothing else is said of it; null for one that no record is made of. */
export function kindOf({ name, attributes, children }: XmlElement): AnnotationType | null {
  if (name !== "stamp") return Object.hasOwn(KINDS, name) ? KINDS[name]! : null;
  if (children.some((child) => child.name === "imagedata")) return "image";
  return stampOf(attributes["icon"]) === null ? null : "stamp";
}

/** May this element be read as that kind? A file says so in words of ours. */
export function mayBe(kind: string, { name }: XmlElement): kind is AnnotationType {
  return Object.hasOwn(NAMES, kind) && NAMES[kind as AnnotationType] === name;
}

// -------------------------------------------------------------------------------------------------------------------------- writing

/** Attributes and children of the kind; those that all have are added by the caller. */
export function writeKind(
  annotation: Annotation,
  space: UserSpace,
  pages: XfdfPages,
): { attributes: Record<string, string | number | undefined>; children: XmlElement[] } {
  switch (annotation.type) {
    case "highlight":
    case "underline":
    case "strikeout":
    case "squiggly":
      return {
        attributes: {
          coords: space.quads(annotation.geometry.rects),
          color: annotation.appearance.color,
          opacity: annotation.appearance.opacity,
        },
        children: [],
      };
    case "redaction": {
      const { outlineColor, fillColor, opacity, overlayText, repeatOverlayText } = annotation.appearance;
      return {
        attributes: {
          coords: space.quads(annotation.geometry.rects),
          color: outlineColor,
          "interior-color": fillColor,
          opacity,
          "overlay-text": overlayText,
          "overlay-text-repeat": repeatOverlayText === undefined ? undefined : String(repeatOverlayText),
        },
        children: [],
      };
    }
    case "ink": {
      const gestures = annotation.geometry.lines.map((line) => element("gesture", {}, [], space.points(pairs(line))));
      const { color, width, opacity } = annotation.appearance;
      return { attributes: { color, width, opacity }, children: [element("inklist", {}, gestures)] };
    }
    case "text": {
      const { appearance: a, geometry } = annotation;
      const { callout } = geometry;
      const bold = a.fontStyle?.includes("bold") === true ? " bold" : "";
      const italic = a.fontStyle?.includes("italic") === true ? " italic" : "";
      return {
        attributes: {
          color: a.backgroundColor,
          opacity: a.opacity,
          width: a.borderWidth,
          style: a.borderStyle === undefined ? undefined : BORDERS[a.borderStyle],
          justification: a.horizontalAlign === undefined ? undefined : ["left", "center", "right"].indexOf(a.horizontalAlign),
          rotation: geometry.rotation,
          ...(callout === undefined
            ? {}
            : {
                intent: "FreeTextCallout",
                callout: space.points([callout.start, ...(callout.knee === undefined ? [] : [callout.knee]), callout.end], ","),
                fringe: fringe(callout.innerRectInset),
                head: callout.cap === undefined ? undefined : CAPS[callout.cap],
              }),
        },
        children: [
          element(
            "defaultappearance",
            {},
            [],
            `${operands(a.fontColor ?? "#000000")} rg${a.borderColor === undefined ? "" : ` ${operands(a.borderColor)} RG`} /Helv ${number(a.fontSize)} Tf`,
          ),
          element(
            "defaultstyle",
            {},
            [],
            `font:${italic}${bold} ${number(a.fontSize)}pt ${a.font ?? "Helvetica"}; color:${a.fontColor ?? "#000000"}`,
          ),
        ],
      };
    }
    case "note":
    case "comment-marker": {
      const { color, icon, opacity } = annotation.appearance;
      return { attributes: { color, opacity, icon: icon === undefined ? undefined : ICONS[icon] }, children: [] };
    }
    case "rectangle":
    case "ellipse":
      return { attributes: shape(annotation.appearance), children: [] };
    case "line": {
      const { points } = annotation.geometry;
      return {
        attributes: {
          start: space.points([points[0]!]),
          end: space.points([points.at(-1)!]),
          ...ends(annotation.appearance.lineCaps),
          ...shape(annotation.appearance),
        },
        children: [],
      };
    }
    case "polyline":
      return {
        attributes: { ...ends(annotation.appearance.lineCaps), ...shape(annotation.appearance) },
        children: [element("vertices", {}, [], space.points(annotation.geometry.points))],
      };
    case "polygon":
      return {
        attributes: shape(annotation.appearance),
        children: [element("vertices", {}, [], space.points(annotation.geometry.points))],
      };
    case "image":
      return { attributes: { opacity: annotation.appearance.opacity, rotation: annotation.geometry.rotation }, children: [] };
    case "stamp": {
      const { color, opacity, stampType } = annotation.appearance;
      return { attributes: { color, opacity, icon: stampType, rotation: annotation.geometry.rotation }, children: [] };
    }
    case "link": {
      const { borderColor, borderStyle, borderWidth, opacity } = annotation.appearance;
      const action = annotation.action === undefined ? null : actionElement(annotation.action, pages);
      return {
        attributes: {
          color: borderColor,
          width: borderWidth,
          opacity,
          style: borderStyle === undefined ? undefined : BORDERS[borderStyle],
        },
        children: action === null ? [] : [element("OnActivation", {}, [element("Action", { Trigger: "U" }, [action])])],
      };
    }
    case "raw":
      return { attributes: {}, children: [] };
  }
}

export function flagsText(flags: readonly string[] | undefined): string | undefined {
  const named = FLAGS.filter(([, ours]) => flags?.includes(ours)).map(([xfdf]) => xfdf);
  return [...(flags?.includes("noPrint") === true ? [] : ["print"]), ...named].join(",");
}

function shape(a: Extract<Annotation, { type: "polygon" }>["appearance"]): Record<string, string | number | undefined> {
  const isCloudy = a.cloudIntensity !== undefined;
  return {
    color: a.strokeColor,
    width: a.strokeWidth,
    "interior-color": a.fillColor,
    opacity: a.opacity,
    style: isCloudy ? "cloudy" : a.strokeDash === undefined ? undefined : "dash",
    intensity: a.cloudIntensity,
    dashes: a.strokeDash?.map(number).join(","),
    fringe: a.cloudInset === undefined ? undefined : fringe(a.cloudInset),
  };
}

function ends(caps: LineCaps | undefined): Record<string, string | undefined> {
  return {
    head: caps?.start === undefined ? undefined : CAPS[caps.start],
    tail: caps?.end === undefined ? undefined : CAPS[caps.end],
  };
}

/** Records have left, top, right, bottom; the file left, bottom, right, top. */
function fringe([left, top, right, bottom]: readonly [number, number, number, number]): string {
  return [left, bottom, right, top].map(number).join(",");
}

function actionElement(action: Action, pages: XfdfPages): XmlElement | null {
  if (action.type === "uri") return element("URI", { Name: action.uri });
  if (action.type === "named") return element("Named", { Name: action.action });
  if (action.type !== "goTo" || pages.indexOf(action.page) === null) return null;
  return element("GoTo", {}, [element("Dest", {}, [element("Fit", { Page: pages.indexOf(action.page)! })])]);
}

// -------------------------------------------------------------------------------------------------------------------------- reading

/** `geometry`, `appearance` and what else the kind has; checked as a record by the caller. null: the geometry makes no sense. */
export function readKind(kind: AnnotationType, given: XmlElement, space: UserSpace, pages: XfdfPages): Members | null {
  const a = given.attributes;
  const rect = space.readRect(a["rect"]);
  const opacity = amount(a["opacity"]);
  const color = colorOf(a["color"]);
  switch (kind) {
    case "highlight":
    case "underline":
    case "strikeout":
    case "squiggly": {
      const rects = space.readQuads(a["coords"]) ?? (rect === null ? null : [rect]);
      if (rects === null) return null;
      const look = { color: color ?? (kind === "highlight" ? "#ffff00" : "#000000"), opacity };
      return { geometry: { bbox: rect ?? around(rects), rects }, appearance: look };
    }
    case "redaction": {
      const rects = space.readQuads(a["coords"]) ?? (rect === null ? null : [rect]);
      if (rects === null) return null;
      const repeat = a["overlay-text-repeat"];
      return {
        geometry: { bbox: rect ?? around(rects), rects },
        appearance: {
          outlineColor: color,
          fillColor: colorOf(a["interior-color"]),
          opacity,
          overlayText: a["overlay-text"],
          repeatOverlayText: repeat === undefined ? undefined : repeat === "true" || repeat === "yes",
        },
      };
    }
    case "ink": {
      const gestures = childOf(given, "inklist")?.children.filter(({ name }) => name === "gesture") ?? [];
      const lines = gestures.map(({ text }) => space.readPoints(text));
      if (lines.length === 0 || lines.some((line) => line === null)) return null;
      const strokes = lines.map((line) => line!.flat());
      return {
        geometry: { bbox: rect ?? boundsOf(lines.flatMap((line) => line!)), lines: strokes },
        appearance: { color: color ?? "#000000", width: amount(a["width"]) ?? 1, opacity },
      };
    }
    case "text":
      return rect === null ? null : freeText(given, { rect, opacity, background: color, space });
    case "note":
    case "comment-marker":
      if (rect === null) return null;
      return { geometry: { bbox: rect }, appearance: { color, opacity, icon: iconOf(a["icon"]) } };
    case "rectangle":
    case "ellipse":
      return rect === null ? null : { geometry: { bbox: rect }, appearance: readShape(a) };
    case "line": {
      const [start, end] = [space.readPoints(a["start"]), space.readPoints(a["end"])];
      if (start?.length !== 1 || end?.length !== 1) return null;
      const points = [start[0]!, end[0]!];
      return { geometry: { bbox: rect ?? boundsOf(points), points }, appearance: { ...readShape(a), lineCaps: capsOf(a) } };
    }
    case "polyline":
    case "polygon": {
      const points = space.readPoints(childOf(given, "vertices")?.text ?? a["vertices"]);
      if (points === null) return null;
      const caps = kind === "polyline" ? { lineCaps: capsOf(a) } : {};
      return { geometry: { bbox: rect ?? boundsOf(points), points }, appearance: { ...readShape(a), ...caps } };
    }
    case "image":
      return rect === null ? null : { geometry: { bbox: rect, rotation: amount(a["rotation"]) }, appearance: { opacity } };
    case "stamp":
      return rect === null
        ? null
        : {
            geometry: { bbox: rect, rotation: amount(a["rotation"]) },
            appearance: { stampType: stampOf(a["icon"]) ?? "Custom", color, opacity },
          };
    case "link":
      return rect === null
        ? null
        : {
            geometry: { bbox: rect },
            appearance: { borderColor: color, borderStyle: borderOf(a["style"]), borderWidth: amount(a["width"]), opacity },
            action: readAction(given, pages),
          };
    case "raw":
      return null;
  }
}

export function readFlags(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const given = new Set(text.toLowerCase().split(/[\s,]+/));
  const flags = FLAGS.filter(([xfdf]) => given.has(xfdf)).map(([, ours]) => ours);
  if (!given.has("print")) flags.unshift("noPrint");
  return flags.length === 0 ? undefined : flags;
}

function freeText(
  given: XmlElement,
  {
    rect,
    opacity,
    background,
    space,
  }: { readonly rect: Rect; readonly opacity: number | undefined; readonly background: string | undefined; readonly space: UserSpace },
): Members | null {
  const a = given.attributes;
  const appearance = childOf(given, "defaultappearance")?.text ?? "";
  const style = childOf(given, "defaultstyle")?.text ?? "";
  const font = /font:\s*([^;]*?)([\d.]+)\s*pt\s+([^;]+)/.exec(style);
  const size =
    amount(/(?:^|\s)([\d.]+)\s+Tf\b/.exec(appearance)?.[1]) ?? amount(font?.[2]) ?? amount(/font-size:\s*([\d.]+)/.exec(style)?.[1]) ?? 12;
  const styles = [...(/\bbold\b/.test(font?.[1] ?? "") ? ["bold"] : []), ...(/\bitalic\b/.test(font?.[1] ?? "") ? ["italic"] : [])];
  const family = (font?.[3] ?? /font-family:\s*([^;]+)/.exec(style)?.[1])
    ?.split(",")[0]!
    .trim()
    .replace(/^['"]|['"]$/g, "");
  const line = space.readPoints(a["callout"]);
  const inset = numbers(a["fringe"]);
  const callout =
    line === null || line.length < 2 || line.length > 3
      ? undefined
      : {
          start: line[0]!,
          ...(line.length === 3 ? { knee: line[1]! } : {}),
          end: line.at(-1)!,
          cap: capOf(a["head"]),
          innerRectInset: inset?.length === 4 ? [inset[0]!, inset[3]!, inset[2]!, inset[1]!] : [0, 0, 0, 0],
        };
  return {
    geometry: { bbox: rect, rotation: amount(a["rotation"]), callout: callout === undefined ? undefined : without(callout) },
    appearance: {
      fontSize: Math.min(1000, Math.max(1, size)),
      font: family,
      fontStyle: styles.length === 0 ? undefined : styles,
      fontColor: colorOf(/color:\s*(#[0-9a-fA-F]{6})/.exec(style)?.[1]) ?? operandColor(appearance, "rg"),
      backgroundColor: background,
      borderColor: operandColor(appearance, "RG"),
      borderWidth: amount(a["width"]),
      borderStyle: borderOf(a["style"]),
      horizontalAlign: ["left", "center", "right"][Number(a["justification"] ?? "x")],
      opacity,
    },
  };
}

function readShape(a: XmlElement["attributes"]): Members {
  const dashes = numbers(a["dashes"]);
  const inset = numbers(a["fringe"]);
  return {
    strokeColor: colorOf(a["color"]),
    strokeWidth: amount(a["width"]),
    fillColor: colorOf(a["interior-color"]),
    opacity: amount(a["opacity"]),
    strokeDash: dashes ?? (a["style"] === "dash" ? [3] : undefined),
    cloudIntensity: a["style"] === "cloudy" ? (amount(a["intensity"]) ?? 1) : undefined,
    cloudInset: inset?.length === 4 ? [inset[0]!, inset[3]!, inset[2]!, inset[1]!] : undefined,
  };
}

function capsOf(a: XmlElement["attributes"]): LineCaps | undefined {
  const [start, end] = [capOf(a["head"]), capOf(a["tail"])];
  return start === undefined && end === undefined ? undefined : (without({ start, end }) as LineCaps);
}

function capOf(name: string | undefined): Cap | undefined {
  return (Object.keys(CAPS) as Cap[]).find((cap) => CAPS[cap] === name);
}

function borderOf(style: string | undefined): string | undefined {
  return Object.keys(BORDERS).find((ours) => BORDERS[ours] === style);
}

function iconOf(name: string | undefined): string | undefined {
  const wanted = name?.toLowerCase();
  return Object.keys(ICONS).find((icon) => icon.toLowerCase() === wanted);
}

/** Some programs put letters before the standard names. */
function stampOf(icon: string | undefined): (typeof STAMPS)[number] | null {
  const name = icon?.replace(/^(?:#|SB|SH)/, "").toLowerCase();
  return STAMPS.find((stamp) => stamp.toLowerCase() === name) ?? null;
}

function readAction(given: XmlElement, pages: XfdfPages): Action | undefined {
  const action = childOf(childOf(given, "OnActivation"), "Action")?.children[0];
  if (action?.name === "URI" && action.attributes["Name"] !== undefined) return { type: "uri", uri: action.attributes["Name"] };
  if (action?.name === "Named" && action.attributes["Name"] !== undefined) return { type: "named", action: action.attributes["Name"] };
  const page = childOf(action, "Dest")?.children[0]?.attributes["Page"];
  const id = page === undefined ? null : pages.idAt(Number(page));
  return id === null ? undefined : { type: "goTo", page: id };
}

export function childOf(given: XmlElement | undefined, name: string): XmlElement | undefined {
  return given?.children.find((child) => child.name === name);
}

function colorOf(text: string | undefined): string | undefined {
  return text !== undefined && /^#[0-9a-fA-F]{6}$/.test(text) ? text : undefined;
}

function amount(text: string | undefined): number | undefined {
  const value = text === undefined || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function operands(color: string): string {
  return [1, 3, 5].map((at) => number(Math.round((Number.parseInt(color.slice(at, at + 2), 16) / 255) * 1e4) / 1e4)).join(" ");
}

function operandColor(appearance: string, operator: "rg" | "RG"): string | undefined {
  const match = new RegExp(`([\\d.]+)\\s+([\\d.]+)\\s+([\\d.]+)\\s+${operator}\\b`).exec(appearance);
  if (match === null) return undefined;
  const channels = match.slice(1, 4).map((part) => Math.round(Math.min(1, Math.max(0, Number(part) || 0)) * 255));
  return `#${channels.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

function pairs(flat: readonly number[]): Point[] {
  return Array.from({ length: Math.floor(flat.length / 2) }, (_, index): Point => [flat[index * 2]!, flat[index * 2 + 1]!]);
}

function boundsOf(points: readonly Point[]): Rect {
  let [left, top] = points[0]!;
  let [right, bottom] = points[0]!;
  for (const [x, y] of points) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  return [left, top, right - left, bottom - top];
}

function around(rects: readonly Rect[]): Rect {
  return boundsOf(
    rects.flatMap(([x, y, width, height]): Point[] => [
      [x, y],
      [x + width, y + height],
    ]),
  );
}

function without(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
