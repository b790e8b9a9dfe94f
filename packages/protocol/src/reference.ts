/** The operations as a person reads them: parameters, shapes, errors and examples, from the registry. The service's `/docs` shows it. */
import type * as z from "zod";
import { type JsonSchema, typeOf } from "./client-types.ts";
import { type ErrorCode, ERRORS } from "./error.ts";
import { examplesOf } from "./examples.ts";
import { errorsOf, GROUPS, jsonSchema, operations, pathsOf } from "./openapi.ts";
import type { Auth, Operation } from "./operation.ts";

export { ERROR_HELP } from "./error-help.ts";

export interface ReferenceParameter {
  readonly name: string;
  readonly place: "path" | "query" | "header";
  readonly type: string;
  readonly required: boolean;
}

export interface ReferenceEntry {
  /** `documents.upload`: the name in the client. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly layered: boolean;
  readonly summary: string;
  readonly credential: string;
  readonly parameters: readonly ReferenceParameter[];
  /** Shape of the JSON, or the kind of body; null: none. */
  readonly body: string | null;
  readonly status: number;
  readonly answer: string;
  readonly errors: readonly { readonly code: ErrorCode; readonly status: number }[];
  readonly curl: string;
  readonly typescript: string;
}

export interface ReferenceGroup {
  readonly name: string;
  readonly about: string;
  readonly entries: readonly ReferenceEntry[];
}

const CREDENTIALS: Readonly<Record<Auth, string>> = {
  key: "an API key",
  token: "a session token",
  either: "an API key or a session token",
  admin: "a sign-in to the dashboard",
  grant: "the grant in its path",
  none: "nothing",
};

export function reference(): ReferenceGroup[] {
  return Object.entries(GROUPS).map(([name, about]) => ({
    name,
    about,
    entries: operations()
      .filter(([operation]) => operation.startsWith(`${name}.`))
      .map(([full, operation]) => entryOf(full, operation)),
  }));
}

function entryOf(name: string, operation: Operation): ReferenceEntry {
  const path = pathsOf(operation)[0]!;
  const json = operation.responseType === "application/json";
  return {
    name,
    method: operation.method,
    path,
    layered: operation.layered,
    summary: operation.summary,
    credential: CREDENTIALS[operation.auth],
    parameters: [
      ...parametersOf(operation.params, "path"),
      ...parametersOf(operation.query, "query"),
      ...(operation.idempotencyKey ? [{ name: "Idempotency-Key", place: "header", type: "string", required: false } as const] : []),
    ],
    body:
      operation.bodyKind === "none"
        ? null
        : operation.bodyKind === "stream"
          ? "The bytes of a file, or a form"
          : shapeOf(operation.body, "input"),
    status: operation.status,
    answer: json ? shapeOf(operation.response, "output") : operation.responseType,
    errors: errorsOf(operation).map((code) => ({ code, status: ERRORS[code].status })),
    ...examplesOf(name, operation, path),
  };
}

function parametersOf(object: z.ZodObject, place: "path" | "query"): ReferenceParameter[] {
  const { properties = {}, required = [] } = jsonSchema(object, "input") as JsonSchema;
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    place,
    type: typeOf(schema, "output"),
    required: place === "path" || required.includes(name),
  }));
}

/** A TypeScript type with a line for each member. */
function shapeOf(schema: z.ZodType, io: "input" | "output"): string {
  let depth = 0;
  return typeOf(jsonSchema(schema, io), "output").replaceAll(/\{ | \}|; /g, (mark) => {
    depth += mark === "{ " ? 1 : mark === " }" ? -1 : 0;
    return `${mark === " }" ? "" : mark.trim()}\n${"  ".repeat(depth)}${mark === " }" ? "}" : ""}`;
  });
}
