import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { engineSuite } from "../engine.suite.ts";
import { handleOf } from "../pdfium/document.ts";
import { pagesPdf } from "../testing/index.ts";
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
