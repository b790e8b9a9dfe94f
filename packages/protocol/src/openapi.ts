/** The OpenAPI 3.1 document of the whole surface, derived from the registry. */
import * as z from "zod";
import { api } from "./api.ts";
import { ERRORS } from "./error.ts";
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

/** Routes under /viewer, /admin and the origin (those under /api are the same). */
export function openapi(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, operation] of operations()) {
    for (const path of pathsOf(operation).filter((at) => !at.startsWith("/api/"))) {
      const layered = path.includes("/layers/{layerName}/");
      (paths[path] ??= {})[operation.method.toLowerCase()] = {
        operationId: layered ? `${name}InLayer` : name,
        summary: operation.summary,
        tags: [name.split(".")[0]],
        security: SECURITY[operation.auth],
        parameters: [
          ...parameters(operation.params, "path"),
          ...(layered ? [{ name: "layerName", in: "path", required: true, schema: { type: "string", maxLength: 256 } }] : []),
          ...parameters(operation.query, "query"),
        ],
        ...requestBody(operation),
        responses: responses(operation),
      };
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

function schema(type: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, ...rest } = z.toJSONSchema(type, { target: "draft-2020-12", io, unrepresentable: "any" });
  return rest;
}

function parameters(object: z.ZodObject, place: "path" | "query"): object[] {
  const whole = schema(object, "input") as { properties?: Record<string, object>; required?: string[] };
  return Object.entries(whole.properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || (whole.required ?? []).includes(name),
    schema: property,
  }));
}

function requestBody(operation: Operation): object {
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
      return { requestBody: { required: true, content: { [type]: { schema: schema(operation.body, "input") } } } };
    }
  }
}

function responses(operation: Operation): object {
  const json = operation.responseType === "application/json";
  const found: Record<string, object> = {
    [operation.status]: {
      description: "Success",
      content: { [operation.responseType]: json ? { schema: schema(operation.response, "output") } : {} },
    },
  };
  for (const code of operation.errors) {
    const { status, title } = ERRORS[code];
    const before = found[status] as { description: string } | undefined;
    found[status] = {
      description: before === undefined ? `${title} (\`${code}\`)` : `${before.description}; ${title} (\`${code}\`)`,
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    };
  }
  return found;
}
