/**
 * A quick look at data before its schema: a predicate made from a schema that answers true only for what the schema takes and gives back as it is.
 * False says nothing; the schema decides. Nearly all data is such, and a schema takes several times as long to say so.
 */
import type * as z from "zod";

type Check = (value: unknown) => boolean;
type Schema = z.core.$ZodType;
type Def<K extends z.core.$ZodTypes["_zod"]["def"]["type"]> = Extract<z.core.$ZodTypes["_zod"]["def"], { type: K }>;

const never: Check = () => false;

/** For values as `JSON.parse` gives them. */
export function plainCheck(schema: Schema, open: ReadonlySet<Schema> = new Set()): Check {
  // One that contains itself.
  if (open.has(schema)) return never;
  const inside = new Set([...open, schema]);
  const def = schema._zod.def as z.core.$ZodTypes["_zod"]["def"];
  const check = checkOf(def, (inner) => plainCheck(inner, inside));
  const further = furtherChecks(def);
  if (further === null || check === never) return never;
  if (further.length === 0) return check;
  if (further.length === 1) return (value) => check(value) && further[0]!(value);
  return (value) => check(value) && further.every((each) => each(value));
}

function checkOf(def: z.core.$ZodTypes["_zod"]["def"], compile: (inner: Schema) => Check): Check {
  switch (def.type) {
    case "string":
      return (value) => typeof value === "string";
    case "number":
      return Number.isFinite;
    case "boolean":
      return (value) => typeof value === "boolean";
    case "null":
      return (value) => value === null;
    case "literal":
    case "enum": {
      const values: ReadonlySet<unknown> = new Set(def.type === "literal" ? def.values : Object.values(def.entries));
      return (value) => values.has(value);
    }
    case "nullable":
    case "optional": {
      const inner = compile(def.innerType);
      return def.type === "nullable" ? (value) => value === null || inner(value) : inner;
    }
    case "array": {
      const element = compile(def.element);
      return (value) => Array.isArray(value) && value.every(element);
    }
    case "tuple":
      return tupleCheck(def as Def<"tuple">, compile);
    case "object":
      return objectCheck(def as Def<"object">, compile);
    case "union":
      // An option that leaves properties out may come before the one that fits.
      return def.options.some(mayStrip) ? never : anyOf(def.options.map(compile));
    default:
      return never;
  }
}

function tupleCheck({ items, rest }: Def<"tuple">, compile: (inner: Schema) => Check): Check {
  if (rest !== null) return never;
  const checks = items.map(compile);
  return (value) => Array.isArray(value) && value.length === checks.length && checks.every((check, index) => check(value[index]));
}

function objectCheck({ shape, catchall }: Def<"object">, compile: (inner: Schema) => Check): Check {
  if (catchall !== undefined) return never;
  const checks = new Map(Object.entries(shape).map(([key, schema]) => [key, compile(schema as Schema)]));
  const needed = new Set(Object.keys(shape).filter((key) => (shape[key] as Schema)._zod.def.type !== "optional"));
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    let found = 0;
    for (const key of Object.keys(value)) {
      const check = checks.get(key);
      if (check === undefined || !check((value as Record<string, unknown>)[key])) return false;
      if (needed.has(key)) found++;
    }
    return found === needed.size;
  };
}

function anyOf(checks: readonly Check[]): Check {
  return (value) => checks.some((check) => check(value));
}

/** Might it take a value and give back another one? */
function mayStrip(schema: Schema): boolean {
  const def = schema._zod.def as z.core.$ZodTypes["_zod"]["def"];
  return !["string", "number", "boolean", "null", "literal", "enum"].includes(def.type);
}

/** What a schema asks beyond its type; null when something is not known here. */
function furtherChecks(def: z.core.$ZodTypes["_zod"]["def"]): Check[] | null {
  const checks: Check[] = [];
  // A number format is a schema and a check in one.
  const all = [...("check" in def ? [{ _zod: { def } }] : []), ...((def as { checks?: readonly z.core.$ZodCheck[] }).checks ?? [])];
  for (const each of all) {
    const check = furtherCheck(each._zod.def as Further);
    if (check === null) return null;
    checks.push(check);
  }
  return checks;
}

type Further = (
  | z.core.$ZodCheckGreaterThanDef
  | z.core.$ZodCheckLessThanDef
  | z.core.$ZodCheckMaxLengthDef
  | z.core.$ZodCheckMinLengthDef
  | z.core.$ZodCheckNumberFormatDef
  | z.core.$ZodCheckRegexDef
) & { readonly when?: unknown };

function furtherCheck(def: Further): Check | null {
  switch (def.check) {
    case "greater_than":
      return (value) => (def.inclusive ? (value as number) >= Number(def.value) : (value as number) > Number(def.value));
    case "less_than":
      return (value) => (def.inclusive ? (value as number) <= Number(def.value) : (value as number) < Number(def.value));
    case "max_length":
      return (value) => (value as { length: number }).length <= def.maximum;
    case "min_length":
      return (value) => (value as { length: number }).length >= def.minimum;
    case "number_format":
      return def.format === "safeint" ? Number.isSafeInteger : null;
    case "string_format": {
      const { format, pattern } = def;
      // One that remembers where it was would answer differently each time.
      return format === "regex" && pattern !== undefined && !pattern.global && !pattern.sticky
        ? (value) => pattern.test(value as string)
        : null;
    }
    default:
      return null;
  }
}
