import { brotliCompressSync } from "node:zlib";
import { build } from "vite";
import { beforeAll, describe, expect, it } from "vitest";

/** Bytes of code, style and words that are fetched before the first page, after compression. */
const BUDGET = 60_000;

interface Chunk {
  readonly fileName: string;
  readonly code: string;
  readonly imports: readonly string[];
  readonly dynamicImports: readonly string[];
  readonly moduleIds: readonly string[];
}

let chunks: Map<string, Chunk>;
let script: string;

function reached(from: string, next: (chunk: Chunk) => readonly string[]): Chunk[] {
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const chunk = chunks.get(name);
    if (chunk === undefined || seen.has(name)) return;
    seen.add(name);
    for (const other of next(chunk)) visit(other);
  };
  visit(from);
  return [...seen].map((name) => chunks.get(name)!);
}

describe("the built viewer", () => {
  beforeAll(async () => {
    const built = await build({
      configFile: new URL("../vite.config.ts", import.meta.url).pathname,
      logLevel: "error",
      build: { write: false },
    });
    if (!("output" in built)) throw new Error("no output");
    chunks = new Map(built.output.flatMap((file) => (file.type === "chunk" ? [[file.fileName, file]] : [])));
    const asset = built.output.find((file) => file.fileName === "lectern.js");
    script = asset?.type === "asset" ? String(asset.source) : "";
  }, 120_000);

  const entry = (): string => /chunks\/lectern-[\w-]+\.js/.exec(script)?.[0] ?? "";

  it("fetches at most 60 kB before the first page, in one request beside the script", () => {
    const first = reached(entry(), (chunk) => chunk.imports);
    expect(first).toHaveLength(1);
    const bytes = [script, ...first.map(({ code }) => code)].reduce((sum, code) => sum + brotliCompressSync(code).length, 0);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThanOrEqual(BUDGET);
  });

  it("brings no schema library and no PDF engine to a document that the service holds", () => {
    const provided = (name: string): boolean => /\/provided-/.test(name);
    const all = reached(entry(), (chunk) => [...chunk.imports, ...chunk.dynamicImports.filter((name) => !provided(name))]);
    expect(all.length).toBeGreaterThan(3);
    const modules = all.flatMap(({ moduleIds }) => moduleIds);
    expect(modules.filter((id) => /node_modules\/zod\/|@embedpdf|\/sync\/src\/room/.test(id))).toEqual([]);
  });

  it("keeps the classic script to a few lines", () => {
    expect(script.length).toBeLessThan(2000);
  });
});
