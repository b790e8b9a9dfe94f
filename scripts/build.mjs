/** Builds what is older than its sources: the libraries and the server with tsc, the viewer and the dashboard with Vite. */
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { packClient } from "./client-package.mjs";
import { root, run, step } from "./steps.mjs";

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path)
    .filter((name) => name !== "dist" && name !== "node_modules")
    .reduce((latest, name) => Math.max(latest, newest(`${path}/${name}`)), 0);
}

/** Is the stamp missing or older than any of the sources? */
function stale(stamp, sources) {
  return !existsSync(stamp) || statSync(stamp).mtimeMs < Math.max(...sources.map((source) => newest(`${root}${source}`)));
}

const LIBRARIES = ["protocol", "sync", "pdf", "client", "server"];
const BUNDLES = [
  {
    name: "viewer",
    title: "Building the viewer",
    sources: ["packages/viewer", "packages/pdf/src", "packages/sync/src", "packages/protocol/src"],
  },
  {
    name: "dashboard",
    title: "Building the dashboard",
    sources: ["packages/dashboard", "packages/client/src", "packages/viewer/src", "packages/protocol/src"],
  },
];

export async function build() {
  const libraries = LIBRARIES.map((name) => `packages/${name}`);
  const stamp = `${root}packages/server/dist/.built`;
  if (stale(stamp, [...libraries, "tsconfig.base.json", "package-lock.json"])) {
    await step("Compiling the service", async () => {
      // A removed source must not live on as an old output.
      for (const library of libraries) rmSync(`${root}${library}/dist`, { recursive: true, force: true });
      await run("tsc", ["-b", ...libraries], { quiet: true });
      await packClient();
    });
    writeFileSync(stamp, "");
  }
  for (const { name, title, sources } of BUNDLES) {
    const built = `${root}packages/${name}/dist/.built`;
    if (!stale(built, [...sources, "package-lock.json"])) continue;
    await step(title, () => run("vite", ["build", "--logLevel", "warn"], { cwd: `${root}packages/${name}`, quiet: true }));
    writeFileSync(built, "");
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await build();
