/**
 * Every PDF of the folder that LECTERN_TEST_CORPUS names: read twice it gives the same records, each as its schema wants it; and a file that was
 * written anew for a mark that draws nothing looks the same and gives the same records again.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type AnyRecord, checkData } from "@lectern/protocol";
import { expect, test } from "vitest";
import { type PdfDocument, type PdfEngine, PdfError } from "./engine.ts";
import { exportDocument, type RecordChange } from "./export.ts";
import { nodeCodec, openPdfiumNode } from "./host/node.ts";
import { importRecords } from "./import.ts";
import type { KeepPicture } from "./import-picture.ts";

const CORPUS = process.env["LECTERN_TEST_CORPUS"];
const MOST_BYTES = 12_000_000;
const PAGES = 2;

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

function read(document: PdfDocument): AnyRecord[] {
  const keepPicture: KeepPicture = {
    codec: nodeCodec,
    drawn: ({ data }) => ({ blob: hash(data), mediaType: "image/png" }),
    file: () => null,
  };
  const { records } = importRecords(document, { revision: 1, sourceSha256: "00", sha256, keepPicture });
  return [...records].flatMap((page) => page.records);
}

const drawn = (document: PdfDocument): string[] =>
  Array.from({ length: Math.min(PAGES, document.pageCount) }, (_, index) =>
    hash(document.render(index, { width: 500, annotations: "all" }).data),
  );

/** What has no name in the file has an id of its place in it, which another file need not have. */
const DERIVED = /^[a-z2-7]{26}$/;
const named = (records: readonly AnyRecord[]): string[] =>
  records
    .filter(({ id, data }) => id !== MARK.id && !DERIVED.test(id) && !("root" in data && DERIVED.test(data.root)))
    .map((record) => JSON.stringify({ ...record, data: { ...record.data, order: null, pdfObjectId: null } }))
    .toSorted();

const MARK = {
  id: "mark-of-nothing",
  kind: "annotation",
  seq: 1,
  createdBy: null,
  createdAt: 1_700_000_000_000,
  updatedBy: null,
  updatedAt: 1_700_000_000_000,
  grp: null,
  data: { type: "comment-marker", page: null, geometry: { bbox: [0, 0, 0, 0] }, appearance: {} },
} as const satisfies AnyRecord;

function opened(engine: PdfEngine, bytes: Uint8Array): PdfDocument | null {
  try {
    return engine.open(bytes);
  } catch (error) {
    if (error instanceof PdfError) return null;
    throw error;
  }
}

test.runIf(CORPUS !== undefined && existsSync(CORPUS))("files of others keep what they show and say", { timeout: 3_600_000 }, async () => {
  const folder = CORPUS!;
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".pdf"));
  const engine = await openPdfiumNode({ maxPixels: 60_000_000 });
  let count = 0;
  const unsteady: string[] = [];
  for (const name of names.toSorted()) {
    if (statSync(join(folder, name)).size > MOST_BYTES) continue;
    const bytes = new Uint8Array(readFileSync(join(folder, name)));
    const document = opened(engine, bytes);
    if (document === null) continue;
    const [records, pictures] = [read(document), drawn(document)];
    expect(read(document), name).toEqual(records);
    for (const { kind, data } of records) expect(checkData(kind, data), name).toMatchObject({ ok: true });
    const saved = engine.open(document.save());
    // Some that are broken the engine draws otherwise once it has saved them itself: nothing can be told of those.
    const isSteady = drawn(saved).join() === pictures.join();
    if (!isSteady) unsteady.push(name);
    saved.close();
    document.close();
    // Of a page that is no object of its own.
    const left: string[] = [];
    const written = engine.open(
      exportDocument(engine, bytes, [{ base: null, current: MARK } as unknown as RecordChange], {
        annotations: true,
        codec: nodeCodec,
        onLeftOut: ({ id }) => left.push(id),
      }),
    );
    if (isSteady) expect(drawn(written), name).toEqual(pictures);
    const again = read(written);
    expect(again.length, name).toBe(records.length + 1 - left.length);
    expect(named(again), name).toEqual(named(records));
    written.close();
    count++;
  }
  engine.close();
  expect(count).toBeGreaterThan(0);
  expect(unsteady.length, unsteady.join()).toBeLessThanOrEqual(count / 50);
});
