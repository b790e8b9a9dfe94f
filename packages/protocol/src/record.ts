/**
 * Records: everything that a person can change is a small JSON object with an id, a kind and a seq.
 * A patch replaces top-level properties of `data`; those that hold an object (geometry, appearance, text, …) are the conflict
 * groups, always written whole, so two concurrent moves never mix their coordinates. `null` in a patch removes the property.
 */
import * as z from "zod";
import { type Annotation, ANNOTATION_KINDS } from "./annotation/annotation.ts";
import { Attachment } from "./attachment.ts";
import { Bookmark } from "./bookmark.ts";
import { Comment, Reaction } from "./comment.ts";
import type { FailingPath } from "./error.ts";
import { Field, Value, Widget } from "./form.ts";
import { Meta, Outline } from "./outline.ts";
import { Page } from "./page.ts";
import type { RecordKind } from "./permission.ts";
import { plainCheck } from "./plain-check.ts";

export interface RecordData {
  page: Page;
  annotation: Annotation;
  comment: Comment;
  reaction: Reaction;
  field: Field;
  widget: Widget;
  value: Value;
  bookmark: Bookmark;
  attachment: Attachment;
  outline: Outline;
  meta: Meta;
}

/** A record as both sides hold it. Everything but `data` is set by the server. Times are milliseconds since 1970. */
export interface RecordOf<K extends RecordKind> {
  readonly id: string;
  readonly kind: K;
  /** The change that wrote it last; 0 for base records. */
  readonly seq: number;
  readonly createdBy: string | null;
  readonly createdAt: number;
  readonly updatedBy: string | null;
  readonly updatedAt: number;
  /** The permission group. */
  readonly grp: string | null;
  /** Only of a page of the revision that the layer deleted, which would else be shown as it was imported. Other deleted records are not there. */
  readonly deleted?: boolean;
  readonly data: RecordData[K];
}

export type AnyRecord = { [K in RecordKind]: RecordOf<K> }[RecordKind];

/** Properties to replace, as a whole each; null removes. */
export type Patch = Readonly<Record<string, unknown>>;

const KINDS = {
  page: Page,
  comment: Comment,
  reaction: Reaction,
  field: Field,
  widget: Widget,
  value: Value,
  bookmark: Bookmark,
  attachment: Attachment,
  outline: Outline,
  meta: Meta,
} as const satisfies Record<Exclude<RecordKind, "annotation">, z.ZodObject>;

/** What `before` must hold for a patch to be checked against the right schema. */
interface Typed {
  readonly type?: unknown;
}

function schemaOf(kind: RecordKind, data: Typed): z.ZodObject | null {
  if (kind !== "annotation") return KINDS[kind];
  const type = data.type;
  return typeof type === "string" && Object.hasOwn(ANNOTATION_KINDS, type) ? ANNOTATION_KINDS[type as keyof typeof ANNOTATION_KINDS] : null;
}

/** Properties that never change after creation. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  annotation: ["type"],
  comment: ["root", "state"],
  reaction: ["comment", "emoji"],
  widget: ["field"],
  value: ["field"],
  field: ["type"],
};

export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failingPaths: readonly FailingPath[] };

function failing(error: z.ZodError, prefix: string): FailingPath[] {
  return error.issues.map((issue) => ({
    path: issue.path.reduce<string>((path, key) => (typeof key === "number" ? `${path}[${key}]` : `${path}.${String(key)}`), prefix),
    details: issue.message,
  }));
}

const PLAIN: ReadonlyMap<z.ZodObject, (value: unknown) => boolean> = new Map(
  [...Object.values(KINDS), ...Object.values(ANNOTATION_KINDS)].map((schema) => [schema, plainCheck(schema)]),
);

/** Is this complete data of a new record? Unknown properties are dropped. */
export function checkData(kind: RecordKind, data: unknown, prefix = "$"): Checked<Record<string, unknown>> {
  const schema = schemaOf(kind, (data ?? {}) as Typed);
  if (schema === null) return { ok: false, failingPaths: [{ path: `${prefix}.type`, details: "unknown type of annotation" }] };
  if (PLAIN.get(schema)!(data)) return { ok: true, value: data as Record<string, unknown> };
  const result = schema.safeParse(data);
  return result.success ? { ok: true, value: result.data } : { ok: false, failingPaths: failing(result.error, prefix) };
}

/** Is this a patch of such a record? Only the patched properties are looked at. */
export function checkPatch(kind: RecordKind, before: object, patch: Patch, prefix = "$"): Checked<Patch> {
  const schema = schemaOf(kind, before as Typed);
  if (schema === null) return { ok: false, failingPaths: [{ path: `${prefix}.type`, details: "unknown type of annotation" }] };
  const failures: FailingPath[] = [];
  const checked: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(patch)) {
    const property = Object.hasOwn(schema.shape, key) ? (schema.shape[key] as z.ZodType) : null;
    if (property === null) failures.push({ path: `${prefix}.${key}`, details: "unknown property" });
    else if (FIXED[kind]?.includes(key)) {
      if (value !== (before as Record<string, unknown>)[key]) failures.push({ path: `${prefix}.${key}`, details: "cannot be changed" });
    } else if (value === null && property instanceof z.ZodExactOptional) checked[key] = null;
    else {
      const result = property.safeParse(value);
      if (result.success) checked[key] = result.data;
      else failures.push(...failing(result.error, `${prefix}.${key}`));
    }
  }
  return failures.length === 0 ? { ok: true, value: checked } : { ok: false, failingPaths: failures };
}
