/** Form fields and their widgets are made, replaced and deleted: Instant JSON outside, records inside. The room checks who may and what holds together. */
import { toggleAt } from "@lectern/pdf/exchange";
import { type Checked, fieldFromJson, type Op, type PageNames, type RecordOf, widgetFromJson } from "@lectern/protocol";
import { ApiError, newId } from "@lectern/protocol/plain";
import type { Handlers, Reply } from "../handlers.ts";
import { type Planned, type Sids, writeAll } from "../layers/annotations.ts";
import {
  type AnnotationRoutesDeps,
  batchReply,
  chosenId,
  type Given,
  groupOf,
  idFrom,
  plan,
  type RecordContext,
  sidsOf,
  unprocessable,
  writer,
} from "../layers/annotation-routes.ts";
import { layerFor, type ReadLayer } from "../layers/reading.ts";

type FieldRecord = RecordOf<"field">;
type WidgetRecord = RecordOf<"widget">;
type DesignHandlers = Pick<
  Handlers["forms"],
  "createFields" | "updateFields" | "deleteFields" | "createWidgets" | "updateWidgets" | "deleteWidgets"
>;
type Kind = "field" | "widget";

/** Members that the published form has no word for: a replacement leaves them. */
const INTERNAL: ReadonlySet<string> = new Set(["field", "order", "pdfObjectId", "export", "optionIndex"]);

export function designRoutes(deps: AnnotationRoutesDeps): DesignHandlers {
  /** Plans each item, writes what can be written, and tells of all of them. */
  async function write(
    context: RecordContext,
    { name, items, sids }: { readonly name: string; readonly items: readonly unknown[]; readonly sids: Sids },
    planner: (layer: ReadLayer) => (item: Given, path: string, index: number) => Planned,
  ): Promise<Reply> {
    const layer = await layerFor(deps.reading, context.access, { address: context.address, signal: context.signal, create: true });
    if (context.access.sessionId !== null) {
      const { allowed, reset } = deps.ops.take(`session ${context.access.sessionId}`, items.length);
      if (!allowed) throw new ApiError("rate_limited", undefined, { retryAfter: reset });
    }
    const make = planner(layer);
    const { planned, failures } = plan(items, name, (item, path, index) => {
      if (typeof item !== "object" || item === null) throw unprocessable(path, "is not an object");
      return make(item, path, index);
    });
    const written = await writeAll(layer, planned, { sids, opsPerPush: deps.opsPerPush });
    return batchReply(context, written, [...failures, ...written.failures], ({ id }) => ({ id }));
  }

  async function remove(
    context: RecordContext,
    kind: Kind,
    name: string,
    given: readonly string[] | "all",
    userId: string | null | undefined,
  ): Promise<Reply> {
    const layer = await layerFor(deps.reading, context.access, { address: context.address, signal: context.signal, create: true });
    const ids = given === "all" ? live(layer, kind).map(({ id }) => id) : [...new Set(given)];
    const as = writer(context, { user_id: userId }, "$");
    const { planned, failures } = plan(ids, name, (id, path): Planned => {
      record(layer, id, kind);
      return { id, path, userId: as, ops: [["d", id]] };
    });
    const written = await writeAll(layer, planned, { sids: null, opsPerPush: deps.opsPerPush });
    return batchReply(context, written, [...failures, ...written.failures], ({ id }) => ({ id }));
  }

  const newIds = (sids: Sids, index: number): string =>
    sids === null ? newId(deps.clock.now(), deps.random(10)) : idFrom(sids(`id ${index}`));

  return {
    createFields({ formFields }, context) {
      const sids = sidsOf(context, formFields);
      return write(context, { name: "formFields", items: formFields, sids }, () => (item, path, index) => {
        const data = valid(fieldFromJson(item.content, `${path}.content`));
        return created(context, item, { kind: "field", path, data, id: chosenId(item, path) ?? newIds(sids, index) });
      });
    },
    updateFields({ formFields }, context) {
      return write(context, { name: "formFields", items: formFields, sids: sidsOf(context, formFields) }, (layer) => (item, path) => {
        const before = record(layer, required(item, path), "field") as FieldRecord;
        return replaced(context, item, { path, before, after: valid(fieldFromJson(item.content, `${path}.content`)) });
      });
    },
    deleteFields: ({ formFieldIds, user_id }, context) => remove(context, "field", "formFieldIds", formFieldIds, user_id),
    createWidgets({ formFieldWidgets }, context) {
      const sids = sidsOf(context, formFieldWidgets);
      return write(context, { name: "formFieldWidgets", items: formFieldWidgets, sids }, (layer) => {
        const fields = new Map((live(layer, "field") as FieldRecord[]).map((field) => [field.data.name, field]));
        const counts = new Map<string, number>();
        for (const { data } of live(layer, "widget") as WidgetRecord[]) counts.set(data.field, (counts.get(data.field) ?? 0) + 1);
        const pages = layer.pages();
        return (item, path, index) => {
          const field = fieldNamed(fields, item.content, path);
          const place = counts.get(field.id) ?? 0;
          const toggle = toggleAt(field, place);
          const data = valid(
            widgetFromJson(item.content, { field: field.id, pages, prefix: `${path}.content`, ...(toggle === null ? {} : { toggle }) }),
          );
          counts.set(field.id, place + 1);
          return created(context, item, { kind: "widget", path, data, id: chosenId(item, path) ?? newIds(sids, index) });
        };
      });
    },
    updateWidgets({ formFieldWidgets }, context) {
      return write(context, { name: "formFieldWidgets", items: formFieldWidgets, sids: sidsOf(context, formFieldWidgets) }, (layer) => {
        const pages: PageNames = layer.pages();
        return (item, path) => {
          const before = record(layer, required(item, path), "widget") as WidgetRecord;
          const after = valid(widgetFromJson(item.content, { field: before.data.field, pages, prefix: `${path}.content` }));
          return replaced(context, item, { path, before, after });
        };
      });
    },
    deleteWidgets: ({ formFieldWidgetIds, user_id }, context) =>
      remove(context, "widget", "formFieldWidgetIds", formFieldWidgetIds, user_id),
  };
}

