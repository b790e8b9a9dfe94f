/** The OpenAPI 3.1 document of the whole surface, derived from the registry. */
import * as z from "zod";
import { api } from "./api.ts";
import { type ErrorCode, ERRORS } from "./error.ts";
import type { Operation } from "./operation.ts";

/** Every operation with its name `group.verb`. */
export function operations(): (readonly [name: string, operation: Operation])[] {
  return Object.entries(api).flatMap(([group, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => [`${group}.${verb}`, operation as unknown as Operation] as const),
  );
}

/** Paths at which an operation is served, below the origin; the first is the one to document. */
export function pathsOf(operation: Operation): string[] {
  const layered = operation.path.replace("/documents/{documentId}", "/documents/{documentId}/layers/{layerName}");
  switch (operation.mount) {
    case "root":
      return [operation.path];
    case "admin":
      return [`/admin${operation.path}`];
    case "product":
      return ["/viewer", "/api"].flatMap((prefix) => [prefix + operation.path, ...(operation.layered ? [prefix + layered] : [])]);
  }
}

const SECURITY: Readonly<Record<Operation["auth"], readonly object[]>> = {
  key: [{ apiKey: [] }],
  token: [{ sessionToken: [] }],
  either: [{ apiKey: [] }, { sessionToken: [] }],
  admin: [{ dashboard: [] }],
  grant: [],
  none: [],
};

/** What each group of operations is about. */
export const GROUPS: Readonly<Record<keyof typeof api, string>> = {
  documents: "Upload, list, copy and delete documents; their pages as images and text, search, and the PDF with what people did",
  uploads: "Uploads in parts that go on where they were, as tus 1.0 has them",
  annotations: "What people draw and write on pages, as Instant JSON",
  comments: "Threads on annotations, their replies, reactions and state",
  forms: "Form fields, their widgets and values",
  bookmarks: "Places that readers marked",
  interchange: "Everything people put on a document as one file in a published format, out and in",
  layers: "Independent states of one document, their history, merging and restoring",
  pageOperations: "Adding, moving, rotating and removing pages",
  attachments: "Pictures that annotations show",
  builds: "Making a document out of others",
  redactions: "Finding what must go, and removing it for good",
  inspection: "What a document's file holds beside its pages: fonts, optional content, embedded files, digital signatures",
  jobs: "Work that is answered before it is done",
  sessions: "Tokens with which browsers open documents, and why they may do something",
  publicKeys: "Keys of your own with which your backend signs session tokens",
  tokens: "Access tokens for programs, narrower than an API key",
  open: "What the viewer asks for when it starts",
  usage: "What was used, by day",
  webhooks: "URLs of yours that are told what happens",
  audit: "Who did what",
  accounts: "The dashboard: signing in, applications, API keys",
  health: "Is the service running, and can it work?",
};

/** Routes under /viewer, /admin and the origin (those under /api are the same). */
export function openapi(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, operation] of operations()) {
    for (const path of pathsOf(operation).filter((at) => !at.startsWith("/api/"))) {
      (paths[path] ??= {})[operation.method.toLowerCase()] = operationObject(name, operation, path);
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Lectern",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description: "Document viewing and collaboration. The routes under /viewer are served under /api as well.",
    },
    servers: [{ url: "/" }],
    tags: Object.entries(GROUPS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: "http", scheme: "bearer", description: "An API key, for backends" },
        sessionToken: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "A session token, for browsers" },
        dashboard: { type: "apiKey", in: "cookie", name: "lectern_account" },
      },
      schemas: {
        Problem: {
          type: "object",
          required: ["type", "title", "status", "detail", "code"],
          properties: {
            type: { type: "string" },
            title: { type: "string" },
            status: { type: "integer" },
            detail: { type: "string" },
            message: { type: "string" },
            code: { type: "string", enum: Object.keys(ERRORS) },
            requestId: { type: "string" },
            failingPaths: {
              type: "array",
              items: { type: "object", properties: { path: { type: "string" }, details: { type: "string" } } },
            },
          },
        },
      },
    },
  };
}

