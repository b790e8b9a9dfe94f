/** Writes what derives from tables in the code: `openapi.json`, the client's routes, the list of settings. Tests hold them fresh. */
import { readFileSync, writeFileSync } from "node:fs";
import { openapi } from "@lectern/protocol/openapi";
import { routeTable } from "../packages/protocol/src/routes.ts";
import { configurationPage } from "./configuration-page.ts";

const root = new URL("../", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("packages/protocol/package.json", root), "utf8")) as { version: string };
writeFileSync(new URL("openapi.json", root), `${JSON.stringify(openapi(version), null, 1)}\n`);
writeFileSync(new URL("packages/protocol/src/route-table.ts", root), routeTable());
writeFileSync(new URL("docs/configuration.md", root), configurationPage());
