/**
 * Shapes of the published answers: what a client written for them may rely on. An object names its members (`?`: may be missing), a list its
 * one kind of entry, a string a type; further members are allowed everywhere. Ids and names are facts of the published API.
 */
export type Shape = string | readonly [Shape] | { readonly [member: string]: Shape };

const text = "string";
const user = "string|null";
const page = "integer";
const record = { id: text, createdBy: user, updatedBy: user } as const;

const properties = {
  passwordProtected: "boolean",
  sourcePdfSha256: text,
  title: "string|null",
  byteSize: "integer",
  createdAt: text,
  "storage?": { type: text, "bucket?": text, "url?": text },
} as const;
const failing = [{ "path?": text, "details?": text, "error?": text }] as const;
const batch = { "details?": text, "request_id?": text, "result?": "success|partial_failure|failure", "status?": "integer" } as const;
const recordBatch = { ...batch, "data?": [{ "id?": text }], "failingPaths?": failing } as const;
const annotation = { ...record, "group?": user, content: { type: text, v: "integer", pageIndex: page, "bbox?": ["number"] } } as const;
const comment = {
  ...record,
  group: user,
  content: { type: text, v: "integer", pageIndex: page, rootId: text, text: { format: text, value: text }, "createdAt?": text },
} as const;
const bookmark = { id: text, content: { type: text, v: "integer", "name?": text, action: { type: text } } } as const;
const formField = { "id?": text, "group?": user, "createdBy?": user, "updatedBy?": user, "content?": { type: text, name: text } } as const;
const widget = { ...record, group: user, content: { type: text, formFieldName: text, pageIndex: page } } as const;
const textLine = { contents: text, "left?": "number", "top?": "number", "width?": "number", "height?": "number" } as const;
const outlineElement = { type: text, "title?": text, "children?": ["object"] } as const;
const signature = {
  documentIntegrityStatus:
    "ok|tampered_document|failed_to_retrieve_signature_contents|failed_to_retrieve_byterange|failed_to_compute_digest|failed_to_retrieve_signing_certificate|failed_to_retrieve_public_key|failed_encryption_padding|failed_unsupported_signature_type|general_failure",
  certificateChainValidationStatus:
    "ok|ok_but_self_signed|ok_but_could_not_check_revocation|untrusted|expired|not_yet_valid|invalid|revoked|failed_to_retrieve_signature_contents|general_validation_problem",
  "signerName?": text,
  "creationDate?": text,
  "signatureReason?": text,
  "signatureLocation?": text,
  "validFrom?": text,
  "validUntil?": text,
  "type?": "pspdfkit/signature-info",
  "signatureFormFQN?": text,
  "ltv?": "boolean",
  "signatureType?": "cms|cades",
  signatureValidationStatus: "valid|warning|error",
  isTrusted: "boolean",
  isSelfSigned: "boolean",
  isExpired: "boolean",
  documentModifiedSinceSignature: "boolean",
} as const;
const embeddedFile = {
  id: text,
  "createdBy?": user,
  "updatedBy?": user,
  "content?": {
    type: "pspdfkit/embedded-file",
    v: "integer",
    fileAttachmentId: text,
    "contentType?": text,
    "description?": text,
    "fileName?": text,
    "fileSize?": "integer",
    "updatedAt?": text,
  },
} as const;
const ocgLayer = { ocgId: "integer", name: text, "radioGroup?": "integer" } as const;
const copied = {
  createdAt: text,
  documentId: text,
  errors: [{ reason: text }],
  password_protected: "boolean",
  sourcePdfSha256: text,
  title: "string|null",
} as const;

