/** The operations as a person reads them: parameters, shapes, errors and examples, from the registry. The service's `/docs` shows it. */
import type * as z from "zod";
import { type JsonSchema, typeOf } from "./client-types.ts";
import { type ErrorCode, ERRORS } from "./error.ts";
import { errorsOf, GROUPS, jsonSchema, operations, pathsOf } from "./openapi.ts";
import type { Auth, Operation } from "./operation.ts";

export { ERROR_HELP } from "./error-help.ts";

export interface ReferenceParameter {
  readonly name: string;
  readonly place: "path" | "query";
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
    parameters: [...parametersOf(operation.params, "path"), ...parametersOf(operation.query, "query")],
    body:
      operation.bodyKind === "none"
        ? null
        : operation.bodyKind === "stream"
          ? "The bytes of a file, or a form"
          : shapeOf(operation.body, "input"),
    status: operation.status,
    answer: json ? shapeOf(operation.response, "output") : operation.responseType,
    errors: errorsOf(operation).map((code) => ({ code, status: ERRORS[code].status })),
    curl: curlOf(operation, path),
    typescript: typescriptOf(name, operation),
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

/** What stands in examples, by the name of a parameter or member. */
const VALUES: Readonly<Record<string, unknown>> = {
  documentId: "contract-7",
  document_id: "contract-7",
  layerName: "review",
  pageIndex: 0,
  width: 800,
  q: "rent",
  user_id: "ana",
  email: "ana@example.com",
  url: "https://app.example.com/hooks/lectern",
  name: "review",
  expires_in: 3600,
  rects: [[72, 72, 200, 20]],
  text: { format: "plain", value: "Please check" },
};
const NOTE = { v: 2, type: "pspdfkit/note", pageIndex: 0, bbox: [72, 72, 24, 24], text: { format: "plain", value: "Please check" } };
const COMMENT = { pageIndex: 0, text: { format: "plain", value: "Please check" } };
const BOOKMARK = { v: 1, type: "pspdfkit/bookmark", name: "Signature", action: { type: "goTo", pageIndex: 0 } };
/** Bodies that a schema alone does not show well. */
const BODIES: Readonly<Record<string, object>> = {
  "documents.update": { title: "Contract 7" },
  "annotations.create": { id: "annotation-1", content: NOTE, user_id: "ana" },
  "annotations.updateMany": { annotations: [{ id: "annotation-1", content: NOTE }] },
  "annotations.update": { content: NOTE },
  "annotations.patch": { content: { text: { format: "plain", value: "Checked" } } },
  "annotations.deleteMany": { annotationIds: ["annotation-1"] },
  "comments.create": {
    annotation: { content: { v: 2, type: "pspdfkit/comment-marker", pageIndex: 0, bbox: [72, 72, 24, 24] } },
    comments: [{ content: COMMENT, user_id: "ana" }],
  },
  "comments.append": { comments: [{ id: "comment-1", content: COMMENT, user_id: "ben" }] },
  "comments.resolve": { user_id: "ana" },
  "comments.reopen": { user_id: "ana" },
  "comments.react": { emoji: "👍", user_id: "ana" },
  "comments.unreact": { emoji: "👍", user_id: "ana" },
  "bookmarks.create": { id: "bookmark-1", content: BOOKMARK },
  "bookmarks.update": { content: BOOKMARK },
  "bookmarks.patch": { content: { name: "Signatures" } },
  "layers.merge": { into: "" },
  "tokens.create": { name: "nightly export", scope: "read", expires_in: 3600 },
  "documents.copy": { document_id: "contract-7", new_document_id: "contract-8" },
  "comments.update": { content: { text: { format: "plain", value: "Checked" } } },
  "forms.updateValues": { formFieldValues: [{ name: "quantity", value: "7" }] },
  "layers.create": { name: "review" },
  "pageOperations.apply": { operations: [{ type: "rotatePages", pageIndexes: [0], rotateBy: 90 }] },
  "pageOperations.pdf": { operations: [{ type: "rotatePages", pageIndexes: [0], rotateBy: 90 }] },
  "redactions.create": { strategy: "preset", strategyOptions: { preset: "email-address" } },
  "sessions.create": {
    allowed_documents: [{ document_id: "contract-7", document_permissions: ["read", "write"] }],
    user_id: "ana",
    creator_name: "Ana Ruiz",
    expires_in: 3600,
  },
  "webhooks.create": { url: "https://app.example.com/hooks/lectern", topics: ["document.*"] },
};

export function exampleBody(name: string, operation: Operation): unknown {
  return BODIES[name] ?? exampleOf("", jsonSchema(operation.body, "input"));
}

/** The least that fits: what is required, of several choices the first. */
function exampleOf(name: string, schema: JsonSchema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const choice = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (choice !== undefined) return exampleOf(name, choice);
  const type = typeof schema.type === "string" ? schema.type : schema.type?.[0];
  if (type === "object")
    return Object.fromEntries((schema.required ?? []).map((member) => [member, exampleOf(member, schema.properties?.[member] ?? {})]));
  if (VALUES[name] !== undefined) return VALUES[name];
  if (type === "array") return [exampleOf(name.replace(/s$/, ""), schema.items ?? {})];
  if (type === "integer" || type === "number") return 1;
  if (type === "boolean") return true;
  return type === "null" ? null : `${name.replace(/_?id$/i, "") || "an"}-1`;
}

function exampleInput(operation: Operation, place: "params" | "query"): Record<string, unknown> {
  const schema = jsonSchema(operation[place], "input") as JsonSchema;
  const wanted = place === "params" ? Object.keys(schema.properties ?? {}) : (schema.required ?? []);
  const input = Object.fromEntries(wanted.map((name) => [name, VALUES[name] ?? exampleOf(name, schema.properties?.[name] ?? {})]));
  // Of a page's width and height one is needed.
  return place === "query" && schema.properties?.["width"] !== undefined ? { ...input, width: 800 } : input;
}

function curlOf(operation: Operation, path: string): string {
  const params = exampleInput(operation, "params");
  const query = Object.entries(exampleInput(operation, "query"))
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join("&");
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const lines = [
    `curl ${operation.method === "GET" ? "" : `-X ${operation.method} `}"$LECTERN_URL${address}${query === "" ? "" : `?${query}`}"`,
  ];
  if (operation.auth === "key" || operation.auth === "either") lines.push(`-H "Authorization: Bearer $LECTERN_API_KEY"`);
  if (operation.auth === "token") lines.push(`-H "Authorization: Bearer $SESSION_TOKEN"`);
  if (operation.auth === "admin") lines.push("-b cookies.txt");
  if (operation.bodyKind === "stream") lines.push("-H 'Content-Type: application/pdf'", "--data-binary @contract.pdf");
  if (operation.bodyKind === "json" || operation.bodyKind === "text") {
    lines.push(`-H 'Content-Type: ${operation.bodyKind === "json" ? "application/json" : "text/plain"}'`);
    lines.push(`-d '${JSON.stringify(exampleBody(nameOf(operation), operation)).replaceAll("'", "'\\''")}'`);
  }
  if (operation.responseType !== "application/json") lines.push("-o answer");
  return lines.join(" \\\n  ");
}

function typescriptOf(name: string, operation: Operation): string {
  const json = operation.bodyKind === "json" || operation.bodyKind === "text";
  const body = json ? exampleBody(name, operation) : {};
  const input = { ...exampleInput(operation, "params"), ...exampleInput(operation, "query"), ...(body as object | null) };
  const given = JSON.stringify(input, null, 2).replaceAll(/"(\w+)":/g, "$1:");
  const upload = operation.bodyKind === "stream" ? ', { body: file, type: "application/pdf" }' : "";
  return `const answer = await lectern.${name}(${given === "{}" && upload === "" ? "" : given}${upload});`;
}

function nameOf(operation: Operation): string {
  return operations().find(([, one]) => one === operation)![0];
}
