/** Documents: what an app uploads and stores the id of. */
import * as z from "zod";
import { operation } from "./operation.ts";

export const DocumentId = z.string().regex(/^[A-Za-z0-9_.:@~-]{1,128}$/, "1 to 128 letters, digits or _.:@~-");
export const LayerName = z
  .string()
  .max(256)
  .regex(/^[^*]*$/, "may not contain *");
export const Status = z.enum(["preparing", "ready", "locked", "failed"]);
export type DocumentStatus = z.infer<typeof Status>;

const params = z.object({ documentId: DocumentId });
const pageParams = z.object({ documentId: DocumentId, pageIndex: z.coerce.number().int().min(0) });
/** Seconds to wait for a document that is being prepared: 0 to 60, or `false`. */
const wait = z.exactOptional(z.union([z.literal("false").transform(() => 0), z.coerce.number().min(0).max(60)]));
/** `1,2`, `[1,2]` or the parameter several times. */
const ocgLayers = z.exactOptional(
  z.union([
    z
      .string()
      .max(10_000)
      .regex(/^[\s\d,[\]]*$/, "must be numbers with commas between them")
      .transform((text) => (text.match(/\d+/g) ?? []).map(Number)),
    z.array(z.coerce.number().int().min(0)).max(1000),
  ]),
);
export const Metadata = z.record(z.string().max(128), z.union([z.string().max(4096), z.number(), z.boolean(), z.null()]));

/** `metadata[name]=value`: documents that keep this value, as text, under this name; several must all be there. */
const metadataFilter = z.exactOptional(z.record(z.string().max(128), z.string().max(4096)));

export const OverwriteStatus = z.enum(["preparing", "done", "failed"]);
export type OverwriteStatus = z.infer<typeof OverwriteStatus>;

/** What did not go on to the new file. */
export const OverwriteLeft = z.object({
  count: z.int(),
  /** The first 1,000 of them. */
  records: z.array(z.object({ id: z.string(), kind: z.string(), reason: z.enum(["no_such_page", "nothing_to_hang_on", "of_the_file"]) })),
});
export type OverwriteLeft = z.infer<typeof OverwriteLeft>;

/** Both spellings of the published shapes, and ours in addition. */
export const DocumentSummary = z.object({
  id: DocumentId,
  document_id: DocumentId,
  title: z.nullable(z.string()),
  /** ISO 8601. */
  createdAt: z.string(),
  created_at: z.string(),
  updatedAt: z.string(),
  sourcePdfSha256: z.string(),
  passwordProtected: z.boolean(),
  password_protected: z.boolean(),
  byteSize: z.int(),
  pageCount: z.nullable(z.int()),
  status: Status,
  /** While it is `preparing`: how much of it has been read, from 0 to 1; left out where that is not known yet. */
  progress: z.exactOptional(z.number().min(0).max(1)),
  /** While it is `preparing`: what is done to it, and to how many of its pages already; left out where that is not known. */
  preparation: z.exactOptional(
    z.object({ stage: z.enum(["converting", "reading"]), pagesRead: z.exactOptional(z.int()), pageCount: z.exactOptional(z.int()) }),
  ),
  /** Why it failed or what was left out. */
  errors: z.array(z.object({ reason: z.string() })),
  metadata: Metadata,
  /** The file that was sent last to take the place of the document's own; that one stays until the new one is ready. */
  overwrite: z.exactOptional(
    z.object({
      revision: z.int(),
      status: OverwriteStatus,
      errors: z.array(z.object({ reason: z.string() })),
      /** With `keep_current_annotations`. */
      left: z.exactOptional(OverwriteLeft),
    }),
  ),
});
export type DocumentSummary = z.infer<typeof DocumentSummary>;

export const OutlineElement: z.ZodType<{ type: string; title: string; children?: unknown[] }> = z.looseObject({
  type: z.string(),
  title: z.string(),
  children: z.exactOptional(z.array(z.unknown())),
});