export const PUBLISHED_SHAPES: Readonly<Record<string, Shape>> = {
  DocumentList: {
    data: [properties],
    "next_cursor?": "string|null",
    "prev_cursor?": "string|null",
    document_count: "integer",
    "prev_document_count?": "integer",
    "next_document_count?": "integer",
  },
  DocumentCreated: {
    "data?": {
      document_id: text,
      errors: [{ reason: text }],
      password_protected: "boolean",
      sourcePdfSha256: text,
      title: "string|null",
      createdAt: text,
    },
  },
  BulkDeleted: { "deleted_count?": "integer", "skipped_count?": "integer", "total_matched?": "integer" },
  Job: { data: { status: "not_started|in_progress|completed|failed|cancelled", "details?": "string|object" } },
  Fonts: { "data?": [{ "fullName?": text, "idx?": "number", "fileName?": text }] },
  FontSubstitutions: { "data?": [{ pattern: text, target: text }] },
  Outline: { "data?": { "outline?": [outlineElement] } },
  DocumentInfo: {
    "data?": {
      "hasXFA?": "boolean",
      "metadata?": {
        "title?": text,
        "author?": text,
        "subject?": text,
        "keywords?": text,
        "producer?": text,
        "creator?": text,
        "dateCreated?": text,
        "dateModified?": text,
      },
      pageCount: "integer",
      "pages?": [
        {
          pageIndex: page,
          "width?": "number",
          "height?": "number",
          "rotation?": "integer",
          "pageLabel?": text,
          "matrix?": ["number"],
          "reverseMatrix?": ["number"],
          "transformedBBox?": ["number"],
          "untransformedBBox?": ["number"],
          "rawPdfBoxes?": {
            "mediaBox?": ["number"],
            "cropBox?": ["number"],
            "bleedBox?": ["number"],
            "trimBox?": ["number"],
            "artBox?": ["number"],
          },
        },
      ],
      "permissions?": {
        "annotationAndForms?": "boolean",
        "assemble?": "boolean",
        "extract?": "boolean",
        "extractAccessibility?": "boolean",
        "fillForms?": "boolean",
        "modification?": "boolean",
        "print?": "boolean",
        "printHighQuality?": "boolean",
      },
      "title?": "string|null",
    },
  },
  Properties: { "data?": properties },
  BareProperties: properties,
  SearchResults: {
    "data?": [
      {
        pageIndex: page,
        "previewText?": text,
        "rangeInPreview?": ["integer"],
        "rectsOnPage?": [["number"]],
        "isAnnotation?": "boolean",
      },
    ],
  },
  DocumentText: [{ pageIndex: page, textLines: [textLine] }],
  PageText: { "textLines?": [textLine] },
  Highlighted: { "data?": [{ annotation, text }] },
  InstantJson: {
    format: text,
    "annotations?": ["object"],
    "attachments?": "object",
    "formFields?": ["object"],
    "formFieldValues?": ["object"],
    "bookmarks?": ["object"],
    "comments?": ["object"],
    "skippedPdfObjectIds?": ["integer"],
    "pdfId?": { "permanent?": text, "changing?": text },
  },
  CopyWithInstantJson: copied,
  Bookmarks: { "data?": { "bookmarks?": [bookmark] } },
  CreatedId: { "data?": { id: text } },
  EmbeddedFiles: { "data?": { "embeddedFiles?": [embeddedFile] } },
  Annotations: { "data?": { "annotations?": [annotation], "truncated?": "boolean" } },
  AnnotationCreated: { "data?": { annotation_id: text, id: text } },
  AnnotationBatch: { ...batch, "data?": [{ id: text, content: { type: text } }], "failing_paths?": failing },
  AnnotationRecord: annotation,
  FormFieldValues: { "data?": { "formFieldValues?": [{ name: text, createdBy: user, updatedBy: user, "group?": user }] } },
  Signatures: {
    "data?": {
      "checkedAt?": text,
      "documentModifiedSinceSignature?": "boolean",
      "status?": "valid|warning|error",
      "signatures?": [signature],
    },
  },
  Comments: { data: { comments: [comment] } },
  CommentsCreated: { data: { comments: [{ id: text }] } },
  CommentsCreatedWithRoot: { data: { annotation: { id: text }, comments: [{ id: text }] } },
  RedactionsCreated: { "data?": { "annotations?": [annotation] } },
  FormFields: { "data?": [{ ...formField, "widgetAnnotations?": [widget] }] },
  FormField: { ...formField, "widgetAnnotations?": [widget] },
  Widgets: { "data?": [{ ...widget, "formField?": formField }] },
  Widget: { ...widget, "formField?": formField },
  Batch: recordBatch,
  OcgLayers: { ocgs: [{ "ocgId?": "integer", name: text, "radioGroup?": "integer", "layers?": [ocgLayer] }] },
  LayerNames: { "data?": [text] },
  LayerCreated: { "data?": { name: text, errors: [{ reason: text }] } },
  Copied: { data: { document_id: text } },
  Revoked: { ...batch, "data?": [text], "failingPaths?": failing },
};

/** Where a value is not what the shape says: one line for each place, none when it conforms. */
export function deviations(shape: Shape, value: unknown, at = "$"): string[] {
  if (typeof shape === "string") return isOf(shape, value) ? [] : [`${at} is not ${shape}: ${JSON.stringify(value)?.slice(0, 80)}`];
  if (Array.isArray(shape)) {
    const entry = (shape as readonly [Shape])[0];
    return Array.isArray(value) ? value.flatMap((one, index) => deviations(entry, one, `${at}[${index}]`)) : [`${at} is not a list`];
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at} is not an object`];
  return Object.entries(shape).flatMap(([member, inner]) => {
    const name = member.replace(/\?$/, "");
    const found = (value as Record<string, unknown>)[name];
    if (found === undefined) return member.endsWith("?") ? [] : [`${at}.${name} is missing`];
    return deviations(inner, found, `${at}.${name}`);
  });
}

function isOf(types: string, value: unknown): boolean {
  return types.split("|").some((type) => {
    switch (type) {
      case "integer":
        return Number.isInteger(value);
      case "null":
        return value === null;
      case "object":
        return typeof value === "object" && value !== null;
      case "string":
      case "number":
      case "boolean":
        return typeof value === type;
      default:
        return value === type;
    }
  });
}
