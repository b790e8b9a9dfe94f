/**
 * What the package @lectern/client holds: one file of JavaScript and one of types, neither of which needs anything else. Run after tsc.
 * The types are those that tsc wrote, one after the other: their names do not clash, which the test that installs the package would tell.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "vite";
import { root } from "./steps.mjs";

const dist = `${root}packages/client/dist`;
/** Declarations of a package of ours that the client shows. */
const ELSEWHERE = new Map([["@lectern/protocol/plain", `${root}packages/protocol/dist/error.d.ts`]]);

export async function packClient() {
  await build({
    root: `${root}packages/client`,
    configFile: false,
    logLevel: "warn",
    resolve: { conditions: ["lectern-source", "module", "import", "default"] },
    build: {
      target: "es2022",
      minify: false,
      emptyOutDir: false,
      lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "lectern-client.js" },
    },
  });
  writeFileSync(`${dist}/lectern-client.d.ts`, types());
}

function types() {
  const index = readFileSync(`${dist}/index.d.ts`, "utf8");
  const shown = [...index.matchAll(/^export (?:type )?\{([^}]*)\} from "[^"]+";$/gm)].map(([line, names]) =>
    line.startsWith("export type")
      ? names
          .split(",")
          .map((name) => `type ${name.trim()}`)
          .join(", ")
      : names.trim(),
  );
  const taken = new Map();
  const take = (file) => {
    if (taken.has(file)) return;
    taken.set(file, "");
    const text = readFileSync(file, "utf8");
    for (const [, from] of text.matchAll(/^(?:import|export) .*from "([^"]+)";$/gm)) {
      const next = from.startsWith("./") ? `${dist}/${from.slice(2).replace(/\.[jt]s$/, "")}.d.ts` : ELSEWHERE.get(from);
      if (next !== undefined) take(next);
    }
    // What is not shown stays inside: only the list at the end is exported.
    taken.set(
      file,
      text
        .replace(/^(?:import|export) .*from "[^"]+";\n/gm, "")
        .replace(/^export \{\};\n/gm, "")
        .replace(/^export /gm, "")
        .replace(/^\/\/# .*\n?/gm, ""),
    );
  };
  take(`${dist}/index.d.ts`);
  return `${[...taken.values()].filter((text) => text.trim() !== "").join("")}export { ${shown.join(", ")} };\n`;
}
