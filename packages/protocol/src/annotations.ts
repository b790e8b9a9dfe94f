/** Annotations over HTTP: they speak Instant JSON; inside they are records. Every operation exists for the default layer and below `…/layers/{layerName}`. */
import * as z from "zod";
import { RecordId } from "./annotation/common.ts";
import { DocumentId } from "./document.ts";
import { operation } from "./operation.ts";

const params = z.object({ documentId: DocumentId });
const one = z.object({ documentId: DocumentId, annotationId: RecordId });
/** Checked by `instant-json.ts`, kind by kind. */
export const Content = z.looseObject({ type: z.string().max(128) });
const User = z.exactOptional(z.nullable(z.string().max(256)));
const Group = z.exactOptional(z.nullable(z.string().max(256)));
const minSeq = z.exactOptional(z.coerce.number().int().min(0));

export const StoredAnnotation = z.object({
  id: z.string(),
  annotation_id: z.string(),
  content: Content,
  createdBy: z.nullable(z.string()),
  updatedBy: z.nullable(z.string()),
  group: z.nullable(z.string()),
  seq: z.int(),
});
const Listed = z.object({ data: z.object({ annotations: z.array(StoredAnnotation), truncated: z.boolean() }) });
const Create = z.object({ content: Content, id: z.exactOptional(RecordId), user_id: User, group: Group });
const Update = z.object({ content: Content, user_id: User, group: Group });

export const BatchResult = z.object({
  details: z.string(),
  status: z.int(),
  result: z.enum(["success", "partial_failure", "failure"]),
  data: z.array(z.looseObject({ id: z.string() })),
  failingPaths: z.array(z.object({ path: z.string(), details: z.string() })),
  failing_paths: z.array(z.object({ path: z.string(), details: z.string(), error: z.exactOptional(z.string()) })),
  requestId: z.exactOptional(z.string()),
  request_id: z.exactOptional(z.string()),
});
const written = ["not_found", "forbidden", "unprocessable", "limit_exceeded", "preparing", "gone"] as const;

export const annotations = {
  list: operation({
    method: "GET",
    path: "/documents/{documentId}/annotations",
    summary: "List the annotations",
    auth: "either",
    layered: true,
    params,
    query: z.object({ minSeq }),
    response: Listed,
    errors: ["not_found", "preparing"],
  }),
  listPage: operation({
    method: "GET",
    path: "/documents/{documentId}/pages/{pageIndex}/annotations",
    summary: "List the annotations of a page",
    auth: "either",
    layered: true,
    params: z.object({ documentId: DocumentId, pageIndex: z.coerce.number().int().min(0) }),
    query: z.object({ minSeq }),
    response: Listed,
    errors: ["not_found", "preparing"],
  }),
  highlighted: operation({
    method: "GET",
    path: "/documents/{documentId}/pages/{pageIndex}/highlighted",
    summary: "The text under each highlight of a page",
    auth: "either",
    layered: true,
    params: z.object({ documentId: DocumentId, pageIndex: z.coerce.number().int().min(0) }),
    query: z.object({ minSeq }),
    response: z.object({ data: z.array(z.object({ annotation: StoredAnnotation, text: z.string() })) }),
    errors: ["not_found", "preparing"],
  }),
  get: operation({
    method: "GET",
    path: "/documents/{documentId}/annotations/{annotationId}",
    summary: "Get an annotation",
    auth: "either",
    layered: true,
    params: one,
    query: z.object({ minSeq }),
    response: StoredAnnotation,
    errors: ["not_found", "gone", "preparing"],
  }),
  create: operation({
    method: "POST",
    path: "/documents/{documentId}/annotations",
    idempotencyKey: true,
    summary: "Create one annotation, or many",
    auth: "either",
    layered: true,
    params,
    form: true,
    body: z.union([Create, z.object({ annotations: z.array(z.unknown()).min(1).max(10_000) })]),
    response: z.union([z.object({ data: z.object({ annotation_id: z.string(), id: z.string(), seq: z.int() }) }), BatchResult]),
    errors: [...written, "exists"],
  }),
  updateMany: operation({
    method: "PUT",
    path: "/documents/{documentId}/annotations",
    summary: "Replace many annotations",
    auth: "either",
    layered: true,
    params,
    form: true,
    body: z.object({ annotations: z.array(z.unknown()).min(1).max(10_000) }),
    response: BatchResult,
    errors: written,
  }),
  update: operation({
    method: "PUT",
    path: "/documents/{documentId}/annotations/{annotationId}",
    summary: "Replace an annotation",
    auth: "either",
    layered: true,
    params: one,
    body: Update,
    response: z.object({ data: StoredAnnotation }),
    errors: [...written, "precondition_failed"],
  }),
  patch: operation({
    method: "PATCH",
    path: "/documents/{documentId}/annotations/{annotationId}",
    summary: "Change properties of an annotation; null removes one",
    auth: "either",
    layered: true,
    params: one,
    body: z.object({ content: z.exactOptional(z.looseObject({})), user_id: User, group: Group }),
    response: z.object({ data: StoredAnnotation }),
    errors: [...written, "precondition_failed"],
  }),
  delete: operation({
    method: "DELETE",
    path: "/documents/{documentId}/annotations/{annotationId}",
    summary: "Delete an annotation",
    auth: "either",
    layered: true,
    params: one,
    response: z.object({ data: z.object({ id: z.string(), seq: z.int() }) }),
    errors: [...written, "precondition_failed"],
  }),
  deleteMany: operation({
    method: "DELETE",
    path: "/documents/{documentId}/annotations",
    summary: "Delete annotations by id, or all",
    auth: "either",
    layered: true,
    params,
    body: z.object({ annotationIds: z.union([z.literal("all"), z.array(RecordId).min(1).max(10_000)]), user_id: User }),
    response: BatchResult,
    errors: written,
  }),
} as const;
