/** docs/configuration.md: the settings as `lectern start --help` prints them. */
import { configTable } from "../packages/server/src/config.ts";

export function configurationPage(): string {
  return [
    "# Configuration",
    "",
    "Every setting is an environment variable and a flag (`npm start -- --port 8080`); the flag wins. This page is written from the same table",
    "that reads them.",
    "",
    configTable("markdown").trim(),
    "",
  ].join("\n");
}
