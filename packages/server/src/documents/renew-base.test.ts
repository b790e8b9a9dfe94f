import { Readable } from "node:stream";
import { pdfName, pdfWriter } from "@lectern/pdf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RenderPool, renderPool } from "../render/pool.ts";
import { APPLICATION, movableClock, type TestDocuments, testDocuments } from "../testing/test-documents.ts";
import { PREPARE_VERSION } from "./manifest.ts";
import { findImageType, findRevision, replaceBase, usesBlob } from "./store.ts";

let renderer: RenderPool;
let place: TestDocuments;

beforeAll(async () => {
  renderer = renderPool({ workers: 1 });
  place = await testDocuments({ renderer, clock: movableClock() });
});
afterAll(async () => {
  await place.close();
  await renderer.close();
  expect(place.errors).toEqual([]);
});

/** One page with a stamp of another program. */
function stamped(): Uint8Array {
  const file = pdfWriter();
  const look = file.stream({ Type: pdfName("XObject"), Subtype: pdfName("Form"), BBox: [0, 0, 9, 9] }, "1 0 0 rg 0 0 9 9 re f");
  const [root, tree, page] = [file.reserve(), file.reserve(), file.reserve()];
  const stamp = file.add({ Type: pdfName("Annot"), Subtype: pdfName("Stamp"), NM: "their-stamp", Rect: [20, 30, 70, 50], AP: { N: look } });
  file.set(root, { Type: pdfName("Catalog"), Pages: tree });
  file.set(tree, { Type: pdfName("Pages"), Kids: [page], Count: 1 });
  file.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 100, 100], Annots: [stamp] });
  return file.finish({ Root: root });
}

test("a stamp's picture is the document's before its record is there, and a base of an older version is made anew when it is read", async () => {
  const { deps } = place;
  const ready = await place.prepared(stamped());
  const key = { applicationId: APPLICATION, documentId: ready.id };
  const revision = (await findRevision(deps.database, key, 1))!;
  const base = await deps.bases.load(APPLICATION, revision);
  expect(base.manifest.version).toBe(PREPARE_VERSION);
  const record = base.records.get("their-stamp");
  const attachment = record?.kind === "annotation" ? record.data.attachment : undefined;
  expect(attachment?.mediaType).toBe("image/png");
  expect(await findImageType(deps.database, key, attachment!.blob)).toBe("image/png");
  expect(await deps.blobs.size(APPLICATION, attachment!.blob)).toBeGreaterThan(50);

  // As a first version left it: without a word of versions, and without the stamp.
  const { version: _version, ...manifest } = base.manifest;
  const old = await deps.blobs.write(APPLICATION, Readable.from([Buffer.from(`${JSON.stringify({ manifest })}\n`)]));
  const name = { applicationId: APPLICATION, n: 1, sourceBlob: ready.sourceSha256 };
  const change = { ...name, baseBlob: revision.baseBlob!, base: old, documents: [ready.id], pictures: [], now: 0 };
  await replaceBase(deps.database, change);
  const stale = (await findRevision(deps.database, key, 1))!;
  expect(stale.baseBlob).toBe(old.sha256);

  const [renewed, again] = await Promise.all([deps.bases.load(APPLICATION, stale), deps.bases.load(APPLICATION, stale)]);
  expect(renewed).toBe(again);
  expect(renewed.manifest).toEqual(base.manifest);
  expect(renewed.records.get("their-stamp")).toEqual(record);
  expect((await findRevision(deps.database, key, 1))!.baseBlob).toBe(revision.baseBlob);
  expect(await usesBlob(deps.database, key, attachment!.blob)).toBe(true);
});
