/**
 * An OpenAPI document of what is served under /api with the operation ids and names of path parameters that existing clients build themselves
 * from. The table is a list of published names; an entry appears in the document when the registry has a route for it.
 */
import { operations, operationObject, pathsOf } from "./openapi.ts";
import type { Operation } from "./operation.ts";
import { PUBLISHED } from "./published.ts";

export { PUBLISHED } from "./published.ts";

const shapeOf = (method: string, path: string): string => `${method} ${path.replace(/\{\w+\}/g, "{}")}`;

/** Our operation behind each published one that has a route, by its published id. */
export function servedOperations(): ReadonlyMap<string, readonly [name: string, operation: Operation, path: string]> {
  const served = new Map<string, readonly [name: string, operation: Operation, path: string]>();
  for (const [name, operation] of operations()) {
    for (const path of pathsOf(operation))
      if (path.startsWith("/api/")) served.set(shapeOf(operation.method, path), [name, operation, path]);
  }
  return new Map(
    PUBLISHED.flatMap(([operationId, method, path]) => {
      const found = served.get(shapeOf(method, `/api${path}`));
      return found === undefined ? [] : [[operationId, found] as const];
    }),
  );
}

export function publishedOpenapi(version: string): object {
  const served = servedOperations();
  const paths: Record<string, Record<string, object>> = {};
  for (const [operationId, method, path] of PUBLISHED) {
    const found = served.get(operationId);
    if (found === undefined) continue;
    const [name, operation, ours] = found;
    const described = operationObject(name, operation, ours);
    const names = namesIn(path);
    // Those clients make an argument of each parameter: a header of ours is none of theirs.
    const theirs = described.parameters.filter((parameter) => parameter.in !== "header");
    const parameters = theirs.map((parameter) => {
      const at = parameter.in === "path" ? namesIn(ours).indexOf(parameter.name) : -1;
      return at < 0 ? parameter : { ...parameter, name: names[at]! };
    });
    (paths[`/api${path}`] ??= {})[method.toLowerCase()] = { ...described, operationId, parameters };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Lectern", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "/" }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: "http", scheme: "bearer" },
        sessionToken: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
      },
      schemas: { Problem: { type: "object" } },
    },
  };
}

function namesIn(path: string): string[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name!);
}
