/** Writes what derives from the registry of operations: `openapi.json` and the client's route table. Tests hold them fresh. */
import { readFileSync, writeFileSync } from "node:fs";
import { openapi } from "@lectern/protocol/openapi";
import { routeTable } from "../packages/protocol/src/routes.ts";

const root = new URL("../", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("packages/protocol/package.json", root), "utf8")) as { version: string };
writeFileSync(new URL("openapi.json", root), `${JSON.stringify(openapi(version), null, 1)}\n`);
writeFileSync(new URL("packages/protocol/src/route-table.ts", root), routeTable());