/** One operation at one of its paths. */
export function operationObject(name: string, operation: Operation, path: string): OperationObject {
  const layered = path.includes("/layers/{layerName}/");
  return {
    operationId: layered ? `${name}InLayer` : name,
    summary: operation.summary,
    tags: [name.split(".")[0]!],
    security: SECURITY[operation.auth],
    parameters: [
      ...parameters(operation.params, "path"),
      ...(layered ? [{ name: "layerName", in: "path", required: true, schema: { type: "string", maxLength: 256 } }] : []),
      ...parameters(operation.query, "query"),
      ...(operation.idempotencyKey ? [IDEMPOTENCY_KEY] : []),
    ],
    ...requestBody(operation),
    responses: responses(operation),
  };
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly style?: string;
  readonly explode?: boolean;
  readonly schema: object;
}

const IDEMPOTENCY_KEY: Parameter = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "Makes it safe to send the request again: for a day, the same key with the same body is the same request",
  schema: { type: "string", maxLength: 255 },
};

export interface OperationObject {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly object[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: object;
  readonly responses: object;
}

/** What goes in is described as a caller writes it: a switch in the query is a boolean, though it arrives as text. */
export function jsonSchema(type: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, ...rest } = z.toJSONSchema(type, {
    target: "draft-2020-12",
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema: written }) => {
      const { def } = zodSchema._zod;
      if (io !== "input" || def.type !== "pipe" || (def as z.core.$ZodPipeDef).out._zod.def.type !== "boolean") return;
      for (const key of Object.keys(written)) delete written[key];
      written.type = "boolean";
    },
  });
  return rest;
}

function parameters(object: z.ZodObject, place: "path" | "query"): Parameter[] {
  const whole = jsonSchema(object, "input") as { properties?: Record<string, object>; required?: string[] };
  return Object.entries(whole.properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || (whole.required ?? []).includes(name),
    // `name[key]=value`
    ...("type" in property && property.type === "object" ? { style: "deepObject", explode: true } : {}),
    schema: property,
  }));
}

function requestBody(operation: Operation): { readonly requestBody?: object } {
  switch (operation.bodyKind) {
    case "none":
      return {};
    case "stream":
      return {
        requestBody: { required: true, content: { "application/pdf": {}, "application/octet-stream": {}, "multipart/form-data": {} } },
      };
    case "text":
    case "json": {
      const type = operation.bodyKind === "text" ? "text/plain" : "application/json";
      const form = operation.form ? { "multipart/form-data": {} } : {};
      return { requestBody: { required: true, content: { [type]: { schema: jsonSchema(operation.body, "input") }, ...form } } };
    }
  }
}

const REFUSED: Readonly<Record<Operation["auth"], readonly ErrorCode[]>> = {
  key: ["unauthorized", "invalid_key", "wrong_credential", "forbidden"],
  token: ["unauthorized", "invalid_token", "token_expired", "session_revoked", "wrong_credential", "forbidden", "origin_not_allowed"],
  either: ["unauthorized", "invalid_key", "invalid_token", "token_expired", "session_revoked", "forbidden", "origin_not_allowed"],
  admin: ["unauthorized", "wrong_credential", "forbidden"],
  grant: ["invalid_token", "token_expired", "session_revoked"],
  none: [],
};

/** Every code that an operation answers with: its own, those of its credential, and those of any request. */
export function errorsOf(operation: Operation): ErrorCode[] {
  const input = operation.bodyKind === "json" || operation.bodyKind === "text" ? (["bad_request", "too_large"] as const) : [];
  const parameters = operation.path.includes("{") || Object.keys(operation.query.shape).length > 0 || input.length > 0;
  const all = new Set<ErrorCode>([
    ...operation.errors,
    ...REFUSED[operation.auth],
    ...input,
    ...(parameters ? (["invalid_parameters"] as const) : []),
    ...(operation.path.includes("{documentId}") ? (["not_found"] as const) : []),
    "rate_limited",
    "unavailable",
  ]);
  return (Object.keys(ERRORS) as ErrorCode[]).filter((code) => all.has(code));
}

function responses(operation: Operation): object {
  const json = operation.responseType === "application/json";
  const found: Record<string, object> = {
    [operation.status]: {
      description: "Success",
      content: { [operation.responseType]: json ? { schema: jsonSchema(operation.response, "output") } : {} },
    },
  };
  for (const code of errorsOf(operation)) {
    const { status, title } = ERRORS[code];
    const before = found[status] as { description: string } | undefined;
    found[status] = {
      description: before === undefined ? `${title} (\`${code}\`)` : `${before.description}; ${title} (\`${code}\`)`,
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    };
  }
  return found;
}
