/** Forms over HTTP, in the published shapes. Every operation exists for the default layer and below `…/layers/{layerName}`. */
import * as z from "zod";
import { RecordId } from "./annotation/common.ts";
import { DocumentId } from "./document.ts";
import { BatchResult } from "./annotations.ts";
import { operation } from "./operation.ts";

const params = z.object({ documentId: DocumentId });
const User = z.nullable(z.string());
const written = {
  group: z.nullable(z.string()),
  createdBy: User,
  updatedBy: User,
};
const StoredField = z.object({
  id: z.string(),
  ...written,
  createdAt: z.string(),
  updatedAt: z.string(),
  content: z.looseObject({ type: z.string(), name: z.string() }),
});
const StoredWidget = z.object({ id: z.string(), ...written, content: z.looseObject({ type: z.string() }) });
const FieldWithWidgets = StoredField.extend({ widgetAnnotations: z.array(StoredWidget) });
const WidgetWithField = StoredWidget.extend({ formField: StoredField });
const StoredValue = z.looseObject({
  name: z.string(),
  value: z.union([z.string(), z.null(), z.array(z.string())]),
  ...written,
});
const minSeq = z.exactOptional(z.coerce.number().int().min(0));
const read = ["not_found", "preparing"] as const;
const edited = [...read, "forbidden", "unprocessable", "limit_exceeded", "gone"] as const;
const UserId = z.exactOptional(z.nullable(z.string().max(256)));
/** Each `{id?, content, user_id?, group?}`; checked one by one, so that one that is wrong does not keep the others. */
const many = z.array(z.unknown()).min(1).max(10_000);
const ids = z.union([z.array(RecordId).min(1).max(10_000), z.literal("all")]);

export const forms = {
  listFields: operation({
    method: "GET",
    path: "/documents/{documentId}/form-fields",
    summary: "List the form fields with their widgets",
    auth: "either",
    layered: true,
    params,
    query: z.object({ minSeq }),
    response: z.object({ data: z.array(FieldWithWidgets) }),
    errors: read,
  }),
  getField: operation({
    method: "GET",
    path: "/documents/{documentId}/form-fields/{formFieldId}",
    summary: "Get a form field",
    auth: "either",
    layered: true,
    params: z.object({ documentId: DocumentId, formFieldId: RecordId }),
    query: z.object({ minSeq }),
    response: FieldWithWidgets,
    errors: [...read, "gone"],
  }),
  createFields: operation({
    method: "POST",
    path: "/documents/{documentId}/form-fields",
    idempotencyKey: true,
    summary: "Create form fields",
    auth: "either",
    layered: true,
    params,
    body: z.object({ formFields: many }),
    response: BatchResult,
    errors: edited,
  }),
  updateFields: operation({
    method: "PUT",
    path: "/documents/{documentId}/form-fields",
    summary: "Replace form fields",
    auth: "either",
    layered: true,
    params,
    body: z.object({ formFields: many }),
    response: BatchResult,
    errors: edited,
  }),
  deleteFields: operation({
    method: "DELETE",
    path: "/documents/{documentId}/form-fields",
    summary: "Delete form fields with their widgets and values",
    auth: "either",
    layered: true,
    params,
    body: z.object({ formFieldIds: ids, user_id: UserId }),
    response: BatchResult,
    errors: edited,
  }),
  createWidgets: operation({
    method: "POST",
    path: "/documents/{documentId}/form-field-widgets",
    idempotencyKey: true,
    summary: "Create widgets of form fields, which `formFieldName` names",
    auth: "either",
    layered: true,
    params,
    body: z.object({ formFieldWidgets: many }),
    response: BatchResult,
    errors: edited,
  }),
  updateWidgets: operation({
    method: "PUT",
    path: "/documents/{documentId}/form-field-widgets",
    summary: "Replace widgets of form fields",
    auth: "either",
    layered: true,
    params,
    body: z.object({ formFieldWidgets: many }),
    response: BatchResult,
    errors: edited,
  }),
  deleteWidgets: operation({
    method: "DELETE",
    path: "/documents/{documentId}/form-field-widgets",
    summary: "Delete widgets of form fields",
    auth: "either",
    layered: true,
    params,
    body: z.object({ formFieldWidgetIds: ids, user_id: UserId }),
    response: BatchResult,
    errors: edited,
  }),
  listWidgets: operation({
    method: "GET",
    path: "/documents/{documentId}/form-field-widgets",
    summary: "List the widgets of form fields",
    auth: "either",
    layered: true,
    params,
    query: z.object({ minSeq }),
    response: z.object({ data: z.array(WidgetWithField) }),
    errors: read,
  }),
  getWidget: operation({
    method: "GET",
    path: "/documents/{documentId}/form-field-widgets/{formFieldWidgetId}",
    summary: "Get a widget of a form field",
    auth: "either",
    layered: true,
    params: z.object({ documentId: DocumentId, formFieldWidgetId: RecordId }),
    query: z.object({ minSeq }),
    response: WidgetWithField,
    errors: [...read, "gone"],
  }),
  listValues: operation({
    method: "GET",
    path: "/documents/{documentId}/form-field-values",
    summary: "List the values of the form fields",
    auth: "either",
    layered: true,
    params,
    query: z.object({ minSeq }),
    response: z.object({ data: z.object({ formFieldValues: z.array(StoredValue) }) }),
    errors: read,
  }),
  updateValues: operation({
    method: "POST",
    path: "/documents/{documentId}/form-field-values",
    idempotencyKey: true,
    summary: "Fill form fields by their names, all or none",
    auth: "either",
    layered: true,
    params,
    body: z.object({
      formFieldValues: z
        .array(
          z.object({
            name: z.string().min(1).max(1024),
            value: z.nullable(z.union([z.string().max(100_000), z.array(z.string().max(100_000)).max(10_000)])),
            optionIndexes: z.exactOptional(z.array(z.int().min(0)).max(10_000)),
          }),
        )
        .min(1)
        .max(10_000),
      user_id: z.exactOptional(z.nullable(z.string().max(256))),
    }),
    response: z.object({ data: z.object({ formFieldValues: z.array(StoredValue) }) }),
    errors: [...read, "forbidden", "unprocessable", "invalid_parameters", "limit_exceeded", "gone"],
  }),
} as const;
