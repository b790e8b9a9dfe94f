/**
 * Flattening: mark-ups and form fields become content of their pages, in a whole new file of each file that is concerned, and their records go. What
 * is hidden, links, markers of threads and signatures stay, and so does what was not asked for.
 */
import { writeFile } from "node:fs/promises";
import type { AnyRecord, Op } from "@lectern/protocol";
import { FULL_GRANTS } from "@lectern/protocol/plain";
import type { StoredRecord } from "@lectern/sync/room";
import { type ChangesFile, changesOf, withChangesFile } from "../documents/changes-file.ts";
import { renderSource } from "../documents/password.ts";
import { noticingQuarantine } from "../documents/quarantine.ts";
import { commitLarge } from "../layers/large-change.ts";
import type { LayerPage } from "../layers/pages.ts";
import { blankPage } from "./blank-page.ts";
import { contentIn, type ContentContext, expecting, requirePages } from "./content.ts";
import { ownBlob } from "./own-blob.ts";
import { unprocessable } from "./page-operations.ts";

export interface FlattenWish {
  /** Indexes of the layer's pages. */
  readonly pages: ReadonlySet<number>;
  /** Of mark-ups and widgets: ids, or object numbers of the file. Missing or empty: all. */
  readonly annotations?: readonly (string | number)[] | undefined;
  /** Of the wish, for errors. */
  readonly path: string;
}

/** Answers the seq of the change. Throws ApiError `unprocessable` when one that is named is not there. */
export async function flattenLayer({ deps, layer, userId, signal }: ContentContext, wish: FlattenWish): Promise<number> {
  requirePages(layer);
  const { document, room, base } = layer;
  const key = { applicationId: document.applicationId, documentId: document.id };
  const { records } = room.snapshot(FULL_GRANTS);
  const going = chosen(records, [...layer.pages()], wish);
  const pages = [...layer.pages()];
  const flat = pages.filter(({ id }) => going.has(id));
  if (flat.length === 0) return room.seq;
  const gone = new Set([...going.values()].flat().map(({ id }) => id));
  const changed = onlyOf(await changesOf(deps, document, { records: room.changed(), revision: base.revision }), gone);
  const ops: Op[] = [];
  const moved = new Set<LayerPage>();
  const filled = await Promise.all(
    flat.map(async (page): Promise<LayerPage> => {
      if (page.data.content !== null) return page;
      // Nothing is there yet that could hold it.
      const { sha256 } = await ownBlob(deps, key, (target) => writeFile(target, blankPage(page.data.size, null), { mode: 0o600 }));
      return { ...page, data: { ...page.data, content: { source: sha256, sourceIndex: 0 } } };
    }),
  );
  // Two pages may show one page of a file: then the second needs a file of its own.
  for (let left = filled, isFirst = true; left.length > 0; isFirst = false) {
    const now = new Map<string, LayerPage>();
    for (const page of left) {
      const place = `${page.data.content!.source} ${page.data.content!.sourceIndex}`;
      if (!now.has(place)) now.set(place, page);
    }
    const taken = new Set(now.values());
    left = left.filter((page) => !taken.has(page));
    for (const blob of new Set([...taken].map(({ data }) => data.content!.source))) {
      const shownAt = new Map(
        [...taken].flatMap((page) => (page.data.content!.source === blob ? [[page.data.content!.sourceIndex, page] as const] : [])),
      );
      const sha256 = await flattened(blob, shownAt, changed, wish.annotations);
      // Pages beside them come from the new file too, or an export would hold both.
      const beside = isFirst
        ? pages.filter(({ id, data: { content } }) => content?.source === blob && !going.has(id) && !shownAt.has(content.sourceIndex))
        : [];
      for (const page of [...shownAt.values(), ...beside]) {
        ops.push(["u", page.id, { content: contentIn(layer, sha256, page.data) }]);
        moved.add(page);
      }
    }
  }
  for (const here of going.values()) for (const { id } of here) ops.push(["d", id]);
  ops.push(...emptied(records, gone).map((id): Op => ["d", id]));
  const grants = { ...FULL_GRANTS, userId: layer.grants.userId };
  const own = new Set(pages);
  const expects = expecting([...moved].filter((page) => own.has(page)));
  return (await commitLarge(room, ops, { grants, userId, session: layer.sessionId, expects })).seq;

  async function flattened(
    blob: string,
    shownAt: ReadonlyMap<number, LayerPage>,
    changes: ChangesFile,
    annotations: FlattenWish["annotations"],
  ): Promise<string> {
    const source = await renderSource(deps, document, blob);
    const { pageCount } = await deps.renderer.probe(source, signal);
    const composition = {
      pages: Array.from({ length: pageCount }, (_, index) => {
        const page = shownAt.get(index);
        return {
          id: page?.id ?? `unused ${index}`,
          file: 0,
          index,
          keepsAnnotations: page === undefined || page.id === `${base.revision}.${index}`,
          rotation: 0 as const,
          size: [1, 1] as const,
          crop: null,
          label: "",
        };
      }),
      writeLabels: false,
      metadata: null,
      watermarks: [],
    };
    const here = [...shownAt.values()].flatMap(({ id }) => going.get(id) ?? []);
    const flattenOnly = {
      pages: [...shownAt.keys()],
      ...(annotations === undefined || annotations.length === 0 ? {} : { annotations: here.flatMap(namesOf) }),
    };
    const { sha256 } = await ownBlob(deps, key, (target) =>
      withChangesFile(deps, { ...changes, composition, flattenOnly }, (plan) =>
        noticingQuarantine(deps, document, () =>
          deps.renderer.export(source, { target, changes: plan, annotations: true, flatten: true, others: [], securityOf: source, signal }),
        ),
      ),
    );
    return sha256;
  }
}

