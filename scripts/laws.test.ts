/** The laws of the house hold because a tool refuses what breaks them: here each is broken on purpose. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));

/** What the linter says of this file, as if it stood in the project. */
function lint(path: string, source: string): string {
  const project = mkdtempSync(join(tmpdir(), "lectern-laws-"));
  try {
    copyFileSync(join(root, ".oxlintrc.json"), join(project, ".oxlintrc.json"));
    const file = join(project, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, source);
    const result = spawnSync(join(root, "node_modules/.bin/oxlint"), ["-c", ".oxlintrc.json", "packages"], {
      cwd: project,
      encoding: "utf8",
    });
    return result.status === 0 ? "" : result.stdout + result.stderr;
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

test.each([
  ["packages/protocol/src/planted.ts", 'import { room } from "@lectern/sync/room";\nexport const x = room;\n'],
  ["packages/protocol/src/planted.ts", 'import { readFileSync } from "node:fs";\nexport const x = readFileSync;\n'],
  ["packages/sync/src/planted.ts", 'import { draw } from "@lectern/pdf";\nexport const x = draw;\n'],
  ["packages/sync/src/client.ts", 'import { checkData } from "@lectern/protocol";\nexport const x = checkData;\n'],
  ["packages/pdf/src/planted.ts", 'import { SyncRoom } from "@lectern/sync/room";\nexport const x = SyncRoom;\n'],
  ["packages/server/src/planted.ts", 'import { load } from "@lectern/viewer";\nexport const x = load;\n'],
  [
    "packages/server/src/documents/planted.ts",
    'import { diskBlobStore } from "../adapters/blobs-disk.ts";\nexport const x = diskBlobStore;\n',
  ],
  ["packages/viewer/src/planted.ts", 'import { createServer } from "@lectern/server";\nexport const x = createServer;\n'],
  ["packages/viewer/src/planted.ts", 'import { checkData } from "@lectern/protocol";\nexport const x = checkData;\n'],
  ["packages/client/src/planted.ts", 'import * as z from "zod";\nexport const x = z;\n'],
  ["packages/dashboard/src/planted.ts", 'import { SyncClient } from "@lectern/sync/client";\nexport const x = SyncClient;\n'],
])("an import that %s may not have is an error of the linter: %s", (path, source) => {
  expect(lint(path, source)).toContain("no-restricted-imports");
});

test("the imports that the law allows are none", () => {
  expect(
    lint(
      "packages/viewer/src/planted.ts",
      'import type { Annotation } from "@lectern/protocol";\nimport { can } from "@lectern/protocol/plain";\nexport const x: Annotation | typeof can = can;\n',
    ),
  ).toBe("");
  expect(
    lint("packages/server/src/main.ts", 'import { diskBlobStore } from "./adapters/blobs-disk.ts";\nexport const x = diskBlobStore;\n'),
  ).toBe("");
});

/** Source files of ours, with their text. */
function* sources(folder: string): Generator<readonly [path: string, text: string]> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && !["node_modules", "dist", "assets"].includes(entry.name)) yield* sources(path);
    else if (/\.(ts|tsx|mjs)$/.test(entry.name)) yield [path, readFileSync(join(root, path), "utf8")];
  }
}

test("zod is imported as a namespace, the environment is read in config.ts alone, and nothing is loaded from elsewhere", () => {
  for (const [path, text] of sources("packages")) {
    expect(/import \{[^}]*\bz\b[^}]*\} from "zod"/.test(text), `${path}: import * as z from "zod"`).toBe(false);
    if (!/\/config\.ts$|\.test\.ts$|\/testing\/|\.config\.ts$/.test(path))
      expect(text.includes("process.env"), `${path} reads process.env`).toBe(false);
    expect(/https?:\/\/(cdn|unpkg|fonts\.g|esm\.sh|cdnjs|jsdelivr)/.test(text), `${path} names a CDN`).toBe(false);
  }
});
