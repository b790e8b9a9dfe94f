/** Path, query and body become one checked object; what is wrong is named by its path. */
import type { Operation } from "@lectern/protocol";
import { ApiError, type FailingPath } from "@lectern/protocol/plain";
import type * as z from "zod";

/** Throws ApiError `invalid_parameters`; `not_found` when the path cannot name anything. */
export function parseInput(operation: Operation, path: Readonly<Record<string, string>>, query: unknown, body: unknown): object {
  const params = operation.params.safeParse(path);
  if (!params.success) throw new ApiError("not_found", undefined, { failingPaths: failing(params.error, "$.path") });
  const inQuery = operation.query.safeParse(nested(query as Readonly<Record<string, unknown>>));
  const takesBody = operation.bodyKind === "json" || operation.bodyKind === "text";
  const inBody = takesBody ? operation.body.safeParse(body === undefined ? {} : body) : null;
  if (!inQuery.success || inBody?.success === false) {
    const failures = [
      ...(inQuery.success ? [] : failing(inQuery.error, "$.query")),
      ...(inBody === null || inBody.success ? [] : failing(inBody.error, "$")),
    ];
    const first = failures[0]!;
    throw new ApiError("invalid_parameters", `${first.path}: ${first.details}`, { failingPaths: failures });
  }
  // The path comes last: a body cannot name another document.
  return { ...(inBody?.data as object | undefined), ...inQuery.data, ...layerOf(operation, path), ...params.data };
}

/** `name[key]=value` and `name[]=value` as members of an object and entries of a list. A filter that is not understood must not be left out. */
function nested(query: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!Object.keys(query).some((name) => name.includes("["))) return query;
  const found = Object.assign(Object.create(null) as Record<string, unknown>, query);
  for (const [name, value] of Object.entries(query)) {
    const [outer, rest] = name.split(/\[(.*)/s) as [string, string | undefined];
    if (rest === undefined) continue;
    delete found[name];
    const key = rest.endsWith("]") ? rest.slice(0, -1) : null;
    // The checks that follow would pass over the last one.
    if (outer === "" || key === null || key === "__proto__") throw invalidName(name);
    const known = found[outer];
    if (key === "") found[outer] = [...listOf(known), ...listOf(value)];
    else {
      // No name of a stranger meets a property of ours.
      const members = isMembers(known) ? known : (Object.create(null) as Record<string, unknown>);
      members[key] = value;
      found[outer] = members;
    }
  }
  return found;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value];
}

function invalidName(name: string): ApiError {
  const details = "is not the name of a parameter";
  return new ApiError("invalid_parameters", `$.query: ${details}`, { failingPaths: [{ path: `$.query.${name}`, details }] });
}

function isMembers(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null && !Array.isArray(value);
}

function layerOf(operation: Operation, path: Readonly<Record<string, string>>): object {
  const layerName = path["layerName"];
  if (!operation.layered || layerName === undefined) return {};
  if (layerName.length > 256 || layerName.includes("*")) throw new ApiError("not_found", "There is no layer of that name");
  return { layerName };
}

function failing(error: z.ZodError, prefix: string): FailingPath[] {
  return error.issues.slice(0, 100).map((issue) => ({
    path: issue.path.reduce<string>((path, key) => (typeof key === "number" ? `${path}[${key}]` : `${path}.${String(key)}`), prefix),
    details: issue.message,
  }));
}