const Box = z.array(z.number()).length(4);
export const DocumentInfo = z.object({
  title: z.nullable(z.string()),
  pageCount: z.int(),
  hasXFA: z.boolean(),
  metadata: z.object({
    title: z.exactOptional(z.string()),
    author: z.exactOptional(z.string()),
    subject: z.exactOptional(z.string()),
    keywords: z.exactOptional(z.string()),
    producer: z.exactOptional(z.string()),
    creator: z.exactOptional(z.string()),
    dateCreated: z.exactOptional(z.string()),
    dateModified: z.exactOptional(z.string()),
  }),
  permissions: z.object({
    annotationAndForms: z.boolean(),
    assemble: z.boolean(),
    extract: z.boolean(),
    extractAccessibility: z.boolean(),
    fillForms: z.boolean(),
    modification: z.boolean(),
    print: z.boolean(),
    printHighQuality: z.boolean(),
  }),
  pages: z.array(
    z.object({
      pageIndex: z.int(),
      pageId: z.string(),
      pageLabel: z.string(),
      width: z.number(),
      height: z.number(),
      rotation: z.int(),
      matrix: z.array(z.number()),
      reverseMatrix: z.array(z.number()),
      transformedBBox: Box,
      untransformedBBox: Box,
      rawPdfBoxes: z.object({
        cropBox: z.exactOptional(Box),
        mediaBox: Box,
        bleedBox: z.exactOptional(Box),
        trimBox: z.exactOptional(Box),
        artBox: z.exactOptional(Box),
      }),
    }),
  ),
});
export type DocumentInfo = z.infer<typeof DocumentInfo>;

const TextLine = z.object({ contents: z.string(), left: z.number(), top: z.number(), width: z.number(), height: z.number() });
const Properties = DocumentSummary.extend({ storage: z.object({ type: z.literal("built-in") }) });
const reading = ["not_found", "preparing", "document_failed", "password_required", "wrong_password"] as const;

const ownStorage = z.exactOptional(z.looseObject({ backend: z.string() }));

/** A JSON body of an upload that is built: `instructions` as those of `/build`. */
export const UploadOfInstructions = z.object({
  instructions: z.looseObject({}),
  document_id: z.exactOptional(DocumentId),
  title: z.exactOptional(z.string().max(1024)),
  metadata: z.exactOptional(Metadata),
  storage: ownStorage,
  overwrite_existing_document: z.exactOptional(z.boolean()),
});

/** A JSON body of an upload whose bytes are fetched from a URL; further members of the published shape are answered with what is not offered. */
export const UploadFromUrl = z.object({
  url: z.string().min(1).max(8192),
  /** Of the file, hex. */
  sha256: z.exactOptional(z.string().regex(/^[0-9a-f]{64}$/i, "must be a SHA-256 in hex")),
  document_id: z.exactOptional(DocumentId),
  title: z.exactOptional(z.string().max(1024)),
  metadata: z.exactOptional(Metadata),
  storage: ownStorage,
  /** XFDF or Instant JSON that is applied to the document: text, or Instant JSON as it is. */
  attachment: z.exactOptional(z.union([z.string(), z.looseObject({}), z.literal(false)])),
  overwrite_existing_document: z.exactOptional(z.boolean()),
  keep_current_annotations: z.exactOptional(z.boolean()),
});

