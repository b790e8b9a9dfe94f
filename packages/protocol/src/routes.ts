/** The surface without schemas, for the client: name → how to call it. Written to `routes.json` by `scripts/contract.ts`. */
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
