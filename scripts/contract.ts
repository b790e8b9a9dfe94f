/** Writes what derives from tables in the code: `openapi.json`, the client's routes and types, the lists of settings, errors and published operations. Tests hold them fresh. */
import { readFileSync, writeFileSync } from "node:fs";
import { openapi } from "@lectern/protocol/openapi";
import { routeTable } from "../packages/protocol/src/routes.ts";
import { clientTypes } from "../packages/protocol/src/client-types.ts";
import { compatibilityPage } from "./compatibility-page.ts";
import { configurationPage } from "./configuration-page.ts";
import { errorsPage } from "./errors-page.ts";

const root = new URL("../", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("packages/protocol/package.json", root), "utf8")) as { version: string };
writeFileSync(new URL("openapi.json", root), `${JSON.stringify(openapi(version), null, 1)}\n`);
writeFileSync(new URL("packages/protocol/src/route-table.ts", root), routeTable());
writeFileSync(new URL("packages/client/src/operations.ts", root), clientTypes());
writeFileSync(new URL("docs/configuration.md", root), configurationPage());
writeFileSync(new URL("docs/compatibility.md", root), compatibilityPage());
writeFileSync(new URL("docs/errors.md", root), errorsPage());
