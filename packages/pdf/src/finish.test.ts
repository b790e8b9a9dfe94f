/** Linear files and files without signatures: read again by our own engine, and, where it is installed, checked by qpdf. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PdfEngine } from "./engine.ts";
import { finishFile } from "./finish.ts";
import { openPdfiumNode } from "./host/node.ts";
import {
  annotatedPdf,
  encryptedPdf,
  ENCRYPTED_PASSWORD,
  layeredPdf,
  orderForm,
  pagesPdf,
  sampleDocument,
  taggedPdf,
} from "./testing/index.ts";

const run = promisify(execFile);
const hasQpdf = await run("qpdf", ["--version"]).then(
  () => true,
  () => false,
);
if (!hasQpdf) process.stderr.write("There is no qpdf: linear files are not checked by it.\n");

let engine: PdfEngine;
let folder: string;
beforeAll(async () => {
  engine = await openPdfiumNode();
  folder = await mkdtemp(join(tmpdir(), "lectern-finish-"));
});
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** What a reader sees of it: the text of each page. */
function textOf(bytes: Uint8Array, password?: string): string[] {
  const document = engine.open(bytes, password === undefined ? {} : { password });
  try {
    return Array.from({ length: document.pageCount }, (_, index) => JSON.stringify(document.text(index)));
  } finally {
    document.close();
  }
}

const FILES: readonly (readonly [name: string, make: () => Uint8Array, password: string | undefined])[] = [
  ["of one page", () => pagesPdf(1), undefined],
  ["of 100 pages", () => pagesPdf(100), undefined],
  ["with annotations", annotatedPdf, undefined],
  ["with a form", orderForm, undefined],
  ["with optional content", layeredPdf, undefined],
  ["with a structure", taggedPdf, undefined],
  ["with an outline", sampleDocument, undefined],
  ["that is encrypted", encryptedPdf, ENCRYPTED_PASSWORD],
];

test.each(FILES)("a file %s becomes linear, and stays what it is", async (name, make, password) => {
  const source = make();
  const linear = finishFile(engine, source, { removeSignatures: false, linear: true }, password === undefined ? [] : ["another", password]);
  expect(textOf(linear, password)).toEqual(textOf(source, password));
  const text = latin1(linear);
  const values =
    /^%PDF-\d\.\d\n.{5}\n?\d+ 0 obj\n<<\/Linearized 1 \/L (\d+) +\/H \[(\d+) +(\d+) +\] \/O (\d+) \/E (\d+) +\/N (\d+) \/T (\d+)/s.exec(
      text,
    );
  const [length, hintAt, hintLength, first, end, pages, table] = values!.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  expect([length, pages]).toEqual([linear.length, textOf(source, password).length]);
  expect(text.slice(hintAt, hintAt + hintLength)).toMatch(/^\d+ 0 obj\n<<.*\/Type \/HintStream.*\nendobj\n$/s);
  expect(text.slice(table)).toMatch(/^\n0{10} 65535 f \n/);
  const page = text.indexOf(`\n${first} 0 obj\n`);
  expect(hintAt + hintLength - 1 <= page && page < end).toBe(true);
  for (const [, at, number] of entriesOf(text))
    expect(text.slice(at, at! + String(number).length + 6), `${number}`).toBe(`${number} 0 obj`);
  if (!hasQpdf) return;
  const path = join(folder, `${name}.pdf`);
  await writeFile(path, linear);
  const { stdout } = await run("qpdf", ["--check", ...(password === undefined ? [] : [`--password=${password}`]), path]).catch(
    (error: { stdout: string; stderr: string }) => expect.fail(error.stdout + error.stderr),
  );
  expect(stdout).toContain("File is linearized");
  expect(stdout).toContain("No syntax or stream encoding errors");
});

/** Of both tables. */
function entriesOf(text: string): (readonly [line: string, offset: number, number: number])[] {
  return [...text.matchAll(/xref\n(\d+) (\d+)\n((?:\d{10} \d{5} [nf] \n)+)/g)].flatMap(([, start, , lines]) =>
    lines!
      .trimEnd()
      .split("\n")
      .map((line, index) => [line, Number(line.slice(0, 10)), Number(start) + index] as const)
      .filter(([line]) => line.includes(" n")),
  );
}

test("the same file gives the same bytes", () => {
  const how = { removeSignatures: false, linear: true };
  expect(Buffer.from(finishFile(engine, annotatedPdf(), how)).equals(Buffer.from(finishFile(engine, annotatedPdf(), how)))).toBe(true);
});
