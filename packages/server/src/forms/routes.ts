/** Routes of forms: fields, widgets and values as the published shapes tell them; values are filled by name. The room checks what may be filled. */
import { fitting } from "@lectern/pdf/exchange";
import { type AnyRecord, fieldJson, type Op, type RecordOf, valueJson, widgetJson } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import type { Handlers } from "../handlers.ts";
import { type AnnotationRoutesDeps, json, type RecordContext, sidsOf } from "../layers/annotation-routes.ts";
import { writerOf } from "../layers/caller.ts";
import { designRoutes, record } from "./design.ts";
import { layerFor, type ReadLayer } from "../layers/reading.ts";

type FieldRecord = RecordOf<"field">;
type WidgetRecord = RecordOf<"widget">;
type ValueRecord = RecordOf<"value">;

/** What of the form the caller sees, by the order of the file. */
interface Form {
  readonly seq: number;
  readonly fields: readonly FieldRecord[];
  readonly widgets: ReadonlyMap<string, readonly WidgetRecord[]>;
  readonly values: ReadonlyMap<string, ValueRecord>;
}

export function formRoutes(deps: AnnotationRoutesDeps): Handlers["forms"] {
  const read = async (context: RecordContext, minSeq: number | undefined): Promise<ReadLayer> => {
    const layer = await layerFor(deps.reading, context.access, context);
    if (minSeq !== undefined) await layer.room.reach(minSeq);
    return layer;
  };
  const tagged = (body: object, seq: number) => json(body, { "lectern-seq": String(seq) });

  return {
    ...designRoutes(deps),
    async listFields({ minSeq }, context) {
      const layer = await read(context, minSeq);
      const form = formOf(layer);
      return tagged({ data: form.fields.map((field) => storedField(layer, form, field)) }, form.seq);
    },
    async getField({ formFieldId, minSeq }, context) {
      const layer = await read(context, minSeq);
      const field = record(layer, formFieldId, "field") as FieldRecord;
      const form = formOf(layer);
      return tagged(storedField(layer, form, field), form.seq);
    },
    async listWidgets({ minSeq }, context) {
      const layer = await read(context, minSeq);
      const form = formOf(layer);
      const data = form.fields.flatMap((field) =>
        (form.widgets.get(field.id) ?? []).flatMap((widget) => storedWidget(layer, widget, field, form) ?? []),
      );
      return tagged({ data }, form.seq);
    },
    async getWidget({ formFieldWidgetId, minSeq }, context) {
      const layer = await read(context, minSeq);
      const widget = record(layer, formFieldWidgetId, "widget") as WidgetRecord;
      const field = record(layer, widget.data.field, "field") as FieldRecord;
      const form = formOf(layer);
      const stored = storedWidget(layer, widget, field, form);
      if (stored === null) throw new ApiError("gone", "The page of this widget has been deleted");
      return tagged(stored, form.seq);
    },
    async listValues({ minSeq }, context) {
      const form = formOf(await read(context, minSeq));
      return tagged({ data: { formFieldValues: storedValues(form, form.fields) } }, form.seq);
    },
    async updateValues(input, context) {
      const layer = await layerFor(deps.reading, context.access, { address: context.address, signal: context.signal, create: true });
      const { formFieldValues, user_id: userId } = input;
      if (context.access.sessionId !== null) {
        const { allowed, reset } = deps.ops.take(`session ${context.access.sessionId}`, formFieldValues.length);
        if (!allowed) throw new ApiError("rate_limited", undefined, { retryAfter: reset });
      }
      const before = formOf(layer);
      const byName = new Map(before.fields.map((field) => [field.data.name, field]));
      const ops = formFieldValues.map(({ name, value, optionIndexes }, index): Op => {
        const field = byName.get(name);
        if (field === undefined) {
          const failure = { path: `$.formFieldValues[${index}].name`, details: "there is no form field of this name" };
          throw new ApiError("unprocessable", `${failure.path}: ${failure.details}`, { failingPaths: [failure] });
        }
        const patch = { value: fitting(field, value), ...(optionIndexes === undefined ? {} : { optionIndexes }) };
        return ["u", `${field.id}:v`, patch];
      });
      if (ops.length > deps.opsPerPush) throw new ApiError("limit_exceeded", `At most ${deps.opsPerPush} values in one request`);
      const sids = sidsOf(context, input);
      try {
        await layer.room.commit(ops, {
          grants: layer.grants,
          session: layer.sessionId,
          userId: writerOf(context, userId),
          ...(sids === null ? {} : { sid: sids("values") }),
        });
      } catch (error) {
        throw located(error);
      }
      const after = formOf(layer);
      const filled = new Set(formFieldValues.map(({ name }) => name));
      const fields = after.fields.filter(({ data }) => filled.has(data.name));
      return tagged({ data: { formFieldValues: storedValues(after, fields) } }, after.seq);
    },
  };
}

function formOf({ room, grants }: ReadLayer): Form {
  const { seq, records } = room.snapshot(grants);
  const widgets = new Map<string, WidgetRecord[]>();
  const values = new Map<string, ValueRecord>();
  const fields: FieldRecord[] = [];
  for (const record of records) {
    if (record.kind === "field") fields.push(record);
    else if (record.kind === "value") values.set(record.data.field, record);
    else if (record.kind === "widget") widgets.set(record.data.field, [...(widgets.get(record.data.field) ?? []), record]);
  }
  fields.sort((a, b) => (a.data.name < b.data.name ? -1 : 1));
  for (const list of widgets.values()) list.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return { seq, fields, widgets, values };
}

function key({ id, data }: WidgetRecord): string {
  return `${data.order ?? "~"} ${id}`;
}

function written({ grp, createdBy, updatedBy }: AnyRecord) {
  return { group: grp, createdBy, updatedBy };
}

function fieldRecord(record: FieldRecord, form: Form) {
  const widgets = (form.widgets.get(record.id) ?? []).map(({ id }) => id);
  const time = (at: number): string => new Date(at).toISOString();
  return {
    id: record.id,
    ...written(record),
    createdAt: time(record.createdAt),
    updatedAt: time(record.updatedAt),
    content: fieldJson(record.id, record.data, widgets),
  };
}

function storedField(layer: ReadLayer, form: Form, field: FieldRecord) {
  const pages = layer.pages();
  const widgetAnnotations = (form.widgets.get(field.id) ?? []).flatMap((widget) => {
    const content = widgetJson(widget.id, widget.data, field.data.name, pages);
    return content === null ? [] : [{ id: widget.id, ...written(widget), content }];
  });
  return { ...fieldRecord(field, form), widgetAnnotations };
}

function storedWidget(layer: ReadLayer, widget: WidgetRecord, field: FieldRecord, form: Form) {
  const content = widgetJson(widget.id, widget.data, field.data.name, layer.pages());
  return content === null ? null : { id: widget.id, ...written(widget), content, formField: fieldRecord(field, form) };
}

function storedValues(form: Form, fields: readonly FieldRecord[]) {
  return fields.flatMap((field) => {
    const value = form.values.get(field.id);
    return value === undefined ? [] : [{ ...valueJson(field.data.name, value.data), ...written(value) }];
  });
}

/** The room names ops; the caller knows values. */
function located(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.failingPaths === undefined) return error;
  const failingPaths = error.failingPaths.map(({ path, details }) => ({ path: path.replace("$.ops[", "$.formFieldValues["), details }));
  return new ApiError(error.code, error.message, { failingPaths, cause: error });
}
