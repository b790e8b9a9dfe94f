/** What a document's file holds beside its pages: fonts, optional content, embedded files, signatures. */
import * as z from "zod";
import { DocumentId } from "./document.ts";
import { operation } from "./operation.ts";

const params = z.object({ documentId: DocumentId });
const reading = ["not_found", "preparing", "document_failed", "password_required", "wrong_password"] as const;

const Font = z.object({
  /** The PostScript name. */
  fullName: z.string(),
  /** Place in this list. */
  idx: z.int(),
  /** Of a font that is installed beside the service. */
  fileName: z.exactOptional(z.string()),
  /** Of a font of a document: its kind, and whether its glyphs are in the file. */
  type: z.exactOptional(z.string()),
  embedded: z.exactOptional(z.boolean()),
});

const FontSubstitution = z.object({ pattern: z.string(), target: z.string() });

const OcgLayer = z.object({
  ocgId: z.int(),
  name: z.string(),
  /** Of layers with the same number at most one is shown at a time. */
  radioGroup: z.exactOptional(z.int()),
  /** As the file is opened. */
  visible: z.boolean(),
});
const OcgCollection = z.object({ ocgId: z.exactOptional(z.int()), name: z.string(), layers: z.array(OcgLayer) });

export const EmbeddedFile = z.object({
  id: z.string(),
  content: z.object({
    v: z.literal(1),
    type: z.literal("pspdfkit/embedded-file"),
    fileAttachmentId: z.string(),
    fileName: z.string(),
    fileSize: z.exactOptional(z.int()),
    contentType: z.exactOptional(z.string()),
    description: z.exactOptional(z.string()),
    updatedAt: z.exactOptional(z.string()),
  }),
  createdBy: z.nullable(z.string()),
  updatedBy: z.nullable(z.string()),
});
export type EmbeddedFile = z.infer<typeof EmbeddedFile>;

const Validation = z.enum(["valid", "warning", "error"]);

const SignatureReport = z.object({
  type: z.literal("pspdfkit/signature-info"),
  /** The form field that it fills. */
  signatureFormFQN: z.string(),
  /** Is what was signed still what stands there? */
  documentIntegrityStatus: z.enum([
    "ok",
    "tampered_document",
    "failed_to_retrieve_signature_contents",
    "failed_to_retrieve_byterange",
    "failed_to_compute_digest",
    "failed_to_retrieve_signing_certificate",
    "failed_to_retrieve_public_key",
    "failed_encryption_padding",
    "failed_unsupported_signature_type",
    "general_failure",
  ]),
  /** Of certificates that the caller trusts; whether one was revoked is not looked up. */
  certificateChainValidationStatus: z.enum([
    "ok_but_self_signed",
    "ok_but_could_not_check_revocation",
    "untrusted",
    "expired",
    "not_yet_valid",
    "invalid",
    "failed_to_retrieve_signature_contents",
  ]),
  signatureValidationStatus: Validation,
  isTrusted: z.boolean(),
  isSelfSigned: z.boolean(),
  isExpired: z.boolean(),
  /** More stands in the file after what was signed. */
  documentModifiedSinceSignature: z.boolean(),
  signerName: z.exactOptional(z.string()),
  /** When it was signed: of a timestamp, else as the signer's program claims. */
  creationDate: z.exactOptional(z.string()),
  signatureReason: z.exactOptional(z.string()),
  signatureLocation: z.exactOptional(z.string()),
  validFrom: z.exactOptional(z.string()),
  validUntil: z.exactOptional(z.string()),
  issuerName: z.exactOptional(z.string()),
  /** Of a timestamp token that holds. */
  timestamp: z.exactOptional(z.string()),
  signatureType: z.exactOptional(z.enum(["cms", "cades"])),
});
export type SignatureReport = z.infer<typeof SignatureReport>;

const SignatureReports = z.object({
  /** ISO 8601. */
  checkedAt: z.string(),
  /** More stands in the file after the last signature. */
  documentModifiedSinceSignature: z.boolean(),
  /** The worst of all; none without signatures. */
  status: z.exactOptional(Validation),
  signatures: z.array(SignatureReport),
});
export type SignatureReports = z.infer<typeof SignatureReports>;

export const inspection = {
  installedFonts: operation({
    method: "GET",
    path: "/fonts",
    summary: "Fonts that are installed beside the service",
    response: z.object({ data: z.array(Font) }),
  }),
  fonts: operation({
    method: "GET",
    path: "/documents/{documentId}/fonts",
    summary: "Fonts that the document's file names",
    auth: "either",
    layered: true,
    params,
    response: z.object({ data: z.array(Font) }),
    errors: reading,
  }),
  installedFontSubstitutions: operation({
    method: "GET",
    path: "/font_substitutions",
    summary: "Fonts that stand in for others by configuration: none, as that is not offered",
    response: z.object({ data: z.array(FontSubstitution) }),
  }),
  fontSubstitutions: operation({
    method: "GET",
    path: "/documents/{documentId}/font_substitutions",
    summary: "Fonts that stand in for others in a document: none, as that is not offered",
    auth: "either",
    layered: true,
    params,
    response: z.object({ data: z.array(FontSubstitution) }),
    errors: reading,
  }),
  ocgLayers: operation({
    method: "GET",
    path: "/documents/{documentId}/ocg-layers",
    summary: "Optional content of the document's file: what can be shown and hidden",
    auth: "either",
    layered: true,
    params,
    response: z.object({ ocgs: z.array(z.union([OcgLayer, OcgCollection])) }),
    errors: reading,
  }),
  embeddedFiles: operation({
    method: "GET",
    path: "/documents/{documentId}/embedded-files",
    summary: "Files that are embedded in the document",
    auth: "either",
    layered: true,
    params,
    response: z.object({ data: z.object({ embeddedFiles: z.array(EmbeddedFile) }) }),
    errors: reading,
  }),
  signatures: operation({
    method: "GET",
    path: "/documents/{documentId}/signatures",
    summary: "Digital signatures of the document's file, checked",
    auth: "either",
    layered: true,
    params,
    response: z.object({ data: SignatureReports }),
    errors: reading,
  }),
  inspectSignatures: operation({
    method: "POST",
    path: "/inspect_signatures",
    summary:
      "Check the digital signatures of a PDF that is not stored: the body, or the part `file` of a form; parts `certificates` (PEM) are trusted",
    bodyKind: "stream",
    response: z.object({ data: SignatureReports }),
    errors: ["bad_request", "too_large", "invalid_document", "password_required", "wrong_password", "unprocessable", "document_failed"],
  }),
} as const;
