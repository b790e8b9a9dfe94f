/** Schemas shared by the kinds of annotation. Coordinates: points of the source page, y down from the top-left of its crop box, unrotated. */
import * as z from "zod";

const LIMIT = 1_000_000;

export const Coordinate = z.number().min(-LIMIT).max(LIMIT);
/** `[left, top, width, height]` */
export const Rect = z.tuple([Coordinate, Coordinate, z.number().min(0).max(LIMIT), z.number().min(0).max(LIMIT)]);
export type Rect = z.infer<typeof Rect>;
/** `[x, y]` */
export const Point = z.tuple([Coordinate, Coordinate]);
export type Point = z.infer<typeof Point>;
/** `#rrggbb` */
export const Color = z.string().regex(/^#[0-9a-fA-F]{6}$/);
export const Opacity = z.number().min(0).max(1);
export const Rotation = z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)]);
export type Rotation = z.infer<typeof Rotation>;
export const RecordId = z.string().regex(/^[A-Za-z0-9_.:@~-]{1,128}$/);
export const PageId = RecordId;
export const BlobId = z.string().regex(/^[0-9a-f]{64}$/);
export const CustomData = z.record(z.string().max(256), z.json());

export const BlendMode = z.enum([
  "normal",
  "multiply",
  "screen",
  "overlay",
  "darken",
  "lighten",
  "colorDodge",
  "colorBurn",
  "hardLight",
  "softLight",
  "difference",
  "exclusion",
]);
export const BorderStyle = z.enum(["solid", "dashed", "beveled", "inset", "underline"]);
export const LineCap = z.enum([
  "square",
  "circle",
  "diamond",
  "openArrow",
  "closedArrow",
  "butt",
  "reverseOpenArrow",
  "reverseClosedArrow",
  "slash",
]);
export const FontStyle = z.array(z.enum(["bold", "italic"])).max(2);
export const HorizontalAlign = z.enum(["left", "center", "right"]);
export const VerticalAlign = z.enum(["top", "center", "bottom"]);
export const AnnotationFlag = z.enum([
  "noPrint",
  "noZoom",
  "noRotate",
  "noView",
  "hidden",
  "invisible",
  "readOnly",
  "locked",
  "toggleNoView",
  "lockedContents",
]);
export type AnnotationFlag = z.infer<typeof AnnotationFlag>;

/** `plain`, or `xhtml` as PDF's rich text; rendered as text, never as markup. */
export const RichText = z.object({ format: z.enum(["plain", "xhtml"]), value: z.string().max(100_000) });
export type RichText = z.infer<typeof RichText>;

/** What a click does. `page` is a page id; `fit`, `left`, `top`, `zoom` say which part of it. */
export const Action = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("goTo"),
    page: PageId,
    left: z.exactOptional(Coordinate),
    top: z.exactOptional(Coordinate),
    zoom: z.exactOptional(z.number().min(0).max(64)),
  }),
  z.object({ type: z.literal("uri"), uri: z.string().max(8192) }),
  z.object({ type: z.literal("named"), action: z.string().max(64) }),
  z.object({ type: z.literal("goToRemote"), relativePath: z.string().max(4096), namedDestination: z.exactOptional(z.string().max(1024)) }),
  z.object({
    type: z.literal("goToEmbedded"),
    relativePath: z.string().max(4096),
    newWindow: z.exactOptional(z.boolean()),
    targetType: z.exactOptional(z.enum(["parent", "child"])),
  }),
  z.object({ type: z.literal("launch"), filePath: z.string().max(4096) }),
  z.object({ type: z.literal("hide"), hide: z.boolean(), fields: z.array(z.string().max(1024)).max(1000) }),
  z.object({ type: z.literal("javascript"), script: z.string().max(100_000) }),
  z.object({
    type: z.literal("submitForm"),
    uri: z.string().max(8192),
    flags: z.array(z.string().max(64)).max(16),
    fields: z.exactOptional(z.array(z.string().max(1024)).max(10_000)),
  }),
  z.object({
    type: z.literal("resetForm"),
    include: z.exactOptional(z.boolean()),
    fields: z.exactOptional(z.array(z.string().max(1024)).max(10_000)),
  }),
]);
export type Action = z.infer<typeof Action>;

/**
 * Members that every kind has. `geometry`, `appearance` and `text` are conflict groups: a patch replaces each as a whole.
 * `order` is the z-order (fractional index); `bundle` names annotations that the user grouped.
 */
export const common = {
  page: z.nullable(PageId),
  order: z.exactOptional(z.string().max(256)),
  creatorName: z.exactOptional(z.string().max(256)),
  note: z.exactOptional(z.string().max(100_000)),
  flags: z.exactOptional(z.array(AnnotationFlag).max(10)),
  action: z.exactOptional(Action),
  attachment: z.exactOptional(z.object({ blob: BlobId, mediaType: z.string().max(128), name: z.exactOptional(z.string().max(256)) })),
  lock: z.exactOptional(z.boolean()),
  bundle: z.exactOptional(RecordId),
  custom: z.exactOptional(CustomData),
  /** Number of the PDF object it was imported from. */
  pdfObjectId: z.exactOptional(z.int().min(0)),
} as const;

export const MeasurementScale = z.object({
  unitFrom: z.enum(["in", "mm", "cm", "pt"]),
  unitTo: z.enum(["in", "mm", "cm", "pt", "ft", "m", "yd", "km", "mi"]),
  from: z.number().positive(),
  to: z.number().positive(),
});

/** Look of the drawn shapes. */
export const shapeAppearance = {
  strokeColor: z.exactOptional(Color),
  strokeWidth: z.exactOptional(z.number().min(0).max(1000)),
  strokeDash: z.exactOptional(z.array(z.number().min(0).max(1000)).max(16)),
  fillColor: z.exactOptional(Color),
  opacity: z.exactOptional(Opacity),
  blendMode: z.exactOptional(BlendMode),
  cloudIntensity: z.exactOptional(z.number().min(0).max(10)),
  cloudInset: z.exactOptional(z.tuple([z.number(), z.number(), z.number(), z.number()])),
} as const;
export const LineCaps = z.object({ start: z.exactOptional(LineCap), end: z.exactOptional(LineCap) });
export type LineCaps = z.infer<typeof LineCaps>;
export const Measurement = z.object({ scale: MeasurementScale, precision: z.enum(["whole", "oneDp", "twoDp", "threeDp", "fourDp"]) });