export const documents = {
  upload: operation({
    method: "POST",
    path: "/documents",
    idempotencyKey: true,
    summary: "Upload a document: PDF, Office, image, HTML, Markdown, text or e-mail",
    bodyKind: "stream",
    query: z.object({
      document_id: z.exactOptional(DocumentId),
      title: z.exactOptional(z.string().max(1024)),
      /** Of a body that is the file itself: its ending helps where bytes do not tell what a file is, its name becomes the title. */
      file_name: z.exactOptional(z.string().max(1024)),
      /** A document of that id gets this file as its next revision. */
      overwrite_existing_document: z.exactOptional(z.stringbool()),
      /** What people have written on it goes on, on the pages of the same index. */
      keep_current_annotations: z.exactOptional(z.stringbool()),
      wait,
    }),
    response: z.object({ data: DocumentSummary }),
    errors: [
      "exists",
      "conflict",
      "too_large",
      "unsupported_media_type",
      "invalid_document",
      "unprocessable",
      "invalid_parameters",
      "bad_request",
    ],
  }),
  list: operation({
    method: "GET",
    path: "/documents",
    summary: "List documents",
    query: z.object({
      page_size: z.exactOptional(z.coerce.number().int().min(1).max(1000)),
      cursor: z.exactOptional(z.string().max(1024)),
      title: z.exactOptional(z.string().max(1024)),
      metadata: metadataFilter,
      order_by: z.exactOptional(z.enum(["title", "created_at"])),
      order_direction: z.exactOptional(z.enum(["asc", "desc"])),
      count_remaining: z.exactOptional(z.stringbool()),
    }),
    response: z.object({
      data: z.array(DocumentSummary),
      next_cursor: z.nullable(z.string()),
      prev_cursor: z.nullable(z.string()),
      document_count: z.int(),
      prev_document_count: z.exactOptional(z.int()),
      next_document_count: z.exactOptional(z.int()),
    }),
    errors: ["invalid_parameters"],
  }),
  get: operation({
    method: "GET",
    path: "/documents/{documentId}",
    summary: "Get a document",
    auth: "either",
    params,
    response: z.object({ data: DocumentSummary }),
    errors: ["not_found"],
  }),
  update: operation({
    method: "PATCH",
    path: "/documents/{documentId}",
    summary: "Rename a document or change its metadata",
    params,
    body: z.object({ title: z.exactOptional(z.nullable(z.string().max(1024))), metadata: z.exactOptional(Metadata) }),
    response: z.object({ data: DocumentSummary }),
    errors: ["not_found", "invalid_parameters"],
  }),
  delete: operation({
    method: "DELETE",
    path: "/documents/{documentId}",
    summary: "Delete a document with all its layers",
    params,
    response: z.object({ data: z.object({ id: DocumentId, document_id: DocumentId }) }),
    errors: ["not_found"],
  }),
  bulkDelete: operation({
    method: "DELETE",
    path: "/documents",
    summary: "Delete all documents of a title, an id, a time or what is kept with them",
    query: z.object({
      /** The whole title. */
      title: z.exactOptional(z.string().min(1).max(1024)),
      document_id: z.exactOptional(DocumentId),
      /** ISO 8601, both ends included. */
      start_date: z.exactOptional(z.string().max(64)),
      end_date: z.exactOptional(z.string().max(64)),
      metadata: metadataFilter,
    }),
    response: z.object({ deleted_count: z.int(), skipped_count: z.int(), total_matched: z.int() }),
    errors: ["invalid_parameters"],
  }),
  copy: operation({
    method: "POST",
    path: "/copy_document",
    idempotencyKey: true,
    summary: "Copy a document with all its layers",
    body: z.object({
      document_id: DocumentId,
      new_document_id: z.exactOptional(DocumentId),
      storage: z.exactOptional(z.looseObject({ backend: z.string() })),
    }),
    response: z.object({ data: DocumentSummary }),
    errors: ["not_found", "preparing", "exists", "conflict", "invalid_parameters", "not_implemented"],
  }),
  properties: operation({
    method: "GET",
    path: "/documents/{documentId}/properties",
    summary: "Properties of a document",
    params,
    response: z.object({ data: Properties }),
    errors: ["not_found"],
  }),
  info: operation({
    method: "GET",
    path: "/documents/{documentId}/document_info",
    summary: "Pages, metadata and owner permissions",
    auth: "either",
    layered: true,
    params,
    query: z.object({ wait }),
    response: z.object({ data: DocumentInfo }),
    errors: reading,
  }),
  outline: operation({
    method: "GET",
    path: "/documents/{documentId}/outline.json",
    summary: "Outline",
    auth: "either",
    layered: true,
    params,
    query: z.object({ wait }),
    response: z.object({ data: z.object({ outline: z.array(OutlineElement) }) }),
    errors: reading,
  }),
  setOutline: operation({
    method: "PUT",
    path: "/documents/{documentId}/outline.json",
    summary: "Write the outline anew",
    auth: "either",
    layered: true,
    params,
    /** As it is read; elements without a page lead nowhere. */
    body: z.object({ outline: z.array(z.looseObject({})).max(10_000) }),
    response: z.object({ data: z.object({ outline: z.array(OutlineElement), seq: z.int() }) }),
    errors: [...reading, "forbidden", "unprocessable"],
  }),
  text: operation({
    method: "GET",
    path: "/documents/{documentId}/pages/text",
    summary: "Text lines of all pages",
    auth: "either",
    layered: true,
    params,
    query: z.object({ wait }),
    response: z.array(z.object({ pageIndex: z.int(), textLines: z.array(TextLine) })),
    errors: reading,
  }),
  pageText: operation({
    method: "GET",
    path: "/documents/{documentId}/pages/{pageIndex}/text",
    summary: "Text lines of a page",
    auth: "either",
    layered: true,
    params: pageParams,
    query: z.object({ wait }),
    response: z.object({ textLines: z.array(TextLine) }),
    errors: reading,
  }),
  pageImage: operation({
    method: "GET",
    path: "/documents/{documentId}/pages/{pageIndex}/image",
    summary: "A page as an image, with its annotations",
    auth: "either",
    layered: true,
    params: pageParams,
    query: z.object({
      width: z.exactOptional(z.coerce.number().min(1).max(20_000)),
      height: z.exactOptional(z.coerce.number().min(1).max(20_000)),
      format: z.exactOptional(z.enum(["png", "webp", "jpeg"])),
      /** `false`: annotations are drawn from their properties, instead of as the file shows them. */
      render_ap_streams: z.exactOptional(z.stringbool()),
      /** Optional content that is shown, and no other: `ocgId`s of the document's `ocg-layers`. Default: as the file says. */
      ocg_layers: ocgLayers,
      wait,
    }),
    responseType: "image/png",
    errors: [...reading, "invalid_parameters"],
  }),
  cover: operation({
    method: "GET",
    path: "/documents/{documentId}/cover",
    summary: "Thumbnail of the first page",
    auth: "either",
    params,
    query: z.object({
      width: z.exactOptional(z.coerce.number().min(1).max(4000)),
      height: z.exactOptional(z.coerce.number().min(1).max(4000)),
      jwt: z.exactOptional(z.string().max(16_384)),
      wait,
    }),
    responseType: "image/png",
    errors: [...reading, "invalid_parameters"],
  }),
  search: operation({
    method: "GET",
    path: "/documents/{documentId}/search",
    summary: "Search the text of a document",
    auth: "either",
    layered: true,
    params,
    query: z.object({
      /** Text, a regular expression (RE2 syntax), or the name of a preset. */
      q: z.string().min(1).max(1000),
      type: z.exactOptional(z.enum(["text", "regex", "preset"])),
      /** First page, and how many pages from there. */
      start: z.exactOptional(z.coerce.number().int().min(0)),
      limit: z.exactOptional(z.coerce.number().int().min(1)),
      /** Of all hits together; default 1000. */
      max_hits: z.exactOptional(z.coerce.number().int().min(1).max(10_000)),
      /** The texts of annotations, too. */
      include_annotations: z.exactOptional(z.stringbool()),
      case_sensitive: z.exactOptional(z.stringbool()),
      whole_word: z.exactOptional(z.stringbool()),
      wait,
    }),
    response: z.object({
      data: z.array(
        z.object({
          pageIndex: z.int(),
          pageId: z.string(),
          previewText: z.string(),
          rangeInPreview: z.tuple([z.int(), z.int()]),
          rectsOnPage: z.array(z.array(z.number()).length(4)),
          isAnnotation: z.boolean(),
        }),
      ),
    }),
    errors: [...reading, "invalid_parameters"],
  }),
  pdf: operation({
    method: "GET",
    path: "/documents/{documentId}/pdf",
    summary: "Download the PDF with its annotations",
    auth: "either",
    layered: true,
    params,
    query: z.object({
      type: z.exactOptional(z.enum(["pdf", "pdfa"])),
      source: z.exactOptional(z.stringbool()),
      annotations: z.exactOptional(z.stringbool()),
      comments: z.exactOptional(z.stringbool()),
      flatten: z.exactOptional(z.stringbool()),
      /** `false`: what is flattened is drawn from its properties, instead of as the file shows it. */
      render_ap_streams: z.exactOptional(z.stringbool()),
      keep_signatures: z.exactOptional(z.stringbool()),
      conformance: z.exactOptional(z.string().max(64)),
      /** `optimize[linearize]=true`, or JSON. */
      optimize: z.exactOptional(z.union([z.record(z.string().max(64), z.string().max(64)), z.string().max(1024)])),
      /** The layer as it was at this seq. */
      at_seq: z.exactOptional(z.coerce.number().int().min(0)),
      wait,
    }),
    responseType: "application/pdf",
    errors: [...reading, "forbidden", "gone", "invalid_parameters", "precondition_failed", "range_not_satisfiable", "not_implemented"],
  }),
  pdfPost: operation({
    method: "POST",
    path: "/documents/{documentId}/pdf",
    summary: "Download the PDF, some of its pages, or with a password",
    auth: "either",
    layered: true,
    params,
    body: z.object({
      type: z.exactOptional(z.enum(["pdf", "pdfa"])),
      source: z.exactOptional(z.boolean()),
      annotations: z.exactOptional(z.boolean()),
      comments: z.exactOptional(z.boolean()),
      flatten: z.exactOptional(z.boolean()),
      render_ap_streams: z.exactOptional(z.boolean()),
      keep_signatures: z.exactOptional(z.boolean()),
      /** Indexes of the pages, in the order wanted; default all. */
      pages: z.exactOptional(z.array(z.int().min(0)).max(20_000)),
      /** That opens the file, and that lifts what it restricts. */
      user_password: z.exactOptional(z.string().max(127)),
      owner_password: z.exactOptional(z.string().max(127)),
      conformance: z.exactOptional(z.string()),
      optimize: z.exactOptional(z.looseObject({})),
    }),
    responseType: "application/pdf",
    errors: [...reading, "forbidden", "gone", "unprocessable", "not_implemented"],
  }),
} as const;
