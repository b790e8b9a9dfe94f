/** Pages of a file that a request brought or a build made: the file becomes a blob of the document, its pages new pages with the annotations and fields in it. */
import { createReadStream, createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { AnyRecord, Page } from "@lectern/protocol";
import { newId, parsePageId } from "@lectern/protocol/plain";
import type { DocumentDeps } from "../documents/deps.ts";
import { type StoredManifest, shapeOf } from "../documents/manifest.ts";
import { prepareWithPictures } from "../documents/pictures.ts";
import type { DocumentRow } from "../documents/store.ts";
import type { RenderSource } from "../ports.ts";
import { ownBlob, withTarget } from "./own-blob.ts";
import { type CopiedRecord, formsIn, type PageList } from "./page-plan.ts";

/** In the order of the file. */
export async function pagesOfFile(
  deps: DocumentDeps,
  document: DocumentRow,
  { source, signal }: { readonly source: RenderSource; readonly signal: AbortSignal },
): Promise<PageList> {
  const key = { applicationId: document.applicationId, documentId: document.id };
  const lines = await withTarget(deps, async (list) => {
    await prepareWithPictures(deps, key, source, { revision: 1, target: list, signal });
    return (await readFile(list, "utf8")).split("\n");
  });
  const { sha256 } = await ownBlob(deps, key, (target) =>
    pipeline(createReadStream(source.path), createWriteStream(target, { mode: 0o600 })),
  );
  let manifest: StoredManifest | null = null;
  const found = new Map<number, CopiedRecord[]>();
  const all: AnyRecord[] = [];
  for (const line of lines) {
    if (line === "") continue;
    const part = JSON.parse(line) as {
      readonly manifest?: StoredManifest;
      readonly page?: number;
      readonly records?: readonly AnyRecord[];
    };
    if (part.manifest !== undefined) manifest = part.manifest;
    for (const record of part.records ?? []) {
      all.push(record);
      if (record.kind === "annotation") found.set(part.page ?? 0, [...(found.get(part.page ?? 0) ?? []), record]);
    }
  }
  const formOf = formsIn(all);
  for (const record of all) {
    const form = record.kind === "widget" ? formOf(record) : null;
    const page = record.kind === "widget" ? (parsePageId(record.data.page)?.sourceIndex ?? null) : null;
    if (record.kind === "widget" && form !== null && page !== null) found.set(page, [...(found.get(page) ?? []), { ...record, form }]);
  }
  return Array.from({ length: manifest!.pageCount }, (_, index) => {
    const { width, height, rotation } = shapeOf(manifest!, index)!;
    const content = { source: sha256, sourceIndex: index, ...(rotation === 0 ? {} : { rotation }) };
    const data: Page = { content, order: "V", rotation: 0, crop: null, size: [width, height], label: null };
    return { id: newId(deps.clock.now(), deps.random(10)), data, label: "", brings: found.get(index) ?? [] };
  });
}
