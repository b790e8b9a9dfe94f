import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { engineSuite } from "../engine.suite.ts";
import { handleOf } from "../pdfium/document.ts";
import { openPdfium, type PdfiumEngine } from "../pdfium/engine.ts";
import { withMaxMemory } from "../pdfium/max-memory.ts";
import { hostileFiles, pagesPdf } from "../testing/index.ts";
import { plainText } from "../text.ts";
import { fileReader, openPdfiumNode } from "./node.ts";

engineSuite(() => openPdfiumNode());

test("a file on disk is read where it lies", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lectern-pdf-"));
  try {
    const path = join(folder, "a.pdf");
    await writeFile(path, pagesPdf(3));
    const engine = await openPdfiumNode();
    const reader = fileReader(path);
    const document = engine.open(reader);
    expect(plainText(document.text(2))).toContain("Page 3 of 3");
    engine.close();
    reader.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("after a trap the engine refuses everything, and another one works", async () => {
  const engine = await openPdfiumNode();
  const document = engine.open(pagesPdf(1));
  const { module, guard } = handleOf(document);
  expect(() => guard(() => module.fn.FPDF_GetPageCount(0x7fff_fff0))).toThrow(expect.objectContaining({ code: "failed" }));
  expect(engine.broken).toBe(true);
  expect(() => document.render(0, { width: 10 })).toThrow(expect.objectContaining({ code: "failed" }));
  expect(() => engine.open(pagesPdf(1))).toThrow(expect.objectContaining({ code: "failed" }));
  document.close();
  engine.close();
  expect((await openPdfiumNode()).open(pagesPdf(1)).pageCount).toBe(1);
});

test("a small file that would take a gigabyte fails within the memory that the engine may have", async () => {
  const maxMemory = 64 * 1024 * 1024;
  const engine = await openPdfiumNode({ maxMemory });
  const { bytes } = hostileFiles(7).find(({ name }) => name === "bomb in content: 1000000000 bytes in 2 layers")!;
  const bomb = bytes();
  expect(bomb.length).toBeLessThan(2000);
  const sound = engine.open(pagesPdf(1));
  expect(() => engine.open(bomb).render(0, { width: 100 })).toThrow(expect.objectContaining({ code: "out_of_memory" }));
  expect((engine as PdfiumEngine).wasm.bytes.length).toBeLessThanOrEqual(maxMemory);
  expect(engine.broken).toBe(true);
  expect(() => sound.render(0, { width: 10 })).toThrow(expect.objectContaining({ code: "failed" }));
});

test("the limit is never below what the engine begins with, nor above what it was built for", async () => {
  const module = await readFile(createRequire(import.meta.url).resolve("@embedpdf/pdfium/pdfium.wasm"));
  const engine = (await openPdfium({ wasm: module, maxMemory: 1 })) as PdfiumEngine;
  const begins = engine.wasm.bytes.length;
  expect(engine.open(pagesPdf(1)).render(0, { width: 10 }).width).toBe(10);
  expect(engine.wasm.bytes.length).toBe(begins);
  expect(module.equals(withMaxMemory(module, 8e9))).toBe(true);
  expect(() => withMaxMemory(module.subarray(0, 8), 1)).toThrow(expect.objectContaining({ code: "failed" }));
});