function notThere(path: string, at: number, wanted: string | number): Error {
  return unprocessable(`${path}.annotationIds[${at}]`, `there is no annotation ${wanted}`);
}

type Flattened = Extract<AnyRecord, { kind: "annotation" } | { kind: "widget" }>;

/** By page, what becomes content of it. */
function chosen(records: readonly AnyRecord[], pages: readonly LayerPage[], wish: FlattenWish): ReadonlyMap<string, readonly Flattened[]> {
  const wanted = new Set(pages.flatMap(({ id, index }) => (wish.pages.has(index) ? [id] : [])));
  const names = wish.annotations ?? [];
  const signatures = new Set(records.flatMap((record) => (record.kind === "field" && record.data.type === "signature" ? [record.id] : [])));
  const known = new Set<string | number>();
  const going = new Map<string, Flattened[]>();
  for (const record of records) {
    if (record.kind !== "annotation" && record.kind !== "widget") continue;
    const { page, flags = [] } = record.data;
    const named = namesOf(record).filter((name) => names.includes(name));
    for (const name of named) known.add(name);
    if (page === null || !wanted.has(page) || (names.length > 0 && named.length === 0)) continue;
    if (flags.includes("hidden") || flags.includes("noView")) continue;
    // A kind that has no looks has nothing to become content.
    if (record.kind === "annotation" && record.data.type === "raw" && record.data.attachment === undefined) continue;
    if (record.kind === "widget" ? signatures.has(record.data.field) : record.data.type === "link" || record.data.type === "comment-marker")
      continue;
    going.set(page, [...(going.get(page) ?? []), record]);
  }
  const missing = names.findIndex((name) => !known.has(name));
  if (missing >= 0) throw notThere(wish.path, missing, names[missing]!);
  return going;
}

function namesOf({ id, data }: Flattened): (string | number)[] {
  return data.pdfObjectId === undefined ? [id] : [id, data.pdfObjectId];
}

/** What has to be in the file for it to look as the pages do: nothing that stays a record of its own. */
function onlyOf(file: ChangesFile, gone: ReadonlySet<string>): ChangesFile {
  const fields = new Set(
    file.changes.flatMap(({ current }) => (current?.kind === "widget" && gone.has(current.id) ? [current.data.field] : [])),
  );
  for (const id of gone) fields.add(id);
  const changes = file.changes.filter(({ base, current }) => {
    const record: StoredRecord | AnyRecord = (current ?? base)!;
    if (record.kind === "comment") return false;
    if (base !== null && (current === null || record.kind === "annotation" || record.kind === "widget")) return true;
    if (record.kind === "field") return base !== null || fields.has(record.id);
    if (record.kind === "value") return base !== null || fields.has(record.data.field);
    return gone.has(record.id);
  });
  return { ...file, changes };
}

/** Fields with no widget left. */
function emptied(records: readonly AnyRecord[], gone: ReadonlySet<string>): string[] {
  const [had, left] = [new Set<string>(), new Set<string>()];
  for (const record of records) if (record.kind === "widget") (gone.has(record.id) ? had : left).add(record.data.field);
  return [...had].filter((field) => !left.has(field));
}
