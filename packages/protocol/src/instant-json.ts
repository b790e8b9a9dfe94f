/**
 * Instant JSON v2 ↔ our annotation records: the published shape that HTTP speaks. Pure; used at the HTTP boundary only.
 * Bad input gives failing paths, never an exception. Unknown members are dropped, as the published service does.
 */
import * as z from "zod";
import { ANNOTATION_KINDS, type Annotation, type AnnotationType } from "./annotation/annotation.ts";
import {
  type Action,
  AnnotationFlag,
  BlendMode,
  BlobId,
  BorderStyle,
  Color,
  CustomData,
  FontStyle,
  HorizontalAlign,
  LineCap,
  LineCaps,
  Opacity,
  Point,
  Rect,
  VerticalAlign,
} from "./annotation/common.ts";
import { NoteIcon } from "./annotation/note.ts";
import { STAMPS } from "./annotation/names.ts";
import { type PageShown, pageSpace, type PageSpace } from "./page-space.ts";
import { type Checked, checkData } from "./record.ts";

/** What translating needs to know about pages. */
export interface PageNames {
  /** Page id by its index at this moment; null when there is none. */
  idAt(index: number): string | null;
  indexOf(pageId: string): number | null;
  shown(pageId: string): PageShown;
}

/** What is in the envelope rather than in the content. Times are milliseconds. */
export interface Envelope {
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface InstantAnnotation {
  readonly v: 2;
  readonly type: string;
  readonly pageIndex: number;
  readonly [member: string]: unknown;
}

const TYPES: Readonly<Record<Exclude<AnnotationType, "raw">, string>> = {
  highlight: "pspdfkit/markup/highlight",
  underline: "pspdfkit/markup/underline",
  strikeout: "pspdfkit/markup/strikeout",
  squiggly: "pspdfkit/markup/squiggly",
  redaction: "pspdfkit/markup/redaction",
  ink: "pspdfkit/ink",
  text: "pspdfkit/text",
  note: "pspdfkit/note",
  "comment-marker": "pspdfkit/comment-marker",
  rectangle: "pspdfkit/shape/rectangle",
  ellipse: "pspdfkit/shape/ellipse",
  line: "pspdfkit/shape/line",
  polyline: "pspdfkit/shape/polyline",
  polygon: "pspdfkit/shape/polygon",
  image: "pspdfkit/image",
  stamp: "pspdfkit/stamp",
  link: "pspdfkit/link",
};
const KIND_OF = new Map<string, AnnotationType>(Object.entries(TYPES).map(([kind, type]) => [type, kind as AnnotationType]));

// ---------------------------------------------------------------------------------------------------------------- to Instant JSON

/** The published form of a record; null for a kind that it has no form for, and for a page that is not shown. */
export function toInstantJson(envelope: Envelope, annotation: Annotation, pages: PageNames): InstantAnnotation | null {
  if (annotation.type === "raw") return null;
  const pageIndex = annotation.page === null ? 0 : pages.indexOf(annotation.page);
  const pageId = annotation.page ?? pages.idAt(0);
  if (pageIndex === null || pageId === null) return null;
  const space = pageSpace(pages.shown(pageId));
  return drop({
    v: 2,
    type: TYPES[annotation.type],
    id: envelope.id,
    name: envelope.id,
    pageIndex,
    pageId,
    bbox: space.rectToShown(annotation.geometry.bbox),
    opacity: annotation.appearance.opacity ?? 1,
    createdAt: new Date(envelope.createdAt).toISOString(),
    updatedAt: new Date(envelope.updatedAt).toISOString(),
    creatorName: annotation.creatorName,
    customData: annotation.custom,
    flags: annotation.flags,
    action: annotation.action === undefined ? undefined : instantAction(annotation.action, pages),
    pdfObjectId: annotation.pdfObjectId,
    note: annotation.note,
    ...membersOf(annotation, space),
  }) as unknown as InstantAnnotation;
}

function membersOf(annotation: Exclude<Annotation, { type: "raw" }>, space: PageSpace): Record<string, unknown> {
  switch (annotation.type) {
    case "highlight":
    case "underline":
    case "strikeout":
    case "squiggly":
      return {
        rects: annotation.geometry.rects.map(space.rectToShown),
        color: annotation.appearance.color,
        blendMode: annotation.appearance.blendMode,
      };
    case "redaction": {
      const { opacity: _, ...look } = annotation.appearance;
      return { rects: annotation.geometry.rects.map(space.rectToShown), rotation: annotation.geometry.rotation, ...look };
    }
    case "ink": {
      const { lines, pressures } = annotation.geometry;
      const points = lines.map((line) => pairs(line).map(space.toShown));
      return {
        lines: { points, intensities: points.map((line, i) => line.map((_, j) => pressures?.[i]?.[j] ?? 0.5)) },
        lineWidth: annotation.appearance.width,
        strokeColor: annotation.appearance.color,
        backgroundColor: annotation.appearance.backgroundColor,
        blendMode: annotation.appearance.blendMode,
        isDrawnNaturally: annotation.appearance.natural ?? false,
        isSignature: annotation.signature ?? false,
      };
    }
    case "text": {
      const { opacity: _, cloudIntensity, cloudInset, ...look } = annotation.appearance;
      const callout = annotation.geometry.callout;
      return {
        text: annotation.text,
        ...look,
        horizontalAlign: look.horizontalAlign ?? "left",
        verticalAlign: look.verticalAlign ?? "top",
        rotation: annotation.geometry.rotation ?? 0,
        cloudyBorderIntensity: cloudIntensity,
        cloudyBorderInset: cloudInset,
        callout:
          callout === undefined
            ? undefined
            : drop({
                ...callout,
                start: space.toShown(callout.start),
                end: space.toShown(callout.end),
                knee: callout.knee && space.toShown(callout.knee),
              }),
      };
    }
    case "note":
    case "comment-marker":
      return {
        text: annotation.text ?? { format: "plain", value: "" },
        icon: annotation.appearance.icon ?? "comment",
        color: annotation.appearance.color,
        ...(annotation.type === "comment-marker" ? { isCommentThreadRoot: true } : {}),
      };
    case "rectangle":
    case "ellipse":
      return shapeMembers(annotation);
    case "line":
      return {
        ...shapeMembers(annotation),
        lineCaps: annotation.appearance.lineCaps,
        startPoint: space.toShown(annotation.geometry.points[0]!),
        endPoint: space.toShown(annotation.geometry.points.at(-1)!),
      };
    case "polyline":
      return {
        ...shapeMembers(annotation),
        lineCaps: annotation.appearance.lineCaps,
        points: annotation.geometry.points.map(space.toShown),
      };
    case "polygon":
      return { ...shapeMembers(annotation), points: annotation.geometry.points.map(space.toShown) };
    case "image":
      return {
        imageAttachmentId: annotation.attachment?.blob,
        contentType: annotation.attachment?.mediaType,
        fileName: annotation.attachment?.name,
        description: annotation.appearance.description,
        rotation: annotation.geometry.rotation ?? 0,
        isSignature: annotation.signature ?? false,
      };
    case "stamp": {
      const { opacity: _, ...look } = annotation.appearance;
      return { ...look, rotation: annotation.geometry.rotation ?? 0 };
    }
    case "link": {
      const { opacity: _, ...look } = annotation.appearance;
      return look;
    }
  }
}

function shapeMembers(
  annotation: Extract<Annotation, { type: "rectangle" | "ellipse" | "line" | "polyline" | "polygon" }>,
): Record<string, unknown> {
  const look = annotation.appearance;
  return {
    strokeColor: look.strokeColor,
    strokeWidth: look.strokeWidth,
    strokeDashArray: look.strokeDash,
    fillColor: look.fillColor,
    blendMode: look.blendMode,
    cloudyBorderIntensity: look.cloudIntensity,
    cloudyBorderInset: look.cloudInset,
    measurementScale: annotation.measurement?.scale,
    measurementPrecision: annotation.measurement?.precision,
  };
}

/** undefined: it leads to a page that is not shown. */
export function instantAction(action: Action, pages: PageNames): Record<string, unknown> | undefined {
  switch (action.type) {
    case "goTo": {
      const { page, ...rest } = action;
      const pageIndex = pages.indexOf(page);
      return pageIndex === null ? undefined : { ...rest, pageIndex };
    }
    case "hide":
      return { type: "hide", hide: action.hide, annotationReferences: action.fields.map((fieldName) => ({ fieldName })) };
    case "submitForm":
      return drop({ type: "submitForm", uri: action.uri, flags: action.flags, fields: action.fields?.map((fieldName) => ({ fieldName })) });
    case "resetForm":
      return drop({
        type: "resetForm",
        flags: action.include ? "includeExclude" : undefined,
        fields: action.fields?.map((fieldName) => ({ fieldName })),
      });
    case "uri":
    case "named":
    case "goToRemote":
    case "goToEmbedded":
    case "launch":
    case "javascript":
      return { ...action };
  }
}

// -------------------------------------------------------------------------------------------------------------- from Instant JSON

const optional = z.exactOptional;
const Lines = z.union([
  z.object({ points: z.array(z.array(Point).min(1)).min(1), intensities: optional(z.array(z.array(z.number().min(0).max(1)))) }),
]);
/** v1 has the bare string. */
const TextValue = z.union([
  z
    .string()
    .max(100_000)
    .transform((value) => ({ format: "plain" as const, value })),
  z
    .object({ format: optional(z.enum(["plain", "xhtml"])), value: optional(z.string().max(100_000)) })
    .transform((text) => ({ format: text.format ?? ("plain" as const), value: text.value ?? "" })),
]);
const InstantAction = z.looseObject({ type: z.string() });
const FieldReferences = z.array(z.union([z.string().transform((fieldName) => ({ fieldName })), z.looseObject({ fieldName: z.string() })]));

/** All members that any kind has: each is checked where it is given, then put where the record keeps it. */
const Members = z.object({
  id: optional(z.string()),
  name: optional(z.string()),
  pageIndex: optional(z.int().min(0)),
  pageId: optional(z.string()),
  bbox: optional(Rect),
  rects: optional(z.array(Rect).min(1).max(10_000)),
  opacity: optional(Opacity),
  creatorName: optional(z.nullable(z.string().max(256))),
  customData: optional(z.nullable(CustomData)),
  flags: optional(z.array(AnnotationFlag).max(10)),
  action: optional(InstantAction),
  note: optional(z.nullable(z.string().max(100_000))),
  color: optional(Color),
  blendMode: optional(BlendMode),
  outlineColor: optional(Color),
  fillColor: optional(Color),
  overlayText: optional(z.string().max(1000)),
  repeatOverlayText: optional(z.boolean()),
  rotation: optional(z.number().min(0).max(360)),
  lines: optional(Lines),
  lineWidth: optional(z.number().min(0).max(1000)),
  strokeColor: optional(Color),
  backgroundColor: optional(Color),
  isDrawnNaturally: optional(z.boolean()),
  isSignature: optional(z.boolean()),
  text: optional(TextValue),
  font: optional(z.string().max(128)),
  fontSize: optional(z.number().min(1).max(1000)),
  fontStyle: optional(FontStyle),
  fontColor: optional(Color),
  horizontalAlign: optional(HorizontalAlign),
  verticalAlign: optional(VerticalAlign),
  isFitting: optional(z.boolean()),
  borderColor: optional(Color),
  borderStyle: optional(BorderStyle),
  borderWidth: optional(z.number().min(0).max(100)),
  cloudyBorderIntensity: optional(z.number().min(0).max(10)),
  cloudyBorderInset: optional(z.tuple([z.number(), z.number(), z.number(), z.number()])),
  callout: optional(
    z.object({
      start: Point,
      end: Point,
      knee: optional(Point),
      cap: optional(LineCap),
      innerRectInset: z.tuple([z.number(), z.number(), z.number(), z.number()]),
    }),
  ),
  icon: optional(NoteIcon),
  strokeWidth: optional(z.number().min(0).max(1000)),
  strokeDashArray: optional(z.array(z.number().min(0).max(1000)).max(16)),
  lineCaps: optional(LineCaps),
  startPoint: optional(Point),
  endPoint: optional(Point),
  points: optional(z.array(Point).min(2).max(10_000)),
  measurementScale: optional(z.unknown()),
  measurementPrecision: optional(z.unknown()),
  stampType: optional(z.enum(STAMPS)),
  title: optional(z.string().max(256)),
  subtitle: optional(z.string().max(256)),
  description: optional(z.string().max(4096)),
  imageAttachmentId: optional(z.nullable(BlobId)),
  contentType: optional(z.nullable(z.string().max(128))),
  fileName: optional(z.nullable(z.string().max(256))),
});
type Members = z.infer<typeof Members>;

/** The record's data that this content means; `prefix` is where it stands in the request. */
export function fromInstantJson(content: unknown, pages: PageNames, prefix = "$.content"): Checked<Annotation> {
  const given = (typeof content === "object" && content !== null ? content : {}) as { type?: unknown };
  const kind = typeof given.type === "string" ? KIND_OF.get(given.type) : undefined;
  if (kind === undefined)
    return { ok: false, failingPaths: [{ path: `${prefix}.type`, details: "not a type of annotation that is known" }] };
  const parsed = Members.safeParse(content);
  if (!parsed.success) {
    return {
      ok: false,
      failingPaths: parsed.error.issues.map((issue) => ({
        path: prefix + issue.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join(""),
        details: issue.message,
      })),
    };
  }
  const members = parsed.data;
  const page = members.pageId ?? (members.pageIndex === undefined ? null : pages.idAt(members.pageIndex));
  if (page === null || pages.indexOf(page) === null)
    return {
      ok: false,
      failingPaths: [{ path: `${prefix}.${members.pageId === undefined ? "pageIndex" : "pageId"}`, details: "there is no such page" }],
    };
  const space = pageSpace(pages.shown(page));
  const data = drop({
    type: kind,
    page,
    creatorName: members.creatorName ?? undefined,
    custom: members.customData ?? undefined,
    flags: members.flags,
    note: members.note ?? undefined,
    action: members.action === undefined ? undefined : actionFromInstant(members.action, pages),
    ...dataOf(kind, members, space),
  });
  const checked = checkData("annotation", data, prefix);
  return checked.ok
    ? { ok: true, value: checked.value as Annotation }
    : { ok: false, failingPaths: checked.failingPaths.map((failure) => ({ ...failure, path: publishedPath(failure.path) })) };
}

/** Inside, members stand in groups; the caller knows them without. */
function publishedPath(path: string): string {
  return path.replace(/\.(geometry|appearance)\b(?=\.|\[|$)/, "").replace(/\.width$/, ".lineWidth");
}

/** What the record keeps of it; checked there. undefined: it leads to a page that there is not. */
export function actionFromInstant(action: z.infer<typeof InstantAction>, pages: PageNames): unknown {
  switch (action.type) {
    case "goTo": {
      const { pageIndex, ...rest } = action;
      if (typeof pageIndex !== "number") return action;
      const page = pages.idAt(pageIndex);
      return page === null ? undefined : { ...rest, page };
    }
    case "hide": {
      const { annotationReferences, ...rest } = action;
      return { ...rest, hide: action["hide"] ?? true, fields: namesOf(annotationReferences) ?? [] };
    }
    case "submitForm":
      return drop({ ...action, flags: action["flags"] ?? [], fields: namesOf(action["fields"]) });
    case "resetForm": {
      const { flags, ...rest } = action;
      return drop({ ...rest, include: flags === "includeExclude" ? true : undefined, fields: namesOf(action["fields"]) });
    }
    default:
      return action;
  }
}

function namesOf(references: unknown): string[] | undefined {
  const result = FieldReferences.safeParse(references);
  return result.success ? result.data.map(({ fieldName }) => fieldName) : undefined;
}

function attachmentOf(m: Members): Record<string, unknown> | undefined {
  const { imageAttachmentId: blob, contentType, fileName } = m;
  if (blob === undefined || blob === null) return undefined;
  return drop({ blob, mediaType: contentType ?? "image/png", name: fileName ?? undefined });
}

function dataOf(kind: AnnotationType, m: Members, space: PageSpace): Record<string, unknown> {
  const rect = (value: Rect | undefined) => (value === undefined ? undefined : space.rectToSource(value));
  const rects = m.rects?.map(space.rectToSource);
  const bbox = rect(m.bbox);
  const shape = drop({
    strokeColor: m.strokeColor,
    strokeWidth: m.strokeWidth,
    strokeDash: m.strokeDashArray,
    fillColor: m.fillColor,
    opacity: m.opacity,
    blendMode: m.blendMode,
    cloudIntensity: m.cloudyBorderIntensity,
    cloudInset: m.cloudyBorderInset,
  });
  const measurement =
    m.measurementScale === undefined ? undefined : { scale: m.measurementScale, precision: m.measurementPrecision ?? "twoDp" };
  const path = (points: readonly Point[] | undefined) => ({ geometry: drop({ bbox: bbox ?? around(points), points }), measurement });
  switch (kind) {
    case "highlight":
    case "underline":
    case "strikeout":
    case "squiggly":
      return {
        geometry: drop({ bbox: bbox ?? aroundRects(rects), rects }),
        appearance: drop({ color: m.color, opacity: m.opacity, blendMode: m.blendMode }),
      };
    case "redaction":
      return {
        geometry: drop({ bbox: bbox ?? aroundRects(rects), rects, rotation: m.rotation }),
        appearance: drop({
          color: m.color,
          fillColor: m.fillColor,
          outlineColor: m.outlineColor,
          opacity: m.opacity,
          overlayText: m.overlayText,
          repeatOverlayText: m.repeatOverlayText,
        }),
      };
    case "ink": {
      const lines = m.lines?.points.map((line) => line.map(space.toSource));
      return {
        geometry: drop({ bbox: bbox ?? around(lines?.flat()), lines: lines?.map((line) => line.flat()), pressures: pressuresOf(m) }),
        appearance: drop({
          color: m.strokeColor ?? "#000000",
          width: m.lineWidth,
          opacity: m.opacity,
          blendMode: m.blendMode,
          backgroundColor: m.backgroundColor,
          natural: m.isDrawnNaturally,
        }),
        signature: m.isSignature === true ? true : undefined,
      };
    }
    case "text":
      return {
        geometry: drop({
          bbox,
          rotation: m.rotation === 0 ? undefined : m.rotation,
          callout:
            m.callout === undefined
              ? undefined
              : drop({
                  ...m.callout,
                  start: space.toSource(m.callout.start),
                  end: space.toSource(m.callout.end),
                  knee: m.callout.knee && space.toSource(m.callout.knee),
                }),
        }),
        appearance: drop({
          font: m.font,
          fontSize: m.fontSize,
          fontStyle: m.fontStyle,
          fontColor: m.fontColor,
          backgroundColor: m.backgroundColor,
          opacity: m.opacity,
          horizontalAlign: m.horizontalAlign,
          verticalAlign: m.verticalAlign,
          borderColor: m.borderColor,
          borderStyle: m.borderStyle,
          borderWidth: m.borderWidth,
          cloudIntensity: m.cloudyBorderIntensity,
          cloudInset: m.cloudyBorderInset,
          isFitting: m.isFitting,
        }),
        text: m.text ?? { format: "plain", value: "" },
      };
    case "note":
    case "comment-marker":
      return {
        geometry: drop({ bbox }),
        appearance: drop({ icon: m.icon, color: m.color, opacity: m.opacity }),
        text: m.text ?? (kind === "note" ? { format: "plain", value: "" } : undefined),
      };
    case "rectangle":
    case "ellipse":
      return { geometry: drop({ bbox }), appearance: shape, measurement };
    case "line":
      return {
        ...path(m.startPoint && m.endPoint ? [space.toSource(m.startPoint), space.toSource(m.endPoint)] : undefined),
        appearance: drop({ ...shape, lineCaps: m.lineCaps }),
      };
    case "polyline":
      return { ...path(m.points?.map(space.toSource)), appearance: drop({ ...shape, lineCaps: m.lineCaps }) };
    case "polygon":
      return { ...path(m.points?.map(space.toSource)), appearance: shape };
    case "image":
      return {
        geometry: drop({ bbox, rotation: m.rotation }),
        appearance: drop({ opacity: m.opacity, description: m.description }),
        signature: m.isSignature === true ? true : undefined,
        attachment: attachmentOf(m),
      };
    case "stamp":
      return {
        geometry: drop({ bbox, rotation: m.rotation }),
        appearance: drop({ stampType: m.stampType, title: m.title, subtitle: m.subtitle, color: m.color, opacity: m.opacity }),
      };
    case "link":
      return {
        geometry: drop({ bbox }),
        appearance: drop({ borderColor: m.borderColor, borderStyle: m.borderStyle, borderWidth: m.borderWidth, opacity: m.opacity }),
      };
    case "raw":
      return {};
  }
}

/** Pressures are kept only where the pen told some: a constant 0.5 is what the format writes for a mouse. */
function pressuresOf(m: Members): number[][] | undefined {
  const intensities = m.lines?.intensities;
  return intensities === undefined || intensities.every((line) => line.every((value) => value === 0.5)) ? undefined : intensities;
}

function pairs(flat: readonly number[]): Point[] {
  const points: Point[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) points.push([flat[i]!, flat[i + 1]!]);
  return points;
}

function around(points: readonly Point[] | undefined): Rect | undefined {
  if (points === undefined || points.length === 0) return undefined;
  let [left, top] = points[0]!;
  let [right, bottom] = points[0]!;
  for (const [x, y] of points) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  return [left, top, right - left, bottom - top];
}

function aroundRects(rects: readonly Rect[] | undefined): Rect | undefined {
  return around(
    rects?.flatMap(([left, top, width, height]): Point[] => [
      [left, top],
      [left + width, top + height],
    ]),
  );
}

/** Without the members that are undefined. */
function drop<T extends Record<string, unknown>>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}

/** Kinds of annotation that HTTP takes. */
export const INSTANT_TYPES: readonly string[] = Object.keys(ANNOTATION_KINDS)
  .filter((kind) => kind !== "raw")
  .map((kind) => TYPES[kind as Exclude<AnnotationType, "raw">]);
