/** Building documents from parts: the published instructions, read loosely where clients write them loosely. */
import * as z from "zod";
import { DocumentId, DocumentSummary } from "./document.ts";
import { OcrLanguage } from "./ocr-language.ts";
import { operation } from "./operation.ts";
import { CreateRedactions } from "./redactions.ts";

/** The name of a part of the form, or an address. */
const FileHandle = z.union([z.string().min(1).max(1024), z.object({ url: z.string().max(4096), sha256: z.exactOptional(z.string()) })]);
const PageRange = z.object({ start: z.exactOptional(z.int()), end: z.exactOptional(z.int()) });
export type PageRange = z.infer<typeof PageRange>;
const Dimension = z.union([
  z.number().transform((value) => ({ value, unit: "pt" as const })),
  z.object({ value: z.number(), unit: z.enum(["pt", "%"]) }),
  z
    .string()
    .regex(/^\s*-?\d+(\.\d+)?\s*(%|pt)?\s*$/)
    .transform((text) => ({ value: Number.parseFloat(text), unit: text.includes("%") ? ("%" as const) : ("pt" as const) })),
]);
const watermark = {
  type: z.literal("watermark"),
  width: Dimension,
  height: Dimension,
  top: z.exactOptional(Dimension),
  right: z.exactOptional(Dimension),
  bottom: z.exactOptional(Dimension),
  left: z.exactOptional(Dimension),
  rotation: z.exactOptional(z.number().min(-3600).max(3600)),
  opacity: z.exactOptional(z.number().min(0).max(1)),
};
const Action = z.union([
  z.object({ type: z.literal("rotate"), rotateBy: z.literal([90, 180, 270]) }),
  z.object({ type: z.literal("flatten"), annotationIds: z.exactOptional(z.array(z.union([z.string(), z.int()])).max(10_000)) }),
  z.object({
    ...watermark,
    text: z.string().max(10_000),
    fontFamily: z.exactOptional(z.string().max(256)),
    fontSize: z.exactOptional(z.number().positive().max(10_000)),
    fontColor: z.exactOptional(z.string().regex(/^#[0-9a-fA-F]{6}$/)),
    fontStyle: z.exactOptional(z.array(z.enum(["bold", "italic"]))),
  }),
  z.object({ ...watermark, image: FileHandle }),
  z.object({ type: z.literal("applyRedactions") }),
  z.object({ type: z.literal("createRedactions") }).and(CreateRedactions),
  z.object({ type: z.literal(["applyInstantJson", "applyXfdf"]), file: FileHandle }),
  z.object({ type: z.literal("ocr"), language: z.exactOptional(OcrLanguage) }),
]);
export type BuildAction = z.infer<typeof Action>;

const side = z.number().min(1).max(100_000);
const margin = z.exactOptional(z.number().min(0).max(100_000));
/** Sizes and margins that are numbers: millimetres. */
const Layout = z.object({
  orientation: z.exactOptional(z.enum(["portrait", "landscape"])),
  size: z.exactOptional(
    z.union([
      z.enum(["A0", "A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "Letter", "Legal"]),
      z.object({ width: z.exactOptional(side), height: z.exactOptional(side) }),
    ]),
  ),
  margin: z.exactOptional(z.object({ left: margin, top: margin, right: margin, bottom: margin })),
});
export type PageLayout = z.infer<typeof Layout>;
const actions = z.exactOptional(z.array(Action).max(100));
const pages = z.exactOptional(PageRange);
const password = z.exactOptional(z.string().max(1024));
const Part = z.union([
  z.object({
    file: FileHandle,
    password,
    pages,
    layout: z.exactOptional(Layout),
    content_type: z.exactOptional(z.string().max(256)),
    actions,
  }),
  z.object({
    html: FileHandle,
    assets: z.exactOptional(z.array(z.string().max(1024)).max(1000)),
    layout: z.exactOptional(Layout),
    actions,
  }),
  z.object({ page: z.literal("new"), pageCount: z.exactOptional(z.int().min(1).max(10_000)), layout: z.exactOptional(Layout), actions }),
  z.object({
    document: z.object({ id: z.string().min(1).max(128), layer: z.exactOptional(z.string().max(256)) }),
    password,
    pages,
    actions,
  }),
]);
export type BuildPart = z.infer<typeof Part>;

const PERMISSIONS = [
  "printing",
  "modification",
  "extract",
  "annotations_and_forms",
  "fill_forms",
  "extract_accessibility",
  "assemble",
  "print_high_quality",
] as const;
const Output = z.union([
  z.object({
    type: z.exactOptional(z.literal("pdf")),
    metadata: z.exactOptional(z.object({ title: z.exactOptional(z.string().max(4096)), author: z.exactOptional(z.string().max(4096)) })),
    labels: z.exactOptional(z.array(z.object({ pages: PageRange, label: z.string().max(256) })).max(10_000)),
    user_password: z.exactOptional(z.string().max(127)),
    owner_password: z.exactOptional(z.string().max(127)),
    user_permissions: z.exactOptional(z.array(z.enum(PERMISSIONS))),
    optimize: z.exactOptional(z.looseObject({})),
  }),
  z.object({
    type: z.literal("image"),
    format: z.exactOptional(z.enum(["png", "jpeg", "jpg", "webp"])),
    pages,
    width: z.exactOptional(side),
    height: z.exactOptional(side),
    dpi: z.exactOptional(z.number().min(1).max(2400)),
  }),
  z.object({
    type: z.literal("json-content"),
    plainText: z.exactOptional(z.boolean()),
    structuredText: z.exactOptional(z.boolean()),
    keyValuePairs: z.exactOptional(z.boolean()),
    tables: z.exactOptional(z.boolean()),
    language: z.exactOptional(OcrLanguage),
  }),
  z.object({ type: z.literal(["pdfa", "docx", "xlsx", "pptx"]) }),
]);
export type BuildOutput = z.infer<typeof Output>;

export const BuildInstructions = z.object({ parts: z.array(Part).min(1).max(1000), actions, output: z.exactOptional(Output) });
export type BuildInstructions = z.infer<typeof BuildInstructions>;

const errors = ["invalid_parameters", "not_found", "forbidden", "unprocessable", "not_implemented", "unsupported_media_type"] as const;

export const builds = {
  build: operation({
    method: "POST",
    path: "/build",
    summary: "Build a PDF, images or text from parts; nothing is stored",
    bodyKind: "stream",
    responseType: "application/pdf",
    errors,
  }),
  applyInstructions: operation({
    method: "POST",
    path: "/documents/{documentId}/apply_instructions",
    idempotencyKey: true,
    summary: "Build a document from parts, in the place of its pages",
    layered: true,
    params: z.object({ documentId: DocumentId }),
    bodyKind: "stream",
    response: z.object({ data: z.looseObject({ ...DocumentSummary.shape, seq: z.int() }) }),
    errors,
  }),
} as const;
