/** Usage over HTTP. */
import type { Handlers } from "../handlers.ts";
import type { Clock, Database } from "../ports.ts";
import { readUsage } from "./usage.ts";

export function usageRoutes({ database, clock }: { readonly database: Database; readonly clock: Clock }): Handlers["usage"] {
  return {
    get: ({ from, to }, { caller }) => readUsage(database, caller.applicationId, { from, to }, clock),
  };
}
