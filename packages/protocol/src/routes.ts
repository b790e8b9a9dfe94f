/** The surface without schemas, for the client: name → how to call it. `scripts/contract.ts` writes it to `route-table.ts`. */
import { operations, pathsOf } from "./openapi.ts";
import type { BodyKind, Method } from "./operation.ts";

export interface Route {
  readonly method: Method;
  /** Below the origin. */
  readonly path: string;
  readonly body: BodyKind;
  /** Names of the input that go into the query. */
  readonly query: readonly string[];
  readonly layered: boolean;
  readonly response: "json" | "bytes";
}

export function routes(): Record<string, Route> {
  return Object.fromEntries(
    operations().map(([name, operation]) => [
      name,
      {
        method: operation.method,
        path: pathsOf(operation)[0]!,
        body: operation.bodyKind,
        query: Object.keys(operation.query.shape),
        layered: operation.layered,
        response: operation.responseType === "application/json" ? "json" : "bytes",
      },
    ]),
  );
}

/** The module that `route-table.ts` is. */
export function routeTable(): string {
  const lines = Object.entries(routes()).map(([name, route]) => `  ${JSON.stringify(name)}: ${JSON.stringify(route)},`);
  return [
    "/** Written by scripts/contract.ts from the registry of operations: do not edit. */",
    'import type { Route } from "./routes.ts";',
    "",
    "export const ROUTES: Readonly<Record<string, Route>> = {",
    ...lines,
    "};",
    "",
  ].join("\n");
}
