/**
 * The operations as TypeScript without schemas: what `@lectern/client` is typed by, so that whoever installs it needs nothing else.
 * `scripts/contract.ts` writes it to `packages/client/src/operations.ts`.
 */
import type * as z from "zod";
import { DocumentInfo, DocumentSummary } from "./document.ts";
import { jsonSchema, operations } from "./openapi.ts";
import type { Operation } from "./operation.ts";

/** Shapes that appear often get a name. */
const NAMED: readonly (readonly [name: string, schema: z.ZodType])[] = [
  ["DocumentSummary", DocumentSummary],
  ["DocumentInfo", DocumentInfo],
];

/** The part of JSON Schema that our schemas use. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly $ref?: string;
}

/** The module that `operations.ts` of the client is. */
export function clientTypes(): string {
  const groups = new Map<string, string[]>();
  for (const [name, operation] of operations()) {
    const [group, verb] = name.split(".") as [string, string];
    const lines = groups.get(group) ?? [];
    groups.set(group, [
      ...lines,
      `    /** ${operation.summary}. \`${operation.method} ${operation.path}\` */`,
      `    ${verb}: { input: ${inputOf(operation)}; output: ${outputOf(operation)}; upload: ${operation.bodyKind === "stream"} };`,
    ]);
  }
  return [
    "/** Written by scripts/contract.ts from the registry of operations: do not edit. */",
    ...NAMED.map(([name, schema]) => `export type ${name} = ${typeOf(jsonSchema(schema, "output"), "output")};`),
    "",
    "/** What goes into each operation and what comes out. `upload`: it takes a body of bytes beside its input. */",
    "export interface Operations {",
    ...[...groups].flatMap(([group, lines]) => [`  ${group}: {`, ...lines, "  };"]),
    "}",
    "",
  ].join("\n");
}

function inputOf(operation: Operation): string {
  const schemas = [operation.params, operation.query, operation.body].map((schema) => jsonSchema(schema, "input") as JsonSchema);
  const parts = schemas.map((schema) => (schema.properties === undefined ? `(${typeOf(schema, "input")})` : typeOf(schema, "input")));
  const given = [...parts, operation.layered ? "{ layerName?: string | undefined }" : "{}"].filter((part) => part !== "{}");
  return given.length === 0 ? "{}" : given.join(" & ");
}

function outputOf(operation: Operation): string {
  if (operation.responseType !== "application/json") return "Response";
  let type = typeOf(jsonSchema(operation.response, "output"), "output");
  for (const [name, schema] of NAMED) type = type.replaceAll(typeOf(jsonSchema(schema, "output"), "output"), name);
  return type;
}

/** Of an input, what may be left out may be `undefined`, too. */
export function typeOf(schema: JsonSchema, io: "input" | "output"): string {
  if (schema.$ref !== undefined) throw new Error(`A schema refers to ${schema.$ref}: client types are written in place`);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map((one) => typeOf(one, io)))].join(" | ");
  if (schema.allOf !== undefined) return schema.allOf.map((one) => `(${typeOf(one, io)})`).join(" & ");
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  return types.length === 0 ? "unknown" : types.map((type) => simpleTypeOf(type, schema, io)).join(" | ");
}

function simpleTypeOf(type: string, schema: JsonSchema, io: "input" | "output"): string {
  switch (type) {
    case "integer":
    case "number":
      return "number";
    case "string":
    case "boolean":
    case "null":
      return type;
    case "array":
      if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map((item) => typeOf(item, io)).join(", ")}]`;
      return `Array<${typeOf(schema.items ?? {}, io)}>`;
    case "object":
      return objectOf(schema, io);
    default:
      throw new Error(`A schema has the type ${type}`);
  }
}

function objectOf({ properties = {}, required = [], additionalProperties }: JsonSchema, io: "input" | "output"): string {
  const further = additionalProperties === undefined || additionalProperties === false ? null : additionalProperties;
  const members = Object.entries(properties).map(([name, property]) => {
    const optional = !required.includes(name);
    const key = /^\w+$/.test(name) ? name : JSON.stringify(name);
    const type = typeOf(property, io);
    return `${key}${optional ? "?" : ""}: ${type}${optional && io === "input" && type !== "unknown" ? " | undefined" : ""}`;
  });
  const open = further === null ? [] : [`[name: string]: ${members.length > 0 ? "unknown" : typeOf(further === true ? {} : further, io)}`];
  return members.length + open.length === 0 ? "{}" : `{ ${[...members, ...open].join("; ")} }`;
}
