/**
 * Two ways to load one build. `dist/lectern.esm.js` is for bundlers. `dist/lectern.js` is a classic script of about a kilobyte that defines
 * `window.Lectern` and fetches the same hashed chunks from beside itself, so they can be cached for ever.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build, defineConfig, type Plugin } from "vite";

const root = import.meta.dirname;
const conditions = ["lectern-source", "module", "browser", "import", "default"];
const target = "es2022";
/** Every name but those of the entries says its content, also of what the worker needs. */
const FILES = {
  entryFileNames: "chunks/[name]-[hash].js",
  chunkFileNames: "chunks/[name]-[hash].js",
  assetFileNames: "chunks/[name]-[hash][extname]",
};

export default defineConfig({
  root,
  base: "./",
  publicDir: false,
  resolve: { conditions },
  plugins: [xmlAsModule(), entries(), brotli()],
  worker: { format: "es", rolldownOptions: { output: FILES } },
  build: {
    target,
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    manifest: "manifest.json",
    rolldownOptions: {
      input: { lectern: join(root, "src/index.ts") },
      preserveEntrySignatures: "allow-extension",
      output: {
        // One request for all that the first page needs, also what later chunks share with it.
        codeSplitting: { groups: [{ name: "lectern", tags: ["$initial"] }] },
        ...FILES,
      },
    },
  },
});

/** The two files with a lasting name, both pointing at the hashed entry. */
function entries(): Plugin {
  return {
    name: "lectern-entries",
    apply: "build",
    async generateBundle(_options, bundle) {
      const entry = Object.values(bundle).find((chunk) => chunk.type === "chunk" && chunk.isEntry && chunk.name === "lectern");
      if (entry === undefined) return;
      this.emitFile({ type: "asset", fileName: "lectern.esm.js", source: `export { load, version } from "./${entry.fileName}";\n` });
      this.emitFile({ type: "asset", fileName: "lectern.js", source: await classicScript(entry.fileName) });
    },
  };
}

async function classicScript(entryFile: string): Promise<string> {
  const output = await build({
    configFile: false,
    root,
    publicDir: false,
    logLevel: "warn",
    resolve: { conditions },
    define: { LECTERN_ENTRY: JSON.stringify(entryFile) },
    build: {
      target,
      write: false,
      modulePreload: false,
      rolldownOptions: { input: join(root, "src/script.ts"), output: { format: "iife" } },
    },
  });
  if (!("output" in output)) throw new Error("the classic script was not built");
  return output.output[0].code;
}

/**
 * The parser of XFDF is CommonJS. Left to the bundler its helpers would become a file that the entry has to fetch as well: it is made a module instead.
 */
function xmlAsModule(): Plugin {
  return {
    name: "lectern-xml-as-module",
    enforce: "pre",
    transform(code, id) {
      if (!/node_modules\/(saxes|xmlchars)\//.test(id)) return null;
      const imports: string[] = [];
      const body = code.replaceAll(/require\("([^"]+)"\)/g, (_call, name: string) => `m${imports.push(name) - 1}`);
      const from = imports.map((name, index) => `import m${index} from ${JSON.stringify(name)};`).join("\n");
      const named = /\/saxes\//.test(id) ? "export { SaxesParser };" : "";
      return `${from}\nconst exports = {};\n${body}\nexport default exports;\n${named}\n`;
    },
  };
}

/** A `.br` beside each file, so that no server compresses at run time. */
function brotli(): Plugin {
  return {
    name: "lectern-brotli",
    apply: "build",
    writeBundle({ dir }) {
      if (dir === undefined) return;
      for (const file of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
        if (!/\.(js|css|json|wasm)$/.test(file)) continue;
        const path = join(dir, file);
        const bytes = readFileSync(path);
        const quality = bytes.length > 1_000_000 ? 9 : 11;
        writeFileSync(
          `${path}.br`,
          brotliCompressSync(bytes, {
            params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
          }),
        );
      }
    },
  };
}