function live({ room, grants }: ReadLayer, kind: Kind): readonly (FieldRecord | WidgetRecord)[] {
  return room.snapshot(grants).records.filter((one): one is FieldRecord | WidgetRecord => one.kind === kind && one.deleted !== true);
}

/** Throws ApiError `not_found`, `gone`. */
export function record({ room, grants }: ReadLayer, id: string, kind: Kind): FieldRecord | WidgetRecord {
  const found = room.record(id, grants);
  if (found === null || found.kind !== kind) throw new ApiError("not_found", `There is no form ${kind} ${id}`);
  if (found.deleted) throw new ApiError("gone", `The form ${kind} ${id} has been deleted`);
  return found as FieldRecord | WidgetRecord;
}

function required(item: Given, path: string): string {
  const id = chosenId(item, path);
  if (id === undefined) throw unprocessable(`${path}.id`, "is missing");
  return id;
}

function valid<T>(checked: Checked<T>): T {
  if (checked.ok) return checked.value;
  const first = checked.failingPaths[0]!;
  throw new ApiError("unprocessable", `${first.path}: ${first.details}`, { failingPaths: checked.failingPaths });
}

function fieldNamed(fields: ReadonlyMap<string, FieldRecord>, content: unknown, path: string): FieldRecord {
  const name = (content as { readonly formFieldName?: unknown } | undefined)?.formFieldName;
  const field = typeof name === "string" ? fields.get(name) : undefined;
  if (field === undefined)
    throw unprocessable(`${path}.content.formFieldName`, "there is no form field of this name: make the field first");
  return field;
}

function created(
  context: RecordContext,
  item: Given,
  { kind, path, data, id }: { readonly kind: Kind; readonly path: string; readonly data: object; readonly id: string },
): Planned {
  // The permission group of a widget is its field's.
  const group = kind === "field" ? groupOf(item, path) : undefined;
  const op: Op = group === undefined ? ["c", id, kind, { ...data }] : ["c", id, kind, { ...data }, group];
  return { id, path, userId: writer(context, item, path), ops: [op] };
}

function replaced(
  context: RecordContext,
  item: Given,
  { path, before, after }: { readonly path: string; readonly before: FieldRecord | WidgetRecord; readonly after: object },
): Planned {
  const [old, wanted] = [before.data as Record<string, unknown>, after as Record<string, unknown>];
  if (before.kind === "field" && old["type"] !== wanted["type"])
    throw unprocessable(`${path}.content.type`, "the type of a form field cannot be changed");
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(old), ...Object.keys(wanted)])) {
    if (key !== "type" && (!INTERNAL.has(key) || key in wanted) && JSON.stringify(old[key]) !== JSON.stringify(wanted[key]))
      patch[key] = wanted[key] ?? null;
  }
  const group = before.kind === "field" ? groupOf(item, path) : undefined;
  const ops: Op[] = Object.keys(patch).length === 0 ? [] : [["u", before.id, patch]];
  if (group !== undefined && group !== before.grp) ops.push(["g", before.id, group]);
  return { id: before.id, path, userId: writer(context, item, path), ops };
}
